"""What the commit of a flush says. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sync.engine.messages import RESOLVED, TRAILER
from sync.taskmaster.long_term.deciding import Decided
from sync.taskmaster.long_term.intent import TOKEN
from sync.taskmaster.long_term.port import Outcome
from sync.taskmaster.long_term.store import STORE

_MOST = 50  # lines of a message; a first flush can bring thousands
_VERBS = (Outcome.WRITTEN, Outcome.MERGED, Outcome.DELETED)


def message_of(decided: Sequence[Decided], token: str, own: str = "") -> str:
    """The message of a flush's commit: the caller's own or what was written, and the trailers that tell it apart.

    Args:
        decided: what becomes of the memories.
        token: names the flush.
        own: subject and body that stand in place of the list of entries.
    """
    left = [f"left open {one.case.path}: {one.why}" for one in decided if one.conflict is not None]
    ended = [f"{RESOLVED}: {one.settled}" for one in decided if one.settled and one.changes]
    trailers = [*ended, f"{TOKEN}: {token}", f"{TRAILER}: {STORE}"]
    parts = [own.strip() or _told(decided, len(left)), "\n".join(left[:_MOST]), "\n".join(trailers)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _told(decided: Sequence[Decided], left: int) -> str:
    """Subject and body: how many memories, and which entries."""
    counts = Counter(one.outcome for one in decided if one.changes)
    parts = [f"{counts[one]} {one.value}" for one in _VERBS if counts[one]] + [f"{left} in conflict"] * bool(left)
    lines = [f"{one.outcome.value} {one.case.path}" for one in decided if one.changes]
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "\n".join([f"Remember: {', '.join(parts) or 'conflicts ended'}", "", *lines[:_MOST], *more]).rstrip()
