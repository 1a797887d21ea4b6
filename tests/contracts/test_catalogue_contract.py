"""What a catalogue keeps: what the journal holds at one commit, and which."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from backends import params
from contract_memories import BUDGET, NOW, copy, keys_of, memory
from stores import CatalogueStore, Port, empty_store

from sync.taskmaster.scoring import read_asked
from sync.taskmaster.tiers.protocol import Catalogue

FIRST, SECOND = "1" * 40, "2" * 40


@pytest.fixture(params=params(Port.CATALOGUE))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogueStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def catalogue(store: CatalogueStore) -> Catalogue:
    return store.open()


def test_a_new_catalogue_shows_no_commit(catalogue: Catalogue) -> None:
    assert (catalogue.commit(), catalogue.count()) == ("", 0)


def test_a_catalogue_shows_the_commit_it_followed(store: CatalogueStore) -> None:
    first = store.open()
    assert first.follow(FIRST, "", [copy(replace(memory(key), version=1)) for key in "ab"], [])
    first.close()
    again = store.open()

    assert (again.commit(), keys_of(again.page(BUDGET, NOW))) == (FIRST, ["a", "b"])


def test_what_is_gone_is_no_longer_shown(catalogue: Catalogue) -> None:
    catalogue.follow(FIRST, "", [copy(replace(memory(key), version=1)) for key in "ab"], [])
    done = catalogue.follow(SECOND, FIRST, [copy(replace(memory("c", "lake"), version=1))], [memory("a").id])

    assert (done, catalogue.commit(), keys_of(catalogue.page(BUDGET, NOW))) == (True, SECOND, ["b", "c"])
    assert keys_of(catalogue.search(read_asked("barn"), [BUDGET], 9, NOW)) == ["b"]


def test_what_moved_is_gone_before_it_is_written(catalogue: Catalogue) -> None:
    catalogue.follow(FIRST, "", [copy(replace(memory("a"), version=5))], [])
    catalogue.follow(SECOND, FIRST, [copy(replace(memory("a", "older"), version=2))], [memory("a").id])

    assert [one.memory.version for one in catalogue.page(BUDGET, NOW)] == [2]


def test_a_catalogue_that_shows_another_commit_does_not_follow(catalogue: Catalogue) -> None:
    catalogue.follow(FIRST, "", [copy(replace(memory("a"), version=1))], [])

    assert not catalogue.follow(SECOND, "", [copy(replace(memory("b"), version=1))], [memory("a").id])
    assert (catalogue.commit(), keys_of(catalogue.page(BUDGET, NOW))) == (FIRST, ["a"])


def test_of_many_who_follow_one_commit_one_does(store: CatalogueStore) -> None:
    openings = [store.open() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda n: openings[n % 4].follow(f"{n:040}", "", [copy(memory(str(n)))], []), range(8)))

    assert done.count(True) == 1
    assert openings[0].commit() == f"{done.index(True):040}"
    assert keys_of(openings[1].page(BUDGET, NOW)) == [str(done.index(True))]


def test_a_catalogue_that_was_cleared_shows_nothing(catalogue: Catalogue) -> None:
    catalogue.follow(FIRST, "", [copy(replace(memory("a"), version=1))], [])
    catalogue.clear()

    assert (catalogue.commit(), catalogue.count(), catalogue.contexts()) == ("", 0, [])
    assert catalogue.search(read_asked("barn"), [BUDGET], 9, NOW) == []
    assert catalogue.follow(SECOND, "", [copy(replace(memory("b"), version=1))], [])
