"""Learning: what was observed is counted, whoever observes it, and however many at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from keeping import Clock, open_keeper

from sync.errors import UsageError
from sync.taskmaster.events import Event
from sync.taskmaster.learning import MAX_BYTES, learn
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Tier
from sync.taskmaster.patterns import LEARNING, MAX_OUTCOMES, identity_of, key_of, read_learned

BUDGET = "taskmaster:wedding:42:module:budget"
PATTERN = {"when": "caterer asks for more", "than": "10 %"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(tmp_path: Path, clock: Clock) -> Iterator[MemoryManager]:
    with open_keeper(tmp_path, clock) as manager:
        yield manager


def test_what_was_learned_is_a_memory_of_the_working_tier(keeper: MemoryManager) -> None:
    known = learn(keeper, BUDGET, PATTERN, {"success": True, "response_s": 0.5})
    held = keeper.get(BUDGET, key_of(PATTERN))
    assert held is not None
    assert (held.memory.type, held.tier) == (LEARNING, Tier.WORKING)
    assert read_learned(held.memory.value) == known
    assert (known.pattern, known.count, known.success_share, known.mean_s) == (PATTERN, 1, 1, 0.5)


def test_observations_of_one_pattern_are_counted_together(keeper: MemoryManager) -> None:
    learn(keeper, BUDGET, "Caterer asks for more", True)
    learn(keeper, BUDGET, "caterer  asks for MORE", False)
    known = learn(keeper, BUDGET, "caterer asks for more", "late")
    other = learn(keeper, BUDGET, "florist asks for more", False)
    elsewhere = learn(keeper, "taskmaster:wedding:43", "caterer asks for more", False)
    assert (known.count, known.pattern, known.success_share) == (3, "Caterer asks for more", 0.5)
    assert (other.count, elsewhere.count) == (1, 1)


def test_learners_at_once_lose_no_count(tmp_path: Path, clock: Clock) -> None:
    with open_keeper(tmp_path, clock) as one, open_keeper(tmp_path, clock) as other, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: learn((one, other)[at % 2], BUDGET, PATTERN, at), range(80)))
        known = learn(one, BUDGET, PATTERN, "last")
        assert other.rivals(BUDGET, key_of(PATTERN)) == ()
    assert known.count == 81
    assert len(known.outcomes) == MAX_OUTCOMES


def test_an_old_record_is_counted_on(keeper: MemoryManager, clock: Clock) -> None:
    learn(keeper, BUDGET, PATTERN, True)
    clock.pass_(days=60)
    assert keeper.get(BUDGET, key_of(PATTERN)) is None
    assert learn(keeper, BUDGET, PATTERN, True).count == 2


def test_a_forgotten_record_begins_anew(keeper: MemoryManager) -> None:
    learn(keeper, BUDGET, PATTERN, True)
    keeper.forget(BUDGET, key_of(PATTERN))
    assert learn(keeper, BUDGET, PATTERN, True).count == 1


def test_what_somebody_made_of_a_record_is_not_overwritten(keeper: MemoryManager) -> None:
    keeper.remember(BUDGET, key_of(PATTERN), "my own words", importance=0.6)
    with pytest.raises(UsageError, match="no record of a pattern any more"):
        learn(keeper, BUDGET, PATTERN, True)
    held = keeper.get(BUDGET, key_of(PATTERN))
    assert held is not None
    assert held.memory.value == "my own words"


@pytest.mark.parametrize("pattern", [b"bytes", {"a": {1}}, float("nan"), "x" * (MAX_BYTES + 1), {1: 2}])
def test_a_pattern_is_json_of_some_length(keeper: MemoryManager, pattern: object) -> None:
    for given in ((pattern, True), ("p", pattern)):
        with pytest.raises(UsageError):
            learn(keeper, BUDGET, *given)
    assert keeper.list(BUDGET).memories == ()


def test_learning_is_told(keeper: MemoryManager) -> None:
    told: list[Event] = []
    keeper.events.subscribe("memory:learned", told.append)
    learn(keeper, BUDGET, PATTERN, True)
    learn(keeper, BUDGET, PATTERN, True)
    assert [(one.context, one.key, dict(one.data)) for one in told] == [
        (BUDGET, key_of(PATTERN), {"pattern": identity_of(PATTERN), "count": count}) for count in (1, 2)
    ]
