"""Spans of time: how long memories are kept, and how long they are recalled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.errors import UsageError
from sync.taskmaster.retention import PERMANENT, Retention, ends, parse_retention, parse_ttl


@pytest.mark.parametrize(
    ("text", "retention", "canonical"),
    [
        ("90d", Retention(days=90), "90d"),
        ("2w", Retention(days=14), "14d"),
        ("1 day", Retention(days=1), "1d"),
        ("6 months", Retention(months=6), "6 months"),
        ("18 months", Retention(months=18), "18 months"),
        ("1y", Retention(months=12), "1y"),
        ("2 years", Retention(months=24), "2y"),
        ("permanent", PERMANENT, "permanent"),
    ],
)
def test_a_retention_is_written_as_people_do(text: str, retention: Retention, canonical: str) -> None:
    assert parse_retention(text) == retention
    assert str(retention) == canonical
    assert parse_retention(canonical) == retention


@pytest.mark.parametrize("text", ["", "1", "y", "0d", "-1y", "1m", "1.5y", "101y", "36601d", "1y6m", "forever", "１y"])
def test_what_is_no_retention_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_retention(text)
    assert "permanent" in caught.value.hint


@pytest.mark.parametrize(
    ("start", "retention", "end"),
    [
        ("2024-02-29", "1y", "2025-02-28"),
        ("2024-02-29", "4y", "2028-02-29"),
        ("2096-02-29", "4y", "2100-02-28"),
        ("2025-01-31", "1 month", "2025-02-28"),
        ("2024-01-31", "1 month", "2024-02-29"),
        ("2025-11-30", "3 months", "2026-02-28"),
        ("2025-12-15", "1 month", "2026-01-15"),
        ("2025-02-28", "1y", "2026-02-28"),
        ("2024-02-28", "2d", "2024-03-01"),
    ],
)
def test_a_retention_ends_by_the_calendar(start: str, retention: str, end: str) -> None:
    hour = "T10:20:30.123456+00:00"
    found = ends(datetime.fromisoformat(f"{start}{hour}"), parse_retention(retention))
    assert found == datetime.fromisoformat(f"{end}{hour}")


def test_what_is_permanent_never_ends() -> None:
    assert ends(datetime(2025, 1, 1, tzinfo=UTC), PERMANENT) is None


@pytest.mark.parametrize("retention", ["1y", "400d"])
def test_an_end_behind_all_calendars_is_none(retention: str) -> None:
    assert ends(datetime(9999, 6, 1, tzinfo=UTC), parse_retention(retention)) is None


@pytest.mark.parametrize(
    ("ttl", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("15min", timedelta(minutes=15)),
        ("24h", timedelta(days=1)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(days=14)),
        (timedelta(milliseconds=1), timedelta(milliseconds=1)),
    ],
)
def test_a_time_to_live_is_text_or_a_span(ttl: str | timedelta, span: timedelta) -> None:
    assert parse_ttl(ttl) == span


@pytest.mark.parametrize("ttl", ["", "1", "h", "0h", "-1h", "1y", "999999d", timedelta(0), timedelta(seconds=-1)])
def test_what_is_no_time_to_live_is_refused_with_an_example(ttl: str | timedelta) -> None:
    with pytest.raises(UsageError) as caught:
        parse_ttl(ttl)
    assert "24h" in caught.value.hint
