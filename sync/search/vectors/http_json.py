"""One JSON value sent to a server, and what it answers, within a time limit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sync.errors import SettingsError
from sync.search.http import Exchange, ExchangeError, TimeIsUpError, read_whole, wait_of
from sync.search.vectors.embedder import EndpointError, EndpointTimeoutError

_MOST_BYTES = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said.

    Attributes:
        status: of HTTP.
        retry_after_s: what the server asks to wait; 0 where it says nothing that can be read.
        body: its bytes, complete.
    """

    status: int
    retry_after_s: float
    body: bytes


def check_url(url: str) -> None:
    """Refuse an address that no request can be sent to.

    Raises:
        SettingsError: it is not http(s)://host[:port][/path], or carries a name, a password or a query.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        usable = None
    if not usable or "@" in parts.netloc or parts.query or parts.fragment or not url.isprintable() or " " in url:
        hint = "write it as https://host/v1; the key belongs in an environment variable"
        raise SettingsError("search.base_url is no address of a server", hint=hint)


def post_json(url: str, value: Any, *, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Send one JSON value. Follows no redirect, so that a key goes to the named host alone.

    Args:
        url: http or https, as `check_url` allows it.
        value: what is sent.
        headers: on top of the content's own.
        timeout_s: seconds from here to the last byte of the answer.

    Raises:
        EndpointTimeoutError: the time is up.
        EndpointError: no connection, or it broke, or the answer is beyond all measure.
    """
    parts, body = urlsplit(url), json.dumps(value).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    try:
        return Exchange[Answer](timeout_s).run(lambda exchange: _answer(exchange, parts, body, sent))
    except TimeIsUpError as error:
        hint = "try again, or give it longer: search.timeout_s in journal.toml"
        raise EndpointTimeoutError(f"{parts.netloc}: no complete answer within {timeout_s:.3g} s", hint=hint) from error
    except ExchangeError as error:
        hint = "see whether the server runs, and whether search.base_url is right"
        raise EndpointError(f"{parts.netloc}: no answer: {error.reason}", hint=hint) from error


def _answer(exchange: Exchange[Answer], url: SplitResult, body: bytes, headers: Mapping[str, str]) -> Answer:
    with exchange.post(url, body, headers) as response:
        wait_s = wait_of(response) or 0.0
        return Answer(status=response.status, retry_after_s=wait_s, body=read_whole(response, _MOST_BYTES))
