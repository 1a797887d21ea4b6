"""`journal import`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from sync.cli.render import ProgressBar, dry_run_option, json_option, plural, print_faults, print_json, print_line
from sync.operations.import_ import ImportResult, import_memories
from sync.operations.journal import open_journal


@click.command("import", epilog="\b\nExamples:\n  journal import --dry-run\n  journal import")
@dry_run_option
@json_option
@click.pass_obj
def command(folder: Path, dry_run: bool, as_json: bool) -> int:
    """Make entries of the memories in Augment's folder, one for each theme.

    What was imported before, what the journal exported itself and what it said first is left out. Exits with 1 if
    something in the folder could not be understood.
    """
    journal = open_journal(folder)
    with ProgressBar("importing") as progress:
        result = import_memories(journal, now=datetime.now(UTC), dry_run=dry_run, progress=progress)
    if as_json:
        print_json(result.as_dict())
    elif result.absent:
        print_line(f"{journal.settings.augment}: {result.absent}, skipped")
    else:
        print_import(result, verb="would be made" if dry_run else "made")
    return 0 if result.is_clean else 1


def print_import(result: ImportResult, *, verb: str) -> None:
    """What an import did, line by line; the counts add up."""
    print_faults(result.invalid)
    for one in result.entries:
        print_line(f"{one.path}: {verb} of {plural(one.memories, 'memory', 'memories')}", "green")
    changed = f" ({result.changed} of them changed since their last import)" if result.changed else ""
    for memory in result.recalls:
        print_line(str(memory), "dim")
    recalled = f", {result.recalled} recalled" if result.recalls else ""
    print_line(
        f"{plural(result.read, 'memory', 'memories')} read in {plural(result.files, 'file')}: "
        f"{result.imported} imported{changed}, {result.known} known, {result.ours} our own{recalled}, "
        f"{result.refused} refused"
    )
