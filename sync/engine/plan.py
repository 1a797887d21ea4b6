"""The plan of one store's sync: a verdict for every record and entry that changed, and what that writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sync.document.entry import Entry, parse_entry
from sync.document.record import content_hash
from sync.document.settings import Selection
from sync.document.splice import set_values
from sync.engine.conflict import Conflict
from sync.engine.decide import decide
from sync.engine.projecting import is_selected
from sync.engine.renames import with_renames
from sync.engine.secrets import incoming
from sync.engine.tree import Tree, Trees
from sync.engine.verdict import Action, Pair, Settle, Verdict
from sync.errors import DocumentError, ShapeError
from sync.repository.listing import blob_id
from sync.repository.objects import Changed
from sync.stores.protocol import Chunks, Files, Source, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What journal, store and base hold.

    Attributes:
        store, folder: the adapter, and the entries folder.
        head, base: the entries at the journal's commit, and as they were agreed on.
        changed: the files that differ between the two; None where all have to be looked at.
        now, was: the store's records, and as they were agreed on.
        files: the store's files.
        earlier: what the store held before in this run.
    """

    store: Store[Any]
    folder: str
    head: Tree
    base: Tree
    changed: tuple[Changed, ...] | None
    now: Chunks
    was: Chunks
    files: Files
    earlier: tuple[Chunks, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one store's sync is to do.

    Attributes:
        verdicts: of every record that is not as it was, by key.
        read: how many records and entries there are.
        entries: path -> text of the entries that are to be written, None for those that are to go.
        chunks: record key -> chunk of the records that are to be written, None for those to go.
        kept_entries: path -> blob id that the next base keeps, of entries that were not agreed on; None for none.
        kept_chunks: the same of records.
        seen: path -> text of the entries as the store has them.
        arriving: path -> lines that the journal would take over from the store.
    """

    verdicts: tuple[Verdict, ...]
    read: int
    entries: Mapping[str, str | None] = field(default_factory=dict)
    chunks: Mapping[str, bytes | None] = field(default_factory=dict)
    kept_entries: Mapping[str, str | None] = field(default_factory=dict)
    kept_chunks: Mapping[str, bytes | None] = field(default_factory=dict)
    seen: Mapping[str, str | None] = field(default_factory=dict)
    arriving: Mapping[str, str] = field(default_factory=dict)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What a person has to decide."""
        return tuple(one.conflict for one in self.verdicts if one.conflict is not None)

    @property
    def undecided(self) -> frozenset[str]:
        """Keys of what was skipped."""
        return frozenset(one.key for one in self.verdicts if one.action is Action.SKIP)

    @property
    def gone(self) -> int:
        """How many of what was read is on neither side any more."""
        return sum(one.is_agreed and one.text is None for one in self.verdicts)

    def count(self, *actions: Action) -> int:
        """How many verdicts there are of some kinds."""
        return sum(one.action in actions for one in self.verdicts)


class Planner:
    """Makes plans.

    Args:
        trees: reads entries.
        selection: what the store is given.
        wanted: ids of the entries that fit the selection's budget; None where there is none.
        settle: what a conflict comes to.
        sha256: whether the repository's ids are of that kind.
    """

    def __init__(
        self,
        trees: Trees,
        selection: Selection,
        settle: Settle,
        *,
        wanted: frozenset[str] | None = None,
        sha256: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._trees, self._selection, self._settle = trees, selection, settle
        self._wanted, self._sha256, self._progress = wanted, sha256, progress

    def plan(self, sides: Sides) -> Plan:
        """The plan for what is there now."""
        found = self._pairs(sides)
        troubles = _troubles(sides)
        pairs = with_renames({key: pair for key, pair in found.items() if key not in troubles}, sides.store)
        draft = _Draft()
        for done, pair in enumerate(pairs.values()):
            verdict = decide(pair, sides.store, settle=self._settle)
            try:
                self._add(draft, sides, pair, verdict)
            except (ShapeError, DocumentError) as error:  # the store's format cannot hold the entry
                self._add(draft, sides, pair, replace(verdict, action=Action.SKIP, why=error.message, is_agreed=False))
            self._progress(done + 1, len(pairs))
        for key, (path, why) in troubles.items():
            draft.keep(sides, key, path)
            draft.verdicts.append(Verdict(key=key, path=path, action=Action.SKIP, why=why, is_agreed=False))
        renamed = {pair.path for pair in pairs.values() if pair.head is not None}  # known by their old keys
        heads = (key for key, path in sides.head.paths.items() if path not in renamed)
        read = len({*sides.now, *heads, *pairs, *troubles})
        return draft.plan(read)

    def _pairs(self, sides: Sides) -> dict[str, Pair]:
        head_keys = {path: key for key, path in sides.head.paths.items()}
        base_keys = {path: key for key, path in sides.base.paths.items()}
        renamed = self._renamed(sides, head_keys, base_keys)
        keys = self._changed_keys(sides, head_keys, base_keys) | renamed.keys()
        moved = {head_keys[path] for path, _text in renamed.values()}
        keys -= moved - renamed.keys()
        base_paths = {key: sides.base.paths[key] for key in keys if key in sides.base.paths and key in sides.was}
        head_paths = {key: sides.head.paths[key] for key in keys if key in sides.head.paths and key not in moved}
        base = self._trees.load((path, sides.base.blobs[path]) for path in base_paths.values())
        head = self._trees.load((path, sides.head.blobs[path]) for path in head_paths.values())
        found = {}
        taken = {path.casefold() for path in sides.head.blobs}
        for key in sorted(keys):
            path = head_paths.get(key, base_paths.get(key, ""))
            entry, text = head.get(head_paths.get(key, "")), None
            ours = entry.text if isinstance(entry, Entry) else None
            if key in renamed:
                path, text = renamed[key]
                ours, text = text, _text(self._trees.load([(path, sides.head.blobs[path])])[path])
            found[key] = Pair(
                key=key,
                path=path or self._new_path(key, sides, taken),
                base=_text(base.get(base_paths.get(key, ""))),
                ours=ours,
                head=text,
                was=sides.was.get(key),
                now=sides.now.get(key),
                is_wanted=self._is_wanted(path, ours),
                base_path=base_paths.get(key, ""),
            )
        return found

    def _changed_keys(self, sides: Sides, head_keys: Mapping[str, str], base_keys: Mapping[str, str]) -> set[str]:
        if sides.changed is None:
            return {*sides.now, *sides.was, *sides.head.paths}
        keys = {key for key in sides.now.keys() | sides.was.keys() if sides.now.get(key) != sides.was.get(key)}
        for one in sides.changed:
            keys |= {base_keys.get(one.renamed_from or one.path, ""), head_keys.get(one.path, "")}
        return keys - {""}

    def _renamed(
        self, sides: Sides, head_keys: Mapping[str, str], base_keys: Mapping[str, str]
    ) -> dict[str, tuple[str, str]]:
        """Key -> path and text of entries whose file was renamed, and which take their old key with them."""
        found: dict[str, tuple[str, str]] = {}
        for one in sides.changed or ():
            before, after = base_keys.get(one.renamed_from, ""), head_keys.get(one.path, "")
            if not before or not after or before == after or before in sides.head.paths or after in sides.base.paths:
                continue
            entry = self._trees.load([(one.path, sides.head.blobs[one.path])])[one.path]
            name = sides.store.key_name
            if isinstance(entry, Entry) and not entry.front.get(name) and not entry.front.get("id"):
                found[before] = one.path, set_values(entry.text, {name: before})
        return found

    def _new_path(self, key: str, sides: Sides, taken: set[str]) -> str:
        """Where the entry of a record goes that the journal does not have."""
        if key not in sides.now:
            return ""
        try:
            stem = sides.store.create(key, sides.now[key]).stem
        except (ShapeError, DocumentError):
            return ""
        path = f"{sides.folder}/{stem}.md"
        if path.casefold() in taken:
            path = f"{sides.folder}/{stem}-{content_hash(key)[:8]}.md"
        taken.add(path.casefold())
        return path

    def _is_wanted(self, path: str, text: str | None) -> bool:
        entry = parse_entry(path, text) if text is not None else None
        if not isinstance(entry, Entry):
            return True
        return is_selected(entry, self._selection) and (self._wanted is None or entry.id in self._wanted)

    def _add(self, draft: _Draft, sides: Sides, pair: Pair, verdict: Verdict) -> None:
        """One verdict, and what it writes."""
        arriving = verdict.conflict.theirs if verdict.conflict else verdict.text
        if arriving is not None and arriving not in (pair.ours, pair.base):
            draft.arriving[pair.path or pair.key] = incoming(pair.base if pair.ours is None else pair.ours, arriving)
        if not verdict.is_agreed:
            draft.keep(sides, pair.was_key or pair.key, pair.path)
            draft.kept_chunks[pair.key] = sides.was.get(pair.key)  # under its new name it was not agreed on either
            draft.verdicts.append(verdict)
            return
        chunk = pair.now if verdict.action is Action.UNCHANGED else self._chunk(pair, verdict, sides.store)
        if verdict.text != (pair.ours if pair.head is None else pair.head):
            draft.entries[verdict.path] = verdict.text
        draft.seen[verdict.path] = verdict.seen
        if chunk != pair.now:
            draft.chunks[pair.key] = chunk
        if verdict.action in (Action.IN_STEP, Action.STORE_EDIT) and (chunk is None) == (pair.now is None):
            action = Action.IN_STEP if chunk == pair.now else Action.STORE_EDIT
            verdict = replace(verdict, action=action)
        draft.verdicts.append(verdict)

    def _chunk(self, pair: Pair, verdict: Verdict, store: Store[Any]) -> bytes | None:
        """The record's bytes after the sync."""
        if not verdict.in_store or verdict.text is None:
            return None
        entry = parse_entry(verdict.path, verdict.text)
        if not isinstance(entry, Entry):
            return pair.now
        if not self._is_wanted(verdict.path, verdict.text):
            return None
        blob = blob_id(verdict.text.encode(), sha256=self._sha256).decode()
        return store.render(store.get(entry), pair.now, Source(path=verdict.path, blob=blob))


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    verdicts: list[Verdict] = field(default_factory=list)
    entries: dict[str, str | None] = field(default_factory=dict)
    chunks: dict[str, bytes | None] = field(default_factory=dict)
    kept_entries: dict[str, str | None] = field(default_factory=dict)
    kept_chunks: dict[str, bytes | None] = field(default_factory=dict)
    seen: dict[str, str | None] = field(default_factory=dict)
    arriving: dict[str, str] = field(default_factory=dict)

    def keep(self, sides: Sides, key: str, path: str) -> None:
        """What is not agreed on stays in the base as it was."""
        before = sides.base.paths.get(key, "") if key in sides.was else ""
        self.kept_chunks[key] = sides.was.get(key)
        if path:
            self.kept_entries[path] = None
        if before:
            self.kept_entries[before] = sides.base.blobs[before]

    def plan(self, read: int) -> Plan:
        """The finished plan."""
        changed = (one for one in self.verdicts if one.action is not Action.UNCHANGED)
        return Plan(
            verdicts=tuple(sorted(changed, key=lambda one: one.key)),
            read=read,
            entries=self.entries,
            chunks=self.chunks,
            kept_entries=self.kept_entries,
            kept_chunks=self.kept_chunks,
            seen=self.seen,
            arriving=self.arriving,
        )


def _text(entry: object) -> str | None:
    return entry.text if isinstance(entry, Entry) else None


def _troubles(sides: Sides) -> dict[str, tuple[str, str]]:
    """Key -> path and what is wrong, of entries that nothing can be decided about: they stay as they are everywhere."""
    found = {}
    keys = {path: key for key, path in sides.base.paths.items()}
    for path, fault in sides.head.faults.items():
        found[keys.get(path, path)] = path, str(fault)
    heads = {path: key for key, path in sides.head.paths.items()}
    for path, first in sides.head.clashes.items():
        found[heads[first]] = path, f"{path} has the same id as {first}: {heads[first]}"
    return found
