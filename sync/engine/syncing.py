"""One store's sync: read, plan, guard, commit, write, agree. The order is what makes a crash anywhere harmless.

Until the branch has moved, nothing has happened. Once it has, the journal holds what the store said; a run that dies
before the store is written finds both changed and equal. The base moves last, when both sides are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from sync.document.settings import Settings
from sync.engine.base import Base, NoBase, entries_tree, load_base, make_base
from sync.engine.conflict import Conflict
from sync.engine.decide import Settle, unsettled
from sync.engine.guards import Allowed, refuse_plan
from sync.engine.journal_commit import Journal, commit, put_in_work_tree
from sync.engine.messages import TRAILER, author_of, message_of
from sync.engine.place import Place, Written, read_whole, refuse_unusable, write_place
from sync.engine.plan import Plan, Planner, Sides
from sync.engine.sides import SidesSource, next_sides, read_sides
from sync.engine.tracked import conflict_changes, open_conflicts, with_memories
from sync.engine.tree import Trees
from sync.errors import GitError, RefusedError, RetryError
from sync.repository.listing import blob_id
from sync.repository.objects import list_tree, resolve
from sync.repository.refs import Head, RefUpdate, base_ref, update_refs
from sync.stores.protocol import Files

ROUNDS = 10
"""How often a store that others write to at the same time is taken up again before the run gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person wants.

    Attributes:
        settle: what a conflict comes to.
        allowed: what they have allowed beyond the usual.
        is_dry: nothing is written.
        commits: whether the journal's part is committed; else it stays in the work tree and the base where it is.
        is_restored: a store that is gone is written anew, as if there had been no agreement.
        refuse_secrets: raises RefusedError where incoming text, key -> text, holds a secret.
        progress: told how many records have been decided.
    """

    settle: Settle = unsettled
    allowed: Allowed = field(default_factory=Allowed)
    is_dry: bool = False
    commits: bool = True
    is_restored: bool = False
    refuse_secrets: Callable[[Mapping[str, str]], None] = lambda _texts: None
    progress: Callable[[int, int], None] = lambda _done, _total: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What one store's sync did, or would do.

    Attributes:
        plan: what was decided.
        head: where the branch is afterwards.
        has_base: whether there was an agreement before.
        note: why there was none, if that is not a first run.
        conflicts: what is left to a person.
        rounds: how often the store was taken up, because others wrote to it.
    """

    plan: Plan
    head: Head
    has_base: bool
    note: str = ""
    conflicts: tuple[Conflict, ...] = ()
    rounds: int = 1


class StoreSync:
    """The sync of one store with one journal.

    Args:
        journal: the repository.
        settings: the journal's settings.
        place: where the store lies.
        trees: reads the entries, for this store.
        options: what the person wants.
    """

    def __init__(self, journal: Journal, settings: Settings, place: Place, trees: Trees, options: Options) -> None:
        self._journal, self._settings, self._place = journal, settings, place
        self._trees, self._options = trees, options
        self._folder = settings.entries
        self._store = place.store
        self._source = SidesSource(root=journal.root, trees=trees, store=place.store, folder=settings.entries)

    def run(self, head: Head) -> Synced | None:
        """Sync with the branch's commit.

        Returns:
            What was done; None where the store is not on this machine.

        Raises:
            RefusedError: a guard; nothing was written.
            RetryError: somebody else was at work; what was written is whole, and the next run goes on from it.
        """
        refuse_unusable(self._place)
        base = load_base(self._journal.root, self._store.name)
        files = read_whole(self._place)
        if isinstance(base, Base) and not files and base.store:
            base = self._restored(base)
        elif files is None:
            return None
        if (done := self._nothing_to_do(head, base, files)) is not None:
            return done
        sides = read_sides(self._source, head, base, files or {}, made_from=self._made_from)
        for rounds in range(1, ROUNDS + 1):
            plan = self._plan(sides, base)
            refuse_plan(sides, plan, self._options.allowed)
            self._options.refuse_secrets(plan.arriving)
            if self._options.is_dry:
                return self._synced(plan, head, base, rounds)
            head = self._commit(head, plan)
            changes = self._store.join(sides.files, plan.chunks)
            _refuse_imbalance(sides, plan, {**sides.files, **changes})
            try:
                written = write_place(self._place, sides.files, changes)
            except RetryError:
                sides = next_sides(self._source, head, plan, sides, read_whole(self._place) or {})
                continue
            if written.others is None:
                head = self._commit_store(head, written.present)
                self._agree(head, base, plan, read=files or {}, written=written)
                return self._synced(plan, head, base, rounds)
            sides = self._taken_up(head, plan, sides, written)
        hint = "what was synced is kept; run the command again when it is quiet"
        raise RetryError(f"{self._place.shown} is being written all the time", hint=hint)

    def _restored(self, base: Base) -> NoBase:
        """No base, for a store that is gone and is to be written anew."""
        if not self._options.is_restored:
            name = self._store.name
            hint = f"put it back, or write it anew from the journal: journal sync --store {name} --restore"
            raise RefusedError(f"{name}: the store is gone: {self._place.shown}", hint=hint)
        return NoBase(reason="the store was gone", ref=base.commit)

    def _nothing_to_do(self, head: Head, base: Base | NoBase, files: Files | None) -> Synced | None:
        """A result without a look at any record, where neither side has moved since they agreed on everything."""
        if isinstance(base, NoBase) or files is None or not base.is_whole or base.made_from != self._made_from:
            return None
        if base.entries != resolve(self._journal.root, [f"{head.commit}:{self._folder}"])[0]:
            return None
        sha256 = len(base.entries) == 64
        if {name: blob_id(data, sha256=sha256).decode() for name, data in files.items()} != dict(base.store):
            return None
        return Synced(plan=Plan(verdicts=(), read=base.count), head=head, has_base=True)

    @property
    def _made_from(self) -> str:
        """Everything besides the entries that the store's records depend on."""
        return repr((self._store.version, self._settings.view, self._settings.store(self._store.name).selection))

    def _plan(self, sides: Sides, base: Base | NoBase) -> Plan:
        planner = Planner(
            self._trees,
            self._settings.store(self._store.name).selection,
            self._options.settle,
            sha256=isinstance(base, Base) and len(base.entries) == 64,
            progress=self._options.progress,
        )
        return planner.plan(sides)

    def _commit(self, head: Head, plan: Plan) -> Head:
        root, settings, store = self._journal.root, self._settings, self._store.name
        contents: dict[str, bytes | None] = {
            path: None if text is None else text.encode() for path, text in plan.entries.items()
        }
        if not self._options.commits:
            put_in_work_tree(self._journal, head, contents)
            return head
        memories = with_memories(root, head.commit, settings, plan.entries)
        generated = {} if memories is None else {settings.memories: memories}
        recorded = conflict_changes(settings, open_conflicts(root, head.commit, settings), store, plan.conflicts)
        return commit(
            self._journal,
            head,
            {**contents, **generated, **recorded},
            message_of(store, plan),
            author=author_of(store),
            generated=tuple(generated),
        )

    def _commit_store(self, head: Head, files: Files) -> Head:
        """Commit the files of a store that is kept in the repository itself."""
        inside = self._place.inside
        if inside is None or head.commit is None or not self._options.commits:
            return head
        tracked = list_tree(self._journal.root, head.commit, inside)
        wanted = {f"{inside}/{name}": data for name, data in files.items()}
        if self._place.file:
            tracked = {path: blob for path, blob in tracked.items() if path == f"{inside}/{self._place.file}"}
        if not tracked:
            return head
        gone = dict.fromkeys(path for path in tracked if self._store.is_part(PurePosixPath(path).name))
        message = f"Write {self._store.name}\n\n{TRAILER}: {self._store.name}\n"
        return commit(
            self._journal, head, {**gone, **wanted}, message, author=author_of(self._store.name), written=True
        )

    def _taken_up(self, head: Head, plan: Plan, sides: Sides, written: Written) -> Sides:
        """The sides after others wrote at the same moment: what they wrote counts as said to what the store was."""
        others = written.others or {}
        return replace(next_sides(self._source, head, plan, sides, others), files=written.present)

    def _agree(self, head: Head, base: Base | NoBase, plan: Plan, *, read: Files, written: Written) -> None:
        """Move the base to what both sides hold now."""
        if head.commit is None or not self._options.commits:
            return
        root, store = self._journal.root, self._store
        kept = store.join(written.present, plan.kept_chunks) if plan.kept_chunks else {}
        files = {name: data for name, data in {**written.present, **kept}.items() if data is not None}
        made = make_base(
            root,
            store.name,
            previous=base,
            entries=entries_tree(root, head.commit, self._folder, plan.kept_entries),
            files=files,
            read=read,
            journal=head.commit,
            facts={
                "format": store.version,
                "made_from": self._made_from,
                "is_whole": not plan.kept_chunks,
                "count": plan.read,
            },
        )
        old = base.commit if isinstance(base, Base) else base.ref
        update_refs(root, [RefUpdate(name=base_ref(store.name), new=made, old=old)], reason="journal sync")

    def _synced(self, plan: Plan, head: Head, base: Base | NoBase, rounds: int) -> Synced:
        return Synced(
            plan=plan,
            head=head,
            has_base=isinstance(base, Base),
            note=base.reason if isinstance(base, NoBase) else "",
            conflicts=plan.conflicts,
            rounds=rounds,
        )


def _refuse_imbalance(sides: Sides, plan: Plan, files: Mapping[str, bytes | None]) -> None:
    """Every record that was there is there, or its absence was decided; a bug must not become a loss."""
    present = sides.store.split({name: data for name, data in files.items() if data is not None}) if plan.chunks else {}
    if not plan.chunks:
        return
    expected = {key for key in sides.now if plan.chunks.get(key, b"") is not None}
    expected |= {key for key, chunk in plan.chunks.items() if chunk is not None}
    if present.keys() != expected:
        odd = min(present.keys() ^ expected)
        raise GitError(f"{sides.store.name}: the result does not balance at {odd!r}, nothing was written to the store")
