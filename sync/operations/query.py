"""Asking the journal: the passages that answer a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.document.entry import Entry, load_entry
from sync.document.naming import skip_reason
from sync.errors import UsageError
from sync.operations.journal import Journal, Progress, no_progress
from sync.repository.listing import Source, list_files
from sync.search.passages import Hit, passages_of, rank


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """Passages, best first.

    Attributes:
        query: the question.
        searched: entries looked at.
        hits: what was found.
    """

    query: str
    searched: int
    hits: tuple[Hit, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "query": self.query,
            "searched": self.searched,
            "hits": [
                {
                    "entry": hit.passage.entry.path,
                    "title": hit.passage.entry.title,
                    "date": hit.passage.entry.moment.day.isoformat() if hit.passage.entry.moment else "",
                    "section": hit.passage.heading,
                    "lines": [hit.passage.first_line, hit.passage.last_line],
                    "score": round(hit.score, 4),
                    "text": hit.passage.text,
                }
                for hit in self.hits
            ],
        }


def query(journal: Journal, question: str, *, limit: int = 5, progress: Progress = no_progress) -> QueryResult:
    """The passages of the journal that share words with a question, best first.

    Args:
        journal: the journal; its work tree is searched.
        question: any text.
        limit: how many passages at most.
        progress: told how many entries have been read.

    Raises:
        UsageError: the question is empty.
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
    passages = [passage for entry in entries for passage in passages_of(entry)]
    return QueryResult(query=question, searched=len(entries), hits=tuple(rank(passages, question, limit)))
