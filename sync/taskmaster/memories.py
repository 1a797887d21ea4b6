"""Remembering and recalling over all tiers: the part of the memory manager that single memories are used through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from heapq import merge
from types import TracebackType
from typing import Any, Self

from sync.errors import UsageError
from sync.taskmaster.at_commit import recall_at
from sync.taskmaster.catching_up import CatchUp
from sync.taskmaster.core import Core, Down, Tiers
from sync.taskmaster.events import Bus
from sync.taskmaster.flush_due import FlushRecord, Unshared
from sync.taskmaster.forgetting import Forgetter
from sync.taskmaster.hits import Wanted, refuse_limit
from sync.taskmaster.long_term.port import LongTerm
from sync.taskmaster.making import Request
from sync.taskmaster.memory import Memory, MemoryId, Tier, Value
from sync.taskmaster.promoting import Promoter
from sync.taskmaster.recalling import Reader
from sync.taskmaster.remembering import Writer
from sync.taskmaster.results import Forgotten, Page, Recall, Recalled, Remembered
from sync.taskmaster.rivals import Rivals
from sync.taskmaster.sharing import Sharing
from sync.taskmaster.tiers.protocol import Held


class Memories:
    """The memories of one journal's contexts. Any thread may use it; use it as a context manager, or `close` it.

    Args:
        core: tiers, rules, settings, clock and events.
        long: the journal; None without a repository.
        sharing: which memories pass from one context to another.
        record: where the last flush is written down; None for nowhere but here.
    """

    def __init__(self, core: Core, long: LongTerm | None, sharing: Sharing, record: FlushRecord | None = None) -> None:
        self._core, self._long, self._sharing = core, long, sharing
        self._record = record or Unshared()
        self._catch_up = CatchUp(core)
        self._writer = Writer(core, self._catch_up, self._freshen)
        self._forgetter = Forgetter(core, self._writer, self._freshen, sharing.is_allowed)
        self._rivals = Rivals(core, self._writer)
        self._reader = Reader(core, Promoter(core, self._catch_up), self._freshen, sharing.is_allowed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def events(self) -> Bus:
        """What happens, as it happens."""
        return self._core.events

    @property
    def tiers(self) -> Tiers:
        """The back ends."""
        return self._core.tiers

    @property
    def core(self) -> Core:
        """What the parts of the manager share."""
        return self._core

    def close(self) -> None:
        """Write down what is left to be written, and let go of the tiers. Nothing is flushed."""
        try:
            self._catch_up.settle()
        finally:
            if self._core.relay is not None:
                self._core.relay.close()
            self._core.tiers.close()

    def remember(
        self,
        context: str,
        key: str,
        value: Value,
        *,
        importance: float | None = None,
        ttl: timedelta | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        type: str = "",  # noqa: A002 (the word of the field)
        retention: str = "",
        expected: int | None = None,
    ) -> Remembered:
        """Remember a value; it is durable when this returns.

        Args:
            context: an id such as `taskmaster:wedding:42:module:budget`.
            key: one line of text.
            value: text (Markdown), bytes, or JSON.
            importance: from 0 to 1; None to have it computed, see `importance_of`. It decides which tiers hold it.
            ttl: how long it is recalled, such as `24h`; None for what its tier has.
            metadata: JSON; keys that start with `_` are this program's.
            type: a word for the kind of memory, by which it is shared.
            retention: how long the journal keeps it, such as `2y`; empty for what its context says.
            expected: the version that the key must be at (0: nothing may be there); None for the one that this
                manager last wrote or showed, or that is there now.

        Returns:
            What became of it. Where another writer, who did not know of this value, changed the key meanwhile, the
            later value is held, and the other one is kept as its rival.

        Raises:
            UsageError: an argument is none.
            StaleError: the key is not at the version expected; nothing was written.
            TierDownError: the working tier does not answer; nothing was written as far as anybody knows.
        """
        return self._writer.remember(
            Request(
                context=context, key=key, value=value, importance=importance, ttl=ttl, metadata=metadata, type=type,
                retention=retention, expected=expected,
            )
        )  # fmt: skip

    def remember_as(self, request: Request) -> Remembered:
        """As `remember`, for parts of this program, which may set metadata of their own."""
        return self._writer.remember(request)

    def recall(
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
        """What a context, and those that it inherits from, know of a question; best first.

        The tiers are asked in order, short-term, working, long-term, semantic, until there is enough: the very key,
        or `limit` memories. What was found is kept one tier closer.

        Args:
            context: an id.
            query: a question, some words, or a key; empty for what was changed last.
            semantic: whether memories are also found by their meaning alone.
            min_score: what answers less well is left out; from 0 to 1.
            limit: at most so many.
            at: a commit, tag or branch: what the journal knew then.
            archived: whether memories whose time was up are looked through as well.

        Raises:
            UsageError: an argument is none, or there is no such commit.
        """
        wanted = Wanted(
            context=context, query=query, semantic=semantic, min_score=min_score, limit=limit, archived=archived
        )
        return (
            recall_at(self._core, wanted, self._journal.at(at), self._sharing.is_allowed)
            if at
            else self._reader.recall(wanted)
        )

    def get(self, context: str, key: str, *, inherit: bool = True) -> Recalled | None:
        """What a key holds in a context or, with `inherit`, in the nearest that it inherits from; None for nothing.

        Raises:
            TierDownError: nothing was found, and a tier does not answer that may hold it.
        """
        return self._reader.get(context, key, inherit=inherit)

    def list(self, context: str = "", *, below: bool = False, after: MemoryId | None = None, limit: int = 100) -> Page:
        """The memories of a context, and with `below` of those below it, ordered by context and key.

        Args:
            context: an id; empty, with `below`, for all.
            below: see above.
            after: the last one of the page before.
            limit: of the page.
        """
        refuse_limit(limit)
        core, now = self._core, self._core.clock()
        own = core.rules.expand(context) if context else ""
        self._freshen()
        pages, notes = [], []
        for tier in (Tier.SHORT, Tier.WORKING, Tier.LONG):
            page = self._reader.page(tier, own, now, below=below, after=after, limit=limit + 1)
            if isinstance(page, Down):
                notes.append(page.note)
            else:
                pages.append([one.memory.id for one in page])
        ids = list(dict.fromkeys(merge(*pages)))[: limit + 1]
        found = self._reader.newest(ids[:limit], now)
        shown = tuple(self._reader.shown(found[id_], now) for id_ in ids[:limit] if id_ in found)
        return Page(memories=shown, after=ids[limit - 1] if len(ids) > limit else None, notes=tuple(notes))

    def forget(self, context: str, key: str, *, expected: int | None = None) -> Forgotten:
        """Forget a key. What it held stays in the journal's history, if it ever was in the journal.

        Raises:
            StaleError, TierDownError: as `remember`.
        """
        return self._forgetter.forget(context, key, expected)

    def rivals(self, context: str, key: str) -> tuple[Memory, ...]:
        """The values that lost against what a key holds, the newest first, until somebody settles them.

        What was shared by a rule that is gone is left out.
        """
        return tuple(one for one in self._rivals.all(context, key) if self._sharing.is_allowed(one))

    def settle(self, context: str, key: str, *, keep: str) -> Remembered | None:
        """Decide between what a key holds and its rivals.

        Args:
            context, key: the memory's.
            keep: the beginning of the digest of the value that is right: the present one's, or a rival's.

        Returns:
            What the key holds where it changed; None where the present value stays.

        Raises:
            UsageError: there is no such value, or more than one.
        """
        return self._rivals.settle(context, key, keep)

    def amend(self, memory: Memory, held: Held, homes: frozenset[Tier]) -> Remembered:
        """Change what a key holds as it is given, its time and writer included; for parts of this program.

        Args:
            memory: what it is to hold.
            held: what it holds now, even if its time is up.
            homes: the tiers that are to hold it.

        Raises:
            StaleError: it was changed since; nothing was written.
        """
        return self._writer.amend(memory, held, homes)

    @property
    def _journal(self) -> LongTerm:
        if self._long is None:
            raise UsageError("there is no repository, and so no long-term memory", hint="run: journal init")
        return self._long

    def _freshen(self) -> None:
        """Let all tiers show what the journal says now, as far as the catalogue answers."""
        self._core.health.ask(Tier.LONG, self._follow)

    def _follow(self) -> None:
        if self._long is not None and (followed := self._long.follow()) is not None:
            self._catch_up.journal_moved(followed)
