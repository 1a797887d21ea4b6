"""`journal consolidate`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.memories import opened
from sync.cli.render import dry_run_option, json_option, print_json, print_line
from sync.operations.memory_tidy import tidy

_FINDINGS = 1
_SHORT = 12


@click.command("consolidate", epilog="\b\nExamples:\n  journal consolidate --dry-run\n  journal consolidate --json")
@dry_run_option
@json_option
@click.pass_obj
def command(folder: Path, dry_run: bool, as_json: bool) -> int:
    """Tidy up what is remembered, as one commit that can be reviewed.

    Near-duplicates become one memory that names its sources, what is over is archived, contradictions are linked,
    frequent patterns are written down, and what is new gets its vectors. Nothing is lost.
    """
    with opened(folder) as (journal, manager):
        done = tidy(journal, manager, dry_run=dry_run)
    if as_json:
        print_json(done.as_dict())
    else:
        print_line(done.report.as_markdown())
        if dry_run:
            print_line("nothing was written", "dim")
        elif done.flushed is not None and done.flushed.is_new:
            print_line(f"committed as {done.flushed.commit[:_SHORT]}", "green")
    return 0 if done.flushed is None or done.flushed.is_clean else _FINDINGS
