"""Taking a question apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from sync.search.analysis import Language
from sync.search.days import Span
from sync.search.question import LONGEST, Question, holds_quoted, read_question, with_slips, written_alike


def read(text: str, otherwise: Language = Language.ENGLISH) -> Question:
    return read_question(text, otherwise)


def known(*terms: str) -> Callable[[str], int]:
    """How often terms stand in a journal that has these once."""
    return lambda term: int(term in terms)


def starting(*terms: str) -> Callable[[str], Sequence[str]]:
    return lambda start: [term for term in terms if term.startswith(start)]


# --- terms ----------------------------------------------------------------------------------------------------------


def test_each_term_counts_once_and_in_order() -> None:
    assert read("merge driver, merges and drivers").terms == ("merg", "driver")


@pytest.mark.parametrize(("otherwise", "terms"), [(Language.ENGLISH, ("run",)), (Language.FRENCH, ("running",))])
def test_a_question_that_does_not_tell_its_language_is_of_the_journals(
    otherwise: Language, terms: tuple[str, ...]
) -> None:
    assert read("running", otherwise).terms == terms


def test_a_question_is_of_its_own_language_in_any_journal() -> None:
    assert read("why is it running", Language.FRENCH).terms == ("run",)


def test_what_a_word_would_be_in_the_other_language_is_looked_for_too() -> None:
    asked = read("settings running", Language.FRENCH)
    assert set(asked.others) == {"set", "run"}
    assert read("hook driver").others == ("driv",)


@pytest.mark.parametrize("text", ["?!", "« »", '""', "\x00", "...", "*", "^", '"', "(((", "'; --", "🎉"])
def test_punctuation_says_nothing(text: str) -> None:
    assert (read(text).terms, read(text).phrases, read(text).quoted) == ((), (), ())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("word " * 20_000, id="words"),
        pytest.param("a" * 100_000, id="one-word"),
        pytest.param('"' * 100_000, id="quotes"),
        pytest.param("«" + " " * 100_000, id="a-quote-and-blanks"),
        pytest.param("« " * 50_000, id="opening-quotes"),
        pytest.param('"a ' * 30_000, id="phrases"),
        pytest.param("".join(f"w{n} " for n in range(20_000)), id="different-words"),
        pytest.param("a-" * 50_000, id="parts"),
        pytest.param("when " * 20_000, id="when"),
    ],
)
def test_of_a_very_long_question_only_the_beginning_counts(text: str) -> None:
    assert read(text) == read(text[:LONGEST])


def test_no_question_has_more_terms_than_can_be_looked_for() -> None:
    asked = read(" ".join(f"word{n}" for n in range(1_000)))
    assert max(len(asked.terms), len(asked.others)) <= 64


def test_an_emphasis_of_fts5_is_no_more_than_its_words() -> None:
    assert read('title:merge AND NEAR(hook* driver) OR ^"x').terms == ("titl", "merg", "near", "hook", "driver")


# --- phrases --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ['"merge driver"', "«merge driver»", "«\u00a0merge driver\u00a0»", "« merge driver »", "“merge driver”"]
)
def test_words_in_quotes_are_a_phrase(text: str) -> None:
    asked = read(text)
    assert (asked.terms, asked.quoted) == (("merg", "driver"), (("merge", "driver"),))


@pytest.mark.parametrize(
    "text", ['"merge driver', 'merge driver"', "« merge driver", "merge driver »", "“merge driver", "it's", "l’a"]
)
def test_a_quote_that_is_not_closed_is_none(text: str) -> None:
    assert (read(text).phrases, read(text).quoted) == ((), ())


def test_of_an_odd_number_of_quotes_the_last_is_none() -> None:
    assert read('"one two" three "four').quoted == (("one", "two"),)


def test_a_phrase_may_stand_in_a_passage_of_either_language() -> None:
    (rows,) = read('"running tests"').phrases
    assert set(rows) == {("run", "test"), ("running", "test")}


def test_a_phrase_that_is_nothing_but_stop_words_in_a_language_is_held_by_its_words_alone() -> None:
    asked = read('"to be or not" hamlet')
    assert (asked.phrases, asked.quoted) == ((), (("to", "be", "or", "not"),))


@pytest.mark.parametrize(
    ("text", "is_held"),
    [
        ("The Merge-Driver of it", True),
        ("a merge driver", True),
        ("« merge driver »", True),
        ("merge\ndriver", True),
        ("merge the driver", False),
        ("submerge driver", False),
        ("driver merge", False),
        ("merge drivers", False),
        ("", False),
    ],
)
def test_a_phrase_is_held_word_by_word(text: str, is_held: bool) -> None:
    assert holds_quoted(read('"merge driver"'), text.replace("-", " ")) is is_held


def test_a_phrase_is_held_without_its_accents() -> None:
    assert holds_quoted(read('"deja ete fusionne"'), "Il a DÉJÀ e\u0301te\u0301 fusionné.")


def test_a_phrase_keeps_its_stop_words() -> None:
    asked = read('"état de la fusion"')
    assert (holds_quoted(asked, "l'état de la fusion"), holds_quoted(asked, "l'état fusion")) == (True, False)


def test_all_phrases_must_be_held() -> None:
    asked = read('"one two" "three four"')
    assert (holds_quoted(asked, "three four, one two"), holds_quoted(asked, "one two")) == (True, False)


# --- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["When was it merged?", "how long ago", "Quand a-t-on fusionné ?", "quel jour", "En quelle année ?"]
)
def test_a_question_asks_for_a_time(text: str) -> None:
    assert read(text).asks_when


@pytest.mark.parametrize("text", ["whenever", "what happened", "quelle erreur", "the quandary"])
def test_other_questions_do_not_ask_for_a_time(text: str) -> None:
    assert not read(text).asks_when


def test_a_question_names_days() -> None:
    assert read("what broke on 2025-04-05").spans == (Span(year=2025, month=4, day=5),)


# --- spelling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("jurnal", "journal"),
        ("juornal", "journal"),
        ("jornal", "journal"),
        ("jjournal", "journal"),
        ("encodga", "encodag"),
        ("merqe", "merge"),
        ("hoko", "hook"),
        ("comit", "commit"),
    ],
)
def test_a_word_that_the_journal_does_not_know_is_looked_for_with_a_letter_changed(written: str, meant: str) -> None:
    assert list(with_slips([written], known("journal", "encodag", "merge", "hook", "commit"))) == [meant]


@pytest.mark.parametrize("written", ["merge", "ook", "bear", "2025", "erge", "nerge", "x" * 50])
def test_a_known_a_short_and_another_word_are_looked_for_as_they_are(written: str) -> None:
    assert with_slips([written], known("merge", "hook", "pear", "2024", "x" * 49)) == {}


def test_a_slip_is_less_than_the_word_itself() -> None:
    assert 0.5 < with_slips(["jurnal"], known("journal"))["journal"] < 1


def test_few_words_only_are_looked_for_with_a_letter_changed() -> None:
    asked: list[str] = []

    def frequency(term: str) -> int:
        asked.append(term)
        return 0

    with_slips([f"unknown{n}" for n in "abcdefghij" * 10], frequency)
    assert len(asked) < 3_000


def test_words_of_the_journal_that_are_written_alike_are_looked_for_too() -> None:
    found = written_alike(["synchronis"], starting("synchronisateur", "synchrone", "syndic", "sync"))
    assert "synchronisateur" in found
    assert "syndic" not in found


@pytest.mark.parametrize("term", ["abc", "2025", "日本"])
def test_short_words_and_numbers_are_like_no_other(term: str) -> None:
    assert written_alike([term], lambda start: [start + "x", start + "xy"]) == {}


def test_so_many_words_at_most_are_alike() -> None:
    assert len(written_alike(["configuration"], starting(*(f"configuration{n}" for n in range(100))))) <= 8


def test_a_word_of_the_question_is_not_alike_to_itself() -> None:
    assert written_alike(["merges", "merged"], starting("merges", "merged")) == {}
