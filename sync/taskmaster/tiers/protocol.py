"""The ports of the tiers. A back end of any of them passes the same contract test as every other.

All text and bytes are data to a back end. Times are aware, in UTC, and come from the caller: a back end has no clock of
its own, and what has expired at `now` is not there, whether it has been swept or not. Every call may be made from any
thread. A call returns when what it wrote is durable, as far as the back end's server is set up to be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync.errors import RetryError
from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.semantic_port import Near, Semantic
from sync.taskmaster.writing import Stored, Write

__all__ = [
    "Catalogue", "Held", "Items", "Mark", "Near", "Objects", "Semantic", "TierDownError", "Together", "Use", "Waiting",
    "Working",
]  # fmt: skip


class TierDownError(RetryError):
    """A tier's server did not answer within its time limit; nothing is known of what it did with the last call."""

    code = "tier-down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A memory as a tier holds it.

    Attributes:
        memory: the memory.
        tokens: what it is found by.
        homes, owed, base: as they were written, see `Write`; what is owed may have been settled since.
        uses: how often it was recalled; `used`: when last, None for never; `took_s`: seconds that those recalls took in
            all.
        rivals: how many values that lost against this one are kept.
    """

    memory: Memory
    tokens: frozenset[int] = frozenset()
    homes: frozenset[Tier] = frozenset()
    owed: frozenset[Tier] = frozenset()
    base: str = ""
    uses: int = 0
    used: datetime | None = None
    took_s: float = 0.0
    rivals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A memory was recalled.

    Attributes:
        id: the memory's.
        at: when.
        took_s: seconds that the recall took.
    """

    id: MemoryId
    at: datetime
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a tier must still be told, counted.

    Attributes:
        count: how many memories; no more are counted than were asked for.
        oldest: when the one that has waited longest was written, of all that there are; None where none waits.
    """

    count: int = 0
    oldest: datetime | None = None


class Items(Protocol):
    """A tier that holds memories by context and key: the short-term one, and the catalogue of the long-term one."""

    def put(self, writes: Sequence[Write]) -> list[Stored]:
        """Carry out writes, all of them in one durable step, each as `decide_write` says; in order.

        A rival is kept beside the memory (a short-term tier keeps none: rivals of what only it holds are returned).
        What is owed is added to what was owed; homes, base and tokens are those of the winner. A memory that is
        forgotten stays as such until it is swept, so that an older copy cannot come back.

        Raises:
            TierDownError: see there.
        """
        ...

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """What is held under some ids; forgotten memories too, expired ones not."""
        ...

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """The memories of some contexts with the most and rarest terms of a question; a key equal to it comes first.

        Args:
            asked: the question; where it has no words, the most recently updated are found.
            contexts: ids, exact; each is looked up by itself.
            limit: how many at most, over all contexts.
            now: see above. What is forgotten or has expired is not found.
        """
        ...

    def page(
        self, context: str, now: datetime, *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> list[Held]:
        """The memories of a context, ordered by id, code point by code point; expired and forgotten ones are left out.

        Args:
            context: an id; empty, with `below`, for all there are.
            now: see above.
            below: those of contexts below it too: `a:b` holds `a:b:c`, not `a:bc`.
            after: the last id of the page before.
            limit: of the page.
        """
        ...

    def contexts(self, prefix: str = "") -> list[str]:
        """Ids of the contexts that hold something, sorted; all, or those that begin with some text."""
        ...

    def touch(self, uses: Sequence[Use]) -> None:
        """Count uses. They need not be durable, and those of what is not held are dropped."""
        ...

    def drop(self, versions: Mapping[MemoryId, int]) -> int:
        """Remove memories that are held elsewhere by now, where they still are of these versions; how many were."""
        ...

    def sweep(self, now: datetime) -> list[Memory]:
        """Remove what has expired and is owed to nobody, and what is over the tier's limits, least recently used first.

        Returns:
            What was removed although it had not expired; forgotten memories aside.
        """
        ...

    def count(self, context: str = "") -> int:
        """How many memories are held in a context and below it, or in all; forgotten and expired ones may count."""
        ...

    def check(self) -> None:
        """Ask the server for a sign of life.

        Raises:
            TierDownError: there is none.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; what was written stays. May be called twice."""
        ...


class Working(Items, Protocol):
    """The working tier: it also keeps what other tiers have yet to be told, rivals, and learned patterns.

    Its `sweep` never removes what is held nowhere else, even if its time is up: consolidating archives that. It removes
    what is forgotten, and copies (LONG in their homes) that have expired or are over the limits; of neither what is
    owed to somebody or has rivals.
    """

    def owed(self, tier: Tier, limit: int, *, after: MemoryId | None = None) -> list[Held]:
        """Memories that a tier must still be told, forgotten ones too, ordered by id."""
        ...

    def waiting(self, tier: Tier, limit: int) -> Waiting:
        """How many memories `owed` would list, counted up to a limit; no memory is read."""
        ...

    def settle(self, tier: Tier, versions: Mapping[MemoryId, int], bases: Mapping[MemoryId, str] | None = None) -> int:
        """A tier was told these versions: it is owed no longer, unless the memory has changed since.

        A memory that is owed to nobody, has no rivals and is not at home in this tier is removed in the same step, and
        one that is forgotten is left to `sweep`.

        Args:
            tier: the one that was told.
            versions: what it was told.
            bases: the entries' ids in Git by now; set even where the memory has changed since.

        Returns:
            How many are no longer owed.
        """
        ...

    def overflow(self, limit: int) -> list[Held]:
        """Memories held nowhere else that are over a tenant's limit, least recently used first: to be moved on."""
        ...

    def rivals(self, id_: MemoryId) -> list[Memory]:
        """The values that lost against the present one, the newest first."""
        ...

    def settle_rivals(self, id_: MemoryId, digests: Collection[str]) -> int:
        """Somebody has decided: rivals of these digests are kept no longer; how many there were.

        A memory that only they kept here is removed, as by `settle`.
        """
        ...


class Catalogue(Items, Protocol):
    """What the journal holds at one commit, to be looked up fast; it can be thrown away and built again."""

    def commit(self) -> str:
        """Id of the commit that the catalogue shows; empty where it shows none."""
        ...

    def follow(self, commit: str, before: str, writes: Sequence[Write], gone: Collection[MemoryId]) -> bool:
        """Show another commit: hold `writes` (as copies) and no longer hold `gone`; all in one durable step.

        Returns:
            Whether it was done: not where the catalogue does not show `before` any more.
        """
        ...

    def clear(self) -> None:
        """Show nothing."""
        ...


class Objects(Protocol):
    """Large values, each under the SHA-256 of its bytes, hexadecimal; nothing there is ever changed."""

    def put(self, data: bytes) -> str:
        """Keep a value, durably; its digest. Keeping it twice keeps it once."""
        ...

    def get(self, digest: str) -> bytes | None:
        """The value; None where it is not there.

        Raises:
            GitError: what is there is not what its digest says.
            TierDownError: the store does not answer.
        """
        ...

    def check(self) -> None:
        """As `Items.check`."""
        ...

    def close(self) -> None:
        """As `Items.close`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What tells whether another tier's copy of a memory may be shown.

    Attributes:
        version: of what is held.
        owed, base, rivals: see `Held`.
    """

    version: int
    owed: frozenset[Tier] = frozenset()
    base: str = ""
    rivals: int = 0


class Together(Protocol):
    """Working tier and catalogue of one server, which is asked about both at once."""

    def get(self, ids: Collection[MemoryId], now: datetime) -> tuple[dict[MemoryId, Held], dict[MemoryId, Held]]:
        """What each of them holds, see `Items.get`; the working tier's first."""
        ...

    def marks(self, ids: Collection[MemoryId], now: datetime) -> tuple[dict[MemoryId, Mark], dict[MemoryId, Mark]]:
        """The same without the memories."""
        ...
