"""What a conflict comes to when one side wins, or both stay."""

from __future__ import annotations

from enum import Enum

from sync.document.entry import Entry, parse_entry
from sync.engine.conflict import Conflict
from sync.merge.decision import taking
from sync.merge.entry import merge_texts


class OnConflict(Enum):
    """Who decides where both sides changed the same."""

    OURS = "ours"
    THEIRS = "theirs"
    NEWEST = "newest"


def choose(conflict: Conflict, side: OnConflict, *, is_newer: bool = False) -> str | None:
    """What a conflict comes to if one side wins wherever the two clash; all else is merged.

    Args:
        conflict: the conflict.
        side: the side that wins.
        is_newer: whether the store's side is the newer one.
    """
    theirs_win = is_newer if side is OnConflict.NEWEST else side is OnConflict.THEIRS
    if conflict.ours is None or conflict.theirs is None:
        return conflict.theirs if theirs_win else conflict.ours
    merged = merge_texts(conflict.base, conflict.ours, conflict.theirs)
    return merged.form.apply(taking(merged.pieces, "theirs" if theirs_win else "ours"))


def both(conflict: Conflict) -> str | None:
    """What a conflict comes to if both sides stay: ours, then theirs, wherever they clash; what one deleted stays."""
    if conflict.ours is None or conflict.theirs is None:
        return conflict.ours if conflict.theirs is None else conflict.theirs
    merged = merge_texts(conflict.base, conflict.ours, conflict.theirs)
    kept = choose(conflict, OnConflict.OURS)
    text = merged.form.apply(
        "".join(piece if isinstance(piece, str) else piece.ours + piece.theirs for piece in merged.pieces)
    )
    if isinstance(parse_entry(conflict.path, text), Entry) or kept is None:
        return text
    # Two values of one key cannot both stay: the front matter is ours then, the body holds both.
    return _with_both_bodies(conflict, kept)


def _with_both_bodies(conflict: Conflict, kept: str) -> str:
    ours, theirs = parse_entry(conflict.path, kept), parse_entry(conflict.path, conflict.theirs or "")
    if not isinstance(ours, Entry) or not isinstance(theirs, Entry) or theirs.body.strip() in ours.body:
        return kept
    return f"{kept.rstrip()}\n\n{theirs.body.strip()}\n"
