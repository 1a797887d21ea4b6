"""Memories in PostgreSQL: what the working tier and the catalogue have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast

from sqlalchemy import Connection, TextClause
from sqlalchemy.exc import IntegrityError

from sync.errors import UsageError
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.group import Group, Job, tell_all
from sync.taskmaster.tiers.postgres import statements, sweeping
from sync.taskmaster.tiers.postgres.driver import fetch
from sync.taskmaster.tiers.postgres.lookups import Place
from sync.taskmaster.tiers.postgres.migrations import Part
from sync.taskmaster.tiers.postgres.putting import put_all, put_new
from sync.taskmaster.tiers.postgres.rows import arrays, can_be_text, held_of, mixed
from sync.taskmaster.tiers.postgres.sharing import Lease
from sync.taskmaster.tiers.postgres.shelf import Shelf
from sync.taskmaster.tiers.postgres.sweeping import remove
from sync.taskmaster.tiers.protocol import Held, TierDownError, Use
from sync.taskmaster.writing import Stored, Write

MOST_WORDS = 62
"""So many words of a question count: one bit each."""
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
        self._lease = lease
        self._group: Group[None] = Group(self._put_jobs)
        self._touching: Group[None] = Group(self._touch_jobs)
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
        known = [one for one in ids if can_be_text(one.context) and can_be_text(one.key)]
        if not known:
            return {}
        shelf = self._shelf.number
        places = {Place(shelf, *one): one for one in known}
        found = self._lease.lookups.get(places)
        rows = ((one, found[place]) for place, one in places.items() if place in found)
        return {
            one: held_of(row, one.context, shelf)
            for one, row in rows
            if row.is_forgotten or row.expires is None or row.expires > now
        }

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """As `Items.search`; ranked by the rule of `scoring.scores`."""
        if not contexts or limit < 1:
            return []
        key = asked.text.strip()
        others = {"key": key if can_be_text(key) else "", "limit": limit, "now": now}
        if not asked.words:
            return self._asked(statements.LATEST, contexts, _numbers_of, **others)
        return self._asked(statements.SEARCH, contexts, lambda numbers: self._tokens(asked, numbers), **others)

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
        """As `Items.touch`; a memory that is being written at this moment is left out."""
        if uses:
            self._touching.do(lambda _: uses)

    def drop(self, versions: Mapping[MemoryId, int]) -> int:
        """As `Items.drop`; rivals stay."""
        return self._shelf.write(lambda connection: self._drop(connection, versions)) if versions else 0

    def sweep(self, now: datetime) -> list[Memory]:
        """As `Items.sweep`; what is forgotten stays for a day."""
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
        self._lease.database.check()

    def close(self) -> None:
        """As `Items.close`."""
        self._lease.close()

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

    def _asked(
        self,
        statement: TextClause,
        contexts: Iterable[str],
        parameters: Callable[[Mapping[str, int]], Mapping[str, Any]],
        **others: Any,
    ) -> list[Held]:
        """Rows of some contexts, as far as there are such contexts."""
        shelf = self._shelf.number

        def ask(connection: Connection) -> list[Held]:
            numbers = self._shelf.known(connection, contexts)
            if not numbers:
                return []
            names = dict(zip(numbers.values(), numbers, strict=True))
            rows = connection.execute(statement, {**parameters(numbers), **others})
            return [held_of(row, names[row.context], shelf) for row in rows]

        return self._shelf.read(ask)

    def _page(self, statement: TextClause, after: MemoryId | None, limit: int, **others: Any) -> list[Held]:
        shelf = self._shelf.number
        after = after or MemoryId("", "")
        if limit < 1 or not all(can_be_text(one) for one in (*after, others.get("name", ""))):
            return []
        given = {"shelf": shelf, "after_name": after.context, "after_key": after.key, "limit": limit, **others}
        return self._shelf.read(
            lambda connection: [held_of(row, row.name, shelf) for row in connection.execute(statement, given)]
        )

    def _tokens(self, asked: Asked, numbers: Mapping[str, int]) -> dict[str, Any]:
        """What is looked for: each token with the number of the word that it may be, and its context."""
        asked = replace(asked, words=asked.words[:MOST_WORDS])
        words = [word for word, terms in enumerate(asked.words) for _ in terms]
        return {
            "tokens": mixed((one for context in numbers for one in asked.tokens(context)), self._shelf.number),
            "words": words * len(numbers),
            "contexts": [number for number in numbers.values() for _ in words],
        }

    def _touch_jobs(self, jobs: Sequence[Job[None]]) -> None:
        last: dict[MemoryId, list[Use]] = {}
        for one in (use for job in jobs for use in job.work(None)):
            if can_be_text(one.id.context) and can_be_text(one.id.key):
                last.setdefault(one.id, []).append(one)
        tell_all(jobs, lambda: self._touch(last))

    def _touch(self, uses: Mapping[MemoryId, Sequence[Use]]) -> None:
        rows = [
            {
                "shelf": self._shelf.number, "name": id_.context, "key": id_.key, "uses": len(same),
                "used": max(one.at for one in same), "took": sum(one.took_s for one in same),
            }
            for id_, same in uses.items()
        ]  # fmt: skip
        if rows:
            self._shelf.read(lambda connection: fetch(connection, statements.TOUCH, rows))

    def _drop(self, connection: Connection, versions: Mapping[MemoryId, int]) -> int:
        numbers = self._shelf.known(connection, (one.context for one in versions))
        rows = [
            {"context": numbers[id_.context], "key": id_.key, "version": version}
            for id_, version in sorted(versions.items())
            if id_.context in numbers and can_be_text(id_.key)
        ]
        return connection.execute(statements.DROP, arrays(rows)).rowcount if rows else 0


def _numbers_of(numbers: Mapping[str, int]) -> dict[str, Any]:
    return {"contexts": list(numbers.values())}
