"""A flush that is killed at any moment, or meets others at any moment, loses nothing and doubles nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from memories import Memories, open_memories
from repositories import Repo, entry_text

import sync.repository.exchange
from sync.errors import RetryError
from sync.repository import git
from sync.taskmaster.long_term.copies import ALWAYS
from sync.taskmaster.long_term.port import Flushed, Outcome

CALLS = ("replace", "rename", "link", "unlink", "mkdir")
WRITING = (
    "update-ref",
    "update-index",
    "hash-object",
    "commit-tree",
    "fast-import",
    "mktree",
    "write-tree",
    "read-tree",
)
TIERS = (
    ("working", ("settle", "put", "drop")),
    ("catalogue", ("follow",)),
    ("short", ("drop",)),
    ("objects", ("put",)),
)
THOROUGH = bool(os.environ.get("JOURNAL_THOROUGH"))
KILLED = 99


@contextmanager
def effects(memories: Memories, number: int, at: Callable[[], None]) -> Iterator[list[int]]:
    """Call `at` before the effect of a number, from 0: on files, on the repository, on a tier, or right behind one."""
    count = [0]

    def counted(real: Callable[..., Any], *, after: bool = False) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            step()
            done = real(*arguments, **options)
            if after:
                step()
            return done

        return call

    def step() -> None:
        count[0] += 1
        if count[0] == number + 1:
            at()

    real_run = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        if set(command) & set(WRITING):
            step()
        return real_run(command, **options)

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(sync.repository.exchange, "_rename_with", counted(sync.repository.exchange._rename_with))
        patch.setattr(git.subprocess, "run", run)  # type: ignore[attr-defined]
        for tier, names in TIERS:
            for name in names:
                part = getattr(memories.parts, tier)
                patch.setattr(part, name, counted(getattr(part, name), after=True))
        yield count


class Scene:
    """A repository and its tiers, on disk, that can be put back to how they were."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.repo = folder, Repo(folder / "work" / "repo")
        self.repo.path.mkdir(parents=True)
        self.repo.git("init", "-q", "-b", "main")

    @contextmanager
    def open(self) -> Iterator[Memories]:
        """The journal with its tiers."""
        with open_memories(self.repo, self.folder / "work" / "tiers") as found:
            yield found

    def keep(self) -> None:
        """Remember how everything is."""
        shutil.copytree(self.folder / "work", self.folder / "spare", symlinks=True)

    def again(self) -> None:
        """Put everything back."""
        shutil.rmtree(self.folder / "work")
        shutil.copytree(self.folder / "spare", self.folder / "work", symlinks=True)

    def killed_at(self, number: int) -> bool:
        """Flush in a child process that dies at an effect, without any clean-up; False where it had ended before."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 warns of threads; the child starts none
            child = os.fork()
        if not child:
            try:
                with self.open() as memories, effects(memories, number, lambda: os._exit(KILLED)):
                    memories.tier.flush()
            finally:
                os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED

    def state(self, memories: Memories) -> dict[str, Any]:
        """What the journal and all tiers say, and what Git sees."""
        entries = self.repo.path / "journal/entries"
        page = memories.parts.catalogue.page("", ALWAYS, below=True)
        return {
            "entries": {str(file.relative_to(entries)): file.read_bytes() for file in entries.rglob("*.md")},
            "catalogue": {one.memory.id: (one.memory.data, one.base) for one in page},
            "copies": {one.memory.key: memories.copy(one.memory.key) for one in page},
            "owed": memories.owed(),
            "commits": int(self.repo.git("rev-list", "--count", "HEAD")),
            "status": self.repo.git("status", "--short"),
            "conflicts": sorted(one.name for one in (self.repo.path / "journal/conflicts").glob("*.json")),
        }


@pytest.fixture
def busy(tmp_path: Path) -> Scene:
    """Every kind of change: new, changed, merged, forgotten, large, in conflict."""
    scene = Scene(tmp_path)
    scene.repo.write("journal/entries/2025-04-05-a.md", entry_text())
    scene.repo.write("journal/memories.json", "[]\n")
    scene.repo.commit("start")
    with scene.open() as memories:
        for key in ("changed", "merged", "clashing", "gone"):
            memories.remember(key, {"a": 1, "b": 1})
        memories.flush(written=4)
        memories.edit("merged", '"a": 1', '"a": 2')
        memories.edit("clashing", '"a": 1', '"a": 2')
        memories.remember("changed", {"a": 3, "b": 1})
        memories.remember("merged", {"a": 1, "b": 3})
        memories.remember("clashing", {"a": 3, "b": 1})
        memories.forget("gone")
        memories.remember("new", "a new one")
        memories.remember("large", "a line of many\n" * 9_000)
    scene.keep()
    return scene


class TestKilled:
    """A flush that dies before or behind any of its effects, and is run again."""

    def test_the_next_flush_reaches_the_same_end(self, busy: Scene) -> None:
        with busy.open() as memories:
            memories.flush(written=3, merged=1, deleted=1, conflict=1)
            memories.flush(conflict=1)
            expected = busy.state(memories)
        assert (expected["owed"], expected["status"]) == (["clashing"], "")
        killed = 0
        for number in range(0, 1_000, 1 if THOROUGH else 9):
            busy.again()
            if not busy.killed_at(number):
                break
            killed += 1
            with busy.open() as memories:
                memories.tier.flush()
                memories.tier.flush()
                assert busy.state(memories) == expected, f"killed at effect {number}"
        assert killed > 5

    def test_what_is_said_between_the_crash_and_the_next_flush_is_kept(self, busy: Scene) -> None:
        for number in range(2, 1_000, 3 if THOROUGH else 17):
            busy.again()
            if not busy.killed_at(number):
                break
            with busy.open() as memories:
                memories.remember("changed", {"a": 3, "b": 4})
                memories.remember("merged", {"a": 1, "b": 5})
                memories.forget("new")
                memories.remember("later", "said after the crash")
                memories.tier.flush()
                memories.tier.flush()
                said = {key: memories.value(key) for key in ("changed", "new", "later", "gone")}
                assert said == {"changed": {"a": 3, "b": 4}, "new": None, "later": "said after the crash", "gone": None}
                assert memories.value("merged")["b"] in (3, 5), f"killed at effect {number}"
                told = memories.repo.git("log", "-p", "--", "journal")
                assert '"b": 5' in told, f"killed at effect {number}"

    def test_a_person_who_deletes_what_was_just_flushed_is_obeyed(self, busy: Scene) -> None:
        """Once the commit is made, the journal had the memory: that the tiers were not told must not bring it back."""
        for number in range(10, 1_000, 2 if THOROUGH else 5):
            busy.again()
            if not busy.killed_at(number):
                break
            with busy.open() as memories:
                path = busy.repo.path / memories.path("new")
                if "Remember" not in busy.repo.git("log", "-1", "--format=%s") or not path.exists():
                    continue
                busy.repo.git("rm", "-q", memories.path("new"))
                busy.repo.git("commit", "-q", "-m", "not that")
                memories.tier.flush()
                assert (memories.value("new"), memories.copy("new")) == (None, None), f"killed at effect {number}"
                return
        pytest.fail("no crash came behind the commit")


class TestOthers:
    """Others who are at work at the same moment."""

    def test_the_branch_moves_while_a_flush_runs(self, busy: Scene) -> None:
        with busy.open() as memories:
            moved = []

            def move() -> None:
                moved.append(busy.repo.git("commit", "-q", "--allow-empty", "-m", "of somebody else"))

            with effects(memories, 24, move):
                done = memories.tier.flush()
            assert moved
            assert done.count(Outcome.WRITTEN) == 3
            subjects = busy.repo.git("log", "-3", "--format=%s").splitlines()
            assert subjects[:2] == ["Remember: 3 written, 1 merged, 1 deleted, 1 in conflict", "of somebody else"]
            assert busy.repo.git("status", "--short") == ""

    def test_two_flushes_at_once_write_everything_once(self, busy: Scene) -> None:
        found: list[Flushed | RetryError] = []

        def flush() -> None:
            with busy.open() as memories:
                try:
                    found.append(memories.tier.flush())
                except RetryError as error:
                    found.append(error)

        threads = [threading.Thread(target=flush) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        written = [one.count(Outcome.WRITTEN) for one in found if isinstance(one, Flushed)]
        assert sorted(written) in ([0, 3], [3])
        assert busy.repo.git("log", "--format=%s", "--grep=^Remember: 3 written").count("Remember") == 1

    def test_writers_go_on_while_a_flush_runs(self, busy: Scene) -> None:
        with busy.open() as memories:
            stop, count = threading.Event(), [0]

            def write() -> None:
                with busy.open() as others:
                    while not stop.is_set():
                        others.remember("busy", {"n": count[0]})
                        count[0] += 1

            thread = threading.Thread(target=write)
            thread.start()
            try:
                for _ in range(3):
                    memories.tier.flush()
            finally:
                stop.set()
                thread.join()
            memories.tier.flush()
            assert memories.value("busy") == {"n": count[0] - 1}
            assert memories.owed() == ["clashing"]
