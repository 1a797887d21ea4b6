"""What the doctor looks at in the journal and its stores: settings, ids, memories, conflicts, shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sync.document.settings import FILE_NAME, STORES, load_settings
from sync.engine.apply import Outcome
from sync.engine.place import Place, read_whole, refuse_unusable
from sync.engine.tracked import open_conflicts
from sync.errors import JournalError, SettingsError, ShapeError
from sync.operations.checkup import Finding
from sync.operations.export import ExportOptions, export
from sync.operations.git_setup import with_lines
from sync.operations.journal import Journal
from sync.operations.outlook import ReadOnlyTrees
from sync.operations.places import find_places
from sync.repository.files import read_or_none, refuse_outside, write_atomic
from sync.repository.git import run_git
from sync.repository.lock import lock
from sync.repository.refs import read_head
from sync.taskmaster.long_term.store import STORE as MEMORIES

_IGNORE = ".gitignore"


def check_settings(journal: Journal) -> Iterator[Finding]:
    """Whether journal.toml can be read; the defaults stand in for it else."""
    data = read_or_none(journal.root / FILE_NAME)
    try:
        load_settings(data or b"")
    except SettingsError as error:
        yield Finding(check="", message=error.message, hint=error.hint or f"correct it: {FILE_NAME}")


def check_stores(journal: Journal) -> Iterator[Finding]:
    """Whether each store is of the shape that is understood; one that is not is only read, never written."""
    for name, place in find_places(journal, ()).items():
        if not isinstance(place, Place):
            continue
        try:
            refuse_unusable(place, journal.root)
            files = read_whole(place)
        except JournalError as error:
            message = f"{name} is not written: {error.message}"
            yield Finding(check="", message=message, hint=error.hint or f"look at {place.shown}")
            continue
        for key, chunk in place.store.split(files or {}).items():
            try:
                place.store.parse(key, chunk)
            except ShapeError as error:
                message = f"{name}: a record that is passed over: {error.message}"
                yield Finding(check="", message=message, hint=error.hint or f"look at {place.shown}")


def check_ignored(journal: Journal) -> Iterator[Finding]:
    """Whether what Augment is given could end up in a commit by accident: memories can hold private things."""
    settings = journal.settings

    def ignore() -> str:
        with lock(journal.lock_folder):
            file = journal.root / _IGNORE
            refuse_outside(file, journal.root)
            write_atomic(file, [with_lines(read_or_none(file) or b"", [f"/{settings.augment}/"])])
        return f"commit {_IGNORE}"

    where = f":(literal,top){settings.delivered}"
    if settings.augment_enabled and run_git(
        journal.root, "ls-files", "-z", "--others", "--exclude-standard", "--", where
    ):
        message = f"{settings.delivered} can hold private things, and is not ignored by Git"
        yield Finding(check="", message=message, hint="run: journal init", fix=ignore)


def check_ids(journal: Journal) -> Iterator[Finding]:
    """Whether each entry of the branch's commit has an id of its own."""
    trees = ReadOnlyTrees(
        journal.root, journal.state_folder, "augment", lambda entry: entry.id, journal.settings.entries
    )
    for path, first in trees.read(read_head(journal.location).commit).clashes.items():
        hint = "write another `id:` into its front matter, or rename the file"
        yield Finding(check="", message=f"{path} has the same id as {first}", hint=hint)


def check_memories(journal: Journal) -> Iterator[Finding]:
    """Whether the tracked memories are those of the entries."""
    settings = journal.settings
    if not journal.absolute(settings.memories).exists():
        return
    # Augment's own file is a store, which a sync brings into step.
    only_tracked = replace(journal, settings=replace(settings, augment_enabled=False))

    def write() -> str:
        export(only_tracked, ExportOptions())
        return f"commit {settings.memories}"

    found = export(only_tracked, ExportOptions(check=True))
    if any(target.outcome is Outcome.STALE for target in found.targets):
        message = f"{settings.memories} is not what the entries say"
        yield Finding(check="", message=message, hint="run: journal export", fix=write)


def check_conflicts(journal: Journal) -> Iterator[Finding]:
    """Whether a conflict waits for a store that is not served any more."""
    recorded = open_conflicts(journal.root, read_head(journal.location).commit, journal.settings)
    for one in recorded.values():
        if one.store != MEMORIES and (one.store not in STORES or not journal.settings.store(one.store).enabled):
            message = f"{one.path}: a conflict with {one.store}, which is not enabled"
            hint = f"run: journal resolve {one.id} --ours | --theirs | --both | --edit"
            yield Finding(check="", message=message, hint=hint)
