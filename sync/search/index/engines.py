"""Which inverted index there is on this machine, and opening the index that is made with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sync.errors import RetryError
from sync.search.index.catalogue import Catalogue
from sync.search.index.index import VERSION, Index, throw_away
from sync.search.index.words import DamagedIndexError, Words

NO_TANTIVY = "tantivy is not installed: searching with SQLite, which is slow in large journals"
_FOLDER = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An index, and what there is to say about it.

    Attributes:
        index: open.
        notes: that it was damaged, that it is kept in memory, that an engine is missing.
    """

    index: Index
    notes: tuple[str, ...]


def open_index(state_folder: Path | None) -> Opened:
    """The index of a clone, made where there is none, thrown away where it is damaged or of another version.

    Args:
        state_folder: `.git/journal`; None for an index in memory.

    Raises:
        RetryError: it is damaged, and another process holds it.
    """
    name, engine = choose_engine()
    notes: tuple[str, ...] = () if name == "tantivy" else (NO_TANTIVY,)
    if state_folder is None:
        return Opened(index=Index(None, engine), notes=notes)
    folder = state_folder / _FOLDER / f"{VERSION}-{name}"
    try:
        is_new = not folder.exists()
        index, damaged = _opened(folder, engine)
    except OSError as error:
        notes += (f"the index is kept in memory: {error.filename or folder}: {error.strerror or error}",)
        return Opened(index=Index(None, engine), notes=notes)
    if is_new:
        _remove_others(folder)
    return Opened(index=index, notes=(*notes, *damaged))


def choose_engine() -> tuple[str, Callable[[Path | None, Catalogue], Words]]:
    """The name and the maker of the best inverted index that is installed."""
    try:
        from sync.search.index.tantivy_words import TantivyWords
    except ImportError:
        return "fts5", _fts5
    return "tantivy", lambda folder, _catalogue: TantivyWords(folder)


def remove_index(state_folder: Path) -> None:
    """Remove the index of a clone; the next search builds it again.

    Raises:
        RetryError: another process is writing it.
    """
    from sync.repository.lock import lock

    with lock(state_folder / _FOLDER):
        throw_away(state_folder / _FOLDER / f"{VERSION}-{choose_engine()[0]}")


def rebuild(index: Index) -> Index:
    """Throw an index away that turned out to be damaged while it was used, and open an empty one in its place."""
    _, engine = choose_engine()
    index.close()
    if index.folder is None:
        return Index(None, engine)
    throw_away(index.folder)
    return Index(index.folder, engine)


def _opened(folder: Path, engine: Callable[[Path | None, Catalogue], Words]) -> tuple[Index, tuple[str, ...]]:
    try:
        return Index(folder, engine), ()
    except DamagedIndexError as error:
        from sync.repository.lock import lock

        with lock(folder.parent):
            throw_away(folder)
        return Index(folder, engine), (f"the index was damaged ({error}); it was built again",)


def _remove_others(folder: Path) -> None:
    """Remove the indexes of other versions, unless one is being written."""
    from sync.repository.lock import lock

    with contextlib.suppress(RetryError), lock(folder.parent, wait_s=0):
        for other in folder.parent.iterdir():
            if other != folder and other.is_dir():
                throw_away(other)


def _fts5(_folder: Path | None, catalogue: Catalogue) -> Words:
    from sync.search.index.fts5_words import Fts5Words

    return Fts5Words(catalogue.connection)
