"""The revisions of one memory: what its entry said at each commit that changed it, through renames of its file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sync.errors import GitError
from sync.repository.git import read_blobs, run_git
from sync.repository.plumbing import REGULAR, raw_rows
from sync.repository.tips import read_tip
from sync.taskmaster.core import JOURNAL
from sync.taskmaster.long_term.copies import ALWAYS
from sync.taskmaster.long_term.loading import loaded
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.long_term.port import Revision
from sync.taskmaster.long_term.reading import Broken, Found
from sync.taskmaster.long_term.record import memory_of
from sync.taskmaster.memory import ENTRY, MemoryId

_LOG = ("-c", "core.quotePath=false", "-c", "log.showSignature=false", "--literal-pathspecs", "log", "--no-color")
_FIELDS = ("%H", "%cI", "%an <%ae>", "%s")
_MOVES = 20  # of one file, after which nobody looks for it any more


@dataclass(frozen=True, slots=True)
class _Row:
    """One commit that changed the file: what Git tells, and the file's blob and path then; no blob where it went."""

    commit: str
    at: str
    author: str
    subject: str
    path: str
    blob: str


def revisions_of(parts: Parts, id_: MemoryId) -> tuple[Revision, ...]:
    """The revisions of a memory, the newest first; of one that was deleted too. Values that are objects are loaded.

    Raises:
        GitError: the history cannot be read.
    """
    commit = read_tip(parts.location)
    if commit is None:
        return ()
    for path in _paths(parts, id_):
        if found := tuple(_revisions(parts, id_, list(_rows(parts, commit, path)))):
            return found
    return ()


def _paths(parts: Parts, id_: MemoryId) -> Iterator[str]:
    """Where the entry lies, or has lain, the likeliest first."""
    held = parts.catalogue.get([id_], ALWAYS).get(id_)
    if held is not None:
        yield str(held.memory.metadata[ENTRY])
    for long in (False, True):
        path = path_of(parts.settings.entries, id_, long=long)
        yield from reversed(_later(parts, path))
        yield path


def _later(parts: Parts, path: str) -> list[str]:
    """Where a file that is gone was moved to, and from there on."""
    found: list[str] = []
    for _ in range(_MOVES):
        where = ("-1", "--format=%H", "--diff-filter=D", "--no-renames", "HEAD", "--", found[-1] if found else path)
        last = run_git(parts.root, *_LOG, *where).decode().strip()
        if not last:
            break
        printed = run_git(parts.root, "diff-tree", "-r", "-z", "--no-abbrev", "--no-commit-id", "-M50%", "--root", last)
        moved = {row.paths[0]: row.path for row in raw_rows(printed) if len(row.paths) > 1}
        target = moved.get((found[-1] if found else path).encode())
        if target is None or target in found:
            break
        found.append(target)
    return found


def _rows(parts: Parts, commit: str, path: str) -> Iterator[_Row]:
    start, end = uuid.uuid4().hex, uuid.uuid4().hex  # what people write may hold any character
    form = start + "%x00".join(_FIELDS) + "%x00" + end
    options = ("--follow", "-M", "-m", "--raw", "-z", "--no-abbrev", f"--format={form}")
    printed = run_git(parts.root, *_LOG, *options, commit, "--", path)
    seen: set[str] = set()
    for part in printed.split(start.encode())[1:]:
        head, _, rows = part.partition(end.encode())
        hash_, at, author, subject = (one.decode("utf-8", "replace") for one in head.split(b"\0")[:4])
        row = next(raw_rows(rows.lstrip(b"\0\n")), None)
        if row is not None and hash_ not in seen:
            seen.add(hash_)
            blob = row.blobs[1] if row.modes[1] in REGULAR else ""
            yield _Row(hash_, at, author, subject, row.path, blob)


def _revisions(parts: Parts, id_: MemoryId, rows: list[_Row]) -> Iterator[Revision]:
    read = _read(parts, rows)
    for number, row in enumerate(rows):
        if row.blob and number + 1 < len(rows) and rows[number + 1].blob == row.blob:
            continue  # the file was moved and nothing else
        found = read.get((row.path, row.blob))
        own = found.record.id if isinstance(found, Found) else found.id if isinstance(found, Broken) else None
        if row.blob and own is not None and own != id_:
            return  # Git took it for another memory's file that was renamed
        if row.blob and found is None:
            continue
        told = memory_of(found.record, path=row.path, writer=JOURNAL) if isinstance(found, Found) else None
        yield Revision(
            commit=row.commit, at=datetime.fromisoformat(row.at).astimezone(UTC), author=row.author,
            subject=row.subject, path=row.path, memory=None if told is None else loaded(told, parts.objects),
            why=str(found.fault) if isinstance(found, Broken) else "",
        )  # fmt: skip


def _read(parts: Parts, rows: list[_Row]) -> dict[tuple[str, str], Found | Broken]:
    """What the entry said at the commits: one Git process for all."""
    wanted = list(dict.fromkeys((row.path, row.blob) for row in rows if row.blob))
    found = {}
    try:
        contents = list(read_blobs(parts.root, [blob.encode() for _path, blob in wanted]))
    except GitError as error:
        raise GitError(f"the history is cut off: {error.message}", hint=error.hint) from error
    for (path, blob), data in zip(wanted, contents, strict=True):
        one = parts.reading.read_one(path, blob, data)
        if one is not None:
            found[path, blob] = one
    return found
