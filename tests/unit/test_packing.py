"""Terms as bytes."""

from __future__ import annotations

import pytest

from sync.search.packing import WIDTH, length, pack, pack_term, places, split

A, B, C = pack_term("a"), pack_term("b"), pack_term("c")


def test_a_term_is_the_same_bytes_always() -> None:
    assert (len(A), A, A == B) == (WIDTH, pack_term("a"), False)


def test_terms_are_packed_in_order() -> None:
    assert (pack(["b", "a", "b"]), list(split(B + A + B)), length(B + A + B)) == (B + A + B, [B, A, B], 3)


def test_nothing_is_packed_as_nothing() -> None:
    assert (pack([]), length(b""), list(split(b"")), places(b"", A)) == (b"", 0, [], [])


@pytest.mark.parametrize(
    ("run", "expected"), [(A, [0, 2, 3]), (A + B, [0]), (A + A, [2]), (B + A + A, [1]), (C, []), (A + C, [])]
)
def test_a_run_is_found_wherever_it_begins(run: bytes, expected: list[int]) -> None:
    assert places(A + B + A + A, run) == expected


def test_bytes_of_two_neighbours_are_no_term() -> None:
    assert places(b"xabcyy", b"abc") == []


def test_half_a_surrogate_pair_is_packed() -> None:
    assert len(pack_term("\ud800")) == WIDTH
