"""Which entries and sections a search may answer with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from unicodedata import normalize

from sync.errors import UsageError


class Mode(Enum):
    """How passages are found."""

    LEXICAL = "lexical"
    SEMANTIC = "semantic"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What an answer must meet besides the question; what is empty is not asked for.

    Attributes:
        tags: the entry has all of these tags; case does not count.
        since, until: first and last day, YYYY-MM-DD, both included; an entry without a day meets neither.
        section: a part of one of the headings above the passage; case and accents do not count.
        context: the entry's context is this one or lies below it: `a:b` holds `a:b` and `a:b:c`, not `a:bc`.
    """

    tags: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    section: str = ""
    context: str = ""


def make_filters(
    *, tags: Sequence[str] = (), since: str = "", until: str = "", section: str = "", context: str = ""
) -> Filters:
    """Filters from what somebody wrote.

    Raises:
        UsageError: a day is none.
    """
    days = {name: _day(name, written) for name, written in (("since", since), ("until", until))}
    wanted = tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    return Filters(tags=wanted, **days, section=section.strip(), context=context.strip(" :"))


def _day(name: str, written: str) -> str:
    from sync.document.moment import parse_date

    moment = parse_date(written) if written else None
    if written and moment is None:
        raise UsageError(f"--{name}: not a day: {written}", hint="write it as 2025-04-05")
    return moment.day.isoformat() if moment else ""


def admits_entry(filters: Filters, *, tags: Sequence[str], day: str, context: str) -> bool:
    """Whether an entry meets the filters, its sections aside."""
    own = {_folded(tag) for tag in tags}
    inside = not filters.context or context == filters.context or context.startswith(f"{filters.context}:")
    from_then = not filters.since or (day != "" and day >= filters.since)
    till_then = not filters.until or (day != "" and day <= filters.until)
    return inside and from_then and till_then and all(_folded(tag) in own for tag in filters.tags)


def _folded(tag: str) -> str:
    return normalize("NFC", tag).casefold()
