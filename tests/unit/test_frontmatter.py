"""Where front matter begins and ends."""

from __future__ import annotations

import pytest

from sync.document.frontmatter import Block, end_of_line, find_block
from sync.errors import DocumentError


def parts(text: str) -> tuple[str, str] | None:
    """(YAML, body) of a document."""
    block = find_block(text)
    return (text[block.start : block.end], text[block.body_start :]) if block else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("---\na: 1\n---\nbody\n", ("a: 1\n", "body\n"), id="lf"),
        pytest.param("---\r\na: 1\r\n---\r\nbody\r\n", ("a: 1\r\n", "body\r\n"), id="crlf"),
        pytest.param("---\ra: 1\r---\rbody\r", ("a: 1\r", "body\r"), id="cr"),
        pytest.param("---\r\na: 1\n---\nbody", ("a: 1\n", "body"), id="mixed"),
        pytest.param("\ufeff---\na: 1\n---\nbody", ("a: 1\n", "body"), id="bom"),
        pytest.param("---\na: 1\n...\nbody\n", ("a: 1\n", "body\n"), id="closed-by-dots"),
        pytest.param("--- \t\na: 1\n--- \nbody", ("a: 1\n", "body"), id="blanks-behind-the-fences"),
        pytest.param("---\n---\nbody", ("", "body"), id="empty"),
        pytest.param("---\n\n---\nbody", ("\n", "body"), id="blank-line-only"),
        pytest.param("---\na: 1\n---", ("a: 1\n", ""), id="closed-by-the-last-line"),
        pytest.param("---\na: 1\n---\n\n---\nx\n---\n", ("a: 1\n", "\n---\nx\n---\n"), id="rules-in-the-body"),
        pytest.param("---\na: |\n  ---\nb: 2\n---\n", ("a: |\n  ---\nb: 2\n", ""), id="indented-dashes"),
        pytest.param(
            "---\na: 1\n---x\n----\n---\n", ("a: 1\n---x\n----\n", ""), id="lines-that-only-start-with-dashes"
        ),
    ],
)
def test_front_matter_lies_between_two_fences(text: str, expected: tuple[str, str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty-file"),
        pytest.param("# Title\n", id="heading"),
        pytest.param("\n---\na: 1\n---\n", id="blank-line-before"),
        pytest.param(" ---\na: 1\n---\n", id="indented-fence"),
        pytest.param("----\na: 1\n---\n", id="four-dashes"),
        pytest.param("--\na: 1\n---\n", id="two-dashes"),
        pytest.param("--- # yaml\na: 1\n---\n", id="text-behind-the-fence"),
        pytest.param("---", id="a-lone-fence-without-a-line-end"),
        pytest.param("...\na: 1\n---\n", id="opened-by-dots"),
    ],
)
def test_a_document_that_does_not_start_with_a_fence_has_no_front_matter(text: str) -> None:
    assert parts(text) is None


@pytest.mark.parametrize("text", ["---\n", "---\na: 1\n", "---\na: 1\n ---\n", "---\na: 1\n---- \n", "\ufeff---\r\nx"])
def test_front_matter_that_is_never_closed_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="opened but never closed"):
        find_block(text)


@pytest.mark.parametrize("text", ["+++\ntitle = 'x'\n+++\n", "\ufeff+++ \r\n+++\r\n"])
def test_toml_front_matter_is_refused_by_name(text: str) -> None:
    with pytest.raises(DocumentError, match=r"TOML front matter \(\+\+\+\) is not supported"):
        find_block(text)


def test_the_spans_are_offsets_of_the_text() -> None:
    assert find_block("\ufeff---\na: 1\n---\nbody") == Block(start=5, end=10, body_start=14)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\nb\r\n", "\n", id="lf-first"),
        pytest.param("a\r\nb\n", "\r\n", id="crlf-first"),
        pytest.param("a\rb\n", "\r", id="cr-first"),
        pytest.param("a", "\n", id="none"),
        pytest.param("", "\n", id="empty"),
    ],
)
def test_a_document_uses_the_line_ending_of_its_first_line(text: str, expected: str) -> None:
    assert end_of_line(text) == expected
