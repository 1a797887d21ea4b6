"""`journal export`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import (
    ProgressBar,
    dry_run_option,
    json_option,
    plural,
    print_faults,
    print_json,
    print_line,
    words,
)
from sync.document.settings import Selection
from sync.engine.apply import Outcome
from sync.operations.export import ExportOptions, ExportResult, export
from sync.operations.journal import open_journal
from sync.repository.listing import Source

_STYLES = {Outcome.WRITTEN: "green", Outcome.STALE: "red"}


@click.command(
    "export",
    epilog="\b\nExamples:\n  journal export\n  journal export --check\n"
    "  journal export --exclude-tag private --max-bytes 50000\n  journal export --tag rag --output rag.json",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file is stale, and say which.")
@click.option("--tag", "tags", multiple=True, help="Only entries with this tag; may be given again.")
@click.option("--exclude-tag", "exclude_tags", multiple=True, help="No entry with this tag; may be given again.")
@click.option("--since", default="", help="Only entries of this day or later, such as 2025-04-05.")
@click.option("--until", default="", help="Only entries of this day or earlier.")
@click.option("--max-bytes", type=click.IntRange(min=0), default=0, help="Keep the most important and newest so far.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the selection to this file only.")
@click.option("--staged", is_flag=True, help="Read what is staged, not the work tree.")
@dry_run_option
@json_option
@click.pass_obj
def command(
    folder: Path,
    check: bool,
    tags: tuple[str, ...],
    exclude_tags: tuple[str, ...],
    since: str,
    until: str,
    max_bytes: int,
    output: Path | None,
    staged: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Project every entry to one memory, in the tracked file and in the one that Augment is given.

    The tracked file always holds every entry. Tags, days and --max-bytes choose what Augment is given; without them
    journal.toml does. Exits with 1 if an entry could not be read.
    """
    journal = open_journal(folder, source=Source.INDEX if staged else Source.WORK_TREE)
    selection = Selection(
        tags=tuple(word for tag in tags for word in words(tag)),
        exclude_tags=tuple(word for tag in exclude_tags for word in words(tag)),
        since=since,
        until=until,
        max_bytes=max_bytes,
    )
    options = ExportOptions(
        selection=None if selection == Selection() else selection,
        check=check,
        dry_run=dry_run,
        source=Source.INDEX if staged else Source.WORK_TREE,
        output=None if output is None else (folder / output).absolute(),
    )
    with ProgressBar("exporting") as progress:
        result = export(journal, options, progress)
    if as_json:
        print_json(result.as_dict())
    else:
        print_export(result)
    return 0 if result.is_clean else 1


def print_export(result: ExportResult) -> None:
    """What an export did, line by line; the counts add up."""
    print_faults(result.invalid)
    for one in result.skipped:
        print_line(f"{one.path}: skipped: {one.reason}", "dim")
    for target in result.targets:
        left = f", {len(target.left_out)} left out" if target.left_out else ""
        line = f"{target.path}: {target.outcome.value}, {plural(target.exported, 'memory', 'memories')}{left}"
        print_line(line, _STYLES.get(target.outcome, ""))
        for path in target.left_out:
            print_line(f"  left out: {path}", "dim")
    for note in result.notes:
        print_line(note, "yellow")
    counts = f"{len(result.skipped)} skipped, {len(result.invalid)} invalid"
    print_line(f"{plural(result.read, 'file')} read, {counts}")
