"""From the bytes of entries to the memories of a projection. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sync.document.entry import Entry, load_entry
from sync.document.fault import Fault, Skipped
from sync.document.naming import skip_reason, stem_of
from sync.document.projection import get
from sync.document.record import Memory
from sync.document.settings import Selection
from sync.document.view import View
from sync.stores.augment import CLOSING, OPENING, SEPARATOR, render_memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """One entry's place in a projection.

    Attributes:
        id: the record's id.
        chunk: the memory's bytes in the file; empty where the selection leaves it out.
        rank: what is kept first under a budget: importance, then the newest; compare with `>`.
    """

    id: str
    chunk: bytes
    rank: tuple[float, str, str]


def project(path: str, blob: str, data: bytes, view: View, selection: Selection) -> Projected | Fault | Skipped:
    """One file's place in a projection, or why it has none.

    Args:
        path: POSIX, relative to the repository.
        blob: Git's id of the bytes.
        data: the bytes.
        view: how entries are shown.
        selection: which entries are wanted; its budget is not looked at here.
    """
    if reason := skip_reason(path):
        return Skipped(path=path, reason=reason)
    entry = load_entry(path, data)
    if not isinstance(entry, Entry):
        return entry
    record = get(entry, view)
    rank = (entry.importance, record.date, record.id)
    if not is_selected(entry, selection):
        return Projected(id=record.id, chunk=b"", rank=rank)
    return Projected(id=record.id, chunk=render_memory(Memory(record=record, source=path, source_blob=blob)), rank=rank)


def is_selected(entry: Entry, selection: Selection) -> bool:
    """Whether a selection takes an entry; its budget is not looked at."""
    if selection.within is not None and not is_selected(entry, selection.within):
        return False
    tags = set(entry.tags)
    if (selection.tags and tags.isdisjoint(selection.tags)) or not tags.isdisjoint(selection.exclude_tags):
        return False
    if not (selection.since or selection.until):
        return True
    day = entry.moment.day.isoformat() if entry.moment else ""
    return bool(day) and selection.since <= day and (not selection.until or day <= selection.until)


def within_budget(projected: Iterable[Projected], max_bytes: int) -> set[str]:
    """Ids of the memories that fit into a file of so many bytes: the most important first, among equals the newest.

    One that does not fit is passed over; smaller ones behind it may still fit.
    """
    left = max_bytes - len(OPENING) - len(CLOSING) + len(SEPARATOR)
    kept = set()
    for one in sorted(projected, key=lambda item: item.rank, reverse=True):
        size = len(one.chunk) + len(SEPARATOR)
        if one.chunk and size <= left:
            kept.add(one.id)
            left -= size
    return kept


def refuse_same_ids(projected: Iterable[tuple[str, Projected]]) -> dict[str, Fault]:
    """Faults for entries whose id an entry before them has already; the first keeps it."""
    owner: dict[str, str] = {}
    faults = {}
    for path, one in projected:
        if (first := owner.setdefault(one.id, path)) != path:
            faults[path] = same_id_fault(path, one.id, first)
    return faults


def same_id_fault(path: str, entry_id: str, first: str) -> Fault:
    """The fault of an entry whose id is that of `first`."""
    key = "id" if entry_id != stem_of(path) else ""
    hint = "write another `id:` into its front matter, or rename the file"
    return Fault(path=path, key=key, message=f"has the same id as {first}: {entry_id}", hint=hint)
