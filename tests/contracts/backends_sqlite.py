"""The embedded back ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores import Backend, Port, tenant_of

from sync.taskmaster.tiers.sqlite.catalogue import SqliteCatalogue
from sync.taskmaster.tiers.sqlite.items import SqliteItems
from sync.taskmaster.tiers.sqlite.working import SqliteWorking


@contextmanager
def _fresh(folder: Path) -> Iterator[str]:
    yield str(folder / "memory" / "tier.sqlite")


def _short(address: str, limit: int) -> SqliteItems:
    return SqliteItems(Path(address), per_context=limit, tenant_of=tenant_of)


def _working(address: str, limit: int) -> SqliteWorking:
    return SqliteWorking(Path(address), tenant_of=tenant_of, per_tenant=limit)


def _catalogue(address: str, _limit: int) -> SqliteCatalogue:
    return SqliteCatalogue(Path(address), tenant_of=tenant_of)


SQLITE: list[Backend] = [
    Backend(name="sqlite-short", port=Port.SHORT, fresh=_fresh, open=_short),
    Backend(name="sqlite-working", port=Port.WORKING, fresh=_fresh, open=_working),
    Backend(name="sqlite-catalogue", port=Port.CATALOGUE, fresh=_fresh, open=_catalogue),
]
