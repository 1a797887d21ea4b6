"""Tidying up what is remembered: frequent patterns, duplicates, what is over, contradictions, missing vectors.

Every step is a write of one memory that must still be at the version that was looked at, what takes the place of others
before these are put away: a run that dies anywhere has lost nothing, and the next one goes on. A run that finds nothing
to do does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from sync.errors import JournalError, UsageError
from sync.taskmaster.consolidation import (
    CONTRADICTS,
    Change,
    Plan,
    Situation,
    decide_consolidation,
    doubt_of,
    due_of,
    source_of,
    why_due,
)
from sync.taskmaster.consolidation_report import ConsolidationReport, ContextReport
from sync.taskmaster.core import Core, Down
from sync.taskmaster.long_term.record import MISSING
from sync.taskmaster.making import Request
from sync.taskmaster.memory import ANY_TIME, Kind, Memory, MemoryId, Tier
from sync.taskmaster.patterns import LEARNING, PATTERN, PATTERNS_KEY, Access, frequent, read_learned
from sync.taskmaster.remembering import StaleError
from sync.taskmaster.results import Remembered
from sync.taskmaster.scoring import text_of
from sync.taskmaster.similar import Nearness
from sync.taskmaster.tiers.protocol import Held, Items

_PAGE = 500
_NEW_COMPARED = 500  # of one context; each has to be embedded as a question
_NEAREST = 5


class Keeper(Protocol):
    """What is needed of the memory manager."""

    @property
    def core(self) -> Core:
        """Tiers, rules, settings, clock, events."""
        ...

    def amend(self, memory: Memory, held: Held, homes: frozenset[Tier]) -> Remembered:
        """See `Memories.amend`."""
        ...

    def remember_as(self, request: Request) -> Remembered:
        """See `Memories.remember_as`."""
        ...


def consolidate(keeper: Keeper) -> ConsolidationReport:
    """Tidy up all contexts. The working and the long-term tier are; what only the short-term one holds, goes by itself.

    Returns:
        What was done. The journal is owed the changes: one flush is one commit, with the report as its message.

    Raises:
        TierDownError: the working tier does not answer; what was done stays done.
    """
    core, now = keeper.core, keeper.core.clock()
    contexts = _contexts(core)
    due: dict[MemoryId, str] = {}
    sources: dict[MemoryId, MemoryId] = {}
    for context in contexts:
        for one in held_in(core, context):
            if why := why_due(one, core.rules.retention(context), now):
                due[one.memory.id] = why
            if source := source_of(one.memory):
                sources[one.memory.id] = source
    going = due_of(due, sources)
    situation = Situation(
        now=now, due=going, shared=frozenset(sources.values()),
        archive=frozenset({Tier.LONG if core.tiers.catalogue is not None else Tier.WORKING}),
        placing=core.settings.placing,
    )  # fmt: skip
    reports = tuple(_consolidate_one(keeper, context, situation) for context in contexts)
    kept = tuple(sorted(due.keys() - going.keys()))
    report = ConsolidationReport(at=now, contexts=reports, kept=kept)
    core.tell("memory:consolidated", changed=report.total("changed"), created=report.total("created"))
    return report


def held_in(core: Core, context: str) -> list[Held]:
    """All memories of a context in the working and the long-term tier, what is over included, each once.

    What waits in the working tier for the short-term one alone is left out, and what is not whole on this machine.
    """
    tiers = core.tiers
    found = {one.memory.id: one for one in _pages(tiers.working, context)}
    for one in _pages(tiers.catalogue, context) if tiers.catalogue is not None else ():
        above = found.get(one.memory.id)
        is_newer = above is None or (Tier.LONG not in above.owed and above.memory.version < one.memory.version)
        known = one if above is None or is_newer else above
        found[one.memory.id] = replace(known, homes=known.homes | {Tier.LONG})
    above_all = tiers.working.get(list(found), ANY_TIME)
    gone = {id_ for id_, one in above_all.items() if one.memory.is_forgotten}
    return [one for id_, one in sorted(found.items()) if id_ not in gone and _is_whole(one)]


def _is_whole(held: Held) -> bool:
    return held.homes != {Tier.SHORT} and not held.memory.metadata.get(MISSING)


def _contexts(core: Core) -> list[str]:
    known = set(core.tiers.working.contexts())
    return sorted(known | set(core.tiers.catalogue.contexts() if core.tiers.catalogue is not None else ()))


def _pages(items: Items, context: str) -> Iterator[Held]:
    after = None
    while page := items.page(context, ANY_TIME, after=after, limit=_PAGE):
        yield from page
        after = page[-1].memory.id


def _consolidate_one(keeper: Keeper, context: str, situation: Situation) -> ContextReport:
    core, held = keeper.core, held_in(keeper.core, context)
    read, is_known = len(held), any(one.memory.key == PATTERNS_KEY for one in held)
    written, patterns, notes = _write_patterns(keeper, context, held)
    held = held_in(core, context) if written else held
    new, computed, more = _embed(core, held)
    retention = core.rules.retention(context)
    due = {one.memory.id for one in held if why_due(one, retention, situation.now)}
    situation = replace(
        situation, nearness=_nearness(core, context, new, held),
        due={id_: why for id_, why in situation.due.items() if id_ in due},
    )  # fmt: skip
    plan = decide_consolidation(held, situation)
    changed, skipped = _apply(keeper, plan.changes)
    return ContextReport(
        context=context,
        read=read,
        changed=len(changed) + (written and is_known),
        skipped=len(skipped),
        created=int(written and not is_known),
        patterns=patterns,
        compressed=_compressed(plan, changed),
        archived=tuple((one.key, why) for one, why in plan.archived if one.id in changed),
        linked=sum(one.memory.id in changed for one in plan.changes if _links(one)),
        contradictions=tuple((one.newer.key, one.older.key, one.why) for one in plan.contradictions),
        embedded=len(new),
        computed=computed,
        notes=(*(doubt for one in held if (doubt := doubt_of(one.memory))), *notes, *more),
    )


def _compressed(plan: Plan, changed: set[MemoryId]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The clusters of a plan whose sources were put away, as keys."""
    found = (
        (one.representative.key, tuple(source.key for source, _ in one.sources if source.id in changed))
        for one in plan.clusters
    )
    return tuple((key, sources) for key, sources in found if sources)


def _links(change: Change) -> bool:
    return change.memory.metadata.get(CONTRADICTS) != change.held.memory.metadata.get(CONTRADICTS)


def _apply(keeper: Keeper, changes: Sequence[Change]) -> tuple[set[MemoryId], set[MemoryId]]:
    """Make changes; those that were made, and those that were not since somebody was faster."""
    wanted = {one.memory.id for one in changes}
    done: set[MemoryId] = set()
    skipped: set[MemoryId] = set()
    for one in changes:
        id_ = one.memory.id
        if one.needs in wanted and one.needs not in done:
            skipped.add(id_)
            continue
        try:
            keeper.amend(one.memory, one.held, one.homes)
            done.add(id_)
        except StaleError:
            skipped.add(id_)
    return done, skipped


def _embed(core: Core, held: Sequence[Held]) -> tuple[list[MemoryId], int, list[str]]:
    """Give vectors to memories that have none, or one of an older text; which had none, texts computed, notes."""
    semantic = core.tiers.semantic
    if semantic is None:
        return [], 0, []
    new: list[MemoryId] = []
    computed = 0
    for at in range(0, len(held), _PAGE):
        texts = {one.memory.id: text_of(one.memory) for one in held[at : at + _PAGE]}

        def work(texts: dict[MemoryId, str] = texts) -> tuple[list[MemoryId], int]:
            return semantic.missing(list(texts)), semantic.add(texts)

        try:
            done = core.health.ask(Tier.SEMANTIC, work)
        except JournalError as error:
            return new, computed, [f"no vectors: {error.message}"]
        if isinstance(done, Down):
            return new, computed, [f"no vectors: {done.note}"]
        new += done[0]
        computed += done[1]
    return new, computed, []


def _nearness(core: Core, context: str, new: Sequence[MemoryId], held: Sequence[Held]) -> Nearness:
    """How near new memories are to others of their context."""
    semantic = core.tiers.semantic
    found: dict[frozenset[MemoryId], float] = {}
    texts = {one.memory.id: text_of(one.memory) for one in held if one.memory.kind is Kind.MARKDOWN}
    if semantic is None:
        return found
    for id_ in [one for one in new if one in texts][:_NEW_COMPARED]:
        try:
            near = core.health.ask(Tier.SEMANTIC, partial(semantic.near, texts[id_], [context], _NEAREST))
        except JournalError:  # as likely as not it was told of already, when the vectors were made
            break
        if isinstance(near, Down):
            break
        found |= {frozenset((id_, one.id)): one.score for one in near if one.id != id_ and one.id in texts}
    return found


def _access(held: Held, last: datetime) -> Access:
    mean_s = held.took_s / held.uses if held.uses and held.took_s else None
    return Access(key=held.memory.key, count=held.uses, last=last, mean_s=mean_s)


def _write_patterns(keeper: Keeper, context: str, held: Sequence[Held]) -> tuple[bool, int, list[str]]:
    """Write down the frequent patterns of a context; whether it was done, how many there are, notes."""
    present = next((one for one in held if one.memory.key == PATTERNS_KEY), None)
    before = present.memory.value if present and present.memory.type == PATTERN else None
    plain = [one for one in held if one.memory.type not in (LEARNING, PATTERN)]
    rows = frequent(
        [found for one in held if one.memory.type == LEARNING and (found := read_learned(one.memory.value))],
        [_access(one, one.used) for one in plain if one.used is not None],
        before,
    )
    if not rows or rows == before:
        return False, 0, []
    if present and present.memory.type != PATTERN:
        return False, 0, [f"`{PATTERNS_KEY}` is a memory of somebody's own: the frequent patterns were not written"]
    request = Request(
        context=context, key=PATTERNS_KEY, value=rows, type=PATTERN, expected=present.memory.version if present else 0,
        importance=keeper.core.settings.placing.long_term,
    )  # fmt: skip
    try:
        keeper.remember_as(request)
    except StaleError:
        return False, 0, [f"`{PATTERNS_KEY}` was changed meanwhile: the next run writes it"]
    except UsageError as error:
        return False, 0, [error.message]
    return True, len(rows), []
