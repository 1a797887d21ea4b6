"""Who settles a conflict: a person who has, now or before, or the side that the person who runs the sync prefers."""

from __future__ import annotations

from sync.engine.base import Base, load_base
from sync.engine.conflict import Conflict
from sync.engine.decide import Settle
from sync.engine.settle import OnConflict, choose
from sync.engine.tracked import conflict_path, open_conflicts
from sync.operations.journal import Journal
from sync.operations.places import find_places
from sync.operations.sync_result import SyncOptions
from sync.repository.git import run_git
from sync.repository.refs import Head


def settle_for(journal: Journal, store: str, head: Head, options: SyncOptions) -> Settle:
    """What settles the conflicts of one store's sync."""
    recorded: dict[str, Conflict] | None = None

    def settle(conflict: Conflict) -> str | Conflict | None:
        nonlocal recorded
        if conflict.id in options.resolutions:
            return options.resolutions[conflict.id]
        if recorded is None:
            recorded = open_conflicts(journal.root, head.commit, journal.settings)
        path = conflict_path(journal.settings, conflict)
        if path not in recorded and _was_resolved(journal, store, head, path):
            return conflict.ours
        if options.on_conflict is None:
            return conflict
        newer = options.on_conflict is OnConflict.NEWEST and _store_is_newer(journal, store, head, conflict)
        return choose(conflict, options.on_conflict, is_newer=newer)

    return settle


def _was_resolved(journal: Journal, store: str, head: Head, path: str) -> bool:
    """Whether a person took the record of a conflict away since journal and store agreed: then they have decided."""
    if head.commit is None:
        return False
    base = load_base(journal.root, store)
    since = [f"^{base.journal}"] if isinstance(base, Base) else []
    found = run_git(
        journal.root, "log", "-1", "--format=%H", "--diff-filter=D", head.commit, *since, "--", f":(literal,top){path}",
        accept=(0, 128),
    )  # fmt: skip
    return bool(found.strip())


def _store_is_newer(journal: Journal, store: str, head: Head, conflict: Conflict) -> bool:
    place = find_places(journal, (store,))[store]
    if isinstance(place, str) or head.commit is None:
        return False
    file = place.folder / (place.file or f"{conflict.key}.md")
    try:
        changed = file.stat().st_mtime
    except OSError:
        return True  # it was deleted, which is the last that was heard of it
    printed = run_git(journal.root, "log", "-1", "--format=%ct", head.commit, "--", f":(literal,top){conflict.path}")
    return changed > float(printed.strip() or 0)
