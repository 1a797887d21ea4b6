"""The shared back ends: PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.postgres import empty_space
from stores import Backend, Port, tenant_of

from sync.search.vectors.embedder import Embedder
from sync.taskmaster.tiers.postgres.catalogue import PostgresCatalogue
from sync.taskmaster.tiers.postgres.semantic import PgvectorSemantic
from sync.taskmaster.tiers.postgres.working import PostgresWorking


@contextmanager
def fresh_space(_folder: Path) -> Iterator[str]:
    """The address of an empty space in the database that all tests share."""
    url, space = empty_space()
    yield f"{space}@{url}"


def _working(address: str, limit: int) -> PostgresWorking:
    space, _, url = address.partition("@")
    return PostgresWorking(url, space=space, per_tenant=limit, tenant_of=tenant_of)


def _catalogue(address: str, _limit: int) -> PostgresCatalogue:
    space, _, url = address.partition("@")
    return PostgresCatalogue(url, space=space, tenant_of=tenant_of)


def open_semantic(address: str, embedder: Embedder) -> PgvectorSemantic:
    """The semantic tier of such an address."""
    space, _, url = address.partition("@")
    return PgvectorSemantic(url, embedder, space=space, tenant_of=tenant_of)


POSTGRES: list[Backend] = [
    Backend(name="postgres-working", port=Port.WORKING, fresh=fresh_space, open=_working),
    Backend(name="postgres-catalogue", port=Port.CATALOGUE, fresh=fresh_space, open=_catalogue),
]
