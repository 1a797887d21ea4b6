"""`journal index`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import ProgressBar, json_option, plural, print_json, print_line
from sync.operations.indexing import index
from sync.operations.journal import open_journal


@click.command("index", epilog="\b\nExamples:\n  journal index\n  journal index --rebuild")
@click.option("--rebuild", is_flag=True, help="Throw the index away and build it again; vectors are kept.")
@json_option
@click.pass_obj
def command(folder: Path, rebuild: bool, as_json: bool) -> int:
    """Bring the search index up to date; vectors too, where a model is set up.

    Searches do this themselves. It takes long where thousands of passages are to be given vectors: then a search goes
    by words until this command has been run.
    """
    with ProgressBar("indexing") as progress, ProgressBar("giving vectors") as embedding:
        result = index(open_journal(folder), rebuild=rebuild, progress=progress, embedding=embedding)
    if as_json:
        print_json(result.as_dict())
        return 0
    vectors = f", {plural(result.vectors, 'vector')} of {result.model}" if result.vectors else ""
    entries, passages = plural(result.entries, "entry", "entries"), plural(result.passages, "passage")
    print_line(f"{entries}, {passages}{vectors}")
    for note in result.notes:
        print_line(note, "dim")
    return 0
