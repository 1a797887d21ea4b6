"""What the doctor finds: a check has findings, and some of them a way out that can be taken at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from sync.operations.journal import Journal


class State(Enum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        check: what was looked at, in a few words.
        state: how it went.
        message: one line; empty where all is well.
        hint: the way out.
        fix: takes the way out, and says what else there is to know; None where a person has to. Takes the lock itself.
    """

    check: str
    state: State = State.PROBLEM
    message: str = ""
    hint: str = ""
    fix: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, object]:
        """The finding as the object that `--json` prints."""
        return {
            "check": self.check, "state": self.state.value, "message": self.message,
            "hint": self.hint, "fixable": self.fix is not None and self.state is State.PROBLEM,
        }  # fmt: skip


Check = Callable[[Journal], Iterator[Finding]]
"""Looks at one thing; finds nothing where all is well."""
