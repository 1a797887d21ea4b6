"""How long memories are kept, and how long they are recalled: spans of time as people write them. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta

from sync.errors import UsageError

MAX_YEARS = 100
"""The longest span that is not `permanent`."""
_MAX_DAYS = MAX_YEARS * 366
_SPAN = re.compile(r"(?P<count>[0-9]{1,6}) ?(?P<unit>[a-z]+)")
_DAYS = {"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7}
_MONTHS = {"month": 1, "months": 1, "y": 12, "year": 12, "years": 12}
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PERMANENT = "permanent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long a memory is kept; without months and days for ever.

    Attributes:
        months: calendar months; a year is twelve.
        days: days of 24 hours.
    """

    months: int = 0
    days: int = 0

    @property
    def is_permanent(self) -> bool:
        """Whether it never ends."""
        return not self.months and not self.days

    def __str__(self) -> str:
        """The span as it may be written: `2y`, `18 months`, `90d`, `permanent`."""
        if self.days:
            return f"{self.days}d"
        if not self.months:
            return _PERMANENT
        years, months = divmod(self.months, 12)
        return f"{self.months} months" if months else f"{years}y"


PERMANENT = Retention()
DEFAULT_RETENTION = Retention(months=12)
"""Of contexts for which nothing else is said."""


def parse_retention(text: str) -> Retention:
    """A retention from `90d`, `2w`, `6 months`, `1y` or `permanent`; whole words such as `2 years` do as well.

    Raises:
        UsageError: it is none of them, nothing at all, or longer than MAX_YEARS.
    """
    if text == _PERMANENT:
        return PERMANENT
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    count, unit = (int(found["count"]), found["unit"]) if found else (0, "")
    days, months = count * _DAYS.get(unit, 0), count * _MONTHS.get(unit, 0)
    if not days + months or days > _MAX_DAYS or months > MAX_YEARS * 12:
        hint = f"write 90d, 6 months, 2y (at most {MAX_YEARS} years) or {_PERMANENT}"
        raise UsageError(f"{_shown(text)} is no time to keep something", hint=hint)
    return Retention(days=days, months=months)


def ends(start: datetime, retention: Retention) -> datetime | None:
    """When a retention is over; None for never.

    Months are the calendar's: a year from 29 February is 28 February, four years are 29 February again, and a month
    from the 31st is the last day of the next.

    Args:
        start: when it begins, aware, UTC.
        retention: how long it is.
    """
    if retention.is_permanent:
        return None
    years, month = divmod(start.month - 1 + retention.months, 12)
    year = start.year + years
    if year > MAXYEAR:
        return None
    day = min(start.day, monthrange(year, month + 1)[1])
    try:
        return start.replace(year=year, month=month + 1, day=day) + timedelta(days=retention.days)
    except OverflowError:
        return None


def parse_ttl(ttl: str | timedelta) -> timedelta:
    """How long something is recalled: `90s`, `15min`, `24h`, `30d`, `2w`, or a span as it is.

    Raises:
        UsageError: it is none of them, not longer than nothing, or longer than MAX_YEARS.
    """
    found = _SPAN.fullmatch(ttl) if isinstance(ttl, str) else None
    seconds = int(found["count"]) * _SECONDS.get(found["unit"], 0) if found else 0
    span = ttl if isinstance(ttl, timedelta) else timedelta(seconds=seconds)
    if not timedelta(0) < span <= timedelta(days=_MAX_DAYS):
        hint = f"write 15min, 24h or 30d, at most {MAX_YEARS} years"
        raise UsageError(f"{_shown(ttl)} is no time to live", hint=hint)
    return span


def _shown(value: object) -> str:
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
