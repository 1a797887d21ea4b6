"""Telling the tiers what the journal says, after it moved and after a flush."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sync.document.entry import Entry, parse_entry
from sync.errors import RefusedError
from sync.repository.listing import blob_id
from sync.repository.refs import Head
from sync.taskmaster.long_term.copies import ALWAYS, copy_of
from sync.taskmaster.long_term.deciding import Decided
from sync.taskmaster.long_term.following import Progress
from sync.taskmaster.long_term.intent import Intent
from sync.taskmaster.long_term.kept import is_marked_kept, kept_refusal, mark_kept, unmark_kept
from sync.taskmaster.long_term.loading import LoadingCatalogue
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.port import Followed, Outcome
from sync.taskmaster.long_term.reading import Found
from sync.taskmaster.long_term.record import MemoryRecord
from sync.taskmaster.long_term.renewing import Renewer
from sync.taskmaster.long_term.store import read_memory
from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.writing import Write

_AT_ONCE = 500


class Teller:
    """Tells the catalogue and the tiers.

    Args:
        parts: the journal and the tiers.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        loading = LoadingCatalogue(parts.catalogue, parts.objects)
        self._renewer = Renewer(loading, parts.working, parts.short)

    def follow(
        self, progress: Progress = lambda _done, _total: None, *, allow_deletes: int | None = None
    ) -> Followed | None:
        """Let catalogue and tiers follow HEAD; None where nothing has moved.

        Args:
            progress: see `Follower.follow`.
            allow_deletes: so many copies may go at once. Copies that were kept for want of it go too.
        """
        followed = self._parts.follower.follow(progress)
        ids = [write.memory.id for write in followed.writes] + list(followed.gone) if followed else []
        may_drop = followed is None or followed.refusal is None or self._is_allowed(followed, allow_deletes)
        done = self._renewer.renew(ids, followed.gone if followed else {}, may_drop=may_drop)
        if not may_drop:
            mark_kept(self._parts.state_folder)
        if allow_deletes is not None and len(orphans := self._renewer.orphans()) <= allow_deletes:
            late = self._renewer.renew(orphans, orphans)
            done = replace(done, dropped=(*done.dropped, *late.dropped))
            unmark_kept(self._parts.state_folder)
        if followed is None:
            return None
        refusal = None if may_drop else followed.refusal
        return replace(followed, renewed=done.renewed, dropped=done.dropped, refusal=refusal)

    def refusal(self) -> RefusedError | None:
        """Why copies are still kept whose entries are gone, whoever followed then; None where none are."""
        folder = self._parts.state_folder
        if not is_marked_kept(folder):
            return None
        if orphans := self._renewer.orphans():
            return kept_refusal(len(orphans))
        unmark_kept(folder)
        return None

    def wrote(self, head: Head, after: Head, decided: Sequence[Decided]) -> None:
        """Show in the catalogue what was just committed.

        Args:
            head, after: where the branch was, and is.
            decided: what was committed.
        """
        parts, before, commit = self._parts, head.commit or "", after.commit or ""
        changed = [one for one in decided if one.changes]
        if before == commit:
            return
        gone = [one.case.id for one in changed if one.text is None]
        if not parts.follower.faults():
            writes = self._copies([one for one in changed if one.text is not None], sha256=len(commit) == 64)
            if parts.catalogue.follow(commit, before, writes, gone):
                return
        parts.follower.follow()

    def settle(self, intent: Intent, decided: Sequence[Decided]) -> None:
        """Tell the working tier what it owes no longer; copies of what was merged take the journal's value."""
        self.settle_working(intent)
        deleted = (one for one in decided if one.outcome is Outcome.DELETED)
        self._renewer.renew(_differing(decided), {one.case.id: one.case.held.memory.version for one in deleted})

    def settle_working(self, intent: Intent) -> None:
        """Tell the working tier what it owes no longer, a part at a time: a server's time limit is for one call."""
        ids = list(intent.versions)
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            versions = {id_: intent.versions[id_] for id_ in part}
            bases = {id_: intent.bases[id_] for id_ in part if id_ in intent.bases}
            self._parts.working.settle(Tier.LONG, versions, bases)

    def renew(self, ids: Collection[MemoryId]) -> None:
        """Let copies of some memories say what the catalogue shows."""
        if ids:
            self._renewer.renew(ids, {})

    def _copies(self, changed: Sequence[Decided], *, sha256: bool) -> list[Write]:
        present = self._parts.catalogue.get([one.case.id for one in changed], ALWAYS) if changed else {}
        writes = []
        for one in changed:
            record, known = self._record(one)
            if record is not None:
                blob = blob_id((one.text or "").encode(), sha256=sha256).decode()
                found = Found(path=one.case.path, blob=blob, record=record)
                writes.append(copy_of(found, present.get(one.case.id), known))
        return writes

    def _record(self, one: Decided) -> tuple[MemoryRecord | None, Memory | None]:
        """What an entry says that was just written; and the memory, where it says the same."""
        if one.outcome is Outcome.WRITTEN and one.text == one.seen:
            return one.record, one.case.held.memory
        entry = parse_entry(one.case.path, one.text or "")
        found = read_memory(entry, self._parts.reading.zone) if isinstance(entry, Entry) else None
        return (found if isinstance(found, MemoryRecord) else None), None

    @staticmethod
    def _is_allowed(followed: Followed, allow_deletes: int | None) -> bool:
        return allow_deletes is not None and len(followed.gone) <= allow_deletes


def _differing(decided: Sequence[Decided]) -> list[MemoryId]:
    """Memories of which the journal now says something else than the tiers wrote."""
    settled = (Outcome.MERGED, Outcome.DELETED, Outcome.IN_STEP, Outcome.WRITTEN)
    return [one.case.id for one in decided if one.outcome in settled and (one.text != one.seen or one.text is None)]
