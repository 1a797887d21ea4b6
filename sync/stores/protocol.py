"""What a store's adapter is: pure functions between bytes and records, and between records and entries.

An adapter knows one version of one format. What it does not understand it refuses by name, and the store is then only
read. A `chunk` is the bytes of one record as they stand in the store; chunks that are equal byte for byte need not be
parsed, so a sync costs what changed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from sync.document.entry import Entry

Files = Mapping[str, bytes]
"""A store's files by name, relative to the store's folder; a store of one file has one."""

Chunks = Mapping[str, bytes]
"""Record key -> the bytes of the record, in the order of the store."""

R = TypeVar("R", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The entry a record is rendered from.

    Attributes:
        path: POSIX, relative to the repository.
        blob: Git's id of the entry's bytes, hexadecimal.
    """

    path: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """An entry for a record that the journal does not have.

    Attributes:
        stem: of its file name; made of the record alone, so that two machines make the same file.
        text: the entry's text.
    """

    stem: str
    text: str


class Store(Protocol[R]):
    """One external format.

    For every entry `e` and every record `r` of the store, with `e.id == key_of_entry`:

        get(put(r, e)) == r            what was written is what is shown
        put(get(e), e) == e            nothing changed, no byte changes
        parse(render(r, …)) == r       and get(the entry that create(r) makes) == r
        join(files, {}) == {}          nothing changed, no file changes
    """

    name: ClassVar[str]
    """The store's name in commands, settings and refs: `augment`."""

    version: ClassVar[str]
    """The version of the format that is understood: `augment-json/1`."""

    key_name: ClassVar[str]
    """The front matter key that holds an entry's key in the store, where its file's stem does not."""

    is_volatile: ClassVar[bool]
    """Whether a process that knows no lock may rewrite the store from an old copy at any moment."""

    def is_part(self, name: str) -> bool:
        """Whether a file of the store's folder belongs to the store."""
        ...

    def split(self, files: Files) -> Chunks:
        """The store's records, unparsed.

        Raises:
            ShapeError: not the shape this adapter knows; the message says where and what.
        """
        ...

    def count(self, files: Files) -> int:
        """How many records the files of `join` hold: counted in their bytes, not known from how they were made."""
        ...

    def parse(self, key: str, chunk: bytes) -> R:
        """One record, as far as the journal is concerned; what is the store's own is left out.

        Raises:
            ShapeError: the record is not of the shape this adapter knows, or no entry could hold it.
        """
        ...

    def key(self, entry: Entry) -> str:
        """The key under which the store has an entry."""
        ...

    def get(self, entry: Entry) -> R:
        """The record of an entry."""
        ...

    def put(self, record: R, entry: Entry) -> Entry:
        """The entry that shows a record; only the spans of what differs are replaced.

        Raises:
            ProjectionError: the entry cannot hold the record.
        """
        ...

    def create(self, key: str, chunk: bytes) -> Created:
        """An entry for a record that came from the store. `get` of it gives the record.

        Raises:
            ProjectionError: no entry can hold it.
        """
        ...

    def render(self, record: R, previous: bytes | None, source: Source) -> bytes:
        """The chunk of a record.

        Args:
            record: what the journal says.
            previous: the record's present chunk; keys and text in it that are not ours are kept. It is returned as it
                is where it says the same already.
            source: the entry that the record comes from.
        """
        ...

    def join(self, files: Files, changes: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        """The files that differ once some records are changed.

        Args:
            files: the store's files.
            changes: record key -> its new chunk, or None where it is removed. A new key is added.

        Returns:
            File name -> its new bytes, or None where it is deleted; files that stay as they are are left out.
        """
        ...
