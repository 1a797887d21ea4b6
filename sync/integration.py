"""The Python face for Augment: three methods over the same operations as the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.document.entry import Entry, load_entry
from sync.errors import UsageError
from sync.operations.create import Created, create_memory
from sync.operations.export import ExportOptions, ExportResult, export
from sync.operations.import_ import ImportResult, import_memories
from sync.operations.journal import open_journal
from sync.repository.files import read_or_none

if TYPE_CHECKING:
    import frontmatter


class AugmentJournalIntegration:
    """A journal and Augment's memories folder.

    Args:
        root: any folder of the journal's repository.

    Raises:
        GitError: the repository cannot be read.
        SettingsError: journal.toml is wrong.

    Attributes:
        journal_dir, entries_dir: the journal's folder and that of its entries, absolute.
        augment_memories_file: the tracked projection, absolute.
        augment_memories_dir: Augment's memories folder, absolute.
    """

    def __init__(self, root: Path | str = ".") -> None:
        self._journal = open_journal(Path(root))
        settings = self._journal.settings
        self.journal_dir = self._journal.absolute(settings.journal)
        self.entries_dir = self._journal.absolute(settings.entries)
        self.augment_memories_file = self._journal.absolute(settings.memories)
        self.augment_memories_dir = self._journal.absolute(settings.augment)

    def read_entry(self, entry_path: Path | str) -> frontmatter.Post:
        """An entry as a `frontmatter.Post`, for scripts that use python-frontmatter.

        `metadata` holds title, tags, related and the front matter, values as they were written (`no`, `10:30` and
        `1.10` are text); `content` holds the body.

        Raises:
            UsageError: there is no such file, or it cannot be read as an entry.
        """
        import frontmatter

        path = Path(entry_path)
        entry = load_entry(path.as_posix(), read_or_none(path) or b"") if path.is_file() else None
        if not isinstance(entry, Entry):
            raise UsageError(str(entry) if entry else f"{path}: no such entry")
        known: dict[str, Any] = {"title": entry.title, "tags": list(entry.tags), "related": list(entry.related)}
        return frontmatter.Post(entry.body, None, **{**known, **entry.front})

    def export_journal_to_augment(self) -> ExportResult:
        """Project every entry; writes the tracked file and the one that Augment is given. See `export`."""
        return export(self._journal, ExportOptions())

    def import_augment_to_journal(self) -> ImportResult:
        """Make entries of the memories that are not in the journal yet. See `import_memories`."""
        return import_memories(self._journal, now=datetime.now(UTC))

    def create_augment_memory_from_entry(self, entry_path: Path | str) -> Created:
        """Write one entry's memory to a file of its own in Augment's folder. See `create_memory`."""
        return create_memory(self._journal, Path(entry_path))
