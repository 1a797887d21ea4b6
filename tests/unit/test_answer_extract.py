"""Answers without a model: sentences cut out and chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_answer_prompt import HIT

from sync.search.answer.context import gather
from sync.search.answer.extract import extract, render_quotes
from sync.search.answer.sentences import quotable, sentences


def quotes(question: str, *texts: str, **options: str) -> list[str]:
    hits = [replace(HIT, entry=f"{number}.md", text=text) for number, text in enumerate(texts)]
    return [quote.text for quote in extract(question, gather(hits), **options)]


# --- sentences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Since v1.2. it runs.",
        "It is in v1.2 and later.",
        "A tool, e.g. Pandoc, does it.",
        "Un outil, p. ex. Pandoc, le fait.",
        "M. Dupont l'a dit à Mme. Martin.",
        "See Fig. 3 and pp. 12 of A. Lovelace.",
        "Voir https://example.org/a.b?c=D. Encore",
        "Run `a. B` first.",
        "Il a dit « Oui. Non. Peut-être » hier.",
        "It works (On Linux. On macOS.) now.",
        "Le 12 janv. 2025 à midi.",
        "What is it?",
        "",
    ],
)
def test_no_sentence_ends_there(text: str) -> None:
    assert [one for one in sentences(text) if one != "Encore"] == [
        text.removesuffix(" Encore") if text.endswith("Encore") else text
    ][: bool(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("It uses v1.2. Then it stops.", ["It uses v1.2.", "Then it stops."]),
        ("Vraiment ? Oui ! Bien… Non.", ["Vraiment ?", "Oui !", "Bien…", "Non."]),
        ("Il dit « oui. » Elle part.", ["Il dit « oui. »", "Elle part."]),
        ("Use `a.b`. `c` is gone.", ["Use `a.b`.", "`c` is gone."]),
        ("Écrit en 2025. Été fini.", ["Écrit en 2025.", "Été fini."]),
        ("Logs, caches, etc. Then all of it.", ["Logs, caches, etc.", "Then all of it."]),
        ("(It works.) Now go.", ["(It works.)", "Now go."]),
        ("It took 5 ms. Nobody saw it.", ["It took 5 ms.", "Nobody saw it."]),
    ],
)
def test_sentences_are_cut_apart(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("- One. Two.\n- Three", ["One. Two.", "Three"]),
        ("1. One\n2) Two", ["One", "Two"]),
        ("- [x] Done\n  and more", ["Done and more"]),
        ("# Title\n\nOne\nline. Two.", ["One line.", "Two."]),
        ("Before:\n\n```sh\ngit gc. Now\nls\n```\n\nAfter.", ["Before:", "git gc. Now\nls", "After."]),
        ("```\nnever closed", ["never closed"]),
        ("~~~~\n~~~\n~~~~", ["~~~"]),
        ("> Quoted. Twice.", ["Quoted.", "Twice."]),
        ("---\n***\n", []),
        ("| a | b |\n|---|---|\n", ["| a | b |"]),
        ("", []),
    ],
)
def test_items_and_code_are_quoted_whole(text: str, parts: list[str]) -> None:
    assert quotable(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("." * 200_000, 1),
        ("|" * 200_000 + "x", 1),
        ("- " * 100_000, 0),
        ("(" * 200_000, 1),
        ("a. " * 3_000, 1),
        ("A." + " " * 200_000, 1),
    ],
    ids=["stops", "bars", "rules", "brackets", "abbreviations", "blanks"],
)
def test_hostile_text_is_cut_in_one_pass(text: str, parts: int) -> None:
    assert len(quotable(text)) == parts


# --- the choice -----------------------------------------------------------------------------------------------------


def test_the_sentence_with_the_words_of_the_question_is_quoted() -> None:
    text = "The build is slow. Scripts need UTF-8 with BOM on Windows. The cake was good."
    assert quotes("Which encoding do scripts need on Windows?", text) == ["Scripts need UTF-8 with BOM on Windows."]


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    text = "- The server starts.\n- The server stops.\n- The cache is in Redis.\n- The server waits.\n- A server logs."
    assert quotes("server Redis", text) == ["The cache is in Redis."]


def test_quotes_stand_in_the_order_of_their_sources() -> None:
    quoted = extract("pnpm lock file", gather([
        replace(HIT, entry="a.md", text="The lock file is committed."),
        replace(HIT, entry="b.md", text="We use pnpm with a lock file."),
    ]))  # fmt: skip
    assert [quote.number for quote in quoted] == [1, 2]


def test_the_better_passage_is_quoted_first_among_equals() -> None:
    sources = gather([replace(HIT, entry="a.md", text="pnpm wins.", score=9), replace(HIT, text="npm, pnpm.", score=1)])
    assert extract("pnpm", sources)[0].text == "pnpm wins."


def test_no_more_than_four_sentences_are_quoted() -> None:
    animals = ("cat", "dog", "horse", "mouse", "bird", "fish")
    assert len(quotes("pnpm", "\n".join(f"- pnpm {animal}" for animal in animals))) == 4


def test_nearly_the_same_is_quoted_once() -> None:
    assert len(quotes("pnpm install", "We use pnpm to install.", "We do use pnpm to install.")) == 1


def test_a_heading_gives_its_words_to_what_stands_under_it() -> None:
    under = replace(HIT, entry="a.md", headings=("Deployment",), text="Push to main.")
    other = replace(HIT, entry="b.md", headings=("Cakes",), text="Push the door.")
    assert [quote.number for quote in extract("deployment", gather([other, under]))] == [2]


def test_what_the_search_marked_counts_as_a_word_of_the_question() -> None:
    text = "The cat sat. It was encoded twice."
    start = text.index("encoded")
    hit = replace(HIT, title="", headings=(), text=text, marks=((start, start + len("encoded")),))
    assert [quote.text for quote in extract("encoding", gather([hit]))] == ["It was encoded twice."]


def test_a_question_for_the_reason_prefers_a_reason() -> None:
    text = "- Cache: it is kept in Redis.\n- Cache: it is kept small because memory is dear."
    assert quotes("Why the cache?", text)[-1] == "Cache: it is kept small because memory is dear."
    assert quotes("cache", text)[0] == "Cache: it is kept in Redis."


def test_what_was_just_said_gives_way_to_what_was_not() -> None:
    text = "- The cache is in Redis.\n- Redis needs memory for the cache."
    assert quotes("cache Redis", text, said="The cache is in Redis. [1]") == ["Redis needs memory for the cache."]


def test_where_no_sentence_shares_a_word_the_first_of_the_best_passage_is_quoted() -> None:
    assert quotes("zebra", "One thing. Another.") == ["One thing."]


def test_a_row_of_tags_is_no_sentence() -> None:
    assert quotes("pnpm", "**Tags**: #pnpm #build\n\nWe use pnpm.") == ["We use pnpm."]


def test_nothing_is_quoted_from_nothing() -> None:
    assert quotes("zebra") == []
    assert quotes("zebra", "---") == []


def test_every_quote_names_its_source() -> None:
    sources = gather([replace(HIT, text="Use pnpm."), replace(HIT, entry="b.md", text="But pnpm is not npm.")])
    assert render_quotes(extract("pnpm", sources)) == "Use pnpm. [1]\n\nBut pnpm is not npm. [2]"
