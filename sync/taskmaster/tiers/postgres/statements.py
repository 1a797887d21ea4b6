"""What PostgreSQL is asked about memories. Rows are given as one array a column, so that a batch is one statement."""
# ruff: noqa: S608 - statements are put together from this program's own words; what comes from outside is a parameter

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import TextClause, text

from sync.taskmaster.tiers.postgres.rows import ARRAYS, TYPES, VALUES

_PAIRS = "(select * from unnest(cast(:contexts as int[]), cast(:keys as text[])))"
_VALUES = ", ".join(f"m.{name}" for name in VALUES)
LIVE = "not m.is_forgotten and (m.expires is null or m.expires > :now)"
HELD = f"""m.id, m.context, m.key, {_VALUES}, m.homes, m.owed, m.base, m.tokens, m.uses, m.used, m.took,
    (select count(*) from journal_rival r where r.context = m.context and r.key = m.key) as rivals"""
"""The columns of `rows.held_of`."""


def given(*columns: str) -> str:
    """Rows of parameters as a table."""
    casts = ", ".join(f"cast(:{name} as {ARRAYS[name]})" for name in columns)
    return f"unnest({casts}) as given({', '.join(columns)})"


def _set(columns: Sequence[str], source: str = "given") -> str:
    return ", ".join(f"{name} = {source}.{name}" for name in columns)


LOCK = text(f"""
select m.id, m.context, m.key, {_VALUES}, m.homes, m.owed, m.base from journal_memory m
where (m.context, m.key) in {_PAIRS} order by m.context, m.key for update
""")
"""The rows under some keys, before they are changed."""

_KEPT = (*VALUES, "homes", "owed", "base")
# The present value is no rival of itself. Rivals can be there before their memory is: it may have left and come back.
_NO_RIVAL = f"""with gone as (
    delete from journal_rival r using {given("context", "key", "digest")}
    where r.context = given.context and r.key = given.key and r.digest = given.digest
)"""
INSERT = text(f"""
{_NO_RIVAL} insert into journal_memory (context, key, {", ".join(_KEPT)}, tokens)
select context, key, {", ".join(_KEPT)}, cast(tokens as bigint[]) from {given("context", "key", *_KEPT, "tokens")}
on conflict (context, key) do nothing returning id
""")
"""New rows; fewer come back than were given where another writer was first."""


def _unknown(table: str) -> str:
    """That none of the rows' keys is in a table; the limit is `GET`'s."""
    return f"""not exists (select 1 from given cross join lateral (
        select 1 from {table} m where m.context = given.context and m.key = given.key limit 1
    ) one)"""


_COLUMNS = ("context", "key", *_KEPT, "tokens")
INSERT_NEW = f"""
with given as materialized (
    select * from json_to_recordset(%s) as given({", ".join(f"{one} {TYPES[one]}" for one in _COLUMNS)})
)
insert into journal_memory (context, key, {", ".join(_KEPT)}, tokens)
select context, key, {", ".join(_KEPT)}, cast(tokens as bigint[]) from given
where {_unknown("journal_memory")} and {_unknown("journal_rival")} returning id
""".encode()
"""New rows, where nothing is known of any of their keys; else none."""

UPDATE = text(f"""
{_NO_RIVAL} update journal_memory m set {_set(_KEPT)}, tokens = coalesce(cast(given.tokens as bigint[]), m.tokens)
from {given("id", *_KEPT, "tokens")} where m.id = given.id
""")
"""Rows that are locked; those without tokens keep the ones they have."""

ADD_RIVALS = text(f"""
insert into journal_rival (context, key, digest, {", ".join(VALUES)})
select * from {given("context", "key", "digest", *VALUES)}
on conflict (context, key, digest) do update set {_set(VALUES, "excluded")}
where (excluded.updated, excluded.importance) >= (journal_rival.updated, journal_rival.importance)
""")
DROP_RIVALS = text(f"""
delete from journal_rival r using {given("context", "key", "digest")}
where r.context = given.context and r.key = given.key and r.digest = given.digest
""")
RIVALS = text(f"select key, {', '.join(VALUES)} from journal_rival where context = :context and key = :key")

GET = f"""
select {HELD}, asked.shelf, asked.name from json_to_recordset(%s) as asked(shelf int, name text, key text)
cross join lateral (
    select m.* from journal_memory m where m.key = asked.key and m.context = (
        select c.id from journal_context c where c.shelf = asked.shelf and c.name = asked.name
    ) limit 1
) m
""".encode()
"""The rows of some places; the limit keeps the planner from reading all of a table for them."""

LATEST = text(f"""
with found as (
    select distinct one.id, one.updated, one.key = :key as is_key
    from unnest(cast(:contexts as int[])) as asked(context) cross join lateral (
        (select m.* from journal_memory m where m.context = asked.context and m.key = :key and {LIVE})
        union all
        (select m.* from journal_memory m where m.context = asked.context and {LIVE}
        order by m.updated desc limit :limit)
    ) one order by is_key desc, one.updated desc, one.id limit :limit
)
select {HELD} from found join journal_memory m on m.id = found.id order by found.is_key desc, found.updated desc, m.id
""")

SEARCH = text(f"""
with asked as (
    select * from unnest(cast(:tokens as bigint[]), cast(:words as int[]), cast(:contexts as int[]))
        as a(token, word, context)
),
found as materialized (
    select m.id, m.updated, m.key = :key as is_key, cardinality(m.tokens) as size, bit_or(1::bigint << word) as words
    from asked join journal_memory m on m.context = asked.context and m.tokens @> array[asked.token]
    where {LIVE} group by m.id
    union all
    select m.id, m.updated, true, cardinality(m.tokens), 0 from journal_memory m
    where m.context = any(cast(:contexts as int[])) and m.key = :key
        and not m.tokens && cast(:tokens as bigint[]) and {LIVE}
),
weights as materialized (
    select 1::bigint << word as word, ln(1 + ((select count(*) from found) + 1) / (
        select count(*) + 1::float8 from found where words & (1::bigint << word) <> 0
    )) as weight
    from (select distinct word from asked) one
),
ranked as (
    select id, is_key, updated, (select sum(weight) from weights where words & word <> 0)
        * (0.9::float8 + 0.1::float8 / (1 + size / 100::float8)) as score
    from found order by is_key desc, score desc nulls last, updated desc, id limit :limit
)
select {HELD} from ranked join journal_memory m on m.id = ranked.id
order by ranked.is_key desc, ranked.score desc nulls last, ranked.updated desc, ranked.id
""")
"""By the rule of `scoring.scores`, so that no more rows are read than are found."""


def _pages(condition: str, inner: str) -> TextClause:
    """Rows by id, context for context, so that no more of a context is read than a page holds."""
    return text(f"""
    select one.*, c.name from journal_context c cross join lateral (
        select {HELD} from journal_memory m where m.context = c.id and {inner}
            and (c.name <> :after_name or m.key > :after_key) order by m.key limit :limit
    ) one
    where c.shelf = :shelf and c.name >= :after_name and {condition} order by c.name, one.key limit :limit
    """)


PAGE = _pages("c.name = :name", LIVE)
PAGE_BELOW = _pages("(c.name = :name or starts_with(c.name, :name || ':'))", LIVE)
PAGE_ALL = _pages("true", LIVE)
OWED = _pages("c.id in (select context from journal_memory where owed <> 0 and owed & :bit <> 0)", "m.owed & :bit <> 0")

CONTEXTS = text("""
select c.name from journal_context c where c.shelf = :shelf and c.name >= :prefix and starts_with(c.name, :prefix)
and exists (select 1 from journal_memory m where m.context = c.id) order by c.name
""")
COUNT = text("""
select count(*) from journal_memory m where m.context in (
    select c.id from journal_context c where c.shelf = :shelf
    and (:name = '' or c.name = :name or starts_with(c.name, :name || ':'))
)
""")

TOUCH = b"""
with relaxed as materialized (select set_config('synchronous_commit', 'off', true)),
given as materialized (
    select asked.*, (
        select m.id from journal_memory m where m.key = asked.key and m.context = (
            select c.id from journal_context c where c.shelf = asked.shelf and c.name = asked.name
        )
    ) as id
    from json_to_recordset(%s)
        as asked(shelf int, name text, key text, uses bigint, used timestamptz, took float8)
),
busy as (
    select m.id, given.uses, given.used, given.took
    from relaxed cross join journal_memory m join given on given.id = m.id
    where m.id = any(array(select id from given)) order by m.id for no key update of m skip locked
)
update journal_memory m set uses = m.uses + busy.uses, used = greatest(m.used, busy.used),
    took = m.took + busy.took
from busy where m.id = busy.id returning m.id
"""
"""What somebody is writing at the moment is not counted: a use need not be durable."""

DROP = text(f"""
delete from journal_memory m using {given("context", "key", "version")}
where m.context = given.context and m.key = given.key and m.version = given.version
""")
REMOVE = text(f"delete from journal_memory m where (m.context, m.key) in {_PAIRS}")
