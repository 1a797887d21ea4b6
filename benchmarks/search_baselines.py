"""What the search is compared with: SQLite's FTS5 with its own stemmer and BM25, and counting words, as grep could."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

LIMIT = 20
_WORD = re.compile(r"\w+")

Find = Callable[[str], list[str]]
"""Keys of the texts that a question finds, best first."""


def fts5(texts: Iterable[tuple[str, str]], file: Path | None = None) -> Find:
    """FTS5 with the Porter stemmer; a question is the OR of its words. The texts, (key, text), are stored.

    Args:
        texts: key and text of each.
        file: a new database; None for one in memory.
    """
    database = sqlite3.connect(file or ":memory:")
    database.execute(
        "create virtual table t using fts5(k unindexed, x, tokenize='porter unicode61 remove_diacritics 2')"
    )
    with database:
        database.executemany("insert into t values (?, ?)", texts)
    return lambda question: ask_fts5(database, question)


def ask_fts5(database: sqlite3.Connection, question: str) -> list[str]:
    """Keys of what a question finds in the database that `fts5` made."""
    words = " OR ".join(f'"{word}"' for word in _WORD.findall(question))
    found = database.execute("select k from t where t match ? order by rank limit ?", (words, LIMIT)) if words else ()
    return [key for (key,) in found]


def word_overlap(texts: Iterable[tuple[str, str]]) -> Find:
    """As somebody with grep: the texts that hold most words of a question, case aside; of equal ones, the first."""
    keys = []
    holding: dict[str, list[int]] = defaultdict(list)
    for number, (key, text) in enumerate(texts):
        keys.append(key)
        for word in set(_WORD.findall(text.lower())):
            holding[word].append(number)

    def find(question: str) -> list[str]:
        counts = Counter(number for word in set(_WORD.findall(question.lower())) for number in holding.get(word, ()))
        best: Sequence[int] = sorted(counts, key=lambda number: (-counts[number], number))[:LIMIT]
        return [keys[number] for number in best]

    return find
