"""`journal query`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sync.cli.filter_options import Scope, filter_options
from sync.cli.passages import print_result
from sync.cli.render import ProgressBar, json_option
from sync.errors import UsageError
from sync.operations.journal import Journal, open_journal
from sync.operations.query import query
from sync.operations.searcher import Searcher


@click.command(
    "query",
    epilog="""\b
Examples:
  journal query "encodage des accents"
  journal query '"pre-commit" hooks' --tag git --since 2025-04-01
  journal query "merge driver" --section errors --at HEAD~20
  journal query pnpm --limit 1 --json""",
)
@click.argument("question", required=False)
@filter_options
@click.option("--limit", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many passages at most.")
@click.option("--batch", is_flag=True, help='Read one {"id", "query"} a line, write one {"id", "hits"} a line.')
@json_option
@click.pass_obj
def command(folder: Path, question: str | None, scope: Scope, limit: int, batch: bool, as_json: bool) -> int:
    """Find the passages of the journal that answer a question, best first.

    Words in double quotes must stand there as they are, one after the other.
    """
    if batch == (question is not None):
        raise UsageError("give a question, or --batch with questions on standard input", hint="journal query --help")
    journal = open_journal(folder)
    if batch:
        return _answer_all(journal, scope, limit)
    with ProgressBar("indexing") as progress:
        options: dict[str, Any] = {"filters": scope.filters, "mode": scope.mode, "at": scope.at}
        result = query(journal, question or "", **options, limit=limit, progress=progress)
    print_result(journal, result, as_json=as_json)
    return 0


def _answer_all(journal: Journal, scope: Scope, limit: int) -> int:
    with ProgressBar("indexing") as progress, Searcher(journal, at=scope.at, progress=progress) as searcher:
        for id_, question in _questions():
            options: dict[str, Any] = {"filters": scope.filters, "mode": scope.mode, "limit": limit}
            places = searcher.locate(question, **options) if question.strip() else []
            hits = [
                {
                    "entry": place.entry.path,
                    "lines": [place.spot.first_line, place.spot.last_line],
                    "score": round(place.score, 6),
                }
                for place in places
            ]
            print(json.dumps({"id": id_, "hits": hits}), flush=True)  # whoever asks may wait for it
    return 0


def _questions() -> Iterator[tuple[Any, str]]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            id_, question = row["id"], row["query"]
            question.encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            hint = 'write one object a line: {"id": "1", "query": "encoding"}'
            raise UsageError(f"standard input:{number}: not a question", hint=hint) from error
        yield id_, question
