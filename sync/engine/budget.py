"""Which entries fit into a store that takes so many bytes: the most important first, among equals the newest."""

from __future__ import annotations

from typing import Any

from sync.document.entry import Entry
from sync.document.projection import get
from sync.document.settings import Selection
from sync.document.view import View
from sync.engine.projecting import Projected, is_selected, within_budget
from sync.engine.tree import Tree, Trees
from sync.errors import DocumentError, ShapeError
from sync.stores.protocol import Source, Store


def fitting(trees: Trees, tree: Tree, store: Store[Any], selection: Selection, view: View) -> frozenset[str] | None:
    """Ids of the entries that a store is given under its budget; None where it has none."""
    if not selection.max_bytes:
        return None
    found = []
    for path, entry in trees.load(tree.blobs.items()).items():
        if isinstance(entry, Entry) and is_selected(entry, selection):
            try:
                chunk = store.render(store.get(entry), None, Source(path=path, blob=tree.blobs[path]))
            except (ShapeError, DocumentError):
                continue
            rank = (entry.importance, get(entry, view).date, entry.id)
            found.append(Projected(id=entry.id, chunk=chunk, rank=rank))
    return frozenset(within_budget(found, selection.max_bytes))
