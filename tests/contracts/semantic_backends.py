"""Every back end that the contract of the semantic tier is tested against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from backends_postgres import fresh_space, open_semantic

from sync.search.vectors.embedder import Embedder
from sync.taskmaster.tiers.protocol import Semantic
from sync.taskmaster.tiers.sqlite.semantic import SqliteSemantic


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticBackend:
    """A back end under test.

    Attributes:
        name: unique, such as `sqlite`.
        fresh: given a folder, where an empty store is; what the folder or a server needs is there meanwhile.
        open: opens the store of such an address with an embedder.
        marks: of pytest.
    """

    name: str
    fresh: Callable[[Path], AbstractContextManager[str]]
    open: Callable[[str, Embedder], Semantic]
    marks: tuple[pytest.MarkDecorator, ...] = ()


@contextmanager
def _file(folder: Path) -> Iterator[str]:
    yield str(folder / "memory" / "semantic.sqlite")


def _sqlite(address: str, embedder: Embedder) -> SqliteSemantic:
    return SqliteSemantic(Path(address), embedder)


BACKENDS: list[SemanticBackend] = [
    SemanticBackend(name="sqlite", fresh=_file, open=_sqlite),
    SemanticBackend(name="pgvector", fresh=fresh_space, open=open_semantic),
]
