"""A table of one vector a token, distilled from MiniLM: a text is the weighted mean of its tokens' vectors.

The method of model2vec (Tulkens & van Dongen, "Model2Vec", 2024): every token of the vocabulary goes through the model
once, the result is reduced by principal components, and frequent tokens count less (Arora et al., "A simple but
tough-to-beat baseline for sentence embeddings", 2017). A hundred times as fast as the model, and less good.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sync.repository.files import read_or_none, write_atomic
from sync.search.vectors.bert import Bert
from sync.search.vectors.embedder import Kind, unit_rows
from sync.search.vectors.minilm import MiniLm

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sync.search.vectors.embedder import Vectors

DIMENSION = 256
_REVISION = 1
_FIRST, _LAST = 101, 102  # [CLS] and [SEP] of BERT's vocabulary
_TOKENS_A_BATCH = 1024
_RARE = 1e-4  # Arora et al.: a word weighs a / (a + p)


class StaticMiniLm:
    """The table; made when the first text comes, in half a minute or so, and kept in a file.

    Args:
        folder: where the file lies; made where it is missing.
    """

    model_id = f"all-MiniLM-L6-v2-static:{_REVISION}:{DIMENSION}"
    dimension = DIMENSION

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"minilm-static-{_REVISION}.npy"
        self._teacher = MiniLm()

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One vector a text, of its first 256 tokens; zeros for a text without any.

        Raises:
            EmbedderError: the package carries no weights.
            UsageError: the table cannot be kept.
        """
        import numpy as np

        found = np.zeros((len(texts), DIMENSION), np.float32)
        for at, tokens in enumerate(self._teacher.tokens(texts)):
            if len(tokens) > 2:
                found[at] = self.table[tokens[1:-1]].mean(axis=0, dtype=np.float32)
        return unit_rows(found)

    @cached_property
    def table(self) -> npt.NDArray[np.float16]:
        """One row a token of the vocabulary. A file that is none is made again."""
        import numpy as np

        data = read_or_none(self._path)
        try:
            table = np.load(io.BytesIO(data or b""), allow_pickle=False)
        except (ValueError, EOFError):
            table = None
        if (
            table is None
            or table.shape != (self._teacher.tokenizer.get_vocab_size(), DIMENSION)
            or table.dtype != np.float16
        ):
            table = distil(self._teacher.model)
            stream = io.BytesIO()
            np.save(stream, table, allow_pickle=False)
            write_atomic(self._path, [stream.getvalue()])
        kept: npt.NDArray[np.float16] = table
        return kept


def distil(model: Bert) -> npt.NDArray[np.float16]:
    """The table of a model.

    Args:
        model: with the vocabulary of BERT, which is in the order of frequency, roughly.
    """
    import numpy as np

    count = model.vocabulary
    means = np.concatenate(
        [
            model.means([[_FIRST, token, _LAST] for token in range(at, min(at + _TOKENS_A_BATCH, count))])
            for at in range(0, count, _TOKENS_A_BATCH)
        ]
    )
    means -= means.mean(axis=0)
    axes = np.linalg.svd(means.T @ means).U[:, :DIMENSION]
    frequency = 1 / np.arange(2, count + 2)  # Zipf's law
    frequency /= frequency.sum()
    weights = (_RARE / (_RARE + frequency)).astype(np.float32)
    table: npt.NDArray[np.float16] = (means @ axes * weights[:, None]).astype(np.float16)
    return table
