"""A memory manager over the embedded tiers with a clock that tests set; what it owes the journal stays owed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync.document.memory_settings import MemorySettings
from sync.search.vectors.embedder import Embedder
from sync.taskmaster.context import tenant_of
from sync.taskmaster.context_rules import FixedRules
from sync.taskmaster.core import Core, Health, Tiers
from sync.taskmaster.events import Bus
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.sharing import Sharing
from sync.taskmaster.sharing_rules import SharingRules
from sync.taskmaster.tiers.sqlite.catalogue import SqliteCatalogue
from sync.taskmaster.tiers.sqlite.items import SqliteItems
from sync.taskmaster.tiers.sqlite.semantic import SqliteSemantic
from sync.taskmaster.tiers.sqlite.working import SqliteWorking

START = datetime(2025, 4, 5, 12, tzinfo=UTC)


class Clock:
    """Tells the time that a test has set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """The time; a microsecond later at every call, as no two writes are at once."""
        self.now += timedelta(microseconds=1)
        return self.now

    def pass_(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@contextmanager
def open_keeper(
    folder: Path, clock: Clock, *, embedder: Embedder | None = None, has_journal: bool = True
) -> Iterator[MemoryManager]:
    """A manager over tiers in a folder; opened again, over the same."""
    tiers = Tiers(
        short=SqliteItems(folder / "short.sqlite", tenant_of=tenant_of),
        working=SqliteWorking(folder / "working.sqlite", tenant_of=tenant_of),
        catalogue=SqliteCatalogue(folder / "catalogue.sqlite", tenant_of=tenant_of) if has_journal else None,
        semantic=SqliteSemantic(folder / "semantic.sqlite", embedder) if embedder else None,
        objects=None,
    )
    core = Core(
        tiers=tiers, rules=FixedRules(), settings=MemorySettings(), clock=clock, writer="ada", events=Bus(),
        health=Health(clock, lambda _tier, _is_up: None),
    )  # fmt: skip
    with MemoryManager(core, None, Sharing(SharingRules)) as manager:
        yield manager
