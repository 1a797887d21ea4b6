"""What a sync is asked for, and what it did: data that the command line, the log and a service show alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sync.errors import JournalError

TYPE_CHECKING = False  # the types below are slow to import, and a sync that has nothing to do needs none of them
if TYPE_CHECKING:
    from sync.engine.options import Synced
    from sync.engine.settle import OnConflict
    from sync.operations.import_result import ImportResult
    from sync.taskmaster.long_term.port import Flushed

_COUNTED = {
    "add to the journal": "imported",
    "conflict": "conflicts",
    "skip": "skipped",
    "recalled": "recalled",
    "unchanged": "unchanged",
    "in step": "unchanged",
}
"""What each decision counts as; every other one was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a person has decided about a conflict.

    Attributes:
        text: the entry's text from now on; None for no entry.
        ours: the journal's text that they decided on; if it is another one by now, nothing is decided.
    """

    text: str | None
    ours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """What a sync is to do.

    Attributes:
        stores: names; none for all that are enabled.
        dry_run: write nothing.
        on_conflict: who decides where both sides changed the same; None leaves it to a person.
        allow_deletes: how many deletions are allowed; None for the usual number.
        allow_all_changed: every record of a store may have changed.
        allow_shallow: sync without the whole history.
        restore: write a store that is gone anew.
        commits: whether the journal's part is committed.
        resolutions: conflict id -> what a person has decided.
    """

    stores: tuple[str, ...] = ()
    dry_run: bool = False
    on_conflict: OnConflict | None = None
    allow_deletes: int | None = None
    allow_all_changed: bool = False
    allow_shallow: bool = False
    restore: bool = False
    commits: bool = True
    resolutions: Mapping[str, Resolution] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult:
    """What came of one store.

    Attributes:
        name: the store's.
        place: where it lies, for people.
        absent: why it was left out; empty where it was synced.
        in_step: how many records and entries there are, where nothing had changed; else 0.
        recalled: of those, the records that say what the journal said first.
        synced: what was done; of several passes, joined.
        error: what stopped it.
    """

    name: str
    place: str = ""
    absent: str = ""
    in_step: int = 0
    recalled: int = 0
    synced: Synced | None = None
    error: JournalError | None = None

    def counts(self) -> dict[str, int]:
        """`read = unchanged + written + imported + recalled + conflicts + skipped`."""
        found = dict.fromkeys(("written", "imported", "recalled", "conflicts", "skipped"), 0)
        if self.absent or self.error is not None:
            return {}
        found["recalled"] = self.recalled
        verdicts = self.synced.plan.verdicts if self.synced else ()
        for one in verdicts:
            name = _COUNTED.get(one.action.value, "written")
            found[name] = found.get(name, 0) + 1
        read = self.synced.plan.read if self.synced else self.in_step
        found.pop("unchanged", None)
        return {"read": read, "unchanged": read - sum(found.values()), **found}

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        told: dict[str, Any] = {"store": self.name, "place": self.place, "absent": self.absent}
        if self.error is not None:
            told["error"] = self.error.as_dict()
        if self.absent or self.error is not None:
            return told
        verdicts = [one.as_dict() for one in self.synced.plan.verdicts] if self.synced else []
        note = self.synced.note if self.synced else ""
        return told | {"counts": self.counts(), "decisions": verdicts, "note": note}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What a sync did, store by store.

    Attributes:
        stores: in the order they were synced.
        imported: what was imported from the other files of Augment's folder; None where nothing had changed.
        commit: where the branch is afterwards; empty where it has no commit.
        uncommitted: entries that are not committed yet, so that no store has them.
        left: files that a run that died had changed, and that were changed again since.
        memories: what was written of the memories that waited for the journal, or why nothing could be; None where
            there are none.
    """

    stores: tuple[StoreResult, ...]
    imported: ImportResult | None = None
    commit: str = ""
    uncommitted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    memories: Flushed | JournalError | None = None

    @property
    def exit_code(self) -> int:
        """0 clean; 1 conflicts or skipped records; else that of what stopped a store."""
        errors = [one.error.exit_code for one in self.stores if one.error is not None]
        if isinstance(self.memories, JournalError):
            errors.append(self.memories.exit_code)
        if errors:
            return min(errors)
        counts = [one.counts() for one in self.stores]
        found = any(one.get("conflicts") or one.get("skipped") for one in counts)
        left = self.memories is not None and not isinstance(self.memories, JournalError) and not self.memories.is_clean
        found = found or left
        return int(found or (self.imported is not None and not self.imported.is_clean))

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "stores": [one.as_dict() for one in self.stores],
            "import": self.imported.as_dict() if self.imported else {},
            "commit": self.commit,
            "uncommitted": list(self.uncommitted),
            **({"memories": self.memories.as_dict()} if self.memories is not None else {}),
        }


def joined(before: StoreResult | None, after: StoreResult) -> StoreResult:
    """What several passes did to one store, as if in one; the last word on a record counts."""
    if before is None or before.synced is None or after.synced is None:
        return after if after.error or before is None or before.synced is None else before
    from sync.engine.sides import plan_after

    plan = plan_after(after.synced.plan, (one for one in before.synced.plan.verdicts if one.conflict is None))
    return replace(after, synced=replace(after.synced, plan=plan, note=before.synced.note))
