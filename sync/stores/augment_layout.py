"""Augment's JSON list in the layout that we write: cut into memories without being parsed, and put in order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sync.stores.augment import CLOSING, EMPTY_FILE, OPENING
from sync.stores.protocol import Chunks

_CHUNK = re.compile(  # a line break inside a JSON string is escaped, so that lines tell the structure
    rb'(  \{\n    "text": ".*",\n    "metadata": \{\n      "id": (".*")(?:,\n      ".*)*\n    \}(?:,\n    ".*)*\n  \})'
    rb"(?:,\n|\n\]\n\Z)"
)
_OURS = b'\n      "source_blob": "'
_SOURCE = re.compile(rb'\n      "source": (".*?"),?\n')


def cut_file(data: bytes) -> list[tuple[str, bytes]] | None:
    """Key and chunk of each memory of a file in our layout; None where it has another."""
    if data == EMPTY_FILE:
        return []
    if not data.startswith(OPENING) or not data.endswith(CLOSING):
        return None
    found: list[tuple[bytes, bytes]] = []
    at, end = len(OPENING), len(data)
    match, add = _CHUNK.match, found.append
    while at < end:
        one = match(data, at)
        if one is None:
            return None
        add((one[2], one[1]))
        at = one.end()
    literals = [literal for literal, _chunk in found]
    try:
        data.decode("utf-8")
        joined = b"\n".join(literals)  # no JSON text holds a line break
        if b"\\" in joined or joined.count(b'"') != 2 * len(literals):
            keys = [_plain(literal) for literal in literals]
        else:
            keys = joined.decode()[1:-1].split('"\n"')
    except ValueError:  # not UTF-8, or an id that is no JSON: reading the whole file tells where
        return None
    return [(key, chunk) for key, (_literal, chunk) in zip(keys, found, strict=True)]


def _plain(literal: bytes) -> str:
    """The value of a JSON text; most need no parser."""
    inner = literal[1:-1]
    return str(json.loads(literal)) if b"\\" in inner or b'"' in inner else inner.decode()


def in_order(present: Chunks, changes: Mapping[str, bytes | None]) -> list[bytes]:
    """The memories after some changes; where none came, went or moved, in the order they have."""
    after = {**present, **changes}
    if len(after) == len(present) and all(
        chunk is not None and _SOURCE.findall(chunk)[:1] == _SOURCE.findall(present[key])[:1]
        for key, chunk in changes.items()
    ):
        return [chunk for chunk in after.values() if chunk is not None]
    return _ordered(after)


def _ordered(chunks: Mapping[str, bytes | None]) -> list[bytes]:
    """Memories with a source in the order of its bytes; the others stay behind the one they stood behind."""
    head: list[bytes] = []
    groups: list[tuple[bytes, list[bytes]]] = []
    for chunk in chunks.values():
        if chunk is None:
            continue
        source = _SOURCE.search(chunk)
        if source and _OURS in chunk:
            groups.append((_plain(source[1]).encode("utf-8", "surrogateescape"), [chunk]))
        else:
            (groups[-1][1] if groups else head).append(chunk)
    groups.sort(key=lambda group: group[0])
    return [*head, *(chunk for _, group in groups for chunk in group)]
