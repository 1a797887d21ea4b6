"""Faults and skips: what could not be read, as values, so that one bad file never hides the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in one file.

    Attributes:
        path: the file, POSIX, relative to the repository where it lies in one.
        line: 1-based line, as an editor counts.
        column: 1-based column, in characters.
        key: the front matter key or JSON path concerned; empty where the file as a whole is meant.
        message: what is wrong.
        hint: what to do about it; may be empty.
    """

    path: str
    line: int = 1
    column: int = 1
    key: str = ""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """`file:line:column: key: what is wrong`, the form that editors and terminals link."""
        key = f"{self.key}: " if self.key else ""
        return f"{self.path}:{self.line}:{self.column}: {key}{self.message}"

    def as_dict(self) -> dict[str, str | int]:
        """The fault as the object that `--json` prints."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "message": self.message,
            "hint": self.hint,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that was left out by a rule, and the rule."""

    path: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """The skip as the object that `--json` prints."""
        return {"path": self.path, "reason": self.reason}


def position(text: str, offset: int) -> tuple[int, int]:
    r"""(line, column), both 1-based, of an offset in characters.

    Lines end at LF, CRLF or a lone CR; a BOM takes no column.
    """
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
