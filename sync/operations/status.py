"""Where journal and stores stand: what they agreed on last, and what a sync would do. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sync.engine.base import Base, load_base
from sync.engine.guards import refuse_head
from sync.engine.place import Place
from sync.engine.verdict import Action
from sync.errors import JournalError, UsageError
from sync.operations.conflicts import OpenConflict, list_conflicts
from sync.operations.import_ import import_memories
from sync.operations.journal import Journal
from sync.operations.outlook import outlook
from sync.operations.places import find_places
from sync.operations.quick import in_step, uncommitted_entries
from sync.repository.git import run_git
from sync.repository.refs import Head, base_ref, read_head

_NOTHING_DUE = (Action.UNCHANGED, Action.RECALLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What journal and store agreed on last.

    Attributes:
        commit: the journal's commit.
        when: ISO 8601, with its zone.
        problem: why there is none, where there should be one; empty else.
    """

    commit: str = ""
    when: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """Where one store stands.

    Attributes:
        name: the store's.
        place: where it lies, for people.
        absent: why it is left out; empty where it is there.
        agreed: the last agreement.
        due: what a sync would do: action -> how often. Empty where it would do nothing.
        error: what would stop it.
    """

    name: str
    place: str
    absent: str
    agreed: Agreement
    due: dict[str, int]
    error: JournalError | None = None

    def as_dict(self) -> dict[str, Any]:
        """The status as the object that `--json` prints."""
        agreed = {"commit": self.agreed.commit, "when": self.agreed.when, "problem": self.agreed.problem}
        told = {"store": self.name, "place": self.place, "absent": self.absent, "agreed": agreed, "due": self.due}
        return told if self.error is None else {**told, "error": self.error.as_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusResult:
    """Where journal and stores stand.

    Attributes:
        branch: short name; empty where HEAD is detached.
        commit: id; empty where there is none.
        in_progress: what Git is in the middle of.
        blocked: why nothing can be synced now.
        stores: those that are enabled.
        to_import: memories in Augment's folder that no entry has.
        uncommitted: entries that no store has yet.
        conflicts: what waits for a person.
    """

    branch: str
    commit: str
    in_progress: str
    blocked: JournalError | None
    stores: tuple[StoreStatus, ...]
    to_import: int
    uncommitted: tuple[str, ...]
    conflicts: tuple[OpenConflict, ...]

    @property
    def exit_code(self) -> int:
        """1 where conflicts wait."""
        return int(bool(self.conflicts))

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "branch": self.branch,
            "commit": self.commit,
            "in_progress": self.in_progress,
            "blocked": None if self.blocked is None else self.blocked.as_dict(),
            "stores": [one.as_dict() for one in self.stores],
            "to_import": self.to_import,
            "uncommitted": list(self.uncommitted),
            "conflicts": [{"id": one.id, "path": one.path, "why": one.why} for one in self.conflicts],
        }


def status(journal: Journal) -> StatusResult:
    """Where journal and stores stand.

    Raises:
        UsageError: there is no repository, or the record of a conflict is damaged.
    """
    if journal.location.git_dir is None:
        raise UsageError("a two-way sync takes its base from Git, and there is no repository", hint="run: journal init")
    head = read_head(journal.location)
    return StatusResult(
        branch=head.branch.removeprefix("refs/heads/"),
        commit=head.commit or "",
        in_progress=head.in_progress,
        blocked=_blocked(head),
        stores=tuple(_store(journal, name, place, head) for name, place in find_places(journal, ()).items()),
        to_import=_to_import(journal),
        uncommitted=uncommitted_entries(journal),
        conflicts=list_conflicts(journal).conflicts,
    )


def _blocked(head: Head) -> JournalError | None:
    try:
        refuse_head(branch=head.branch, in_progress=head.in_progress, is_shallow=head.is_shallow, allow_shallow=False)
    except JournalError as error:
        return error
    return None


def _store(journal: Journal, name: str, place: Place | str, head: Head) -> StoreStatus:
    if isinstance(place, str):
        return StoreStatus(name=name, place="", absent=place, agreed=_agreement(journal, name, base_ref(name)), due={})
    agreed = _agreement(journal, name, place.ref)
    shown = place.shown
    if in_step(journal, (name,)) is not None:
        return StoreStatus(name=name, place=shown, absent="", agreed=agreed, due={})
    try:
        found = outlook(journal, place, head)
    except JournalError as error:
        return StoreStatus(name=name, place=shown, absent="", agreed=agreed, due={}, error=error)
    if found is None:
        return StoreStatus(name=name, place=shown, absent="not on this machine", agreed=agreed, due={})
    counts = {action: found.plan.count(action) for action in Action if action not in _NOTHING_DUE}
    due = {action.value: count for action, count in counts.items() if count}
    return StoreStatus(name=name, place=shown, absent="", agreed=agreed, due=due)


def _agreement(journal: Journal, name: str, ref: str) -> Agreement:
    base = load_base(journal.root, name, ref)
    if not isinstance(base, Base):
        return Agreement(problem=base.reason)
    when = run_git(journal.root, "log", "-1", "--format=%cI", base.commit).decode().strip()
    return Agreement(commit=base.journal, when=when)


def _to_import(journal: Journal) -> int:
    """How many memories an import would bring in; looked for only where Augment's folder holds more than is its own."""
    folder = journal.absolute(journal.settings.augment)
    if not journal.settings.augment_enabled or not folder.is_dir():
        return 0
    if all(file == journal.absolute(journal.settings.delivered) for file in folder.iterdir()):
        return 0
    try:
        return import_memories(journal, now=datetime.now(UTC), dry_run=True).imported
    except JournalError:
        return 0  # `journal import` says what is wrong with it
