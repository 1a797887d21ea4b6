"""Where the words of a question stand in a passage."""

from __future__ import annotations

import re
from collections.abc import Collection

from sync.search.analysis import Language, analyse

_PIECE = r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670])*"  # accents of their own are no letters
_WORD = re.compile(rf"{_PIECE}(?:[._'’-]{_PIECE})*")


def marks(text: str, terms: Collection[str]) -> tuple[tuple[int, int], ...]:
    """Spans of the words that become one of some terms in any language, as offsets in characters, in order.

    Args:
        text: the passage.
        terms: those of the question.
    """
    wanted = frozenset(terms)
    return tuple(found.span() for found in _WORD.finditer(text) if not wanted.isdisjoint(_terms_of(found.group())))


def _terms_of(word: str) -> set[str]:
    return {term for language in Language for term in analyse(word, language)}
