"""Asking the journal: the passages that answer a question."""

from __future__ import annotations

from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.searcher import EVERYTHING, QueryResult, Searcher
from sync.search.filters import Filters, Mode

__all__ = ["QueryResult", "query"]


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
    with Searcher(journal, at=at, progress=progress) as searcher:
        return searcher.ask(question, filters=filters, mode=mode, limit=limit)
