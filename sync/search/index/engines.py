"""Which inverted index there is on this machine, and opening the index that is made with it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sync.errors import RetryError, UsageError
from sync.search.index.catalogue import Catalogue
from sync.search.index.faults import DamagedIndexError, Fault, ReplacedIndexError, UnwritableIndexError
from sync.search.index.index import VERSION, Index, throw_away
from sync.search.index.words import Words

NO_TANTIVY = "tantivy is not installed: searching with SQLite, which is slow in large journals"

_BUILT_AGAIN = "the index was damaged ({}); it was built again"
_FOLDER = "search"
_Engine = Callable[[Path | None, Catalogue], Words]
_REPLACED_OFTEN = 5  # times in a row, which no process does
_UNUSED_S = 7 * 86_400.0


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
    """The index of a clone: made where there is none, made again where it is damaged, in memory where it cannot be.

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
        index, damaged = _opened(folder, engine)
    except OSError as error:
        return _in_memory(f"{error.filename or folder}: {error.strerror or error}", notes)
    except (UnwritableIndexError, DamagedIndexError) as error:
        return _in_memory(str(error), notes)
    _remove_unused(folder)
    return Opened(index=index, notes=(*notes, *damaged))


def reopen_index(index: Index, fault: Fault, *, in_memory: bool) -> Opened:
    """The index that is to be used instead of one that turned out to be faulty, which is closed.

    Args:
        index: the faulty one.
        fault: what is wrong with it.
        in_memory: whether to try no other in its place.

    Raises:
        RetryError: it is damaged, and another process holds it.
    """
    folder = index.folder
    if folder is None or in_memory or isinstance(fault, UnwritableIndexError):
        index.close()
        return _in_memory(str(fault), ())
    notes: tuple[str, ...] = ()
    if isinstance(fault, DamagedIndexError):
        _throw_away_if_open(folder, index)
        notes = (_BUILT_AGAIN.format(fault),)
    index.close()
    opened = open_index(folder.parent.parent)
    return Opened(index=opened.index, notes=(*notes, *(note for note in opened.notes if note != NO_TANTIVY)))


def choose_engine() -> tuple[str, _Engine]:
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


def _opened(folder: Path, engine: _Engine) -> tuple[Index, tuple[str, ...]]:
    """The index in a folder, and what there is to say about it."""
    for _ in range(_REPLACED_OFTEN):
        try:
            return Index(folder, engine), ()
        except ReplacedIndexError:
            continue
        except DamagedIndexError:
            with contextlib.suppress(ReplacedIndexError):
                return _mended(folder, engine)
    raise UnwritableIndexError(f"{folder}: other processes replace it all the time")


def _mended(folder: Path, engine: _Engine) -> tuple[Index, tuple[str, ...]]:
    """The same for one that was damaged a moment ago, unless another process has mended it meanwhile."""
    with _lock(folder.parent):
        try:
            return Index(folder, engine), ()
        except DamagedIndexError as error:
            throw_away(folder)
            return Index(folder, engine), (_BUILT_AGAIN.format(error),)


def _throw_away_if_open(folder: Path, index: Index) -> None:
    """Throw a folder away, unless another process has put another index there than the one that is open."""
    with contextlib.suppress(ReplacedIndexError, UnwritableIndexError), _lock(folder.parent):
        index.catalogue.check_place()
        throw_away(folder)


def _remove_unused(folder: Path) -> None:
    """Remove the indexes of other versions that nobody has opened for long: opening writes into their folders."""
    now = time.time()
    with contextlib.suppress(OSError, RetryError, UnwritableIndexError):
        others = [other for other in folder.parent.iterdir() if other != folder and other.is_dir()]
        unused = [one for one in others if one.name.startswith(".") or now - one.stat().st_mtime > _UNUSED_S]
        if unused:
            with _lock(folder.parent, wait_s=0):
                for one in unused:
                    throw_away(one)


@contextlib.contextmanager
def _lock(folder: Path, *, wait_s: float = 10.0) -> Iterator[None]:
    from sync.repository.lock import lock  # slow to import, and seldom needed

    with contextlib.ExitStack() as held:
        try:
            held.enter_context(lock(folder, wait_s=wait_s))
        except UsageError as error:
            raise UnwritableIndexError(error.message) from error
        yield


def _in_memory(reason: str, notes: tuple[str, ...]) -> Opened:
    note = f"the index is kept in memory: {reason}"
    return Opened(index=Index(None, choose_engine()[1]), notes=(*notes, note))


def _fts5(_folder: Path | None, catalogue: Catalogue) -> Words:
    from sync.search.index.fts5_words import Fts5Words

    return Fts5Words(catalogue.connection)
