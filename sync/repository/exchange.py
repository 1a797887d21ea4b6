"""Replacing a file that other programs may be writing at the same time: nothing that they write is lost.

A rename drops whatever lay under the name at that instant. So names are exchanged where the system can do that: the
file that was displaced is then still there to be looked at, and a descriptor on it shows what a program that had it
open writes to it afterwards.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import io
import os
import stat
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sync.errors import RetryError, UsageError
from sync.repository.files import sync_folder

_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM, errno.EXDEV, errno.EMLINK)
_CHUNK = 1 << 20
_AT_FDCWD = -100  # renameat2(2): relative to the current folder
_NOREPLACE, _EXCHANGE = (1, 2) if sys.platform == "linux" else (4, 2)  # renameat2(2), renamex_np(2) of macOS


@dataclass(frozen=True, slots=True, kw_only=True)
class Displaced:
    """What a file held, and a descriptor on it, whatever its name leads to by now. To be closed.

    Attributes:
        data: its bytes at that moment; None where there was no file.
        file: the open file; None where there was none.
    """

    data: bytes | None
    file: io.FileIO | None = None

    def late(self) -> bytes | None:
        """What the file holds now, if somebody has written to it since; else None."""
        if self.file is None:
            return None
        now = _read(self.file)
        return None if now == self.data else now

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Displaced):
    """A file as it was read. To be closed."""

    data: bytes
    file: io.FileIO


_Check = Callable[[Displaced], None]  # raises where what was displaced is to be put back


def snapshot(path: Path) -> Snapshot | None:
    """Read a file and keep it open; None where there is none.

    Raises:
        UsageError: there is something, but no regular file, or none that can be read.
    """
    try:
        file = io.FileIO(os.fspath(path), opener=_opened)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UsageError(f"{path} is a symbolic link", hint="name the file that it leads to") from error
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return Snapshot(data=_read(file), file=file)
    except OSError as error:
        file.close()
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error


def swap(path: Path, new: bytes | None, expected: bytes | None, *, exactly: bool = False) -> Displaced:
    """Put bytes in a file's place, and hand over what they displaced at that very instant.

    The caller looks at `data` and, later, at `late()`: what differs from `expected` was written by somebody else in
    between, and has lost its place. The file's permissions are kept, its folder is made. While a file is replaced,
    there is one under its name at every moment. If an error is raised, the file is as it was; only on a disk that has
    no links either it may be the new one.

    Where names cannot be exchanged (an old system, some network disks), a file that somebody renames into the place
    within the microseconds between two calls is lost; one that somebody writes to is not.

    Args:
        path: the file.
        new: its new content; None to delete it.
        expected: what it should hold before; None where there should be none.
        exactly: put back what was displaced, the very same file, if it is not as expected.

    Raises:
        RetryError: it holds something else; it was left or, with `exactly`, put back.
        UsageError: the disk refuses; or it is a symbolic link, or no file.
    """

    def check(displaced: Displaced) -> None:
        if exactly and displaced.data != expected:
            raise _changed(path)

    current = snapshot(path)
    with current or contextlib.nullcontext():
        if (current.data if current else None) != expected:
            raise _changed(path)
        try:
            if current is None:
                return _create(path, new)
            if new is None:
                return _remove(path, check)
            return _replace(path, new, stat.S_IMODE(os.fstat(current.file.fileno()).st_mode), check)
        except (FileNotFoundError, FileExistsError) as error:
            raise _changed(path) from error
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


def _create(path: Path, new: bytes | None) -> Displaced:
    if new is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(path, new, None) as temporary:
            _place_new(temporary, path)
            with _undone_by(lambda: os.unlink(path)):
                sync_folder(path.parent)
    return Displaced(data=None)


def _replace(path: Path, new: bytes, mode: int, check: _Check) -> Displaced:
    with _temporary(path, new, mode) as temporary:
        if _rename_with(_EXCHANGE, temporary, path):
            with _undone_by(lambda: _rename_with(_EXCHANGE, temporary, path)):
                return _displaced(temporary, check)
        with _name_beside(path) as aside:
            with contextlib.suppress(OSError):  # some disks have no links; a descriptor holds the file as well
                os.link(path, aside)
            return _replace_plainly(path, temporary, aside, check)


def _replace_plainly(path: Path, temporary: Path, aside: Path, check: _Check) -> Displaced:
    is_linked = aside.exists()
    held = snapshot(aside if is_linked else path)
    if held is None:
        raise _changed(path)
    try:
        check(held)
        os.replace(temporary, path)
        with _undone_by(lambda: os.replace(aside, path) if is_linked else None):
            sync_folder(path.parent)
            displaced = Displaced(data=_read(held.file), file=held.file)
            check(displaced)
            return displaced
    except BaseException:
        held.close()
        raise


def _remove(path: Path, check: _Check) -> Displaced:
    with _name_beside(path) as aside:
        os.rename(path, aside)
        with _undone_by(lambda: _place_new(aside, path)):
            return _displaced(aside, check)


def _displaced(name: Path, check: _Check) -> Displaced:
    """What is now under a name of ours and was under the file's."""
    sync_folder(name.parent)
    found = snapshot(name)
    if found is None:
        raise _changed(name)
    try:
        check(found)
    except RetryError:
        found.close()
        raise
    return found


def _place_new(source: Path, path: Path) -> None:
    """Put a file under a name that nobody has, or raise FileExistsError."""
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in _UNSUPPORTED or not _rename_with(_NOREPLACE, source, path):
            raise


def _rename_with(flag: int, source: Path, target: Path) -> bool:
    """Rename in the way that a flag says; False where this system or this disk cannot."""
    rename = _system_rename()
    if rename is None or not rename(os.fsencode(source), os.fsencode(target), flag):
        return rename is not None
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number))


@functools.cache
def _system_rename() -> Callable[[bytes, bytes, int], int] | None:
    """The system's rename with flags; 0 for success, else errno tells."""
    library = ctypes.CDLL(None, use_errno=True)
    try:
        call = library.renameat2 if sys.platform == "linux" else library.renamex_np
    except AttributeError:
        return None
    if sys.platform == "linux":
        call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
        return lambda source, target, flag: int(call(_AT_FDCWD, source, _AT_FDCWD, target, flag))
    call.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
    return lambda source, target, flag: int(call(source, target, flag))


@contextlib.contextmanager
def _undone_by(undo: Callable[[], object]) -> Iterator[None]:
    """What has been done is undone if the rest fails."""
    try:
        yield
    except BaseException:
        undo()
        raise


@contextlib.contextmanager
def _temporary(path: Path, data: bytes, mode: int | None) -> Iterator[Path]:
    """A file with some bytes in the folder of another one, on the disk; deleted at the end if it is still there."""
    with _name_beside(path) as name:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            if mode is not None:
                os.fchmod(handle, mode)
            os.fsync(handle)
        finally:
            os.close(handle)
        yield name


@contextlib.contextmanager
def _name_beside(path: Path) -> Iterator[Path]:
    """A name of ours in the folder of a file; what lies there at the end is deleted."""
    name = path.parent / f".journal-{uuid.uuid4().hex}.tmp"
    try:
        yield name
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


def _opened(path: str, flags: int) -> int:
    """A descriptor on a regular file itself. Whatever else is there is not waited for, as a pipe would be."""
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "not a regular file")


def _read(file: io.FileIO) -> bytes:
    """All bytes, from the start, wherever the file stands."""
    pieces, offset = [], 0
    while piece := os.pread(file.fileno(), _CHUNK, offset):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)


def _changed(path: Path) -> RetryError:
    return RetryError(f"{path} was changed by another program", hint="run the command again")
