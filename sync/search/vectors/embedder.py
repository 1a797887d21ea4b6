"""The port of everything that turns a text into a vector, and what a setting can say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from sync.errors import JournalError, RetryError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    """Shape (texts, dimension), every row of unit length."""


class Kind(Enum):
    """What a text is: models trained on pairs want to be told."""

    QUERY = "query"
    PASSAGE = "passage"


class Embedder(Protocol):
    """A model that places texts so that those of like meaning are near each other.

    Attributes:
        model_id: the name of model, revision and dimension. Vectors of equal ids can be compared, no others.
        dimension: of every vector.
    """

    @property
    def model_id(self) -> str:
        """See above."""
        ...

    @property
    def dimension(self) -> int:
        """See above."""
        ...

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One vector a text, in order. An empty text has a vector too.

        Raises:
            EmbedderError: the model cannot answer; also as EndpointError, which may pass.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderSettings:
    """Which embedder to use.

    Attributes:
        model: `off`, `minilm`, `minilm-static`, `fastembed:MODEL`, `sentence-transformers:MODEL` or `openai:MODEL`.
        base_url: of an OpenAI-compatible server, up to and with `/v1`.
        key_variable: the environment variable that holds the server's key; empty where it wants none.
        dimensions: asked of the server, which may shorten its vectors; None leaves it the choice.
        timeout_s: seconds that one call of the server may take in all, retries included.
    """

    model: str = "off"
    base_url: str = "https://api.openai.com/v1"
    key_variable: str = "OPENAI_API_KEY"
    dimensions: int | None = None
    timeout_s: float = 30.0


class Lack(Enum):
    """Why there is no embedder."""

    OFF = "off"
    NOT_INSTALLED = "not installed"
    NO_KEY = "no key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """There is no embedder: searching goes on by words.

    Attributes:
        lack: why. `OFF` is somebody's choice and no cause for a warning.
        reason: one line: what is missing.
        remedy: one line: how to get it.
    """

    lack: Lack
    reason: str
    remedy: str


class EmbedderError(JournalError):
    """A model that is installed cannot be loaded, or gave vectors that are none."""

    code = "embedder"


class EndpointError(RetryError):
    """The embeddings endpoint did not answer, or answered something else than vectors."""

    code = "endpoint"


class EndpointTimeoutError(EndpointError):
    """The endpoint had not answered in full when its time was up."""

    code = "endpoint-timeout"


def unit_rows(vectors: Vectors) -> Vectors:
    """The same directions at length one; a row of zeros stays one. Changes its argument."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, 1)
    return vectors
