"""Lines, as Git, editors and every place that this program names count them."""

from __future__ import annotations


def split_lines(text: str) -> list[str]:
    """The lines of a text, without their ends: LF, CRLF and CR end one, and nothing else does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
