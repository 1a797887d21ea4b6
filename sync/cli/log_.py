"""`journal log`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import json_option, print_json, print_line, print_table
from sync.operations.history import LogLine, log
from sync.operations.journal import open_journal

_EXAMPLES = """\b
Examples:
  journal log
  journal log --limit 5
  journal log journal/entries/2025-04-05-14-30-rag.md"""


@click.command("log", epilog=_EXAMPLES)
@click.argument("entry", required=False, default="")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many commits.")
@json_option
@click.pass_obj
def command(folder: Path, entry: str, limit: int, as_json: bool) -> int:
    """Show what came from stores; or, of one ENTRY, every commit, through its renames, and which store it came from.

    An ENTRY is a path or an id; it may be deleted by now.
    """
    result = log(open_journal(folder), entry, limit=limit, start=folder)
    if as_json:
        print_json(result.as_dict())
        return 0
    if not result.commits:
        print_line("nothing has come from a store yet")
        return 0
    nobody = "you" if entry else ""
    rows = [(one.when[:16].replace("T", " "), one.short, one.store or nobody, _what(one)) for one in result.commits]
    print_table(result.path or "journal log", ["when", "commit", "store", "what"], rows)
    return 0


def _what(one: LogLine) -> str:
    counts = ", ".join(f"{count} {done}" for done, count in one.counts.items())
    return f"{one.subject} ({counts})" if counts and counts not in one.subject else one.subject
