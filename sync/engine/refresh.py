"""Bringing projections up to date with a listing of entries: what changed is read and replaced, the rest copied."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from itertools import compress
from pathlib import Path

from sync.document.fault import Fault, Skipped
from sync.document.settings import Selection
from sync.document.view import View
from sync.engine.apply import Outcome, Write, apply_writes
from sync.engine.layout import Layout, Part, difference, is_same_content, replace_parts, whole_file
from sync.engine.projecting import Projected, project, refuse_same_ids, within_budget
from sync.engine.state import ProjectionState, was_written
from sync.errors import RefusedError
from sync.repository.files import Span, read_or_none
from sync.repository.listing import NOT_UTF8, UNMERGED, Listing, Row, to_row

_OWN_NAMES = ("memories.json", "journal_memories.json")
_MEMORIES = re.compile(rb'\s*\[\s*(?:\]|\{\s*"text"|<<<<<<<)')


class Mode(Enum):
    """What is to be done about files that are stale."""

    WRITE = "write"
    CHECK = "check"
    DRY_RUN = "dry run"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """One run over one listing.

    Attributes:
        root: the work tree.
        state_folder: where the layout of the files is remembered; None remembers nothing.
        listing: the entries.
        view: how they are shown.
        mode: whether stale files are written. A check trusts nothing that is remembered.
        progress: told how many entries have been read, and of how many.
    """

    root: Path
    state_folder: Path | None
    listing: Listing
    view: View
    mode: Mode
    progress: Callable[[int, int], None]

    def is_ours(self, path: str) -> bool:
        """Whether a file is still the one that an export of some selection wrote."""
        return self.state_folder is not None and was_written(self.root, self.state_folder, path)

    def bring_up_to_date(self, selection: Selection, paths: Sequence[str]) -> tuple[Layout, list[Target]]:
        """Make files hold the memories of a selection. The caller holds the lock if the mode is to write.

        Args:
            selection: which entries.
            paths: the files, relative to the root; all hold the same.

        Returns:
            How the files are laid out now (or should be), and what became of each.
        """
        state = self._state(selection)
        with contextlib.ExitStack() as stack:
            made = self._reuse(state, selection, paths, stack) or self._make_anew(selection, paths)
            if self.mode is Mode.WRITE:
                for path in made.stale:
                    refuse_other_file(self.root / path)
                writes = [Write(path=self.root / path, pieces=made.pieces) for path in made.stale]
                apply_writes(writes, self.root)
                if writes or made.is_news:
                    state.save(made.layout, [*made.stale, *made.exact])
        exported = sum(1 for length in made.layout.lengths if length)
        left_out = tuple(_left_out(made.layout))
        return made.layout, [
            Target(path=path, outcome=self._outcome(path in made.stale), exported=exported, left_out=left_out)
            for path in paths
        ]

    def _outcome(self, stale: bool) -> Outcome:
        if not stale:
            return Outcome.UNCHANGED
        return {Mode.WRITE: Outcome.WRITTEN, Mode.CHECK: Outcome.STALE, Mode.DRY_RUN: Outcome.WOULD_WRITE}[self.mode]

    def _state(self, selection: Selection) -> ProjectionState:
        made_from = [self.view.prefix, str(self.view.zone), asdict(selection)]
        # Under a budget each entry's place depends on all the others: nothing could be reused.
        return ProjectionState(self.root, None if selection.max_bytes else self.state_folder, made_from)

    def _reuse(
        self, state: ProjectionState, selection: Selection, paths: Sequence[str], stack: contextlib.ExitStack
    ) -> _Made | None:
        """Replace only what changed, if one of the files is still the one that the last run wrote."""
        if self.mode is Mode.CHECK or (old := state.load()) is None:
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
        found = {path: read_or_none(self.root / path) for path in paths}
        exact = [path for path in paths if found[path] == content]
        # Under autocrlf a checkout gives other line endings; no memory holds a CR that is not escaped.
        stale = [path for path in paths if (found[path] or b"").replace(b"\r\n", b"\n") != content]
        return _Made(layout=layout, pieces=[content], stale=stale, exact=exact, is_news=True)

    def _parts(self, selection: Selection, lines: Sequence[bytes]) -> dict[bytes, Part]:
        """The content of some lines of the listing."""
        found: dict[bytes, tuple[str, Projected | Fault | Skipped]] = {}
        for done, (line, (row, data)) in enumerate(zip(lines, self.listing.read(lines), strict=True)):
            if row.problem:
                found[line] = row.name, _problem(row)
            else:
                found[line] = row.name, project(row.name, row.blob.decode(), data, self.view, selection)
            self.progress(done + 1, len(lines))
        clashes = refuse_same_ids((path, one) for path, one in found.values() if isinstance(one, Projected))
        kept = None
        if selection.max_bytes:
            fit = (one for path, one in found.values() if isinstance(one, Projected) and path not in clashes)
            kept = within_budget(fit, selection.max_bytes)
        return {line: _part(one, clashes.get(path), kept) for line, (path, one) in found.items()}


def refuse_other_file(path: Path) -> None:
    """Stop before a file of something else is replaced; settings and options can name any.

    A file that has the name of a projection is ours to repair, whatever it holds.

    Raises:
        RefusedError: the file exists and holds no memories.
    """
    if path.name in _OWN_NAMES or not (present := read_or_none(path)):
        return
    if not _MEMORIES.match(present):
        hint = "remove it, or name another file"
        raise RefusedError(f"{path} exists and is no file of memories", hint=hint)


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
