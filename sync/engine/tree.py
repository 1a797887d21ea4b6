"""The entries of a commit: by path, by store key; only blobs that were never seen before are parsed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sync.document.entry import Entry, load_entry
from sync.document.fault import Fault
from sync.document.naming import skip_reason
from sync.repository.files import read_or_none, write_atomic
from sync.repository.git import read_blobs
from sync.repository.objects import list_tree

CACHE_VERSION = 1
"""Raised when the same blob gives another key."""

_CACHE = "keys-{store}.json"
_NONE = ("", "")
_WORTH_KEEPING = 100  # fewer are parsed again sooner than the cache is written


@dataclass(slots=True, kw_only=True)
class Tree:
    """The entries of one commit, as one store knows them.

    Attributes:
        blobs: path -> blob id, of all files below the entries folder that are entries by their name.
        paths: store key -> path; the first of two with the same key has it.
        clashes: path of an entry whose key another has -> the other's path.
        faults: path of an entry that cannot be read -> what is wrong with it.
    """

    blobs: Mapping[str, str]
    paths: dict[str, str] = field(default_factory=dict)
    clashes: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)


class Trees:
    """Reads the trees of a repository for one store.

    Args:
        root: the work tree.
        state_folder: where keys of blobs are remembered; losing them costs time, nothing else.
        store: the store's name.
        key_of: the key that an entry has in the store.
        folder: the entries folder.
    """

    def __init__(
        self, root: Path, state_folder: Path | None, store: str, key_of: Callable[[Entry], str], folder: str
    ) -> None:
        self._root, self._folder, self._key_of = root, folder, key_of
        self._file = state_folder / _CACHE.format(store=store) if state_folder else None
        self._entries: dict[tuple[str, str], Entry | Fault] = {}
        self._known: dict[str, tuple[str, str]] | None = None
        self._is_kept = False

    def read(self, tree: str | None) -> Tree:
        """The entries of a commit or tree; None is one without any."""
        listed = list_tree(self._root, tree, self._folder) if tree else {}
        return self.index({path: blob for path, blob in listed.items() if not skip_reason(path)})

    def index(self, blobs: Mapping[str, str]) -> Tree:
        """As `read`, from paths and blobs."""
        found = Tree(blobs=blobs)
        for path, key in zip(blobs, self._keys(blobs), strict=True):
            if not isinstance(key, str):
                found.faults[path] = key
            elif (first := found.paths.setdefault(key, path)) != path:
                found.clashes[path] = first
        return found

    def load(self, wanted: Iterable[tuple[str, str]]) -> dict[str, Entry | Fault]:
        """Entries by path, of some paths and blobs."""
        pairs = list(dict.fromkeys(wanted))
        missing = [pair for pair in pairs if pair not in self._entries]
        contents = read_blobs(self._root, [blob.encode() for _path, blob in missing])
        for (path, blob), data in zip(missing, contents, strict=True):
            self._entries[path, blob] = load_entry(path, data)
        return {path: self._entries[path, blob] for path, blob in pairs}

    def _keys(self, blobs: Mapping[str, str]) -> Sequence[str | Fault]:
        """The key of each entry; a key depends on the path too, where front matter names none."""
        known = self._cached()
        missing = [pair for pair in blobs.items() if known.get(pair[0], _NONE)[0] != pair[1]]
        found: dict[str, str | Fault] = {}
        for path, entry in self.load(missing).items() if missing else ():
            found[path] = entry if isinstance(entry, Fault) else self._key_of(entry)
        fresh = {path: (blobs[path], key) for path, key in found.items() if isinstance(key, str)}
        if len(fresh) > _WORTH_KEEPING and not self._is_kept:
            known |= fresh
            self._save_cache({path: known[path] for path in blobs if path in known})
        self._is_kept = True  # of several trees, the first is the newest
        return [found[path] if path in found else known[path][1] for path in blobs]

    def _cached(self) -> dict[str, tuple[str, str]]:
        """Path -> blob id and key, as they were last time."""
        if self._known is None:
            data = read_or_none(self._file) if self._file else None
            try:
                told = json.loads(data or b"{}")
                usable = told.get("version") == CACHE_VERSION
                self._known = (
                    dict(zip(told["paths"], zip(told["blobs"], told["keys"], strict=True), strict=True))
                    if usable
                    else {}
                )
            except (ValueError, KeyError, TypeError, AttributeError):
                self._known = {}  # a cache that was cut short is made anew
        return self._known

    def _save_cache(self, known: Mapping[str, tuple[str, str]]) -> None:
        if self._file is None:
            return
        told = {
            "version": CACHE_VERSION,
            "paths": list(known),
            "blobs": [blob for blob, _key in known.values()],
            "keys": [key for _blob, key in known.values()],
        }
        write_atomic(self._file, [json.dumps(told).encode()])
