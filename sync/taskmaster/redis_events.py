"""Events between processes: through a channel of a Redis server, as they happen.

Redis keeps nothing of a channel: who is not connected when an event is told does not hear of it. A publisher never
waits for the server: events wait in a bounded stream, and of more the oldest are dropped and counted.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from threading import Event as Flag
from threading import Thread
from types import MappingProxyType
from typing import Any

from sync.errors import JournalError
from sync.taskmaster.events import STREAM_SIZE, Bus, Event, Stream
from sync.taskmaster.tiers.redis.connection import Server

_MAX_BYTES = 1 << 20
_LISTEN_S = 0.2
_SILENCE_S = 5.0
_FIRST_PAUSE_S = 0.05
_LAST_PAUSE_S = 5.0
_CLOSING_S = 5.0


class RedisEvents:
    """Tells a bus what is published on others, and others what is published on it.

    It connects by itself, again and again where it must, in two threads of its own.

    Args:
        bus: the bus of this process.
        url: of the server, see `Server`.
        origin: the name of this process, unlike any other's: what it has told it does not hear again.
        space: the channel is `<space>:events`.
        timeout_s: an answer may take so many seconds.
        size: events that wait at most.

    Raises:
        SettingsError: the URL is none.
    """

    def __init__(
        self,
        bus: Bus,
        url: str,
        *,
        origin: str,
        space: str = "journal",
        timeout_s: float = 2.0,
        size: int = STREAM_SIZE,
    ) -> None:
        self._server = Server(url, timeout_s=timeout_s, connections=2)
        self._bus = bus
        self._timeout_s = timeout_s
        self._origin = origin
        self._channel = f"{space}:events"
        self._stream = Stream(size)
        self._leave = bus.subscribe("*", self._take)
        self._over, self._listening = Flag(), Flag()
        self._ignored = 0
        self._threads = [
            Thread(target=work, name="journal-redis-events", daemon=True) for work in (self._send, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def dropped(self) -> int:
        """Events of this process that others were not told, because the server could not be reached for too long."""
        return self._stream.dropped

    @property
    def ignored(self) -> int:
        """Messages on the channel that were no events, and events that are not JSON."""
        return self._ignored

    def wait(self, timeout_s: float) -> bool:
        """Wait until this process hears the others; whether it does."""
        return self._listening.wait(timeout_s)

    def close(self) -> None:
        """Send what waits, if the server takes it, and end. May be called twice."""
        self._leave()
        self._stream.close()
        self._over.set()
        for thread in self._threads:
            thread.join(_CLOSING_S)
        self._server.close()

    def _take(self, event: Event) -> None:
        if not event.origin:
            self._stream.push(event)

    def _send(self) -> None:
        for event in self._stream:
            try:
                message = _message_of(event, self._origin)
            except (TypeError, ValueError, RecursionError):
                self._ignored += 1
                continue
            for pause_s in _pauses():
                with contextlib.suppress(JournalError):
                    self._server.ask([("PUBLISH", self._channel, message)])
                    break
                if self._over.wait(pause_s):
                    return

    def _listen(self) -> None:
        from redis.exceptions import RedisError

        pauses = _pauses()
        while not self._over.is_set():
            with contextlib.suppress(RedisError, OSError), self._server.client.pubsub() as line:
                line.subscribe(self._channel)
                self._hear(line)
            if self._listening.is_set():
                self._listening.clear()
                pauses = _pauses()
            self._over.wait(next(pauses))

    def _hear(self, line: Any) -> None:
        """Hear what is told, until nothing comes any more, not even an answer to a sign of life that was asked for."""
        heard, is_asked = time.monotonic(), False
        while not self._over.is_set():
            message = line.get_message(timeout=_LISTEN_S)
            silent_s = time.monotonic() - heard
            if message is not None:
                heard, is_asked = time.monotonic(), False
                self._accept(message)
            elif silent_s > _SILENCE_S + self._timeout_s:
                return
            elif silent_s > _SILENCE_S and not is_asked:
                line.ping()
                is_asked = True

    def _accept(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._listening.set()
        elif message["type"] == "message":
            self._deliver(message["data"])

    def _deliver(self, message: bytes) -> None:
        try:
            event = _event_of(message)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._ignored += 1
            return
        if event.origin != self._origin:
            self._bus.publish(event)


def _message_of(event: Event, origin: str) -> bytes:
    return json.dumps(event.as_dict() | {"origin": origin}, separators=(",", ":")).encode()


def _event_of(message: bytes) -> Event:
    """The event of a message; others than this program may write to the channel.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, RecursionError: it is none.
    """
    if len(message) > _MAX_BYTES:
        raise ValueError("too long")
    told = json.loads(message)
    at, data = datetime.fromisoformat(told["at"]), MappingProxyType(dict(told["data"]))
    texts = [told[name] for name in ("name", "context", "key", "origin")]
    if at.tzinfo is None or not all(isinstance(one, str) for one in texts) or not texts[-1]:
        raise ValueError("no event")
    name, context, key, origin = texts
    return Event(name=name, context=context, key=key, at=at.astimezone(UTC), data=data, origin=origin)


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(pause_s * 2, _LAST_PAUSE_S)
