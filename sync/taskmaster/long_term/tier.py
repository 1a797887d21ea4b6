"""The long-term tier: the journal, its catalogue, and what keeps the two together. A `LongTerm`."""

from __future__ import annotations

from time import monotonic

from sync.repository.tips import read_tip
from sync.taskmaster.long_term.at import Snapshot, snapshot_of
from sync.taskmaster.long_term.flushing import Asked, Flusher
from sync.taskmaster.long_term.following import Progress
from sync.taskmaster.long_term.history import revisions_of
from sync.taskmaster.long_term.loading import LoadingCatalogue
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.port import Flushed, Followed, Revision
from sync.taskmaster.long_term.telling import Teller
from sync.taskmaster.memory import MemoryId

_JUST_S = 0.003
"""So long nobody can have committed: even Git takes longer to."""
_TRUSTED_S = 0.5
"""So long the catalogue is taken to show a commit that it was seen to show; another process may let it follow."""


class JournalTier:
    """The journal as a tier. Any thread may use it.

    Args:
        parts: the journal and the tiers.
        progress: told how many entries have been read where all are, and how many there are.
    """

    def __init__(self, parts: Parts, progress: Progress = lambda _done, _total: None) -> None:
        self._parts, self._progress = parts, progress
        self._shown: str | None = None
        self._until = self._looked = 0.0
        self._teller = Teller(parts)
        self._flusher = Flusher(parts, self._teller)
        self.catalogue = LoadingCatalogue(parts.catalogue, parts.objects)
        """The catalogue as readers are to use it."""

    def follow(self) -> Followed | None:
        """See `LongTerm.follow`."""
        now = monotonic()
        trusted_s = _JUST_S if self._shown else _TRUSTED_S  # without a commit Git has to be asked
        if self._shown is not None and now < self._looked + trusted_s:
            return None
        tip, self._looked = read_tip(self._parts.location) or "", now
        if tip == self._shown and now < self._until:
            return None
        followed = self._teller.follow(self._progress) if self._parts.catalogue.commit() != tip else None
        self._shown, self._until = tip, monotonic() + _TRUSTED_S
        return followed

    def flush(self, *, allow_deletes: int | None = None, allow_shallow: bool = False, message: str = "") -> Flushed:
        """See `LongTerm.flush`."""
        self._shown = None
        return self._flusher.flush(Asked(deletes=allow_deletes, shallow=allow_shallow, message=message))

    def history(self, id_: MemoryId) -> tuple[Revision, ...]:
        """See `LongTerm.history`."""
        return revisions_of(self._parts, id_)

    def at(self, name: str) -> Snapshot:
        """See `LongTerm.at`."""
        return snapshot_of(self._parts, name)
