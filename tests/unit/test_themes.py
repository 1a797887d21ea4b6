"""Grouping memories by theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from sync.document.themes import Group, fold, group_by_theme, significant_words, tags_of, theme_of


@dataclass(frozen=True)
class Said:
    """A memory as it is grouped."""

    text: str
    metadata: Mapping[str, object] = field(default_factory=dict)


def groups_of(*texts: str) -> list[list[str]]:
    return [[item.text for item in group.items] for group in group_by_theme([Said(text) for text in texts])]


def theme(text: str, metadata: Mapping[str, object] | None = None) -> str:
    return theme_of(Said(text, metadata or {})).name


# --- what the theme of a memory is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("Build: use pnpm", "Build", id="label"),
        pytest.param("**Build**: use pnpm", "Build", id="bold-label"),
        pytest.param("- `Build`: use pnpm", "Build", id="label-in-a-list"),
        pytest.param("## Build system : use pnpm", "Build system", id="french-colon"),
        pytest.param("Concept important: Il est essentiel…", "Concept important", id="seed"),
        pytest.param("Use pnpm. Never npm.", "Use pnpm", id="first-sentence"),
        pytest.param("v1.2 fixes the parser. More.", "v1.2 fixes the parser", id="a-dot-in-a-version-ends-nothing"),
        pytest.param(
            "one two three four five six seven eight nine",
            "one two three four five six seven eight …",
            id="eight-words",
        ),
        pytest.param("see https://example.org: it", "see https://example.org: it", id="an-address-is-no-label"),
        pytest.param("Note: remember", "Note: remember", id="a-label-without-a-word-of-its-own"),
        pytest.param("It ends. Here: x", "It ends", id="a-label-is-no-sentence"),
        pytest.param("\n\n  # *Hello* \nworld", "Hello", id="first-line-that-says-something"),
        pytest.param("a:b is a pair", "a:b is a pair", id="a-colon-without-a-blank"),
    ],
)
def test_the_theme_is_the_label_else_the_first_words(text: str, name: str) -> None:
    assert theme(text) == name


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        pytest.param({"theme": "A", "topic": "B"}, "A", id="theme-first"),
        pytest.param({"topic": "B", "category": "C"}, "B", id="topic"),
        pytest.param({"category": "C", "tags": ["t"]}, "C", id="category"),
        pytest.param({"subject": "S"}, "S", id="subject"),
        pytest.param({"title": "T"}, "T", id="title"),
        pytest.param({"tags": ["augment-memory", "build"]}, "build", id="first-tag-that-says-something"),
        pytest.param({"theme": "**A**\n b "}, "A** b", id="one-line"),
        pytest.param({"theme": " "}, "Label", id="blank-is-nothing"),
        pytest.param({"theme": 3, "tags": "x"}, "Label", id="not-text"),
        pytest.param({"tags": [1, None]}, "Label", id="tags-that-are-no-words"),
        pytest.param({}, "Label", id="nothing"),
    ],
)
def test_what_a_store_says_stands_above_the_text(metadata: dict[str, object], name: str) -> None:
    assert theme("Label: text", metadata) == name


@pytest.mark.parametrize(
    ("text", "metadata"),
    [
        pytest.param("word " * 40, {}, id="long-text"),
        pytest.param("x" * 300, {}, id="long-word"),
        pytest.param("xxxxxxxxxxxx " * 20, {}, id="words-that-fill-the-line"),
        pytest.param("a" * 29 + " " + "b" * 30 + " c", {}, id="exactly-sixty"),
        pytest.param("x", {"theme": "word " * 40}, id="long-theme"),
        pytest.param("x", {"tags": ["y" * 500]}, id="long-tag"),
    ],
)
def test_a_theme_has_at_most_sixty_characters(text: str, metadata: dict[str, object]) -> None:
    assert len(theme(text, metadata)) <= 60


@pytest.mark.parametrize("text", ["***", "```"])
def test_a_text_of_nothing_but_signs_has_a_theme_too(text: str) -> None:
    assert theme(text) != ""


def test_control_characters_do_not_come_into_a_theme() -> None:
    assert theme("a\x00b\x1b[31mc\u2028d: x", {"theme": "a\x07b\u202ec"}) == "a b c"


# --- what belongs together ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(("Build: a", "build: b"), id="case"),
        pytest.param(("Été: a", "ete: b"), id="accents"),
        pytest.param(("Build: a", "Builds: b"), id="plural"),
        pytest.param(("Build: a", "The build: b"), id="article"),
        pytest.param(("Build: a", "**Build**: b"), id="bold"),
        pytest.param(("Build system: a", "System of the build: b"), id="order-of-words"),
        pytest.param(("Concept important: a", "Application du concept: b", "Concept: c"), id="a-word-they-all-share"),
        pytest.param(("Release v1.2: a", "v1.2: b"), id="same-version"),
    ],
)
def test_memories_of_one_theme_share_a_group(texts: tuple[str, ...]) -> None:
    assert groups_of(*texts) == [list(texts)]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(("v1.2 is out", "v1.3 is out"), id="versions-in-sentences"),
        pytest.param(("v1.2: a", "v1.3: b"), id="versions-as-labels"),
        pytest.param(("Release v1.2: a", "Release v1.3: b"), id="versions-in-labels"),
        pytest.param(("Release v1.2: a", "Release: b"), id="a-version-and-none"),
        pytest.param(("Release v1.1: a", "Release v1.10: b"), id="versions-that-begin-alike"),
        pytest.param(("Python 3.11: a", "Python 3.12: b"), id="numbers-with-a-dot"),
        pytest.param(("Python 2: a", "Python 3: b"), id="one-digit-numbers"),
        pytest.param(("Étape 1: a", "Étape 2: b"), id="steps"),
        pytest.param(("API 2024: a", "API 2025: b"), id="years"),
        pytest.param(("Build: a", "Tests: b"), id="other-words"),
        pytest.param(("Build tests: a", "Build docs: b"), id="one-word-of-two"),
        pytest.param(("Use pnpm.", "Use npm."), id="first-words-that-differ"),
        pytest.param(("It is: a", "It was: b"), id="stop-words-alone"),
    ],
)
def test_memories_of_different_themes_do_not(texts: tuple[str, ...]) -> None:
    assert groups_of(*texts) == [[text] for text in texts]


def test_there_is_no_chain_of_neighbours() -> None:
    groups = groups_of("Red apple: 1", "Red: 2", "Green apple: 3")
    assert [group for group in groups if {"Red: 2", "Green apple: 3"} <= set(group)] == []


def test_the_same_text_twice_is_one_group() -> None:
    assert groups_of("Just so.", "just  SO.") == [["Just so.", "just  SO."]]


def test_what_stores_call_alike_is_one_group_whatever_the_texts_say() -> None:
    groups = group_by_theme([Said("a", {"theme": "Ünit"}), Said("b: c"), Said("d", {"topic": "unit"})])
    assert [[item.text for item in group.items] for group in groups] == [["a", "d"], ["b: c"]]


def test_a_group_is_named_by_what_its_memories_have_in_common() -> None:
    themes = [group.theme for group in group_by_theme([Said("Concept clé: a"), Said("Concept: b")])]
    assert themes == ["Concept"]


def test_no_memories_make_no_groups() -> None:
    assert group_by_theme([]) == []


# --- words and tags -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("The build of the systems", {"build", "system"}),
        ("L'été à Noël", {"ete", "noel"}),
        ("l’API", {"api"}),
        ("Release v1.2", {"release", "v1.2"}),
        ("pre-commit class status", {"pre-commit", "class", "status"}),
        ("Note important", set()),
        ("", set()),
    ],
)
def test_significant_words_are_folded_and_without_stop_words(label: str, words: set[str]) -> None:
    assert significant_words(label) == words


@pytest.mark.parametrize(("plural", "singular"), [("Tests", "test"), ("Réseaux", "reseau"), ("Jeux", "jeu")])
def test_a_plural_counts_as_its_singular(plural: str, singular: str) -> None:
    assert significant_words(plural) == {singular}


@pytest.mark.parametrize("word", ["class", "status", "bus", "corpus"])
def test_a_word_that_only_ends_like_a_plural_stays(word: str) -> None:
    assert significant_words(word) == {word}


@pytest.mark.parametrize(
    ("text", "folded"), [("Été  À\tNoël", "ete a noel"), ("STRASSE ß", "strasse ss"), ("ｆｕｌｌ", "full"), ("", "")]
)
def test_folding_forgets_case_accents_and_blanks(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("metadata", "name", "tags"),
    [
        pytest.param({}, "Concept important", ["concept"], id="words-of-the-theme"),
        pytest.param({"tags": ["b", " a ", "b", "", 3]}, "Theme", ["b", "a", "theme"], id="stated-ones-first"),
        pytest.param({"tags": ["augment-memory", "Memory"]}, "of it", [], id="generic-ones-say-nothing"),
        pytest.param({}, "L'été du système", ["été", "système"], id="elision-and-accents"),
        pytest.param({}, "Pre-Commit v1.2 a_b", ["pre-commit", "v1.2"], id="names"),
        pytest.param({"tags": list("abcdefgh")}, "Theme", list("abcdefgh"), id="stated-ones-are-all-kept"),
        pytest.param({}, "x" * 31, [], id="long-words"),
        pytest.param({"tags": ["a\nb"]}, "", ["a b"], id="one-line"),
    ],
)
def test_a_group_suggests_tags(metadata: dict[str, object], name: str, tags: list[str]) -> None:
    assert tags_of(Group(theme=name, items=[Said("x", metadata)])) == tags
