"""`journal init`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import dry_run_option, json_option, print_json, print_line, print_table
from sync.operations.init import init

_EXAMPLES = """\b
Examples:
  journal init
  journal init --hooks --merge-driver --language en
  journal init --dry-run"""


@click.command("init", epilog=_EXAMPLES)
@click.option("--hooks", is_flag=True, help="Install pre-commit and pre-merge-commit hooks; present ones still run.")
@click.option(
    "--merge-driver", is_flag=True, help="Let Git merge entries by their rules, and refresh memories after a merge."
)
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Of new entries.")
@dry_run_option
@json_option
@click.pass_obj
def command(folder: Path, hooks: bool, merge_driver: bool, language: str, dry_run: bool, as_json: bool) -> int:
    """Set up a journal: its folder, journal.toml, Augment's configuration, .gitignore.

    Run again, it adds what is missing. Nothing that exists is overwritten.
    """
    result = init(folder, hooks=hooks, merge_driver=merge_driver, language=language, dry_run=dry_run)
    if as_json:
        print_json(result.as_dict())
        return 0
    print_table(result.root, ["path", "", "what"], [(one.path, one.change.value, one.note) for one in result.steps])
    if not dry_run:
        print_line('Next: journal new "What I learned today"')
    return 0
