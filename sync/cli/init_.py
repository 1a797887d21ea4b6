"""`journal init`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from sync.cli.render import dry_run_option, json_option, print_json, print_line, print_table
from sync.errors import RefusedError
from sync.operations.agents import Agent, AgentPlan, apply_agents, missing_parts, plan_agents
from sync.operations.init import Change, InitResult, init
from sync.operations.journal import open_journal

_EXAMPLES = """\b
Examples:
  journal init
  journal init --hooks --merge-driver --language en
  journal init --agent claude --agent cursor
  journal init --dry-run"""

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command("init", epilog=_EXAMPLES)
@click.option("--hooks", is_flag=True, help="Install pre-commit and pre-merge-commit hooks; present ones still run.")
@click.option(
    "--merge-driver", is_flag=True, help="Let Git merge entries by their rules, and refresh memories after a merge."
)
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Of new entries.")
@click.option(
    "--agent",
    "agents",
    multiple=True,
    type=click.Choice([one.value for one in Agent]),
    help="Tell this assistant of `journal mcp` in its own configuration; may be given again.",
)
@click.option("--yes", is_flag=True, help="Change the assistants' configuration without asking.")
@dry_run_option
@json_option
@click.pass_obj
def command(
    folder: Path,
    hooks: bool,
    merge_driver: bool,
    language: str,
    agents: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Set up a journal: its folder, journal.toml, Augment's configuration, .gitignore.

    Run again, it adds what is missing. Nothing that exists is overwritten. What --agent would change is shown first;
    without a terminal to ask on it is written with --yes only, else nothing is, and the exit code is 3.
    """
    plans = plan_agents(open_journal(folder), [Agent(one) for one in agents])
    if not as_json:
        _show_plans(plans)
    if not dry_run and not yes:
        _ask(plans, can_ask=not as_json and sys.stdin.isatty() and sys.stdout.isatty())
    result = init(folder, hooks=hooks, merge_driver=merge_driver, language=language, dry_run=dry_run)
    if not dry_run:
        apply_agents(open_journal(folder), plans)
    _show(result, plans, dry_run=dry_run, as_json=as_json)
    return 0


def _ask(plans: Sequence[AgentPlan], *, can_ask: bool) -> None:
    """Go on where nothing would change, or the user says so.

    Raises:
        RefusedError: the user does not, or cannot be asked.
    """
    due = [plan.path for plan in plans if plan.change is not Change.UNCHANGED]
    if not due:
        return
    if not can_ask:
        hint = "look at it with --dry-run, then write it with --yes"
        raise RefusedError(f"nothing was written: {', '.join(due)} would change", hint=hint)
    if not click.confirm(f"Write {', '.join(due)}?", default=True):
        raise RefusedError("nothing was written, as you said")


def _show_plans(plans: Sequence[AgentPlan]) -> None:
    for plan in plans:
        if plan.change is Change.UNCHANGED:
            print_line(f"{plan.path}: nothing to do, {plan.agent.value} knows the journal already", "green")
        for line in plan.diff.splitlines():
            print_line(line, "bold" if line.startswith(("+++", "---")) else _COLOURS.get(line[:1], ""))


def _show(result: InitResult, plans: Sequence[AgentPlan], *, dry_run: bool, as_json: bool) -> None:
    notes = missing_parts() if plans else ()
    if as_json:
        extra = {"agents": [plan.as_dict() for plan in plans], "notes": list(notes)} if plans else {}
        print_json({**result.as_dict(), **extra})
        return
    rows = [(one.path, one.change.value, one.note) for one in result.steps]
    for plan in plans:
        planned = dry_run and plan.change is not Change.UNCHANGED
        rows.append((plan.path, (Change.PLANNED if planned else plan.change).value, plan.note))
    print_table(result.root, ["path", "", "what"], rows)
    for note in notes:
        print_line(f"note: {note}", "yellow")
    if not dry_run:
        print_line('Next: journal new "What I learned today"')
