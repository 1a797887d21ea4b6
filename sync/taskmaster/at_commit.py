"""What the journal knew at a commit, and what a memory was: from Git alone, nothing is promoted or counted.

What was shared is shown as long as its rule lets it pass now, whatever the rules were then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sync.taskmaster.core import Core
from sync.taskmaster.hits import Wanted, refuse_odd
from sync.taskmaster.long_term.port import AtCommit, Revision
from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.own_keys import ARCHIVED, FROM
from sync.taskmaster.recalling import line_of, provenance
from sync.taskmaster.results import Recall, Recalled
from sync.taskmaster.scoring import Asked, read_asked, scores
from sync.taskmaster.tiers.protocol import Held


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

    def is_shown(held: Held) -> bool:
        return (wanted.archived or not held.memory.metadata.get(ARCHIVED)) and is_allowed(held.memory)

    named = then.get([MemoryId(context, key) for context in line], then.moment)
    searched = _searched(then, asked, list(line), wanted, is_shown)
    found = list({one.memory.id: one for one in (*searched, *filter(is_shown, named.values()))}.values())
    rated = scores(asked, [(one.memory, one.tokens) for one in found])
    hits = [
        _shown(one.memory, score * line[one.memory.context], then.moment)
        for one, score in zip(found, rated, strict=True)
    ]
    good = (one for one in hits if one.score >= wanted.min_score)
    best = sorted(good, key=lambda one: (one.memory.key != key, -one.score, one.memory.id))
    kept = tuple(best[: wanted.limit])
    return Recall(context=next(iter(line)), query=wanted.query, hits=kept, tiers=(Tier.LONG,))


def _searched(
    then: AtCommit, asked: Asked, contexts: Sequence[str], wanted: Wanted, is_shown: Callable[[Held], bool]
) -> list[Held]:
    found: list[Held] = []
    for pool in wanted.pools:
        known = then.search(asked, contexts, pool, then.moment)
        found = [one for one in known if is_shown(one)]
        if len(found) >= wanted.limit or len(known) < pool:
            break
    return found


def shown_history(revisions: Sequence[Revision], is_allowed: Callable[[Memory], bool] = is_own) -> tuple[Revision, ...]:
    """The revisions of a memory that may be shown: not what may not be, nor that it was removed.

    Args:
        revisions: the newest first.
        is_allowed: as for `recall_at`.
    """
    shown: list[Revision] = []
    is_hidden = False
    for one in reversed(revisions):
        is_removal = one.memory is None and not one.why
        is_hidden = is_hidden if is_removal else one.memory is not None and not is_allowed(one.memory)
        if not is_hidden:
            shown.append(one)
    return tuple(reversed(shown))


def _shown(memory: Memory, score: float, now: datetime) -> Recalled:
    age_s = max(0.0, (now - memory.updated).total_seconds())
    return Recalled(memory=memory, tier=Tier.LONG, score=round(score, 6), provenance=provenance(memory), age_s=age_s)
