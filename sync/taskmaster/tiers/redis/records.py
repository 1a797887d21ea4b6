"""A memory as a Redis hash holds it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from struct import Struct, pack
from struct import error as StructError  # noqa: N812 (an exception)
from types import MappingProxyType
from typing import Any

from sync.errors import ShapeError
from sync.taskmaster.memory import NOTHING, Kind, Memory, MemoryId, Tier
from sync.taskmaster.moments import micros, moment_of
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.redis.scripts import GRACE_MS

FIELDS = ("s", "h", "d", "t", "u", "w")
"""What is read of a hash, in this order; see `scripts`."""
FORGOTTEN_FOR = timedelta(days=1)
"""So long it is known that a memory was forgotten: an older copy that is under way would come back otherwise."""
_MILLISECOND = timedelta(milliseconds=1)
_KNOWN, _SMALL = 2_000, 4_096
_UNCHANGED = "surrogatepass"
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_KINDS = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is held under an id, and the stamp by which a writer notices that it has changed; empty for nothing."""

    stamp: bytes
    held: Held | None


ABSENT = Kept(b"", None)


def to_bytes(text: str) -> bytes:
    """Text as it is sent: UTF-8, whose order is that of code points."""
    return text.encode("utf-8", _UNCHANGED)


def to_text(data: bytes) -> str:
    """What was sent."""
    return data.decode("utf-8", _UNCHANGED)


def packed_id(id_: MemoryId) -> bytes:
    """An id as one name that no other id has."""
    context = to_bytes(id_.context)
    return b"%d:%b:%b" % (len(context), context, to_bytes(id_.key))


def unpacked_id(name: bytes) -> MemoryId:
    """The id of such a name."""
    size, _, rest = name.partition(b":")
    return MemoryId(to_text(rest[: int(size)]), to_text(rest[int(size) + 1 :]))


def packed_tokens(tokens: Sequence[int] | frozenset[int]) -> bytes:
    """Tokens, eight bytes each."""
    return pack(f">{len(tokens)}Q", *tokens)


def arguments_of(held: Held, expected: bytes) -> list[bytes | int]:
    """A memory as `scripts.SWAP` takes it.

    A server lets go of a memory by itself some time after it has expired, counted from when it was written: never
    before the writer's clock says so, and not where it is still owed to another tier.
    """
    memory = held.memory
    head, tokens = _head(held), packed_tokens(sorted(held.tokens) if not memory.is_forgotten else ())
    stamp = blake2b(b"%d:%b%b%b" % (len(head), head, tokens, memory.data), digest_size=12).digest()
    due = memory.updated + FORGOTTEN_FOR if memory.is_forgotten else memory.expires
    due = None if held.owed else due
    lives_ms = max(0, (due - memory.updated) // _MILLISECOND) + GRACE_MS if due else 0
    return [
        to_bytes(memory.context), to_bytes(memory.key), expected, stamp, memory.version, head, memory.data, tokens,
        micros(memory.updated), _number(memory.expires), _number(due), lives_ms, 0 if memory.is_forgotten else 1,
    ]  # fmt: skip


def read_kept(id_: MemoryId, fields: Sequence[bytes | None]) -> Kept:
    """What is held under an id.

    Args:
        id_: the id.
        fields: those of `FIELDS`; None for what a hash does not have.

    Raises:
        ShapeError: they are not what this program writes.
    """
    stamp, head, data, tokens, uses, used = fields
    if stamp is None:
        return ABSENT
    return Kept(stamp, read_held(id_, head or b"", data or b"", tokens or b"", uses or b"", used or b""))


def read_held(id_: MemoryId, head: bytes, data: bytes, tokens: bytes, uses: bytes, used: bytes) -> Held:
    """The memory under an id.

    Args:
        id_: the id.
        head, data, tokens, uses, used: the fields h, d, t, u and w; empty for what a hash does not have.

    Raises:
        ShapeError: they are not what this program writes.
    """
    read = _read_known if len(data) + len(tokens) <= _SMALL else _read
    try:
        held = read(id_, head, data, tokens)
        if not uses:
            return held
        return replace(held, uses=int(uses), used=moment_of(int(used)) if used else None)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, StructError) as error:
        hint = "give this journal a prefix of its own on the Redis server"
        raise ShapeError(f"what Redis holds for {id_.context} {id_.key!r} is no memory", hint=hint) from error


def _read(id_: MemoryId, head: bytes, data: bytes, tokens: bytes) -> Held:
    told = json.loads(head)
    return Held(
        memory=_memory(id_, told, data),
        tokens=frozenset(_tokens(len(tokens) // 8).unpack(tokens)),
        homes=_tiers(*told["homes"]),
        owed=_tiers(*told["owed"]),
        base=told["base"],
    )


_read_known = lru_cache(maxsize=_KNOWN)(_read)  # what is recalled often is read from the same bytes again and again


@lru_cache(maxsize=1_024)
def _tokens(count: int) -> Struct:
    return Struct(f">{count}Q")


@lru_cache(maxsize=64)
def _tiers(*names: str) -> frozenset[Tier]:
    return frozenset(map(Tier, names))


def _head(held: Held) -> bytes:
    memory = held.memory
    told = {
        "kind": memory.kind.value, "importance": memory.importance, "type": memory.type, "writer": memory.writer,
        "created": micros(memory.created), "updated": micros(memory.updated), "retention": memory.retention,
        "expires": None if memory.expires is None else micros(memory.expires), "version": memory.version,
        "metadata": dict(memory.metadata), "forgotten": memory.is_forgotten, "base": held.base,
        "homes": sorted(one.value for one in held.homes), "owed": sorted(one.value for one in held.owed),
    }  # fmt: skip
    return _ENCODER.encode(told).encode()


def _number(moment: datetime | None) -> bytes:
    return b"" if moment is None else b"%d" % micros(moment)


def _memory(id_: MemoryId, told: Mapping[str, Any], data: bytes) -> Memory:
    return Memory(
        context=id_.context, key=id_.key, kind=_KINDS[told["kind"]], data=data, importance=told["importance"],
        created=moment_of(told["created"]), updated=moment_of(told["updated"]), type=told["type"],
        expires=None if told["expires"] is None else moment_of(told["expires"]), retention=told["retention"],
        version=told["version"], writer=told["writer"], is_forgotten=told["forgotten"],
        metadata=MappingProxyType(told["metadata"]) if told["metadata"] else NOTHING,
    )  # fmt: skip
