"""Showing memories: the key, where it was found, and the value; one exact value as it is."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sync.cli.failure import visible
from sync.cli.render import ProgressBar, print_line
from sync.errors import UsageError
from sync.operations.journal import Journal, open_journal
from sync.operations.memory import open_memory
from sync.operations.memory_shown import text_shown, where_found
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Kind, Memory
from sync.taskmaster.results import Recalled

_MOST_LINES, _MOST_CHARACTERS = 12, 1_000


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[tuple[Journal, MemoryManager]]:
    """The journal of a folder, and its memory, which is closed afterwards."""
    journal = open_journal(folder)
    with ProgressBar("reading the journal") as progress, open_memory(journal, progress=progress) as manager:
        yield journal, manager


def print_memories(memories: Sequence[Recalled], contexts: Sequence[Sequence[str]] = ()) -> None:
    """Memories, best first: key and context, where each was found, and the beginning of its value.

    Args:
        memories: what was found.
        contexts: for each of them all contexts that have it; nothing where there is but its own.
    """
    for number, one in enumerate(memories):
        held = contexts[number] if contexts else (one.memory.context,)
        print_line(f"{one.memory.key}  ({', '.join(held)})", "bold")
        print_line(where_found(one), "cyan")
        if one.contradicts:
            print_line(f"contradicted by {', '.join(one.contradicts)}", "yellow")
        print_line(_beginning(text_shown(one.memory)))
        print()


def print_value(memory: Memory) -> None:
    """The whole value: to a program as it is, byte for byte; on a terminal no control characters.

    Raises:
        UsageError: it is bytes, and standard output is a terminal.
    """
    if not sys.stdout.isatty():
        data = text_shown(memory).encode() if memory.kind is Kind.JSON else memory.data
        sys.stdout.flush()
        sys.stdout.buffer.write(data if memory.kind is Kind.BYTES or data.endswith(b"\n") else data + b"\n")
        sys.stdout.buffer.flush()
        return
    if memory.kind is Kind.BYTES:
        hint = "send it to a file: journal recall CONTEXT --key KEY > FILE"
        raise UsageError(f"{memory.key}: {text_shown(memory)} are no text for a terminal", hint=hint)
    print(visible(text_shown(memory)))


def _beginning(text: str) -> str:
    lines = text.split("\n")
    shown = "\n".join(lines[:_MOST_LINES])[:_MOST_CHARACTERS]
    left = len(text) - len(shown)
    return f"{shown} …\n({left:,} more characters; --key shows all)" if left > 0 else shown
