"""Blending what the words say with what the vectors say.

Plain sums: the lexical score is one that was learned (`sync.search.rank`, in units of its first feature), and beside
such a score cosines need no scaling: in held-out questions that was as good as standardising them, and better than
joining ranks, and it does not depend on which other candidates there are. `benchmarks/train_fusion.py` learns the
weights; between half and one and a half times these the figures hardly move.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

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

    def weigh(self, own: float, near: float) -> float:
        """What two cosines add to the lexical score; comparable within one question.

        Args:
            own: of the question and the passage.
            near: of the question and the passage with its neighbours.
        """
        return self.own * own + self.near * near


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
