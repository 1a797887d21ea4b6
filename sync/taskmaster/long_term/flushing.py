"""Writing to the journal what it is owed: one commit, whatever happens in between.

The order is what makes a crash anywhere harmless. Values that are objects are kept first. What is to be told to the
tiers is written down, then the branch moves: from there on the journal has the memories, and whoever comes next tells
the tiers. Until then nothing has happened, and the tiers still owe what they owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sync.engine.base import Base, NoBase, entries_tree, load_base, make_base
from sync.engine.guards import refuse_head
from sync.engine.journal_commit import commit, take_back
from sync.engine.messages import author_of
from sync.engine.tracked import conflict_changes, with_memories
from sync.errors import GitError, RetryError
from sync.repository.files import remove_leftovers
from sync.repository.listing import blob_id
from sync.repository.lock import lock
from sync.repository.objects import write_blobs
from sync.repository.refs import Head, RefUpdate, base_ref, read_head, update_refs
from sync.taskmaster.long_term.arriving import texts_of, without_dirty, without_secrets
from sync.taskmaster.long_term.deciding import Decided, Decider
from sync.taskmaster.long_term.gathering import Gatherer
from sync.taskmaster.long_term.intent import (
    Intent,
    drop_intent,
    is_committed,
    load_intent,
    load_told,
    save_intent,
    save_told,
)
from sync.taskmaster.long_term.keeping import object_files, without_unkept
from sync.taskmaster.long_term.messages import message_of
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.port import SETTLED, Flushed, Followed, Outcome, Told
from sync.taskmaster.long_term.resolved import Settler
from sync.taskmaster.long_term.store import STORE
from sync.taskmaster.long_term.telling import Teller
from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.tiers.protocol import Held, TierDownError

_TRIES = 3
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person who flushes has asked for and allowed; see `LongTerm.flush`."""

    deletes: int | None = None
    shallow: bool = False
    message: str = ""


class Flusher:
    """Flushes.

    Args:
        parts: the journal and the tiers.
        teller: tells the tiers.
    """

    def __init__(self, parts: Parts, teller: Teller) -> None:
        self._parts, self._teller = parts, teller

    def flush(self, asked: Asked) -> Flushed:
        """Write what is owed; see `LongTerm.flush`."""
        with lock(self._parts.state_folder):
            for left in reversed(range(_TRIES)):
                try:
                    return self._flush(asked)
                except TierDownError:
                    raise
                except RetryError:  # somebody has moved the branch
                    if not left:
                        raise
        raise AssertionError("unreachable")

    def _flush(self, asked: Asked) -> Flushed:
        parts = self._parts
        head = read_head(parts.location)
        remove_leftovers([parts.state_folder])
        take_back(parts.repository, head)
        refuse_head(
            branch=head.branch, in_progress=head.in_progress, is_shallow=head.is_shallow, allow_shallow=asked.shallow
        )
        late = self._recovered(head)
        followed = self._teller.follow(allow_deletes=asked.deletes)
        self._teller.renew(late)
        if parts.catalogue.commit() != (head.commit or ""):
            raise RetryError(f"{head.branch} was moved by somebody else", hint="run the command again")
        owed = self._owed()
        if owed:
            done = self._written(head, owed, followed, asked.message)
        else:
            done = Flushed(owed=0, commit=head.commit or "", followed=followed)
        return replace(done, faults=tuple(one.fault for one in parts.follower.faults()), refusal=self._teller.refusal())

    def _written(self, head: Head, owed: Sequence[Held], followed: Followed | None, message: str) -> Flushed:
        parts = self._parts
        base = load_base(parts.root, STORE, base_ref(STORE))
        last = load_told(parts.state_folder, parts.root)
        settler = Settler(parts.root, parts.settings, head.commit, base)
        cases = Gatherer(parts.reading, parts.catalogue, parts.follower.faults(), last).gather(head.commit, owed)
        decider = Decider(parts.reading.zone, settler, parts.object_bytes)
        decided = without_secrets(parts.root, parts.settings, [decider.decide(one) for one in cases])
        decided = without_unkept(parts, without_dirty(parts.root, decided))
        self._refuse_imbalance(owed, decided)
        intent = self._intent(head, decided, last)
        after = self._commit(head, base, settler, decided, intent, message_of(decided, intent.token, message))
        self._teller.wrote(head, after, decided)
        intent = self._intent(after, decided, last)
        self._teller.settle(intent, decided)
        self._agree(head, after, base, decided)
        save_told(parts.state_folder, parts.root, intent)
        return Flushed(
            owed=len(owed),
            told=tuple(_told(one) for one in decided),
            commit=after.commit or "",
            is_new=after.commit != head.commit,
            followed=followed,
        )

    def _commit(
        self,
        head: Head,
        base: Base | NoBase,
        settler: Settler,
        decided: Sequence[Decided],
        intent: Intent,
        message: str,
    ) -> Head:
        """One commit of everything that changes; the same head where nothing does."""
        parts, settings = self._parts, self._parts.settings
        conflicts = [one.conflict for one in decided if one.conflict is not None]
        left = base.open if isinstance(base, Base) else frozenset()
        undecided = {
            parts.key_of(one.case.id) for one in decided if one.outcome in (Outcome.WAITING, Outcome.HELD_BACK)
        }
        recorded = conflict_changes(settings, settler.recorded, left, conflicts, undecided) if conflicts or left else {}
        texts = texts_of(decided)
        if not texts and not recorded:
            return head
        objects = object_files(parts, head.commit, decided)
        known = {one.case.path: one.case.blob for one in decided if one.case.blob}
        memories = with_memories(parts.root, head.commit, settings, texts, known)
        generated = {} if memories is None else {settings.memories: memories}
        contents = {path: None if text is None else text.encode() for path, text in texts.items()}
        write_blobs(parts.root, [text.encode() for text in _seen(decided).values()])
        save_intent(parts.state_folder, parts.root, intent)
        return commit(
            parts.repository, head, {**contents, **objects, **generated, **recorded}, message,
            author=author_of(STORE), generated=tuple(generated), known=known,
        )  # fmt: skip

    def _intent(self, head: Head, decided: Sequence[Decided], last: Intent | None) -> Intent:
        """What the working tier is told: of each memory that is settled its version, and the entry that says it."""
        sha256 = len(head.commit or "") == 64
        versions: dict[MemoryId, int] = {}
        bases: dict[MemoryId, str] = {}
        for one in decided:
            id_, held = one.case.id, one.case.held
            if one.outcome in SETTLED:
                versions[id_] = held.memory.version
                if one.seen is not None:
                    bases[id_] = blob_id(one.seen.encode(), sha256=sha256).decode()
                elif one.record is None:
                    bases[id_] = ""
            elif last is not None and held.base != one.case.stated:  # its base is known from the last flush alone
                versions[id_], bases[id_] = last.versions[id_], held.base
        return Intent(versions=versions, bases=bases, befores={one.case.id: one.case.stated for one in decided})

    def _recovered(self, head: Head) -> list[MemoryId]:
        """Tell what a flush did not live to tell; returns the memories that it was about."""
        parts = self._parts
        intent = load_intent(parts.state_folder, parts.root)
        if intent is None:
            return []
        if not is_committed(parts.root, head.commit, intent):
            drop_intent(parts.state_folder, parts.root)  # nothing of it came about
            return []
        self._teller.settle_working(intent)
        save_told(parts.state_folder, parts.root, intent)
        return list(intent.versions)

    def _owed(self) -> list[Held]:
        found: list[Held] = []
        while page := self._parts.working.owed(Tier.LONG, _PAGE, after=found[-1].memory.id if found else None):
            found += page
        return found

    def _agree(self, head: Head, after: Head, base: Base | NoBase, decided: Sequence[Decided]) -> None:
        """Move the base: it keeps what memories were merged from, and tells which conflicts are open."""
        parts = self._parts
        still = base.open if isinstance(base, Base) else frozenset()
        left = frozenset(one.conflict.id for one in decided if one.conflict is not None)
        if after.commit is None or (after.commit == head.commit and left == still):
            return
        sha256 = len(after.commit) == 64
        blobs = {path: blob_id(text.encode(), sha256=sha256).decode() for path, text in _seen(decided).items()}
        entries = entries_tree(parts.root, after.commit, parts.settings.entries, blobs)
        made = make_base(
            parts.root, STORE, previous=base, entries=entries, files={}, undo={}, journal=after.commit,
            facts={
                "format": "taskmaster-memory/1", "made_from": "", "is_whole": not left, "count": len(decided),
                "place": "the tiers", "open": sorted(left), "since": head.commit or "", "run": "", "step": 0,
            },
        )  # fmt: skip
        old = base.commit if isinstance(base, Base) else base.ref
        update_refs(parts.root, [RefUpdate(name=base_ref(STORE), new=made, old=old)], reason="journal flush")

    def _refuse_imbalance(self, owed: Sequence[Held], decided: Sequence[Decided]) -> None:
        """Every memory that was owed is told once; a bug must not become a loss."""
        if [one.memory.id for one in owed] != [one.case.id for one in decided]:
            raise GitError(f"{len(owed)} memories were owed, {len(decided)} are told: a bug", hint="please report it")


def _seen(decided: Sequence[Decided]) -> dict[str, str]:
    """What memories were merged from, where no commit has it: path -> the entry's text."""
    return {one.case.path: one.seen for one in decided if one.outcome is Outcome.MERGED and one.seen is not None}


def _told(one: Decided) -> Told:
    conflict = one.conflict.id if one.conflict else ""
    return Told(
        id=one.case.id, outcome=one.outcome, path=one.case.path, why=one.why, hint=one.hint, conflict=conflict
    )  # fmt: skip
