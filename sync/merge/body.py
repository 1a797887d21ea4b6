"""Three-way merge of bodies by section: what one side changed is taken, whatever the other did to other sections."""

from __future__ import annotations

import re

from sync.merge.decision import Clash, Piece, is_clean
from sync.merge.diff3 import Kind, diff3
from sync.merge.lines import merge_markdown

_MARK = re.compile(
    r"^ {0,3}(?:(?P<level>#{1,6})(?=[ \t\n]|\Z)(?P<title>.*?)(?:[ \t]#+)?[ \t]*$|(?P<fence>`{3,}|~{3,})(?P<info>.*)$)",
    re.M,
)
Key = tuple[str, ...]


def merge_body(base: str, ours: str, theirs: str) -> list[Piece]:
    """The merged body.

    Where merging its lines leaves a clash, it is merged by sections; where headings do not tell sections apart, the
    clashes of the lines stand.
    """
    by_line = merge_markdown(base, ours, theirs)
    if is_clean(by_line):
        return by_line
    by_section = _merge_sections(base, ours, theirs)
    if by_section is None or sum(map(_is_clash, by_section)) >= sum(map(_is_clash, by_line)):
        return by_line
    return by_section


def split_sections(body: str) -> dict[Key, str] | None:
    """The sections of a body by their heading paths, in order; None where two have the same.

    A section reaches from its heading (ATX, outside of code fences) to the next one of any level; text before the
    first heading has the empty path. (CommonMark 0.31, 4.2 and 4.5.)
    """
    sections: dict[Key, str] = {}
    path: list[str] = []
    fence = ""
    start = 0
    key: Key = ()
    for mark in _MARK.finditer(body):
        if opened := mark["fence"]:
            if not fence:
                fence = opened
            elif opened.startswith(fence) and not mark["info"].strip():
                fence = ""
        elif not fence:
            level = len(mark["level"])
            sections[key] = body[start : mark.start()]
            path = [*path[: level - 1], *[""] * (level - 1 - len(path)), f"{mark['level']} {mark['title'].strip()}"]
            start, key = mark.start(), tuple(path)
            if key in sections:
                return None
    sections[key] = body[start:]
    return sections


def _merge_sections(base: str, ours: str, theirs: str) -> list[Piece] | None:
    sides = [split_sections(text) for text in (base, ours, theirs)]
    if any(side is None for side in sides):
        return None
    before, one, other = (side or {} for side in sides)
    order = _merge_order(list(before), list(one), list(other))
    if order is None:
        return None
    pieces: list[Piece] = []
    for key in order:
        pieces += _merge_section(before.get(key), one.get(key), other.get(key))
    return pieces


def _merge_order(base: list[Key], ours: list[Key], theirs: list[Key]) -> list[Key] | None:
    """The order of the sections that the sides have; None where both ordered or added at one place."""
    order: list[Key] = []
    for region in diff3(base, ours, theirs):
        if region.kind is Kind.CONFLICT:
            return None
        order += (
            theirs[region.theirs_start : region.theirs_end]
            if region.kind is Kind.THEIRS
            else ours[region.ours_start : region.ours_end]
        )
    # A section that one side removed and the other changed has to be looked at, wherever it stood.
    wanted = set(order)
    if len(order) != len(wanted):
        return None
    for key in base:
        if key not in wanted:
            order.append(key)
    return order


def _merge_section(base: str | None, ours: str | None, theirs: str | None) -> list[Piece]:
    if theirs in (ours, base):
        return [ours] if ours else []
    if ours == base:
        return [theirs] if theirs else []
    if base is None or ours is None or theirs is None:
        return [Clash(base or "", ours or "", theirs or "")]
    return merge_markdown(base, ours, theirs)


def _is_clash(piece: Piece) -> bool:
    return isinstance(piece, Clash)
