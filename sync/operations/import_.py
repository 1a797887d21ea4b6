"""Importing what Augment remembers: its memories become entries, grouped by theme; none twice, none that was ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from sync.document.entry import Entry, load_entry
from sync.document.fault import Fault
from sync.document.moment import parse_record_date
from sync.document.naming import file_name, skip_reason, stem_of
from sync.document.templates import IMPORT_TEMPLATES, list_item, render_entry
from sync.document.themes import Group, group_by_theme, tags_of
from sync.engine.pending import Planned, finish_pending, is_pending, make_entries
from sync.errors import UsageError
from sync.operations.gate import refuse_incoming
from sync.operations.import_result import ImportResult, NewEntry, Recalled
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.recognising import Recogniser
from sync.repository.files import read_or_none, remove_leftovers
from sync.repository.listing import Source, list_files, shown_path
from sync.repository.lock import lock
from sync.search.recall import prints_of
from sync.stores.augment import Foreign, parse_file
from sync.stores.ledger import FOLDER as LEDGER
from sync.stores.ledger import Imported, load_ledger

__all__ = ["ImportResult", "NewEntry", "Recalled", "has_foreign", "import_locked", "import_memories"]

STORE = "augment"
TAG = "augment-memory"
_DATE_KEYS = ("date", "created_at", "timestamp", "updated_at")


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """Memories by what is to become of them."""

    files: int = 0
    read: int = 0
    fresh: list[Foreign] = field(default_factory=list)
    known: int = 0
    ours: int = 0
    recalls: list[Recalled] = field(default_factory=list)
    changed: int = 0
    faults: list[Fault] = field(default_factory=list)


def import_memories(
    journal: Journal, *, now: datetime, dry_run: bool = False, progress: Progress = no_progress
) -> ImportResult:
    """Import every memory of Augment's folder that is not in the journal yet.

    Args:
        journal: the journal.
        now: aware; the date of entries whose memories name none.
        dry_run: write nothing; the result says what would be done.
        progress: told how many files have been read.

    Returns:
        What was done. A file or memory that cannot be understood is in `invalid` and keeps no other from being
        imported.

    Raises:
        RetryError: another run is writing.
        RefusedError: a memory holds a secret.
        UsageError: the ledger of imports is damaged, or the disk refuses.
    """
    folder = journal.absolute(journal.settings.augment)
    if not journal.settings.augment_enabled:
        return ImportResult(absent="not enabled in journal.toml")
    if not folder.is_dir():
        return ImportResult(absent="not on this machine")
    if dry_run:
        return _Import(journal, now).run(folder, progress, write=False)
    with lock(journal.lock_folder):
        return import_locked(journal, now=now, progress=progress)


def has_foreign(journal: Journal) -> bool:
    """Whether Augment's folder holds anything but what it is given, or an import that died has left its plan."""
    folder = journal.absolute(journal.settings.augment)
    own = PurePosixPath(journal.settings.delivered).name
    return any(name != own for name in os.listdir(folder)) or is_pending(journal.root, journal.lock_folder)


def import_locked(journal: Journal, *, now: datetime, progress: Progress = no_progress) -> ImportResult:
    """As `import_memories`, for a caller that holds the lock. The store's folder is there."""
    remove_leftovers([journal.absolute(journal.settings.entries), journal.absolute(journal.settings.journal) / LEDGER])
    finish_pending(journal.root, journal.lock_folder)
    return _Import(journal, now).run(journal.absolute(journal.settings.augment), progress, write=True)


class _Import:
    def __init__(self, journal: Journal, now: datetime) -> None:
        self.journal, self.settings = journal, journal.settings
        self.now = now.astimezone(self.settings.view.zone)
        self.ledger = f"{self.settings.journal}/{LEDGER}".removeprefix("./")
        self.rows = [
            row
            for path in sorted(journal.absolute(self.ledger).glob("*.jsonl"))
            for row in load_ledger(read_or_none(path) or b"", f"{self.ledger}/{path.name}")
        ]
        self.ids = {(row.file, row.id) for row in self.rows if row.id}
        self.listing = list_files(journal.location, self.settings.entries, Source.WORK_TREE)
        self.counts: dict[str, int] = {}
        self._known_ids: set[str] | None = None

    def run(self, folder: Path, progress: Progress, *, write: bool) -> ImportResult:
        memories = self._sort(folder, progress)
        self._leave_recalled(memories)
        made = [self._planned(group) for group in group_by_theme(memories.fresh)]
        if made and write:
            refuse_incoming(self.journal, {planned.entry: "\n".join(planned.items) for _new, planned in made})
            make_entries([planned for _new, planned in made], self.journal.root, self.journal.lock_folder)
        return ImportResult(
            files=memories.files,
            read=memories.read,
            imported=len(memories.fresh),
            known=memories.known,
            ours=memories.ours,
            recalls=tuple(memories.recalls),
            changed=memories.changed,
            entries=tuple(new for new, _planned in made),
            invalid=tuple(memories.faults),
        )

    def _sort(self, folder: Path, progress: Progress) -> _Sorted:
        found = _Sorted()
        hashes = {row.hash for row in self.rows}
        own = PurePosixPath(self.settings.delivered).name
        paths = [path for path in sorted(folder.rglob("*.json")) if path.relative_to(folder).as_posix() != own]
        for done, path in enumerate(paths):
            memories, faults = _read(path, path.relative_to(folder).as_posix(), self.journal.root)
            found.files += 1
            found.read += len(memories) + sum(1 for fault in faults if fault.key)
            found.faults += [replace(fault, path=f"{self.settings.augment}/{fault.path}") for fault in faults]
            for memory in memories:
                if self._is_ours(memory):
                    found.ours += 1
                elif memory.hash in hashes:
                    found.known += 1
                else:
                    found.changed += (memory.file, memory.id) in self.ids
                    hashes.add(memory.hash)
                    found.fresh.append(memory)
            progress(done + 1, len(paths))
        return found

    def _leave_recalled(self, found: _Sorted) -> None:
        """Take out what comes from the journal itself; entries are read only where something new is there."""
        prints = {number: prints_of(one.text, prefix=self.settings.prefix) for number, one in enumerate(found.fresh)}
        if not prints:
            return
        origins = Recogniser(self.journal).in_listing(prints, self.listing)
        own = {number: found.fresh[number] for number in origins}
        found.recalls += (Recalled(file=one.file, index=one.index, origin=origins[n]) for n, one in own.items())
        found.changed -= sum((one.file, one.id) in self.ids for one in own.values())
        found.fresh = [one for number, one in enumerate(found.fresh) if number not in own]

    def _is_ours(self, memory: Foreign) -> bool:
        prefixed = memory.text.lstrip().startswith(f"{self.settings.prefix} ")
        return prefixed or (memory.id != "" and memory.id in self._ids())

    def _ids(self) -> set[str]:
        """Ids of the entries there are; read once, and only where a memory has an id that could be one of them."""
        if self._known_ids is None:
            entries = (
                load_entry(row.name, data)
                for row, data in self.listing.read(self.listing.lines)
                if not row.problem and not skip_reason(row.name)
            )
            self._known_ids = {entry.id for entry in entries if isinstance(entry, Entry)}
        return self._known_ids

    def _planned(self, group: Group[Foreign]) -> tuple[NewEntry, Planned]:
        title = f"Augment Memories: {group.theme}"
        moment = self._moment(group.items)
        name = file_name(title, moment, self._is_taken, self.counts)
        path, ledger = f"{self.settings.entries}/{name}", f"{self.ledger}/{stem_of(name)}.jsonl"
        texts = [memory.text for memory in group.items]
        text = render_entry(
            title=title,
            moment=moment,
            tags=[TAG, *tags_of(group)],
            template=IMPORT_TEMPLATES[self.settings.language],
            memories=texts,
        )
        rows = (
            Imported(hash=memory.hash, store=STORE, file=memory.file, id=memory.id, entry=name)
            for memory in group.items
        )
        items = tuple(map(list_item, texts))
        planned = Planned(entry=path, ledger=ledger, text=text, items=items, rows=tuple(rows))
        return NewEntry(path=path, theme=group.theme, memories=len(group.items)), planned

    def _is_taken(self, name: str) -> bool:
        """Whether there is an entry of that name, or a ledger that outlived its entry."""
        entry = self.journal.absolute(f"{self.settings.entries}/{name}")
        ledger = self.journal.absolute(f"{self.ledger}/{stem_of(name)}.jsonl")
        return os.path.lexists(entry) or os.path.lexists(ledger)

    def _moment(self, memories: Sequence[Foreign]) -> datetime:
        """When the newest of the memories was made, if each of them says when; else now."""
        zone = self.settings.view.zone
        moments = []
        for memory in memories:
            written = next(
                (memory.metadata[key] for key in _DATE_KEYS if isinstance(memory.metadata.get(key), str)), ""
            )
            moment = parse_record_date(written, zone)
            if moment is None or moment.clock is None:
                return self.now
            moments.append(datetime.combine(moment.day, moment.clock, tzinfo=zone))
        return max(moments, default=self.now)


def _read(path: Path, name: str, root: Path) -> tuple[list[Foreign], list[Fault]]:
    """The memories of one file; whatever is wrong with it is a fault and hides no other."""
    shown = shown_path(os.fsencode(name))
    if not path.is_file():
        return [], [Fault(path=shown, message="not a regular file")]
    if not path.resolve().is_relative_to(root.resolve()):
        return [], [
            Fault(path=shown, message="leads out of the repository", hint="copy the file itself into the folder")
        ]
    try:
        return parse_file(shown, read_or_none(path) or b"")
    except UsageError as error:
        return [], [Fault(path=shown, message=error.message)]
