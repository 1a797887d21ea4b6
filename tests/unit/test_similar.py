"""Which memories say the same, and what is left of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.taskmaster.memory import Memory, Value, encode_value
from sync.taskmaster.similar import SOURCES, Alike, clusters_of, compressed

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
BUDGET = "taskmaster:wedding:42:module:budget"


def memory(key: str, value: Value, *, minute: float = 0, importance: float = 0.5, **others: Any) -> Memory:
    kind, data = encode_value(value)
    at = NOW + timedelta(minutes=minute)
    return Memory(
        context=BUDGET,
        key=key,
        kind=kind,
        data=data,
        importance=importance,
        created=at,
        updated=at,
        version=1,
        **others,
    )


def digest(one: Memory) -> str:
    return sha256(one.data).hexdigest()


def clustered(*memories: Memory, **others: Any) -> list[tuple[str, list[str]]]:
    found = clusters_of(memories, **others)
    return [(one.representative.key, [source.key for source, _ in one.sources]) for one in found]


def are_same(one: Value, other: Value, first: str = "note 1", second: str = "note 2") -> bool:
    return bool(clustered(memory(first, one), memory(second, other, minute=1)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The florist delivers at nine in the morning.", "the florist  delivers at NINE in the morning"),
        ("- **Le traiteur** livre les plats le matin", "Le traiteur livre les plats le matin."),
        (
            "Le fleuriste a besoin de la clé de la porte latérale pour entrer dans la salle de réception samedi",
            "Le fleuriste aura besoin de la clé de la porte latérale pour entrer dans la salle de réception samedi",
        ),
        (
            "The band needs two power sockets near the stage.",
            "The band needs two power sockets near the stage, and a table for the mixer.",
        ),
        ("The caterer asked for a deposit of 1,500 euros", "the caterer asked for a deposit of 1500 euros"),
        ({"vendor": "Rosa", "deposit": 300, "paid": True}, {"paid": True, "deposit": 300.0, "vendor": "rosa "}),
        (
            {"vendor": "Rosa", "deposit": 300, "paid": True},
            {"vendor": "Rosa", "deposit": 300, "paid": True, "phone": "0123"},
        ),
    ],
)
def test_what_says_the_same_is_found(one: Value, other: Value) -> None:
    assert are_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The caterer asked for a deposit of 1500 euros", "The caterer asked for a deposit of 1800 euros"),
        ("The florist delivers on Friday before noon", "The florist delivers on Saturday before noon"),
        ("Le fleuriste livre le 12 mai avant midi", "Le fleuriste livre le 12 juin avant midi"),
        ("The hall is heated in the evening", "The hall is not heated in the evening"),
        ("La salle est chauffée le soir", "La salle n'est pas chauffée le soir"),
        ("Ada eats fish. Bo does not eat meat at all", "Ada does not eat fish. Bo eats meat at all"),
        ("Invoice 12 of the printer was paid yesterday", "Invoice 13 of the printer was paid yesterday"),
        ("yes", "yes"),
        ({"diet": "vegan"}, {"diet": "vegan"}),
        ({"name": "Ada", "diet": "vegan", "table": 3}, {"name": "Bo", "diet": "vegan", "table": 3}),
        (["a", "b", "c", "d"], "a b c d"),
        (b"the same bytes", "the same bytes"),
    ],
)
def test_what_differs_in_what_counts_is_not(one: Value, other: Value) -> None:
    assert not are_same(one, other)


TEXT = "The deposit is paid and was confirmed by mail"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("florist deposit", "deposit of the florist", True),
        ("florist", "florist v2", True),
        ("florist 2025-04-01", "florist 2025-04-02", True),
        ("florist", "band", False),
        ("guest-1", "guest-2", False),
        ("note-1", "note-2", True),
        ("florist", "note-7", True),
    ],
)
def test_keys_that_name_different_things_keep_their_memories_apart(first: str, second: str, expected: bool) -> None:
    assert are_same(TEXT, TEXT, first, second) is expected


def test_memories_of_different_types_stay_apart() -> None:
    assert clustered(memory("note 1", TEXT, type="vendor"), memory("note 2", TEXT, type="guest")) == []


def test_equal_bytes_under_keys_of_one_subject_are_the_same() -> None:
    assert clustered(memory("plan", b"\0\1"), memory("plan v2", b"\0\1", minute=1)) == [("plan v2", ["plan"])]


def test_long_texts_that_differ_at_their_ends_and_deep_json_are_compared_as_wholes() -> None:
    long = "The florist delivers flowers to the barn. " * 500
    assert not are_same(f"{long} red", f"{long} blue", "plan", "plan v2")
    assert are_same(long, long.upper(), "plan", "plan v2")
    deep: Any = 1
    for _ in range(190):
        deep = [deep]
    assert are_same(deep, deep, "plan", "plan v2")
    assert not are_same(deep, [deep], "plan", "plan v2")


def test_the_more_important_then_the_newer_one_stands_for_the_others() -> None:
    old, new = memory("note 1", TEXT), memory("note 2", TEXT, minute=1)
    assert clustered(old, new) == [("note 2", ["note 1"])]
    assert clustered(replace(old, importance=0.9), new) == [("note 1", ["note 2"])]


def test_what_says_more_stands_for_what_says_less() -> None:
    more = memory("note 1", f"{TEXT}; the receipt is in the red folder")
    assert clustered(more, memory("note 2", TEXT, minute=1, importance=0.9)) == [("note 1", ["note 2"])]


def test_vectors_bring_other_words_together_but_no_other_numbers() -> None:
    one = memory("note 1", "The string quartet arrives at 15 and starts to play in the garden")
    other = memory("note 2", "At 15 the string quartet arrives and begins to play in the garden", minute=1)
    third = memory("note 3", "At 16 the string quartet arrives and begins to play in the garden", minute=2)
    near = {frozenset((first.id, second.id)): 0.97 for first, second in permutations((one, other, third), 2)}
    assert clustered(one, other, third) == []
    assert clustered(one, other, third, nearness=near) == [("note 2", ["note 1"])]
    (cluster,) = clusters_of([one, other], nearness=near)
    assert [why for _, why in cluster.sources] == [Alike.MEANING]


def test_the_memory_that_is_left_names_every_source_with_its_digest() -> None:
    before = [{"context": BUDGET, "key": "older", "digest": "d", "version": 1}]
    one = memory("note 1", TEXT, importance=0.9, metadata={SOURCES: before, "by": "ada"})
    new = memory("note 2", TEXT, minute=1, importance=0.95)
    (cluster,) = clusters_of([one, new])
    left = compressed(cluster)
    assert (left.key, left.data, left.importance, left.metadata.get("by")) == ("note 2", new.data, 0.95, None)
    assert [(source["key"], source["digest"]) for source in left.metadata[SOURCES]] == [
        ("note 1", digest(one)), ("older", "d"),
    ]  # fmt: skip


def test_compressing_again_changes_nothing() -> None:
    one, new = memory("note 1", TEXT), memory("note 2", TEXT, minute=1)
    left = compressed(clusters_of([one, new])[0])
    again = compressed(clusters_of([one, left])[0])
    assert again == left


WORDS = st.sampled_from("the florist delivers flowers at nine not 12 13 friday salle sans clé".split())
TEXTS = st.lists(WORDS, max_size=9).map(" ".join)
KEYS = st.sampled_from(["note", "florist", "florist v", "guest-", "band "])
MEMORIES = st.lists(
    st.tuples(KEYS, TEXTS | st.dictionaries(WORDS, WORDS, max_size=4), st.integers(0, 3), st.sampled_from([0.5, 0.9])),
    max_size=12,
).map(
    lambda rows: [
        memory(f"{key}{at}", value, minute=minute, importance=importance)
        for at, (key, value, minute, importance) in enumerate(rows)
    ]
)


@given(MEMORIES)
def test_no_memory_is_in_two_clusters_and_none_is_dropped(memories: list[Memory]) -> None:
    found = clusters_of(memories)
    members = [source.id for one in found for source, _ in one.sources] + [one.representative.id for one in found]
    assert len(members) == len(set(members))
    assert set(members) <= {one.id for one in memories}
    for cluster in found:
        named = {(source["key"], source["digest"]) for source in compressed(cluster).metadata[SOURCES]}
        assert named == {(source.key, digest(source)) for source, _ in cluster.sources}


@given(MEMORIES, st.randoms(use_true_random=False))
def test_the_order_of_memories_does_not_matter(memories: list[Memory], random: Any) -> None:
    shuffled = list(memories)
    random.shuffle(shuffled)
    assert clusters_of(shuffled) == clusters_of(memories)
