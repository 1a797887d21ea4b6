"""A memory as a Redis hash holds it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from struct import pack, unpack
from types import MappingProxyType
from typing import Any

from sync.errors import ShapeError
from sync.taskmaster.memory import NOTHING, Kind, Memory, MemoryId, Tier
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.redis.scripts import GRACE_MS

FIELDS = ("s", "h", "d", "t", "u", "w")
"""What is read of a hash, in this order; see `scripts`."""
FORGOTTEN_FOR = timedelta(days=1)
"""So long it is known that a memory was forgotten: an older copy that is under way would come back otherwise."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_UNCHANGED = "surrogatepass"


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


def to_number(moment: datetime) -> int:
    """A moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(number: int) -> datetime:
    """The moment of some microseconds since 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=number)


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
        to_number(memory.updated), _number(memory.expires), _number(due), lives_ms, 0 if memory.is_forgotten else 1,
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
    try:
        told = json.loads(head or b"")
        memory = _memory(id_, told, data or b"")
        found_by = frozenset(unpack(f">{len(tokens or b'') // 8}Q", tokens or b""))
        last = None if used is None else to_moment(int(used))
        homes, owed = (frozenset(map(Tier, told[name])) for name in ("homes", "owed"))
        held = Held(
            memory=memory, tokens=found_by, homes=homes, owed=owed, base=told["base"], uses=int(uses or 0), used=last
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        hint = "give this journal a prefix of its own on the Redis server"
        raise ShapeError(f"what Redis holds for {id_.context} {id_.key!r} is no memory", hint=hint) from error
    return Kept(stamp, held)


def _head(held: Held) -> bytes:
    memory = held.memory
    told = {
        "kind": memory.kind.value, "importance": memory.importance, "type": memory.type, "writer": memory.writer,
        "created": to_number(memory.created), "updated": to_number(memory.updated), "retention": memory.retention,
        "expires": None if memory.expires is None else to_number(memory.expires), "version": memory.version,
        "metadata": dict(memory.metadata), "forgotten": memory.is_forgotten, "base": held.base,
        "homes": sorted(one.value for one in held.homes), "owed": sorted(one.value for one in held.owed),
    }  # fmt: skip
    return json.dumps(told, separators=(",", ":")).encode()


def _number(moment: datetime | None) -> bytes:
    return b"" if moment is None else b"%d" % to_number(moment)


def _memory(id_: MemoryId, told: Mapping[str, Any], data: bytes) -> Memory:
    return Memory(
        context=id_.context, key=id_.key, kind=Kind(told["kind"]), data=data, importance=told["importance"],
        created=to_moment(told["created"]), updated=to_moment(told["updated"]), type=told["type"],
        expires=None if told["expires"] is None else to_moment(told["expires"]), retention=told["retention"],
        version=told["version"], writer=told["writer"], is_forgotten=told["forgotten"],
        metadata=MappingProxyType(told["metadata"]) if told["metadata"] else NOTHING,
    )  # fmt: skip
