"""What a passage says with its neighbours: the mean of their vectors, which are there anyway.

In held-out questions as good as vectors of the joined texts, which would cost twice the time and the space.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.search.vectors.fusion import REACH

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sync.search.vectors.embedder import Vectors
    from sync.search.vectors.nearest import Ids

    Floats = npt.NDArray[np.float32]


def near_lengths(vectors: Vectors, entries: Ids) -> Floats:
    """The length of the sum of each passage's vector and its neighbours'.

    Args:
        vectors: of passages, in the order of their entries and their places there.
        entries: which entry each is of.
    """
    import numpy as np

    found: Floats = np.linalg.norm(_summed(vectors, entries), axis=1).astype(np.float32)
    return found


def near_cosines(own: Floats, entries: Ids, lengths: Floats) -> Floats:
    """The cosines of one question and the passages with their neighbours.

    Args:
        own: its cosines with the passages themselves.
        entries: which entry each is of.
        lengths: as `near_lengths` gives them.
    """
    import numpy as np

    sums = _summed(own[:, None], entries)[:, 0]
    return np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)


def _summed(rows: Floats, entries: Ids) -> Floats:
    """Every row and up to `REACH` rows of its entry on either side."""
    found = rows.copy()
    for step in range(1, REACH + 1):
        same = (entries[step:] == entries[:-step])[:, None]
        found[step:] += rows[:-step] * same
        found[:-step] += rows[step:] * same
    return found
