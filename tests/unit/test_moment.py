"""When an entry was written."""

from __future__ import annotations

from datetime import UTC, date, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from sync.document.moment import Moment, parse_date, parse_loose_date, parse_record_date, parse_time

PARIS = ZoneInfo("Europe/Paris")
DAY = date(2025, 4, 5)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2025-04-05", Moment(day=DAY)),
        (" 2025-04-05 ", Moment(day=DAY)),
        ("2025-04-05T14:30", Moment(day=DAY, clock=time(14, 30))),
        ("2025-04-05 14:30:05", Moment(day=DAY, clock=time(14, 30, 5))),
        ("2025-04-05t14:30:05.25", Moment(day=DAY, clock=time(14, 30, 5, 250_000))),
        ("2025-04-05T14:30:00.123456", Moment(day=DAY, clock=time(14, 30, 0, 123_456))),
        ("2025-04-05T14:30Z", Moment(day=DAY, clock=time(14, 30), zone=UTC)),
        ("2025-04-05T14:30:00z", Moment(day=DAY, clock=time(14, 30), zone=UTC)),
        ("2025-04-05 14:30 +02:00", Moment(day=DAY, clock=time(14, 30), zone=timezone(timedelta(hours=2)))),
        ("2025-04-05T14:30-0330", Moment(day=DAY, clock=time(14, 30), zone=timezone(-timedelta(hours=3, minutes=30)))),
    ],
)
def test_a_date_is_read_with_as_much_precision_as_was_written(written: str, expected: Moment) -> None:
    assert parse_date(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "", "today", "2025", "2025-4-5", "05-04-2025", "05/04/2025", "20250405", "2025-13-01", "2025-02-30",
        "2025-04-05T", "2025-04-05T14", "2025-04-05T25:00", "2025-04-05T14:60", "2025-04-05T14:30:61",
        "2025-04-05T14:30:00.1234567", "2025-04-05T14:30+25:00", "2025-04-05T14:30 CET", "2025-04-05Z", "0000-01-01",
        "2025-04-05 and more", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "٢٠٢٥-٠٤-٠٥",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(written: str) -> None:
    assert parse_date(written) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("08/04/2025", Moment(day=date(2025, 4, 8))),
        ("08-04-2025", Moment(day=date(2025, 4, 8))),
        ("2025-04-08", Moment(day=date(2025, 4, 8))),
        ("2025-04-08 10:00", Moment(day=date(2025, 4, 8), clock=time(10))),
        ("31/02/2025", None),
        ("8 avril 2025", None),
    ],
)
def test_headers_also_hold_dates_with_the_day_first(written: str, expected: Moment | None) -> None:
    assert parse_loose_date(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("14-30", time(14, 30)),
        ("14:30", time(14, 30)),
        ("14h30", time(14, 30)),
        ("14.30", time(14, 30)),
        ("14h", time(14)),
        ("9h05", time(9, 5)),
        (" 09:05 ", time(9, 5)),
        ("14:30:15", time(14, 30, 15)),
        ("14h30m15", time(14, 30, 15)),
        ("00-00", time(0)),
        ("23-59", time(23, 59)),
    ],
)
def test_an_hour_is_read_in_every_form_in_use(written: str, expected: time) -> None:
    assert parse_time(written) == expected


@pytest.mark.parametrize("written", ["", "14", "24:00", "14:60", "14:3", "2 pm", "14:30:61", "midi", "14-30-"])
def test_what_is_no_time_of_day_is_none(written: str) -> None:
    assert parse_time(written) is None


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        pytest.param(Moment(day=DAY), PARIS, "2025-04-05", id="a-day-stays-a-day"),
        pytest.param(Moment(day=DAY, clock=time(14, 30)), UTC, "2025-04-05T14:30:00.000Z", id="utc"),
        pytest.param(Moment(day=DAY, clock=time(14, 30)), PARIS, "2025-04-05T12:30:00.000Z", id="summer"),
        pytest.param(Moment(day=date(2025, 1, 5), clock=time(14, 30)), PARIS, "2025-01-05T13:30:00.000Z", id="winter"),
        pytest.param(Moment(day=DAY, clock=time(0, 30)), PARIS, "2025-04-04T22:30:00.000Z", id="the-day-before"),
        pytest.param(Moment(day=DAY, clock=time(14, 30), zone=UTC), PARIS, "2025-04-05T14:30:00.000Z", id="own-zone"),
        pytest.param(Moment(day=DAY, clock=time(1, 2, 3, 4567)), UTC, "2025-04-05T01:02:03.004Z", id="milliseconds"),
    ],
)
def test_a_record_holds_utc_with_milliseconds(moment: Moment, zone: tzinfo, expected: str) -> None:
    assert moment.to_record(zone) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("2025-04-05", Moment(day=DAY), id="day"),
        pytest.param("2025-04-05T12:30:00.000Z", Moment(day=DAY, clock=time(14, 30)), id="summer"),
        pytest.param("2025-04-04T22:30:00.000Z", Moment(day=DAY, clock=time(0, 30)), id="the-day-after"),
        pytest.param("2025-04-05T14:30:00+02:00", Moment(day=DAY, clock=time(14, 30)), id="another-offset"),
        pytest.param("2025-04-05T12:30:00", Moment(day=DAY, clock=time(14, 30)), id="no-offset-is-utc"),
        pytest.param("tomorrow", None, id="no-date"),
        pytest.param("9999-12-31T23:30:00.000Z", None, id="behind-the-end-of-the-calendar"),
    ],
)
def test_the_date_of_a_record_is_read_in_the_zone_of_the_journal(written: str, expected: Moment | None) -> None:
    assert parse_record_date(written, PARIS) == expected
