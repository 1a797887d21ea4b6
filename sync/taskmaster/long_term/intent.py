"""What a flush is about to have told the tiers, written down before it commits.

A process that dies once the commit is made has not told the working tier. The next flush finds what was about to be
told, finds the commit by its token, and tells it; without the commit nothing was told, and nothing is.

Once it is told, it is kept, in another file, until the next flush has told its own: who had read a memory before it was
told, and writes it behind, still names the entry that it was based on before.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from sync.repository.files import read_or_none, write_atomic
from sync.repository.git import run_git
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import Held

TOKEN = "Journal-Flush"  # noqa: S105 (a trailer, no password)
"""The trailer that names the flush that a commit was made by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is told once a commit is made.

    Attributes:
        versions: the versions of memories that the journal then has.
        bases: the entries' ids in Git that the next writes are based on.
        befores: those that the working tier had before, as it stated them.
        token: names the flush.
    """

    versions: Mapping[MemoryId, int]
    bases: Mapping[MemoryId, str]
    befores: Mapping[MemoryId, str] = field(default_factory=dict)
    token: str = field(default_factory=lambda: uuid.uuid4().hex)


def save_intent(state_folder: Path, root: Path, intent: Intent) -> None:
    """Write down, durably, what is to be told."""
    _save(_file(state_folder, root), intent)


def load_intent(state_folder: Path, root: Path) -> Intent | None:
    """What a flush that died was about to tell; None where none did."""
    return _load(_file(state_folder, root))


def drop_intent(state_folder: Path, root: Path) -> None:
    """What was about to be told never came about."""
    _file(state_folder, root).unlink(missing_ok=True)


def save_told(state_folder: Path, root: Path, intent: Intent) -> None:
    """It was told: keep it, and be done with it."""
    _save(_file(state_folder, root, "flushed"), intent)
    drop_intent(state_folder, root)


def load_told(state_folder: Path, root: Path) -> Intent | None:
    """What the last flush told; None where there was none."""
    return _load(_file(state_folder, root, "flushed"))


def _save(file: Path, intent: Intent) -> None:
    told = {
        "token": intent.token,
        "told": [
            [*id_, version, intent.bases.get(id_), intent.befores.get(id_, "")]
            for id_, version in intent.versions.items()
        ],
    }
    write_atomic(file, [json.dumps(told).encode()])


def _load(file: Path) -> Intent | None:
    data = read_or_none(file)
    try:
        told = json.loads(data) if data else None
        if told is None:
            return None
        rows = [(MemoryId(*row[:2]), *row[2:]) for row in told["told"]]
        return Intent(
            token=str(told["token"]),
            versions={id_: int(version) for id_, version, _base, _before in rows},
            bases={id_: str(base) for id_, _version, base, _before in rows if base is not None},
            befores={id_: str(before) for id_, _version, _base, before in rows},
        )
    except (ValueError, KeyError, TypeError):
        return None  # it was never finished, so nothing was committed


def current_base(held: Held, last: Intent | None, ours: str) -> str:
    """The entry that a memory was really based on.

    Args:
        held: the memory.
        last: the last flush; None where there was none.
        ours: the entry's id in the journal now.
    """
    id_ = held.memory.id
    is_late = last is not None and last.versions.get(id_, held.memory.version) < held.memory.version
    if last is None or not is_late or held.base == ours or held.base != last.befores.get(id_):
        return held.base
    return last.bases.get(id_, held.base)


def is_committed(root: Path, commit: str | None, intent: Intent) -> bool:
    """Whether the commit of a flush is in the history of a commit."""
    if commit is None:
        return False
    wanted = f"--grep={TOKEN}: {intent.token}"
    found = run_git(root, "log", "-1", "--format=%H", "--fixed-strings", wanted, commit, "--")
    return bool(found.strip())


def _file(state_folder: Path, root: Path, kind: str = "flushing") -> Path:
    """Work trees share the folder, each has a file of its own."""
    name = sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return state_folder / f"{kind}-{name}.json"
