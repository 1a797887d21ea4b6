"""Asking an endpoint for a completion, within a time limit that holds for all of it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping, Sequence

from sync import __version__
from sync.errors import JournalError, RetryError, UsageError
from sync.search.answer.protocol import Endpoint, Listener, events, failure_of, request_body, text_of
from sync.search.http import (
    BrokenAnswerError,
    Exchange,
    ExchangeError,
    TimeIsUpError,
    TooLongError,
    UnreachableError,
    read_whole,
    wait_of,
)

_SIZE_LIMIT = 4 << 20
_CHUNK = 1 << 16
_MOST_TRIES = 5
_FIRST_PAUSE_S = 0.5


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
        Exception: whatever the listener raises.
    """
    exchange = Exchange[str](endpoint.timeout_s)
    asking = _Asking(exchange, endpoint, messages, listener)
    try:
        text = exchange.run(lambda _exchange: asking.answer())
    except ExchangeError as error:
        raise _explained(endpoint, error) from None
    except _UnheardError as unheard:
        raise unheard.error from None
    if not text:
        raise RetryError(f"{endpoint.shown} gave an empty answer", hint="ask again")
    return text


class _Asking:
    """One answer, asked for until it comes."""

    def __init__(
        self,
        exchange: Exchange[str],
        endpoint: Endpoint,
        messages: Sequence[Mapping[str, str]],
        listener: Listener | None,
    ) -> None:
        self._exchange, self._endpoint, self._listener = exchange, endpoint, listener
        self._body = request_body(endpoint, messages, streams=listener is not None)

    def answer(self) -> str:
        pause = _FIRST_PAUSE_S
        for _ in range(_MOST_TRIES - 1):
            try:
                return self._once()
            except _Busy as busy:
                wait = pause if busy.wait_s is None else busy.wait_s
                if wait >= self._exchange.left_s:
                    raise busy.error from None
            self._exchange.pause(wait)
            pause *= 2
        try:
            return self._once()
        except _Busy as busy:
            raise busy.error from None

    def _once(self) -> str:
        with self._exchange.post(self._endpoint.parts, self._body, self._headers()) as response:
            return self._read(response)

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
                raise _Busy(error, wait_of(response))
            raise error
        if kind == "text/event-stream":
            return self._streamed(response)
        if kind not in {"", "application/json"} and not kind.endswith("+json"):
            hint = "the address is the service's base, often one that ends with /v1"
            raise UsageError(f"{self._endpoint.shown} answers with {kind}, not with JSON", hint=hint)
        text = text_of(read_whole(response, _SIZE_LIMIT)).strip()
        self._tell(text)
        return text

    def _streamed(self, response: http.client.HTTPResponse) -> str:
        pieces = []
        for piece in events(_lines(response)):
            pieces.append(piece)
            self._tell(piece)
        return "".join(pieces).strip()

    def _tell(self, piece: str) -> None:
        if self._listener is not None and piece and not self._exchange.is_over:
            try:
                self._listener(piece)
            except Exception as error:
                raise _UnheardError(error) from error


class _UnheardError(Exception):
    """Who listens failed, and the endpoint did not: a pipe that is closed is no line that broke."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class _Busy(Exception):  # noqa: N818 (a reason to wait)
    """The endpoint may do later what it does not do now; `wait_s` is what it asks for, None where it says nothing."""

    def __init__(self, error: RetryError, wait_s: float | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait_s = wait_s


def _lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    left = _SIZE_LIMIT
    while line := response.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise TooLongError(f"more than {_SIZE_LIMIT >> 20} MB")
        yield line


def _explained(endpoint: Endpoint, error: ExchangeError) -> JournalError:
    where = endpoint.shown
    if isinstance(error, TimeIsUpError):
        hint = "ask again, or allow more: git config journal.endpoint.timeout <seconds>"
        return RetryError(f"{where} did not answer in {endpoint.timeout_s:g} s", hint=hint)
    if isinstance(error, UnreachableError):
        return RetryError(f"{where} cannot be reached: {error.reason}", hint="is it running?")
    if isinstance(error, BrokenAnswerError):
        return RetryError(f"{where}: {error.reason}", hint="ask again")
    if isinstance(error, TooLongError):
        return UsageError(f"{where} answers with {error.reason}")
    return UsageError(f"{where}: {error.reason}")
