"""Models that are downloaded on first use, by fastembed (ONNX) or by sentence-transformers (torch).

Both keep what they downloaded in their own folders, and find it there without a network. A hub that cannot be reached
is asked once, within seconds, and said.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sync.search.vectors.embedder import EmbedderError, Kind, unit_rows
from sync.search.vectors.prompts import prompted

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors

HUB = "https://huggingface.co"
_SECONDS_TO_REACH = 3.0
_TEXTS_A_BATCH = 32


class FastEmbed:
    """A model of fastembed's list.

    Args:
        name: as the hub knows it, such as `sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def model_id(self) -> str:
        """The tool is part of it: its models are exported, some of them quantised."""
        return f"fastembed:{self._name}:{self.dimension}"

    @cached_property
    def dimension(self) -> int:
        """What fastembed's list says of the model; loads nothing.

        Raises:
            EmbedderError: it is not in the list.
        """
        listed = import_module("fastembed").TextEmbedding.list_supported_models()
        found = [model["dim"] for model in listed if model["model"].lower() == self._name.lower()]
        if not found:
            hint = "see https://qdrant.github.io/fastembed/examples/Supported_Models/"
            raise EmbedderError(f"fastembed has no model {self._name}", hint=hint)
        return int(found[0])

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One vector a text.

        Raises:
            EmbedderError: the model cannot be loaded.
        """
        import numpy as np

        asked = [prompted(self._name, text, kind) for text in texts]
        found = list(self._model.embed(asked, batch_size=_TEXTS_A_BATCH))
        return unit_rows(np.array(found, np.float32).reshape(len(texts), self.dimension))

    @cached_property
    def _model(self) -> Any:
        make = import_module("fastembed").TextEmbedding
        return _load(self._name, lambda **offline: make(self._name, **offline))


class SentenceTransformers:
    """Any model that sentence-transformers can load; a folder's path works too.

    Args:
        name: as the hub knows it, such as `intfloat/multilingual-e5-small`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def model_id(self) -> str:
        """Model and dimension; loads the model, which alone knows the latter."""
        return f"sentence-transformers:{self._name}:{self.dimension}"

    @property
    def dimension(self) -> int:
        """Of the model's vectors; loads it."""
        named = getattr(self._model, "get_embedding_dimension", None)  # older ones have the longer name
        return int(named() if named else self._model.get_sentence_embedding_dimension())

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One vector a text.

        Raises:
            EmbedderError: the model cannot be loaded.
        """
        import numpy as np

        asked = [prompted(self._name, text, kind) for text in texts]
        found = self._model.encode(asked, batch_size=_TEXTS_A_BATCH, show_progress_bar=False)
        return unit_rows(np.array(found, np.float32).reshape(len(texts), self.dimension))

    @cached_property
    def _model(self) -> Any:
        make = import_module("sentence_transformers").SentenceTransformer
        return _load(self._name, lambda **offline: make(self._name, device="cpu", **offline))


def _load(name: str, make: Any) -> Any:
    """The model from this machine, else from the hub.

    The libraries raise what their own libraries raise, a dozen classes; each means that there is no model.
    """
    try:
        return make(local_files_only=True)
    except Exception as error:  # noqa: BLE001 - see above
        absent = error
    if not hub_answers():
        hint = 'download it where there is a network, or use model = "minilm", which needs none'
        raise EmbedderError(f"{name} is not on this machine, and {_hub()} cannot be reached", hint=hint) from absent
    try:
        return make()
    except Exception as error:
        hint = "see whether the hub has a model of that name"
        raise EmbedderError(f"{name} cannot be loaded: {' '.join(str(error).split())[:200]}", hint=hint) from error


def hub_answers(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the hub, or the mirror that HF_ENDPOINT names, takes a connection within seconds."""
    parts = urlsplit(_hub(environment))
    try:
        with socket.create_connection((parts.hostname, parts.port or 443), timeout=_SECONDS_TO_REACH):
            return True
    except (OSError, ValueError):
        return False


def _hub(environment: Mapping[str, str] = os.environ) -> str:
    return environment.get("HF_ENDPOINT") or HUB
