"""Who settles a conflict: a person who has, now or before, or the side that the person who runs the sync prefers."""

from __future__ import annotations

from sync.engine.base import Base, load_base
from sync.engine.conflict import Conflict
from sync.engine.messages import RESOLVED, TRAILER
from sync.engine.place import Place
from sync.engine.settle import OnConflict, choose
from sync.engine.tracked import conflict_path, open_conflicts
from sync.engine.verdict import Settle
from sync.operations.journal import Journal
from sync.operations.sync_result import SyncOptions
from sync.repository.git import run_git
from sync.repository.refs import Head


def settle_for(journal: Journal, place: Place, head: Head, options: SyncOptions) -> Settle:
    """What settles the conflicts of one store's sync."""
    recorded: dict[str, Conflict] | None = None

    def settle(conflict: Conflict) -> str | Conflict | None:
        nonlocal recorded
        decided = options.resolutions.get(conflict.id)
        if decided is not None and decided.ours == conflict.ours:
            return decided.text
        if recorded is None:
            recorded = open_conflicts(journal.root, head.commit, journal.settings)
        path = conflict_path(journal.settings, conflict)
        if path not in recorded and _was_resolved(journal, place, head, path, conflict):
            return conflict.ours
        if options.on_conflict is None:
            return conflict
        newer = options.on_conflict is OnConflict.NEWEST and _store_is_newer(journal, place, head, conflict)
        return choose(conflict, options.on_conflict, is_newer=newer)

    return settle


def _was_resolved(journal: Journal, place: Place, head: Head, path: str, conflict: Conflict) -> bool:
    """Whether a person took the record of a conflict away since journal and store agreed: then they have decided.

    A sync takes records away too, of conflicts that are none any more in its own store; that decides nothing here.
    """
    if head.commit is None:
        return False
    base = load_base(journal.root, place.store.name, place.ref)
    since = [f"^{base.journal}"] if isinstance(base, Base) else []
    trailers = f"%(trailers:key={TRAILER},valueonly)%x1f%(trailers:key={RESOLVED},valueonly)%x1e"
    told = run_git(
        journal.root, "log", f"--format={trailers}", "--diff-filter=D", head.commit, *since,
        "--", f":(literal,top){path}", accept=(0, 128),
    ).decode("utf-8", "replace")  # fmt: skip
    commits = [row.split("\x1f") for row in told.split("\x1e") if "\x1f" in row]
    return any(not stores.strip() or conflict.id in resolved.split() for stores, resolved in commits)


def _store_is_newer(journal: Journal, place: Place, head: Head, conflict: Conflict) -> bool:
    if head.commit is None:
        return False
    file = place.folder / (place.file or f"{conflict.key}.md")
    try:
        changed = file.stat().st_mtime
    except OSError:
        return True  # it was deleted, which is the last that was heard of it
    printed = run_git(journal.root, "log", "-1", "--format=%ct", head.commit, "--", f":(literal,top){conflict.path}")
    return changed > float(printed.strip() or 0)
