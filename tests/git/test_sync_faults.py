"""A sync that is killed at any moment, or meets others at any moment, loses nothing and resurrects nothing."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo
from syncing import ENTRIES, STORES, Synced, entry_of, make_synced

import sync.engine.place
import sync.operations.sync
import sync.repository.exchange
from sync.repository import git

each_store = pytest.mark.parametrize("store", STORES)

CALLS = ("replace", "rename", "link", "unlink", "rmdir", "mkdir")
NEED_SPACE = ("replace", "rename", "link", "mkdir")
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
THOROUGH = bool(os.environ.get("JOURNAL_THOROUGH"))
KILLED = 99


class Effects:
    """Everything a sync does to the disk, counted; `at` is called before one of them.

    Args:
        number: which effect, from 0.
        at: what happens there.
        calls: the functions of `os` that count.
    """

    def __init__(self, number: int, at: Callable[[], None], calls: Sequence[str] = CALLS) -> None:
        self.count, self._number, self._at, self._calls = 0, number, at, calls

    def _next(self) -> None:
        self.count += 1
        if self.count == self._number + 1:
            self._at()

    @contextlib.contextmanager
    def watched(self) -> Iterator[Effects]:
        """Count while this is open."""
        with pytest.MonkeyPatch.context() as patch:
            for name in self._calls:
                patch.setattr(os, name, self._counted(getattr(os, name)))
            real_exchange, real_run = sync.repository.exchange._rename_with, subprocess.run

            def exchange(*arguments: Any) -> bool:
                self._next()
                return real_exchange(*arguments)

            def run(command: list[str], **options: Any) -> Any:
                if set(command) & set(WRITING):
                    self._next()
                return real_run(command, **options)

            patch.setattr(sync.repository.exchange, "_rename_with", exchange)
            patch.setattr(git.subprocess, "run", run)  # type: ignore[attr-defined]
            yield self

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self._next()
            return real(*arguments, **options)

        return call


def killed_at(synced: Synced, number: int) -> bool:
    """Run a sync in a child process that dies at an effect, without any clean-up; False where it had ended before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of threads; the child starts none
        child = os.fork()
    if not child:
        try:
            with Effects(number, lambda: os._exit(KILLED)).watched():
                synced.repo.journal("sync", code=None)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def state(synced: Synced) -> dict[str, Any]:
    """What journal and stores say, and whether Git sees anything that is not committed."""
    entries = {name: synced.entry(name) for name in synced.names()}
    stores = {name: box.said() for name, box in synced.boxes.items()}
    return {"entries": entries, "stores": stores, "conflicts": synced.conflicts(), "status": synced.status()}


def make_busy(repo: Repo, *stores: str, ignored: str | None = None) -> Synced:
    """A repository and stores with every kind of change on either side, one conflict and one record to skip."""
    options = {} if ignored is None else {"ignored": ignored}
    synced = make_synced(repo, *stores, entries=8, **options)
    repo.journal("export")
    repo.commit("with memories")
    synced.sync()
    synced.edit_entry("e2", "e2 second", "e2 of the journal")
    synced.write_entry("new-journal", "a fact of the journal")
    repo.git("rm", "-q", f"{ENTRIES}/e4.md")
    repo.git("mv", f"{ENTRIES}/e6.md", f"{ENTRIES}/moved.md")
    text = synced.entry("e5").replace("e5 second", "e5 of the journal")
    repo.write(f"{ENTRIES}/e5.md", text)
    repo.git("add", "journal")
    repo.git("commit", "-q", "-m", "every kind of change")
    for name, box in synced.boxes.items():
        box.append("e1", f"e1 of {name}")
        box.add(f"new-{name}", f"a fact of {name}")
    box = next(iter(synced.boxes.values()))
    box.delete("e3")
    box.rename("e7", "renamed")
    box.edit("e5", "e5 second", "e5 of the store")
    box.add("odd", "a bell: \x07")
    return synced


class Scene:
    """A prepared repository that can be put back to how it was.

    Args:
        synced: the repository.
        spare: a folder for the copy.
    """

    def __init__(self, synced: Synced, spare: Path) -> None:
        self.synced, self._spare = synced, spare
        shutil.copytree(synced.repo.path, spare, symlinks=True)

    def again(self) -> Synced:
        """The repository as it was."""
        shutil.rmtree(self.synced.repo.path)
        shutil.copytree(self._spare, self.synced.repo.path, symlinks=True)
        return self.synced


def quick_settling(patch: pytest.MonkeyPatch) -> None:
    """A store that others may write to is watched for a shorter time."""
    patch.setattr(sync.engine.place, "SETTLE_S", 0.001)


class TestKilled:
    """A sync that dies before any of its effects, and is run again."""

    @pytest.mark.parametrize("kept", ["private", "tracked"])
    @each_store
    def test_the_next_run_reaches_the_same_end(
        self, repo: Repo, store: str, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quick_settling(monkeypatch)
        scene = Scene(make_busy(repo, store, ignored="" if kept == "tracked" else None), tmp_path / "spare")
        before = worktree(scene.synced)
        scene.synced.sync(code=1)
        scene.synced.sync(code=1)
        expected, after = state(scene.synced), worktree(scene.synced)
        assert expected["status"] == ""
        # Every effect is somebody's: the stores take turns.
        for number in points(scene, step=3 if kept == "private" else 9, start=STORES.index(store)):
            synced = scene.again()
            if not killed_at(synced, number):
                break
            for path, data in worktree(synced).items():
                assert data in (before.get(path), after.get(path)), f"{path} at effect {number}"
            synced.sync(code=1)
            assert state(synced) == expected, f"killed at effect {number}"

    @each_store
    def test_what_is_said_between_the_crash_and_the_next_run_is_kept(
        self, repo: Repo, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quick_settling(monkeypatch)
        scene = Scene(make_busy(repo, store), tmp_path / "spare")
        for number in points(scene, step=8):
            synced = scene.again()
            if not killed_at(synced, number):
                break
            synced.box.append("e1", "e1 said after the crash")
            synced.box.delete("e8")
            synced.box.add("later", "later fact")
            synced.repo.git("commit", "-q", "-a", "--allow-empty", "-m", "the person commits what is there")
            synced.sync(code=None)
            synced.sync(code=None)
            known = synced.repo.git("grep", "-h", "", "HEAD", "--", "journal/")
            own = [f"e1 of {store}", f"a fact of {store}", "e1 said after the crash", "later fact", "e5 of the store"]
            for fact in (*own, "a fact of the journal", "e2 of the journal", "e5 of the journal"):
                assert fact in known, f"{fact!r} is lost after a crash at effect {number}"
            assert not {"e3", "e4", "e8"} & (synced.names() | set(synced.box.said())), f"effect {number}"

    def test_an_import_in_the_same_run(self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        quick_settling(monkeypatch)
        synced = make_synced(repo, "augment", entries=2)
        note = {"text": "What another program remembered.", "metadata": {"date": "2025-04-05"}}
        synced.box.path.with_name("notes.json").write_text(json.dumps([note]), encoding="utf-8")
        synced.box.append("e1", "e1 of augment")
        scene = Scene(synced, tmp_path / "spare")
        scene.synced.sync()
        expected = lines_of(scene.synced)
        for number in points(scene, step=5):
            synced = scene.again()
            if not killed_at(synced, number):
                break
            synced.sync(code=None)
            synced.sync()
            found = state(synced)
            assert lines_of(synced) == expected, number
            assert len(found["entries"]) == len(found["stores"]["augment"]) == 3, number
            assert found["status"] == "", f"killed at effect {number}"

    def test_all_stores_at_once(self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        quick_settling(monkeypatch)
        scene = Scene(make_busy(repo, *STORES), tmp_path / "spare")
        scene.synced.sync(code=1)
        scene.synced.sync(code=1)
        expected = state(scene.synced)
        for number in points(scene, step=37):
            synced = scene.again()
            if not killed_at(synced, number):
                break
            synced.sync(code=1)
            assert state(synced) == expected, f"killed at effect {number}"

    def test_a_real_process_that_is_killed_at_random_moments(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quick_settling(monkeypatch)
        scene = Scene(make_busy(repo, *STORES), tmp_path / "spare")
        started = time.monotonic()
        scene.synced.sync(code=1)
        took = time.monotonic() - started
        scene.synced.sync(code=1)
        expected = state(scene.synced)
        dice = random.Random(1)
        for _ in range(60 if THOROUGH else 4):
            synced = scene.again()
            command = [sys.executable, "-m", "sync", "-C", str(synced.repo.path), "sync"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=root())
            time.sleep(0.1 + dice.random() * 1.5 * took)
            process.send_signal(signal.SIGKILL)
            process.wait()
            wait_for_git(synced)
            synced.sync(code=1)
            assert state(synced) == expected


class TestRefused:
    """A disk that refuses one effect: the run fails and says so, the next one reaches the same end."""

    @each_store
    def test_the_next_run_reaches_the_same_end(
        self, repo: Repo, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quick_settling(monkeypatch)
        scene = Scene(make_busy(repo, store), tmp_path / "spare")
        scene.synced.sync(code=1)
        scene.synced.sync(code=1)
        expected = state(scene.synced)

        def refuse() -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        for number in points(scene, step=7):
            synced = scene.again()
            with Effects(number, refuse, NEED_SPACE).watched():
                synced.repo.journal("sync", code=None)
            synced.sync(code=1)
            assert state(synced) == expected, f"refused at effect {number}"


class TestLostRace:
    """Somebody else does something at the worst moment."""

    @each_store
    @pytest.mark.parametrize("what", ["edit", "add", "delete"])
    def test_the_store_changes_at_any_effect(
        self, repo: Repo, store: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quick_settling(monkeypatch)
        scene = Scene(make_synced(repo, store, entries=4), tmp_path / "spare")

        def say() -> None:
            box = scene.synced.box
            {
                "edit": lambda: box.edit("e1", "e1 third", "e1 said meanwhile"),
                "add": lambda: box.add("meanwhile", "e1 said meanwhile"),
                "delete": lambda: box.delete("e3"),
            }[what]()

        for number in range(STORES.index(store), 200, 1 if THOROUGH else 7):
            synced = scene.again()
            synced.edit_entry("e2", "e2 second", "of the journal")
            synced.box.edit("e4", "e4 second", "of the store")
            synced.box.add("new", "new first")
            effects = Effects(number, say)
            with effects.watched():
                synced.repo.journal("sync", code=None)
            if effects.count <= number:
                break
            synced.sync()
            synced.sync()
            said = synced.box.said()
            assert said["e2"][1] == "of the journal", number
            assert said["e4"][1] == "of the store", number
            assert set(said) == synced.names(), number
            for key, lines in said.items():
                assert [line for line in lines if line not in synced.entry(key)] == [], (key, number)
            if what == "delete":
                assert "e3" not in said, number
            else:
                assert any("e1 said meanwhile" in lines for lines in said.values()), number
            assert synced.status() == ""

    @each_store
    def test_the_person_commits_at_any_effect(
        self, repo: Repo, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quick_settling(monkeypatch)
        scene = Scene(make_synced(repo, store, entries=4), tmp_path / "spare")

        def commit() -> None:
            text = entry_of("e1", "e1 first", "e1 of the person", "e1 third")
            scene.synced.repo.write(f"{ENTRIES}/e1.md", text)
            scene.synced.repo.git("commit", "-q", "-m", "meanwhile", "--", f"{ENTRIES}/e1.md", check=False)

        for number in range(STORES.index(store), 200, 1 if THOROUGH else 9):
            synced = scene.again()
            synced.box.edit("e4", "e4 second", "of the store")
            synced.box.add("new", "new first")
            effects = Effects(number, commit)
            with effects.watched():
                synced.repo.journal("sync", code=None)
            if effects.count <= number:
                break
            if synced.status():
                synced.repo.commit("the person commits the rest")
            synced.sync()
            synced.sync()
            assert synced.box.said()["e1"][1] == "e1 of the person", number
            assert "of the store" in synced.entry("e4"), number
            assert "new first" in synced.entry("new"), number
            assert synced.status() == ""

    @each_store
    def test_a_write_after_the_base_has_moved_is_seen_next_time(
        self, repo: Repo, store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e2", "e2 second", "of the journal")
        real = vars(sync.operations.sync)["remember"]

        def remember(*arguments: Any) -> None:
            synced.box.append("e1", "said meanwhile")
            time.sleep(0.05)  # so that the file is not fresh any more
            real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(sync.operations.sync, "remember", remember)
            synced.sync()
        synced.sync()
        assert "said meanwhile" in synced.entry("e1")

    def test_two_files_of_a_folder_change_while_it_is_written(
        self, repo: Repo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced = make_synced(repo, "claude")
        synced.edit_entry("e1", "e1 first", "of the journal")
        synced.edit_entry("e2", "e2 first", "of the journal")
        real = sync.repository.exchange._rename_with
        done: list[Path] = []

        def exchange(flag: int, source: Path, target: Path) -> bool:
            if target.name == "e1.md" and not done:
                done.append(target)
                synced.box.edit("e1", "e1 third", "e1 said meanwhile")
                synced.box.edit("e2", "e2 third", "e2 said meanwhile")
            return real(flag, source, target)

        monkeypatch.setattr(sync.repository.exchange, "_rename_with", exchange)
        synced.sync(code=None)
        synced.sync(code=None)
        for name in ("e1", "e2"):
            assert synced.box.said()[name] == ["of the journal", f"{name} second", f"{name} said meanwhile"]
            assert f"{name} said meanwhile" in synced.entry(name)

    @each_store
    def test_a_writer_that_kept_the_file_open_is_heard(
        self, repo: Repo, store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e2", "e2 first", "of the journal")
        file = synced.box.path / "e2.md" if store == "claude" else synced.box.path
        text = file.read_text(encoding="utf-8").replace("e2 third", "e2 3rd!!").encode()
        handle = os.open(file, os.O_RDWR)
        real = sync.repository.exchange._rename_with

        def exchange(flag: int, source: Path, target: Path) -> bool:
            found = real(flag, source, target)
            if target == file:
                os.pwrite(handle, text, 0)
            return found

        monkeypatch.setattr(sync.repository.exchange, "_rename_with", exchange)
        synced.sync(code=None)
        monkeypatch.undo()
        os.close(handle)
        synced.sync(code=None)
        assert synced.box.said()["e2"] == ["of the journal", "e2 second", "e2 3rd!!"]
        assert "e2 3rd!!" in synced.entry("e2")

    @each_store
    def test_somebody_holds_the_index(self, repo: Repo, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sync.repository.checkout._TRIES", 2)
        synced = make_synced(repo, store)
        held = repo.write(".git/index.lock", "")
        synced.box.edit("e1", "e1 second", "of the store")
        head, text = synced.head(), synced.entry("e1")
        assert "another git command holds the index" in " ".join(synced.sync(code=4).output.split())
        assert (synced.head(), synced.entry("e1")) == (head, text)
        assert held.exists()
        held.unlink()
        synced.sync()
        assert "of the store" in synced.entry("e1")
        assert synced.status() == ""

    @each_store
    def test_somebody_holds_the_branch(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        held = repo.write(".git/refs/heads/main.lock", "")
        synced.box.edit("e1", "e1 second", "of the store")
        before = synced.everything()
        synced.sync(code=4)
        assert synced.everything() == before
        held.unlink()
        synced.sync()
        assert "of the store" in synced.entry("e1")

    def test_another_run_is_at_work(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        synced = make_synced(repo, "mcp")
        from sync.repository.lock import lock

        monkeypatch.setattr("sync.repository.lock.WAIT_S", 0.1)
        monkeypatch.setattr(sync.operations.sync, "lock", lambda folder: lock(folder, wait_s=0.1))
        synced.box.append("e1", "more")
        with lock(repo.path / ".git/journal"):
            before = synced.everything()
            assert "is at work" in synced.sync(code=4).output
            assert synced.everything() == before


WRITER = """
import json, os, sys, time
from pathlib import Path
path, me, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    while True:  # the writers know of each other; of the sync they do not
        try:
            os.close(os.open(f"{path}.writers", os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            time.sleep(0.002)
    try:
        items = [json.loads(line) for line in path.read_text("utf-8").split("\\n") if line.strip()]
        one = next(one for one in items if one.get("name") == me)
        one["observations"].append(f"{me} fact {number}")
        text = "\\n".join(json.dumps(one, separators=(",", ":")) for one in items)
        temporary = Path(f"{path}.{me}.tmp")
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    finally:
        os.unlink(f"{path}.writers")
    time.sleep(0.01)
"""


class TestCrowd:
    """Many at once."""

    def test_eight_syncs_at_once_do_what_one_does(self, repo: Repo) -> None:
        synced = make_busy(repo, *STORES)
        command = [sys.executable, "-m", "sync", "-C", str(repo.path), "sync"]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=root()) for _ in "12345678"
        ]
        printed = [process.communicate()[0] for process in running]
        assert {process.returncode for process in running} <= {1, 4}, printed
        synced.sync(code=1)
        assert synced.status() == ""
        subjects = repo.git("log", "--format=%s").split("\n")
        assert len([one for one in subjects if one.startswith("Take over from augment: ")]) == 1
        assert "a fact of augment" in str(synced.boxes["mcp"].said())

    def test_every_write_of_eight_writers_ends_in_the_journal(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp", entries=1)
        for writer in range(8):
            synced.box.add(f"w{writer}", f"w{writer} starts")
        synced.sync()
        each = 60 if THOROUGH else 20
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(synced.box.path), f"w{writer}", str(each)])
            for writer in range(8)
        ]
        command = [sys.executable, "-m", "sync", "-C", str(repo.path), "sync"]
        while any(writer.poll() is None for writer in writers):
            pair = [
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=root()) for _ in "12"
            ]
            printed = [process.communicate()[0].decode() for process in pair]
            assert {process.returncode for process in pair} <= {0, 1, 4}, printed
            synced.edit_entry("e1", "e1 first", "e1 first!")
        assert [writer.returncode for writer in writers] == [0] * 8
        synced.sync(code=None)
        said = synced.box.said()
        told = synced.repo.git("grep", "-h", "", "HEAD", "--", "journal/").replace("HEAD:", "")
        facts = [f"w{writer} fact {number}" for writer in range(8) for number in range(each)]
        assert [fact for fact in facts if fact not in told] == []
        if not synced.conflicts():
            assert [fact for fact in facts if fact not in str(said)] == []


def lines_of(synced: Synced) -> set[str]:
    """The lines of all entries, less the hour at which one was made."""
    texts = (synced.entry(name) for name in synced.names())
    return {line for text in texts for line in text.split("\n") if not line.startswith("heure:")}


def points(scene: Scene, *, step: int = 1, start: int = 0) -> range:
    """The effects at which a run is stopped: all of them, or one in so many."""
    synced = scene.again()
    effects = Effects(-1, lambda: None)
    with effects.watched():
        synced.repo.journal("sync", code=None)
    return range(0 if THOROUGH else start, effects.count + 1, 1 if THOROUGH else step)


def worktree(synced: Synced) -> dict[str, bytes | None]:
    """The entries of the work tree, and the stores' files, less what a killed run left under other names."""
    root = synced.repo.path
    files = [
        *(root / ENTRIES).rglob("*.md"),
        *(root / "claude").glob("*.md"),
        *root.glob("mcp/*"),
        *root.glob(".augment/*/*"),
    ]
    return {str(file.relative_to(root)): file.read_bytes() for file in files if not file.name.endswith(".tmp")}


def wait_for_git(synced: Synced) -> None:
    """Until commands of Git that a killed process had started have ended."""
    for _ in range(100):
        if not (synced.repo.path / ".git/index.lock").exists():
            return
        time.sleep(0.02)


def root() -> Path:
    """Where the package is."""
    return Path(sync.engine.place.__file__).parents[2]
