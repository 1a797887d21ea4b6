"""What becomes of one memory that the journal is owed: decided from texts alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

from sync.document.entry import Entry, parse_entry
from sync.engine.conflict import Conflict
from sync.engine.decide import decide
from sync.engine.verdict import Action, Pair, Settle, Verdict
from sync.errors import DocumentError, ShapeError
from sync.taskmaster.long_term.merging import Merger
from sync.taskmaster.long_term.port import Outcome
from sync.taskmaster.long_term.record import OBJECT_BYTES, MemoryRecord, chunk_of, record_of, store_key
from sync.taskmaster.long_term.store import STORE, MemoryStore, memory_id, read_memory
from sync.taskmaster.memory import OBJECT, MemoryId
from sync.taskmaster.tiers.protocol import Held

_OUTCOMES = {
    Action.JOURNAL_ADD: Outcome.WRITTEN,
    Action.JOURNAL_EDIT: Outcome.WRITTEN,
    Action.MERGE: Outcome.MERGED,
    Action.JOURNAL_DELETE: Outcome.DELETED,
    Action.STORE_DELETE: Outcome.DELETED,
    Action.CONFLICT: Outcome.CONFLICT,
    Action.SKIP: Outcome.HELD_BACK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of one memory that the journal is owed.

    Attributes:
        held: the memory as the working tier holds it, forgotten or not.
        path: its entry's; where it would be if there is none.
        base: the text of the entry that the writer knew; None where there was none, or it is lost.
        ours: the entry's text in the journal; None where there is none.
        blob: Git's id of `ours`; empty where there is none.
        trouble: why nothing can be decided: the entry cannot be read; empty where it can.
        is_long: whether the entry's name has more of the hash.
        stated: Git's id of the entry that the working tier takes for the base.
    """

    held: Held
    path: str
    base: str | None = None
    ours: str | None = None
    blob: str = ""
    trouble: str = ""
    is_long: bool = False
    stated: str = ""

    @property
    def id(self) -> MemoryId:
        """The memory's."""
        return self.held.memory.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is to become of one memory.

    Attributes:
        case: it.
        outcome: see there.
        text: the entry's text afterwards; None where there is none then.
        seen: the entry as the memory has it: the base of what is written next.
        record: what the memory says; None where it is forgotten.
        known: what the journal says, else what the writer knew of it; None where there is neither.
        why, hint: for people; may be empty.
        conflict: what a person has to decide.
        settled: id of the conflict that somebody has decided.
    """

    case: Case
    outcome: Outcome
    text: str | None = None
    seen: str | None = None
    record: MemoryRecord | None = None
    known: MemoryRecord | None = None
    why: str = ""
    hint: str = ""
    conflict: Conflict | None = None
    settled: str = ""

    @property
    def changes(self) -> bool:
        """Whether the entry changes."""
        return self.outcome in (Outcome.WRITTEN, Outcome.MERGED, Outcome.DELETED) and self.text != self.case.ours

    @property
    def brings_object(self) -> bool:
        """Whether a value has to be kept as an object, which is not one yet."""
        is_new = self.record is not None and self.record.is_object and OBJECT not in self.case.held.memory.metadata
        return is_new and (self.changes or self.conflict is not None)


class Decider:
    """Decides about memories, one by one.

    Args:
        zone: the time zone of entries that name none.
        settle: what a conflict comes to.
        object_bytes: a longer value is an object.
    """

    def __init__(self, zone: tzinfo, settle: Settle, object_bytes: int = OBJECT_BYTES) -> None:
        self._zone, self._settle, self._object_bytes = zone, settle, object_bytes
        self._merge = Merger(zone)

    def decide(self, case: Case) -> Decided:
        """What is to become of one memory; never an error, whatever a person has written."""
        record = self._record(case)
        if case.trouble:
            return Decided(
                case=case, outcome=Outcome.WAITING, record=record, why=case.trouble, hint="mend it and commit"
            )
        try:
            return self._decided(case, record)
        except (ShapeError, DocumentError) as error:
            hint = error.hint or "remember it otherwise, or edit the entry by hand"
            return Decided(case=case, outcome=Outcome.HELD_BACK, record=record, why=error.message, hint=hint)

    def _record(self, case: Case) -> MemoryRecord | None:
        memory = case.held.memory
        return None if memory.is_forgotten else record_of(memory, object_bytes=self._object_bytes)

    def _decided(self, case: Case, record: MemoryRecord | None) -> Decided:
        ours = self._read(case.path, case.ours)
        before = ours if case.base == case.ours else self._read(case.path, case.base)
        base = case.base if before and before.id == case.id else None
        known = ours or before
        if record is None and ours is None:
            return Decided(case=case, outcome=Outcome.IN_STEP)
        if ours is not None and ours == record:
            return Decided(case=case, outcome=Outcome.IN_STEP, text=case.ours, seen=case.ours, record=record)
        store = MemoryStore(self._zone, long=case.is_long)
        if record is None and base is None:
            return self._unknown_deletion(case)
        if record is not None and (new := self._alone(case, base, store, record)) is not None:
            return Decided(case=case, outcome=Outcome.WRITTEN, text=new, seen=new, record=record, known=known)
        pair = Pair(
            key=store_key(case.id), path=case.path, base=base, ours=case.ours, was=None,
            now=None if record is None else chunk_of(record),
        )  # fmt: skip
        return replace(
            self._told(case, record, decide(pair, store, settle=self._settle, merge=self._merge)), known=known
        )

    def _alone(self, case: Case, base: str | None, store: MemoryStore, record: MemoryRecord) -> str | None:
        """The entry of a memory that nobody else has touched; None where somebody has."""
        if base is None and case.ours is None:
            return store.create(store_key(record.id), chunk_of(record)).text
        if base is None or case.ours != base:
            return None
        return store.put(record, _entry(case.path, base)).text

    def _unknown_deletion(self, case: Case) -> Decided:
        """Forgotten, and nothing tells which value was: what the journal has survives until a person decides."""
        conflict = Conflict(store=STORE, key=store_key(case.id), path=case.path, base=None, ours=case.ours, theirs=None)
        text = self._settle(conflict)
        if isinstance(text, Conflict):
            return Decided(
                case=case, outcome=Outcome.CONFLICT, text=case.ours, why="forgotten, but unknown is which value",
                hint=f"journal resolve {conflict.id}", conflict=conflict,
            )  # fmt: skip
        outcome = Outcome.DELETED if text is None else Outcome.IN_STEP
        return Decided(case=case, outcome=outcome, text=text, settled=conflict.id)

    def _told(self, case: Case, record: MemoryRecord | None, verdict: Verdict) -> Decided:
        outcome = _OUTCOMES.get(verdict.action, Outcome.IN_STEP)
        done = Decided(
            case=case, outcome=outcome, text=verdict.text, seen=verdict.seen, record=record, conflict=verdict.conflict,
            settled=verdict.settled,
        )  # fmt: skip
        if outcome is Outcome.CONFLICT and verdict.conflict is not None:
            return replace(done, why=verdict.why, hint=f"journal resolve {verdict.conflict.id}")
        if outcome is Outcome.HELD_BACK:
            return replace(done, why=verdict.why, hint="remember it otherwise, or edit the entry by hand")
        if verdict.action is Action.STORE_DELETE:
            return replace(done, why="deleted in the journal, and not changed since")
        return done

    def _read(self, path: str, text: str | None) -> MemoryRecord | None:
        entry = parse_entry(path, text) if text is not None else None
        found = read_memory(entry, self._zone) if isinstance(entry, Entry) and memory_id(entry) else None
        return found if isinstance(found, MemoryRecord) else None


def _entry(path: str, text: str) -> Entry:
    entry = parse_entry(path, text)
    if not isinstance(entry, Entry):
        raise DocumentError(str(entry), key=entry.key, hint=entry.hint)
    return entry
