"""What the parts of the memory manager share: tiers, rules, clock, events, and which tier answers at present."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol, TypeVar

from sync.document.memory_settings import MemorySettings
from sync.errors import JournalError
from sync.taskmaster.context_rules import ContextRules
from sync.taskmaster.events import Bus, Event
from sync.taskmaster.memory import NOTHING, MemoryId, Tier
from sync.taskmaster.tiers.protocol import Catalogue, Items, Objects, Semantic, TierDownError, Together, Working

T = TypeVar("T")
Clock = Callable[[], datetime]

JOURNAL = "journal"
"""The writer of what a person changed in the journal."""
_REST = timedelta(seconds=5)
_KNOWN = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """The back ends.

    Attributes:
        short, working: see the ports.
        catalogue: of the long-term tier, with whole values; None without a repository.
        plain_catalogue: the same, of long values their first lines only.
        together: asks the working tier and the plain catalogue at once; None where no server holds both.
        semantic: None where no model is installed, or none is wanted.
        objects: where long values lie.
    """

    short: Items
    working: Working
    catalogue: Catalogue | None
    semantic: Semantic | None
    objects: Objects | None
    plain_catalogue: Catalogue | None = None
    together: Together | None = None

    @property
    def lookup(self) -> Catalogue | None:
        """The catalogue for those who need no long value whole; None without a repository."""
        return self.plain_catalogue or self.catalogue

    def close(self) -> None:
        """Let go of all of them, whatever one says."""
        problems = []
        for one in (self.short, self.working, self.catalogue, self.semantic, self.objects):
            try:
                if one is not None:
                    one.close()
            except Exception as error:  # noqa: BLE001 (the others are to be closed first)
                problems.append(error)
        if problems:
            raise problems[0]


@dataclass(frozen=True, slots=True)
class Down:
    """A tier does not answer.

    Attributes:
        tier: which. note: one line for people.
    """

    tier: Tier
    note: str


class Relay(Protocol):
    """Passes events on to other processes, and theirs to this one."""

    def close(self) -> None:
        """Stop, once what was told has gone out, or a few seconds have passed."""
        ...


class Health:
    """Which tiers answer. One that did not is left alone for some seconds, so that not every caller waits for it.

    Args:
        clock: tells the time.
        tell: told of a tier that stopped answering, or answers again: (tier, whether it answers).
    """

    def __init__(self, clock: Clock, tell: Callable[[Tier, bool], None]) -> None:
        self._clock, self._tell = clock, tell
        self._down: dict[Tier, tuple[datetime, str]] = {}
        self._lock = Lock()

    def ask(self, tier: Tier, work: Callable[[], T]) -> T | Down:
        """What work with a tier gives, or that the tier does not answer."""
        if down := self.why_not(tier):
            return down
        try:
            found = work()
        except TierDownError as error:
            return self._fell(tier, error.message)
        except JournalError as error:
            if tier is not Tier.SEMANTIC:
                raise
            return self._fell(tier, error.message)  # the model cannot be loaded, say
        if tier in self._down:
            self._rose(tier)
        return found

    def why_not(self, tier: Tier) -> Down | None:
        """Why a tier is not to be asked now; None where it is."""
        down = self._down.get(tier)
        return Down(tier, down[1]) if down and self._clock() < down[0] else None

    def _fell(self, tier: Tier, message: str) -> Down:
        with self._lock:
            is_news = tier not in self._down
            self._down[tier] = self._clock() + _REST, message
        if is_news:
            self._tell(tier, False)
        return Down(tier, message)

    def _rose(self, tier: Tier) -> None:
        with self._lock:
            was = self._down.pop(tier, None)
        if was:
            self._tell(tier, True)


class Seen:
    """The versions that this manager's caller knows, of the keys it used last: what a write of its is based on."""

    def __init__(self) -> None:
        self._known: OrderedDict[MemoryId, tuple[int, str]] = OrderedDict()
        self._lock = Lock()

    def note(self, id_: MemoryId, version: int, base: str = "") -> None:
        """A version was written, or shown to the caller; with Git's id of the entry that says the same, if any."""
        with self._lock:
            self._known[id_] = version, base
            self._known.move_to_end(id_)
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def of(self, id_: MemoryId) -> tuple[int, str] | None:
        """Version and entry that the caller knows; None where it has not used the key lately."""
        return self._known.get(id_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What all parts are given.

    Attributes:
        tiers, rules, settings, clock: see there.
        writer: the name that writes are made under.
        events: where they are told.
        health: which tiers answer.
        relay: passes events on to other processes; None where none does.
        seen: what the caller knows.
    """

    tiers: Tiers
    rules: ContextRules
    settings: MemorySettings
    clock: Clock
    writer: str
    events: Bus
    health: Health
    relay: Relay | None = None
    seen: Seen = field(default_factory=Seen)

    def tell(self, name: str, id_: MemoryId = MemoryId("", ""), **data: object) -> None:  # noqa: B008 (a constant)
        """Publish an event, if anybody listens."""
        if not self.events.is_heard:
            return
        told = data or NOTHING
        self.events.publish(Event(name=name, context=id_.context, key=id_.key, at=self.clock(), data=told))
