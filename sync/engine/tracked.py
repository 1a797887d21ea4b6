"""Files of the journal that follow from a plan: the tracked memories, and the records of conflicts."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from sync.document.entry import Entry, load_entry
from sync.document.naming import skip_reason
from sync.document.projection import get
from sync.document.record import Memory
from sync.document.settings import Settings
from sync.engine.conflict import FOLDER, Conflict, load_conflict
from sync.engine.place import Place
from sync.errors import RefusedError, ShapeError
from sync.repository.git import read_blobs
from sync.repository.index import read_index
from sync.repository.listing import blob_id
from sync.repository.objects import list_tree, resolve
from sync.stores.augment import render_memory
from sync.stores.augment_store import FILE, AugmentStore
from sync.stores.protocol import Files


def with_memories(
    root: Path,
    commit: str | None,
    settings: Settings,
    entries: Mapping[str, str | None],
    known: Mapping[str, str] | None = None,
) -> bytes | None:
    """The tracked memories after some entries have changed, spliced into the file that a commit has.

    Args:
        root: the work tree.
        commit: the commit.
        settings: the journal's settings.
        entries: path -> new text, None for an entry that goes.
        known: path -> blob id of the entries of the commit, where the caller has them.

    Returns:
        None where the commit has no such file, or one that cannot be read: `journal export` makes it anew.
    """
    if commit is None or not entries:
        return None
    tracked = resolve(root, [f"{commit}:{settings.memories}"])[0]
    if tracked is None:
        return None
    old = (
        resolve(root, [f"{commit}:{path}" for path in entries])
        if known is None
        else [known.get(path) for path in entries]
    )
    contents = list(read_blobs(root, [blob.encode() for blob in (tracked, *old) if blob]))
    before = dict(zip((path for path, blob in zip(entries, old, strict=True) if blob), contents[1:], strict=True))
    changes: dict[str, bytes | None] = {}
    for path, data in before.items():
        entry = load_entry(path, data)
        if isinstance(entry, Entry):
            changes[entry.id] = None
    for path, text in entries.items():
        entry = load_entry(path, (text or "").encode())
        if text is not None and isinstance(entry, Entry) and not skip_reason(path):
            blob = blob_id(text.encode(), sha256=len(tracked) == 64).decode()
            memory = Memory(record=get(entry, settings.view), source=path, source_blob=blob)
            changes[entry.id] = render_memory(memory)
    try:
        joined = AugmentStore(settings.view).join({FILE: contents[0]}, changes)
    except ShapeError:
        return None
    return joined.get(FILE)


def open_conflicts(root: Path, commit: str | None, settings: Settings) -> dict[str, Conflict]:
    """The conflicts that a commit records: path -> conflict.

    Raises:
        UsageError: a record is damaged.
    """
    if commit is None:
        return {}
    files = list_tree(root, commit, conflicts_folder(settings))
    contents = read_blobs(root, [blob.encode() for blob in files.values()])
    return {path: load_conflict(data, path) for path, data in zip(files, contents, strict=True)}


def conflicts_folder(settings: Settings) -> str:
    """Where conflicts are recorded, relative to the repository."""
    return f"{settings.journal}/{FOLDER}".removeprefix("./")


def conflict_path(settings: Settings, conflict: Conflict) -> str:
    """The file of a conflict, relative to the repository."""
    return f"{conflicts_folder(settings)}/{conflict.id}.json"


def conflict_changes(
    settings: Settings,
    recorded: Mapping[str, Conflict],
    left: Container[str],
    conflicts: Sequence[Conflict],
    undecided: Container[str] = (),
) -> dict[str, bytes | None]:
    """The records that differ once a store has some conflicts and no others: path -> bytes, None where one goes.

    Args:
        settings: the journal's settings.
        recorded: the records there are, by path; some are those of stores on other machines.
        left: ids of the conflicts that this store had before.
        conflicts: those that it has now.
        undecided: keys of records that nothing could be decided about: what is recorded of them stays.
    """
    wanted = {conflict_path(settings, one): one.to_bytes() for one in conflicts}
    gone: dict[str, bytes | None] = {
        path: None
        for path, one in recorded.items()
        if one.id in left and one.key not in undecided and path not in wanted
    }
    return gone | {
        path: data for path, data in wanted.items() if path not in recorded or recorded[path].to_bytes() != data
    }


def tracked_store(root: Path, commit: str | None, place: Place, files: Files) -> dict[str, bytes | None]:
    """The files of a store that a commit has, as they are now: path -> bytes, None for one that is gone.

    Args:
        root: the work tree.
        commit: the commit.
        place: where the store lies.
        files: the store's files.

    Returns:
        Nothing for a store that is not kept in the repository.
    """
    if place.inside is None or commit is None:
        return {}
    prefix = f"{place.inside}/" if place.inside else ""
    names = [path.removeprefix(prefix) for path in list_tree(root, commit, place.inside)]
    kept = [name for name in names if (name == place.file if place.file else place.store.is_part(name))]
    gone: dict[str, bytes | None] = {f"{prefix}{name}": None for name in kept}
    return gone | {f"{prefix}{name}": data for name, data in files.items()} if kept else {}


def refuse_staged_store(root: Path, commit: str | None, place: Place) -> None:
    """Stop where the user has staged a file of a store that is kept in the repository: it could not be committed.

    Raises:
        RefusedError: a file of the store is staged.
    """
    if place.inside is None or commit is None:
        return
    blobs = list_tree(root, commit, place.inside)
    wanted = [f"{place.inside}/{place.file}".removeprefix("/")] if place.file else list(blobs)
    kept = [path for path in wanted if path in blobs]
    index = read_index(root, kept)
    for path in kept:
        if path not in index or index[path].blob != blobs[path]:
            hint = "commit it, or take it back out of the index (git restore --staged), then run the command again"
            raise RefusedError(f"{path} is staged, and the sync would change it", hint=hint)
