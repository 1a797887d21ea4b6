"""`journal diff`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from sync.cli.failure import visible
from sync.cli.render import json_option, print_json, print_line
from sync.cli.sides import Line, word_lines
from sync.operations.diff_ import diff
from sync.operations.journal import open_journal

_EXAMPLES = """\b
Examples:
  journal diff --store augment
  journal diff --store claude journal/entries/2025-04-05-14-30-rag.md"""
_STYLES = {"-": "red", "+": "green", "@": "cyan"}


@click.command("diff", epilog=_EXAMPLES)
@click.argument("wanted", metavar="[ENTRY]...", nargs=-1)
@click.option("--store", required=True, metavar="NAME", help="The store to compare with.")
@json_option
@click.pass_obj
def command(folder: Path, wanted: tuple[str, ...], store: str, as_json: bool) -> int:
    """Show what a sync would change in the journal and in a store, as differences of the entries' text.

    Of a conflict, theirs is shown against ours. An ENTRY is a path or an id. Exits with 1 if a conflict is among them.
    """
    result = diff(open_journal(folder), store, wanted, start=folder)
    if as_json:
        print_json(result.as_dict())
        return result.exit_code
    if result.absent:
        print_line(f"{store}: {result.absent}, skipped", "yellow")
    for one in result.entries:
        why = f" ({one.why})" if one.why else ""
        print_line(f"{store}: {one.action}: {one.path or one.key}{why}", "bold")
        for text in one.diffs:
            show_diff(text)
    if not result.entries and not result.absent:
        print_line(f"{store}: nothing to do", "green")
    return result.exit_code


def show_diff(text: str) -> None:
    """A unified diff; on a terminal with the words that changed."""
    lines = text.split("\n")[:-1]
    if not sys.stdout.isatty():
        for line in lines:
            print(visible(line))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for styled in _styled(lines):
        console.print(Text.assemble(*styled))


def _styled(lines: list[str]) -> Iterator[Line]:
    """Lines with their styles; a run of removed lines is compared with the run of added ones behind it."""
    for line in lines[:2]:
        yield [(visible(line), "bold")]
    runs = [(sign, [line[1:] for line in run]) for sign, run in groupby(lines[2:], key=lambda line: line[:1])]
    for index, (sign, run) in enumerate(runs):
        near = index + 1 if sign == "-" else index - 1
        other = runs[near] if 0 <= near < len(runs) else ("", [])
        style = _STYLES.get(sign, "dim" if sign == "\\" else "")
        if (sign, other[0]) in (("-", "+"), ("+", "-")):
            marked = word_lines("\n".join(run), "\n".join(other[1]), f"bold {style} reverse")
            for words in marked + [[]] * (len(run) - len(marked)):
                yield [(sign, style), *((text, found or style) for text, found in words)]
        else:
            for text in run:
                yield [(f"{sign}{visible(text)}", style)]
