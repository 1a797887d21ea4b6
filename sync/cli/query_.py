"""`journal query`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import ProgressBar, json_option, plural, print_json, print_line
from sync.operations.journal import open_journal
from sync.operations.query import query


@click.command(
    "query", epilog='\b\nExamples:\n  journal query "encodage des accents"\n  journal query pnpm --limit 1 --json'
)
@click.argument("question")
@click.option("--limit", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many passages at most.")
@json_option
@click.pass_obj
def command(folder: Path, question: str, limit: int, as_json: bool) -> int:
    """Find the passages of the journal that answer a question, best first."""
    with ProgressBar("searching") as progress:
        result = query(open_journal(folder), question, limit=limit, progress=progress)
    if as_json:
        print_json(result.as_dict())
        return 0
    for hit in result.hits:
        day = f" ({hit.date})" if hit.date else ""
        print_line(f"{hit.title}{day}", "bold")
        print_line(hit.place, "cyan")
        print_line(hit.text + "\n")
    if not result.hits:
        print_line(f"nothing found in {plural(result.searched, 'entry', 'entries')}")
    return 0
