"""What the first lines of a body tell where there is no front matter."""

from __future__ import annotations

import pytest

from sync.document.headers import Head, read_head


@pytest.mark.parametrize(
    ("body", "title"),
    [
        pytest.param("# A title\n\ntext\n", "A title", id="atx"),
        pytest.param("\n\n   ### A title\n", "A title", id="indented-third-level"),
        pytest.param("# A title ##\n", "A title", id="closed"),
        pytest.param("# C#\n", "C#", id="sharp-that-belongs-to-the-word"),
        pytest.param("# A title\r\n\r\ntext\r\n", "A title", id="crlf"),
        pytest.param("#\tA title\n", "A title", id="tab"),
        pytest.param("A title\n=====\n", "A title", id="setext"),
        pytest.param("A title\r\n==\r\n", "A title", id="setext-crlf"),
        pytest.param("text\n\n# A title\n## Another\n", "A title", id="behind-text"),
        pytest.param("# \n#\n## A title\n", "A title", id="empty-headings-do-not-count"),
        pytest.param("```\n# not a title\n```\n# A title\n", "A title", id="behind-a-fence"),
        pytest.param("~~~~ py\n# not\n~~~\n# not\n~~~~\n# A title\n", "A title", id="behind-a-longer-fence"),
        pytest.param("```\n# not a title\n", "", id="in-a-fence-that-is-never-closed"),
        pytest.param("#tag and text\n", "", id="no-blank-behind-the-sign"),
        pytest.param("####### seven\n", "", id="seven-signs"),
        pytest.param("    # code\n", "", id="indented-code"),
        pytest.param("- item\n===\n", "", id="a-list-item-is-no-setext-heading"),
        pytest.param("Setext first\n===\n# Atx\n", "Setext first", id="the-first-of-both-kinds"),
        pytest.param("text\n", "", id="none"),
        pytest.param("", "", id="empty"),
        pytest.param("x" * 5_000 + "\n# Too far down\n", "", id="only-the-top-is-read"),
    ],
)
def test_the_title_is_the_first_heading_outside_of_fences(body: str, title: str) -> None:
    assert read_head(body).title == title


@pytest.mark.parametrize(
    ("body", "date"),
    [
        pytest.param("**Date**: 2025-04-08\n", "2025-04-08", id="colon-outside"),
        pytest.param("**Date:** 08/04/2025  \n", "08/04/2025", id="colon-inside"),
        pytest.param("# T\r\n\r\n**date** : 2025-04-08\r\n", "2025-04-08", id="french-colon"),
        pytest.param("**Date**: first\n**Date**: second\n", "first", id="the-first-counts"),
        pytest.param("text **Date**: 2025\n", "", id="inside-a-line"),
        pytest.param("```\n**Date**: 2025\n```\n", "", id="in-a-fence"),
        pytest.param("Date: 2025-04-08\n", "", id="not-bold"),
    ],
)
def test_a_date_line_is_read(body: str, date: str) -> None:
    assert read_head(body).date == date


@pytest.mark.parametrize(
    ("body", "tags"),
    [
        pytest.param("**Tags**: #a #b-c\n", ("a", "b-c"), id="hashes"),
        pytest.param("**Tags:** #a, #b,#c\n", ("a", "b", "c"), id="hashes-and-commas"),
        pytest.param("**Tags**: one two, three\n", ("one two", "three"), id="commas"),
        pytest.param("**Tags**: #a #a # b\n", ("a", "b"), id="each-once"),
        pytest.param("**Tags**:\n", (), id="empty"),
        pytest.param("**Tags**:\nnext line\n", (), id="the-next-line-is-not-a-tag"),
    ],
)
def test_a_tags_line_is_read(body: str, tags: tuple[str, ...]) -> None:
    assert read_head(body).tags == tags


def test_all_three_are_read_together() -> None:
    body = "# T\n\n**Date**: 2025-04-08\n**Tags**: #a\n\ntext\n"
    assert read_head(body) == Head(title="T", date="2025-04-08", tags=("a",))
