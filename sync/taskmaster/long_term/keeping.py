"""Keeping values that are objects, before the entries that name them: where objects lie, or in the commit itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sync.repository.files import read_or_none
from sync.repository.objects import resolve
from sync.taskmaster.long_term.arriving import left_as_it_is
from sync.taskmaster.long_term.deciding import Decided
from sync.taskmaster.long_term.parts import Parts
from sync.taskmaster.long_term.port import Outcome
from sync.taskmaster.tiers.objects.digests import digest_of, name_of
from sync.taskmaster.tiers.protocol import TierDownError

_AS_IT_IS = b"/*/* -text -merge\n"
"""Git changes no line ending of an object, gitattributes(5), and merges none: its name is the hash of its bytes."""


def without_unkept(parts: Parts, decided: Sequence[Decided]) -> list[Decided]:
    """The same, once the objects are kept that lie outside the repository; memories wait whose objects cannot be."""
    if parts.objects_folder:
        return list(decided)
    return [_kept_elsewhere(parts, one) if one.brings_object else one for one in decided]


def _kept_elsewhere(parts: Parts, one: Decided) -> Decided:
    try:
        parts.objects.put(one.case.held.memory.data)
    except TierDownError as error:
        return left_as_it_is(one, Outcome.WAITING, f"its value cannot be kept: {error.message}", error.hint)
    return one


def object_files(parts: Parts, head: str | None, decided: Sequence[Decided]) -> dict[str, bytes | None]:
    """What the commit is to hold of the objects that lie in the repository.

    Args:
        parts: the journal; its objects lie in it where `objects_folder` names a folder.
        head: the branch's commit.
        decided: what is to become of memories.

    Returns:
        Path -> bytes; nothing where objects lie elsewhere.
    """
    if not parts.objects_folder:
        return {}
    values = [one.case.held.memory.data for one in decided if one.brings_object]
    files = {f"{parts.objects_folder}/{name_of(digest_of(value))}": value for value in values}
    if files:
        files[f"{parts.objects_folder}/.gitattributes"] = _AS_IT_IS
        _make_way(parts, head, files)
    return dict(files)


def _make_way(parts: Parts, head: str | None, files: dict[str, bytes]) -> None:
    """Remove files that say the same and are not committed: the commit would take them for somebody's work."""
    present = [path for path, data in files.items() if read_or_none(parts.root / path) == data]
    tracked = resolve(parts.root, [f"{head}:{path}" for path in present]) if head and present else [None] * len(present)
    for path, blob in zip(present, tracked, strict=True):
        if blob is None:
            with suppress(OSError):
                (parts.root / path).unlink()
