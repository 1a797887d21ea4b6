"""`journal completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from sync.cli.render import json_option, print_json
from sync.errors import UsageError


@click.command(
    "completion", epilog='\b\nExamples:\n  eval "$(journal completion bash)"\n  journal completion fish | source'
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> int:
    """Print a script that completes commands and options in your shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"no completion for {shell}")
    script = kind(ctx.find_root().command, {}, "journal", "_JOURNAL_COMPLETE").source()
    if as_json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
    return 0
