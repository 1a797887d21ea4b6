"""Projecting the entries to memories: the tracked file, and the file that Augment is given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sync.document.fault import Fault, Skipped
from sync.document.settings import Selection, check_selection
from sync.engine.apply import Outcome
from sync.engine.refresh import Mode, Refresh, Target
from sync.engine.state import remember_written
from sync.errors import RefusedError, UsageError
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.spots import Spot, find_spots
from sync.repository.files import read_or_none
from sync.repository.git import run_git
from sync.repository.listing import Source, list_files
from sync.repository.lock import lock
from sync.repository.objects import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What to export.

    Attributes:
        selection: narrows what journal.toml lets Augment have. The tracked file always holds every entry.
        check: write nothing, say which files are stale.
        dry_run: write nothing, say which files would be written.
        source: where entries are read from.
        output: write the selection to this one file instead of the two of the journal; relative to the repository.
    """

    selection: Selection | None = None
    check: bool = False
    dry_run: bool = False
    source: Source = Source.WORK_TREE
    output: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """What an export did. For each target `read = exported + left out + skipped + invalid`.

    Attributes:
        read: files looked at.
        targets: the projections.
        skipped: files left out by a rule.
        invalid: files that could not be read as entries.
        notes: what the reader should know besides, one line each.
    """

    read: int
    targets: tuple[Target, ...]
    skipped: tuple[Skipped, ...]
    invalid: tuple[Fault, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to report: no invalid entry, and with `check` no stale file."""
        return not self.invalid and all(target.outcome is not Outcome.STALE for target in self.targets)

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "read": self.read,
            "targets": [
                {
                    "path": target.path,
                    "outcome": target.outcome.value,
                    "exported": target.exported,
                    "left_out": list(target.left_out),
                }
                for target in self.targets
            ],
            "skipped": [one.as_dict() for one in self.skipped],
            "invalid": [one.as_dict() for one in self.invalid],
            "notes": list(self.notes),
        }


def export(journal: Journal, options: ExportOptions, progress: Progress = no_progress) -> ExportResult:
    """Project every entry to its memory and bring the files up to date.

    Args:
        journal: the journal.
        options: what to export.
        progress: told how many entries have been read.

    Returns:
        What was done. Entries that cannot be read are in `invalid`; they keep no other from being exported.

    Raises:
        RetryError: another run is writing.
        RefusedError: a target lies outside the repository, or is a file of something else.
        UsageError: there is no journal here.
    """
    configured = journal.settings.augment_selection
    chosen = configured if options.selection is None else configured.narrowed_to(check_selection(options.selection))
    if options.check or options.dry_run:
        return _run(journal, options, chosen, progress)
    was_delivered = journal.absolute(journal.settings.delivered).exists()
    with lock(journal.lock_folder):
        result = _run(journal, options, chosen, progress)
    return result if was_delivered else replace(result, notes=(*result.notes, *_notes(journal)))


def _run(journal: Journal, options: ExportOptions, chosen: Selection, progress: Progress) -> ExportResult:
    listing = list_files(journal.location, journal.settings.entries, options.source)
    if not listing.lines and not journal.exists:
        message = f"{journal.settings.entries}: no such folder, so there is no journal here"
        raise UsageError(message, hint="run: journal init")
    refresh = Refresh(
        root=journal.root,
        state_folder=journal.state_folder,
        listing=listing,
        view=journal.settings.view,
        mode=Mode.CHECK if options.check else Mode.DRY_RUN if options.dry_run else Mode.WRITE,
        progress=progress,
    )
    targets: list[Target] = []
    notes: Mapping[str, Any] = {}
    kept = "" if options.output else _why_kept(journal, refresh)
    for selection, paths in _targets(journal, options, chosen, is_kept=bool(kept)).items():
        layout, found = refresh.bring_up_to_date(selection, paths)
        notes = layout.notes
        targets.extend(found)
        written = [one.path for one in found if one.outcome is Outcome.WRITTEN]
        if journal.settings.delivered in written and journal.state_folder is not None:
            remember_written(journal.root, journal.state_folder, journal.settings.delivered)
    ordered = sorted(notes.items())
    skipped = tuple(Skipped(path=path, reason=note["skipped"]) for path, note in ordered if "skipped" in note)
    invalid = tuple(Fault(**note["fault"]) for _path, note in ordered if "fault" in note)
    told = (kept,) if kept else ()
    return ExportResult(read=len(listing.lines), targets=tuple(targets), skipped=skipped, invalid=invalid, notes=told)


def _why_kept(journal: Journal, refresh: Refresh) -> str:
    """Why Augment's file is left alone; empty where an export may write it.

    Once `journal sync` serves Augment, both write that file, and only a merge can tell what is whose.
    """
    delivered = journal.settings.delivered
    if journal.location.git_dir is None or not journal.settings.augment_enabled:
        return ""
    spot = find_spots(journal, ("augment",))["augment"]
    if isinstance(spot, Spot) and resolve(journal.root, [spot.ref])[0] is not None:
        return f"{delivered}: left to journal sync, which merges what the assistant wrote there"
    if refresh.is_ours(delivered) or not (data := read_or_none(journal.absolute(delivered))):
        return ""
    from sync.engine.delivered import edited_keys  # only where nobody remembers who wrote the file

    if edited := edited_keys(journal.root, data, journal.settings.view):
        more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
        return f"{delivered}: left as it is, since {edited[0]}{more} was changed there; run: journal sync"
    return ""


def _notes(journal: Journal) -> tuple[str, ...]:
    """A warning where the memories that were just delivered for the first time could end up in a commit."""
    delivered = journal.settings.delivered
    if journal.location.git_dir is None or not journal.absolute(delivered).exists():
        return ()
    if run_git(journal.root, "ls-files", "-z", "--others", "--exclude-standard", "--", f":(literal,top){delivered}"):
        return (f"{delivered} can hold private things and is not ignored by Git; run: journal init",)
    return ()


def _targets(
    journal: Journal, options: ExportOptions, chosen: Selection, *, is_kept: bool
) -> dict[Selection, list[str]]:
    """The files to make, grouped by what they hold: files that hold the same are made once."""
    if options.output is not None:
        output = Path(os.path.relpath((journal.root / options.output).resolve(), journal.root)).as_posix()
        if output.startswith(journal.settings.entries + "/"):
            raise UsageError(f"{output} is in the entries folder", hint="name a file outside of it")
        if output in (journal.settings.memories, journal.settings.delivered):
            raise RefusedError(f"{output} is kept by every export", hint="name another file")
        return {chosen: [output]}
    groups = {Selection(): [journal.settings.memories]}
    # A store that is not on this machine cannot be stale: a check in CI has no laptop's files.
    absent = not journal.absolute(journal.settings.augment).is_dir()
    if (
        journal.settings.augment_enabled
        and not is_kept
        and not (absent and (options.check or options.source is Source.INDEX))
    ):
        groups.setdefault(chosen, []).append(journal.settings.delivered)
    return groups
