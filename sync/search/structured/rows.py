"""The rows of the tables that are made of entries: only the columns that a statement reads. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.document.entry import Entry
from sync.document.projection import get
from sync.document.record import Memory
from sync.document.view import View
from sync.document.yaml12 import Value
from sync.search.structured.links import Names, links_of
from sync.search.structured.outline import sections_of
from sync.search.structured.schema import Cell
from sync.stores.augment import Foreign

_OWN_COLUMNS = frozenset({"id", "title", "date", "heure", "tags", "related", "context", "importance"})
_WORD = re.compile(r"\w+")
_FRENCH = frozenset("le la les des une et est dans pour que qui sur avec pas du au aux ne ce cette nous il je".split())
_ENGLISH = frozenset("the of and to in is that it for was with as are this not be by from which have we you".split())
_ENOUGH = 5_000  # characters tell a language


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An entry and Git's id of its bytes, hexadecimal."""

    entry: Entry
    blob: str


def language_of(entry: Entry) -> str | None:
    """`fr` or `en`: what `language` or `lang` of the front matter says, else what its commonest words tell."""
    for key in ("language", "lang"):
        written = entry.front.get(key)
        if isinstance(written, str) and written.casefold()[:2] in ("fr", "en"):
            return written.casefold()[:2]
    words = _WORD.findall(f"{entry.title} {entry.body[:_ENOUGH]}".lower())
    french, english = (sum(word in common for word in words) for common in (_FRENCH, _ENGLISH))
    return None if french == english else "fr" if french > english else "en"


def _context(entry: Entry) -> str | None:
    written = entry.front.get("context")
    return written if isinstance(written, str) and written else None


def _clock(entry: Entry) -> str | None:
    moment = entry.moment
    return moment.clock.isoformat(timespec="seconds") if moment and moment.clock else None


_OF_ENTRY: Mapping[str, Callable[[Stored], Cell]] = {
    "path": lambda one: one.entry.path,
    "id": lambda one: one.entry.id,
    "title": lambda one: one.entry.title,
    "date": lambda one: one.entry.moment.day.isoformat() if one.entry.moment else None,
    "time": lambda one: _clock(one.entry),
    "context": lambda one: _context(one.entry),
    "importance": lambda one: one.entry.importance,
    "language": lambda one: language_of(one.entry),
    "words": lambda one: len(_WORD.findall(one.entry.body)),
    "body": lambda one: one.entry.body,
    "blob": lambda one: one.blob,
}


def entry_rows(entries: Iterable[Stored], columns: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    """Rows of `entries` with some of its columns, in the order given."""
    makers = [_OF_ENTRY[name] for name in columns]
    return (tuple(make(one) for make in makers) for one in entries)


def rows_of_entries(name: str, entries: Sequence[Stored], folder: str) -> Iterator[tuple[Cell, ...]]:
    """Rows of a table that is made of entries, all columns.

    Args:
        name: `sections`, `tags`, `links` or `properties`.
        entries: all of the journal.
        folder: the entries' folder.
    """
    if name == "links":
        names = Names((one.entry for one in entries), folder)
        for one in entries:
            for link in links_of(one.entry):
                yield one.entry.path, link.kind, link.target, names.resolve(one.entry, link), link.line
        return
    make = {"sections": _sections, "tags": _tags, "properties": _properties}[name]
    for one in entries:
        yield from make(one.entry)


def _sections(entry: Entry) -> Iterator[tuple[Cell, ...]]:
    for one in sections_of(entry):
        path = " > ".join(one.headings)
        yield entry.path, one.heading, one.level, path, one.first_line, one.last_line, one.text


def _tags(entry: Entry) -> Iterator[tuple[Cell, ...]]:
    return ((entry.path, tag) for tag in entry.tags)


def _properties(entry: Entry) -> Iterator[tuple[Cell, ...]]:
    return ((entry.path, key, _as_text(value)) for key, value in entry.front.items() if key not in _OWN_COLUMNS)


def _as_text(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def projected_rows(entries: Iterable[Stored], view: View) -> Iterator[tuple[Cell, ...]]:
    """Rows of `memories` as an export would make them."""
    for one in entries:
        memory = Memory(record=get(one.entry, view), source=one.entry.path, source_blob=one.blob)
        record = memory.record
        tags = json.dumps(record.tags, ensure_ascii=False)
        yield record.id, record.text, tags, record.date or None, memory.source, memory.source_blob


def memory_rows(memories: Iterable[Foreign]) -> Iterator[tuple[Cell, ...]]:
    """Rows of `memories` as a file of memories has them."""
    for one in memories:
        told = one.metadata
        tags = told.get("tags")
        yield (
            one.id or None, one.text, json.dumps(tags if isinstance(tags, list) else [], ensure_ascii=False),
            _text(told.get("date")), _text(told.get("source")), _text(told.get("source_blob")),
        )  # fmt: skip


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
