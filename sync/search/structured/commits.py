"""The commits of the journal's folder, and what they changed, from one `git log`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sync.engine.messages import RESOLVED, TRAILER
from sync.repository.git import run_git
from sync.repository.listing import shown_path
from sync.repository.plumbing import checked_id
from sync.search.structured.schema import Cell

_FIELDS = (
    "%H", "%an", "%ae", "%ct", "%B",
    f"%(trailers:key={TRAILER},valueonly,separator=%x2C)", f"%(trailers:key={RESOLVED},valueonly,separator=%x2C)",
)  # fmt: skip
_KINDS = {b"A": "added", b"C": "added", b"M": "modified", b"T": "modified", b"D": "deleted", b"R": "renamed"}
_STATUS = re.compile(rb"\n?([ACDMRTUXB])\d*")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Rows of `commits` and of `changes`, all columns, the newest commit first."""

    commits: Sequence[tuple[Cell, ...]]
    changes: Sequence[tuple[Cell, ...]]


def read_history(root: Path, commit: str, folder: str) -> History:
    """The commits below a commit that touch a folder.

    Args:
        root: the work tree.
        commit: id of the newest one.
        folder: POSIX, from the top of the repository.

    Raises:
        GitError: the commit is missing.
    """
    form = "".join(f"{field}%x00" for field in _FIELDS)
    settings = ("core.quotePath=false", "log.showSignature=false", "diff.relative=false", "log.showRoot=true")
    options = [word for one in settings for word in ("-c", one)]
    printed = run_git(
        root, *options, "log", "-z", "--no-color", "--encoding=UTF-8", "--name-status", "-M", f"--format={form}",
        checked_id(commit), "--", f":(literal,top){folder}",
    )  # fmt: skip
    commits: list[tuple[Cell, ...]] = []
    changes: list[tuple[Cell, ...]] = []
    tokens = iter(printed.split(b"\0"))
    token = next(tokens, b"")
    while token:
        fields = [token, *(next(tokens) for _ in _FIELDS[1:])]
        row = _commit(fields)
        commits.append(row)
        token = next(tokens, b"")  # the end of what the format prints
        token = token or next(tokens, b"")
        while found := _STATUS.fullmatch(token):
            changes.append(_change(row[0], found[1], tokens))
            token = next(tokens, b"")
    return History(commits=commits, changes=changes)


def _commit(fields: Sequence[bytes]) -> tuple[Cell, ...]:
    identity, author, email, seconds, message, store, resolved = (one.decode("utf-8", "replace") for one in fields)
    ended = json.dumps(resolved.split(",")) if resolved else None
    return identity, author, email, _moment(seconds), message.rstrip("\n"), store.strip() or None, ended


def _moment(seconds: str) -> str | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):  # a commit can claim any time
        return None


def _change(commit: Cell, letter: bytes, tokens: Iterator[bytes]) -> tuple[Cell, ...]:
    path = shown_path(next(tokens))
    if letter in b"CR":
        path, old = shown_path(next(tokens)), path
        return commit, path, _KINDS[letter], old if letter == b"R" else None
    return commit, path, _KINDS.get(letter, "modified"), None
