"""Whether delivered memories hold anything that the journal did not write there."""

from __future__ import annotations

from pathlib import Path

from sync.document.entry import Entry, load_entry
from sync.document.projection import get
from sync.document.record import Memory
from sync.document.view import View
from sync.errors import ShapeError
from sync.repository.git import read_blobs
from sync.repository.objects import resolve
from sync.repository.plumbing import is_id
from sync.stores.augment import parse_file, render_memory
from sync.stores.augment_store import FILE, AugmentStore


def edited_keys(root: Path, data: bytes, view: View) -> list[str]:
    """The memories of a delivered file that are not what the journal makes of the entries they name.

    Args:
        root: the work tree.
        data: the file's bytes.
        view: how entries are shown.

    Returns:
        Their keys. A memory of an entry that was never stored in Git counts: nothing tells who wrote it. A file that is
        no list of memories has none, and can be made anew.
    """
    try:
        chunks = AugmentStore(view).split({FILE: data})
    except ShapeError:
        return []
    made_of = {key: _origin(chunk) for key, chunk in chunks.items()}
    blobs = list(dict.fromkeys(blob for _path, blob in made_of.values() if blob))
    stored = {blob for blob, found in zip(blobs, resolve(root, blobs), strict=True) if found}
    known = [blob for blob in blobs if blob in stored]
    contents = dict(zip(known, read_blobs(root, [blob.encode() for blob in known]), strict=True))
    return [key for key, chunk in chunks.items() if chunk != _made(*made_of[key], contents, view)]


def _origin(chunk: bytes) -> tuple[str, str]:
    memories, _faults = parse_file(FILE, b"[" + chunk + b"]")
    told = memories[0].metadata if memories else {}
    blob, path = told.get("source_blob"), told.get("source")
    return (path, blob) if isinstance(path, str) and isinstance(blob, str) and is_id(blob) else ("", "")


def _made(path: str, blob: str, contents: dict[str, bytes], view: View) -> bytes:
    entry = load_entry(path, contents[blob]) if blob in contents else None
    if not isinstance(entry, Entry):
        return b""
    return render_memory(Memory(record=get(entry, view), source=path, source_blob=blob))
