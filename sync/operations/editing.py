"""A conflict as a file to be edited: with markers where the sides clash, and kept until what was written is taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from sync.document.fault import position
from sync.errors import UsageError
from sync.merge.decision import with_markers
from sync.merge.entry import merge_texts
from sync.operations.conflicts import OpenConflict
from sync.operations.journal import Journal
from sync.repository.files import read_or_none, write_atomic

_MARKER_SIZE = 7
_RUN = re.compile(r"^(?:(<+)|(\|+)|(=+)|(>+))(?=\s|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A conflict that is being edited.

    Attributes:
        file: where it is edited.
        size: characters in a marker; no line of the sides starts with just as many.
        id: of the conflict, as people give it.
        has_markers: whether the file had any when it was made.
    """

    file: Path
    size: int
    id: str
    has_markers: bool

    @property
    def hint(self) -> str:
        """How to go on after a mistake."""
        return f"what you wrote is kept; correct it: journal resolve {self.id} --edit"

    def read(self) -> str | None:
        """What was written; None for an empty file, which deletes the entry.

        Raises:
            UsageError: a marker is left, it is not UTF-8, or the file is gone.
        """
        data = read_or_none(self.file)
        if data is None:
            raise UsageError(f"{self.file} is gone, so nothing is resolved")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.file}: not UTF-8 at byte {error.start}", hint=self.hint) from error
        left = next((run for run in _RUN.finditer(text) if len(run.group()) == self.size), None)
        if left and self.has_markers:
            line, column = position(text, left.start())
            raise UsageError(f"{self.file}:{line}:{column}: a conflict marker is left", hint=self.hint)
        return text if text.strip() else None

    def forget(self) -> None:
        """Delete the file: what was written in it has arrived."""
        self.file.unlink(missing_ok=True)


def open_draft(journal: Journal, one: OpenConflict) -> Draft:
    """A file to edit; one that was written before, for the very same conflict, is taken up again.

    Where one side deleted the entry, the file holds the other side: left as it is it stays, emptied it goes.
    """
    conflict = one.conflict
    sides = [text for text in (conflict.base, conflict.ours, conflict.theirs) if text is not None]
    taken = {len(run.group()) for text in sides for run in _RUN.finditer(text)}
    size = next(size for size in count(_MARKER_SIZE) if size not in taken)
    has_markers = conflict.ours is not None and conflict.theirs is not None
    if conflict.ours is not None and conflict.theirs is not None:
        merged = merge_texts(conflict.base, conflict.ours, conflict.theirs)
        labels = ("ours", "base", f"theirs: {one.others}")
        made = merged.form.apply(with_markers(merged.pieces, labels, size)).encode()
    else:
        made = (conflict.ours or conflict.theirs or conflict.base or "").encode()
    name = f"resolving-{one.id}-{sha256(made).hexdigest()[:8]}.md"
    file = journal.lock_folder / name
    if read_or_none(file) is None:
        write_atomic(file, [made])
    return Draft(file=file, size=size, id=one.short, has_markers=has_markers)
