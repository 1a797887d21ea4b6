"""Rows by key: whoever asks at the same time, for any tier, shares one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from sync.taskmaster.tiers.group import Group, Job, tell_all
from sync.taskmaster.tiers.postgres.database import Database
from sync.taskmaster.tiers.postgres.driver import fetch
from sync.taskmaster.tiers.postgres.statements import GET


class Place(NamedTuple):
    """Where a memory lies in a database: the number of a shelf, a context's id, and a key."""

    shelf: int
    name: str
    key: str


Found: TypeAlias = Mapping[Place, Any]
"""Rows for `rows.held_of`; those that have expired too."""


class Lookups:
    """Reads rows by key. A caller who is alone waits for nobody.

    Args:
        database: where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group: Group[None] = Group(self._carry_out)

    def get(self, places: Collection[Place]) -> Found:
        """What lies in some places, and perhaps in others that somebody asked for.

        Args:
            places: on shelves that are there; context and key are text that PostgreSQL can hold.

        Raises:
            TierDownError: there was no answer in time.
        """
        return cast("Found", self._group.do(lambda _: places))

    def _carry_out(self, jobs: Sequence[Job[None]]) -> None:
        tell_all(jobs, lambda: self._found({place for job in jobs for place in job.work(None)}))

    def _found(self, places: Collection[Place]) -> Found:
        asked = [one._asdict() for one in places]
        rows = self._database.read(lambda connection: fetch(connection, GET, asked))
        return {Place(row.shelf, row.name, row.key): row for row in rows}
