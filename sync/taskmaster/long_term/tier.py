"""The long-term tier: the journal, its catalogue, and what keeps the two together. A `LongTerm`."""

from __future__ import annotations

from sync.taskmaster.long_term.at import Snapshot, snapshot_of
from sync.taskmaster.long_term.flushing import Asked, Flusher
from sync.taskmaster.long_term.following import Progress
from sync.taskmaster.long_term.history import revisions_of
from sync.taskmaster.long_term.loading import LoadingCatalogue
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.port import Flushed, Followed, Revision
from sync.taskmaster.long_term.telling import Teller
from sync.taskmaster.memory import MemoryId


class JournalTier:
    """The journal as a tier. Any thread may use it.

    Args:
        parts: the journal and the tiers.
        progress: told how many entries have been read where all are, and how many there are.
    """

    def __init__(self, parts: Parts, progress: Progress = lambda _done, _total: None) -> None:
        self._parts, self._progress = parts, progress
        self._teller = Teller(parts)
        self._flusher = Flusher(parts, self._teller)
        self.catalogue = LoadingCatalogue(parts.catalogue, parts.objects)
        """The catalogue as readers are to use it."""

    def follow(self) -> Followed | None:
        """See `LongTerm.follow`."""
        if not self._parts.follower.has_moved():
            return None
        return self._teller.follow(self._progress)

    def flush(self, *, allow_deletes: int | None = None, allow_shallow: bool = False, message: str = "") -> Flushed:
        """See `LongTerm.flush`."""
        return self._flusher.flush(Asked(deletes=allow_deletes, shallow=allow_shallow, message=message))

    def history(self, id_: MemoryId) -> tuple[Revision, ...]:
        """See `LongTerm.history`."""
        return revisions_of(self._parts, id_)

    def at(self, name: str) -> Snapshot:
        """See `LongTerm.at`."""
        return snapshot_of(self._parts, name)
