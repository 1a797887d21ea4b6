"""The adapter of the memories that `journal export` writes and Augment, or a person, may change: one JSON list.

Our own layout is cut into records without being parsed. Anything else that is such a list is parsed, and each of its
memories is shown as it would stand in our layout, all keys kept; the file takes that layout with the first change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from json.encoder import encode_basestring as quote
from typing import Any, ClassVar

from sync.document import projection
from sync.document.entry import Entry, parse_entry
from sync.document.frontmatter import BOM
from sync.document.moment import parse_date
from sync.document.naming import moment_of_name
from sync.document.record import Memory, Record, content_hash
from sync.document.scalars import render_value
from sync.document.view import View
from sync.document.yaml12 import Value
from sync.errors import ProjectionError, ShapeError
from sync.stores.augment import render_file, render_memory
from sync.stores.augment_layout import cut_file, in_order
from sync.stores.protocol import Chunks, Created, Files, Source
from sync.stores.shape import (
    decoded,
    dumped,
    load_json,
    new_refused_character,
    refuse_too_many,
    refused_character,
    why_no_key,
)
from sync.stores.words import stems_of, title_of

FILE = "journal_memories.json"
HASH_KEY = "sha256:"
_TEXT_KEYS = ("text", "metadata")
_METADATA_KEYS = ("id", "source", "tags", "date", "source_blob")
_ODD_KEY = re.compile(r"\n(?:\n|\.|\s)|\s\n|[/\\\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|[^\n]{200}")


class AugmentStore:
    """One JSON file of memories.

    Args:
        view: how entries are shown.
    """

    name: ClassVar[str] = "augment"
    version: ClassVar[str] = "augment-json/1"
    key_name: ClassVar[str] = "id"
    is_volatile: ClassVar[bool] = False

    def __init__(self, view: View) -> None:
        self.view = view
        self._known: list[tuple[bytes, Chunks]] = []  # what was cut last; a sync asks for the same bytes several times

    def is_part(self, name: str) -> bool:
        """Whether a file belongs to the store: there is one."""
        return name == FILE

    def is_ours(self, text: str) -> bool:
        """Whether a memory's text says that it came from the journal."""
        return text.startswith(f"{self.view.prefix} ")

    def split(self, files: Files) -> Chunks:
        """See `Store.split`; a memory without an id has its content hash as key."""
        data = files.get(FILE)
        if data is None:
            return {}
        for known, chunks in self._known:
            if known is data:
                return chunks
        chunks = self._split(data)
        self._known = [(data, chunks), *self._known[:2]]
        return chunks

    def count(self, files: Files) -> int:
        """See `Store.count`: what `join` writes has each memory's end on a line of its own."""
        return files.get(FILE, b"").count(b"\n  }")

    def _split(self, data: bytes) -> Chunks:
        pairs = cut_file(data)
        if pairs is None:
            pairs = [(_key(item), _render_item(item)) for item in _items(data)]
        refuse_too_many(FILE, len(pairs))
        chunks = dict(pairs)
        if len(chunks) < len(pairs):
            raise ShapeError(f"{FILE}: {_twice(pairs)}", hint="keep one of them")
        if _ODD_KEY.search("\n".join(("", *chunks, ""))):  # one search finds whether any has to be looked at
            for key in chunks:
                if why := why_no_key(key):
                    raise ShapeError(f"{FILE}: the id {key!r} {why}", hint="an id is a word that could be a file name")
        return chunks

    def parse(self, key: str, chunk: bytes) -> Record:
        """See `Store.parse`."""
        item = load_json(f"{FILE}, {key}", decoded(f"{FILE}, {key}", chunk))
        return self._record(key, _checked(item, key))

    def key(self, entry: Entry) -> str:
        """The entry's id."""
        return entry.id

    def get(self, entry: Entry) -> Record:
        """See `projection.get`."""
        return projection.get(entry, self.view)

    def put(self, record: Record, entry: Entry) -> Entry:
        """See `projection.put`. Control characters that the entry does not hold already are refused."""
        if odd := new_refused_character(record.text, entry.text):
            raise ProjectionError(f"{entry.path}: the memory holds {odd}", key="text", hint="remove it in the store")
        return projection.put(record, entry, self.view)

    def create(self, key: str, chunk: bytes) -> Created:
        """See `Store.create`.

        A text that is not of the form `PREFIX title: body` becomes the body, and its beginning the title: such a
        memory comes back with prefix and title. A date that only the text tells (`**Date**: …`) is shown as its date.
        """
        record = self.parse(key, chunk)
        if odd := refused_character(record.text):
            raise ProjectionError(f"{FILE}, {key}: holds {odd}", key="text", hint="remove it in the store")
        title, body = self._title_and_body(record.text)
        shown = projection.content(body)
        text = f"{self.view.prefix} {title}: {shown}" if shown else f"{self.view.prefix} {title}:"
        wanted = replace(record, text=text)
        for stem in stems_of(key, title):
            created = Created(stem=stem, text=self._entry_text(wanted, stem, title, body))
            if self._holds(created, wanted):
                return created
        raise ProjectionError(f"{FILE}, {key}: no entry can hold this memory")

    def render(self, record: Record, previous: bytes | None, source: Source) -> bytes:
        """See `Store.render`."""
        ours = Memory(record=record, source=source.path, source_blob=source.blob)
        if previous is None:
            return render_memory(ours)
        item = _checked(load_json(FILE, decoded(FILE, previous)), record.id)
        metadata = item.get("metadata", {})
        origin = (metadata.get("id"), metadata.get("source"), metadata.get("source_blob"))
        if origin == (record.id, source.path, source.blob) and self._record(record.id, item) == record:
            return previous
        top = {key: value for key, value in item.items() if key not in _TEXT_KEYS}
        inner = {key: value for key, value in metadata.items() if key not in _METADATA_KEYS}
        if not top and not inner:
            return render_memory(ours)
        mine = load_json(FILE, render_memory(ours).decode())
        return _render_item({"text": mine["text"], "metadata": mine["metadata"] | inner, **top})

    def join(self, files: Files, changes: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        """See `Store.join`; memories that came from the journal stand in the order of their sources' paths."""
        present = self.split(files)
        if all(present.get(key) == chunk for key, chunk in changes.items()):
            return {}
        joined = render_file(in_order(present, changes))
        return {} if joined == files.get(FILE) else {FILE: joined}

    def _record(self, key: str, item: Mapping[str, Any]) -> Record:
        metadata = item.get("metadata", {})
        tags, date = metadata.get("tags") or [], metadata.get("date") or ""
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise ShapeError(f"{FILE}, {key}: the tags are not a list of words")
        moment = parse_date(date) if isinstance(date, str) else None
        if date and moment is None:
            raise ShapeError(f"{FILE}, {key}: {date!r} is not a date", hint="write it as 2025-04-05T14:30:00.000Z")
        written = moment.to_record(self.view.zone) if moment else ""
        return Record(id=key, text=item["text"].rstrip(projection.BLANK), tags=tuple(tags), date=written)

    def _title_and_body(self, text: str) -> tuple[str, str]:
        if self.is_ours(text):
            with suppress(ProjectionError):
                title, body = projection.split_text(text, self.view)
                if title := " ".join(title.split()):
                    return title, projection.without_blank_lines(body)
        body = projection.without_blank_lines(text.removeprefix(f"{self.view.prefix} "))
        return title_of(body) if projection.content(body) else " ".join(body.split()), body

    def _entry_text(self, record: Record, stem: str, title: str, body: str) -> str:
        front: dict[str, Value] = {} if stem == record.id else {"id": record.id}
        if record.date:
            dates = projection.date_values(record.date, self.view.zone)
            front |= {key: value for key, value in dates.items() if isinstance(value, str)}
        front |= {"title": title, "tags": list(record.tags)}
        lines = "".join(f"{key}: {render_value(value)}\n" for key, value in front.items())
        return f"---\n{lines}---\n\n{body}\n" if body else f"---\n{lines}---\n"

    def _holds(self, created: Created, record: Record) -> bool:
        path = f"{created.stem}.md"
        entry = parse_entry(path, created.text)
        if not isinstance(entry, Entry) or (not record.date and moment_of_name(path)):
            return False
        shown = self.get(entry)
        return shown == (record if record.date else replace(record, date=shown.date))


def _items(data: bytes) -> list[dict[str, Any]]:
    """The memories of a file of any layout."""
    text = decoded(FILE, data).removeprefix(BOM)
    if not text.strip():
        hint = "it may have been cut short; a store without memories holds []"
        raise ShapeError(f"{FILE}:1:1: the file is empty", hint=hint)
    document = load_json(FILE, text)
    if not isinstance(document, list):
        raise ShapeError(f"{FILE}:1:1: not a list of memories", hint="expected a list of objects with a text")
    return [_checked(item, f"[{index}]") for index, item in enumerate(document)]


def _checked(item: Any, where: str) -> dict[str, Any]:
    """An item that is a memory."""
    text, metadata = (item.get("text"), item.get("metadata", {})) if isinstance(item, dict) else (None, None)
    if not isinstance(text, str) or not text.strip():
        raise ShapeError(f"{FILE}, {where}: not a memory", hint="expected an object with a text")
    if not isinstance(metadata, dict):
        raise ShapeError(f"{FILE}, {where}: the metadata is not an object")
    if not isinstance(metadata.get("id", ""), str):
        raise ShapeError(f"{FILE}, {where}: the id is not text")
    found: dict[str, Any] = item
    return found


def _key(item: Mapping[str, Any]) -> str:
    written = item.get("metadata", {}).get("id")
    return HASH_KEY + content_hash(item["text"]) if written is None else str(written)


def _twice(pairs: list[tuple[str, bytes]]) -> str:
    """What to say of a key that two memories have."""
    counts = Counter(key for key, _ in pairs)
    key = next(key for key, count in counts.items() if count > 1)
    if key.startswith(HASH_KEY):
        return "two memories without an id say the same"
    return f"two memories have the id {key!r}"


def _render_item(item: Mapping[str, Any]) -> bytes:
    """A memory as it would stand in our layout, all its keys in their order."""
    lines = []
    for key, value in item.items():
        if key == "metadata" and value:
            inner = ",\n".join(f"      {quote(name)}: {dumped(one)}" for name, one in value.items())
            lines.append(f'    "metadata": {{\n{inner}\n    }}')
        else:
            lines.append(f"    {quote(key)}: {dumped(value)}")
    return ("  {\n" + ",\n".join(lines) + "\n  }").encode()
