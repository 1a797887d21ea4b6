"""The shortest edit from one sequence to another, with its hunks where a reader would put them.

Algorithm: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1986, on what is left after the
common ends and the items that only one side has are taken away, which changes no longest common subsequence. It takes
time with the square of the edits; beyond a bound, items that occur once on both sides are anchors (B. Cohen's patience
diff), and what lies between two anchors is compared by itself, or replaced as a whole where it has no anchors.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

_STRIDE = 32
_MAX_EDITS = 128  # the search takes time and memory with the square of the edits


class Hunk(NamedTuple):
    """`base[start:end]` became `side[new_start:new_end]`."""

    start: int
    end: int
    new_start: int
    new_end: int


def diff(base: Sequence[Hashable], side: Sequence[Hashable]) -> list[Hunk]:
    """The hunks that turn one sequence into another, in order; at least one equal item stands between two of them.

    A hunk that only adds or only removes stands as far down as it can, as Git has it.
    """
    last_base, last_side = len(base), len(side)
    first = _shared(base, side, min(last_base, last_side))
    while last_base > first and last_side > first and base[last_base - 1] == side[last_side - 1]:
        last_base -= 1
        last_side -= 1
    if first in (last_base, last_side):
        hunks = [Hunk(first, last_base, first, last_side)] if last_base != last_side else []
    else:
        pairs = _common(base, side, first, last_base, last_side)
        hunks = _hunks(pairs, first, last_base, last_side)
    return _settled(hunks, base, side) if hunks else hunks


def _shared(base: Sequence[Hashable], side: Sequence[Hashable], limit: int) -> int:
    """How many items both start with; slices are compared first, which is faster than one item after another."""
    first = 0
    while first < limit and base[first : first + _STRIDE] == side[first : first + _STRIDE]:
        first += _STRIDE
    while first < limit and base[first] == side[first]:
        first += 1
    return min(first, limit)


def _common(
    base: Sequence[Hashable], side: Sequence[Hashable], first: int, last_base: int, last_side: int
) -> list[tuple[int, int]]:
    """Index pairs of a longest common subsequence of the middles."""
    here, there = set(base[first:last_base]), set(side[first:last_side])
    lefts = [index for index in range(first, last_base) if base[index] in there]
    rights = [index for index in range(first, last_side) if side[index] in here]
    if not lefts or not rights:
        return []
    old, new = [base[index] for index in lefts], [side[index] for index in rights]
    return [(lefts[left], rights[right]) for left, right in _matched(old, new)]


def _myers(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]] | None:
    """Index pairs of a longest common subsequence, or None where it would take too many edits."""
    rows, columns = len(old), len(new)
    if abs(rows - columns) > _MAX_EDITS:
        return None
    limit = min(rows + columns, _MAX_EDITS)
    middle = limit + 1
    furthest = [0] * (2 * limit + 3)  # by diagonal: how many rows are behind the furthest path on it
    trace: list[list[int]] = []
    for edits in range(limit + 1):
        trace.append(furthest[middle - edits - 1 : middle + edits + 2])
        for place in range(middle - edits, middle + edits + 1, 2):
            left, row = furthest[place - 1], furthest[place + 1]
            if place != middle - edits and (left >= row or place == middle + edits):
                row = left + 1
            column = row - place + middle
            while row < rows and column < columns and old[row] == new[column]:
                row += 1
                column += 1
            furthest[place] = row
            if row >= rows and column >= columns:
                return _walk_back(trace, rows, columns)
    return None


def _walk_back(trace: Sequence[list[int]], row: int, column: int) -> list[tuple[int, int]]:
    pairs = []
    for edits in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[edits], row - column
        place = edits + 1 + diagonal
        left, right = furthest[place - 1], furthest[place + 1]
        down = diagonal == -edits or (diagonal != edits and left < right)
        from_row = right if down else left
        start_row = from_row if down else from_row + 1
        while row > max(start_row, 0) and column > 0:
            row, column = row - 1, column - 1
            pairs.append((row, column))
        row, column = from_row, from_row - (diagonal + 1 if down else diagonal - 1)
    pairs.reverse()
    return pairs


def _anchored(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Index pairs of items that occur once on both sides and stand in the same order, and of what is between them."""
    once_old, once_new = Counter(old), Counter(new)
    place = {item: index for index, item in enumerate(new) if once_new[item] == 1}
    anchors = [(row, place[item]) for row, item in enumerate(old) if once_old[item] == 1 and item in place]
    if not anchors:
        return []
    pairs: list[tuple[int, int]] = []
    row = column = 0
    for next_row, next_column in [*_longest_rising(anchors), (len(old), len(new))]:
        between = _matched(old[row:next_row], new[column:next_column])
        pairs += [(row + left, column + right) for left, right in between]
        pairs.append((next_row, next_column))
        row, column = next_row + 1, next_column + 1
    pairs.pop()
    return pairs


def _matched(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    if old == new:
        return [(index, index) for index in range(len(old))]
    found = _myers(old, new)
    return _anchored(old, new) if found is None else found


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs, sorted by the first number, in which the second rises too."""
    tops: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (_row, column) in enumerate(pairs):
        length = bisect_left(tops, column)
        previous.append(ends[length - 1] if length else -1)
        tops[length : length + 1] = [column]
        ends[length : length + 1] = [index]
    rising = []
    index = ends[-1] if ends else -1
    while index >= 0:
        rising.append(pairs[index])
        index = previous[index]
    return rising[::-1]


def _hunks(pairs: Sequence[tuple[int, int]], first: int, last_base: int, last_side: int) -> list[Hunk]:
    hunks = []
    row, column = first, first
    for next_row, next_column in [*pairs, (last_base, last_side)]:
        if next_row > row or next_column > column:
            hunks.append(Hunk(row, next_row, column, next_column))
        row, column = next_row + 1, next_column + 1
    return hunks


def _settled(hunks: Sequence[Hunk], base: Sequence[Hashable], side: Sequence[Hashable]) -> list[Hunk]:
    """The hunks, each where a reader would put it; those that meet on the way become one.

    One that only adds or only removes moves up if that joins it to the one before, else down as far as it can.
    """
    settled: list[Hunk] = []
    limits = [*((one.start, one.new_start) for one in hunks[1:]), (len(base), len(side))]
    for one, (next_base, next_side) in zip(hunks, limits, strict=True):
        hunk = one
        while settled:
            up = _moved(hunk, base, side, hunk.start - settled[-1].end, -1)
            if up.start != settled[-1].end or up.new_start != settled[-1].new_end:
                break
            before = settled.pop()
            hunk = Hunk(before.start, up.end, before.new_start, up.new_end)
        room = min(next_base - hunk.end, next_side - hunk.new_end)
        down = _moved(hunk, base, side, room, 1)
        settled.append(down)
    return settled


def _moved(hunk: Hunk, base: Sequence[Hashable], side: Sequence[Hashable], room: int, step: int) -> Hunk:
    """The hunk moved over so many equal items at most, down (1) or up (-1), with the same effect."""
    start, end, new_start, new_end = hunk
    items, low, high = (side, new_start, new_end) if start == end else (base, start, end)
    if start != end and new_start != new_end:
        return hunk
    moved = 0
    if step > 0:
        while moved < room and items[low + moved] == items[high + moved]:
            moved += 1
    else:
        while moved < room and items[low - 1 - moved] == items[high - 1 - moved]:
            moved += 1
    shift = moved * step
    return Hunk(start + shift, end + shift, new_start + shift, new_end + shift)
