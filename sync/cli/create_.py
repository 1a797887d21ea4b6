"""`journal create`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import dry_run_option, json_option, print_json, print_line
from sync.operations.create import create_memory
from sync.operations.journal import open_journal


@click.command("create", epilog="\b\nExamples:\n  journal create --entry journal/entries/2025-04-05-14-30-rag.md")
@click.option("--entry", required=True, type=click.Path(path_type=Path), help="The entry's file.")
@dry_run_option
@json_option
@click.pass_obj
def command(folder: Path, entry: Path, dry_run: bool, as_json: bool) -> int:
    """Write one entry's memory to `journal_entry_<name>.json` in Augment's folder."""
    journal = open_journal(folder)
    created = create_memory(journal, entry, start=folder, dry_run=dry_run)
    if as_json:
        print_json(created.as_dict())
    else:
        outcome = "would be written" if dry_run else "written" if created.is_new else "unchanged"
        print_line(f"{created.path}: {outcome}")
    return 0
