"""A semantic tier that is opened when it is first asked: loading a model takes longer than most commands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import Near, Semantic


class LazySemantic:
    """Any semantic tier.

    Args:
        open_it: opens it; called once, by the first call of any method but `close`.
    """

    def __init__(self, open_it: Callable[[], Semantic]) -> None:
        self._open_it = open_it
        self._opened: Semantic | None = None
        self._lock = Lock()

    def _tier(self) -> Semantic:
        with self._lock:
            if self._opened is None:
                self._opened = self._open_it()
            return self._opened

    @property
    def model(self) -> str:
        """As `Semantic.model`."""
        return self._tier().model

    def add(self, texts: Mapping[MemoryId, str]) -> int:
        """As `Semantic.add`."""
        return self._tier().add(texts)

    def remove(self, ids: Collection[MemoryId]) -> int:
        """As `Semantic.remove`."""
        return self._tier().remove(ids)

    def missing(self, ids: Collection[MemoryId]) -> list[MemoryId]:
        """As `Semantic.missing`."""
        return self._tier().missing(ids)

    def near(self, text: str, contexts: Sequence[str], limit: int) -> list[Near]:
        """As `Semantic.near`."""
        return self._tier().near(text, contexts, limit)

    def count(self, context: str = "") -> int:
        """As `Semantic.count`."""
        return self._tier().count(context)

    def check(self) -> None:
        """As `Semantic.check`."""
        self._tier().check()

    def close(self) -> None:
        """As `Semantic.close`; a tier that was never opened stays so."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
