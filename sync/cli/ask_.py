"""`journal ask`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from sync.cli.failure import visible
from sync.cli.filter_options import Scope, filter_options
from sync.cli.render import ProgressBar, json_option, plural, print_json, print_line
from sync.operations.ask import AskOptions, AskResult, Citation, How, ask
from sync.operations.handing_out import hand_out_later
from sync.operations.journal import open_journal
from sync.search.answer.context import heading_path

if TYPE_CHECKING:
    from types import TracebackType

    from rich.live import Live


@click.command(
    "ask",
    epilog='\b\nExamples:\n  journal ask "How did we solve the encoding errors?"\n'
    '  journal ask --session sync "Comment fonctionne la synchronisation ?"\n'
    '  journal ask --session sync "et pour la gestion des erreurs ?"',
)
@click.argument("question")
@click.option("--session", default="", metavar="NAME", help="Go on with this conversation, or begin it.")
@click.option("--limit", type=click.IntRange(1, 50), default=8, show_default=True, help="How many sources at most.")
@filter_options
@click.option("--no-endpoint", is_flag=True, help="Quote; let nothing be written.")
@json_option
@click.pass_obj
def command(
    folder: Path, question: str, session: str, limit: int, scope: Scope, no_endpoint: bool, as_json: bool
) -> int:
    """Answer a question from the journal, with numbered sources.

    With an endpoint, see `docs/ask.md`, its model writes from the passages that are found. Without, or where it fails,
    sentences of the journal are quoted.
    """
    options = AskOptions(
        filters=scope.filters,
        mode=scope.mode,
        limit=limit,
        at=scope.at,
        session=session,
        writes=not no_endpoint,
    )
    with ExitStack() as searching, _Draft(shows=not as_json, before=searching.close) as draft:
        progress = searching.enter_context(ProgressBar("searching"))
        listener = draft if draft.shows else None
        journal = open_journal(folder)
        result = ask(journal, question, options, listener=listener, progress=progress)
    if not sys.stdout.isatty():
        hand_out_later(journal, [citation.hit for citation in result.citations])
    if as_json:
        print_json(result.as_dict())
    else:
        _print(result)
    return 0


def _print(result: AskResult) -> None:
    if result.how is How.EXTRACTIVE:
        print_line("Quoted from the journal, not written:\n", "bold")
    if result.how is How.NONE:
        looked = plural(result.searched, "entry", "entries")
        print_line(result.answer or f"no answer in {looked}")
    else:
        print_line(result.answer)
    for number, citation in enumerate(result.citations):
        _print_source(citation, is_first=number == 0)
    for number, note in enumerate(result.notes):
        print_line(f"{'' if number else chr(10)}note: {note}", "yellow")


def _print_source(citation: Citation, *, is_first: bool) -> None:
    hit = citation.hit
    day = f" ({hit.date})" if hit.date else ""
    path = heading_path(hit)
    below = f" · {path}" if path else ""
    print_line(f"{chr(10) if is_first else ''}[{citation.number}] {hit.title}{day}{below}", "bold")
    print_line(f"    {hit.place}", "cyan")


class _Draft:
    """What a model is writing, shown on a terminal until the answer is there and its citations are checked.

    Args:
        shows: whether it is to be shown at all.
        before: called before anything is shown.
    """

    def __init__(self, *, shows: bool, before: Callable[[], None]) -> None:
        self._before = before
        self.shows = shows and sys.stdout.isatty() and sys.stderr.isatty()
        self._text = ""
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, piece: str) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        self._text += piece
        if self._live is None:
            self._before()
            self._live = Live(console=Console(stderr=True), transient=True)
            self._live.start()
        self._live.update(Text(visible(self._text), style="dim"))
