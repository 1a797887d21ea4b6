"""What a pull request writes under keys of this program's is a fault of that one entry, and hides no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory_worlds import BUDGET, World, make_world, put, value_of

from sync.operations.journal import open_journal
from sync.operations.memory_tidy import tidy
from sync.taskmaster.manager import MemoryManager

RULES = "rules:\n  prices: {from: vendors, to: budget, types: all}\n"
OLD = '  x: "y"\n'
VENDORS = "taskmaster:wedding:42:module:vendors"
ODD = [
    "_object: 3",
    '_object: {digest: "../../etc/passwd", size: 1, kind: bytes}',
    "_entry: 4",
    '_archived: "no"',
    "_sources: [5]",
    "_contradicts: 5",
    '_shared_from: "*"',
    "_shared_key: 7",
]
HARMLESS = [
    f'_shared_from: "{VENDORS}"',
    '_shared_from: "taskmaster:wedding:42"',
    f'_shared_to: "{BUDGET}"',
    f'_shared_from: "{VENDORS}"\n  _shared_rule: "prices"',
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two memories in one context, both in the journal."""
    made = make_world(tmp_path / "repo")
    made.repo.write("journal/sharing.yaml", RULES)
    with made.open() as memory:
        put(memory, "fine", "the fine thing", importance=0.8)
        put(memory, "odd", "the odd thing", importance=0.8, metadata={"x": "y"})
        memory.flush()
    return made


def entry_of(world: World) -> str:
    """The path of the odd memory's entry."""
    return next(one for one in world.entries() if "odd thing" in world.repo.read(one))


def poison(world: World, written: str) -> None:
    """What somebody's pull request does."""
    path = entry_of(world)
    text = world.repo.read(path)
    assert OLD in text, text
    world.repo.write(path, text.replace(OLD, f"  {written}\n"))
    world.repo.commit("a pull request")


def use_all(world: World, memory: MemoryManager) -> None:
    """Everything that reads many memories shows the one that is well."""
    assert "the fine thing" in [one.memory.value for one in memory.recall(BUDGET, "thing").hits]
    assert value_of(memory, "fine") == "the fine thing"
    assert "fine" in [one.memory.key for one in memory.list(BUDGET).memories]
    assert "fine" in [one.memory.key for one in memory.recall(BUDGET, "thing", at="HEAD").hits]
    assert memory.search_across("thing", ["*"]).hits
    memory.withdraw()
    tidy(open_journal(world.repo.path), memory)
    assert memory.flush().is_clean


@pytest.mark.parametrize("written", ODD)
@pytest.mark.parametrize("fresh", [False, True], ids=["known", "fresh"])
def test_one_entry_hides_no_other(world: World, written: str, *, fresh: bool) -> None:
    poison(world, written)
    if fresh:  # as in a clone
        for file in world.memory_folder.iterdir():
            file.unlink()
    with world.open("bob") as memory:
        use_all(world, memory)


def test_the_flush_tells_where_the_fault_is(world: World) -> None:
    poison(world, "_object: 3")
    with world.open("bob") as memory:
        done = memory.flush()
    assert done.followed is not None
    (fault,) = done.followed.faults
    line = world.repo.read(entry_of(world)).splitlines()[fault.line - 1]
    assert (fault.path, line[fault.column - 1 :]) == (entry_of(world), "3")


@pytest.mark.parametrize("written", HARMLESS)
def test_what_says_no_rule_that_lets_it_pass_is_not_shown(world: World, written: str) -> None:
    poison(world, written)
    with world.open("bob") as memory:
        assert (value_of(memory, "odd") is None) == ("_shared_rule" not in written)
        use_all(world, memory)


def test_what_the_program_writes_itself_is_no_fault(world: World) -> None:
    """Consolidated, contradicted, archived and shared memories come back out of their entries."""
    with world.open() as memory:
        for name in ("one", "two"):
            put(memory, name, "the caterer asks for a deposit of 500 euros in may", importance=0.8, ttl="1h")
        put(memory, "price", {"venue": "barn", "price": 4500, "day": "2026-05-02"}, context=VENDORS, importance=0.8)
        memory.share(VENDORS, BUDGET, "price")
        world.clock.pass_(hours=2)
        tidy(open_journal(world.repo.path), memory)
    for file in world.memory_folder.iterdir():
        file.unlink()
    with world.open("next") as memory:
        done = memory.flush()
        assert done.followed is not None
        assert done.followed.faults == ()
        told = "".join(world.repo.read(one) for one in world.entries())
        assert all(key in told for key in ("_archived", "_shared_from"))
