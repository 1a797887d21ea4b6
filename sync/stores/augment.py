"""Augment's memories as JSON: a list of `{"text", "metadata"}`.

Written: UTF-8 without BOM, LF, two blanks of indentation, a key order that never changes, one memory after the other
with `,` between. Read: such a list, a single memory, or an object that wraps a list; anything else is a fault by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring as _quoted
from typing import Any

from sync.document.fault import Fault
from sync.document.record import Memory, content_hash
from sync.stores.shape import refused_character

SOURCE_FIELDS = ("text", "content", "memory", "observation")
"""Where a foreign memory may keep its text, in the order they are looked at."""

ENVELOPES = ("memories", "results", "items", "data", "entries")
"""Keys under which a foreign file may keep its list."""

_HALF_PAIR = re.compile("[\ud800-\udfff]")
EMPTY_FILE = b"[]\n"
OPENING, SEPARATOR, CLOSING = b"[\n", b",\n", b"\n]\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One memory as some assistant wrote it.

    Attributes:
        file: name of the JSON file it stands in.
        index: its place there, from 0.
        text: what is remembered; as written.
        id: what the store calls it; empty where it has no name.
        metadata: everything else the store says of it.
    """

    file: str
    index: int
    text: str
    id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Its content hash, see `content_hash`."""
        return content_hash(self.text)


def render_memory(memory: Memory) -> bytes:
    """One memory as it stands in the file, without what separates it from its neighbours."""
    record = memory.record
    tags = "[" + ", ".join(map(_quoted, record.tags)) + "]"
    date = f',\n      "date": {_quoted(record.date)}' if record.date else ""
    return (
        f'  {{\n    "text": {_quoted(record.text)},\n    "metadata": {{\n      "id": {_quoted(record.id)},\n'
        f'      "source": {_quoted(memory.source)},\n      "tags": {tags}{date},\n'
        f'      "source_blob": "{memory.source_blob}"\n    }}\n  }}'
    ).encode()


def render_file(memories: Iterable[bytes]) -> bytes:
    """A whole file from rendered memories."""
    rendered = list(memories)
    return OPENING + SEPARATOR.join(rendered) + CLOSING if rendered else EMPTY_FILE


def parse_file(name: str, data: bytes) -> tuple[list[Foreign], list[Fault]]:
    """The memories of one JSON file, and what in it could not be understood.

    Args:
        name: the file's name, for messages.
        data: its bytes.
    """
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        return [], [Fault(path=name, message=f"not UTF-8 at byte {error.start}", hint="save it as UTF-8")]
    except json.JSONDecodeError as error:
        fault = Fault(path=name, line=error.lineno, column=error.colno, message=f"not JSON: {error.msg}")
        return [], [fault]
    except (RecursionError, ValueError) as error:
        return [], [Fault(path=name, message=f"not JSON: {error}")]
    items = _items(document)
    if items is None:
        hint = f"expected a list of memories, or an object with one under {', '.join(ENVELOPES)}"
        return [], [Fault(path=name, message="not a list of memories", hint=hint)]
    found: list[Foreign] = []
    faults: list[Fault] = []
    for index, item in enumerate(items):
        memory = _foreign(name, index, item)
        if isinstance(memory, Foreign):
            found.append(memory)
        else:
            faults.append(memory)
    return found, faults


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def _items(document: object) -> list[Any] | None:
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        says = bool(_text_fields(document))
        lists = {
            key: document[key]
            for key in ENVELOPES
            if isinstance(document.get(key), list) and (not says or any(map(_is_memory, document[key])))
        }
        own = {key: value for key, value in document.items() if key not in lists}
        single = [own] if says else []
        return [*single, *(item for one in lists.values() for item in one)] if lists or single else None
    return None


def _foreign(name: str, index: int, item: object) -> Foreign | Fault:
    where = f"[{index}]"
    if isinstance(item, str):
        item = {"text": item}
    if not isinstance(item, dict):
        return Fault(path=name, key=where, message="not a memory", hint="expected an object with a text")
    fields = _text_fields(item)
    text = "\n\n".join(dict.fromkeys(fields.values()))
    if not text.strip():
        return Fault(path=name, key=where, message="a memory without text")
    if refused := refused_character(text) or _half_pair(item):
        return Fault(path=name, key=where, message=f"holds {refused}", hint="remove it in the store, then import again")
    rest = {key: value for key, value in item.items() if key not in fields}
    if isinstance(metadata := rest.get("metadata"), dict):
        rest = {key: value for key, value in rest.items() if key != "metadata"} | metadata
    identity = rest.get("id", rest.get("uuid"))
    own = str(identity) if isinstance(identity, str | int) and not isinstance(identity, bool) else ""
    return Foreign(file=name, index=index, text=text, id=own, metadata=rest)


def _is_memory(item: object) -> bool:
    return isinstance(item, dict) and bool(_text_fields(item))


def _text_fields(item: dict[str, Any]) -> dict[str, str]:
    """What a memory says, field by field; one that says two things says both."""
    return {key: item[key] for key in SOURCE_FIELDS if isinstance(item.get(key), str) and item[key].strip()}


def _half_pair(item: dict[str, Any]) -> str:
    """Half a surrogate pair anywhere in a memory: no file could hold it."""
    found = _HALF_PAIR.search(json.dumps(item, ensure_ascii=False))
    return f"the character U+{ord(found.group()):04X}" if found else ""
