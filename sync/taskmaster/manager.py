"""The memory manager: what programs, commands, tools and the service call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sync.taskmaster.at_commit import shown_history
from sync.taskmaster.flush_due import LastFlush, is_due, most_counted
from sync.taskmaster.hits import Wanted
from sync.taskmaster.long_term.port import SETTLED, Flushed, Outcome, Revision
from sync.taskmaster.memories import Memories
from sync.taskmaster.memory import MemoryId, Tier, checked_key
from sync.taskmaster.results import CaughtUp
from sync.taskmaster.sharing import Shared

if TYPE_CHECKING:
    from sync.taskmaster.across import Across
    from sync.taskmaster.listing import ContextInfo


class MemoryManager(Memories):
    """The memories of one journal's contexts. Any thread may use it; use it as a context manager, or `close` it.

    Single memories are used by what it inherits; here is what concerns the journal, and many memories at once.
    """

    def history(self, context: str, key: str) -> tuple[Revision, ...]:
        """What a memory was in the journal, the newest first; without what was shared by a rule that is gone.

        Raises:
            UsageError: there is no repository.
        """
        found = self._journal.history(MemoryId(self._core.rules.expand(context), checked_key(key)))
        return shown_history(found, self._sharing.is_allowed)

    def flush(self, *, allow_deletes: int | None = None, message: str = "") -> Flushed:
        """Write to the journal what it is owed, in one commit, and tell the other tiers what they are owed.

        Args:
            allow_deletes: so many copies may go at once because their entries have; see `LongTerm.flush`.
            message: of the commit; empty for one that counts what was written.

        Raises:
            UsageError: there is no repository.
            RefusedError, RetryError: nothing was written; nothing is lost.
        """
        self._catch_up.run()
        done = self._journal.flush(allow_deletes=allow_deletes, message=message)
        if done.followed is not None:
            self._catch_up.journal_moved(done.followed)
        self._note_bases([one.id for one in done.told if one.outcome in SETTLED])
        if done.owed:
            counts = {one.value: done.count(one) for one in Outcome}
            self._core.tell("memory:flushed", commit=done.commit, counts=counts)
        self._record.save(LastFlush(at=self._core.clock(), left=len(done.left)))
        return done

    def _note_bases(self, ids: Sequence[MemoryId]) -> None:
        """What this manager's callers wrote is in the journal now: their next values are based on these entries."""
        core, catalogue = self._core, self._core.tiers.lookup
        for id_, held in catalogue.get(ids, core.clock()).items() if catalogue and ids else ():
            if (seen := core.seen.of(id_)) is not None and seen[0] == held.memory.version:
                core.seen.note(id_, held.memory.version, held.base)

    def is_flush_due(self) -> bool:
        """Whether enough memories wait for the journal, or one has waited long enough; see `is_due`."""
        if self._long is None:
            return False
        settings, last = self._core.settings, self._record.load()
        waiting = self._core.tiers.working.waiting(Tier.LONG, most_counted(settings, last))
        return is_due(settings, last, waiting, self._core.clock())

    def flush_if_due(self) -> Flushed | None:
        """As `flush`, where it is due; None where it is not."""
        return self.flush() if self.is_flush_due() else None

    def catch_up(self) -> CaughtUp:
        """Tell the short-term and the semantic tier what they are owed, and keep all tiers within their limits.

        Raises:
            TierDownError: the working tier does not answer.
        """
        return self._catch_up.run()

    def share(self, source: str, target: str, key: str, *, role: str = "") -> Shared:
        """Let a memory pass to another context, by a rule of sharing.yaml.

        Args:
            source, target: ids.
            key: the memory's, in the source itself.
            role: whose wish it is; rules may ask for one.

        Raises:
            RefusedError: no rule lets it pass; the message names the one that is missing.
            UsageError: there is no such memory, or the rule's transform cannot take its value.
        """
        return self._sharing.share(self, source, target, key, role)

    def withdraw(self) -> list[MemoryId]:
        """Forget what was shared by rules that no longer let it pass; it is not shown since they are gone."""
        from sync.taskmaster.listing import every_held

        self._freshen()
        memories = (held.memory for held in every_held(self._core))
        return self._sharing.withdraw(self, memories)

    def search_across(
        self, query: str, contexts: Sequence[str], *, semantic: bool = True, min_score: float = 0.25, limit: int = 10
    ) -> Across:
        """What many contexts know of a question; see `recall`.

        Args:
            query: a question, or some words.
            contexts: ids and patterns such as `wedding:*`.
            semantic, min_score, limit: as for `recall`.
        """
        from sync.taskmaster.across import search_across  # its pool of threads is slow to import

        self._freshen()
        wanted = Wanted(context="", query=query, semantic=semantic, min_score=min_score, limit=limit)
        return search_across(self._core, self._reader, wanted, contexts)

    def contexts(self, pattern: str = "*") -> list[ContextInfo]:
        """The contexts that hold something, and what holds for them.

        Args:
            pattern: which; such as `wedding:*`.
        """
        from sync.taskmaster.listing import list_contexts

        self._freshen()
        return list_contexts(self._core, pattern)
