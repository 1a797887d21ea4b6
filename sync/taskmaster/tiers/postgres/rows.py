"""A memory as a row, and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sync.taskmaster.memory import NOTHING, Kind, Memory, MemoryId, Tier
from sync.taskmaster.tiers.protocol import Held, Mark

BITS: Mapping[Tier, int] = {Tier.SHORT: 1, Tier.WORKING: 2, Tier.LONG: 4, Tier.SEMANTIC: 8}
"""How a set of tiers is held: fixed, as databases hold them."""
VALUES = ("kind", "data", "about", "importance", "created", "updated", "expires", "version", "is_forgotten")
"""The columns that memories and rivals have in common."""
ARRAYS: Mapping[str, str] = {
    "context": "int[]", "key": "text[]", "digest": "bytea[]", "kind": "text[]", "data": "bytea[]", "about": "text[]",
    "importance": "float8[]", "created": "timestamptz[]", "updated": "timestamptz[]", "expires": "timestamptz[]",
    "version": "bigint[]", "is_forgotten": "bool[]", "homes": "smallint[]", "owed": "smallint[]", "base": "text[]",
    "tokens": "text[]", "vector": "text[]", "id": "bigint[]", "uses": "bigint[]", "used": "timestamptz[]",
    "took": "float8[]",
}  # fmt: skip
"""The type of many rows' values of a column, given as one array; tokens as text: arrays of arrays must be square."""
TYPES: Mapping[str, str] = {name: type_.removesuffix("[]") for name, type_ in ARRAYS.items()}
"""The type of one value of a column."""

_KINDS = {kind.value: kind for kind in Kind}
_SIZE = 0x7FFF_FFFF_FFFF_FFFF
TIERS = [frozenset(tier for tier, bit in BITS.items() if bit & bits) for bits in range(16)]
"""The set of tiers of some bits."""


def mask(tiers: Iterable[Tier]) -> int:
    """A set of tiers as bits."""
    return sum(BITS[tier] for tier in frozenset(tiers))


def salt(shelf: int) -> int:
    """What tokens on a shelf are mixed with: one index holds the shelves apart, as `scoring.token` does contexts."""
    return shelf * 0x9E37_79B9_7F4A_7C15 & _SIZE


def mixed(tokens: Iterable[int], shelf: int) -> list[int]:
    """Tokens as they are held on a shelf; done twice, as they were."""
    grain = salt(shelf)
    return [one ^ grain for one in tokens]


def values_of(memory: Memory) -> dict[str, Any]:
    """The columns of a memory's value, see VALUES."""
    about = [memory.type, memory.retention, memory.writer, dict(memory.metadata)]
    return {
        "kind": memory.kind.value,
        "data": memory.data,
        "about": json.dumps(about, ensure_ascii=True, separators=(",", ":")),
        "importance": float(memory.importance),
        "created": memory.created,
        "updated": memory.updated,
        "expires": memory.expires,
        "version": memory.version,
        "is_forgotten": memory.is_forgotten,
    }


def memory_of(row: Any, context: str) -> Memory:
    """The memory of a row with key and VALUES."""
    type_, retention, writer, metadata = json.loads(row.about)
    return Memory(
        context=context,
        key=row.key,
        kind=_KINDS[row.kind],
        data=bytes(row.data),
        importance=row.importance,
        created=_utc(row.created),
        updated=_utc(row.updated),
        expires=_utc(row.expires) if row.expires else None,
        version=row.version,
        is_forgotten=row.is_forgotten,
        type=type_,
        retention=retention,
        writer=writer,
        metadata=MappingProxyType(metadata) if metadata else NOTHING,
    )


def held_of(row: Any, context: str, shelf: int) -> Held:
    """What a row of the table of memories holds."""
    return Held(
        memory=memory_of(row, context),
        tokens=frozenset(mixed(row.tokens, shelf)),
        homes=TIERS[row.homes],
        owed=TIERS[row.owed],
        base=row.base,
        uses=row.uses,
        used=_utc(row.used) if row.used else None,
        took_s=row.took,
        rivals=row.rivals,
    )


def mark_of(row: Any) -> Mark:
    """What a row of `statements.MARKS` tells."""
    return Mark(version=row.version, owed=TIERS[row.owed], base=row.base, rivals=row.rivals)


def is_live(row: Any, now: datetime) -> bool:
    """Whether a row is there for those who ask by its key; a forgotten one is, an expired one is not."""
    return row.is_forgotten or row.expires is None or row.expires > now


def arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as one array a column; rows must have the same columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def array_text(tokens: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array of them."""
    return "{" + ",".join(map(str, tokens)) + "}"


def can_be_text(text: str) -> bool:
    """Whether PostgreSQL can hold a text: neither a NUL nor half a character is in it."""
    if text.isascii():
        return "\0" not in text
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def pairs(ids: Collection[MemoryId], numbers: Mapping[str, int]) -> dict[str, list[Any]]:
    """Ids as two arrays, in the order in which rows are locked; those of unknown contexts are left out."""
    found = sorted({(numbers[one.context], one.key) for one in ids if one.context in numbers and can_be_text(one.key)})
    return {"contexts": [number for number, _ in found], "keys": [key for _, key in found]}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
