"""Changing one key: its span is replaced, every other byte stays."""

from __future__ import annotations

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.splice import ABSENT, Absent, set_values, with_body
from sync.document.yaml12 import Value
from sync.errors import DocumentError


def document(front: str, body: str = "\nbody\n") -> str:
    return f"---\n{front}---\n{body}"


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        pytest.param("k: old\n", "new", "k: new\n", id="plain"),
        pytest.param("k: old # why\n", "new", "k: new # why\n", id="comment-behind-it"),
        pytest.param("k: old   \n", "new", "k: new   \n", id="blanks-behind-it"),
        pytest.param("k:    old\n", "new", "k:    new\n", id="aligned"),
        pytest.param("k : old\n", "new", "k : new\n", id="blank-before-the-colon"),
        pytest.param("'k': old\n", "new", "'k': new\n", id="quoted-key"),
        pytest.param('"k": old\n', "new", '"k": new\n', id="double-quoted-key"),
        pytest.param("k: 'old'\n", "it's", "k: 'it''s'\n", id="single-quotes-stay"),
        pytest.param("k: 'old'\n", "a\nb", 'k: "a\\nb"\n', id="single-quotes-cannot-hold-a-line-break"),
        pytest.param('k: "old"\n', "new", 'k: "new"\n', id="double-quotes-stay"),
        pytest.param("k: old\n", "a: b", 'k: "a: b"\n', id="quoted-where-it-has-to-be"),
        pytest.param("k: a: b\n", "new", "k: new\n", id="unquoted-colon"),
        pytest.param("k: a\n  b\n", "new", "k: new\n", id="plain-on-two-lines"),
        pytest.param('k: "a\n  b"\n', "new", 'k: "new"\n', id="quoted-on-two-lines"),
        pytest.param("k: |\n  a\n  b\n", "new", "k: new\n", id="literal"),
        pytest.param("k: >-\n  a\n\n  b\n", "new", "k: new\n", id="folded"),
        pytest.param("k: |+\n  a\n\n\n", "new", "k: new\n\n\n", id="blank-lines-behind-a-literal"),
        pytest.param("k:\n", "new", "k: new\n", id="empty"),
        pytest.param("k:   # why\n", "new", "k: new   # why\n", id="empty-with-a-comment"),
        pytest.param("k: ~\n", 5, "k: 5\n", id="null"),
        pytest.param("k: [a, b] # why\n", ["c"], "k: [c] # why\n", id="flow-list"),
        pytest.param("k: [a,\n  b]\n", ["c", "d"], "k: [c, d]\n", id="flow-list-on-two-lines"),
        pytest.param("k:\n", ["a"], "k: [a]\n", id="empty-becomes-a-flow-list"),
        pytest.param("k:\n  - a\n  - b # why\n", ["c"], "k:\n  - c # why\n", id="block-list"),
        pytest.param("k:\n- a\n", ["b", "c d"], "k:\n- b\n- c d\n", id="block-list-without-indentation"),
        pytest.param("k: # why\n  - a\n", ["b"], "k: # why\n  - b\n", id="comment-before-a-block-list"),
        pytest.param("k:\n  - a\n", [], "k: []\n", id="block-list-becomes-empty"),
        pytest.param("k:\n  - a\n  -\n", ["b"], "k:\n  - b\n", id="block-list-with-an-empty-item"),
        pytest.param("k:\n  - - a\n    - b\n", [["c"], "d"], "k:\n  - [c]\n  - d\n", id="lists-in-a-list"),
        pytest.param("k:\n  a: 1\n  b: 2\n", "new", "k: new\n", id="block-mapping"),
        pytest.param("k: {a: 1}\n", {"b": [1, True]}, "k: {b: [1, true]}\n", id="flow-mapping"),
        pytest.param("k: !!str old\n", "new", "k: new\n", id="yaml-tag"),
    ],
)
def test_only_the_span_of_the_value_is_replaced(before: str, value: Value, after: str) -> None:
    changed = set_values(document(f"# top\na: 1\n{before}# between\nz:  'x' \n"), {"k": value})
    assert changed == document(f"# top\na: 1\n{after}# between\nz:  'x' \n")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("k: old\n", id="plain"),
        pytest.param("k: old # why\n", id="comment"),
        pytest.param("k:\n", id="empty"),
        pytest.param("k: [a,\n  b]\n", id="flow-list"),
        pytest.param("k:\n  - a\n  - b\n", id="block-list"),
        pytest.param("k: |\n  a\n  b\n", id="literal"),
        pytest.param("k:\n  a: {b: c}\n", id="mapping"),
        pytest.param("'k' : old\n", id="quoted-key"),
    ],
)
def test_a_removed_key_takes_its_lines_with_it(lines: str) -> None:
    assert set_values(document(f"a: 1\n{lines}# z\nz: 2\n"), {"k": ABSENT}) == document("a: 1\n# z\nz: 2\n")


@pytest.mark.parametrize("text", ["body\n", "", document("a: 1\n"), "---\n---\n"])
def test_removing_a_key_that_is_not_there_changes_nothing(text: str) -> None:
    assert set_values(text, {"k": ABSENT}) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("---\na: 1\n---\nbody", "---\na: 1\nk: new\n---\nbody", id="behind-the-last"),
        pytest.param("---\r\na: 1\r\n---\r\nbody", "---\r\na: 1\r\nk: new\r\n---\r\nbody", id="crlf"),
        pytest.param("---\ra: 1\r---\rbody", "---\ra: 1\rk: new\r---\rbody", id="cr"),
        pytest.param("---\n---\nbody", "---\nk: new\n---\nbody", id="into-an-empty-one"),
        pytest.param("---\n# c\n---\nbody", "---\n# c\nk: new\n---\nbody", id="behind-a-comment"),
        pytest.param("---\na: |+\n  x\n\n...\nbody", "---\na: |+\n  x\n\nk: new\n...\nbody", id="behind-a-literal"),
        pytest.param("body", "---\nk: new\n---\n\nbody", id="front-matter-is-made"),
        pytest.param("", "---\nk: new\n---\n\n", id="in-an-empty-file"),
        pytest.param("\ufeffx\r\ny", "\ufeff---\r\nk: new\r\n---\r\n\r\nx\r\ny", id="front-matter-behind-a-bom"),
    ],
)
def test_a_new_key_is_one_new_line(before: str, after: str) -> None:
    assert set_values(before, {"k": "new"}) == after


@pytest.mark.parametrize("text", ["body", document("a: 1\n")], ids=["without-front-matter", "with-front-matter"])
@pytest.mark.parametrize("key", ["a key", "null", "1", "été", "a: b", "#x", "- x"])
def test_a_new_key_may_be_any_text(text: str, key: str) -> None:
    entry = parse_entry("a.md", set_values(text, {key: "new"}))
    assert isinstance(entry, Entry)
    assert entry.front[key] == "new"


def test_several_keys_are_changed_at_once() -> None:
    changes: dict[str, Value | Absent] = {"c": 3, "a": ABSENT, "b": "x"}
    assert set_values(document("a: 1\nb: 2\n"), changes) == document("b: x\nc: 3\n")


def test_no_changes_change_nothing() -> None:
    assert set_values("\ufeff---\r\na:   1\r\n...\r\nb", {}) == "\ufeff---\r\na:   1\r\n...\r\nb"


@pytest.mark.parametrize("key", ["title", "tags", "date"])
def test_a_key_that_holds_text_is_written_so_that_it_stays_text(key: str) -> None:
    assert set_values(document(f"{key}: x\n"), {key: "1.10"}) == document(f'{key}: "1.10"\n')


def test_a_comment_between_a_key_and_its_value_stays() -> None:
    assert "# why" in set_values(document("k: # why\n  old\nz: 1\n"), {"k": "new"})


@pytest.mark.parametrize(
    ("front", "changes", "message"),
    [
        pytest.param("{a: 1, b: 2}\n", {"c": 3}, "without breaking the front matter", id="mapping-in-braces"),
        pytest.param("a: &x 1\nb: *x\n", {"a": 2}, "without breaking the front matter", id="others-refer-to-it"),
        pytest.param("? a\n: 1\n", {"a": 2}, "without breaking the front matter", id="explicit-key"),
        pytest.param("{a: 1, b: 2}\n", {"a": ABSENT}, "without", id="removed-from-braces"),
        pytest.param("title: x\n", {"title": 5}, "without touching other keys", id="a-number-as-text"),
    ],
)
def test_a_change_that_the_form_does_not_allow_is_refused(
    front: str, changes: dict[str, Value | Absent], message: str
) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        set_values(document(front), changes)
    assert (caught.value.key, caught.value.hint) == (next(iter(changes)), "edit the file by hand")


@pytest.mark.parametrize("text", ["---\na: 1\n", "---\na: 1\na: 2\n---\n", "+++\n+++\n", "---\n- a\n---\n"])
def test_front_matter_that_cannot_be_read_is_not_changed(text: str) -> None:
    with pytest.raises(DocumentError):
        set_values(text, {"b": 1})


def test_a_value_inside_braces_can_be_changed() -> None:
    assert set_values(document("{a: 1, b: 2}\n"), {"a": 3}) == document("{a: 3, b: 2}\n")


def test_another_body_leaves_the_front_matter_alone() -> None:
    text = document("a: 1\n", body="old")
    assert with_body(text, len(text) - 3, "new") == document("a: 1\n", body="new")
