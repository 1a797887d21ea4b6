"""`journal undo`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import dry_run_option, json_option, plural, print_json, print_line
from sync.operations.journal import open_journal


@click.command("undo", epilog="\b\nExamples:\n  journal undo --dry-run\n  journal undo")
@dry_run_option
@json_option
@click.pass_obj
def command(folder: Path, dry_run: bool, as_json: bool) -> int:
    """Undo the last sync, in the journal and in the stores, with new commits.

    Edits that were made since stay, unless they are of the same places; then nothing is written. The next sync would do
    the same again, so change what it should not take over first.
    """
    from sync.operations.undo import undo

    done = undo(open_journal(folder), dry_run=dry_run)
    if as_json:
        print_json({"undone": [one.as_dict() for one in done]})
        return 0
    for one in done:
        for path in one.entries:
            print_line(f"{one.store}: as it was in the journal: {path}")
        for key in one.records:
            print_line(f"{one.store}: as it was in the store: {key}")
    verb = "would be undone" if dry_run else "undone"
    print_line(f"{plural(len(done), 'sync', 'syncs')} {verb}; the next one does the same again", "bold")
    return 0
