"""What keeps one memory from the journal and lets all others pass: a secret in it, a file that somebody is editing."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from itertools import accumulate
from pathlib import Path

from sync.document.entry import Entry, parse_entry
from sync.document.settings import Settings
from sync.engine.secrets import BASELINE, Secret, find_secrets, incoming
from sync.errors import UsageError
from sync.repository.checkout import dirty_paths
from sync.repository.files import read_or_none
from sync.taskmaster.long_term.deciding import Decided
from sync.taskmaster.long_term.port import Outcome
from sync.taskmaster.long_term.record import MemoryRecord
from sync.taskmaster.long_term.store import read_memory
from sync.taskmaster.memory import Kind

_DOCS = "see docs/hooks-and-ci.md"
_TOGETHER = 200
_BETWEEN = "\n…\n"  # a line that is part of no secret
_LONG = re.compile(r"[^\s\"'`:,]{16,}")
_UNQUOTED = str.maketrans("\"'`", "   ")


def without_secrets(root: Path, settings: Settings, decided: Sequence[Decided]) -> list[Decided]:
    """The same, memories with a secret that nobody has allowed held back.

    Args:
        root, settings: the journal's; what is harmless stands in its `secrets.baseline`.
        decided: what is to become of memories.

    Raises:
        UsageError: the baseline is damaged.
    """
    texts = {number: _arriving(one, settings.view.zone) for number, one in enumerate(decided)}
    texts = {number: text for number, text in texts.items() if text.strip()}
    baseline = f"{settings.journal}/{BASELINE}".removeprefix("./")
    allowed = read_or_none(root / baseline) if texts else None
    held = list(decided)
    numbers = list(texts)
    for start in range(0, len(numbers), _TOGETHER):
        part = {number: texts[number] for number in numbers[start : start + _TOGETHER]}
        for number, secret in _found(part, allowed, baseline).items():
            why = f"line {secret.line} looks like a secret ({secret.type}), and the journal is forever"
            hint = f"remember it without, or forget it; if it is harmless, allow {secret.hashed} in {baseline}, {_DOCS}"
            held[number] = left_as_it_is(decided[number], Outcome.HELD_BACK, why, hint)
    return held


def _found(texts: Mapping[int, str], allowed: bytes | None, baseline: str) -> dict[int, Secret]:
    """The first secret of each text that has one. The texts are looked through as one: there is a cost to each."""
    found: dict[int, Secret] = {}
    left = dict(texts)
    while left:
        starts = [0, *accumulate(text.count("\n") + 2 for text in left.values())]
        try:
            secrets = find_secrets({"": _BETWEEN.join(left.values())}, allowed)
        except UsageError as error:
            raise UsageError(f"{baseline}: {error.message}", hint=error.hint) from error
        names = list(left)
        more: dict[int, Secret] = {}
        for one in secrets:
            place = bisect_right(starts, one.line - 1) - 1
            more.setdefault(names[min(place, len(names) - 1)], replace(one, line=one.line - starts[place]))
        if not more:
            break
        found |= more  # what two texts have in common is told once: the others are looked through again
        left = {number: text for number, text in left.items() if number not in more}
    return found


def without_dirty(root: Path, decided: Sequence[Decided]) -> list[Decided]:
    """The same; memories wait whose entries have changes in the work tree that are not committed."""
    paths = {one.case.path: one.case.blob or None for one in decided if one.changes}
    dirty = set(dirty_paths(root, list(paths), paths)) if paths else set()
    hint = "commit it or put it aside (git stash), then flush again"
    return [
        left_as_it_is(one, Outcome.WAITING, f"{one.case.path} has changes that are not committed", hint)
        if one.changes and one.case.path in dirty
        else one
        for one in decided
    ]


def texts_of(decided: Iterable[Decided]) -> Mapping[str, str | None]:
    """The entries that change: path -> new text, None for one that goes."""
    return {one.case.path: one.text for one in decided if one.changes}


def left_as_it_is(one: Decided, outcome: Outcome, why: str, hint: str) -> Decided:
    """Nothing becomes of a memory for now, and why."""
    return replace(
        one, outcome=outcome, text=one.case.ours, seen=None, why=why, hint=hint, conflict=None, settled=""
    )  # fmt: skip


def _arriving(one: Decided, zone: tzinfo) -> str:
    """What would come into the journal: the lines of a value, and then what is said of it, that are not there yet."""
    text = one.conflict.theirs if one.conflict else one.text if one.changes else None
    if text is None:
        return ""
    record = one.record if text == one.seen else _record(one.case.path, text, zone)
    if record is None:
        return incoming(one.case.base if one.case.ours is None else one.case.ours, text)
    known = one.known
    data = one.case.held.memory.data if record.is_object else record.data
    return incoming(None if known is None else _said(known, known.data), _said(record, data))


def _said(record: MemoryRecord, data: bytes) -> str:
    """The words of a record, a line each as its entry has them."""
    value = data.decode("utf-8", "ignore")
    if record.kind is Kind.JSON and data and not record.is_object:
        value = json.dumps(json.loads(data), ensure_ascii=False, sort_keys=True, indent=2)
    told = json.dumps(json.loads(record.metadata), ensure_ascii=False, sort_keys=True, indent=2)
    return "\n".join(map(_plain, f"{value}\n{record.key}\n{record.type}\n{told}".splitlines()))


def _plain(line: str) -> str:
    """A line without quotes, where no word in it is long enough to be a secret: JSON quotes every word."""
    return line if _LONG.search(line) else line.translate(_UNQUOTED)


def _record(path: str, text: str | None, zone: tzinfo) -> MemoryRecord | None:
    entry = parse_entry(path, text) if text is not None else None
    found = read_memory(entry, zone) if isinstance(entry, Entry) else None
    return found if isinstance(found, MemoryRecord) else None
