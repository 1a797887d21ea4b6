"""That copies are kept although their entries are gone, until somebody allows that they go.

It is written down beside the catalogue: whoever lets that follow HEAD first may be a reader, who allows nothing.
"""

from __future__ import annotations

from pathlib import Path

from sync.errors import RefusedError
from sync.repository.files import write_atomic

_NAME = "memory-copies-kept"


def mark_kept(state_folder: Path) -> None:
    """Write down that copies were kept."""
    write_atomic(state_folder / _NAME, [])


def is_marked_kept(state_folder: Path) -> bool:
    """Whether copies were kept, and may be still."""
    return (state_folder / _NAME).exists()


def unmark_kept(state_folder: Path) -> None:
    """Write down that none are kept any longer."""
    (state_folder / _NAME).unlink(missing_ok=True)


def kept_refusal(count: int) -> RefusedError:
    """Why they are kept, and what to do.

    Args:
        count: how many memories are.
    """
    hint = f"if they are to go: journal flush --allow-deletes {count}; else take the deletion back: git revert"
    return RefusedError(f"{count} memories are gone from the journal, and other tiers keep their copies", hint=hint)
