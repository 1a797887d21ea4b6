"""What a tier with limits keeps: what was used last; what is owed or has rivals is never in the way of a limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from backends import params
from contract_memories import BUDGET, FIRST, GUESTS, NOW, OTHER_TENANT, at, keys_of, memory, of, put, write
from stores import AnyStore, Port, empty_store

from sync.taskmaster.memory import Tier
from sync.taskmaster.tiers.protocol import Use, Working

COPIED = (Tier.LONG, Tier.WORKING)
"""Homes of what may be removed: another tier holds it too."""


@pytest.fixture(params=params(Port.SHORT, Port.WORKING))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=params(Port.SHORT))
def short(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=params(Port.WORKING))
def working(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


def test_over_the_limit_what_was_used_least_recently_goes_first(store: AnyStore) -> None:
    items = store.open(limit=3)
    items.put([write(memory(key, minute=minute), homes=COPIED) for minute, key in enumerate("abcde")])
    items.touch([Use(id=memory("a").id, at=at(9))])
    removed = items.sweep(at(10))

    assert sorted(one.key for one in removed) == ["b", "c"]
    assert keys_of(items.page(BUDGET, NOW)) == ["a", "d", "e"]


def test_a_use_before_the_last_write_counts_less_than_the_write(store: AnyStore) -> None:
    items = store.open(limit=1)
    put(items, memory("a"), homes=COPIED)
    items.touch([Use(id=memory("a").id, at=at(5))])
    put(items, memory("a", "new", minute=10), seen=FIRST, homes=COPIED)
    put(items, memory("b", minute=7), homes=COPIED)

    assert [one.key for one in items.sweep(at(20))] == ["b"]


def test_what_is_removed_over_the_limit_is_given_back_whole(store: AnyStore) -> None:
    items = store.open(limit=0)
    stored = put(items, memory(metadata={"n": 1}, expires=60), homes=COPIED)

    assert items.sweep(at(1)) == [stored.memory]
    assert (items.count(), items.contexts(), items.sweep(at(1))) == (0, [], [])


def test_what_has_expired_or_is_forgotten_takes_no_room(store: AnyStore) -> None:
    items = store.open(limit=2)
    items.put([write(memory(key, minute=5, expires=9), homes=COPIED) for key in "xyz"])
    items.put([write(memory(key), homes=COPIED) for key in "ab"])
    gone = of(put(items, memory("gone", minute=6), homes=COPIED))
    put(items, gone.forgotten(at(7), "eve"), seen=gone.version, homes=COPIED)

    assert items.sweep(at(10)) == []
    assert keys_of(items.page(BUDGET, NOW)) == ["a", "b"]


def test_a_short_term_tier_holds_so_many_a_context(short: AnyStore) -> None:
    items = short.open(limit=2)
    items.put(
        [
            write(memory(str(n), context=one, minute=n), homes=COPIED)
            for n in range(3)
            for one in (BUDGET, GUESTS, OTHER_TENANT)
        ]
    )

    assert sorted((one.context, one.key) for one in items.sweep(at(9))) == [
        (BUDGET, "0"), (GUESTS, "0"), (OTHER_TENANT, "0"),
    ]  # fmt: skip


def test_a_working_tier_holds_so_many_a_tenant(working: AnyStore) -> None:
    items = working.open(limit=3)
    items.put(
        [
            write(memory("1", context=BUDGET, minute=1), homes=COPIED),
            write(memory("2", context=BUDGET, minute=2), homes=COPIED),
        ]
    )
    items.put(
        [write(memory("0", context=GUESTS), homes=COPIED), write(memory("3", context=GUESTS, minute=3), homes=COPIED)]
    )
    items.put([write(memory(str(n), context=OTHER_TENANT, minute=n), homes=COPIED) for n in range(3)])

    assert [one.id for one in items.sweep(at(9))] == [memory("0", context=GUESTS).id]


def test_what_another_tier_must_be_told_is_not_removed_over_the_limit(working: AnyStore) -> None:
    items = working.open(limit=1)
    put(items, memory("a"), owed=[Tier.LONG], homes=COPIED)
    put(items, memory("b", minute=1), homes=COPIED)
    put(items, memory("c", minute=2), homes=COPIED)

    assert [one.key for one in items.sweep(at(9))] == ["b"]


def test_a_memory_with_rivals_is_not_removed_over_the_limit(working: AnyStore) -> None:
    items = cast("Working", working.open(limit=0))
    put(items, memory(value="one"), homes=COPIED)
    put(items, memory(value="two", minute=1), homes=COPIED)
    put(items, memory("undisputed"), homes=COPIED)

    assert [one.key for one in items.sweep(at(9))] == ["undisputed"]
    assert [one.value for one in items.rivals(memory().id)] == ["one"]
