"""What the last export remembers of the files it wrote, so that the next one replaces only what changed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from sync.engine.layout import Layout, from_state, to_state
from sync.repository.files import read_or_none, signature, write_atomic

PROJECTION_VERSION = 1
"""Raised when the same entries give other bytes, so that files laid out by an older version are made anew."""

_WRITTEN = "written.json"
_KEPT = 4  # states of as many selections; those of others are made anew when they are asked for


class ProjectionState:
    """The memory of one projection. Losing it costs time, nothing else.

    Args:
        root: the repository.
        folder: where the state lies (`.git/journal`); None keeps none.
        made_from: everything besides the entries that the projection's bytes depend on; JSON.
    """

    def __init__(self, root: Path, folder: Path | None, made_from: object) -> None:
        self._root = root
        self._fingerprint = sha256(json.dumps([PROJECTION_VERSION, made_from]).encode()).hexdigest()
        self._file = folder / f"export-{self._fingerprint[:16]}.state" if folder else None
        self._signatures: dict[str, list[int]] = {}

    def load(self) -> Layout | None:
        """How the files were laid out; None where nothing is remembered."""
        data = read_or_none(self._file) if self._file else None
        found = from_state(data) if data else None
        if found is None or found[1].get("fingerprint") != self._fingerprint:
            return None
        self._signatures = found[1].get("signatures", {})
        return found[0]

    def is_ours(self, path: str) -> bool:
        """Whether a file is still the one that was written; asked after `load`."""
        return bool(self._signatures.get(path)) and self._signatures[path] == signature(self._root / path)

    def open_if_ours(self, path: str, stack: contextlib.ExitStack) -> int | None:
        """The file, open for reading as long as the stack is, if it is still the one that was written."""
        if not self.is_ours(path):
            return None
        handle = stack.enter_context((self._root / path).open("rb")).fileno()
        return handle if signature(handle) == self._signatures[path] else None

    def save(self, layout: Layout, paths: Sequence[str]) -> None:
        """Remember files as they are now."""
        if self._file is None:
            return
        signatures = {path: signature(self._root / path) for path in paths}
        facts = {"fingerprint": self._fingerprint, "signatures": signatures}
        write_atomic(self._file, [to_state(layout, facts)])
        states = sorted(self._file.parent.glob("export-*.state"), key=lambda file: file.stat().st_mtime_ns)
        for forgotten in states[:-_KEPT]:
            forgotten.unlink(missing_ok=True)


def remember_written(root: Path, folder: Path, path: str) -> None:
    """Remember a file as one that an export wrote."""
    write_atomic(folder / _WRITTEN, [json.dumps({path: signature(root / path)}).encode()])


def was_written(root: Path, folder: Path, path: str) -> bool:
    """Whether a file is still the one that an export wrote last."""
    try:
        known = json.loads(read_or_none(folder / _WRITTEN) or b"{}")
        return bool(known.get(path)) and known[path] == signature(root / path)
    except (ValueError, AttributeError):
        return False  # what was cut short is forgotten
