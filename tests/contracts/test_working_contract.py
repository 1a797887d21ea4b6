"""What a working tier keeps besides memories: what other tiers must still be told, and the values that lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from backends import params
from contract_memories import BUDGET, FIRST, GUESTS, NOW, OTHER_TENANT, at, copy, held, keys_of, memory, of, put, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import Port, WorkingStore, empty_store

from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.tiers.protocol import Use, Working
from sync.taskmaster.writing import decide_write, older

LONG, SHORT, SEMANTIC, WORKING = Tier.LONG, Tier.SHORT, Tier.SEMANTIC, Tier.WORKING
ID = memory().id
_numbers = count()


@pytest.fixture(params=params(Port.WORKING))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkingStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def working(store: WorkingStore) -> Working:
    return store.open()


def owed_ids(working: Working, tier: Tier, limit: int = 100) -> list[MemoryId]:
    return [one.memory.id for one in working.owed(tier, limit)]


# What is owed


def test_a_memory_says_what_is_owed_and_where_it_is_at_home(working: Working) -> None:
    put(working, memory(), homes=[LONG, WORKING], owed=[LONG, SEMANTIC], base="abc")
    kept = held(working, ID)

    assert kept is not None
    assert (kept.homes, kept.owed, kept.base) == (frozenset({LONG, WORKING}), frozenset({LONG, SEMANTIC}), "abc")
    assert working.owed(LONG, 10) == [kept]
    assert [owed_ids(working, tier) for tier in (LONG, SEMANTIC, SHORT)] == [[ID], [ID], []]


def test_what_is_owed_is_listed_by_id_in_pages(working: Working) -> None:
    ids = sorted(MemoryId(context, f"k{number}") for context in ("a:b", "a", "é") for number in range(4))
    working.put([write(memory(key, context=context), owed=[LONG]) for context, key in reversed(ids)])
    working.put([write(memory(key, context="z"), owed=[SHORT]) for key in "ab"])
    first = owed_ids(working, LONG, 7)
    second = [one.memory.id for one in working.owed(LONG, 7, after=first[-1])]

    assert (first, second) == (ids[:7], ids[7:])


def test_what_is_forgotten_or_has_expired_is_still_owed(working: Working) -> None:
    first = of(put(working, memory()))
    put(working, first.forgotten(at(1), "eve"), seen=FIRST, owed=[LONG])
    put(working, memory("b", expires=1), owed=[LONG])

    assert owed_ids(working, LONG) == [MemoryId(BUDGET, "b"), ID]
    assert working.sweep(at(24 * 60 * 9)) == []
    assert owed_ids(working, LONG) == [MemoryId(BUDGET, "b"), ID]


def test_what_is_owed_is_added_to_what_was_owed(working: Working) -> None:
    put(working, memory(), owed=[LONG])
    put(working, memory(value="castle", minute=1), seen=FIRST, owed=[SHORT])
    put(working, memory(value="late", minute=-1), owed=[SEMANTIC])
    kept = held(working, ID)

    assert kept is not None
    assert kept.owed == {LONG, SHORT, SEMANTIC}


def test_homes_and_base_are_those_of_the_last_winner(working: Working) -> None:
    put(working, memory(), homes=[WORKING], base="aa")
    put(working, memory(value="castle", minute=1), seen=FIRST, homes=[LONG], base="bb")
    kept = held(working, ID)

    assert kept is not None
    assert (kept.homes, kept.base) == (frozenset({LONG}), "bb")


# Settling


def test_a_tier_that_was_told_is_owed_no_longer(working: Working) -> None:
    put(working, memory(), owed=[LONG, SHORT])

    assert working.settle(LONG, {ID: FIRST, MemoryId("none", "x"): FIRST}, {ID: "abc"}) == 1
    kept = held(working, ID)
    assert kept is not None
    assert (kept.owed, kept.base) == (frozenset({SHORT}), "abc")
    assert owed_ids(working, LONG) == []


def test_a_tier_that_was_told_an_older_version_is_still_owed(working: Working) -> None:
    put(working, memory(), owed=[LONG], base="old")
    put(working, memory(value="castle", minute=1), seen=FIRST, owed=[LONG], base="old")

    assert working.settle(LONG, {ID: FIRST}, {ID: "new"}) == 0
    kept = held(working, ID)
    assert kept is not None
    assert (kept.owed, kept.base) == (frozenset({LONG}), "new")


def test_a_tier_that_was_told_twice_counts_once(working: Working) -> None:
    put(working, memory(), owed=[LONG])

    assert [working.settle(LONG, {ID: FIRST}), working.settle(LONG, {ID: FIRST})] == [1, 0]


def test_a_memory_that_is_at_home_elsewhere_leaves_once_it_is_owed_to_nobody(working: Working) -> None:
    put(working, memory(), homes=[LONG], owed=[LONG, SEMANTIC])

    assert working.settle(LONG, {ID: FIRST}) == 1
    assert held(working, ID) is not None
    assert working.settle(SEMANTIC, {ID: FIRST}) == 1
    assert (held(working, ID), working.count(), working.contexts()) == (None, 0, [])


def test_a_memory_that_changed_meanwhile_does_not_leave(working: Working) -> None:
    put(working, memory(), homes=[LONG], owed=[LONG])
    put(working, memory(value="castle", minute=1), seen=FIRST, homes=[LONG], owed=[LONG])
    working.settle(LONG, {ID: FIRST})

    assert held(working, ID) is not None


def test_a_memory_at_home_here_stays_when_it_is_owed_to_nobody(working: Working) -> None:
    put(working, memory(), homes=[LONG, WORKING], owed=[LONG])
    working.settle(LONG, {ID: FIRST})

    assert held(working, ID) is not None


def test_a_forgotten_memory_stays_until_it_is_swept(working: Working) -> None:
    first = of(put(working, memory(), homes=[LONG]))
    gone = of(put(working, first.forgotten(at(1), "eve"), seen=FIRST, homes=[LONG], owed=[LONG]))
    working.settle(LONG, {ID: gone.version})
    kept = held(working, ID)

    assert kept is not None
    assert (kept.memory.is_forgotten, kept.owed) == (True, frozenset())
    assert not working.put([copy(first)])[0].is_winner
    working.sweep(at(24 * 60 + 2))
    assert held(working, ID) is None


def test_nothing_to_settle_is_settled(working: Working) -> None:
    assert (working.settle(LONG, {}), working.settle_rivals(ID, []), working.drop({})) == (0, 0, 0)


# Rivals


def test_the_value_that_lost_is_kept(working: Working) -> None:
    put(working, memory(value="barn", metadata={"n": 1}))
    lost = put(working, memory(value="castle", minute=1)).rival
    kept = held(working, ID)

    assert kept is not None
    assert kept.rivals == 1
    assert working.rivals(ID) == [lost]
    assert working.rivals(MemoryId(GUESTS, "venue")) == []


def test_rivals_are_listed_the_newest_first(working: Working) -> None:
    for value, minute in (("b", 2), ("d", 4), ("a", 1), ("c", 3)):
        put(working, memory(value=value, minute=minute))

    assert [one.value for one in working.rivals(ID)] == ["c", "b", "a"]


def test_a_value_that_lost_twice_is_kept_once(working: Working) -> None:
    put(working, memory(value="castle", minute=5))
    put(working, memory(value="barn", minute=1))
    put(working, memory(value="barn", minute=2))
    kept = held(working, ID)

    assert kept is not None
    assert (kept.rivals, [one.updated for one in working.rivals(ID)]) == (1, [at(2)])


def test_the_present_value_is_no_rival_of_itself(working: Working) -> None:
    put(working, memory(value="castle", minute=5))
    stored = put(working, memory(value="barn", minute=1))
    put(working, memory(value="barn", minute=6), seen=of(stored).version)
    kept = held(working, ID)

    assert kept is not None
    assert (kept.memory.value, kept.rivals, working.rivals(ID)) == ("barn", 0, [])


def test_rivals_that_somebody_decided_about_are_kept_no_longer(working: Working) -> None:
    for value, minute in (("c", 3), ("b", 2), ("a", 1)):
        put(working, memory(value=value, minute=minute))
    digests = [one.digest for one in working.rivals(ID)]

    assert working.settle_rivals(ID, [digests[0], "0" * 64]) == 1
    assert [one.value for one in working.rivals(ID)] == ["a"]
    assert working.settle_rivals(ID, digests) == 1
    assert working.rivals(ID) == []


def test_a_memory_at_home_elsewhere_stays_until_somebody_decides_about_its_rivals(working: Working) -> None:
    put(working, memory(value="castle", minute=1), homes=[LONG], owed=[LONG])
    stored = put(working, memory(value="barn"), homes=[LONG], owed=[LONG])

    assert working.settle(LONG, {ID: of(stored).version}) == 1
    kept = held(working, ID)
    assert kept is not None
    assert (kept.rivals, kept.owed, [one.value for one in working.rivals(ID)]) == (1, frozenset(), ["barn"])
    working.settle_rivals(ID, [one.digest for one in working.rivals(ID)])
    assert held(working, ID) is None


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_memory_whose_time_is_up_is_not_swept_while_it_has_rivals(working: Working, is_forgotten: bool) -> None:
    homes = [LONG, WORKING]
    put(working, memory(value="castle", minute=1, expires=10), homes=homes)
    stored = put(working, memory(value="barn", expires=10), homes=homes)
    if is_forgotten:
        put(working, of(stored).forgotten(at(2), "eve"), seen=of(stored).version)
    working.sweep(at(24 * 60 + 3))

    assert ([one.value for one in working.rivals(ID)], working.count()) == (["barn"], 1)
    working.settle_rivals(ID, [one.digest for one in working.rivals(ID)])
    working.sweep(at(24 * 60 + 3))
    assert (working.rivals(ID), working.count()) == ([], 0)


# What only this tier holds


def test_what_is_held_nowhere_else_is_never_swept(store: WorkingStore) -> None:
    working = store.open(limit=0)
    put(working, memory("a", expires=1))
    put(working, memory("b"))

    assert (working.sweep(at(9)), working.count()) == ([], 2)


def test_what_is_over_the_limit_and_held_nowhere_else_is_to_be_moved_on(store: WorkingStore) -> None:
    working = store.open(limit=2)
    put(working, memory("copy", minute=-1), homes=[LONG, WORKING])
    working.put([write(memory(key, minute=minute)) for minute, key in enumerate("abcd")])
    working.put([write(memory(key, context=OTHER_TENANT)) for key in "ab"])
    working.touch([Use(id=memory("a").id, at=at(9))])

    assert keys_of(working.overflow(10)) == ["b", "c"]
    assert keys_of(working.overflow(1)) == ["b"]
    assert [one.key for one in working.sweep(at(10))] == ["copy"]
    assert keys_of(working.overflow(10)) == ["b", "c"]


def test_a_copy_that_has_expired_is_swept_once_it_is_owed_to_nobody(working: Working) -> None:
    put(working, memory(expires=1), homes=[LONG, WORKING], owed=[LONG])

    assert (working.sweep(at(2)), working.count()) == ([], 1)
    working.settle(LONG, {ID: FIRST})
    assert (working.sweep(at(2)), working.count()) == ([], 0)


Action = tuple[str, str, int, int, str]
actions = st.tuples(
    st.sampled_from("ab"), st.sampled_from(["barn", "castle", "lake"]), st.integers(-2, 5), st.integers(0, 3),
    st.sampled_from(["", "L", "S", "LS"]),
)  # fmt: skip
TIERS = {"L": LONG, "S": SHORT}


@given(done=st.lists(actions, max_size=15))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_was_acknowledged_is_lost(working: Working, done: list[Action]) -> None:
    """A memory, what is owed and its rivals are what the rule of writing makes of all writes, in order."""
    context = f"{BUDGET}:{next(_numbers)}"
    present: dict[MemoryId, Memory] = {}
    owed: dict[MemoryId, set[Tier]] = {}
    rivals: dict[MemoryId, list[Memory]] = {}
    for key, value, number, minute, letters in done:
        what = replace(memory(key, value, context=context, minute=minute), version=FIRST + minute)
        seen = number if number <= 0 else FIRST + number - 1
        asked = write(what, seen, owed=[TIERS[letter] for letter in letters])
        decided = decide_write(present.get(asked.memory.id), asked)
        id_ = asked.memory.id
        present[id_] = of(decided)
        owed.setdefault(id_, set()).update(asked.owed)
        rivals.setdefault(id_, []).extend([decided.rival] if decided.rival else [])
        rivals[id_] = older(rivals[id_], present[id_])
        working.put([asked])
    kept = working.get(list(present), NOW)

    assert {id_: (one.memory, one.owed) for id_, one in kept.items()} == {
        id_: (one, frozenset(owed[id_])) for id_, one in present.items()
    }
    assert {id_: working.rivals(id_) for id_ in present} == rivals
    assert {id_: one.rivals for id_, one in kept.items()} == {id_: len(some) for id_, some in rivals.items()}


def test_the_time_that_uses_took_adds_up(working: Working) -> None:
    put(working, memory("a"))
    working.touch([Use(id=memory("a").id, at=at(1), took_s=0.25), Use(id=memory("a").id, at=at(2), took_s=0.5)])
    held = working.get([memory("a").id], NOW)[memory("a").id]
    assert (held.uses, held.took_s) == (2, 0.75)
