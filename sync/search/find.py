"""Finding the passages that answer a question: candidates from the index, judged by more than their words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.search.filters import Filters
from sync.search.index.catalogue import NUMBER_BITS, passage_id
from sync.search.index.index import Index, Snapshot
from sync.search.index.words import Lookup
from sync.search.packing import pack_term
from sync.search.question import Question, with_slips, written_alike
from sync.search.rank import Candidate, Weighed, idf, rank, spread
from sync.search.scope import Scope, make_scope, sift

if TYPE_CHECKING:
    from sync.search.vectors.fusion import Weights
    from sync.search.vectors.meaning import Cosines

CANDIDATES = 200
_ALIKE_WEIGHT = 0.3
_ENTRIES = 200
_FLOOR = (
    300  # words of a smaller journal count as of one with so many passages: all are common there, and would not count
)
_LEAST = 0.2  # a cosine below it says nothing for a passage that has no word of the question
_TITLED, _FIRST = 10, 2  # so many entries at most are found by their titles alone, with so many passages each
_STARTING = 300  # so many terms at most that begin alike are compared with one of the question


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A passage that answers a question.

    Attributes:
        id: its id in the index.
        score: higher is better.
    """

    id: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """What is to be counted besides words.

    Attributes:
        cosines: gives those of passages that were found, by id, and those of the nearest others in some entries; all
            entries where they are None.
        weights: what a cosine counts beside the score of the words.
        by_words: whether words count at all.
    """

    cosines: Callable[[Sequence[int], Sequence[int] | None], Mapping[int, Cosines]]
    weights: Weights
    by_words: bool


def find(
    index: Index, snapshot: Snapshot, question: Question, filters: Filters, limit: int, blend: Blend | None = None
) -> list[Ranked]:
    """The passages of a journal that answer a question, best first.

    Args:
        index: the index.
        snapshot: the journal.
        question: what is asked.
        filters: what the passages must meet besides.
        limit: how many at most.
        blend: what is to be counted besides words; None to go by words alone.
    """
    alike = _alike(index, question)
    terms = dict.fromkeys(question.terms, 1.0)
    if not terms and blend is None:
        return []
    boosted = terms | {term: _ALIKE_WEIGHT * share**2 for term, share in alike.items()}
    scope = make_scope(index, snapshot, filters, question.phrases)
    near = dict(_search(index, scope, boosted, question, max(CANDIDATES, limit)))
    entries = Lookup(terms=terms | dict.fromkeys(question.others, 1.0), limit=_ENTRIES, entries=scope.few)
    whole, titles = dict(index.words.find_entries(entries)), dict(index.words.find_headings(entries))
    near |= sift(index, scope, _beginnings(near, titles))[: _TITLED * _FIRST]
    cosines = blend.cosines(list(near), scope.entries) if blend else {}
    meant = [(id_, 0.0) for id_, one in cosines.items() if id_ not in near and max(one.own, one.near) >= _LEAST]
    near |= sift(index, scope, meant)
    candidates, before = _candidates(index, near, whole, titles)
    ranked = rank(_weighed(index, question, alike), candidates, before)
    if blend and cosines:
        ranked = _blended(ranked, cosines, blend)
    return [Ranked(id=one.id, score=score) for score, one in spread(ranked, limit)]


def _blended(
    ranked: Sequence[tuple[float, Candidate]], cosines: Mapping[int, Cosines], blend: Blend
) -> list[tuple[float, Candidate]]:
    """Candidates by what their words and their meanings say, best first; equal ones by id."""
    scored = []
    for score, one in ranked:
        cosine = cosines.get(one.id)
        meant = blend.weights.weigh(cosine.own, cosine.near) if cosine else 0.0
        scored.append((meant + score if blend.by_words else meant, one))
    return sorted(scored, key=lambda pair: (-pair[0], pair[1].id))


def _alike(index: Index, question: Question) -> Mapping[str, float]:
    """What else than a question's terms to look for, and how alike it is to them."""
    words = index.words
    slips = with_slips(question.terms, words.frequency)
    others = {term: 1.0 for term in question.others if words.frequency(term)}
    return {**slips, **written_alike(question.terms, lambda start: words.terms_like(start, _STARTING)), **others}


def _search(
    index: Index, scope: Scope, terms: Mapping[str, float], question: Question, enough: int
) -> list[tuple[int, float]]:
    """Candidates in a scope, best first: what lies outside is sifted out, and more looked for until there is enough."""
    required = frozenset(term for rows in question.phrases for term in set(rows[0]).intersection(*rows[1:]))
    limit = enough
    while True:
        found = index.words.find_passages(Lookup(terms=terms, limit=limit, required=required, entries=scope.few))
        inside = sift(index, scope, found)
        if len(inside) >= enough or len(found) < limit:
            return inside[:enough]
        limit *= 8


def _beginnings(near: Mapping[int, float], titles: Mapping[int, float]) -> list[tuple[int, float]]:
    """The first passages of entries that nothing but their titles tells of."""
    found = {id_ >> NUMBER_BITS for id_ in near}
    others = [entry for entry in titles if entry not in found]
    return [(passage_id(entry, number), 0.0) for entry in others for number in range(_FIRST)]


def _weighed(index: Index, question: Question, alike: Mapping[str, float]) -> Weighed:
    passages, frequency = max(index.words.passages, _FLOOR), index.words.frequency
    return Weighed(
        question=question,
        terms={pack_term(term): idf(passages, frequency(term)) for term in question.terms},
        alike={pack_term(term): share * share * idf(passages, frequency(term)) for term, share in alike.items()},
        average=index.average,
    )


def _candidates(
    index: Index, near: Mapping[int, float], whole: Mapping[int, float], titles: Mapping[int, float]
) -> tuple[list[Candidate], dict[int, bytes]]:
    """Candidates, and the packed terms of those passages before them that ask something."""
    found, before = [], {}
    for id_, terms, speaker, traits, day in index.catalogue.judged({*near, *(id_ - 1 for id_ in near)}):
        asks, names_time = traits & 1 != 0, traits & 2 != 0
        if asks:
            before[id_] = terms
        if id_ in near:
            scores = (near[id_], whole.get(id_ >> NUMBER_BITS, 0.0), titles.get(id_ >> 20, 0.0))
            found.append(Candidate(id_, terms, speaker, asks, names_time, day, *scores))
    return found, before
