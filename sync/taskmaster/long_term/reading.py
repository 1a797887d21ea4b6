"""Reading memories out of the entries of commits: one Git process for many, and only what could be one is parsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

from sync.document.entry import Entry, load_entry
from sync.document.fault import Fault
from sync.document.naming import skip_reason
from sync.repository.git import read_blobs
from sync.taskmaster.long_term.paths import FOLDER
from sync.taskmaster.long_term.record import MemoryRecord
from sync.taskmaster.long_term.store import memory_id, read_memory
from sync.taskmaster.memory import MemoryId

_MARK = b"context"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A memory's entry.

    Attributes:
        path: POSIX, relative to the repository.
        blob: Git's id of its bytes.
        record: what it says.
    """

    path: str
    blob: str
    record: MemoryRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An entry that is a memory, and cannot be read.

    Attributes:
        fault: what is wrong with it.
        id: the memory's, where that much can be read.
        is_twin: whether nothing is wrong but that another entry is the same memory.
    """

    fault: Fault
    id: MemoryId | None = None
    is_twin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where memories are read.

    Attributes:
        root: the work tree.
        folder: the entries folder, POSIX, relative to the root.
        zone: the time zone of entries that name none.
    """

    root: Path
    folder: str
    zone: tzinfo = UTC

    def read(self, blobs: Mapping[str, str]) -> Iterator[Found | Broken]:
        """The memories among some entries, in the order given.

        Args:
            blobs: path -> blob id.

        Raises:
            GitError: a blob is missing.
        """
        wanted = [(path, blob) for path, blob in blobs.items() if not skip_reason(path)]
        contents = read_blobs(self.root, [blob.encode() for _path, blob in wanted])
        for (path, blob), data in zip(wanted, contents, strict=True):
            if _MARK in data and (one := self.read_one(path, blob, data)) is not None:
                yield one

    def read_one(self, path: str, blob: str, data: bytes) -> Found | Broken | None:
        """What one entry is; None where it is no memory."""
        entry = load_entry(path, data)
        if not isinstance(entry, Entry):
            is_ours = path.startswith(f"{self.folder}/{FOLDER}/") or data.lstrip(b"\xef\xbb\xbf-\r\n").startswith(_MARK)
            return Broken(fault=entry) if is_ours else None
        found = read_memory(entry, self.zone)
        if isinstance(found, Fault):
            return Broken(fault=found, id=memory_id(entry))
        return None if found is None else Found(path=path, blob=blob, record=found)


def twin_of(found: Found, first: str) -> Broken:
    """An entry that is the same memory as another one."""
    id_ = found.record.id
    message = f"is the same memory as {first}: {id_.context} {id_.key}"
    fault = Fault(path=found.path, key="key", message=message, hint="give it another `key:`, or delete it")
    return Broken(fault=fault, id=id_, is_twin=True)
