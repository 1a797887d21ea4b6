"""Learning, and tidying up what is remembered, as commands and tools ask for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sync.operations.journal import Journal
from sync.taskmaster.consolidating import consolidate
from sync.taskmaster.consolidation_report import ConsolidationReport
from sync.taskmaster.core import Core
from sync.taskmaster.events import Bus
from sync.taskmaster.learning import learn
from sync.taskmaster.long_term.port import Flushed
from sync.taskmaster.making import Request
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Kind, Memory, Tier
from sync.taskmaster.patterns import Learned, identity_of, key_of, value_of
from sync.taskmaster.results import Remembered
from sync.taskmaster.tiers.protocol import Held

__all__ = ["Consolidated", "learn_as_dict", "learn_pattern", "tidy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidated:
    """What a consolidation did, or would do.

    Attributes:
        report: see there.
        flushed: its commit; None where nothing was to be written, or may be.
    """

    report: ConsolidationReport
    flushed: Flushed | None

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {**self.report.as_dict(), "flushed": self.flushed.as_dict() if self.flushed else None}


def learn_pattern(manager: MemoryManager, context: str, pattern: Any, outcome: Any) -> Learned:
    """Count one more observation of a pattern; see `learn`."""
    return learn(manager, context, pattern, outcome)


def learn_as_dict(manager: MemoryManager, context: str, known: Learned) -> dict[str, Any]:
    """What was learned as the object that `--json` prints."""
    value = value_of(known)
    told = value if isinstance(value, dict) else {}
    own = {"context": manager.core.rules.expand(context), "key": key_of(known.pattern)}
    return {**own, "identity": identity_of(known.pattern), "success_share": known.success_share, **told}


def tidy(journal: Journal, manager: MemoryManager, *, dry_run: bool = False) -> Consolidated:
    """Tidy up what all contexts remember, and write it to the journal as one commit.

    Args:
        journal: the journal.
        manager: its memory.
        dry_run: write nothing, and say what would be done; what only a model would find is not found then.

    Raises:
        TierDownError: the working tier does not answer; what was done stays done.
        RefusedError, RetryError: the journal cannot be written now; what was done waits for the next flush.
    """
    if dry_run:
        manager.list(below=True, limit=1)  # so that the catalogue shows what the journal says now
        return Consolidated(report=consolidate(_Rehearsal(manager.core)), flushed=None)
    if journal.location.git_dir is None:
        return Consolidated(report=consolidate(manager), flushed=None)
    manager.flush()  # so that the commit behind it holds nothing but what was tidied up
    report = consolidate(manager)
    flushed = manager.flush(message=report.as_message()) if report.has_written else None
    return Consolidated(report=report, flushed=flushed)


class _Rehearsal:
    """A memory manager whose writes are not carried out, and which has no model."""

    def __init__(self, core: Core) -> None:
        self._core = replace(core, tiers=replace(core.tiers, semantic=None), events=Bus())

    @property
    def core(self) -> Core:
        """See `Keeper`."""
        return self._core

    def amend(self, memory: Memory, held: Held, homes: frozenset[Tier]) -> Remembered:
        """See `Keeper`."""
        del held
        return Remembered(memory=memory, tiers=tuple(homes))

    def remember_as(self, request: Request) -> Remembered:
        """See `Keeper`."""
        now = self._core.clock()
        memory = Memory(
            context=request.context, key=request.key, kind=Kind.MARKDOWN, data=b"", importance=0.0, created=now,
            updated=now,
        )  # fmt: skip
        return Remembered(memory=memory, tiers=())
