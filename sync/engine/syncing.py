"""One store's sync: read, plan, guard, commit, write, agree. The order is what makes a crash anywhere harmless.

Until the branch has moved, nothing has happened. Once it has, the journal holds what the store said; a run that dies
before the store is written finds both changed and equal. The base moves last, when both sides are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sync.document.settings import Settings
from sync.engine.base import Base, NoBase, entries_tree, holds, load_base, make_base
from sync.engine.budget import fitting
from sync.engine.guards import refuse_plan
from sync.engine.journal_commit import Journal, commit, put_in_work_tree
from sync.engine.messages import TRAILER, author_of, message_of
from sync.engine.options import Options, Synced
from sync.engine.place import Place, read_place, read_whole, refuse_unusable, write_place
from sync.engine.plan import Plan, Planner, Sides
from sync.engine.recalling import without_recalled
from sync.engine.sides import SidesSource, differing, next_sides, plan_after, read_sides
from sync.engine.tracked import conflict_changes, open_conflicts, refuse_staged_store, tracked_store, with_memories
from sync.engine.tree import Trees
from sync.engine.verdict import Action
from sync.errors import GitError, RefusedError, RetryError
from sync.repository.objects import resolve
from sync.repository.refs import Head, RefUpdate, update_refs
from sync.stores.protocol import Chunks, Files

ROUNDS = 10
"""How often a store that others write to at the same time is taken up again before the run gives up."""


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
        refuse_unusable(self._place, self._journal.root)
        self._since = self._options.since or head.commit or ""
        self._recorded: frozenset[str] = frozenset()  # conflicts, by the rounds so far
        base = self._base()
        files = read_place(self._place)
        if isinstance(base, Base) and not files and base.store:
            base = self._restored(base)
        elif files is None:
            return None
        if isinstance(base, Base) and files and self._is_in_step(head, base, files):
            return Synced(plan=Plan(verdicts=(), read=base.count), head=head, base=base)
        base, sides = self._read_sides(head, base, read_whole(self._place, files) or {})
        return self._run(head, base, sides)

    def _run(self, head: Head, base: Base | NoBase, sides: Sides) -> Synced:
        """Rounds of plan, commit and write, until nobody else has written to the store meanwhile."""
        first, plan = sides.now, Plan(verdicts=(), read=0)
        for _ in range(ROUNDS):
            done, plan = plan.verdicts, self._plan(sides, head)
            refuse_plan(sides, plan, self._options.allowed)
            self._options.refuse_secrets(plan.arriving)
            plan = plan_after(plan, done)
            if self._options.is_dry:
                return self._synced(plan, head, base)
            wanted = {key: chunk for key, chunk in {**sides.now, **plan.chunks}.items() if chunk is not None}
            changes = self._store.join(sides.files, differing(self._store.split(sides.files), wanted))
            self._refuse_imbalance(sides.files, changes, wanted)
            if changes and self._options.commits:
                refuse_staged_store(self._journal.root, head.commit, self._place)
            head = self._commit(head, base, plan, sides.head.blobs)
            try:
                written = write_place(self._place, sides.files, changes)
            except RetryError:
                sides = next_sides(self._source, head, plan, sides, read_whole(self._place) or {})
                continue
            if written.others is None:
                head = self._commit_store(head, written.present)
                same = self._agree(head, base, plan, sides, undo=differing(wanted, first), files=written.present)
                return replace(self._synced(plan, head, base), base=same)
            # What others wrote at the same moment counts as said to what the store was; the file to replace is ours.
            others = next_sides(self._source, head, plan, sides, written.others)
            sides = replace(others, files=written.present)
        hint = "what was synced is kept; run the command again when it is quiet"
        raise RetryError(f"{self._place.shown} is being written all the time", hint=hint)

    def _read_sides(self, head: Head, base: Base | NoBase, files: Files) -> tuple[Base | NoBase, Sides]:
        """The sides; a base that turns out to be incomplete is none."""
        made_from = self._options.made_from
        if isinstance(base, Base):
            try:
                return base, read_sides(self._source, head, base, files, made_from=made_from)
            except GitError:
                base = NoBase(reason="its base is damaged, or cut off by a shallow clone", ref=base.commit)
        return base, read_sides(self._source, head, base, files, made_from=made_from)

    def _base(self) -> Base | NoBase:
        base = load_base(self._journal.root, self._store.name, self._place.ref)
        if isinstance(base, Base) and base.place != self._place.identity:
            return NoBase(reason=f"its base is that of another place, {base.place}", ref=base.commit)
        return base

    def _restored(self, base: Base) -> NoBase:
        """No base, for a store that is gone and is to be written anew."""
        if not self._options.is_restored:
            name = self._store.name
            hint = f"put it back, or write it anew from the journal: journal sync --store {name} --restore"
            raise RefusedError(f"{name}: the store is gone: {self._place.shown}", hint=hint)
        return NoBase(reason="the store was gone", ref=base.commit)

    def _is_in_step(self, head: Head, base: Base, files: Files) -> bool:
        """Whether neither side has moved since they agreed on everything; no record is looked at."""
        entries = resolve(self._journal.root, [f"{head.commit}:{self._folder}"])[0]
        same = base.is_whole and base.made_from == self._options.made_from and base.entries == entries
        return same and holds(base, files)

    def _plan(self, sides: Sides, head: Head) -> Plan:
        selection = self._settings.store(self._store.name).selection
        wanted = fitting(self._trees, sides.head, self._store, selection, self._settings.view)
        if wanted is not None:  # one entry more can push out any other
            sides = replace(sides, changed=None)
        planner = Planner(
            self._trees,
            selection,
            self._options.settle,
            wanted=wanted,
            sha256=len(head.commit or "") == 64,
            progress=self._options.progress,
        )
        return without_recalled(planner.plan(sides), sides, self._options.recognise)

    def _commit(self, head: Head, base: Base | NoBase, plan: Plan, known: Mapping[str, str]) -> Head:
        root, settings, store = self._journal.root, self._settings, self._store.name
        contents: dict[str, bytes | None] = {
            path: None if text is None else text.encode() for path, text in plan.entries.items()
        }
        if not self._options.commits:
            put_in_work_tree(self._journal, head, contents)
            return head
        memories = with_memories(root, head.commit, settings, plan.entries, known)
        generated = {} if memories is None else {settings.memories: memories}
        left = self._recorded | (base.open if isinstance(base, Base) else frozenset())
        self._recorded = left | {one.id for one in plan.conflicts}
        recorded = conflict_changes(
            settings, open_conflicts(root, head.commit, settings), left, plan.conflicts, plan.undecided
        )
        return commit(
            self._journal,
            head,
            {**contents, **generated, **recorded},
            message_of(store, plan),
            author=author_of(store),
            generated=tuple(generated),
            known=known,
        )

    def _commit_store(self, head: Head, files: Files) -> Head:
        """Commit the files of a store that is kept in the repository itself."""
        contents = tracked_store(self._journal.root, head.commit, self._place, files) if self._options.commits else {}
        if not contents:
            return head
        message = f"Write {self._store.name}\n\n{TRAILER}: {self._store.name}\n"
        return commit(self._journal, head, contents, message, author=author_of(self._store.name), written=True)

    def _agree(
        self,
        head: Head,
        base: Base | NoBase,
        plan: Plan,
        sides: Sides,
        *,
        undo: Mapping[str, bytes | None],
        files: Files,
    ) -> Base | None:
        """Move the base to what both sides hold now.

        Returns:
            The base where it need not move, and nothing is left but records that say what the journal says.
        """
        if head.commit is None:
            return None
        root, store = self._journal.root, self._store
        kept_entries, kept_chunks = dict(plan.kept_entries), dict(plan.kept_chunks)
        if not self._options.commits:  # what is not committed is not agreed on yet
            kept_entries |= {path: sides.base.blobs.get(path) for path in plan.entries}
            changed = (one.key for one in plan.verdicts if one.path in plan.entries)
            kept_chunks |= {key: sides.was.get(key) for key in changed}
        kept = store.join(files, kept_chunks) if kept_chunks else {}
        agreed = {name: data for name, data in {**files, **kept}.items() if data is not None}
        entries = entries_tree(root, head.commit, self._folder, kept_entries)
        left = frozenset(one.id for one in plan.conflicts)
        if isinstance(base, Base) and plan.undecided:
            left |= base.open
        if isinstance(base, Base) and not undo and (base.entries, base.open) == (entries, left) and holds(base, agreed):
            # what is open stays open, and nothing else has moved
            only_repeats = all(one.action is Action.RECALLED for one in plan.verdicts)
            return replace(base, count=plan.read) if only_repeats else None
        made = make_base(
            root,
            store.name,
            previous=base,
            entries=entries,
            files=agreed,
            undo=undo,
            journal=head.commit,
            facts={
                "format": store.version,
                "made_from": self._options.made_from,
                "is_whole": not kept_chunks,
                "count": plan.read - plan.gone,
                "place": self._place.identity,
                "open": sorted(left),
                "since": self._since,
                "run": self._options.run,
                "step": self._options.step,
            },
        )
        old = base.commit if isinstance(base, Base) else base.ref
        update_refs(root, [RefUpdate(name=self._place.ref, new=made, old=old)], reason="journal sync")
        return None

    def _synced(self, plan: Plan, head: Head, base: Base | NoBase) -> Synced:
        return Synced(
            plan=plan,
            head=head,
            note=base.reason if isinstance(base, NoBase) else "",
            conflicts=plan.conflicts,
        )

    def _refuse_imbalance(self, files: Files, changes: Mapping[str, bytes | None], wanted: Chunks) -> None:
        """Every record that was there is there, or its absence was decided; a bug must not become a loss."""
        after = {name: data for name, data in {**files, **changes}.items() if data is not None}
        if changes and (count := self._store.count(after)) != len(wanted):
            hint = "please report it; nothing is lost"
            raise GitError(f"{self._store.name}: would hold {count} records, not {len(wanted)}: a bug", hint=hint)
