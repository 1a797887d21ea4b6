"""Writing YAML values: every reader gets the text back."""

from __future__ import annotations

import pytest
import yaml

from sync.document import yaml12
from sync.document.scalars import double_quoted, is_plain, render_value
from sync.document.yaml12 import Value

PLAIN = (
    "word", "two words", "été à Noël", "日本", "v1.2", "a:b", "http://example.org/a#b", "a#b", "it's", 'say "x"',
    "a, b", "14-30", "2025-04-05", "C:\\Users", "a - b", "x=y", "100 %", "1.2.3", "journal_entry", "noël",
    "user@example.org",
)  # fmt: skip

TRAPS = (
    "", " ", " a", "a ", "no", "No", "yes", "on", "OFF", "true", "True", "null", "Null", "~", "1", "1.0",
    "1.10", "-1", "+1", "1_000", "0x1F", "010", "1e+3", ".5", ".inf", ".NaN", "10:30", "1:2:3",
    "2025-04-05T14:30:00Z", "2025-04-05 14:30:00", "=", "<<", "a: b", "a:", "a #b", "#a", "- a", "-", "? a",
    ": a", "[a]", "{a}", "]", "}", ",a", "&a", "*a", "!a", "|", ">", "'a'", '"a"', "%a", "@a", "`a`", "---",
    "...", "a\nb", "a\tb", "a\rb", "\\", "a\\nb", "_a", "😀", "\x00", "\x1b[31m", "\x7f", "\x85", "\xa0a",
    "a\xa0", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\ue000", "2025-02-30", "2025-13-01",
    "0000-00-00",
)  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_a_harmless_text_stands_without_quotes(text: str) -> None:
    assert render_value(text) == text


QUOTES = ("", "'", '"')
TIMELESS = [text for text in (*PLAIN, *TRAPS) if text != "2025-04-05"]
"""A day stands without quotes in every journal, although YAML 1.1 makes a date of it."""


@pytest.mark.parametrize("text", [*PLAIN, *TRAPS], ids=ascii)
def test_our_reader_gets_the_text_back_whatever_its_quotes(text: str) -> None:
    written = [render_value(text, quote=quote) for quote in QUOTES]
    assert [yaml12.load(f"key: {one}\n")["key"] for one in written] == [text, text, text]


@pytest.mark.parametrize("text", TIMELESS, ids=ascii)
def test_a_reader_of_yaml_1_1_gets_the_text_back_whatever_its_quotes(text: str) -> None:
    written = [render_value(text, quote=quote) for quote in QUOTES]
    assert [yaml.safe_load(f"key: {one}\n")["key"] for one in written] == [text, text, text]


@pytest.mark.parametrize("text", TIMELESS, ids=ascii)
def test_a_text_inside_a_list_is_read_back_as_one_item(text: str) -> None:
    assert yaml.safe_load(f"key: {render_value([text, 'x'])}\n") == {"key": [text, "x"]}


@pytest.mark.parametrize("text", ["y", "N"])
def test_the_short_booleans_of_yaml_1_1_are_quoted(text: str) -> None:
    assert render_value(text) == f'"{text}"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, "null", id="nothing"),
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(7, "7", id="int"),
        pytest.param(-1.5, "-1.5", id="float"),
        pytest.param([], "[]", id="empty-list"),
        pytest.param({}, "{}", id="empty-mapping"),
        pytest.param(["a", "no", 1, None], '[a, "no", 1, null]', id="list"),
        pytest.param(["a, b", "c]", "d: e"], '["a, b", "c]", "d: e"]', id="what-a-list-would-split"),
        pytest.param({"a b": [1], "no": "x"}, '{a b: [1], "no": x}', id="mapping"),
        pytest.param("a\nb\tc", '"a\\nb\\tc"', id="line-break-and-tab"),
        pytest.param("\x7f\x85\u2028\ufeff", '"\\u007f\\u0085\\u2028\\ufeff"', id="unprintable"),
        pytest.param('say "x": y', '"say \\"x\\": y"', id="quotes"),
    ],
)
def test_a_value_is_written_on_one_line(value: Value, expected: str) -> None:
    assert render_value(value) == expected


@pytest.mark.parametrize(
    ("value", "quote", "expected"),
    [
        pytest.param("x", "'", "'x'", id="single"),
        pytest.param("it's", "'", "'it''s'", id="single-with-an-apostrophe"),
        pytest.param("a\nb", "'", '"a\\nb"', id="single-cannot-hold-a-line-break"),
        pytest.param("a\u2028", "'", '"a\\u2028"', id="single-cannot-hold-the-unprintable"),
        pytest.param("x", '"', '"x"', id="double"),
        pytest.param(5, '"', "5", id="numbers-have-none"),
    ],
)
def test_the_quotes_of_the_old_value_are_kept_where_they_can_be(value: Value, quote: str, expected: str) -> None:
    assert render_value(value, quote=quote) == expected


@pytest.mark.parametrize("text", ["a, b", "a]", "{a", "a}b"])
def test_inside_a_list_fewer_texts_are_plain(text: str) -> None:
    assert (is_plain("x" + text), is_plain("x" + text, flow=True)) == (True, False)


def test_a_double_quoted_text_keeps_its_accents_readable() -> None:
    assert double_quoted("été: à Noël") == '"été: à Noël"'
