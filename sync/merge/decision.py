"""What a merge decided, place by place: data that a dry run, a log, a resolver and a test read alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias


class Action(Enum):
    """What became of one place of a document."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"
    MERGED = "merged"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a merge decided for one place.

    Attributes:
        path: the place: a front matter key (`tags`, `metadata.type`), `body`, or `form` for BOM and line endings.
        action: what became of it.
        base, ours, theirs: what stood there, as text; None where nothing did. Kept for conflicts only.
        why: the rule that decided, in a few words; may be empty.
    """

    path: str
    action: Action
    base: str | None = None
    ours: str | None = None
    theirs: str | None = None
    why: str = ""

    def as_dict(self) -> dict[str, str | None]:
        """The decision as the object that `--json` prints."""
        plain: dict[str, str | None] = {"path": self.path, "action": self.action.value, "why": self.why}
        if self.action is not Action.CONFLICT:
            return plain
        return plain | {"base": self.base, "ours": self.ours, "theirs": self.theirs}


@dataclass(frozen=True, slots=True)
class Clash:
    """A stretch of text that both sides changed in different ways; whole lines, LF."""

    base: str
    ours: str
    theirs: str


Piece: TypeAlias = "str | Clash"
Side = Literal["base", "ours", "theirs"]


def is_clean(pieces: Iterable[Piece]) -> bool:
    """Whether nothing clashes."""
    return not any(isinstance(piece, Clash) for piece in pieces)


def taking(pieces: Iterable[Piece], side: Side) -> str:
    """The text with one side of each clash."""
    return "".join(getattr(piece, side) if isinstance(piece, Clash) else piece for piece in pieces)


def with_markers(pieces: Iterable[Piece], labels: Sequence[str], size: int) -> str:
    """The text with each clash between markers, as `git merge-file --diff3` writes it.

    Args:
        pieces: the merged text.
        labels: names of ours, base and theirs.
        size: characters in a marker, Git's `%L`.
    """
    ours, base, theirs = (f" {label}" if label else "" for label in labels)
    found = []
    for piece in pieces:
        if isinstance(piece, Clash):
            found += [
                f"{'<' * size}{ours}\n{_line(piece.ours)}{'|' * size}{base}\n{_line(piece.base)}",
                f"{'=' * size}\n{_line(piece.theirs)}{'>' * size}{theirs}\n",
            ]
        else:
            found.append(piece)
    return "".join(found)


def _line(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
