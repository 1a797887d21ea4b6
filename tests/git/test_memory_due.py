"""What is done behind other calls: the journal is written when it is time, tiers are told and kept within limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from memory_worlds import BUDGET, SETTINGS, World, make_world, put
from repositories import Repo

from sync.operations.memory_due import TIDIED_EVERY, flush_when_due
from sync.operations.memory_last import LastFlushFile
from sync.taskmaster.flush_due import LastFlush
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Tier
from sync.taskmaster.writing import Write

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
NEVER, ALWAYS = (lambda below: below - 1), (lambda _below: 0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo", settings=f"{SETTINGS}flush_count = 3\nflush_age = '15m'\n")


def due(memory: MemoryManager) -> tuple[str, ...]:
    return flush_when_due(memory, draw=NEVER)


def waiting(memory: MemoryManager) -> list[str]:
    return [one.memory.key for one in memory.tiers.working.owed(Tier.LONG, 100)]


class TestFlushing:
    """The journal is written by count and by age, and what it refuses is no reason to try again at every call."""

    def test_it_is_written_once_so_many_wait(self, world: World) -> None:
        with world.open() as memory:
            for key in "ab":
                put(memory, key, "v", importance=0.8)
                assert due(memory) == ()
            assert waiting(memory) == ["a", "b"]
            put(memory, "c", "v", importance=0.8)
            due(memory)
            assert waiting(memory) == []

    def test_it_is_written_once_one_has_waited_so_long(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "a", "v", importance=0.8)
            world.clock.pass_(minutes=14)
            due(memory)
            assert waiting(memory) == ["a"]
            world.clock.pass_(minutes=2)
            due(memory)
            assert waiting(memory) == []

    def test_what_is_held_back_is_told_and_tried_again_only_after_the_age(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "token", SECRET, importance=0.8)
            world.clock.pass_(minutes=16)
            (note,) = due(memory)
            assert "token: line 1 looks like a secret" in note
            world.clock.pass_(minutes=14)
            assert due(memory) == ()
            world.clock.pass_(minutes=2)
            assert due(memory) == (note,)

    def test_what_is_held_back_does_not_count_as_waiting(self, world: World) -> None:
        with world.open() as memory:
            for number in range(3):
                put(memory, f"token {number}", f"{SECRET[:-1]}{number}", importance=0.8)
            assert len(due(memory)) == 3
            for key in "ab":
                put(memory, key, "v", importance=0.8)
                assert due(memory) == ()
            put(memory, "c", "v", importance=0.8)
            assert len(due(memory)) == 3
            assert not {"a", "b", "c"} & set(waiting(memory))

    def test_a_flush_that_somebody_asked_for_counts_as_a_try(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "token", SECRET, importance=0.8)
            world.clock.pass_(minutes=16)
            memory.flush()
            assert due(memory) == ()

    def test_a_program_asks_by_the_same_rule_as_a_command(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "token", SECRET, importance=0.8)
            world.clock.pass_(minutes=16)
            assert due(memory)
            assert (memory.is_flush_due(), memory.flush_if_due()) == (False, None)
            world.clock.pass_(minutes=16)
            done = memory.flush_if_due()
            assert done is not None
            assert [one.id.key for one in done.left] == ["token"]
            assert due(memory) == ()

    def test_what_another_process_left_is_not_tried_again(self, world: World) -> None:
        with world.open() as memory, world.open("bob") as other:
            put(memory, "token", SECRET, importance=0.8)
            world.clock.pass_(minutes=16)
            memory.flush()
            assert not other.is_flush_due()

    def test_of_many_that_are_left_some_are_told_and_the_others_counted(self, world: World) -> None:
        with world.open() as memory:
            for number in range(8):
                put(memory, f"token {number}", f"{SECRET[:-1]}{number}", importance=0.8)
            notes = due(memory)
            assert (len(notes), notes[-1]) == (6, "and 3 more: journal flush")


class TestLastFlush:
    """What is known of the last flush is a help, and never in the way."""

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"at": 3, "left": 1}', '{"at": "2025-01-01", "left": 1}'])
    def test_a_damaged_file_says_nothing(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "last-flush.json").write_text(text, encoding="utf-8")
        assert LastFlushFile(tmp_path).load() == LastFlush()

    def test_a_folder_that_cannot_be_written_is_no_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        LastFlushFile(tmp_path / "file").save(LastFlush())
        assert LastFlushFile(tmp_path / "file").load() == LastFlush()


class TestTelling:
    """Tiers are told what they are owed, though nobody flushes."""

    def test_the_short_term_tier_is_told_what_it_is_owed(self, world: World) -> None:
        with world.open() as memory:
            made = put(memory, "a", "v", importance=0.6)
            homes, owed = frozenset({Tier.SHORT, Tier.WORKING}), frozenset({Tier.SHORT})
            missed = replace(made, data=b"written while the short-term tier was away")
            memory.tiers.working.put([Write(memory=missed, seen=made.version, homes=homes, owed=owed)])
            due(memory)
            told = memory.tiers.short.get([made.id], world.clock())
            assert told[made.id].memory.data == missed.data
            assert memory.tiers.working.owed(Tier.SHORT, 1) == []

    def test_limits_are_kept_now_and_then(self, tmp_path: Path) -> None:
        world = make_world(tmp_path / "repo", settings=f"{SETTINGS}[memory.limits]\nshort_term_items = 5\n")
        with world.open() as memory:
            for number in range(12):
                put(memory, f"k{number}", "v", importance=0.2)
                flush_when_due(memory, draw=NEVER)
            assert memory.tiers.short.count() == 12
            flush_when_due(memory, draw=ALWAYS)
            assert memory.tiers.short.count() == 5

    def test_now_and_then_is_one_call_of_so_many(self, world: World) -> None:
        asked: list[int] = []

        def draw(below: int) -> int:
            asked.append(below)
            return 1

        with world.open() as memory:
            flush_when_due(memory, draw=draw)
        assert asked == [TIDIED_EVERY]


class TestRefusals:
    """That many entries are gone is told by every flush until somebody has decided."""

    def test_a_flush_says_so_with_what_to_do_and_is_no_success(self, world: World) -> None:
        repo = self.emptied(world)
        for _ in range(2):
            done = repo.journal("flush", code=1).stdout
            assert "6 of 6 memories are gone" in done or "6 memories are gone from the journal" in done
            assert "journal flush --allow-deletes 6" in done

    def test_it_is_told_though_a_reader_was_first(self, world: World) -> None:
        repo = self.emptied(world)
        repo.journal("recall", BUDGET, "x")
        assert "journal flush --allow-deletes 6" in repo.journal("flush", code=1).stdout

    def test_no_tier_shows_them_once_they_may_go(self, world: World) -> None:
        repo = self.emptied(world)
        repo.journal("flush", code=1)
        repo.journal("flush", "--allow-deletes", "6")
        assert "k0" not in repo.journal("recall", BUDGET, "").stdout
        assert repo.journal("flush").stdout == "0 memories waited\n"

    def test_a_sync_says_so_too(self, world: World) -> None:
        repo = self.emptied(world)
        assert "--allow-deletes 6" in " ".join(repo.journal("sync", code=1).stdout.split())

    def emptied(self, world: World) -> Repo:
        """Six memories that are in all tiers, and whose entries a person deletes."""
        repo = world.repo
        for number in range(6):
            repo.journal("remember", BUDGET, f"k{number}", "v", "--importance", "0.95")
        repo.journal("flush")
        repo.git("rm", "-q", "-r", "journal/entries/memories")
        repo.commit("gone")
        return repo
