"""Large files kept in Git in pieces, so that a small change stores a small object.

A piece ends behind a line whose checksum says so, so an edit moves no border but its own: content-defined chunking, as
in A. Muthitacharoen, B. Chen, D. Mazières, "A Low-bandwidth Network File System", SOSP 2001, with lines for windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

SMALL = 256 * 1024
"""Bytes up to which a file is one piece."""

_MASK = 127  # one line in 128 ends a piece: some tens of kilobytes each


def cut(data: bytes) -> list[bytes]:
    """A file's pieces, in order; joined they are the file."""
    if len(data) <= SMALL:
        return [data]
    lines = data.split(b"\n")
    last = lines.pop()
    borders = [number for number, checksum in enumerate(map(crc32, lines), 1) if not checksum & _MASK]
    lines.append(last)
    pieces = []
    start = 0
    for border in borders:
        pieces.append(b"\n".join(lines[start:border]) + b"\n")
        start = border
    rest = b"\n".join(lines[start:])
    return [*pieces, rest] if rest else pieces


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
