r"""Where the front matter of a document lies.

A document starts (after an optional BOM) with a line `---`, the YAML follows, and a line `---` or `...` ends it. Both
fences start in the first column and may have blanks behind them, nothing else (Jekyll and Pandoc read it so). A first
line of more or fewer dashes, or with text behind it, is body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sync.errors import DocumentError

BOM = "\ufeff"
_OPENING = re.compile(r"\ufeff?---[ \t]*(?:\r\n|\n|\r)")
_CLOSING = re.compile(r"(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|\Z)")
_LINE_START = re.compile(r"(?:\r\n|\n|\r)(?=---|\.\.\.)")
_TOML_OPENING = re.compile(r"\ufeff?\+\+\+[ \t]*(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The span of a front matter, in character offsets of the document's text.

    Attributes:
        start: first character of the YAML.
        end: first character of the closing fence.
        body_start: first character behind the closing fence's line.
    """

    start: int
    end: int
    body_start: int


def find_block(text: str) -> Block | None:
    """The front matter of a document, or None where it has none.

    Raises:
        DocumentError: the front matter is opened but never closed, or is TOML (`+++`), which is not supported.
    """
    opening = _OPENING.match(text)
    if not opening:
        if _TOML_OPENING.match(text):
            raise DocumentError("TOML front matter (+++) is not supported", hint="write it as YAML between --- lines")
        return None
    start = opening.end()
    closing = _CLOSING.match(text, start)
    if closing:
        return Block(start=start, end=start, body_start=closing.end())
    for line in _LINE_START.finditer(text, start):
        if closing := _CLOSING.match(text, line.end()):
            return Block(start=start, end=line.end(), body_start=closing.end())
    raise DocumentError("front matter is opened but never closed", hint="end it with a line of three dashes: ---")


def end_of_line(text: str) -> str:
    r"""The line ending a document uses: that of its first line, LF where there is none."""
    found = re.search(r"\r\n|\n|\r", text)
    return found.group() if found else "\n"
