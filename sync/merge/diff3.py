"""Three-way merge of sequences: S. Khanna, K. Kunal, B. C. Pierce, "A Formal Investigation of Diff3", FSTTCS 2007.

Changes of the two sides that overlap or touch, and are not the same, conflict: two edits on neighbouring lines are more
often one matter than two. Nothing here depends on which side is which.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Sequence
from enum import Enum
from typing import NamedTuple, TypeVar

from sync.merge.diff import Hunk, diff

T = TypeVar("T")


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


class Spacing(NamedTuple):
    """What only keeps other items apart: a change of nothing else does not conflict with one that it touches.

    Attributes:
        items: such items.
        joins: whether two items become one thing where nothing stands between them. Spacing that one side removed next
            to what the other added does conflict, if that joins what was added to its neighbour.
    """

    items: Container[Hashable]
    joins: Callable[[Hashable, Hashable], bool]


NO_SPACING = Spacing((), lambda _one, _other: False)


def pick(base: T, ours: T, theirs: T) -> T | None:
    """The value that one side changed, or that both agree on; None where they changed it differently."""
    if theirs in (ours, base):
        return ours
    return theirs if ours == base else None


def diff3(
    base: Sequence[Hashable],
    ours: Sequence[Hashable],
    theirs: Sequence[Hashable],
    *,
    spacing: Spacing = NO_SPACING,
    hunks: tuple[Sequence[Hunk], Sequence[Hunk]] | None = None,
) -> list[Region]:
    """The regions of a three-way merge, in order, without gaps.

    Args:
        base, ours, theirs: the three sequences.
        spacing: what only keeps other items apart.
        hunks: of ours and of theirs, where they are known.
    """
    of_ours, of_theirs = hunks or (diff(base, ours), diff(base, theirs))
    left, right = _changes(of_ours, base, ours, spacing), _changes(of_theirs, base, theirs, spacing)
    found: list[Region] = []
    at_base = at_ours = at_theirs = index = other = 0
    while index < len(left) or other < len(right):
        first, second = index, other
        start, end, index, other = _gathered(base, left, right, index, other, spacing)
        ours_start, theirs_start = at_ours + start - at_base, at_theirs + start - at_base
        ours_end = ours_start + end - start + sum([one.growth for one in left[first:index]])
        theirs_end = theirs_start + end - start + sum([one.growth for one in right[second:other]])
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
    """A hunk, and what it adds where nobody else changes anything.

    Attributes:
        start, end: what it replaces of the base.
        growth: how many items more there are afterwards.
        is_light: whether it adds or removes nothing but spacing.
        new: the items in its place.
    """

    start: int
    end: int
    growth: int
    is_light: bool
    new: Sequence[Hashable]

    @property
    def rank(self) -> tuple[int, bool, bool]:
        """Of two that start at one place: what only adds is first, and of such, spacing."""
        return self.start, self.end > self.start, not self.is_light


def _changes(
    hunks: Sequence[Hunk], base: Sequence[Hashable], side: Sequence[Hashable], spacing: Spacing
) -> list[_Change]:
    changes = []
    for start, end, new_start, new_end in hunks:
        new, light = side[new_start:new_end], False
        if spacing is not NO_SPACING:
            light = all(item in spacing.items for item in (*base[start:end], *new))
        changes.append(_Change(start, end, new_end - new_start - end + start, light, new))
    return changes


def _gathered(
    base: Sequence[Hashable],
    left: Sequence[_Change],
    right: Sequence[_Change],
    index: int,
    other: int,
    spacing: Spacing,
) -> tuple[int, int, int, int]:
    """The next stretch of the base whose changes are one matter, and the first changes behind it."""
    if other == len(right) or (index < len(left) and left[index].rank <= right[other].rank):
        ours, theirs, end = left[index], None, left[index].end
        start, index = ours.start, index + 1
    else:
        ours, theirs, end = None, right[other], right[other].end
        start, other = theirs.start, other + 1
    while True:  # of the changes of one side, the last one reaches furthest
        if theirs and index < len(left) and _meets(base, theirs, left[index], spacing):
            ours, index = left[index], index + 1
            end = max(end, ours.end)
        elif ours and other < len(right) and _meets(base, ours, right[other], spacing):
            theirs, other = right[other], other + 1
            end = max(end, theirs.end)
        else:
            return start, end, index, other


def _meets(base: Sequence[Hashable], one: _Change, later: _Change, spacing: Spacing) -> bool:
    """Whether changes of different sides are one matter; the later one is not the first of a stretch."""
    if later.start != one.end:
        return later.start < one.end
    if not (one.is_light or later.is_light) or one.start == later.end:
        return True
    if one.start < one.end and not one.new and one.start and later.start == later.end:
        return spacing.joins(base[one.start - 1], later.new[0])
    if one.start == one.end and not later.new and later.end < len(base):
        return spacing.joins(one.new[-1], base[later.end])
    return False
