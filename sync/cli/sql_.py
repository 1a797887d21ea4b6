"""`journal sql`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from sync.cli.failure import visible
from sync.cli.render import ProgressBar, json_option, plural, print_json, print_line, print_table
from sync.errors import UsageError
from sync.operations.journal import open_journal
from sync.operations.sql import DEFAULT_LIMIT, DEFAULT_SECONDS, SqlResult, plain, sql
from sync.search.structured.guard import MAX_STATEMENT
from sync.search.structured.schema import TABLES, VIEWS, Cell

_GAP = 2  # blanks between two columns
_NARROWEST = 4  # characters of a column on a terminal, however many there are
_WIDEST = 80  # characters of a cell in a pipe; --csv and --json give all
_EXAMPLES = """\b
Examples:
  journal sql "select date, title from recent limit 5"
  journal sql "select tag, count(*) as entries from tags group by tag order by entries desc" --csv
  journal sql "select * from links where kind <> 'url' and target_entry is null"
  journal sql --schema"""


@click.command("sql", epilog=_EXAMPLES)
@click.argument("statement", required=False)
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180) instead of a table.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="How many rows at most.",
)
@click.option("--at", metavar="COMMIT", default="", help="Ask the journal as it was in a commit.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 3_600, min_open=True),
    default=DEFAULT_SECONDS,
    show_default=True,
    help="How many seconds the statement may take.",
)
@click.option("--schema", is_flag=True, help="Print the tables and their columns.")
@click.pass_obj
def command(
    folder: Path,
    statement: str | None,
    as_json: bool,
    as_csv: bool,
    limit: int,
    at: str,
    timeout: float,
    schema: bool,
) -> int:
    """Ask the journal in SQL, one STATEMENT as SQLite reads it; `-` reads it from standard input. It only reads."""
    if schema:
        _print_schema(as_json=as_json)
        return 0
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other", hint="leave one out")
    if statement is None:
        raise UsageError("there is no statement", hint="the tables and their columns: journal sql --schema")
    with ProgressBar("reading") as progress:
        result = sql(open_journal(folder), _read(statement), limit=limit, at=at, seconds=timeout, progress=progress)
    if as_json:
        print_json(result.as_dict())
        return 0
    more = (f"there are more rows than {limit}; --limit says how many to show",) if result.truncated else ()
    if as_csv:
        _print_csv(result)
    else:
        _print_rows(result)
    for note in (*more, *result.notes):
        print(visible(f"note: {note}"), file=sys.stderr)
    return 0


def _read(statement: str) -> str:
    if statement != "-":
        return statement
    data = sys.stdin.buffer.read(MAX_STATEMENT + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) > MAX_STATEMENT:
            raise UsageError(f"the statement has more than {MAX_STATEMENT:,} bytes") from error
        raise UsageError(f"the statement is not UTF-8 at byte {error.start}") from error


def _print_csv(result: SqlResult) -> None:
    """With CRLF, as RFC 4180 has it; NULL is an empty field. A terminal is not given control characters."""
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(result.columns)
    is_seen = sys.stdout.isatty()
    for row in result.rows:
        cells = [plain(cell) for cell in row]
        writer.writerow([visible(cell) if is_seen and isinstance(cell, str) else cell for cell in cells])


def _print_rows(result: SqlResult) -> None:
    if result.rows and sys.stdout.isatty():
        _draw(result)
    elif result.rows:
        rows = [[_shortened(_shown(cell)) for cell in row] for row in result.rows]
        print_table("", [_shortened(_shown(name)) for name in result.columns], rows)
    print_line(plural(len(result.rows), "row"), "dim")


def _draw(result: SqlResult) -> None:
    """A table as wide as the terminal; what is longer than its column is cut."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    shown = [[Text(_shown(cell), style="dim" if cell is None else "") for cell in row] for row in result.rows]
    names = [Text(_shown(name)) for name in result.columns]
    widths = [max(cell_len(row[index].plain) for row in [names, *shown]) for index in range(len(names))]
    widths = fitted(widths, console.width - _GAP * len(names))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for index, (name, width) in enumerate(zip(names, widths, strict=True)):
        is_number = all(isinstance(row[index], int | float) for row in result.rows)
        justify: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(name, width=width, no_wrap=True, overflow="ellipsis", justify=justify)
    for row in shown:
        table.add_row(*row)
    Console(highlight=False, width=max(console.width, sum(widths) + _GAP * len(widths))).print(table)


def fitted(widths: Sequence[int], room: int) -> list[int]:
    """Widths of columns that fit in some room: the widest ones give way, none below a few characters."""
    most = max(_NARROWEST, min(room, max(widths)))
    while most > _NARROWEST and sum(min(width, most) for width in widths) > room:
        most -= 1
    return [max(1, min(width, most)) for width in widths]


def _shown(cell: Cell) -> str:
    """A cell on one line."""
    if cell is None:
        return "NULL"
    text = str(plain(cell))[:10_000]
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _print_schema(*, as_json: bool) -> None:
    if as_json:
        print_json({"tables": [one.as_dict() for one in (*TABLES, *VIEWS)]})
        return
    width = max(len(column.name) for one in (*TABLES, *VIEWS) for column in one.columns)
    for one in (*TABLES, *VIEWS):
        print_line(one.name + (" (a view)" if one.query else ""), "bold")
        print_line(f"  {one.meaning}")
        for column in one.columns:
            print_line(f"    {column.name:{width}}  {column.kind:7}  {column.meaning}")
        print_line("")
    print_line("fold(text): the text without case, accents and superfluous white space, for comparing")
