"""Three-way merge of a memory's entry: JSON by its keys, all else as any entry. Pure.

A merge is taken only if the entry that comes out can be read as a memory again.
"""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import Any

from sync.document.entry import Entry, parse_entry
from sync.document.splice import with_body
from sync.merge.decision import Action, Clash, Decision
from sync.merge.entry import Merged, merge_texts
from sync.merge.form import Form
from sync.merge.policy import rule_for
from sync.merge.values import CONFLICT, merge_mapping_values, merge_value
from sync.taskmaster.long_term.bodies import canonical_json, with_value
from sync.taskmaster.long_term.record import MemoryRecord
from sync.taskmaster.long_term.store import read_memory
from sync.taskmaster.memory import Kind

_PATH = "memory.m"  # in no policy: what is called `tags` or `created` in a value is any key
_VALUE = "value"


class Merger:
    """Merges texts of memories' entries; a `Merge` of the engine.

    Args:
        zone: the time zone of entries that name none.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def __call__(self, base: str | None, ours: str, theirs: str) -> Merged:
        """As `merge_texts`."""
        sides = [self._json(text) for text in (base, ours, theirs)]
        if base is None or any(side is None for side in sides):
            return self._checked(merge_texts(base, ours, theirs), ours, theirs)
        before, one, other = (side for side in sides if side is not None)
        if before[1].content in (one[1].content, other[1].content) or one[1].content == other[1].content:
            return self._checked(merge_texts(base, ours, theirs), ours, theirs)
        merged = merge_json(before[1].data, one[1].data, other[1].data)
        if merged is None:
            return _clashing(ours, theirs, base)
        texts = [_with_data(entry, merged) for entry, _record in (before, one, other)]
        found = self._checked(merge_texts(*texts), texts[1], texts[2])
        made = Decision(path=_VALUE, action=Action.MERGED, why="the sides changed different keys")
        return Merged(pieces=found.pieces, decisions=[*found.decisions, made], form=found.form)

    def _json(self, text: str | None) -> tuple[Entry, MemoryRecord] | None:
        entry = parse_entry(_PATH, text) if text is not None else None
        found = read_memory(entry, self._zone) if isinstance(entry, Entry) else None
        is_json = isinstance(found, MemoryRecord) and found.kind is Kind.JSON and not found.is_object
        return (entry, found) if isinstance(entry, Entry) and isinstance(found, MemoryRecord) and is_json else None

    def _checked(self, merged: Merged, ours: str, theirs: str) -> Merged:
        text = merged.text
        if text is None or text in (ours, theirs):
            return merged
        entry = parse_entry(_PATH, text)
        if isinstance(entry, Entry) and isinstance(read_memory(entry, self._zone), MemoryRecord):
            return merged
        return _clashing(ours, theirs, "")


def merge_json(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Three values merged key by key, canonical; None where both sides changed one place differently."""
    before, one, other = (json.loads(side) for side in (base, ours, theirs))
    if all(isinstance(side, dict) for side in (before, one, other)):
        merged: Any = merge_mapping_values(_VALUE, before, one, other)
        if merged is None:
            return None
    else:
        outcome = merge_value(_VALUE, rule_for(_VALUE, before, one, other), before, one, other)
        if outcome.action is CONFLICT.action:
            return None
        merged = outcome.value
    return canonical_json(json.dumps(merged, ensure_ascii=False))


def _with_data(entry: Entry, data: bytes) -> str:
    return with_body(entry.text, entry.body_start, with_value(entry.body, data, Kind.JSON, Kind.JSON))


def _clashing(ours: str, theirs: str, base: str) -> Merged:
    """A text that nothing can be taken from without a person."""
    clash = Clash(base, ours, theirs)
    return Merged(pieces=[clash], decisions=[Decision(path=_VALUE, action=Action.CONFLICT)], form=Form())
