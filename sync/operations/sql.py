"""Asking the journal in SQL: what a statement reads is filled from the journal, then the statement is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from sync.document.entry import Entry, load_entry
from sync.document.naming import skip_reason
from sync.errors import UsageError
from sync.operations.journal import Journal, Progress, no_progress
from sync.repository.files import read_or_none
from sync.repository.git import read_blob
from sync.repository.listing import Listing, Source, list_commit, list_files
from sync.repository.objects import resolve
from sync.repository.refs import read_head
from sync.search.structured.commits import History, read_history
from sync.search.structured.database import Answer, Filling, compile_statement, run_statement
from sync.search.structured.rows import Stored, entry_rows, memory_rows, projected_rows, rows_of_entries
from sync.search.structured.schema import OF_ENTRIES, Cell, Reads, table
from sync.stores.augment import parse_file

DEFAULT_LIMIT = 1_000
DEFAULT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlResult:
    """What a statement selects.

    Attributes:
        columns: names; one may come twice.
        rows: in the statement's order.
        truncated: whether there are more rows than were asked for.
        notes: what the asker should know, one line each.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool = False
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints; a blob is shown as SQL writes one."""
        return {
            "columns": list(self.columns),
            "rows": [[plain(cell) for cell in row] for row in self.rows],
            "truncated": self.truncated,
            "notes": list(self.notes),
        }


def plain(cell: Cell) -> str | int | float | None:
    """A cell as JSON can hold it: bytes as `x'00ff'`, an infinite number as text."""
    if isinstance(cell, bytes):
        return f"x'{cell.hex()}'"
    if isinstance(cell, float) and cell in (float("inf"), float("-inf")):
        return str(cell)
    return cell


def sql(
    journal: Journal,
    statement: str,
    *,
    limit: int = DEFAULT_LIMIT,
    at: str = "",
    seconds: float = DEFAULT_SECONDS,
    progress: Progress = no_progress,
) -> SqlResult:
    """What a statement selects from the journal.

    Args:
        journal: the journal.
        statement: SQL as SQLite reads it, one statement; see `sync.search.structured.schema` for the tables.
        limit: how many rows at most.
        at: a commit whose journal is read; empty for the work tree.
        seconds: how long the statement may take; reading the journal does not count.
        progress: told how many entries have been read.

    Raises:
        UsageError: the statement is faulty, or `at` names no commit.
        RefusedError: the statement would do something else than read, or needs too much memory.
        RetryError: the statement takes too long, or a file changed while it was read.
    """
    compiled = compile_statement(statement, seconds=seconds)
    answer = compiled.answer
    notes: tuple[str, ...] = ()
    if answer is None:
        source = _Source(journal=journal, at=at, progress=progress)
        answer = run_statement(statement, _filling(source, compiled.reads), limit=limit, seconds=seconds)
        notes = tuple(source.notes)
    return SqlResult(columns=answer.columns, rows=answer.rows[:limit], truncated=_has_more(answer, limit), notes=notes)


def _has_more(answer: Answer, limit: int) -> bool:
    return answer.has_more or len(answer.rows) > limit


def _filling(source: _Source, reads: Reads) -> dict[str, Filling]:
    """The tables that are read, with the columns that are read of `entries`, and all of the others."""
    made: dict[str, Callable[[], Iterable[Sequence[Cell]]]] = {
        "memories": source.memories,
        "commits": lambda: source.history.commits,
        "changes": lambda: source.history.changes,
    }
    found = {}
    for name, wanted in reads.items():
        columns: Sequence[str] = table(name).names
        if name == "entries":
            columns = [one for one in columns if one in wanted] or ["path"]
            rows: Iterable[Sequence[Cell]] = entry_rows(source.entries, columns)
        elif name in OF_ENTRIES:
            rows = rows_of_entries(name, source.entries, source.folder)
        else:
            rows = made[name]()
        found[name] = Filling(columns=columns, rows=rows)
    return found


@dataclass(kw_only=True)
class _Source:
    """The journal at one place, read once and only as far as it is asked for."""

    journal: Journal
    at: str
    progress: Progress
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        return self.journal.settings.entries

    @cached_property
    def commit(self) -> str | None:
        """The commit that is read; None where there is none yet."""
        location = self.journal.location
        if location.git_dir is None:
            if self.at:
                raise UsageError(f"{self.at}: there is no Git repository here", hint="leave out --at")
            return None
        if not self.at:
            return read_head(location).commit
        (found,) = resolve(location.root, [f"{self.at}^{{commit}}"])
        if found is None:
            raise UsageError(f"{self.at}: no such commit", hint="git log lists them")
        return found

    @cached_property
    def entries(self) -> list[Stored]:
        """The entries that can be read."""
        listing = self._listing()
        found, unreadable = [], 0
        for done, (row, data) in enumerate(listing.read(listing.lines)):
            self.progress(done, len(listing.lines))
            if skip_reason(row.name):
                continue
            entry = None if row.problem else load_entry(row.name, data)
            if isinstance(entry, Entry):
                found.append(Stored(entry=entry, blob=row.blob.decode()))
            else:
                unreadable += 1
        if unreadable:
            files = "1 file is" if unreadable == 1 else f"{unreadable} files are"
            self.notes.append(f"{files} left out: no entry could be read there; run: journal validate")
        return found

    def _listing(self) -> Listing:
        location = self.journal.location
        if self.at and self.commit:
            return list_commit(location, self.commit, self.folder)
        listing = list_files(location, self.folder, Source.WORK_TREE)
        if not listing.lines and not self.journal.exists:
            message = f"{self.folder}: no such folder, so there is no journal here"
            raise UsageError(message, hint="run: journal init")
        return listing

    def memories(self) -> Iterator[tuple[Cell, ...]]:
        """What the tracked file holds; without one that can be read, what an export would write."""
        name = self.journal.settings.memories
        data = self._tracked(name)
        found, faults = parse_file(name, data) if data is not None else ([], [])
        if faults and not found:
            self.notes.append(f"{name} cannot be read, so its memories are made anew: {faults[0].message}")
        elif faults:
            self.notes.append(f"{name}: {len(faults)} of its memories cannot be read and are left out")
        if data is None or (faults and not found):
            return projected_rows(self.entries, self.journal.settings.view)
        return memory_rows(found)

    def _tracked(self, name: str) -> bytes | None:
        root = self.journal.root
        if not self.at:
            return read_or_none(self.journal.absolute(name))
        (blob,) = resolve(root, [f"{self.commit}:{name}"])
        return read_blob(root, blob) if blob else None

    @cached_property
    def history(self) -> History:
        """The commits of the journal's folder; of its entries where that folder is the whole repository."""
        if self.commit is None:
            self.notes.append("there are no commits yet")
            return History(commits=(), changes=())
        folder = self.journal.settings.journal
        if PurePosixPath(folder) == PurePosixPath("."):
            folder = self.folder
        return read_history(self.journal.root, self.commit, folder)
