"""What is removed from a tier: what has expired or was forgotten, and what is over a limit."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from sync.taskmaster.memory import Memory, Tier
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.sqlite import postings
from sync.taskmaster.tiers.sqlite.rows import BITS, HELD, held_of
from sync.taskmaster.tiers.sqlite.writes import remove

AT_ONCE = 500
"""Memories that one step removes at most, so that nobody waits long for a turn to write."""
NO_RIVALS = "not exists (select 1 from rivals r where r.context = items.context and r.key = items.key)"
"""Of a row of `items`: nobody has to decide between its value and others."""
_FROM = f"select {HELD} from items i join contexts c on c.number = i.context"  # noqa: S608 (constants)
_ENDED = f"""
    select number, context, homes, is_forgotten from items
    where ends <= ? and owed = 0 and number > ? and {NO_RIVALS} order by number limit ?
"""  # noqa: S608
_RIVALS_ENDED = """
    delete from rivals where expires <= ? and not exists (
        select 1 from items i where i.context = rivals.context and i.key = rivals.key
    )
"""
_IS_UNDISPUTED = f"select 1 from items where number = ? and {NO_RIVALS}"  # noqa: S608
_COUNTS = """
    select i.context, c.tenant, count(*) from items i join contexts c on c.number = i.context group by i.context
"""
_LAST_USES = """
    select max(coalesce(used, updated), updated), number, context, homes, owed from items
    where context = ? and is_forgotten = 0
"""


@dataclass(frozen=True, slots=True, order=True)
class Surplus:
    """A memory over a limit.

    Attributes:
        used: when it was last used or written, in microseconds.
        number, context: of its row.
        is_copy: whether the long-term tier holds it too.
        is_owed: whether a tier must still be told.
    """

    used: int
    number: int
    context: int
    is_copy: bool
    is_owed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many memories a group of contexts may hold.

    Attributes:
        most: so many; None for any number.
        by_tenant: whether a group is a tenant, and not one context.
        only_copies: whether only what the long-term tier holds too may be removed.
    """

    most: int | None = None
    by_tenant: bool = False
    only_copies: bool = False

    def crowded(self, db: sqlite3.Connection) -> list[list[int]]:
        """The contexts of each group that may be over the limit; its forgotten memories are not told apart."""
        if self.most is None:
            return []
        groups: dict[object, tuple[int, list[int]]] = {}
        for context, tenant, count in db.execute(_COUNTS):
            total, contexts = groups.get(tenant if self.by_tenant else context, (0, []))
            groups[tenant if self.by_tenant else context] = total + count, [*contexts, context]
        return [contexts for total, contexts in groups.values() if total > self.most]

    def surplus(self, db: sqlite3.Connection, group: Sequence[int]) -> list[Surplus]:
        """What a group has over the limit, least recently used first."""
        rows = [row for context in group for row in db.execute(_LAST_USES, (context,))]
        rows.sort(reverse=True)
        over = [
            Surplus(used, number, context, bool(homes & BITS[Tier.LONG]), bool(owed))
            for used, number, context, homes, owed in rows[self.most :]
        ]
        return over[::-1]


def remove_ended(db: sqlite3.Connection, now: int, after: int, limit: Limit) -> int | None:
    """Remove some of what has expired or was forgotten, and has no rivals.

    Args:
        now: in microseconds.
        after: the number that the step before gave; -1 for the first.
        limit: of the tier.

    Returns:
        From which number on there may be more; None where there is none.
    """
    rows = db.execute(_ENDED, (now, after, AT_ONCE)).fetchall()
    gone = [row for row in rows if row[3] or row[2] & BITS[Tier.LONG] or not limit.only_copies]
    for number, context, *_ in gone:
        remove(db, context, number)
    for context in {row[1] for row in gone}:
        postings.tidy(db, context)
    if len(rows) == AT_ONCE:
        return int(rows[-1][0])
    db.execute(_RIVALS_ENDED, (now,))
    return None


def remove_surplus(db: sqlite3.Connection, group: Sequence[int], limit: Limit) -> list[Memory]:
    """Remove what a group of contexts has over the limit and has no rivals; what was removed."""
    over = [one for one in limit.surplus(db, group) if not one.is_owed and (one.is_copy or not limit.only_copies)]
    found = [one for one in over if db.execute(_IS_UNDISPUTED, (one.number,)).fetchone()]
    gone = held_by_number(db, [one.number for one in found])
    for one in found:
        remove(db, one.context, one.number)
    for context in {one.context for one in found}:
        postings.tidy(db, context)
    return [one.memory for one in gone]


def held_by_number(db: sqlite3.Connection, numbers: Sequence[int]) -> list[Held]:
    """Memories by the numbers of their rows, in this order."""
    rows = (db.execute(f"{_FROM} where i.number = ?", (number,)).fetchone() for number in numbers)
    return [held_of(row) for row in rows if row]
