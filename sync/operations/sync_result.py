"""What a sync is asked for, and what it did: data that the command line, the log and a service show alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sync.engine.decide import Action
from sync.engine.settle import OnConflict
from sync.engine.syncing import Synced
from sync.errors import JournalError
from sync.operations.import_ import ImportResult


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


def joined(before: StoreResult | None, after: StoreResult) -> StoreResult:
    """What several passes did to one store, as if in one; the last word on a record counts."""
    if before is None or before.synced is None or after.synced is None:
        return after if after.error or before is None or before.synced is None else before
    verdicts = {one.key: one for one in before.synced.plan.verdicts if one.action is not Action.CONFLICT}
    verdicts |= {one.key: one for one in after.synced.plan.verdicts}
    plan = replace(after.synced.plan, verdicts=tuple(verdicts[key] for key in sorted(verdicts)))
    return replace(after, synced=replace(after.synced, plan=plan, note=before.synced.note))
