"""The lens between an entry and its record."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.projection import get, put, split_text
from sync.document.record import Memory, Record, content_hash
from sync.document.templates import ENGLISH, FRENCH
from sync.document.view import View
from sync.errors import ProjectionError

PATH = "journal/entries/2025-04-05-a.md"
VIEW = View()
FRONT = "---\ndate: 2025-04-05\nheure: 14-30\ntitle: A title # why\ntags: [a, b]\n---\n"


def entry_of(text: str, path: str = PATH) -> Entry:
    entry = parse_entry(path, text)
    assert isinstance(entry, Entry), entry
    return entry


# --- get ------------------------------------------------------------------------------------------------------------


def test_a_record_shows_title_and_body_tags_and_date() -> None:
    assert get(entry_of(FRONT + "\n# A title\n\nText.\n"), VIEW) == Record(
        id="2025-04-05-a",
        text="[JOURNAL DE BORD] A title: # A title\n\nText.",
        tags=("a", "b"),
        date="2025-04-05T14:30:00.000Z",
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param("\n\nText.\n\n", "Text.", id="blank-lines-around-it"),
        pytest.param("  \n\t\n  indented\n", "  indented", id="the-indentation-of-the-first-line-stays"),
        pytest.param("\r\nText.\r\nMore.\r\n", "Text.\r\nMore.", id="its-line-endings-stay"),
        pytest.param("a: b", "a: b", id="colons"),
        pytest.param("# Heading\n\ntext", "# Heading\n\ntext", id="heading"),
    ],
)
def test_the_body_is_shown_without_the_blank_lines_around_it(body: str, shown: str) -> None:
    assert get(entry_of(f"---\ntitle: T\n---\n{body}"), VIEW).text == f"[JOURNAL DE BORD] T: {shown}"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("\n \n\t\r\n", id="blanks"),
        pytest.param(FRENCH, id="french-template"),
        pytest.param(ENGLISH, id="english-template"),
        pytest.param(FRENCH.replace("\n", "\r\n"), id="french-template-crlf"),
        pytest.param("# Only a heading\n", id="heading"),
    ],
)
def test_a_body_that_says_nothing_is_shown_as_none(body: str) -> None:
    assert get(entry_of(f"---\ntitle: T\n---\n{body}"), VIEW).text == "[JOURNAL DE BORD] T:"


def test_a_body_whose_lines_end_with_a_lone_cr_is_shown() -> None:
    assert get(entry_of("---\rtitle: T\r---\r# Heading\rText.\r"), VIEW).text == "[JOURNAL DE BORD] T: # Heading\rText."


def test_the_prefix_is_the_one_of_the_view() -> None:
    assert get(entry_of("# T\n\nx"), View(prefix="[LOG]")).text == "[LOG] T: # T\n\nx"


def test_an_hour_without_a_zone_is_read_in_the_zone_of_the_view() -> None:
    assert get(entry_of(FRONT), View(zone=ZoneInfo("Europe/Paris"))).date == "2025-04-05T12:30:00.000Z"


def test_a_day_without_an_hour_stays_a_day() -> None:
    assert get(entry_of("x"), View(zone=ZoneInfo("Europe/Paris"))).date == "2025-04-05"


def test_an_entry_without_a_day_has_no_date() -> None:
    assert get(entry_of("x", "notes.md"), VIEW).date == ""


@pytest.mark.parametrize("front", ["date: 0001-01-01\nheure: 00-05\n", "date: 9999-12-31\nheure: 23-59\n"])
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York"])
def test_a_day_at_the_end_of_the_calendar_is_a_fault_and_not_a_failure(front: str, zone: str) -> None:
    entry = parse_entry("a.md", f"---\n{front}---\n")
    assert not isinstance(entry, Entry) or get(entry, View(zone=ZoneInfo(zone)))


# --- put ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(
            FRONT + "\nText.\n",
            {"text": "[JOURNAL DE BORD] Another: Text."},
            FRONT.replace("A title", "Another") + "\nText.\n",
            id="title",
        ),
        pytest.param(
            FRONT + "\nText.\n\n\n",
            {"text": "[JOURNAL DE BORD] A title: More: text.\nTwo lines."},
            FRONT + "\nMore: text.\nTwo lines.\n\n\n",
            id="body-between-its-blank-lines",
        ),
        pytest.param(
            FRONT + "\nText.\n", {"text": "[JOURNAL DE BORD] A title:"}, FRONT + "\n\n", id="body-becomes-empty"
        ),
        pytest.param(FRONT, {"text": "[JOURNAL DE BORD] A title: New."}, FRONT + "New.", id="body-of-an-empty-one"),
        pytest.param(FRONT, {"tags": ("a", "c d")}, FRONT.replace("[a, b]", "[a, c d]"), id="tags"),
        pytest.param(FRONT, {"tags": ()}, FRONT.replace("[a, b]", "[]"), id="no-tags"),
        pytest.param(FRONT, {"date": "2025-04-06T14:30:00.000Z"}, FRONT.replace("-05", "-06"), id="day"),
        pytest.param(FRONT, {"date": "2025-04-05T09:05:00.000Z"}, FRONT.replace("14-30", "09-05"), id="hour"),
        pytest.param(FRONT, {"date": "2025-04-06"}, FRONT.replace("05\nheure: 14-30", "06"), id="no-hour-any-more"),
        pytest.param(
            FRONT,
            {"date": "2025-04-05T14:30:15.000Z"},
            FRONT.replace("2025-04-05\nheure: 14-30", '"2025-04-05T14:30:15.000Z"'),
            id="seconds-need-a-time-stamp",
        ),
        pytest.param(
            "x",
            {"tags": ("a",)},
            "---\ntags: [a]\n---\n\nx",
            id="front-matter-is-made",
        ),
        pytest.param(
            "# Old\n\nText.\n",
            {"text": "[JOURNAL DE BORD] Old: # New\n\nText."},
            "---\ntitle: Old\n---\n\n# New\n\nText.\n",
            id="a-title-that-the-heading-gave-is-written-down",
        ),
        pytest.param(
            "**Tags**: #x\n\nText.\n",
            {"tags": ("new",)},
            "---\ntags: [new]\n---\n\n**Tags**: #x\n\nText.\n",
            id="tags-that-a-header-line-gave",
        ),
        pytest.param(
            "Text.",
            {"text": "[JOURNAL DE BORD] a: ---\nx\n---"},
            "---\n---\n---\nx\n---",
            id="a-body-that-looks-like-front-matter",
        ),
        pytest.param(
            "\ufeffText.\r\n",
            {"text": "[JOURNAL DE BORD] a: +++"},
            "\ufeff---\r\n---\r\n+++\r\n",
            id="a-body-that-looks-like-toml",
        ),
    ],
)
def test_only_what_differs_is_written(before: str, change: dict[str, str], after: str) -> None:
    entry = entry_of(before)
    assert put(replace(get(entry, VIEW), **change), entry, VIEW).text == after  # type: ignore[arg-type]


def test_an_hour_that_a_clock_shows_twice_is_written_as_a_time_stamp() -> None:
    view = View(zone=ZoneInfo("Europe/Paris"))
    entry = entry_of(FRONT)
    changed = put(replace(get(entry, view), date="2025-10-26T01:30:00.000Z"), entry, view)
    assert get(changed, view).date == "2025-10-26T01:30:00.000Z"


def test_a_record_that_is_shown_already_gives_the_same_entry() -> None:
    entry = entry_of(FRONT + "\nText.\n")
    assert put(get(entry, VIEW), entry, VIEW) is entry


@pytest.mark.parametrize(
    ("change", "key"),
    [
        pytest.param({"id": "other"}, "id", id="another-id"),
        pytest.param({"text": "A title: Text."}, "text", id="no-prefix"),
        pytest.param({"text": "[JOURNAL DE BORD]A title: x"}, "text", id="no-blank-behind-the-prefix"),
        pytest.param({"text": "[JOURNAL DE BORD] only words"}, "text", id="no-colon"),
        pytest.param({"text": "[JOURNAL DE BORD] : body"}, "text", id="no-title"),
        pytest.param({"text": "[JOURNAL DE BORD] two\nlines: x"}, "text", id="title-of-two-lines"),
        pytest.param({"text": "[JOURNAL DE BORD] "}, "text", id="nothing-behind-the-prefix"),
        pytest.param({"date": ""}, "date", id="date-taken-away"),
        pytest.param({"date": "tomorrow"}, "date", id="date-that-is-none"),
        pytest.param({"text": "[JOURNAL DE BORD] A title: \n\nText."}, "", id="a-body-that-would-be-shown-otherwise"),
        pytest.param({"date": "2025-04-05T14:30:00Z"}, "", id="a-date-that-would-be-shown-otherwise"),
    ],
)
def test_a_record_that_get_could_not_have_made_is_refused(change: dict[str, str], key: str) -> None:
    entry = entry_of(FRONT + "\nText.\n")
    with pytest.raises(ProjectionError) as caught:
        put(replace(get(entry, VIEW), **change), entry, VIEW)  # type: ignore[arg-type]
    assert caught.value.key == key


def test_a_date_that_leaves_the_calendar_in_the_zone_of_the_journal_is_refused() -> None:
    view = View(zone=ZoneInfo("Europe/Paris"))
    entry = entry_of(FRONT)
    with pytest.raises(ProjectionError, match="'9999-01-01' is not a date"):
        put(replace(get(entry, view), date="9998-12-31T23:30:00.000Z"), entry, view)


def test_an_entry_whose_form_cannot_be_changed_refuses_and_says_what_to_do() -> None:
    entry = entry_of("---\n{title: x}\n---\nText.\n")
    with pytest.raises(ProjectionError) as caught:
        put(replace(get(entry, VIEW), tags=("a",)), entry, VIEW)
    assert (caught.value.key, caught.value.hint) == ("tags", "edit the file by hand")


# --- the text of a record -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        pytest.param("J T: body", "", ("T", "body"), id="plain"),
        pytest.param("J T: a: b", "", ("T", "a: b"), id="at-the-first-colon"),
        pytest.param("J A: B: body", "A: B", ("A: B", "body"), id="a-title-with-a-colon-that-is-still-there"),
        pytest.param("J A: B: body", "X", ("A", "B: body"), id="a-title-that-is-no-longer-there"),
        pytest.param("J T:", "T", ("T", ""), id="no-body"),
        pytest.param("J New:", "T", ("New", ""), id="no-body-and-another-title"),
        pytest.param("J A: B:", "A: B", ("A: B", ""), id="no-body-and-a-colon"),
        pytest.param("J a:b: c", "", ("a:b", "c"), id="a-colon-within-a-word"),
        pytest.param("J T: one\ntwo: three", "", ("T", "one\ntwo: three"), id="lines"),
    ],
)
def test_a_text_is_cut_into_title_and_body(text: str, title: str, expected: tuple[str, str]) -> None:
    assert split_text(text, View(prefix="J"), title=title) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("J A: B: the body", ("A: B", "the body"), id="the-body-tells-where-the-title-ends"),
        pytest.param("J A: B: another body", ("A", "B: another body"), id="another-body-does-not"),
    ],
)
def test_a_body_that_is_still_there_ends_a_title_that_is_not(text: str, expected: tuple[str, str]) -> None:
    assert split_text(text, View(prefix="J"), title="X", body="the body") == expected


@pytest.mark.parametrize("text", ["J A:the body", "J one\ntwo: the body"], ids=["no-blank", "two-lines"])
def test_a_body_alone_does_not_make_a_title(text: str) -> None:
    with pytest.raises(ProjectionError, match="does not have the form"):
        split_text(text, View(prefix="J"), title="X", body="the body")


# --- hashes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "\n a\nb \t\n", "a\nb\r\n"])
def test_line_endings_and_outer_blanks_do_not_count_in_a_hash(text: str) -> None:
    assert content_hash(text) == content_hash("a\nb")


@pytest.mark.parametrize("text", ["a b", "a\n\nb", "A\nb", "a\n b", ""])
def test_everything_else_counts_in_a_hash(text: str) -> None:
    assert content_hash(text) != content_hash("a\nb")


def test_a_hash_is_sha_256() -> None:
    assert content_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_half_a_surrogate_pair_has_a_hash() -> None:
    assert len(content_hash("\ud800")) == 64


def test_a_memory_is_a_record_with_its_origin() -> None:
    memory = Memory(record=Record(id="a", text="t"), source="a.md", source_blob="0" * 40)
    assert (memory.record.tags, memory.record.date) == ((), "")
