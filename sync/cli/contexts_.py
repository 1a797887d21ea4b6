"""`journal contexts`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sync.cli.memories import opened
from sync.cli.render import json_option, plural, print_json, print_line, print_table
from sync.taskmaster.memory import Tier


@click.command("contexts", epilog='\b\nExamples:\n  journal contexts\n  journal contexts "wedding:*"')
@click.argument("pattern", default="*")
@json_option
@click.pass_obj
def command(folder: Path, pattern: str, as_json: bool) -> int:
    """List the contexts that hold memories: how many each tier has, how long they are kept, and by which rule."""
    with opened(folder) as (_journal, manager):
        found = manager.contexts(pattern)
    if as_json:
        print_json({"contexts": [one.as_dict() for one in found]})
        return 0
    if found:
        tiers = [tier for tier in Tier if any(tier in one.counts for one in found)]
        rows = [
            [_short(one.id), *(one.counts.get(tier, "?") for tier in tiers), one.retention, one.rule or "-"]
            for one in found
        ]
        print_table("", ["context", *(tier.value.removesuffix("-term") for tier in tiers), "kept", "rule"], rows)
    print_line(plural(len(found), "context"), "dim")
    return 0


def _short(context: str) -> str:
    """A context as people write it, without its application: narrow terminals show it whole."""
    return context.partition(":")[2] if sys.stdout.isatty() else context
