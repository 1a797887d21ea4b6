"""What the commits of a sync say: what came from where, and by which store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sync.engine.plan import Plan
from sync.engine.verdict import Action, Verdict

TRAILER = "Journal-Store"
"""The trailer that tells the commits of a sync, and of which store."""

RESOLVED = "Journal-Resolved"
"""The trailer that names a conflict which a person has resolved, by its id."""

_VERBS = {
    Action.JOURNAL_ADD: "added",
    Action.JOURNAL_EDIT: "edited",
    Action.JOURNAL_DELETE: "deleted",
    Action.MERGE: "merged",
}
_KEPT = "kept the id of"
_MOST = 50  # lines of a message; a first sync can bring thousands


def author_of(store: str) -> str:
    """The author of what came from a store: not the person who ran the command."""
    return f"{store} (journal-sync) <{store}@journal-sync.invalid>"


def message_of(store: str, plan: Plan) -> str:
    """The message of the commit that takes over what a store said."""
    verdicts = [one for one in plan.verdicts if one.path in plan.entries]
    resolved = [f"{RESOLVED}: {one.settled}" for one in plan.verdicts if one.settled]
    left = [f"left open {one.path}: {one.why}" for one in plan.conflicts]
    subject = _subject(store, verdicts, len(left))
    own = [f"left alone {one.key}: {one.why}" for one in plan.verdicts if one.action is Action.RECALLED]
    return "\n".join(
        [subject, "", *_lines(verdicts), *left[:_MOST], *own[:_MOST], "", *resolved, f"{TRAILER}: {store}", ""]
    )


def _subject(store: str, verdicts: list[Verdict], left: int) -> str:
    counts = Counter(_VERBS.get(one.action, _KEPT) for one in verdicts)
    parts = [f"{count} {verb}" for verb, count in sorted(counts.items())] + [f"{left} in conflict"] * bool(left)
    told = ", ".join(parts)
    return f"Take over from {store}: {told}" if told else f"Take over from {store}"


def _lines(verdicts: Iterable[Verdict]) -> list[str]:
    lines = [f"{_VERBS.get(one.action, _KEPT)} {one.path}" for one in verdicts]
    more = len(lines) - _MOST
    return [*lines[:_MOST], f"and {more} more"] if more > 0 else lines
