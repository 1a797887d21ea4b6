"""The Python face of the memory: what programs remember and recall with, in threads and in coroutines.

    with MemoryManager() as memory:
        memory.remember("wedding:42", "venue", "The barn, for 120 guests.", importance=0.8)
        for hit in memory.recall("wedding:42:module:guests", "how many guests").hits:
            print(hit.score, hit.memory.value)

What is remembered is durable at once; the journal is written by `flush`, or by `flush_if_due` now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sync.errors import UsageError
from sync.operations.journal import open_journal
from sync.operations.memory import memory_parts
from sync.operations.memory_due import flush_when_due
from sync.operations.memory_tidy import learn_pattern, tidy
from sync.taskmaster import manager
from sync.taskmaster.across import Across
from sync.taskmaster.background import Background
from sync.taskmaster.consolidation_report import ConsolidationReport
from sync.taskmaster.events import STREAM_SIZE, Event, Stream
from sync.taskmaster.listing import ContextInfo
from sync.taskmaster.long_term.port import Flushed, Revision
from sync.taskmaster.memory import Memory, MemoryId, Value
from sync.taskmaster.patterns import Learned
from sync.taskmaster.results import CaughtUp, Forgotten, Page, Recall, Recalled, Remembered
from sync.taskmaster.sharing import Shared

__all__ = ["AsyncMemoryManager", "MemoryManager"]

THREADS = 8
BACKGROUND_S = 30.0
"""Seconds between the rounds of a manager's background thread."""
_T = TypeVar("_T")
_P = ParamSpec("_P")


class MemoryManager(manager.MemoryManager):
    """The memory of a journal; any thread may use it. Use it as a context manager, or `close` it.

    Args:
        root: any folder of the journal's repository.
        writer: the name that memories are written under; empty for the user's.
        background: whether a thread writes the journal where that is due, and tells tiers what they are owed, from the
            first memory on; what goes wrong there is told as an event, `memory:late`, and tried again.

    Raises:
        GitError: the repository cannot be read.
        SettingsError: journal.toml, contexts.yaml or sharing.yaml is wrong.
        UsageError: a package that the settings ask for is not installed.
        RefusedError: journal.toml names a server that this clone does not trust.
    """

    def __init__(self, root: Path | str = ".", *, writer: str = "", background: bool = True) -> None:
        self._where = open_journal(Path(root))
        super().__init__(*memory_parts(self._where, writer=writer))
        self._background: Background | None = None
        self._is_closed = False
        self._starting = Lock()
        if background:
            self.events.subscribe("memory:saved", self._start)

    def close(self) -> None:
        """As the memory manager does, once the background thread has ended its round."""
        with self._starting:
            thread, self._is_closed = self._background, True
        if thread is not None:
            thread.stop()
        super().close()

    def _start(self, _event: Event) -> None:
        with self._starting:
            if self._background is None and not self._is_closed:
                self._background = Background(self._work, self._tell_late, pause_s=BACKGROUND_S)

    def _work(self) -> None:
        for note in flush_when_due(self, draw=lambda _most: 0):
            self.core.tell("memory:late", why=note)

    def _tell_late(self, error: Exception) -> None:
        self.core.tell("memory:late", why=str(error))

    def learn(self, context: str, pattern: Any, outcome: Any) -> Learned:
        """Count one more observation of a pattern; see `sync.taskmaster.learning.learn`.

        Args:
            context: an id.
            pattern: what was observed: text or JSON.
            outcome: how it came out: text or JSON.
        """
        return learn_pattern(self, context, pattern, outcome)

    def consolidate(self, *, dry_run: bool = False) -> ConsolidationReport:
        """Tidy up what is remembered, and write it to the journal as one commit; see `tidy`.

        Args:
            dry_run: write nothing, and say what would be done.
        """
        return tidy(self._where, self, dry_run=dry_run).report


class AsyncMemoryManager:
    """The same for coroutines: every method has the arguments and results of the one of `MemoryManager`.

    What blocks runs in threads of its own, a few at a time; more calls wait for one. A call that is cancelled while it
    waits does nothing; one that has begun is carried out all the same, as nobody can stop half a write.

        async with AsyncMemoryManager() as memory:
            await memory.remember("wedding:42", "venue", "The barn.")

    Args:
        root, writer: as for `MemoryManager`; it is opened by the first call.
        threads: how many calls work at the same time.
    """

    def __init__(self, root: Path | str = ".", *, writer: str = "", threads: int = THREADS) -> None:
        self._open = partial(MemoryManager, root, writer=writer)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="journal-memory")
        self._lock = Lock()
        self._opened: MemoryManager | None = None
        self._streams: list[Stream] = []
        self._is_closed = False

    async def __aenter__(self) -> Self:
        try:
            await self._run(lambda _manager: None)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def remember(
        self,
        context: str,
        key: str,
        value: Value,
        *,
        importance: float | None = None,
        ttl: timedelta | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        type: str = "",  # noqa: A002 (as the other face)
        retention: str = "",
        expected: int | None = None,
    ) -> Remembered:
        """See `MemoryManager.remember`."""
        return await self._run(
            MemoryManager.remember, context, key, value, importance=importance, ttl=ttl, metadata=metadata, type=type,
            retention=retention, expected=expected,
        )  # fmt: skip

    async def recall(
        self,
        context: str,
        query: str,
        *,
        semantic: bool = True,
        min_score: float = 0.25,
        limit: int = 10,
        at: str = "",
        archived: bool = False,
    ) -> Recall:
        """See `MemoryManager.recall`."""
        return await self._run(
            MemoryManager.recall, context, query, semantic=semantic, min_score=min_score, limit=limit, at=at,
            archived=archived,
        )  # fmt: skip

    async def get(self, context: str, key: str, *, inherit: bool = True) -> Recalled | None:
        """See `MemoryManager.get`."""
        return await self._run(MemoryManager.get, context, key, inherit=inherit)

    async def list(
        self, context: str = "", *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> Page:
        """See `MemoryManager.list`."""
        return await self._run(MemoryManager.list, context, below=below, after=after, limit=limit)

    async def forget(self, context: str, key: str, *, expected: int | None = None) -> Forgotten:
        """See `MemoryManager.forget`."""
        return await self._run(MemoryManager.forget, context, key, expected=expected)

    async def history(self, context: str, key: str) -> tuple[Revision, ...]:
        """See `MemoryManager.history`."""
        return await self._run(MemoryManager.history, context, key)

    async def rivals(self, context: str, key: str) -> tuple[Memory, ...]:
        """See `MemoryManager.rivals`."""
        return await self._run(MemoryManager.rivals, context, key)

    async def settle(self, context: str, key: str, *, keep: str) -> Remembered | None:
        """See `MemoryManager.settle`."""
        return await self._run(MemoryManager.settle, context, key, keep=keep)

    async def flush(self, *, allow_deletes: int | None = None, message: str = "") -> Flushed:
        """See `MemoryManager.flush`."""
        return await self._run(MemoryManager.flush, allow_deletes=allow_deletes, message=message)

    async def flush_if_due(self) -> Flushed | None:
        """See `MemoryManager.flush_if_due`."""
        return await self._run(MemoryManager.flush_if_due)

    async def catch_up(self) -> CaughtUp:
        """See `MemoryManager.catch_up`."""
        return await self._run(MemoryManager.catch_up)

    async def share(self, source: str, target: str, key: str, *, role: str = "") -> Shared:
        """See `MemoryManager.share`."""
        return await self._run(MemoryManager.share, source, target, key, role=role)

    async def withdraw(self) -> Sequence[MemoryId]:
        """See `MemoryManager.withdraw`."""
        return await self._run(MemoryManager.withdraw)

    async def search_across(
        self, query: str, contexts: Sequence[str], *, semantic: bool = True, min_score: float = 0.25, limit: int = 10
    ) -> Across:
        """See `MemoryManager.search_across`."""
        return await self._run(
            MemoryManager.search_across, query, contexts, semantic=semantic, min_score=min_score, limit=limit
        )

    async def contexts(self, pattern: str = "*") -> Sequence[ContextInfo]:
        """See `MemoryManager.contexts`."""
        return await self._run(MemoryManager.contexts, pattern)

    async def learn(self, context: str, pattern: Any, outcome: Any) -> Learned:
        """See `MemoryManager.learn`."""
        return await self._run(MemoryManager.learn, context, pattern, outcome)

    async def consolidate(self, *, dry_run: bool = False) -> ConsolidationReport:
        """See `MemoryManager.consolidate`."""
        return await self._run(MemoryManager.consolidate, dry_run=dry_run)

    def stream(self, pattern: str = "*", size: int = STREAM_SIZE) -> Stream:
        """Events from now on, to be read with `async for`; reading ends when the manager is closed. See `Bus.stream`.

            async for event in memory.stream("memory:*"):
                print(event.name, event.context, event.key)

        Raises:
            UsageError: the memory is not open yet, or is closed.
        """
        opened = self._opened
        if opened is None or self._is_closed:
            raise UsageError("the memory is not open", hint="async with AsyncMemoryManager() as memory: …")
        stream = opened.events.stream(pattern, size)
        self._streams.append(stream)
        stream.on_close(lambda: self._forget_stream(stream))
        return stream

    async def close(self) -> None:
        """Let the calls that were made end, then close the memory. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._close))

    async def _run(self, work: Callable[Concatenate[MemoryManager, _P], _T], *given: _P.args, **named: _P.kwargs) -> _T:
        if self._is_closed:
            raise UsageError("the memory is closed", hint="open another AsyncMemoryManager")

        def call() -> _T:
            return work(self._manager(), *given, **named)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _manager(self) -> MemoryManager:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _close(self) -> None:
        self._pool.shutdown(wait=True)
        if self._opened is not None:
            self._opened.close()
        for stream in tuple(self._streams):
            stream.close()

    def _forget_stream(self, stream: Stream) -> None:
        with contextlib.suppress(ValueError):
            self._streams.remove(stream)
