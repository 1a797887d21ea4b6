"""What PostgreSQL is asked about memories. Rows are given as one array a column, so that a batch is one statement."""
# ruff: noqa: S608 - statements are put together from this program's own words; what comes from outside is a parameter

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import TextClause, text

from sync.taskmaster.tiers.postgres.rows import ARRAYS, TYPES, VALUES

_PAIRS = "(select * from unnest(cast(:contexts as int[]), cast(:keys as text[])))"
_VALUES = ", ".join(f"m.{name}" for name in VALUES)
LIVE = "not m.is_forgotten and (m.expires is null or m.expires > :now)"
_LIVE_NOW = LIVE.replace(":now", "$5::timestamptz")
_RIVALS = "(select count(*) from journal_rival r where r.context = m.context and r.key = m.key) as rivals"
HELD = f"m.id, m.context, m.key, {_VALUES}, m.homes, m.owed, m.base, m.tokens, m.uses, m.used, m.took, {_RIVALS}"
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
    select * from json_to_recordset($1::json) as given({", ".join(f"{one} {TYPES[one]}" for one in _COLUMNS)})
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


def at_places(columns: str) -> bytes:
    """What to read of the rows of some places, of `journal_memory m`; the limit keeps the planner from a table scan."""
    return f"""
select asked.place, {columns} from unnest($1::int[], $2::int[], $3::text[], $4::text[]) with ordinality
    as asked(shelf, context, name, key, place)
cross join lateral (
    select m.* from journal_memory m where m.key = asked.key and m.context = coalesce(asked.context, (
        select c.id from journal_context c where c.shelf = asked.shelf and c.name = asked.name
    )) limit 1
) m
""".encode()


GET = at_places(HELD)
"""The rows of some places, for `rows.held_of`."""
MARKS = at_places(f"m.version, m.owed, m.base, m.is_forgotten, m.expires, {_RIVALS}")
"""The same for `rows.mark_of`."""

PLACE = """place as materialized (
    select asked.place, coalesce(asked.number, (
        select c.id from journal_context c where c.shelf = $1::int and c.name = asked.name
    )) as context
    from unnest($2::int[], $3::text[]) with ordinality as asked(number, name, place)
)"""
"""The contexts that are asked, as far as there are such contexts: by number where it is known, else by name.

Parameters: 1 shelf, 2 numbers, 3 names where there is no number; of both searches besides: 4 the key that comes first,
5 now, 6 limit.
"""

LATEST = f"""
with {PLACE},
found as (
    select distinct one.id, place.place, one.updated, one.is_key from place cross join lateral (
        (select m.id, m.updated, true as is_key from journal_memory m
        where m.context = place.context and m.key = $4::text and {_LIVE_NOW})
        union all
        (select m.id, m.updated, m.key = $4::text from journal_memory m where m.context = place.context and {_LIVE_NOW}
        order by m.updated desc limit $6::int)
    ) one order by is_key desc, one.updated desc, one.id limit $6::int
)
select {HELD}, found.place from found join journal_memory m on m.id = found.id
order by found.is_key desc, found.updated desc, m.id
""".encode()

SEARCH = f"""
with {PLACE},
asked as materialized (
    select place.place, place.context, one.token, 1::bigint << one.word as word
    from unnest($7::bigint[], $8::int[], $9::int[]) as one(token, word, place) join place on place.place = one.place
    where place.context is not null
),
found as materialized (
    select one.id, asked.place, max(one.updated) as updated, bool_or(one.is_key) as is_key, max(one.size) as size,
        bit_or(asked.word) as words
    from asked cross join lateral (
        select m.id, m.updated, m.key = $4::text as is_key, cardinality(m.tokens) as size from journal_memory m
        where m.tokens @> array[asked.token] and m.context + 0 = asked.context and {_LIVE_NOW} offset 0
    ) one group by one.id, asked.place
    union all
    select m.id, place.place, m.updated, true, cardinality(m.tokens), 0
    from place join journal_memory m on m.context = place.context and m.key = $4::text
    where not m.tokens && $7::bigint[] and {_LIVE_NOW}
),
kinds as materialized (select words, count(*) as size from found group by words),
weights as materialized (
    select word, ln(1 + (select sum(size) + 1::float8 from kinds) / (
        select coalesce(sum(size), 0) + 1::float8 from kinds where words & word <> 0
    )) as weight
    from (select distinct word from asked) one
),
shares as materialized (
    select words, (select sum(weight) from weights where words & word <> 0) as share from kinds
),
ranked as (
    select id, place, is_key, updated, share * (0.9::float8 + 0.1::float8 / (1 + size / 100::float8)) as score
    from found join shares using (words) order by is_key desc, score desc nulls last, updated desc, id limit $6::int
)
select {HELD}, ranked.place from ranked join journal_memory m on m.id = ranked.id
order by ranked.is_key desc, ranked.score desc nulls last, ranked.updated desc, ranked.id
""".encode()
"""By the rule of `scoring.scores`, so that no more rows are read than are found; what has the same words, once.

Parameters, besides those above: 7 tokens, for each 8 the number of its word, and 9 of its context. A token belongs to
one context, so its index alone finds what is asked; another index is kept away from it.
"""


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
    from json_to_recordset($1::json)
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
