"""A process that is killed at any step of anything that the memory does has lost nothing and doubled nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from memory_worlds import BUDGET, Crash, Ending, World, everything_said, listed, make_world, put, value_of

from sync.operations.journal import open_journal
from sync.operations.memory_tidy import tidy
from sync.taskmaster.consolidating import consolidate
from sync.taskmaster.learning import learn
from sync.taskmaster.long_term.port import SETTLED, Outcome
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Tier, Value

THOROUGH = bool(os.environ.get("JOURNAL_THOROUGH"))
SOME = 8
"""Of so many crashes one is followed to the end."""
BANDS = (0.2, 0.6, 0.8, 0.95)
VENDORS = "taskmaster:wedding:42:module:vendors"
LARGE = "a line of many\n" * 9_000
SHARING = "rules:\n  prices: {from: budget, to: vendors, types: [pricing], bidirectional: true}\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Memories of every importance: flushed, changed since, new, forgotten, with a rival, large."""
    made = make_world(tmp_path / "repo")
    made.repo.write("journal/sharing.yaml", SHARING)
    made.repo.commit("rules")
    with made.open() as memory, made.open("grace") as other:
        for band in BANDS:
            for name in ("kept", "changed", "gone"):
                put(memory, f"{name} {band}", f"{name} of old", importance=band, type="pricing")
        put(memory, "large", LARGE, importance=0.8)
        put(memory, "disputed", "begin", importance=0.95)
        memory.flush()
        for band in BANDS:
            put(memory, f"changed {band}", "changed since", importance=band, type="pricing")
            put(memory, f"waiting {band}", "waiting for the journal", importance=band)
            memory.forget(BUDGET, f"gone {band}")
        put(memory, "large too", LARGE + "2", importance=0.95)
        value_of(other, "disputed")
        put(memory, "disputed", "ada's", importance=0.95)
        put(other, "disputed", "grace's", importance=0.95)
    return made


def said(memory: MemoryManager) -> dict[tuple[str, str], Value]:
    """What all keys hold; each is listed once."""
    ids = listed(memory)
    assert len(ids) == len(set(ids)), "a memory is listed twice"
    found = {}
    for context, key in ids:
        hit = memory.get(context, key, inherit=False)
        assert hit is not None, f"{key} is listed and not there"
        found[context, key] = hit.memory.value
        first = memory.recall(context, key).hits[0].memory
        assert (first.key, first.value) == (key, hit.memory.value)
    return found


def held(world: World) -> dict[tuple[str, str], Value]:
    """What a process that comes next is told."""
    with world.open("next") as memory:
        return said(memory)


def settled(world: World, before: dict[tuple[str, str], Value], number: int = 0) -> None:
    """Everything that is left to do is done by the next who comes; then there is nothing left to do."""
    if not THOROUGH and number % SOME:
        return
    with world.open("next") as memory:
        memory.catch_up()
        done = memory.flush()
        assert [one for one in done.told if one.outcome not in SETTLED] == []
        again = memory.flush()
        assert (again.owed, again.is_new, again.followed) == (0, False, None)
        assert memory.catch_up().counts[Tier.SHORT] == 0
        assert said(memory) == before
        assert {one.value for one in memory.rivals(BUDGET, "disputed")} == {"ada's"}
        assert "ada's" in map(str, everything_said(memory, "disputed"))
    assert world.repo.git("status", "--short", "-uall") == ""
    assert len(world.entries()) == sum(1 for key in before if _is_long(key[1]))
    assert world.repo.git("fsck", "--connectivity-only", "--no-dangling") == ""
    assert list((world.repo.path / ".git").rglob("*.lock")) == []


def _is_long(key: str) -> bool:
    return not key.endswith((" 0.2", " 0.6"))


def kills(crash: Crash, work: Callable[[MemoryManager], object], stride: int = 2) -> Iterator[tuple[int, bool]]:
    """Every effect that a process dies at, and whether the work had been acknowledged; all is put back before each."""
    for number in count(0, 1 if THOROUGH else stride):
        crash.again()
        ending = crash.dies_at(number, work)
        if ending is Ending.ENDED:
            assert number > stride, "there is nothing to be killed at"
            return
        yield number, ending is Ending.KILLED_BEHIND


def with_changed(before: dict[tuple[str, str], Value], key: str, value: Value) -> dict[tuple[str, str], Value]:
    """The same, with another value of a key; None for none."""
    rest = {id_: one for id_, one in before.items() if id_ != (BUDGET, key)}
    return rest if value is None else rest | {(BUDGET, key): value}


class TestWrites:
    """A write that was acknowledged holds; one that was not, holds or has never been."""

    @pytest.mark.parametrize("key", ["new", "changed", "waiting", "gone"])
    @pytest.mark.parametrize("band", BANDS)
    def test_remembering(self, world: World, key: str, band: float) -> None:
        before, crash, name = held(world), Crash(world), f"{key} {band}"
        after = with_changed(before, name, {"the": "newest"})
        for number, is_told in kills(crash, lambda memory: put(memory, name, {"the": "newest"}, importance=band)):
            found = held(world)
            assert found in ([after] if is_told else [before, after]), f"killed at effect {number}"
            settled(world, found, number)

    @pytest.mark.parametrize("key", ["kept", "changed", "waiting"])
    @pytest.mark.parametrize("band", BANDS)
    def test_forgetting(self, world: World, key: str, band: float) -> None:
        before, crash, name = held(world), Crash(world), f"{key} {band}"
        after = with_changed(before, name, None)
        for number, is_told in kills(crash, lambda memory: memory.forget(BUDGET, name)):
            found = held(world)
            assert found in ([after] if is_told else [before, after]), f"killed at effect {number}"
            settled(world, found, number)

    def test_settling_between_rivals(self, world: World) -> None:
        with world.open() as memory:
            digest = memory.rivals(BUDGET, "disputed")[0].digest
        before, crash = held(world), Crash(world)
        after = with_changed(before, "disputed", "ada's")
        for number, is_told in kills(crash, lambda memory: memory.settle(BUDGET, "disputed", keep=digest)):
            found = held(world)
            assert found in ([after] if is_told else [before, after]), f"killed at effect {number}"
            with world.open("next") as memory:
                values = {str(value_of(memory, "disputed")), *(one.value for one in memory.rivals(BUDGET, "disputed"))}
                assert "ada's" in values, f"killed at effect {number}"
                if found == before:
                    assert "grace's" in values, f"killed at effect {number}"

    def test_sharing(self, world: World) -> None:
        before, crash = held(world), Crash(world)
        for number, is_told in kills(crash, lambda memory: memory.share(BUDGET, VENDORS, "changed 0.95")):
            found = held(world)
            assert before.items() <= found.items(), f"killed at effect {number}"
            with world.open("next") as memory:
                memory.share(BUDGET, VENDORS, "changed 0.95")
                whole = said(memory)
                assert len(whole) == len(before) + 2, f"killed at effect {number}, {is_told}"
            settled(world, whole, number)


class TestReads:
    """A recall changes nothing that anybody holds, wherever it ends."""

    @pytest.mark.parametrize("key", ["kept 0.8", "changed 0.95", "large", "disputed"])
    def test_recalling_and_promoting(self, world: World, key: str) -> None:
        before, crash = held(world), Crash(world)
        world.repo.git("gc", "-q")
        for number, _ in kills(crash, lambda memory: memory.recall(BUDGET, key)):
            assert held(world) == before, f"killed at effect {number}"
            settled(world, before, number)

    def test_promoting_what_only_the_journal_has(self, world: World) -> None:
        with world.open() as memory:
            memory.flush()
            before = {id_: value for id_, value in said(memory).items() if _is_long(id_[1]) and id_[1] != "disputed"}
        for file in world.memory_folder.iterdir():
            file.unlink()
        crash = Crash(world)
        for number, _ in kills(crash, lambda memory: memory.recall(BUDGET, "waiting journal changed"), stride=3):
            found = held(world)
            assert before.items() <= found.items(), f"killed at effect {number}"
            with world.open("next") as memory:
                assert memory.flush().owed == 0
            assert len(world.entries()) == len(found)


class TestMany:
    """What concerns many memories at once."""

    def test_catching_up(self, world: World) -> None:
        before, crash = held(world), Crash(world)
        for number, _ in kills(crash, lambda memory: memory.catch_up()):
            assert held(world) == before, f"killed at effect {number}"
            settled(world, before, number)

    def test_flushing(self, world: World) -> None:
        before, commits = held(world), world.commits()
        crash = Crash(world)
        for number, is_told in kills(crash, lambda memory: memory.flush(), stride=11):
            if is_told:
                assert world.commits() == commits + 1
            assert held(world) == before, f"killed at effect {number}"
            settled(world, before)
            assert world.commits() == commits + 1, f"killed at effect {number}"

    def test_flushing_what_a_person_has_changed_too(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "both", {"a": 1, "b": 1}, importance=0.95)
            put(memory, "clash", {"a": 1}, importance=0.95)
            memory.flush()
            for file in (world.repo.path / "journal/entries/memories").rglob("*.md"):
                text = file.read_text(encoding="utf-8")
                if "clash" in file.name or "both" in file.name:
                    file.write_text(text.replace('"a": 1', '"a": 2'), encoding="utf-8")
            put(memory, "both", {"a": 1, "b": 2}, importance=0.95)
            put(memory, "clash", {"a": 3}, importance=0.95)
        world.repo.commit("a person's")
        crash = Crash(world)
        for number, _ in kills(crash, lambda memory: memory.flush(), stride=13):
            with world.open("next") as memory:
                memory.flush()
                done = memory.flush()
                assert (done.is_new, done.owed) == (False, 1), f"killed at effect {number}"
                assert [one.outcome for one in done.told] == [Outcome.CONFLICT]
                assert value_of(memory, "both") == {"a": 2, "b": 2}, f"killed at effect {number}"
            kept = [file.read_text() for file in (world.repo.path / "journal/conflicts").glob("*.json")]
            assert len(kept) == 1, f"killed at effect {number}"

    def test_moving_on_what_is_over_the_limit(self, tmp_path: Path) -> None:
        limits = '[memory]\nsemantic = "off"\n[memory.limits]\nworking_items = 3\n'
        world = make_world(tmp_path / "small", settings=limits)
        with world.open() as memory:
            for number in range(9):
                put(memory, f"k{number}", number, importance=0.6)
        before, crash = held(world), Crash(world)

        def work(memory: MemoryManager) -> None:
            memory.catch_up()
            memory.flush()
            memory.catch_up()

        for number, _ in kills(crash, work, stride=9):
            assert held(world) == before, f"killed at effect {number}"
            with world.open("next") as memory:
                work(memory)
                assert memory.flush().owed == 0
                assert memory.tiers.working.count() == 3
            assert held(world) == before, f"killed at effect {number}"
            assert len(world.entries()) == 6, f"killed at effect {number}"


def untidy(folder: Path) -> World:
    """A world in which there is everything to tidy up."""
    world = make_world(folder)
    with world.open() as memory:
        put(memory, "deposit", "The florist's deposit is paid and was confirmed by mail", importance=0.8)
        put(memory, "deposit v2", "The florist's deposit is paid and was confirmed by mail", importance=0.8)
        put(memory, "caterer", "The caterer asks 48 euros a guest", importance=0.8)
        put(memory, "caterer v2", "The caterer asks 52 euros a guest", importance=0.8)
        put(memory, "offer", "The barn is held for a month", importance=0.6)
        put(memory, "short offer", "The tent is held for ten days", importance=0.95, ttl="10d")
        put(memory, "kept", "Nothing of this is ever over", importance=0.8)
        for _ in range(3):
            learn(memory, BUDGET, "guest cancels", True)
        memory.flush()
        world.clock.pass_(days=40)
    return world


class TestTidying:
    """Tidying up goes on where another run ended."""

    def test_tidying_up(self, tmp_path: Path) -> None:
        world = untidy(tmp_path / "repo")
        crash = Crash(world)
        before = world.commits()
        journal = open_journal(world.repo.path)
        expected = self._end(world)
        for number, _ in kills(crash, lambda memory: tidy(journal, memory), stride=17):
            assert self._end(world) == expected, f"killed at effect {number}"
            assert world.commits() <= before + 2, f"killed at effect {number}"

    def _end(self, world: World) -> dict[str, Any]:
        """How it all ends: what is shown, what is archived, and that there is nothing left to do."""
        journal = open_journal(world.repo.path)
        with world.open("next") as memory:
            tidy(journal, memory)
        with world.open("next") as memory:
            assert consolidate(memory).is_quiet
            assert memory.flush().owed == 0
            shown = said(memory)
            archived = memory.recall(BUDGET, "", archived=True, limit=100).hits
            values = {one.memory.key: one.memory.value for one in archived}
            assert values["offer"] == "The barn is held for a month"
            assert values["short offer"] == "The tent is held for ten days"
            assert {"48", "52"} <= set(f"{values['caterer']!s} {values['caterer v2']!s}".split())
        assert world.repo.git("status", "--short", "-uall") == ""
        marks = world.repo.git("grep", "-h", "_archived", check=False).splitlines()
        return {"shown": shown, "archived": values, "entries": len(world.entries()), "marks": len(marks)}
