"""Three-way merge of front matter, key by key: the bytes of each key come from the side whose value it takes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import yaml

from sync.document import yaml12
from sync.document.entry import TEXT_KEYS
from sync.document.splice import ABSENT, Absent
from sync.document.yaml12 import Value
from sync.errors import DocumentError
from sync.merge.decision import Action, Clash, Decision, Piece, is_clean, taking
from sync.merge.diff3 import Kind, diff3
from sync.merge.items import merge_items
from sync.merge.lines import keeps_every_edit, merge_lines, split_lines
from sync.merge.policy import Rule, rule_for
from sync.merge.segments import Segment, cut_mapping
from sync.merge.values import canonical, merge_mapping_values, merge_value

Segments = Mapping[str, Segment]


def merge_front(base: str, ours: str, theirs: str) -> tuple[list[Piece], list[Decision]] | None:
    """The merged front matter, without its fences, and what was decided for each key that changed.

    Args:
        base, ours, theirs: the YAML of the sides, line endings LF; empty where a side has none.

    Returns:
        None where a side is not YAML, or is a mapping in braces: there is nothing to merge by key.
    """
    try:
        sides = [_cut(text) for text in (base, ours, theirs)]
    except DocumentError:
        return None
    if any(side is None for side in sides):
        return None
    before, one, other = (side or {} for side in sides)
    pieces, decisions = _merge_mapping("", before, one, other)
    if is_clean(pieces) and not _is_wanted(taking(pieces, "ours"), before, one, other):
        return None
    return pieces, decisions


def changed_keys_agree(base: str, ours: str, theirs: str, merged: str) -> bool:
    """Whether a front matter that was merged by lines is also right key by key.

    Where a side is not YAML, lines are all there is: the merge must then be YAML if both sides are.
    """
    sides = [_values(text) for text in (base, ours, theirs, merged)]
    before, one, other, found = sides
    if before is None or one is None or other is None:
        return (found is not None or one is None or other is None) and keeps_every_edit(
            *map(split_lines, (base, ours, theirs, merged))
        )
    return found is not None and _agree(before, one, other, found)


def _values(text: str) -> Mapping[str, Value] | None:
    try:
        return yaml12.load(text, as_text=TEXT_KEYS)
    except DocumentError:
        return None


def _cut(text: str) -> Segments | None:
    node = yaml12.compose(text)
    if node is None:
        return None if text.strip() else {}
    return cut_mapping(text, node, 0, len(text), top=True)


def _is_wanted(merged: str, base: Segments, ours: Segments, theirs: Segments) -> bool:
    """Whether the merged text reads as the merged values: the last word on what the pieces make together."""
    found = _values(merged)
    before, one, other = ({key: held.value for key, held in side.items()} for side in (base, ours, theirs))
    return found is not None and _agree(before, one, other, found)


def _agree(
    base: Mapping[str, Value], ours: Mapping[str, Value], theirs: Mapping[str, Value], merged: Mapping[str, Value]
) -> bool:
    wanted = merge_mapping_values("", base, ours, theirs)
    return wanted is not None and all(
        canonical(key, wanted.get(key, ABSENT)) == canonical(key, merged.get(key, ABSENT)) for key in {*wanted, *merged}
    )


def _merge_mapping(path: str, base: Segments, ours: Segments, theirs: Segments) -> tuple[list[Piece], list[Decision]]:
    pieces: list[Piece] = []
    decisions: list[Decision] = []
    for key in _order(base, ours, theirs):
        where = f"{path}.{key}" if path else key
        found, made = _merge_key(where, base.get(key), ours.get(key), theirs.get(key))
        pieces += found
        decisions += made
    return pieces, decisions


def _order(base: Segments, ours: Segments, theirs: Segments) -> list[str]:
    """Every key of any side: base order where both ordered, new keys of one place sorted."""
    keys: dict[str, None] = {}
    names = [list(side) for side in (base, ours, theirs)]
    for region in diff3(*names):
        one = names[1][region.ours_start : region.ours_end]
        other = names[2][region.theirs_start : region.theirs_end]
        before = names[0][region.base_start : region.base_end]
        if region.kind is Kind.CONFLICT:
            chosen = [*before, *sorted({*one, *other} - set(before))]
        elif region.kind is Kind.THEIRS:
            chosen = other
        else:
            chosen = one
        keys.update(dict.fromkeys(chosen))
    return list(dict.fromkeys(chain(keys, *names)))


def _merge_key(
    path: str, base: Segment | None, ours: Segment | None, theirs: Segment | None
) -> tuple[list[Piece], list[Decision]]:
    texts = [one.text if one else "" for one in (base, ours, theirs)]
    before, one, other = texts
    if other in (one, before):
        return _taken(path, Action.BOTH if one == other else Action.OURS, one, before)
    if one == before:
        return _taken(path, Action.THEIRS, other, before)
    values = [_value(side) for side in (base, ours, theirs)]
    rule = rule_for(path, *(None if value is ABSENT else value for value in values))
    if rule is Rule.MAPPING and ours and theirs and (nested := _merge_nested(path, base, ours, theirs)):
        return nested
    outcome = merge_value(path, rule, *values)
    if outcome.action is not Action.CONFLICT:
        text = _text_of(path, outcome.value, outcome.action, base, ours, theirs)
        if text is not None:
            return [text], [Decision(path=path, action=outcome.action, why=rule.value)]
    why = rule.value if outcome.action is Action.CONFLICT else "its text cannot be merged with its value"
    clash = Decision(
        path=path, action=Action.CONFLICT, why=why,
        base=before if base else None, ours=one if ours else None, theirs=other if theirs else None,
    )  # fmt: skip
    return [Clash(before, one, other)], [clash]


def _taken(path: str, action: Action, text: str, before: str) -> tuple[list[Piece], list[Decision]]:
    decisions = [] if text == before else [Decision(path=path, action=action)]
    return ([text] if text else []), decisions


def _value(segment: Segment | None) -> Value | Absent:
    return segment.value if segment else ABSENT


def _text_of(
    path: str,
    value: Value | Absent,
    action: Action,
    base: Segment | None,
    ours: Segment | None,
    theirs: Segment | None,
) -> str | None:
    """The text of a merged value: by lines, else from the side that has it, else put together from items."""
    before, one, other = (side.text if side else "" for side in (base, ours, theirs))
    by_line = merge_lines(before, one, other)
    if is_clean(by_line) and _reads_as(path, taking(by_line, "ours"), value):
        return taking(by_line, "ours")
    same = [side.text for side in (ours, theirs) if side and canonical(path, side.value) == canonical(path, value)]
    if action in (Action.OURS, Action.THEIRS) and same and "#" not in before + one + other:
        return min(same)
    if action is Action.BOTH and same:
        return min(same, key=lambda text: (text == before, text))
    if isinstance(value, list):
        merged = merge_items(value, [side for side in (base, ours, theirs) if side])
        return merged if merged is not None and _reads_as(path, merged, value) else None
    return None


def _reads_as(path: str, text: str, value: Value | Absent) -> bool:
    """Whether the lines of a key hold a value."""
    if value is ABSENT:
        return not text.strip()
    key = path.rpartition(".")[2]
    try:
        found = yaml12.load(text, as_text=TEXT_KEYS if "." not in path else frozenset())
    except DocumentError:
        return False
    return list(found) == [key] and canonical(path, found[key]) == canonical(path, value)


def _merge_nested(
    path: str, base: Segment | None, ours: Segment, theirs: Segment
) -> tuple[list[Piece], list[Decision]] | None:
    """A mapping below a key, key by key; None where its text does not lie in lines of its own on every side."""
    cut = [_nested(side) for side in (base, ours, theirs)]
    if base is None:
        cut[0] = (cut[1] or ("", {}))[0], {}
    if any(one is None for one in cut):
        return None
    (head, before), (one_head, one), (other_head, other) = (one or ("", {}) for one in cut)
    if one_head != other_head and head not in (one_head, other_head):
        return None
    pieces, decisions = _merge_mapping(path, before, one, other)
    if not pieces:
        return None
    return [one_head if other_head == head else other_head, *pieces], decisions


def _nested(segment: Segment | None) -> tuple[str, Segments] | None:
    """(lines above the first nested key, nested segments)."""
    if segment is None or not isinstance(segment.node, yaml.MappingNode) or segment.node.flow_style:
        return None
    # The node's marks are offsets in the whole text, so the segment is read again by itself.
    node = yaml12.compose(segment.text)
    value = node.value[0][1] if node is not None else None
    if not isinstance(value, yaml.MappingNode) or not value.value:
        return None
    start = segment.text.rfind("\n", 0, value.value[0][0].start_mark.index) + 1
    found = cut_mapping(segment.text, value, start, len(segment.text), top=False)
    return None if found is None else (segment.text[:start], found)
