"""A store's files on this machine: reading them whole, and replacing them so that nothing others write is lost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.errors import RetryError, ShapeError, UsageError
from sync.repository.exchange import Displaced, snapshot, swap
from sync.repository.files import refuse_outside
from sync.stores.protocol import Files, Store

SETTLE_S = 0.1
"""How long a store is watched after it was written, in seconds, if others rewrite it from a copy they read before."""

_TRIES, _PAUSE_S = 20, 0.05  # a store that is being written is torn for a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a store lies.

    Attributes:
        store: its adapter.
        folder: the folder of its files.
        file: the one file of a store that has one; empty for a folder.
        inside: the folder relative to the repository, POSIX; None for a store of this machine alone.
        ref: where its base is.
    """

    store: Store[Any]
    folder: Path
    file: str = ""
    inside: str | None = None
    ref: str = ""

    @property
    def identity(self) -> str:
        """What tells the store from another one of its format: a base belongs to one place."""
        return f"{self.inside}/{self.file}" if self.inside is not None else self.shown

    @property
    def shown(self) -> str:
        """The place for people."""
        return str(self.folder / self.file) if self.file else str(self.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of writing a store.

    Attributes:
        present: the store's files as they are now, as far as is known.
        others: the files as others left them, where they wrote at the same moment; None where nobody did.
    """

    present: Files
    others: Files | None = None


def read_place(place: Place) -> dict[str, bytes] | None:
    """The store's files; None where the store is not on this machine.

    Raises:
        UsageError: a file cannot be read.
        RetryError: the store keeps changing while it is read.
    """
    if not place.folder.is_dir():
        return None
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            before = _signatures(place)
            files = {name: _read(place, name) for name in before}
            if _signatures(place) == before:
                return {name: data for name, data in files.items() if data is not None}
        time.sleep(_PAUSE_S)
    raise RetryError(f"{place.shown} keeps changing while it is read", hint="run the command again")


def read_whole(place: Place, seen: dict[str, bytes] | None = None) -> dict[str, bytes] | None:
    """As `read_place`; a store that is torn is read again, since somebody may be in the middle of writing it.

    Args:
        place: where it lies.
        seen: its files as they were just read.

    Raises:
        ShapeError: it stays torn, or is not of the shape that its adapter knows.
    """
    tries = _TRIES if place.store.is_volatile else 2
    for left in range(tries - 1, -1, -1):
        files, seen = seen or read_place(place), None
        if files is None:
            return None
        try:
            place.store.split(files)
        except ShapeError:
            if not left:
                raise
            time.sleep(_PAUSE_S)
        else:
            break
    return files


def write_place(place: Place, before: Files, changes: Mapping[str, bytes | None]) -> Written:
    """Replace files of a store.

    Args:
        place: where it lies.
        before: its files as they were read.
        changes: file name -> its new bytes, None where it goes.

    Returns:
        What the store holds now, and what others wrote to it meanwhile, which is then not in it.

    Raises:
        RetryError: the store keeps changing while it is read again.
        UsageError: the disk refuses.
    """
    present = dict(before)
    others = dict(before)
    displaced: dict[str, Displaced] = {}
    is_raced = False
    with contextlib.ExitStack() as stack:
        for name, data in changes.items():
            path = place.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                displaced[name] = stack.enter_context(swap(_target(path), data, before.get(name)))
            except RetryError:  # what has been written already may have displaced something as well
                is_raced, found = True, _read(place, name)
                _put(others, name, found)
                _put(present, name, found)
            else:
                _put(present, name, data)
        if changes and place.store.is_volatile:
            time.sleep(SETTLE_S)
        for name, one in displaced.items():
            late = one.late()
            _put(others, name, one.data if late is None else late)
    if is_raced or others != dict(before):
        return Written(present=present, others=others)
    if changes and place.store.is_volatile and (now := read_whole(place)) != present:
        return Written(present=now or {}, others=now)
    return Written(present=present)


def _target(path: Path) -> Path:
    """The file itself, where the store's file is a link to it."""
    return path.resolve() if path.is_symlink() else path


def _put(files: dict[str, bytes], name: str, data: bytes | None) -> None:
    if data is None:
        files.pop(name, None)
    else:
        files[name] = data


def _signatures(place: Place) -> dict[str, tuple[int, ...]]:
    """Name -> what tells whether a file is still the same, of the files that belong to the store."""
    names = [place.file] if place.file else sorted(one.name for one in place.folder.iterdir())
    found: dict[str, tuple[int, ...]] = {}
    for name in names:
        path = place.folder / name
        if (place.file or place.store.is_part(name)) and path.is_file():
            status = path.stat()
            found[name] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def _read(place: Place, name: str) -> bytes | None:
    with snapshot(_target(place.folder / name)) or contextlib.nullcontext() as seen:
        return seen.data if seen else None


def refuse_unusable(place: Place, root: Path) -> None:
    """Stop where something else is in the store's place.

    Raises:
        UsageError: the store's folder is a file, or its file a folder.
        RefusedError: a store inside the repository leads out of it, by a link that came with a pull request.
    """
    if place.inside is not None:
        refuse_outside(_target(place.folder / (place.file or "memory.md")), root)
    if place.folder.exists() and not place.folder.is_dir():
        raise UsageError(f"{place.folder} is not a folder", hint=f"see stores.{place.store.name}.path")
    if place.file and (place.folder / place.file).is_dir():
        raise UsageError(f"{place.folder / place.file} is a folder", hint=f"see stores.{place.store.name}.path")
