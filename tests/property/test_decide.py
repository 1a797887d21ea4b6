"""`decide` on every combination of base, journal and store: nothing is lost, comes back, or is invented."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from sync.document.entry import Entry, parse_entry
from sync.document.view import View
from sync.engine.decide import decide
from sync.engine.verdict import Action, Pair, Verdict
from sync.stores.protocol import Source, Store
from sync.stores.registry import STORE_NAMES, make_store

PATH = "journal/entries/e1.md"
SOURCE = Source(path=PATH, blob="0" * 40)

lines = st.lists(st.sampled_from([f"line {number}" for number in range(6)]), max_size=5, unique=True)
maybe_lines = st.none() | lines


def entry_text(said: list[str], *, extra: str = "") -> str:
    """An entry that says some lines."""
    return f"---\ndate: 2025-04-05\ntitle: A title\ntags: []\n{extra}---\n\n- first\n" + "".join(
        f"- {line}\n" for line in said
    )


def entry(text: str) -> Entry:
    """A text that is known to be an entry."""
    found = parse_entry(PATH, text)
    assert isinstance(found, Entry)
    return found


def chunk_of(store: Store[Any], text: str | None, previous: bytes | None = None) -> bytes | None:
    """The record of an entry's text."""
    return None if text is None else store.render(store.get(entry(text)), previous, SOURCE)


def pair_of(store: Store[Any], base: list[str] | None, ours: list[str] | None, theirs: list[str] | None) -> Pair:
    """What there is to decide, from the lines that each side says; None where it does not exist."""
    before, mine, other = (None if one is None else entry_text(one) for one in (base, ours, theirs))
    was = chunk_of(store, before)
    now = was if theirs == base else chunk_of(store, other, was)
    return Pair(key="e1", path=PATH, base=before, ours=mine, was=was, now=now)


def said(verdict: Verdict) -> set[str]:
    """The lines that the decision ends with, or that the conflict keeps."""
    texts = [verdict.text]
    if verdict.conflict is not None:
        texts += [verdict.conflict.ours, verdict.conflict.theirs]
    return {line.removeprefix("- ") for text in texts if text for line in text.split("\n") if line.startswith("- line")}


each_store = pytest.mark.parametrize("store", [make_store(name, View()) for name in STORE_NAMES], ids=STORE_NAMES)


@each_store
class TestEveryCombination:
    """Base, journal and store, each of which may be missing."""

    @settings(max_examples=40)
    @given(base=maybe_lines, ours=maybe_lines, theirs=maybe_lines)
    def test_what_one_side_added_is_kept(
        self, store: Store[Any], base: list[str] | None, ours: list[str] | None, theirs: list[str] | None
    ) -> None:
        verdict = decide(pair_of(store, base, ours, theirs), store)
        added = {*(ours or ()), *(theirs or ())} - {*(base or ())}
        assert added <= said(verdict)

    @settings(max_examples=40)
    @given(base=lines, ours=lines, theirs=lines)
    def test_what_one_side_took_away_is_gone_unless_a_person_has_to_decide(
        self, store: Store[Any], base: list[str], ours: list[str], theirs: list[str]
    ) -> None:
        verdict = decide(pair_of(store, base, ours, theirs), store)
        # A line that was moved is one that was taken away and one that was added.
        orders = [[line for line in one if line in base] for one in (ours, theirs)]
        if verdict.conflict is None and all(order == [line for line in base if line in order] for order in orders):
            taken = {line for line in base if line not in ours or line not in theirs}
            assert taken & said(verdict) == set()

    @settings(max_examples=40)
    @given(base=maybe_lines, ours=maybe_lines, theirs=maybe_lines)
    def test_nothing_is_invented(
        self, store: Store[Any], base: list[str] | None, ours: list[str] | None, theirs: list[str] | None
    ) -> None:
        verdict = decide(pair_of(store, base, ours, theirs), store)
        assert said(verdict) <= {*(base or ()), *(ours or ()), *(theirs or ())}

    @settings(max_examples=40)
    @given(base=maybe_lines, ours=maybe_lines, theirs=maybe_lines)
    def test_nothing_is_deleted_without_a_base(
        self, store: Store[Any], base: list[str] | None, ours: list[str] | None, theirs: list[str] | None
    ) -> None:
        verdict = decide(pair_of(store, None, ours, theirs), store)
        assert verdict.action not in (Action.JOURNAL_DELETE, Action.STORE_DELETE)
        if ours is not None and theirs is not None and ours != theirs:
            assert verdict.action is Action.CONFLICT

    @settings(max_examples=40)
    @given(base=lines, other=lines)
    def test_a_deletion_and_an_edit_are_a_conflict_and_a_deletion_alone_is_none(
        self, store: Store[Any], base: list[str], other: list[str]
    ) -> None:
        in_store = decide(pair_of(store, base, other, None), store)
        in_journal = decide(pair_of(store, base, None, other), store)
        if base == other:
            assert (in_store.action, in_journal.action) == (Action.JOURNAL_DELETE, Action.STORE_DELETE)
        else:
            assert in_store.action is in_journal.action is Action.CONFLICT
            assert (in_store.text, in_journal.in_store) == (entry_text(other), True)

    @settings(max_examples=40)
    @given(base=lines, other=lines)
    def test_what_one_side_alone_changed_is_taken(self, store: Store[Any], base: list[str], other: list[str]) -> None:
        journal = decide(pair_of(store, base, other, base), store)
        assert (journal.text, journal.conflict) == (entry_text(other), None)
        remote = decide(pair_of(store, base, base, other), store)
        assert remote.conflict is None
        assert store.get(entry(remote.text or "")) == store.get(entry(entry_text(other)))

    @settings(max_examples=40)
    @given(base=maybe_lines, both=maybe_lines)
    def test_what_is_equal_on_both_sides_is_agreed(
        self, store: Store[Any], base: list[str] | None, both: list[str] | None
    ) -> None:
        verdict = decide(pair_of(store, base, both, both), store)
        assert verdict.is_agreed
        assert verdict.action in (Action.UNCHANGED, Action.IN_STEP)
        assert verdict.text == (None if both is None else entry_text(both))

    @settings(max_examples=40)
    @given(base=maybe_lines, ours=maybe_lines, theirs=maybe_lines)
    def test_the_same_question_has_the_same_answer(
        self, store: Store[Any], base: list[str] | None, ours: list[str] | None, theirs: list[str] | None
    ) -> None:
        pair = pair_of(store, base, ours, theirs)
        assert decide(pair, store) == decide(pair, store)

    @settings(max_examples=40)
    @given(base=maybe_lines, ours=maybe_lines, theirs=maybe_lines)
    def test_what_was_decided_needs_no_second_decision(
        self, store: Store[Any], base: list[str] | None, ours: list[str] | None, theirs: list[str] | None
    ) -> None:
        pair = pair_of(store, base, ours, theirs)
        verdict = decide(pair, store)
        if verdict.is_agreed:
            chunk = chunk_of(store, verdict.text, pair.now) if verdict.in_store or verdict.text == pair.ours else None
            again = decide(Pair(key="e1", path=PATH, base=verdict.text, ours=verdict.text, was=chunk, now=chunk), store)
            assert again.action is Action.UNCHANGED

    @settings(max_examples=40)
    @given(base=lines, ours=lines, theirs=lines)
    def test_keys_that_no_schema_knows_survive_on_either_side(
        self, store: Store[Any], base: list[str], ours: list[str], theirs: list[str]
    ) -> None:
        pair = pair_of(store, base, ours, theirs)
        mine = entry_text(ours, extra="x-mine: {a: [1, 1.10, 10:30]}  # kept\n")
        verdict = decide(Pair(key="e1", path=PATH, base=pair.base, ours=mine, was=pair.was, now=pair.now), store)
        assert "x-mine: {a: [1, 1.10, 10:30]}  # kept\n" in (verdict.text or "")

    @settings(max_examples=40)
    @given(base=lines, ours=lines, theirs=lines, answer=st.none() | lines)
    def test_what_a_person_decided_is_what_happens(
        self, store: Store[Any], base: list[str], ours: list[str], theirs: list[str], answer: list[str] | None
    ) -> None:
        pair = pair_of(store, base, ours, theirs)
        wanted = None if answer is None else entry_text(answer)
        asked = decide(pair, store).conflict
        verdict = decide(pair, store, settle=lambda _conflict: wanted)
        if asked is not None:
            assert (verdict.text, verdict.is_agreed, verdict.conflict) == (wanted, True, None)
            assert verdict.in_store == (wanted is not None)
        else:
            assert verdict == decide(pair, store)

    @settings(max_examples=40)
    @given(base=lines, ours=lines, theirs=lines)
    def test_an_entry_that_is_not_selected_is_not_in_the_store_and_loses_nothing(
        self, store: Store[Any], base: list[str], ours: list[str], theirs: list[str]
    ) -> None:
        pair = pair_of(store, base, ours, theirs)
        hidden = Pair(key="e1", path=PATH, base=pair.base, ours=pair.ours, was=pair.was, now=pair.now, is_wanted=False)
        verdict = decide(hidden, store)
        assert verdict.conflict is not None or not verdict.in_store
        assert ({*ours, *theirs} - {*base}) <= said(verdict)


def test_every_adapter_has_the_laws_that_the_decisions_rest_on() -> None:
    for name in STORE_NAMES:
        store = make_store(name, View())
        one = entry(entry_text(["line 1", "line 2"]))
        record = store.get(one)
        assert store.put(record, one).text == one.text
        assert store.parse("e1", store.render(record, None, SOURCE)) == record
