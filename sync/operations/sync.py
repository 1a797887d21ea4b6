"""Syncing the journal with every store, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sync.engine.base import load_base
from sync.engine.conflict import Conflict
from sync.engine.decide import Action, Settle
from sync.engine.guards import Allowed, refuse_head
from sync.engine.journal_commit import Journal as Repository
from sync.engine.journal_commit import commit, take_back
from sync.engine.place import Place
from sync.engine.secrets import BASELINE, refuse_secrets
from sync.engine.settle import OnConflict, choose
from sync.engine.syncing import Options, StoreSync, Synced
from sync.engine.tracked import conflict_path, open_conflicts
from sync.engine.tree import Trees
from sync.errors import JournalError, UsageError
from sync.operations.import_ import ImportResult, import_locked, import_memories
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.places import find_places
from sync.repository.files import read_or_none
from sync.repository.git import run_git
from sync.repository.lock import lock
from sync.repository.refs import Head, read_head
from sync.stores.ledger import FOLDER as LEDGER
from sync.stores.ledger import load_ledger

_PASSES = 3  # what one store says reaches those before it in the second pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """What a sync is to do.

    Attributes:
        stores: names; none for all that are enabled.
        dry_run: write nothing.
        on_conflict: who decides where both sides changed the same.
        allow_deletes: how many deletions are allowed; None for the usual number.
        allow_all_changed: every record of a store may have changed.
        allow_shallow: sync without the whole history.
        restore: write a store that is gone anew.
        commits: whether the journal's part is committed.
        resolutions: conflict id -> the entry's text, None for no entry: what a person has decided.
    """

    stores: tuple[str, ...] = ()
    dry_run: bool = False
    on_conflict: OnConflict = OnConflict.RECORD
    allow_deletes: int | None = None
    allow_all_changed: bool = False
    allow_shallow: bool = False
    restore: bool = False
    commits: bool = True
    resolutions: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult:
    """What came of one store.

    Attributes:
        name: the store's.
        place: where it lies, for people.
        absent: why it was left out; empty where it was synced.
        synced: what was done; of several passes, joined.
        error: what stopped it.
    """

    name: str
    place: str = ""
    absent: str = ""
    synced: Synced | None = None
    error: JournalError | None = None

    def counts(self) -> dict[str, int]:
        """`read = unchanged + written + imported + conflicts + skipped`."""
        if self.synced is None:
            return {}
        plan = self.synced.plan
        found = {
            "imported": plan.count(Action.JOURNAL_ADD),
            "conflicts": plan.count(Action.CONFLICT),
            "skipped": plan.count(Action.SKIP),
            "written": plan.count(
                Action.STORE_ADD, Action.STORE_EDIT, Action.STORE_DELETE,
                Action.JOURNAL_EDIT, Action.JOURNAL_DELETE, Action.MERGE,
            ),
        }  # fmt: skip
        return {"read": plan.read, "unchanged": plan.read - sum(found.values()), **found}

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        told: dict[str, Any] = {"store": self.name, "place": self.place, "absent": self.absent}
        if self.error is not None:
            told["error"] = self.error.as_dict()
        if self.synced is None:
            return told
        verdicts = [one.as_dict() for one in self.synced.plan.verdicts]
        return told | {"counts": self.counts(), "decisions": verdicts, "note": self.synced.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What a sync did, store by store.

    Attributes:
        stores: in the order they were synced.
        imported: what was imported from the other files of Augment's folder.
        commit: where the branch is afterwards; empty where it has no commit.
        uncommitted: entries that are not committed yet, so that no store has them.
        left: files that a run that died had changed, and that were changed again since.
    """

    stores: tuple[StoreResult, ...]
    imported: ImportResult
    commit: str = ""
    uncommitted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 clean; 1 conflicts or skipped records; else that of what stopped a store."""
        errors = [one.error.exit_code for one in self.stores if one.error is not None]
        if errors:
            return min(errors)
        counts = [one.counts() for one in self.stores]
        found = any(one.get("conflicts") or one.get("skipped") for one in counts)
        return int(found or not self.imported.is_clean)

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "stores": [one.as_dict() for one in self.stores],
            "import": self.imported.as_dict(),
            "commit": self.commit,
            "uncommitted": list(self.uncommitted),
        }


def sync(journal: Journal, options: SyncOptions, *, now: datetime, progress: Progress = no_progress) -> SyncResult:
    """Sync the journal's branch with the stores, both ways.

    Args:
        journal: the journal, in a repository.
        options: what is to be done.
        now: aware; the date of entries that are imported by theme and whose memories name none. Nothing else depends
            on it.
        progress: told how many records have been decided.

    Returns:
        What was done. A store that a guard stopped is in it with its error, and keeps no other from being synced.

    Raises:
        RetryError: another run is at work.
        RefusedError: the repository is in no state to be committed to.
        UsageError: there is no such store.
    """
    if journal.location.git_dir is None:
        raise UsageError("a two-way sync takes its base from Git, and there is no repository", hint="run: journal init")
    run = _Run(journal, options, now, progress)
    if options.dry_run:
        return run.go()
    with lock(journal.lock_folder):
        return run.go()


class _Run:
    def __init__(self, journal: Journal, options: SyncOptions, now: datetime, progress: Progress) -> None:
        self._journal, self._options, self._now, self._progress = journal, options, now, progress
        self._repository = Repository(
            root=journal.root, state_folder=journal.lock_folder, folder=journal.settings.journal.removeprefix(".")
        )

    def go(self) -> SyncResult:
        journal, options = self._journal, self._options
        places = find_places(journal, options.stores)
        head = read_head(journal.location)
        left = [] if options.dry_run else take_back(self._repository, head)
        refuse_head(
            branch=head.branch,
            in_progress=head.in_progress,
            is_shallow=head.is_shallow,
            allow_shallow=options.allow_shallow,
        )
        imported, head = self._import(places, head)
        results: dict[str, StoreResult] = {
            name: StoreResult(name=name, absent=place) for name, place in places.items() if isinstance(place, str)
        }
        for _ in range(_PASSES):
            before = head
            for name, place in places.items():
                if not isinstance(place, str) and not (name in results and results[name].error):
                    found, head = self._sync_one(place, head)
                    results[name] = _joined(results.get(name), found)
            if head == before or options.dry_run:
                break
        return SyncResult(
            stores=tuple(results[name] for name in places),
            imported=imported,
            commit=head.commit or "",
            uncommitted=self._uncommitted(),
            left=tuple(left),
        )

    def _sync_one(self, place: Place, head: Head) -> tuple[StoreResult, Head]:
        journal, store = self._journal, place.store
        trees = Trees(journal.root, journal.state_folder, store.name, store.key, journal.settings.entries)
        options = Options(
            settle=self._settle(store.name, head),
            allowed=Allowed(deletes=self._options.allow_deletes, all_changed=self._options.allow_all_changed),
            is_dry=self._options.dry_run,
            commits=self._options.commits,
            is_restored=self._options.restore,
            refuse_secrets=self._refuse_secrets,
            progress=self._progress,
        )
        try:
            done = StoreSync(self._repository, journal.settings, place, trees, options).run(head)
        except JournalError as error:
            return StoreResult(name=store.name, place=place.shown, error=error), read_head(journal.location)
        if done is None:
            return StoreResult(name=store.name, place=place.shown, absent="not on this machine"), head
        return StoreResult(name=store.name, place=place.shown, synced=done), done.head

    def _settle(self, store: str, head: Head) -> Settle:
        journal, options = self._journal, self._options
        recorded: dict[str, Conflict] = {}

        def settle(conflict: Conflict) -> str | Conflict | None:
            if conflict.id in options.resolutions:
                return options.resolutions[conflict.id]
            if not recorded:
                recorded.update(open_conflicts(journal.root, head.commit, journal.settings))
            path = conflict_path(journal.settings, conflict)
            if path not in recorded and _was_resolved(journal, store, head, path):
                return conflict.ours
            newer = options.on_conflict is OnConflict.NEWEST and _store_is_newer(journal, store, head, conflict)
            return choose(conflict, options.on_conflict, is_newer=newer)

        return settle

    def _refuse_secrets(self, texts: Mapping[str, str]) -> None:
        if any(texts.values()):
            path = f"{self._journal.settings.journal}/{BASELINE}".removeprefix("./")
            refuse_secrets(texts, read_or_none(self._journal.absolute(path)), baseline_path=path)

    def _import(self, places: Mapping[str, Place | str], head: Head) -> tuple[ImportResult, Head]:
        """Import what stands in other files of Augment's folder, and commit it."""
        journal = self._journal
        if "augment" not in places:
            return ImportResult(absent="not asked for"), head
        if self._options.dry_run:
            return import_memories(journal, now=self._now, dry_run=True), head
        if not journal.absolute(journal.settings.augment).is_dir():
            return ImportResult(absent="not on this machine"), head
        imported = import_locked(journal, now=self._now)
        contents = self._imported_files() if self._options.commits else {}
        if not contents:
            return imported, head
        message = "\n".join(["Import from augment", "", *sorted(contents), "", "Journal-Store: augment", ""])
        return imported, commit(
            self._repository, head, contents, message, author="augment (journal-sync) <augment@journal-sync.invalid>",
            written=True,
        )  # fmt: skip

    def _imported_files(self) -> dict[str, bytes | None]:
        """Ledgers that are not committed yet, and their entries."""
        journal = self._journal
        folder = f"{journal.settings.journal}/{LEDGER}".removeprefix("./")
        found: dict[str, bytes | None] = {}
        for ledger in _untracked(journal, folder):
            data = read_or_none(journal.absolute(ledger)) or b""
            rows = load_ledger(data, ledger)
            entries = {f"{journal.settings.entries}/{row.entry}" for row in rows}
            present = {path: read_or_none(journal.absolute(path)) for path in entries}
            found |= {ledger: data, **{path: data for path, data in present.items() if data is not None}}
        return found

    def _uncommitted(self) -> tuple[str, ...]:
        where = f":(literal,top){self._journal.settings.entries}"
        rows = run_git(
            self._journal.root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", where
        )
        return tuple(row[3:].decode("utf-8", "backslashreplace") for row in rows.split(b"\0")[:-1])


def _joined(before: StoreResult | None, after: StoreResult) -> StoreResult:
    """What several passes did to one store, as if in one; the last word on a record counts."""
    if before is None or before.synced is None or after.synced is None:
        return after if after.error or before is None or before.synced is None else before
    verdicts = {one.key: one for one in before.synced.plan.verdicts if one.action is not Action.CONFLICT}
    verdicts |= {one.key: one for one in after.synced.plan.verdicts}
    plan = replace(after.synced.plan, verdicts=tuple(verdicts[key] for key in sorted(verdicts)))
    return replace(after, synced=replace(after.synced, plan=plan, note=before.synced.note))


def _untracked(journal: Journal, folder: str) -> list[str]:
    where = f":(literal,top){folder}"
    rows = run_git(journal.root, "ls-files", "-z", "--others", "--exclude-standard", "--", where).split(b"\0")[:-1]
    return [row.decode("utf-8", "surrogateescape") for row in rows]


def _was_resolved(journal: Journal, store: str, head: Head, path: str) -> bool:
    """Whether a person took the record of a conflict away since journal and store agreed: then they have decided."""
    if head.commit is None:
        return False
    base = load_base(journal.root, store)
    since = [f"^{base.journal}"] if hasattr(base, "journal") else []
    found = run_git(
        journal.root, "log", "-1", "--format=%H", "--diff-filter=D", head.commit, *since, "--", f":(literal,top){path}",
        accept=(0, 128),
    )  # fmt: skip
    return bool(found.strip())


def _store_is_newer(journal: Journal, store: str, head: Head, conflict: Conflict) -> bool:
    place = find_places(journal, (store,))[store]
    if isinstance(place, str) or head.commit is None:
        return False
    file = place.folder / (place.file or f"{conflict.key}.md")
    try:
        changed = file.stat().st_mtime
    except OSError:
        return True  # it was deleted, which is the last that was heard of it
    printed = run_git(journal.root, "log", "-1", "--format=%ct", head.commit, "--", f":(literal,top){conflict.path}")
    return changed > float(printed.strip() or 0)
