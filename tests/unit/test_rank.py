"""Ordering passages: what moves one before another."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sync.search.analysis import Language
from sync.search.packing import pack, pack_term
from sync.search.question import read_question
from sync.search.rank import STRETCH, Candidate, Weighed, idf, rank, spread

FILLER = ["filler"] * STRETCH


def passage(id_: int, *terms: str) -> Candidate:
    """A passage of terms that nothing else tells for, in the entry of the number id / 1000."""
    return Candidate(
        id=(id_ // 1000 << 20) + id_ % 1000, terms=pack(terms), speaker=b"", asks=False, names_time=False, day="",
        near=1.0, whole=0.0, title=0.0,
    )  # fmt: skip


def weighed(question: str, *, alike: tuple[str, ...] = (), **weights: float) -> Weighed:
    asked = read_question(question, Language.ENGLISH)
    return Weighed(
        question=asked,
        terms={pack_term(term): weights.get(term, 1.0) for term in asked.terms},
        alike={pack_term(term): 1.0 for term in alike},
        average=4.0,
    )


def order(question: Weighed, *candidates: Candidate, before: dict[int, bytes] | None = None) -> list[int]:
    return [one.id for _, one in rank(question, candidates, before or {})]


ONE, TWO = passage(1000, "hook", "rest"), passage(2000, "hook", "rest")
"""Two passages that are alike in everything but their ids."""


# --- one feature each -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "better",
    [
        pytest.param(replace(TWO, near=2.0), id="its-surroundings"),
        pytest.param(replace(TWO, whole=1.0), id="its-entry"),
        pytest.param(replace(TWO, title=1.0), id="its-title"),
        pytest.param(passage(2000, "hook", "hook"), id="the-word-more-often"),
        pytest.param(passage(2000, "hook", "rest", "rest"), id="more-text-around-the-word"),
    ],
)
def test_what_tells_for_a_passage_moves_it_up(better: Candidate) -> None:
    assert order(weighed("hook"), ONE, better) == [TWO.id, ONE.id]


def test_a_passage_that_has_more_of_the_words_is_before_one_that_has_one_often() -> None:
    both, often = passage(2000, "hook", "driver"), passage(1000, "hook", "hook")
    assert order(weighed("hook driver"), often, both) == [both.id, often.id]


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    common, rare = passage(1000, "hook", "rest"), passage(2000, "driver", "rest")
    assert order(weighed("hook driver", driver=5.0), common, rare) == [rare.id, common.id]


def test_words_that_stand_together_count_more_than_words_that_stand_apart() -> None:
    apart = passage(1000, "hook", *FILLER, *FILLER, "driver")
    together = passage(2000, *FILLER, "hook", "driver", *FILLER)
    assert order(weighed("hook driver"), apart, together) == [together.id, apart.id]


def test_a_word_that_is_written_alike_counts() -> None:
    alike, other = passage(2000, "hooked", "rest"), passage(1000, "other", "rest")
    assert order(weighed("hook", alike=("hooked",)), other, alike) == [alike.id, other.id]


def test_the_best_passages_of_an_entry_lift_the_others() -> None:
    lifted, alone = passage(2001, "rest"), passage(1001, "rest")
    ranked = order(weighed("hook"), alone, lifted, passage(2000, "hook"))
    assert ranked.index(lifted.id) < ranked.index(alone.id)


def test_a_passage_that_asks_is_behind_one_that_says() -> None:
    assert order(weighed("hook"), replace(ONE, asks=True), TWO) == [TWO.id, ONE.id]


def test_a_passage_behind_one_that_asks_the_same_is_moved_up() -> None:
    assert order(weighed("hook"), ONE, TWO, before={TWO.id - 1: pack(["hook"])}) == [TWO.id, ONE.id]


def test_a_passage_behind_one_that_asks_something_else_is_not() -> None:
    assert order(weighed("hook"), ONE, TWO, before={TWO.id - 1: pack(["other"])}) == [ONE.id, TWO.id]


def test_what_somebody_says_whom_the_question_names_is_moved_up() -> None:
    said = replace(TWO, speaker=pack(["ada"]))
    assert order(weighed("Ada's hook"), ONE, said) == [TWO.id, ONE.id]
    assert order(weighed("Alan's hook"), ONE, said) == [ONE.id, TWO.id]


def test_a_passage_that_names_a_time_answers_when() -> None:
    timed = replace(TWO, names_time=True)
    assert order(weighed("when was the hook written"), ONE, timed) == [TWO.id, ONE.id]
    assert order(weighed("who wrote the hook"), ONE, timed) == [ONE.id, TWO.id]


@pytest.mark.parametrize("day", ["", "2025-06-05", "2024-04-05"])
def test_an_entry_of_the_day_that_is_asked_for_is_moved_up(day: str) -> None:
    own, other = replace(TWO, day="2025-04-05"), replace(ONE, day=day)
    assert order(weighed("hook on 2025-04-05"), other, own) == [own.id, other.id]


def test_an_entry_of_a_day_nearby_is_before_one_of_a_day_far_away() -> None:
    near, far = replace(TWO, day="2025-04-08"), replace(ONE, day="2025-04-20")
    assert order(weighed("hook on 2025-04-05"), far, near) == [near.id, far.id]


# --- always ---------------------------------------------------------------------------------------------------------


def test_equal_passages_are_in_the_order_of_their_ids() -> None:
    assert order(weighed("hook"), TWO, ONE) == [ONE.id, TWO.id]


def test_nothing_found_is_nothing_ranked() -> None:
    assert (rank(weighed("hook"), [], {}), spread([], 5)) == ([], [])


@pytest.mark.parametrize(
    "one",
    [
        passage(1000),
        replace(passage(1000), near=0.0),
        replace(ONE, day="9999-12-31"),
        replace(ONE, day="0001-01-01"),
        passage(1000, *["hook"] * 100_000),
    ],
)
@pytest.mark.parametrize("question", ["hook in may", "hook 2025-02-30", "0000-00-00", "?!", "29 février"])
def test_a_score_is_a_number(one: Candidate, question: str) -> None:
    assert [math.isfinite(score) for score, _ in rank(weighed(question), [one, TWO], {})] == [True, True]


@pytest.mark.parametrize(("passages", "frequency"), [(0, 0), (1, 1), (10, 0), (10, 10), (10**6, 1)])
def test_how_rare_a_word_is_is_never_negative(passages: int, frequency: int) -> None:
    assert idf(passages, frequency) >= 0


def test_a_word_is_worth_less_the_more_passages_have_it() -> None:
    worth = [idf(100, frequency) for frequency in range(101)]
    assert worth == sorted(worth, reverse=True)


def test_a_word_of_passages_that_are_removed_and_still_counted_is_worth_something() -> None:
    assert 0 < idf(3, 9) < idf(3, 3)


# --- spreading ------------------------------------------------------------------------------------------------------


def spread_of(limit: int, *ids: int) -> list[int]:
    """What is left of passages that were ranked in this order."""
    ranked = [(float(-number), passage(id_)) for number, id_ in enumerate(ids)]
    return [(one.entry * 1000) + one.id % (1 << 20) for _, one in spread(ranked, limit)]


def test_half_of_the_places_are_for_the_best_and_half_for_other_entries() -> None:
    assert spread_of(4, 1000, 1001, 1002, 2000, 3000) == [1000, 1001, 2000, 3000]


def test_an_entry_gets_one_of_the_later_places() -> None:
    assert spread_of(4, 1000, 1001, 2000, 2001, 3000) == [1000, 1001, 2000, 3000]


def test_places_that_no_other_entry_takes_are_filled_in_order() -> None:
    assert spread_of(5, 1000, 1001, 1002, 1003, 2000, 1004) == [1000, 1001, 1002, 2000, 1003]


@pytest.mark.parametrize(("limit", "expected"), [(0, []), (1, [1000]), (2, [1000, 2000]), (9, [1000, 2000, 1001])])
def test_no_more_are_shown_than_asked_for(limit: int, expected: list[int]) -> None:
    assert spread_of(limit, 1000, 1001, 2000) == (expected if limit < 9 else [1000, 1001, 2000])
