"""What a memory is found by, and how well it answers: one scale, from 0 to 1, for every tier. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from math import log1p
from typing import Any

from sync.search.analysis import Language, analyse_question, language_of, own_terms, terms_of_words, words_of
from sync.taskmaster.memory import Kind, Memory

MAX_TOKENS = 512
"""So many different terms of a memory are looked up at most; the rest of a long text is found by meaning."""
UNASKED = 0.5
"""The score of what is recalled without a word: neither good nor bad."""
_MAX_TEXT = 32_768
_SIZE = 0x7FFF_FFFF_FFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as tiers are asked it.

    Attributes:
        text: as it was written.
        words: for each of its words the terms that it may be: in English and in French.
    """

    text: str
    words: tuple[tuple[str, ...], ...]

    def tokens(self, context: str) -> list[int]:
        """What memories of a context are found by."""
        return [token(context, term) for word in self.words for term in word]


def read_asked(text: str) -> Asked:
    """A question from its text; stop words of its own language are left out, unless there is nothing else.

    Text without any word asks for nothing in particular.
    """
    own = language_of(text, Language.ENGLISH)
    (other,) = set(Language) - {own}
    words = words_of(text)
    found = [(*terms, *terms_of_words([word], other)) for word in words if (terms := terms_of_words([word], own))]
    found = found or [(term,) for term in analyse_question(text, own)]
    return Asked(text=text, words=tuple(dict.fromkeys(tuple(dict.fromkeys(word)) for word in found)))


def token(context: str, term: str) -> int:
    """A term of a context as one number, 63 bits: an index of them holds every context apart from the others."""
    return (_mixed(context) ^ _hash(term)) & _SIZE


def tokens_of(memory: Memory) -> tuple[int, ...]:
    """What a memory is found by in its context: the terms of key, type and value; in order, each once."""
    hashes = dict.fromkeys(map(_hash, own_terms(text_of(memory), Language.ENGLISH)))
    of_context = _mixed(memory.context)
    return tuple([(of_context ^ one) & _SIZE for one in islice(hashes, MAX_TOKENS)])


def text_of(memory: Memory) -> str:
    """The words of a memory: key, type, and the value as far as it is text; JSON by its keys and leaves."""
    head = f"{memory.key} {memory.type}".replace("_", " ")
    if memory.kind is Kind.BYTES:
        return head
    text = memory.data[: _MAX_TEXT * 4].decode("utf-8", "ignore")[:_MAX_TEXT]
    if memory.kind is Kind.JSON and len(memory.data) <= _MAX_TEXT:
        text = " ".join(_leaves(json.loads(text))).replace("_", " ")
    return f"{head}\n{text}"


def scores(asked: Asked, found: Sequence[tuple[Memory, frozenset[int]]]) -> list[float]:
    """How well memories answer a question, each from 0 to 1.

    A word counts the more, the fewer of the memories have it (as in BM25); a memory whose key is the question is the
    answer. A short memory counts a little more than a long one with the same words.

    Args:
        asked: the question.
        found: memories and their tokens.
    """
    if not asked.words:
        return [1.0 if one.key == asked.text.strip() else UNASKED for one, _own in found]
    has = [[any(token(one.context, term) in own for term in word) for word in asked.words] for one, own in found]
    counts = [sum(column) for column in zip(*has, strict=True)] if has else []
    weights = [log1p((len(found) + 1) / (count + 1)) for count in counts]
    whole = sum(weights) or 1.0
    return [
        1.0
        if one.key == asked.text.strip()
        else _score(sum(w for w, yes in zip(weights, row, strict=True) if yes) / whole, own)
        for (one, own), row in zip(found, has, strict=True)
    ]


def _score(share: float, own: frozenset[int]) -> float:
    return 0.99 * share * (0.9 + 0.1 / (1 + len(own) / 100))


def _mixed(context: str) -> int:
    return _hash(context) * 0x9E37_79B9_7F4A_7C15


@lru_cache(maxsize=200_000)
def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _leaves(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield str(value)
