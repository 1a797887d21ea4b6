"""A record: one memory as the journal and a store agree on it; and a memory: a record with its provenance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a projection shows of an entry and a store may change.

    Attributes:
        id: the entry's id.
        text: `PREFIX title: body`, or `PREFIX title:` where the body is empty.
        tags: in the order of the entry.
        date: `2025-04-05T14:30:00.000Z`, `2025-04-05` where no hour is known, empty where no day is.
    """

    id: str
    text: str
    tags: tuple[str, ...] = ()
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A record and where it came from.

    Attributes:
        record: the record.
        source: path of the entry, POSIX, relative to the repository.
        source_blob: Git's id of the entry's bytes, 40 or 64 hexadecimal digits.
    """

    record: Record
    source: str
    source_blob: str


def content_hash(text: str) -> str:
    """SHA-256, in hexadecimal, of a memory's text: white space at its ends and the kind of line ending do not count."""
    canonical = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
