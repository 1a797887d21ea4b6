"""Where each memory stands in a projection's file, so that one changed entry replaces only its own bytes. Pure.

A file is an opening, the memories with a separator behind each but the last, and a closing. Offsets here are those of
the memories with a separator behind *each*, from the end of the opening: then every memory is a span of its own.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any
from zlib import crc32

from sync.repository.files import Span
from sync.repository.listing import shown_path
from sync.stores.augment import CLOSING, EMPTY_FILE, OPENING, SEPARATOR

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A projection's file, part by part; the three sequences run in parallel.

    Attributes:
        lines: the listing's line of each file.
        ids: record ids; empty for files that are no entries.
        lengths: bytes of each memory and its separator; 0 where a file has no memory in this projection.
        notes: path -> the skip or fault of a file that is no entry, as JSON objects.
    """

    lines: Sequence[bytes]
    ids: Sequence[str]
    lengths: array[int]
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The new content for one line: its id, its memory (empty: none), and its note where it is no entry."""

    id: str = ""
    chunk: bytes = b""
    note: Any = None


def difference(old: Layout, lines: Sequence[bytes]) -> tuple[set[bytes], set[bytes]]:
    """(lines that are new, lines that are gone)."""
    before, after = set(old.lines), set(lines)
    return after - before, before - after


def replace_parts(
    old: Layout, lines: Sequence[bytes], fresh: Mapping[bytes, Part], gone: set[bytes], handle: int
) -> tuple[Layout, list[bytes | Span]]:
    """The file with some memories replaced.

    Args:
        old: how the present file is laid out.
        lines: the new listing; those that are not in `fresh` stand in `old` in the same order.
        fresh: content of the new lines.
        gone: lines of `old` that are not in `lines`.
        handle: the present file, open for reading.

    Returns:
        The new layout, and the pieces of the new file; what did not change is a Span of the present one.
    """
    offsets = array("Q", accumulate(old.lengths, initial=0))
    added = [index for index, line in enumerate(lines) if line in fresh] + [len(lines)]
    dropped = [index for index, line in enumerate(old.lines) if line in gone] + [len(old.lines)]
    ids: list[str] = []
    lengths: array[int] = array("Q")
    pieces: list[bytes | Span] = []
    here = there = at_added = at_dropped = 0
    while here < len(lines) or there < len(old.lines):
        run = min(added[at_added] - here, dropped[at_dropped] - there)
        if run:
            ids.extend(old.ids[there : there + run])
            lengths.extend(old.lengths[there : there + run])
            pieces.extend(_span(handle, offsets[there], offsets[there + run], offsets[-1]))
            here, there = here + run, there + run
        if there == dropped[at_dropped] and there < len(old.lines):
            there, at_dropped = there + 1, at_dropped + 1
        elif here == added[at_added] and here < len(lines):
            part = fresh[lines[here]]
            ids.append(part.id)
            lengths.append(len(part.chunk) + len(SEPARATOR) if part.chunk else 0)
            pieces.extend([part.chunk, SEPARATOR] if part.chunk else [])
            here, at_added = here + 1, at_added + 1
    notes = _notes(old.notes, fresh, gone)
    return Layout(lines=lines, ids=ids, lengths=lengths, notes=notes), _file(pieces)


def is_same_content(
    old: Layout, fresh: Mapping[bytes, Part], gone: set[bytes], read: Callable[[int, int], bytes]
) -> bool:
    """Whether the new lines give the very memories that the lines which are gone gave.

    Args:
        old, fresh, gone: as in `replace_parts`.
        read: bytes `start` to `end` of the present file.
    """
    offsets = array("Q", accumulate(old.lengths, initial=0))
    before = {
        _path(line): (offsets[index] + len(OPENING), old.lengths[index] - len(SEPARATOR))
        for index, line in enumerate(old.lines)
        if line in gone and old.lengths[index]
    }
    after = {_path(line): part.chunk for line, part in fresh.items() if part.chunk}
    if before.keys() != after.keys():
        return False
    return all(
        length == len(after[path]) and read(start, start + length) == after[path]
        for path, (start, length) in before.items()
    )


def whole_file(lines: Sequence[bytes], parts: Mapping[bytes, Part]) -> tuple[Layout, list[bytes | Span]]:
    """A file from nothing but its parts."""
    empty = Layout(lines=(), ids=(), lengths=array("Q"))
    return replace_parts(empty, lines, parts, set(), -1)


def to_state(layout: Layout, facts: Mapping[str, Any]) -> bytes:
    """A layout, and facts to recognise it by, as the bytes of a state file."""
    lines, ids = b"\0".join(layout.lines), "\0".join(layout.ids).encode("utf-8", "surrogateescape")
    head = json.dumps({
        "format": _FORMAT, "count": len(layout.lines), "lines": len(lines), "ids": len(ids),
        "notes": dict(layout.notes), **facts,
    })  # fmt: skip
    state = head.encode() + b"\n" + lines + ids + layout.lengths.tobytes()
    return b"%08x" % crc32(state) + state


def from_state(data: bytes) -> tuple[Layout, dict[str, Any]] | None:
    """What `to_state` wrote; None where the bytes are not such a state, or of another version."""
    state = data[8:]
    if data[:8] != b"%08x" % crc32(state):
        return None
    head, _, rest = state.partition(b"\n")
    try:
        facts = json.loads(head)
        if facts["format"] != _FORMAT:
            return None
        cut, end = facts["lines"], facts["lines"] + facts["ids"]
        lengths = array("Q")
        lengths.frombytes(rest[end:])
        lines = rest[:cut].split(b"\0") if facts["count"] else []
        ids = rest[cut:end].decode("utf-8", "surrogateescape").split("\0") if facts["count"] else []
        if not len(lines) == len(ids) == len(lengths) == facts["count"]:
            return None
        return Layout(lines=lines, ids=ids, lengths=lengths, notes=facts["notes"]), facts
    except (ValueError, KeyError, TypeError):
        return None


def _span(handle: int, start: int, end: int, total: int) -> list[bytes | Span]:
    if start == end:
        return []
    shift = len(OPENING)
    if end < total:
        return [Span(handle, start + shift, end + shift)]
    return [Span(handle, start + shift, end + shift - len(SEPARATOR)), SEPARATOR]


def _file(pieces: list[bytes | Span]) -> list[bytes | Span]:
    if not pieces:
        return [EMPTY_FILE]
    *others, last = pieces
    if isinstance(last, Span):
        others.append(Span(last.handle, last.start, last.end - len(SEPARATOR)))
    return [OPENING, *others, CLOSING]


def _notes(old: Mapping[str, Any], fresh: Mapping[bytes, Part], gone: set[bytes]) -> dict[str, Any]:
    dropped = {_path(line) for line in gone}
    notes = {name: note for name, note in old.items() if name not in dropped}
    return notes | {_path(line): part.note for line, part in fresh.items() if part.note is not None}


def _path(line: bytes) -> str:
    return shown_path(line.split(b"\t", 1)[1])
