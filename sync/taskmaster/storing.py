"""Where memories are written, and the order in which tiers are told, so that nothing acknowledged is lost.

All but what lives in the short-term tier alone is first written to the working tier, in one durable step, with what
other tiers must still be told. A process that dies behind it has lost nothing: whoever catches up tells them.

Several memories are written together: each tier is asked once for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sync.taskmaster.catching_up import CatchUp
from sync.taskmaster.core import Core, Down
from sync.taskmaster.lifting import lift
from sync.taskmaster.looking_up import Known
from sync.taskmaster.making import ONLY_SHORT
from sync.taskmaster.memory import ANY_TIME, ENTRY, OBJECT, Memory, MemoryId, Tier
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.writing import COPY_NEW, Stored, Write

_ORDER = tuple(Tier)
_NOBODY: frozenset[Tier] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A memory that is to be written.

    Attributes:
        memory: it. homes: the tiers that are to hold it in the end.
        known: what the tiers hold under its key.
        expected: the version that the key must be at; None for any.
    """

    memory: Memory
    homes: frozenset[Tier]
    known: Known
    expected: int | None = None

    @property
    def needs_object(self) -> bool:
        """Whether a value has to be fetched first, which may take long."""
        held = self.known.long or self.known.short
        return self.known.working is None and held is not None and OBJECT in held.memory.metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of it.

    Attributes:
        id: the memory's.
        stored: what the key holds, see there.
        tiers: which hold it by now. owed: which are to be told yet.
        expected: as it was asked.
        base: Git's id of the entry that it is based on.
        notes: for people.
    """

    id: MemoryId
    stored: Stored
    tiers: tuple[Tier, ...]
    owed: tuple[Tier, ...] = ()
    expected: int | None = None
    base: str = ""
    notes: tuple[str, ...] = ()


class Storer:
    """Writes to the tiers.

    Args:
        core: what all parts share.
        catch_up: tells other tiers.
    """

    def __init__(self, core: Core, catch_up: CatchUp) -> None:
        self._core, self._catch_up = core, catch_up

    def store(self, intents: Sequence[Intent]) -> list[Written]:
        """Write each where it belongs.

        Args:
            intents: of different keys, whose `known` was looked up at once.

        Returns:
            What became of each, in order.

        Raises:
            TierDownError: the working tier does not answer.
        """
        places: list[list[int]] = [[], []]
        for place, one in enumerate(intents):
            places[one.homes == ONLY_SHORT and not one.known.is_upstairs].append(place)
        written: dict[int, Written] = {}
        for some, put in zip(places, (self.to_working, self.to_short), strict=True):
            written |= zip(some, put([intents[place] for place in some]), strict=True) if some else ()
        return [written[place] for place in range(len(intents))]

    def to_short(self, intents: Sequence[Intent]) -> list[Written]:
        """To the short-term tier alone, where it holds what the writer knew; else both values go up.

        The short-term tier keeps no rivals, so it must not replace a value that the writer did not know of.
        """
        writes = [replace(self._write(one), is_strict=True, homes=ONLY_SHORT) for one in intents]
        stored = self._put_short(intents, writes)
        if isinstance(stored, Down):
            note = f"{stored.note}; kept in the working tier meanwhile"
            below = self.to_working([replace(one, homes=ONLY_SHORT) for one in intents])
            return [replace(one, notes=(*one.notes, note)) for one in below]
        rising = self._rising(intents, stored)
        for place in rising:
            self._core.seen.note(intents[place].memory.id, writes[place].seen, writes[place].base)
        risen = dict(zip(rising, self.to_working(list(rising.values())) if rising else (), strict=True))
        return [
            risen.get(place)
            or Written(id=one.memory.id, stored=stored[place], tiers=(Tier.SHORT,), expected=one.expected)
            for place, one in enumerate(intents)
        ]

    def to_working(self, intents: Sequence[Intent]) -> list[Written]:
        """Write to the working tier, and tell the short-term one; the journal and the vectors are owed theirs."""
        owed = [self._owed(one) for one in intents]
        writes = [self._write(one, own) for one, own in zip(intents, owed, strict=True)]
        stored = self._lifted(intents, self._put_working(intents, writes))
        for one, write, done in zip(intents, writes, stored, strict=True):
            if not done.is_winner and self._core.seen.of(one.memory.id) is None:
                self._core.seen.note(one.memory.id, write.seen, write.base)  # what won is not what its next is based on
        stored = [self._settled(*pair) for pair in zip(intents, stored, strict=True)]
        downs = self._tell_short(intents, owed, stored)
        return [
            _written(*each)
            for each in zip(intents, writes, stored, owed, downs, strict=True)
        ]  # fmt: skip

    def _put_short(self, intents: Sequence[Intent], writes: Sequence[Write]) -> list[Stored] | Down:
        if down := next((one.known.short_down for one in intents if one.known.short_down), None):
            return down
        short = self._core.tiers.short

        def work() -> list[Stored]:
            stored = short.put(writes)
            # What these writers knew has been pushed out, or its time was up.
            gone = [n for n, one in enumerate(stored) if one.memory is None and intents[n].expected is None]
            if gone:
                anew = dict(zip(gone, short.put([replace(writes[n], seen=0) for n in gone]), strict=True))
                stored = [anew.get(n, one) for n, one in enumerate(stored)]
            return stored

        return self._core.health.ask(Tier.SHORT, work)

    def _rising(self, intents: Sequence[Intent], stored: Sequence[Stored]) -> dict[int, Intent]:
        """Those of keys whose other value the writer did not know, or that somebody moved up meanwhile; by place."""
        homes = ONLY_SHORT | {Tier.WORKING}
        rising: dict[int, Intent] = {}
        won: dict[int, Intent] = {}
        for place, (one, done) in enumerate(zip(intents, stored, strict=True)):
            if done.is_winner:
                won[place] = one
            elif one.expected is None and done.memory is not None:
                known = replace(one.known, short=Held(memory=done.memory))
                rising[place] = replace(one, homes=homes, known=known)
        if won:
            ids = [one.memory.id for one in won.values()]
            moved = self._core.tiers.working.get(ids, max(one.memory.updated for one in won.values()))
            for place, one in won.items():
                if one.memory.id in moved:
                    known = replace(one.known, short=None)
                    rising[place] = replace(one, homes=homes, known=known, expected=None)
        return rising

    def _put_working(self, intents: Sequence[Intent], writes: Sequence[Write]) -> list[Stored]:
        asked: list[Write] = []
        places = []
        for one, write in zip(intents, writes, strict=True):
            if one.known.working is None and (below := self._below(one)) is not None:
                # What the writer knew from another tier is what others must have known too.
                asked.append(
                    Write(
                        memory=below.memory, seen=COPY_NEW, homes=below.homes, tokens=tuple(below.tokens),
                        base=below.base,
                    )
                )  # fmt: skip
            places.append(len(asked))
            asked.append(write)
        stored = self._core.tiers.working.put(asked)
        return [stored[place] for place in places]

    def _below(self, intent: Intent) -> Held | None:
        """What another tier holds, with its whole value; None where nothing does, or the value is not to be had now."""
        held = intent.known.long or intent.known.short
        if held is None or not intent.needs_object:
            return held
        id_, catalogue = held.memory.id, self._core.tiers.catalogue
        whole = self._core.health.ask(Tier.LONG, lambda: catalogue.get([id_], ANY_TIME).get(id_) if catalogue else None)
        return None if isinstance(whole, Down) else whole

    def _lifted(self, intents: Sequence[Intent], stored: Sequence[Stored]) -> list[Stored]:
        """With what others wrote to the short-term tier at the same moment, see `lift`."""
        core = self._core
        ids = [
            one.memory.id
            for one, done in zip(intents, stored, strict=True)
            if one.known.working is None and one.known.short_down is None and (done.is_winner or one.expected is None)
        ]
        held = core.health.ask(Tier.SHORT, lambda: core.tiers.short.get(ids, core.clock())) if ids else {}
        if isinstance(held, Down):
            return list(stored)
        return [
            lift(core, done, frozenset({one.known.short.memory.version} if one.known.short else ()))
            if one.memory.id in held
            else done
            for one, done in zip(intents, stored, strict=True)
        ]

    def _settled(self, intent: Intent, stored: Stored) -> Stored:
        if stored.rival is None or ENTRY not in stored.rival.metadata or Tier.LONG not in intent.homes:
            return stored
        self._core.tiers.working.settle_rivals(intent.memory.id, [stored.rival.digest])
        return replace(stored, rival=None)  # the flush merges it, three ways

    def _tell_short(
        self, intents: Sequence[Intent], owed: Sequence[frozenset[Tier]], stored: Sequence[Stored]
    ) -> list[Down | None]:
        """Why the short-term tier was not told what it is owed; None for those of which it was, or need not be.

        What has a rival is not kept close: whoever recalls it is to be told so, by the tier that keeps rivals.
        """
        downs: list[Down | None] = [one.known.short_down if Tier.SHORT in own else None for one, own in zip(
            intents, owed, strict=True)]  # fmt: skip
        for is_hidden, tell in ((False, self._catch_up.tell_short), (True, self._catch_up.hide_short)):
            due = [
                place
                for place, done in enumerate(stored)
                if Tier.SHORT in owed[place]
                and downs[place] is None
                and done.memory is not None
                and (done.rival is not None) is is_hidden
            ]
            down = tell([memory for place in due if (memory := stored[place].memory)]) if due else None
            for place in due:
                downs[place] = down
        return downs

    def _owed(self, intent: Intent) -> frozenset[Tier]:
        """Whom a write of the working tier must be told: homes, and who holds an older version."""
        tiers, known, held = self._core.tiers, intent.known, intent.known.working
        owed = intent.homes - {Tier.WORKING}
        if known.short is not None or known.short_down is not None:
            owed |= {Tier.SHORT}
        if known.long is not None or (held and Tier.LONG in (held.homes | held.owed)):
            owed |= {Tier.LONG}
        if intent.memory.is_forgotten and tiers.semantic is not None:
            owed |= {Tier.SEMANTIC}
        if tiers.catalogue is None:
            owed -= {Tier.LONG}
        return owed if tiers.semantic is not None else owed - {Tier.SEMANTIC}

    def _write(self, intent: Intent, owed: frozenset[Tier] = _NOBODY) -> Write:
        memory, held = intent.memory, intent.known.held
        version, base = (held.memory.version, held.base) if held else (0, "")
        seen = self._core.seen.of(memory.id)
        if intent.expected is None and seen is not None and seen[0] != version:
            version, base = seen  # what the journal says by now is not what this value is based on
        return Write(
            memory=memory,
            seen=version if intent.expected is None else intent.expected,
            homes=intent.homes,
            owed=owed,
            tokens=() if memory.is_forgotten else tokens_of(memory),
            base=base,
            is_strict=intent.expected is not None,
        )


def _written(intent: Intent, write: Write, stored: Stored, owed: frozenset[Tier], down: Down | None) -> Written:
    is_told = Tier.SHORT in owed and stored.memory is not None and down is None
    left = owed - {Tier.SHORT} if is_told else owed
    return Written(
        id=intent.memory.id,
        stored=stored,
        tiers=_ordered({Tier.WORKING} | (intent.homes & owed) - left),
        owed=_ordered(left),
        expected=intent.expected,
        base=write.base,
        notes=(down.note,) if down and stored.memory is not None else (),
    )


def _ordered(tiers: frozenset[Tier] | set[Tier]) -> tuple[Tier, ...]:
    return tuple(one for one in _ORDER if one in tiers)
