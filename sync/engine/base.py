"""The base of a store: what journal and store last agreed on, as a commit on `refs/journal/<store>`.

    entries/     the entries as they were agreed on, by path below the entries folder
    store/       the store's files as they were agreed on
    read/        the store's files as they were found by the sync that agreed, for `journal undo`
    base.json    which store, which version of its format, which entries folder, which journal commit

Its first parent is the base before it, its last the journal commit, so that both histories are kept by the one ref.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sync.errors import GitError
from sync.repository.git import read_blobs
from sync.repository.objects import commit_tree, graft, list_tree, make_tree, resolve, write_blobs
from sync.repository.refs import base_ref
from sync.stores.protocol import Files

VERSION = 1
_EMPTY = ".empty"  # Git keeps no empty folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base that was read.

    Attributes:
        commit: its id.
        entries: id of the tree of agreed entries.
        store: file name -> blob id of the store's files.
        read: the same, as they were found.
        journal: the journal commit that was agreed with.
        made_from: everything besides the entries that the store's records depended on.
        is_whole: whether everything was agreed on; else some entries and records are older than the rest.
        count: how many records and entries there were.
    """

    commit: str
    entries: str
    store: Mapping[str, str]
    read: Mapping[str, str]
    journal: str
    made_from: str
    is_whole: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBase:
    """Why there is no base.

    Attributes:
        reason: one line; empty on a first run.
        ref: where the unusable base is; None where there is none.
    """

    reason: str = ""
    ref: str | None = None


def load_base(root: Path, store: str, *, commit: str = "") -> Base | NoBase:
    """The base of a store.

    Args:
        root: the work tree.
        store: the store's name.
        commit: an older base; empty for the present one.
    """
    ref = commit or base_ref(store)
    at, entries, facts = resolve(root, [f"{ref}^{{commit}}", f"{ref}:entries", f"{ref}:base.json"])
    if at is None:
        dangling = resolve(root, [ref])[0]
        return NoBase(reason="its base is not in this repository any more" if dangling else "", ref=dangling)
    if entries is None or facts is None:
        return NoBase(reason=f"{ref} is no base of a store", ref=at)
    try:
        told = json.loads(next(read_blobs(root, [facts.encode()])))
        if told["version"] != VERSION or told["store"] != store:
            return NoBase(reason="its base was written by another version of this program", ref=at)
        files = list_tree(root, at)
        base = Base(
            commit=at,
            entries=entries,
            store=_below(files, "store/"),
            read=_below(files, "read/"),
            journal=str(told["journal"]),
            made_from=str(told["made_from"]),
            is_whole=bool(told["is_whole"]),
            count=int(told["count"]),
        )
    except (GitError, ValueError, KeyError, TypeError):
        return NoBase(reason="its base is damaged, or cut off by a shallow clone", ref=at)
    return base


def load_files(root: Path, blobs: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a base."""
    return dict(zip(blobs, read_blobs(root, [blob.encode() for blob in blobs.values()]), strict=True))


def make_base(
    root: Path,
    store: str,
    *,
    previous: Base | NoBase,
    entries: str,
    files: Files,
    read: Files,
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
        read: the store's files as they were found.
        journal: the journal commit.
        facts: what else there is to know of it: `made_from`, `is_whole`, `count` of `Base`.
    """
    told = {"version": VERSION, "store": store, "journal": journal, **facts}
    blob = write_blobs(root, [(json.dumps(told, indent=2, sort_keys=True) + "\n").encode()])[0]
    tree = graft(
        root,
        {"base.json": blob, "entries": entries, "store": _store_tree(root, files), "read": _store_tree(root, read)},
    )
    before = previous.commit if isinstance(previous, Base) else None
    parents = [*([before] if before else []), journal]
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


def _store_tree(root: Path, files: Files) -> str:
    blobs = write_blobs(root, [*files.values(), *([] if files else [b""])])
    return make_tree(root, None, dict(zip(files or [_EMPTY], blobs, strict=True)))


def _below(files: Mapping[str, str], prefix: str) -> dict[str, str]:
    found = {path.removeprefix(prefix): blob for path, blob in files.items() if path.startswith(prefix)}
    found.pop(_EMPTY, None)
    return found
