"""The command line's root: finds commands by name and imports only the one that is asked for."""

from __future__ import annotations

import importlib
from itertools import pairwise, takewhile
from pathlib import Path

import click

from sync import __version__
from sync.cli.failure import reported
from sync.errors import EXIT_CODES, UsageError

COMMANDS = {
    "init": "Set up a journal in this repository.",
    "new": "Start an entry.",
    "validate": "Check entries, memories and settings.",
    "export": "Project the entries to memories.",
    "import": "Make entries of what Augment remembers.",
    "create": "Write one entry's memory to a file of its own.",
    "sync": "Bring journal and assistants into step, both ways.",
    "conflicts": "Show what waits for you, side by side.",
    "resolve": "End conflicts.",
    "status": "Show where journal and stores stand.",
    "diff": "Show what a sync would change.",
    "log": "Show what came from which store.",
    "doctor": "Say what is wrong with the set-up, and mend it.",
    "index": "Bring the search index up to date; vectors too.",
    "query": "Find the passages that answer a question.",
    "ask": "Answer a question from the journal, with sources.",
    "mcp": "Serve the journal to assistants (Model Context Protocol).",
    "sql": "Ask the journal in SQL; it only reads.",
    "remember": "Remember something in a context.",
    "recall": "Recall what a context knows of a question.",
    "forget": "Forget what a context holds under a key.",
    "learn": "Say how something came out, to be learned from.",
    "consolidate": "Tidy up what is remembered, in one commit.",
    "share": "Let a memory pass to another context.",
    "contexts": "List the contexts that hold memories.",
    "flush": "Write the memories that wait into the journal.",
    "undo": "Undo the last sync, on both sides.",
    "merge-file": "Merge three versions of an entry.",
    "merge-driver": "Merge an entry in place (called by Git).",
    "hook": "Run a Git hook (called by Git and pre-commit).",
    "completion": "Print the completion script of a shell.",
}

EPILOG = (
    '\b\nExamples:\n  journal init --hooks\n  journal new "Encoding bug found" --tags python,utf-8\n  journal sync\n'
    + ("\n\b\nExit codes:\n" + "\n".join(f"  {code:>2}  {meaning}" for code, meaning in EXIT_CODES.items()))
)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run; its list needs no import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sync.cli.{cmd_name.replace('-', '_')}_")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command's name where there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from error


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="journal", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Work in this folder instead of the present one.",
)
@click.pass_context
def root(ctx: click.Context, folder: Path) -> None:
    """Keep a journal of work in Git, and the memories of AI assistants in step with it."""
    ctx.obj = folder


def run(arguments: list[str]) -> int:
    """Run the command line.

    Returns:
        The exit code, see `EXIT_CODES`.
    """
    options = list(takewhile(lambda argument: argument != "--", arguments))
    as_json = not {"--json", "--format=json"}.isdisjoint(options) or ("--format", "json") in pairwise(options)

    def work() -> int:
        try:
            code = root.main(arguments, prog_name="journal", standalone_mode=False)
        except click.ClickException as error:
            if as_json:
                raise UsageError(error.format_message(), hint="run: journal --help") from error
            error.show()
            return error.exit_code
        except click.Abort as error:
            raise KeyboardInterrupt from error
        return code if isinstance(code, int) else 0

    return reported(work, as_json=as_json)
