"""The nearest of many vectors: all of them compared, which is exact, while they are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sync.search.vectors.embedder import Vectors

    Ids = npt.NDArray[np.int64]
    """Numbers of passages. A number stands for one text for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What is near some queries, best first.

    Attributes:
        ids: shape (queries, found); -1 where there were fewer.
        scores: cosines, of the same shape; -inf where there were fewer.
    """

    ids: Ids
    scores: npt.NDArray[np.float32]


class Nearest(Protocol):
    """An index of vectors by number."""

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> Neighbours:
        """The `k` nearest of each query.

        Args:
            queries: shape (queries, dimension), rows of unit length.
            k: how many, at least 1.
            allowed: the only numbers that may be found, sorted; None for all.
        """
        ...


class BruteForce:
    """Every vector compared with every query.

    Args:
        ids: numbers, in any order.
        vectors: shape (ids, dimension), rows of unit length. Not copied.
    """

    def __init__(self, ids: Ids, vectors: Vectors) -> None:
        self._ids, self._vectors = ids, vectors

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> Neighbours:
        """Exact. Where few are allowed, only these are compared."""
        import numpy as np

        ids, vectors = self._ids, self._vectors
        if allowed is not None:
            rows = np.flatnonzero(among(ids, allowed))
            ids, vectors = ids[rows], vectors[rows]
        return best(np.broadcast_to(ids, (len(queries), len(ids))), queries @ vectors.T, k)


class Joined:
    """Several indexes with no number in common, as one."""

    def __init__(self, parts: Sequence[Nearest]) -> None:
        self._parts = parts

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> Neighbours:
        """The best of what each finds."""
        import numpy as np

        found = [part.search(queries, k, allowed) for part in self._parts]
        ids = np.concatenate([one.ids for one in found], axis=1)
        return best(ids, np.concatenate([one.scores for one in found], axis=1), k)


def best(ids: Ids, scores: npt.NDArray[np.float32], k: int) -> Neighbours:
    """The `k` best of each row; equal scores are ordered by number, so that the same question has the same answer."""
    import numpy as np

    count = scores.shape[1]
    if count > k:
        kept = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        ids, scores = np.take_along_axis(ids, kept, axis=1), np.take_along_axis(scores, kept, axis=1)
    order = np.lexsort((ids, -scores), axis=1)
    ids, scores = np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)
    missing = ((0, 0), (0, max(k - count, 0)))
    return Neighbours(
        ids=np.pad(ids, missing, constant_values=-1), scores=np.pad(scores, missing, constant_values=-np.inf)
    )


def among(ids: Ids, wanted: Ids) -> npt.NDArray[np.bool_]:
    """Which of some numbers are among others.

    Args:
        ids: asked about, in any order.
        wanted: sorted.
    """
    import numpy as np

    if not len(wanted):
        return np.zeros(len(ids), np.bool_)
    places = np.searchsorted(wanted, ids)
    places[places == len(wanted)] = 0
    found: npt.NDArray[np.bool_] = wanted[places] == ids
    return found
