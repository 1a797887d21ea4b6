"""A long-term tier that is set up when it is first asked: most calls need nothing but its catalogue."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.taskmaster.long_term.port import AtCommit, Flushed, Followed, LongTerm, Revision
    from sync.taskmaster.memory import MemoryId


class LongTermLater:
    """Any long-term tier.

    Args:
        open_it: sets it up; called once, by the first call of any method.
    """

    def __init__(self, open_it: Callable[[], LongTerm]) -> None:
        self._open_it = open_it
        self._opened: LongTerm | None = None
        self._lock = Lock()

    def _tier(self) -> LongTerm:
        with self._lock:
            if self._opened is None:
                self._opened = self._open_it()
            return self._opened

    def follow(self) -> Followed | None:
        """See `LongTerm.follow`."""
        return self._tier().follow()

    def flush(self, *, allow_deletes: int | None = None, allow_shallow: bool = False, message: str = "") -> Flushed:
        """See `LongTerm.flush`."""
        return self._tier().flush(allow_deletes=allow_deletes, allow_shallow=allow_shallow, message=message)

    def history(self, id_: MemoryId) -> tuple[Revision, ...]:
        """See `LongTerm.history`."""
        return self._tier().history(id_)

    def at(self, name: str) -> AtCommit:
        """See `LongTerm.at`."""
        return self._tier().at(name)
