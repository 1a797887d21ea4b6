"""`journal learn`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.memories import opened
from sync.cli.remembering import show_notes
from sync.cli.render import json_option, plural, print_json, print_line
from sync.operations.memory_due import flush_when_due
from sync.operations.memory_tidy import learn_as_dict, learn_pattern
from sync.operations.memory_values import json_or_text

_EXAMPLES = """\b
Examples:
  journal learn wedding:42:module:vendors "florist near the venue" true
  journal learn global "import of a big table" '{"success": false, "took_s": 90}'"""


@click.command("learn", epilog=_EXAMPLES)
@click.argument("context")
@click.argument("pattern")
@click.argument("outcome")
@json_option
@click.pass_obj
def command(folder: Path, context: str, pattern: str, outcome: str, as_json: bool) -> int:
    """Say that PATTERN was observed in CONTEXT, and how it came out; it is counted with the times before.

    Both are JSON where they are JSON, else text. An OUTCOME of true or false, or with `success`, counts for the share
    of successes; `took_s` and `took_ms` for the mean time.
    """
    with opened(folder) as (_journal, manager):
        known = learn_pattern(manager, context, json_or_text(pattern), json_or_text(outcome))
        told = learn_as_dict(manager, context, known)
        notes = flush_when_due(manager)
    if as_json:
        print_json(told)
    else:
        share = "" if known.success_share is None else f", {known.success_share:.0%} successful"
        took = f", {known.mean_s:.3g} s on average" if known.timed else ""
        print_line(f"{told['context']}  {told['key']}: observed {plural(known.count, 'time')}{share}{took}")
    show_notes(notes)
    return 0
