"""What is asked of the tiers."""

from __future__ import annotations

import pytest

from sync.taskmaster.hits import Wanted


@pytest.mark.parametrize(
    ("limit", "pools"), [(10, (12, 100, 1_000)), (98, (100, 1_000)), (200, (202, 1_000)), (999, (1_001,))]
)
def test_a_tier_is_never_asked_again_for_fewer_memories(limit: int, pools: tuple[int, ...]) -> None:
    assert Wanted(context="", query="", limit=limit).pools == pools
