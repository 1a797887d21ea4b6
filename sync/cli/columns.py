"""Versions of a text on a terminal: next to each other, or below each other where it is narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from sync.cli.failure import visible
from sync.cli.sides import COLOURS, Block, Line, shown, stacked

_NARROWEST = 30  # characters of a column; narrower ones are put below each other
_INDENT = (0, 0, 0, 2)


def draw(blocks: Sequence[Block], labels: Mapping[str, str]) -> None:
    """Draw blocks on standard output.

    Args:
        blocks: what differs.
        labels: what a side is called, for people.
    """
    console = Console(highlight=False)
    for block in blocks:
        title = Text(visible(block.title), style="bold")
        console.print(Padding(Rule(title, align="left", style="dim", characters="─"), (1, 0, 0, 0)))
        wide = console.width // max(1, len(block.sides)) - 3 >= _NARROWEST
        table = _columns(block, labels) if wide else _stack(console, block, labels)
        console.print(Padding(table, _INDENT))


def _columns(block: Block, labels: Mapping[str, str]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 2, 0, 0), show_header=True)
    for side in block.sides:
        table.add_column(Text(visible(labels[side]), style=f"{COLOURS[side]} underline"), ratio=1, overflow="fold")
    is_there = [lines is not None for lines in block.sides.values()]
    for text in block.before:
        table.add_row(*[_context(text) if there else Text() for there in is_there])
    cells = [_cells(lines) for lines in block.sides.values()]
    for row in zip_longest(*cells, fillvalue=Text("")):
        table.add_row(*row)
    for text in block.after:
        table.add_row(*[_context(text) if there else Text() for there in is_there])
    return table


def _stack(console: Console, block: Block, labels: Mapping[str, str]) -> Table:
    colours = {labels[side]: COLOURS[side] for side in block.sides}
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    room = max(1, console.width - max(map(len, colours)) - 5)
    side = ""
    for name, line in stacked(block, labels):
        is_context = [style for _text, style in line] == ["dim"]
        side = "" if is_context else name or side
        gutter = Text(visible(name), style=colours.get(name, ""))
        bar = Text("│", style=colours.get(side, "dim"))
        wrapped = [_context(line[0][0])] if is_context else list(_text(line).wrap(console, room)) or [Text()]
        for row in wrapped:
            table.add_row(gutter, bar, row)
            gutter = Text()
    return table


def _cells(lines: list[Line] | None) -> list[Text]:
    if lines is None:
        return [Text("(deleted)", style="dim italic")]
    return [_text(line) for line in lines] or [Text("(nothing)", style="dim italic")]


def _context(text: str) -> Text:
    return Text(shown(text), style="dim", no_wrap=True, overflow="ellipsis")


def _text(line: Line) -> Text:
    found = Text()
    for text, style in line:
        # A blank that differs would be seen by nobody.
        found.append(text.replace(" ", "·") if style.startswith("bold") and not text.strip() else text, style)
    return found
