"""Records that the store renamed: told from one that was deleted and another that was added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sync.engine.verdict import Pair
from sync.errors import DocumentError, ShapeError
from sync.stores.protocol import Store


def with_renames(pairs: Mapping[str, Pair], store: Store[Any]) -> dict[str, Pair]:
    """The pairs with records that the store renamed joined to the entries they were.

    A record that is gone and a new one that says exactly the same under another key are one that was renamed; two that
    could be meant are not.
    """
    gone = [one for one in pairs.values() if one.base is not None and one.ours is not None and one.now is None]
    new = [one for one in pairs.values() if one.base is None and one.ours is None and one.now is not None]
    if not gone or not new:
        return dict(pairs)
    was = _by_content(store, [(one, one.was) for one in gone])
    now = _by_content(store, [(one, one.now) for one in new])
    joined = dict(pairs)
    for content in was.keys() & now.keys():
        if len(was[content]) == len(now[content]) == 1:
            before, after = was[content][0], now[content][0]
            del joined[before.key]
            joined[after.key] = replace(before, key=after.key, now=after.now, was_key=before.key)
    return joined


def _by_content(store: Store[Any], chunks: list[tuple[Pair, bytes | None]]) -> dict[object, list[Pair]]:
    """Pairs by what their records say, the key left out."""
    found: dict[object, list[Pair]] = {}
    for pair, chunk in chunks:
        try:
            record = store.parse(pair.key, chunk or b"")
        except (ShapeError, DocumentError):
            continue
        field = "id" if hasattr(record, "id") else "name"
        found.setdefault(replace(record, **{field: ""}), []).append(pair)
    return found
