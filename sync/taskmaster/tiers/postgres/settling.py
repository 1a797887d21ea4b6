"""Writing down which tiers were told what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.tiers.postgres.rows import BITS, arrays, pairs
from sync.taskmaster.tiers.postgres.statements import DROP_RIVALS, given
from sync.taskmaster.tiers.postgres.sweeping import NO_RIVALS

_LOCK = text("""
select m.id, m.context, m.key, m.version, m.owed, m.base from journal_memory m
where (m.context, m.key) in (select * from unnest(cast(:contexts as int[]), cast(:keys as text[])))
order by m.context, m.key for update
""")
_TELL = text(f"""
update journal_memory m set owed = given.owed, base = given.base from {given("id", "owed", "base")}
where m.id = given.id
""")  # noqa: S608 - put together from this program's own words
_MAY_LEAVE = f"m.owed = 0 and m.homes & {BITS[Tier.WORKING]} = 0 and not m.is_forgotten and {NO_RIVALS}"
_LEAVE = text(f"""
delete from journal_memory m where m.id = any(cast(:rows as bigint[])) and {_MAY_LEAVE}
""")  # noqa: S608
_LEAVE_UNDISPUTED = text(f"""
delete from journal_memory m where m.context = :context and m.key = :key and {_MAY_LEAVE}
""")  # noqa: S608


def settle_all(
    connection: Connection,
    numbers: Mapping[str, int],
    tier: Tier,
    versions: Mapping[MemoryId, int],
    bases: Mapping[MemoryId, str],
) -> int:
    """Settle what a tier was told, see `Working.settle`; what is at home elsewhere and has no rivals leaves.

    Args:
        connection: in a transaction.
        numbers: those of the contexts that there are.
        tier, versions, bases: as there.

    Returns:
        How many are no longer owed.
    """
    names = {number: name for name, number in numbers.items()}
    told, rows = [], []
    for row in connection.execute(_LOCK, pairs([*versions, *bases], numbers)).all():
        id_ = MemoryId(names[row.context], row.key)
        is_told = row.version == versions.get(id_) and bool(row.owed & BITS[tier])
        owed = row.owed & ~BITS[tier] if is_told else row.owed
        rows.append({"id": row.id, "owed": owed, "base": bases.get(id_, row.base)})
        told += [row.id] if is_told else []
    if rows:
        connection.execute(_TELL, arrays(rows))
    if told:
        connection.execute(_LEAVE, {"rows": told})
    return len(told)


def settle_rivals(connection: Connection, number: int, key: str, digests: Sequence[bytes]) -> int:
    """Drop rivals that somebody has decided about, see `Working.settle_rivals`.

    Args:
        connection: in a transaction.
        number: of the context.
        key: the memory's.
        digests: of the rivals.

    Returns:
        How many there were.
    """
    rows = [{"context": number, "key": key, "digest": digest} for digest in digests]
    count = connection.execute(DROP_RIVALS, arrays(rows)).rowcount
    connection.execute(_LEAVE_UNDISPUTED, {"context": number, "key": key})
    return count
