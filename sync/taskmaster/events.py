"""What happens to memories, told to whoever wants to know: in this process, and from here to a stream.

A subscriber cannot make a publisher fail: what it raises is counted and handed to a hook. Nor can it keep one waiting
twice: callbacks run in the publisher's thread and are to be quick, and one that was slow gets a thread of its own from
then on. What reads at its own pace, or may wait, takes a `Stream`, which keeps the newest events and counts the others.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from threading import Condition, Lock, Thread
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    import asyncio

NAMES = (
    "memory:saved", "memory:recalled", "memory:promoted", "memory:forgotten", "memory:learned", "memory:conflict",
    "memory:shared", "memory:withdrawn", "memory:flushed", "memory:consolidated", "memory:late", "tier:down", "tier:up",
)  # fmt: skip
"""What events are called."""
STREAM_SIZE = 1_000
"""Events that wait in a stream at most."""
SLOW_S = 0.1
"""A callback that took longer is slow."""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened.

    Attributes:
        name: what, see `NAMES`.
        context, key: of the memory; empty where it is about none.
        at: when; aware, UTC.
        data: more about it, as JSON has it.
        origin: the process that told it, see `redis_events`; empty for this one.
    """

    name: str
    at: datetime
    context: str = ""
    key: str = ""
    data: Mapping[str, Any] = field(default_factory=_nothing)
    origin: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The event as JSON has it; `at` is ISO 8601."""
        return {
            "name": self.name, "context": self.context, "key": self.key, "at": self.at.isoformat(),
            "data": dict(self.data),
        }  # fmt: skip


Callback: TypeAlias = Callable[[Event], object]
ErrorHook: TypeAlias = Callable[[Event, Exception], object]


class Bus:
    """Passes events on to those in this process who asked for them. Thread-safe.

    Args:
        on_error: is told what a callback raised, in the callback's thread; what it raises itself is dropped.
    """

    def __init__(self, on_error: ErrorHook | None = None) -> None:
        self._on_error = on_error
        self._subscribers: tuple[_Subscriber, ...] = ()
        self._lock = Lock()
        self._failures = 0

    @property
    def failures(self) -> int:
        """How often a callback has raised."""
        return self._failures

    def subscribe(self, pattern: str, callback: Callback) -> Callable[[], None]:
        """Have a function called with events.

        Args:
            pattern: of their names; `*` stands for any text: `memory:*`.
            callback: called in the publisher's thread, in the order of the events of each publisher.

        Returns:
            What ends it; may be called twice.
        """
        subscriber = _Subscriber(pattern, callback, self._failed)
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)
        return lambda: self._leave(subscriber)

    def stream(self, pattern: str = "*", size: int = STREAM_SIZE) -> Stream:
        """Events from now on, to be read at one's own pace; of more than `size` that wait, the oldest are dropped."""
        stream = Stream(size)
        stream.on_close(self.subscribe(pattern, stream.push))
        return stream

    @property
    def is_heard(self) -> bool:
        """Whether anybody asked for any event."""
        return bool(self._subscribers)

    def publish(self, event: Event) -> None:
        """Tell it to everybody who asked for it. Never raises."""
        for subscriber in self._subscribers:
            subscriber.tell(event)

    def _leave(self, subscriber: _Subscriber) -> None:
        with self._lock:
            self._subscribers = tuple(one for one in self._subscribers if one is not subscriber)
        subscriber.close()

    def _failed(self, event: Event, error: Exception) -> None:
        with self._lock:
            self._failures += 1
        if self._on_error is not None:
            with contextlib.suppress(Exception):
                self._on_error(event, error)


class Stream:
    """Events that wait to be read, by a thread or by a coroutine: `for event in stream`, `async for event in stream`.

    Reading ends when the stream is closed and what waited has been read.

    Args:
        size: so many wait at most.
    """

    def __init__(self, size: int = STREAM_SIZE) -> None:
        self._size = size
        self._waiting: deque[Event] = deque()
        self._changed = Condition()
        self._sleepers: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._closers: list[Callable[[], object]] = []
        self._dropped = 0
        self._is_closed = False

    @property
    def dropped(self) -> int:
        """How many were dropped so far, because too many waited."""
        return self._dropped

    @property
    def is_closed(self) -> bool:
        """Whether nothing comes any more."""
        return self._is_closed

    def push(self, event: Event) -> None:
        """Let an event wait; never blocks."""
        with self._changed:
            if self._is_closed:
                return
            self._waiting.append(event)
            if len(self._waiting) > self._size:
                self._waiting.popleft()
                self._dropped += 1
            self._wake()

    def get(self, timeout_s: float | None = None) -> Event | None:
        """The oldest event that waits.

        Args:
            timeout_s: seconds to wait for one; None for as long as it takes.

        Returns:
            The event; None where none came in time, or none will come any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed, timeout_s)
            return self._waiting.popleft() if self._waiting else None

    def on_close(self, call: Callable[[], object]) -> None:
        """Have something called once, when the stream is closed."""
        self._closers.append(call)

    def close(self) -> None:
        """Let nothing come any more. May be called twice."""
        with self._changed:
            self._is_closed = True
            closers, self._closers = self._closers, []
            self._wake()
        for call in closers:
            call()

    def __iter__(self) -> Iterator[Event]:
        while (event := self.get()) is not None:
            yield event

    async def __aiter__(self) -> AsyncIterator[Event]:
        import asyncio

        while True:
            woken = asyncio.Event()
            with self._changed:
                if not self._waiting and not self._is_closed:
                    self._sleepers.append((asyncio.get_running_loop(), woken))
            if (event := self.get(0)) is not None:
                yield event
            elif self._is_closed:
                return
            else:
                await woken.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wake(self) -> None:
        self._changed.notify()
        sleepers, self._sleepers = self._sleepers, []
        for loop, woken in sleepers:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(woken.set)


class _Subscriber:
    """A callback: called at once, or, after it was slow, in a thread of its own."""

    def __init__(self, pattern: str, callback: Callback, failed: ErrorHook) -> None:
        self._pattern = pattern
        self._callback = callback
        self._failed = failed
        self._own: Stream | None = None
        self._lock = Lock()
        self._is_closed = False

    def tell(self, event: Event) -> None:
        if self._is_closed or not fnmatchcase(event.name, self._pattern):
            return
        if self._own is not None:
            self._own.push(event)
            return
        start = time.monotonic()
        self._call(event)
        if time.monotonic() - start > SLOW_S:
            self._move()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._own is not None:
                self._own.close()

    def _move(self) -> None:
        with self._lock:
            if self._own is None and not self._is_closed:
                self._own = Stream()
                Thread(target=self._serve, args=(self._own,), name="journal-events", daemon=True).start()

    def _serve(self, own: Stream) -> None:
        for event in own:
            self._call(event)

    def _call(self, event: Event) -> None:
        try:
            self._callback(event)
        except Exception as error:  # noqa: BLE001 (whatever a subscriber does, the publisher goes on)
            self._failed(event, error)
