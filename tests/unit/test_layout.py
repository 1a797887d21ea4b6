"""Replacing one memory's bytes in a file of many."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import pytest

from sync.engine.layout import (
    Layout,
    Part,
    difference,
    from_state,
    is_same_content,
    replace_parts,
    to_state,
    whole_file,
)
from sync.repository.files import Span

A, B, C, D = b"1\ta.md", b"1\tb.md", b"1\tc.md", b"1\td.md"
B2 = b"2\tb.md"
PARTS = {
    A: Part(id="a", chunk=b"AAA"),
    B: Part(id="b", chunk=b"B"),
    B2: Part(id="b", chunk=b"bbbbb"),
    C: Part(note={"skipped": "an index"}),
    D: Part(id="d", chunk=b"DD"),
}


def bytes_of(pieces: Sequence[bytes | Span]) -> bytes:
    return b"".join(
        os.pread(piece.handle, piece.end - piece.start, piece.start) if isinstance(piece, Span) else piece
        for piece in pieces
    )


def made(*lines: bytes) -> tuple[Layout, bytes]:
    layout, pieces = whole_file(lines, {line: PARTS[line] for line in lines})
    return layout, bytes_of(pieces)


def test_a_file_has_an_opening_separators_and_a_closing() -> None:
    assert made(A, B, C, D)[1] == b"[\nAAA,\nB,\nDD\n]\n"


@pytest.mark.parametrize("lines", [(), (C,)], ids=["no-lines", "no-memories"])
def test_a_file_without_memories_is_an_empty_list(lines: tuple[bytes, ...]) -> None:
    assert made(*lines)[1] == b"[]\n"


def test_a_layout_knows_the_length_of_each_memory_and_its_separator() -> None:
    layout, _ = made(A, C, D)
    assert (layout.ids, list(layout.lengths)) == (["a", "", "d"], [5, 0, 4])


def test_a_layout_keeps_why_a_file_is_no_entry() -> None:
    assert made(A, C)[0].notes == {"c.md": {"skipped": "an index"}}


def test_lines_that_came_and_lines_that_went_are_told_apart() -> None:
    assert difference(made(A, B)[0], [A, B2, D]) == ({B2, D}, {B})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((A, B, D), (A, B, D), id="nothing"),
        pytest.param((A, B, D), (A, B2, D), id="one-changed"),
        pytest.param((A, B), (A, B2), id="the-last-changed"),
        pytest.param((B, D), (B2, D), id="the-first-changed"),
        pytest.param((A, D), (A, B, D), id="one-added"),
        pytest.param((A, B), (A, B, D), id="added-at-the-end"),
        pytest.param((B, D), (A, B, D), id="added-at-the-start"),
        pytest.param((A, B, D), (A, D), id="one-removed"),
        pytest.param((A, B, D), (A, B), id="the-last-removed"),
        pytest.param((A, B, D), (B, D), id="the-first-removed"),
        pytest.param((A, B, D), (), id="all-removed"),
        pytest.param((), (A, B, D), id="all-added"),
        pytest.param((A, C), (A,), id="a-note-removed"),
        pytest.param((A, C), (C,), id="only-a-note-is-left"),
        pytest.param((C,), (C, D), id="the-first-memory"),
        pytest.param((A, B, C), (A, C), id="the-last-memory-removed-before-a-note"),
        pytest.param((A, C), (A, C, D), id="added-behind-a-note"),
    ],
)
def test_replacing_parts_gives_the_file_that_would_be_made_anew(
    before: tuple[bytes, ...], after: tuple[bytes, ...], tmp_path: Path
) -> None:
    old, content = made(*before)
    new, gone = difference(old, after)
    (tmp_path / "present").write_bytes(content)
    with (tmp_path / "present").open("rb") as present:
        fresh = {line: PARTS[line] for line in new}
        layout, pieces = replace_parts(old, after, fresh, gone, present.fileno())
        assert (layout, bytes_of(pieces)) == made(*after)


def test_what_did_not_change_is_not_read() -> None:
    old, _ = made(A, B, D)
    _, pieces = replace_parts(old, (A, B2, D), {B2: PARTS[B2]}, {B}, 7)
    assert pieces == [b"[\n", Span(7, 2, 7), b"bbbbb", b",\n", Span(7, 10, 12), b"\n]\n"]


@pytest.mark.parametrize(
    ("chunk", "same"),
    [
        pytest.param(b"B", True, id="the-same-bytes"),
        pytest.param(b"X", False, id="other-bytes"),
        pytest.param(b"BB", False, id="longer"),
        pytest.param(b"", False, id="none-any-more"),
    ],
)
def test_a_new_line_may_give_the_same_memory(chunk: bytes, same: bool) -> None:
    old, content = made(A, B, D)
    fresh = {B2: Part(id="b", chunk=chunk)}
    assert is_same_content(old, fresh, {B}, lambda start, end: content[start:end]) is same


@pytest.mark.parametrize(
    ("fresh", "gone", "same"),
    [
        pytest.param({}, {C}, True, id="a-note-went"),
        pytest.param({b"2\tc.md": Part(note={"skipped": "else"})}, {C}, True, id="a-note-changed"),
        pytest.param({b"1\te.md": Part(id="e", chunk=b"E")}, set(), False, id="a-memory-came"),
        pytest.param({}, {A}, False, id="a-memory-went"),
        pytest.param({b"1\te.md": Part(id="a", chunk=b"AAA")}, {A}, False, id="a-memory-moved"),
        pytest.param({b"2\td.md": Part(id="d", chunk=b"DD")}, {D}, True, id="the-last-one-stayed"),
    ],
)
def test_memories_that_came_or_went_are_not_the_same(fresh: dict[bytes, Part], gone: set[bytes], same: bool) -> None:
    old, content = made(A, B, C, D)
    assert is_same_content(old, fresh, gone, lambda start, end: content[start:end]) is same


def test_a_layout_is_remembered_with_its_facts() -> None:
    layout, _ = made(A, C, D)
    found = from_state(to_state(layout, {"fingerprint": "f"}))
    assert found is not None
    read = Layout(lines=[A, C, D], ids=["a", "", "d"], lengths=layout.lengths, notes=layout.notes)
    assert (found[0], found[1]["fingerprint"]) == (read, "f")


def test_an_empty_layout_is_remembered() -> None:
    found = from_state(to_state(made()[0], {}))
    assert found is not None
    assert found[0] == Layout(lines=[], ids=[], lengths=array("Q"), notes={})


def test_a_path_that_is_no_utf_8_is_remembered() -> None:
    line = b"1\t\xff.md"
    layout, _ = whole_file([line], {line: Part(id="\udcff", chunk=b"x")})
    found = from_state(to_state(layout, {}))
    assert found is not None
    assert (list(found[0].lines), list(found[0].ids)) == ([line], ["\udcff"])


BODY = to_state(made(A, D)[0], {})[8:]
"""A state behind its check sum."""


def sealed(body: bytes) -> bytes:
    """A state with the check sum that belongs to it."""
    return b"%08x" % crc32(body) + body


def test_a_state_starts_with_its_check_sum() -> None:
    assert to_state(made(A, D)[0], {}) == sealed(BODY)


@pytest.mark.parametrize("position", [0, 7, 8, 30, len(BODY), len(BODY) + 7])
def test_a_state_with_one_bit_turned_is_none(position: int) -> None:
    data = bytearray(sealed(BODY))
    data[position] ^= 1
    assert from_state(bytes(data)) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json\n", id="not-json"),
        pytest.param(b"[]\n", id="a-list"),
        pytest.param(b"{}\n", id="no-format"),
        pytest.param(BODY.replace(b'"format": 1', b'"format": 0'), id="another-version"),
        pytest.param(BODY[:-8], id="a-length-is-missing"),
        pytest.param(BODY[:-1], id="half-a-length"),
        pytest.param(BODY + b"\0" * 8, id="a-length-too-many"),
        pytest.param(BODY.replace(b'"count": 2', b'"count": 3'), id="another-count"),
        pytest.param(BODY.replace(b'"notes": {}', b'"old": {}'), id="no-notes"),
        pytest.param(BODY.replace(b'"lines": ', b'"lines": "x", "old": '), id="a-length-that-is-text"),
        pytest.param(b"\xff\n", id="not-utf-8"),
    ],
)
def test_a_state_of_another_form_is_none(body: bytes) -> None:
    assert from_state(sealed(body)) is None
