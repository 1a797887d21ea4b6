"""Three-way merge of one typed value; absent is a value."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sync.document.moment import parse_date
from sync.document.splice import ABSENT, Absent
from sync.document.yaml12 import Value
from sync.merge.decision import Action
from sync.merge.diff3 import Kind, diff3
from sync.merge.listed import by_id, merge_order
from sync.merge.policy import Rule, rule_for

_INSTANTS = frozenset({"date", "created", "updated", "last_used"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a value became, and by whom; the value of a conflict is ABSENT and means nothing."""

    value: Value | Absent
    action: Action


CONFLICT = Outcome(ABSENT, Action.CONFLICT)


def canonical(path: str, value: Value | Absent) -> Hashable:
    """What two values must share to be the same: instants and mappings are compared, not how they are written.

    A day is not an instant, and a time without a zone is not one with a zone.
    """
    if isinstance(value, str) and path in _INSTANTS and (instant := _instant(value)) is not None:
        return instant
    if value is ABSENT:
        return ABSENT
    return json.dumps(value, sort_keys=True)


def merge_value(path: str, rule: Rule, base: Value | Absent, ours: Value | Absent, theirs: Value | Absent) -> Outcome:
    """The merged value.

    Args:
        path: keys joined by dots.
        rule: from `rule_for`; a MAPPING that both sides changed is for the caller to merge key by key.
        base, ours, theirs: the three values; ABSENT where there is none.
    """
    before, one, other = (canonical(path, value) for value in (base, ours, theirs))
    if one == other:
        return Outcome(ours, Action.BOTH)
    if one == before:
        return Outcome(theirs, Action.THEIRS)
    if other == before:
        return Outcome(ours, Action.OURS)
    if rule is Rule.SET:
        merged = _merge_set(_items(base), _items(ours), _items(theirs))
        is_gone = not merged and ABSENT in (ours, theirs)
        return Outcome(ABSENT if is_gone else merged, Action.MERGED)
    if rule is Rule.LIST and ABSENT not in (ours, theirs):
        return _merge_list(path, _items(base), _items(ours), _items(theirs))
    if rule in (Rule.MACHINE_TIME, Rule.CREATED):
        return _merge_instants(rule, base, ours, theirs)
    return CONFLICT


def _merge_set(base: Sequence[Value], ours: Sequence[Value], theirs: Sequence[Value]) -> list[Value]:
    """(base - removals of either) + additions; base order, new ones sorted. Their order of addition says nothing."""
    before, one, other = ({canonical("", item): item for item in side} for side in (base, ours, theirs))
    kept: list[Value] = [item for key, item in before.items() if key in one and key in other]
    added = [item for key, item in {**one, **other}.items() if key not in before]
    return kept + sorted(added, key=lambda item: (str(item), str(type(item))))


def _merge_list(path: str, base: list[Value], ours: list[Value], theirs: list[Value]) -> Outcome:
    """By ids where all items have one; else item by item.

    Mappings that changed in their places are merged key by key, whoever changed which of them.
    """
    if (by_ids := _merge_by_id(path, base, ours, theirs)) is not None:
        return by_ids
    merged: list[Value] = []
    for region in diff3(*([canonical("", item) for item in side] for side in (base, ours, theirs))):
        one = ours[region.ours_start : region.ours_end]
        other = theirs[region.theirs_start : region.theirs_end]
        if region.kind is Kind.CONFLICT:
            found = _merge_in_place(path, base[region.base_start : region.base_end], one, other)
            if found is None:
                return CONFLICT
            merged += found
        else:
            merged += other if region.kind is Kind.THEIRS else one
    return Outcome(merged, Action.MERGED)


def _merge_by_id(path: str, *lists: list[Value]) -> Outcome | None:
    sides = [by_id(items) for items in lists]
    if any(side is None for side in sides):
        return None
    base, ours, theirs = (side or {} for side in sides)
    order = merge_order(list(base), list(ours), list(theirs))
    if order is None:
        return CONFLICT
    merged: list[Value] = []
    for key in order:
        before, one, other = (side.get(key, ABSENT) for side in (base, ours, theirs))
        if isinstance(one, dict) and isinstance(other, dict):
            found = merge_mapping_values(path, before if isinstance(before, dict) else {}, one, other)
            if found is None:
                return CONFLICT
            merged.append(found)
            continue
        outcome = merge_value(path, Rule.SCALAR, before, one, other)
        if outcome.action is Action.CONFLICT:
            return CONFLICT
        merged += [] if outcome.value is ABSENT else [outcome.value]
    return Outcome(merged, Action.MERGED)


def _merge_in_place(path: str, base: list[Value], ours: list[Value], theirs: list[Value]) -> list[Value] | None:
    """Mappings changed in their places on both sides, or on one while the other added before or behind them."""
    for added, edited in ((ours, theirs), (theirs, ours)):
        if base and len(edited) == len(base) < len(added):
            size = len(base)
            head, tail = ([], added[size:]) if _same(added[:size], base) else (added[:-size], [])
            if _same(added[:size] if tail else added[-size:], base):
                inner = _merge_in_place(path, base, base, edited)
                return None if inner is None else [*head, *inner, *tail]
    if not len(base) == len(ours) == len(theirs):
        return None
    merged: list[Value] = []
    for before, one, other in zip(base, ours, theirs, strict=True):
        if not (isinstance(before, dict) and isinstance(one, dict) and isinstance(other, dict)):
            return None
        found = merge_mapping_values(path, before, one, other)
        if found is None:
            return None
        merged.append(found)
    return merged


def merge_mapping_values(
    path: str, base: Mapping[str, Value], ours: Mapping[str, Value], theirs: Mapping[str, Value]
) -> dict[str, Value] | None:
    """A mapping merged key by key; None where a leaf conflicts."""
    merged: dict[str, Value] = {}
    for key in dict.fromkeys([*base, *ours, *theirs]):
        where = f"{path}.{key}" if path else key
        before, one, other = (side.get(key, ABSENT) for side in (base, ours, theirs))
        if isinstance(one, dict) and isinstance(other, dict):
            nested = merge_mapping_values(where, before if isinstance(before, dict) else {}, one, other)
            if nested is None:
                return None
            merged[key] = nested
            continue
        rule = rule_for(where, *(None if value is ABSENT else value for value in (before, one, other)))
        outcome = merge_value(where, rule, before, one, other)
        if outcome.action is Action.CONFLICT:
            return None
        if outcome.value is not ABSENT:
            merged[key] = outcome.value
    return merged


def _merge_instants(rule: Rule, base: Value | Absent, ours: Value | Absent, theirs: Value | Absent) -> Outcome:
    """The later of two machine times, the earlier of two new creation dates; text that is no date is a conflict.

    A machine time that one side removed is the other side's.
    """
    sides = [side for side in (ours, theirs) if side not in (ABSENT, None)]
    found = {side: instant for side in sides if isinstance(side, str) and (instant := _instant(side)) is not None}
    if not found or len(found) < len(sides):
        return CONFLICT
    if rule is Rule.CREATED and (len(sides) < 2 or base not in (ABSENT, None)):
        return CONFLICT
    pick = max if rule is Rule.MACHINE_TIME else min
    value = pick(found, key=lambda side: (found[side][1], side))
    return Outcome(value, Action.OURS if value == ours else Action.THEIRS)


def _instant(written: str) -> tuple[bool, str] | None:
    """(whether a zone was written, the day, or the instant in UTC), which sort as time goes; None for other text."""
    moment = parse_date(written)
    if moment is None:
        return None
    if moment.clock is None:
        return False, moment.day.isoformat()
    instant = datetime.combine(moment.day, moment.clock, tzinfo=moment.zone or UTC).astimezone(UTC)
    return moment.zone is not None, instant.isoformat(timespec="microseconds")


def _same(one: Sequence[Value], other: Sequence[Value]) -> bool:
    return canonical("", list(one)) == canonical("", list(other))


def _items(value: Value | Absent) -> list[Value]:
    return value if isinstance(value, list) else []
