"""What the parts of the long-term tier share: the journal, its catalogue, and the tiers it tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sync.document.settings import Settings
from sync.engine.journal_commit import Journal as Repository
from sync.repository.git import Location
from sync.taskmaster.long_term.following import Follower
from sync.taskmaster.long_term.reading import Reading
from sync.taskmaster.long_term.record import OBJECT_BYTES, store_key
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import Catalogue, Items, Objects, Working


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the parts share.

    Attributes:
        location, settings: the journal's.
        state_folder: where this clone keeps what can be made again, and the lock.
        catalogue: as it is, values that are objects not loaded.
        working, short, objects: the other tiers; without a short-term tier nothing there is told.
        object_bytes: a longer value is an object.
        objects_folder: the folder of the repository that holds objects, POSIX, relative to it; empty where they lie
            elsewhere.
    """

    location: Location
    settings: Settings
    state_folder: Path
    catalogue: Catalogue
    working: Working
    short: Items | None
    objects: Objects
    object_bytes: int = OBJECT_BYTES
    objects_folder: str = ""

    @property
    def root(self) -> Path:
        """The work tree."""
        return self.location.root

    @property
    def repository(self) -> Repository:
        """The journal, as the engine commits to it."""
        folder = self.settings.journal.removeprefix(".")
        return Repository(root=self.root, state_folder=self.state_folder, folder=folder)

    @property
    def reading(self) -> Reading:
        """How entries are read."""
        return Reading(root=self.root, folder=self.settings.entries, zone=self.settings.view.zone)

    @property
    def follower(self) -> Follower:
        """Lets the catalogue follow HEAD."""
        return Follower(self.location, self.state_folder, self.reading, self.catalogue)

    @staticmethod
    def key_of(id_: MemoryId) -> str:
        """The key under which conflicts name a memory."""
        return store_key(id_)
