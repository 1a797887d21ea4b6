"""A journal with the embedded tiers beside it, for tests of the long-term tier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from repositories import Repo

from sync.operations.journal import open_journal
from sync.taskmaster.context import tenant_of
from sync.taskmaster.long_term.copies import ALWAYS
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.long_term.port import Flushed, Outcome
from sync.taskmaster.long_term.tier import JournalTier
from sync.taskmaster.memory import Memory, MemoryId, Tier, encode_value
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.tiers.objects.folder import FolderObjects
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.sqlite.catalogue import SqliteCatalogue
from sync.taskmaster.tiers.sqlite.items import SqliteItems
from sync.taskmaster.tiers.sqlite.working import SqliteWorking
from sync.taskmaster.writing import Stored, Write

WEDDING = "taskmaster:wedding:42"
START = datetime(2025, 4, 5, 12, tzinfo=UTC)
BOTH = frozenset({Tier.WORKING, Tier.LONG})
ENTRIES = "journal/entries"


@dataclass
class Memories:
    """A journal, its tiers, and a clock that ticks with every write."""

    repo: Repo
    tier: JournalTier
    parts: Parts
    ticks: int = 0

    def remember(self, key: str, value: Any, *, context: str = WEDDING, **fields: Any) -> Stored:
        """What the manager does: one write to the working tier, based on what the tiers show."""
        self.ticks += 1
        now = START + timedelta(seconds=self.ticks)
        kind, data = encode_value(value)
        options: dict[str, Any] = {"importance": 0.7, "created": now, "updated": now, "writer": "ada"} | fields
        return self.write(Memory(context=context, key=key, kind=kind, data=data, **options))

    def forget(self, key: str, *, context: str = WEDDING) -> Stored:
        """As the manager."""
        self.ticks += 1
        present = self.known(MemoryId(context, key))
        assert present is not None
        return self.write(present.memory.forgotten(START + timedelta(seconds=self.ticks), "ada"))

    def write(self, memory: Memory) -> Stored:
        """Write to the working tier what the journal is then owed."""
        known = self.known(memory.id)
        if known is not None:
            memory = replace(memory, created=min(memory.created, known.memory.created))
        write = Write(
            memory=memory, seen=known.memory.version if known else 0, homes=BOTH, owed=frozenset({Tier.LONG}),
            tokens=() if memory.is_forgotten else tokens_of(memory), base=known.base if known else "",
        )  # fmt: skip
        return self.parts.working.put([write])[0]

    def known(self, id_: MemoryId) -> Held | None:
        """What the working tier holds, else the journal's catalogue."""
        return self.parts.working.get([id_], ALWAYS).get(id_) or self.parts.catalogue.get([id_], ALWAYS).get(id_)

    def value(self, key: str, *, context: str = WEDDING) -> Any:
        """What the journal says of a key, as the catalogue shows it."""
        held = self.tier.catalogue.get([MemoryId(context, key)], ALWAYS).get(MemoryId(context, key))
        return None if held is None else held.memory.value

    def copy(self, key: str, *, context: str = WEDDING) -> Any:
        """What the working tier holds of a key."""
        held = self.parts.working.get([MemoryId(context, key)], ALWAYS).get(MemoryId(context, key))
        return None if held is None or held.memory.is_forgotten else held.memory.value

    def owed(self) -> list[str]:
        """Keys that the journal is still owed."""
        return [one.memory.key for one in self.parts.working.owed(Tier.LONG, 10_000)]

    def path(self, key: str, *, context: str = WEDDING) -> str:
        """Where the entry of a key lies."""
        return path_of(ENTRIES, MemoryId(context, key))

    def edit(self, key: str, old: str, new: str) -> str:
        """What a person does in a pull request: changes the entry and commits."""
        path = self.path(key)
        text = self.repo.read(path)
        assert old in text, text
        self.repo.write(path, text.replace(old, new))
        return self.repo.commit(f"edit {key}")

    def flush(self, **expected: int) -> Flushed:
        """Flush; what became of memories is exactly what is expected, by outcome."""
        done = self.tier.flush()
        if expected:
            counts = {one.name.lower(): done.count(one) for one in Outcome if done.count(one)}
            assert counts == expected, done.as_dict()
        return done


@contextmanager
def open_memories(repo: Repo, folder: Path, **options: Any) -> Iterator[Memories]:
    """Open the tiers beside a repository."""
    journal = open_journal(repo.path)
    assert journal.state_folder is not None
    parts = Parts(
        location=journal.location, settings=journal.settings, state_folder=journal.state_folder,
        catalogue=SqliteCatalogue(folder / "catalogue.sqlite", tenant_of=tenant_of),
        working=SqliteWorking(folder / "working.sqlite", per_tenant=10_000, tenant_of=tenant_of),
        short=SqliteItems(folder / "short.sqlite", per_context=1_000, tenant_of=tenant_of),
        objects=FolderObjects(folder / "objects"), **options,
    )  # fmt: skip
    try:
        yield Memories(repo=repo, tier=JournalTier(parts), parts=parts)
    finally:
        for one in (parts.catalogue, parts.working, parts.short, parts.objects):
            if one is not None:
                one.close()
