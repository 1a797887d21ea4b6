"""What is to be tidied up among the memories of one context: decided here, from data alone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sync.document.memory_settings import PlacingSettings
from sync.errors import UsageError
from sync.taskmaster.contradictions import Contradiction, contradictions_of
from sync.taskmaster.memory import ENTRY, Memory, MemoryId, Tier
from sync.taskmaster.patterns import LEARNING, PATTERN
from sync.taskmaster.placing import homes_of
from sync.taskmaster.retention import Retention, ends, parse_retention
from sync.taskmaster.similar import Cluster, Nearness, clusters_of, compressed
from sync.taskmaster.tiers.protocol import Held

ARCHIVED, CONTRADICTS = "_archived", "_contradicts"
"""Keys in the metadata of a memory: since when and why it is archived; what it contradicts, the newest first."""
SHARED_FROM, SHARED_KEY = "_shared_from", "_shared_key"
_OWN_TYPES = frozenset((LEARNING, PATTERN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A memory is to be held otherwise.

    Attributes:
        held: what its key holds now.
        memory: what it is to hold.
        homes: the tiers that are to hold it.
        needs: the memory whose change must have been made before; None for none.
    """

    held: Held
    memory: Memory
    homes: frozenset[Tier]
    needs: MemoryId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done in one context.

    Attributes:
        changes: one a memory at most, in the order in which they are safe: what takes the place of others first.
        clusters: memories that are compressed.
        archived: memories whose time is up, and why they are put away.
        contradictions: all there are between memories that stay, the newest first.
    """

    changes: tuple[Change, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    archived: tuple[tuple[Memory, str], ...] = ()
    contradictions: tuple[Contradiction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a plan depends on besides the memories.

    Attributes:
        now: the time, aware, UTC.
        due: memories whose time is up, and why; see `due_of`.
        shared: memories that others were made from by sharing.
        archive: the tiers that archived memories are held in.
        placing: where memories are held by their importance.
        nearness: cosines of pairs of memories, as far as they are known.
    """

    now: datetime
    due: Mapping[MemoryId, str] = field(default_factory=dict)
    shared: Collection[MemoryId] = frozenset()
    archive: frozenset[Tier] = frozenset({Tier.LONG})
    placing: PlacingSettings = field(default_factory=PlacingSettings)
    nearness: Nearness = field(default_factory=dict)


def why_due(held: Held, retention: Retention, now: datetime) -> str:
    """Why a memory is to be archived; empty where its time is not up, or it is archived already.

    Args:
        held: the memory. That of the long-term tier is kept as long as it says itself, else as its context says; one
            that cannot be understood is kept, see `doubt_of`.
        retention: of its context.
        now: the time.
    """
    memory = held.memory
    if memory.metadata.get(ARCHIVED):
        return ""
    if memory.is_expired(now):
        return f"was to be recalled until {_day(memory.expires)}"
    if doubt_of(memory):
        return ""
    own = parse_retention(memory.retention) if memory.retention else retention
    end = ends(memory.updated, own) if Tier.LONG in held.homes else None
    return f"kept for {own}, until {_day(end)}" if end is not None and end <= now else ""


def doubt_of(memory: Memory) -> str:
    """Why it cannot be told how long a memory is to be kept, with its entry; empty where it can."""
    try:
        if memory.retention:
            parse_retention(memory.retention)
    except UsageError as error:
        return f"{memory.metadata.get(ENTRY, memory.key)}: `retention`: {error.message}; it is kept ({error.hint})"
    return ""


def due_of(due: Mapping[MemoryId, str], sources: Mapping[MemoryId, MemoryId]) -> dict[MemoryId, str]:
    """Those of some memories that may go: none that one which stays was made from by sharing.

    Args:
        due: memories whose time is up, and why.
        sources: of every memory that was shared the one that it was made from.
    """
    going = dict(due)
    while kept := {source for copy, source in sources.items() if copy not in going and source in going}:
        going = {one: why for one, why in going.items() if one not in kept}
    return going


def source_of(memory: Memory) -> MemoryId | None:
    """The memory that one was made from by sharing; None where it was not, or is archived: it keeps nothing then."""
    if memory.metadata.get(ARCHIVED):
        return None
    context, key = memory.metadata.get(SHARED_FROM), memory.metadata.get(SHARED_KEY, memory.key)
    return MemoryId(context, key) if isinstance(context, str) and isinstance(key, str) else None


def decide_consolidation(held: Iterable[Held], situation: Situation) -> Plan:
    """What is to be done with the memories of one context.

    Args:
        held: all of them, archived ones too; in any order.
        situation: see there.
    """
    by_id = {one.memory.id: one for one in sorted(held, key=lambda one: one.memory.id)}
    live = {id_: one.memory for id_, one in by_id.items() if not one.memory.metadata.get(ARCHIVED)}
    due = {id_: live.pop(id_) for id_ in list(live) if id_ in situation.due}
    plain = [one for one in live.values() if one.type not in _OWN_TYPES]
    clusters = clusters_of([one for one in plain if _may_merge(one, situation)], nearness=situation.nearness)
    after = {cluster.representative.id: compressed(cluster) for cluster in clusters}
    homes = {cluster.representative.id: _homes(cluster, by_id, situation) for cluster in clusters}
    merged = {source.id: cluster.representative for cluster in clusters for source, _ in cluster.sources}
    found = contradictions_of(staying := [after.get(one.id, one) for one in plain if one.id not in merged])
    after |= {one.id: one for one in _linked(staying, found)}
    changes = [
        _change(by_id[id_], one, homes.get(id_, by_id[id_].homes))
        for id_, one in after.items()
        if one != by_id[id_].memory
    ]
    for id_, one in due.items():
        gone = archived(one, situation.due[id_], situation.now)
        changes.append(_change(by_id[id_], gone, situation.archive))
    for id_, representative in merged.items():
        gone = archived(live[id_], f"compressed into {representative.key}", situation.now)
        changes.append(_change(by_id[id_], gone, situation.archive, needs=representative.id))
    reasons = tuple((one, situation.due[id_]) for id_, one in due.items())
    return Plan(changes=tuple(changes), clusters=clusters, archived=reasons, contradictions=found)


def _homes(cluster: Cluster, by_id: Mapping[MemoryId, Held], situation: Situation) -> frozenset[Tier]:
    """Where what takes the place of others is held: wherever one of them was, and where its importance says."""
    members = [cluster.representative, *(source for source, _ in cluster.sources)]
    by_importance = homes_of(max(one.importance for one in members), situation.placing)
    return by_importance.union(*(by_id[one.id].homes for one in members))


def archived(memory: Memory, why: str, now: datetime) -> Memory:
    """The memory put away: still held and found where archived ones are asked for, and never again due."""
    return replace(memory, expires=None, metadata={**memory.metadata, ARCHIVED: {"at": now.isoformat(), "why": why}})


def _may_merge(memory: Memory, situation: Situation) -> bool:
    """What was shared keeps its own place: it goes with its rule, and what it came from stays as long as it does."""
    return memory.id not in situation.shared and source_of(memory) is None


def _linked(memories: Sequence[Memory], found: Sequence[Contradiction]) -> list[Memory]:
    """Memories whose links to those that contradict them are not yet what they should be."""
    links: dict[MemoryId, list[dict[str, Any]]] = {}
    for pair in found:
        for one, other in ((pair.newer, pair.older), (pair.older, pair.newer)):
            links.setdefault(one.id, []).append({"context": other.context, "key": other.key, "why": pair.why})
    changed = []
    for one in memories:
        wanted, present = links.get(one.id, []), one.metadata.get(CONTRADICTS, [])
        rest = {key: value for key, value in one.metadata.items() if key != CONTRADICTS}
        if wanted != present:
            changed.append(replace(one, metadata={**rest, CONTRADICTS: wanted} if wanted else rest))
    return changed


def _change(held: Held, memory: Memory, homes: frozenset[Tier], *, needs: MemoryId | None = None) -> Change:
    return Change(held=held, memory=memory, homes=homes or frozenset({Tier.LONG}), needs=needs)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "never"
