"""Searching on a Redis server: the server counts and picks, the ranks are computed here. One round trip, mostly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import log1p

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.moments import micros
from sync.taskmaster.scoring import Asked, token
from sync.taskmaster.tiers.protocol import Held, TierDownError
from sync.taskmaster.tiers.redis.hashes import Hashes, batches, found_of
from sync.taskmaster.tiers.redis.records import packed_tokens, to_bytes, to_text
from sync.taskmaster.tiers.redis.search_scripts import NEWEST, SEARCH

_CONTEXTS = 32
"""So many are searched in one step: a server does nothing else meanwhile."""


def search(hashes: Hashes, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
    """The memories of some contexts that answer a question best, see `Items.search`; the question says something."""
    held: list[Held] = []
    counts, total = [0] * len(asked.words), 0
    for some in batches(contexts, _CONTEXTS):
        found, stale, there, of = hashes.server.run(SEARCH, *_question(hashes.space, asked, some, limit, now))
        held += found_of(found)
        counts, total = [one + other for one, other in zip(counts, there, strict=True)], total + of
        _forget_stale(hashes, stale, asked)
    weights = [log1p((total + 1) / (count + 1)) for count in counts]
    return _ranked(_live(held, now), asked, weights)[:limit]


def newest(hashes: Hashes, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
    """The memories of some contexts that were updated last; before them those whose key is the question."""
    key = asked.text.strip()
    held: list[Held] = []
    for some in batches(contexts, _CONTEXTS):
        found, stale = hashes.server.run(NEWEST, hashes.space, micros(now), limit, *map(to_bytes, [key, *some]))
        held += found_of(found)
        _forget_stale(hashes, stale, asked)
    return sorted(_live(held, now), key=lambda one: (one.memory.key == key, one.memory.updated), reverse=True)[:limit]


def _question(space: bytes, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> Iterator[bytes | int]:
    yield from (space, micros(now), limit, to_bytes(asked.text.strip()), len(asked.words))
    for context in contexts:
        yield to_bytes(context)
        for word in asked.words:
            yield len(word)
            yield from (packed_tokens([token(context, term)]) for term in word)


def _forget_stale(hashes: Hashes, stale: Sequence[bytes], asked: Asked) -> None:
    """Take out of the lists what the server has let go of; another search does it where this one may not write."""
    for context, key in list(pairwise(stale))[::2]:
        id_ = MemoryId(to_text(context), to_text(key))
        tokens = packed_tokens(asked.tokens(id_.context))
        with contextlib.suppress(TierDownError):
            hashes.remove("s", {id_: b""}, tokens)


def _live(held: Sequence[Held], now: datetime) -> list[Held]:
    return [one for one in held if not (one.memory.is_expired(now) or one.memory.is_forgotten)]


def _ranked(held: Sequence[Held], asked: Asked, weights: Sequence[float]) -> list[Held]:
    """Best first: those whose key is the question, then by the words that they have, then the newest."""
    contexts = {one.memory.context for one in held}
    words = {one: [{token(one, term) for term in word} for word in asked.words] for one in contexts}
    key = asked.text.strip()

    def rank(one: Held) -> tuple[bool, float, datetime]:
        pairs = zip(weights, words[one.memory.context], strict=True)
        score = sum(weight for weight, word in pairs if not word.isdisjoint(one.tokens))
        return one.memory.key == key, score, one.memory.updated

    return sorted(held, key=rank, reverse=True)
