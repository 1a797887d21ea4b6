"""A memory as an entry says it, and the way between the two. Pure.

The version and the writer of a memory are the tiers' own and are not in its entry; who wrote what is in Git.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from sync.errors import ShapeError
from sync.stores.shape import refused_character
from sync.taskmaster.memory import ENTRY, NOTHING, OBJECT, Kind, Memory, MemoryId

OBJECT_BYTES = 65_536
"""A longer value is an object beside its entry."""
MISSING = "_missing"
"""Metadata that the catalogue adds: the entry's path; digest, size and kind of a value that is an object, and that it
is not on this machine, so that its first lines are all there is to show."""
_PREVIEW_LINES, _PREVIEW_CHARACTERS = 20, 2_000
_SEPARATOR = "\t"
_ADDED = frozenset({ENTRY, OBJECT, MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRecord:
    """What an entry says of a memory. Two are equal where the memory is the same, whenever it was last written.

    Attributes:
        context, key, kind, type, importance, created, updated, expires, retention: as of `Memory`.
        content: SHA-256 of the value, hexadecimal.
        metadata: canonical JSON; what only the catalogue adds is left out.
        data: the value; empty where it is an object.
        is_object: whether the value lies beside the entry, under its digest.
        size: of the value in bytes.
        preview: the first lines of an object that is text.
    """

    context: str
    key: str
    kind: Kind
    content: str
    importance: float
    created: datetime
    type: str = ""
    expires: datetime | None = None
    retention: str = ""
    metadata: str = "{}"
    updated: datetime = field(compare=False)
    data: bytes = field(default=b"", compare=False, repr=False)
    is_object: bool = field(default=False, compare=False)
    size: int = field(default=0, compare=False)
    preview: str = field(default="", compare=False, repr=False)

    @property
    def id(self) -> MemoryId:
        """Context and key."""
        return MemoryId(self.context, self.key)


def record_of(memory: Memory, *, object_bytes: int = OBJECT_BYTES) -> MemoryRecord:
    """What an entry is to say of a memory.

    Args:
        memory: one that is not forgotten.
        object_bytes: a longer value is an object; so is text that no Markdown file can carry unharmed.
    """
    is_object = len(memory.data) > object_bytes or _is_odd(memory)
    record = MemoryRecord(
        context=memory.context, key=memory.key, kind=memory.kind, content=sha256(memory.data).hexdigest(),
        importance=float(memory.importance), created=memory.created.astimezone(UTC), type=memory.type,
        expires=memory.expires.astimezone(UTC) if memory.expires else None, retention=memory.retention,
        metadata=canonical({key: value for key, value in memory.metadata.items() if key not in _ADDED}),
        updated=memory.updated.astimezone(UTC), data=b"" if is_object else memory.data, is_object=is_object,
        size=len(memory.data), preview=preview_of(memory) if is_object else "",
    )  # fmt: skip
    told = memory.metadata.get(OBJECT)
    if told is None:
        return record
    preview = memory.data.decode("utf-8", "replace")  # the value itself is not here
    return replace(
        record, kind=Kind(told["kind"]), content=str(told["digest"]), size=int(told["size"]), data=b"", is_object=True,
        preview=preview,
    )  # fmt: skip


def memory_of(record: MemoryRecord, *, path: str = "", version: int = 0, writer: str = "") -> Memory:
    """The memory that an entry says, as the catalogue holds it: an object is shown by its first lines.

    Args:
        record: what the entry says.
        path: of the entry, POSIX, relative to the repository.
        version, writer: what the tiers know of it.
    """
    metadata: dict[str, Any] = json.loads(record.metadata)
    if path:
        metadata[ENTRY] = path
    if record.is_object:
        metadata[OBJECT] = {"digest": record.content, "size": record.size, "kind": record.kind.value}
    return Memory(
        context=record.context, key=record.key, kind=Kind.MARKDOWN if record.is_object else record.kind,
        data=record.preview.encode() if record.is_object else record.data, importance=record.importance,
        created=record.created, updated=record.updated, type=record.type, expires=record.expires,
        retention=record.retention, version=version, writer=writer,
        metadata=MappingProxyType(metadata) if metadata else NOTHING,
    )  # fmt: skip


def store_key(id_: MemoryId) -> str:
    """The key under which conflicts name a memory; neither part of an id holds a tab."""
    return f"{id_.context}{_SEPARATOR}{id_.key}"


def id_of_key(key: str) -> MemoryId:
    """The inverse of `store_key`."""
    context, _, name = key.partition(_SEPARATOR)
    return MemoryId(context, name)


def canonical(value: Mapping[str, Any]) -> str:
    """JSON, the same for equal values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=dict)


def preview_of(memory: Memory) -> str:
    """The first lines of a value that is text, without what no Markdown file can carry; empty for bytes."""
    if memory.kind is Kind.BYTES:
        return ""
    text = memory.data[: _PREVIEW_CHARACTERS * 4].decode("utf-8", "ignore")[:_PREVIEW_CHARACTERS]
    lines = text.splitlines()[:_PREVIEW_LINES]
    return "\n".join("".join(one for one in line if not refused_character(one)).rstrip() for line in lines).strip()


def chunk_of(record: MemoryRecord) -> bytes:
    """A record as bytes, as the adapter takes them."""
    told = {
        "context": record.context, "key": record.key, "kind": record.kind.value, "content": record.content,
        "importance": record.importance, "created": record.created.isoformat(), "type": record.type,
        "expires": record.expires.isoformat() if record.expires else None, "retention": record.retention,
        "metadata": record.metadata, "updated": record.updated.isoformat(), "data": b64encode(record.data).decode(),
        "is_object": record.is_object, "size": record.size, "preview": record.preview,
    }  # fmt: skip
    return json.dumps(told, sort_keys=True).encode()


def record_of_chunk(chunk: bytes) -> MemoryRecord:
    """The inverse of `chunk_of`.

    Raises:
        ShapeError: the bytes are no record.
    """
    try:
        told: dict[str, Any] = json.loads(chunk)
        told |= {key: datetime.fromisoformat(told[key]) for key in ("created", "updated")}
        told["expires"] = datetime.fromisoformat(told["expires"]) if told["expires"] else None
        told |= {"kind": Kind(told["kind"]), "data": b64decode(told["data"], validate=True)}
        return MemoryRecord(**told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ShapeError(f"not the record of a memory: {error}") from error


def _is_odd(memory: Memory) -> bool:
    return memory.kind is Kind.MARKDOWN and bool(refused_character(memory.data.decode("utf-8", "replace")))
