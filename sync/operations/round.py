"""The round without Git: import what is new, validate, export. There is no history to take a base from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync.operations.export import ExportOptions, ExportResult, export
from sync.operations.import_ import ImportResult, import_memories
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.validate import ValidateResult, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundResult:
    """What each part of the round did."""

    validated: ValidateResult
    imported: ImportResult
    exported: ExportResult

    @property
    def is_clean(self) -> bool:
        """Whether no part has anything to report."""
        return self.validated.is_clean and self.imported.is_clean and self.exported.is_clean

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "validate": self.validated.as_dict(),
            "import": self.imported.as_dict(),
            "export": self.exported.as_dict(),
        }


def go_round(
    journal: Journal, *, now: datetime, dry_run: bool = False, progress: Progress = no_progress
) -> RoundResult:
    """Import Augment's new memories, validate the journal, then export every entry.

    Args:
        journal: the journal.
        now: aware; see `import_memories`.
        dry_run: write nothing.
        progress: told how far each part is.
    """
    imported = import_memories(journal, now=now, dry_run=dry_run, progress=progress)
    validated = validate(journal, progress=progress)
    exported = export(journal, ExportOptions(dry_run=dry_run), progress)
    return RoundResult(validated=validated, imported=imported, exported=exported)
