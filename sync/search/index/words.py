"""The port to an inverted index: which passages and which entries hold which words, and how well.

Two indexes lie behind it, one of passages and one of whole entries, for how rare a word is and how long a text is
differ between them. Both score with BM25 (k1 = 1.2, b = 0.75). A passage is found by what stands near it too, for the
words of a question are often spread over some lines. What is removed and added is seen by others after `commit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What to look for.

    Attributes:
        terms: term -> weight; a text that holds any of them is found.
        required: terms that must stand in a passage or near it.
        entries: numbers of the entries to look in, ascending; None for all.
        limit: how many at most.
    """

    terms: Mapping[str, float]
    limit: int
    required: frozenset[str] = frozenset()
    entries: Sequence[int] | None = None


class Words(Protocol):
    """An inverted index. Ids and numbers are positive and below 2^63; terms hold no white space."""

    def add(
        self, entry: int, passages: Mapping[int, Sequence[str]], whole: Sequence[str], heading: Sequence[str]
    ) -> None:
        """Add an entry: passage id -> the terms near it, its own among them; all terms; those of title and tags."""

    def remove(self, entries: Sequence[int]) -> None:
        """Remove entries with all their passages, added or not, before those that are added in the same commit."""

    def commit(self) -> None:
        """Let everybody see what was added and removed."""

    def reload(self) -> None:
        """See what others committed."""

    def close(self) -> None:
        """Let go of files and locks; what was not committed is forgotten."""

    def find_passages(self, lookup: Lookup) -> list[tuple[int, float]]:
        """Ids of passages with their scores, best first."""

    def find_entries(self, lookup: Lookup) -> list[tuple[int, float]]:
        """Numbers of entries with the scores of their texts, best first; `required` does not count."""

    def find_headings(self, lookup: Lookup) -> list[tuple[int, float]]:
        """Numbers of entries with the scores of their titles and tags, best first; `required` does not count."""

    def frequency(self, term: str) -> int:
        """Near how many passages a term stands."""

    def terms_like(self, prefix: str, limit: int) -> list[str]:
        """Terms of passages that begin with a prefix."""

    @property
    def passages(self) -> int:
        """How many passages there are."""

    @property
    def entries(self) -> int:
        """How many entries there are that have passages."""
