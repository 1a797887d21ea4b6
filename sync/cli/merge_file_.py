"""`journal merge-file`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sync.cli.render import json_option, print_json
from sync.errors import UsageError
from sync.operations.merge import merge_files, merge_jsonl

_EXAMPLES = """\b
Examples:
  journal merge-file base.md ours.md theirs.md > merged.md
  journal merge-file --jsonl < merges.jsonl"""


@click.command("merge-file", epilog=_EXAMPLES)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--jsonl", is_flag=True, help="Read merges from standard input, one JSON object a line.")
@json_option
@click.pass_obj
def command(folder: Path, files: tuple[Path, ...], jsonl: bool, as_json: bool) -> int:
    """Merge the files BASE OURS THEIRS by the rules of entries, and print the result.

    Front matter is merged key by key, the body section by section. Exits with 1 where a person has to decide; the
    places are then between markers, as `git merge-file --diff3` writes them.
    """
    if jsonl:
        if files:
            raise UsageError("--jsonl reads standard input and takes no files")
        sys.stdin.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        for line in merge_jsonl(sys.stdin):
            sys.stdout.buffer.write(f"{line}\n".encode())
        sys.stdout.buffer.flush()
        return 0
    if len(files) != 3:
        raise UsageError("give three files: BASE OURS THEIRS", hint="an empty file stands for no base")
    base, ours, theirs = (folder / one for one in files)
    found = merge_files(base, ours, theirs)
    if as_json:
        print_json(found.as_dict())
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(found.text.encode())
        sys.stdout.buffer.flush()
    return 0 if found.is_clean else 1
