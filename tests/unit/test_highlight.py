"""Where the words of a question stand in a passage."""

from __future__ import annotations

import pytest

from sync.search.analysis import Language
from sync.search.highlight import marks
from sync.search.question import read_question


def lit(text: str, question: str, language: Language = Language.ENGLISH) -> list[str]:
    """The parts of a text that are marked."""
    return [text[first:last] for first, last in marks(text, read_question(question, language).terms)]


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("The merge driver merges.", "merging", ["merge", "merges"]),
        ("L'Encodage, c'est dur", "encodage", ["L'Encodage"]),
        ("use pre-commit hooks", "commit", ["pre-commit"]),
        ("AugmentIntegration works", "augment", ["AugmentIntegration"]),
        ("un été, un e\u0301te\u0301, une fête", "fete", ["fête"]),
        ("la fe\u0302te finie", "fête", ["fe\u0302te"]),
        ("file.md and file_name", "file", ["file.md", "file_name"]),
        ("`code`, **code**", "code", ["code", "code"]),
        ("the of and", "merge", []),
        ("", "merge", []),
        ("日本語 text", "日本語", ["日本語"]),
        ("🎉 party 🎉", "party", ["party"]),
    ],
)
def test_the_words_of_a_question_are_marked(text: str, question: str, expected: list[str]) -> None:
    assert lit(text, question) == expected


def test_words_are_marked_in_either_language() -> None:
    assert lit("running le test courant", "running tests", Language.FRENCH) == ["running", "test"]


def test_stop_words_are_not_marked() -> None:
    assert lit("the merge of the branches", "the state of the merge") == ["merge"]


def test_a_question_without_terms_marks_nothing() -> None:
    assert marks("some words", ()) == ()
