"""Finding memories by the words of a question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush, merge
from itertools import combinations, count, islice
from math import log1p
from typing import TypeVar

from sync.taskmaster.scoring import Asked, token
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.sqlite import postings
from sync.taskmaster.tiers.sqlite.rows import HELD, Row, held_of, tokens_of_row

T = TypeVar("T")

Words = Sequence[Sequence[int]]
"""The words of a question in one context: for each the tokens it may be."""
Ranked = Iterator[tuple[float, int, int]]
"""Memories, best first: what their words count at most, number, and context's number."""

_FROM = f"select {HELD} from items i join contexts c on c.number = i.context"  # noqa: S608 (constants)
_LIVE = "is_forgotten = 0 and (expires is null or expires > ?)"
_BY_NUMBER = f"{_FROM} where i.number in ({{}}) and {_LIVE}"
_BY_KEY = f"{_FROM} where i.context = ? and i.key = ? and {_LIVE}"
_NEWEST = """
    select updated, number, context from items indexed by items_by_key where context = ?
    order by updated desc, number desc limit ? offset ?
"""
_LARGE = 1_000_000
_AT_ONCE = 200
_LOOKED_AT = 16
"""So many memories are read at once; few more than are shown mostly."""
_MOST_WORDS = 6
"""So many words of a question, the rarest, choose what is looked at; of 6 words there are 63 sets of some."""


def search(db: sqlite3.Connection, asked: Asked, contexts: Mapping[int, str], limit: int, now: int) -> list[Held]:
    """As `Items.search`; contexts by number, now in microseconds."""
    key = asked.text.strip()
    named = [row for number in contexts for row in db.execute(_BY_KEY, (number, key, now))] if key else []
    heads = [held_of(row) for row in named][:limit]
    known = {row[0] for row in named}
    found = _by_words(db, asked, contexts, now) if asked.words else _newest(db, contexts, now)
    others = (held_of(row) for row in found if row[0] not in known)
    return heads + list(islice(others, limit - len(heads)))


def _newest(db: sqlite3.Connection, contexts: Iterable[int], now: int) -> Iterator[Row]:
    """All memories, those first that were written last."""
    numbers = (number for _, number, _ in merge(*(_newest_of(db, one) for one in contexts), reverse=True))
    for some in _parts(numbers):
        rows = _live(db, some, now)
        yield from (rows[number] for number in some if number in rows)


def _newest_of(db: sqlite3.Connection, context: int) -> Iterator[tuple[int, int, int]]:
    """When they were written, numbers, and context; a part at a time: few are needed mostly."""
    for offset in count(0, _AT_ONCE):
        rows = db.execute(_NEWEST, (context, _AT_ONCE, offset)).fetchall()
        yield from rows
        if len(rows) < _AT_ONCE:
            return


def _by_words(db: sqlite3.Connection, asked: Asked, contexts: Mapping[int, str], now: int) -> Iterator[Row]:
    words = {number: [[token(id_, term) for term in word] for word in asked.words] for number, id_ in contexts.items()}
    found = {number: postings.find(db, number, some) for number, some in words.items()}
    sizes = [sum(map(len, each)) for each in zip(*found.values(), strict=True)]
    weights = [log1p(_LARGE / (size + 1)) for size in sizes]
    return _exactly(
        db, _ranked(found, weights), {number: (id_, words[number]) for number, id_ in contexts.items()}, weights, now
    )


def _ranked(found: Mapping[int, Sequence[set[int]]], weights: Sequence[float]) -> Ranked:
    """What may have some of the words: the more and the rarer, the earlier."""
    rarest = sorted(range(len(weights)), key=weights.__getitem__, reverse=True)[:_MOST_WORDS]
    some = [chosen for size in range(1, len(rarest) + 1) for chosen in combinations(rarest, size)]
    seen: dict[int, set[int]] = {context: set() for context in found}
    for chosen in sorted(some, key=lambda one: sum(weights[word] for word in one), reverse=True):
        bound = sum(weights[word] for word in chosen)
        for context, sets in found.items():
            having = set.intersection(*(sets[word] for word in chosen)) - seen[context]
            seen[context] |= having
            yield from ((bound, number, context) for number in sorted(having, reverse=True))


def _exactly(
    db: sqlite3.Connection, ranked: Ranked, asked: Mapping[int, tuple[str, Words]], weights: Sequence[float], now: int
) -> Iterator[Row]:
    """Memories by what their words count by now: postings may say more than there is, never less.

    A number that they name may belong to another context's memory by now.
    """
    waiting: list[tuple[float, int, Row]] = []
    for some in _parts(ranked):
        rows = _live(db, [number for _, number, _ in some], now)
        for bound, number, context in some:
            while waiting and waiting[0][0] <= -bound:
                yield heappop(waiting)[2]
            id_, words = asked[context]
            row = rows.get(number)
            if row and row[1] == id_ and (total := _total(row, words, weights)):
                heappush(waiting, (-total, -number, row))
    while waiting:
        yield heappop(waiting)[2]


def _total(row: Row, words: Words, weights: Sequence[float]) -> float:
    """What the words of a memory count."""
    tokens = frozenset(tokens_of_row(row))
    return sum(weight for word, weight in zip(words, weights, strict=True) if not tokens.isdisjoint(word))


def _live(db: sqlite3.Connection, numbers: Sequence[int], now: int) -> dict[int, Row]:
    """Memories by number, as far as they are there still."""
    if not numbers:
        return {}
    statement = _BY_NUMBER.format(",".join("?" * len(numbers)))
    return {row[0]: row for row in db.execute(statement, (*numbers, now))}


def _parts(some: Iterable[T]) -> Iterator[list[T]]:
    left = iter(some)
    while part := list(islice(left, _LOOKED_AT)):
        yield part
