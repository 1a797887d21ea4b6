"""Cutting an entry into passages: list items, paragraphs and pieces of code, each under its headings.

Finer than sections, so that an answer is a few lines and not a page. What a passage means often stands next to it, so
each knows its neighbours: the passages before and behind it under the same heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from sync.document.entry import Entry
from sync.document.fault import position
from sync.document.lines import split_lines
from sync.document.templates import is_empty

PROSE_LINES = 12
"""A paragraph, a table or an item of more lines is cut into pieces of so many."""

CODE_LINES = 30
"""So is code."""

_ATX = re.compile(r" {0,3}(?P<mark>#{1,6})(?=[ \t]|$)")
_UNDERLINE = re.compile(r" {0,3}(?P<mark>=+|-+)[ \t]*")
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*$)|~{3,})")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")


class Kind(Enum):
    """What a passage is."""

    TITLE = "title"
    HEADING = "heading"
    ITEM = "item"
    TEXT = "text"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A few lines of an entry.

    Attributes:
        kind: what it is; a title or a heading only where nothing stands below it.
        headings: what it stands under, outermost first; empty before the first heading.
        text: the lines, as they stand but for line endings, which are LF.
        first_line, last_line: lines of the file, 1-based, both included.
    """

    kind: Kind
    headings: tuple[str, ...]
    text: str
    first_line: int
    last_line: int


@dataclass(slots=True)
class _Block:
    kind: Kind
    start: int
    end: int
    headings: tuple[str, ...]


def passages_of(entry: Entry) -> list[Passage]:
    """The passages of an entry that say something, in their order; one with the title where there are none."""
    lines = split_lines(entry.body)
    first = position(entry.text, entry.body_start)[0]
    found = []
    for block in _shortened(_blocks(lines)):
        text = "\n".join(lines[block.start : block.end])
        if _says_something(block.kind, text):
            found.append(
                Passage(
                    kind=block.kind,
                    headings=block.headings,
                    text=text,
                    first_line=first + block.start,
                    last_line=first + block.end - 1,
                )
            )
    if not found and entry.title:
        return [Passage(kind=Kind.TITLE, headings=(), text=entry.title, first_line=1, last_line=1)]
    return found


def _says_something(kind: Kind, text: str) -> bool:
    if kind is Kind.CODE:  # a comment of code may look like a heading
        return any(line.strip() and not _FENCE.match(line) for line in text.split("\n"))
    return kind is Kind.HEADING or not is_empty(text)


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """Blocks in order. A heading is one only where no other block follows below it."""
    path: list[tuple[int, str]] = []
    heading: _Block | None = None
    for block, level in _leaves(lines):
        if not level:
            heading = None
            block.headings = tuple(text for _, text in path)
            yield block
            continue
        if heading and level <= path[-1][0]:
            yield heading
        path = [one for one in path if one[0] < level]
        path.append((level, _heading_text(lines[block.start])))
        heading = block
        heading.headings = tuple(text for _, text in path)
    if heading:
        yield heading


def _heading_text(line: str) -> str:
    """What a heading says: without the hashes before it, and those behind it that stand apart."""
    mark = _ATX.match(line)
    text = (line[mark.end() :] if mark else line).strip()
    bare = text.rstrip("#")
    return bare.rstrip() if mark and bare != bare.rstrip() else "" if mark and not bare else text


def _leaves(lines: Sequence[str]) -> Iterator[tuple[_Block, int]]:
    """Every block, headings with their level (1 to 6), all others with 0."""
    at = 0
    while at < len(lines):
        line = lines[at]
        start, level = at, 0
        if not line.strip() or _RULE.fullmatch(line):
            at += 1
            continue
        if fence := _FENCE.match(line):
            kind, at = Kind.CODE, _end_of_fence(lines, at, fence["mark"])
        elif atx := _ATX.match(line):
            kind, at, level = Kind.HEADING, at + 1, len(atx["mark"])
        else:
            kind = Kind.ITEM if _ITEM.match(line) else Kind.TEXT
            at = _end_of_text(lines, at)
            underline = _UNDERLINE.fullmatch(lines[at]) if at < len(lines) and kind is Kind.TEXT else None
            if underline and at == start + 1:
                kind, at, level = Kind.HEADING, at + 1, 1 if underline["mark"][0] == "=" else 2
        yield _Block(kind, start, at, ()), level


def _end_of_fence(lines: Sequence[str], start: int, mark: str) -> int:
    closing = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
    return next((at + 1 for at in range(start + 1, len(lines)) if closing.fullmatch(lines[at])), len(lines))


def _end_of_text(lines: Sequence[str], start: int) -> int:
    return next((at for at in range(start + 1, len(lines)) if _begins_another(lines[at])), len(lines))


def _begins_another(line: str) -> bool:
    kinds = (_ITEM.match(line), _FENCE.match(line), _ATX.match(line), _UNDERLINE.fullmatch(line))
    return not line.strip() or any(kinds)


def _shortened(blocks: Iterator[_Block]) -> Iterator[_Block]:
    for block in blocks:
        longest = CODE_LINES if block.kind is Kind.CODE else PROSE_LINES
        for start in range(block.start, block.end, longest):
            yield _Block(block.kind, start, min(start + longest, block.end), block.headings)
