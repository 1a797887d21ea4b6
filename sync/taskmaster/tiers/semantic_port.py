"""The port of the semantic tier; see `protocol`, which has it too, for what holds for all ports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync.taskmaster.memory import MemoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A memory near a question in meaning.

    Attributes:
        id: the memory's.
        score: the cosine, from 0 to 1; what points away counts 0.
    """

    id: MemoryId
    score: float


class Semantic(Protocol):
    """Memories by their meaning: vectors made by one model; another model's are not seen."""

    @property
    def model(self) -> str:
        """The id of the model."""
        ...

    def add(self, texts: Mapping[MemoryId, str]) -> int:
        """Give vectors to memories, in place of those they have; how many were computed: equal texts are not again."""
        ...

    def remove(self, ids: Collection[MemoryId]) -> int:
        """Forget the vectors of some memories; how many there were."""
        ...

    def missing(self, ids: Collection[MemoryId]) -> list[MemoryId]:
        """Those of some memories that have no vector."""
        ...

    def near(self, text: str, contexts: Sequence[str], limit: int) -> list[Near]:
        """The nearest memories of some contexts, best first."""
        ...

    def count(self, context: str = "") -> int:
        """How many memories have vectors, in a context and below it, or in all."""
        ...

    def check(self) -> None:
        """As `Items.check`."""
        ...

    def close(self) -> None:
        """As `Items.close`."""
        ...
