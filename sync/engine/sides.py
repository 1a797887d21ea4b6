"""Reading what journal, store and base hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sync.document.entry import Entry
from sync.document.naming import skip_reason
from sync.engine.base import Base, NoBase, load_files
from sync.engine.plan import Plan, Sides
from sync.engine.tree import Tree, Trees
from sync.engine.verdict import Verdict
from sync.errors import DocumentError, ShapeError
from sync.repository.objects import Changed, changed_files, make_tree, resolve, write_blobs
from sync.repository.refs import Head
from sync.stores.protocol import Chunks, Files, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesSource:
    """Where sides are read from.

    Attributes:
        root: the work tree.
        trees: reads entries, for the store.
        store: the adapter.
        folder: the entries folder.
    """

    root: Path
    trees: Trees
    store: Store[Any]
    folder: str


def read_sides(source: SidesSource, head: Head, base: Base | NoBase, files: Files, *, made_from: str) -> Sides:
    """What journal, store and base hold.

    Args:
        source: where to read.
        head: the branch.
        base: the agreement.
        files: the store's files.
        made_from: what the store's records depend on now; where that was something else, all have to be looked at.
    """
    root, folder = source.root, source.folder
    tree = source.trees.read(head.commit)
    if isinstance(base, NoBase):
        return Sides(
            store=source.store, folder=folder, head=tree, base=Tree(blobs={}), changed=None,
            now=source.store.split(files), was={}, files=files,
        )  # fmt: skip
    now_tree = resolve(root, [f"{head.commit}:{folder}"])[0] or make_tree(root, None, {})
    changed = tuple(
        Changed(f"{folder}/{one.path}", one.old, one.new, f"{folder}/{one.renamed_from}" * bool(one.renamed_from))
        for one in changed_files(root, base.entries, now_tree)
    )
    return Sides(
        store=source.store,
        folder=folder,
        head=tree,
        base=_before(source.trees, tree, changed),
        changed=changed if base.made_from == made_from else None,
        now=source.store.split(files),
        was=source.store.split(load_files(root, base, files)),
        files=files,
    )


def _before(trees: Trees, head: Tree, changed: Iterable[Changed]) -> Tree:
    """The entries before some changes."""
    blobs = dict(head.blobs)
    for one in changed:
        blobs.pop(one.path, None)
    for one in changed:
        path = one.renamed_from or one.path
        if one.old is not None and not skip_reason(path):
            blobs[path] = one.old
    return trees.index(blobs)


def next_sides(source: SidesSource, head: Head, plan: Plan, sides: Sides, files: Files) -> Sides:
    """The sides once the journal has taken over what the store said, and the store has said more.

    Whoever wrote last had read the store at some moment of this run. What they wrote is compared with what they can
    have read, or what they did not know of would count as taken back.
    """
    tree = source.trees.read(head.commit)
    now, on_disk = source.store.split(files), source.store.split(sides.files)
    earlier = (*sides.earlier, sides.now, on_disk)
    was = {key: chunk for key, chunk in sides.now.items() if key not in plan.kept_chunks}
    was |= {key: chunk for key, chunk in plan.kept_chunks.items() if chunk is not None}
    texts = {path: text for path, text in plan.seen.items() if text is not None}
    gone = [path for path, text in plan.seen.items() if text is None]
    for key in now.keys() | was.keys() | on_disk.keys() - plan.kept_chunks.keys():
        chunk = now.get(key)
        read = chunk if any(chunk == one.get(key) for one in earlier) else on_disk.get(key)
        if chunk == was.get(key) or read == was.get(key) or key in plan.kept_chunks:
            continue
        was.pop(key, None)
        if read is not None:
            was[key] = read
            texts |= _as_read(source, tree, key, read)
        elif (path := tree.paths.get(key)) is not None:
            texts.pop(path, None)
            gone.append(path)
    blobs = {path: blob for path, blob in tree.blobs.items() if path not in gone}
    blobs |= dict(zip(texts, write_blobs(source.root, [text.encode() for text in texts.values()]), strict=True))
    blobs = {path: blob for path, blob in (blobs | dict(plan.kept_entries)).items() if blob is not None}
    differing = sorted(path for path in blobs.keys() | tree.blobs.keys() if blobs.get(path) != tree.blobs.get(path))
    return Sides(
        store=source.store,
        folder=source.folder,
        head=tree,
        base=source.trees.index(blobs),
        changed=tuple(Changed(path, blobs.get(path), tree.blobs.get(path)) for path in differing),
        now=now,
        was=was,
        files=files,
        earlier=earlier,
    )


def _as_read(source: SidesSource, tree: Tree, key: str, chunk: bytes) -> dict[str, str]:
    """Path -> text of the entry as somebody has read it in the store."""
    path = tree.paths.get(key)
    entry = source.trees.load([(path, tree.blobs[path])])[path] if path else None
    if path is None or not isinstance(entry, Entry):
        return {}
    try:
        return {path: source.store.put(source.store.parse(key, chunk), entry).text}
    except (ShapeError, DocumentError):
        return {}


def differing(before: Chunks, after: Chunks) -> dict[str, bytes | None]:
    """The records that differ, as they are afterwards; None for those that are gone."""
    return {key: after.get(key) for key in {**before, **after} if before.get(key) != after.get(key)}


def plan_after(plan: Plan, earlier: Iterable[Verdict]) -> Plan:
    """A plan together with what was done before it; the last word on a record counts."""
    own = {one.key for one in plan.verdicts}
    done = [one for one in earlier if one.key not in own]
    gone = sum(one.is_agreed and one.text is None for one in done)
    verdicts = sorted([*plan.verdicts, *done], key=lambda one: one.key)
    return replace(plan, verdicts=tuple(verdicts), read=plan.read + gone)
