"""A question, taken apart: what to look for, and what an answer may be judged by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.search.analysis import (
    Language,
    analyse,
    analyse_otherwise,
    analyse_question,
    fold,
    language_of,
    similar,
    words_of,
)
from sync.search.days import Span, named_days

LONGEST = 2_000
"""Of a longer question so many characters count: nobody asks in pages, and each word costs a look-up."""

_MOST_TERMS = 64
_ALIKE = 8  # so many terms at most that are written like one of the question
_PHRASE = re.compile(r'"([^"]*)"|«([^»]*)»|“([^”]*)”')
_UNKNOWN = 3  # so many terms at most that the journal does not know are looked for with a letter changed
_LONGEST_SLIP = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WHEN = re.compile(
    r"\b(?:when|how long ago|what (?:date|day|month|year|time)|which (?:year|month|day)"
    r"|quand|quelle (?:année|annee|date|époque)|quel (?:jour|mois|siècle))\b",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a question says.

    Attributes:
        terms: its terms, each once, in order.
        others: the terms that its words have in the other language, where these differ.
        phrases: for each phrase in quotes: the terms in a row that an answer must hold, one row for each language.
        quoted: the words of each phrase, folded and in lower case, stop words included.
        words: its words, folded and in lower case, stop words included.
        asks_when: whether it asks for a time.
        spans: the days that it names.
    """

    terms: tuple[str, ...]
    others: tuple[str, ...]
    phrases: tuple[tuple[tuple[str, ...], ...], ...]
    quoted: tuple[tuple[str, ...], ...]
    words: frozenset[str]
    asks_when: bool
    spans: tuple[Span, ...]


def read_question(text: str, otherwise: Language) -> Question:
    """Take a question apart.

    Args:
        text: any text.
        otherwise: the language of one that does not tell its own.
    """
    text = text[:LONGEST]
    language = language_of(text, otherwise)
    phrases = [" ".join(filter(None, found)) for found in _PHRASE.findall(text)]
    terms = tuple(dict.fromkeys(analyse_question(text, language)))[:_MOST_TERMS]
    others = (term for term in dict.fromkeys(analyse_otherwise(text, language)) if term not in terms)
    return Question(
        terms=terms,
        others=tuple(others)[:_MOST_TERMS],
        phrases=tuple(rows for phrase in phrases if all(rows := _rows(phrase))),
        quoted=tuple(words for phrase in phrases if (words := _words(phrase))),
        words=frozenset(_words(text)),
        asks_when=_WHEN.search(text) is not None,
        spans=named_days(text),
    )


def holds_quoted(question: Question, text: str) -> bool:
    """Whether a text holds all phrases of a question word by word; case, accents and what is between do not count."""
    words = f" {' '.join(_words(text))} "
    return all(f" {' '.join(quoted)} " in words for quoted in question.quoted)


def _words(text: str) -> tuple[str, ...]:
    return tuple(fold(word.lower()) for word in words_of(text))


def _rows(phrase: str) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(tuple(analyse(phrase, language)) for language in Language))


def with_slips(terms: Sequence[str], frequency: Callable[[str], int]) -> Mapping[str, float]:
    """Terms of the journal that those of a question which it does not know may be meant for, and how alike: 0 to 1.

    They differ in one letter, or in two swapped ones, the first one aside. `written_alike` finds what differs in more
    of a long word, and misses what differs in one of a short word or among the first three.

    Args:
        terms: the question's.
        frequency: near how many passages of the journal a term stands.
    """
    unknown = [
        term for term in terms if 3 < len(term) <= _LONGEST_SLIP and not term.isdecimal() and not frequency(term)
    ]
    return {one: 1 - 1 / len(term) for term in unknown[:_UNKNOWN] for one in _slips(term) if frequency(one)}


def _slips(term: str) -> Iterator[str]:
    """A term with one letter changed; of short ones only with two swapped, for with another letter they are others."""
    for at in range(1, len(term)):
        yield term[:at] + term[at + 1 : at + 2] + term[at] + term[at + 2 :]
        if len(term) > 4:
            yield term[:at] + term[at + 1 :]
            for letter in _LETTERS:
                yield term[:at] + letter + term[at:]
                yield term[:at] + letter + term[at + 1 :]


def written_alike(terms: Sequence[str], starting: Callable[[str], Sequence[str]]) -> Mapping[str, float]:
    """Terms of the journal that are written like those of a question, and how alike: 0 to 1.

    Args:
        terms: the question's.
        starting: terms of the journal that begin with some letters.
    """
    shares: dict[str, float] = {}
    for term in terms:
        if len(term) < 4 or term.isdecimal():
            continue
        alike = ((similar(term, one), one) for one in starting(term[:3]) if len(one) >= 4 and one not in terms)
        for share, one in sorted((pair for pair in alike if pair[0]), reverse=True)[:_ALIKE]:
            shares[one] = max(shares.get(one, 0.0), share)
    return shares
