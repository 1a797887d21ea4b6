"""A shelf: what one tier of one journal holds in a database that others may share; and the numbers of its contexts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, text

from sync.taskmaster.tiers.group import Group, Job, tell_all
from sync.taskmaster.tiers.postgres.database import Database
from sync.taskmaster.tiers.postgres.migrations import Part
from sync.taskmaster.tiers.postgres.rows import can_be_text

_MAKE_SHELF = text("insert into journal_shelf (space, kind) values (:space, :kind) on conflict do nothing")
_FIND_SHELF = text("select id from journal_shelf where space = :space and kind = :kind")
_FIND_CONTEXTS = text("select id, name from journal_context where shelf = :shelf and name = any(:names)")
# In order of names, so that two who make the same ones wait for each other and not in a circle.
_MAKE_CONTEXTS = text(
    "insert into journal_context (shelf, name, tenant)"
    " select :shelf, name, tenant from unnest(cast(:names as text[]), cast(:tenants as text[])) as given(name, tenant)"
    ' order by name collate "C" on conflict do nothing'
)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a shelf since the server last came back; numbers are only ever added."""

    comings: int
    shelf: int
    numbers: dict[str, int]


class Shelf:
    """A shelf; made when it is first needed. Contexts are never removed, so their numbers can be remembered.

    Args:
        database: where it is.
        space: the journal's name.
        kind: which of its tiers; of vectors, also by which model.
        part: the tables that are needed.
        tenant_of: the tenant of a context's id.
    """

    def __init__(
        self, database: Database, space: str, kind: str, part: Part, tenant_of: Callable[[str], str] = str
    ) -> None:
        self._database, self._space, self._kind, self._part = database, space, kind, part
        self._tenant_of = tenant_of
        self._seen: _Seen | None = None
        self._finding: Group[None] = Group(self._look)

    @property
    def number(self) -> int:
        """Its number; asks the database the first time, and makes tables and shelf where they are missing.

        Raises:
            TierDownError: the server does not answer.
        """
        return self._now().shelf

    @property
    def numbers(self) -> MutableMapping[str, int]:
        """The numbers of contexts that are known by now, by name; others that the server tells may be added.

        Raises:
            TierDownError: the server does not answer.
        """
        return self._now().numbers

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """As `Database.read`, once the shelf is there: what holds a connection must not wait for another.

        Raises:
            TierDownError: the server does not answer.
        """
        self._now()
        return self._database.read(work)

    def ask(self, statement: bytes, *given: str) -> list[Any]:
        """As `Database.ask`, once the shelf is there.

        Raises:
            TierDownError: the server does not answer.
        """
        self._now()
        return self._database.ask(statement, *given)

    def steady(self, work: Callable[[], Result]) -> Result:
        """As `Database.steady`."""
        return self._database.steady(work)

    def write(self, work: Callable[[Connection], Result], *, timeout_s: float | None = None) -> Result:
        """As `Database.write`, once the shelf is there.

        Raises:
            TierDownError: the server does not answer.
        """
        self._now()
        return self._database.write(work, timeout_s=timeout_s)

    def known(self, connection: Connection, names: Iterable[str]) -> Mapping[str, int]:
        """The numbers of those contexts that there are, by name.

        Args:
            connection: handed to the work of `read` or `write`.
            names: any text.
        """
        seen = self._seen or self._now()
        wanted = {name for name in names if can_be_text(name)}
        unknown = wanted - seen.numbers.keys()
        if unknown:
            given = {"shelf": seen.shelf, "names": sorted(unknown)}
            seen.numbers.update((name, number) for number, name in connection.execute(_FIND_CONTEXTS, given))
        return {name: seen.numbers[name] for name in wanted if name in seen.numbers}

    def made(self, names: Iterable[str]) -> Mapping[str, int]:
        """The numbers of contexts, by name; those that are missing are made, in a transaction of their own."""
        wanted, numbers = set(names), self._now().numbers
        if wanted <= numbers.keys():
            return {name: numbers[name] for name in wanted}
        found = self.read(lambda connection: self.known(connection, wanted))
        if wanted - found.keys():
            self._make(sorted(wanted - found.keys()))
            found = self.read(lambda connection: self.known(connection, wanted))
        return found

    def _make(self, names: list[str]) -> None:
        given = {"shelf": self.number, "names": names, "tenants": [self._tenant_of(name) for name in names]}
        self.write(lambda connection: connection.execute(_MAKE_CONTEXTS, given))

    def _now(self) -> _Seen:
        seen = self._seen
        if seen is None or seen.comings != self._database.comings:
            return cast("_Seen", self._finding.do(_nothing))
        return seen

    def _look(self, jobs: Sequence[Job[None]]) -> None:
        """Look once for all who need it at the same time, so that they do not take every connection for it."""
        tell_all(jobs, self._found_now)

    def _found_now(self) -> _Seen:
        comings = self._database.comings
        if self._seen is None or self._seen.comings != comings:
            self._database.prepare(self._part)
            self._seen = _Seen(comings, self._database.write(self._found), {})
        return self._seen

    def _found(self, connection: Connection) -> int:
        given = {"space": self._space, "kind": self._kind}
        number = connection.execute(_FIND_SHELF, given).scalar()
        if number is None:
            connection.execute(_MAKE_SHELF, given)
            number = connection.execute(_FIND_SHELF, given).scalar_one()
        return int(number)


def _nothing(_given: object) -> None:
    """No work but to find the shelf."""
