"""Asking the journal: the passages that answer a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.document.entry import Entry, load_entry
from sync.document.naming import skip_reason
from sync.errors import UsageError
from sync.operations.journal import Journal, Progress, no_progress
from sync.repository.listing import Source, list_files
from sync.search.filters import Filters, Mode, admits_entry
from sync.search.hit import Hit
from sync.search.passages import passages_of, rank

EVERYTHING = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """Passages, best first.

    Attributes:
        query: the question.
        mode: how they were found.
        searched: entries looked at.
        commit: id of the commit that was searched, hexadecimal; with work that is not committed on top of it unless
            another one was asked for. Empty without Git and before the first commit.
        hits: what was found.
        notes: what the asker should know: what is missing, what was rebuilt.
    """

    query: str
    mode: Mode
    searched: int
    commit: str
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "query": self.query,
            "mode": self.mode.value,
            "searched": self.searched,
            "commit": self.commit,
            "hits": [hit.as_dict() for hit in self.hits],
            "notes": list(self.notes),
        }


def query(
    journal: Journal,
    question: str,
    *,
    filters: Filters = EVERYTHING,
    mode: Mode | None = None,
    limit: int = 5,
    at: str = "",
    progress: Progress = no_progress,
) -> QueryResult:
    """The passages of the journal that answer a question, best first.

    Args:
        journal: the journal.
        question: any text.
        filters: what the passages must meet besides.
        mode: how to search; None for the best that is set up.
        limit: how many passages at most.
        at: a commit whose journal is searched; empty for the work tree.
        progress: told how much of the index has been brought up to date.

    Raises:
        UsageError: the question is empty, or `at` names no commit.
    """
    try:
        question.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the question is not UTF-8") from error
    if not question.strip():
        raise UsageError("the question is empty", hint='try: journal query "encoding errors"')
    listing = list_files(journal.location, journal.settings.entries, Source.WORK_TREE)
    entries = []
    for done, (row, data) in enumerate(listing.read(listing.lines)):
        progress(done, len(listing.lines))
        entry = None if row.problem or skip_reason(row.name) else load_entry(row.name, data)
        if isinstance(entry, Entry):
            entries.append(entry)
    passages = [
        passage
        for entry in entries
        if admits_entry(
            filters,
            tags=entry.tags,
            day=entry.moment.day.isoformat() if entry.moment else "",
            context=str(entry.front.get("context", "")),
        )
        for passage in passages_of(entry)
    ]
    found = tuple(
        Hit(
            entry=one.passage.entry.path,
            id=one.passage.entry.id,
            title=one.passage.entry.title,
            date=one.passage.entry.moment.day.isoformat() if one.passage.entry.moment else "",
            tags=one.passage.entry.tags,
            headings=(one.passage.heading,) if one.passage.heading else (),
            text=one.passage.text,
            before="",
            after="",
            first_line=one.passage.first_line,
            last_line=one.passage.last_line,
            commit="",
            score=one.score,
        )
        for one in rank(passages, question, limit)
    )
    return QueryResult(query=question, mode=Mode.LEXICAL, searched=len(entries), commit="", hits=found)
