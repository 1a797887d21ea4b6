"""Asking an endpoint for a completion, within a time limit that holds for all of it."""

from __future__ import annotations

import contextlib
import http.client
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime

from sync import __version__
from sync.errors import JournalError, RetryError, UsageError
from sync.search.answer.protocol import Endpoint, Listener, events, failure_of, request_body, text_of

_SIZE_LIMIT = 4 << 20
_CHUNK = 1 << 16
_MOST_TRIES = 5
_FIRST_PAUSE_S = 0.5
_CLOSING_S = 1.0


def complete(endpoint: Endpoint, messages: Sequence[Mapping[str, str]], listener: Listener | None = None) -> str:
    """The text that the endpoint's model answers with.

    Sends the messages and the key to the endpoint and to nobody else: redirections are not followed. What fails for
    the moment (429, 5xx) is asked again, as late as `Retry-After` wants.

    Args:
        endpoint: who is asked.
        messages: of the conversation, each with `role` and `content`.
        listener: given, a streamed answer is asked for.

    Raises:
        RetryError: nobody is there, the time is up, the answer breaks off or is empty, or the endpoint fails.
        RefusedError: the endpoint refuses the key.
        UsageError: the endpoint's settings lead to something else than an OpenAI-compatible endpoint.
    """
    exchange = _Exchange(endpoint, messages, listener)
    exchange.start()
    return exchange.result()


class _Exchange(threading.Thread):
    """One answer, asked for in a thread of its own: no system call in it can outlast the time limit."""

    def __init__(self, endpoint: Endpoint, messages: Sequence[Mapping[str, str]], listener: Listener | None) -> None:
        super().__init__(daemon=True)
        self._endpoint = endpoint
        self._body = request_body(endpoint, messages, streams=listener is not None)
        self._listener = listener
        self._deadline = time.monotonic() + endpoint.timeout_s
        self._over = threading.Event()
        self._socket: socket.socket | None = None
        self._text: str | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        """Ask, and keep what comes of it."""
        try:
            self._text = self._asked()
        except JournalError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 (raised again in the thread that waits)
            self._error = self._explained(error)

    def result(self) -> str:
        """The answer, once it is there."""
        try:
            self.join(max(0.0, self._deadline - time.monotonic()))
            if self.is_alive():
                raise self._too_late()
        finally:
            self._over.set()
            self._hang_up()
            self.join(_CLOSING_S)
        if self._error is not None:
            raise self._error
        if not self._text:
            raise RetryError(f"{self._endpoint.shown} gave an empty answer", hint="ask again")
        return self._text

    def _asked(self) -> str:
        pause = _FIRST_PAUSE_S
        for _ in range(_MOST_TRIES - 1):
            try:
                return self._once()
            except _Busy as busy:
                wait = pause if busy.wait_s is None else busy.wait_s
                if wait >= self._deadline - time.monotonic():
                    raise busy.error from None
            if self._over.wait(wait):
                break
            pause *= 2
        try:
            return self._once()
        except _Busy as busy:
            raise busy.error from None

    def _once(self) -> str:
        connection = self._connection()
        try:
            connection.connect()
            self._socket = connection.sock  # the connection forgets it once it has an answer
            parts = self._endpoint.parts
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request("POST", target, body=self._body, headers=self._headers())
            with connection.getresponse() as response:
                return self._read(response)
        finally:
            self._socket = None
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts, left = self._endpoint.parts, max(0.001, self._deadline - time.monotonic())
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=left, context=context)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=left)

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "User-Agent": f"journal-sync/{__version__}",
        }
        return headers | ({"Authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {})

    def _read(self, response: http.client.HTTPResponse) -> str:
        kind = (response.headers.get_content_type() if response.headers.get("Content-Type") else "").lower()
        if response.status != 200:
            body = response.read(_CHUNK)
            error = failure_of(self._endpoint, response.status, body, response.headers.get("Location", ""))
            if isinstance(error, RetryError):
                raise _Busy(error, _wait_of(response.headers.get("Retry-After", "")))
            raise error
        if kind == "text/event-stream":
            return self._streamed(response)
        if kind not in {"", "application/json"} and not kind.endswith("+json"):
            hint = "the address is the service's base, often one that ends with /v1"
            raise UsageError(f"{self._endpoint.shown} answers with {kind}, not with JSON", hint=hint)
        body = response.read(_SIZE_LIMIT + 1)
        if len(body) > _SIZE_LIMIT:
            raise self._too_long()
        if response.length:
            raise http.client.IncompleteRead(body, response.length)
        text = text_of(body).strip()
        self._tell(text)
        return text

    def _streamed(self, response: http.client.HTTPResponse) -> str:
        pieces = []
        for piece in events(self._lines(response)):
            pieces.append(piece)
            self._tell(piece)
        return "".join(pieces).strip()

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        left = _SIZE_LIMIT
        while line := response.readline(left + 1):
            left -= len(line)
            if left < 0:
                raise self._too_long()
            yield line

    def _tell(self, piece: str) -> None:
        if self._listener is not None and piece and not self._over.is_set():
            self._listener(piece)

    def _hang_up(self) -> None:
        """End whatever the thread is waiting for; it then closes its socket itself."""
        line = self._socket
        if line is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: that one drops the encryption under the other thread.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def _too_late(self) -> RetryError:
        hint = "ask again, or allow more: git config journal.endpoint.timeout <seconds>"
        return RetryError(f"{self._endpoint.shown} did not answer in {self._endpoint.timeout_s:g} s", hint=hint)

    def _too_long(self) -> UsageError:
        return UsageError(f"{self._endpoint.shown} answers with more than {_SIZE_LIMIT >> 20} MB")

    def _explained(self, error: Exception) -> Exception:
        """What went wrong on the line, in words that hold nothing of the request."""
        where = self._endpoint.shown
        if isinstance(error, TimeoutError):
            return self._too_late()
        if isinstance(error, ssl.SSLCertVerificationError):
            return UsageError(f"{where}: the certificate is not trusted: {error.verify_message}")
        if isinstance(error, (http.client.HTTPException, ssl.SSLError)):
            return RetryError(f"{where}: the answer is no HTTP, or broke off", hint="ask again")
        if isinstance(error, OSError):
            return RetryError(f"{where} cannot be reached: {error.strerror or 'no such host'}", hint="is it running?")
        if isinstance(error, UnicodeError):
            return UsageError(f"{where}: not the name of a host")
        return error


class _Busy(Exception):  # noqa: N818 (a reason to wait)
    """The endpoint may do later what it does not do now; `wait_s` is what it asks for, None where it says nothing."""

    def __init__(self, error: RetryError, wait_s: float | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait_s = wait_s


def _wait_of(written: str) -> float | None:
    """The seconds of a `Retry-After` header: a number of them, or a date (RFC 9110, 10.2.3)."""
    try:
        wait = float(written)
    except ValueError:
        try:
            wait = parsedate_to_datetime(written).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, wait) if math.isfinite(wait) else None
