"""Times in words: the days that a question names ("in May 2023", "le 3 avril"), and whether a passage names any."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sync.search.analysis import fold

_ENGLISH = "january february march april may june july august september october november december".split()
_FRENCH = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()
_MONTHS = {name: number for names in (_ENGLISH, _FRENCH) for number, name in enumerate(names, 1)}
# Words that are more than a month: they are one where they are written as their language writes it.
_CAPITAL = frozenset({"may", "march"})
_SMALL = frozenset({"mars"})
_TIMES = frozenset(
    (
        "yesterday today tomorrow ago last next recently morning evening night days week weeks weekend month months "
        "year years since spring summer winter autumn monday tuesday wednesday thursday friday saturday sunday january "
        "february march april may june july august september october november december "
        "hier aujourd demain dernier derniere prochain prochaine matin soir jour jours semaine semaines mois an ans "
        "annee annees siecle depuis printemps ete automne hiver lundi mardi mercredi jeudi vendredi samedi dimanche "
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
    ).split()
)
_WORD = re.compile(r"[^\W_]+")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er)?$", re.I)
_MOST = 8  # years, months and days of a question that count: spans are all their combinations
_ISO = re.compile(r"\b(\d{4})-(\d{2})(?:-(\d{2}))?\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A year, a month of a year or of any, or a day; what is 0 was not said."""

    year: int = 0
    month: int = 0
    day: int = 0


def named_days(question: str) -> tuple[Span, ...]:
    """The spans that a question names; a year alone counts, a day needs its month."""
    iso = _ISO.findall(question)[:_MOST]
    spans = [Span(year=int(y), month=int(m), day=int(d or 0)) for y, m, d in iso if int(y) and int(m)]
    words = _WORD.findall(_ISO.sub(" ", question))
    months = _first(month for word in words if (month := _month(word)))
    years = _first(int(word) for word in words if len(word) == 4 and word.isdecimal() and 1900 <= int(word) < 2100)
    days = _first(int(match[1]) for word in words if (match := _ORDINAL.match(word)) and 1 <= int(match[1]) <= 31)
    for year in years or [0]:
        for month in months or [0]:
            if year or month:
                spans.extend(Span(year=year, month=month, day=day) for day in (days if month and days else [0]))
    return tuple(dict.fromkeys(spans))


def names_time(words: Iterable[str]) -> bool:
    """Whether one of the words of a text is a word for a time."""
    return not _TIMES.isdisjoint(word.lower() if word.isascii() else fold(word.lower()) for word in words)


def days_between(span: Span, day: date) -> int:
    """Days between a day and a span, 0 within it; a span of any year is the nearest that has begun or is next.

    A day that no calendar has (30 February) is as far as can be.
    """
    years = [span.year] if span.year else [day.year - 1, day.year, day.year + 1]
    return min(_gap(Span(year=year, month=span.month, day=span.day), day) for year in years)


def _gap(span: Span, day: date) -> int:
    try:
        first = date(span.year, span.month or 1, span.day or 1)
        last_month = span.month or 12
        last = date(span.year, last_month, span.day or calendar.monthrange(span.year, last_month)[1])
    except ValueError:
        return date.max.toordinal()
    return max(0, (first - day).days, (day - last).days)


def _first(numbers: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(numbers))[:_MOST]


def _month(word: str) -> int:
    """The number of the month that a word names; 0 for other words."""
    name = fold(word.lower())
    if (name in _CAPITAL and not word[0].isupper()) or (name in _SMALL and word[0].isupper()):
        return 0
    return _MONTHS.get(name, 0)
