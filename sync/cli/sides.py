"""Versions of a text side by side: the places that differ with a little of what is around them, word by word.

Everything is made of lines of (text, style) first, so that a pipe gets the same words without colours and Rich is
imported for terminals only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.cli.failure import visible
from sync.merge.decision import Clash, Piece
from sync.merge.diff import diff

Line = list[tuple[str, str]]
"""One line: stretches of text, each with its style."""

CONTEXT = 2
SIDES = ("base", "ours", "theirs")
COLOURS = {"base": "red", "ours": "green", "theirs": "cyan"}
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_HEADING = re.compile(r" {0,3}#{1,6} +(.+)")
_KEY = re.compile(r"([\w-]+):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One place that differs.

    Attributes:
        title: where it is.
        before, after: lines around it, the same on all sides.
        sides: side -> its lines; None where the side has none because it deleted the entry.
    """

    title: str
    before: Sequence[str]
    after: Sequence[str]
    sides: Mapping[str, list[Line] | None]


def blocks_of(pieces: Sequence[Piece], names: Sequence[str], *, full: bool = False) -> list[Block]:
    """The places of a merged text that clash.

    Args:
        pieces: of the merge.
        names: the sides to show, in order.
        full: with everything between them instead of a few lines.
    """
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    found, text = [], ""
    for index, piece in enumerate(joined):
        if isinstance(piece, Clash):
            before, after = (_lines(joined, near) for near in (index - 1, index + 1))
            count = None if full else CONTEXT
            found.append(
                Block(
                    title=_place(text, piece),
                    before=before[-CONTEXT:] if not full else before,
                    after=[] if full and index + 2 < len(joined) else after[:count],
                    sides=_marked({side: getattr(piece, side) for side in names}),
                )
            )
        text += piece.ours if isinstance(piece, Clash) else piece
    return found


def changes_of(old: str, new: str, *, side: str, gone: str) -> list[Block]:
    """What one side changed in an entry that the other deleted: base, that side, and the other as deleted."""
    olds, news = old.splitlines(), new.splitlines()
    found = []
    for hunk in diff(olds, news):
        was, now = olds[hunk.start : hunk.end], news[hunk.new_start : hunk.new_end]
        marked = _marked({"base": "\n".join(was), side: "\n".join(now)})
        before = news[max(0, hunk.new_start - CONTEXT) : hunk.new_start]
        sides = {one: None if one == gone else marked.get(one) for one in SIDES}
        title = _place("\n".join([*news[: hunk.new_start], ""]), Clash("", "\n".join(now or was), ""))
        after = news[hunk.new_end : hunk.new_end + CONTEXT]
        found.append(Block(title=title, before=before, after=after, sides=sides))
    return found


def show_blocks(blocks: Sequence[Block], labels: Mapping[str, str]) -> None:
    """Print blocks: in columns where the terminal is wide enough, else below each other; plain in a pipe.

    Args:
        blocks: what differs.
        labels: what a side is called, for people.
    """
    if not sys.stdout.isatty():
        for block in blocks:
            print(f"\n  {visible(block.title)}")
            width = max(len(labels[side]) for side in block.sides)
            for name, line in stacked(block, labels):
                print(f"    {visible(name):<{width}} | {''.join(text for text, _style in line)}".rstrip())
        return
    from sync.cli.columns import draw

    draw(blocks, labels)


def word_lines(text: str, other: str, style: str) -> list[Line]:
    """The lines of a text, with the words that another one does not have in a style."""
    ours, theirs = _WORD.findall(text), _WORD.findall(other)
    changed = [False] * len(ours)
    for hunk in diff(theirs, ours):
        changed[hunk.new_start : hunk.new_end] = [True] * (hunk.new_end - hunk.new_start)
    for index in range(1, len(ours) - 1):  # a blank between two changed words reads as one change
        if ours[index].isspace() and changed[index - 1] and changed[index + 1]:
            changed[index] = True
    return _as_lines(zip(ours, changed, strict=True), style)


def _marked(sides: Mapping[str, str]) -> dict[str, list[Line] | None]:
    """Each side's lines: the words that it changed; in the base those that somebody changed."""
    base = sides.get("base")
    others = {side: text for side, text in sides.items() if side != "base"}
    found: dict[str, list[Line] | None] = {}
    for side, text in others.items():
        reference = base or next((one for name, one in others.items() if name != side), "")
        found[side] = word_lines(text, reference, f"bold {COLOURS[side]}")
    if base is not None:
        marked = [word_lines(base, text, f"bold {COLOURS['base']}") for text in others.values()]
        found["base"] = _either(marked) if len(marked) > 1 else marked[0]
    return {side: found[side] for side in SIDES if side in found}


def _either(versions: Sequence[list[Line]]) -> list[Line]:
    """The same lines, marked wherever one of them is."""
    merged: list[Line] = []
    for lines in zip(*versions, strict=True):
        letters = [[(letter, style) for text, style in line for letter in text] for line in lines]
        line: Line = []
        for same in zip(*letters, strict=True):
            line.append((same[0][0], max(style for _letter, style in same)))
        merged.append(_joined(line))
    return merged


def _joined(line: Line) -> Line:
    found: Line = []
    for text, style in line:
        if found and found[-1][1] == style:
            found[-1] = found[-1][0] + text, style
        else:
            found.append((text, style))
    return found


def _as_lines(words: Iterator[tuple[str, bool]], style: str) -> list[Line]:
    lines: list[Line] = [[]]
    for word, is_changed in words:
        for index, part in enumerate(word.split("\n")):
            if index:
                lines.append([])
            if part:
                lines[-1].append((shown(part), style if is_changed else ""))
    if not lines[-1]:
        lines.pop()
    return [_joined(line) for line in lines]


def shown(text: str) -> str:
    """A text as it may reach a terminal, tabs as blanks."""
    return visible(text.replace("\t", "    "))


def _lines(pieces: Sequence[Piece], index: int) -> list[str]:
    piece = pieces[index] if 0 <= index < len(pieces) else ""
    return piece.splitlines() if isinstance(piece, str) else []


def _place(text: str, clash: Clash) -> str:
    """Where a clash is, for people: the key of a front matter or the heading above, and the line in ours."""
    number = text.count("\n") + 1
    opened = text.startswith("---\n") and "\n---\n" not in text[4:]
    keys = [match[1] for match in map(_KEY.match, (clash.ours or clash.theirs or clash.base).split("\n")) if match]
    if opened and keys:
        return f"{', '.join(dict.fromkeys(keys))}, line {number}"
    headings = [match[1] for match in map(_HEADING.fullmatch, text.split("\n")) if match]
    return f"{headings[-1].strip()}, line {number}" if headings else f"line {number}"


def stacked(block: Block, labels: Mapping[str, str]) -> Iterator[tuple[str, Line]]:
    """(side, line) of a block, from top to bottom."""
    for text in block.before:
        yield "", [(shown(text), "dim")]
    for side, lines in block.sides.items():
        nothing: Line = [("(deleted)" if lines is None else "(nothing)", "dim italic")]
        for index, line in enumerate(lines or [nothing]):
            yield labels[side] if not index else "", line
    for text in block.after:
        yield "", [(shown(text), "dim")]
