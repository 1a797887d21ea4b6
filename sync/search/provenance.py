"""The line that says where a passage is from: written for assistants, read again where they keep it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sync.search.hit import Hit

_COMMIT_DIGITS = 7
_PROVENANCE = re.compile(
    r"\(journal: (?P<path>[^\s()]+\.md):(?P<first>\d+)(?:-(?P<last>\d+))?(?: @ (?P<commit>[0-9a-f]{4,64}))?\)\.?"
)
_ODD = re.compile(r"[\s()%\x00-\x1f\x7f]")


def render_passage(hit: Hit) -> str:
    """A passage for an assistant: its text, and a line that says where it is from."""
    return f"{hit.text}\n{render_provenance(hit)}"


def render_provenance(hit: Hit) -> str:
    """`(journal: PATH:FIRST-LAST @ COMMIT)`; blanks and brackets of the path as in a URL, the commit shortened."""
    path = _ODD.sub(lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), hit.entry)
    lines = f"{hit.first_line}" if hit.first_line == hit.last_line else f"{hit.first_line}-{hit.last_line}"
    commit = f" @ {hit.commit[:_COMMIT_DIGITS]}" if hit.commit else ""
    return f"(journal: {path}:{lines}{commit})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a line of provenance says; that a text has one proves nothing about the text.

    Attributes:
        entry: path of the entry.
        first_line, last_line: 1-based, both included.
        commit: the beginning of a commit's id, hexadecimal; empty where the passage was not committed.
    """

    entry: str
    first_line: int
    last_line: int
    commit: str


def provenances_in(text: str) -> list[Provenance]:
    """What the lines of provenance in a text say, in their order."""
    from urllib.parse import unquote

    return [
        Provenance(
            entry=unquote(found["path"]),
            first_line=int(found["first"]),
            last_line=int(found["last"] or found["first"]),
            commit=found["commit"] or "",
        )
        for found in _PROVENANCE.finditer(text)
    ]


def without_provenance(text: str) -> str:
    """A text without the lines of provenance in it."""
    return _PROVENANCE.sub("", text)
