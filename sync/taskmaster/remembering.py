"""Remembering: callers who remember at the same time are served together, and each is told what became of its own.

Python runs one thread at a time, so threads that each ask every tier for themselves mostly wait for each other. Here
one looks up, makes and writes for all who wait: a tier is asked once, and a durable step is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import local
from time import monotonic
from typing import cast

from sync.errors import RetryError
from sync.taskmaster.catching_up import CatchUp
from sync.taskmaster.core import Core
from sync.taskmaster.looking_up import Known, look_up, look_up_all
from sync.taskmaster.making import Request, make_memory
from sync.taskmaster.memory import Memory, MemoryId, Tier, checked_key
from sync.taskmaster.results import Remembered
from sync.taskmaster.storing import Intent, Storer, Written
from sync.taskmaster.tiers.group import Group, Job
from sync.taskmaster.tiers.protocol import Held, TierDownError


class StaleError(RetryError):
    """A key is at another version than the writer expected; nothing was written."""

    code = "stale"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and the moment when it came, by the monotonic clock."""

    request: Request
    since: float


_Jobs = Sequence[Job[None]]
_Named = Mapping[MemoryId, Job[None]]


class Writer:
    """Remembers.

    Args:
        core: what all parts share.
        catch_up: tells other tiers.
        follow: lets the catalogue of the long-term tier show what the journal says now.
    """

    def __init__(self, core: Core, catch_up: CatchUp, follow: Callable[[], None]) -> None:
        self._core, self._follow = core, follow
        self._storer = Storer(core, catch_up)
        self._group: Group[None] = Group(self._carry_out)
        self._leader = local()
        self._fell: tuple[float, TierDownError] | None = None

    def remember(self, request: Request) -> Remembered:
        """See `MemoryManager.remember`."""
        if getattr(self._leader, "is_one", False):  # a callback of an event remembers, too
            return self._told(self._written_alone(request))
        asked = _Asked(request, monotonic())
        written = cast("Written | None", self._group.do(lambda _: asked))
        return self._told(written or self._written_alone(request))

    def amend(self, memory: Memory, held: Held, homes: frozenset[Tier]) -> Remembered:
        """See `MemoryManager.amend`."""
        known = look_up(self._core, memory.id, self._core.clock())
        if known.short is not None and known.short.memory.version > held.memory.version:
            raise StaleError(f"{memory.context} {memory.key} was written again", hint="look at it, and decide again")
        if known.held is None:  # its time is up: the tiers do not show it
            known = replace(known, long=held)
        return self.to_working(Intent(memory=memory, homes=homes, known=known, expected=held.memory.version))

    def to_short(self, intent: Intent) -> Remembered:
        """Write to the short-term tier alone, see `Storer.to_short`."""
        return self._told(self._storer.to_short([intent])[0])

    def to_working(self, intent: Intent) -> Remembered:
        """Write to the working tier, and tell others, see `Storer.to_working`."""
        return self._told(self._storer.to_working([intent])[0])

    def _carry_out(self, jobs: _Jobs) -> None:
        """Serve some callers: of each key the first, then the next, since each must know what the one before wrote."""
        self._leader.is_one = True
        try:
            while jobs:
                named: dict[MemoryId, Job[None]] = {}
                later = [job for job in jobs if (id_ := self._named(job)) and named.setdefault(id_, job) is not job]
                self._serve(named)
                jobs = later
        finally:
            self._leader.is_one = False

    def _named(self, job: Job[None]) -> MemoryId | None:
        try:
            return self._id_of(_asked(job).request)
        except Exception as error:  # noqa: BLE001 (it is raised again by whoever waits for the job)
            job.fail(error)
            return None

    def _serve(self, jobs: _Named) -> None:
        if self._fell is not None and (waiting := [job for job in jobs.values() if _asked(job).since < self._fell[0]]):
            _fail_all(waiting, self._fell[1])  # they have waited as long as whoever found that it does not answer
            jobs = {id_: job for id_, job in jobs.items() if not job.is_done}
        try:
            if jobs:
                self._store(jobs)
        except TierDownError as error:
            self._fell = monotonic(), error
            _fail_all(jobs.values(), error)
        except Exception as error:  # noqa: BLE001 (as above)
            left = {id_: job for id_, job in jobs.items() if not job.is_done}
            if len(left) > 1:
                for id_, job in left.items():
                    self._serve({id_: job})
            else:
                _fail_all(left.values(), error)

    def _store(self, jobs: _Named) -> None:
        """Write what some callers ask for; who needs something fetched first is told None, and does it by itself."""
        self._follow()
        found = look_up_all(self._core, jobs, self._core.clock())
        intents: list[tuple[Job[None], Intent]] = []
        for id_, job in jobs.items():
            try:
                intent = self._intent(id_, _asked(job).request, found[id_])
            except Exception as error:  # noqa: BLE001 (as above)
                job.fail(error)
                continue
            if intent.needs_object:
                job.succeed(None)
            else:
                intents.append((job, intent))
        for (job, _), written in zip(intents, self._storer.store([one for _, one in intents]), strict=True):
            job.succeed(written)

    def _written_alone(self, request: Request) -> Written:
        self._follow()
        id_ = self._id_of(request)
        return self._storer.store([self._intent(id_, request, look_up(self._core, id_, self._core.clock()))])[0]

    def _id_of(self, request: Request) -> MemoryId:
        return MemoryId(self._core.rules.checked(request.context), checked_key(request.key))

    def _intent(self, id_: MemoryId, request: Request, known: Known) -> Intent:
        memory, homes = make_memory(self._core, id_, request, known, self._core.clock())
        return Intent(memory=memory, homes=homes, known=known, expected=request.expected)

    def _told(self, written: Written) -> Remembered:
        """What a caller is told; from now on it knows the version. In the caller's thread, for events are published."""
        core, stored, memory, expected = self._core, written.stored, written.stored.memory, written.expected
        if memory is None or (expected is not None and not stored.is_winner):
            at = f"at version {memory.version}" if memory else "not there"
            hint = "look at what it holds now (recall), and decide again"
            raise StaleError(
                f"{written.id.context} {written.id.key}: expected version {expected}, it is {at}", hint=hint
            )
        if stored.is_winner:
            core.seen.note(written.id, memory.version, written.base)
            if not memory.is_forgotten:
                places = [one.value for one in written.tiers]
                core.tell(
                    "memory:saved", written.id, importance=memory.importance, version=memory.version, tiers=places
                )
        if stored.rival is not None:
            core.tell("memory:conflict", written.id, kept=memory.digest, rival=stored.rival.digest)
        return Remembered(
            memory=memory, tiers=written.tiers, owed=written.owed, rival=stored.rival, is_winner=stored.is_winner,
            notes=written.notes,
        )  # fmt: skip


def _asked(job: Job[None]) -> _Asked:
    return cast("_Asked", job.work(None))


def _fail_all(jobs: Iterable[Job[None]], error: Exception) -> None:
    for job in jobs:
        job.fail(error)
