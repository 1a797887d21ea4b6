"""The shared catalogue of what the journal holds: PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import Connection, text

from sync.taskmaster.context import tenant_of as tenant_of_context
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.group import Group, tell_all
from sync.taskmaster.tiers.postgres import statements
from sync.taskmaster.tiers.postgres.database import POOL, TIMEOUT_S
from sync.taskmaster.tiers.postgres.items import PostgresItems
from sync.taskmaster.tiers.postgres.putting import put_all
from sync.taskmaster.tiers.postgres.rows import pairs
from sync.taskmaster.tiers.postgres.sharing import Lease
from sync.taskmaster.writing import Write

_FOLLOWING_S = 600.0
_WRITES_A_STEP = 1_000
_COMMIT = b"select commit from journal_shelf where id = $1::int"
_FOLLOW = text("update journal_shelf set commit = :commit where id = :shelf and commit = :before")
_CLEAR = (
    text("update journal_shelf set commit = '' where id = :shelf"),
    text("delete from journal_rival where context in (select id from journal_context where shelf = :shelf)"),
    text("delete from journal_memory where context in (select id from journal_context where shelf = :shelf)"),
)


class PostgresCatalogue(PostgresItems):
    """The catalogue of one journal in a PostgreSQL database, which other journals may share.

    Asks the server when it is first used; makes and upgrades its tables then.

    Args:
        url: `postgresql://user@host:port/name`.
        space: the journal's name.
        tenant_of: the tenant of a context's id.
        pool: connections at most, of all tiers of this process that name the same database.
        timeout_s: seconds that a call may take before the server counts as down; `follow` and `clear` ten minutes.

    Raises:
        SettingsError: the URL is none of PostgreSQL.
    """

    def __init__(
        self,
        url: str,
        *,
        space: str,
        tenant_of: Callable[[str], str] = tenant_of_context,
        pool: int = POOL,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        lease = Lease(url, pool=pool, timeout_s=timeout_s)
        super().__init__(lease, space=space, kind="catalogue", tenant_of=tenant_of)
        self._asking: Group[None] = Group(lambda jobs: tell_all(jobs, self._commit))

    def commit(self) -> str:
        """As `Catalogue.commit`."""
        return cast("str", self._asking.do(lambda _: None))

    def follow(self, commit: str, before: str, writes: Sequence[Write], gone: Collection[MemoryId]) -> bool:
        """As `Catalogue.follow`; what is gone goes first, for it may have come back as something else."""
        numbers = self._shelf.made({one.memory.context for one in writes} | {one.context for one in gone})
        state = {"shelf": self._shelf.number, "commit": commit, "before": before}

        def work(connection: Connection) -> bool:
            is_ours = connection.execute(_FOLLOW, state).rowcount == 1
            if is_ours:
                self._show(connection, numbers, writes, gone)
            return is_ours

        return self._shelf.write(work, timeout_s=_FOLLOWING_S)

    def clear(self) -> None:
        """As `Catalogue.clear`."""
        given = {"shelf": self._shelf.number}

        def work(connection: Connection) -> None:
            for statement in _CLEAR:
                connection.execute(statement, given)

        self._shelf.write(work, timeout_s=_FOLLOWING_S)

    def _commit(self) -> str:
        return str(self._shelf.ask(_COMMIT, str(self._shelf.number))[0].commit)

    def _show(
        self, connection: Connection, numbers: Mapping[str, int], writes: Sequence[Write], gone: Collection[MemoryId]
    ) -> None:
        if gone:
            connection.execute(statements.REMOVE, pairs(gone, numbers))
        for at in range(0, len(writes), _WRITES_A_STEP):
            put_all(connection, self._shelf.number, numbers, writes[at : at + _WRITES_A_STEP])
