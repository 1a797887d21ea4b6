"""Three-way merge of sequences: S. Khanna, K. Kunal, B. C. Pierce, "A Formal Investigation of Diff3", FSTTCS 2007.

Changes of the two sides that overlap or touch, and are not the same, conflict: two edits on neighbouring lines are more
often one matter than two. Nothing here depends on which side is which.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Sequence
from enum import Enum
from typing import NamedTuple

from sync.merge.diff import Hunk, diff


class Kind(Enum):
    """What became of a stretch of the base."""

    SAME = "same"
    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"
    CONFLICT = "conflict"


class Region(NamedTuple):
    """A stretch of the base and what the sides made of it: `base[base_start:base_end]` and so on."""

    kind: Kind
    base_start: int
    base_end: int
    ours_start: int
    ours_end: int
    theirs_start: int
    theirs_end: int


def diff3(
    base: Sequence[Hashable],
    ours: Sequence[Hashable],
    theirs: Sequence[Hashable],
    *,
    spacing: Container[Hashable] = (),
    hunks: tuple[Sequence[Hunk], Sequence[Hunk]] | None = None,
) -> list[Region]:
    """The regions of a three-way merge, in order, without gaps.

    Args:
        base, ours, theirs: the three sequences.
        spacing: items that only keep others apart. A change of nothing else does not conflict with one that it touches.
        hunks: of ours and of theirs, where they are known.
    """
    of_ours, of_theirs = hunks or (diff(base, ours), diff(base, theirs))
    left = [_Change(hunk, _is_light(hunk, base, ours, spacing)) for hunk in of_ours]
    right = [_Change(hunk, _is_light(hunk, base, theirs, spacing)) for hunk in of_theirs]
    found: list[Region] = []
    at_base = at_ours = at_theirs = 0
    index = other = 0
    while index < len(left) or other < len(right):
        first, second = index, other
        start, end, index, other = _gathered(left, right, index, other)
        ours_start, theirs_start = at_ours + start - at_base, at_theirs + start - at_base
        ours_end = ours_start + end - start + sum(_growth(one.hunk) for one in left[first:index])
        theirs_end = theirs_start + end - start + sum(_growth(one.hunk) for one in right[second:other])
        if start > at_base:
            found.append(Region(Kind.SAME, at_base, start, at_ours, ours_start, at_theirs, theirs_start))
        kind = Kind.CONFLICT
        if second == other:
            kind = Kind.OURS
        elif first == index:
            kind = Kind.THEIRS
        elif ours[ours_start:ours_end] == theirs[theirs_start:theirs_end]:
            kind = Kind.BOTH
        found.append(Region(kind, start, end, ours_start, ours_end, theirs_start, theirs_end))
        at_base, at_ours, at_theirs = end, ours_end, theirs_end
    if at_base < len(base):
        found.append(Region(Kind.SAME, at_base, len(base), at_ours, len(ours), at_theirs, len(theirs)))
    return found


class _Change(NamedTuple):
    hunk: Hunk
    is_light: bool


def _is_light(hunk: Hunk, base: Sequence[Hashable], side: Sequence[Hashable], spacing: Container[Hashable]) -> bool:
    """Whether a hunk adds or removes nothing but spacing."""
    return bool(spacing) and all(
        item in spacing for item in (*base[hunk.start : hunk.end], *side[hunk.new_start : hunk.new_end])
    )


def _gathered(left: Sequence[_Change], right: Sequence[_Change], index: int, other: int) -> tuple[int, int, int, int]:
    """The next stretch of the base whose changes overlap or touch, and the first changes behind it."""
    firsts = [side[place] for side, place in ((left, index), (right, other)) if place < len(side)]
    # Of two that start at one place, spacing that is added stands before what the other side did there.
    first = min(firsts, key=lambda one: (one.hunk.start, one.hunk.end > one.hunk.start or not one.is_light))
    start = end = first.hunk.start
    light = True
    taken = 0
    while True:
        grown = False
        for side, place in ((left, index), (right, other)):
            if place < len(side) and (
                side[place] is first if not taken else _meets(side[place], start, end, light=light)
            ):
                end, light = max(end, side[place].hunk.end), light and side[place].is_light
                index, other = (place + 1, other) if side is left else (index, place + 1)
                grown, taken = True, taken + 1
                break
        if not grown:
            return start, end, index, other


def _meets(change: _Change, start: int, end: int, *, light: bool) -> bool:
    """Whether a change belongs to what has been gathered so far of `base[start:end]`."""
    hunk = change.hunk
    if hunk.start == end and (light or change.is_light):
        return start == end == hunk.end
    return hunk.start <= end


def _growth(hunk: Hunk) -> int:
    return (hunk.new_end - hunk.new_start) - (hunk.end - hunk.start)
