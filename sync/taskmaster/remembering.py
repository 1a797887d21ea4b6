"""Writing: where a memory belongs, and the order in which tiers are told, so that nothing acknowledged is lost.

All but what lives in the short-term tier alone is first written to the working tier, in one durable step, with what
other tiers must still be told. A process that dies behind it has lost nothing: whoever catches up tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sync.document.memory_settings import EMBEDDED, duration
from sync.errors import RetryError, UsageError
from sync.taskmaster.catching_up import CatchUp
from sync.taskmaster.core import Core, Down
from sync.taskmaster.importance import Facts, importance_of
from sync.taskmaster.lifting import lift
from sync.taskmaster.looking_up import Known, look_up
from sync.taskmaster.memory import (
    ANY_TIME,
    ENTRY,
    OBJECT,
    Memory,
    MemoryId,
    Tier,
    Value,
    checked_key,
    checked_metadata,
    encode_value,
)
from sync.taskmaster.placing import homes_of
from sync.taskmaster.results import Remembered
from sync.taskmaster.retention import parse_retention, parse_ttl
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.writing import COPY_NEW, Stored, Write

_ORDER = tuple(Tier)


class StaleError(RetryError):
    """A key is at another version than the writer expected; nothing was written."""

    code = "stale"


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


class Writer:
    """Remembers.

    Args:
        core: what all parts share.
        catch_up: tells other tiers.
        follow: lets the catalogue of the long-term tier show what the journal says now.
    """

    def __init__(self, core: Core, catch_up: CatchUp, follow: Callable[[], None]) -> None:
        self._core, self._catch_up, self._follow = core, catch_up, follow

    def remember(self, request: Request) -> Remembered:
        """See `MemoryManager.remember`."""
        self._follow()
        core, now = self._core, self._core.clock()
        id_ = MemoryId(core.rules.checked(request.context), checked_key(request.key))
        known = look_up(core, id_, now)
        memory = self._made(id_, request, known, now)
        homes = homes_of(memory.importance, core.settings.placing)
        if homes == {Tier.SHORT} and not known.is_upstairs:
            return self.to_short(self._timed(memory, homes), known, request.expected)
        held = known.working or known.long
        homes |= (held.homes if held else frozenset()) | (frozenset({Tier.LONG}) if known.long else frozenset())
        if Tier.LONG in homes and core.settings.working != EMBEDDED:
            homes |= {Tier.WORKING}  # where other clones read it until they have pulled the entry
        return self.to_working(self._timed(memory, homes), homes, known, request.expected)

    def amend(self, memory: Memory, held: Held, homes: frozenset[Tier]) -> Remembered:
        """See `MemoryManager.amend`."""
        known = look_up(self._core, memory.id, self._core.clock())
        if known.short is not None and known.short.memory.version > held.memory.version:
            raise StaleError(f"{memory.context} {memory.key} was written again", hint="look at it, and decide again")
        if known.held is None:  # its time is up: the tiers do not show it
            known = replace(known, long=held)
        return self.to_working(memory, homes, known, held.memory.version)

    def _made(self, id_: MemoryId, request: Request, known: Known, now: datetime) -> Memory:
        kind, data = encode_value(request.value)
        metadata = checked_metadata(request.metadata)
        if reserved := next((key for key in metadata if key.startswith("_")), ""):
            raise UsageError(f"the metadata key {reserved!r} is this program's", hint="use one without `_` in front")
        if request.retention:
            parse_retention(request.retention)
        if len(request.type) > 200 or not (request.type.isprintable() and request.type == request.type.strip()):
            raise UsageError(f"the type {request.type!r} is none", hint="give a word, such as pricing")
        held = known.held
        facts = Facts(kind=kind, data=data, type=request.type, metadata=metadata, uses=held.uses if held else 0,
                      used=held.used if held else None, now=now,
                      types=self._core.settings.business_value)  # fmt: skip
        importance = request.importance
        if importance is None:
            importance = importance_of(facts, self._core.settings.importance)
        elif not 0 <= importance <= 1:
            raise UsageError(f"the importance {importance} is none", hint="give a number from 0 to 1")
        return Memory(
            context=id_.context, key=id_.key, kind=kind, data=data, importance=importance, created=now, updated=now,
            type=request.type, expires=now + parse_ttl(request.ttl) if request.ttl is not None else None,
            retention=request.retention, writer=self._core.writer, metadata={**metadata, **(request.own or {})},
        )  # fmt: skip

    def _timed(self, memory: Memory, homes: frozenset[Tier]) -> Memory:
        """With the time limit of the highest tier that holds it; the journal's own is the context's retention."""
        if memory.expires is not None or Tier.LONG in homes:
            return memory
        limits = self._core.settings.limits
        ttl = limits.working_ttl if Tier.WORKING in homes else limits.short_term_ttl
        return replace(memory, expires=memory.updated + duration(ttl))

    def to_short(self, memory: Memory, known: Known, expected: int | None) -> Remembered:
        """To the short-term tier alone, where it holds what the writer knew; else both values go up.

        The short-term tier keeps no rivals, so it must not replace a value that the writer did not know of.
        """
        core = self._core
        write = replace(self._write(memory, known, expected, homes=frozenset({Tier.SHORT})), is_strict=True)
        stored = self._put_short(write, known, is_asked=expected is not None)
        if isinstance(stored, Down):
            done = self.to_working(memory, frozenset({Tier.SHORT}), known, expected)
            return replace(done, notes=(*done.notes, f"{stored.note}; kept in the working tier meanwhile"))
        if expected is None and not stored.is_winner and stored.memory is not None:
            homes = frozenset({Tier.SHORT, Tier.WORKING})
            core.seen.note(memory.id, write.seen, write.base)
            return self.to_working(memory, homes, replace(known, short=Held(memory=stored.memory)), None)
        if stored.is_winner and core.tiers.working.get([memory.id], memory.updated):  # somebody moved the key up
            core.seen.note(memory.id, write.seen, write.base)
            return self.to_working(memory, frozenset({Tier.SHORT, Tier.WORKING}), replace(known, short=None), None)
        return self._told(memory.id, stored, tiers=(Tier.SHORT,), owed=(), expected=expected)

    def _put_short(self, write: Write, known: Known, *, is_asked: bool) -> Stored | Down:
        core = self._core
        if known.short_down is not None:
            return known.short_down

        def work() -> Stored:
            stored = core.tiers.short.put([write])[0]
            if stored.memory is None and not is_asked:  # what the writer knew has been pushed out, or its time was up
                stored = core.tiers.short.put([replace(write, seen=0)])[0]
            return stored

        return core.health.ask(Tier.SHORT, work)

    def to_working(self, memory: Memory, homes: frozenset[Tier], known: Known, expected: int | None) -> Remembered:
        """Write to the working tier, and tell the short-term one; the journal and the vectors are owed theirs."""
        core = self._core
        owed = self._owed(memory, homes, known)
        write = self._write(memory, known, expected, homes=homes, owed=owed)
        writes = [write]
        if known.working is None and (below := self._below(known)) is not None:
            # What the writer knew from another tier is what others must have known too.
            copy = Write(
                memory=below.memory, seen=COPY_NEW, homes=below.homes, tokens=tuple(below.tokens), base=below.base
            )
            writes.insert(0, copy)
        stored = core.tiers.working.put(writes)[-1]
        if not stored.is_winner and core.seen.of(memory.id) is None:
            core.seen.note(memory.id, write.seen, write.base)  # the next value is not based on what won either
        if known.working is None and known.short_down is None and (stored.is_winner or expected is None):
            knew = frozenset({known.short.memory.version} if known.short else ())
            stored = lift(core, stored, knew)
        if stored.rival is not None and ENTRY in stored.rival.metadata and Tier.LONG in homes:
            core.tiers.working.settle_rivals(memory.id, [stored.rival.digest])  # the flush merges it, three ways
            stored = replace(stored, rival=None)
        left, notes = set(owed), tuple[str, ...]()
        if Tier.SHORT in owed and stored.memory is not None:
            down = known.short_down or self._tell_short(stored)
            notes = (down.note,) if down else ()
            left -= set() if down else {Tier.SHORT}
        held = {Tier.WORKING} | (homes & owed) - left
        return replace(
            self._told(
                memory.id,
                stored,
                tiers=_ordered(held),
                owed=_ordered(frozenset(left)),
                expected=expected,
                base=write.base,
            ),
            notes=notes,
        )

    def _below(self, known: Known) -> Held | None:
        """What another tier holds, with its whole value; None where nothing does, or the value is not to be had now."""
        held = known.long or known.short
        if held is None or OBJECT not in held.memory.metadata:
            return held
        id_, catalogue = held.memory.id, self._core.tiers.catalogue
        whole = self._core.health.ask(Tier.LONG, lambda: catalogue.get([id_], ANY_TIME).get(id_) if catalogue else None)
        return None if isinstance(whole, Down) else whole

    def _tell_short(self, stored: Stored) -> Down | None:
        """What has a rival is not kept close: whoever recalls it is to be told so, by the tier that keeps rivals."""
        if stored.memory is None or stored.rival is None:
            return self._catch_up.tell_short([stored.memory] if stored.memory else [])
        return self._catch_up.hide_short([stored.memory])

    def _owed(self, memory: Memory, homes: frozenset[Tier], known: Known) -> frozenset[Tier]:
        """Whom a write of the working tier must be told: homes, and who holds an older version."""
        tiers, held = self._core.tiers, known.working
        owed = homes - {Tier.WORKING}
        if known.short is not None or known.short_down is not None:
            owed |= {Tier.SHORT}
        if known.long is not None or (held and Tier.LONG in (held.homes | held.owed)):
            owed |= {Tier.LONG}
        if memory.is_forgotten and tiers.semantic is not None:
            owed |= {Tier.SEMANTIC}
        if tiers.catalogue is None:
            owed -= {Tier.LONG}
        return owed if tiers.semantic is not None else owed - {Tier.SEMANTIC}

    def _write(
        self, memory: Memory, known: Known, expected: int | None, *, homes: frozenset[Tier],
        owed: frozenset[Tier] = frozenset(),
    ) -> Write:  # fmt: skip
        held = known.held
        version, base = (held.memory.version, held.base) if held else (0, "")
        if expected is None and (seen := self._core.seen.of(memory.id)) is not None and seen[0] != version:
            version, base = seen  # what the journal says by now is not what this value is based on
        return Write(
            memory=memory,
            seen=version if expected is None else expected,
            homes=homes,
            owed=owed,
            tokens=() if memory.is_forgotten else tokens_of(memory),
            base=base,
            is_strict=expected is not None,
        )

    def _told(
        self,
        id_: MemoryId,
        stored: Stored,
        *,
        tiers: tuple[Tier, ...],
        owed: tuple[Tier, ...],
        expected: int | None,
        base: str = "",
    ) -> Remembered:
        core, memory = self._core, stored.memory
        if memory is None or (expected is not None and not stored.is_winner):
            at = f"at version {memory.version}" if memory else "not there"
            hint = "look at what it holds now (recall), and decide again"
            raise StaleError(f"{id_.context} {id_.key}: expected version {expected}, it is {at}", hint=hint)
        if stored.is_winner:
            core.seen.note(id_, memory.version, base)
            if not memory.is_forgotten:
                places = [one.value for one in tiers]
                core.tell("memory:saved", id_, importance=memory.importance, version=memory.version, tiers=places)
        if stored.rival is not None:
            core.tell("memory:conflict", id_, kept=memory.digest, rival=stored.rival.digest)
        return Remembered(memory=memory, tiers=tiers, owed=owed, rival=stored.rival, is_winner=stored.is_winner)


def _ordered(tiers: frozenset[Tier] | set[Tier]) -> tuple[Tier, ...]:
    return tuple(one for one in _ORDER if one in tiers)
