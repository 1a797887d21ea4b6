"""Lists whose items are known by ids: which stand in the merged list, and in which order."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from sync.document.yaml12 import Value
from sync.merge.diff3 import Kind, diff3

Id: TypeAlias = "tuple[str, Hashable]"


def by_id(items: Sequence[Value]) -> dict[Id, dict[str, Value]] | None:
    """The items of a list by their `id`; None where one has none, or two have the same."""
    found: dict[Id, dict[str, Value]] = {}
    for item in items:
        key = item.get("id") if isinstance(item, dict) else None
        if not isinstance(item, dict) or key is None or isinstance(key, list | dict):
            return None
        found[type(key).__name__, key] = item
    return found if len(found) == len(items) else None


def merge_order(base: Sequence[Id], ours: Sequence[Id], theirs: Sequence[Id]) -> list[Id] | None:
    """Every id that at least one side has, each where it belongs; None where both sides ordered, differently.

    What all three have is ordered by diff3. The rest stands behind what it followed; of what both sides put in one
    place, each side's stays together, and the smaller first id goes first.
    """
    kept = set(base) & set(ours) & set(theirs)
    order = _merge_kept(*([key for key in side if key in kept] for side in (base, ours, theirs)))
    if order is None:
        return None
    behind = [_followers(side, kept) for side in (ours, theirs)]
    places = [{key: last for last, keys in side.items() for key in keys} for side in behind]
    if any(places[1].get(key, last) != last for key, last in places[0].items()):
        return None
    found = []
    for last in (None, *order):
        one, other = (side.get(last, []) for side in behind)
        found += [last] if last else []
        found += one if one == other else _interleaved(one, other)
    return found


def _merge_kept(base: list[Id], ours: list[Id], theirs: list[Id]) -> list[Id] | None:
    merged: list[Id] = []
    for region in diff3(base, ours, theirs):
        if region.kind is Kind.CONFLICT:
            return None
        if region.kind is Kind.THEIRS:
            merged += theirs[region.theirs_start : region.theirs_end]
        else:
            merged += ours[region.ours_start : region.ours_end]
    return merged if len(merged) == len(set(merged)) == len(base) else None


def _followers(side: Sequence[Id], kept: set[Id]) -> Mapping[Id | None, list[Id]]:
    """What does not stand on all sides, by what it stands behind."""
    found: dict[Id | None, list[Id]] = {}
    last: Id | None = None
    for key in side:
        if key in kept:
            last = key
        else:
            found.setdefault(last, []).append(key)
    return found


def _interleaved(one: Sequence[Id], other: Sequence[Id]) -> list[Id]:
    if set(one) & set(other):
        return sorted({*one, *other}, key=str)
    return list(chain(*sorted((one, other), key=lambda keys: [str(key) for key in keys])))
