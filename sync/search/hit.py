"""What a search answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that answers a question.

    Attributes:
        entry: path of its entry, POSIX, relative to the repository.
        id: id of its entry.
        title: title of its entry.
        date: day of its entry, YYYY-MM-DD; empty where it is not known.
        tags: tags of its entry, as written.
        headings: the headings that it stands under, outermost first; empty before the first heading.
        text: the passage, as it stands in the file; of a very long one a part, with `…` where it was cut.
        before, after: the passages next to it under the same heading; empty where there is none.
        first_line, last_line: lines of the file, 1-based, both included.
        commit: id of the commit whose version this is, hexadecimal; empty where it is not committed.
        score: how well it answers; higher is better, comparable within one search only.
        marks: spans of `text` that match words of the question, as offsets of its characters, in order.
    """

    entry: str
    id: str
    title: str
    date: str
    tags: tuple[str, ...]
    headings: tuple[str, ...]
    text: str
    before: str
    after: str
    first_line: int
    last_line: int
    commit: str
    score: float
    marks: tuple[tuple[int, int], ...] = ()

    @property
    def section(self) -> str:
        """The heading that the passage stands under; empty before the first."""
        return self.headings[-1] if self.headings else ""

    @property
    def place(self) -> str:
        """`path:line`, which terminals and editors open."""
        return f"{self.entry}:{self.first_line}"

    def as_dict(self) -> dict[str, Any]:
        """The hit as the object that `--json` prints."""
        return {
            "entry": self.entry,
            "id": self.id,
            "title": self.title,
            "date": self.date,
            "tags": list(self.tags),
            "section": self.section,
            "headings": list(self.headings),
            "lines": [self.first_line, self.last_line],
            "commit": self.commit,
            "score": round(self.score, 4),
            "text": self.text,
            "before": self.before,
            "after": self.after,
            "marks": [list(mark) for mark in self.marks],
        }
