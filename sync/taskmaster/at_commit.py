"""Recalling what the journal knew at a commit: from Git alone, nothing is promoted or counted."""

from __future__ import annotations

from datetime import datetime

from sync.taskmaster.core import Core
from sync.taskmaster.long_term.port import AtCommit
from sync.taskmaster.memory import Memory, Tier
from sync.taskmaster.recalling import Wanted, line_of, provenance, refuse_odd
from sync.taskmaster.results import Recall, Recalled
from sync.taskmaster.scoring import read_asked, scores


def recall_at(core: Core, wanted: Wanted, then: AtCommit) -> Recall:
    """See `MemoryManager.recall`; ages are those of the commit's time."""
    refuse_odd(wanted)
    line, asked = line_of(core, wanted.context), read_asked(wanted.query)
    found = [
        one
        for one in then.search(asked, list(line), wanted.pool, then.moment)
        if wanted.archived or not one.memory.metadata.get("_archived")
    ]
    rated = scores(asked, [(one.memory, one.tokens) for one in found])
    hits = [
        _shown(one.memory, score * line[one.memory.context], then.moment)
        for one, score in zip(found, rated, strict=True)
    ]
    hits = sorted((one for one in hits if one.score >= wanted.min_score), key=lambda one: (-one.score, one.memory.id))
    kept = tuple(hits[: wanted.limit])
    return Recall(context=next(iter(line)), query=wanted.query, hits=kept, tiers=(Tier.LONG,))


def _shown(memory: Memory, score: float, now: datetime) -> Recalled:
    age_s = max(0.0, (now - memory.updated).total_seconds())
    return Recalled(memory=memory, tier=Tier.LONG, score=round(score, 6), provenance=provenance(memory), age_s=age_s)
