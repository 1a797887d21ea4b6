"""The text of a new entry."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.moment import Moment
from sync.document.templates import ENGLISH, FRENCH, IMPORT_TEMPLATES, TEMPLATES, is_empty, list_item, render_entry
from sync.errors import DocumentError

MOMENT = datetime(2025, 4, 5, 9, 3, 59, tzinfo=UTC)


def entry_of(text: str) -> Entry:
    entry = parse_entry("a.md", text)
    assert isinstance(entry, Entry), entry
    return entry


def headings(text: str) -> list[str]:
    return [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]


def test_a_new_entry_is_front_matter_and_the_template() -> None:
    text = render_entry(
        title="Été: un titre", moment=MOMENT, tags=["a", "b c"], related=["x.md"], template="# {title}\n"
    )
    assert text == (
        "---\ndate: 2025-04-05\nheure: 09-03\n"
        'title: "Été: un titre"\ntags: [a, b c]\nrelated: [x.md]\n---\n\n# Été: un titre\n'
    )


def test_the_french_template_has_the_sections_of_the_journals_that_exist() -> None:
    assert headings(FRENCH) == [
        "Actions réalisées",
        "Résolution des erreurs, déductions tirées",
        "Optimisations identifiées",
        "Enseignements techniques",
        "Impact sur le projet musical",
        "Code associé",
        "Prochaines étapes",
        "Références et ressources",
    ]


def test_an_imported_entry_has_the_sections_of_the_import_format() -> None:
    assert headings(IMPORT_TEMPLATES["fr"]) == [
        "Actions réalisées",
        "Contenu des Memories",
        "Résolution des erreurs, déductions tirées",
        "Optimisations identifiées",
        "Enseignements techniques",
        "Impact sur le projet musical",
        "Références et ressources",
    ]


def test_the_optimisations_are_asked_for_in_four_bullets() -> None:
    bullets = [line for line in FRENCH.splitlines() if line.startswith("- Pour")]
    assert bullets == [
        "- Pour le système: ",
        "- Pour le code: ",
        "- Pour la gestion des erreurs: ",
        "- Pour les workflows: ",
    ]


def test_the_english_template_has_as_many_sections_as_the_french() -> None:
    assert len(headings(ENGLISH)) == len(headings(FRENCH))


def test_templates_are_chosen_by_language() -> None:
    assert (TEMPLATES, set(IMPORT_TEMPLATES)) == ({"fr": FRENCH, "en": ENGLISH}, {"fr", "en"})


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_template_that_nobody_filled_in_says_nothing(language: str) -> None:
    assert is_empty(entry_of(render_entry(title="T", moment=MOMENT, tags=[], template=TEMPLATES[language])).body)


def test_the_memories_of_an_imported_entry_are_list_items() -> None:
    text = render_entry(title="T", moment=MOMENT, tags=[], template="{memories}\n", memories=["one\ntwo", "three"])
    assert entry_of(text).body == "\n- one\n  two\n- three\n"


@pytest.mark.parametrize("text", ["{title}", "{memories}", "{date} {x}", "C:\\Users\\g<1>", "\\1", "{", "%s {0}"])
def test_what_stands_in_a_memory_is_never_a_field_of_the_template(text: str) -> None:
    made = render_entry(title="T", moment=MOMENT, tags=[], template="{memories}\n", memories=[text])
    assert entry_of(made).body == f"\n- {text}\n"


def test_only_the_four_fields_are_replaced() -> None:
    made = render_entry(title="T", moment=MOMENT, tags=[], template="{title} {date} {heure} {other} {{title}}\n")
    assert entry_of(made).body == "\nT 2025-04-05 09-03 {other} {T}\n"


TITLES = (
    "Plain", "With: a colon", '"Quoted" start', "'Single", "[bracketed] start", "{braces}", "- dash", "# hash", "a #b",
    "@at", "C:\\Users", "no", "1.10", "été à Noël", "a, b", "---", "{title}", "\\1", "* star", "% percent", "é\u2028x",
)  # fmt: skip


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_read_back_from_a_new_entry(title: str) -> None:
    made = render_entry(title=title, moment=MOMENT, tags=[], template="x")
    assert entry_of(made).title == " ".join(title.split())


@pytest.mark.parametrize("title", TITLES)
def test_a_template_may_bring_front_matter_that_names_the_title(title: str) -> None:
    template = "---\ntitle: {title}\nauthor: me\n---\n\n# {title}\n"
    made = entry_of(render_entry(title=title, moment=MOMENT, tags=["a"], template=template))
    assert (made.title, made.front["author"]) == (" ".join(title.split()), "me")


def test_the_front_matter_of_a_template_is_kept_and_completed() -> None:
    template = "---\n# ours\nstatus: draft\ntags: [old]\ndate: {date}\n---\nText.\n"
    assert render_entry(title="T", moment=MOMENT, tags=["new"], template=template) == (
        "---\n# ours\nstatus: draft\ntags: [new]\ndate: 2025-04-05\nheure: 09-03\ntitle: T\nrelated: []\n---\nText.\n"
    )


@pytest.mark.parametrize(
    "line", ['created: "{date}"', "created: on {date}", "created: {date}"], ids=["quoted", "in-a-text", "plain"]
)
def test_a_placeholder_in_the_front_matter_of_a_template_is_filled_in(line: str) -> None:
    made = entry_of(render_entry(title="T", moment=MOMENT, tags=[], template=f"---\n{line}\n---\n"))
    assert str(made.front["created"]).removeprefix("on ") == "2025-04-05"


def test_what_a_template_brings_stands_where_nothing_is_given() -> None:
    template = "---\ntags: [kept]\nrelated: [a.md]\n---\n"
    made = entry_of(render_entry(title="T", moment=MOMENT, tags=[], template=template))
    assert (made.tags, made.related) == (("kept",), ("a.md",))


def test_a_template_whose_front_matter_cannot_be_read_is_refused() -> None:
    with pytest.raises(DocumentError, match="never closed"):
        render_entry(title="T", moment=MOMENT, tags=[], template="---\nx: 1\n")


@pytest.mark.parametrize(
    ("clock", "heure"), [(time(0, 0), "00-00"), (time(23, 59, 59), "23-59"), (time(7, 4), "07-04")]
)
def test_the_moment_is_written_to_the_minute(clock: time, heure: str) -> None:
    made = render_entry(title="T", moment=datetime.combine(date(2025, 4, 5), clock), tags=[], template="x")
    assert entry_of(made).front["heure"] == heure


def test_the_moment_is_read_back() -> None:
    made = render_entry(title="T", moment=MOMENT, tags=[], template="x")
    assert entry_of(made).moment == Moment(day=date(2025, 4, 5), clock=time(9, 3))


@pytest.mark.parametrize("tags", [["no"], ["1.10", "2"], ["a, b"], ["#x"], ["a: b"], [""], ["[x]"], []])
def test_tags_are_read_back_from_a_new_entry(tags: list[str]) -> None:
    made = render_entry(title="T", moment=MOMENT, tags=tags, template="x")
    assert entry_of(made).tags == tuple(tags)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        pytest.param("one", "- one", id="line"),
        pytest.param("one\ntwo", "- one\n  two", id="lines"),
        pytest.param("one\r\ntwo\rthree", "- one\n  two\n  three", id="line-endings"),
        pytest.param("one\n\ntwo", "- one\n\n  two", id="blank-line"),
        pytest.param("one\n---\n# two\n```\nx\n```", "- one\n  ---\n  # two\n  ```\n  x\n  ```", id="markdown"),
        pytest.param("\n\none\n\n", "- one", id="line-breaks-around-it"),
        pytest.param("one\n  two", "- one\n    two", id="indentation"),
        pytest.param("", "- ", id="nothing"),
    ],
)
def test_a_text_stays_within_its_list_item(text: str, item: str) -> None:
    assert list_item(text) == item


@pytest.mark.parametrize(
    "body",
    [
        "", "\n\n", "# Heading", "## ", "#", "- ", "-", "* ", "+", "- Pour le code:", "- Pour le code: ", "```\n```",
        "```python\n```", "~~~\n~~~", "Title\n===".replace("Title", "# Title"), "---", "# A\r\n\r\n- \r\n", "\t- \n",
    ],
)  # fmt: skip
def test_headings_empty_bullets_and_fences_say_nothing(body: str) -> None:
    assert is_empty(body) is True


@pytest.mark.parametrize(
    "body",
    [
        "text", "- done", "- Pour le code: fait", "```\nx = 1\n```", "# A\n\ntext", "1. ", "> quote", "#tag",
        "Title\n===", "- " + "x" * 41 + ":", "- a: b:", "| a |", "# A\rtext\r", "- \rtext\r", "<!-- x -->",
    ],
)  # fmt: skip
def test_anything_else_says_something(body: str) -> None:
    assert is_empty(body) is False
