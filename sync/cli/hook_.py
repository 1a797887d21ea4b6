"""`journal hook`: its help; the hook itself runs before the command line is built."""

from __future__ import annotations

import click

from sync.hooks import HOOK_NAMES, main


@click.command("hook", epilog="\b\nExamples:\n  journal hook pre-commit")
@click.argument("name", type=click.Choice(HOOK_NAMES))
@click.argument("rest", nargs=-1, type=click.UNPROCESSED)
def command(name: str, rest: tuple[str, ...]) -> int:
    """Check what is staged, as Git's hooks and pre-commit do.

    Writes the tracked memories anew if they are not those of the staged entries, and exits with 1 then: add the
    file and commit again. It never adds anything itself. Does nothing where nothing of the journal is staged.

    After a merge (post-merge) it writes them if they are not those of the merged entries, says how to commit them,
    and exits with 0.
    """
    return main([name, *rest])
