"""A large file in pieces is the file, and an edit of it changes few of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.engine import pieces
from sync.engine.pieces import SMALL, cut, joined

# Lines of which many end a piece; the limit is lowered, so that small files are cut as large ones are.
LINES = st.lists(st.one_of(st.sampled_from([b"", b"  }", b"  {", b"\r"]), st.binary(max_size=40)), max_size=400)


def put_together(parts: list[bytes]) -> bytes:
    """A file from pieces as they lie in Git: by path and id."""
    blobs = {(f"name/{number:06}" if len(parts) > 1 else "name"): str(number) for number in range(len(parts))}
    contents = {str(number): part for number, part in enumerate(parts)}
    shuffled = dict(random.Random(1).sample(list(blobs.items()), len(blobs)))
    return joined(shuffled, contents).get("name", b"")


def text_of(count: int, seed: int = 1) -> bytes:
    """JSON as a store has it, so many lines."""
    letters = random.Random(seed)
    return b"".join(b'    "text": "%032x %d",\n' % (letters.getrandbits(128), number) for number in range(count))


@given(LINES)
def test_pieces_joined_are_the_file(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "SMALL", 0)
        assert put_together(cut(data)) == data


@pytest.mark.parametrize("size", [0, 1, SMALL])
def test_a_small_file_is_one_piece(size: int) -> None:
    assert cut(b"x" * size) == [b"x" * size]


@pytest.mark.parametrize("data", [text_of(20_000), b"x" * (SMALL + 1), b"\n" * (SMALL + 1), b"\r\n" * SMALL])
def test_a_large_file_joined_is_the_file(data: bytes) -> None:
    assert put_together(cut(data)) == data


@pytest.mark.parametrize("data", [text_of(40_000), b"\n" * 2_000_000, b"  },\n" * 400_000])
def test_there_are_never_more_pieces_than_a_tree_can_well_hold(data: bytes) -> None:
    assert len(cut(data)) <= len(data) // pieces.SMALLEST + 1


@given(st.integers(0, 39_999), st.sampled_from([b"", b'    "text": "changed",\n', b"\n\n\n", b"x" * 5_000 + b"\n"]))
def test_an_edit_changes_few_pieces(line: int, new: bytes) -> None:
    lines = FILE.splitlines(keepends=True)
    before, after = cut(FILE), cut(b"".join([*lines[:line], new, *lines[line + 1 :]]))
    assert len(before) > 50
    assert len(set(after) - set(before)) <= 4


def test_a_file_of_several_names_is_told_from_its_neighbours() -> None:
    blobs = {"a": "1", "b/000000": "2", "b/000001": "3"}
    assert joined(blobs, {"1": b"a", "2": b"b", "3": b"c"}) == {"a": b"a", "b": b"bc"}


FILE = text_of(40_000)
