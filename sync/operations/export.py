"""Projecting the entries to memories: the tracked file, and the file that Augment is given."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

from sync.document.fault import Fault, Skipped
from sync.document.settings import Selection, check_selection
from sync.engine.apply import Outcome, Write, apply_writes
from sync.engine.layout import Layout, Part, difference, is_same_content, replace_parts, whole_file
from sync.engine.projecting import Projected, project, refuse_same_ids, within_budget
from sync.engine.state import ProjectionState
from sync.errors import RefusedError, UsageError
from sync.operations.journal import Journal, Progress, no_progress
from sync.repository.files import Span, read_or_none
from sync.repository.git import run_git
from sync.repository.listing import NOT_UTF8, UNMERGED, Row, Source, list_files, to_row
from sync.repository.lock import lock


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
class Target:
    """What became of one projection.

    Attributes:
        path: relative to the repository.
        outcome: whether it was written.
        exported: memories in it.
        left_out: entries that the selection or its budget kept out of it: paths.
    """

    path: str
    outcome: Outcome
    exported: int
    left_out: tuple[str, ...]


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
    if not journal.exists:
        message = f"{journal.settings.entries}: no such folder, so there is no journal here"
        raise UsageError(message, hint="run: journal init")
    selections = _targets(journal, options, chosen)
    if options.check or options.dry_run:
        return _Export(journal, options, progress).run(selections)
    was_delivered = journal.absolute(journal.settings.delivered).exists()
    with lock(journal.lock_folder):
        result = _Export(journal, options, progress).run(selections)
    return result if was_delivered else replace(result, notes=_notes(journal))


def _notes(journal: Journal) -> tuple[str, ...]:
    """A warning where the memories that were just delivered for the first time could end up in a commit."""
    delivered = journal.settings.delivered
    if journal.location.git_dir is None or not journal.absolute(delivered).exists():
        return ()
    if run_git(journal.root, "ls-files", "-z", "--others", "--exclude-standard", "--", f":(literal,top){delivered}"):
        return (f"{delivered} can hold private things and is not ignored by Git; run: journal init",)
    return ()


def _targets(journal: Journal, options: ExportOptions, chosen: Selection) -> dict[Selection, list[str]]:
    """The files to make, grouped by what they hold: files that hold the same are made once."""
    if options.output is not None:
        output = Path(os.path.relpath((journal.root / options.output).resolve(), journal.root)).as_posix()
        if output.startswith(journal.settings.entries + "/"):
            raise UsageError(f"{output} is in the entries folder", hint="name a file outside of it")
        present = read_or_none(journal.root / output)
        if present and not present.lstrip().startswith(b"["):
            raise RefusedError(f"{output} exists and is no file of memories", hint="remove it, or name another file")
        return {chosen: [output]}
    groups = {Selection(): [journal.settings.memories]}
    # A store that is not on this machine cannot be stale: a check in CI has no laptop's files.
    absent = not journal.absolute(journal.settings.augment).is_dir()
    if journal.settings.augment_enabled and not (absent and (options.check or options.source is Source.INDEX)):
        groups.setdefault(chosen, []).append(journal.settings.delivered)
    return groups


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A projection as it has to be.

    Attributes:
        layout, pieces: its file.
        stale: targets that have to be written.
        exact: targets that hold these very bytes already.
        is_news: whether the listing differs from the last run's.
    """

    layout: Layout
    pieces: Sequence[bytes | Span]
    stale: Sequence[str]
    exact: Sequence[str]
    is_news: bool


class _Export:
    """One run; holds the listing and what every target needs of it."""

    def __init__(self, journal: Journal, options: ExportOptions, progress: Progress) -> None:
        self.journal, self.options, self.progress = journal, options, progress
        self.listing = list_files(journal.location, journal.settings.entries, options.source)

    def run(self, groups: Mapping[Selection, Sequence[str]]) -> ExportResult:
        targets: list[Target] = []
        notes: Mapping[str, Any] = {}
        for selection, paths in groups.items():
            layout, found = self._bring_up_to_date(selection, paths)
            notes = layout.notes
            targets.extend(found)
        ordered = sorted(notes.items())
        skipped = tuple(Skipped(path=path, reason=note["skipped"]) for path, note in ordered if "skipped" in note)
        invalid = tuple(Fault(**note["fault"]) for _path, note in ordered if "fault" in note)
        return ExportResult(read=len(self.listing.lines), targets=tuple(targets), skipped=skipped, invalid=invalid)

    def _bring_up_to_date(self, selection: Selection, paths: Sequence[str]) -> tuple[Layout, list[Target]]:
        state = self._state(selection)
        with contextlib.ExitStack() as stack:
            made = self._reuse(state, selection, paths, stack) or self._make_anew(selection, paths)
            if not (self.options.check or self.options.dry_run):
                writes = [Write(path=self.journal.absolute(path), pieces=made.pieces) for path in made.stale]
                apply_writes(writes, self.journal.root)
                if writes or made.is_news:
                    state.save(made.layout, [*made.stale, *made.exact])
        exported = sum(1 for length in made.layout.lengths if length)
        left_out = tuple(_left_out(made.layout))
        return made.layout, [
            Target(path=path, outcome=self._outcome(path in made.stale), exported=exported, left_out=left_out)
            for path in paths
        ]

    def _state(self, selection: Selection) -> ProjectionState:
        settings = self.journal.settings
        made_from = [settings.prefix, settings.timezone, settings.entries, asdict(selection)]
        # Under a budget each entry's place depends on all the others: nothing could be reused.
        folder = None if selection.max_bytes else self.journal.state_folder
        return ProjectionState(self.journal.root, folder, made_from)

    def _reuse(
        self, state: ProjectionState, selection: Selection, paths: Sequence[str], stack: contextlib.ExitStack
    ) -> _Made | None:
        """Replace only what changed, if one of the files is still the one that the last run wrote."""
        if self.options.check or (old := state.load()) is None:
            return None
        handle = next((found for path in paths if (found := state.open_if_ours(path, stack)) is not None), None)
        if handle is None:
            return None
        new, gone = difference(old, self.listing.lines)
        fresh = self._parts(selection, [line for line in self.listing.lines if line in new])
        layout, pieces = replace_parts(old, self.listing.lines, fresh, gone, handle)
        if _ids_clash(layout):
            return None

        def read(start: int, end: int) -> bytes:
            return os.pread(handle, end - start, start)

        same = is_same_content(old, fresh, gone, read)
        exact = [path for path in paths if same and state.is_ours(path)]
        stale = [path for path in paths if path not in exact]
        return _Made(layout=layout, pieces=pieces, stale=stale, exact=exact, is_news=bool(new or gone))

    def _make_anew(self, selection: Selection, paths: Sequence[str]) -> _Made:
        layout, pieces = whole_file(self.listing.lines, self._parts(selection, self.listing.lines))
        content = b"".join(piece for piece in pieces if isinstance(piece, bytes))
        found = {path: read_or_none(self.journal.absolute(path)) for path in paths}
        exact = [path for path in paths if found[path] == content]
        # Under autocrlf a checkout gives other line endings; no memory holds a CR that is not escaped.
        stale = [path for path in paths if (found[path] or b"").replace(b"\r\n", b"\n") != content]
        return _Made(layout=layout, pieces=[content], stale=stale, exact=exact, is_news=True)

    def _outcome(self, stale: bool) -> Outcome:
        if not stale:
            return Outcome.UNCHANGED
        if self.options.check:
            return Outcome.STALE
        return Outcome.WOULD_WRITE if self.options.dry_run else Outcome.WRITTEN

    def _parts(self, selection: Selection, lines: Sequence[bytes]) -> dict[bytes, Part]:
        """The content of some lines of the listing."""
        view = self.journal.settings.view
        found: dict[bytes, tuple[str, Projected | Fault | Skipped]] = {}
        for done, (line, (row, data)) in enumerate(zip(lines, self.listing.read(lines), strict=True)):
            if row.problem:
                found[line] = row.name, _problem(row)
            else:
                found[line] = row.name, project(row.name, row.blob.decode(), data, view, selection)
            self.progress(done + 1, len(lines))
        clashes = refuse_same_ids((path, one) for path, one in found.values() if isinstance(one, Projected))
        kept = None
        if selection.max_bytes:
            fit = (one for path, one in found.values() if isinstance(one, Projected) and path not in clashes)
            kept = within_budget(fit, selection.max_bytes)
        return {line: _part(one, clashes.get(path), kept) for line, (path, one) in found.items()}


def _part(one: Projected | Fault | Skipped, clash: Fault | None, kept: set[str] | None) -> Part:
    if clash is not None:
        return Part(note={"fault": clash.as_dict(), "clash": True})
    if isinstance(one, Skipped):
        return Part(note={"skipped": one.reason})
    if isinstance(one, Fault):
        return Part(note={"fault": one.as_dict()})
    return Part(id=one.id, chunk=one.chunk if kept is None or one.id in kept else b"")


def _problem(row: Row) -> Fault | Skipped:
    if row.problem in (UNMERGED, NOT_UTF8):
        message, _, hint = row.problem.partition(": ")
        return Fault(path=row.name, message=message, hint=hint)
    return Skipped(path=row.name, reason=row.problem)


def _ids_clash(layout: Layout) -> bool:
    """Whether ids must be looked at again: two are equal, or an entry was refused because of another's."""
    ids = [one for one in layout.ids if one]
    return any("clash" in note for note in layout.notes.values()) or len(set(ids)) != len(ids)


def _left_out(layout: Layout) -> Iterator[str]:
    if all(layout.lengths):
        return
    for line in compress(
        layout.lines, (bool(one) and not length for one, length in zip(layout.ids, layout.lengths, strict=True))
    ):
        yield to_row(line).name
