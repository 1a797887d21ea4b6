"""What the long-term tier answers, and the port through which the manager and the operations use it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from sync.document.fault import Fault
from sync.errors import RefusedError
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.writing import Write


class Outcome(Enum):
    """What a flush did about one memory that the journal was owed."""

    WRITTEN = "written"
    MERGED = "merged"
    DELETED = "deleted"
    IN_STEP = "in step"
    CONFLICT = "conflict"
    HELD_BACK = "held back"
    WAITING = "waiting"


SETTLED = (Outcome.WRITTEN, Outcome.MERGED, Outcome.DELETED, Outcome.IN_STEP)
"""The outcomes after which the journal is owed no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a flush did about one memory.

    Attributes:
        id: the memory's.
        outcome: see there.
        path: of its entry, POSIX, relative to the repository; empty where it has none.
        why: one line for people; empty where nothing is to be said.
        hint: what to do about it; may be empty.
        conflict: id of the conflict that a person has to decide; else empty.
    """

    id: MemoryId
    outcome: Outcome
    path: str = ""
    why: str = ""
    hint: str = ""
    conflict: str = ""

    def as_dict(self) -> dict[str, str]:
        """The memory as the object that `--json` prints."""
        return {
            "context": self.id.context, "key": self.id.key, "outcome": self.outcome.value, "path": self.path,
            "why": self.why, "hint": self.hint, "conflict": self.conflict,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What the journal says now that the catalogue did not show before.

    Attributes:
        commit: what the catalogue shows now.
        writes: memories that are new, or say something else; as the catalogue holds them.
        gone: memories that are in the journal no longer, with the versions that they had.
        faults: entries of memories that cannot be read, all there are at the commit: the tiers keep what they had.
        is_rebuilt: whether the catalogue was made anew from all entries.
        refusal: why the tiers keep their copies of what is gone: there are too many at once; None where they go.
        renewed: copies in the working tier that took the journal's value.
        dropped: copies in the working and the short-term tier that went, since the journal says otherwise.
    """

    commit: str
    writes: tuple[Write, ...] = ()
    gone: Mapping[MemoryId, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    is_rebuilt: bool = False
    refusal: RefusedError | None = None
    renewed: tuple[MemoryId, ...] = ()
    dropped: tuple[MemoryId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flushed:
    """What a flush did: every memory that was owed is told once.

    Attributes:
        owed: how many memories the journal was owed.
        told: what became of each, by id.
        commit: where the branch is then; empty on a branch without commits.
        is_new: whether a commit was made.
        followed: what the journal said that the catalogue did not show before; None for nothing.
        faults: entries of memories that cannot be read, all there are: the tiers keep what they had.
        refusal: why tiers keep copies of memories whose entries are gone; None where they keep none.
    """

    owed: int
    told: tuple[Told, ...] = ()
    commit: str = ""
    is_new: bool = False
    followed: Followed | None = None
    faults: tuple[Fault, ...] = ()
    refusal: RefusedError | None = None

    @property
    def left(self) -> tuple[Told, ...]:
        """The memories that the journal is still owed."""
        return tuple(one for one in self.told if one.outcome not in SETTLED)

    def count(self, outcome: Outcome) -> int:
        """How many memories there are of an outcome."""
        return sum(one.outcome is outcome for one in self.told)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left that a person has to decide; faults are told of, and are no decision of a flush's."""
        return not self.left and self.refusal is None

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints; memories that say something to people are named."""
        return {
            "owed": self.owed,
            "commit": self.commit,
            **{one.value.replace(" ", "_"): self.count(one) for one in Outcome},
            "told": [one.as_dict() for one in self.told if one.why],
            "faults": [one.as_dict() for one in self.faults],
            "refusal": self.refusal.as_dict() if self.refusal else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a memory was at one commit that changed it.

    Attributes:
        commit: its id.
        at: when it was committed, aware, UTC.
        author: `Name <address>`.
        subject: the first line of its message.
        path: of the entry then; where it was, if the commit removed it.
        memory: what it said; None where the commit removed it, or left an entry that cannot be read.
        why: why it cannot be read; empty where it can, or was removed.
    """

    commit: str
    at: datetime
    author: str
    subject: str
    path: str
    memory: Memory | None
    why: str = ""


class AtCommit(Protocol):
    """The memories of the journal as they were at one commit; reads like a tier."""

    commit: str
    """Its id."""

    moment: datetime
    """When it was committed, aware, UTC."""

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """As `Items.get`."""
        ...

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """As `Items.search`."""
        ...

    def page(
        self, context: str, now: datetime, *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> list[Held]:
        """As `Items.page`."""
        ...


class LongTerm(Protocol):
    """The journal as a tier. Its catalogue is one of the manager's tiers; this is all else."""

    def follow(self) -> Followed | None:
        """Let the catalogue show what HEAD says, and the other tiers' copies too; None where nothing has moved.

        Raises:
            GitError, TierDownError: they cannot be read.
        """
        ...

    def flush(self, *, allow_deletes: int | None = None, allow_shallow: bool = False, message: str = "") -> Flushed:
        """Write to the journal what it is owed, in one commit.

        Args:
            allow_deletes: so many copies may go at once because their entries have.
            allow_shallow: go on in a clone whose history is cut off.
            message: subject and body of the commit; empty for what was written.

        Raises:
            RefusedError: the repository is in no state to be committed to.
            RetryError: somebody else is at work; nothing is lost.
        """
        ...

    def history(self, id_: MemoryId) -> tuple[Revision, ...]:
        """What a memory was, the newest first."""
        ...

    def at(self, name: str) -> AtCommit:
        """The memories at a commit, tag or branch.

        Raises:
            UsageError: there is no such commit.
        """
        ...
