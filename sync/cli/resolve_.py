"""`journal resolve`."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import click

from sync.cli.render import dry_run_option, json_option, plural, print_json, print_line
from sync.errors import UsageError
from sync.operations.conflicts import Kind
from sync.operations.journal import Journal, open_journal
from sync.operations.resolve import Choice, Resolved, ResolveResult, resolve_conflicts
from sync.taskmaster.long_term.store import STORE as MEMORIES

_EXAMPLES = """\b
Examples:
  journal resolve 01f53e7 --ours
  journal resolve 01f53e7 8c02a1d --both
  journal resolve journal/entries/2025-04-05-14-30-rag.md --edit"""


@click.command("resolve", epilog=_EXAMPLES)
@click.argument("wanted", metavar="ID...", nargs=-1, required=True)
@click.option("--ours", is_flag=True, help="The journal's side wins where the two clash.")
@click.option("--theirs", is_flag=True, help="The other side wins where the two clash.")
@click.option("--both", is_flag=True, help="Both stay: ours, then theirs; what one side deleted stays.")
@click.option("--edit", is_flag=True, help="Write the text yourself, in the editor that Git would open.")
@dry_run_option
@json_option
@click.pass_obj
def command(
    folder: Path,
    wanted: tuple[str, ...],
    ours: bool,
    theirs: bool,
    both: bool,
    edit: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """End conflicts, then sync the stores concerned. Everything that does not clash is merged as always.

    An ID is the start of one, or the entry's path. Of a Git merge the entry is written and added, and nothing else:
    you commit the merge.
    """
    given = {Choice.OURS: ours, Choice.THEIRS: theirs, Choice.BOTH: both, Choice.EDIT: edit}
    chosen = [choice for choice, is_given in given.items() if is_given]
    if len(chosen) != 1:
        raise UsageError("give one of --ours, --theirs, --both and --edit", hint="look first: journal conflicts")
    journal = open_journal(folder)
    result = resolve_conflicts(
        journal, wanted, chosen[0], now=datetime.now(UTC), editor=lambda file: _edit(journal, file), dry_run=dry_run
    )
    if as_json:
        print_json(result.as_dict())
    else:
        _show(result, dry_run=dry_run)
    return 0


def _edit(journal: Journal, file: Path) -> None:
    """Open the editor that Git would, and wait for it."""
    from sync.repository.git import run_git

    editor = os.fsdecode(run_git(journal.root, "var", "GIT_EDITOR")).strip()
    done = subprocess.run(["sh", "-c", f'{editor} "$@"', editor, str(file)], check=False)
    if done.returncode:
        raise UsageError(f"the editor failed: {editor}", hint=f"nothing is resolved; what was written is in {file}")


def _show(result: ResolveResult, *, dry_run: bool) -> None:
    for one in result.resolved:
        print_line(f"{one.conflict.path}: {_told(one, dry_run)}", "" if dry_run else "green")
        if one.before:
            print_line(f"  what the file held before: git show {one.before[:12]}", "dim")
    if dry_run:
        return
    print_line(f"{plural(result.left, 'conflict')} left" if result.left else "no conflicts left")
    if any(one.conflict.kind is Kind.MERGE for one in result.resolved) and not result.left:
        print_line("Next: git commit", "bold")


def _told(one: Resolved, dry_run: bool) -> str:
    done = "would be resolved" if dry_run else "resolved"
    if one.is_store_absent:
        store = one.conflict.conflict.store
        if store == MEMORIES:
            return f"{done}; the other tiers take it over at the next flush"
        return f"{done}; {store} is not on this machine, and takes it over at its next sync"
    return done if one.conflict.kind is Kind.STORE else f"{done} and added"
