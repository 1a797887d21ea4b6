"""What has been imported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.errors import UsageError
from sync.stores.ledger import Imported, load_ledger, render_ledger

ROW = Imported(hash="a1", store="augment", file="x.json", id="7", entry="2025-04-05-x.md")
LINE = '{"hash": "a1", "store": "augment", "file": "x.json", "id": "7", "entry": "2025-04-05-x.md"}\n'


def test_a_memory_is_one_line() -> None:
    assert render_ledger([ROW]).decode() == LINE


def test_lines_are_sorted_by_hash() -> None:
    later = replace(ROW, hash="b2")
    assert load_ledger(render_ledger([later, ROW]), "x") == [ROW, later]


def test_the_same_memory_is_one_line() -> None:
    assert render_ledger([ROW, ROW]).decode() == LINE


def test_an_empty_ledger_has_no_lines() -> None:
    assert (render_ledger([]), load_ledger(b"", "x")) == (b"", [])


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\nb", "été", "\ud800", '"', "\\", "\x00", ""], ids=ascii)
def test_an_id_may_be_any_text(text: str) -> None:
    row = replace(ROW, id=text)
    assert load_ledger(render_ledger([row]), "x") == [row]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(f"{LINE}{LINE}", id="twice"),
        pytest.param(LINE.rstrip("\n"), id="no-final-line-end"),
        pytest.param(LINE.replace("\n", "\r\n"), id="crlf"),
        pytest.param(f"\n{LINE}\n", id="blank-lines"),
        pytest.param(LINE.replace('"7"', "7"), id="an-id-that-became-a-number"),
        pytest.param(LINE.replace("}", ', "more": 1}'), id="a-key-of-a-later-version"),
    ],
)
def test_a_ledger_that_was_touched_harmlessly_is_read(data: str) -> None:
    assert set(load_ledger(data.encode(), "x")) == {ROW}


@pytest.mark.parametrize(
    "line", ["<<<<<<< HEAD", "{}", "[]", "null", '"a"', '{"hash": "a1"}', "{", "\xff"], ids=lambda line: str(line)[:8]
)
def test_a_damaged_line_stops_the_import_and_is_named(line: str) -> None:
    with pytest.raises(UsageError, match=r"^journal/imported/e\.jsonl:2:1: not a line of the import ledger$"):
        load_ledger(LINE.encode() + line.encode("latin-1") + b"\n", "journal/imported/e.jsonl")


def test_blank_lines_count_when_a_damaged_line_is_named() -> None:
    with pytest.raises(UsageError, match=r"^x:3:1: "):
        load_ledger(b"\n\n{\n", "x")


def test_a_damaged_ledger_can_be_restored_from_git() -> None:
    with pytest.raises(UsageError) as caught:
        load_ledger(b"{", "journal/imported/e.jsonl")
    assert caught.value.hint == "restore it from Git: git checkout -- journal/imported/e.jsonl"
