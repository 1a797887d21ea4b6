"""Writing down which tiers were told what."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.tiers.postgres.rows import BITS, arrays, pairs
from sync.taskmaster.tiers.postgres.statements import given

_LOCK = text("""
select m.id, m.context, m.key, m.version, m.owed, m.base from journal_memory m
where (m.context, m.key) in (select * from unnest(cast(:contexts as int[]), cast(:keys as text[])))
order by m.context, m.key for update
""")
_TELL = text(f"""
update journal_memory m set owed = given.owed, base = given.base from {given("id", "owed", "base")}
where m.id = given.id
""")  # noqa: S608 - put together from this program's own words
_LEAVE = text("""
delete from journal_memory
where id = any(cast(:rows as bigint[])) and owed = 0 and homes & :here = 0 and not is_forgotten
""")


def settle_all(
    connection: Connection,
    numbers: Mapping[str, int],
    tier: Tier,
    versions: Mapping[MemoryId, int],
    bases: Mapping[MemoryId, str],
) -> int:
    """Settle what a tier was told, see `Working.settle`; memories that are at home elsewhere leave, their rivals stay.

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
        connection.execute(_LEAVE, {"rows": told, "here": BITS[Tier.WORKING]})
    return len(told)
