"""`journal status`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import json_option, plural, print_json, print_line, print_table
from sync.operations.journal import open_journal
from sync.operations.status import StatusResult, StoreStatus, status


@click.command("status", epilog="\b\nExamples:\n  journal status\n  journal status --json")
@json_option
@click.pass_obj
def command(folder: Path, as_json: bool) -> int:
    """Show where journal and stores stand, and what a sync would do.

    Writes nothing and waits for nobody. Exits with 1 if conflicts wait.
    """
    result = status(open_journal(folder))
    if as_json:
        print_json(result.as_dict())
    else:
        _show(result)
    return result.exit_code


def _show(result: StatusResult) -> None:
    at = f" at {result.commit[:7]}" if result.commit else ", without a commit"
    print_line(f"{result.branch or 'no branch'}{at}", "bold")
    if result.blocked is not None:
        print_line(f"no sync now: {result.blocked.message}; {result.blocked.hint}", "yellow")
    rows = [(one.name, _agreed(one), _due(one)) for one in result.stores]
    print_table("stores", ["store", "agreed", "due"], rows)
    if not result.stores:
        print_line("no store is enabled; see [stores] in journal.toml", "yellow")
    for one in result.stores:
        if one.place:
            print_line(f"{one.name}: {one.place}", "dim")
    if result.to_import:
        print_line(f"{plural(result.to_import, 'memory', 'memories')} to import: journal sync", "yellow")
    if result.uncommitted:
        count = plural(len(result.uncommitted), "entry is", "entries are")
        print_line(f"{count} not committed yet, so no store has what changed: git add journal && git commit", "yellow")
        for path in result.uncommitted:
            print_line(f"  {path}", "dim")
    for conflict in result.conflicts:
        print_line(f"conflict {conflict.short}: {conflict.path} ({conflict.why})", "red")
    if result.conflicts:
        print_line("Next: journal conflicts", "bold")


def _agreed(one: StoreStatus) -> str:
    if one.agreed.problem:
        return one.agreed.problem
    return f"{one.agreed.when[:16].replace('T', ' ')} on {one.agreed.commit[:7]}" if one.agreed.commit else "never"


def _due(one: StoreStatus) -> str:
    if one.absent:
        return f"{one.absent}, skipped"
    if one.error is not None:
        return f"{one.error.code}: {one.error.message}; {one.error.hint}".rstrip("; ")
    return ", ".join(f"{action} ({count})" for action, count in one.due.items()) or "nothing"
