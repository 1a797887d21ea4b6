"""The index as a whole: opened, brought up to date with a listing of entries, thrown away where it is damaged.

It is a projection of versions of entries: what a version says never changes, so only versions that are not known are
read, whatever branch, work tree or commit they come from. Words are committed before the catalogue is: killed in
between, the index holds words of versions that nobody knows, and removes them when their number is given again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sync.errors import RetryError, UsageError
from sync.search.analysis import VERSION as ANALYSIS_VERSION
from sync.search.analysis import Language
from sync.search.index.catalogue import Catalogue
from sync.search.index.faults import DamagedIndexError, UnwritableIndexError, explained
from sync.search.index.words import Words
from sync.search.packing import length

if TYPE_CHECKING:
    from sync.repository.listing import Listing, Row

VERSION = f"2.{ANALYSIS_VERSION}"
"""Another one means another index: of the tables, of how entries are cut, and of how words are analysed."""

_WAIT_S = 2.0
_SPARE = 1_000  # so many versions that nobody needs are kept for branches that are switched back to

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The entries of a journal at one moment.

    Attributes:
        ids: their numbers in the index, ascending.
        is_all: whether the index holds no other ones.
        missing: how many of them are not in the index yet.
    """

    ids: array[int]
    is_all: bool
    missing: int = 0


class Index:
    """Catalogue and words of one clone. Use as a context manager, or `close` it.

    Args:
        folder: where it lies; None for an index in memory.
        engine: makes the words of a catalogue's folder.

    Raises:
        DamagedIndexError: it must be built again.
        ReplacedIndexError: another process has just replaced it.
        UnwritableIndexError, OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path | None, engine: Callable[[Path | None, Catalogue], Words]) -> None:
        self.folder = folder
        self._parsed: dict[bytes, tuple[str, str] | None] = {}
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        with explained():
            self.catalogue = Catalogue(folder and folder / "catalogue.sqlite")
            try:
                self.words = engine(folder, self.catalogue)
                self._check()
            except BaseException:
                self.catalogue.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its files."""
        self.words.close()
        self.catalogue.close()

    def bring_up(self, listing: Listing, progress: Progress, otherwise: Language = Language.ENGLISH) -> Snapshot:
        """Add what is missing of a journal.

        Args:
            listing: the journal's files.
            progress: told how many of the missing entries have been read, and how many there are.
            otherwise: the language of entries that do not tell their own.

        Returns:
            The journal's entries; without those that are missing, where another process has been writing for long.

        Raises:
            RetryError: a file changed while it was read.
            DamagedIndexError, ReplacedIndexError, UnwritableIndexError: another index is needed.
        """
        digest = _digest(listing)
        with explained(), contextlib.ExitStack() as held:
            known = self.catalogue.snapshot(digest)
            if known is not None:
                return self._snapshot(known)
            try:
                held.enter_context(self._lock())
            except RetryError:
                return self._known_part(listing)
            return self._extend(listing, digest, progress, otherwise)

    def recognise(self, mark: bytes) -> Snapshot | None:
        """The journal that a mark was given to; None where it is not known."""
        with explained():
            digest = self.catalogue.marked(mark) if mark else None
            ids = self.catalogue.snapshot(digest) if digest else None
            return None if ids is None else self._snapshot(ids)

    def remember(self, mark: bytes, listing: Listing) -> None:
        """Give a mark to a journal that was brought up. Where another process writes, it is let be."""
        if mark:
            with explained(), contextlib.suppress(sqlite3.OperationalError):
                self.catalogue.mark(mark, _digest(listing))

    @property
    def language(self) -> Language:
        """The language that most entries are written in."""
        get = self.catalogue.get
        return Language.FRENCH if 2 * get("french") > get("entries") else Language.ENGLISH

    @property
    def average(self) -> float:
        """How many terms a passage has, on average; never 0."""
        return max(self.catalogue.get("terms") / max(self.catalogue.get("passages"), 1), 1.0)

    def _extend(self, listing: Listing, digest: bytes, progress: Progress, otherwise: Language) -> Snapshot:
        catalogue = self.catalogue
        catalogue.begin()
        try:
            if not catalogue.get("name"):
                catalogue.put("name", int.from_bytes(os.urandom(7)))  # numbers of entries are its own
            self._reload()
            rows = self._readable(listing)
            known = catalogue.ids_of(rows)
            missing = [line for version, line in rows.items() if version not in known]
            added, changed = self._add(listing, missing, progress, otherwise)
            if changed is None:
                catalogue.add_snapshot(digest, [*known.values(), *added])
                self._drop_unused(len(rows))
            self.words.commit()
            catalogue.commit()
        except BaseException:
            self.words.close()
            catalogue.rollback()
            raise
        if changed is not None:
            raise changed
        ids = catalogue.snapshot(digest)
        return self._snapshot(ids if ids is not None else array("q"))

    def _add(
        self, listing: Listing, missing: Sequence[bytes], progress: Progress, otherwise: Language
    ) -> tuple[list[int], RetryError | None]:
        """Add entries up to the first that changed since it was listed; their numbers, and what is said of that one."""
        first = self.catalogue.next_id()
        self.words.remove(range(first, first + len(missing)))  # of a process that was killed
        counts = Counter[str]()
        ids: list[int] = []
        changed = None
        contents = listing.read(missing)
        try:
            for number, (row, data) in enumerate(contents):
                progress(number, len(missing))
                counts += self._add_entry(first + number, row, data, otherwise)
                ids.append(first + number)
        except RetryError as error:  # what was read before is kept, so that reading it all again is short
            changed = error
        for name, count in counts.items():
            self.catalogue.put(name, self.catalogue.get(name) + count)
        self.catalogue.put("highest", first + len(missing) - 1)
        return ids, changed

    def _add_entry(self, id_: int, row: Row, data: bytes, otherwise: Language) -> Counter[str]:
        from sync.search.index.cutting import cut_entry

        piece = cut_entry(id_, row.name, row.blob.decode(), data, otherwise)
        is_french = bool(piece.spots) and piece.language is Language.FRENCH
        self.catalogue.add(piece.entry, piece.spots, is_french=is_french)
        if piece.spots:
            self.words.add(id_, piece.near, piece.whole, piece.heading)
        terms = sum(length(spot.terms) for spot in piece.spots)
        return Counter(passages=len(piece.spots), entries=bool(piece.spots), terms=terms, french=is_french)

    def _drop_unused(self, wanted: int) -> None:
        if self.catalogue.count_entries() <= wanted + max(_SPARE, wanted):
            return
        unused = self.catalogue.unused()
        if len(unused) > max(_SPARE, wanted):
            self.words.remove(unused)
            self.catalogue.remove(unused)
            self.catalogue.recount()

    def _readable(self, listing: Listing) -> dict[tuple[str, str], bytes]:
        """(path, blob id) of every entry, with its line of the listing. Lines that were there before are not parsed."""
        parsed = self._parsed
        self._parsed = {line: parsed[line] if line in parsed else _version_of(line) for line in listing.lines}
        return {version: line for line, version in self._parsed.items() if version is not None}

    def _known_part(self, listing: Listing) -> Snapshot:
        rows = self._readable(listing)
        known = self.catalogue.ids_of(rows)
        return Snapshot(ids=array("q", sorted(known.values())), is_all=False, missing=len(rows) - len(known))

    def _snapshot(self, ids: array[int]) -> Snapshot:
        self._reload()
        return Snapshot(ids=ids, is_all=len(ids) == self.catalogue.count_entries())

    def _reload(self) -> None:
        """See what others wrote. Words lie where another process may have put others, with other numbers."""
        try:
            self.words.reload()
        finally:
            self.catalogue.check_place()

    def _check(self) -> None:
        """Refuse words that are fewer than the catalogue's passages; while another process writes, they can be."""
        if self._is_short():
            self._reload()
            if self._is_short():
                raise DamagedIndexError("words are missing")
        self.catalogue.check_place()

    def _is_short(self) -> bool:
        get, words = self.catalogue.get, self.words
        return words.passages < get("passages") or words.entries < get("entries")

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        if self.folder is None:
            yield
            return
        from sync.repository.lock import lock  # slow to import, and not needed where nothing has changed

        with contextlib.ExitStack() as held:
            try:
                held.enter_context(lock(self.folder.parent, wait_s=_WAIT_S))
            except UsageError as error:
                raise UnwritableIndexError(error.message) from error
            yield


def throw_away(folder: Path) -> None:
    """Remove an index, in one step for everybody else. Processes that have it open see that it was replaced."""
    import shutil
    from uuid import uuid4

    away = folder.with_name(f".{uuid4().hex}")
    with contextlib.suppress(OSError):
        folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)


def _digest(listing: Listing) -> bytes:
    return blake2b(b"\0".join(listing.lines), digest_size=16).digest()


def _version_of(line: bytes) -> tuple[str, str] | None:
    """(path, blob id) of an entry, from its line of a listing; None for a file that is no entry."""
    from sync.document.naming import skip_reason
    from sync.repository.listing import to_row

    row = to_row(line)
    return None if row.problem or skip_reason(row.name) else (row.name, row.blob.decode())
