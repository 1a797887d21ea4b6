"""From a request to a memory: what is refused, how important it is, which tiers are to hold it, and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sync.document.memory_settings import EMBEDDED, duration
from sync.errors import UsageError
from sync.taskmaster.core import Core
from sync.taskmaster.importance import Facts, importance_of
from sync.taskmaster.looking_up import Known
from sync.taskmaster.memory import Kind, Memory, MemoryId, Tier, Value, checked_metadata, encode_value
from sync.taskmaster.placing import homes_of
from sync.taskmaster.retention import parse_retention, parse_ttl

ONLY_SHORT = frozenset({Tier.SHORT})
_MAX_TYPE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be remembered; see `MemoryManager.remember`."""

    context: str
    key: str
    value: Value
    importance: float | None = None
    ttl: timedelta | str | None = None
    metadata: Mapping[str, Any] | None = None
    type: str = ""
    retention: str = ""
    expected: int | None = None
    own: Mapping[str, Any] | None = None


def make_memory(
    core: Core, id_: MemoryId, request: Request, known: Known, now: datetime
) -> tuple[Memory, frozenset[Tier]]:
    """A memory, not written yet, and the tiers that are to hold it in the end.

    Args:
        core: what all parts share.
        id_: what it is called; checked.
        request: what is to be remembered.
        known: what the tiers hold under the key.
        now: aware, UTC.

    Raises:
        UsageError: the request cannot be one.
    """
    kind, data = encode_value(request.value)
    metadata = checked_metadata(request.metadata)
    _refuse_odd(request, metadata)
    importance = _importance(core, request, known, kind, data, metadata, now)
    homes = _homes(core, importance, known)
    memory = Memory(
        context=id_.context, key=id_.key, kind=kind, data=data, importance=importance, created=now, updated=now,
        type=request.type, expires=_expires(core, request, homes, now), retention=request.retention,
        writer=core.writer, metadata={**metadata, **(request.own or {})},
    )  # fmt: skip
    return memory, homes


def _refuse_odd(request: Request, metadata: Mapping[str, Any]) -> None:
    if reserved := next((key for key in metadata if key.startswith("_")), ""):
        raise UsageError(f"the metadata key {reserved!r} is this program's", hint="use one without `_` in front")
    if request.retention:
        parse_retention(request.retention)
    type_ = request.type
    if type_ and (len(type_) > _MAX_TYPE or not (type_.isprintable() and type_ == type_.strip())):
        raise UsageError(f"the type {type_!r} is none", hint="give a word, such as pricing")


def _importance(
    core: Core, request: Request, known: Known, kind: Kind, data: bytes, metadata: Mapping[str, Any], now: datetime
) -> float:
    if request.importance is None:
        held = known.held
        facts = Facts(
            kind=kind, data=data, type=request.type, metadata=metadata, uses=held.uses if held else 0,
            used=held.used if held else None, now=now, types=core.settings.business_value,
        )  # fmt: skip
        return importance_of(facts, core.settings.importance)
    if not 0 <= request.importance <= 1:
        raise UsageError(f"the importance {request.importance} is none", hint="give a number from 0 to 1")
    return request.importance


def _homes(core: Core, importance: float, known: Known) -> frozenset[Tier]:
    """Where it belongs by its importance, and wherever the key is held already: a key never moves down."""
    homes = homes_of(importance, core.settings.placing)
    if homes == ONLY_SHORT and not known.is_upstairs:
        return homes
    held = known.working or known.long
    homes |= (held.homes if held else frozenset()) | (frozenset({Tier.LONG}) if known.long else frozenset())
    if Tier.LONG in homes and core.settings.working != EMBEDDED:
        homes |= {Tier.WORKING}  # where other clones read it until they have pulled the entry
    return homes


def _expires(core: Core, request: Request, homes: frozenset[Tier], now: datetime) -> datetime | None:
    """As asked; else by the highest tier that holds it; the journal's own limit is the context's retention."""
    if request.ttl is not None:
        return now + parse_ttl(request.ttl)
    if Tier.LONG in homes:
        return None
    limits = core.settings.limits
    return now + duration(limits.working_ttl if Tier.WORKING in homes else limits.short_term_ttl)
