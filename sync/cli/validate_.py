"""`journal validate`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import ProgressBar, json_option, plural, print_faults, print_json, print_line
from sync.document.fault import Fault
from sync.operations.journal import open_journal
from sync.operations.validate import ValidateResult, validate
from sync.repository.listing import Source


@click.command(
    "validate",
    epilog="\b\nExamples:\n  journal validate\n  journal validate journal/entries --format github\n"
    "  journal validate --staged",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True,
    help="How faults are shown; github makes annotations.",
)  # fmt: skip
@click.option("--staged", is_flag=True, help="Look at what is staged, not at the work tree.")
@json_option
@click.pass_obj
def command(folder: Path, paths: tuple[Path, ...], form: str, staged: bool, as_json: bool) -> int:
    """Check entries, memories and settings against their schemas; the whole journal, or the given files.

    Every fault of every file is shown as `file:line:column: key: what is wrong`. Exits with 1 if there is one.
    """
    journal = open_journal(folder, source=Source.INDEX if staged else Source.WORK_TREE, lenient=True)
    with ProgressBar("validating") as progress:
        result = validate(journal, [folder / path for path in paths], staged=staged, progress=progress)
    if as_json or form == "json":
        print_json(result.as_dict())
    elif form == "github":
        for fault in result.faults:
            print(annotation(fault))
    else:
        _print_text(result)
    return 0 if result.is_clean else 1


def annotation(fault: Fault) -> str:
    """A fault as a workflow command of GitHub Actions, which shows it at its line."""
    message = f"{fault.key}: {fault.message}" if fault.key else fault.message
    hint = f" ({fault.hint})" if fault.hint else ""
    place = f"file={_escaped(fault.path, ':,')},line={fault.line},col={fault.column}"
    return f"::error {place}::{_escaped(message + hint)}"


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _print_text(result: ValidateResult) -> None:
    print_faults(result.faults)
    for one in result.skipped:
        print_line(f"{one.path}: skipped: {one.reason}", "dim")
    summary = f"{plural(result.read, 'file')}: {result.valid} valid, {len(result.skipped)} skipped"
    bad = result.read - result.valid - len(result.skipped)
    found = f", {bad} with {plural(len(result.faults), 'fault')}" if bad else ""
    print_line(summary + found, "red" if bad else "green")
