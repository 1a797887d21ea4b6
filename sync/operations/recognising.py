"""Recognising what assistants have from the journal itself, where it would come in as something new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import TypeVar

from sync.document.entry import Entry, parse_entry
from sync.document.naming import skip_reason
from sync.engine.handed_out import find
from sync.engine.recalling import Asked
from sync.operations.handing_out import settle_handed_out
from sync.operations.journal import Journal
from sync.repository.git import read_blobs
from sync.repository.listing import Listing
from sync.search.recall import Known, Origin, Prints, entry_prints, known_in, origin_of

K = TypeVar("K")


class Recogniser:
    """Tells texts that are the journal's own: handed out by this clone, or standing in the journal today.

    Entries are read only where something new is there that the register does not know.

    Args:
        journal: the journal.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def in_plan(self, asked: Asked) -> Mapping[str, Origin]:
        """See `Recognise`: of records that a sync finds new."""
        prefix = self._journal.settings.prefix
        found = {key: entry_prints(entry, prefix=prefix) for key, entry in asked.new.items()}
        prints = {key: one for key, one in found.items() if one is not None}
        before = ((path, blob) for path, blob in asked.blobs.items() if path not in asked.changed)
        after = ((path, text) for path, text in asked.changed.items() if text is not None)
        return self._recognised(prints, lambda: chain(self._stored(before), after), asked.changed.keys())

    def in_listing(self, prints: Mapping[int, Prints], listing: Listing) -> Mapping[int, Origin]:
        """Where texts are from, by their number; those of somebody else are left out.

        Args:
            prints: what an import finds new.
            listing: the journal's entries.
        """
        return self._recognised(prints, lambda: _texts(listing), frozenset())

    def _recognised(
        self, prints: Mapping[K, Prints], entries: Callable[[], Iterable[tuple[str, str]]], changed: Iterable[str]
    ) -> dict[K, Origin]:
        known = self._handed_out(prints.values(), frozenset(changed))
        found = {key: origin for key, one in prints.items() if (origin := origin_of(one, known)) is not None}
        rest = {key: one for key, one in prints.items() if key not in found and one.blocks}
        if not rest:
            return found
        present = known_in(entries(), rest.values(), _load)
        every = {one: [*present.get(one, ()), *known.get(one, ())] for one in present.keys() | known.keys()}
        more = {key: origin for key, one in rest.items() if (origin := origin_of(one, every)) is not None}
        return {key: origin for key in prints if (origin := found.get(key) or more.get(key))}

    def _handed_out(self, prints: Iterable[Prints], changed: frozenset[str]) -> Known:
        folder = self._journal.state_folder
        wanted: frozenset[str] = frozenset().union(*(one.hashes for one in prints))
        if folder is None or not wanted:
            return {}
        settle_handed_out(self._journal)
        found = find(folder, wanted)
        left = {one: [origin for origin in origins if origin.entry not in changed] for one, origins in found.items()}
        return {one: origins for one, origins in left.items() if origins}

    def _stored(self, blobs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        pairs = list(blobs)
        contents = read_blobs(self._journal.root, [blob.encode() for _path, blob in pairs])
        for (path, _blob), data in zip(pairs, contents, strict=True):
            yield path, data.decode("utf-8", "replace")


def _texts(listing: Listing) -> Iterator[tuple[str, str]]:
    for row, data in listing.read(listing.lines):
        if not row.problem and not skip_reason(row.name):
            yield row.name, data.decode("utf-8", "replace")


def _load(path: str, text: str) -> Entry | None:
    entry = parse_entry(path, text)
    return entry if isinstance(entry, Entry) else None
