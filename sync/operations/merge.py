"""Merging files that are not in the journal: three on disk, lines of JSON, and what Git asks a merge driver."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from sync.errors import UsageError
from sync.merge.decision import Decision, with_markers
from sync.merge.entry import Merged, merge_texts
from sync.repository.files import read_or_none, write_atomic

MARKER_SIZE = 7
_OF_MEMORY = re.compile(r"^context:.*^```json$", re.MULTILINE | re.DOTALL)
_ESCAPED = re.compile("[\x85\u2028\u2029\ud800-\udfff]")  # what readers take for a line's end, or UTF-8 cannot hold


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMerge:
    """Three files merged.

    Attributes:
        text: the merged text; with conflict markers where it is not clean.
        is_clean: whether nothing is left for a person to decide.
        decisions: what was decided, place by place.
    """

    text: str
    is_clean: bool
    decisions: tuple[Decision, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "clean": self.is_clean,
            "merged": self.text,
            "decisions": [one.as_dict() for one in self.decisions],
        }


def merge_files(base: Path, ours: Path, theirs: Path, *, size: int = MARKER_SIZE, labels: bool = True) -> FileMerge:
    """Merge three files, as `git merge-file` would, by the rules of entries.

    Args:
        base: the version that both sides started from; an empty file where there is none.
        ours, theirs: the two sides.
        size: characters in a conflict marker.
        labels: whether markers name the files.

    Raises:
        UsageError: a file is missing or not UTF-8.
    """
    texts = [_text(path) for path in (base, ours, theirs)]
    merged = _merge(texts[0] or None, texts[1], texts[2])
    names = (str(ours), str(base), str(theirs)) if labels else ("ours", "base", "theirs")
    return _file_merge(merged, names, size)


def drive_merge(base: Path, ours: Path, theirs: Path, *, size: int) -> bool:
    """What Git asks of a merge driver: `ours` becomes the merged file, with markers where it is not clean.

    Returns:
        Whether it is clean.

    Raises:
        UsageError: a file is missing or not UTF-8, and `ours` is left as it was.
    """
    found = merge_files(base, ours, theirs, size=size, labels=False)
    write_atomic(ours, [found.text.encode()])
    return found.is_clean


def merge_jsonl(lines: Iterable[str]) -> Iterator[str]:
    """Merge many: one JSON object a line in, one a line out.

    Args:
        lines: `{"id", "path", "base", "ours", "theirs"}`; texts, base null where the sides never had one in common.

    Yields:
        `{"id", "clean", "merged", "decisions", "conflicts"}`; `merged` is null where it is not clean.

    Raises:
        UsageError: a line is not such an object.
    """
    for number, line in _numbered(lines):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
            base, ours, theirs = case.get("base"), case["ours"], case["theirs"]
            identity = case.get("id")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            hint = 'write {"id": …, "base": text or null, "ours": text, "theirs": text}'
            raise UsageError(f"line {number}: not a merge to do", hint=hint) from error
        if not all(isinstance(text, str) for text in (ours, theirs)) or not isinstance(base, str | None):
            raise UsageError(f"line {number}: base, ours and theirs must be text")
        merged = _merge(base, ours, theirs)
        decisions = [one.as_dict() for one in merged.decisions]
        conflicts = [one for one in decisions if one["action"] == "conflict"]
        answer = {
            "id": identity,
            "clean": merged.text is not None,
            "merged": merged.text,
            "decisions": [one for one in decisions if one["action"] != "conflict"],
            "conflicts": conflicts,
        }
        written = json.dumps(answer, ensure_ascii=False)
        yield written if written.isascii() or not _ESCAPED.search(written) else json.dumps(answer)


def _merge(base: str | None, ours: str, theirs: str) -> Merged:
    """Entries of memories by the rules of memories, whose JSON merges key by key; all others by those of entries."""
    if all(_OF_MEMORY.search(text) for text in (ours, theirs)):
        from sync.taskmaster.long_term.merging import Merger  # few entries are memories with JSON

        return Merger(UTC)(base, ours, theirs)
    return merge_texts(base, ours, theirs)


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            yield number, line
    except UnicodeDecodeError as error:
        raise UsageError(f"line {number + 1}: not UTF-8") from error


def _file_merge(merged: Merged, labels: tuple[str, str, str], size: int) -> FileMerge:
    text = merged.text
    is_clean = text is not None
    if text is None:
        text = merged.form.apply(with_markers(merged.pieces, labels, size))
    return FileMerge(text=text, is_clean=is_clean, decisions=tuple(merged.decisions))


def _text(path: Path) -> str:
    data = read_or_none(path)
    if data is None:
        raise UsageError(f"{path}: no such file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}") from error
