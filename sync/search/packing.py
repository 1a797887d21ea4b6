"""The terms of a passage as few bytes, in which terms are counted at the speed of `bytes.count`.

Each term is three bytes of its hash. Two terms of one hash would be one term, and the bytes of two neighbours can hold
a third one; of a question's term and a passage of 40 that happens once in 100,000 times, and costs a rank, never a
passage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from zlib import crc32

WIDTH = 3


@lru_cache(maxsize=200_000)
def pack_term(term: str) -> bytes:
    """A term as `WIDTH` bytes."""
    return crc32(term.encode("utf-8", "surrogatepass")).to_bytes(4)[-WIDTH:]


def pack(terms: Iterable[str]) -> bytes:
    """Terms in order, `WIDTH` bytes each."""
    return b"".join(map(pack_term, terms))


def length(packed: bytes) -> int:
    """How many terms were packed."""
    return len(packed) // WIDTH


def split(packed: bytes) -> Iterator[bytes]:
    """The terms that were packed, one by one."""
    return (packed[at : at + WIDTH] for at in range(0, len(packed), WIDTH))


def places(packed: bytes, run: bytes) -> list[int]:
    """Where a term, or several in a row, begins among packed terms, counted from 0."""
    found, at = [], packed.find(run)
    while at >= 0:
        if at % WIDTH == 0:
            found.append(at // WIDTH)
        at = packed.find(run, at + 1)
    return found
