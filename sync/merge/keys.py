"""Three-way merge of the keys of a mapping: the bytes of each come from the side whose value it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import yaml

from sync.document import yaml12
from sync.document.entry import TEXT_KEYS
from sync.document.splice import ABSENT, Absent
from sync.document.yaml12 import Value
from sync.errors import DocumentError
from sync.merge.decision import Action, Clash, Decision, Piece, is_clean, taking
from sync.merge.diff import diff
from sync.merge.diff3 import Kind, diff3, pick
from sync.merge.items import merge_items
from sync.merge.lines import merge_lines
from sync.merge.listed import Id, by_id, merge_order
from sync.merge.policy import Rule, rule_for
from sync.merge.segments import Item, Segment, content_end, cut_items, cut_mapping
from sync.merge.values import canonical, merge_value

Segments = Mapping[str, Segment]
Found = tuple[list[Piece], list[Decision]]


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of a mapping, and its segments; None where a side has none.

    Attributes:
        path: keys joined by dots.
        name: the key itself.
    """

    path: str
    name: str
    base: Segment | None
    ours: Segment | None
    theirs: Segment | None

    @property
    def sides(self) -> tuple[Segment | None, Segment | None, Segment | None]:
        """Base, ours and theirs."""
        return self.base, self.ours, self.theirs

    @property
    def texts(self) -> tuple[str, str, str]:
        """The lines on the sides, empty where there are none."""
        before, one, other = (side.text if side else "" for side in self.sides)
        return before, one, other


def merge_keys(path: str, base: Segments, ours: Segments, theirs: Segments) -> Found:
    """The merged lines of a mapping, and what was decided for each key that changed.

    Args:
        path: of the mapping; empty for the front matter itself.
        base, ours, theirs: its keys, in order.
    """
    pieces: list[Piece] = []
    decisions: list[Decision] = []
    for name in _order(base, ours, theirs):
        where = f"{path}.{name}" if path else name
        found, made = _merge_key(_Key(where, name, base.get(name), ours.get(name), theirs.get(name)))
        pieces += found
        decisions += made
    return pieces, decisions


def _order(base: Segments, ours: Segments, theirs: Segments) -> list[str]:
    """Every key of any side: base order where both ordered, and what both share of the order of new keys."""
    keys: dict[str, None] = {}
    names = [list(side) for side in (base, ours, theirs)]
    for region in diff3(*names):
        one = names[1][region.ours_start : region.ours_end]
        other = names[2][region.theirs_start : region.theirs_end]
        before = names[0][region.base_start : region.base_end]
        if region.kind is Kind.CONFLICT:
            chosen = [*before, *_united(*([key for key in side if key not in before] for side in (one, other)))]
        elif region.kind is Kind.THEIRS:
            chosen = other
        else:
            chosen = one
        keys.update(dict.fromkeys(chosen))
    return list(dict.fromkeys(chain(keys, *names)))


def _united(one: list[str], other: list[str]) -> list[str]:
    """The keys of both, in the order that they share; what stands in one place is sorted."""
    first, second = sorted((one, other))
    shared = first[:]
    for hunk in reversed(diff(first, second)):
        del shared[hunk.start : hunk.end]
    found: list[str] = []
    for region in diff3(shared, first, second):
        left, right = first[region.ours_start : region.ours_end], second[region.theirs_start : region.theirs_end]
        found += sorted({*left, *right}) if region.kind is Kind.CONFLICT else left or right
    return found


def _merge_key(key: _Key) -> Found:
    before, one, other = key.texts
    if other in (one, before):
        return _taken(key.path, Action.BOTH if one == other else Action.OURS, one, before)
    if one == before:
        return _taken(key.path, Action.THEIRS, other, before)
    base, ours, theirs = (side.value if side else ABSENT for side in key.sides)
    rule = rule_for(key.path, *(None if value is ABSENT else value for value in (base, ours, theirs)))
    nested = _merge_nested(key) if rule is Rule.MAPPING else _merge_listed(key) if rule is Rule.LIST else None
    if nested:
        return nested
    outcome = merge_value(key.path, rule, base, ours, theirs)
    if outcome.action is not Action.CONFLICT:
        text = _text_of(key, outcome.value)
        if text is not None:
            return [text] if text else [], [Decision(path=key.path, action=outcome.action, why=rule.value)]
    why = rule.value if outcome.action is Action.CONFLICT else "its text cannot be merged with its value"
    return [Clash(before, one, other)], [_conflict(key.path, key.sides, why)]


def _taken(path: str, action: Action, text: str, before: str) -> Found:
    decisions = [] if text == before else [Decision(path=path, action=action)]
    return ([text] if text else []), decisions


def _conflict(path: str, sides: Sequence[Segment | Item | None], why: str) -> Decision:
    base, ours, theirs = (side.text if side else None for side in sides)
    return Decision(path=path, action=Action.CONFLICT, base=base, ours=ours, theirs=theirs, why=why)


def _text_of(key: _Key, value: Value | Absent) -> str | None:
    """The text of a merged value: by lines, else from the side that has it, else put together from items."""
    before, one, other = key.texts
    by_line = merge_lines(before, one, other)
    if is_clean(by_line) and _reads_as(key, taking(by_line, "ours"), value):
        return taking(by_line, "ours")
    has_comments = "#" in before + one + other
    if value is ABSENT:
        return None if has_comments else ""
    if isinstance(value, list) and (merged := merge_items(value, *key.sides)) and _reads_as(key, merged, value):
        return merged
    wanted = canonical(key.path, value)
    same = [side for side in (key.ours, key.theirs) if side and canonical(key.path, side.value) == wanted]
    if not same:
        return None
    text = _around(key, same)
    if text is not None and _reads_as(key, text, value):
        return text
    return None if has_comments else min((side.text for side in same), key=lambda text: (text == before, text))


def _around(key: _Key, same: list[Segment]) -> str | None:
    """The value as one side writes it, with what the sides made of the comments around it."""
    if key.ours is None or key.theirs is None:
        return None
    cut = [_cut_value(side) if side else None for side in key.sides]
    heads, tails = ([one[place] if one else None for one in cut] for place in (0, 2))
    head, tail = pick(*heads), pick(*tails)
    before = cut[0][1] if cut[0] else None
    written = min((_cut_value(side)[1] for side in same), key=lambda text: (text == before, text))
    return None if head is None or tail is None else head + written + tail


def _cut_value(segment: Segment) -> tuple[str, str, str]:
    start, end = segment.node.start_mark.index - segment.start, content_end(segment.node) - segment.start
    return segment.text[:start], segment.text[start:end], segment.text[end:]


def _reads_as(key: _Key, text: str, value: Value | Absent) -> bool:
    """Whether the lines of a key hold a value."""
    if value is ABSENT:
        return not text.strip()
    try:
        found = yaml12.load(text, as_text=TEXT_KEYS if key.path == key.name else frozenset())
    except DocumentError:
        return False
    return list(found) == [key.name] and canonical(key.path, found[key.name]) == canonical(key.path, value)


def _merge_nested(key: _Key) -> Found | None:
    """A mapping below a key, key by key; None where its text does not lie in lines of its own on every side."""
    cut = [_nested(side) for side in key.sides]
    if cut[1] is None or cut[2] is None or (cut[0] is None and not _is_empty(key.base)):
        return None
    head = pick(cut[0][0] if cut[0] else None, cut[1][0], cut[2][0])
    if head is None:
        return None
    pieces, decisions = merge_keys(key.path, cut[0][1] if cut[0] else {}, cut[1][1], cut[2][1])
    return ([head, *pieces], decisions) if pieces else None


def _is_empty(segment: Segment | None) -> bool:
    return segment is None or (segment.value is None and "#" not in segment.text)


def _nested(segment: Segment | None) -> tuple[str, Segments] | None:
    """(lines above the first nested key, nested segments)."""
    value = _read_again(segment) if segment else None
    if segment is None or not isinstance(value, yaml.MappingNode) or value.flow_style or not value.value:
        return None
    start = segment.text.rfind("\n", 0, value.value[0][0].start_mark.index) + 1
    found = cut_mapping(segment.text, value, start, len(segment.text), top=False)
    return None if found is None else (segment.text[:start], found)


def _read_again(segment: Segment) -> yaml.Node | None:
    """The value's node with marks that are offsets in the segment."""
    node = yaml12.compose(segment.text)
    return node.value[0][1] if node is not None else None


def _merge_listed(key: _Key) -> Found | None:
    """A list of mappings with ids, item by item; None where it is no such list, or where its order is in dispute."""
    cut = [_listed(side) for side in key.sides]
    if cut[1] is None or cut[2] is None or (cut[0] is None and not _is_empty(key.base)):
        return None
    base, ours, theirs = (one[1] if one else {} for one in cut)
    order = merge_order(list(base), list(ours), list(theirs))
    head = pick(cut[0][0] if cut[0] else None, cut[1][0], cut[2][0])
    if order is None or head is None:
        return None
    pieces: list[Piece] = []
    decisions: list[Decision] = []
    for one in order:
        found, made = _merge_item(f"{key.path}[{one[1]}]", base.get(one), ours.get(one), theirs.get(one))
        pieces += found
        decisions += made
    return ([head, *pieces], decisions) if pieces else None


def _merge_item(path: str, base: Item | None, ours: Item | None, theirs: Item | None) -> Found:
    sides = (base, ours, theirs)
    before, one, other = (side.text if side else "" for side in sides)
    if other in (one, before):
        return _taken(path, Action.BOTH if one == other else Action.OURS, one, before)
    if one == before:
        return _taken(path, Action.THEIRS, other, before)
    if ours and theirs:
        keys = [side.keys() if side else {} for side in sides]
        if not any(one is None for one in keys):
            return merge_keys(path, *(one or {} for one in keys))
    return [Clash(before, one, other)], [_conflict(path, sides, Rule.LIST.value)]


def _listed(segment: Segment | None) -> tuple[str, dict[Id, Item]] | None:
    """(lines above the items, the items by their ids)."""
    value = _read_again(segment) if segment else None
    if segment is None or not isinstance(segment.value, list) or not isinstance(value, yaml.SequenceNode):
        return None
    ids, items = by_id(segment.value), cut_items(segment.text, value, len(segment.text))
    if ids is None or not items:
        return None
    return segment.text[: items[0].start], dict(zip(ids, items, strict=True))
