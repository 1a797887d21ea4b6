"""Three-way merge of bodies by section: what one side changed is taken, whatever the other did to other sections."""

from __future__ import annotations

import re

from sync.merge.decision import Clash, Piece, is_clean
from sync.merge.diff3 import Kind, diff3
from sync.merge.lines import merge_markdown, split_lines

_HEADING = re.compile(r" {0,3}(#{1,6})(?![^ \t\r\n])(.*)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_MARKS = "#`~ "
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
    lines = split_lines(body)
    sections: dict[Key, str] = {}
    path: list[str] = []
    fence = ""
    start = 0
    key: Key = ()
    for number, line in enumerate(lines):
        if line[0] not in _MARKS or line.lstrip(" ")[:1] not in _MARKS:
            continue
        if mark := _FENCE.match(line):
            fence = _fence_after(fence, mark[1], mark[2])
        elif not fence and (heading := _HEADING.match(line)):
            sections[key] = "".join(lines[start:number])
            level = len(heading[1])
            path = [*path[: level - 1], *[""] * (level - 1 - len(path)), f"{heading[1]} {_title(heading[2])}"]
            start, key = number, tuple(path)
            if key in sections:
                return None
    sections[key] = "".join(lines[start:])
    return sections


def _fence_after(fence: str, mark: str, info: str) -> str:
    """The fence that is open behind a line of fence characters."""
    if not fence:
        return mark
    return "" if mark.startswith(fence) and not info.strip() else fence


def _title(written: str) -> str:
    """A heading's text without the marks that may close it."""
    title = written.strip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else title


def _merge_sections(base: str, ours: str, theirs: str) -> list[Piece] | None:
    before = split_sections(base)
    one = split_sections(ours) if before is not None else None
    other = split_sections(theirs) if one is not None else None
    if before is None or one is None or other is None:
        return None
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
    wanted = set(order)
    if len(order) != len(wanted):
        return None
    # A section that one side removed and the other changed has to be looked at, where it stood.
    removed: dict[Key | None, list[Key]] = {}
    last: Key | None = None
    for key in base:
        if key in wanted:
            last = key
        else:
            removed.setdefault(last, []).append(key)
    return [*removed.get(None, ()), *(one for key in order for one in (key, *removed.get(key, ())))]


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
