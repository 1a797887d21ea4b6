"""Memories and writes as the contract tests need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sync.taskmaster.memory import Memory, MemoryId, Tier, Value, checked_metadata, encode_value
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.tiers.protocol import Held, Items
from sync.taskmaster.writing import COPY, Stored, Write, decide_write

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
BUDGET = "taskmaster:wedding:42:module:budget"
GUESTS = "taskmaster:wedding:42:module:guests"
OTHER_TENANT = "taskmaster:wedding:43:module:budget"


def at(minutes: float) -> datetime:
    """Some minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def memory(
    key: str = "venue",
    value: Value = "the old barn",
    *,
    context: str = BUDGET,
    minute: float = 0,
    expires: float | None = None,
    metadata: Mapping[str, Any] | None = None,
    **others: Any,
) -> Memory:
    """A memory written at a minute after NOW, which expires at another, or never."""
    kind, data = encode_value(value)
    given: dict[str, Any] = {"importance": 0.5, "writer": "ada", "created": at(minute), "updated": at(minute)} | others
    return Memory(
        context=context, key=key, kind=kind, data=data, expires=None if expires is None else at(expires),
        metadata=checked_metadata(metadata), **given,
    )  # fmt: skip


def write(
    what: Memory, seen: int = 0, *, homes: Iterable[Tier] = (Tier.WORKING,), owed: Iterable[Tier] = (), base: str = ""
) -> Write:
    """A write of a memory."""
    return Write(
        memory=what, seen=seen, homes=frozenset(homes), owed=frozenset(owed), tokens=tokens_of(what), base=base
    )


def copy(what: Memory) -> Write:
    """A write that brings a tier what another one has decided."""
    return write(what, COPY)


def put(items: Items, what: Memory, seen: int = 0, **others: Any) -> Stored:
    """Write one memory."""
    (stored,) = items.put([write(what, seen, **others)])
    return stored


def of(stored: Stored) -> Memory:
    """What a key holds after a write that cannot have found nothing."""
    assert stored.memory is not None
    return stored.memory


def held(items: Items, id_: MemoryId, *, minute: float = 0) -> Held | None:
    """What is held under one id."""
    return items.get([id_], at(minute)).get(id_)


def values_of(found: Iterable[Held]) -> list[Value]:
    """The values of what was found, in order."""
    return [one.memory.value for one in found]


def keys_of(found: Iterable[Held]) -> list[str]:
    """The keys of what was found, in order."""
    return [one.memory.key for one in found]


FIRST = of(decide_write(None, write(memory()))).version
"""The version of a key whose first memory was written at NOW."""
