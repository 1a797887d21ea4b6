"""The options that say where and how to search, shared by the commands that do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from sync.search.filters import Filters, Mode, make_filters

_OPTIONS = (
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only entries with this tag; repeatable."),
    click.option("--since", default="", metavar="DAY", help="First day, as 2025-04-05."),
    click.option("--until", default="", metavar="DAY", help="Last day, included."),
    click.option("--section", default="", metavar="WORDS", help="Only below a heading that holds these words."),
    click.option("--context", default="", metavar="PATH", help="Only entries of this context and those below it."),
    click.option("--mode", type=click.Choice([mode.value for mode in Mode]), help="How to search; else the best way."),
    click.option("--at", default="", metavar="COMMIT", help="Search the journal as it was then."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where and how to search.

    Attributes:
        filters: what passages must meet.
        mode: how they are found; None for the best that is set up.
        at: a commit whose journal is searched; empty for the work tree.
    """

    filters: Filters
    mode: Mode | None
    at: str


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --tag, --since, --until, --section, --context, --mode and --at to a command, which is given a `scope`.

    Raises:
        UsageError: when the command is run: a day is none.
    """

    @wraps(function)
    def packed(*arguments: Any, mode: str | None, at: str, **options: Any) -> Any:
        written = {name: options.pop(name) for name in ("tags", "since", "until", "section", "context")}
        scope = Scope(filters=make_filters(**written), mode=Mode(mode) if mode else None, at=at)
        return function(*arguments, scope=scope, **options)

    for option in reversed(_OPTIONS):
        packed = option(packed)
    return packed
