"""Blending what the words say with what the vectors say.

Plain sums: the lexical score is one that was learned (`sync.search.rank`, in units of its first feature), and beside
such a score cosines need no scaling: in held-out questions that was as good as standardising them, and better than
joining ranks, and it does not depend on which other candidates there are. `benchmarks/train_fusion.py` learns the
weights; between half and one and a half times these the figures hardly move.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

_SPREAD = 5.2  # of the learned scores of a question's candidates
REACH = 2
"""A passage is understood with so many passages of its entry before it, and as many behind."""


class Tongue(Enum):
    """What a question is written in, as far as it matters here."""

    ENGLISH = "en"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the cosines count beside the lexical score.

    Attributes:
        own: of the passage's own vector.
        near: of the mean of its vector and those of its neighbours.
    """

    own: float
    near: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One passage, as both sides see it.

    Attributes:
        lexical: the score of `sync.search.rank`, of a passage without any word of the question as well.
        own: cosine of the question and the passage.
        near: cosine of the question and the passage with its neighbours.
    """

    lexical: float
    own: float
    near: float


NOTHING = Weights(own=0.0, near=0.0)
"""By words alone."""

_WEIGHTS = {
    ("all-MiniLM-L6-v2", Tongue.ENGLISH): Weights(own=9.0, near=19.0),
    # An English model, but its French vectors still know names, numbers and borrowed words.
    ("all-MiniLM-L6-v2", Tongue.OTHER): Weights(own=9.0, near=19.0),
    ("all-MiniLM-L6-v2-static", Tongue.ENGLISH): Weights(own=10.0, near=25.0),
    ("all-MiniLM-L6-v2-static", Tongue.OTHER): NOTHING,
}
_OF_OTHERS = Weights(own=9.0, near=19.0)


def weights_for(model_id: str, tongue: Tongue) -> Weights:
    """What a model's vectors count for a question.

    Args:
        model_id: of the embedder. Models that were not measured count as the one that was.
        tongue: of the question.
    """
    return _WEIGHTS.get((model_id.partition(":")[0], tongue), _OF_OTHERS)


def fuse(candidates: Sequence[Candidate], weights: Weights) -> list[float]:
    """The joint scores, in the candidates' order; comparable within one question."""
    return [one.lexical + weights.own * one.own + weights.near * one.near for one in candidates]


def standardise(scores: Sequence[float]) -> list[float]:
    """Scores of another ranking in units that fit the weights: with mean 0 and the spread that learned ones have.

    Not needed for those of `sync.search.rank`.
    """
    if not scores:
        return []
    mean = math.fsum(scores) / len(scores)
    spread = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores))
    return [_SPREAD * (score - mean) / spread if spread else 0.0 for score in scores]


def near_cosine(own: Sequence[float], length: float) -> float:
    """The cosine of a question and a passage with its neighbours, from the cosines of each.

    Args:
        own: cosines of the passage and of up to `REACH` passages of its entry on either side.
        length: of the sum of their vectors.
    """
    return math.fsum(own) / length if length else 0.0
