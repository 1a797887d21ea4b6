"""Three-way merge of one typed value; absent is a value."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC

from sync.document.moment import parse_date
from sync.document.splice import ABSENT, Absent
from sync.document.yaml12 import Value
from sync.merge.decision import Action
from sync.merge.diff3 import Kind, diff3
from sync.merge.policy import Rule, rule_for

_INSTANTS = frozenset({"date", "created", "updated", "last_used"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a value became, and by whom; the value of a conflict is ABSENT and means nothing."""

    value: Value | Absent
    action: Action


CONFLICT = Outcome(ABSENT, Action.CONFLICT)


def canonical(path: str, value: Value | Absent) -> Hashable:
    """What two values must share to be the same: numbers and instants are compared, not how they are written."""
    if isinstance(value, str) and path in _INSTANTS and (moment := parse_date(value)) is not None:
        return ("instant", moment.zone is None, moment.to_record(UTC))
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
        return Outcome(_merge_set(_items(base), _items(ours), _items(theirs)), Action.MERGED)
    if rule is Rule.LIST:
        return _merge_list(path, _items(base), _items(ours), _items(theirs))
    if rule in (Rule.MACHINE_TIME, Rule.CREATED) and isinstance(ours, str) and isinstance(theirs, str):
        return _merge_instants(rule, base, ours, theirs)
    return CONFLICT


def _merge_set(base: list[Value], ours: list[Value], theirs: list[Value]) -> list[Value]:
    """(base - removals of either) + additions; base order, new ones sorted. Their order of addition says nothing."""
    before, one, other = ({canonical("", item): item for item in side} for side in (base, ours, theirs))
    kept: list[Value] = [item for key, item in before.items() if key in one and key in other]
    added = {**one, **other}
    return kept + [added[key] for key in sorted(added.keys() - before.keys(), key=str)]


def _merge_list(path: str, base: list[Value], ours: list[Value], theirs: list[Value]) -> Outcome:
    """Item by item. Mappings that changed in their places are merged key by key, whoever changed which of them."""
    sides = [[canonical("", item) for item in side] for side in (base, ours, theirs)]
    merged: list[Value] = []
    for region in diff3(*sides):
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


def _merge_in_place(path: str, base: list[Value], ours: list[Value], theirs: list[Value]) -> list[Value] | None:
    """Mappings changed in their places on both sides, or on one while the other added before or behind them."""
    for added, edited in ((ours, theirs), (theirs, ours)):
        if base and len(edited) == len(base) < len(added):
            size = len(base)
            head, tail = ([], added[size:]) if added[:size] == base else (added[:-size], [])
            if (head or tail) and (added[:size] if tail else added[-size:]) == base:
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


def _merge_instants(rule: Rule, base: Value | Absent, ours: str, theirs: str) -> Outcome:
    """The later of two machine times, the earlier of two new creation dates; text that is no date is a conflict."""
    found = {side: moment.to_record(UTC) for side in (ours, theirs) if (moment := parse_date(side)) is not None}
    if len(found) < 2 or (rule is Rule.CREATED and base is not ABSENT and base is not None):
        return CONFLICT
    pick = max if rule is Rule.MACHINE_TIME else min
    value = pick((ours, theirs), key=lambda side: (found[side], side))
    return Outcome(value, Action.OURS if value == ours else Action.THEIRS)


def _items(value: Value | Absent) -> list[Value]:
    return value if isinstance(value, list) else []
