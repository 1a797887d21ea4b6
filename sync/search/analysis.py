"""The terms of a text: what a question and a passage are compared by, in French and in English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache, partial

import Stemmer

VERSION = 2
"""Counts up whenever a text may get other terms; an index made by another version is made again."""

_RUN = re.compile(r"[^\W_]+(?:['’_.-][^\W_]+)*")
_BETWEEN = re.compile(r"['’]")
_SEPARATOR = re.compile(r"[_.-]")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Accents of Latin letters that no composed letter has, and the vowel signs of Hebrew and Arabic.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]+")
_LONGEST = 100  # letters of a word that count: more are data, and no index takes a term of any length
_MOST_PARTS = 16  # of a name that count, for the same reason
_LEAST_DICE = 0.6
_LEAST_SHARE = 0.3  # of a longer word's length: below, no trigrams can be alike enough, equal ones counted once or not
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})


class Language(Enum):
    """The languages that have stems and stop words of their own; other texts are taken as one of them."""

    ENGLISH = "english"
    FRENCH = "french"


STOP_WORDS = {
    Language.ENGLISH: frozenset(
        (
            "a about after again all also am an and any are aren as at be because been before being both but by "
            "can could couldn d did didn do does doesn doing don done down during each few for from further get "
            "got had has hasn have haven having he her here hers herself him himself his how i if in into is isn "
            "it its itself just let ll m me more most my myself no nor not now of off on once only or other our "
            "ours out over own re s same she should shouldn so some such t than that the their theirs them "
            "themselves then there these they this those through to too under until up us ve very was wasn we "
            "were what when where which while who whom whose why will with won would wouldn you your yours "
            "yourself "
        ).split()
    ),
    Language.FRENCH: frozenset(
        (
            "a afin ai aient ainsi alors après as au aucun aucune aujourd auquel aura aussi autre autres aux "
            "auxquels avait avant avec avez avoir avons ayant c car ce ceci cela celle celles celui ces cet cette "
            "ceux chaque chez ci combien comme comment d dans de depuis des donc dont du elle elles en encore entre es "
            "est et eu eux faire fait faut fut hui il ils j je jusqu jusque l la laquelle le lequel les lesquels "
            "leur leurs lors lorsqu lorsque lui là m ma mais me mes mien moi moins mon même mêmes n ne ni non nos "
            "notre nous on ont ou où par parce pas pendant peu peut peuvent plus pour pourquoi puis puisque qu "
            "quand que quel quelle quelles quels qui quoi s sa sans se selon sera ses si soi soit son sont sous "
            "sur t ta tandis te tel telle tels tes toi ton tous tout toute toutes très tu un une unes uns vers "
            "voici voilà vos votre vous y à ça étaient était étant été être "
        ).split()
    ),
}
# Words of both lists, and French ones that are common English words, do not tell the languages apart.
_SHARED = (STOP_WORDS[Language.ENGLISH] & STOP_WORDS[Language.FRENCH]) | frozenset(
    ("an", "as", "me", "no", "on", "or", "son")
)
_GLUE = frozenset(word for words in STOP_WORDS.values() for word in words if len(word) > 1)
_ENGLISH, _FRENCH = STOP_WORDS[Language.ENGLISH] - _SHARED, STOP_WORDS[Language.FRENCH] - _SHARED


def analyse(text: str, language: Language) -> list[str]:
    """The terms of a text, in order: stems without case and accents; stop words are left out.

    A name made of parts gives its parts, then itself in one word: `pre-commit` gives `pre`, `commit`, `precommit`.

    Args:
        text: any text; Markdown's marks are no words.
        language: whose stems and stop words are meant (`language_of`).
    """
    return terms_of_words(words_of(text), language)


def analyse_question(text: str, language: Language) -> list[str]:
    """The terms of a question; all of its words where it has nothing but stop words."""
    return analyse(text, language) or list(
        filter(None, (_STEMS[language](word.lower()[:_LONGEST]) for word in words_of(text)))
    )


def analyse_otherwise(text: str, language: Language) -> list[str]:
    """The terms that the words of a text have in the other language; stop words of either are left out.

    Args:
        text: a question: what it looks for may be written in another language than it is.
        language: the text's own language.
    """
    (other,) = set(Language) - {language}
    return _terms(words_of(text), other, STOP_WORDS[language] | STOP_WORDS[other])


def language_of(text: str, otherwise: Language) -> Language:
    """The language whose own stop words a text has more of; letters with accents count half for French.

    Args:
        text: a passage, an entry or a question.
        otherwise: the answer for a text that does not tell; of a passage, its entry's language, of a question, the
            one that most of the journal is written in.
    """
    return language_of_words(words_of(text), otherwise)


def language_of_words(words: Sequence[str], otherwise: Language) -> Language:
    """As `language_of`, of the words of a text."""
    return _language(_leaning(words), otherwise)


def _language(leaning: float, otherwise: Language) -> Language:
    if not leaning:
        return otherwise
    return Language.FRENCH if leaning > 0 else Language.ENGLISH


def _leaning(words: Sequence[str]) -> float:
    """How far some words lean to French; to English below 0. Sums of halves are exact, so parts add up to the whole."""
    lowered = [word.lower() for word in words]
    french = sum(map(_FRENCH.__contains__, lowered)) + sum(not word.isascii() for word in words) / 2
    return french - sum(map(_ENGLISH.__contains__, lowered))


def own_terms(text: str, otherwise: Language) -> list[str]:
    """The terms of a text in its own language: `analyse` with `language_of`, for short texts that share their words."""
    runs = _runs_of(text)
    own = _language(sum(map(_leaning_of, runs)), otherwise)
    return [term for terms in map(_TERMS[own], runs) for term in terms]


def words_of(text: str) -> list[str]:
    """The words of a text as they are written; elided ones apart (`l'entrée`), names as parts and whole."""
    return [word for run in _runs_of(text) for word in _words_in(run)]


def _runs_of(text: str) -> list[str]:
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFC", text))
    return _RUN.findall(text)


@lru_cache(maxsize=32_768)
def _leaning_of(run: str) -> float:
    return _leaning(_words_in(run))


def _terms_of(language: Language, run: str) -> tuple[str, ...]:
    return tuple(terms_of_words(_words_in(run), language))


@lru_cache(maxsize=100_000)
def _words_in(run: str) -> tuple[str, ...]:
    found: list[str] = []
    for piece in _BETWEEN.split(run):
        if piece.isalpha() and (piece[1:].islower() or piece.isupper() or len(piece) == 1):
            found.append(piece)
        else:
            found += _parts(piece)
    return tuple(found)


def fold(word: str) -> str:
    """A word without accents and ligatures."""
    if word.isascii():
        return word
    plain = unicodedata.normalize("NFKD", word.translate(_LIGATURES))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def similar(term: str, other: str) -> float:
    """How alike two terms are written, 0 to 1: what remains of a derivation, a wrong letter, a missed stem.

    The larger of Dice's coefficient of their trigrams and the share of the longer one that their common beginning is;
    0 where both are small. An index compares a term with those that begin with the same three letters.
    """
    shorter, longer = (term, other) if len(term) < len(other) else (other, term)
    common = next((n for n, (one, two) in enumerate(zip(shorter, longer, strict=False)) if one != two), len(shorter))
    derived = common >= 5 and common >= 0.75 * len(shorter)
    if not derived and len(shorter) < _LEAST_SHARE * len(longer):
        return 0.0
    mine, theirs = _trigrams(term), _trigrams(other)
    dice = 2 * len(mine & theirs) / (len(mine) + len(theirs))
    return max(dice, common / len(longer)) if dice >= _LEAST_DICE or derived else 0.0


def terms_of_words(words: Sequence[str], language: Language) -> list[str]:
    """As `analyse`, of the words of a text."""
    return _terms(words, language, STOP_WORDS[language])


def _terms(words: Iterable[str], language: Language, stop: frozenset[str]) -> list[str]:
    stem = _STEMS[language]
    lowered = [word.lower() for word in words]
    found = [stem(word[:_LONGEST]) for word in lowered if word not in stop and (len(word) > 1 or word.isdigit())]
    return list(filter(None, found))


@lru_cache(maxsize=50_000)
def _trigrams(term: str) -> frozenset[str]:
    padded = f"^{term}$"
    return frozenset(padded[start : start + 3] for start in range(len(term)))


def _parts(piece: str) -> Iterator[str]:
    """`AugmentJournal` gives `Augment`, `Journal`, `AugmentJournal`; `est-il`, with a stop word, only its parts."""
    joined = _SEPARATOR.sub("", piece)
    parts = [part for run in _SEPARATOR.split(piece) for part in (_PART.findall(run) if run.isascii() else [run])]
    if len(parts) > 1:
        yield from parts[:_MOST_PARTS]
    if len(parts) == 1 or _GLUE.isdisjoint(part.lower() for part in parts):
        yield joined


def _stem(stemmer: Stemmer.Stemmer, word: str) -> str:
    stem: str = stemmer.stemWord(word)
    if stem.isascii():
        return stem
    # Some signs come apart into several words, capitals, or accents alone.
    return "".join(filter(str.isalnum, fold(stem))).lower()


# One cache for each language: looking a language up in a common one takes as long as a stem.
_TERMS = {language: lru_cache(maxsize=32_768)(partial(_terms_of, language)) for language in Language}
_STEMS = {language: lru_cache(maxsize=50_000)(partial(_stem, Stemmer.Stemmer(language.value))) for language in Language}
