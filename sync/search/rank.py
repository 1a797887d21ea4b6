"""Ordering the passages that an index found for a question: what BM25 of their words alone does not tell.

An index answers a question with candidates. Each is given a few features, and the weighted sum of them is its score.
The weights are learned by `benchmarks/train_ranking.py` from questions whose answers are known.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from operator import mul

from sync.search.days import Span, days_between
from sync.search.packing import length, pack_term, places, split
from sync.search.question import Question

K1, B = 1.2, 0.75  # Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009
STRETCH = 20
NUMBER_BITS = 20  # of a passage's id, its number in its entry
WEIGHTS: Mapping[str, float] = {
    "near": 1.0,
    "entry": 1.2,
    "best": 0.37,
    "title": 0.46,
    "alike": 0.66,
    "stretch": 0.77,
    "answers": 0.59,
    "asks": -1.93,
    "speaker": 8.93,
    "when": 5.92,
    "day": 17.89,
    "length": 1.33,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that the index found.

    Attributes:
        id: its id; those of the passages before and behind it are one less and one more.
        terms: its terms, packed.
        speaker: the words of the bold name that it begins with, packed.
        asks: whether it ends with a question mark.
        names_time: whether it has a word for a time.
        day: the entry's day, YYYY-MM-DD; empty where it is not known.
        near: BM25 of it together with the passages around it.
        whole: BM25 of its entry; 0 where the entry was not found.
        title: BM25 of its entry's title and tags; 0 where they were not found.
    """

    id: int
    terms: bytes
    speaker: bytes
    asks: bool
    names_time: bool
    day: str
    near: float
    whole: float
    title: float

    @property
    def entry(self) -> int:
        """Number of its entry."""
        return self.id >> NUMBER_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A question's terms with what each is worth in this journal.

    Attributes:
        question: the question.
        terms: packed term -> inverse document frequency.
        alike: the same for terms that are written alike, less the less alike they are.
        average: terms of a passage, on average.
    """

    question: Question
    terms: Mapping[bytes, float]
    alike: Mapping[bytes, float]
    average: float


def idf(passages: int, frequency: int) -> float:
    """Inverse document frequency of a term, as Lucene and tantivy have it; never negative."""
    # Engines count words of passages that are removed until they tidy up.
    return math.log(1 + (max(passages - frequency, 0) + 0.5) / (frequency + 0.5))


def rank(
    weighed: Weighed, candidates: Sequence[Candidate], before: Mapping[int, bytes]
) -> list[tuple[float, Candidate]]:
    """Candidates with their scores, best first; equal ones by id.

    Args:
        weighed: the question.
        candidates: in any order.
        before: the packed terms of passages that stand before a candidate and ask something, by id.
    """
    weights = tuple(WEIGHTS.values())
    rows = features(weighed, candidates, before)
    scored = [(sum(map(mul, weights, row)), one) for row, one in zip(rows, candidates, strict=True)]
    return sorted(scored, key=lambda pair: (-pair[0], pair[1].id))


def features(weighed: Weighed, candidates: Sequence[Candidate], before: Mapping[int, bytes]) -> list[tuple[float, ...]]:
    """What each candidate is judged by, in the order of `WEIGHTS`; see `rank`."""
    texts = [one.terms for one in candidates]
    held = _places_in(texts, weighed.terms)
    own = [_bm25(weighed.terms, one, length(text), weighed.average) for one, text in zip(held, texts, strict=True)]
    resembling = _places_in(texts, weighed.alike)
    asked = _asked(weighed, before)
    best = _best_of_entries(candidates, own)
    names = frozenset(map(pack_term, weighed.question.words))
    days: dict[str, float] = {}
    rows: list[tuple[float, ...]] = []
    for number, one in enumerate(candidates):
        if one.day not in days:
            days[one.day] = _nearness(weighed.question.spans, one.day)
        rows.append(
            (
                one.near,
                one.whole,
                best[one.id >> NUMBER_BITS],
                one.title,
                _bm25(weighed.alike, resembling[number], length(one.terms), weighed.average),
                _best_stretch(weighed.terms, held[number], length(one.terms)),
                asked.get(one.id - 1, 0.0),
                one.asks,
                one.speaker != b"" and not names.isdisjoint(split(one.speaker)),
                weighed.question.asks_when and one.names_time,
                days[one.day],
                math.log1p(length(one.terms)),
            )
        )
    return rows


def spread(ranked: Sequence[tuple[float, Candidate]], limit: int) -> list[tuple[float, Candidate]]:
    """The first half of the places for the best passages, the others for the best of entries that have none yet.

    Places that no new entry takes are filled in order.
    """
    shown = list(ranked[: (limit + 1) // 2])
    entries = {one.entry for _, one in shown}
    passed = []
    for pair in ranked[len(shown) :]:
        if pair[1].entry in entries:
            passed.append(pair)
        else:
            entries.add(pair[1].entry)
            shown.append(pair)
    return (shown + passed)[:limit]


def _places_in(texts: Sequence[bytes], terms: Iterable[bytes]) -> list[dict[bytes, list[int]]]:
    """For each text, where the terms begin that it holds; all texts are searched as one, for most hold few of them."""
    ends = list(accumulate(map(length, texts)))
    whole = b"".join(texts)
    found: list[dict[bytes, list[int]]] = [{} for _ in texts]
    for term in terms:
        for place in places(whole, term):
            number = bisect(ends, place)
            found[number].setdefault(term, []).append(place - (ends[number - 1] if number else 0))
    return found


def _asked(weighed: Weighed, before: Mapping[int, bytes]) -> dict[int, float]:
    """BM25 of passages that ask something, by id."""
    held = _places_in(list(before.values()), weighed.terms)
    return {
        id_: _bm25(weighed.terms, one, length(text), weighed.average)
        for (id_, text), one in zip(before.items(), held, strict=True)
    }


def _bm25(weights: Mapping[bytes, float], held: Mapping[bytes, Sequence[int]], size: int, average: float) -> float:
    """BM25 of a passage of some size, for terms of given weights that it holds in some places."""
    norm = K1 * (1 - B + B * size / average)
    score = 0.0
    for term, found in held.items():
        count = len(found)
        score += weights[term] * count * (K1 + 1) / (count + norm)
    return score


def _best_of_entries(candidates: Sequence[Candidate], own: Sequence[float]) -> dict[int, float]:
    """By entry: its best candidate's own score, half of the second's and a quarter of the third's."""
    scores: dict[int, list[float]] = {}
    for one, score in zip(candidates, own, strict=True):
        scores.setdefault(one.id >> NUMBER_BITS, []).append(score)
    return {
        entry: sum(score / 2**place for place, score in enumerate(sorted(found, reverse=True)[:3]))
        for entry, found in scores.items()
    }


def _best_stretch(weights: Mapping[bytes, float], held: Mapping[bytes, Sequence[int]], size: int) -> float:
    """The most weight that the question's terms have within `STRETCH` terms that follow one another."""
    if len(held) < 2 or size <= STRETCH:
        return sum(weights[term] for term in held)
    found = sorted((place, term) for term, some in held.items() for place in some)
    if found[-1][0] - found[0][0] < STRETCH:
        return sum(weights[term] for term in held)
    return max(  # a place holds one term, so that no stretch has more than STRETCH of them
        sum(
            weights[term]
            for term in {term for place, term in found[number : number + STRETCH] if place < start + STRETCH}
        )
        for number, (start, _) in enumerate(found)
    )


def _nearness(spans: Sequence[Span], day: str) -> float:
    """1 where an entry is of a day that the question names, a third as much with each week between."""
    if not day or not spans:
        return 0.0
    return max(math.exp(-days_between(span, date.fromisoformat(day)) / 7) for span in spans)
