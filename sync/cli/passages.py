"""Showing passages: where they stand, and the words that were asked for lit."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sync.cli.failure import visible
from sync.cli.render import plural, print_json, print_line
from sync.operations.handing_out import hand_out_later
from sync.operations.journal import Journal
from sync.operations.searcher import QueryResult
from sync.search.hit import Hit

_LIT = "bold yellow"


def print_result(journal: Journal, result: QueryResult, *, as_json: bool) -> None:
    """What a query of a journal found, and what is to be said about it.

    Effects:
        What a program reads is remembered as handed out; a person at a terminal is no assistant.
    """
    if not sys.stdout.isatty():
        hand_out_later(journal, result.hits)
    if as_json:
        print_json(result.as_dict())
        return
    print_hits(result.hits)
    if not result.hits:
        print_line(f"nothing found in {plural(result.searched, 'entry', 'entries')}")
    for note in result.notes:
        print_line(note, "dim")


def print_hits(hits: Sequence[Hit]) -> None:
    """Passages, best first: title, day and headings, `path:line`, and the lines themselves."""
    for hit in hits:
        day = f" ({hit.date})" if hit.date else ""
        print_line(f"{hit.title}{day}", "bold")
        place = hit.place.replace("\n", "\\n")  # a file's name may hold one, and would forge a line
        print_line(place + ("" if hit.commit else "  not committed"), "cyan")
        if hit.headings:
            print_line(" > ".join(hit.headings), "dim")
        _print_text(hit)
        print()


def _print_text(hit: Hit) -> None:
    if not sys.stdout.isatty():
        print(visible(hit.text))
        return
    from rich.console import Console
    from rich.text import Text

    shown, end = Text(), 0
    for first, last in hit.marks:
        shown.append(visible(hit.text[end:first])).append(visible(hit.text[first:last]), style=_LIT)
        end = last
    Console(highlight=False, soft_wrap=True).print(shown.append(visible(hit.text[end:])))
