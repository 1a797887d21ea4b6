"""What the doctor looks at in the state of this clone: locks, runs that died, bases, files that were left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from sync.document.settings import STORES
from sync.engine.base import NoBase, load_base
from sync.engine.journal_commit import Journal as Repository
from sync.engine.journal_commit import take_back
from sync.engine.pending import finish_pending, is_pending
from sync.operations.checkup import Finding, State
from sync.operations.journal import Journal
from sync.operations.spots import Spot, find_spots
from sync.repository.files import read_or_none
from sync.repository.git import run_git
from sync.repository.lock import Holder, lock, read_holder
from sync.repository.objects import write_blobs
from sync.repository.plumbing import is_id
from sync.repository.refs import RefUpdate, read_head, update_refs
from sync.taskmaster.long_term.store import STORE as MEMORIES

_REFS = ("refs/journal", "refs/worktree/journal")
_LEFTOVER = ".journal-*.tmp"


def check_lock(journal: Journal) -> Iterator[Finding]:
    """Whether the lock's holder lives."""
    file = journal.lock_folder / "lock"
    if not file.exists():
        return
    holder = read_holder(journal.lock_folder)

    def take_over() -> str:
        with lock(journal.lock_folder):
            return ""

    hint = "run: journal doctor --fix; the next run takes it over as well"
    if holder is None:
        yield Finding(check="", message="the lock cannot be read: it was never finished", hint=hint, fix=take_over)
    elif holder.is_stale(time.time()):
        message = f"process {holder.pid} on {holder.host} has the lock, and is dead or out of time"
        yield Finding(check="", message=message, hint=hint, fix=take_over)
    else:
        message = f"process {holder.pid} on {holder.host} is at work"
        yield Finding(check="", state=State.NOTE, message=message, hint="wait for it to end")


def check_sync(journal: Journal) -> Iterator[Finding]:
    """Whether a sync died before its commit."""
    folder = journal.settings.journal.removeprefix(".")
    repository = Repository(root=journal.root, state_folder=journal.lock_folder, folder=folder)

    def undo() -> str:
        with lock(journal.lock_folder):
            left = take_back(repository, read_head(journal.location))
        return f"left as they are, since they were changed again: {', '.join(left)}" if left else ""

    if repository.intent.exists() and _working(journal) is None:
        message = "a sync died before its commit; files in the work tree may be of it"
        yield Finding(check="", message=message, hint="run: journal doctor --fix; the next sync does it too", fix=undo)


def check_import(journal: Journal) -> Iterator[Finding]:
    """Whether an import died between an entry and its ledger."""

    def finish() -> str:
        with lock(journal.lock_folder):
            finish_pending(journal.root, journal.lock_folder)
        return ""

    if is_pending(journal.root, journal.lock_folder) and _working(journal) is None:
        message = "an import died before it was done"
        yield Finding(
            check="", message=message, hint="run: journal doctor --fix; the next import does it too", fix=finish
        )


def check_bases(journal: Journal) -> Iterator[Finding]:
    """Whether what was agreed on can still be read."""
    for ref, commit in _base_refs(journal).items():
        yield from _base_findings(journal, ref, commit)
    for ref, file in _broken_refs(journal):

        def remove(file: Path = file) -> str:
            with lock(journal.lock_folder):
                if not is_id((read_or_none(file) or b"").decode("utf-8", "replace").strip()):
                    file.unlink(missing_ok=True)
            return "the next sync starts without a base, and deletes nothing"

        message = f"{ref} is no ref that Git can read"
        hint = f"delete {file}; the next sync starts without a base, and deletes nothing"
        yield Finding(check="", message=message, hint=hint, fix=remove)


def _base_findings(journal: Journal, ref: str, commit: str) -> Iterator[Finding]:
    store = ref.rpartition("/")[2]

    def remove() -> str:
        with lock(journal.lock_folder):
            update_refs(journal.root, [RefUpdate(name=ref, new=None, old=commit)], reason="journal doctor")
        return "the next sync starts without a base, and deletes nothing"

    found = load_base(journal.root, store, ref)
    if isinstance(found, NoBase):
        why = found.reason.removeprefix(f"{ref} ") or "the commit that it names is not in this repository"
        hint = f"run: git update-ref -d {ref}; the next sync starts without a base, and deletes nothing"
        yield Finding(check="", message=f"{ref}: {why}", hint=hint, fix=remove)
    elif store != MEMORIES and (store not in STORES or not journal.settings.store(store).enabled):
        hint = f"if it is gone for good: git update-ref -d {ref}; else enable it in journal.toml"
        message = f"{ref} is the base of a store that is not enabled"
        yield Finding(check="", state=State.NOTE, message=message, hint=hint)


def _base_refs(journal: Journal) -> dict[str, str]:
    printed = run_git(journal.root, "for-each-ref", "--format=%(refname)%00%(objectname)", "--", *_REFS)
    rows = [os.fsdecode(row).partition("\0") for row in printed.splitlines()]
    return {ref: commit for ref, _, commit in rows}


def _broken_refs(journal: Journal) -> Iterator[tuple[str, Path]]:
    """Files of refs that hold no id: Git says so on its error channel only, and can neither move nor delete them."""
    for name in _REFS:
        folder = journal.root / os.fsdecode(run_git(journal.root, "rev-parse", "--git-path", name))[:-1]
        for file in sorted(folder.glob("*")) if folder.is_dir() else ():
            said = (read_or_none(file) or b"").decode("utf-8", "replace").strip() if file.is_file() else "ref: "
            if not is_id(said) and not said.startswith("ref: ") and file.suffix != ".lock":
                yield f"{name}/{file.name}", file


def check_leftovers(journal: Journal) -> Iterator[Finding]:
    """Whether runs that were killed left temporary files."""
    if _working(journal) is not None:
        return
    files = sorted(set(_leftovers(journal)))

    def remove() -> str:
        with lock(journal.lock_folder):
            kept = [file for file in files if file.is_file() and not file.is_symlink()]
            # One may hold what another program had just written when the run was killed.
            blobs = dict.fromkeys(write_blobs(journal.root, [read_or_none(file) or b"" for file in kept]))
            for file in kept:
                file.unlink(missing_ok=True)
        return "what they held: " + ", ".join(f"git show {blob[:12]}" for blob in blobs)

    if files:
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        message = f"{files[0]}{more}: left behind by a run that was killed"
        yield Finding(check="", message=message, hint="run: journal doctor --fix", fix=remove)


def _leftovers(journal: Journal) -> Iterator[Path]:
    settings = journal.settings
    trees = [journal.absolute(path) for path in (settings.entries, f"{settings.journal}/imported")]
    for tree in trees:
        yield from tree.rglob(_LEFTOVER) if tree.is_dir() else ()
    folders = [journal.absolute(settings.journal), journal.root, journal.lock_folder]
    folders += [spot.folder for spot in find_spots(journal, ()).values() if isinstance(spot, Spot)]
    for folder in folders:
        yield from folder.glob(_LEFTOVER) if folder.is_dir() else ()


def _working(journal: Journal) -> Holder | None:
    """A process that holds the lock now, and whose files are its own business."""
    holder = read_holder(journal.lock_folder)
    return None if holder is None or holder.is_stale(time.time()) else holder
