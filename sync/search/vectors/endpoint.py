"""Vectors from a server that speaks the OpenAI protocol: POST {base_url}/embeddings.

https://platform.openai.com/docs/api-reference/embeddings; spoken by Ollama, llama.cpp, vLLM, LiteLLM and others too.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sync.errors import SettingsError
from sync.search.vectors.embedder import EndpointError, EndpointTimeoutError, Kind, unit_rows
from sync.search.vectors.http_json import Answer, check_url, post_json
from sync.search.vectors.prompts import prompted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sync.search.vectors.embedder import Vectors

_TEXTS_A_REQUEST = 64
_FIRST_PAUSE_S = 0.2
_TOO_MANY_REQUESTS = 429
_SAID = 200
_BLANK = "."  # the protocol refuses an empty text


class Endpoint:
    """An OpenAI-compatible server.

    Args:
        base_url: its address, up to and with `/v1`.
        model: the model's name there.
        key: sent as a bearer token and told nobody else; empty for none.
        dimensions: asked of the server, or None.
        timeout_s: seconds for a request of 64 texts at most, retries included.

    Raises:
        SettingsError: address or key cannot be sent.
    """

    def __init__(self, *, base_url: str, model: str, key: str, dimensions: int | None, timeout_s: float) -> None:
        check_url(base_url)
        if not (key.isascii() and key.isprintable()):
            raise SettingsError("the endpoint's key holds characters that a header cannot carry", hint="set it again")
        self._url = base_url.rstrip("/") + "/embeddings"
        self._host = urlsplit(base_url).netloc
        self._model, self._key, self._asked, self._timeout_s = model, key, dimensions, timeout_s
        self._dimension = 0

    @property
    def model_id(self) -> str:
        """Host and model, and the dimension where the setting asks for one. Needs no request."""
        return f"openai:{self._host}:{self._model}" + (f":{self._asked}" if self._asked else "")

    @property
    def dimension(self) -> int:
        """Of the server's vectors; asks it for one where none has come yet."""
        if not self._dimension:
            self.embed([_BLANK], kind=Kind.QUERY)
        return self._dimension

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One vector a text.

        Raises:
            EndpointError: no usable answer in time; the message never holds the key.
        """
        import numpy as np

        parts = [
            self._request([prompted(self._model, text, kind) or _BLANK for text in texts[at : at + _TEXTS_A_REQUEST]])
            for at in range(0, len(texts), _TEXTS_A_REQUEST)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self.dimension), np.float32)

    def _request(self, texts: list[str]) -> Vectors:
        value: dict[str, Any] = {"model": self._model, "input": texts, "encoding_format": "float"}
        if self._asked:
            value["dimensions"] = self._asked
        vectors = self._vectors(self._answer(value).body, len(texts))
        self._dimension = vectors.shape[1]
        return unit_rows(vectors)

    def _answer(self, value: dict[str, Any]) -> Answer:
        """The first answer that is no plea to come back later."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        deadline, pause_s = time.monotonic() + self._timeout_s, _FIRST_PAUSE_S
        while True:
            left_s = max(deadline - time.monotonic(), 0.0)
            answer = post_json(self._url, value, headers=headers, timeout_s=left_s)
            if answer.status == 200:
                return answer
            wait_s = max(answer.retry_after_s, pause_s)
            passing = answer.status == _TOO_MANY_REQUESTS or answer.status >= 500
            if not passing or time.monotonic() + wait_s >= deadline:
                raise self._refusal(answer)
            time.sleep(wait_s)
            pause_s *= 2

    def _refusal(self, answer: Answer) -> EndpointError:
        """What the server said no with. What it says about a key may hold the key."""
        if answer.status in {401, 403}:
            hint = "see whether the environment variable search.key_variable names holds a valid key"
            return EndpointError(f"{self._host}: the key is refused (HTTP {answer.status})", hint=hint)
        said = " ".join(_message(answer.body).split())[:_SAID]
        if self._key:
            said = said.replace(self._key, "***")
        tail = f": {''.join(letter for letter in said if letter.isprintable())}" if said else ""
        hint = "try again later" if answer.status >= 500 else "see search.model and search.base_url in journal.toml"
        return EndpointError(f"{self._host}: HTTP {answer.status}{tail}", hint=hint)

    def _vectors(self, body: bytes, count: int) -> Vectors:
        try:
            return _read_vectors(json.loads(body), count, self._dimension or self._asked)
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            OverflowError,
            RecursionError,
            binascii.Error,
        ) as error:
            reason = str(error) if type(error) is ValueError else "not the JSON of the protocol"
            hint = "see whether search.base_url is an OpenAI-compatible server and search.model an embedding model"
            raise EndpointError(f"{self._host}: its answer holds no vectors: {reason}", hint=hint) from error


def _message(body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def _read_vectors(answer: Any, count: int, dimension: int | None) -> Vectors:
    """The vectors by their index.

    Raises:
        ValueError: they are too few, too many, twice the same, unequal in length, or not finite.
    """
    import numpy as np

    rows = answer["data"]
    if not isinstance(rows, list) or len(rows) != count:
        raise ValueError(f"{len(rows) if isinstance(rows, list) else 'no'} vectors for {count} texts")
    order = [row.get("index", at) for at, row in enumerate(rows)]
    if sorted(order) != list(range(count)):
        raise ValueError("their indexes are not those of the texts")
    vectors = [_read_vector(row["embedding"]) for row in rows]
    lengths = {len(vector) for vector in vectors}
    if len(lengths) != 1 or 0 in lengths or lengths != {dimension or max(lengths)}:
        raise ValueError(f"they are of {min(lengths)} to {max(lengths)} numbers, not {dimension or 'of one length'}")
    found = np.stack([vectors[at] for at in np.argsort(order)])
    if not np.isfinite(found).all():
        raise ValueError("some numbers are not finite")
    return found


def _read_vector(value: Any) -> npt.NDArray[np.float32]:
    """A list of numbers, or little-endian float32 in base64."""
    import numpy as np

    if isinstance(value, str):
        data = base64.b64decode(value, validate=True)
        return np.frombuffer(data[: len(data) // 4 * 4], "<f4").astype(np.float32)
    if not isinstance(value, list) or not all(type(number) in {int, float} for number in value):
        raise ValueError("a vector is no list of numbers")
    with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite, which is refused
        return np.array(value, np.float64).astype(np.float32)


__all__ = ["Endpoint", "EndpointTimeoutError"]
