"""`journal new`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from sync.cli.render import dry_run_option, json_option, print_json, print_line, words
from sync.errors import UsageError
from sync.operations.create import new_entry
from sync.operations.journal import open_journal


@click.command("new", epilog='\b\nExamples:\n  journal new "Été à Noël" --tags a,b\n  journal new "Retry rule" --edit')
@click.argument("title")
@click.option("--tags", default="", help="Words separated by commas.")
@click.option("--related", multiple=True, help="An entry this one belongs to; may be given again.")
@click.option("--edit", is_flag=True, help="Open the entry in your editor.")
@dry_run_option
@json_option
@click.pass_obj
def command(
    folder: Path, title: str, tags: str, related: tuple[str, ...], edit: bool, dry_run: bool, as_json: bool
) -> int:
    """Start an entry from the journal's template and print where it is."""
    journal = open_journal(folder)
    links = tuple(link for written in related for link in words(written))
    created = new_entry(journal, title, now=datetime.now(UTC), tags=words(tags), related=links, dry_run=dry_run)
    if as_json:
        print_json(created.as_dict())
    else:
        print_line(created.path)
    if edit and not dry_run:
        try:
            click.edit(filename=str(journal.absolute(created.path)))
        except click.ClickException as error:
            raise UsageError(error.format_message(), hint="set EDITOR; the entry has been made") from error
    return 0
