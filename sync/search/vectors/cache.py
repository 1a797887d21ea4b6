"""Vectors that were computed once, kept by the text's hash and the model's id.

One SQLite file with a write-ahead log: any number of processes read while one writes, and a process that dies leaves
what it had committed. Nothing in it is more than a saving of time, so a file that is no database is put away and begun
anew. A vector is kept as float16 with a checksum: a damaged one is computed again.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from sync.errors import JournalError, RetryError, UsageError
from sync.repository.lock import lock
from sync.repository.wal import log_ahead
from sync.search.vectors.embedder import Embedder, EmbedderError, Kind, unit_rows

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors

_T = TypeVar("_T")
_NAME = "vectors.sqlite"
_SCHEMA = 1
_WAIT_S = 30.0
_TEXTS_A_COMMIT = 256
_CHECK = 4
_MARKER = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+")
_ALL = "select text, vector from vectors where model = ?"
_KEYS = "select text from vectors where model = (select number from models where id = ?)"
_ONE_BY_ONE = 5_000  # more are faster found by reading all
_ONE = "select vector from vectors where model = ? and text = ?"
_DROP = """
    delete from vectors
    where model = (select number from models where id = ?) and text not in (select text from present)
"""
_TABLES = """
    create table if not exists models (number integer primary key, id text not null unique);
    create table if not exists vectors (
        model integer not null, text blob not null, vector blob not null, primary key (model, text)
    ) without rowid;
"""


def _unseen(_done: int, _of: int) -> None:
    """No one looks on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """Vectors of texts, and what it took.

    Attributes:
        vectors: one row a text, in order.
        computed: texts that the model was asked about.
        damaged: of these, those whose kept vectors were no longer what had been written.
    """

    vectors: Vectors
    computed: int
    damaged: int


class VectorCache:
    """The file of one folder. Use it as a context manager, in one thread.

    Args:
        folder: where the file lies; made where it is missing.

    Attributes:
        rebuilt: why the file was begun anew, in one line; empty where it was not.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self.rebuilt = ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = self._open()
        except OSError as error:
            raise UsageError(f"{folder}: cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._database.close()

    def embed(
        self, texts: Sequence[str], embedder: Embedder, *, progress: Callable[[int, int], None] = _unseen
    ) -> Cached:
        """The vectors of passages: those kept, and for the others the embedder's, which are kept from now on.

        Committed every 256 texts, so that a run that is stopped goes on from there.

        Args:
            texts: passages; equal ones are computed once.
            embedder: asked for what is missing.
            progress: told how many of the missing texts are done, and how many there are.

        Raises:
            RetryError: another process has been writing for half a minute.
            EmbedderError, EndpointError: the embedder failed; what came before is kept.
        """
        import numpy as np

        keys = [text_key(text) for text in texts]
        rows, damaged = self.load(keys, embedder.model_id)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        waiting = list(missing.items())
        for at in range(0, len(waiting), _TEXTS_A_COMMIT):
            part = waiting[at : at + _TEXTS_A_COMMIT]
            found = embedder.embed([normal_form(text) for _, text in part], kind=Kind.PASSAGE)
            kept = dict(zip((key for key, _ in part), found.astype(np.float16), strict=True))
            self._guarded(partial(self._keep, {key: row.tobytes() for key, row in kept.items()}, embedder.model_id))
            rows.update(kept)
            progress(min(at + _TEXTS_A_COMMIT, len(waiting)), len(waiting))
        if not keys:
            return Cached(vectors=np.empty((0, embedder.dimension), np.float32), computed=0, damaged=0)
        if len({row.size for row in rows.values()}) > 1:
            hint = f"delete {self._path}; its vectors are computed again"
            raise EmbedderError(f"{embedder.model_id}: its vectors are no longer of the length they were", hint=hint)
        vectors = np.stack([rows[key] for key in keys]).astype(np.float32)
        return Cached(vectors=unit_rows(vectors), computed=len(missing), damaged=damaged)

    def load(self, keys: Sequence[bytes], model_id: str) -> tuple[dict[bytes, Vectors], int]:
        """The kept vectors of some texts as float16 rows, and how many others are damaged.

        Args:
            keys: as `text_key` gives them.
            model_id: of the embedder that made them.
        """
        import numpy as np

        found: dict[bytes, Vectors] = {}
        damaged = 0
        for key, kept in self._guarded(lambda: self._rows(sorted(set(keys)), model_id)):
            data = kept[:-_CHECK]
            if kept[-_CHECK:] == _checksum(key, data):
                found[key] = np.frombuffer(data, np.float16)
            else:
                damaged += 1
        return found, damaged

    def known(self, model_id: str) -> set[bytes]:
        """The keys of all texts that have a vector of one model."""
        return self._guarded(lambda: {row[0] for row in self._database.execute(_KEYS, (model_id,))})

    def forget(self, model_id: str, *, but: Sequence[bytes]) -> int:
        """Drop the vectors of one model whose texts are gone.

        Args:
            model_id: of the embedder that made them.
            but: the texts that are still there.

        Returns:
            How many were dropped.

        Raises:
            RetryError: another process has been writing for half a minute.
        """
        return self._guarded(lambda: self._drop(model_id, but))

    def _rows(self, keys: Sequence[bytes], model_id: str) -> list[tuple[bytes, bytes]]:
        number = self._database.execute("select number from models where id = ?", (model_id,)).fetchone()
        if not number:
            return []
        if len(keys) > _ONE_BY_ONE:
            wanted = set(keys)
            return [row for row in self._database.execute(_ALL, number) if row[0] in wanted]
        rows = ((key, self._database.execute(_ONE, (*number, key)).fetchone()) for key in keys)
        return [(key, row[0]) for key, row in rows if row]

    def _keep(self, rows: dict[bytes, bytes], model_id: str) -> None:
        with self._writing():
            self._database.execute("insert or ignore into models (id) values (?)", (model_id,))
            self._database.executemany(
                "insert or replace into vectors select number, ?, ? from models where id = ?",
                ((key, data + _checksum(key, data), model_id) for key, data in rows.items()),
            )

    def _drop(self, model_id: str, but: Sequence[bytes]) -> int:
        with self._writing():
            self._database.execute("create temp table present (text blob primary key)")
            self._database.executemany("insert or ignore into present values (?)", ((key,) for key in but))
            dropped = self._database.execute(_DROP, (model_id,)).rowcount
            self._database.execute("drop table present")
        return dropped

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._database.execute("begin immediate")
        with self._database:
            yield

    def _guarded(self, work: Callable[[], _T]) -> _T:
        """The result of some work on the file; done again on a new one where the file turns out to be damaged."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            refusal = _refusal(self._path, error)
            if refusal:
                raise refusal from error
            self._database.close()
            self._database = self._begin_anew(error)
            return work()

    def _open(self) -> sqlite3.Connection:
        """The database; one that is none, or of another version, is begun anew."""
        try:
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            refusal = _refusal(self._path, error)
            if refusal:
                raise refusal from error
            return self._begin_anew(error)

    def _begin_anew(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        """A new file, made by one process alone: another may have made it while this one waited."""
        with lock(self._path.with_suffix(".lock")):
            try:
                return _connect(self._path, thorough=True)
            except sqlite3.DatabaseError:
                self.rebuilt = f"{self._path}: {error}; its vectors are computed again"
            for tail in ("", "-wal", "-shm"):
                self._path.with_name(_NAME + tail).unlink(missing_ok=True)
            return _connect(self._path)


def _refusal(path: Path, error: sqlite3.DatabaseError) -> JournalError | None:
    """What SQLite's error means where the file itself is sound; None where it is damaged."""
    if not isinstance(error, sqlite3.OperationalError):
        return None
    if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return RetryError(f"{path}: {error}", hint="another process writes vectors; try again")
    return UsageError(f"{path}: {error}", hint="see whether the disk is full or the folder may be written")


def normal_form(text: str) -> str:
    """The text that is embedded: NFC, without its list marker and the asterisks of bold words, blanks as one space."""
    return " ".join(_without_marker(unicodedata.normalize("NFC", text)).replace("**", "").split())


def _without_marker(text: str) -> str:
    marker = _MARKER.match(text)
    return text[marker.end() :] if marker else text


def text_key(text: str) -> bytes:
    """SHA-256 of a text's normal form. Halves of surrogate pairs, which UTF-8 has not, count too."""
    return sha256(normal_form(text).encode("utf-8", "surrogatepass")).digest()


def _checksum(key: bytes, data: bytes) -> bytes:
    return zlib.crc32(data, zlib.crc32(key)).to_bytes(_CHECK, "little")


def _connect(path: Path, *, thorough: bool = False) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    try:
        log_ahead(database, _WAIT_S)
        database.execute("pragma synchronous = normal")  # a power cut may cost the last commits, never the file
        version = database.execute("pragma user_version").fetchone()[0]
        if not version:
            database.executescript(f"begin immediate; {_TABLES} pragma user_version = {_SCHEMA}; commit;")
        state = database.execute("pragma quick_check(1)").fetchone()[0] if thorough else "ok"
        if version not in {0, _SCHEMA} or state != "ok":
            raise sqlite3.DatabaseError(f"version {version} of {_SCHEMA}, {state}")  # noqa: TRY301
    except BaseException:
        database.close()
        raise
    return database
