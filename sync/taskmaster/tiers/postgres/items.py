"""Memories in PostgreSQL: what the working tier and the catalogue have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast

from sqlalchemy import Connection, TextClause
from sqlalchemy.exc import IntegrityError

from sync.errors import JournalError, UsageError
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.moments import moment_of
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.group import Group, Job
from sync.taskmaster.tiers.postgres import statements, sweeping
from sync.taskmaster.tiers.postgres.driver import as_json, as_numbers, as_texts
from sync.taskmaster.tiers.postgres.lookups import Place
from sync.taskmaster.tiers.postgres.migrations import Part
from sync.taskmaster.tiers.postgres.putting import put_all, put_new
from sync.taskmaster.tiers.postgres.rows import arrays, can_be_text, held_of, is_live, mark_of, mixed
from sync.taskmaster.tiers.postgres.sharing import Lease
from sync.taskmaster.tiers.postgres.shelf import Shelf
from sync.taskmaster.tiers.postgres.sweeping import remove
from sync.taskmaster.tiers.protocol import Held, Mark, TierDownError, Use
from sync.taskmaster.tiers.uses import Aside, UseBuffer
from sync.taskmaster.writing import Stored, Write

MOST_WORDS = 62
"""So many words of a question count: one bit each."""
_USES_A_STEP = 100  # whoever writes one of the memories waits meanwhile
TOMBSTONES_KEPT = timedelta(days=1)
"""So long a forgotten memory stays as such at least."""


class PostgresItems:
    """Memories on one shelf.

    Args:
        lease: of the database where they are; given up by `close`.
        space: the journal's name; journals of other names in the same database are not seen.
        kind: which tier's shelf.
        tenant_of: the tenant of a context's id.
    """

    def __init__(self, lease: Lease, *, space: str, kind: str, tenant_of: Callable[[str], str]) -> None:
        self.lease = lease
        self._group: Group[None] = Group(self._put_jobs)
        self._uses, self._aside = UseBuffer(), Aside(self._write_uses)
        self._shelf = Shelf(lease.database, space, kind, Part.MEMORY, tenant_of)

    def put(self, writes: Sequence[Write]) -> list[Stored]:
        """As `Items.put`.

        Raises:
            TierDownError: see there.
            UsageError: a context or key is text that PostgreSQL cannot hold.
        """
        if not writes:
            return []
        for key in (one.memory.key for one in writes):
            if not can_be_text(key):
                raise UsageError(f"the key {key!r} cannot be kept", hint="one line of text")
        return cast("list[Stored]", self._group.do(lambda _: writes))

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """As `Items.get`."""

        def once() -> dict[MemoryId, Held]:
            places = self.places(ids)
            found = self.lease.held.get(places) if places else {}
            return self.held_in({id_: found[at] for at, id_ in places.items() if at in found}, now)

        return self.lease.database.steady(once)

    def places(self, ids: Collection[MemoryId]) -> dict[Place, MemoryId]:
        """Where to look some ids up; those that PostgreSQL cannot hold are left out."""
        shelf, numbers = self._shelf.number, self._shelf.numbers
        return {
            Place(shelf, one.context, numbers.get(one.context), one.key): one
            for one in ids
            if (one.context in numbers or can_be_text(one.context)) and can_be_text(one.key)
        }

    def held_in(self, rows: Mapping[MemoryId, Any], now: datetime) -> dict[MemoryId, Held]:
        """What rows of `statements.GET` hold."""
        shelf = self._shelf.number
        return {
            id_: self._uses.with_uses(held_of(row, id_.context, shelf))
            for id_, row in rows.items()
            if is_live(row, now)
        }

    def marks_in(self, rows: Mapping[MemoryId, Any], now: datetime) -> dict[MemoryId, Mark]:
        """What rows of `statements.MARKS` tell."""
        return {id_: mark_of(row) for id_, row in rows.items() if is_live(row, now)}

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """As `Items.search`; ranked by the rule of `scoring.scores`."""
        names = [one for one in dict.fromkeys(contexts) if can_be_text(one)]
        key = asked.text.strip()
        asks = (key if can_be_text(key) else "", now.isoformat(), str(limit))
        if not names or limit < 1:
            return []
        if not asked.words:
            return self.lease.database.steady(lambda: self._found(statements.LATEST, names, *asks))
        return self.lease.database.steady(
            lambda: self._found(statements.SEARCH, names, *asks, *self._tokens(asked, names))
        )

    def page(
        self, context: str, now: datetime, *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> list[Held]:
        """As `Items.page`."""
        below_it = statements.PAGE_BELOW if context else statements.PAGE_ALL
        return self._page(below_it if below else statements.PAGE, after, limit, name=context, now=now)

    def contexts(self, prefix: str = "") -> list[str]:
        """As `Items.contexts`."""
        if not can_be_text(prefix):
            return []
        given = {"shelf": self._shelf.number, "prefix": prefix}
        return self._shelf.read(lambda connection: list(connection.execute(statements.CONTEXTS, given).scalars()))

    def touch(self, uses: Sequence[Use]) -> None:
        """As `Items.touch`; they are written when they are many or old, before a sweep, or at the end.

        A memory that is being written at that moment is left out.
        """
        if self._uses.add(uses):
            self._aside.start()

    def drop(self, versions: Mapping[MemoryId, int]) -> int:
        """As `Items.drop`; rivals stay."""
        return self._shelf.write(lambda connection: self._drop(connection, versions)) if versions else 0

    def sweep(self, now: datetime) -> list[Memory]:
        """As `Items.sweep`; what is forgotten stays for a day."""
        self._aside.finish()
        remove(self._shelf, sweeping.FORGOTTEN, before=now - TOMBSTONES_KEPT)
        remove(self._shelf, sweeping.EXPIRED, now=now)
        return []

    def count(self, context: str = "") -> int:
        """As `Items.count`; forgotten and expired ones count."""
        if not can_be_text(context):
            return 0
        given = {"shelf": self._shelf.number, "name": context}
        return self._shelf.read(lambda connection: int(connection.execute(statements.COUNT, given).scalar_one()))

    def check(self) -> None:
        """As `Items.check`."""
        self.lease.database.check()

    def close(self) -> None:
        """As `Items.close`."""
        with suppress(JournalError):  # uses need not be durable
            self._aside.finish()
        self.lease.close()

    def _put_jobs(self, jobs: Sequence[Job[None]]) -> None:
        """Carry out what several callers write, in one transaction; where it cannot be, each by itself."""
        batches: list[Sequence[Write]] = [job.work(None) for job in jobs]
        try:
            stored = iter(self._put([write for batch in batches for write in batch]))
            for job, batch in zip(jobs, batches, strict=True):
                job.succeed(list(islice(stored, len(batch))))
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever waits for the job
            if len(jobs) == 1 or isinstance(error, TierDownError):
                for job in jobs:
                    job.fail(error)
                return
            for job in jobs:
                self._put_jobs([job])

    def _put(self, writes: Sequence[Write]) -> list[Stored]:
        numbers = self._shelf.made(one.memory.context for one in writes)
        shelf = self._shelf.number
        with suppress(IntegrityError):
            stored = self._shelf.read(lambda connection: put_new(connection, shelf, numbers, writes))
            if stored:
                return stored
        return self._shelf.write(lambda connection: put_all(connection, shelf, numbers, writes))

    def _found(self, statement: bytes, names: Sequence[str], key: str, *others: str) -> list[Held]:
        """Rows of some contexts, as far as there are such contexts."""
        shelf, numbers = self._shelf.number, self._shelf.numbers
        places = [numbers.get(name) for name in names]
        unknown = [name if number is None else None for name, number in zip(names, places, strict=True)]
        given = (str(shelf), as_numbers(places), as_texts(unknown), key, *others)
        rows = self._shelf.ask(statement, *given)
        numbers.update((names[row.place - 1], row.context) for row in rows)
        return [self._uses.with_uses(held_of(row, names[row.place - 1], shelf)) for row in rows]

    def _listed(self, statement: TextClause, **given: Any) -> list[Held]:
        """Memories of rows with the names of their contexts."""
        shelf = self._shelf.number
        rows = self._shelf.read(lambda connection: connection.execute(statement, {"shelf": shelf, **given}).all())
        return [self._uses.with_uses(held_of(row, row.name, shelf)) for row in rows]

    def _page(self, statement: TextClause, after: MemoryId | None, limit: int, **others: Any) -> list[Held]:
        after = after or MemoryId("", "")
        if limit < 1 or not all(can_be_text(one) for one in (*after, others.get("name", ""))):
            return []
        return self._listed(statement, after_name=after.context, after_key=after.key, limit=limit, **others)

    def _tokens(self, asked: Asked, names: Sequence[str]) -> tuple[str, str, str]:
        """What is looked for: each token with the number of the word that it may be, and of its context."""
        asked = replace(asked, words=asked.words[:MOST_WORDS])
        words = [word for word, terms in enumerate(asked.words) for _ in terms]
        tokens = mixed((one for name in names for one in asked.tokens(name)), self._shelf.number)
        places = [place for place in range(1, len(names) + 1) for _ in words]
        return as_numbers(tokens), as_numbers(words * len(names)), as_numbers(places)

    def _write_uses(self) -> None:
        rows = [
            {
                "shelf": self._shelf.number, "name": id_.context, "key": id_.key, "uses": count,
                "used": moment_of(last), "took": took / 1e6,
            }
            for id_, (count, last, took) in self._uses.take().items()
            if can_be_text(id_.context) and can_be_text(id_.key)
        ]  # fmt: skip
        for at in range(0, len(rows), _USES_A_STEP):
            self._shelf.ask(statements.TOUCH, as_json(rows[at : at + _USES_A_STEP]))

    def _drop(self, connection: Connection, versions: Mapping[MemoryId, int]) -> int:
        numbers = self._shelf.known(connection, (one.context for one in versions))
        rows = [
            {"context": numbers[id_.context], "key": id_.key, "version": version}
            for id_, version in sorted(versions.items())
            if id_.context in numbers and can_be_text(id_.key)
        ]
        return connection.execute(statements.DROP, arrays(rows)).rowcount if rows else 0
