"""Showing what a memory was, and what else it might be."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from sync.cli.render import print_json, print_line
from sync.errors import UsageError
from sync.operations.memory_shown import revision_told, text_shown
from sync.taskmaster.long_term.port import Revision
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Memory
from sync.taskmaster.results import told

_SHORT = 12
_LONGEST = 300


def print_history(revisions: Sequence[Revision], *, as_json: bool) -> int:
    """What a memory was in the journal, newest first; the exit code."""
    if as_json:
        print_json({"revisions": [revision_told(one) for one in revisions]})
        return 0
    for one in revisions:
        print_line(f"{one.commit[:_SHORT]}  {one.at:%Y-%m-%d %H:%M}  {one.author}  {one.subject}", "cyan")
        said = text_shown(one.memory) if one.memory else one.why or "(forgotten)"
        print_line(f"  {_one_line(said)}")
    if not revisions:
        print_line("it was never in the journal")
    return 0


def print_rivals(manager: MemoryManager, context: str, key: str, *, as_json: bool) -> int:
    """What a key holds, and the values that lost against it, with the beginnings of their digests; the exit code.

    Raises:
        UsageError: it holds nothing.
    """
    held = manager.get(context, key, inherit=False)
    if held is None:
        raise UsageError(f"{context} holds nothing under {key!r}", hint=f"what it holds: journal recall {context}")
    rivals = manager.rivals(context, key)
    values = (held.memory, *rivals)
    if as_json:
        print_json({"held": _with_digest(values[0]), "rivals": [_with_digest(one) for one in rivals]})
        return 0
    for number, one in enumerate(values):
        state = "beside it" if number else "held"
        print_line(f"{one.digest[:_SHORT]}  {state}  {one.updated:%Y-%m-%d %H:%M}  {one.writer}", "cyan")
        print_line(f"  {_one_line(text_shown(one))}")
    if rivals:
        print_line(f"decide: journal remember {quote(held.memory.context)} {quote(key)} --keep DIGEST", "dim")
    return 0


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def _with_digest(memory: Memory) -> dict[str, object]:
    return {**told(memory), "digest": memory.digest}
