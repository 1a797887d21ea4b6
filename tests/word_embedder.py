"""A small embedder of its own for tests: texts that share words are near each other, by the hashing trick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from sync.search.vectors.embedder import Kind, unit_rows

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors


class WordEmbedder:
    """Counts words in `dimension` places; remembers what it was asked."""

    def __init__(self, model_id: str = "words:1", dimension: int = 64) -> None:
        self.model_id, self.dimension = model_id, dimension
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One vector a text."""
        import numpy as np

        self.asked += texts
        found = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(found, texts, strict=True):
            for word in text.lower().split():
                row[crc32(word.encode("utf-8", "surrogatepass")) % self.dimension] += 1
        return unit_rows(found)
