"""Which tiers a memory is to be held in, by its importance. Pure."""

from __future__ import annotations

from sync.document.memory_settings import PlacingSettings
from sync.taskmaster.memory import Tier


def homes_of(importance: float, thresholds: PlacingSettings | None = None) -> frozenset[Tier]:
    """The tiers that are to hold a memory in the end.

    Args:
        importance: from 0 to 1.
        thresholds: from where on which tiers hold it, rising, see `checked_memory`; its defaults where there are none.

    Returns:
        All tiers, or exactly one of long-term, working and short-term.
    """
    thresholds = thresholds or PlacingSettings()
    if importance >= thresholds.all:
        return frozenset(Tier)
    if importance >= thresholds.long_term:
        return frozenset({Tier.LONG})
    return frozenset({Tier.WORKING if importance >= thresholds.working else Tier.SHORT})
