"""What the passages of a journal mean, ready for questions: the one thing that a search needs of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sync.search.vectors.approximate import MOST_COMPARED, Opened, open_nearest
from sync.search.vectors.cache import VectorCache, text_key
from sync.search.vectors.embedder import Embedder, Kind
from sync.search.vectors.fusion import REACH
from sync.search.vectors.nearest import among
from sync.search.vectors.neighbourhood import near_cosines, near_lengths

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors
    from sync.search.vectors.nearest import Ids

_PIECE = 5_000
MOST_FOUND = 60
"""Passages that the vectors add to those that the words found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosines:
    """How near a passage is to a question: by itself, and with its neighbours. From -1 to 1."""

    own: float
    near: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A passage as it is embedded.

    Attributes:
        id: its number; numbers of one entry follow each other in the entry's order, and stand for one text for ever.
        entry: the number of its entry.
        text: the passage alone, without headings or neighbours.
    """

    id: int
    entry: int
    text: str


class Meaning:
    """Vectors of passages.

    Args:
        embedder: that made them.
        ids, entries: numbers of passages, sorted, and of their entries.
        rows: gives the vectors at some places of `ids`.
        opened: the index of the vectors.

    Attributes:
        opened: the same: whether the index was read or made, and why.
        computed: texts that were embedded for it, not read from the cache.
    """

    def __init__(
        self, embedder: Embedder, ids: Ids, entries: Ids, rows: Callable[[Ids], Vectors], opened: Opened, computed: int
    ) -> None:
        self._embedder, self._ids, self._entries, self._rows = embedder, ids, entries, rows
        self.opened, self.computed = opened, computed

    @property
    def model_id(self) -> str:
        """Of the embedder, for `weights_for`."""
        return self._embedder.model_id

    def cosines(
        self, question: str, ids: Sequence[int], *, most: int = MOST_FOUND, allowed: Sequence[int] | None = None
    ) -> Mapping[int, Cosines]:
        """The cosines of some passages, and of those that are nearest to a question.

        Args:
            question: embedded here.
            ids: passages wanted in any case, such as the words found; unknown ones are left out.
            most: how many others to add.
            allowed: the only ones that may be added; None for all.

        Raises:
            EmbedderError, EndpointError: the question cannot be embedded.
        """
        import numpy as np

        asked = self._embedder.embed([question], kind=Kind.QUERY)
        wanted = np.unique(np.array(ids, np.int64))
        wanted = wanted[among(wanted, self._ids)]
        permitted = None if allowed is None else np.unique(np.array(allowed, np.int64))
        found = self._around(self.opened.nearest.search(asked, most, permitted).ids[0]) if most else wanted[:0]
        found = found if permitted is None else found[among(found, permitted)]
        known = self._compare(asked, np.union1d(wanted, found))
        added = sorted(found[~among(found, wanted)].tolist(), key=known.__getitem__, reverse=True)
        kept = {*wanted.tolist(), *added[:most]}
        return {one: Cosines(own=own, near=near) for one, (_, own, near) in known.items() if one in kept}

    def _around(self, ids: Ids) -> Ids:
        """Passages and their neighbours."""
        import numpy as np

        places = self._places(ids[ids >= 0])
        return self._ids[np.unique(self._widened(places))]

    def _compare(self, asked: Vectors, ids: Ids) -> dict[int, tuple[float, float, float]]:
        """By passage: the sum of both cosines, its own, and that with its neighbours."""
        import numpy as np

        places = np.unique(self._widened(self._places(ids)))
        rows, entries = self._rows(places), self._entries[places]
        # Places that are not next to each other are of no one neighbourhood, though they may be of one entry.
        runs = np.cumsum(np.diff(places, prepend=-1) > 1)
        groups = entries * (len(places) + 1) + runs
        own = rows @ asked[0]
        near = near_cosines(own, groups, near_lengths(rows, groups))
        at = np.searchsorted(places, self._places(ids))
        sums = (own + near)[at].tolist()
        return dict(zip(ids.tolist(), zip(sums, own[at].tolist(), near[at].tolist(), strict=True), strict=True))

    def _widened(self, places: Ids) -> Ids:
        """Places, and those next to them in the same entries."""
        import numpy as np

        steps = np.arange(-REACH, REACH + 1)
        around: Ids = np.clip(places[:, None] + steps, 0, max(len(self._ids) - 1, 0))
        same = self._entries[around] == self._entries[places][:, None]
        widened: Ids = around[same]
        return widened

    def _places(self, ids: Ids) -> Ids:
        import numpy as np

        found: Ids = np.searchsorted(self._ids, ids)
        return found


def open_meaning(
    folder: Path,
    cache: VectorCache,
    embedder: Embedder,
    texts: Sequence[Text],
    *,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    most_compared: int = MOST_COMPARED,
) -> Meaning:
    """Embed what is new and open the index.

    Args:
        folder: where an index of very many vectors is kept.
        cache: must stay open as long as the result is used.
        embedder: of passages and questions.
        texts: every passage, sorted by number. Above `most_compared` they are needed as long as the result is.
        progress: told how many of the new texts are done, and how many there are.
        most_compared: up to so many passages, all vectors are in memory; above, they stay in the cache.

    Raises:
        EmbedderError, EndpointError: the embedder failed; what it had done is kept.
    """
    import numpy as np

    ids = np.array([text.id for text in texts], np.int64)
    entries = np.array([text.entry for text in texts], np.int64)
    if len(texts) <= most_compared:
        kept = cache.embed([text.text for text in texts], embedder, progress=progress)
        opened = open_nearest(folder, embedder.model_id, ids, lambda _: kept.vectors, most_compared=len(ids))
        return Meaning(embedder, ids, entries, kept.vectors.__getitem__, opened, kept.computed)
    computed = _embed_missing(cache, embedder, texts, progress)

    def rows(places: Ids) -> Vectors:
        return cache.embed([texts[place].text for place in places.tolist()], embedder).vectors

    opened = open_nearest(
        folder,
        embedder.model_id,
        ids,
        lambda wanted: rows(np.searchsorted(ids, wanted)),
        most_compared=most_compared,
    )
    return Meaning(embedder, ids, entries, rows, opened, computed)


def _embed_missing(
    cache: VectorCache, embedder: Embedder, texts: Sequence[Text], progress: Callable[[int, int], None]
) -> int:
    """So many at a time that their vectors need little memory."""
    known = cache.known(embedder.model_id)
    missing = [text.text for text in texts if text_key(text.text) not in known]
    computed = 0
    for at in range(0, len(missing), _PIECE):
        computed += cache.embed(missing[at : at + _PIECE], embedder).computed
        progress(min(at + _PIECE, len(missing)), len(missing))
    return computed
