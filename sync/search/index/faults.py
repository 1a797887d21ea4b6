"""What can be wrong with an index, whichever library finds it."""

from __future__ import annotations

import contextlib
import errno
import re
import sqlite3
from collections.abc import Iterator

from sync.errors import RetryError

_OF_THE_SYSTEM = re.compile(r"os error (\d+)|errno: (\d+)")
_NO_WRITING = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE}
)
# Reading gives other codes; on these, nothing is wrong with what was written before.
_SQLITE_NO_WRITING = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_NOLFS")
_SQLITE_IO = ("WRITE", "FSYNC", "TRUNCATE", "SHMOPEN", "SHMSIZE", "SHMMAP", "LOCK", "DELETE", "ACCESS")


class DamagedIndexError(Exception):
    """The index cannot be read: it is to be thrown away and built again."""


class ReplacedIndexError(Exception):
    """Another process has thrown the index away that is open here: it is to be opened again."""


class UnwritableIndexError(Exception):
    """The index is sound, but there is no room or no permission to write."""


Fault = DamagedIndexError | ReplacedIndexError | UnwritableIndexError
FAULTS = (DamagedIndexError, ReplacedIndexError, UnwritableIndexError)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Faults of SQLite, and panics of the library of words, as ours.

    Raises:
        RetryError: another process writes.
        DamagedIndexError: the index must be built again.
        UnwritableIndexError: nothing can be written.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _of_sqlite(error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedIndexError(_first_line(error)) from error


def of_words(error: Exception) -> Exception:
    """A fault of the library of words, which tells all in its message, as ours."""
    said = _first_line(error)
    if "LockBusy" in said:
        return RetryError("the index is being written by another process", hint="run the command again")
    code = error.errno if isinstance(error, OSError) else _number_in(str(error))
    return UnwritableIndexError(said) if code in _NO_WRITING else DamagedIndexError(said)


def _of_sqlite(error: sqlite3.DatabaseError) -> Exception:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return RetryError("the index is being written by another process", hint="run the command again")
    is_write = name.startswith(_SQLITE_NO_WRITING) or name.removeprefix("SQLITE_IOERR_").startswith(_SQLITE_IO)
    return UnwritableIndexError(str(error)) if is_write else DamagedIndexError(str(error))


def _number_in(message: str) -> int:
    found = _OF_THE_SYSTEM.search(message)
    return int(found[1] or found[2]) if found else 0


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
