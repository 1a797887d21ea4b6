"""What stands where: versions of entries, their passages, and which versions make up the journal at one moment.

One SQLite file in WAL mode: any number of readers see a whole state while one writer prepares the next.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

NUMBER_BITS = 20
"""A passage's id is its entry's, shifted by so many bits, plus its number in the entry: neighbours differ by one."""

_KEPT_SNAPSHOTS = 32
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
    unique (path, blob)
);
create table if not exists sections (
    entry integer, number integer, headings text not null, primary key (entry, number)
) without rowid;
create table if not exists passages (
    id integer primary key, section integer, first_line integer, last_line integer, terms blob not null,
    speaker blob not null, traits integer not null
);
create table if not exists snapshots (digest blob primary key, ids blob not null, used integer not null) without rowid;
create table if not exists marks (mark blob primary key, digest blob not null, used integer not null) without rowid;
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


class Catalogue:
    """The tables.

    Args:
        file: the database; None for one in memory.

    Raises:
        sqlite3.DatabaseError: the file is damaged, or is none of SQLite's.
    """

    def __init__(self, file: Path | None) -> None:
        self._db = sqlite3.connect(file or ":memory:", timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            self._db.executescript(_TABLES)
        except sqlite3.Error:
            self._db.close()
            raise

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
        """A number that no entry has."""
        return int(self._db.execute("select coalesce(max(id), 0) + 1 from entries").fetchone()[0])

    def add(self, entry: Indexed, spots: Sequence[Spot]) -> None:
        """Add a version of an entry, and where its passages stand."""
        sections: dict[tuple[str, ...], int] = {}
        for spot in spots:
            sections.setdefault(spot.headings, len(sections))
        row = (entry.id, entry.path, entry.blob, entry.name, entry.title, entry.day, entry.context)
        self._db.execute(
            "insert into entries values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, json.dumps(entry.tags, ensure_ascii=False), entry.problem),
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

    def count_entries_with_passages(self) -> int:
        """How many versions of entries have passages."""
        return int(self._db.execute("select count(distinct id >> 20) from passages").fetchone()[0])

    def count_passages(self) -> int:
        """How many passages there are."""
        return int(self._db.execute("select count(*) from passages").fetchone()[0])

    def snapshot(self, digest: bytes) -> array[int] | None:
        """The numbers of the entries that made up a journal, ascending; None where it is not known."""
        row = self._db.execute("select ids from snapshots where digest = ?", (digest,)).fetchone()
        if row is None:
            return None
        ids = array("q")
        ids.frombytes(row[0])
        return ids

    def marked(self, mark: bytes) -> bytes | None:
        """The digest of the journal that a mark was given to."""
        row = self._db.execute("select digest from marks where mark = ?", (mark,)).fetchone()
        return bytes(row[0]) if row else None

    def mark(self, mark: bytes, digest: bytes) -> None:
        """Give a mark to a journal; those that were given longest ago are forgotten."""
        newest = int(self._db.execute("select coalesce(max(used), 0) + 1 from marks").fetchone()[0])
        self._db.execute("insert or replace into marks values (?, ?, ?)", (mark, digest, newest))
        self._db.execute("delete from marks where used <= ?", (newest - _KEPT_SNAPSHOTS,))

    def add_snapshot(self, digest: bytes, ids: Iterable[int]) -> None:
        """Remember a journal; those that were remembered longest ago are forgotten."""
        newest = int(self._db.execute("select coalesce(max(used), 0) + 1 from snapshots").fetchone()[0])
        packed = array("q", sorted(ids)).tobytes()
        self._db.execute("insert or replace into snapshots values (?, ?, ?)", (digest, packed, newest))
        self._db.execute("delete from snapshots where used <= ?", (newest - _KEPT_SNAPSHOTS,))

    def unused(self) -> list[int]:
        """Numbers of the entries that no journal remembered is made of."""
        used: set[int] = set()
        for (packed,) in self._db.execute("select ids from snapshots"):
            ids = array("q")
            ids.frombytes(packed)
            used.update(ids)
        return [id_ for (id_,) in self._db.execute("select id from entries") if id_ not in used]


def passage_id(entry: int, number: int) -> int:
    """The id of an entry's passage, counted from 0."""
    return (entry << NUMBER_BITS) + number


def _passages_of(entry: int) -> tuple[int, int]:
    return passage_id(entry, 0), passage_id(entry + 1, 0) - 1
