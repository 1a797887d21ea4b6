"""One lock for a repository: it is waited for, taken over when it is stale, and never stolen."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.errors import JournalError, RetryError
from sync.repository import lock as lock_module
from sync.repository.lock import lock, read_holder

HERE = socket.gethostname()
COUNTING = """
import sys
from pathlib import Path
from sync.repository.lock import lock
folder, counter = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(5):
    with lock(folder, wait_s=60):
        counter.write_text(str(int(counter.read_text()) + 1))
"""
HOLDING = """
import sys
from pathlib import Path
from sync.repository.lock import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def write_lock(folder: Path, **changes: Any) -> bytes:
    """Put the lock of somebody else there; by default of a living process on this machine with time left."""
    with tempfile.TemporaryDirectory() as elsewhere, lock(Path(elsewhere)):
        mine = read_holder(Path(elsewhere))
    assert mine is not None
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(asdict(mine) | {"token": "theirs"} | changes).encode()
    (folder / "lock").write_bytes(data)
    return data


def dead_pid() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def waiting_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves by what is slept, and sleeping that does not."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    clock = SimpleNamespace(time=time.time, monotonic=lambda: now[0], sleep=sleep)
    monkeypatch.setattr(lock_module, "time", clock)


def test_a_lock_names_its_holder(tmp_path: Path) -> None:
    with lock(tmp_path):
        holder = read_holder(tmp_path)
    assert holder is not None
    assert (holder.pid, holder.host, holder.expires > time.time()) == (os.getpid(), HERE, True)


def test_a_lock_is_gone_afterwards(tmp_path: Path) -> None:
    with lock(tmp_path):
        pass
    assert read_holder(tmp_path) is None


def test_a_lock_is_gone_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock(tmp_path):
        raise ZeroDivisionError
    assert read_holder(tmp_path) is None


def test_eight_processes_never_work_at_once(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNTING, str(tmp_path / "lock"), str(counter)]
    processes = [subprocess.Popen(command) for _ in range(8)]
    codes = [process.wait() for process in processes]
    assert (codes, counter.read_text()) == ([0] * 8, "40")


def test_the_lock_of_a_living_process_is_waited_for(tmp_path: Path) -> None:
    write_lock(tmp_path)
    with pytest.raises(RetryError), lock(tmp_path, wait_s=0):
        pass


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    write_lock(tmp_path, pid=dead_pid())
    with lock(tmp_path, wait_s=0):
        holder = read_holder(tmp_path)
    assert holder is not None
    assert holder.pid == os.getpid()


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert read_holder(tmp_path) is not None
    with lock(tmp_path, wait_s=0):
        pass


def test_a_lock_is_got_as_soon_as_its_holder_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lock(tmp_path)
    clock = SimpleNamespace(
        time=time.time, monotonic=time.monotonic, sleep=lambda _seconds: (tmp_path / "lock").unlink(missing_ok=True)
    )
    monkeypatch.setattr(lock_module, "time", clock)
    with lock(tmp_path):
        assert read_holder(tmp_path) is not None


def test_the_expired_lock_of_another_machine_is_taken_over(tmp_path: Path) -> None:
    write_lock(tmp_path, host="another-machine", expires=time.time() - 1)
    with lock(tmp_path, wait_s=0):
        assert read_holder(tmp_path) is not None


def test_a_living_process_keeps_its_lock_however_long_it_takes(tmp_path: Path) -> None:
    write_lock(tmp_path, expires=time.time() - 1)
    with pytest.raises(RetryError), lock(tmp_path, wait_s=0):
        pass


def test_the_lock_of_a_dead_process_whose_number_was_given_again_is_taken_over(tmp_path: Path) -> None:
    write_lock(tmp_path, started="12345")
    with lock(tmp_path, wait_s=0):
        assert read_holder(tmp_path) is not None


def test_the_lock_of_another_machine_is_not_taken_over(tmp_path: Path) -> None:
    write_lock(tmp_path, host="another-machine", pid=dead_pid())
    with pytest.raises(RetryError), lock(tmp_path, wait_s=0):
        pass


def test_the_lock_of_another_machine_is_never_deleted(tmp_path: Path) -> None:
    before = write_lock(tmp_path, host="another-machine", pid=dead_pid())
    with pytest.raises(RetryError), lock(tmp_path, wait_s=0):
        pass
    assert (tmp_path / "lock").read_bytes() == before


def test_whoever_holds_the_lock_is_named(tmp_path: Path) -> None:
    write_lock(tmp_path, host="another-machine", pid=77)
    with pytest.raises(RetryError, match="process 77 on another-machine"), lock(tmp_path, wait_s=0):
        pass


def test_the_hint_names_the_file_to_delete(tmp_path: Path) -> None:
    write_lock(tmp_path, host="another-machine")
    with pytest.raises(RetryError) as caught, lock(tmp_path, wait_s=0):
        pass
    assert str(tmp_path / "lock") in caught.value.hint


def test_a_lock_that_somebody_took_over_is_not_deleted(tmp_path: Path) -> None:
    with lock(tmp_path):
        theirs = write_lock(tmp_path)
    assert (tmp_path / "lock").read_bytes() == theirs


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[]", b"null", b'{"pid": 1}', b"\xff", b'{"pid": "x", "host": 1, "expires": 0, "token": 1}']
)
def test_a_lock_that_was_never_finished_is_taken_over(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "lock").write_bytes(garbage)
    with lock(tmp_path, wait_s=0):
        assert read_holder(tmp_path) is not None


@pytest.mark.parametrize("pid", [10**20, -(10**20)])
def test_a_lock_with_an_impossible_process_is_taken_over(tmp_path: Path, pid: int) -> None:
    write_lock(tmp_path, pid=pid)
    with lock(tmp_path, wait_s=0):
        assert read_holder(tmp_path) is not None


@pytest.mark.parametrize("pid", [0, -1])
def test_a_lock_without_a_process_is_taken_over(tmp_path: Path, pid: int) -> None:
    write_lock(tmp_path, pid=pid)
    with lock(tmp_path, wait_s=0):
        assert read_holder(tmp_path) is not None


def test_no_file_is_left_but_the_one_that_guards(tmp_path: Path) -> None:
    write_lock(tmp_path, pid=dead_pid())
    with lock(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["lock.guard"]


COMMANDS = [["export"], ["import"], ["new", "x"], ["create", "--entry", "journal/entries/a.md"], ["init"], ["sync"]]


@pytest.fixture
def busy(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository in which another machine is at work."""
    repo.write("journal/entries/a.md", entry_text())
    repo.write(".augment/memories/x.json", '[{"text": "Build: x"}]')
    write_lock(repo.path / ".git/journal", host="another-machine")
    waiting_takes_no_time(monkeypatch)
    return repo


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_a_command_that_writes_ends_with_four(busy: Repo, command: list[str]) -> None:
    assert busy.journal(*command, code=None).exit_code == 4


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_a_command_that_has_to_wait_in_vain_writes_nothing(busy: Repo, command: list[str]) -> None:
    before = busy.git("status", "--porcelain", "--untracked-files=all")
    busy.journal(*command, code=4)
    assert busy.git("status", "--porcelain", "--untracked-files=all") == before


@pytest.mark.parametrize(
    "command", [["export", "--check"], ["export", "--dry-run"], ["validate"], ["query", "learned"]]
)
def test_a_command_that_only_reads_does_not_wait(busy: Repo, command: list[str]) -> None:
    assert busy.journal(*command, code=None).exit_code in {0, 1}


def refuse_at(patch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Let the n-th call of a function of `os` fail as on a full disk."""
    real, calls = getattr(os, name), iter(range(1, 100))

    def refusing(*arguments: Any, **options: Any) -> Any:
        if next(calls) == number:
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    patch.setattr(os, name, refusing)


REFUSALS = [("replace", 1), ("fsync", 1), ("fsync", 2), ("write", 1)]


@pytest.mark.parametrize(("name", "number"), REFUSALS)
def test_a_disk_that_refuses_the_lock_is_an_error_and_not_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    refuse_at(monkeypatch, name, number)
    with pytest.raises(JournalError), lock(tmp_path):
        pass


@pytest.mark.parametrize(("name", "number"), REFUSALS)
def test_a_disk_that_refuses_the_lock_leaves_nothing_behind(tmp_path: Path, name: str, number: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        refuse_at(patch, name, number)
        with pytest.raises((OSError, JournalError)), lock(tmp_path):
            pass
    assert {path.name for path in tmp_path.iterdir()} <= {"lock.guard"}


def test_a_lock_folder_that_is_a_file_is_an_error_and_not_a_bug(repo: Repo) -> None:
    repo.write(".git/journal", "a file\n")
    assert repo.journal("export", code=None).exit_code == 2
