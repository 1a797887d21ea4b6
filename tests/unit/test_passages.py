"""Cutting entries into passages."""

from __future__ import annotations

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.templates import ENGLISH, FRENCH
from sync.search.passages import CODE_LINES, PROSE_LINES, Kind, Passage, passages_of


def entry_of(text: str, path: str = "a.md") -> Entry:
    entry = parse_entry(path, text)
    assert isinstance(entry, Entry), entry
    return entry


def cut(text: str) -> list[tuple[str, str, int, int]]:
    """Kind, innermost heading, first and last line."""
    return [
        (one.kind.value, one.headings[-1] if one.headings else "", one.first_line, one.last_line)
        for one in passages_of(entry_of(text))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("---\ntitle: T\n---\n\n# T\n\nIntro.\n\n## A\n\ntext\n",
                     [("text", "T", 7, 7), ("text", "A", 11, 11)], id="paragraphs-under-headings"),
        pytest.param("Before.\n\n# A\ntext\n", [("text", "", 1, 1), ("text", "A", 4, 4)], id="before-a-heading"),
        pytest.param("- a\n- b\n* c\n+ d\n", [("item", "", n, n) for n in (1, 2, 3, 4)], id="items"),
        pytest.param("1. a\n2) b\n", [("item", "", 1, 1), ("item", "", 2, 2)], id="numbered-items"),
        pytest.param("- a\n  more\nlazy\n- b\n", [("item", "", 1, 3), ("item", "", 4, 4)], id="items-of-lines"),
        pytest.param("- a\n  - b\n", [("item", "", 1, 1), ("item", "", 2, 2)], id="nested-items"),
        pytest.param("one\ntwo\n\nthree\n", [("text", "", 1, 2), ("text", "", 4, 4)], id="paragraphs"),
        pytest.param("text\n- a\n", [("text", "", 1, 1), ("item", "", 2, 2)], id="an-item-ends-a-paragraph"),
        pytest.param("# A\n```\n# not\n\nx\n```\n# B\ntext", [("code", "A", 2, 6), ("text", "B", 8, 8)], id="code"),
        pytest.param("````\n```\n# not\n````\nx", [("code", "", 1, 4), ("text", "", 5, 5)], id="longer-fence"),
        pytest.param("~~~\n```\n# not\n~~~\nx", [("code", "", 1, 4), ("text", "", 5, 5)], id="other-fence"),
        pytest.param("# A\n```\nx\n# not\n", [("code", "A", 2, 5)], id="unclosed-fence"),
        pytest.param("# A\r\ntext\r\n\r\n# B\r\ntext\r\n", [("text", "A", 2, 2), ("text", "B", 5, 5)], id="crlf"),
        pytest.param("\ufeff# A\rtext\r# B\rtext\r", [("text", "A", 2, 2), ("text", "B", 4, 4)], id="bom-and-cr"),
        pytest.param("a\u2028b\x0bc\n\nd\n", [("text", "", 1, 1), ("text", "", 3, 3)], id="other-line-separators"),
        pytest.param("Title\n=====\n\nPart\n----\ntext\n", [("text", "Part", 6, 6)], id="underlined-headings"),
        pytest.param("text\n\n---\n\nmore\n", [("text", "", 1, 1), ("text", "", 5, 5)], id="a-rule-says-nothing"),
        pytest.param("# A\n\n## B\n\n# C\n", [("heading", "B", 3, 3), ("heading", "C", 5, 5)], id="headings-alone"),
        pytest.param("# A\n\n# B\ntext\n", [("heading", "A", 1, 1), ("text", "B", 4, 4)], id="a-heading-without-text"),
        pytest.param("#tag\ntext\n", [("text", "", 1, 2)], id="no-heading-without-a-blank"),
        pytest.param("| a | b |\n|---|---|\n| 1 | 2 |\n", [("text", "", 1, 3)], id="table"),
    ],
)  # fmt: skip
def test_an_entry_is_cut_into_items_paragraphs_and_code(text: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert cut(text) == expected


def test_a_passage_stands_under_all_the_headings_above_it() -> None:
    found = passages_of(entry_of("# A\n\n## B\n\n### C\n\none\n\n## D\n\ntwo\n"))
    assert [one.headings for one in found] == [("A", "B", "C"), ("A", "D")]


@pytest.mark.parametrize("template", [FRENCH, ENGLISH])
def test_a_template_that_nobody_filled_in_has_its_title_alone(template: str) -> None:
    found = passages_of(entry_of(f"---\ntitle: T\n---\n\n{template}"))
    assert [(one.kind, one.text) for one in found] == [(Kind.TITLE, "T")]


def test_an_entry_without_a_body_can_be_found_by_its_title() -> None:
    entry = entry_of("---\ntitle: Encoding\n---\n")
    assert passages_of(entry) == [Passage(kind=Kind.TITLE, headings=(), text="Encoding", first_line=1, last_line=1)]


@pytest.mark.parametrize(("mark", "longest"), [("", PROSE_LINES), ("```\n", CODE_LINES)])
def test_what_is_long_is_cut_into_pieces(mark: str, longest: int) -> None:
    found = passages_of(entry_of(mark + "\n".join(f"line {n}" for n in range(100))))
    assert max(one.last_line - one.first_line + 1 for one in found) == longest
    assert [line for one in found for line in one.text.split("\n")] == (
        mark + "\n".join(f"line {n}" for n in range(100))
    ).split("\n")


def test_a_line_of_thousands_of_characters_is_one_passage() -> None:
    assert cut("## Long\n\n" + "word " * 1_000) == [("text", "Long", 3, 3)]


@pytest.mark.parametrize(
    ("line", "heading"),
    [("# A", "A"), ("## A ##", "A"), ("# A#", "A#"), ("# A \\#", "A \\#"), ("#", ""), ("# #", ""), ("#\tA\t", "A")],
)
def test_a_heading_says_what_stands_between_its_hashes(line: str, heading: str) -> None:
    assert [one.headings for one in passages_of(entry_of(f"{line}\n\ntext\n"))] == [(heading,)]


def test_a_heading_of_many_blanks_is_read_at_once() -> None:
    (found,) = passages_of(entry_of("# a" + " " * 200_000 + "b\n\ntext\n"))
    assert len(found.headings[0]) == 200_002
