"""Finding memories by the words of a question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush, merge
from itertools import combinations, count, islice
from math import log1p

from sync.taskmaster.scoring import Asked, token
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.sqlite import postings
from sync.taskmaster.tiers.sqlite.rows import HELD, held_of

Words = Sequence[Sequence[int]]
"""The words of a question in one context: for each the tokens it may be."""
Ranked = Iterator[tuple[float, int, int]]
"""Memories, best first: what their words count at most, number, and context's number."""

_FROM = f"select {HELD} from items i join contexts c on c.number = i.context"  # noqa: S608 (constants)
_LIVE = "is_forgotten = 0 and (expires is null or expires > ?)"
_BY_NUMBER = f"{_FROM} where i.number = ? and i.context = ? and {_LIVE}"
_BY_KEY = f"{_FROM} where i.context = ? and i.key = ? and {_LIVE}"
_NEWEST = """
    select updated, number, context from items indexed by items_by_key where context = ?
    order by updated desc, number desc limit ? offset ?
"""
_LARGE = 1_000_000
_AT_ONCE = 200
_MOST_WORDS = 6
"""So many words of a question, the rarest, choose what is looked at; of 6 words there are 63 sets of some."""


def search(db: sqlite3.Connection, asked: Asked, contexts: Mapping[int, str], limit: int, now: int) -> list[Held]:
    """As `Items.search`; contexts by number, now in microseconds."""
    named = [row for number in contexts for row in db.execute(_BY_KEY, (number, asked.text.strip(), now))]
    heads = [held_of(row) for row in named][:limit]
    known = {row[0] for row in named}
    found = _by_words(db, asked, contexts, now) if asked.words else _newest(db, contexts, now)
    others = (held for number, held in found if number not in known)
    return heads + list(islice(others, limit - len(heads)))


def _newest(db: sqlite3.Connection, contexts: Iterable[int], now: int) -> Iterator[tuple[int, Held]]:
    """All memories, those first that were written last."""
    for _, number, context in merge(*(_newest_of(db, one) for one in contexts), reverse=True):
        yield from _live(db, number, context, now)


def _newest_of(db: sqlite3.Connection, context: int) -> Iterator[tuple[int, int, int]]:
    """When they were written, numbers, and context; a part at a time: few are needed mostly."""
    for offset in count(0, _AT_ONCE):
        rows = db.execute(_NEWEST, (context, _AT_ONCE, offset)).fetchall()
        yield from rows
        if len(rows) < _AT_ONCE:
            return


def _by_words(
    db: sqlite3.Connection, asked: Asked, contexts: Mapping[int, str], now: int
) -> Iterator[tuple[int, Held]]:
    words = {number: [[token(id_, term) for term in word] for word in asked.words] for number, id_ in contexts.items()}
    found = {number: postings.find(db, number, some) for number, some in words.items()}
    sizes = [sum(map(len, each)) for each in zip(*found.values(), strict=True)]
    weights = [log1p(_LARGE / (size + 1)) for size in sizes]
    return _exactly(db, _ranked(found, weights), words, weights, now)


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
    db: sqlite3.Connection, ranked: Ranked, words: Mapping[int, Words], weights: Sequence[float], now: int
) -> Iterator[tuple[int, Held]]:
    """Memories by what their words count by now: postings may say more than there is, never less."""
    waiting: list[tuple[float, int, Held]] = []
    for bound, number, context in ranked:
        while waiting and waiting[0][0] <= -bound:
            yield _best(waiting)
        for _, held in _live(db, number, context, now):
            pairs = zip(words[context], weights, strict=True)
            total = sum(weight for word, weight in pairs if not held.tokens.isdisjoint(word))
            if total:
                heappush(waiting, (-total, -number, held))
    while waiting:
        yield _best(waiting)


def _best(waiting: list[tuple[float, int, Held]]) -> tuple[int, Held]:
    _, number, held = heappop(waiting)
    return -number, held


def _live(db: sqlite3.Connection, number: int, context: int, now: int) -> Iterator[tuple[int, Held]]:
    return ((number, held_of(row)) for row in db.execute(_BY_NUMBER, (number, context, now)))
