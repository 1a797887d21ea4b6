"""`journal query QUESTION [--limit N] [--json]` without what parses every other command line.

Assistants ask often, and importing click takes as long as the answer. Any other form goes the usual way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_DEFAULT_LIMIT, _MOST = 5, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """What was asked for.

    Attributes:
        question: any text that is not empty.
        limit: how many passages at most.
        as_json: whether to print JSON.
    """

    question: str
    limit: int
    as_json: bool


def parse_plain(arguments: Sequence[str]) -> Plain | None:
    """The plain form of a query, from the arguments behind `query`; None where they are of another form."""
    left = list(arguments)
    question, limit, as_json = None, _DEFAULT_LIMIT, False
    while left:
        argument = left.pop(0)
        if argument == "--json":
            as_json = True
        elif argument == "--limit" and left and _is_limit(left[0]):
            limit = int(left.pop(0))
        elif argument.startswith("-") or question is not None:
            return None
        else:
            question = argument
    return Plain(question=question, limit=limit, as_json=as_json) if question else None


def run_plain(plain: Plain) -> int:
    """Ask the journal of the present folder, show the answer, and return the exit code."""
    from sync.cli.failure import reported

    def work() -> int:
        from sync.cli.passages import print_result
        from sync.cli.render import ProgressBar
        from sync.operations.journal import open_journal
        from sync.operations.query import query

        with ProgressBar("indexing") as progress:
            journal = open_journal(Path())
            result = query(journal, plain.question, limit=plain.limit, progress=progress)
        print_result(journal, result, as_json=plain.as_json)
        return 0

    return reported(work, as_json=plain.as_json)


def _is_limit(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 5 and 1 <= int(written) <= _MOST
