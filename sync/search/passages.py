"""Cutting an entry into passages and ranking them for a query."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sync.document.entry import Entry
from sync.document.fault import position
from sync.document.templates import is_empty
from sync.search.words import words_of

_K1, _B = 1.2, 0.75  # Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009
_TITLE_WEIGHT = 3
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S[^\r\n]*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One section of an entry; the text before its first heading is one too.

    Attributes:
        entry: the entry.
        heading: the section's heading; empty before the first.
        text: the section, heading included.
        first_line, last_line: lines of the file, 1-based, both included.
    """

    entry: Entry
    heading: str
    text: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that answers a query, and how well: BM25, unbounded, higher is better."""

    passage: Passage
    score: float


def passages_of(entry: Entry) -> list[Passage]:
    """The sections of an entry that say something."""
    first = position(entry.text, entry.body_start)[0]
    lines = entry.body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts, fence = [0], ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence and number and _HEADING.match(line):
            starts.append(number)
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        text = "\n".join(lines[start:end]).strip()
        if text and not is_empty(text):
            heading = _HEADING.match(text)
            blank = next(index for index in range(start, end) if lines[index].strip())
            last = next(index for index in range(end - 1, start - 1, -1) if lines[index].strip())
            name = heading[2].strip() if heading else ""
            found.append(
                Passage(entry=entry, heading=name, text=text, first_line=first + blank, last_line=first + last)
            )
    return found


def rank(passages: Sequence[Passage], query: str, limit: int) -> list[Hit]:
    """The passages that share words with a query, best first (BM25; title and tags count threefold).

    Equal scores are ordered by path and line, so that the same question has the same answer.
    """
    wanted = set(words_of(query))
    counts = [_counts(passage) for passage in passages]
    lengths = [count.total() for count in counts]
    average = sum(lengths) / len(lengths) if lengths else 1.0
    frequency = Counter(word for count in counts for word in wanted & count.keys())
    hits = []
    for passage, count, length in zip(passages, counts, lengths, strict=True):
        score = sum(
            math.log(1 + (len(passages) - frequency[word] + 0.5) / (frequency[word] + 0.5))
            * count[word] * (_K1 + 1) / (count[word] + _K1 * (1 - _B + _B * length / average))
            for word in sorted(wanted & count.keys())
        )  # fmt: skip
        if score > 0:
            hits.append(Hit(passage=passage, score=score))
    hits.sort(key=lambda hit: (-hit.score, hit.passage.entry.path, hit.passage.first_line))
    return hits[:limit]


def _counts(passage: Passage) -> Counter[str]:
    count = Counter(words_of(passage.text))
    for word in words_of(f"{passage.entry.title} {' '.join(passage.entry.tags)}"):
        count[word] += _TITLE_WEIGHT
    return count
