"""Versions of a text side by side: columns where there is room, below each other where there is none."""

from __future__ import annotations

import io
import sys
from typing import Literal

import pytest

from sync.cli.diff_ import show_diff
from sync.cli.sides import blocks_of, changes_of, show_blocks, word_lines
from sync.merge.entry import merge_texts

LABELS = {"base": "base", "ours": "ours: journal", "theirs": "theirs: augment"}
BASE = "---\ntitle: A\n---\n\n# Head\n\nThe file is read twice.\n\nEnd.\n"
OURS = BASE.replace("twice", "once")
THEIRS = BASE.replace("twice", "three times")


class Terminal(io.StringIO):
    """A channel that says it is a terminal."""

    def isatty(self) -> bool:
        """As a terminal does."""
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, *, colours: bool = False) -> Terminal:
    """Let standard output be a terminal of so many columns."""
    channel = Terminal()
    monkeypatch.setattr(sys, "stdout", channel)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    if colours:
        monkeypatch.delenv("NO_COLOR")
    return channel


def drawn(
    monkeypatch: pytest.MonkeyPatch, columns: int, ours: str = OURS, theirs: str = THEIRS, *, colours: bool = False
) -> list[str]:
    """The lines that a conflict is drawn with, without the blanks at their ends."""
    channel = on_terminal(monkeypatch, columns, colours=colours)
    show_blocks(blocks_of(merge_texts(BASE, ours, theirs).pieces, ("base", "ours", "theirs")), LABELS)
    return [line.rstrip() for line in channel.getvalue().splitlines()]


def plain(lines: list[str]) -> list[str]:
    """Lines without what a terminal obeys."""
    import re

    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in lines]


def test_a_wide_terminal_has_three_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = plain(drawn(monkeypatch, 120))
    assert any(line.split() == ["base", "ours:", "journal", "theirs:", "augment"] for line in lines)
    assert any("read twice." in line and "read once." in line and "three times." in line for line in lines)


def test_a_narrow_terminal_has_them_below_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.strip() for line in plain(drawn(monkeypatch, 60))]
    places = [
        lines.index(f"{label:<15} │ The file is read {word}.")
        for label, word in zip(LABELS.values(), ("twice", "once", "three times"), strict=True)
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("columns", [20, 40, 60, 99, 120, 200])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    long = "word " * 80 + "w" * 300
    ours, theirs = OURS.replace("once", long), THEIRS.replace("End.", "End. " + long)
    assert max(map(len, plain(drawn(monkeypatch, columns, ours, theirs)))) <= columns


def test_a_place_is_named_by_its_heading_or_its_key_and_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = OURS.replace("title: A", "title: B"), THEIRS.replace("title: A", "title: C")
    lines = plain(drawn(monkeypatch, 60, ours, theirs))
    assert [line.split(" ─")[0] for line in lines if "─" in line] == ["title, line 2", "Head, line 7"]


def test_only_the_words_that_differ_are_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = "\n".join(drawn(monkeypatch, 60, colours=True))
    assert "The file is read \x1b[1;31mtwice\x1b[0m." in printed
    assert "The file is read \x1b[1;32monce\x1b[0m." in printed
    assert "The file is read \x1b[1;36mthree times\x1b[0m." in printed


def test_without_colours_the_words_are_still_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1monce\x1b[0m" in "\n".join(drawn(monkeypatch, 60))


def test_a_blank_that_differs_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = plain(drawn(monkeypatch, 60, BASE.replace("read twice", "read   twice"), THEIRS))
    assert any("read···twice" in line for line in lines)


def test_an_escape_sequence_in_a_text_is_spelled(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = "\n".join(drawn(monkeypatch, 60, BASE.replace("twice", "\x1b[2Jonce"), THEIRS))
    assert "\x1b[2J" not in printed
    assert "\\x1b[2J" in "".join(plain(printed.splitlines()))


@pytest.mark.parametrize(("side", "gone"), [("ours", "theirs"), ("theirs", "ours")])
@pytest.mark.parametrize("columns", [60, 120])
def test_a_side_that_deleted_the_entry_says_so(
    monkeypatch: pytest.MonkeyPatch, columns: int, side: str, gone: Literal["ours", "theirs"]
) -> None:
    channel = on_terminal(monkeypatch, columns)
    show_blocks(changes_of(BASE, OURS, side=side, gone=gone), LABELS)
    lines = plain(channel.getvalue().splitlines())
    assert sum("(deleted)" in line for line in lines) == 1
    assert sum("read once." in line for line in lines) == 1


def test_with_no_base_the_sides_are_compared_with_each_other() -> None:
    (block,) = blocks_of(merge_texts(None, "same one\n", "same two\n").pieces, ("ours", "theirs"))
    assert block.sides == {
        "ours": [[("same ", ""), ("one", "bold green")]],
        "theirs": [[("same ", ""), ("two", "bold cyan")]],
    }


def test_a_side_that_has_nothing_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = plain(drawn(monkeypatch, 60, BASE.replace("The file is read twice.\n", ""), THEIRS))
    assert any("(nothing)" in line for line in lines)


def test_a_blank_between_two_words_that_differ_is_part_of_the_change() -> None:
    assert word_lines("one fine day", "one bad night", "red") == [[("one ", ""), ("fine day", "red")]]


def test_a_diff_on_a_terminal_marks_words_in_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = on_terminal(monkeypatch, 80, colours=True)
    show_diff("--- a\n+++ b\n@@ -1,3 +1,3 @@\n same\n-is read twice\n+is read once\n\\ No newline at end of file\n")
    lines = channel.getvalue().splitlines()
    assert plain(lines)[3:6] == [" same", "-is read twice", "+is read once"]
    assert "\x1b[1;7;31mtwice\x1b[0m" in lines[4]
    assert "\x1b[1;7;32monce\x1b[0m" in lines[5]
