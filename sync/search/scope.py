"""Where a search may look: entries of the journal that is searched, as far as they meet the filters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sync.search.analysis import fold
from sync.search.filters import Filters, admits_entry
from sync.search.index.index import Index, Snapshot
from sync.search.packing import pack

FEW = 1_000
"""So many entries at most are given to the engine by number; beyond, what it finds is sifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a search may look.

    Attributes:
        entries: numbers of the entries, ascending; None for all of the index.
        section: folded words that a heading above the passage holds; empty for any.
        phrases: packed terms in a row; of each phrase, the passage holds one of its rows.
    """

    entries: Sequence[int] | None
    section: str
    phrases: tuple[tuple[bytes, ...], ...]

    @property
    def few(self) -> Sequence[int] | None:
        """The entries, where they are few enough to be looked up one by one."""
        return self.entries if self.entries is not None and len(self.entries) <= FEW else None

    @property
    def is_open(self) -> bool:
        """Whether every passage of the index is in it."""
        return self.entries is None and not self.section and not self.phrases


def make_scope(index: Index, snapshot: Snapshot, filters: Filters, phrases: Sequence[Sequence[Sequence[str]]]) -> Scope:
    """The scope of a search.

    Args:
        index: the index.
        snapshot: the journal that is searched.
        filters: what the passages must meet.
        phrases: of each, rows of terms, one of which they must hold.
    """
    entries: Sequence[int] | None = None if snapshot.is_all else snapshot.ids
    if filters.tags or filters.since or filters.until or filters.context:
        own = set(snapshot.ids)
        entries = [
            one.id
            for one in index.catalogue.entries()
            if one.id in own and admits_entry(filters, tags=one.tags, day=one.day, context=one.context)
        ]
    packed = tuple(tuple(pack(row) for row in rows) for rows in phrases)
    return Scope(entries=entries, section=_folded(filters.section), phrases=packed)


def sift(index: Index, scope: Scope, found: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """What was found, without what lies outside of a scope."""
    if scope.is_open:
        return list(found)
    if scope.entries is not None:
        own = set(scope.entries)
        found = [pair for pair in found if pair[0] >> 20 in own]
    if not scope.section and not scope.phrases:
        return list(found)
    spots = index.catalogue.spots([id_ for id_, _ in found])
    inside = {
        id_
        for id_, spot in spots.items()
        if all(any(row in spot.terms for row in rows) for rows in scope.phrases)
        and _is_below(scope.section, spot.headings)
    }
    return [pair for pair in found if pair[0] in inside]


def _is_below(section: str, headings: Collection[str]) -> bool:
    return not section or any(section in _folded(heading) for heading in headings)


def _folded(text: str) -> str:
    return fold(text.casefold())
