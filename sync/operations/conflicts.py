"""The conflicts that wait for a person: those that syncs have recorded, and entries that a Git merge left unmerged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Any

from sync.document.naming import skip_reason
from sync.engine.conflict import Conflict
from sync.engine.tracked import open_conflicts
from sync.errors import UsageError
from sync.merge.decision import Action
from sync.merge.entry import merge_texts
from sync.operations.journal import Journal
from sync.repository.git import read_blobs, run_git
from sync.repository.objects import resolve
from sync.repository.plumbing import REGULAR
from sync.repository.refs import read_head

MERGE = "merge"
"""What stands in the place of a store's name where Git itself found the conflict."""

_SHORTEST = 7  # characters of an id that is shown


class Kind(Enum):
    """Who found a conflict."""

    STORE = "store"
    MERGE = "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConflict:
    """One conflict that nobody has resolved.

    Attributes:
        id: unique among those that are open; 16 hexadecimal digits.
        short: as many of them as tell it from the others.
        kind: who found it.
        conflict: both sides and the base; `ours` is what the journal holds now.
        others: the name of the other side, for people: a store, or what Git is doing.
        fault: why it cannot be merged by this program; empty where it can.
    """

    id: str
    short: str = ""
    kind: Kind
    conflict: Conflict
    others: str
    fault: str = ""

    @property
    def path(self) -> str:
        """The entry, relative to the repository."""
        return self.conflict.path

    @property
    def why(self) -> str:
        """One line for people."""
        one = self.conflict
        if self.fault or self.kind is Kind.STORE:
            return self.fault or one.why
        if one.ours is None and one.theirs is None:
            return "renamed or deleted on both sides, differently"
        if one.ours is None or one.theirs is None:
            here, there = ("deleted", "changed") if one.ours is None else ("changed", "deleted")
            added = "added or renamed on one side only"
            return f"{here} here, {there} by the other side" if one.base is not None else added
        return "both added it, differently" if one.base is None else one.why

    def as_dict(self) -> dict[str, Any]:
        """The conflict as the object that `--json` prints."""
        return {**self.conflict.as_dict(), "id": self.id, "kind": self.kind.value, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictsResult:
    """The open conflicts, recorded ones first, each kind by path."""

    conflicts: tuple[OpenConflict, ...]

    @property
    def exit_code(self) -> int:
        """1 where there are any."""
        return int(bool(self.conflicts))

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {"conflicts": [one.as_dict() for one in self.conflicts]}


def list_conflicts(journal: Journal, asked: Sequence[str] = ()) -> ConflictsResult:
    """The open conflicts, or those that are asked for.

    Args:
        journal: the journal, in a repository.
        asked: see `find_conflicts`; none for all.

    Raises:
        UsageError: there is no repository, a record is damaged, or none or several are meant.
    """
    if journal.location.git_dir is None:
        raise UsageError("conflicts are kept in Git, and there is no repository", hint="run: journal init")
    head = read_head(journal.location)
    recorded = _recorded(journal, head.commit)
    unmerged = _unmerged(journal, head.in_progress or MERGE)
    found = _with_short_ids([*recorded, *unmerged])
    return ConflictsResult(conflicts=tuple(find_conflicts(found, asked) if asked else found))


def find_conflicts(present: Sequence[OpenConflict], asked: Sequence[str]) -> list[OpenConflict]:
    """The conflicts that are meant, each once.

    Args:
        present: the open ones.
        asked: the start of an id, or an entry's path.

    Raises:
        UsageError: none is meant by one of them, or several are.
    """
    found: dict[str, OpenConflict] = {}
    for word in asked:
        meant = [one for one in present if one.path == word.removeprefix("./")]
        meant = meant or [one for one in present if word and one.id.startswith(word.lower())]
        if len(meant) != 1:
            what = "is no open conflict" if not meant else f"could be {' or '.join(one.id for one in meant)}"
            raise UsageError(f"{word!r} {what}", hint="run: journal conflicts")
        found[meant[0].id] = meant[0]
    return list(found.values())


def _recorded(journal: Journal, commit: str | None) -> list[OpenConflict]:
    """Those that a commit records, `ours` as the commit has it now: it may have been edited since."""
    records = list(open_conflicts(journal.root, commit, journal.settings).values())
    blobs = resolve(journal.root, [f"{commit}:{one.path}" for one in records]) if records else []
    texts = _texts(journal, blobs)
    return [
        OpenConflict(id=one.id, kind=Kind.STORE, conflict=replace(one, ours=_decoded(texts.get(blob or ""))),
                     others=one.store)
        for one, blob in sorted(zip(records, blobs, strict=True), key=lambda pair: (pair[0].path, pair[0].store))
    ]  # fmt: skip


def _unmerged(journal: Journal, doing: str) -> list[OpenConflict]:
    """Entries with several versions in the index: 1 is the base, 2 ours, 3 theirs; a deleted one is missing."""
    where = f":(literal,top){journal.settings.entries}"
    stages: dict[str, dict[int, str]] = {}
    for row in run_git(journal.root, "ls-files", "-z", "--unmerged", "--", where).split(b"\0")[:-1]:
        facts, name = row.split(b"\t", 1)
        mode, blob, stage = facts.decode().split(" ")
        path = os.fsdecode(name)
        if mode in REGULAR and not skip_reason(path):
            stages.setdefault(path, {})[int(stage)] = blob
    texts = _texts(journal, [blob for versions in stages.values() for blob in versions.values()])
    return [_of_merge(path, [texts.get(stages[path].get(stage, "")) for stage in (1, 2, 3)], doing) for path in stages]


def _of_merge(path: str, versions: Sequence[bytes | None], doing: str) -> OpenConflict:
    identity = sha256(f"{MERGE}\0{path}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    base, ours, theirs = (_decoded(data) for data in versions)
    is_odd = any(data is not None and text is None for data, text in zip(versions, (base, ours, theirs), strict=True))
    fault = "not UTF-8 on one side: resolve it by hand, then git add it" if is_odd else ""
    if ours is not None and theirs is not None:
        base = base or None  # as Git tells a merge driver: an empty file is no base
    conflict = Conflict(store=MERGE, key=path, path=path, base=base, ours=ours, theirs=theirs)
    if ours is not None and theirs is not None:
        places = [one for one in merge_texts(base, ours, theirs).decisions if one.action is Action.CONFLICT]
        conflict = replace(conflict, places=tuple(places))
    return OpenConflict(id=identity, kind=Kind.MERGE, conflict=conflict, others=doing, fault=fault)


def _texts(journal: Journal, blobs: Iterable[str | None]) -> dict[str, bytes]:
    wanted = list(dict.fromkeys(blob for blob in blobs if blob))
    return dict(zip(wanted, read_blobs(journal.root, [blob.encode() for blob in wanted]), strict=True))


def _decoded(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _with_short_ids(found: Sequence[OpenConflict]) -> list[OpenConflict]:
    for length in range(_SHORTEST, 17):
        if len({one.id[:length] for one in found}) == len(found):
            break
    return [replace(one, short=one.id[:length]) for one in found]
