"""Writing files: whole or not at all, through one helper."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sync.errors import RefusedError, UsageError

_COPY_CHUNK = 1 << 20
_NO_KERNEL_COPY = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # copy_file_range(2): not on this system


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end` of an open file."""

    handle: int
    start: int
    end: int


def write_atomic(path: Path, pieces: Iterable[bytes | Span]) -> None:
    """Replace a file by new content. Whatever happens, the file afterwards is the old one or the new one.

    Temporary file in the same folder, fsync, rename, fsync of the folder. The file's permissions are kept.

    Args:
        path: the file; missing folders are made.
        pieces: the new content, in order.

    Raises:
        UsageError: the disk refuses.
    """
    import tempfile

    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".journal-", suffix=".tmp", dir=path.parent)
        with open(handle, "wb") as target:
            for piece in pieces:
                if isinstance(piece, Span):
                    _copy(target.fileno(), piece)
                else:
                    _write_all(target.fileno(), piece)
            os.fchmod(handle, _mode_of(path))
            os.fsync(handle)
        os.replace(temporary, path)
        temporary = None
        sync_folder(path.parent)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def create_new(path: Path, data: bytes) -> bool:
    """Create a file that does not exist yet; whole or not at all.

    Returns:
        Whether it was created: False where somebody else has made one of that name, which is left alone.

    Raises:
        UsageError: the disk refuses.
    """
    import uuid

    temporary = path.parent / f".journal-{uuid.uuid4().hex}.tmp"
    try:
        write_atomic(temporary, [data])
        os.link(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    return True


def refuse_outside(path: Path, root: Path) -> None:
    """Stop before a write would leave the work tree: through a link, or into Git's own folder.

    Raises:
        RefusedError: the file would be written elsewhere.
    """
    parent, top = path.parent.resolve(), root.resolve()
    if not parent.is_relative_to(top):
        hint = "remove the symbolic link, or name another folder in journal.toml"
        raise RefusedError(f"{path} leads out of the repository, to {parent}", hint=hint)
    if ".git" in (part.lower() for part in (*parent.relative_to(top).parts, path.name)):
        raise RefusedError(f"{path} is in Git's own folder", hint="name another folder")


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Delete the temporary files of runs that were killed. The caller holds the lock, so nobody is writing."""
    for folder in folders:
        for leftover in folder.glob(".journal-*.tmp"):
            with contextlib.suppress(OSError):
                leftover.unlink()


def read_or_none(path: Path) -> bytes | None:
    """A file's bytes, or None where there is no file.

    Raises:
        UsageError: there is one, but it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error


def signature(file: Path | int) -> list[int]:
    """What tells whether a file is still the one that was written: inode, size, and both of its times in nanoseconds.

    Args:
        file: a path, or a file that is open. A missing file has an empty signature.
    """
    try:
        status = os.stat(file)
    except OSError:
        return []
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _copy(target: int, span: Span) -> None:
    offset = span.start
    while offset < span.end:
        copied = _copy_some(target, span.handle, offset, span.end - offset)
        if not copied:
            raise OSError("the file became shorter while it was copied")
        offset += copied


def _copy_some(target: int, source: int, offset: int, count: int) -> int:
    """Copy at most so many bytes, inside the kernel where it can."""
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, count, offset)
        except OSError as error:
            if error.errno not in _NO_KERNEL_COPY:
                raise
    chunk = os.pread(source, min(_COPY_CHUNK, count), offset)
    _write_all(target, chunk)
    return len(chunk)


def _write_all(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def _mode_of(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
