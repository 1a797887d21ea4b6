"""Large files kept in Git in pieces, so that a small change stores a small object.

A piece ends behind a line whose checksum says so, so an edit moves few borders but its own: content-defined chunking,
as in A. Muthitacharoen, B. Chen, D. Mazières, "A Low-bandwidth Network File System", SOSP 2001, with lines for windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

SMALL = 256 * 1024
"""Bytes up to which a file is one piece."""

SMALLEST = 4 * 1024
"""Bytes that a piece has at least, but for the last: where the same line comes again and again, it could end each."""

_MASK = 127  # one line in 128 ends a piece: some tens of kilobytes each


def cut(data: bytes) -> list[bytes]:
    """A file's pieces, in order; joined they are the file."""
    if len(data) <= SMALL:
        return [data]
    pieces = []
    start = end = 0
    for line in data.split(b"\n")[:-1]:
        end += len(line) + 1
        if end - start >= SMALLEST and not crc32(line) & _MASK:
            pieces.append(data[start:end])
            start = end
    return [*pieces, data[start:]] if start < len(data) else pieces


def joined(blobs: Mapping[str, str], contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files from their pieces.

    Args:
        blobs: path -> blob id: `name` of a file in one piece, `name/000001` of a piece.
        contents: blob id -> bytes.
    """
    parts: dict[str, list[bytes]] = {}
    for path in sorted(blobs):
        parts.setdefault(path.partition("/")[0], []).append(contents[blobs[path]])
    return {name: b"".join(found) for name, found in parts.items()}
