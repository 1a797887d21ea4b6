"""Requests over HTTP that end in time, whatever the server does.

A socket's own timeout starts anew with every byte, so a server that sends one byte a second never runs into it. The
requests are therefore made beside the caller, in a thread that no system call can keep him waiting for: when the time
is up he stops waiting, and cuts the line. Redirections are not followed, so that a key goes to the named host alone.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar
from urllib.parse import SplitResult

_Result = TypeVar("_Result")

_CHUNK = 1 << 16
_CLOSING_S = 1.0


class ExchangeError(Exception):
    """No answer came.

    Attributes:
        reason: one line; it holds nothing of the request.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TimeIsUpError(ExchangeError):
    """The answer was not there in full when the time was up."""


class NoHostError(ExchangeError):
    """The address holds no name that a host can have."""


class UnreachableError(ExchangeError):
    """Nobody is there, or the connection was cut."""


class UntrustedError(ExchangeError):
    """The server's certificate is not trusted."""


class BrokenAnswerError(ExchangeError):
    """The answer is no HTTP, or ends before its end."""


class TooLongError(ExchangeError):
    """The answer is longer than anything that was asked for."""


class Exchange(Generic[_Result]):
    """Any number of requests, one after the other, within one time limit.

    Args:
        timeout_s: seconds from here to the last byte of the last answer, pauses included.
    """

    def __init__(self, timeout_s: float) -> None:
        self._deadline = time.monotonic() + timeout_s
        self._over = threading.Event()
        self._line: socket.socket | None = None
        self._results: list[_Result] = []
        self._error: Exception | None = None

    @property
    def left_s(self) -> float:
        """Seconds that are left; not negative."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for the result any more."""
        return self._over.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, unless the exchange is over before."""
        self._over.wait(seconds)

    def run(self, work: Callable[[Exchange[_Result]], _Result]) -> _Result:
        """What some work with the exchange gives.

        Args:
            work: runs in a thread of its own; makes requests with `post`.

        Raises:
            ExchangeError: no answer came; `TimeIsUpError` where it did not come in time.
            Exception: whatever else the work raises.
        """
        thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        thread.start()
        try:
            thread.join(self.left_s)
            if thread.is_alive():
                raise TimeIsUpError("the time is up")
        finally:
            self._over.set()
            self._cut()
            thread.join(_CLOSING_S)
        if self._error is not None:
            raise self._error
        return self._results[0]

    @contextlib.contextmanager
    def post(self, url: SplitResult, body: bytes, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
        """The answer to one request, of which nothing but the head has been read.

        Args:
            url: http or https; its path and query are asked for.
            body: what is sent.
            headers: what is sent before it.

        Raises:
            TimeIsUpError: nothing is sent any more.
        """
        left_s = self.left_s
        if self.is_over or not left_s:
            raise TimeIsUpError("the time is up")
        connection = _connection(url, left_s)
        try:
            connection.connect()
            self._line = connection.sock  # the connection forgets it once it has an answer
            target = f"{url.path}?{url.query}" if url.query else url.path
            connection.request("POST", target or "/", body=body, headers=dict(headers))
            with connection.getresponse() as response:
                yield response
        finally:
            self._line = None
            connection.close()

    def _run(self, work: Callable[[Exchange[_Result]], _Result]) -> None:
        try:
            self._results.append(work(self))
        except Exception as error:  # noqa: BLE001 (raised again in the thread that waits)
            self._error = _explained(error)

    def _cut(self) -> None:
        """End whatever the thread is waiting for; it then closes its socket itself."""
        line = self._line
        if line is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: that one drops the encryption under the other thread.
                socket.socket.shutdown(line, socket.SHUT_RDWR)


def read_whole(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body of an answer.

    Args:
        response: the answer.
        most: so many bytes at most.

    Raises:
        TooLongError: it has more.
        BrokenAnswerError: it ends before its Content-Length.
    """
    parts, size = [], 0
    while part := response.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > most:
            raise TooLongError(f"more than {most >> 20} MB")
    if response.length:
        raise BrokenAnswerError("the answer broke off")
    return b"".join(parts)


def wait_of(response: http.client.HTTPResponse) -> float | None:
    """The seconds that an answer asks to wait: a number of them, or a date (RFC 9110, 10.2.3); None without a word."""
    written = response.headers.get("Retry-After", "")
    try:
        wait = float(written)
    except ValueError:
        try:
            wait = parsedate_to_datetime(written).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, wait) if math.isfinite(wait) else None


def _connection(url: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(url.hostname or "", url.port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout_s)


def _explained(error: Exception) -> Exception:
    """What went wrong on the line, in words that hold nothing of the request; anything else as it is."""
    if isinstance(error, TimeoutError):
        return TimeIsUpError("the time is up")
    if isinstance(error, ssl.SSLCertVerificationError):
        return UntrustedError(f"the certificate is not trusted: {error.verify_message}")
    if isinstance(error, (http.client.HTTPException, ssl.SSLError)):
        return BrokenAnswerError("the answer is no HTTP, or broke off")
    if isinstance(error, OSError):
        return UnreachableError(error.strerror or "no such host")
    if isinstance(error, UnicodeError):
        return NoHostError("not the name of a host")
    return error
