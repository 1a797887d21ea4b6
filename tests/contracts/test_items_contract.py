"""What every tier keeps that holds memories by context and key, whichever back end it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from itertools import count
from pathlib import Path

import pytest
from backends import params
from contract_memories import (
    BUDGET,
    FIRST,
    GUESTS,
    NOW,
    OTHER_TENANT,
    at,
    copy,
    held,
    keys_of,
    memory,
    of,
    put,
    values_of,
    write,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import AnyStore, empty_store

from sync.taskmaster.memory import MAX_KEY, Memory, MemoryId, Tier, Value
from sync.taskmaster.scoring import read_asked, tokens_of
from sync.taskmaster.tiers.protocol import Items, Use
from sync.taskmaster.writing import COPY_NEW, Stored, Write, decide_write

ODD = (
    "\0",
    "a\0b",
    "👩‍👩‍👧 עברית",
    "'; drop table items; --",
    '"quoted" `and` \\',
    "line\r\nline\u2028",
    "e\u0301",
    "é",
    "",
)
keys = st.sampled_from(["a", "b", "é"])
values = st.sampled_from(["barn", "castle", "lake"])
_numbers = count()


@pytest.fixture(params=params())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def items(store: AnyStore) -> Items:
    return store.open()


def found(items: Items, question: str, *contexts: str, limit: int = 10, minute: float = 0) -> list[str]:
    return keys_of(items.search(read_asked(question), contexts or (BUDGET,), limit, at(minute)))


# Writing and reading


def test_what_was_put_is_held(items: Items) -> None:
    what = memory(metadata={"_from": "guests"}, type="pricing", retention="2y", expires=60)
    stored = put(items, what)
    kept = held(items, what.id)

    assert kept is not None
    assert stored == decide_write(None, write(what))
    assert kept.memory == stored.memory
    assert kept.tokens == frozenset(tokens_of(what))
    assert (kept.uses, kept.used, kept.rivals) == (0, None, 0)


def test_what_was_put_is_there_when_it_is_opened_again(store: AnyStore) -> None:
    first = store.open()
    put(first, memory())
    first.close()

    assert held(store.open(), memory().id) is not None


def test_two_openings_of_one_store_see_the_same(store: AnyStore) -> None:
    one, other = store.open(), store.open()
    put(one, memory(value="barn"))
    put(other, memory(value="castle", minute=1), seen=FIRST)

    assert values_of(one.get([memory().id], NOW).values()) == ["castle"]


def test_what_is_not_held_is_not_found(items: Items) -> None:
    put(items, memory("venue"))

    assert items.get([MemoryId(BUDGET, "Venue"), MemoryId(GUESTS, "venue")], NOW) == {}


def test_many_are_read_at_once(items: Items) -> None:
    put_all = [memory(str(number), number) for number in range(2_500)]
    items.put([write(one) for one in put_all])
    kept = items.get([one.id for one in put_all], NOW)

    assert {id_: one.memory.value for id_, one in kept.items()} == {one.id: one.value for one in put_all}


@pytest.mark.parametrize("value", [*ODD, b"", b"\0\xff\xfe", None, False, 0.1, 2**70, [], {"b": [1, None], "a": "\0"}])
def test_a_value_comes_back_as_it_was_given(items: Items, value: Value) -> None:
    put(items, memory(value=value))

    assert values_of(items.get([memory().id], NOW).values()) == [value]


@pytest.mark.parametrize("kind", [str, bytes])
def test_a_value_may_be_of_a_megabyte(items: Items, kind: type) -> None:
    value = "é" * 500_000 if kind is str else bytes(range(256)) * 4_000
    put(items, memory(value=value))

    assert values_of(items.get([memory().id], NOW).values()) == [value]


@pytest.mark.parametrize(
    "key", ["k" * MAX_KEY, "é" * MAX_KEY, "👰 עברית", "'; drop table items; --", '"\\', "%_*?[a]", ":"]
)
def test_any_key_names_its_own_memory(items: Items, key: str) -> None:
    items.put([write(memory(key, 1)), write(memory(key[:-1] + "~", 2)), write(memory(key[:-1] + "_", 3))])

    assert values_of(items.get([MemoryId(BUDGET, key)], NOW).values()) == [1]
    assert found(items, key)[0] == key


@pytest.mark.parametrize("odd", ODD)
def test_text_of_any_kind_comes_back_in_every_field(items: Items, odd: str) -> None:
    what = memory(type=odd, writer=odd, retention=odd, metadata={odd: [odd, {"n": 1.5, "deep": [None, True]}]})
    stored = put(items, what)
    kept = held(items, what.id)

    assert kept is not None
    assert kept.memory == stored.memory


def test_moments_come_back_to_the_microsecond_and_in_utc(items: Items) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    created, updated, expires = [
        (NOW + timedelta(days=days, microseconds=1)).astimezone(zone) for days in (-20_000, 0, 50_000)
    ]
    put(items, replace(memory(), created=created, updated=updated, expires=expires))
    kept = held(items, memory().id)

    assert kept is not None
    assert [kept.memory.created, kept.memory.updated, kept.memory.expires] == [created, updated, expires]
    assert {one.utcoffset() for one in (kept.memory.created, kept.memory.updated)} == {timedelta()}


def test_a_writer_who_knew_what_is_held_replaces_it(items: Items) -> None:
    put(items, memory(value="barn"))
    stored = put(items, memory(value="castle", minute=1), seen=FIRST)

    assert (stored.rival, of(stored).version > FIRST, of(stored).created) == (None, True, NOW)
    assert values_of(items.get([memory().id], NOW).values()) == ["castle"]


@pytest.mark.parametrize("is_later_first", [False, True])
def test_of_two_writers_who_did_not_know_of_each_other_the_later_wins(items: Items, is_later_first: bool) -> None:
    values = [("barn", 0.0), ("castle", 1.0)]
    barn, castle = [memory(value=value, minute=minute) for value, minute in values]
    first, second = [castle, barn] if is_later_first else [barn, castle]
    put(items, first)
    stored = put(items, second)

    assert (of(stored).value, stored.is_winner) == ("castle", second is castle)
    assert stored.rival is not None
    assert stored.rival.value == "barn"
    assert values_of(items.get([memory().id], NOW).values()) == ["castle"]


def test_a_write_that_loses_changes_neither_homes_nor_base_nor_tokens(items: Items) -> None:
    put(items, memory(value="castle", minute=1), homes=[Tier.LONG], base="aa")
    put(items, memory(value="barn"), homes=[Tier.WORKING], base="bb")
    kept = held(items, memory().id)

    assert kept is not None
    assert (kept.homes, kept.base) == (frozenset({Tier.LONG}), "aa")
    assert kept.tokens == frozenset(tokens_of(memory(value="castle")))
    assert (found(items, "castle"), found(items, "barn")) == (["venue"], [])


def test_a_copy_replaces_an_older_version_and_never_a_newer_one(items: Items) -> None:
    items.put([copy(replace(memory(value="third", minute=-1), version=3))])
    stored = items.put([copy(replace(memory(value="second", minute=5), version=2))])

    assert [(one.is_winner, of(one).version, one.rival) for one in stored] == [(False, 3, None)]
    assert values_of(items.get([memory().id], NOW).values()) == ["third"]
    assert of(items.put([copy(replace(memory(value="ninth"), version=9))])[0]).version == 9


def test_a_copy_for_a_tier_that_decides_itself_replaces_nothing(items: Items) -> None:
    put(items, memory(value="barn"))
    newer = replace(memory(value="castle", minute=9), version=FIRST * 2)
    (stored,) = items.put([write(newer, COPY_NEW)])
    items.put([write(replace(newer, key="other"), COPY_NEW)])

    assert (stored.is_winner, of(stored).value) == (False, "barn")
    assert [(one.memory.value, one.memory.version) for one in items.page(BUDGET, NOW)] == [
        ("castle", FIRST * 2), ("barn", FIRST),
    ]  # fmt: skip


def test_a_strict_write_changes_nothing_where_another_has_written(items: Items) -> None:
    put(items, memory(value="barn"))
    late, right = [
        replace(write(memory(value=value, minute=9), seen), is_strict=True) for value, seen in (("a", 7), ("b", FIRST))
    ]

    assert [one.is_winner for one in items.put([late])] == [False]
    assert values_of(items.get([memory().id], NOW).values()) == ["barn"]
    assert [one.is_winner for one in items.put([right])] == [True]
    assert values_of(items.get([memory().id], NOW).values()) == ["b"]


def test_a_strict_write_of_what_is_not_held_finds_nothing(items: Items) -> None:
    stored = items.put([replace(write(memory(), seen), is_strict=True) for seen in (FIRST, 0)])

    assert [(one.is_winner, one.memory is None) for one in stored] == [(False, True), (True, False)]


def test_writes_of_one_call_are_carried_out_in_order(items: Items) -> None:
    ours, theirs = memory("a", value="ours"), memory("b", value="theirs")
    stored = items.put(
        [
            write(ours),
            write(theirs),
            write(memory("a", "again", minute=1), FIRST),
            write(memory("a", "late", minute=-9)),
        ]
    )

    assert [(of(one).value, one.is_winner) for one in stored] == [
        ("ours", True), ("theirs", True), ("again", True), ("again", False),
    ]  # fmt: skip
    assert of(stored[3]).version > of(stored[2]).version > of(stored[0]).version
    assert values_of(items.get([ours.id], NOW).values()) == ["again"]


def test_nothing_to_write_is_written(items: Items) -> None:
    assert items.put([]) == []
    assert items.get([], NOW) == {}


def test_what_is_forgotten_is_held_as_such(items: Items) -> None:
    first = of(put(items, memory()))
    put(items, first.forgotten(at(1), "eve"), seen=FIRST)
    kept = held(items, first.id)

    assert kept is not None
    assert (kept.memory.is_forgotten, kept.memory.version > FIRST, kept.memory.data) == (True, True, b"")
    assert not items.put([copy(first)])[0].is_winner


def test_what_was_forgotten_can_be_remembered_anew(items: Items) -> None:
    first = of(put(items, memory()))
    gone = of(put(items, first.forgotten(at(1), "eve"), seen=FIRST))
    put(items, memory(value="castle", minute=2), seen=gone.version)

    assert (found(items, "castle"), found(items, "barn")) == (["venue"], [])


@pytest.mark.parametrize(("minute", "is_held"), [(59.9, True), (60, False), (61, False)])
def test_what_has_expired_is_not_there(items: Items, minute: float, is_held: bool) -> None:
    put(items, memory(expires=60))
    seen = [
        bool(items.get([memory().id], at(minute))),
        bool(found(items, "barn", minute=minute)),
        bool(found(items, "", minute=minute)),
        bool(items.page(BUDGET, at(minute))),
    ]

    assert seen == [is_held] * 4


def known(number: int) -> int:
    """A version that a writer may know: none, a copy's, the first one or one of those that follow."""
    return number if number <= 0 else FIRST + number - 1


@given(writes=st.lists(st.tuples(keys, values, st.integers(-2, 6), st.integers(0, 3), st.booleans()), max_size=12))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_key_holds_what_the_rule_says(items: Items, writes: list[tuple[str, str, int, int, bool]]) -> None:
    """Whatever is written, in one call or in many: each key holds what `decide_write` says, step by step."""
    context = f"{BUDGET}:{next(_numbers)}"
    expected: dict[MemoryId, Memory | None] = {}
    waiting: list[tuple[Write, Stored]] = []
    for key, value, seen, minute, is_last in writes:
        what = memory(key, value, context=context, minute=minute)
        asked = replace(write(replace(what, version=FIRST + minute), known(seen)), is_strict=seen == 5)
        decided = decide_write(expected.get(asked.memory.id), asked)
        expected[asked.memory.id] = decided.memory
        waiting.append((asked, decided))
        if is_last:
            assert items.put([one for one, _ in waiting]) == [one for _, one in waiting]
            waiting.clear()
    items.put([one for one, _ in waiting])

    written = {id_: one for id_, one in expected.items() if one is not None}
    assert {id_: one.memory for id_, one in items.get(list(expected), NOW).items()} == written
    assert [one.memory.id for one in items.page(context, NOW)] == sorted(written)


# Searching


def test_contexts_are_searched_apart_from_each_other(items: Items) -> None:
    items.put([write(memory("here")), write(memory("there", context=GUESTS)), write(memory("x", context=OTHER_TENANT))])

    assert found(items, "barn", BUDGET) == ["here"]
    assert found(items, "barn", f"{BUDGET}:function:forecast") == []
    assert sorted(found(items, "barn", BUDGET, GUESTS)) == ["here", "there"]
    assert items.search(read_asked("barn"), [], 10, NOW) == []


def test_the_key_that_is_asked_for_comes_first(items: Items) -> None:
    items.put([write(memory(str(number), "venue budget venue_budget", minute=9)) for number in range(30)])
    put(items, memory("venue budget", "no word of it"))

    assert found(items, "venue budget", limit=3)[0] == "venue budget"
    assert found(items, " venue budget ", limit=1) == ["venue budget"]


def test_a_key_without_words_is_found_by_itself(items: Items) -> None:
    items.put([write(memory("!?", "barn")), write(memory("??", "castle", minute=5))])

    assert found(items, "!?", limit=1) == ["!?"]


def test_more_and_rarer_words_come_first(items: Items) -> None:
    items.put([write(memory(f"n{number}", "a lake and a garden", minute=9)) for number in range(20)])
    items.put([write(memory("both", "lake with a chapel")), write(memory("rare", "chapel"))])

    assert found(items, "lake chapel", limit=3)[:2] == ["both", "rare"]


def test_a_question_of_many_words_finds_what_has_most_of_them(items: Items) -> None:
    words = [f"word{number:02}" for number in range(20)]
    items.put([write(memory(f"m{number:02}", " ".join(words[:number]))) for number in range(1, 20)])

    assert found(items, " ".join(words), limit=3) == ["m19", "m18", "m17"]


def test_a_question_without_words_finds_the_latest(items: Items) -> None:
    minutes = [3, 1, 4, 1.5, 9, 2.6]
    items.put([write(memory(str(minute), context=context, minute=minute)) for context, minute in
               zip([BUDGET, GUESTS] * 3, minutes, strict=True)])  # fmt: skip

    assert found(items, "", BUDGET, GUESTS, limit=4) == ["9", "4", "3", "2.6"]


def test_no_more_is_found_than_was_asked_for(items: Items) -> None:
    items.put([write(memory(str(number), context=context)) for number in range(20) for context in (BUDGET, GUESTS)])

    assert [len(found(items, "barn", BUDGET, GUESTS, limit=limit)) for limit in (1, 7, 100)] == [1, 7, 40]


def test_what_is_forgotten_is_not_found(items: Items) -> None:
    first = of(put(items, memory()))
    put(items, first.forgotten(at(1), "eve"), seen=FIRST)

    assert (found(items, "barn"), found(items, "venue"), found(items, "")) == ([], [], [])
    assert items.page(BUDGET, NOW) == []


def test_what_was_changed_is_found_by_its_new_words_only(items: Items) -> None:
    put(items, memory(value="barn"))
    put(items, memory(value="castle", minute=1), seen=FIRST)

    assert (found(items, "barn"), found(items, "castle")) == ([], ["venue"])


def test_what_expired_does_not_hide_what_did_not(items: Items) -> None:
    items.put([write(memory(f"old{number}", expires=1, minute=1)) for number in range(50)])
    put(items, memory("new"))

    assert (found(items, "barn", limit=1, minute=2), found(items, "", limit=1, minute=2)) == (["new"], ["new"])


def test_the_latest_are_found_behind_any_number_of_expired_ones(items: Items) -> None:
    """In several contexts, of which one has a long tail of memories that are no longer there."""
    items.put([write(memory(f"old{number}", expires=1, minute=9)) for number in range(450)])
    items.put([write(memory(f"g{number}", context=GUESTS, minute=-number)) for number in range(250)])
    items.put([write(memory("b0", minute=-0.5)), write(memory("b1", minute=-1.5))])

    assert found(items, "", BUDGET, GUESTS, limit=5, minute=2) == ["g0", "b0", "g1", "b1", "g2"]
    assert len(found(items, "", BUDGET, GUESTS, limit=500, minute=2)) == 252


@pytest.mark.parametrize("question", ODD)
def test_any_question_may_be_asked(items: Items, question: str) -> None:
    put(items, memory("plain", f"a barn with {question} in it"))
    put(items, memory("other", "a castle", minute=1))

    assert found(items, f"{question} barn {question}")[:1] == ["plain"]


# Paging, contexts, counting


def test_a_page_is_ordered_by_code_point(items: Items) -> None:
    keys = ["b", "a", "B", "é", "e\u0301", "🙂", "\ufb01", "10", "9", "a b", "a-b", "a"]
    items.put([write(memory(key)) for key in dict.fromkeys(keys)])

    assert keys_of(items.page(BUDGET, NOW)) == sorted(set(keys))


def test_pages_follow_each_other(items: Items) -> None:
    contexts = ["a:b", "a:b:c", "a:b:c:d", "a:b:é"]
    ids = sorted(MemoryId(context, f"k{number}") for context in contexts for number in range(7))
    items.put([write(memory(key, context=context)) for context, key in ids])
    seen: list[MemoryId] = []
    while page := items.page("a:b", NOW, below=True, after=seen[-1] if seen else None, limit=5):
        assert len(page) <= 5
        seen += [one.memory.id for one in page]

    assert seen == ids


def test_a_page_goes_on_behind_what_is_gone(items: Items) -> None:
    items.put([write(memory(key)) for key in "ace"])

    assert keys_of(items.page(BUDGET, NOW, after=MemoryId(BUDGET, "b"))) == ["c", "e"]
    assert keys_of(items.page("", NOW, below=True, after=MemoryId("zebra", ""))) == []


BELOW_A = ["a:b", "a:b!", "a:b:", "a:b:c", "a:b;", "a:bc"]


@pytest.mark.parametrize(
    ("context", "expected"),
    [("a:b", ["a:b", "a:b:", "a:b:c"]), ("a", BELOW_A), ("a:b:x", []), ("", ["a!", *BELOW_A])],
)
def test_below_a_context_is_what_its_levels_say(items: Items, context: str, expected: list[str]) -> None:
    items.put([write(memory(context=one)) for one in ("a:b;", "a:b", "a:b:c", "a:bc", "a:b!", "a!", "a:b:")])

    assert [one.memory.context for one in items.page(context, NOW, below=True)] == expected
    assert items.count(context) == len(expected)


def test_a_page_of_one_context_holds_nothing_from_below(items: Items) -> None:
    items.put([write(memory(context=one)) for one in ("a:b", "a:b:c", "a:b:")])

    assert [one.memory.context for one in items.page("a:b", NOW)] == ["a:b"]


def test_contexts_are_those_that_hold_something(items: Items) -> None:
    items.put([write(memory(context=one)) for one in ("b", "a:é", "a:b", "a")])
    items.drop({memory(context="a:b").id: FIRST})

    assert items.contexts() == ["a", "a:é", "b"]
    assert (items.contexts("a:"), items.contexts("a"), items.contexts("x")) == (["a:é"], ["a", "a:é"], [])


def test_a_prefix_of_contexts_is_text_and_no_pattern(items: Items) -> None:
    items.put([write(memory(context=one)) for one in ("a%b", "a_b", "a*b", "aXb", "a[b]", "a\U0010ffffb")])

    assert [items.contexts(one) for one in ("a%", "a_", "a*", "a[", "a\U0010ffff")] == [
        ["a%b"], ["a_b"], ["a*b"], ["a[b]"], ["a\U0010ffffb"],
    ]  # fmt: skip


def test_what_is_held_is_counted_in_and_below_a_context(items: Items) -> None:
    items.put([write(memory(str(number), context=one)) for number in range(3) for one in ("a", "a:b", "ab", "a:bc")])

    assert [items.count(one) for one in ("", "a", "a:b", "x")] == [12, 9, 3, 0]


def test_what_has_the_rare_word_too_is_not_lost_among_many_that_share_the_other(items: Items) -> None:
    items.put([write(memory(f"n{number:03}", "barn", minute=number)) for number in range(1, 200)])
    items.put([write(memory("a", "barn castle")), write(memory("b", "castle", minute=0.5))])

    assert found(items, "barn castle", BUDGET, GUESTS, limit=2, minute=300) == ["a", "b"]
    assert found(items, "barn castle", limit=12, minute=300)[:2] == ["a", "b"]
    assert len(found(items, "barn castle", limit=50, minute=300)) == 50


# Uses, dropping, sweeping


def test_uses_are_counted_and_outlive_a_write(items: Items) -> None:
    put(items, memory())
    items.touch([Use(id=memory().id, at=at(5)), Use(id=memory().id, at=at(3)), Use(id=MemoryId("none", "x"), at=NOW)])
    put(items, memory(value="castle", minute=1), seen=FIRST)
    kept = held(items, memory().id)

    assert kept is not None
    assert (kept.uses, kept.used, kept.memory.value) == (2, at(5), "castle")
    assert held(items, MemoryId("none", "x")) is None


def test_uses_are_shown_at_once_and_written_at_the_end(store: AnyStore) -> None:
    items = store.open()
    put(items, memory())
    items.touch([Use(id=memory().id, at=at(3)), Use(id=memory().id, at=at(5))])
    shown = [*items.search(read_asked("barn"), [BUDGET], 1, NOW), *items.page(BUDGET, NOW), held(items, memory().id)]
    items.close()
    kept = held(store.open(), memory().id)

    assert [(one.uses, one.used) for one in (*shown, kept) if one] == [(2, at(5))] * 4


def test_uses_are_written_when_they_have_waited_for_long(store: AnyStore) -> None:
    items, other = store.open(), store.open()
    put(items, memory())
    items.touch([Use(id=memory().id, at=at(1))])
    items.touch([Use(id=memory().id, at=at(3))])
    items.sweep(NOW)  # what is being written then is there behind it
    kept = held(other, memory().id)

    assert kept is not None
    assert (kept.uses, kept.used) == (2, at(3))


def test_only_the_version_that_is_held_elsewhere_is_dropped(items: Items) -> None:
    items.put([write(memory(key)) for key in "abc"])
    put(items, memory("b", "new", minute=1), seen=FIRST)

    assert items.drop({memory(key).id: FIRST for key in "abcd"} | {MemoryId("none", "x"): FIRST}) == 2
    assert keys_of(items.page(BUDGET, NOW)) == ["b"]
    assert (found(items, "barn"), items.count()) == ([], 1)


def test_what_was_dropped_can_be_written_again(items: Items) -> None:
    put(items, memory())
    items.drop({memory().id: FIRST})

    assert put(items, memory(value="castle"), seen=FIRST).is_winner
    assert found(items, "castle") == ["venue"]


def test_sweeping_removes_what_has_expired_by_the_clock_of_the_caller(items: Items) -> None:
    homes = [Tier.LONG, Tier.WORKING]
    expiring = [memory("short", expires=10), memory("long", expires=20), memory("ever")]
    items.put([write(one, homes=homes) for one in expiring])

    assert items.sweep(at(10)) == []
    assert (items.count(), keys_of(items.page(BUDGET, NOW))) == (2, ["ever", "long"])
    assert found(items, "barn", minute=-99) in (["ever", "long"], ["long", "ever"])


def test_sweeping_removes_what_was_forgotten_a_day_ago(items: Items) -> None:
    first = of(put(items, memory()))
    put(items, first.forgotten(at(1), "eve"), seen=FIRST)

    assert items.sweep(at(24 * 60 + 2)) == []
    assert (items.count(), items.get([first.id], NOW), items.contexts()) == (0, {}, [])


def test_a_sweep_of_nothing_removes_nothing(items: Items) -> None:
    put(items, memory())

    assert (items.sweep(at(1_000_000)), items.count()) == ([], 1)


# Openings


def test_a_tier_gives_a_sign_of_life(items: Items) -> None:
    items.check()


def test_a_tier_may_be_closed_twice(store: AnyStore) -> None:
    items = store.open()
    items.close()
    items.close()
