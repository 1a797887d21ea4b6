"""An answer without a language model: the sentences of the passages that say most about the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.search.answer.context import Source
from sync.search.answer.sentences import quotable
from sync.search.answer.terms import content_words, folded, terms_of

MOST = 4
"""How many sentences an answer has at most."""
_LEAST = 0.5
_LONGEST = 600
_READ = 20_000
_PLACE_WEIGHT = 0.3
_FRAME_WEIGHT = 0.4
_ALIKE = 0.8
_ASKS_WHY = re.compile(r"\b(?:why|how come|pourquoi|pour quelle raison)\b")
_SAYS_WHY = re.compile(r"\b(?:because|since|so that|reason|otherwise|car|parce qu|puisqu|afin|raison|sinon|pour que)")
_WHY_WEIGHT = 1.5
_SAID_WEIGHT = 0.3
_TAG = re.compile(r"(?:^|\s)#[^\W\d]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence of a source.

    Attributes:
        text: as it stands there, its line breaks aside unless it is code.
        number: of its source.
    """

    text: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    quote: Quote
    order: int
    words: frozenset[str]
    frame: frozenset[str]
    weight: float


def extract(question: str, sources: Sequence[Source], *, topic: Sequence[str] = (), said: str = "") -> list[Quote]:
    """The sentences that say most about a question, in the order of the sources.

    Scored by the words shared with the question, rare ones among the candidates for more (idf), by those that only its
    title and headings share, by how well its passage was found and how early in it the sentence stands.

    Args:
        question: any text.
        sources: where to quote from; their neighbours are not quoted.
        topic: words of the conversation that the question goes on with; they weigh half of its own.
        said: the answer before this one, whose sentences are not worth saying again.
    """
    candidates = _candidates(sources)
    wanted = _wanted(question, sources, topic)
    rarity = _rarity(candidates)
    asks_why, said = bool(_ASKS_WHY.search(folded(question))), folded(said)
    scored = [(_score(one, wanted, rarity, asks_why=asks_why, said=said), one) for one in candidates]
    scored.sort(key=lambda pair: (-pair[0], pair[1].order))
    best = scored[0][0] if scored else 0.0
    if best <= 0:
        return [one.quote for one in candidates[:1]]
    chosen: list[_Candidate] = []
    for score, one in scored:
        if score >= _LEAST * best and len(chosen) < MOST and not any(_is_alike(one, other) for other in chosen):
            chosen.append(one)
    return [one.quote for one in sorted(chosen, key=lambda one: one.order)]


def render_quotes(quotes: Sequence[Quote]) -> str:
    """The quotes as an answer, one a paragraph, each with its [n]."""
    return "\n\n".join(f"{quote.text} [{quote.number}]" for quote in quotes)


def _candidates(sources: Sequence[Source]) -> list[_Candidate]:
    best = max((source.hit.score for source in sources), default=0.0)
    found: list[_Candidate] = []
    for source in sources:
        hit = source.hit
        frame = frozenset(terms_of(f"{hit.title} {' '.join(hit.headings)}"))
        share = hit.score / best if best > 0 else 1.0
        for position, text in enumerate(quotable(hit.text[:_READ])):
            words = frozenset(terms_of(text))
            if not words or len(_TAG.findall(text)) > 1:
                continue
            quote = Quote(text=text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", number=source.number)
            weight = 0.5 + 0.5 * max(share, 0.0) + _PLACE_WEIGHT / (2 + position)
            found.append(_Candidate(quote=quote, order=len(found), words=words, frame=frame, weight=weight))
    return found


def _wanted(question: str, sources: Sequence[Source], topic: Sequence[str]) -> Mapping[str, float]:
    """The words to look for and their weights; what the search itself marked as a match is one of them."""
    marked = (source.hit.text[first:last] for source in sources for first, last in source.hit.marks)
    own = terms_of(" ".join(content_words(question)) or question)
    weights = dict.fromkeys((*terms_of(" ".join(topic)), *(term for text in marked for term in terms_of(text))), 0.5)
    return weights | dict.fromkeys(own, 1.0)


def _rarity(candidates: Sequence[_Candidate]) -> Mapping[str, float]:
    frequency = Counter(word for one in candidates for word in one.words | one.frame)
    return {word: math.log(1 + len(candidates) / count) for word, count in frequency.items()}


def _score(
    one: _Candidate, wanted: Mapping[str, float], rarity: Mapping[str, float], *, asks_why: bool, said: str
) -> float:
    shared = sum(weight * rarity[word] for word, weight in wanted.items() if word in one.words)
    framed = sum(weight * rarity[word] for word, weight in wanted.items() if word in one.frame - one.words)
    text = folded(one.quote.text)
    factor = _WHY_WEIGHT if asks_why and _SAYS_WHY.search(text) else 1.0
    factor *= _SAID_WEIGHT if said and text in said else 1.0
    return (shared + _FRAME_WEIGHT * framed) * one.weight * factor


def _is_alike(one: _Candidate, other: _Candidate) -> bool:
    smaller = min(len(one.words), len(other.words))
    return len(one.words & other.words) >= _ALIKE * smaller
