"""The base of a store: what journal and store last agreed on, as a commit on `refs/journal/<store>`.

    entries/     the entries as they were agreed on, by path below the entries folder
    store/       the store's files as they were agreed on; a large one in pieces, `name/000001`
    undo.json    what the sync that agreed replaced in the store, record by record
    base.json    which store, which journal commit, and what else is told of it

Its first parent is the base before it, its last the journal commit, so that both histories are kept by the one ref.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sync.engine.pieces import cut, joined
from sync.errors import GitError
from sync.repository.git import read_blob, read_blobs, run_git
from sync.repository.listing import blob_id
from sync.repository.objects import commit_tree, graft, list_tree, make_tree, resolve, write_blobs
from sync.stores.protocol import Files

VERSION = 1
_EMPTY = ".empty"  # Git keeps no empty folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base that was read.

    Attributes:
        commit: its id.
        entries: id of the tree of agreed entries.
        store: path -> blob id of the store's files, or of their pieces.
        journal: the journal commit that was agreed with.
        made_from: everything besides the entries that the store's records depended on.
        is_whole: whether everything was agreed on; else some entries and records are older than the rest.
        count: how many records and entries there were.
        place: which store it was, see `Place.identity`.
        open: ids of the conflicts that were left to a person.
        since: the journal commit that the sync began at; empty where there was none.
        run: which run of `journal sync` it was.
        step: its place among the agreements of that run.
        previous: the base before it; empty for the first one.
    """

    commit: str
    entries: str
    store: Mapping[str, str]
    journal: str
    made_from: str
    is_whole: bool
    count: int
    place: str
    open: frozenset[str]
    since: str
    run: str
    step: int
    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBase:
    """Why there is no base.

    Attributes:
        reason: one line; empty on a first run.
        ref: where the unusable base is; None where there is none.
    """

    reason: str = ""
    ref: str | None = None


def load_base(root: Path, store: str, ref: str) -> Base | NoBase:
    """The base of a store.

    Args:
        root: the work tree.
        store: the store's name.
        ref: where it is; or the id of an older base.
    """
    at, entries, facts = resolve(root, [f"{ref}^{{commit}}", f"{ref}:entries", f"{ref}:base.json"])
    if at is None:
        # A ref can outlive its commit, and must be replaced then; rev-parse tells it without a look at the object.
        dangling = run_git(root, "rev-parse", "-q", "--verify", ref, accept=(0, 1, 128)).decode().strip() or None
        return NoBase(reason="its base is not in this repository any more" if dangling else "", ref=dangling)
    if entries is None or facts is None:
        return NoBase(reason=f"{ref} is no base of a store", ref=at)
    try:
        told = json.loads(read_blob(root, facts))
        if told["version"] != VERSION or told["store"] != store:
            return NoBase(reason="its base was written by another version of this program", ref=at)
        files = list_tree(root, at, "store")
        return Base(
            commit=at,
            entries=entries,
            store={path.removeprefix("store/"): blob for path, blob in files.items() if path != f"store/{_EMPTY}"},
            journal=str(told["journal"]),
            made_from=str(told["made_from"]),
            is_whole=bool(told["is_whole"]),
            count=int(told["count"]),
            place=str(told["place"]),
            open=frozenset(map(str, told["open"])),
            since=str(told["since"]),
            run=str(told["run"]),
            step=int(told["step"]),
            previous=str(told["previous"]),
        )
    except (GitError, ValueError, KeyError, TypeError):
        return NoBase(reason="its base is damaged, or cut off by a shallow clone", ref=at)


def load_files(root: Path, base: Base, present: Files) -> dict[str, bytes]:
    """The store's files as they were agreed on.

    Args:
        root: the work tree.
        base: the agreement.
        present: the store's files; pieces that they share with those of the base are taken from them.

    Raises:
        GitError: a piece is missing.
    """
    contents = dict(_blobs(present, sha256=len(base.entries) == 64)[1])
    missing = [blob for blob in dict.fromkeys(base.store.values()) if blob not in contents]
    contents |= zip(missing, read_blobs(root, [blob.encode() for blob in missing]), strict=True)
    return joined(base.store, contents)


def holds(base: Base, files: Files) -> bool:
    """Whether the store's files are those that were agreed on."""
    return _blobs(files, sha256=len(base.entries) == 64)[0] == dict(base.store)


def load_undo(root: Path, base: Base) -> dict[str, bytes | None]:
    """What the sync that agreed replaced in the store: record key -> its bytes before, None where it was new.

    Raises:
        GitError: it is missing.
    """
    blob = resolve(root, [f"{base.commit}:undo.json"])[0]
    if blob is None:
        return {}
    told: dict[str, str | None] = json.loads(read_blob(root, blob))
    return {key: None if text is None else text.encode("utf-8", "surrogateescape") for key, text in told.items()}


def make_base(
    root: Path,
    store: str,
    *,
    previous: Base | NoBase,
    entries: str,
    files: Files,
    undo: Mapping[str, bytes | None],
    journal: str,
    facts: Mapping[str, object],
) -> str:
    """Store a base and return its commit's id; no ref moves.

    Args:
        root: the work tree.
        store: the store's name.
        previous: the base before it.
        entries: id of the tree of agreed entries.
        files: the store's files as agreed.
        undo: see `load_undo`.
        journal: the journal commit.
        facts: what else there is to know of it: the attributes of `Base` from `made_from` on.
    """
    before = previous if isinstance(previous, Base) else None
    told = {
        "version": VERSION,
        "store": store,
        "journal": journal,
        "previous": before.commit if before else "",
        **facts,
    }
    undone = {key: None if chunk is None else chunk.decode("utf-8", "surrogateescape") for key, chunk in undo.items()}
    paths, contents = _blobs(files, sha256=len(journal) == 64)
    known = set(before.store.values()) if before else set()
    new = [blob for blob in contents if blob not in known]
    texts = [json.dumps(one, indent=1, sort_keys=True).encode() for one in (told, undone)]
    told_blob, undo_blob, *_ = write_blobs(root, [*texts, *(contents[blob] for blob in new), b""])
    tree = graft(
        root,
        {
            "base.json": told_blob,
            "undo.json": undo_blob,
            "entries": entries,
            "store": _store_tree(root, paths),
        },
    )
    parents = [*([before.commit] if before else []), journal]
    return commit_tree(root, tree, parents, f"Agree with {store}\n\nJournal-Store: {store}\n")


def entries_tree(root: Path, commit: str, folder: str, changes: Mapping[str, str | None]) -> str:
    """The tree of the entries of a commit, with some of them as they were agreed on before.

    Args:
        root: the work tree.
        commit: the journal commit.
        folder: the entries folder.
        changes: path from the top -> blob id, or None for an entry that was not agreed on.
    """
    tree = resolve(root, [f"{commit}:{folder}"])[0]
    if not changes:
        return tree or make_tree(root, None, {})
    inside = {path.removeprefix(f"{folder}/"): blob for path, blob in changes.items()}
    return make_tree(root, tree, inside)


def _blobs(files: Files, *, sha256: bool) -> tuple[dict[str, str], dict[str, bytes]]:
    """(path -> blob id, blob id -> bytes) of files, large ones in pieces."""
    paths: dict[str, str] = {}
    contents: dict[str, bytes] = {}
    for name, data in files.items():
        pieces = _pieces(data, sha256)
        for number, (blob, piece) in enumerate(pieces):
            paths[f"{name}/{number:06}" if len(pieces) > 1 else name] = blob
            contents[blob] = piece
    return paths, contents


@lru_cache(maxsize=4)  # a sync asks for the same file several times, and its bytes know their hash
def _pieces(data: bytes, sha256: bool) -> list[tuple[str, bytes]]:
    return [(blob_id(piece, sha256=sha256).decode(), piece) for piece in cut(data)]


def _store_tree(root: Path, paths: Mapping[str, str]) -> str:
    folders: dict[str, dict[str, str]] = {}
    top: dict[str, str] = {}
    for path, blob in paths.items():
        name, _, piece = path.partition("/")
        if piece:
            folders.setdefault(name, {})[piece] = blob
        else:
            top[name] = blob
    top |= {name: graft(root, pieces) for name, pieces in folders.items()}
    return graft(root, top or {_EMPTY: write_blobs(root, [b""])[0]})
