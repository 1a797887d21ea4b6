"""Showing results: tables and colours on a terminal, plain lines in a pipe, JSON on request."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from sync.cli.failure import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress, TaskID

_PATIENCE_S = 1.0


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json to a command, which is given `as_json`."""
    import click  # slow to import: what only shows results does without

    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")(function)


def dry_run_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --dry-run to a command, which is given `dry_run`."""
    import click

    return click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")(function)


def print_json(document: object) -> None:
    """One JSON object on standard output."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, or a terminal that is not UTF-8
        text = json.dumps(document, indent=2)
    print(text)


def print_line(text: str, style: str = "") -> None:
    """One line on standard output; the style (`bold`, `green`, `red`) shows on a terminal only."""
    text = visible(text)
    if style and sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        Console(highlight=False, soft_wrap=True).print(Text(text, style=style))
    else:
        print(text)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table; in a pipe its cells are lined up with blanks."""
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.box import ROUNDED
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(visible(title)), title_justify="left", title_style="bold", box=ROUNDED)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        Console(highlight=False).print(table)
        return
    widths = [max(len(row[index]) for row in [list(columns), *cells]) for index in range(len(columns))]
    for row in [list(columns), *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class ProgressBar:
    """A progress bar on standard error, shown only on a terminal and only for work that takes more than a second."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Work has come so far; a total of 0 means that nobody knows how much there is."""
        if self._bar is None:
            if time.monotonic() - self._started < _PATIENCE_S or not sys.stderr.isatty():
                return
            self._start()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total or None)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self.label, total=None)
        self._bar.start()


def words(written: str) -> tuple[str, ...]:
    """Words separated by commas, without blanks around them and without duplicates."""
    return tuple(dict.fromkeys(word.strip() for word in written.split(",") if word.strip()))


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 entry`, `2 entries`."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def print_faults(faults: Sequence[Any]) -> None:
    """Faults, one a line, with their hints."""
    for fault in faults:
        print_line(str(fault), "red")
        if fault.hint:
            print_line(f"  {fault.hint}", "dim")
