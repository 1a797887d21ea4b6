"""The adapter between memories and entries: `engine.decide` merges a memory as it merges a record of any store. Pure.

Beyond what `Store` promises, `read_memory` says of any entry whether it is a memory, and what is wrong with one that
cannot be read: a person may write and mend them by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, tzinfo
from hashlib import sha256
from typing import ClassVar

from sync.document import frontmatter, yaml12
from sync.document.entry import Entry, parse_entry
from sync.document.fault import Fault, position
from sync.document.splice import ABSENT, set_values, with_body
from sync.errors import DocumentError, ProjectionError, ShapeError, UsageError
from sync.stores.protocol import Chunks, Created, Files, Source
from sync.taskmaster.context import Context
from sync.taskmaster.long_term.bodies import Wrong, read_body, render_body, with_value
from sync.taskmaster.long_term.fronts import (
    KEYS,
    OBJECT,
    created_of,
    front_values,
    metadata_of,
    render_front,
    text_at,
    time_at,
)
from sync.taskmaster.long_term.own_metadata import find_odd
from sync.taskmaster.long_term.paths import stem_of
from sync.taskmaster.long_term.record import MemoryRecord, chunk_of, id_of_key, record_of_chunk, store_key
from sync.taskmaster.memory import Kind, MemoryId, checked_key

STORE = "taskmaster"
_MORE = "\n\n…"
_ENDING = ".json"


class MemoryStore:
    """Memories as records of a store.

    Args:
        zone: the time zone of entries that name none.
        long: whether an entry's file is named by more of its key's hash: where another memory's has the short name.
    """

    name: ClassVar[str] = STORE
    version: ClassVar[str] = "taskmaster-memory/1"
    key_name: ClassVar[str] = "key"
    is_volatile: ClassVar[bool] = False

    def __init__(self, zone: tzinfo = UTC, *, long: bool = False) -> None:
        self._zone, self._long = zone, long

    def is_part(self, name: str) -> bool:
        """See `Store.is_part`; each record is a file of its own."""
        return name.endswith(_ENDING) and "/" not in name

    def split(self, files: Files) -> Chunks:
        """See `Store.split`."""
        found = {}
        for name in sorted(name for name in files if self.is_part(name)):
            record = record_of_chunk(files[name])
            found[store_key(record.id)] = files[name]
        return found

    def count(self, files: Files) -> int:
        """See `Store.count`."""
        return len(self.split(files))

    def parse(self, key: str, chunk: bytes) -> MemoryRecord:
        """See `Store.parse`."""
        record = record_of_chunk(chunk)
        if store_key(record.id) != key:
            raise ShapeError(f"the record of {store_key(record.id)!r} is not that of {key!r}")
        return record

    def key(self, entry: Entry) -> str:
        """See `Store.key`; empty for an entry that is no memory."""
        id_ = memory_id(entry)
        return store_key(id_) if id_ else ""

    def get(self, entry: Entry) -> MemoryRecord:
        """See `Store.get`.

        Raises:
            ProjectionError: the entry is no memory, or one that cannot be read.
        """
        found = read_memory(entry, self._zone)
        if isinstance(found, MemoryRecord):
            return found
        if found is None:
            raise ProjectionError(f"{entry.path}: no memory: it has no `context`", key="context")
        raise ProjectionError(str(found), key=found.key, hint=found.hint)

    def put(self, record: MemoryRecord, entry: Entry) -> Entry:
        """See `Store.put`."""
        present = read_memory(entry, self._zone)
        if present == record:
            return entry
        if isinstance(present, MemoryRecord) and self._is_plain(present, entry):
            text = render_entry(record, title=entry.title, id_=text_at(entry, "id"))
        else:
            text = self._spliced(record, present if isinstance(present, MemoryRecord) else None, entry)
        changed = _parsed(entry.path, text)
        if read_memory(changed, self._zone) != record:
            raise ProjectionError(f"{entry.path}: the entry cannot hold this memory", hint="edit the file by hand")
        return changed

    def create(self, key: str, chunk: bytes) -> Created:
        """See `Store.create`; the stem has folders, for a tenant may have many memories."""
        record = self.parse(key, chunk)
        stem = stem_of(record.id, long=self._long)
        text = render_entry(record, title=" ".join(record.key.split()))
        entry = parse_entry(f"{stem}.md", text)
        if not isinstance(entry, Entry) or read_memory(entry, self._zone) != record:
            raise ProjectionError(f"{record.context} {record.key}: no entry can hold this memory")
        return Created(stem=stem, text=text)

    def render(self, record: MemoryRecord, previous: bytes | None, source: Source) -> bytes:
        """See `Store.render`; the source is not written."""
        if previous is not None and record_of_chunk(previous) == record:
            return previous
        return chunk_of(record)

    def join(self, files: Files, changes: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        """See `Store.join`."""
        names = {store_key(record_of_chunk(data).id): name for name, data in files.items() if self.is_part(name)}
        named = {names.get(key, _file_name(key)): chunk for key, chunk in changes.items()}
        return {name: chunk for name, chunk in named.items() if files.get(name) != chunk}

    def _is_plain(self, present: MemoryRecord, entry: Entry) -> bool:
        """Whether an entry is as this program writes it, so that writing it anew touches nothing of a person's."""
        known = entry.front.keys() <= set(KEYS)
        return known and entry.text == render_entry(present, title=entry.title, id_=text_at(entry, "id"))

    def _spliced(self, record: MemoryRecord, present: MemoryRecord | None, entry: Entry) -> str:
        text = entry.text
        if present is None or _value_of(present) != _value_of(record):
            text = with_body(text, entry.body_start, self._body(record, present, entry.body))
            entry = _parsed(entry.path, text)  # the body may tell a date
            again = read_memory(entry, self._zone)
            present = again if isinstance(again, MemoryRecord) else None
        wanted = front_values(record)
        now = {key: entry.front.get(key, ABSENT) for key in wanted}
        if present is not None:  # however a person has written it
            now |= {key: wanted[key] for key, value in front_values(present).items() if value == wanted[key]}
        try:
            return set_values(text, {key: value for key, value in wanted.items() if now[key] != value})
        except DocumentError as error:
            raise ProjectionError(f"{entry.path}: {error.message}", key=error.key, hint=error.hint) from error

    def _body(self, record: MemoryRecord, present: MemoryRecord | None, body: str) -> str:
        if record.is_object or present is None or present.is_object:
            return body_of(record)
        return with_value(body, record.data, record.kind, present.kind)


def memory_id(entry: Entry) -> MemoryId | None:
    """Which memory an entry is; None where it is none: without a `context` that is the id of one."""
    written = text_at(entry, "context")
    if not written:
        return None
    try:
        key = text_at(entry, "key")
        return MemoryId(Context.parse(written).text, checked_key(key if key.strip() else entry.id))
    except UsageError:
        return None


def read_memory(entry: Entry, zone: tzinfo = UTC) -> MemoryRecord | Fault | None:
    """What an entry says of a memory; the fault that keeps it from being read; None where it is no memory.

    Args:
        entry: any entry.
        zone: the time zone of times that name none.
    """
    id_ = memory_id(entry)
    if id_ is None:
        return None
    kind = text_at(entry, "kind") or Kind.MARKDOWN.value
    if kind not in (one.value for one in Kind):
        hint = "write json or bytes, or leave it out for Markdown"
        return _front_fault(entry, "kind", f"{kind!r} is no kind of value", hint)
    metadata = metadata_of(entry)
    if '"_' in metadata and (odd := find_odd(json.loads(metadata))) is not None:
        return _front_fault(entry, "metadata", odd.message, odd.hint, odd.key)
    found = _read_value(entry, Kind(kind))
    if isinstance(found, Fault):
        return found
    data, content, size, preview = found
    return MemoryRecord(
        context=id_.context, key=id_.key, kind=Kind(kind), content=content, importance=entry.importance,
        created=created_of(entry, zone), type=text_at(entry, "type"), expires=time_at(entry, "expires", zone),
        retention=text_at(entry, "retention"), metadata=metadata,
        updated=time_at(entry, "updated", zone) or created_of(entry, zone), data=data,
        is_object=bool(text_at(entry, "object")), size=size, preview=preview,
    )  # fmt: skip


def render_entry(record: MemoryRecord, *, title: str, id_: str = "") -> str:
    """The entry of a memory, as this program writes it."""
    return render_front(record, title=title, id_=id_) + body_of(record)


def body_of(record: MemoryRecord) -> str:
    """The body of a memory's entry: its value, or the first lines of one that is an object."""
    if not record.is_object:
        return render_body(record.data, record.kind)
    return f"\n{record.preview}{_MORE}\n" if record.preview else ""


def _value_of(record: MemoryRecord) -> tuple[str, Kind, bool]:
    return record.content, record.kind, record.is_object


def _parsed(path: str, text: str) -> Entry:
    entry = parse_entry(path, text)
    if not isinstance(entry, Entry):
        raise ProjectionError(f"{path}: {entry.message}", key=entry.key, hint=entry.hint)
    return entry


def _read_value(entry: Entry, kind: Kind) -> tuple[bytes, str, int, str] | Fault:
    """The value, its digest and size, and the preview of an object, whose value is not here."""
    written = text_at(entry, "object")
    if written:
        found = OBJECT.fullmatch(written)
        if found is None:
            hint = "write sha256: and 64 hexadecimal digits"
            return _front_fault(entry, "object", f"{written[:80]!r} names no object", hint)
        size = text_at(entry, "size")
        preview = entry.body.strip().removesuffix(_MORE.strip()).rstrip()
        return b"", found[1], int(size) if size.isdecimal() else 0, preview
    data = read_body(entry.body, kind)
    if isinstance(data, Wrong):
        line, column = position(entry.text, entry.body_start + data.offset)
        return Fault(path=entry.path, line=line, column=column, message=data.message, hint=data.hint)
    return data, sha256(data).hexdigest(), len(data), ""


def _front_fault(entry: Entry, key: str, message: str, hint: str, *below: str) -> Fault:
    block = frontmatter.find_block(entry.text)
    node = yaml12.compose(entry.text[block.start : block.end]) if block else None
    line, column = position(entry.text, (block.start if block else 0) + yaml12.find(node, [key, *below]))
    return Fault(path=entry.path, line=line, column=column, key=".".join((key, *below)), message=message, hint=hint)


def _file_name(key: str) -> str:
    return sha256(store_key(id_of_key(key)).encode()).hexdigest() + _ENDING
