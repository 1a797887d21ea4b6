"""Working tier and catalogue in one database: one question for both."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, TypeVar

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.postgres.items import PostgresItems
from sync.taskmaster.tiers.postgres.lookups import Lookups
from sync.taskmaster.tiers.protocol import Held, Mark

_Item = TypeVar("_Item")


class PostgresTogether:
    """A `Together`.

    Args:
        working, catalogue: opened with the same URL, pool and time limit.
    """

    def __init__(self, working: PostgresItems, catalogue: PostgresItems) -> None:
        self._working, self._catalogue = working, catalogue

    def get(self, ids: Collection[MemoryId], now: datetime) -> tuple[dict[MemoryId, Held], dict[MemoryId, Held]]:
        """As `Together.get`."""
        return self._asked(self._working.lease.held, ids, lambda tier, found: tier.held_in(found, now))

    def marks(self, ids: Collection[MemoryId], now: datetime) -> tuple[dict[MemoryId, Mark], dict[MemoryId, Mark]]:
        """As `Together.marks`."""
        return self._asked(self._working.lease.marks, ids, lambda tier, found: tier.marks_in(found, now))

    def _asked(
        self, lookups: Lookups, ids: Collection[MemoryId], read: Callable[[PostgresItems, Any], dict[MemoryId, _Item]]
    ) -> tuple[dict[MemoryId, _Item], dict[MemoryId, _Item]]:
        def once() -> tuple[dict[MemoryId, _Item], dict[MemoryId, _Item]]:
            working, catalogue = self._working.places(ids), self._catalogue.places(ids)
            found = lookups.get([*working, *catalogue]) if working else {}
            rows = ({id_: found[at] for at, id_ in places.items() if at in found} for places in (working, catalogue))
            return read(self._working, next(rows)), read(self._catalogue, next(rows))

        return self._working.lease.database.steady(once)
