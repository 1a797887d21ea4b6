"""One entry's memory as a file of its own, and new entries."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from sync.document.entry import Entry, load_entry
from sync.document.naming import file_name, skip_reason
from sync.document.projection import get
from sync.document.record import Memory
from sync.document.templates import TEMPLATES, render_entry
from sync.engine.apply import Write, apply_writes
from sync.errors import DocumentError, RefusedError, UsageError
from sync.operations.journal import Journal
from sync.repository.files import create_new, read_or_none, refuse_outside
from sync.repository.listing import Source, list_files
from sync.repository.lock import lock
from sync.stores.augment import parse_file, render_file, render_memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A file that was made.

    Attributes:
        path: relative to the repository.
        source: the entry it was made from; empty for a new entry.
        is_new: False where the file held the same bytes already, or with `dry_run`.
    """

    path: str
    source: str = ""
    is_new: bool = True

    def as_dict(self) -> dict[str, str | bool]:
        """The result as the object that `--json` prints."""
        return {"path": self.path, "source": self.source, "is_new": self.is_new}


def create_memory(journal: Journal, entry_path: Path, *, start: Path = Path(), dry_run: bool = False) -> Created:
    """Write one entry's memory to `journal_entry_<stem>.json` in Augment's folder.

    Args:
        journal: the journal.
        entry_path: the entry; absolute, or relative to `start` or to the repository.
        start: the folder that the user is in.
        dry_run: write nothing.

    Raises:
        UsageError: there is no such entry in the repository, or it cannot be read.
        RefusedError: the file holds another entry's memory, or one that was changed there.
    """
    path = _entry_path(journal, entry_path, start)
    blob, data = _committed_form(journal, path)
    entry = load_entry(path, data)
    if not isinstance(entry, Entry):
        raise UsageError(str(entry), hint=entry.hint)
    memory = Memory(record=get(entry, journal.settings.view), source=path, source_blob=blob.decode())
    target = f"{journal.settings.augment}/journal_entry_{PurePosixPath(path).stem}.json"
    content = render_file([render_memory(memory)])
    file = journal.absolute(target)
    present = read_or_none(file)
    _refuse_other_source(target, present, path)
    if present is not None and present != content and journal.location.git_dir is not None:
        from sync.engine.delivered import edited_keys  # only where there is a file already

        if edited := edited_keys(journal.root, present, journal.settings.view):
            hint = "put what is new there into the entry, then delete the file"
            raise RefusedError(f"{target}: {edited[0]} was changed there", hint=hint)
    is_new = present != content
    if is_new and not dry_run:
        with lock(journal.lock_folder):
            apply_writes([Write(path=file, pieces=[content])], journal.root)
    return Created(path=target, source=path, is_new=is_new and not dry_run)


def new_entry(
    journal: Journal,
    title: str,
    *,
    now: datetime,
    tags: tuple[str, ...] = (),
    related: tuple[str, ...] = (),
    dry_run: bool = False,
) -> Created:
    """Write a new entry from the journal's template; an entry of the same title and minute is never overwritten.

    Args:
        journal: the journal.
        title: what the entry is about; made one line.
        now: aware.
        tags, related: as given.
        dry_run: write nothing; the result says which file it would be.

    Raises:
        UsageError: the title is empty or not Unicode, or the template cannot be read.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in title).split())
    if not line:
        raise UsageError("the title is empty", hint='try: journal new "What I learned"')
    moment = now.astimezone(journal.settings.view.zone)
    try:
        text = render_entry(title=line, moment=moment, tags=tags, related=related, template=_template(journal))
        data = text.encode()
    except DocumentError as error:
        raise UsageError(f"{journal.settings.template}: {error.message}", hint=error.hint) from error
    except UnicodeEncodeError as error:
        raise UsageError("a tag or an entry it is related to is not UTF-8") from error
    folder = journal.absolute(journal.settings.entries)
    refuse_outside(folder / "entry.md", journal.root)
    if dry_run:
        name = file_name(line, moment, lambda one: os.path.lexists(folder / one))
        return Created(path=f"{journal.settings.entries}/{name}", is_new=False)
    with lock(journal.lock_folder):
        refused: set[str] = set()
        while True:
            name = file_name(line, moment, lambda one: one in refused or os.path.lexists(folder / one))
            if create_new(folder / name, data):
                return Created(path=f"{journal.settings.entries}/{name}")
            refused.add(name)


def _refuse_other_source(target: str, present: bytes | None, source: str) -> None:
    """Two entries of one name, in two folders, would write the same file."""
    memories, _faults = parse_file(target, present) if present else ([], [])
    other = next((one for memory in memories if (one := memory.metadata.get("source", source)) != source), None)
    if other is not None:
        raise RefusedError(f"{target} holds the memory of {other}", hint="rename one of the entries")


def _committed_form(journal: Journal, path: str) -> tuple[bytes, bytes]:
    """(blob id, bytes) of a file as Git would store it, which under autocrlf is not what is on disk."""
    listing = list_files(journal.location, path, Source.WORK_TREE)
    for row, data in listing.read(listing.lines):
        if not row.problem:
            return row.blob, data
        raise UsageError(f"{path}: {row.problem}")
    raise UsageError(f"{path}: no such entry", hint="name a file of the entries folder")


def _template(journal: Journal) -> str:
    if not journal.settings.template:
        return TEMPLATES[journal.settings.language]
    refuse_outside(journal.absolute(journal.settings.template).resolve(), journal.root)
    data = read_or_none(journal.absolute(journal.settings.template))
    if data is None:
        hint = "make the file, or remove the key from journal.toml"
        raise UsageError(f"{journal.settings.template}: the template does not exist", hint=hint)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{journal.settings.template}: not UTF-8", hint="save it as UTF-8") from error


def _entry_path(journal: Journal, path: Path, start: Path) -> str:
    """The path of an entry relative to the repository."""
    hint = f"name a file of {journal.settings.entries}"
    found = next((one for one in (start / path, journal.root / path) if one.is_file()), None)
    if found is None:
        raise UsageError(f"{path}: no such entry", hint=hint)
    resolved, root = found.resolve(), journal.root.resolve()
    if not resolved.is_relative_to(root):
        raise UsageError(f"{path} is not in the repository {root}", hint=hint)
    relative = resolved.relative_to(root).as_posix()
    reason = (
        skip_reason(relative) if relative.startswith(f"{journal.settings.entries}/") else "not in the entries folder"
    )
    if reason:
        raise UsageError(f"{path} is no entry: {reason}", hint=hint)
    return relative
