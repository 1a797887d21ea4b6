"""What becomes of a memory of the working tier whose time is up: it is kept, put away and found, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory_worlds import BUDGET, SETTINGS, World, make_world, put, value_of

from sync.operations.journal import open_journal
from sync.operations.memory_tidy import tidy
from sync.taskmaster.manager import MemoryManager


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo", settings=f"{SETTINGS}[memory.limits]\nworking_items = 3\n")


def archived(memory: MemoryManager) -> set[str]:
    return {one.memory.key for one in memory.recall(BUDGET, "", archived=True, limit=100).hits}


def worked_off(memory: MemoryManager) -> None:
    memory.catch_up()
    memory.flush()
    memory.catch_up()


def test_thirty_days_after_the_last_write_it_is_kept_until_it_is_archived(world: World) -> None:
    with world.open() as memory:
        put(memory, "offer", "The barn is held for a month.", importance=0.6)
        world.clock.pass_(days=31)
        worked_off(memory)
        assert value_of(memory, "offer") is None
        assert (memory.tiers.working.count(), world.entries()) == (1, [])
        tidy(open_journal(world.repo.path), memory)
        assert archived(memory) == {"offer"}
        assert len(world.entries()) == 1


def test_over_the_limit_it_goes_on_to_the_journal_and_is_not_brought_back(world: World) -> None:
    with world.open() as memory:
        for number in range(6):
            put(memory, f"old {number}", f"The tent number {number}.", importance=0.6)
        world.clock.pass_(days=31)
        for number in range(5):
            put(memory, f"new {number}", f"The choir sings song {number}.", importance=0.6)
        worked_off(memory)
        assert (memory.tiers.working.count(), len(world.entries())) == (3, 8)
        shown = {one.memory.key for one in memory.recall(BUDGET, "", limit=100).hits}
        assert shown == {f"new {number}" for number in range(5)}
        tidy(open_journal(world.repo.path), memory)
        assert {f"old {number}" for number in range(6)} <= archived(memory)
        assert {one.memory.key for one in memory.recall(BUDGET, "", limit=100).hits} == shown
