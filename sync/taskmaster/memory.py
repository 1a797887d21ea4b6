"""A memory: one value under one key of one context, as every tier holds it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from sync.errors import UsageError

MAX_KEY = 500
"""Characters of a key at most."""
MAX_DEPTH = 200
"""How deep JSON may be nested."""
ENTRY, OBJECT = "_entry", "_object"
"""Metadata of what the journal says: the path of its entry; where its value lies, if it is too long for that."""
ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing has expired by then: tiers that are asked at this time show what is over, too."""
NOTHING: Mapping[str, Any] = MappingProxyType({})

Value: TypeAlias = "str | bytes | int | float | bool | list[Any] | Mapping[str, Any] | None"
"""What may be remembered: text is Markdown, bytes are bytes, anything else is JSON."""


class Kind(Enum):
    """What a value is."""

    JSON = "json"
    MARKDOWN = "markdown"
    BYTES = "bytes"


class Tier(Enum):
    """Where memories are held."""

    SHORT = "short-term"
    WORKING = "working"
    LONG = "long-term"
    SEMANTIC = "semantic"


class MemoryId(NamedTuple):
    """What names a memory: context and key, both text."""

    context: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One memory.

    Attributes:
        context: its context's id.
        key: text; never a path.
        kind, data: the value: canonical JSON or Markdown in UTF-8, or the bytes themselves.
        type: a word for the kind of memory, such as `pricing`, by which it is shared; may be empty.
        importance: from 0 to 1.
        created, updated: aware, UTC.
        expires: when it is no longer recalled, aware, UTC; None for never.
        retention: how long it is kept, such as `2y`, where its context's own does not hold; may be empty.
        version: grows with every write of the key, see `writing.decide_write`; 0 for one that no tier has taken yet.
        writer: who wrote it: a name for the process or person, not for a machine.
        metadata: JSON of the writer's own. Keys that start with `_` are this program's: provenance of what was
            shared, sources of what was compressed, what contradicts it.
        is_forgotten: the key was forgotten at this version; there is no value.
    """

    context: str
    key: str
    kind: Kind
    data: bytes
    importance: float
    created: datetime
    updated: datetime
    type: str = ""
    expires: datetime | None = None
    retention: str = ""
    version: int = 0
    writer: str = ""
    metadata: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    is_forgotten: bool = False

    @property
    def id(self) -> MemoryId:
        """Context and key."""
        return MemoryId(self.context, self.key)

    @property
    def value(self) -> Value:
        """The value as it was given: text, bytes, or what JSON holds."""
        if self.kind is Kind.BYTES:
            return self.data
        text = self.data.decode("utf-8")
        return text if self.kind is Kind.MARKDOWN else json.loads(text)

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal, of what the memory says: two of equal digest need not be told apart by a person."""
        told = [self.kind.value, self.type, self.is_forgotten, dict(self.metadata)]
        head = json.dumps(told, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return sha256(head.encode() + b"\0" + self.data).hexdigest()

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is up."""
        return self.expires is not None and self.expires <= now

    def forgotten(self, now: datetime, writer: str) -> Memory:
        """The memory once it is forgotten: nothing of it is left but that it was."""
        return replace(
            self, kind=Kind.MARKDOWN, data=b"", metadata=NOTHING, updated=now, writer=writer, is_forgotten=True,
            expires=None,
        )  # fmt: skip


def encode_value(value: Value) -> tuple[Kind, bytes]:
    """What a tier holds of a value.

    Returns:
        Its kind and its bytes; JSON is canonical: keys sorted, no blanks, UTF-8, so that equal values are equal bytes.

    Raises:
        UsageError: the value is not JSON, or holds text that is not Unicode.
    """
    try:
        if isinstance(value, bytes | bytearray | memoryview):
            return Kind.BYTES, bytes(value)
        if isinstance(value, str):
            return Kind.MARKDOWN, value.encode()
        return Kind.JSON, json_bytes(value)
    except (TypeError, ValueError, RecursionError) as error:
        hint = "remember JSON, text or bytes"
        raise UsageError(f"the value cannot be kept: {' '.join(str(error).split())}", hint=hint) from error


def checked_key(key: str) -> str:
    """The same key, if it can be one.

    Raises:
        UsageError: it is empty, longer than MAX_KEY, not one line, or not Unicode.
    """
    if not isinstance(key, str) or not key.strip() or len(key) > MAX_KEY or not key.isprintable():
        shown = repr(key) if len(str(key)) <= MAX_KEY else f"of {len(key)} characters"
        raise UsageError(f"the key {shown} is none", hint=f"one line of text, 1 to {MAX_KEY} characters")
    return key


def checked_metadata(metadata: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The same metadata as JSON has it.

    Raises:
        UsageError: it is no mapping, or not JSON.
    """
    if not metadata:
        return NOTHING
    try:
        found = json.loads(json_bytes(dict(metadata)))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the metadata cannot be kept: {' '.join(str(error).split())}", hint="give JSON") from error
    return MappingProxyType(found)


def json_bytes(value: Any) -> bytes:
    """Canonical JSON: keys sorted, no blanks, UTF-8, so that equal values are equal bytes.

    Raises:
        TypeError, ValueError: the value is not JSON, or nested deeper than MAX_DEPTH.
    """
    _refuse_odd(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _refuse_odd(value: Any, depth: int = 0) -> None:
    """`json.dumps` would make text of keys that are none, and lose one of two; not every reader takes any depth."""
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is not text")
            _refuse_odd(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_odd(item, depth + 1)
