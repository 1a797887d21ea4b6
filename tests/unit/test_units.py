"""The units a body is made of."""

from __future__ import annotations

import pytest

from sync.document.units import Kind, heading_text, render_item, replace_units, split_units


def texts_of(body: str) -> list[str]:
    return [unit.text for unit in split_units(body)]


def replaced(body: str, *wanted: str, hidden: tuple[int, ...] = ()) -> str:
    return replace_units(body, split_units(body), wanted, "\n", hidden)


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("\n \n\t\n", [], id="blanks"),
        pytest.param("# A\ntext\nmore\n\nother", ["# A", "text\nmore", "other"], id="paragraphs"),
        pytest.param("- a\n* b\n+ c", ["a", "b", "c"], id="each-item-is-a-unit"),
        pytest.param(
            "- a\n  more\n\n  - nested\n\n- b", ["a\nmore\n\n- nested", "b"], id="what-is-indented-belongs-to-it"
        ),
        pytest.param("- a\nnot indented", ["a", "not indented"], id="what-is-not-indented-does-not"),
        pytest.param("Facts:\n- a", ["Facts:", "a"], id="a-list-ends-a-paragraph"),
        pytest.param("```py\n- x\n\n# y\n```\nz", ["```py\n- x\n\n# y\n```", "z"], id="fence"),
        pytest.param("````\n```\n````", ["````\n```\n````"], id="a-longer-fence"),
        pytest.param("~~~\nto the end", ["~~~\nto the end"], id="a-fence-that-is-never-closed"),
        pytest.param("```not a fence``` at all\n- a", ["```not a fence``` at all", "a"], id="inline-code"),
        pytest.param("-no item\n---\n1. one", ["-no item\n---\n1. one"], id="no-items"),
        pytest.param("a\r\nb\r\n\r\n- c\r\n  d", ["a\nb", "c\nd"], id="crlf"),
        pytest.param("- a\n  \n", ["a\n"], id="indented-blanks-belong-to-the-item"),
    ],
)
def test_a_body_is_cut_into_units(body: str, texts: list[str]) -> None:
    assert texts_of(body) == texts


def test_a_unit_knows_its_kind() -> None:
    assert [unit.kind for unit in split_units("# a\nb\n- c\n```\n```")] == [
        Kind.HEADING,
        Kind.TEXT,
        Kind.ITEM,
        Kind.FENCE,
    ]


def test_a_unit_knows_its_span() -> None:
    body = "\n# a\r\n\r\n- b\n  c\n"
    assert [body[unit.start : unit.end] for unit in split_units(body)] == ["# a", "- b\n  c"]


@pytest.mark.parametrize(("body", "text"), [("# A  title ##", "A title"), ("###### a", "a"), ("#", ""), ("a", "")])
def test_a_heading_says_its_words(body: str, text: str) -> None:
    assert heading_text(split_units(body)[0]) == text


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "a", " a ", "a\nb", "a\n\nb", "a\n", "\n\n", "- a", "# a", "---", "```\ncode\n\n```", "a\n   \n"]
)
def test_a_text_survives_being_an_item(text: str) -> None:
    assert texts_of(f"{render_item(text)}\n\nnext\n") == [text, "next"]


@pytest.mark.parametrize(
    ("body", "wanted", "after"),
    [
        pytest.param("- a\n- b\n", ["a", "c", "b"], "- a\n- c\n- b\n", id="a-new-one-stands-behind-its-predecessor"),
        pytest.param("- a\n- b\n", ["c", "a", "b"], "- c\n- a\n- b\n", id="or-first"),
        pytest.param("* a\n* b", ["a", "b", "c"], "* a\n* b\n- c", id="the-final-line-end-is-kept"),
        pytest.param("a\n\n- b\n\nc\n", ["a", "c"], "a\n\nc\n", id="removed-with-the-blank-line-behind-it"),
        pytest.param("a\n- b\nc\n", ["a", "c"], "a\n\nc\n", id="paragraphs-are-kept-apart"),
        pytest.param("- a\n\n- b\n\n- c\n", ["a", "B", "c"], "- a\n\n- B\n\n- c\n", id="replaced-in-its-place"),
        pytest.param("a\n\nb\n", ["a", "x", "b"], "a\n\n- x\n\nb\n", id="blank-lines-around-an-item-in-prose"),
        pytest.param("\n- a\n\n", [], "\n\n\n", id="nothing-left"),
        pytest.param("", ["a", "b"], "- a\n- b\n", id="nothing-there"),
        pytest.param("```\nx", ["```\nx", "a"], "- ```\n  x\n- a", id="an-open-fence-becomes-an-item"),
    ],
)
def test_units_are_replaced(body: str, wanted: list[str], after: str) -> None:
    assert replaced(body, *wanted) == after


def test_hidden_units_stay() -> None:
    assert replaced("# T\n\n- a\n", "b", hidden=(0,)) == "# T\n\n- b\n"


def test_new_lines_end_as_the_caller_says() -> None:
    body = "- a\r\n"
    assert replace_units(body, split_units(body), ["a", "b\nc"], "\r\n") == "- a\r\n- b\r\n  c\r\n"
