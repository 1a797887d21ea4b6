"""The history of the journal: what came from stores, and the commits of one entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.document.entry import Entry
from sync.engine.messages import TRAILER
from sync.errors import UsageError
from sync.operations.diff_ import path_names
from sync.operations.journal import Journal
from sync.operations.outlook import ReadOnlyTrees
from sync.repository.git import run_git
from sync.repository.refs import read_head

_FIELDS = ("%H", "%h", "%cI", "%s", f"%(trailers:key={TRAILER},valueonly,separator=%x2C)")
_DONE = {"A": "added", "M": "edited", "D": "deleted", "R": "renamed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One commit.

    Attributes:
        commit, short: its id.
        when: of the commit, ISO 8601 with its zone.
        store: the store that it came from, or was written to; empty where a person made it.
        subject: its first line.
        counts: what became of entries: `added`, `edited`, `deleted`, `renamed` -> how many.
    """

    commit: str
    short: str
    when: str
    store: str
    subject: str
    counts: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The commit as the object that `--json` prints."""
        return {
            "commit": self.commit, "short": self.short, "when": self.when,
            "store": self.store, "subject": self.subject, "counts": self.counts,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LogResult:
    """Commits, the newest first.

    Attributes:
        path: the entry that was asked for; empty for what came from stores.
        commits: them.
    """

    path: str
    commits: tuple[LogLine, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {"path": self.path, "commits": [one.as_dict() for one in self.commits]}


def log(journal: Journal, entry: str = "", *, limit: int = 0, start: Path | None = None) -> LogResult:
    """The commits that came from stores; or all commits of one entry, through its renames.

    Args:
        journal: the journal, in a repository.
        entry: an entry's path or id; it may be deleted by now.
        limit: at most so many; 0 for all.
        start: the folder that a path may be relative to, besides the repository.

    Raises:
        UsageError: there is no such entry, or no repository.
    """
    if journal.location.git_dir is None:
        raise UsageError("the history is Git's, and there is no repository", hint="run: journal init")
    commit = read_head(journal.location).commit
    if commit is None:
        return LogResult(path="", commits=())
    if not entry:
        grep = ("--extended-regexp", f"--grep=^{TRAILER}: ", commit)
        found = [one for one in _read(journal, *grep) if one.store]
        return LogResult(path="", commits=tuple(found[: limit or None]))
    for path in _paths(journal, commit, entry, start or journal.root):
        if found := list(_read(journal, "--follow", commit, "--", path)):
            return LogResult(path=path, commits=tuple(found[: limit or None]))
    raise UsageError(f"{entry}: no such entry, now or before")


def _paths(journal: Journal, commit: str, word: str, start: Path) -> Iterator[str]:
    """The paths that a word may stand for, the likeliest first."""
    yield from sorted(name for name in path_names(journal, start, word) if not name.startswith(".."))
    yield f"{journal.settings.entries}/{word}.md"
    trees = ReadOnlyTrees(journal.root, journal.state_folder, "augment", _id_of, journal.settings.entries)
    if found := trees.read(commit).paths.get(word):
        yield found


def _id_of(entry: Entry) -> str:
    return entry.id


def _read(journal: Journal, *arguments: str) -> Iterator[LogLine]:
    form = "".join(f"%x00{field}" for field in _FIELDS) + "%x00"
    options = ("-c", "core.quotePath=false", "-c", "log.showSignature=false", "--literal-pathspecs", "log")
    printed = run_git(journal.root, *options, "--no-color", "--name-status", "-M", f"--format={form}", *arguments)
    fields = iter(printed.decode("utf-8", "replace").split("\0")[1:])
    for commit, short, when, subject, store, rows in zip(*[fields] * (len(_FIELDS) + 1), strict=True):
        counts = _counts(rows, journal.settings.entries)
        yield LogLine(commit=commit, short=short, when=when, store=store.strip(), subject=subject, counts=counts)


def _counts(rows: str, folder: str) -> dict[str, int]:
    """What became of the files below a folder, from `--name-status`."""
    parts = [row.split("\t") for row in rows.split("\n") if "\t" in row]
    letters = Counter(part[0][:1] for part in parts if part[-1].lstrip('"').startswith(f"{folder}/"))
    return {name: letters[letter] for letter, name in _DONE.items() if letters[letter]}
