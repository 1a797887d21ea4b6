"""`journal recall`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from sync.cli.memories import opened, print_memories, print_value
from sync.cli.memory_past import print_history, print_rivals
from sync.cli.remembering import show_notes
from sync.cli.render import json_option, plural, print_json, print_line
from sync.errors import UsageError
from sync.operations.journal import Journal
from sync.operations.memory_exact import find_exact
from sync.operations.memory_passages import hand_out_memories
from sync.taskmaster.manager import MemoryManager

_EXAMPLES = """\b
Examples:
  journal recall wedding:42:module:budget "what may flowers cost"
  journal recall wedding:42 --key contract > contract.pdf
  journal recall --across "wedding:*" "vegan caterers" --limit 5
  journal recall wedding:42 budget --at v1.0
  journal recall wedding:42 --key budget --history"""


@click.command("recall", epilog=_EXAMPLES)
@click.argument("context", required=False)
@click.argument("query", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many at most.")
@click.option(
    "--min-score", type=click.FloatRange(0, 1), default=0.25, show_default=True, help="Leave out what is less."
)
@click.option("--no-semantic", "semantic", flag_value=False, default=True, help="By words alone, not by meaning.")
@click.option("--at", default="", metavar="COMMIT", help="What the journal knew then.")
@click.option("--archived", is_flag=True, help="What was archived as well.")
@click.option("--across", multiple=True, metavar="PATTERN", help="Instead of a context: all that match; repeatable.")
@click.option("--key", metavar="KEY", help="One memory, its whole value.")
@click.option("--history", is_flag=True, help="With --key: what it was in the journal, newest first.")
@click.option("--rivals", is_flag=True, help="With --key: the values that lost against it, and wait for a decision.")
@json_option
@click.pass_obj
def command(folder: Path, /, as_json: bool, **given: Any) -> int:
    """Recall what CONTEXT, and those it inherits from, know of QUERY; without one, what was changed last.

    The tiers are asked in order until there is enough: short-term, working, long-term, semantic. In a pipe the value
    of --key is written as it is, byte for byte.
    """
    _refuse_mixed(given)
    with opened(folder) as (journal, manager):
        if given["key"] is not None and given["history"]:
            return print_history(manager.history(given["context"], given["key"]), as_json=as_json)
        if given["key"] is not None and given["rivals"]:
            return print_rivals(manager, given["context"], given["key"], as_json=as_json)
        if given["key"] is not None:
            return _recall_one(journal, manager, given["context"], given["key"], at=given["at"], as_json=as_json)
        if given["across"]:
            return _recall_across(journal, manager, given, as_json=as_json)
        return _recall(journal, manager, given, as_json=as_json)


def _refuse_mixed(given: dict[str, Any]) -> None:
    """What is given must make one question."""
    key, across = given["key"] is not None, bool(given["across"])
    if across and (key or given["query"] is not None or given["at"] or given["archived"]):
        hint = 'as journal recall --across "wedding:*" "vegan caterers"'
        raise UsageError("--across takes a question alone, without a context, --key, --at or --archived", hint=hint)
    if given["context"] is None:
        what = "question" if across else "context"
        raise UsageError(f"there is no {what}", hint="journal recall --help; all contexts: journal contexts")
    if key and given["query"] is not None:
        raise UsageError("--key and a question exclude each other", hint="leave one out")
    if (given["history"] or given["rivals"]) and not key:
        raise UsageError("--history and --rivals are of one memory", hint="name it with --key")


def _recall(journal: Journal, manager: MemoryManager, given: dict[str, Any], *, as_json: bool) -> int:
    names = ("semantic", "min_score", "limit", "at", "archived")
    result = manager.recall(given["context"], given["query"] or "", **{name: given[name] for name in names})
    _hand_out(journal, [one.memory for one in result.hits])
    if as_json:
        print_json(result.as_dict())
        return 0
    print_memories(result.hits)
    if not result.hits:
        print_line(f"nothing found in {result.context}")
    for note in result.notes:
        print_line(note, "dim")
    return 0


def _recall_across(journal: Journal, manager: MemoryManager, given: dict[str, Any], *, as_json: bool) -> int:
    options = {name: given[name] for name in ("semantic", "min_score", "limit")}
    result = manager.search_across(given["context"], given["across"], **options)
    _hand_out(journal, [one.memory for one in result.hits])
    if as_json:
        print_json(result.as_dict())
        return 0
    print_memories(result.hits, result.contexts)
    if not result.hits:
        print_line(f"nothing found in {plural(result.searched, 'context')}")
    for note in result.notes:
        print_line(note, "dim")
    return 0


def _recall_one(
    journal: Journal, manager: MemoryManager, context: str, key: str, *, at: str, as_json: bool
) -> int:  # fmt: skip
    one = find_exact(manager, context, key, at=at)
    if as_json:
        _hand_out(journal, [one.memory])
        print_json(one.as_dict())
        return 0
    print_value(one.memory)
    _hand_out(journal, [one.memory])
    if one.rivals:
        show_notes((f"{plural(one.rivals, 'other value')} of it waits for a decision: see --rivals",))
    return 0


def _hand_out(journal: Journal, memories: list[Any]) -> None:
    """A person who reads a terminal is no assistant."""
    if not sys.stdout.isatty():
        hand_out_memories(journal, memories)
