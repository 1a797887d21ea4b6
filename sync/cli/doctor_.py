"""`journal doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.render import json_option, plural, print_json, print_line
from sync.operations.checkup import Finding, State
from sync.operations.doctor import DoctorResult, doctor
from sync.operations.journal import open_journal

_STYLES = {State.OK: "green", State.NOTE: "dim", State.PROBLEM: "red", State.FIXED: "green"}
_WIDTH = max(len(state.value) for state in State)


@click.command("doctor", epilog="\b\nExamples:\n  journal doctor\n  journal doctor --fix")
@click.option("--fix", is_flag=True, help="Take the ways out that lose nothing.")
@json_option
@click.pass_obj
def command(folder: Path, fix: bool, as_json: bool) -> int:
    """Look at everything that the journal relies on, and say the way out where something is wrong.

    With --fix it is taken where that loses nothing; nothing that a person wrote is deleted. Exits with 1 if a problem
    is left.
    """
    result = doctor(open_journal(folder, lenient=True), fix=fix)
    if as_json:
        print_json(result.as_dict())
    else:
        _show(result, fix=fix)
    return result.exit_code


def _show(result: DoctorResult, *, fix: bool) -> None:
    for one in result.findings:
        told = f": {one.message}" if one.message else ""
        print_line(f"{one.state.value:<{_WIDTH}}  {one.check}{told}", _STYLES[one.state])
        if one.hint:
            print_line(f"{' ' * _WIDTH}  {one.hint}", "dim")
    problems = [one for one in result.findings if one.state is State.PROBLEM]
    print_line(_summary(problems), "red" if problems else "green")
    if any(one.fix for one in problems) and not fix:
        print_line("Next: journal doctor --fix", "bold")


def _summary(problems: list[Finding]) -> str:
    return f"{plural(len(problems), 'problem')}" if problems else "all is well"
