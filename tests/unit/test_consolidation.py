"""What is decided before anything is tidied up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.taskmaster.consolidation import (
    ARCHIVED,
    Change,
    Situation,
    archived,
    decide_consolidation,
    due_of,
    source_of,
    why_due,
)
from sync.taskmaster.memory import Memory, MemoryId, Tier, encode_value
from sync.taskmaster.retention import PERMANENT, Retention
from sync.taskmaster.tiers.protocol import Held

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
BUDGET = "taskmaster:wedding:42:module:budget"
YEAR = Retention(months=12)
DEPOSIT = "The florist's deposit is paid and was confirmed by mail"


def memory(key: str, value: Any, *, minute: float = 0, **others: Any) -> Memory:
    kind, data = encode_value(value)
    at = NOW + timedelta(minutes=minute)
    given: dict[str, Any] = {"importance": 0.6, "created": at, "updated": at, "version": 1} | others
    return Memory(context=BUDGET, key=key, kind=kind, data=data, **given)


def held(what: Memory, *homes: Tier) -> Held:
    return Held(memory=what, homes=frozenset(homes or (Tier.WORKING,)))


def id_of(key: str) -> MemoryId:
    return MemoryId(BUDGET, key)


@pytest.mark.parametrize(
    ("fields", "homes", "retention", "expected"),
    [
        ({}, (Tier.WORKING,), YEAR, ""),
        ({"expires": NOW}, (Tier.WORKING,), PERMANENT, "was to be recalled until 2025-04-05"),
        ({"expires": NOW + timedelta(seconds=1)}, (Tier.WORKING,), YEAR, ""),
        ({"updated": NOW - timedelta(days=365)}, (Tier.LONG,), YEAR, "kept for 1y, until 2025-04-05"),
        ({"updated": NOW - timedelta(days=365)}, (Tier.WORKING,), YEAR, ""),
        ({"updated": NOW - timedelta(days=365)}, (Tier.LONG,), PERMANENT, ""),
        ({"updated": NOW - timedelta(days=365), "retention": "2y"}, (Tier.LONG,), YEAR, ""),
        ({"updated": NOW - timedelta(40), "retention": "30d"}, (Tier.LONG,), YEAR, "kept for 30d, until 2025-03-26"),
        ({"expires": NOW, "metadata": {ARCHIVED: {"why": "before"}}}, (Tier.LONG,), YEAR, ""),
    ],
)  # fmt: skip
def test_a_memory_is_due_when_its_time_or_its_retention_is_over(
    fields: dict[str, Any], homes: tuple[Tier, ...], retention: Retention, expected: str
) -> None:
    assert why_due(held(memory("k", "v", **fields), *homes), retention, NOW) == expected


def test_what_one_that_stays_was_made_from_stays_too_over_any_number_of_steps() -> None:
    first, second, third, other = (id_of(key) for key in ("first", "second", "third", "other"))
    due = dict.fromkeys((first, second, other), "over")
    assert due_of(due, {second: first, third: second}) == {other: "over"}
    assert due_of(due | {third: "over"}, {second: first, third: second}).keys() == {first, second, third, other}
    assert due_of(due, {first: second, second: first}).keys() == set(due)


def test_a_shared_memory_says_what_it_was_made_from() -> None:
    assert source_of(memory("a", "v")) is None
    assert source_of(memory("a", "v", metadata={"_shared_from": "x:y", "_shared_key": "b"})) == MemoryId("x:y", "b")
    assert source_of(memory("a", "v", metadata={"_shared_from": 3})) is None


def test_what_is_archived_has_no_end_and_says_why() -> None:
    one = archived(memory("k", "v", expires=NOW, metadata={"by": "ada"}), "over", NOW)
    assert (one.expires, one.metadata["by"], one.metadata[ARCHIVED]["why"]) == (None, "ada", "over")


def test_what_was_shared_or_is_shared_is_not_compressed() -> None:
    shared = {"_shared_from": "taskmaster:wedding:43", "_shared_key": "note 1"}
    one, two, three = memory("note 1", DEPOSIT), memory("note 2", DEPOSIT), memory("note 3", DEPOSIT, metadata=shared)
    plan = decide_consolidation(map(held, (one, two, three)), Situation(now=NOW, shared={one.id}))
    assert plan.changes == ()


def test_what_takes_the_place_of_others_is_changed_before_them() -> None:
    one, two = memory("note 1", DEPOSIT), memory("note 2", DEPOSIT, minute=1)
    plan = decide_consolidation(map(held, (one, two)), Situation(now=NOW))
    assert [(change.memory.key, change.needs) for change in plan.changes] == [("note 2", None), ("note 1", two.id)]


WORDS = st.sampled_from("the florist asks 48 52 euros friday saturday not a guest deposit".split())
VALUES = st.lists(WORDS, max_size=8).map(" ".join) | st.dictionaries(WORDS, st.integers(0, 3), max_size=4)
OWN = st.sampled_from([{}, {ARCHIVED: {"why": "x"}}, {"_shared_from": BUDGET, "_shared_key": "note0"}])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["note", "florist v", "guest-"]), VALUES, st.integers(0, 3), st.sampled_from(["", "learning"]),
        st.booleans(), OWN,
    ),
    max_size=10,
).map(
    lambda rows: [
        held(
            memory(f"{key}{at}", value, minute=minute, type=type_, metadata=own, expires=NOW if is_due else None),
            Tier.WORKING,
        )
        for at, (key, value, minute, type_, is_due, own) in enumerate(rows)
    ]
)  # fmt: skip


def situation(rows: list[Held]) -> Situation:
    due = {one.memory.id: why for one in rows if (why := why_due(one, YEAR, NOW))}
    sources = {one.memory.id: source for one in rows if (source := source_of(one.memory))}
    return Situation(now=NOW, due=due_of(due, sources), shared=frozenset(sources.values()))


@given(ROWS)
def test_no_value_is_changed_and_no_memory_is_changed_twice(rows: list[Held]) -> None:
    changes = decide_consolidation(rows, situation(rows)).changes
    present = {one.memory.id: one for one in rows}
    assert len({one.memory.id for one in changes}) == len(changes)
    for one in changes:
        before = present[one.memory.id].memory
        assert (one.memory.data, one.memory.updated, one.memory.type) == (before.data, before.updated, before.type)
        assert one.homes


@given(ROWS)
def test_what_was_decided_and_done_leaves_nothing_to_decide(rows: list[Held]) -> None:
    after = done(rows, decide_consolidation(rows, situation(rows)).changes)
    assert decide_consolidation(after, situation(after)).changes == ()


@given(ROWS, st.integers(0, 10))
def test_half_of_it_done_the_rest_follows(rows: list[Held], count: int) -> None:
    plan = decide_consolidation(rows, situation(rows))
    half = done(rows, plan.changes[:count])
    again = done(half, decide_consolidation(half, situation(half)).changes)
    whole = done(rows, plan.changes)
    assert [state(one) for one in again] == [state(one) for one in whole]


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_memories_does_not_matter(rows: list[Held], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert decide_consolidation(shuffled, situation(rows)) == decide_consolidation(rows, situation(rows))


def done(rows: list[Held], changes: tuple[Change, ...]) -> list[Held]:
    made = {one.memory.id: Held(memory=one.memory, homes=one.homes) for one in changes}
    return [made.get(one.memory.id, one) for one in rows]


def state(one: Held) -> tuple[Any, ...]:
    return one.memory, one.homes
