"""Which memories say different things about the same, and which only seem to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.taskmaster.contradictions import contradictions_of
from sync.taskmaster.memory import Memory, Value, encode_value

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
BUDGET = "taskmaster:wedding:42:module:budget"


ADA = {"name": "Ada", "diet": "vegan", "table": 3, "side": "bride"}


def memory(key: str, value: Value, *, minute: float = 0, **others: Any) -> Memory:
    kind, data = encode_value(value)
    at = NOW + timedelta(minutes=minute)
    return Memory(context=BUDGET, key=key, kind=kind, data=data, importance=0.5, created=at, updated=at, **others)


def why(one: Value, other: Value, first: str = "note 1", second: str = "note 2") -> str | None:
    found = contradictions_of([memory(first, one, minute=1), memory(second, other)])
    return found[0].why if found else None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("The caterer asks 48 euros a guest", "The caterer asks 52 euros a guest", "48 against 52"),
        ("Le traiteur demande 3 000 € d'acompte", "Le traiteur demande 3500 € d'acompte", "3000 against 3500"),
        (
            "The florist delivers the flowers on Friday",
            "The florist delivers the flowers on Saturday",
            "friday against saturday",
        ),
        (
            "La cérémonie civile aura lieu le 12 juin",
            "La cérémonie civile aura lieu le 12 juillet",
            "june against july",
        ),
        ("The barn is heated all evening", "The barn is not heated all evening", "negated: heat evening"),
        ("The barn's kitchen isn't open to guests", "The barn's kitchen is open to guests", "negated: open guest"),
        (
            "La grange est chauffée toute la soirée",
            "La grange n'est pas chauffée toute la soirée",
            "negated: chauff soir",
        ),
        (
            "Le gâteau de mariage est préparé sans gluten",
            "Le gâteau de mariage est préparé avec gluten",
            "negated: gluten",
        ),
        ("La salle n'est plus disponible le soir", "La salle est disponible le soir", "negated: disponibl soir"),
        ("Le chauffage ne marche plus", "Le chauffage marche", "negated: "),
        ("Il n'y a aucun parking près du lac", "Il y a un parking près du lac", "negated: parking pres"),
        ("We no longer need the tent in the garden", "We need the tent in the garden", "negated: need tent"),
        (
            "The photographer can't come to the church",
            "The photographer can come to the church",
            "negated: come church",
        ),
        ("La cérémonie commence à 15h30 à la mairie", "La cérémonie commence à 16 h à la mairie", "15h30 against 16h"),
        ("Budget total: 25 000 €", "Budget total: 27.500 €", "25000 against 27500"),
        (
            {"vendor": "Rosa", "service": "flowers", "deposit": 300, "paid": True},
            {"vendor": "Rosa", "service": "flowers", "deposit": 400, "paid": True},
            "deposit: 300 against 400",
        ),
    ],
)
def test_what_says_another_thing_about_the_same_is_found(one: Value, other: Value, expected: str) -> None:
    assert why(one, other) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The caterer asks 48 euros a guest", "The photographer asks 52 euros an hour"),
        ("Invoice 12 of the printer was paid in cash", "Invoice 13 of the printer was paid in cash"),
        ("La facture n° 7 du fleuriste est réglée", "La facture n° 8 du fleuriste est réglée"),
        ("Table 3 stands near the window of the barn", "Table 4 stands near the window of the barn"),
        ("The caterer asks 48 euros a guest", "The caterer asks 48 euros a guest, 20 for children"),
        ("The barn is heated all evening", "The barn is heated all evening, and never locked"),
        ("Ada does not eat fish", "Bo eats fish"),
        ("Pay 300 euros", "Pay 400 euros"),
        ("v1.2 was released with the new menu", "v1.3 was released with the new menu"),
        ("Sophie brings 12 bottles of wine", "Marc brings 10 bottles of wine"),
        (ADA, ADA | {"name": "Bo"}),
        ({"total": 5000}, {"total": 6000}),
        ("yes", "no"),
        (b"\0", b"\1"),
        ({"a": 1, "b": 2, "c": 3}, "a 1 b 2 c 4"),
    ],
)  # fmt: skip
def test_what_is_about_something_else_or_says_more_is_not(one: Value, other: Value) -> None:
    assert why(one, other) is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("budget 2025-04-01", "budget 2025-05-01", True),
        ("budget", "budget v2", True),
        ("budget (copy)", "budget", True),
        ("budget_final", "budget", True),
        ("budget", "deposit", False),
        ("guest-1", "guest-2", False),
        ("note-1", "note-2", False),
    ],
)
def test_keys_but_for_dates_and_versions_say_what_a_field_is_about(first: str, second: str, expected: bool) -> None:
    assert (why({"total": 5000}, {"total": 6000}, first, second) == "total: 5000 against 6000") is expected
    assert (why(5000, 6000, first, second) == "value: 5000 against 6000") is expected


def test_a_short_text_says_enough_where_its_key_says_what_it_is_about() -> None:
    assert why("300 euros", "400 euros", "florist deposit", "deposit of the florist 2025") == "300 against 400"
    assert why("paid", "not paid", "florist deposit", "florist deposit v2") == "negated: paid"
    assert why("300 euros", "400 euros", "florist deposit", "band deposit") is None


def test_a_series_of_dated_memories_is_no_contradiction() -> None:
    days = [memory(f"temperature 2025-04-0{day}", {"max": 10 + day}) for day in range(1, 6)]
    assert contradictions_of(days) == ()


def test_memories_of_different_types_do_not_contradict() -> None:
    one, other = memory("budget", 5000, type="plan"), memory("budget v2", 6000, type="actual")
    assert contradictions_of([one, other]) == ()


def test_the_newest_comes_first() -> None:
    memories = [memory("budget", 1), memory("budget v2", 2, minute=5), memory("venue", "barn", minute=1),
                memory("venue v2", "not barn", minute=9)]  # fmt: skip
    found = contradictions_of(memories)
    assert [(one.newer.key, one.older.key) for one in found] == [("venue v2", "venue"), ("budget v2", "budget")]


WORDS = st.sampled_from("the caterer asks 48 52 euros friday saturday not a guest".split())
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)
VALUES = TEXTS | st.dictionaries(WORDS, st.integers(0, 3), max_size=3) | st.integers()
ROWS = st.lists(st.tuples(st.sampled_from(["note", "budget v", "budget-"]), VALUES, st.integers(0, 3)), max_size=8)
MEMORIES = ROWS.map(
    lambda rows: [memory(f"{key}{at}", value, minute=minute) for at, (key, value, minute) in enumerate(rows)]
)


@given(MEMORIES, st.randoms(use_true_random=False))
def test_the_order_of_memories_does_not_matter(memories: list[Memory], random: Any) -> None:
    shuffled = list(memories)
    random.shuffle(shuffled)
    assert contradictions_of(shuffled) == contradictions_of(memories)


@given(MEMORIES)
def test_a_pair_is_told_once_and_its_newer_one_first(memories: list[Memory]) -> None:
    found = contradictions_of(memories)
    assert len({frozenset((one.newer.id, one.older.id)) for one in found}) == len(found)
    assert all(one.newer.updated >= one.older.updated and one.why for one in found)
