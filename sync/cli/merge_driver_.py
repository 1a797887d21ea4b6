"""`journal merge-driver`: what Git runs where both sides changed an entry. Touches nothing but the file it is given."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sync.cli.failure import visible
from sync.errors import JournalError

CONFLICT, FAILED = 1, 129  # gitattributes(5): above 128 the driver has failed, and the file is as it was

_EXAMPLES = """\b
Examples:
  journal merge-driver base.md ours.md theirs.md 7 journal/entries/2025-04-05-a.md
  journal init --merge-driver"""


class _Driver(click.Command):
    """A command that answers a wrong call as Git expects it of a driver that has failed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            print(f"journal: merge-driver: {error.format_message()}", file=sys.stderr)
            ctx.exit(FAILED)


@click.command("merge-driver", cls=_Driver, epilog=_EXAMPLES)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@click.argument("size", type=int)
@click.argument("name")
@click.option("--generated", is_flag=True, help="Keep OURS as it is: the file is made from entries.")
@click.pass_obj
def command(folder: Path, base: Path, ours: Path, theirs: Path, size: int, name: str, generated: bool) -> int:
    """Merge THEIRS into OURS, for Git: %O %A %B %L %P.

    Exits with 0 where that is clean, and with 1 where a person has to decide; OURS then holds the places between
    markers of SIZE characters. With 129 it has failed, and OURS is as it was. NAME is for messages.
    """
    if generated:
        return 0
    from sync.operations.merge import drive_merge

    try:
        return 0 if drive_merge(folder / base, folder / ours, folder / theirs, size=size) else CONFLICT
    except JournalError as error:
        reason = error.message
    except Exception as error:  # noqa: BLE001 (Git takes what else a program exits with for a merge with conflicts)
        reason = f"this is a bug: {type(error).__name__}: {error}"
    print(visible(f"journal: {name}: not merged: {reason}").replace("\n", " "), file=sys.stderr)
    return FAILED
