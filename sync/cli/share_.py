"""`journal share`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.memories import opened
from sync.cli.remembering import show_notes
from sync.cli.render import json_option, plural, print_json, print_line
from sync.errors import UsageError
from sync.operations.memory_due import flush_when_due

_EXAMPLES = """\b
Examples:
  journal share wedding:42:module:guests wedding:42:module:vendors counts
  journal share --withdraw"""


@click.command("share", epilog=_EXAMPLES)
@click.argument("source", metavar="FROM", required=False)
@click.argument("target", metavar="TO", required=False)
@click.argument("key", required=False)
@click.option("--role", default="", metavar="ROLE", help="As whom; rules may ask for one.")
@click.option("--withdraw", is_flag=True, help="Take back what was shared by rules that no longer let it pass.")
@json_option
@click.pass_obj
def command(
    folder: Path, source: str | None, target: str | None, key: str | None, role: str, withdraw: bool, as_json: bool
) -> int:
    """Let a memory pass FROM one context TO another, by a rule of sharing.yaml."""
    if withdraw:
        if source is not None or role:
            raise UsageError("--withdraw looks at all that was shared", hint="give nothing else")
        return _withdraw(folder, as_json=as_json)
    if source is None or target is None or key is None:
        raise UsageError("give FROM, TO and KEY, or --withdraw", hint="journal share --help")
    with opened(folder) as (_journal, manager):
        done = manager.share(source, target, key, role=role)
        notes = flush_when_due(manager)
    if as_json:
        print_json(done.as_dict())
        show_notes(notes)
        return 0
    news = "shared" if done.is_new else "was shared already"
    print_line(f"{done.copy.context}  {done.copy.key}: {news}, by the rule {done.rule}")
    if done.reference is not None:
        print_line(f"{done.reference.context}  {done.reference.key}: says where it went", "dim")
    show_notes(notes)
    return 0


def _withdraw(folder: Path, *, as_json: bool) -> int:
    with opened(folder) as (_journal, manager):
        gone = manager.withdraw()
        notes = flush_when_due(manager)
    if as_json:
        print_json({"withdrawn": [{"context": one.context, "key": one.key} for one in gone]})
        show_notes(notes)
        return 0
    for one in gone:
        print_line(f"{one.context}  {one.key}: withdrawn")
    print_line(plural(len(gone), "memory", "memories") + " withdrawn", "dim")
    show_notes(notes)
    return 0
