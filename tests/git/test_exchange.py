"""Replacing a file that others write: every write is in the file afterwards, or was handed to us."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from sync.errors import RetryError, UsageError
from sync.repository import exchange
from sync.repository.exchange import Displaced, snapshot, swap

OLD, NEW, OTHER = b"old\n", b"new\n", b"other\n"
APPENDER = """\
import itertools, os, sys
path = sys.argv[1]
go = os.path.join(os.path.dirname(path), "go")
print("ready", flush=True)
for number in itertools.count():
    with open(path, "ab", buffering=0) as file:
        file.write(b"line %d\\n" % number)
    print(number, flush=True)
    if not os.path.exists(go):
        break
"""


@pytest.fixture(params=["exchange", "links only", "neither"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system that exchanges names, one that has links only, and a disk that has not even those."""
    if request.param != "exchange":
        monkeypatch.setattr(exchange, "_system_rename", without_exchange(has_links=request.param == "links only"))
    if request.param == "neither":
        monkeypatch.setattr(os, "link", refuse)
    return str(request.param)


on_every_system = pytest.mark.usefixtures("system")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a folder of its own."""
    path = tmp_path / "store" / "memories"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def without_exchange(*, has_links: bool) -> Callable[[], Callable[[bytes, bytes, int], int]]:
    """A rename that knows one flag at most."""
    real = exchange._system_rename()
    assert real is not None

    def rename(source: bytes, target: bytes, flag: int) -> int:
        if flag == exchange._NOREPLACE and not has_links:
            return real(source, target, flag)
        ctypes.set_errno(errno.EINVAL)
        return -1

    return lambda: rename


def refuse(*_: object, **__: object) -> None:
    """What a disk without links says."""
    raise OSError(errno.EPERM, "Operation not permitted")


def content(path: Path) -> bytes | None:
    """A file's bytes, or None; and nothing of ours lies beside it."""
    assert [one.name for one in path.parent.glob(".journal-*")] == []
    return path.read_bytes() if path.exists() else None


def intrude(monkeypatch: pytest.MonkeyPatch, path: Path, data: bytes | None) -> None:
    """Another program replaces the file right before the names are exchanged, or deletes it."""
    real = exchange._temporary

    def late(*arguments: object) -> object:
        made = real(*arguments)  # type: ignore[arg-type]
        if data is None:
            path.unlink()
        else:
            theirs = path.with_name("theirs")
            theirs.write_bytes(data)
            path.with_name("inode").write_text(str(theirs.stat().st_ino))
            theirs.rename(path)
        return made

    monkeypatch.setattr(exchange, "_temporary", late)


# a file as it was read


def test_a_snapshot_holds_the_bytes_and_what_comes_later(file: Path) -> None:
    with snapshot(file) or pytest.fail("there is a file") as seen:
        before = seen.late()
        file.write_bytes(OTHER)
        assert (seen.data, before, seen.late()) == (OLD, None, OTHER)


def test_a_missing_file_has_no_snapshot(tmp_path: Path) -> None:
    assert snapshot(tmp_path / "none" / "x") is None


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", "below a file"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("target")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"")
        path /= "y"
    with pytest.raises(UsageError):
        snapshot(path)


# swapping


@on_every_system
@pytest.mark.parametrize(
    ("expected", "new"), [(OLD, NEW), (OLD, None), (OLD, b""), (None, NEW), (None, None), (OLD, OLD)]
)
def test_a_swap_puts_in_and_hands_over(file: Path, expected: bytes | None, new: bytes | None) -> None:
    if expected is None:
        file.unlink()
    with swap(file, new, expected) as displaced:
        assert (content(file), displaced.data, displaced.late()) == (new, expected, None)


@on_every_system
@pytest.mark.parametrize("present", [OTHER, None])
@pytest.mark.parametrize("new", [NEW, None])
def test_a_file_that_is_not_as_expected_is_left_alone(file: Path, present: bytes | None, new: bytes | None) -> None:
    file.unlink()
    if present is not None:
        file.write_bytes(present)
    with pytest.raises(RetryError, match="memories"):
        swap(file, new, OLD)
    assert content(file) == present


@on_every_system
def test_a_file_that_should_not_be_there_is_left_alone(file: Path) -> None:
    with pytest.raises(RetryError):
        swap(file, NEW, None)
    assert content(file) == OLD


@on_every_system
def test_a_swap_makes_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c"
    swap(path, NEW, None).close()
    assert content(path) == NEW


@on_every_system
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o400])
def test_the_permissions_are_kept(file: Path, mode: int) -> None:
    file.chmod(mode)
    swap(file, NEW, OLD).close()
    assert stat.S_IMODE(file.stat().st_mode) == mode


@on_every_system
def test_a_new_file_has_the_permissions_of_any_new_file(file: Path) -> None:
    usual = stat.S_IMODE(file.stat().st_mode)
    swap(file.with_name("x"), NEW, None).close()
    assert stat.S_IMODE(file.with_name("x").stat().st_mode) == usual


@pytest.mark.parametrize("new", [NEW, None])
def test_a_link_is_not_replaced(file: Path, new: bytes | None) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    with pytest.raises(UsageError, match="symbolic link"):
        swap(link, new, OLD)
    assert (link.is_symlink(), content(file)) == (True, OLD)


def test_a_system_without_such_a_call_is_served(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_system_rename", lambda: None)
    with swap(file, NEW, OLD) as displaced:
        assert (content(file), displaced.data) == (NEW, OLD)


def test_a_new_file_on_a_disk_that_can_do_nothing_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_system_rename", lambda: None)
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UsageError):
        swap(file.with_name("x"), NEW, None)
    assert content(file.with_name("x")) is None


# others at work


@on_every_system
def test_what_came_in_between_is_handed_over(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intrude(monkeypatch, file, OTHER)
    with swap(file, NEW, OLD) as displaced:
        assert (content(file), displaced.data) == (NEW, OTHER)


@on_every_system
@pytest.mark.parametrize("has_come", [True, False])
def test_an_exact_swap_takes_nothing_but_what_it_expects(
    file: Path, monkeypatch: pytest.MonkeyPatch, has_come: bool
) -> None:
    if has_come:
        intrude(monkeypatch, file, OTHER)
        with pytest.raises(RetryError):
            swap(file, NEW, OLD, exactly=True)
    else:
        swap(file, NEW, OLD, exactly=True).close()
    assert content(file) == (OTHER if has_come else NEW)


def test_an_exact_swap_puts_the_same_file_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intrude(monkeypatch, file, OTHER)
    with contextlib.suppress(RetryError):
        swap(file, NEW, OLD, exactly=True)
    inode = file.with_name("inode").read_text()
    assert str(file.stat().st_ino) == inode


@on_every_system
def test_a_file_that_vanished_in_between_is_not_brought_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intrude(monkeypatch, file, None)
    with pytest.raises(RetryError):
        swap(file, NEW, OLD)
    assert content(file) is None


@on_every_system
def test_a_file_that_appeared_in_between_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.unlink()
    intrude(monkeypatch, file, OTHER)
    with pytest.raises(RetryError):
        swap(file, NEW, None)
    assert content(file) == OTHER


def test_a_folder_that_took_the_files_place_is_put_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = exchange._temporary

    def late(*arguments: object) -> object:
        file.unlink()
        (file / "precious").mkdir(parents=True)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(exchange, "_temporary", late)
    with pytest.raises(UsageError):
        swap(file, NEW, OLD)
    assert (file / "precious").is_dir()


@on_every_system
@pytest.mark.parametrize("new", [NEW, None])
def test_what_an_open_file_is_given_afterwards_is_seen(file: Path, new: bytes | None) -> None:
    with open(file, "ab", buffering=0) as theirs, swap(file, new, OLD) as displaced:
        before = displaced.late()
        theirs.write(b"more\n")
        assert (before, displaced.late(), content(file)) == (None, OLD + b"more\n", new)


@pytest.mark.parametrize("name", ["fsync", "link", "open", "replace", "write", "rename", "pread"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(("expected", "new"), [(OLD, NEW), (OLD, None), (None, NEW)])
def test_a_swap_that_fails_leaves_the_file_as_it_was(
    file: Path,
    system: str,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    number: int,
    expected: bytes | None,
    new: bytes | None,
) -> None:
    if expected is None:
        file.unlink()
    real, calls = getattr(os, name), iter(range(1, 1000))

    def failing(*arguments: object, **options: object) -> object:
        if next(calls) == number:
            raise OSError(errno.EIO, "Input/output error")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing)
        try:
            swap(file, new, expected).close()
            allowed = new
        except UsageError:
            allowed = expected
    if not (system == "neither" and name in {"fsync", "open", "pread"}):
        assert content(file) == allowed
    assert content(file) in {expected, new}


@pytest.fixture
def appender(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that appends numbers to the file as fast as it can, while a file named `.go` is there."""
    file.with_name("go").touch()
    with subprocess.Popen([sys.executable, "-c", APPENDER, str(file)], stdout=subprocess.PIPE) as process:
        stdout_of(process).readline()
        yield process
        process.kill()


def stdout_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    """What a process prints."""
    assert process.stdout is not None
    return process.stdout


def swap_soon(file: Path, new: bytes) -> Displaced:
    """Swap as soon as nobody is quicker."""
    while True:
        with snapshot(file) or pytest.fail("for a moment there was no file") as seen, contextlib.suppress(RetryError):
            return swap(file, new, seen.data)


@on_every_system
def test_no_line_that_another_process_appends_is_lost(file: Path, appender: subprocess.Popen[bytes]) -> None:
    with contextlib.ExitStack() as stack:
        displaced = [stack.enter_context(swap_soon(file, b"swap %d\n" % i)) for i in range(60)]
        file.with_name("go").unlink()
        written = stdout_of(appender).read().split()
        held = [one.late() or one.data or b"" for one in displaced] + [file.read_bytes()]
    lines = b"".join(held).splitlines()
    swaps = [b"swap %d" % i for i in range(60)]
    assert Counter(lines) == Counter([OLD.strip(), *swaps, *(b"line " + number for number in written)])


def test_what_goes_in_comes_out_once_however_many_swap(file: Path) -> None:
    handed: list[bytes | None] = []

    def work(name: int) -> None:
        for number in range(40):
            with swap_soon(file, b"%d of %d" % (number, name)) as displaced:
                handed.append(displaced.data)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    put = [OLD, *(b"%d of %d" % (number, name) for name in range(4) for number in range(40))]
    assert Counter([*handed, content(file)]) == Counter(put)


def test_many_create_and_one_succeeds(file: Path) -> None:
    file.unlink()
    made: list[bytes] = []

    def work(name: int) -> None:
        with contextlib.suppress(RetryError):
            swap(file, b"%d" % name, None).close()
            made.append(b"%d" % name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [content(file)]
