"""What a memory is worth that was given no number, and where it goes by its worth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sync.document.memory_settings import ImportanceSettings, PlacingSettings
from sync.taskmaster.importance import (
    HALF_LIFE,
    Facts,
    business_value,
    complexity,
    factors_of,
    frequency,
    importance_of,
    recency,
    user_importance,
)
from sync.taskmaster.memory import Kind, Tier, encode_value
from sync.taskmaster.placing import homes_of

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
SHARES = st.floats(0, 1)
AGES = st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000))
METADATA = st.dictionaries(
    st.sampled_from(["business_value", "importance", "important", "pinned", "rating", "other"]),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
)
FACTS = st.builds(
    Facts,
    kind=st.sampled_from(Kind),
    data=st.binary(max_size=300),
    now=st.just(NOW),
    type=st.sampled_from(["", "pricing", "joke"]),
    metadata=METADATA,
    uses=st.integers(0, 10**6),
    used=st.none() | AGES.map(lambda age: NOW - age),
    types=st.dictionaries(st.sampled_from(["pricing"]), SHARES),
)
WEIGHTS = st.builds(
    ImportanceSettings, **{name: st.floats(0, 100) for name in factors_of(Facts(kind=Kind.BYTES, data=b"", now=NOW))}
)
"""Of every factor by its name: a factor without a weight of its own fails here."""


def facts_of(value: Any, **others: Any) -> Facts:
    kind, data = encode_value(value)
    return Facts(kind=kind, data=data, now=NOW, **others)


@given(FACTS, WEIGHTS)
def test_every_factor_and_their_mean_are_from_0_to_1(facts: Facts, weights: ImportanceSettings) -> None:
    factors = factors_of(facts)
    assert all(0 <= value <= 1 for value in factors.values())
    assume(any(getattr(weights, name) > 1e-6 for name in factors))
    assert 0 <= importance_of(facts, weights) <= 1


@given(FACTS, st.sampled_from(list(factors_of(Facts(kind=Kind.BYTES, data=b"", now=NOW)))))
def test_the_mean_is_a_factor_where_no_other_has_a_weight(facts: Facts, name: str) -> None:
    nothing = dict.fromkeys(factors_of(facts), 0.0)
    weights = ImportanceSettings(**(nothing | {name: 3.0}))
    assert importance_of(facts, weights) == pytest.approx(factors_of(facts)[name])


@given(FACTS, st.integers(0, 10**6))
def test_more_uses_never_make_it_less_important(facts: Facts, more: int) -> None:
    assert importance_of(replace(facts, uses=facts.uses + more)) >= importance_of(facts)


@given(FACTS, AGES, AGES)
def test_a_later_use_never_makes_it_less_important(facts: Facts, one: timedelta, other: timedelta) -> None:
    late, early = (replace(facts, used=NOW - age) for age in sorted([one, other]))
    assert importance_of(late) >= importance_of(early)


@given(FACTS, SHARES, SHARES)
def test_a_higher_business_value_never_makes_it_less_important(facts: Facts, one: float, other: float) -> None:
    low, high = (replace(facts, metadata={**facts.metadata, "business_value": value}) for value in sorted([one, other]))
    assert importance_of(low) <= importance_of(high)


@given(FACTS, st.floats(0, 5), st.floats(0, 5))
def test_a_better_rating_never_makes_it_less_important(facts: Facts, one: float, other: float) -> None:
    low, high = (replace(facts, metadata={**facts.metadata, "rating": value}) for value in sorted([one, other]))
    assert importance_of(low) <= importance_of(high)


@given(FACTS, st.binary(max_size=300))
def test_a_longer_value_never_makes_it_less_important(facts: Facts, more: bytes) -> None:
    assert importance_of(replace(facts, data=facts.data + more)) >= importance_of(facts)


@given(FACTS, WEIGHTS, st.floats(0.01, 100))
def test_weights_count_by_their_shares(facts: Facts, weights: ImportanceSettings, times: float) -> None:
    assume(max(getattr(weights, name) for name in factors_of(facts)) > 1e-6)
    scaled = ImportanceSettings(**{name: getattr(weights, name) * times for name in factors_of(facts)})
    assert importance_of(facts, scaled) == pytest.approx(importance_of(facts, weights))


def test_uses_count_by_doublings_up_to_64() -> None:
    assert [round(frequency(uses), 2) for uses in (0, 1, 3, 7, 64, 1_000)] == [0, 0.17, 0.33, 0.5, 1, 1]


def test_what_was_not_used_for_a_half_life_is_half_as_recent() -> None:
    assert [recency(times * HALF_LIFE) for times in (-1, 0, 1, 2)] == [1, 1, 0.5, 0.25]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, 0.5),
        ({"important": True}, 1),
        ({"important": False}, 0),
        ({"pinned": True, "important": False}, 1),
        ({"pinned": "yes"}, 0.5),
        ({"rating": 4}, 0.8),
        ({"rating": 40}, 1),
        ({"rating": True}, 0.5),
        ({"importance": " High"}, 0.75),
        ({"importance": "élevée"}, 0.5),
    ],
)
def test_what_a_person_marked_counts_and_nothing_else(metadata: dict[str, Any], expected: float) -> None:
    assert user_importance(metadata) == expected


def test_a_value_that_is_said_counts_before_the_type_s() -> None:
    types = {"pricing": 0.9}
    assert business_value("pricing", {}, types) == 0.9
    assert business_value("pricing", {"business_value": "low"}, types) == 0.25
    assert business_value("joke", {}, types) == 0.5


def test_structure_counts_beside_length() -> None:
    flat, deep = {"a": "x" * 60}, {"guests": [{"name": "Ada"}, {"name": "Bo"}, {"name": "Cy"}]}
    assert len(json.dumps(flat)) > len(json.dumps(deep))
    assert complexity(*encode_value(deep)) > complexity(*encode_value(flat))
    assert complexity(Kind.BYTES, b"{" * 65_536) == 1


def test_an_ordinary_note_is_short_term_until_it_is_used() -> None:
    note = facts_of("The florist answers on Tuesdays.")
    used = replace(note, uses=7, used=NOW)
    marked = replace(note, uses=64, used=NOW, metadata={"pinned": True, "business_value": "critical"})
    assert [homes_of(importance_of(one)) for one in (note, used, marked)] == [
        {Tier.SHORT}, {Tier.WORKING}, {Tier.LONG},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("importance", "homes"),
    [
        (0, {Tier.SHORT}),
        (0.4999, {Tier.SHORT}),
        (0.5, {Tier.WORKING}),
        (0.7, {Tier.LONG}),
        (0.9, set(Tier)),
        (1, set(Tier)),
    ],
)
def test_a_memory_goes_where_its_importance_says(importance: float, homes: set[Tier]) -> None:
    assert homes_of(importance) == homes


@given(SHARES, st.lists(SHARES, min_size=3, max_size=3).map(sorted))
def test_every_memory_has_a_home_whatever_the_thresholds(importance: float, rising: list[float]) -> None:
    working, long_term, all_ = rising
    homes = homes_of(importance, PlacingSettings(all=all_, long_term=long_term, working=working))
    assert homes == set(Tier) or len(homes) == 1
