"""Laws of the search, for any text, any journal and any question."""

from __future__ import annotations

import math
import re
from datetime import date
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync.document.entry import Entry, load_entry
from sync.search.analysis import Language, analyse, analyse_otherwise, analyse_question, fold, language_of, similar
from sync.search.days import Span, days_between, named_days
from sync.search.filters import Filters, admits_entry
from sync.search.highlight import marks
from sync.search.index.catalogue import Catalogue, passage_id
from sync.search.index.cutting import cut_entry
from sync.search.index.fts5_words import Fts5Words
from sync.search.index.tantivy_words import TantivyWords
from sync.search.index.words import Lookup
from sync.search.packing import WIDTH, length, pack, pack_term, places, split
from sync.search.passages import passages_of
from sync.search.question import LONGEST, holds_quoted, read_question, with_slips, written_alike
from sync.search.rank import Candidate, Weighed, rank, spread

SOME = settings(max_examples=100)
FEW = settings(max_examples=40)

odd_letters = "aéÀœßİıﬁ½٣²ŉǅℌ日한ﾞ\u0301\u0651\ufdfa'’«»\"“”_.-#*`\n\r\t \x00\x1b\u00a0\u200d\u2028\U0001f389"
texts = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from(odd_letters), max_size=40),
    st.lists(st.sampled_from("merge Driver pre-commit l'entrée journal_entry.md the « » \" 2025-04-05 mai".split()))
    .map(" ".join),
)  # fmt: skip
languages = st.sampled_from(Language)
words = st.text("abcdeé", min_size=1, max_size=9)
term_lists = st.lists(st.sampled_from(["hook", "merge", "driver", "x", "été"]), max_size=12)


# --- terms ----------------------------------------------------------------------------------------------------------


@SOME
@given(texts, languages)
@example("ﾞﾞ", Language.ENGLISH)
@example("\ufdfa\ufdfa", Language.FRENCH)
def test_a_term_is_letters_and_digits_in_one_form(text: str, language: Language) -> None:
    terms = [*analyse(text, language), *analyse_question(text, language), *analyse_otherwise(text, language)]
    assert [term for term in terms if not term.isalnum() or term != term.lower()] == []


@SOME
@given(texts, languages)
def test_a_text_has_the_same_terms_always(text: str, language: Language) -> None:
    assert analyse(text, language) == analyse(str(text), language)
    assert language_of(text, language) is language_of(text, language)


@SOME
@given(texts, texts, languages)
def test_lines_have_their_terms_apart(one: str, other: str, language: Language) -> None:
    assert analyse(f"{one}\n{other}", language) == analyse(one, language) + analyse(other, language)


@SOME
@given(st.text("abcdeéàœç '’-_", max_size=40), languages)
def test_case_does_not_count_in_words_that_are_no_names(text: str, language: Language) -> None:
    assert analyse(text.upper(), language) == analyse(text, language)


@SOME
@given(texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@SOME
@given(words, words)
def test_likeness_is_a_share_and_mutual(one: str, other: str) -> None:
    assert 0 <= similar(one, other) == similar(other, one) <= 1
    assert similar(one, one) == 1


# --- questions ------------------------------------------------------------------------------------------------------


@SOME
@given(texts, languages)
def test_a_question_is_read_without_complaint_and_within_bounds(text: str, language: Language) -> None:
    asked = read_question(text, language)
    assert len(asked.terms) == len(set(asked.terms)) <= 64
    assert set(asked.others).isdisjoint(asked.terms)
    assert all(row for rows in asked.phrases for row in rows)


@SOME
@given(texts, languages)
def test_a_passage_holds_the_phrase_that_it_is(text: str, language: Language) -> None:
    quoted = text.replace('"', " ").replace("“", " ").replace("”", " ").replace("«", " ").replace("»", " ")
    assert holds_quoted(read_question(f'"{quoted}"', language), f"before\n{quoted}\nbehind")


@SOME
@given(texts, st.text(max_size=20), languages)
def test_what_is_behind_the_limit_does_not_count(text: str, more: str, language: Language) -> None:
    start = (text + " " * LONGEST)[:LONGEST]
    assert read_question(start + more, language) == read_question(start, language)


@SOME
@given(st.lists(words, max_size=6), st.sets(words, max_size=20))
def test_likeness_is_to_words_of_the_journal_alone(terms: list[str], journal: set[str]) -> None:
    def starting(start: str) -> list[str]:
        return sorted(word for word in journal if word.startswith(start))

    alike = {**with_slips(terms, lambda term: term in journal), **written_alike(terms, starting)}
    assert alike.keys() <= journal - set(terms)
    assert all(0 < share <= 1 for share in alike.values())


# --- days -----------------------------------------------------------------------------------------------------------

spans = st.builds(Span, year=st.integers(0, 9999), month=st.integers(0, 13), day=st.integers(0, 32))


@SOME
@given(texts)
def test_a_question_names_only_days_with_a_year_or_a_month(text: str) -> None:
    assert [one for one in named_days(text) if not one.year and not one.month] == []


@SOME
@given(spans, st.dates())
def test_a_day_is_some_days_from_a_span_or_none(span: Span, day: date) -> None:
    assert days_between(span, day) >= 0


@SOME
@given(st.dates())
def test_a_day_lies_within_itself_its_month_and_its_year(day: date) -> None:
    own = [Span(year=day.year), Span(year=day.year, month=day.month), Span(month=day.month, day=day.day)]
    assert [days_between(span, day) for span in own] == [0, 0, 0]


# --- packing --------------------------------------------------------------------------------------------------------


@SOME
@given(term_lists)
def test_packed_terms_are_a_list_of_terms(terms: list[str]) -> None:
    packed = pack(terms)
    assert list(split(packed)) == [pack_term(term) for term in terms]
    assert (length(packed), len(packed)) == (len(terms), WIDTH * len(terms))


@SOME
@given(term_lists, term_lists.filter(bool))
def test_a_run_is_found_where_a_list_has_it(terms: list[str], run: list[str]) -> None:
    expected = [at for at in range(len(terms)) if terms[at : at + len(run)] == run]
    assert places(pack(terms), pack(run)) == expected


@SOME
@given(st.binary(max_size=40), st.binary(min_size=WIDTH, max_size=WIDTH))
def test_a_term_is_found_at_whole_places_alone(data: bytes, term: bytes) -> None:
    packed = data[: len(data) // WIDTH * WIDTH]
    assert places(packed, term) == [at for at, one in enumerate(split(packed)) if one == term]


@SOME
@given(term_lists, term_lists)
def test_packing_is_joining(one: list[str], other: list[str]) -> None:
    assert pack(one + other) == pack(one) + pack(other)


# --- ranking --------------------------------------------------------------------------------------------------------

scores = st.floats(0, 100)
candidates = st.lists(
    st.builds(
        Candidate,
        id=st.integers(1 << 20, 9 << 20), terms=term_lists.map(pack), speaker=term_lists.map(pack), asks=st.booleans(),
        names_time=st.booleans(), day=st.one_of(st.just(""), st.dates().map(str)), near=scores, whole=scores,
        title=scores,
    ),
    max_size=12, unique_by=lambda one: one.id,
)  # fmt: skip
questions = st.one_of(texts, st.just("when was the hook of été 2025-04-05 in may"))


def weighed(text: str) -> Weighed:
    asked = read_question(text, Language.ENGLISH)
    return Weighed(question=asked, terms=dict.fromkeys(map(pack_term, asked.terms), 2.0), alike={}, average=3.0)


@SOME
@given(candidates.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))), questions)
def test_the_order_does_not_depend_on_the_order_that_was_found(
    both: tuple[list[Candidate], list[Candidate]], text: str
) -> None:
    found, shuffled = both
    assert rank(weighed(text), shuffled, {}) == rank(weighed(text), found, {})


@SOME
@given(candidates, questions)
def test_scores_are_numbers_and_fall(found: list[Candidate], text: str) -> None:
    ranked = rank(weighed(text), found, {})
    keys = [(-score, one.id) for score, one in ranked]
    assert keys == sorted(keys)
    assert all(math.isfinite(score) for score, _ in ranked)
    assert sorted(one.id for _, one in ranked) == sorted(one.id for one in found)


@SOME
@given(candidates, st.integers(0, 15))
def test_spreading_keeps_the_best_and_repeats_none(found: list[Candidate], limit: int) -> None:
    ranked = rank(weighed("hook merge"), found, {})
    shown = spread(ranked, limit)
    assert len(shown) == len({one.id for _, one in shown}) == min(limit, len(ranked))
    assert shown[: (limit + 1) // 2] == ranked[: (limit + 1) // 2]


@SOME
@given(candidates, st.integers(0, 15))
def test_spreading_shows_no_fewer_entries(found: list[Candidate], limit: int) -> None:
    ranked = rank(weighed("hook merge"), found, {})
    shown, best = spread(ranked, limit), ranked[:limit]
    assert len({one.entry for _, one in shown}) >= len({one.entry for _, one in best})


# --- passages, marks and filters ------------------------------------------------------------------------------------

bodies = st.lists(
    st.one_of(texts, st.sampled_from(["# A", "## B #", "```", "~~~", "- item", "1. item", "===", "---", "", "| a |"])),
    max_size=12,
)  # fmt: skip
ends = st.sampled_from(["\n", "\r\n", "\r"])
fronts = st.sampled_from(["", "---\ntitle: T\n---\n", "---\ntags: [a]\n---\n\n"])


def loaded(front: str, body: list[str], end: str, mark: str) -> Entry | None:
    """An entry whose file has these lines; None where it is none."""
    text = front + re.sub(r"\r\n?|\n", " ", "\0".join(body)).replace("\0", "\n")
    entry = load_entry("a.md", (mark + text.replace("\n", end)).encode("utf-8", "replace"))
    return entry if isinstance(entry, Entry) else None


@SOME
@given(fronts, bodies, ends, st.sampled_from(["", "\ufeff"]))
def test_every_line_of_a_passage_stands_in_the_file_where_it_says(
    front: str, body: list[str], end: str, mark: str
) -> None:
    entry = loaded(front, body, end, mark)
    lines = entry.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n") if entry else []
    for one in passages_of(entry) if entry else ():
        assert one.text in ("\n".join(lines[one.first_line - 1 : one.last_line]), entry.title if entry else "")


@SOME
@given(fronts, bodies, ends)
def test_passages_follow_one_another_and_do_not_overlap(front: str, body: list[str], end: str) -> None:
    entry = loaded(front, body, end, "")
    found = passages_of(entry) if entry else []
    assert all(one.first_line <= one.last_line for one in found)
    assert all(one.last_line < other.first_line for one, other in pairwise(found))


@SOME
@given(fronts, bodies, languages)
def test_what_is_indexed_of_an_entry_is_what_it_is_cut_into(front: str, body: list[str], language: Language) -> None:
    entry = loaded(front, body, "\n", "")
    if entry is None:
        return
    cut = cut_entry(3, "a.md", "0" * 40, entry.text.encode(), language)
    assert [spot.id for spot in cut.spots] == [passage_id(3, at) for at in range(len(passages_of(entry)))]
    assert set(cut.near) == {spot.id for spot in cut.spots}
    assert sum(length(spot.terms) for spot in cut.spots) == len(cut.whole)


@SOME
@given(texts, texts, languages)
def test_marks_are_whole_words_in_order(text: str, question: str, language: Language) -> None:
    found = marks(text, read_question(question, language).terms)
    flat = [edge for mark in found for edge in mark]
    assert flat == sorted(flat)
    assert all(0 <= first < last <= len(text) for first, last in found)


@SOME
@given(texts, languages)
def test_what_is_marked_has_a_term_that_was_asked_for(text: str, language: Language) -> None:
    terms = set(analyse(text, language))
    for first, last in marks(text, terms):
        assert not terms.isdisjoint(
            analyse(text[first:last], Language.ENGLISH) + analyse(text[first:last], Language.FRENCH)
        )


tags = st.lists(st.sampled_from(["Git", "git", "été", "ÉTÉ", "x"]), max_size=3).map(tuple)
days = st.sampled_from(["", "2025-04-04", "2025-04-05", "2025-04-06"])
contexts = st.sampled_from(["", "a", "a:b", "a:b:c", "a:bc", "ab"])


@SOME
@given(tags, days, contexts, tags, days, days, contexts)
def test_an_entry_meets_filters_as_sets_and_orders_say(
    own: tuple[str, ...], day: str, context: str, wanted: tuple[str, ...], since: str, until: str, below: str
) -> None:
    filters = Filters(tags=wanted, since=since, until=until, context=below)
    expected = (
        {tag.casefold() for tag in wanted} <= {tag.casefold() for tag in own}
        and (not since or (bool(day) and since <= day))
        and (not until or (bool(day) and day <= until))
        and context.split(":")[: len(below.split(":")) if below else 0] == (below.split(":") if below else [])
    )
    assert admits_entry(filters, tags=own, day=day, context=context) is expected


# --- engines --------------------------------------------------------------------------------------------------------


@FEW
@given(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=4), texts, languages)
def test_both_engines_find_the_same_passages(journal: list[list[str]], question: str, language: Language) -> None:
    catalogue = Catalogue(None)
    engines = TantivyWords(None), Fts5Words(catalogue.connection)
    terms = dict.fromkeys(read_question(question, language).terms, 1.0)
    found = []
    for engine in engines:
        for number, texts_of in enumerate(journal, 1):
            near = {passage_id(number, at): analyse(text, language) for at, text in enumerate(texts_of)}
            engine.add(number, near, [term for one in near.values() for term in one], analyse(texts_of[0], language))
        engine.commit()
        lookup = Lookup(terms=terms, limit=100)
        both = (engine.find_passages(lookup), engine.find_entries(lookup), engine.find_headings(lookup))
        found.append([sorted(id_ for id_, _ in one) for one in both])
        found[-1].append([engine.frequency(term) for term in terms])
        engine.close()
    catalogue.close()
    assert found[0] == found[1]
