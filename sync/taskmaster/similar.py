"""Memories of one context that say the same: which they are, and the one that takes their place. Pure.

Precision before recall: what differs in a number, a day, a negation or a field of JSON does not say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Any

from sync.taskmaster.memory import Kind, Memory, MemoryId
from sync.taskmaster.saying import Said, alike, containment, is_about_the_same, jaccard, read_said, within

SOURCES = "_sources"
"""Key in the metadata of a memory: what it was made of."""
Nearness = Mapping[frozenset[MemoryId], float]
"""Cosines of pairs of memories, as far as they are known."""
_LEAST_TERMS = 3  # of a text that says enough to be compared with others
_LEAST_FIELDS = 3
_MOST_EQUAL = 50  # of equal memories that are compared with all others: all pairs of very many would be too many


class Alike(Enum):
    """Why two memories say the same."""

    EQUAL = "the same but for case, blanks and marks"
    WORDS = "nearly the same words"
    PART = "all that the one says the other says too"
    MEANING = "the same meaning in nearly the same words"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarSettings:
    """From where on memories say the same; shares from 0 to 1.

    Attributes:
        jaccard: of all terms of two memories, how many both have.
        containment: of the terms of the one with fewer, how many the other has.
        cosine: of their vectors, where known; `least` of the terms must then be common.
    """

    jaccard: float = 0.85
    containment: float = 0.95
    cosine: float = 0.95
    least: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Memories that say the same.

    Attributes:
        representative: the one that takes the place of all.
        sources: the others, the newest first, and why each says the same as the representative.
    """

    representative: Memory
    sources: tuple[tuple[Memory, Alike], ...]


def clusters_of(
    memories: Iterable[Memory], *, nearness: Nearness | None = None, settings: SimilarSettings | None = None
) -> tuple[Cluster, ...]:
    """The memories that say the same, each in one cluster at most; every source says the same as its representative.

    Args:
        memories: of one context, in any order; the result does not depend on it.
        nearness: cosines, see `Nearness`.
        settings: from where on they say the same.

    Returns:
        Clusters of two and more, ordered by the ids of their representatives.
    """
    settings, nearness = settings or SimilarSettings(), nearness or {}
    saids = [read_said(one) for one in sorted(memories, key=lambda one: one.id)]
    same = _pairs(saids, nearness, settings)
    contained = {pair[0] for pair, why in same.items() if why is Alike.PART}
    by_id = {said.memory.id: said.memory for said in saids}
    standing: dict[MemoryId, list[Memory]] = {}
    for source, representative in same:
        standing.setdefault(representative, []).append(by_id[source])
    taken: set[MemoryId] = set()
    found = []
    for one in sorted(by_id.values(), key=lambda one: _rank(one, is_part=one.id in contained), reverse=True):
        others = [other for other in standing.get(one.id, ()) if other.id not in taken]
        if one.id in taken or not others:
            continue
        taken |= {one.id, *(other.id for other in others)}
        others.sort(key=lambda other: (other.updated, other.id), reverse=True)
        sources = tuple((other, same[other.id, one.id]) for other in others)
        found.append(Cluster(representative=one, sources=sources))
    return tuple(sorted(found, key=lambda cluster: cluster.representative.id))


def why_same(one: Said, other: Said, cosine: float, settings: SimilarSettings) -> Alike | None:
    """Why the second may stand for the first; None where it may not."""
    if one.memory.kind is not other.memory.kind or one.memory.type != other.memory.type:
        return None
    if not is_about_the_same(one, other) or not _says_enough(one, other):
        return None
    if one.exact == other.exact:
        return Alike.EQUAL
    if one.memory.kind is Kind.BYTES or not one.fields.items() <= other.fields.items():
        return None
    common = jaccard(one.terms, other.terms)
    if common >= settings.jaccard and one.values == other.values and one.denied == other.denied:
        return Alike.WORDS
    if cosine >= settings.cosine and common >= settings.least and one.values == other.values:
        return Alike.MEANING if one.denied == other.denied else None
    is_part = len(one.terms) < len(other.terms) and containment(one.terms, other.terms) >= settings.containment
    return Alike.PART if is_part and _is_within(one, other) else None


def compressed(cluster: Cluster) -> Memory:
    """The memory that takes the place of a cluster: the representative's value, as important and as lasting as any.

    Its metadata name every source under `_sources`: context, key, version, SHA-256 of the value, when it was written,
    and why it was taken to say the same; what a source had been made of itself is named too. Done again, it changes
    nothing.
    """
    one = cluster.representative
    names = [*one.metadata.get(SOURCES, ())]
    for source, why in cluster.sources:
        names += [*source.metadata.get(SOURCES, ()), _named(source, why)]
    known = {(name["context"], name["key"], name["digest"]): name for name in reversed(names)}
    sources = [known[key] for key in sorted(known)]
    members = [one, *(source for source, _ in cluster.sources)]
    ends = [member.expires for member in members if member.expires is not None]
    return replace(
        one,
        importance=max(member.importance for member in members),
        expires=max(ends) if len(ends) == len(members) else None,
        metadata={**one.metadata, SOURCES: sources},
    )


def _pairs(
    saids: Sequence[Said], nearness: Nearness, settings: SimilarSettings
) -> dict[tuple[MemoryId, MemoryId], Alike]:
    """Why the second of a pair may stand for the first, for all pairs where it may."""
    found: dict[tuple[MemoryId, MemoryId], Alike] = {}
    for one, other in _candidates(saids, nearness, settings):
        cosine = nearness.get(frozenset((one.memory.id, other.memory.id)), 0.0)
        for first, second in ((one, other), (other, one)):
            if why := why_same(first, second, cosine, settings):
                found[first.memory.id, second.memory.id] = why
    return found


def _candidates(saids: Sequence[Said], nearness: Nearness, settings: SimilarSettings) -> Iterable[tuple[Said, Said]]:
    by_id = {said.memory.id: said for said in saids}
    near = (*alike(saids, settings.jaccard), *within(saids, settings.containment))
    pairs = {(one.memory.id, other.memory.id) for one, other in near}
    equal: dict[str, list[Said]] = {}
    for said in saids:
        equal.setdefault(said.exact, []).append(said)
    pairs |= {
        (one.memory.id, other.memory.id)
        for same in equal.values()
        for at, one in enumerate(same[:_MOST_EQUAL])
        for other in same[at + 1 :]
    }
    pairs |= {tuple(sorted(pair)) for pair in nearness if len(pair) == 2 and pair <= by_id.keys()}  # type: ignore[misc]
    return [(by_id[one], by_id[other]) for one, other in sorted(pairs)]


def _rank(memory: Memory, *, is_part: bool) -> tuple[object, ...]:
    """What stands for others first: what no other says more than, then the more important, then the newer one."""
    return not is_part, memory.importance, memory.updated, memory.version, memory.id


def _says_enough(one: Said, other: Said) -> bool:
    """Whether equal words would mean the same thing: `yes` under two keys does not, nor does a diet of two guests."""
    if one.numbered != other.numbered and one.subject and other.subject:
        return False
    if one.memory.kind is Kind.BYTES or (one.exact == other.exact and one.subject == other.subject != frozenset()):
        return True
    if one.fields or other.fields:
        return min(len(one.fields), len(other.fields)) >= _LEAST_FIELDS
    return min(len(one.terms), len(other.terms)) >= _LEAST_TERMS


def _is_within(one: Said, other: Said) -> bool:
    """Whether a larger memory says every number, day and negation of another, and denies nothing that this affirms."""
    values = list(other.values)
    for value in one.values:
        if value not in values:
            return False
        values.remove(value)
    return one.denied <= other.denied and not _words(other.denied - one.denied) & one.terms


def _words(denied: Iterable[str]) -> set[str]:
    return {word for one in denied for word in one.split()}


def _named(source: Memory, why: Alike) -> dict[str, Any]:
    return {
        "context": source.context,
        "key": source.key,
        "version": source.version,
        "digest": sha256(source.data).hexdigest(),
        "updated": source.updated.isoformat(),
        "importance": source.importance,
        "why": why.value,
    }
