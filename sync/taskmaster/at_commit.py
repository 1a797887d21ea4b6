"""Recalling what the journal knew at a commit: from Git alone, nothing is promoted or counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sync.taskmaster.core import Core
from sync.taskmaster.hits import Wanted, refuse_odd
from sync.taskmaster.long_term.port import AtCommit
from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.own_keys import ARCHIVED, FROM
from sync.taskmaster.recalling import line_of, provenance
from sync.taskmaster.results import Recall, Recalled
from sync.taskmaster.scoring import read_asked, scores


def is_own(memory: Memory) -> bool:
    """Whether a memory is its context's own, and came from no other."""
    return FROM not in memory.metadata


def recall_at(core: Core, wanted: Wanted, then: AtCommit, is_allowed: Callable[[Memory], bool] = is_own) -> Recall:
    """See `MemoryManager.recall`; ages are those of the commit's time, and what has the very key comes first.

    Args:
        core, wanted: see there.
        then: the journal as it was.
        is_allowed: whether a memory may be shown now, whatever the rules were then.
    """
    refuse_odd(wanted)
    line, asked = line_of(core, wanted.context), read_asked(wanted.query)
    key = wanted.query.strip()
    named = then.get([MemoryId(context, key) for context in line], then.moment)
    searched = then.search(asked, list(line), wanted.pool, then.moment)
    found = [
        one
        for one in ({one.memory.id: one for one in searched} | named).values()
        if (wanted.archived or not one.memory.metadata.get(ARCHIVED)) and is_allowed(one.memory)
    ]
    rated = scores(asked, [(one.memory, one.tokens) for one in found])
    hits = [
        _shown(one.memory, score * line[one.memory.context], then.moment)
        for one, score in zip(found, rated, strict=True)
    ]
    good = (one for one in hits if one.score >= wanted.min_score)
    best = sorted(good, key=lambda one: (one.memory.key != key, -one.score, one.memory.id))
    kept = tuple(best[: wanted.limit])
    return Recall(context=next(iter(line)), query=wanted.query, hits=kept, tiers=(Tier.LONG,))


def _shown(memory: Memory, score: float, now: datetime) -> Recalled:
    age_s = max(0.0, (now - memory.updated).total_seconds())
    return Recalled(memory=memory, tier=Tier.LONG, score=round(score, 6), provenance=provenance(memory), age_s=age_s)
