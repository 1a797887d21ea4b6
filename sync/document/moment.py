"""When an entry was written: a day, perhaps an hour, perhaps a time zone; and its one form in records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

MIN_YEAR, MAX_YEAR = 1000, 9998  # four digits, in any time zone
_DATE = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?)?"
    r"[ ]?(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?)?"
)
_DAY_FIRST = re.compile(r"(?P<d>\d{2})[/-](?P<m>\d{2})[/-](?P<y>\d{4})")
_TIME = re.compile(r"(?P<hour>\d{1,2})(?:[-:h.](?P<minute>\d{2})(?:[-:m.](?P<second>\d{2}))?|h)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A day with as much precision as was written.

    Attributes:
        day: the calendar day.
        clock: the time of that day, naive; None where only the day is known.
        zone: the offset that was written with it; None means the journal's own time zone.
    """

    day: date
    clock: time | None = None
    zone: tzinfo | None = None

    def to_record(self, default_zone: tzinfo) -> str:
        """`2025-04-05T14:30:00.000Z` (UTC, milliseconds), or `2025-04-05` where no hour is known.

        A day alone stays a day: as midnight it would be the day before in half of the world.
        """
        if self.clock is None:
            return self.day.isoformat()
        local = datetime.combine(self.day, self.clock, tzinfo=self.zone or default_zone)
        return local.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_date(written: str) -> Moment | None:
    """A `date` of front matter: ISO 8601, a day or a day with a time and perhaps a zone. None where it is neither."""
    found = _DATE.fullmatch(written.strip())
    if not found:
        return None
    try:
        day = date.fromisoformat(found["day"])
        if not MIN_YEAR <= day.year <= MAX_YEAR:
            return None
        if found["hour"] is None:
            return Moment(day=day)
        fraction = int((found["fraction"] or "0").ljust(6, "0"))
        clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0), fraction)
        moment = Moment(day=day, clock=clock, zone=_zone(found["zone"]))
    except ValueError:
        return None
    return moment


def parse_loose_date(written: str) -> Moment | None:
    """As `parse_date`, and also day-first dates such as `08/04/2025`, as they stand in headers of French journals."""
    found = _DAY_FIRST.fullmatch(written.strip())
    return parse_date(f"{found['y']}-{found['m']}-{found['d']}") if found else parse_date(written)


def parse_time(written: str) -> time | None:
    """A `heure`: `14-30`, `14:30`, `14h30`, `14h`, with seconds or without. None where it is no time of day."""
    found = _TIME.fullmatch(written.strip())
    if not found:
        return None
    try:
        return time(int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0))
    except ValueError:
        return None


def parse_record_date(written: str, zone: tzinfo) -> Moment | None:
    """The moment of a record's date, in the given time zone: the inverse of `Moment.to_record`."""
    moment = parse_date(written)
    if moment is None or moment.clock is None:
        return moment
    instant = datetime.combine(moment.day, moment.clock, tzinfo=moment.zone or UTC)
    local = instant.astimezone(zone)
    return Moment(day=local.date(), clock=local.time().replace(fold=0), zone=None)


def _zone(written: str | None) -> tzinfo | None:
    if written is None:
        return None
    if written in "Zz":
        return UTC
    sign = -1 if written[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(written[1:3]), minutes=int(written[-2:])))
