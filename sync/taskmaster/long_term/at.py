"""The memories of the journal as they were at one commit: all entries of that commit are read, once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from sync.errors import UsageError
from sync.repository.git import run_git
from sync.repository.objects import list_tree, resolve
from sync.taskmaster.long_term.copies import copy_of
from sync.taskmaster.long_term.loading import as_far_as_here
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.long_term.reading import Found, Reading
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.scoring import Asked, scores
from sync.taskmaster.tiers.protocol import Held, Objects


class Snapshot:
    """The memories at one commit; an `AtCommit`.

    Args:
        commit: its id.
        moment: when it was committed, aware, UTC.
        held: the memories, values that are objects not loaded.
        objects: where those values lie.
    """

    def __init__(self, commit: str, moment: datetime, held: dict[MemoryId, Held], objects: Objects) -> None:
        self.commit, self.moment = commit, moment
        self._held, self._objects = held, objects

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """See `Items.get`."""
        found = {id_: self._held[id_] for id_ in ids if id_ in self._held}
        must = len(ids) == 1
        live = {id_: held for id_, held in found.items() if not held.memory.is_expired(now)}
        return {id_: self._loaded(held, must_answer=must) for id_, held in live.items()}

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """See `Items.search`."""
        wanted = set(contexts)
        present = [held for held in self._live(now) if held.memory.context in wanted]
        if not asked.words:
            present.sort(key=lambda held: (-held.memory.updated.timestamp(), held.memory.id))
            return [self._loaded(held) for held in present[:limit]]
        rated = zip(scores(asked, [(held.memory, held.tokens) for held in present]), present, strict=True)
        best = sorted((pair for pair in rated if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].memory.id))
        return [self._loaded(held) for _score, held in best[:limit]]

    def page(
        self, context: str, now: datetime, *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> list[Held]:
        """See `Items.page`."""
        inside = [held for held in self._live(now) if _is_in(held.memory, context, below=below)]
        rest = sorted((held for held in inside if after is None or held.memory.id > after), key=_id)
        return [self._loaded(held) for held in rest[:limit]]

    def contexts(self, prefix: str = "") -> list[str]:
        """See `Items.contexts`."""
        return sorted({id_.context for id_ in self._held if id_.context.startswith(prefix)})

    def _live(self, now: datetime) -> Iterator[Held]:
        return (held for held in self._held.values() if not held.memory.is_expired(now))

    def _loaded(self, held: Held, *, must_answer: bool = False) -> Held:
        return replace(held, memory=as_far_as_here(held.memory, self._objects, must_answer=must_answer))


def snapshot_of(parts: Parts, name: str) -> Snapshot:
    """The memories at a commit.

    Args:
        parts: the journal's.
        name: a commit, tag or branch, as Git names it.

    Raises:
        UsageError: there is no such commit.
    """
    commit = resolve(parts.root, [f"{name}^{{commit}}"])[0] if name.strip() else None
    if commit is None:
        raise UsageError(f"{name!r} is no commit of this repository", hint="name a commit, a tag or a branch: git log")
    moment, held = _read(parts.reading, commit)
    return Snapshot(commit, moment, held, parts.objects)


@lru_cache(maxsize=4)
def _read(reading: Reading, commit: str) -> tuple[datetime, dict[MemoryId, Held]]:
    root, folder = reading.root, reading.folder
    blobs = dict(sorted(list_tree(root, commit, folder).items()))
    found: dict[MemoryId, Found] = {}
    for one in reading.read(blobs):
        if isinstance(one, Found):
            own = (path_of(folder, one.record.id), path_of(folder, one.record.id, long=True))
            if one.record.id not in found or one.path in own:  # as the catalogue has it
                found[one.record.id] = one
    held = {id_: _held(one) for id_, one in found.items()}
    when = run_git(root, "show", "-s", "--format=%cI", commit).decode().strip()
    return datetime.fromisoformat(when).astimezone(UTC), held


def _held(found: Found) -> Held:
    write = copy_of(found, None)
    return Held(memory=write.memory, tokens=frozenset(write.tokens), homes=write.homes, base=write.base)


def _is_in(memory: Memory, context: str, *, below: bool) -> bool:
    return memory.context == context or (below and (not context or memory.context.startswith(f"{context}:")))


def _id(held: Held) -> MemoryId:
    return held.memory.id
