"""What prompts say: the passages with where they are from, as far as they fit, in the language of the journal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.mcp.prompt_texts import BUDGET, SECTIONS, WORDS, distinct, prepare_text, topic_text, week_text
from sync.search.hit import Hit

HIT = Hit(
    entry="journal/entries/a.md", id="a", title="A title", date="2025-04-05", tags=(), headings=("One", "Two"),
    text="A passage.", before="", after="", first_line=3, last_line=4, commit="0123456789abcdef", score=1.0,
)  # fmt: skip


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    assert SECTIONS["fr"].keys() == SECTIONS["en"].keys()


def test_a_passage_stands_between_its_headings_and_its_provenance() -> None:
    text = topic_text("en", "lessons", topic="x", hits=[HIT])

    assert text.endswith("A title (2025-04-05) § One > Two\nA passage.\n(journal: journal/entries/a.md:3-4 @ 0123456)")


@pytest.mark.parametrize("kind", ["lessons", "decisions"])
def test_braces_of_a_topic_are_no_placeholders(kind: str) -> None:
    assert "{since} {0} {topic}" in topic_text("fr", kind, topic="{since} {0} {topic}", hits=[])


def test_what_does_not_fit_into_a_week_is_named() -> None:
    hits = [replace(HIT, entry=f"e{number}.md", text="x" * 7_000) for number in range(12)]

    text = week_text("en", since="2025-04-01", until="2025-04-07", hits=hits)

    assert text.count("x" * 7_000) == BUDGET // 7_000
    assert text.endswith("(4 more entries did not fit: e8.md, e9.md, e10.md, e11.md)")


def test_an_entry_that_is_too_long_is_cut_and_says_so() -> None:
    text = week_text("en", since="2025-04-01", until="2025-04-07", hits=[replace(HIT, text="x" * 8_010)])

    assert text.endswith("(10 more characters; read_entry gives them)")


def test_a_week_without_entries_says_so() -> None:
    assert "Le journal n'a rien" in week_text("fr", since="2025-04-01", until="2025-04-07", hits=[])


def test_a_draft_starts_from_the_template_and_the_tags_in_use() -> None:
    text = prepare_text("en", title="{tags}", template="\n# {title}\n\n## Mine\n", hits=[HIT], tags=["a", "b"])

    assert 'titled "{tags}"' in text
    assert "# {title}\n\n## Mine" in text
    assert "Tags in use: a, b" in text
    assert "A passage." in text


def test_a_passage_that_is_found_twice_is_shown_once_where_it_was_found_first() -> None:
    other = replace(HIT, first_line=9)

    assert distinct([HIT, other, replace(HIT, score=0.1)], 5) == (HIT, other)
    assert distinct([HIT, other], 1) == (HIT,)
