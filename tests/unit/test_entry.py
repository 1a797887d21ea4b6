"""Reading entries as real journals hold them."""

from __future__ import annotations

from datetime import UTC, date, time

import pytest

from sync.document.entry import Entry, load_entry, parse_entry
from sync.document.fault import Fault, Skipped, position
from sync.document.moment import Moment

PATH = "journal/entries/2025-04-05-14-30-a-name.md"


def entry_of(text: str, path: str = PATH) -> Entry:
    entry = parse_entry(path, text)
    assert isinstance(entry, Entry), entry
    return entry


def fault_of(text: str) -> Fault:
    fault = parse_entry("a.md", text)
    assert isinstance(fault, Fault)
    return fault


def document(front: str, body: str = "\nbody\n") -> str:
    return f"---\n{front}---\n{body}"


# --- title ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "title"),
    [
        pytest.param("title: A title", "A title", id="plain"),
        pytest.param("title: Augment Memories: a theme", "Augment Memories: a theme", id="unquoted-colon"),
        pytest.param("title: 1.10", "1.10", id="version"),
        pytest.param("title: no", "no", id="word-that-yaml-1-1-takes-for-false"),
        pytest.param("title: 2025-04-05", "2025-04-05", id="date"),
        pytest.param("title: 'it''s'", "it's", id="single-quotes"),
        pytest.param('title: "caf\\u00e9"', "café", id="escape"),
        pytest.param("title: >-\n  two\n  lines", "two lines", id="folded"),
        pytest.param("title: |\n  two\n  lines", "two lines", id="literal-becomes-one-line"),
        pytest.param('title: "  a   b  "', "a b", id="blanks"),
    ],
)
def test_a_title_is_read_as_it_was_written(line: str, title: str) -> None:
    assert entry_of(document(f"{line}\n")).title == title


@pytest.mark.parametrize("line", ["", "title:\n", "title: ''\n", "title: ~\n", "title: '  '\n"])
def test_without_a_title_the_first_heading_is_it(line: str) -> None:
    assert entry_of(document(line, "\n# From the *body*\n")).title == "From the *body*"


def test_without_a_heading_the_file_name_is_the_title() -> None:
    assert entry_of("text\n").title == "a name"


def test_a_heading_does_not_stand_above_the_title_of_the_front_matter() -> None:
    assert entry_of(document("title: One\n", "# Two\n")).title == "One"


# --- id, tags, related ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("id: kept\n", "kept"),
        ("id: ' 007 '\n", "007"),
        ("id: 007\n", "007"),
        ("id:\n", "2025-04-05-14-30-a-name"),
        ("", "2025-04-05-14-30-a-name"),
    ],
)
def test_the_id_is_the_one_written_else_the_stem(front: str, expected: str) -> None:
    assert entry_of(document(front)).id == expected


@pytest.mark.parametrize(
    ("front", "body", "tags"),
    [
        pytest.param("tags: [a, b]\n", "", ("a", "b"), id="flow"),
        pytest.param("tags:\n- a\n- b\n", "", ("a", "b"), id="block"),
        pytest.param("tags: [no, 1.10, 12]\n", "", ("no", "1.10", "12"), id="as-written"),
        pytest.param("tags: [b, a, b]\n", "", ("b", "a", "b"), id="in-order-with-duplicates"),
        pytest.param("tags: []\n", "**Tags**: #x\n", (), id="empty-is-said-so"),
        pytest.param("tags:\n", "**Tags**: #x\n", (), id="nothing-is-said-so"),
        pytest.param("title: x\n", "**Tags**: #x #y\n", ("x", "y"), id="from-the-header-line"),
        pytest.param("title: x\n", "", (), id="none"),
    ],
)
def test_tags_are_those_of_the_front_matter_else_of_a_header_line(front: str, body: str, tags: tuple[str, ...]) -> None:
    assert entry_of(document(front, body)).tags == tags


@pytest.mark.parametrize(
    ("front", "related"),
    [("related: [a.md, 12]\n", ("a.md", "12")), ("related: []\n", ()), ("related:\n", ()), ("", ())],
)
def test_related_entries_are_read_in_order(front: str, related: tuple[str, ...]) -> None:
    assert entry_of(document(front)).related == related


# --- moment ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "moment"),
    [
        pytest.param(
            "a.md",
            document("date: 2025-04-05\nheure: 14-30\n"),
            Moment(day=date(2025, 4, 5), clock=time(14, 30)),
            id="date-and-hour",
        ),
        pytest.param(
            "a.md",
            document("date: 2025-04-05\nheure: 10:30\n"),
            Moment(day=date(2025, 4, 5), clock=time(10, 30)),
            id="hour-that-yaml-1-1-takes-for-630",
        ),
        pytest.param("a.md", document("date: 2025-04-05\n"), Moment(day=date(2025, 4, 5)), id="day"),
        pytest.param(
            "a.md",
            document("date: 2025-04-05T08:00:00Z\nheure: 14-30\n"),
            Moment(day=date(2025, 4, 5), clock=time(8), zone=UTC),
            id="a-time-stamp-stands-above-the-hour",
        ),
        pytest.param(
            "2025-04-05-14-30-x.md",
            document("date: 2025-04-05\n"),
            Moment(day=date(2025, 4, 5), clock=time(14, 30)),
            id="the-hour-of-the-file-name-on-the-same-day",
        ),
        pytest.param(
            "2025-04-05-14-30-x.md",
            document("date: 2025-04-06\n"),
            Moment(day=date(2025, 4, 6)),
            id="not-the-hour-of-another-day",
        ),
        pytest.param(
            "2025-04-05-14-30-x.md",
            "text\n",
            Moment(day=date(2025, 4, 5), clock=time(14, 30)),
            id="file-name-alone",
        ),
        pytest.param(
            "08-04-2025-19-45.md",
            "text\n",
            Moment(day=date(2025, 4, 8), clock=time(19, 45)),
            id="day-first-file-name",
        ),
        pytest.param("a.md", "**Date**: 08/04/2025\n", Moment(day=date(2025, 4, 8)), id="header-line"),
        pytest.param(
            "2025-04-05-x.md",
            "**Date**: 2025-04-08\n",
            Moment(day=date(2025, 4, 8)),
            id="header-line-above-the-file-name",
        ),
        pytest.param(
            "2025-04-05-x.md", "**Date**: hier\n", Moment(day=date(2025, 4, 5)), id="header-line-that-is-no-date"
        ),
        pytest.param(
            "a.md",
            document("tags: []\n", "**Date**: 2025-04-08\n"),
            Moment(day=date(2025, 4, 8)),
            id="header-line-behind-front-matter",
        ),
        pytest.param("a.md", "text\n", None, id="none"),
    ],
)
def test_the_moment_is_the_one_written_else_what_the_header_or_the_name_tells(
    path: str, text: str, moment: Moment | None
) -> None:
    assert entry_of(text, path).moment == moment


# --- body and the rest ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "body"),
    [
        pytest.param("---\na: 1\n---\n\nbody\n", "\nbody\n", id="behind-front-matter"),
        pytest.param("body", "body", id="no-front-matter"),
        pytest.param("\ufeffbody", "body", id="bom-is-not-body"),
        pytest.param("\ufeff---\n---\nbody", "body", id="bom-and-front-matter"),
        pytest.param("----\nbody", "----\nbody", id="a-rule-is-body"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_body_is_everything_behind_the_front_matter(text: str, body: str) -> None:
    assert entry_of(text).body == body


def test_unknown_keys_are_kept() -> None:
    assert entry_of(document("mood: {level: 3}\nx: [1]\n")).front == {"mood": {"level": 3}, "x": [1]}


@pytest.mark.parametrize(
    ("written", "importance"),
    [("0", 0.0), ("1", 1.0), ("0.25", 0.25), ("1.5", 0.5), ("-1", 0.5), ("high", 0.5), ("true", 0.5), ("", 0.5)],
)
def test_importance_is_a_number_from_0_to_1_else_the_middle(written: str, importance: float) -> None:
    assert entry_of(document(f"importance: {written}\n")).importance == importance


def test_importance_is_the_middle_where_nothing_is_said() -> None:
    assert entry_of("text").importance == 0.5


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf---\r\ntitle: a: b\r\n...\r\nbody\r\n",
        b"---\ntitle:   'x'  # why\n---\n\n\nno line end",
        b"---\rtitle: x\r---\rbody\r",
        b"",
        b"\xef\xbb\xbf",
        b"a\x00b\n",
    ],
    ids=["bom-crlf-dots", "comment", "cr", "empty", "bom-alone", "null-character-in-the-body"],
)
def test_an_entry_is_written_byte_for_byte_as_it_was_read(data: bytes) -> None:
    entry = load_entry(PATH, data)
    assert isinstance(entry, Entry)
    assert entry.to_bytes() == data


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "key", "message"),
    [
        pytest.param(document("a: 1\na: 2\n"), (3, 1), "a", "this key is written twice", id="duplicate"),
        pytest.param(
            "\ufeff---\r\na: 1\r\na: 2\r\n---\r\n", (3, 1), "a", "this key is written twice", id="crlf-and-bom"
        ),
        pytest.param("---\ra: 1\ra: 2\r---\r", (3, 1), "a", "this key is written twice", id="cr"),
        pytest.param(document("x: 1\ntitle: [a]\n"), (3, 8), "title", "must be text, one line", id="title-list"),
        pytest.param(document("title:\n  a: 1\n"), (3, 3), "title", "must be text, one line", id="title-mapping"),
        pytest.param(document("id: [a]\n"), (2, 5), "id", "must be text, one line", id="id-list"),
        pytest.param(document("tags: a, b\n"), (2, 7), "tags", "must be a list of words", id="tags-text"),
        pytest.param(document("tags: [a, [b]]\n"), (2, 7), "tags", "must be a list of words", id="tags-nested"),
        pytest.param(document("tags: [a, ~]\n"), (2, 7), "tags", "must be a list of words", id="tags-with-nothing"),
        pytest.param(document("related: a\n"), (2, 10), "related", "must be a list of words", id="related"),
        pytest.param(document("date: soon\n"), (2, 7), "date", "'soon' is not a date", id="date"),
        pytest.param(document("date: 2025-02-30\n"), (2, 7), "date", "'2025-02-30' is not a date", id="no-such-day"),
        pytest.param(document("heure: noon\n"), (2, 8), "heure", "'noon' is not a time of day", id="hour"),
        pytest.param(document("- a\n"), (2, 1), "", "front matter is not a mapping", id="not-a-mapping"),
        pytest.param("---\na: 1\n", (1, 1), "", "front matter is opened but never closed", id="unclosed"),
        pytest.param("+++\n+++\n", (1, 1), "", "TOML front matter (+++) is not supported", id="toml"),
        pytest.param(document("a: 1\n<<<<<<< HEAD\nb: 1\n"), (3, 1), "", "conflict markers", id="conflict"),
        pytest.param(document("é: 1\nb: \x08\n"), (3, 4), "", "U+0008 is not allowed in YAML", id="control-character"),
    ],
)
def test_a_fault_says_where_it_is_and_what_is_wrong(text: str, where: tuple[int, int], key: str, message: str) -> None:
    fault = fault_of(text)
    assert ((fault.line, fault.column), fault.key, fault.message) == (where, key, message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (document("title: [a]\n"), "write `title: some words`"),
        (document("tags: a\n"), "write `tags: [one, two]`"),
        (document("date: soon\n"), "write it as 2025-04-05 or 2025-04-05T14:30:00"),
        (document("heure: noon\n"), "write it as 14-30"),
        (document("a: 1\na: 2\n"), "keep one of them"),
        ("---\n", "end it with a line of three dashes: ---"),
    ],
)
def test_a_fault_says_what_to_do(text: str, hint: str) -> None:
    assert fault_of(text).hint == hint


@pytest.mark.parametrize(
    ("data", "where", "hint"),
    [
        pytest.param(b"abc\n\xe9t\xe9\n", (2, 1), "save it as UTF-8", id="latin-1"),
        pytest.param("é\n".encode() + b"ab\xff", (2, 3), "save it as UTF-8", id="columns-are-characters"),
        pytest.param(
            "---\n".encode("utf-16"), (1, 1), "save it as UTF-8 (it looks like UTF-16)", id="utf-16-little-endian"
        ),
        pytest.param(b"\xfe\xff\x00-", (1, 1), "save it as UTF-8 (it looks like UTF-16)", id="utf-16-big-endian"),
        pytest.param(b"\xed\xa0\x80", (1, 1), "save it as UTF-8", id="half-a-surrogate-pair"),
    ],
)
def test_bytes_that_are_not_utf_8_are_a_fault(data: bytes, where: tuple[int, int], hint: str) -> None:
    fault = load_entry("a.md", data)
    assert isinstance(fault, Fault)
    assert ((fault.line, fault.column), fault.message, fault.hint) == (where, "not UTF-8", hint)


def test_a_fault_is_printed_as_editors_link_it() -> None:
    assert str(Fault(path="a.md", line=2, column=3, key="tags", message="wrong")) == "a.md:2:3: tags: wrong"


def test_a_fault_without_a_key_names_none() -> None:
    assert str(Fault(path="a.md", message="wrong")) == "a.md:1:1: wrong"


def test_a_fault_as_an_object_holds_all_of_it() -> None:
    assert Fault(path="a.md", line=2, column=3, key="k", message="m", hint="h").as_dict() == {
        "path": "a.md", "line": 2, "column": 3, "key": "k", "message": "m", "hint": "h",
    }  # fmt: skip


def test_a_skip_as_an_object_holds_its_reason() -> None:
    assert Skipped(path="a.md", reason="why").as_dict() == {"path": "a.md", "reason": "why"}


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("ab\ncd", 0, (1, 1)),
        ("ab\ncd", 4, (2, 2)),
        ("ab\r\ncd", 5, (2, 2)),
        ("ab\rcd", 4, (2, 2)),
        ("\ufeffab", 1, (1, 1)),
        ("\ufeffab", 2, (1, 2)),
        ("é😀x", 2, (1, 3)),
        ("", 0, (1, 1)),
    ],
)
def test_positions_are_counted_as_editors_do(text: str, offset: int, expected: tuple[int, int]) -> None:
    assert position(text, offset) == expected
