"""One JSON request over HTTP that ends in time, whatever the server does.

A socket's own timeout starts anew with every byte, so a server that sends one byte a second would never run into it.
The exchange therefore runs beside the caller, who stops waiting when the time is up and cuts the connection.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sync.errors import SettingsError
from sync.search.vectors.embedder import EndpointError, EndpointTimeoutError

_MOST_BYTES = 1 << 26
_CHUNK = 1 << 16
_SECONDS_TO_STOP = 1.0


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


@dataclass(slots=True)
class _Exchange:
    """One request under way; the thread that runs it sets `answer` or `failure`."""

    connection: http.client.HTTPConnection
    answer: Answer | None = None
    failure: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def run(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send, and read to the end."""
        try:
            self.connection.request("POST", path, body, dict(headers))
            with self.connection.getresponse() as response:
                wait = response.headers.get("Retry-After", "")
                wait_s = float(wait) if wait.isdecimal() else 0.0
                self.answer = Answer(status=response.status, retry_after_s=wait_s, body=_read(response))
        except Exception as error:  # noqa: BLE001 - raised again where the caller waits
            self.failure = error
        finally:
            self.connection.close()
            self.done.set()

    def cut(self) -> None:
        """Wake whatever waits on the connection."""
        with contextlib.suppress(OSError, AttributeError):
            self.connection.sock.shutdown(socket.SHUT_RDWR)


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
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    exchange = _Exchange(kind(parts.hostname or "", parts.port, timeout=timeout_s))
    body = json.dumps(value).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    thread = threading.Thread(target=exchange.run, args=(parts.path, body, sent), daemon=True)
    thread.start()
    if not exchange.done.wait(timeout_s):
        exchange.cut()
        thread.join(_SECONDS_TO_STOP)
        raise _too_late(parts.netloc, timeout_s)
    thread.join()
    return _outcome(exchange, parts.netloc, timeout_s)


def _outcome(exchange: _Exchange, host: str, timeout_s: float) -> Answer:
    if isinstance(exchange.failure, TimeoutError):
        raise _too_late(host, timeout_s) from exchange.failure
    if exchange.answer is None:
        reason = getattr(exchange.failure, "strerror", None) or type(exchange.failure).__name__
        hint = "see whether the server runs, and whether search.base_url is right"
        raise EndpointError(f"{host}: no answer: {reason}", hint=hint) from exchange.failure
    return exchange.answer


def _too_late(host: str, timeout_s: float) -> EndpointTimeoutError:
    hint = "try again, or give it longer: search.timeout_s in journal.toml"
    return EndpointTimeoutError(f"{host}: no complete answer within {timeout_s:.3g} s", hint=hint)


def _read(response: http.client.HTTPResponse) -> bytes:
    parts, size = [], 0
    while part := response.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise OSError(None, f"more than {_MOST_BYTES >> 20} MiB")
    if response.length:  # what its Content-Length still promises
        raise ConnectionError(None, "it broke off")
    return b"".join(parts)
