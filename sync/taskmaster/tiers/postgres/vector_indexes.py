"""Indexes of the nearest in very large contexts, made as contexts grow."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from sync.taskmaster.tiers.postgres.database import Database
from sync.taskmaster.tiers.postgres.shelf import Shelf
from sync.taskmaster.tiers.postgres.vector_rows import index_name

MOST_COMPARED = 20_000
"""In a context of up to so many vectors, all are compared."""

_BUILDING_S = 6 * 3600.0
_LOCK = 0x6A6E6561  # "jnea"
_NODE_BYTES = 400  # links of an HNSW with m = 16, beside the vector
_MOST_BYTES = 2 * 2**30
_TRY_LOCK = text("select pg_try_advisory_lock(:lock, :context)")
_SIZES = text("""
with unindexed as materialized (
    select context from unnest(cast(:contexts as int[])) as asked(context) where not exists (
        select 1 from pg_class c join pg_index i on i.indexrelid = c.oid
        where c.relname = 'journal_vector_near_' || asked.context and i.indisvalid
    )
)
select u.context, (select count(*) from journal_vector v where v.context = u.context) as count from unindexed u
where :most < (select count(*) from (select 1 from journal_vector v where v.context = u.context limit :most + 1) one)
""")


def build_missing(
    database: Database, shelf: Shelf, names: Iterable[str], dimension: int, *, most_compared: int = MOST_COMPARED
) -> int:
    """Give an index to those of some contexts that have become large; how many got one.

    Takes ten seconds or so for a context that has just become large, and longer for one that was filled at once;
    others read and write meanwhile. What another process is building is left to it.

    Raises:
        TierDownError: the server does not answer, or its disk is full.
    """
    numbers = shelf.read(lambda connection: shelf.known(connection, names))
    given = {"contexts": list(numbers.values()), "most": most_compared}
    large = shelf.read(lambda connection: connection.execute(_SIZES, given).all())
    return sum(database.alone(partial(_build, row=row, dimension=dimension), _BUILDING_S) for row in large)


def _build(connection: Connection, *, row: Any, dimension: int) -> bool:
    context = int(row.context)
    if not connection.execute(_TRY_LOCK, {"lock": _LOCK, "context": context}).scalar():
        return False
    kilobytes = min(row.count * (4 * dimension + _NODE_BYTES), _MOST_BYTES) // 1024
    name = index_name(context)
    column = f"((cast(vector as vector({dimension}))) vector_ip_ops)"
    statements = [
        f"set maintenance_work_mem = {max(kilobytes, 64 * 1024)}",
        f"drop index concurrently if exists {name}",  # one that a killed process has left behind
        f"create index concurrently {name} on journal_vector using hnsw {column} where context = {context}",
    ]
    for statement in statements:
        connection.execute(text(statement))
    return True
