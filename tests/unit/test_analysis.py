"""The terms of a text: what makes two words the same word, in French and in English."""

from __future__ import annotations

import pytest

from sync.search.analysis import Language, analyse, analyse_otherwise, analyse_question, fold, language_of, similar

ENGLISH, FRENCH = Language.ENGLISH, Language.FRENCH


def same(one: str, other: str, language: Language) -> bool:
    """Whether two texts have the same terms, and have any."""
    return analyse(one, language) == analyse(other, language) != []


# --- one word, written in several ways ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("connections", "connected"),
        ("running", "runs"),
        ("entries", "entry"),
        ("Journal", "JOURNAL"),
        ("naïve", "naive"),
        ("don't stop", "stop"),
        ("the user's file", "user file"),
    ],
)
def test_forms_of_an_english_word_are_one_term(one: str, other: str) -> None:
    assert same(one, other, ENGLISH)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("synchronisation", "synchroniser"),
        ("entrées", "entrée"),
        ("FÊTE", "fête"),
        ("l'école", "école"),
        ("L’École", "école"),
        ("d'un système", "système"),
        ("qu'il vienne", "vienne"),
        ("lorsqu'on veut", "veut"),
        ("presqu'île", "presqu ile"),
        ("Œuvre", "oeuvre"),
        ("cœur", "COEUR"),
        ("journaux", "journal"),
    ],
)
def test_forms_of_a_french_word_are_one_term(one: str, other: str) -> None:
    assert same(one, other, FRENCH)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("composed", "apart"),
    [
        pytest.param("été à l'école", "e\u0301te\u0301 a\u0300 l'e\u0301cole", id="accents-of-their-own"),
        pytest.param("ﬁchier", "fichier", id="a-ligature-of-print"),
        pytest.param("ｆｕｌｌ", "full", id="full-width-letters"),
        pytest.param("ℌello", "hello", id="letters-of-mathematics"),
        pytest.param("كتاب", "كِتَاب", id="arabic-vowel-signs"),
        pytest.param("שלום", "שָׁלוֹם", id="hebrew-points"),
        pytest.param("İstanbul", "istanbul", id="dotted-capital-i"),
    ],
)
def test_how_a_letter_is_encoded_does_not_count(composed: str, apart: str, language: Language) -> None:
    assert same(composed, apart, language)


def test_an_accent_does_not_hide_a_stop_word() -> None:
    assert analyse("a\u0300 la fe\u0302te", FRENCH) == ["fet"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("AugmentJournalIntegration", ["augment", "journal", "integr", "augmentjournalintegr"]),
        ("pre-commit", ["pre", "commit", "precommit"]),
        ("v1.2", ["1", "2", "v12"]),
        ("journal_entry.md", ["journal", "entri", "md", "journalentrymd"]),
        ("JSONParser", ["json", "parser", "jsonpars"]),
        ("HTTPServer2Go", ["http", "server", "2", "go", "httpserver2go"]),
        ("2025-04-05", ["2025", "04", "05", "20250405"]),
        ("`code` **bold** #tag", ["code", "bold", "tag"]),
        ("__init__", ["init"]),
        ("read_text()", ["read", "text", "readtext"]),
    ],
)
def test_a_name_is_its_parts_and_itself(text: str, terms: list[str]) -> None:
    assert analyse(text, ENGLISH) == terms


@pytest.mark.parametrize(
    ("asked", "written"),
    [("precommit", "pre-commit"), ("utf8", "UTF-8"), ("journal integration", "JournalIntegration"), ("V1.2", "v1.2")],
)
def test_a_name_is_found_however_its_parts_are_joined(asked: str, written: str) -> None:
    assert set(analyse(asked, ENGLISH)) <= set(analyse(written, ENGLISH))


def test_a_french_question_in_two_parts_is_no_name() -> None:
    assert analyse("est-il fusionné", FRENCH) == analyse("fusionné", FRENCH)


# --- what is no term ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"), [("what is it about and why", ENGLISH), ("qu'est-ce que c'est que cela", FRENCH)]
)
def test_stop_words_are_no_terms(text: str, language: Language) -> None:
    assert analyse(text, language) == []


def test_stop_words_of_the_other_language_are_words() -> None:
    assert analyse("son", ENGLISH) == ["son"]
    assert analyse("son", FRENCH) == []


def test_a_question_of_stop_words_alone_keeps_them() -> None:
    assert analyse_question("to be or not to be", ENGLISH) == ["to", "be", "or", "not", "to", "be"]


def test_a_question_with_other_words_drops_its_stop_words() -> None:
    assert analyse_question("what is a merge", ENGLISH) == ["merg"]


@pytest.mark.parametrize("text", ["", " \n\t", "?!… « » “” --- ''' ___", "🎉👩‍👩‍👧", "\x00\x01", "\u0301\u0301", "ﾞﾞ"])
def test_what_holds_no_letter_has_no_terms(text: str) -> None:
    assert analyse_question(text, ENGLISH) == []


def test_single_letters_are_no_terms_and_single_digits_are() -> None:
    assert analyse("x y 7", ENGLISH) == ["7"]


@pytest.mark.parametrize("text", ["日本語", "مرحبا بالعالم", "שלום עולם", "привет мир", "안녕하세요"])
def test_scripts_that_have_no_stemmer_have_terms(text: str) -> None:
    assert len(analyse(text, ENGLISH)) == len(text.split())


@pytest.mark.parametrize("text", ["merge \x00 driver", "merge \ud800driver", "merge\u202edriver", "merge🎉driver"])
def test_what_is_no_letter_parts_words(text: str) -> None:
    assert analyse(text, ENGLISH) == ["merg", "driver"]


@pytest.mark.parametrize("text", ["½ \ufdfa ㎏", "ŉ ǅ ﬃ", "e\u0301" * 3, "a\u00a0b c\u3000d"])
def test_a_term_holds_letters_and_digits_alone(text: str) -> None:
    assert [term for term in analyse_question(text, FRENCH) if not term.isalnum()] == []


# --- what is too long -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["x" * 100_000, "é" * 100_000, "한" * 100_000, "\ufdfa" * 100_000, "9" * 100_000])
def test_no_term_is_longer_than_an_index_takes(word: str) -> None:
    assert max(len(term.encode()) for term in analyse(word, ENGLISH)) < 10_000


@pytest.mark.parametrize("data", ["AbC" * 40_000, "a-" * 50_000, "x1" * 50_000])
def test_data_has_few_terms(data: str) -> None:
    assert len(analyse(data, ENGLISH)) < 20


def test_a_long_name_is_found_by_itself() -> None:
    name = "ThisIsTheNameOf" + "A" * 200 + "Thing"
    assert same(name, f"({name})", ENGLISH)


# --- languages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The merge driver was not installed by the hook", ENGLISH),
        ("Le pilote de fusion n'était pas installé par le crochet", FRENCH),
        ("Pourquoi l'encodage est-il cassé ?", FRENCH),
        ("Why is l'encodage broken in this file?", ENGLISH),
        ("élève zélé", FRENCH),
    ],
)
def test_a_text_tells_its_language_by_its_stop_words(text: str, language: Language) -> None:
    assert [language_of(text, otherwise) for otherwise in Language] == [language, language]


@pytest.mark.parametrize("text", ["", "pre-commit", "on me a", "12:30", "日本語"[:0]])
def test_a_text_that_does_not_tell_its_language_has_that_of_its_surroundings(text: str) -> None:
    assert [language_of(text, otherwise) for otherwise in Language] == list(Language)


@pytest.mark.parametrize(("language", "terms"), [(FRENCH, ["run"]), (ENGLISH, ["running"])])
def test_a_word_has_another_stem_in_the_other_language(language: Language, terms: list[str]) -> None:
    assert analyse_otherwise("running", language) == terms


@pytest.mark.parametrize("language", list(Language))
def test_stop_words_of_neither_language_are_looked_for_in_the_other(language: Language) -> None:
    assert analyse_otherwise("the dans with pour", language) == []


# --- words that are written alike -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "other"),
    [
        ("encodagge", "encodage"),
        ("synchronis", "synchronisateur"),
        ("configuraton", "configuration"),
        ("merge", "merge"),
    ],
)
def test_a_wrong_letter_and_a_missed_stem_leave_words_alike(term: str, other: str) -> None:
    assert similar(term, other) == similar(other, term) > 0.5


@pytest.mark.parametrize(("term", "other"), [("merge", "hook"), ("commit", "comet"), ("test", "text"), ("a", "b")])
def test_other_words_are_not_alike(term: str, other: str) -> None:
    assert similar(term, other) == 0


@pytest.mark.parametrize(("word", "folded"), [("été", "ete"), ("œuf", "oeuf"), ("æther", "aether"), ("plain", "plain")])
def test_folding_leaves_the_bare_letters(word: str, folded: str) -> None:
    assert fold(word) == folded
