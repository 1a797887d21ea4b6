"""What an import did: data that the command line, the log and a service show alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.document.fault import Fault
from sync.search.recall import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry that an import made.

    Attributes:
        path: relative to the repository.
        theme: the theme of its memories.
        memories: how many it holds.
    """

    path: str
    theme: str
    memories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A memory that is left where it is, for the journal said it first.

    Attributes:
        file: name of the store's file.
        index: its place there, from 0.
        origin: where the text stands in the journal, or stood when it was handed out.
    """

    file: str
    index: int
    origin: Origin

    def __str__(self) -> str:
        return f"recalled: {self.file}[{self.index}] (the journal's own words, from {self.origin})"

    def as_dict(self) -> dict[str, Any]:
        """The memory as the object that `--json` prints."""
        return {"file": self.file, "index": self.index, "entry": self.origin.entry, "line": self.origin.line}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import did: `read = imported + known + ours + recalled + invalid memories`.

    Attributes:
        absent: why the store was left out (`not on this machine`); empty where it was read.
        files: JSON files read.
        read: memories found in them.
        imported: memories that became part of an entry.
        known: memories imported before, or twice in the store.
        ours: memories that the journal exported itself.
        recalls: memories that say nothing but what the journal said first.
        changed: of the imported, those that the store knows by an id that was imported with another text.
        entries: the entries made.
        invalid: what could not be understood: whole files and single memories.
    """

    absent: str = ""
    files: int = 0
    read: int = 0
    imported: int = 0
    known: int = 0
    ours: int = 0
    recalls: tuple[Recalled, ...] = ()
    changed: int = 0
    entries: tuple[NewEntry, ...] = ()
    invalid: tuple[Fault, ...] = ()

    @property
    def recalled(self) -> int:
        """How many memories say nothing but what the journal said first."""
        return len(self.recalls)

    @property
    def refused(self) -> int:
        """How many memories could not be understood."""
        return self.read - self.imported - self.known - self.ours - self.recalled

    @property
    def is_clean(self) -> bool:
        """Whether everything was understood."""
        return not self.invalid

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "absent": self.absent, "files": self.files, "read": self.read, "imported": self.imported,
            "known": self.known, "ours": self.ours, "recalled": self.recalled, "changed": self.changed,
            "recalls": [one.as_dict() for one in self.recalls],
            "entries": [{"path": one.path, "theme": one.theme, "memories": one.memories} for one in self.entries],
            "invalid": [one.as_dict() for one in self.invalid],
        }  # fmt: skip
