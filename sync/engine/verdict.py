"""What is known of one record and its entry, and what is to become of them: data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sync.engine.conflict import Conflict
from sync.merge.decision import Action as MergeAction
from sync.merge.decision import Decision


class Action(Enum):
    """What is to be done about one record and its entry."""

    UNCHANGED = "unchanged"
    IN_STEP = "in step"
    STORE_ADD = "add to the store"
    STORE_EDIT = "edit in the store"
    STORE_DELETE = "delete from the store"
    JOURNAL_ADD = "add to the journal"
    JOURNAL_EDIT = "edit in the journal"
    JOURNAL_DELETE = "delete from the journal"
    MERGE = "merge"
    CONFLICT = "conflict"
    SKIP = "skip"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is known of one record and its entry.

    Attributes:
        key: the record's key in the store.
        path: the entry's path; where it was if it is gone; empty where the journal never had it.
        base: the entry's text as it was agreed on; None where the store did not have it then.
        ours: the entry's text in the journal; None where it does not exist.
        head: the text of the file at `path` in the journal's commit, where that is not `ours`: a file that was renamed
            takes its old name as id.
        was, now: the record's bytes in the store when it was agreed on, and now.
        is_wanted: whether the store is given the entry at all.
        was_key: the key before, where the store renamed the record.
        base_path: the entry's path as it was agreed on, where that was another one.
    """

    key: str
    path: str
    base: str | None
    ours: str | None
    head: str | None = None
    was: bytes | None
    now: bytes | None
    is_wanted: bool = True
    was_key: str = ""
    base_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to become of one record and its entry.

    Attributes:
        key, path: of the pair; the path of an entry that is to be made.
        action: what is to be done.
        why: one line for people; may be empty.
        text: the entry's text afterwards; None where it does not exist then.
        seen: the entry as the store has it: the base of whatever the store says next.
        in_store: whether the store has the record afterwards, made of `text`.
        is_agreed: whether the base moves on; else both sides stay as they are.
        conflict: what a person has to decide.
        merges: what the merge decided, place by place.
        settled: id of the conflict that somebody has decided; empty where there was none.
    """

    key: str
    path: str
    action: Action
    why: str = ""
    text: str | None = None
    seen: str | None = None
    in_store: bool = False
    is_agreed: bool = True
    conflict: Conflict | None = None
    merges: tuple[Decision, ...] = ()
    settled: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The verdict as the object that `--json` prints."""
        told: dict[str, Any] = {"key": self.key, "path": self.path, "action": self.action.value, "why": self.why}
        if self.conflict is not None:
            told["conflict"] = self.conflict.id
        return told | {"merges": [one.as_dict() for one in self.merges if one.action is not MergeAction.CONFLICT]}


Settle = Callable[[Conflict], "str | Conflict | None"]
"""What a conflict comes to: the entry's text, None for no entry, or the conflict itself where nobody has decided."""


def unsettled(conflict: Conflict) -> Conflict:
    """A `Settle` that leaves every conflict to a person."""
    return conflict
