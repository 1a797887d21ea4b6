"""Reading YAML: every value stays what was written."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from sync.document import yaml12
from sync.document.yaml12 import Value, compose, compose_any, find, load, resolve
from sync.errors import DocumentError


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("True", "True"),
        ("NULL", "NULL"),
        ("10:30", "10:30"),
        ("14:30:00", "14:30:00"),
        ("1.10", "1.10"),
        ("1.0", 1.0),
        ("010", "010"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("+1", "+1"),
        (".5", ".5"),
        ("1.", "1."),
        ("-0", "-0"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2025-04-05", "2025-04-05"),
        ("2025-04-05T14:30:00Z", "2025-04-05T14:30:00Z"),
        ("0", 0),
        ("42", 42),
        ("-7", -7),
        ("3.25", 3.25),
        ("-0.5", -0.5),
        ("123456789012345", 123456789012345),
        ("1234567890123456", "1234567890123456"),
        ("0.1234567890123456", "0.1234567890123456"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("v1.2", "v1.2"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_a_plain_scalar_is_a_number_only_where_it_would_be_written_the_same_again(written: str, value: Value) -> None:
    found = resolve(written)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("written", ["'no'", '"no"', "'10:30'", '"1"', "'null'", "'true'", '"~"'])
def test_a_quoted_scalar_is_text(written: str) -> None:
    assert load(f"a: {written}\n") == {"a": written[1:-1]}


@pytest.mark.parametrize("written", ["1.10", "5", "true", "no", "10:30", "2025-04-05", "1.0"])
def test_a_key_that_holds_text_keeps_what_looks_like_something_else(written: str) -> None:
    assert load(f"title: {written}\n", as_text=frozenset({"title"})) == {"title": written}


@pytest.mark.parametrize("written", ["", "~", "null"])
def test_a_key_that_holds_text_can_be_left_empty(written: str) -> None:
    assert load(f"title: {written}\n", as_text=frozenset({"title"})) == {"title": None}


def test_a_list_of_a_key_that_holds_text_holds_texts() -> None:
    assert load("tags: [1, no, 1.10]\n", as_text=frozenset({"tags"})) == {"tags": ["1", "no", "1.10"]}


def test_keys_that_hold_text_are_those_of_the_top_level_only() -> None:
    assert load("a: {title: 1}\n", as_text=frozenset({"title"})) == {"a": {"title": 1}}


def test_mappings_keep_the_order_of_the_file() -> None:
    assert list(load("b: 1\na: 2\nc: 3\n")) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: [x, {b: 1}]\n", {"a": ["x", {"b": 1}]}, id="flow"),
        pytest.param("a:\n  - x\n  -\n  - b: 1\n", {"a": ["x", None, {"b": 1}]}, id="block"),
        pytest.param("a: |\n  x\n  y: z\n", {"a": "x\ny: z\n"}, id="literal"),
        pytest.param("a: >-\n  x\n  y\n", {"a": "x y"}, id="folded"),
        pytest.param("a: x\n  y\n", {"a": "x y"}, id="plain-on-two-lines"),
        pytest.param("a: &x 1\nb: *x\n", {"a": 1, "b": 1}, id="alias"),
        pytest.param("a: !!str 1\n", {"a": 1}, id="tags-are-not-looked-at"),
        pytest.param("1: a\ntrue: b\n", {"1": "a", "true": "b"}, id="keys-are-text"),
        pytest.param("x: &d {a: 1}\n<<: *d\n", {"x": {"a": 1}, "<<": {"a": 1}}, id="no-merge-keys"),
        pytest.param("# only a comment\n", {}, id="comment"),
        pytest.param("", {}, id="nothing"),
        pytest.param('a: "\\u00e9\\n"\n', {"a": "é\n"}, id="escapes"),
    ],
)
def test_front_matter_holds_what_yaml_says(text: str, value: dict[str, Value]) -> None:
    assert load(text) == value


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param("title: Memories: an idea", "Memories: an idea", id="one"),
        pytest.param("title: a: b: c", "a: b: c", id="two"),
        pytest.param("title: an end:", "an end:", id="at-the-end"),
        pytest.param("title: C#: the language", "C#: the language", id="sharp"),
        pytest.param("title: a: b  # why: because", "a: b", id="comment"),
        pytest.param("title: a:\tb", "a:\tb", id="tab"),
        pytest.param("title: a: 'b'", "a: 'b'", id="quotes-inside"),
        pytest.param("a title.of-mine: x: y", "x: y", id="key-of-several-words"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_an_unquoted_colon_in_a_plain_value_is_text(line: str, value: str, end: str) -> None:
    assert list(load(f"date: 2025-04-05{end}{line}{end}").values()) == ["2025-04-05", value]


def test_an_unquoted_colon_is_text_where_lines_end_with_a_lone_cr_too() -> None:
    assert load("date: 2025-04-05\rtitle: a: b\r") == {"date": "2025-04-05", "title": "a: b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('a: b: c\nd: "e: f"\n', {"a": "b: c", "d": "e: f"}, id="quoted"),
        pytest.param("a: b: c\nd: |\n  e: f: g\n", {"a": "b: c", "d": "e: f: g\n"}, id="block-scalar"),
        pytest.param('a: b: c\nd: "e\nf: g: h"\n', {"a": "b: c", "d": "e f: g: h"}, id="quoted-on-two-lines"),
        pytest.param("a: b: c\nd: {e: f}\n", {"a": "b: c", "d": {"e": "f"}}, id="mapping"),
    ],
)
def test_reading_an_unquoted_colon_changes_no_other_value(text: str, expected: dict[str, Value]) -> None:
    assert load(text) == expected


def test_where_a_colon_is_the_fault_what_stands_in_the_file_is_reported() -> None:
    with pytest.raises(DocumentError) as caught:
        load("a: b: c\nd: [x\n")
    assert (caught.value.offset, caught.value.hint) == (4, "put the value between double quotes")


@pytest.mark.parametrize(
    "text", ['a: "x\ue000y"\n', "a: x\ue000y\n", 'a: "x\\ue000y"\n'], ids=["quoted", "plain", "escaped"]
)
def test_a_character_of_private_use_stays_what_it_is(text: str) -> None:
    assert load(text) == {"a": "x\ue000y"}


def test_an_unquoted_colon_beside_a_character_of_private_use_is_refused() -> None:
    with pytest.raises(DocumentError, match="not YAML"):
        load("a: b: c\nd: \ue000\n")


@pytest.mark.parametrize(
    ("text", "offset", "key"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 10, "a", id="top-level"),
        pytest.param("x:\n  a: 1\n  a: 2\n", 12, "a", id="nested"),
        pytest.param("x: [{a: 1, a: 2}]\n", 11, "a", id="in-a-list"),
        pytest.param("'a': 1\na: 2\n", 7, "a", id="quoted-differently"),
        pytest.param("é: 1\n'é': 2\n", 5, "é", id="accents"),
    ],
)
def test_a_key_that_is_written_twice_is_refused_at_the_second(text: str, offset: int, key: str) -> None:
    with pytest.raises(DocumentError, match="written twice") as caught:
        load(text)
    assert (caught.value.offset, caught.value.key) == (offset, key)


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        pytest.param("- a\n", "not a mapping", 0, id="list"),
        pytest.param("just text\n", "not a mapping", 0, id="text"),
        pytest.param("? [a]\n: 1\n", "a key is not text", 2, id="key-that-is-a-list"),
        pytest.param("a: [1\n", "not YAML", 6, id="unclosed-list"),
        pytest.param("a: 'x\n", "not YAML", 6, id="unclosed-quote"),
        pytest.param("a:\n\tb: 1\n", "not YAML", 3, id="tab"),
        pytest.param("a: *x\n", "not YAML: found undefined alias", 3, id="unknown-alias"),
        pytest.param("a: &x 1\nb: &x 2\n", "this anchor is used twice", 11, id="anchor-twice"),
        pytest.param("a: @x\n", "not YAML", 3, id="reserved-character"),
        pytest.param("a: 1\né: \x00\n", r"U\+0000 is not allowed", 8, id="null-character"),
        pytest.param("a: 1\né😀: \x07\n", r"U\+0007 is not allowed", 9, id="control-character-behind-wide-ones"),
        pytest.param("a: 1\n<<<<<<< HEAD\nb: 1\n=======\n", "conflict markers", 5, id="conflict"),
        pytest.param("a: 1\n--- \nb: 2\n", "not YAML", 5, id="two-documents"),
        pytest.param('a: "\\ud800"\n', "not YAML", 6, id="half-a-surrogate-pair"),
    ],
)
def test_what_is_not_yaml_is_refused_where_it_stands(text: str, message: str, offset: int) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        load(text)
    assert caught.value.offset == offset


def test_aliases_of_aliases_do_not_grow_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(DocumentError, match="more than 20000 values"):
        load("\n".join(lines))


def test_a_value_that_contains_itself_is_refused() -> None:
    with pytest.raises(DocumentError, match="contains itself through an alias"):
        load("a: &x [*x]\n")


def test_nesting_that_is_too_deep_is_called_by_its_name() -> None:
    with pytest.raises(DocumentError, match="nested more than 100 levels deep"):
        load(f"a: {'[' * 5_000}{']' * 5_000}\n")


LONG = "# a comment that makes it long\n" * 50


def test_a_hundred_levels_are_read() -> None:
    assert list(load(f"{LONG}a: {'[' * 99}{']' * 99}\n")) == ["a"]


def test_one_level_more_is_refused_where_it_begins() -> None:
    with pytest.raises(DocumentError, match="nested more than 100 levels deep") as caught:
        load(f"{LONG}a: {'[' * 100}{']' * 100}\n")
    assert caught.value.offset == len(LONG) + len("a: ") + 99


def test_a_long_front_matter_is_not_a_deep_one() -> None:
    assert len(load("".join(f"key{number}: [a, {{b: c}}]\n" for number in range(1_000)))) == 1_000


def test_nesting_without_measure_does_not_end_the_process() -> None:
    # A process of its own: a crash of the scanner's C code would take the tests with it.
    program = (
        "from sync.document.entry import parse_entry; parse_entry('a.md', '---\\na: ' + '[' * 300_000 + '\\n---\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param(["tags"], "[a, b]", id="value"),
        pytest.param(["tags", 1], "b]", id="item"),
        pytest.param(["tags", 7], "[a, b]", id="no-such-item"),
        pytest.param(["tags", "x"], "[a, b]", id="a-list-has-no-keys"),
        pytest.param(["map", "k"], "v\n", id="nested"),
        pytest.param(["map", "none"], "k: v", id="no-such-key"),
        pytest.param(["nothing"], "nothing:", id="empty-value-is-found-at-its-key"),
        pytest.param(["unknown"], "title", id="unknown-is-found-at-the-start"),
        pytest.param(["title", "x"], "été", id="text-has-no-parts"),
    ],
)
def test_a_value_is_found_where_it_stands(path: list[str | int], found: str) -> None:
    text = "title: été\ntags: [a, b]\nmap:\n  k: v\nnothing:\n"
    assert text[find(compose(text), path) :].startswith(found)


def test_in_an_empty_front_matter_everything_is_found_at_its_start() -> None:
    assert find(compose(""), ["title"]) == 0


def test_json_can_be_composed_too() -> None:
    node = compose_any('[1, {"a": 2}]')
    assert find(node, [1, "a"]) == 10


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DocumentError, match="impossible escape"):
        load("a: \ud800\n")


@pytest.mark.parametrize("loader", [yaml.CBaseLoader, yaml.BaseLoader], ids=["libyaml", "python"])
def test_both_scanners_read_the_same(loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml12, "_Loader", loader)
    text = "title: a: b\ntags: [x, 'y: z']\nn: 1.10\nt: |\n  é\n"
    assert load(text) == {"title": "a: b", "tags": ["x", "y: z"], "n": "1.10", "t": "é\n"}


@pytest.mark.parametrize("loader", [yaml.CBaseLoader, yaml.BaseLoader], ids=["libyaml", "python"])
@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        pytest.param("é: \x00\n", r"U\+0000 is not allowed", 3, id="character"),
        pytest.param("a: &x 1\nb: &x 2\n", "this anchor is used twice|duplicate anchor", 11, id="anchor"),
    ],
)
def test_both_scanners_name_the_same_place(
    loader: type, text: str, message: str, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml12, "_Loader", loader)
    with pytest.raises(DocumentError, match=message) as caught:
        load(text)
    assert caught.value.offset == offset
