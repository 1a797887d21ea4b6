"""Handing passages out to assistants, so that they are recognised when they come back as memories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sync.engine.handed_out import register
from sync.operations.journal import Journal
from sync.search.hit import Hit
from sync.search.provenance import render_passage
from sync.search.recall import Origin, hit_fingerprints

Note = Callable[[str], None]
"""Told, in one line, what the asker should know."""


def no_note(_message: str) -> None:
    """A `Note` that tells nobody."""


def hand_out(journal: Journal, hits: Sequence[Hit], *, note: Note = no_note) -> tuple[str, ...]:
    """Passages as an assistant gets them, and remembered as handed out.

    To be called for everything that leaves for a program: by the MCP server, and by commands whose output is no
    terminal. A person who reads a terminal is no assistant.

    Args:
        journal: the journal.
        hits: what was found.
        note: told where the passages could not be remembered.

    Returns:
        Each passage with the line of its provenance.

    Effects:
        Adds a line for each to the register in the state folder. Fails for nothing: an answer is worth more.
    """
    if hits and journal.state_folder is not None:
        prefix = journal.settings.prefix
        passages = [
            (Origin(entry=hit.entry, line=hit.first_line), hit_fingerprints(hit, prefix=prefix)) for hit in hits
        ]
        if why := register(journal.state_folder, passages):
            note(why)
    return tuple(map(render_passage, hits))
