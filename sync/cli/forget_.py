"""`journal forget`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.memories import opened
from sync.cli.remembering import show_notes
from sync.cli.render import json_option, print_json, print_line
from sync.operations.memory_due import flush_when_due
from sync.operations.memory_shown import tiers_shown

_CHANGED_MEANWHILE = 1


@click.command("forget", epilog='\b\nExamples:\n  journal forget wedding:42 "old venue"')
@click.argument("context")
@click.argument("key")
@click.option("--expected", type=click.IntRange(0), help="Only if the key is at this version.")
@json_option
@click.pass_obj
def command(folder: Path, context: str, key: str, expected: int | None, as_json: bool) -> int:
    """Forget what KEY holds in CONTEXT. What has been in the journal stays in its history."""
    with opened(folder) as (_journal, manager):
        done = manager.forget(context, key, expected=expected)
        notes = flush_when_due(manager)
    code = 0 if done.is_forgotten else _CHANGED_MEANWHILE
    if as_json:
        print_json(done.as_dict())
        show_notes(notes)
        return code
    if done.was is None:
        print_line(f"{context} held nothing under {key}")
    elif done.is_forgotten:
        later = f"; {tiers_shown(done.owed)} later" if done.owed else ""
        print_line(f"{done.was.context}  {done.was.key}: forgotten{later}")
    else:
        print_line(f"{done.was.context}  {done.was.key}: somebody changed it meanwhile; it is still there", "yellow")
    for note in done.notes:
        print_line(note, "dim")
    show_notes(notes)
    return code
