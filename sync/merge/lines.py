"""Three-way merge of text by lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from io import StringIO

from sync.merge.decision import Clash, Piece
from sync.merge.diff import diff
from sync.merge.diff3 import Kind, Region, Spacing, diff3

_STRIDE = 256
_SAYS_SOMETHING = re.compile(r"\w")
_ENDS = re.compile(r" {0,3}(?:#|```|~~~)")
_STARTS = re.compile(r" {0,3}(?:#|```|~~~|>|[-*+] )")
_BLANK_END = re.compile(r"[^\S\n]\n")


def split_lines(text: str) -> list[str]:
    r"""Lines with their ends; only `\n` ends one, as Git has it."""
    return StringIO(text, newline="\n").readlines()


def merge_lines(base: str, ours: str, theirs: str) -> list[Piece]:
    """The merged text; stretches that both sides changed differently are clashes. Line endings are LF."""
    sides = split_lines(base), split_lines(ours), split_lines(theirs)
    return [_piece(region, *sides) for region in diff3(*sides)]


def merge_markdown(base: str, ours: str, theirs: str) -> list[Piece]:
    """As `merge_lines`; where that clashes, blanks at the end of a line and empty lines are merged by themselves."""
    start = _shared_start(base, ours, theirs)
    sides = split_lines(base[start:]), split_lines(ours[start:]), split_lines(theirs[start:])
    hunks = diff(sides[0], sides[1]), diff(sides[0], sides[2])
    regions = diff3(*sides, hunks=hunks)
    pieces: list[Piece] = [base[:start]] if start else []
    if all(region.kind is not Kind.CONFLICT for region in regions):
        return [*pieces, *(_piece(region, *sides) for region in regions)]
    has_blanks = any(_BLANK_END.search(text, start) for text in (base, ours, theirs))
    shown = (
        tuple([_visible(line) if line[-2:-1].isspace() else line for line in side] for side in sides)
        if has_blanks
        else sides
    )
    for region in diff3(*shown, spacing=_EMPTY_LINES, hunks=None if has_blanks else hunks):
        if region.kind in (Kind.SAME, Kind.BOTH):
            pieces.append("".join(_pick_blanks(region, *sides)))
        else:
            pieces.append(_piece(region, *sides))
    return pieces


def _shared_start(base: str, ours: str, theirs: str) -> int:
    """Where lines begin that need a closer look: one line before the first that is not the same on all sides."""
    shortest = min(len(base), len(ours), len(theirs))
    start = 0
    while start < shortest and base[start : start + _STRIDE] == ours[start : start + _STRIDE]:
        if base[start : start + _STRIDE] != theirs[start : start + _STRIDE]:
            break
        start += _STRIDE
    line = base.rfind("\n", 0, min(start, shortest))
    return base.rfind("\n", 0, line) + 1 if line > 0 else 0


def _joins(one: Hashable, other: Hashable) -> bool:
    """Whether the second of two lines may read as more of the first (CommonMark 0.31, 4.8: what ends a paragraph)."""
    first, second = str(one), str(other)
    return not (first.isspace() or second.isspace() or _ENDS.match(first) or _STARTS.match(second))


_EMPTY_LINES = Spacing(("\n",), _joins)


def _piece(region: Region, base: list[str], ours: list[str], theirs: list[str]) -> Piece:
    """The text of a region, or its clash."""
    if region.kind is Kind.THEIRS:
        return "".join(theirs[region.theirs_start : region.theirs_end])
    if region.kind is not Kind.CONFLICT:
        return "".join(ours[region.ours_start : region.ours_end])
    return Clash(
        "".join(base[region.base_start : region.base_end]),
        "".join(ours[region.ours_start : region.ours_end]),
        "".join(theirs[region.theirs_start : region.theirs_end]),
    )


def _visible(line: str) -> str:
    """A line without the blanks at its end that nobody sees; two or more are a line break (CommonMark 0.31, 6.7)."""
    bare = line.rstrip()
    return f"{bare}  \n" if bare and line.rstrip("\r\n").endswith("  ") else f"{bare}\n"


def _pick_blanks(region: Region, base: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    """Lines that look the same on both sides, each with the blanks of the side that changed them."""
    before = base[region.base_start : region.base_end] if region.kind is Kind.SAME else None
    one, other = ours[region.ours_start : region.ours_end], theirs[region.theirs_start : region.theirs_end]
    if other in (one, before):
        return one
    if one == before:
        return other
    picked = []
    for index, (left, right) in enumerate(zip(one, other, strict=True)):
        old = before[index] if before else None
        picked.append(left if right in (left, old) else right if left == old else min(left, right))
    return picked


def keeps_every_edit(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], merged: Sequence[str]) -> bool:
    """Whether a merge lost no one-sided edit and invented nothing, by how often each item occurs.

    What one side added or removed is added or removed. What both added may be there once or twice, and so may what both
    moved, each to a place of its own.
    """
    counts = [Counter(map(str.strip, side)) for side in (base, ours, theirs, merged)]
    before, one, other, after = counts
    if one == other == after:
        return True
    looked_at = {item for side in (one, other, after) for item in (before.items() ^ side.items())}
    for item in {item for item, _count in looked_at}:
        plus, minus = one[item] - before[item], other[item] - before[item]
        both = before[item] + plus + minus
        low = high = both
        if plus > 0 < minus:
            low = before[item] + max(plus, minus)
        elif plus < 0 > minus:
            high = before[item] + min(plus, minus)
        elif plus == minus == 0:
            high = 2 * both
        if not low <= after[item] <= high and _SAYS_SOMETHING.search(item):
            return False
    return True
