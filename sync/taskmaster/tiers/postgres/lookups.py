"""Rows by key: whoever asks at the same time, for any tier, shares one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from sync.taskmaster.tiers.group import Group, Job, tell_all
from sync.taskmaster.tiers.postgres.database import Database
from sync.taskmaster.tiers.postgres.driver import as_numbers, as_texts


class Place(NamedTuple):
    """Where a memory lies in a database: the number of a shelf, a context's id and its number if known, and a key."""

    shelf: int
    name: str
    number: int | None
    key: str


Found: TypeAlias = Mapping[Place, Any]
"""Rows; those that have expired too."""


class Lookups:
    """Reads rows by key. A caller who is alone waits for nobody.

    Args:
        database: where they are.
        statement: what is read of them, see `statements.at_places`.
    """

    def __init__(self, database: Database, statement: bytes) -> None:
        self._database, self._statement = database, statement
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
        tell_all(jobs, lambda: self._found(list({place: None for job in jobs for place in job.work(None)})))

    def _found(self, places: Sequence[Place]) -> Found:
        shelves, names, numbers, keys = zip(*places, strict=True)
        unknown = [name if number is None else None for name, number in zip(names, numbers, strict=True)]
        given = (as_numbers(shelves), as_numbers(numbers), as_texts(unknown), as_texts(keys))
        rows = self._database.ask(self._statement, *given)
        return {places[row.place - 1]: row for row in rows}
