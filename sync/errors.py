"""Every error this package raises on purpose, and the exit code each one ends the process with.

    JournalError            base: one line for people, a code for machines, a hint that says what to do
    +-- UsageError          2   the request itself cannot be carried out as written
    |   +-- SettingsError   2   journal.toml is not what its schema says
    |   +-- DocumentError   2   a document cannot be read or changed as asked; knows line and column
    |       +-- ProjectionError  a record cannot be put back into its entry
    +-- RefusedError        3   a guard stopped the run before anything was written
    |   +-- ShapeError      3   a store is not of the shape its adapter knows, so it is only read
    +-- RetryError          4   somebody else is at work; the same command will do later
    +-- GitError            2   Git refused, or there is no repository

Findings (a journal with faults in it) are results, not errors: the process then ends with 1. Anything that is not a
JournalError is a bug and ends with 70.
"""

from __future__ import annotations


class JournalError(Exception):
    """Base of all expected failures.

    Args:
        message: one line: what is wrong, and where.
        hint: one line: what the reader can do about it. May be empty.
    """

    code = "error"
    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def as_dict(self) -> dict[str, str]:
        """The error as the object that `--json` prints."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class UsageError(JournalError):
    """The request cannot be carried out as written."""

    code = "usage"


class SettingsError(UsageError):
    """journal.toml is unreadable or holds a value its schema does not allow."""

    code = "settings"


class DocumentError(UsageError):
    """A document cannot be read or changed as asked.

    Args:
        offset: where in the text, in characters from its start.
        key: the front matter key concerned, or empty.
    """

    code = "document"

    def __init__(self, message: str, *, offset: int = 0, key: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        self.key = key


class ProjectionError(DocumentError):
    """A record cannot be put back into its entry."""

    code = "projection"


class RefusedError(JournalError):
    """A guard stopped the run before anything was written."""

    code = "refused"
    exit_code = 3


class ShapeError(RefusedError):
    """A store, or one of its records, is not of the shape that its adapter knows."""

    code = "shape"


class RetryError(JournalError):
    """Somebody else holds what is needed; the same command will do later."""

    code = "retry"
    exit_code = 4


class GitError(JournalError):
    """Git refused, or there is no repository here."""

    code = "git"


EXIT_CODES = {
    0: "clean",
    1: "findings: faults, stale projections or conflicts",
    2: "usage: the request cannot be carried out as written",
    3: "refused by a guard, nothing was written",
    4: "retry later: another run holds the lock",
    70: "a bug in this program",
    130: "interrupted",
}
"""What the exit codes mean; the CLI's help prints this table."""
