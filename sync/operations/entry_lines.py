"""The lines of entries as they were indexed: from the disk where they are still the same, else from Git."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sync.document.lines import split_lines
from sync.repository.git import read_blobs
from sync.repository.listing import blob_id
from sync.search.index.catalogue import Indexed


def read_lines(root: Path, entries: Sequence[Indexed]) -> dict[int, list[str]]:
    """The lines of entries, by their number in the index.

    Args:
        root: the work tree.
        entries: which ones.

    Raises:
        GitError: a version is neither on the disk nor in Git any more.
    """
    found: dict[int, bytes] = {}
    for entry in entries:
        data = _on_disk(root / entry.path)
        if data is not None and blob_id(data, sha256=len(entry.blob) == 64).decode() == entry.blob:
            found[entry.id] = data
    others = [entry for entry in entries if entry.id not in found]
    blobs = read_blobs(root, [entry.blob.encode() for entry in others])
    found |= {entry.id: data for entry, data in zip(others, blobs, strict=True)}
    return {id_: split_lines(data.decode("utf-8", "replace").removeprefix("\ufeff")) for id_, data in found.items()}


def _on_disk(path: Path) -> bytes | None:
    """A file's bytes; None where there is none, or something else: an entry of the past may be a folder by now."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None
