"""The table of vectors: reading, writing, and the nearest of some contexts."""
# ruff: noqa: S608 - put together from this program's own words and numbers

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.postgres.driver import as_numbers, as_texts
from sync.taskmaster.tiers.postgres.rows import arrays, can_be_text, pairs
from sync.taskmaster.tiers.postgres.shelf import Shelf
from sync.taskmaster.tiers.postgres.statements import PLACE, given
from sync.taskmaster.tiers.protocol import Near

_INDEX = "journal_vector_near_"
MOST_NEAR = 1_000
"""An index of the nearest finds so many at most: pgvector's limit of `hnsw.ef_search`."""

_LEAST_LOOKED_AT, _LOOKED_AT = 200, 4  # candidates of an index: for ten nearest, recall of more than nine
_PAIRS = "(select * from unnest(cast(:contexts as int[]), cast(:keys as text[])))"
_DIGESTS = text(f"select context, key, digest from journal_vector where (context, key) in {_PAIRS}")
_KNOWN = text("""
select distinct on (digest) digest, cast(vector as text) as vector from journal_vector
where digest = any(cast(:digests as bytea[]))
""")
_PUT = text(f"""
insert into journal_vector (context, key, digest, vector)
select context, key, digest, cast(vector as vector) from {given("context", "key", "digest", "vector")}
on conflict (context, key) do update set digest = excluded.digest, vector = excluded.vector
""")
_REMOVE = text(f"delete from journal_vector where (context, key) in {_PAIRS}")
_COUNT = text("""
select count(*) from journal_vector v where v.context in (
    select c.id from journal_context c where c.shelf = :shelf
    and (:name = '' or c.name = :name or starts_with(c.name, :name || ':'))
)
""")
# Of a context with an index nothing is compared: its number comes back alone.
_COMPARED = f"""
with {PLACE},
known as materialized (
    select place, context, exists (
        select 1 from pg_class where relkind = 'i' and relname = '{_INDEX}' || context
    ) and $6::bool as is_indexed from place where context is not null
)
select place, context, null as key, null as distance from known where is_indexed
union all
(select known.place, known.context, one.key, one.distance from known cross join lateral (
    select v.key, v.vector <#> $4::vector as distance from journal_vector v where v.context = known.context
    order by distance, v.key limit $5::int
) one where not known.is_indexed order by one.distance, known.place, one.key limit $5::int)
""".encode()
# Only a plan that knows the limit is sure to use the index.
_LOOK_AT = text(
    "select set_config('hnsw.ef_search', :many, true), set_config('plan_cache_mode', 'force_custom_plan', true)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A vector to be written.

    Attributes:
        id: whose.
        digest: of the text that it was made of.
        vector: as PostgreSQL writes one.
    """

    id: MemoryId
    digest: bytes
    vector: str


def index_name(context: int) -> str:
    """The index of the nearest in a context."""
    return f"{_INDEX}{context}"


class VectorRows:
    """The vectors on a shelf.

    Args:
        shelf: of one model.
        dimension: of its vectors.
    """

    def __init__(self, shelf: Shelf, dimension: int) -> None:
        self._shelf, self._dimension = shelf, dimension

    def digests(self, ids: Collection[MemoryId]) -> dict[MemoryId, bytes]:
        """Of what text each memory has a vector; those that have none are left out."""

        def ask(connection: Connection) -> dict[MemoryId, bytes]:
            numbers = self._shelf.known(connection, {one.context for one in ids})
            names = {number: name for name, number in numbers.items()}
            rows = connection.execute(_DIGESTS, pairs(ids, numbers))
            return {MemoryId(names[number], key): bytes(digest) for number, key, digest in rows}

        return self._shelf.read(ask) if ids else {}

    def known(self, digests: Collection[bytes]) -> dict[bytes, str]:
        """Vectors of texts, as far as some memory has them."""
        given_ = {"digests": list(digests)}
        return self._shelf.read(
            lambda connection: {bytes(row.digest): row.vector for row in connection.execute(_KNOWN, given_)}
        )

    def put(self, rows: Sequence[Row]) -> None:
        """Write vectors in one transaction, in place of those that are there."""
        numbers = self._shelf.made({one.id.context for one in rows})
        ordered = sorted(rows, key=lambda one: (numbers[one.id.context], one.id.key))
        table = arrays(
            [
                {"context": numbers[one.id.context], "key": one.id.key, "digest": one.digest, "vector": one.vector}
                for one in ordered
            ]
        )
        self._shelf.write(lambda connection: connection.execute(_PUT, table))

    def remove(self, ids: Collection[MemoryId]) -> int:
        """Remove vectors; how many there were."""

        def work(connection: Connection) -> int:
            numbers = self._shelf.known(connection, {one.context for one in ids})
            return connection.execute(_REMOVE, pairs(ids, numbers)).rowcount

        return self._shelf.write(work) if ids else 0

    def count(self, context: str) -> int:
        """How many there are in a context and below it, or in all."""
        if not can_be_text(context):
            return 0
        given_ = {"shelf": self._shelf.number, "name": context}
        return self._shelf.read(lambda connection: int(connection.execute(_COUNT, given_).scalar_one()))

    def near(self, question: str, contexts: Sequence[str], limit: int) -> list[Near]:
        """The nearest: exactly, but through its index where a context has one."""
        names = sorted(one for one in set(contexts) if can_be_text(one))
        return self._shelf.steady(lambda: self._near(question, names, limit)) if names else []

    def _near(self, question: str, names: Sequence[str], limit: int) -> list[Near]:
        rows = self._compared(question, names, limit)
        found = [_near(names[row.place - 1], row.key, row.distance) for row in rows if row.key is not None]
        for row in rows:
            if row.key is None:
                found += self._approximate(question, names[row.place - 1], row.context, limit)
        return sorted(found, key=lambda one: (-one.score, one.id))[:limit]

    def _compared(self, question: str, names: Sequence[str], limit: int) -> list[Any]:
        numbers = self._shelf.numbers
        places = [numbers.get(name) for name in names]
        unknown = [name if number is None else None for name, number in zip(names, places, strict=True)]
        asked = (str(self._shelf.number), as_numbers(places), as_texts(unknown), question, str(limit))
        rows = self._shelf.ask(_COMPARED, *asked, str(limit <= MOST_NEAR).lower())
        numbers.update((names[row.place - 1], row.context) for row in rows)
        return rows

    def _approximate(self, question: str, name: str, number: int, limit: int) -> list[Near]:
        """Numbers are written out: an index of some rows is used only where the plan can see that it holds them."""
        many = min(max(_LEAST_LOOKED_AT, _LOOKED_AT * limit), MOST_NEAR)
        size = f"vector({self._dimension})"
        statement = text(
            f"select key, cast(vector as {size}) <#> cast(:question as {size}) as distance from journal_vector"
            f" where context = {number} order by distance limit :limit"
        )

        def ask(connection: Connection) -> list[Near]:
            connection.execute(_LOOK_AT, {"many": str(many)})
            rows = connection.execute(statement, {"question": question, "limit": limit})
            return [_near(name, row.key, row.distance) for row in rows]

        return self._shelf.write(ask)


def _near(context: str, key: str, distance: float) -> Near:
    return Near(id=MemoryId(context, key), score=min(max(-distance, 0.0), 1.0))
