"""Whether there is anything to sync at all, found without reading an entry or a record.

What a sync agreed on is remembered with the marks of the store's files (inode, size, times). Where the branch's
entries, the base and all those marks are the same, nothing has changed. Forgetting costs time, nothing else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync import __version__
from sync.document.settings import Settings
from sync.operations.journal import Journal
from sync.operations.spots import Spot, find_spots
from sync.repository.files import read_or_none, signature, write_atomic
from sync.repository.git import run_git

_FILE = "synced.json"
_SETTLED_NS = 10_000_000  # a file that changed less long ago may change again without another time to show for it


@dataclass(frozen=True, slots=True, kw_only=True)
class InStep:
    """How many records and entries a store and the journal have, and how many of them only repeat the journal."""

    count: int
    recalled: int


def in_step(journal: Journal, stores: Sequence[str]) -> dict[str, InStep] | None:
    """What each store and the journal have, if nothing has changed anywhere.

    Args:
        journal: the journal, in a repository.
        stores: names; none for all that are enabled.

    Returns:
        None where something has changed, or could have.
    """
    spots = find_spots(journal, stores)
    known = _load(journal)
    if not spots or any(isinstance(spot, str) or spot.name not in known for spot in spots.values()):
        return None
    refs = [spot.ref for spot in spots.values() if isinstance(spot, Spot)]
    names = [f"HEAD:{journal.settings.entries}", *refs]
    asked = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    if b"\n" in journal.settings.entries.encode("utf-8", "surrogateescape"):
        return None
    printed = run_git(journal.root, "cat-file", "--batch-check=%(objectname)", stdin=asked).decode("utf-8", "replace")
    entries, *bases = printed.splitlines()
    counts = {}
    for spot, base in zip(spots.values(), bases, strict=True):
        if isinstance(spot, str):
            return None
        told = known[spot.name]
        if (told["entries"], told["base"], told["made_from"]) != (
            entries,
            base,
            made_from(journal.settings, spot.name),
        ):
            return None
        if told["files"] != marks(spot):
            return None
        counts[spot.name] = InStep(count=int(told["count"]), recalled=int(told.get("recalled", 0)))
    return counts


def remember(journal: Journal, agreed: Mapping[str, Mapping[str, Any]]) -> None:
    """Remember which stores were found to be as they were agreed on.

    Args:
        journal: the journal.
        agreed: name -> `entries`, `base`, `count`, `recalled`, and `files`: the marks from before the store was read.

    Effects:
        Replaces one file in the state folder.
    """
    settled = {name: told for name, told in agreed.items() if told["files"] and not _is_fresh(told["files"])}
    if journal.state_folder is None or not settled:
        return
    known = _load(journal)
    for name, told in settled.items():
        known[name] = {**told, "made_from": made_from(journal.settings, name)}
    write_atomic(journal.state_folder / _FILE, [json.dumps(known).encode()])


def uncommitted_entries(journal: Journal) -> tuple[str, ...]:
    """Paths of the entries that are not in the branch's commit as they are in the work tree."""
    where = f":(literal,top){journal.settings.entries}"
    options = ("--porcelain", "-z", "--untracked-files=all", "--no-renames")
    rows = run_git(journal.root, "status", *options, "--", where).split(b"\0")[:-1]
    return tuple(row[3:].decode("utf-8", "backslashreplace") for row in rows)


def made_from(settings: Settings, store: str) -> str:
    """Everything besides the entries that a store's records depend on."""
    return repr((__version__, settings.view, settings.store(store).selection, settings.entries))


def marks(spot: Spot) -> dict[str, list[int]]:
    """Name -> mark of every file in a store's folder; of a store of one file, of that, and of what is imported."""
    try:
        names = sorted(one.name for one in spot.folder.iterdir()) if spot.is_folder_read else [spot.file]
    except OSError:
        return {}
    return {name: signature(spot.folder / name) for name in names}


def _is_fresh(found: Mapping[str, Sequence[int]]) -> bool:
    now = time.time_ns()
    return any(now - max(mark[2:]) < _SETTLED_NS for mark in found.values() if mark)


def _load(journal: Journal) -> dict[str, Any]:
    data = read_or_none(journal.state_folder / _FILE) if journal.state_folder else None
    try:
        return dict(json.loads(data or b"{}"))
    except (ValueError, TypeError):
        return {}
