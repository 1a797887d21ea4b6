"""The units a body is made of, for stores that keep a list of facts: headings, code fences, list items, paragraphs.

Finer than Markdown's blocks, for each item of a list is a unit, and coarser: what is indented under one belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

INDENT = "  "
_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+(?P<text>.*?))??(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*$)|~{3,})")
_ITEM = re.compile(r"[-*+] ")


class Kind(Enum):
    """What a unit is."""

    HEADING = "heading"
    FENCE = "fence"
    ITEM = "item"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit.

    Attributes:
        kind: what it is.
        start, end: its span in the body, without the line ending behind it.
        text: what it says: an item without its marker and indentation, anything else as it stands; lines end in LF.
    """

    kind: Kind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    start: int
    end: int

    @property
    def is_blank(self) -> bool:
        return not self.text.strip(" \t")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a new body: a unit that was there, by its place, or a new item."""

    kind: Kind
    raw: str
    place: int | None


def split_units(body: str) -> tuple[Unit, ...]:
    """The units of a body, in their order."""
    lines = [_Line(found[1], found.start(), found.end(1)) for found in _LINE.finditer(body) if found.group()]
    return tuple(_units(lines))


def heading_text(unit: Unit) -> str:
    """What a heading says, its words one blank apart; empty for any other unit."""
    found = _HEADING.fullmatch(unit.text) if unit.kind is Kind.HEADING else None
    return " ".join((found["text"] or "").split()) if found else ""


def render_item(text: str, line_end: str = "\n") -> str:
    """A text as a list item that `split_units` reads as that text."""
    first, *rest = text.split("\n")
    last = max((index for index, line in enumerate(rest) if line), default=-1)
    # Blank lines at the end would not belong to the item unless they were indented.
    return line_end.join([f"- {first}", *(INDENT + line if line or n > last else "" for n, line in enumerate(rest))])


def replace_units(
    body: str, units: Sequence[Unit], wanted: Sequence[str], line_end: str, hidden: Collection[int] = ()
) -> str:
    """The body whose units say what is wanted.

    Args:
        body: the present body.
        units: its units.
        wanted: the texts wanted, in order. Units that say one of them already stay byte for byte; the others are
            removed, with the blank lines behind them; new texts become list items.
        line_end: what ends new lines.
        hidden: places of units that are not to be touched and say nothing that is wanted.
    """
    if not units:
        items = line_end.join(render_item(text, line_end) for text in wanted)
        return f"{items}{line_end}" if items else body
    pieces = _pieces(body, units, wanted, line_end, hidden)
    kept = {piece.place for piece in pieces}
    text = body[: units[0].start]
    for index, piece in enumerate(pieces):
        text += (_gap(body, units, kept, pieces[index - 1], piece, line_end) if index else "") + piece.raw
    tail = body[units[-1].end :]
    return text + (line_end if pieces and pieces[-1].kind is Kind.ITEM and _swallows(tail) else tail)


def _units(lines: Sequence[_Line]) -> Iterator[Unit]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.is_blank:
            at += 1
            continue
        kind = _kind(line.text)
        end = _END[kind](lines, at)
        texts = [one.text for one in lines[at:end]]
        if kind is Kind.ITEM:
            texts = [texts[0][2:], *(one.removeprefix(INDENT) if one.startswith(INDENT) else "" for one in texts[1:])]
        yield Unit(kind=kind, start=line.start, end=lines[end - 1].end, text="\n".join(texts))
        at = end


def _kind(line: str) -> Kind:
    if _ITEM.match(line):
        return Kind.ITEM
    if _FENCE.match(line):
        return Kind.FENCE
    return Kind.HEADING if _HEADING.fullmatch(line) else Kind.TEXT


def _end_of_fence(lines: Sequence[_Line], start: int) -> int:
    opening = _FENCE.match(lines[start].text)
    mark = opening["mark"] if opening else "```"
    closing = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
    found = (at + 1 for at in range(start + 1, len(lines)) if closing.fullmatch(lines[at].text))
    return next(found, len(lines))


def _end_of_item(lines: Sequence[_Line], start: int) -> int:
    end = start + 1
    for at in range(end, len(lines)):
        if lines[at].text.startswith(INDENT):
            end = at + 1
        elif not lines[at].is_blank:
            break
    return end


def _end_of_text(lines: Sequence[_Line], start: int) -> int:
    others = (at for at in range(start + 1, len(lines)) if lines[at].is_blank or _kind(lines[at].text) != Kind.TEXT)
    return next(others, len(lines))


_END = {
    Kind.HEADING: lambda _, start: start + 1,
    Kind.FENCE: _end_of_fence,
    Kind.ITEM: _end_of_item,
    Kind.TEXT: _end_of_text,
}


def _pieces(
    body: str, units: Sequence[Unit], wanted: Sequence[str], line_end: str, hidden: Collection[int]
) -> list[_Piece]:
    """The parts of the new body: what stays, and new items in the place of what they replace."""
    shown = [place for place in range(len(units)) if place not in hidden]
    removed: set[int] = set()
    behind: dict[int, list[str]] = {}
    matcher = SequenceMatcher(None, [units[place].text for place in shown], wanted, autojunk=False)
    for kind, low, high, first, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        removed.update(shown[low:high])
        place = shown[high - 1] if high else shown[0] - 1 if shown else len(units) - 1
        behind.setdefault(place, []).extend(wanted[first:last])
    pieces: list[_Piece] = []
    for place in range(-1, len(units)):
        if place >= 0 and place not in removed:
            pieces.append(_kept(body, units, place, pieces, followed=bool(behind.get(place)), line_end=line_end))
        pieces += [_Piece(Kind.ITEM, render_item(text, line_end), None) for text in behind.get(place, ())]
    return pieces


def _kept(
    body: str, units: Sequence[Unit], place: int, before: Sequence[_Piece], *, followed: bool, line_end: str
) -> _Piece:
    """A unit as it stands; as an item where it would swallow what follows, or be swallowed by the item before it."""
    unit = units[place]
    raw = body[unit.start : unit.end]
    is_swallowed = raw.startswith(INDENT) and before and before[-1].kind is Kind.ITEM
    if is_swallowed or (followed and unit.kind is Kind.FENCE and len(split_units(f"{raw}\n\n.")) == 1):
        return _Piece(Kind.ITEM, render_item(unit.text, line_end), None)
    return _Piece(unit.kind, raw, place)


def _gap(
    body: str, units: Sequence[Unit], kept: Collection[int | None], left: _Piece, right: _Piece, line_end: str
) -> str:
    """What stands between two parts: what stood there, as long as it keeps them apart."""
    if left.place is not None and (right.place == left.place + 1 or left.place + 1 not in kept):
        before = left.place
    elif right.place and right.place - 1 not in kept:
        before = right.place - 1
    else:
        before = len(units)
    present = body[units[before].end : units[before + 1].start] if before + 1 < len(units) else ""
    if present and (right.place == before + 1 == (left.place or 0) + 1 or _separates(left.kind, right.kind, present)):
        return present
    return line_end if left.kind is right.kind is Kind.ITEM else line_end * 2


def _separates(left: Kind, right: Kind, gap: str) -> bool:
    if left is Kind.ITEM and _swallows(gap):
        return False
    blank = len(re.findall(r"\r\n|\n|\r", gap)) > 1
    return blank or right is not Kind.TEXT or left in {Kind.HEADING, Kind.FENCE}


def _swallows(gap: str) -> bool:
    """Whether blank lines are indented so that they would belong to an item before them."""
    return bool(re.search(rf"[\r\n]{INDENT}", gap))
