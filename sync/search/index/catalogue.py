"""What stands where: versions of entries, their passages, and which versions make up the journal at one moment.

One SQLite file in WAL mode: any number of readers see a whole state while one writer prepares the next.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from sync.repository.wal import log_ahead
from sync.search.index.faults import ReplacedIndexError
from sync.search.index.moments import MOMENT_TABLES, Moments
from sync.search.packing import WIDTH

NUMBER_BITS = 20
"""A passage's id is its entry's, shifted by so many bits, plus its number in the entry: neighbours differ by one."""

_BUSY_S = 10.0
# Numbers are given as one JSON array: SQLite limits the number of question marks.
_ENTRIES = "select * from entries where id in (select value from json_each(?)) order by id"
_JUDGED = (
    "select p.id, p.terms, p.speaker, p.traits, e.day from passages p join entries e on e.id = p.id >> 20"
    " where p.id in (select value from json_each(?))"
)
_SPOTS = (
    "select p.id, s.headings, p.first_line, p.last_line, p.terms, p.speaker, p.traits from passages p"
    " join sections s on s.entry = p.id >> 20 and s.number = p.section"
    " where p.id in (select value from json_each(?))"
)
_TABLES = """
create table if not exists meta (name text primary key, value) without rowid;
create table if not exists entries (
    id integer primary key, path text not null, blob text not null, name text not null, title text not null,
    day text not null, context text not null, tags text not null, problem text not null,
    is_french integer not null, unique (path, blob)
);
create table if not exists sections (
    entry integer, number integer, headings text not null, primary key (entry, number)
) without rowid;
create table if not exists passages (
    id integer primary key, section integer, first_line integer, last_line integer, terms blob not null,
    speaker blob not null, traits integer not null
);
"""


class Trait(IntFlag):
    """What a passage is judged by besides its words."""

    ASKS = 1
    NAMES_TIME = 2
    IS_TITLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """A version of an entry that is in the index.

    Attributes:
        id: its number in the index.
        path: POSIX, relative to the repository.
        blob: Git's id of its bytes, hexadecimal.
        name: the entry's id.
        title: one line.
        day: YYYY-MM-DD, or empty.
        context: empty where it has none.
        tags: as written.
        problem: why it cannot be read, one line; empty where it can.
    """

    id: int
    path: str
    blob: str
    name: str
    title: str
    day: str
    context: str
    tags: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a passage stands.

    Attributes:
        id: see `NUMBER_BITS`.
        headings: what it stands under, outermost first.
        first_line, last_line: 1-based, both included.
        terms: its terms in order, packed; see `sync.search.packing`.
        speaker: the words of the bold name that it begins with, packed.
        traits: what else it is judged by, `Trait`s added up.
    """

    id: int
    headings: tuple[str, ...]
    first_line: int
    last_line: int
    terms: bytes = b""
    speaker: bytes = b""
    traits: int = 0

    @property
    def entry(self) -> int:
        """Number of its entry in the index."""
        return self.id >> NUMBER_BITS


class Catalogue(Moments):
    """The tables.

    Args:
        file: the database; None for one in memory.

    Raises:
        sqlite3.DatabaseError: the file is damaged, or is none of SQLite's.
        ReplacedIndexError: another process has just put another file in its place.
        OSError: there can be no file.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        if file:
            file.touch()
        self._inode = _inode(file)
        super().__init__(
            sqlite3.connect(file or ":memory:", timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        )
        try:
            log_ahead(self._db, _BUSY_S)
            self._db.execute("pragma synchronous = normal")
            self._db.executescript(_TABLES + MOMENT_TABLES)
            self.check_place()
        except BaseException:
            self._db.close()
            raise

    def check_place(self) -> None:
        """Make sure that what is open is what others open too.

        Raises:
            ReplacedIndexError: it is not any more.
        """
        if not self._inode or _inode(self._file) != self._inode:
            raise ReplacedIndexError("another process has replaced the index")

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for tables that stand in the same file."""
        return self._db

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def begin(self) -> None:
        """Begin to write; no other process can until `commit` or `rollback`."""
        self._db.execute("begin immediate")

    def commit(self) -> None:
        """Make what was written the state that readers see."""
        self._db.execute("commit")

    def rollback(self) -> None:
        """Forget what was written."""
        if self._db.in_transaction:
            self._db.execute("rollback")

    def get(self, name: str, default: int = 0) -> int:
        """A number that was kept under a name."""
        row = self._db.execute("select value from meta where name = ?", (name,)).fetchone()
        return int(row[0]) if row else default

    def put(self, name: str, value: int) -> None:
        """Keep a number under a name."""
        self._db.execute("insert or replace into meta values (?, ?)", (name, value))

    def ids_of(self, versions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The numbers of those of some versions, as (path, blob), that are known."""
        known = {(path, blob): id_ for id_, path, blob in self._db.execute("select id, path, blob from entries")}
        return {version: known[version] for version in versions if version in known}

    def next_id(self) -> int:
        """A number that no entry has, or had: vectors are known by it."""
        highest = int(self._db.execute("select coalesce(max(id), 0) from entries").fetchone()[0])
        return max(highest, self.get("highest")) + 1

    def add(self, entry: Indexed, spots: Sequence[Spot], *, is_french: bool) -> None:
        """Add a version of an entry, and where its passages stand."""
        sections: dict[tuple[str, ...], int] = {}
        for spot in spots:
            sections.setdefault(spot.headings, len(sections))
        row = (entry.id, entry.path, entry.blob, entry.name, entry.title, entry.day, entry.context)
        self._db.execute(
            "insert into entries values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, json.dumps(entry.tags, ensure_ascii=False), entry.problem, is_french),
        )
        self._db.executemany(
            "insert into sections values (?, ?, ?)",
            ((entry.id, number, json.dumps(path, ensure_ascii=False)) for path, number in sections.items()),
        )
        self._db.executemany(
            "insert into passages values (?, ?, ?, ?, ?, ?, ?)",
            (
                (one.id, sections[one.headings], one.first_line, one.last_line, one.terms, one.speaker, one.traits)
                for one in spots
            ),
        )

    def remove(self, ids: Sequence[int]) -> None:
        """Remove versions of entries."""
        for id_ in ids:
            self._db.execute("delete from entries where id = ?", (id_,))
            self._db.execute("delete from sections where entry = ?", (id_,))
            self._db.execute("delete from passages where id between ? and ?", _passages_of(id_))

    def entries(self, ids: Sequence[int] | None = None) -> Iterator[Indexed]:
        """Versions of entries, in the order of their numbers; None for all."""
        if ids is None:
            rows = self._db.execute("select * from entries order by id")
        else:
            rows = self._db.execute(_ENTRIES, (json.dumps(list(ids)),))
        for row in rows:
            yield Indexed(
                id=row[0], path=row[1], blob=row[2], name=row[3], title=row[4], day=row[5], context=row[6],
                tags=tuple(json.loads(row[7])), problem=row[8],
            )  # fmt: skip

    def spots(self, ids: Sequence[int]) -> dict[int, Spot]:
        """Where passages stand, by id; those that are not known are left out."""
        rows = self._db.execute(_SPOTS, (json.dumps(list(ids)),))
        return {
            row[0]: Spot(
                id=row[0],
                headings=tuple(json.loads(row[1])),
                first_line=row[2],
                last_line=row[3],
                terms=row[4],
                speaker=row[5],
                traits=row[6],
            )
            for row in rows
        }

    def judged(self, ids: Iterable[int]) -> list[tuple[int, bytes, bytes, int, str]]:
        """Id, packed terms, speaker and traits of passages, and their entries' days, in no order.

        Those that are not known are left out.
        """
        return self._db.execute(_JUDGED, (json.dumps(list(ids)),)).fetchall()

    def lines(self) -> Iterator[tuple[int, int, int, int]]:
        """Id, first and last line, and traits of every passage, by id."""
        return iter(self._db.execute("select id, first_line, last_line, traits from passages order by id"))

    def count_entries(self) -> int:
        """How many versions of entries there are."""
        return int(self._db.execute("select count(*) from entries").fetchone()[0])

    def count_passages(self) -> int:
        """How many passages there are."""
        return int(self._db.execute("select count(*) from passages").fetchone()[0])

    def recount(self) -> None:
        """Count `passages` anew, their `terms`, the `entries` that have some, and the `french` ones, for `get`."""
        passages, size, entries = self._db.execute(
            "select count(*), coalesce(sum(length(terms)), 0), count(distinct id >> 20) from passages"
        ).fetchone()
        (french,) = self._db.execute("select coalesce(sum(is_french), 0) from entries").fetchone()
        counts = {"passages": passages, "terms": size // WIDTH, "entries": entries, "french": french}
        for name, count in counts.items():
            self.put(name, count)


def passage_id(entry: int, number: int) -> int:
    """The id of an entry's passage, counted from 0."""
    return (entry << NUMBER_BITS) + number


def _passages_of(entry: int) -> tuple[int, int]:
    return passage_id(entry, 0), passage_id(entry + 1, 0) - 1


def _inode(file: Path | None) -> tuple[int, int] | None:
    """What tells a file from another of its name; None where there is none."""
    if file is None:
        return 0, 0
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino
