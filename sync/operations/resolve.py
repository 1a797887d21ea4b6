"""Ending conflicts: one side wins, both stay, or a person writes the text; then the journal goes on as usual."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from sync.document.entry import Entry, parse_entry
from sync.document.fault import Fault
from sync.engine.conflict import Conflict
from sync.engine.settle import OnConflict, both, choose
from sync.engine.verdict import Action
from sync.errors import RetryError, UsageError
from sync.operations.conflicts import Kind, OpenConflict, list_conflicts
from sync.operations.editing import Draft, open_draft
from sync.operations.journal import Journal
from sync.operations.places import find_places
from sync.operations.resolve_here import add_merged, commit_resolved
from sync.operations.sync import StoreResult, SyncOptions, sync
from sync.operations.sync_result import Resolution
from sync.repository.lock import lock
from sync.schema import Schema, check
from sync.stores.registry import STORE_NAMES
from sync.taskmaster.long_term.store import read_memory

Editor = Callable[[Path], None]
"""Lets a person edit a file, and returns when they are done."""


class Choice(Enum):
    """How a conflict ends."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One conflict that was resolved, or would be.

    Attributes:
        conflict: it.
        text: the entry's text from now on; None where it goes. Not known before it is edited.
        before: of a Git merge, id of the blob that keeps what the file held; empty where it held nothing new.
        is_store_absent: whether the store is not on this machine, and takes it over at its next sync.
    """

    conflict: OpenConflict
    text: str | None = None
    before: str = ""
    is_store_absent: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The resolution as the object that `--json` prints."""
        one = self.conflict
        told = {"id": one.id, "kind": one.kind.value, "store": one.conflict.store, "path": one.path}
        return {**told, "text": self.text, "before": self.before, "store_absent": self.is_store_absent}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveResult:
    """What was resolved.

    Attributes:
        resolved: in the order asked for.
        commit: where the branch is afterwards; empty where no commit was needed.
        left: how many conflicts are still open.
    """

    resolved: tuple[Resolved, ...]
    commit: str = ""
    left: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {"resolved": [one.as_dict() for one in self.resolved], "commit": self.commit, "left": self.left}


def resolve_conflicts(
    journal: Journal, asked: Sequence[str], choice: Choice, *, now: datetime, editor: Editor, dry_run: bool = False
) -> ResolveResult:
    """End some conflicts, and sync the stores concerned.

    Args:
        journal: the journal, in a repository.
        asked: starts of ids, or paths.
        choice: how they end.
        now: aware; see `sync`.
        editor: for `Choice.EDIT`.
        dry_run: write nothing, and open no editor.

    Raises:
        UsageError: there is no such conflict, or the result would be no entry; what a person wrote is kept.
        RefusedError: a guard of the sync.
        RetryError: journal or store changed meanwhile.
    """
    run = _Run(journal, choice, now, editor, dry_run)
    found = list_conflicts(journal, asked).conflicts
    for one in found:
        if one.fault:
            raise UsageError(f"{one.path}: {one.fault}")
    resolved = {one.id: run.merged(one) for one in found if one.kind is Kind.MERGE}
    for store in dict.fromkeys(one.conflict.store for one in found if one.kind is Kind.STORE):
        group = [one for one in found if one.conflict.store == store]
        resolved |= {one.conflict.id: one for one in run.recorded(store, group)}
    left = len(list_conflicts(journal).conflicts)
    return ResolveResult(resolved=tuple(resolved[one.id] for one in found), commit=run.commit, left=left)


class _Run:
    def __init__(self, journal: Journal, choice: Choice, now: datetime, editor: Editor, dry_run: bool) -> None:
        self._journal, self._choice, self._now = journal, choice, now
        self._editor, self._dry_run = editor, dry_run
        self.commit = ""

    def merged(self, one: OpenConflict) -> Resolved:
        """A conflict of a Git merge: the text goes to the work tree and the index, and nowhere else."""
        if self._is_untried:
            return Resolved(conflict=one)
        text, draft = self._text(one)
        self._refuse_unfit(one.conflict, text, draft)
        before = ""
        if not self._dry_run:
            with lock(self._journal.lock_folder):
                before = add_merged(self._journal, one.conflict, text)
        if draft:
            draft.forget()
        return Resolved(conflict=one, text=text, before=before)

    def recorded(self, store: str, group: Sequence[OpenConflict]) -> list[Resolved]:
        """Conflicts of one store."""
        present = self._present(store, group)
        if self._is_untried:
            return [Resolved(conflict=one, is_store_absent=not present) for one in group]
        found = {one.id: self._text(one) for one in group}
        for one in group:
            self._refuse_unfit(one.conflict, *found[one.id])
        texts = {identity: text for identity, (text, _draft) in found.items()}
        if present:
            self._sync(store, group, texts)
        elif not self._dry_run:
            pairs = [(one.conflict, texts[one.id]) for one in group]
            with lock(self._journal.lock_folder):
                self.commit = commit_resolved(self._journal, store, pairs)
        for _text, draft in found.values():
            if draft:
                draft.forget()
        return [Resolved(conflict=one, text=texts[one.id], is_store_absent=not present) for one in group]

    @property
    def _is_untried(self) -> bool:
        """Whether nobody knows yet what the text will be."""
        return self._dry_run and self._choice is Choice.EDIT

    def _present(self, store: str, group: Sequence[OpenConflict]) -> bool:
        """Whether the store is on this machine, and says still what it said."""
        settings = self._journal.settings
        if store not in STORE_NAMES or not settings.store(store).enabled:
            return False
        if isinstance(find_places(self._journal, (store,))[store], str):
            return False
        result = self._try(store, {})
        if result.absent:
            return False
        self._refuse_changed(result, group)
        return True

    def _sync(self, store: str, group: Sequence[OpenConflict], texts: Mapping[str, str | None]) -> None:
        """Tried first: a text that the store cannot hold would be passed over."""
        decided = {one.id: Resolution(text=texts[one.id], ours=one.conflict.ours) for one in group if one.id in texts}
        if self._choice is Choice.EDIT:  # which took its time
            self._refuse_changed(self._try(store, {}), group)
        for dry_run in (True, False)[: 1 if self._dry_run else 2]:
            result = self._try(store, decided, dry_run=dry_run)
            keys = {one.conflict.key: one for one in group}
            for verdict in result.synced.plan.verdicts if result.synced else ():
                if verdict.key in keys and verdict.action is Action.SKIP:
                    raise UsageError(f"{verdict.path}: {verdict.why}", hint="journal resolve … --edit, and write it so")
                if verdict.key in keys and verdict.action is Action.CONFLICT:
                    hint = "look at it again: journal conflicts"
                    raise RetryError(f"{verdict.path}: {store} has changed it meanwhile", hint=hint)

    def _try(self, store: str, decided: Mapping[str, Resolution], *, dry_run: bool = True) -> StoreResult:
        options = SyncOptions(stores=(store,), resolutions=decided, dry_run=dry_run)
        result = sync(self._journal, options, now=self._now)
        if not dry_run:
            self.commit = result.commit
        (one,) = result.stores
        if one.error is not None:
            raise one.error
        return one

    def _refuse_changed(self, result: StoreResult, group: Sequence[OpenConflict]) -> None:
        conflicts = {one.id: one for one in (result.synced.conflicts if result.synced else ())}
        for one in group:
            now = conflicts.get(one.id)
            if now is None or now.ours != one.conflict.ours:
                message = f"{one.path}: journal or {one.conflict.store} has changed since the conflict was recorded"
                raise RetryError(message, hint="run: journal sync, then: journal conflicts")

    def _text(self, one: OpenConflict) -> tuple[str | None, Draft | None]:
        """The entry's text from now on, and the file that a person wrote it in."""
        conflict = one.conflict
        if self._choice is Choice.BOTH:
            return both(conflict), None
        if self._choice is not Choice.EDIT:
            chosen = choose(conflict, OnConflict(self._choice.value))
            return (None if isinstance(chosen, Conflict) else chosen), None
        draft = open_draft(self._journal, one)
        self._editor(draft.file)
        return draft.read(), draft

    def _refuse_unfit(self, conflict: Conflict, text: str | None, draft: Draft | None) -> None:
        """Stop before something becomes an entry that is none. A side as it stands is in the journal already."""
        if text is None or text == conflict.ours:
            return
        entry = parse_entry(str(draft.file) if draft else conflict.path, text)
        where = draft.hint if draft else "write it yourself: journal resolve … --edit"
        if not isinstance(entry, Entry):
            raise UsageError(str(entry), hint=where)
        if findings := check(Schema.ENTRY, dict(entry.front)):
            raise UsageError(f"{entry.path}: {findings[0].key}: {findings[0].message}", hint=where)
        if isinstance(fault := read_memory(entry), Fault):
            raise UsageError(str(fault), hint=where)
