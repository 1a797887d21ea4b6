"""When the journal is due to be written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.document.memory_settings import MemorySettings
from sync.taskmaster.flush_due import LastFlush, Unshared, is_due, most_counted
from sync.taskmaster.tiers.protocol import Waiting

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
SETTINGS = MemorySettings(flush_count=3, flush_age="15m")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("last", "waiting", "expected"),
    [
        (LastFlush(), Waiting(), False),
        (LastFlush(), Waiting(count=2, oldest=ago(14)), False),
        (LastFlush(), Waiting(count=1, oldest=ago(15)), True),
        (LastFlush(), Waiting(count=3, oldest=NOW), True),
        (LastFlush(at=ago(1), left=1), Waiting(count=3, oldest=ago(1)), False),
        (LastFlush(at=ago(1), left=1), Waiting(count=4, oldest=ago(1)), True),
        (LastFlush(at=ago(14), left=1), Waiting(count=1, oldest=ago(99)), False),
        (LastFlush(at=ago(15), left=1), Waiting(count=1, oldest=ago(99)), True),
        (LastFlush(at=ago(-5), left=1), Waiting(count=1, oldest=ago(99)), True),
    ],
    ids=[
        "nothing", "few and new", "old enough", "many enough", "those that were left", "so many more than were left",
        "tried lately", "to be tried again", "a clock that was wrong",
    ],
)  # fmt: skip
def test_it_is_due_by_count_or_by_age(last: LastFlush, waiting: Waiting, expected: bool) -> None:
    assert is_due(SETTINGS, last, waiting, NOW) is expected


def test_no_more_are_counted_than_decide() -> None:
    last = LastFlush(at=NOW, left=4)
    most = most_counted(SETTINGS, last)
    assert [is_due(SETTINGS, last, Waiting(count=count), NOW) for count in (most - 1, most)] == [False, True]


def test_a_record_that_nobody_shares_is_kept() -> None:
    record = Unshared()
    record.save(LastFlush(at=NOW, left=2))
    assert record.load() == LastFlush(at=NOW, left=2)
