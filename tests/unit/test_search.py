"""Finding passages of the journal."""

from __future__ import annotations

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.templates import FRENCH
from sync.search.passages import Passage, passages_of, rank
from sync.search.words import words_of


def entry_of(text: str, path: str = "a.md") -> Entry:
    entry = parse_entry(path, text)
    assert isinstance(entry, Entry), entry
    return entry


def sections(text: str) -> list[tuple[str, int, int]]:
    return [(one.heading, one.first_line, one.last_line) for one in passages_of(entry_of(text))]


def found(query: str, *texts: str, limit: int = 10) -> list[str]:
    entries = [entry_of(text, f"{number}.md") for number, text in enumerate(texts)]
    hits = rank([one for entry in entries for one in passages_of(entry)], query, limit)
    return [hit.passage.entry.path for hit in hits]


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Été NOËL", ["ete", "noel"]),
        ("the quick and le rapide", ["quick", "rapide"]),
        ("L'intégration d’un système", ["integration", "systeme"]),
        ("Qu'il vienne, lorsqu'on veut", ["vienne", "veut"]),
        ("aujourd'hui", ["aujourd", "hui"]),
        ("pre-commit", ["pre-commit", "pre", "commit"]),
        ("journal_entry.md", ["journal_entry.md", "journal", "entry", "md"]),
        ("AugmentIntegration", ["augmentintegration", "augment", "integration"]),
        ("JSONParser", ["jsonparser", "json", "parser"]),
        ("v1.2", ["v1.2"]),
        ("Tests réseaux", ["test", "reseau"]),
        ("class process", ["class", "process"]),
        ("a b c 1 2", []),
        ("RAG", ["rag"]),
        ("日本", ["日本"]),
        ("c'est l'été", ["ete"]),
        ("** `code` #tag", ["code", "tag"]),
    ],
)
def test_a_text_is_compared_by_its_folded_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


# --- passages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "---\ntitle: T\n---\n\n# T\n\nIntro.\n\n## A\n\ntext\n", [("T", 5, 7), ("A", 9, 11)], id="sections"
        ),
        pytest.param("Before.\n\n# A\ntext\n", [("", 1, 1), ("A", 3, 4)], id="before-the-first-heading"),
        pytest.param("# A\n```\n# not\nx\n```\n# B\ntext", [("A", 1, 5), ("B", 6, 7)], id="fence"),
        pytest.param("# A\n````\n```\n# not\n````\nx\n# B\ny", [("A", 1, 6), ("B", 7, 8)], id="longer-fence"),
        pytest.param("# A\n~~~\n```\n# not\n~~~\nx\n# B\ny", [("A", 1, 6), ("B", 7, 8)], id="other-fence"),
        pytest.param("# A\n```\nx\n# not\n", [("A", 1, 4)], id="unclosed-fence"),
        pytest.param("# A\r\ntext\r\n\r\n# B\r\ntext\r\n", [("A", 1, 2), ("B", 4, 5)], id="crlf"),
        pytest.param("\ufeff# A\rtext\r# B\rtext\r", [("A", 1, 2), ("B", 3, 4)], id="bom-and-cr"),
        pytest.param("# A\n\n# B\ntext\n", [("B", 3, 4)], id="empty-sections-are-left-out"),
        pytest.param(FRENCH, [], id="an-empty-template-has-none"),
        pytest.param("#tag\ntext\n", [("", 1, 2)], id="no-heading-without-a-blank"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_an_entry_is_cut_at_its_headings(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert sections(text) == expected


def test_a_passage_holds_its_heading_and_its_text() -> None:
    entry = entry_of("# A\n\ntext\n\n")
    assert passages_of(entry) == [Passage(entry=entry, heading="A", text="# A\n\ntext", first_line=1, last_line=3)]


def test_a_section_of_thousands_of_characters_is_one_passage() -> None:
    assert sections("## Long\n\n" + "word " * 1_000) == [("Long", 1, 3)]


# --- ranking --------------------------------------------------------------------------------------------------------


def test_passages_that_share_no_word_are_not_found() -> None:
    assert found("parser", "the lexer\n", "the printer\n") == []


def test_accents_and_case_do_not_matter() -> None:
    assert found("ete", "L'ÉTÉ dernier\n", "l'hiver\n") == ["0.md"]


def test_more_of_the_words_is_better() -> None:
    assert found("red apple", "a red car there\n", "a red apple there\n") == ["1.md", "0.md"]


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    assert found("common rare", "common word\n", "rare word\n", "common thing\n", "common case\n")[0] == "1.md"


def test_a_word_of_the_title_weighs_more_than_one_of_the_text() -> None:
    in_title, in_text = "---\ntitle: Parser\n---\nother words\n", "---\ntitle: Other\n---\nparser words\n"
    assert found("parser", in_text, in_title) == ["1.md", "0.md"]


def test_a_tag_counts_like_the_title() -> None:
    assert found("parser", "---\ntitle: x\ntags: [parser]\n---\nwords\n", "---\ntitle: y\n---\nwords\n") == ["0.md"]


def test_a_short_passage_weighs_more_than_a_long_one() -> None:
    assert found("parser", "parser " + "filler " * 50, "parser filler\n") == ["1.md", "0.md"]


def test_equals_are_ordered_by_path_and_line() -> None:
    assert found("word", "word\n", "word\n", "word\n") == ["0.md", "1.md", "2.md"]


def test_no_more_are_found_than_asked_for() -> None:
    assert found("word", "word\n", "word\n", "word\n", limit=2) == ["0.md", "1.md"]


@pytest.mark.parametrize("query", ["", "the of and", "?!", "a"])
def test_a_query_without_words_finds_nothing(query: str) -> None:
    assert found(query, "the of and a\n") == []


def test_an_empty_journal_holds_no_answer() -> None:
    assert rank([], "word", 5) == []
