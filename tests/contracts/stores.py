"""What a contract test is run against: a back end, an empty store of it, and as many openings as are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from sync.taskmaster.tiers.protocol import Catalogue, Items, Working

NO_LIMIT = 1_000_000
Opened = TypeVar("Opened", bound=Items)


class Port(Enum):
    """What a back end is one of."""

    SHORT = "short"
    WORKING = "working"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A back end under test.

    Attributes:
        name: unique, such as `sqlite-working`.
        port: which contract it keeps.
        fresh: given a folder, where an empty store is; what the folder or a server needs is there meanwhile.
        open: opens the store of such an address, with a limit: memories of a context for a short-term tier, of a
            tenant (`tenant_of`) for a working one. Called in other processes too, by the back end's name.
        marks: of pytest.
    """

    name: str
    port: Port
    fresh: Callable[[Path], AbstractContextManager[str]]
    open: Callable[[str, int], Any]
    marks: tuple[pytest.MarkDecorator, ...] = ()


class Store(Generic[Opened]):
    """An empty store of a back end.

    Args:
        backend: opens it.
        address: where it is.
    """

    def __init__(self, backend: Backend, address: str, openings: ExitStack) -> None:
        self.backend = backend
        self.address = address
        self._openings = openings

    def open(self, limit: int = NO_LIMIT) -> Opened:
        """Open it once more; closed when the test is over."""
        opened: Opened = self.backend.open(self.address, limit)
        return self._openings.enter_context(closing(opened))


AnyStore = Store[Items]
WorkingStore = Store[Working]
CatalogueStore = Store[Catalogue]


@contextmanager
def empty_store(backend: Backend, folder: Path) -> Iterator[Store[Any]]:
    """A store of a back end with nothing in it."""
    with backend.fresh(folder) as address, ExitStack() as openings:
        yield Store(backend, address, openings)


def tenant_of(context: str) -> str:
    """The tenant of a context of the tests: `taskmaster:wedding:42` of what begins so."""
    return ":".join(context.split(":")[:3])
