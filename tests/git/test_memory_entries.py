"""One entry or object that is damaged hides no other memory, and ends no run."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory_worlds import BUDGET, World, make_world, put, value_of

from sync.operations.memory_exact import find_exact, look_up
from sync.taskmaster.consolidating import consolidate
from sync.taskmaster.memory import MAX_DEPTH
from sync.taskmaster.tiers.objects.folder import FolderObjects
from sync.taskmaster.tiers.protocol import TierDownError

LARGE = "The hall has room for many guests.\n" * 5_000


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo")


def entry_with(world: World, text: str) -> Path:
    """The one entry that holds some text."""
    found = [world.repo.path / one for one in world.entries() if text in (world.repo.path / one).read_text("utf-8")]
    assert len(found) == 1
    return found[0]


class TestObjects:
    """A value that is an object, and is damaged."""

    @pytest.fixture
    def damaged(self, world: World) -> World:
        """A clone in which one of two memories has an object that is not what its name says."""
        with world.open() as memory:
            put(memory, "hall", LARGE, importance=0.8)
            put(memory, "hall rent", "The hall costs 4000.", importance=0.8)
            memory.flush()
        for file in (world.repo.path / "journal" / "objects").rglob("*"):
            if file.is_file() and not file.name.startswith("."):
                file.chmod(0o644)
                file.write_bytes(b"something else")
        return world

    def test_others_are_recalled_and_it_is_shown_by_its_first_lines(self, damaged: World) -> None:
        with damaged.open() as memory:
            hits = {one.memory.key: one.memory for one in memory.recall(BUDGET, "hall guests costs").hits}
        assert hits["hall rent"].value == "The hall costs 4000."
        assert str(hits["hall"].value).startswith("The hall has room")
        assert hits["hall"].metadata["_missing"] is True

    def test_all_are_listed(self, damaged: World) -> None:
        with damaged.open() as memory:
            assert [one.memory.key for one in memory.list(BUDGET).memories] == ["hall", "hall rent"]

    def test_it_can_be_written_anew_and_forgotten(self, damaged: World) -> None:
        with damaged.open() as memory:
            put(memory, "hall", "small", importance=0.8)
            assert value_of(memory, "hall") == "small"
            memory.forget(BUDGET, "hall")
            assert value_of(memory, "hall") is None

    def test_a_copy_of_what_it_said_before_is_not_shown_for_it(self, damaged: World) -> None:
        with damaged.open("bob") as memory:
            put(memory, "hall", "small", importance=0.95)
            memory.flush()
        before = damaged.repo.git("rev-parse", "HEAD~1").strip()
        damaged.repo.git("checkout", "-q", before, "--", "journal/entries")
        damaged.repo.commit("as it was")
        with damaged.open("ada") as memory:
            assert str(value_of(memory, "hall")).startswith("The hall has room")


class TestStores:
    """The store of objects does not answer."""

    def test_others_are_recalled_and_the_value_alone_is_refused(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with world.open() as memory:
            put(memory, "hall", LARGE, importance=0.8)
            put(memory, "hall rent", "The hall costs 4000.", importance=0.8)
            memory.flush()

        def get(_objects: FolderObjects, _digest: str) -> bytes:
            raise TierDownError("the objects do not answer")

        monkeypatch.setattr(FolderObjects, "get", get)
        with world.open() as memory:
            assert {one.memory.key for one in memory.recall(BUDGET, "guests costs").hits} == {"hall", "hall rent"}
            assert [one.memory.key for one in memory.list(BUDGET, limit=5).memories] == ["hall", "hall rent"]


class TestEntries:
    """What a person writes into an entry."""

    def test_json_nested_too_deep_is_a_fault(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "plan", {"a": [1]}, importance=0.8)
            put(memory, "other", "v", importance=0.8)
            memory.flush()
        path, deep = entry_with(world, "key: plan"), MAX_DEPTH + 2
        text = path.read_text("utf-8")
        start, end = text.index("```json\n") + 8, text.rindex("```")
        path.write_text(f"{text[:start]}{'[' * deep}{']' * deep}\n{text[end:]}", "utf-8")
        world.repo.commit("deep")
        with world.open() as memory:
            done = memory.flush()
            assert value_of(memory, "other") == "v"
        assert [f"nested more than {MAX_DEPTH} deep" in one.message for one in done.faults] == [True]
        assert f"nested more than {MAX_DEPTH} deep" in world.repo.journal("flush").stdout

    def test_a_retention_that_is_none_ends_no_run_and_is_told_with_its_entry(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "a", "one thing", importance=0.8, retention="1y")
            put(memory, "b", "other matter", importance=0.8, retention="1y")
            memory.flush()
        path = entry_with(world, "key: a\n")
        path.write_text(path.read_text("utf-8").replace("retention: 1y", "retention: soon"), "utf-8")
        world.repo.commit("a person's")
        world.clock.pass_(days=800)
        with world.open() as memory:
            memory.get(BUDGET, "b")
            report = consolidate(memory)
        (context,) = [one for one in report.contexts if one.notes]
        assert [key for key, _why in context.archived] == ["b"]
        assert context.notes[0].startswith(f"{path.relative_to(world.repo.path)}: `retention`: 'soon'")


class TestKeys:
    """A key at a commit."""

    @pytest.mark.parametrize("key", ["🎂", "-", "the one"])
    def test_is_found_among_many_newer_ones(self, world: World, key: str) -> None:
        with world.open() as memory:
            put(memory, key, "wanted", importance=0.8, context="taskmaster:wedding:42")
            for number in range(30):
                put(memory, f"{key} {number}", "newer", importance=0.8)
            memory.flush()
            assert find_exact(memory, BUDGET, key, at="HEAD").memory.value == "wanted"
            assert look_up(memory, BUDGET, f"{key}{key}", at="HEAD") is None
