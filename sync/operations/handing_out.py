"""Remembering what a command hands to the program that reads it, without keeping that program waiting."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from sync.engine.asked_for import MOST_BYTES, keep, settle
from sync.operations.journal import Journal
from sync.search.hit import Hit

_KEPT = ("entry", "title", "headings", "text", "before", "after", "first_line", "last_line")


def hand_out_later(journal: Journal, hits: Sequence[Hit]) -> None:
    """Keep passages that are printed for a program, to be recognised when they come back as memories.

    Args:
        journal: the journal.
        hits: what is printed.

    Effects:
        Appends to a file in the state folder. Fails for nothing: an answer is worth more.
    """
    if not hits or journal.state_folder is None:
        return
    with contextlib.suppress(OSError):
        rows = [{name: getattr(hit, name) for name in _KEPT} for hit in hits]
        if keep(journal.state_folder, rows) > MOST_BYTES:
            settle_handed_out(journal)


def settle_handed_out(journal: Journal) -> None:
    """Bring what commands printed into the register of what was handed out."""
    from sync.operations.recall import hand_out

    def register(rows: list[dict[str, Any]]) -> None:
        hand_out(journal, [hit for row in rows if (hit := _hit(row)) is not None])

    if journal.state_folder is not None:
        with contextlib.suppress(OSError):
            settle(journal.state_folder, register)


def _hit(row: dict[str, Any]) -> Hit | None:
    """A hit as it was printed; None for a row that is none."""
    try:
        known = {name: row[name] for name in _KEPT}
        return Hit(**known | {"headings": tuple(known["headings"])}, id="", date="", tags=(), commit="", score=0.0)
    except (KeyError, TypeError):
        return None
