"""What a sync with one store would change on each side, entry by entry, as text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from sync.engine.verdict import Action, Verdict
from sync.errors import UsageError
from sync.merge.lines import split_lines
from sync.operations.journal import Journal
from sync.operations.outlook import outlook
from sync.operations.places import find_places
from sync.repository.git import read_blobs
from sync.repository.objects import resolve
from sync.repository.refs import read_head

_NO_END = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDiff:
    """What a sync would do about one entry and its record.

    Attributes:
        key, path: of the record, and of the entry.
        action, why: what would be done.
        diffs: unified diffs: of the entry, and of the record as the entry that shows it; or, of a conflict, of the
            store's side against the journal's.
    """

    key: str
    path: str
    action: str
    why: str
    diffs: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The difference as the object that `--json` prints."""
        return {
            "key": self.key, "path": self.path, "action": self.action, "why": self.why, "diffs": list(self.diffs),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffResult:
    """Where journal and store differ.

    Attributes:
        store: the store's name.
        absent: why it could not be compared; empty where it was.
        entries: those that differ.
    """

    store: str
    absent: str = ""
    entries: tuple[EntryDiff, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 where a person has to decide something."""
        return int(any(one.action == Action.CONFLICT.value for one in self.entries))

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {"store": self.store, "absent": self.absent, "entries": [one.as_dict() for one in self.entries]}


def diff(journal: Journal, store: str, wanted: Sequence[str] = (), *, start: Path | None = None) -> DiffResult:
    """What a sync with a store would change.

    Args:
        journal: the journal, in a repository.
        store: the store's name.
        wanted: entries, by path or by the record's key; none for all.
        start: the folder that paths may be relative to, besides the repository.

    Raises:
        UsageError: there is no such store or entry, or no repository.
        JournalError: what would stop the sync.
    """
    if journal.location.git_dir is None:
        raise UsageError("a two-way sync takes its base from Git, and there is no repository", hint="run: journal init")
    head = read_head(journal.location)
    place = find_places(journal, (store,))[store]
    if isinstance(place, str):
        return DiffResult(store=store, absent=place)
    found = outlook(journal, place, head)
    if found is None:
        return DiffResult(store=store, absent="not on this machine")
    verdicts = [one for one in found.plan.verdicts if one.action is not Action.UNCHANGED]
    if wanted:
        verdicts = _asked_for(journal, head.commit, verdicts, wanted, start or journal.root)
    paths = [one.path for one in verdicts]
    blobs = dict(zip(paths, resolve(journal.root, [f"{head.commit}:{path}" for path in paths]), strict=True))
    present = {path: blob for path, blob in blobs.items() if path and blob}
    texts = dict(zip(present, read_blobs(journal.root, [blob.encode() for blob in present.values()]), strict=True))
    entries = [_entry_diff(one, texts.get(one.path), store) for one in verdicts]
    return DiffResult(store=store, entries=tuple(entries))


def path_names(journal: Journal, start: Path, word: str) -> set[str]:
    """The paths from the top of the repository that a word may stand for."""
    relative = os.path.relpath(os.path.abspath(start / word), journal.root)
    return {os.path.normpath(word), Path(relative).as_posix()}


def _asked_for(
    journal: Journal, commit: str | None, verdicts: Sequence[Verdict], wanted: Sequence[str], start: Path
) -> list[Verdict]:
    found: dict[str, Verdict] = {}
    for word in wanted:
        names = path_names(journal, start, word)
        meant = [one for one in verdicts if one.key == word or one.path in names]
        names |= {f"{journal.settings.entries}/{word}.md"}
        if not meant and not any(resolve(journal.root, [f"{commit}:{name}" for name in sorted(names)])):
            raise UsageError(f"{word}: no such entry")
        found |= {one.key: one for one in meant}
    return list(found.values())


def _entry_diff(verdict: Verdict, data: bytes | None, store: str) -> EntryDiff:
    ours = None if data is None else data.decode("utf-8", "replace")
    if verdict.conflict is not None:
        sides = [("ours: journal", verdict.conflict.ours, f"theirs: {store}", verdict.conflict.theirs)]
    elif verdict.is_agreed:
        record = verdict.text if verdict.in_store else None
        sides = [
            ("journal", ours, "journal after the sync", verdict.text),
            (store, verdict.seen, f"{store} after the sync", record),
        ]
    else:
        sides = []
    name = verdict.path or verdict.key
    diffs = tuple(
        _unified(f"{name} ({old_name})", old, f"{name} ({new_name})", new)
        for old_name, old, new_name, new in sides
        if old != new
    )
    return EntryDiff(key=verdict.key, path=verdict.path, action=verdict.action.value, why=verdict.why, diffs=diffs)


def _unified(old_name: str, old: str | None, new_name: str, new: str | None) -> str:
    """A unified diff; a side without the entry is /dev/null, as Git has it."""
    names = (old_name if old is not None else "/dev/null", new_name if new is not None else "/dev/null")
    lines = unified_diff(split_lines(old or ""), split_lines(new or ""), *names)
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}" for line in lines)
