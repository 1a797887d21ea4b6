"""What people have decided about conflicts between memories and their entries: their records are gone then."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from sync.document.settings import Settings
from sync.engine.base import Base, NoBase
from sync.engine.conflict import Conflict
from sync.engine.messages import RESOLVED, TRAILER
from sync.engine.tracked import conflict_path, conflicts_folder, open_conflicts
from sync.repository.git import run_git


class Settler:
    """Settles the conflicts of one flush: as a person has decided since the last one, else not at all.

    Args:
        root, settings: the journal's.
        commit: the branch's; None where it has none.
        base: what was agreed on last.
    """

    def __init__(self, root: Path, settings: Settings, commit: str | None, base: Base | NoBase) -> None:
        self._root, self._settings, self._commit, self._base = root, settings, commit, base
        self._recorded: dict[str, Conflict] | None = None
        self._decided: frozenset[str] | None = None

    @property
    def recorded(self) -> dict[str, Conflict]:
        """The conflicts that the commit records: path -> conflict.

        Raises:
            UsageError: a record is damaged.
        """
        if self._recorded is None:
            self._recorded = open_conflicts(self._root, self._commit, self._settings)
        return self._recorded

    def __call__(self, conflict: Conflict) -> str | Conflict | None:
        """What a conflict comes to: what the journal has, where a person has ended it; else itself."""
        if conflict_path(self._settings, conflict) in self.recorded or conflict.id not in self.decided:
            return conflict
        return conflict.ours

    @property
    def decided(self) -> frozenset[str]:
        """Ids of the conflicts that were ended since the last agreement: by `journal resolve`, or by hand."""
        if self._decided is None:
            self._decided = frozenset(self._read()) if self._commit else frozenset()
        return self._decided

    def _read(self) -> set[str]:
        since = [f"^{self._base.journal}"] if isinstance(self._base, Base) else []
        trailers = f"%x1e%(trailers:key={TRAILER},valueonly)%x1f%(trailers:key={RESOLVED},valueonly)%x1f"
        where = f":(literal,top){conflicts_folder(self._settings)}"
        told = run_git(
            self._root, "log", f"--format={trailers}", "--diff-filter=D", "--no-renames", "--name-only",
            str(self._commit), *since, "--", where, accept=(0, 128),
        ).decode("utf-8", "replace")  # fmt: skip
        found: set[str] = set()
        for row in told.split("\x1e")[1:]:
            store, resolved, names = [*row.split("\x1f"), "", ""][:3]
            found.update(resolved.split())
            if not store.strip():  # a person took the records away
                found.update(PurePosixPath(name).stem for name in names.split())
        return found
