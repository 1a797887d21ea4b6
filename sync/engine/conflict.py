"""A conflict: what both sides and the base hold, kept until a person has decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sync.errors import UsageError
from sync.merge.decision import Decision

VERSION = 1
FOLDER = "conflicts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One entry that journal and store changed in ways that do not go together.

    Attributes:
        store: the store's name.
        key: the record's key in the store.
        path: the entry, relative to the repository; where it would be if it is gone.
        base, ours, theirs: the entry's text as it was agreed on, in the journal, and as the store has it; None where it
            does not exist there.
        places: what in the text clashes; empty where one side deleted it.
    """

    store: str
    key: str
    path: str
    base: str | None
    ours: str | None
    theirs: str | None
    places: Sequence[Decision] = field(default=())

    @property
    def id(self) -> str:
        """16 hexadecimal digits of what the store said to which base: two machines that meet it name it the same."""
        told = json.dumps([self.store, self.key, self.base, self.theirs])
        return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def why(self) -> str:
        """One line for people."""
        if self.base is None:
            return "both have it, and nothing tells which is newer"
        if self.theirs is None:
            return "deleted in the store, changed in the journal"
        if self.ours is None:
            return "deleted in the journal, changed in the store"
        places = ", ".join(dict.fromkeys(place.path or "text" for place in self.places)) or "text"
        return f"both changed {places}"

    def as_dict(self) -> dict[str, Any]:
        """The conflict as the object that `--json` prints."""
        return {"id": self.id, "why": self.why, **self._told()}

    def to_bytes(self) -> bytes:
        """The conflict's file, UTF-8, the same on every machine."""
        return (json.dumps({"version": VERSION, **self._told()}, ensure_ascii=False, indent=2) + "\n").encode()

    def _told(self) -> dict[str, Any]:
        return {
            "store": self.store, "key": self.key, "path": self.path,
            "base": self.base, "ours": self.ours, "theirs": self.theirs,
            "places": [place.path for place in self.places],
        }  # fmt: skip


def load_conflict(data: bytes, name: str) -> Conflict:
    """A conflict from its file.

    Args:
        data: the file's bytes.
        name: its path, for the message.

    Raises:
        UsageError: it is no conflict.
    """
    from sync.schema import Schema, check  # slow to import, and needed only where there are conflicts

    try:
        told = json.loads(data)
    except ValueError as error:
        raise UsageError(f"{name}: not JSON: {error}", hint=f"restore it: git checkout -- {name}") from error
    if findings := check(Schema.CONFLICT, told):
        first = findings[0]
        raise UsageError(f"{name}: {first.key}: {first.message}", hint=f"restore it: git checkout -- {name}")
    from sync.merge.decision import Action

    places = tuple(Decision(path=path, action=Action.CONFLICT) for path in told["places"])
    names = ("store", "key", "path", "base", "ours", "theirs")
    return Conflict(places=places, **{key: told[key] for key in names})
