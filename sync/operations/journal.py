"""Opening a journal: where it lies, and its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sync.document.settings import FILE_NAME, Settings, load_settings
from sync.errors import SettingsError
from sync.repository.files import read_or_none
from sync.repository.git import Location, locate
from sync.repository.listing import Source, list_files

Progress = Callable[[int, int], None]
"""Called with (done, total) while work goes on; total is 0 where it is not known."""


def no_progress(done: int, total: int) -> None:
    """A `Progress` that shows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """An opened journal.

    Attributes:
        location: its repository.
        settings: journal.toml, or the defaults.
    """

    location: Location
    settings: Settings

    @property
    def root(self) -> Path:
        """Top of the work tree."""
        return self.location.root

    @property
    def state_folder(self) -> Path | None:
        """Where this clone keeps what can be thrown away and rebuilt: `.git/journal`. None without Git."""
        return self.location.git_dir / "journal" if self.location.git_dir else None

    @property
    def lock_folder(self) -> Path:
        """Where the lock lies."""
        return self.state_folder or self.root / ".journal"

    @property
    def exists(self) -> bool:
        """Whether there is a journal: its entries, its settings, or the memories of entries that are gone."""
        found = (self.settings.entries, FILE_NAME, self.settings.memories)
        return any(self.absolute(path).exists() for path in found)

    def absolute(self, path: str) -> Path:
        """The absolute path of a path relative to the repository."""
        return self.root / path


def open_journal(start: Path, *, source: Source = Source.WORK_TREE, lenient: bool = False) -> Journal:
    """The journal that a folder belongs to.

    Args:
        start: any folder in the repository.
        source: where journal.toml is read from.
        lenient: take the defaults where journal.toml is wrong, as `validate` does, which then says what is wrong.

    Raises:
        GitError: see `locate`.
        SettingsError: journal.toml is wrong.
    """
    location = locate(start)
    data = _settings_bytes(location, source)
    base = _default_settings(location.root)
    try:
        settings = base if data is None else load_settings(data, base=base)
    except SettingsError:
        if not lenient:
            raise
        settings = base
    return Journal(location=location, settings=settings)


def _settings_bytes(location: Location, source: Source) -> bytes | None:
    if source is Source.INDEX and location.git_dir is not None:
        listing = list_files(location, FILE_NAME, source)
        return next((data for _row, data in listing.read(listing.lines)), None)
    return read_or_none(location.root / FILE_NAME)


def _default_settings(root: Path) -> Settings:
    """Defaults, and the folder `entries/` where somebody works in a journal's own folder."""
    settings = Settings()
    if not (root / settings.entries).is_dir() and (root / "entries").is_dir():
        return replace(settings, entries="entries", memories="memories.json")
    return settings
