"""The table of merge rules, for everything but front matter: lines, bodies, and what a text has as a whole."""

from __future__ import annotations

import pytest

from sync.merge.body import merge_body, split_sections
from sync.merge.decision import Action, Clash, Piece, is_clean, taking, with_markers
from sync.merge.entry import merge_entry, merge_texts
from sync.merge.lines import merge_lines, merge_markdown, split_lines

CLASH = "a person decides"


def lines(text: str) -> str:
    """One line a letter; `.` is an empty line."""
    return "".join("\n" if letter == "." else f"{letter}\n" for letter in text)


def merge(base: str, ours: str, theirs: str) -> str:
    """The merged body, or CLASH; the same from both sides."""
    found = merge_body(base, ours, theirs)
    exchanged = merge_body(base, theirs, ours)
    assert (is_clean(found), taking(found, "base")) == (is_clean(exchanged), taking(exchanged, "base"))
    return taking(found, "ours") if is_clean(found) else CLASH


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("abcde", "xbcde", "abcdy", "xbcdy", id="apart"),
        pytest.param("abc", "xbc", "aby", "xby", id="one-line-between"),
        pytest.param("ab", "xb", "ay", None, id="neighbouring-lines"),
        pytest.param("abc", "axc", "ayc", None, id="one-line"),
        pytest.param("abc", "axc", "axc", "axc", id="the-same-change"),
        pytest.param("abc", "axbc", "aybc", None, id="two-insertions-in-one-place"),
        pytest.param("abc", "ac", "axc", None, id="removed-and-changed"),
        pytest.param("abcd", "acd", "abc", "ac", id="two-removals"),
        pytest.param("abc", "abcx", "xabc", "xabcx", id="both-ends"),
        pytest.param("", "a", "b", None, id="from-nothing"),
    ],
)
def test_lines_merge_unless_edits_overlap_touch_or_stand_in_one_place(
    base: str, ours: str, theirs: str, merged: str | None
) -> None:
    found = merge_lines(lines(base), lines(ours), lines(theirs))
    assert (taking(found, "ours") if is_clean(found) else None) == (merged if merged is None else lines(merged))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("ab", "a.b", "ay", "a.y", id="one-added-above-a-change"),
        pytest.param("a.b", "ab", "a.y", "ay", id="one-removed-above-a-change"),
        pytest.param("a..b", "a.b", "a..yb", "a.yb", id="one-of-two-removed"),
        pytest.param("a.b", "ab", "a.y.b", None, id="removed-where-a-paragraph-was-added"),
        pytest.param("a.b", "ab", "ay.b", None, id="removed-below-a-line-that-was-added"),
        pytest.param("a.#", "a#", "a.#x", "a#x", id="removed-above-a-heading"),
        pytest.param("a", "a.", "b", "b.", id="added-at-the-end"),
    ],
)
def test_empty_lines_merge_by_themselves_unless_that_joins_what_was_added_to_its_neighbour(
    base: str, ours: str, theirs: str, merged: str | None
) -> None:
    assert merge(lines(base), lines(ours), lines(theirs)) == (CLASH if merged is None else lines(merged))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("a \nb\n", "a\nb\n", "a \ny\n", "a\ny\n", id="taken-away-beside-a-change"),
        pytest.param("a\nb\n", "a\t\nb\n", "a\ny\n", "a\t\ny\n", id="added-beside-a-change"),
        pytest.param("a\n", "a  \n", "b\n", CLASH, id="a-line-break-is-no-blank"),
        pytest.param("a   \nb\n", "a  \nb\n", "a   \ny\n", "a  \ny\n", id="a-line-break-with-more-blanks"),
        pytest.param("a \nb\nc\n", "a\nb\nx\n", "a \nb\ny\n", CLASH, id="a-real-clash-remains"),
    ],
)
def test_blanks_at_the_end_of_a_line_merge_by_themselves(base: str, ours: str, theirs: str, merged: str) -> None:
    assert merge(base, ours, theirs) == merged


def test_a_clash_holds_the_lines_that_both_changed_and_no_others() -> None:
    pieces = merge_markdown(lines("abcde"), lines("abxde"), lines("abyde"))
    assert pieces == [lines("ab"), Clash(lines("c"), lines("x"), lines("y")), lines("de")]


@pytest.mark.parametrize("text", ["", "a", "a\n", "\n", "a\r\nb\rc\n", "a\x0bb\x85c\u2028d\n"])
def test_only_a_line_feed_ends_a_line(text: str) -> None:
    assert split_lines(text) == [part for part in text.replace("\n", "\n\0").split("\0") if part]


def test_markers_are_those_of_git_with_the_base_between_them() -> None:
    pieces: list[Piece] = ["a\n", Clash("b\n", "x\n", "y")]
    assert with_markers(pieces, ("o", "b", ""), 7) == "a\n<<<<<<< o\nx\n||||||| b\nb\n=======\ny\n>>>>>>>\n"


# --- sections ---------------------------------------------------------------------------------------------------------


def body(*sections: str) -> str:
    """A body of sections such as `A one two`: heading, then a line a word."""
    return "".join(f"## {one.split()[0]}\n" + "".join(f"{word}\n" for word in one.split()[1:]) for one in sections)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param(("A a", "B b"), ("A x", "B b"), ("A a", "B y"), ("A x", "B y"), id="each-its-own"),
        pytest.param(("A a", "B b"), ("A x", "B b"), ("A a",), ("A x",), id="removed-below-a-change"),
        pytest.param(
            ("A a", "B b", "C c"),
            ("B b", "A a", "C c"),
            ("A a", "B y", "C c"),
            ("B y", "A a", "C c"),
            id="moved-and-changed",
        ),
        pytest.param(("A a",), ("A x",), ("A a", "B b"), ("A x", "B b"), id="added-below-a-change"),
        pytest.param(("A a", "B b"), ("A a",), ("A a", "B y"), None, id="removed-and-changed"),
        pytest.param(("A a",), ("A a", "X x"), ("A a", "Y y"), None, id="two-sections-added-in-one-place"),
        pytest.param(("A a b c",), ("A x b c",), ("A a b y",), ("A x b y",), id="one-section-line-by-line"),
        pytest.param(("A a", "B b"), ("A a", "C b"), ("A a", "B y"), None, id="renamed-and-changed"),
        pytest.param(("A a", "B b", "C c"), ("B b", "A a", "C c"), ("A a", "C c", "B b"), None, id="two-orders"),
    ],
)
def test_a_section_that_one_side_changed_is_taken_whatever_the_other_did_elsewhere(
    base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...], merged: tuple[str, ...] | None
) -> None:
    assert merge(body(*base), body(*ours), body(*theirs)) == (CLASH if merged is None else body(*merged))


def test_headings_that_do_not_tell_sections_apart_leave_the_clashes_of_the_lines() -> None:
    found = merge_body(body("A a", "A b"), body("A x", "A b"), body("A y", "A b", "B c"))
    assert [one for one in found if isinstance(one, Clash)] == [Clash("a\n", "x\n", "y\n")]
    assert taking(found, "theirs") == body("A y", "A b", "B c")


def test_a_clash_over_a_removed_section_stands_where_the_section_stood() -> None:
    found = merge_body(body("A a", "B b", "C c"), body("A a", "C x"), body("A a", "B y", "C c"))
    assert [one for one in found if isinstance(one, Clash)] == [Clash(body("B b"), "", body("B y"))]
    assert taking(found, "theirs") == body("A a", "B y", "C x")


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        pytest.param("a\n# b\nc\n### d ##\n## e", ["# b", "### d", "## e"], id="levels"),
        pytest.param("```\n# no\n```\n# yes\n", ["# yes"], id="in-a-fence"),
        pytest.param("~~~ x\n# no\n```\n# no\n~~~~\n# yes\n", ["# yes"], id="in-a-fence-of-tildes"),
        pytest.param("```a``` b\n# yes\n", ["# yes"], id="code-in-a-line-is-no-fence"),
        pytest.param("```\n# no\n``` x\n# no\n", [], id="a-fence-closes-without-words"),
        pytest.param("# yes\n ", ["# yes"], id="a-line-of-one-blank"),
        pytest.param("    # no\n#no\n####### no\n   # yes\n#\n", ["# yes", "# "], id="what-is-no-heading"),
    ],
)
def test_sections_begin_at_headings_outside_of_code(text: str, headings: list[str]) -> None:
    assert [key[-1] for key in split_sections(text) or {} if key] == headings


def test_sections_joined_are_the_body() -> None:
    text = "a\n# b\n\nc\n## d\n```\n# e\n```\n# f\n"
    assert "".join((split_sections(text) or {}).values()) == text


# --- the text as a whole ----------------------------------------------------------------------------------------------

ENTRY = "---\na: 1\nb: 1\n---\n# T\n\none\n\ntwo\n\nthree\n"
THEIRS = ENTRY.replace("three", "3")


@pytest.mark.parametrize(
    ("ours", "merged"),
    [
        pytest.param(ENTRY.replace("\n", "\r\n"), THEIRS.replace("\n", "\r\n"), id="crlf"),
        pytest.param(ENTRY.replace("\n", "\r"), THEIRS.replace("\n", "\r"), id="cr"),
        pytest.param(f"\ufeff{ENTRY}", f"\ufeff{THEIRS}", id="bom"),
        pytest.param(ENTRY.removesuffix("\n"), THEIRS.removesuffix("\n"), id="no-final-newline"),
    ],
)
def test_the_form_of_one_side_and_the_words_of_the_other_are_both_kept(ours: str, merged: str) -> None:
    assert (merge_entry(ENTRY, ours, THEIRS)[0], merge_entry(ENTRY, THEIRS, ours)[0]) == (merged, merged)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(ENTRY.replace("\n", "\r\n"), ENTRY.replace("\n", "\r"), id="two-line-ends"),
        pytest.param("x\r\n", "y\n", id="from-one-line"),
        pytest.param(f"\ufeff{ENTRY}", f" x \ufeff{ENTRY}", id="a-bom-that-is-no-bom-any-more"),
    ],
)
def test_two_forms_of_one_text_are_a_conflict(ours: str, theirs: str) -> None:
    assert merge_entry(ENTRY, ours, theirs)[0] is None


def test_without_a_base_what_both_have_is_kept_and_what_differs_is_a_conflict() -> None:
    ours, theirs = "---\na: 1\ntags: [x]\n---\nText.\n", "---\na: 1\ntags: [y]\n---\nText.\n"
    assert merge_entry(None, ours, theirs)[0] == "---\na: 1\ntags: [x, y]\n---\nText.\n"
    assert merge_entry(None, ours, theirs.replace("Text", "Other"))[0] is None


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("## A\na\n## B\nb\n", "## A\nx\n## B\nb\n", "## A\na\n", "## A\nx\n", id="none-has-one"),
        pytest.param("a\n", "---\nt: 1\n---\na\n", "b\n", "---\nt: 1\n---\nb\n", id="one-side-added-it"),
        pytest.param(
            "a\n", "---\nt: 1\n---\na\n", "---\nu: 1\n---\na\n", "---\nt: 1\nu: 1\n---\na\n", id="both-added-it"
        ),
        pytest.param("---\nt: 1\n---\na\n", "a\n", "---\nt: 1\n---\nb\n", "b\n", id="one-side-removed-it"),
        pytest.param("---\nt: 1\n---\na\n", "a\n", "---\nt: 2\n---\na\n", None, id="removed-and-changed"),
        pytest.param("---\nt: 1\n---\na\n", "---\nt: 2\n---\na\n", "---  \nt: 1\n---\na\n", None, id="fences-differ"),
        pytest.param("a\nb\nc\n", "---\na\nb\nc\n", "a\nb\n---\nc\n", None, id="two-rules-are-no-front-matter"),
    ],
)
def test_entries_with_and_without_front_matter_merge(base: str, ours: str, theirs: str, merged: str | None) -> None:
    assert (merge_entry(base, ours, theirs)[0], merge_entry(base, theirs, ours)[0]) == (merged, merged)


def test_front_matter_and_body_are_decided_apart() -> None:
    ours, theirs = ENTRY.replace("a: 1", "a: 2"), ENTRY.replace("b: 1", "b: 2").replace("one", "1")
    merged, decisions = merge_entry(ENTRY, ours, theirs)
    assert merged == ENTRY.replace("a: 1\nb: 1", "a: 2\nb: 2").replace("one", "1")
    assert [(one.path, one.action) for one in decisions] == [
        ("a", Action.OURS), ("b", Action.THEIRS), ("body", Action.THEIRS),
    ]  # fmt: skip


def test_a_conflict_in_front_matter_leaves_the_body_merged() -> None:
    ours, theirs = (
        ENTRY.replace("a: 1", "a: 2").replace("three", "3"),
        ENTRY.replace("a: 1", "a: 3").replace("one", "1"),
    )
    pieces = merge_texts(ENTRY, ours, theirs).pieces
    assert [piece for piece in pieces if isinstance(piece, Clash)] == [Clash("a: 1\n", "a: 2\n", "a: 3\n")]
    assert taking(pieces, "base").endswith("# T\n\n1\n\ntwo\n\n3\n")
