"""New records that say what the journal said first: they stay where they are, and are made no entries. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sync.document.entry import Entry, parse_entry
from sync.engine.plan import Plan, Sides
from sync.engine.verdict import Action, Verdict
from sync.search.recall import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """New records, and what the journal says once the plan is done.

    Attributes:
        new: key -> the entry that the record would become.
        blobs: path -> blob id of the journal's entries before.
        changed: path -> text of the entries that the plan writes, None for those it deletes. What was handed out from
            one of these counts only if it still stands there: an assistant that replaces a memory by two parts of it
            has moved its text, and the parts are all that is left of it.
    """

    new: Mapping[str, Entry]
    blobs: Mapping[str, str]
    changed: Mapping[str, str | None]


Recognise = Callable[[Asked], Mapping[str, Origin]]
"""Which of the new records, by key, say nothing that is not the journal's own, and where that is from."""


def recognise_none(_asked: Asked) -> Mapping[str, Origin]:
    """A `Recognise` that knows nothing."""
    return {}


def without_recalled(plan: Plan, sides: Sides, recognise: Recognise) -> Plan:
    """A plan that leaves records alone whose text comes from the journal itself.

    They are no part of the agreement, so each sync looks at them anew: once such a record says something of its own it
    is taken over, and that it goes means nothing.
    """
    added = {one.key: one for one in plan.verdicts if one.action is Action.JOURNAL_ADD and not one.settled}
    new = {key: entry for key, one in added.items() if (entry := _entry(one)) is not None}
    if not new:
        return plan
    paths = {added[key].path for key in new}
    changed = {path: text for path, text in plan.entries.items() if path not in paths}
    found = recognise(Asked(new=new, blobs=sides.head.blobs, changed=changed))
    if not found:
        return plan
    gone = {added[key].path for key in found}
    return replace(
        plan,
        verdicts=tuple(_recalled(one, found[one.key]) if one.key in found else one for one in plan.verdicts),
        entries={path: text for path, text in plan.entries.items() if path not in gone},
        seen={path: text for path, text in plan.seen.items() if path not in gone},
        arriving={path: text for path, text in plan.arriving.items() if path not in gone},
        chunks={key: chunk for key, chunk in plan.chunks.items() if key not in found},
        kept_chunks={**plan.kept_chunks, **dict.fromkeys(found)},
    )


def _entry(verdict: Verdict) -> Entry | None:
    entry = parse_entry(verdict.path, verdict.text) if verdict.text is not None else None
    return entry if isinstance(entry, Entry) else None


def _recalled(verdict: Verdict, origin: Origin) -> Verdict:
    why = f"the journal's own words, from {origin}"
    return Verdict(key=verdict.key, path="", action=Action.RECALLED, why=why, in_store=True, is_agreed=False)
