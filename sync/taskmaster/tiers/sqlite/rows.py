"""Memories as rows, and back. Moments are microseconds since 1970, sets of tiers are bits."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from struct import pack, unpack
from types import MappingProxyType
from typing import Any

from sync.taskmaster.memory import NOTHING, Kind, Memory, Tier
from sync.taskmaster.moments import micros, moment_of
from sync.taskmaster.tiers.protocol import Held

Row = Sequence[Any]

BITS = {Tier.SHORT: 1, Tier.WORKING: 2, Tier.LONG: 4, Tier.SEMANTIC: 8}
KEPT = timedelta(hours=1)
"""How long a forgotten memory stays as such: a copy that was on its way when it was forgotten comes too late."""
MEMORY = "key, version, updated, created, expires, importance, kind, type, writer, retention, metadata, data"
"""The columns of a memory, in the order of `memory_row`."""
HELD = f"""
    i.number, c.id, {MEMORY.replace("key,", "i.key,")}, is_forgotten, homes, owed, base, tokens, uses, used, took,
    (select count(*) from rivals r where r.context = i.context and r.key = i.key)
"""  # noqa: S608 (constants)
"""What `held_of` reads of `items i join contexts c`; with the table's own names made plain."""

_KINDS = tuple(Kind)
_TIERS = tuple(frozenset(tier for tier, bit in BITS.items() if bit & bits) for bits in range(16))


def bits_of(tiers: Iterable[Tier]) -> int:
    """Some tiers as bits."""
    return sum(BITS[tier] for tier in tiers)


def tokens_blob(tokens: Collection[int]) -> bytes:
    """Tokens as 8 bytes each, little-endian."""
    return pack(f"<{len(tokens)}q", *tokens)


def tokens_of_blob(blob: bytes) -> tuple[int, ...]:
    """The tokens of `tokens_blob`."""
    return unpack(f"<{len(blob) // 8}q", blob)


def tokens_of_row(row: Row) -> tuple[int, ...]:
    """The tokens in a row of the columns HELD."""
    return tokens_of_blob(row[18])


def end_of(memory: Memory) -> int | None:
    """When a memory may be swept; None for never."""
    if memory.is_forgotten:
        return micros(memory.updated + KEPT)
    return None if memory.expires is None else micros(memory.expires)


def memory_row(memory: Memory) -> tuple[Any, ...]:
    """The columns MEMORY."""
    return (
        memory.key, memory.version, micros(memory.updated), micros(memory.created),
        None if memory.expires is None else micros(memory.expires), memory.importance, _KINDS.index(memory.kind),
        memory.type, memory.writer, memory.retention,
        json.dumps(dict(memory.metadata), ensure_ascii=False) if memory.metadata else None, memory.data,
    )  # fmt: skip


def memory_of(context: str, row: Row, *, is_forgotten: bool = False) -> Memory:
    """The memory of the columns MEMORY."""
    key, version, updated, created, expires, importance, kind, type_, writer, retention, metadata, data = row
    return Memory(
        context=context, key=key, kind=_KINDS[kind], data=data, importance=importance, created=moment_of(created),
        updated=moment_of(updated), type=type_, expires=None if expires is None else moment_of(expires),
        retention=retention, version=version, writer=writer,
        metadata=MappingProxyType(json.loads(metadata)) if metadata else NOTHING, is_forgotten=is_forgotten,
    )  # fmt: skip


def held_of(row: Row) -> Held:
    """What is held, of the columns HELD."""
    is_forgotten, homes, owed, base, tokens, uses, used, took, rivals = row[14:]
    return Held(
        memory=memory_of(row[1], row[2:14], is_forgotten=bool(is_forgotten)), tokens=frozenset(tokens_of_blob(tokens)),
        homes=_TIERS[homes], owed=_TIERS[owed], base=base, uses=uses, used=None if used is None else moment_of(used),
        took_s=took / 1e6, rivals=rivals,
    )  # fmt: skip
