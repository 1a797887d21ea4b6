"""The stores on this machine, with their adapters."""

from __future__ import annotations

from collections.abc import Sequence

from sync.engine.place import Place
from sync.operations.journal import Journal
from sync.operations.spots import find_spots
from sync.stores.registry import make_store


def find_places(journal: Journal, names: Sequence[str]) -> dict[str, Place | str]:
    """As `find_spots`, each with the adapter of its format."""
    return {
        name: spot
        if isinstance(spot, str)
        else Place(
            store=make_store(name, journal.settings.view),
            folder=spot.folder,
            file=spot.file,
            inside=spot.inside,
            ref=spot.ref,
        )
        for name, spot in find_spots(journal, names).items()
    }
