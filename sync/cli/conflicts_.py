"""`journal conflicts`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sync.cli.render import json_option, plural, print_json, print_line
from sync.cli.sides import Block, blocks_of, changes_of, show_blocks
from sync.operations.conflicts import Kind, OpenConflict, list_conflicts
from sync.operations.journal import open_journal

_FEW = 3  # so many are shown whole without being asked for

_EXAMPLES = """\b
Examples:
  journal conflicts
  journal conflicts 01f53e7
  journal conflicts journal/entries/2025-04-05-14-30-rag.md --full"""


@click.command("conflicts", epilog=_EXAMPLES)
@click.argument("wanted", metavar="[ID]...", nargs=-1)
@click.option("--full", is_flag=True, help="Show the whole text, not only the places that clash.")
@json_option
@click.pass_obj
def command(folder: Path, wanted: tuple[str, ...], full: bool, as_json: bool) -> int:
    """Show what waits for you: base, ours and theirs side by side, with the words that differ.

    Conflicts of a sync are listed, and, while Git merges, entries that it could not merge. An ID is the start of one,
    or the entry's path. Exits with 1 if there are any.
    """
    result = list_conflicts(open_journal(folder), wanted)
    if as_json:
        print_json(result.as_dict())
        return result.exit_code
    is_open = bool(wanted) or full or (len(result.conflicts) <= _FEW and sys.stdout.isatty())
    for index, one in enumerate(result.conflicts):
        if index and is_open:
            print_line("")
        print_line(f"{one.short}  {one.conflict.store}  {one.path}", "bold")
        print_line(f"{' ' * len(one.short)}  {one.why}", "yellow")
        if is_open and not one.fault:
            show_conflict(one, full=full)
    if not result.conflicts:
        print_line("no conflicts", "green")
        return 0
    if is_open:
        print_line("")
    print_line(plural(len(result.conflicts), "conflict"))
    name = result.conflicts[0].short if len(result.conflicts) == 1 else "ID"
    print_line(f"Next: journal resolve {name} --ours | --theirs | --both | --edit", "bold")
    return result.exit_code


def show_conflict(one: OpenConflict, *, full: bool) -> None:
    """The places of a conflict that clash."""
    mine = "journal" if one.kind is Kind.STORE else "HEAD"
    labels = {"base": "base", "ours": f"ours: {mine}", "theirs": f"theirs: {one.others}"}
    blocks = _blocks(one, full=full)
    show_blocks(blocks, labels)
    if not blocks:
        print_line("nothing clashes any more; the next sync ends it", "dim")


def _blocks(one: OpenConflict, *, full: bool) -> list[Block]:
    from sync.merge.entry import merge_texts

    conflict = one.conflict
    if conflict.ours is not None and conflict.theirs is not None:
        pieces = merge_texts(conflict.base, conflict.ours, conflict.theirs).pieces
        names = ("ours", "theirs") if conflict.base is None else ("base", "ours", "theirs")
        return blocks_of(pieces, names, full=full)
    side, gone = ("theirs", "ours") if conflict.ours is None else ("ours", "theirs")
    left = conflict.theirs if conflict.ours is None else conflict.ours
    return changes_of(conflict.base or "", left or "", side=side, gone=gone)
