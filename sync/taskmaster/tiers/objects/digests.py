"""The names of objects: the SHA-256 of their bytes. Pure."""

from __future__ import annotations

import re
from hashlib import sha256

from sync.errors import GitError, UsageError

_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_of(data: bytes) -> str:
    """The SHA-256 of some bytes, hexadecimal, lower case."""
    return sha256(data).hexdigest()


def name_of(digest: str) -> str:
    """Where an object is below its folder or prefix: `ab/cdef…`, as Git places its own.

    Raises:
        UsageError: it is no digest; nothing else ever becomes a path.
    """
    if not _DIGEST.fullmatch(digest):
        raise UsageError(f"{digest[:80]!r} is not the name of an object", hint="a SHA-256 has 64 digits, 0-9 and a-f")
    return f"{digest[:2]}/{digest[2:]}"


def checked(data: bytes, digest: str, where: str) -> bytes:
    """The same bytes, if they are those of a digest.

    Raises:
        GitError: they are not.
    """
    if digest_of(data) != digest:
        hint = "bring the file back from Git's history or a backup, or remove it and flush again"
        raise GitError(f"{where} is damaged: it is not what its name says", hint=hint)
    return data
