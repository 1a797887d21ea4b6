"""The lines of an entry's body as Markdown means them: prose, headings and code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sync.document.entry import Entry
from sync.document.fault import position

_HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]+(?P<text>.*))?\Z")
_CLOSING = re.compile(r"(?:\A|(?<=[ \t]))#+[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*\Z)|~{3,})(?P<rest>.*)\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        number: in the file, from 1.
        text: without its ending.
        is_code: whether it belongs to a fenced block, fences included.
        level: of the heading that it is, 1 to 6; 0 where it is none.
        heading: that heading's text.
    """

    number: int
    text: str
    is_code: bool = False
    level: int = 0
    heading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading and what stands below it, up to the next one; or the text before the first, at level 0.

    Attributes:
        heading: its text.
        level: 1 to 6.
        headings: those above it and its own, outermost first.
        first_line, last_line: lines of the file, from 1; the last one is not blank.
        text: what stands below the heading, without blank lines around it.
    """

    heading: str
    level: int
    headings: tuple[str, ...]
    first_line: int
    last_line: int
    text: str


def lines_of(entry: Entry) -> Iterator[Line]:
    """The lines of an entry's body. Headings are those that start with `#`; code is what stands between fences."""
    first = position(entry.text, entry.body_start)[0]
    fence = ""
    for number, text in enumerate(entry.body.replace("\r\n", "\n").replace("\r", "\n").split("\n"), first):
        mark = _FENCE.match(text)
        if fence:
            is_end = mark and mark["mark"].startswith(fence) and not mark["rest"].strip()
            fence = "" if is_end else fence
            yield Line(number, text, is_code=True)
        elif mark:
            fence = mark["mark"]
            yield Line(number, text, is_code=True)
        elif heading := _HEADING.match(text):
            yield Line(number, text, level=len(heading["marks"]), heading=_bare(heading["text"] or ""))
        else:
            yield Line(number, text)


def sections_of(entry: Entry) -> list[Section]:
    """The sections of an entry, in order; those that say nothing too, but for blank lines before the first heading."""
    groups: list[list[Line]] = [[]]
    for line in lines_of(entry):
        if line.level:
            groups.append([])
        groups[-1].append(line)
    found: list[Section] = []
    above: dict[int, str] = {}
    for group in groups:
        said = [line for line in group if line.text.strip()]
        if not said:
            continue
        head = group[0]
        above = {level: name for level, name in above.items() if level < head.level}
        if head.level:
            above[head.level] = head.heading
        lines = [line.text for line in group if not line.level]
        found.append(
            Section(
                heading=head.heading,
                level=head.level,
                headings=tuple(above.values()),
                first_line=said[0].number,
                last_line=said[-1].number,
                text="\n".join(lines).strip("\n").rstrip(),
            )
        )
    return found


def _bare(text: str) -> str:
    return _CLOSING.sub("", text.strip()).strip()
