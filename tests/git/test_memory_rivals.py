"""Values that lost stay in sight until somebody decides, whatever is flushed, forgotten or over meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from memory_worlds import BUDGET, World, make_world, put, value_of

from sync.taskmaster.manager import MemoryManager


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo")


def dispute(world: World, **options: Any) -> None:
    """Two writers who did not know of each other's value: ada's loses."""
    with world.open("ada") as ada, world.open("bob") as bob:
        put(ada, "k", "first", importance=0.8)
        value_of(bob, "k")
        put(ada, "k", "ada's", importance=0.8)
        put(bob, "k", "bob's", importance=0.8, **options)


def rivals(memory: MemoryManager) -> list[object]:
    return [one.value for one in memory.rivals(BUDGET, "k")]


def test_a_flush_does_not_hide_them(world: World) -> None:
    dispute(world)
    with world.open() as memory:
        memory.flush()
        memory.catch_up()
        assert rivals(memory) == ["ada's"]
        (hit,) = memory.recall(BUDGET, "k").hits
        shown = memory.get(BUDGET, "k")
        assert shown is not None
        assert (hit.rivals, shown.rivals) == (1, 1)


def test_after_a_flush_somebody_can_still_decide_for_either(world: World) -> None:
    dispute(world)
    with world.open() as memory:
        memory.flush()
        memory.settle(BUDGET, "k", keep=memory.rivals(BUDGET, "k")[0].digest)
        memory.flush()
        assert (value_of(memory, "k"), rivals(memory)) == ("ada's", [])


@pytest.mark.parametrize("is_forgotten", [True, False])
def test_what_nobody_decided_about_outlives_what_won(world: World, is_forgotten: bool) -> None:
    dispute(world, ttl="1d")
    with world.open() as memory:
        memory.flush()
        if is_forgotten:
            memory.forget(BUDGET, "k")
            memory.flush()
        world.clock.pass_(days=400)
        memory.catch_up()
        assert (value_of(memory, "k"), rivals(memory)) == (None, ["ada's"])
        memory.settle(BUDGET, "k", keep=memory.rivals(BUDGET, "k")[0].digest)
        assert (value_of(memory, "k"), rivals(memory)) == ("ada's", [])
