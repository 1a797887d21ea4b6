"""The shared working tier: PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from sync.taskmaster.context import tenant_of as tenant_of_context
from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.tiers.postgres import statements, sweeping
from sync.taskmaster.tiers.postgres.database import POOL, TIMEOUT_S
from sync.taskmaster.tiers.postgres.items import TOMBSTONES_KEPT, PostgresItems
from sync.taskmaster.tiers.postgres.rows import BITS, can_be_text, memory_of
from sync.taskmaster.tiers.postgres.settling import settle_all, settle_rivals
from sync.taskmaster.tiers.postgres.sharing import Lease
from sync.taskmaster.tiers.postgres.sweeping import remove
from sync.taskmaster.tiers.protocol import Held, Waiting

PER_TENANT = 10_000
"""Memories of a tenant at most."""
_OWING = """
    from journal_memory m join journal_context c on c.id = m.context
    where c.shelf = :shelf and m.owed <> 0 and m.owed & :bit <> 0
"""
_WAITING = text(f"""
select (select count(*) from (select 1 {_OWING} limit :limit) one) as total,
    (select min(m.updated) {_OWING}) as oldest
""")  # noqa: S608 (constants)


class PostgresWorking(PostgresItems):
    """The working tier of one journal in a PostgreSQL database, which other journals may share.

    Asks the server when it is first used; makes and upgrades its tables then.

    Args:
        url: `postgresql://user@host:port/name`.
        space: the journal's name.
        per_tenant: memories of a tenant at most; what is over it goes at the next `sweep`, or is in `overflow`.
        tenant_of: the tenant of a context's id.
        pool: connections at most, of all tiers of this process that name the same database.
        timeout_s: seconds that a call may take before the server counts as down.

    Raises:
        SettingsError: the URL is none of PostgreSQL.
    """

    def __init__(
        self,
        url: str,
        *,
        space: str,
        per_tenant: int = PER_TENANT,
        tenant_of: Callable[[str], str] = tenant_of_context,
        pool: int = POOL,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        lease = Lease(url, pool=pool, timeout_s=timeout_s)
        super().__init__(lease, space=space, kind="working", tenant_of=tenant_of)
        self._per_tenant = per_tenant

    def sweep(self, now: datetime) -> list[Memory]:
        """As `Working.sweep`."""
        self._aside.finish()
        remove(self._shelf, sweeping.FORGOTTEN, before=now - TOMBSTONES_KEPT)
        remove(self._shelf, sweeping.EXPIRED_COPIES, now=now)
        over = remove(self._shelf, sweeping.COPIES_OVER, now=now, per_tenant=self._per_tenant)
        return [memory_of(row, row.name) for row in over]

    def owed(self, tier: Tier, limit: int, *, after: MemoryId | None = None) -> list[Held]:
        """As `Working.owed`."""
        return self._page(statements.OWED, after, limit, bit=BITS[tier])

    def waiting(self, tier: Tier, limit: int) -> Waiting:
        """As `Working.waiting`."""
        given = {"shelf": self._shelf.number, "bit": BITS[tier], "limit": limit}
        found = self._shelf.read(lambda connection: connection.execute(_WAITING, given).one())
        return Waiting(count=found.total, oldest=found.oldest)

    def settle(self, tier: Tier, versions: Mapping[MemoryId, int], bases: Mapping[MemoryId, str] | None = None) -> int:
        """As `Working.settle`."""
        bases = bases or {}
        names = {one.context for one in (*versions, *bases)}
        return self._shelf.write(
            lambda connection: settle_all(connection, self._shelf.known(connection, names), tier, versions, bases)
        )

    def overflow(self, limit: int) -> list[Held]:
        """As `Working.overflow`; what is forgotten takes no room, what has expired does."""
        self._aside.finish()
        return self._listed(sweeping.OVERFLOW, per_tenant=self._per_tenant, limit=limit)

    def rivals(self, id_: MemoryId) -> list[Memory]:
        """As `Working.rivals`."""
        found = self._shelf.read(lambda connection: self._rivals(connection, id_))
        return sorted(found, key=lambda one: (one.updated, one.importance, one.digest), reverse=True)

    def settle_rivals(self, id_: MemoryId, digests: Collection[str]) -> int:
        """As `Working.settle_rivals`."""
        hashes = [bytes.fromhex(one) for one in digests]
        return self._shelf.write(lambda connection: self._settle_rivals(connection, id_, hashes)) if hashes else 0

    def _rivals(self, connection: Connection, id_: MemoryId) -> list[Memory]:
        number = self._shelf.known(connection, [id_.context]).get(id_.context)
        if number is None or not can_be_text(id_.key):
            return []
        rows = connection.execute(statements.RIVALS, {"context": number, "key": id_.key})
        return [memory_of(row, id_.context) for row in rows]

    def _settle_rivals(self, connection: Connection, id_: MemoryId, digests: Sequence[bytes]) -> int:
        number = self._shelf.known(connection, [id_.context]).get(id_.context)
        if number is None or not can_be_text(id_.key):
            return 0
        return settle_rivals(connection, number, id_.key, digests)
