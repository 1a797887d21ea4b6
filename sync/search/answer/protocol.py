"""The chat completions of an OpenAI-compatible endpoint: what is sent, and what comes back as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sync.errors import JournalError, RefusedError, RetryError, UsageError

Listener = Callable[[str], None]
"""Told each piece of an answer as it comes, from another thread."""

_KEY_LIMIT = 4_096
_SAID_LIMIT = 200
_SET_UP = "look at: git config --get-regexp journal.endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where answers are written; made by `make_endpoint`.

    Attributes:
        url: base of the service, as `https://api.example.org/v1`.
        model: the model's name there.
        key: what the service knows the asker by; empty for one that asks for none. No message ever holds it.
        timeout_s: seconds for the whole exchange, repetitions included.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = 30.0

    @property
    def parts(self) -> SplitResult:
        """The parts of the address that completions are asked for at."""
        parts = urlsplit(self.url)
        return parts._replace(path=f"{parts.path.rstrip('/')}/chat/completions")

    @property
    def shown(self) -> str:
        """The address as it may be shown: without its query, which can hold a secret."""
        return self.parts._replace(query="").geturl()


def make_endpoint(*, url: str, model: str, key: str = "", timeout_s: float = 30.0) -> Endpoint:
    """An endpoint whose settings make sense together.

    Raises:
        UsageError: the address is none, holds a password, or would have the key sent in the clear; there is no
            model; the key has characters that no header can have.
    """
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
        raise UsageError("the endpoint's address is no http(s) address", hint=_SET_UP)
    if parts.username is not None or parts.password is not None:
        hint = "put the key into an environment variable and name that in journal.endpoint.keyVariable"
        raise UsageError("the endpoint's address holds a user or a password", hint=hint)
    if not model.strip() or not model.isprintable():
        raise UsageError("the endpoint has no model", hint="git config journal.endpoint.model <name>")
    key = key.strip()
    if len(key) > _KEY_LIMIT or not all("!" <= letter <= "~" for letter in key):
        raise UsageError("the endpoint's key has characters that a key cannot have", hint=_SET_UP)
    refuse_open_key(url, key)
    return Endpoint(url=url, model=model.strip(), key=key, timeout_s=timeout_s)


def refuse_open_key(url: str, key: str) -> None:
    """Refuse to send a key in the clear to another machine.

    Raises:
        UsageError: the address is of plain http and not of this machine.
    """
    parts = _split(url)
    if key and parts.scheme == "http" and not _is_local(parts.hostname or ""):
        hint = "use https, or unset the key's variable for a service that asks for none"
        raise UsageError(f"the key would go to {parts.hostname} unencrypted", hint=hint)


def request_body(endpoint: Endpoint, messages: Sequence[Mapping[str, str]], *, streams: bool) -> bytes:
    """The body of a request: JSON, UTF-8."""
    document = {"model": endpoint.model, "messages": list(messages), "temperature": 0, "stream": streams}
    return json.dumps(document).encode()


def text_of(body: bytes) -> str:
    """The text of a completion that came in one piece.

    Raises:
        UsageError: it is no completion: the address leads to something else.
        RetryError: the endpoint reports a fault in it.
    """
    document = _loaded(body)
    choice = _choice(document)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _no_completion()
    return _content(message)


def events(lines: Iterator[bytes]) -> Iterator[str]:
    """The pieces of text of a streamed completion, as they come.

    Args:
        lines: of a `text/event-stream` (WHATWG HTML 9.2): fields, comments and blank lines, with their line ends.

    Raises:
        UsageError: an event is no piece of a completion.
        RetryError: the endpoint reports a fault, or the stream breaks off.
    """
    gathered: list[bytes] = []
    is_complete = False
    for line in lines:
        bare = line.rstrip(b"\r\n")
        if bare.startswith(b"data:"):
            gathered.append(bare[5:].removeprefix(b" "))
        if bare or not gathered:
            continue
        data = b"\n".join(gathered)
        gathered.clear()
        if data.strip() == b"[DONE]":
            return
        text, is_last = _piece(data)
        is_complete = is_complete or is_last
        yield text
    if gathered and b"\n".join(gathered).strip() == b"[DONE]":
        return
    if not is_complete:
        raise RetryError("the endpoint's answer broke off", hint="ask again")


def failure_of(endpoint: Endpoint, status: int, body: bytes, location: str = "") -> JournalError:
    """The error for an answer whose status is not 200.

    Args:
        endpoint: who answered.
        status: the HTTP status.
        body: what came with it; its message is shown, cut, without the key.
        location: where a redirection leads; it is not followed, since key and passages would go there.
    """
    said = _message(endpoint, body)
    tail = f": {said}" if said else ""
    where = endpoint.shown
    if 300 <= status < 400:
        target = _split(location)
        shown = f"{target.scheme}://{target.netloc.rpartition('@')[2]}" if target.netloc else "another path"
        return UsageError(f"{where} redirects to {shown}, which is not followed", hint=_SET_UP)
    if status in {401, 403}:
        hint = "is the right key in the variable that journal.endpoint.keyVariable names?"
        return RefusedError(f"{where} refuses the key ({status}){tail}", hint=hint)
    if status in {404, 405}:
        return UsageError(f"{where}: no such address or model ({status}){tail}", hint=_SET_UP)
    if status == 429:
        return RetryError(f"{where} has had too many requests ({status}){tail}", hint="wait a little, then ask again")
    if status >= 500:
        return RetryError(f"{where} fails ({status}){tail}", hint="ask again later")
    return UsageError(f"{where} does not take the request ({status}){tail}", hint=_SET_UP)


def _piece(data: bytes) -> tuple[str, bool]:
    """The text of an event, and whether the model says that it is the last one."""
    document = _loaded(data)
    if document.get("choices") == []:  # the event that counts tokens has none
        return "", False
    choice = _choice(document)
    delta = choice.get("delta") or choice.get("message") or {}
    if not isinstance(delta, dict):
        raise _no_completion()
    return _content(delta), choice.get("finish_reason") is not None


def _loaded(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError("the endpoint's answer is not JSON", hint=_SET_UP) from error
    if not isinstance(document, dict):
        raise _no_completion()
    if document.get("error"):
        said = _said(document)
        raise RetryError(f"the endpoint reports a fault{': ' if said else ''}{said}", hint="ask again")
    return document


def _choice(document: Mapping[str, Any]) -> dict[str, Any]:
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise _no_completion()
    return choices[0]


def _content(message: Mapping[str, Any]) -> str:
    """The text of a message: one text, or a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    if content is not None and not isinstance(content, str):
        raise _no_completion()
    return (content or "").encode("utf-8", "replace").decode()


def _message(endpoint: Endpoint, body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = _said(document) if isinstance(document, dict) else ""
    return said.replace(endpoint.key, "…") if endpoint.key else said


def _said(document: Mapping[str, Any]) -> str:
    """What an error object says, in one line."""
    error = document.get("error")
    said = error.get("message") if isinstance(error, dict) else error or document.get("message")
    line = " ".join(str(said or "").encode("utf-8", "replace").decode().split())
    return line if len(line) <= _SAID_LIMIT else f"{line[:_SAID_LIMIT]}…"


def _no_completion() -> UsageError:
    return UsageError("the endpoint's answer is no chat completion", hint=_SET_UP)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts if url.isascii() and url.isprintable() and " " not in url else SplitResult("", "", "", "", "")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
