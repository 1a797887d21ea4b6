"""Removing what nobody needs here any longer, a thousand rows at a time: no lock is held or waited for for long."""
# ruff: noqa: S608 - put together from this program's own words

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, text

from sync.taskmaster.memory import Tier
from sync.taskmaster.tiers.postgres.rows import BITS
from sync.taskmaster.tiers.postgres.shelf import Shelf
from sync.taskmaster.tiers.postgres.statements import HELD, LIVE

_ROWS_A_STEP = 1_000
_LONG = BITS[Tier.LONG]
_IS_COPY = f"m.homes & {_LONG} <> 0"
NO_RIVALS = "not exists (select 1 from journal_rival r where r.context = m.context and r.key = m.key)"
"""Of a row of `journal_memory`: nobody has to decide between its value and others."""


def _removal(condition: str) -> TextClause:
    """Remove rows that are owed to nobody and have no rivals; what was removed comes back."""
    return text(f"""
    with chosen as (
        select m.id from journal_memory m join journal_context c on c.id = m.context
        where c.shelf = :shelf and m.owed = 0 and {condition} and {NO_RIVALS} limit :rows for update of m skip locked
    ),
    gone as (delete from journal_memory m using chosen where m.id = chosen.id returning m.*)
    select m.*, c.name from gone m join journal_context c on c.id = m.context
    """)


def _over(counted: str, condition: str) -> str:
    """Numbers of the rows that a tenant has no room for, used least recently, of those that count."""
    return f"""
    select id from (
        select m.id, m.homes, m.owed, m.context, m.key, row_number() over (
            partition by c.tenant order by greatest(m.updated, m.used) desc, m.id desc
        ) as place
        from journal_memory m join journal_context c on c.id = m.context
        where c.shelf = :shelf and {counted} and c.tenant in (
            select c.tenant from journal_memory m join journal_context c on c.id = m.context
            where c.shelf = :shelf and {counted} group by c.tenant having count(*) > :per_tenant
        )
    ) m where m.place > :per_tenant and {condition}"""


FORGOTTEN = _removal("m.is_forgotten and m.updated <= :before")
EXPIRED = _removal("m.expires <= :now")
EXPIRED_COPIES = _removal(f"m.expires <= :now and {_IS_COPY}")
COPIES_OVER = _removal(f"m.id in ({_over(LIVE, _IS_COPY)})")

OVERFLOW = text(f"""
select {HELD}, c.name from journal_memory m join journal_context c on c.id = m.context
where m.id in ({_over("not m.is_forgotten", f"m.homes & {_LONG} = 0")})
order by greatest(m.updated, m.used), m.id limit :limit
""")
"""What a tenant has no room for and is held nowhere else, see `Working.overflow`."""


def remove(shelf: Shelf, statement: TextClause, **given: Any) -> Sequence[Any]:
    """Remove all rows that a statement of this module chooses; the rows, each with the `name` of its context.

    Raises:
        TierDownError: the server does not answer; what was removed before is.
    """
    given |= {"shelf": shelf.number, "rows": _ROWS_A_STEP}
    found: list[Any] = []
    while True:
        step = shelf.write(lambda connection: connection.execute(statement, given).all())
        found += step
        if len(step) < _ROWS_A_STEP:
            return found
