"""What the command line shows while it works."""

from __future__ import annotations

import io
import sys

import pytest

from sync.cli.failure import visible
from sync.cli.render import ProgressBar, plural, words


class Terminal(io.StringIO):
    """A channel that says it is a terminal."""

    def isatty(self) -> bool:
        """As a terminal does."""
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, channel: io.StringIO, seconds: float) -> str:
    """What a progress bar draws for work that has taken so many seconds by its second step."""
    clock = iter([0.0, *[seconds] * 1000])
    monkeypatch.setattr("sync.cli.render.time.monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", channel)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with ProgressBar("reading") as progress:
        for done in (64, 65, 128):
            progress(done, 128)
    return channel.getvalue()


def test_work_over_a_second_has_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "reading" in drawn(monkeypatch, Terminal(), 1.5)


def test_work_below_a_second_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, Terminal(), 0.5) == ""


def test_a_pipe_gets_no_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, io.StringIO(), 1.5) == ""


@pytest.mark.parametrize(("count", "expected"), [(0, "0 entries"), (1, "1 entry"), (2, "2 entries")])
def test_nouns_follow_their_number(count: int, expected: str) -> None:
    assert plural(count, "entry", "entries") == expected


def test_words_are_split_at_commas_and_kept_once() -> None:
    assert words(" a, b ,,a ") == ("a", "b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain é 😀", "plain é 😀"), ("a\x1b[2Jb", "a\\x1b[2Jb"), ("a\u202eb", "a\\u202eb"), ("a\n\tb", "a\n\tb")],
    ids=["printable", "escape", "right-to-left", "white-space"],
)
def test_what_a_terminal_would_obey_is_spelled(text: str, expected: str) -> None:
    assert visible(text) == expected
