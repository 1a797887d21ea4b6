"""What is learned of a pattern, and which patterns are frequent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import UsageError
from sync.taskmaster.patterns import (
    MAX_OUTCOMES,
    MAX_PATTERNS,
    Access,
    Learned,
    frequent,
    identity_of,
    key_of,
    observed,
    read_learned,
    value_of,
)

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def learned(*outcomes: Any, pattern: Any = "budget over by 10 %") -> Learned:
    found = None
    for minute, outcome in enumerate(outcomes):
        found = observed(found, pattern, outcome, at(minute))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": [2, 3]}, {"b": [2.0, 3], "a": 1.0}),
        ("Budget  dépassé", "budget de\u0301passe\u0301 "),
        ({"When": "venue BOOKED"}, {"when": "venue booked"}),
    ],
)
def test_a_pattern_has_one_identity_however_it_is_written(one: Any, other: Any) -> None:
    assert identity_of(one) == identity_of(other)


@pytest.mark.parametrize("other", [{"a": 2}, {"a": "1"}, {"b": 1}, [1], {"a": [1]}, {"a": True}, None, "a"])
def test_other_patterns_have_others(other: Any) -> None:
    assert identity_of({"a": 1}) != identity_of(other)


@given(JSON)
def test_the_key_of_any_pattern_is_short_and_one_line(pattern: Any) -> None:
    assert len(key_of(pattern)) == 25
    assert key_of(pattern).isprintable()


def test_counts_and_means_are_those_of_all_observations() -> None:
    outcomes = [{"success": True, "response_ms": 100}, False, {"took_s": 0.4}, "late", {"ok": True, "response_s": 1}]
    one = learned(*outcomes)
    assert (one.count, one.first, one.last) == (5, at(0), at(4))
    assert (one.judged, one.successes, one.timed) == (3, 2, 3)
    assert one.success_share == pytest.approx(2 / 3)
    assert one.mean_s == pytest.approx(0.5)


def test_no_share_of_successes_is_known_where_no_outcome_says_so() -> None:
    assert learned("late", {"success": "maybe"}, {"response_s": -1}, 1).success_share is None


def test_the_last_outcomes_are_kept_the_newest_first() -> None:
    one = learned(*range(MAX_OUTCOMES + 5))
    assert [row["outcome"] for row in one.outcomes] == list(range(MAX_OUTCOMES + 4, 4, -1))
    assert one.count == MAX_OUTCOMES + 5


def test_an_observation_that_comes_late_does_not_turn_the_clock_back() -> None:
    one = observed(learned("a", "b"), "p", "c", at(-5))
    assert (one.first, one.last) == (at(-5), at(1))


@given(JSON, st.lists(JSON, min_size=1, max_size=5))
def test_what_was_learned_is_read_back_as_it_was_written(pattern: Any, outcomes: list[Any]) -> None:
    one = learned(*outcomes, pattern=pattern)
    assert read_learned(value_of(one)) == one


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [],
        {},
        {"pattern": 1},
        {**value_of(learned("a")), "count": "many"},
        {**value_of(learned("a")), "count": -1},
        {**value_of(learned("a")), "last": "2025-04-05T12:00:00"},
        {**value_of(learned("a")), "outcomes": {}},
    ],
)
def test_what_a_person_made_of_it_may_be_something_else(value: Any) -> None:
    assert read_learned(value) is None


@pytest.mark.parametrize("outcome", [{"took_s": 10**400}, {"took_ms": 10**400}])
def test_a_length_of_time_is_a_number_that_computers_reckon_with(outcome: Any) -> None:
    with pytest.raises(UsageError, match="too large"):
        observed(None, "p", outcome, NOW)


@pytest.mark.parametrize("name", ["count", "judged", "successes", "timed", "mean_s"])
def test_a_record_with_a_number_beyond_reckoning_is_none(name: str) -> None:
    assert read_learned(value_of(learned({"took_s": 1})) | {name: 10**400}) is None


def test_frequent_patterns_come_by_their_counts_then_by_the_last_time() -> None:
    rows = frequent(
        [learned("a", "b", "c", pattern="three"), learned("a", "b", pattern="two"), learned(*"abcd", pattern="four")],
        [Access(key="venue", count=3, last=at(60), mean_s=0.002), Access(key="band", count=2, last=at(60))],
    )
    assert [row["pattern"] for row in rows] == ["four", {"recall": "venue"}, "three"]
    assert [row["count"] for row in rows] == [4, 3, 3]
    assert rows[1]["mean_s"] == 0.002


def test_nothing_counts_less_than_it_did() -> None:
    before = frequent([], [Access(key="venue", count=9, last=at(1)), Access(key="gone", count=4, last=at(1))])
    after = frequent([], [Access(key="venue", count=3, last=at(9)), Access(key="band", count=5, last=at(2))], before)
    assert [(row["pattern"]["recall"], row["count"]) for row in after] == [("venue", 9), ("band", 5), ("gone", 4)]
    assert frequent([], [], after) == after


def test_of_very_many_the_most_frequent_are_kept_and_what_is_no_row_is_left_out() -> None:
    accesses = [Access(key=f"k{number}", count=3 + number, last=at(0)) for number in range(MAX_PATTERNS + 10)]
    rows = frequent([], accesses, [{"id": 3}, "text", {"id": "a", "count": "b", "last": "c"}])
    assert len(rows) == MAX_PATTERNS
    assert rows[-1]["count"] == 13


@given(st.lists(st.integers(1, 6)), st.randoms(use_true_random=False))
def test_the_order_of_what_was_learned_does_not_matter(counts: list[int], random: Any) -> None:
    many = [learned(*range(count), pattern=number) for number, count in enumerate(counts)]
    shuffled = list(many)
    random.shuffle(shuffled)
    assert frequent(shuffled, []) == frequent(many, [])
