"""Remembering from a command line, whichever way it was parsed, and showing what became of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.cli.failure import visible
from sync.cli.render import print_json, print_line
from sync.operations.journal import open_journal
from sync.operations.memory import open_memory
from sync.operations.memory_due import flush_when_due
from sync.operations.memory_shown import tiers_shown

if TYPE_CHECKING:
    from sync.taskmaster.memory import Value
    from sync.taskmaster.results import Remembered

_LOST = 1  # a conflict is a finding


def remember_and_show(
    folder: Path, context: str, key: str, value: Value, *, options: dict[str, Any], as_json: bool
) -> int:
    """Remember a value, say what became of it, then write the journal where that is due.

    Args:
        folder: any folder of the journal's repository.
        context, key, value: see `MemoryManager.remember`.
        options: the other arguments of it.
        as_json: print one JSON object.

    Returns:
        The exit code: 1 where another writer's value is held, which was not known here.
    """
    journal = open_journal(folder)
    with open_memory(journal) as manager:
        done = manager.remember(context, key, value, **options)
        show_remembered(done, as_json=as_json)
        sys.stdout.flush()  # it is remembered, whatever becomes of a flush
        show_notes(flush_when_due(manager))
    return 0 if done.is_winner else _LOST


def show_remembered(done: Remembered, *, as_json: bool) -> None:
    """What became of something that was to be remembered."""
    if as_json:
        print_json(done.as_dict())
        return
    memory = done.memory
    later = f"; {tiers_shown(done.owed)} later" if done.owed else ""
    held = f"held in {tiers_shown(done.tiers)} (importance {memory.importance:.2f}){later}"
    print_line(f"{memory.context}  {memory.key}: {held}")
    if done.rival is not None:
        from shlex import quote  # seldom needed

        whose = done.rival.writer or "another writer"
        said = f"{whose} wrote it at the same time, and that value is kept beside it"
        print_line(said if done.is_winner else f"{memory.writer} wrote it later: yours is kept beside it", "yellow")
        print_line(f"  see both: journal recall {quote(memory.context)} --key {quote(memory.key)} --rivals", "dim")
    for note in done.notes:
        print_line(note, "dim")


def show_notes(notes: tuple[str, ...]) -> None:
    """What is to be known beside a result, on standard error."""
    for note in notes:
        print(visible(f"note: {note}"), file=sys.stderr)
