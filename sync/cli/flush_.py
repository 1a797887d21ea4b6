"""`journal flush`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.memories import opened
from sync.cli.render import json_option, plural, print_faults, print_json, print_line
from sync.taskmaster.long_term.port import Flushed, Outcome

_FINDINGS = 1
_SHORT = 12


@click.command("flush", epilog="\b\nExamples:\n  journal flush\n  journal flush --allow-deletes 50")
@click.option(
    "--allow-deletes", type=click.IntRange(0), metavar="N", help="So many memories may go with their entries."
)
@json_option
@click.pass_obj
def command(folder: Path, allow_deletes: int | None, as_json: bool) -> int:
    """Write the memories that wait for the journal into it, in one commit.

    What somebody changed in an entry meanwhile is merged, as by a sync; what cannot be is left for a person.
    """
    with opened(folder) as (_journal, manager):
        done = manager.flush(allow_deletes=allow_deletes)
    if as_json:
        print_json(done.as_dict())
    else:
        _show(done)
    return 0 if done.is_clean else _FINDINGS


def _show(done: Flushed) -> None:
    counts = [f"{count} {one.value}" for one in Outcome if (count := done.count(one))]
    where = f" in {done.commit[:_SHORT]}" if done.is_new else ""
    print_line(f"{plural(done.owed, 'memory', 'memories')} waited{': ' * bool(counts)}{', '.join(counts)}{where}")
    for one in done.told:
        if one.why:
            print_line(f"{one.id.context}  {one.id.key}: {one.why}", "yellow")
            if one.hint:
                print_line(f"  {one.hint}", "dim")
    if done.refusal is not None:
        print_line(done.refusal.message, "yellow")
        print_line(f"  {done.refusal.hint}", "dim")
    print_faults(done.faults)
