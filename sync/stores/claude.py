"""The adapter of Claude Code's own memory: a folder of Markdown files, one memory each, and an index of them.

A memory and its entry share name, description (the entry's title), type and body. What Claude Code keeps besides -
which session a memory came from, when it was changed - stays in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sync.document import projection
from sync.document.entry import Entry, parse_entry
from sync.document.naming import title_of_name
from sync.document.scalars import render_value
from sync.document.splice import set_values
from sync.document.view import View
from sync.document.yaml12 import Value
from sync.errors import DocumentError, ProjectionError, ShapeError
from sync.stores.claude_file import (
    DEFAULT_TYPE,
    TYPES,
    ClaudeRecord,
    read_body,
    read_record,
    render_changed,
    render_new,
)
from sync.stores.claude_index import update_index
from sync.stores.protocol import Chunks, Created, Files, Source
from sync.stores.shape import decoded, new_refused_character, refuse_too_many, refused_character, why_no_key
from sync.stores.words import is_stem, stems_of

INDEX = "MEMORY.md"
_ENDING = ".md"
_MAX_NAME_BYTES = 240  # file systems allow 255, and files are written under a longer name first


class ClaudeStore:
    """A folder of memory files.

    Args:
        view: how entries are shown; nothing of it is needed here.
    """

    name: ClassVar[str] = "claude"
    version: ClassVar[str] = "claude-memory/1"
    key_name: ClassVar[str] = "id"
    is_volatile: ClassVar[bool] = False

    def __init__(self, view: View) -> None:
        self.view = view

    def is_part(self, name: str) -> bool:
        """Whether a file belongs to the store: Markdown files of the folder itself that are not hidden."""
        return name.endswith(_ENDING) and not name.startswith(".") and "/" not in name and "\\" not in name

    def split(self, files: Files) -> Chunks:
        """See `Store.split`; a record is a file, its key the file's stem. In the order of the names."""
        names = sorted(name for name in files if self.is_part(name) and name != INDEX)
        refuse_too_many("the memory folder", len(names))
        _refuse_names([name.removesuffix(_ENDING) for name in names])
        for name in names:
            if b"\0" in files[name]:
                raise ShapeError(f"{name}: holds the character U+0000", hint="remove it")
            decoded(name, files[name])
        return {name.removesuffix(_ENDING): files[name] for name in names}

    def count(self, files: Files) -> int:
        """See `Store.count`."""
        return len(self.split(files))

    def parse(self, key: str, chunk: bytes) -> ClaudeRecord:
        """See `Store.parse`."""
        return read_record(key, chunk)

    def key(self, entry: Entry) -> str:
        """The entry's id."""
        return entry.id

    def get(self, entry: Entry) -> ClaudeRecord:
        """The record of an entry."""
        body = projection.content(entry.body)
        return ClaudeRecord(name=entry.id, description=entry.title, type=_type(entry), body=body)

    def put(self, record: ClaudeRecord, entry: Entry) -> Entry:
        """See `Store.put`. Control characters that the entry does not hold already are refused."""
        if record == self.get(entry):
            return entry
        if odd := new_refused_character(record.body + record.description, entry.text):
            raise ProjectionError(f"{entry.path}: the memory holds {odd}", hint="remove it in the store")
        changed = entry
        if record.body != projection.content(entry.body):
            changed = _reread(entry.path, projection.with_content(entry.text, entry.body_start, record.body))
        if changed.title != record.description:
            changed = _changed(changed, "title", record.description)
        if _type(changed) != record.type:
            changed = _changed(changed, "type", record.type)
        if self.get(changed) != record:
            raise ProjectionError(f"{entry.path}: the entry cannot hold this memory", hint="edit the file by hand")
        return changed

    def create(self, key: str, chunk: bytes) -> Created:
        """See `Store.create`; the entry's file has the memory's name where every file system takes it."""
        record = self.parse(key, chunk)
        body = read_body(key, chunk)
        if odd := refused_character(body + record.description):
            raise ProjectionError(f"{key}{_ENDING}: holds {odd}", hint="remove it in the store")
        stem = key if is_stem(key.lower()) else stems_of(key, key)[-2]
        front: dict[str, Value] = {} if stem == key else {"id": key}
        front |= {"title": record.description}
        front |= {"type": record.type} if record.type != DEFAULT_TYPE else {}
        lines = "".join(f"{name}: {render_value(value)}\n" for name, value in front.items())
        text = f"---\n{lines}---\n\n{body}\n" if body else f"---\n{lines}---\n"
        entry = parse_entry(f"{stem}{_ENDING}", text)
        if not isinstance(entry, Entry) or self.get(entry) != record:
            raise ProjectionError(f"{key}{_ENDING}: no entry can hold this memory")
        return Created(stem=stem, text=text)

    def render(self, record: ClaudeRecord, previous: bytes | None, source: Source) -> bytes:
        """See `Store.render`; the source is not written."""
        if why := _why_no_name(record.name):
            raise ProjectionError(f"{source.path}: the id {record.name!r} {why}", key="id", hint="write another id")
        if "\0" in record.body:
            raise ProjectionError(f"{source.path}: holds the character U+0000", hint="remove it")
        if previous is not None and self.parse(record.name, previous) == record:
            return previous
        rendered = render_new(record) if previous is None else render_changed(record, previous)
        if self.parse(record.name, rendered) != record:
            raise ProjectionError(f"{source.path}: a memory file cannot hold this entry")
        return rendered

    def join(self, files: Files, changes: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        """See `Store.join`; the index follows."""
        present = self.split(files)
        real = {key: chunk for key, chunk in changes.items() if present.get(key) != chunk}
        if not real:
            return {}
        after = {key: chunk for key, chunk in {**present, **real}.items() if chunk is not None}
        _refuse_names(list(after))
        joined = {f"{key}{_ENDING}": chunk for key, chunk in real.items()}
        index = files.get(INDEX)
        if index is None:
            text = update_index("", {}, {key: self._said(key, after[key]) for key in sorted(after)})
            return joined | ({INDEX: text.encode()} if text else {})
        changed = {key: self._descriptions(key, present[key], chunk) for key, chunk in real.items() if key in present}
        added = {key: self._said(key, chunk) for key, chunk in real.items() if chunk is not None and key not in present}
        text = update_index(decoded(INDEX, index), changed, added)
        return joined | ({INDEX: text.encode()} if text.encode() != index else {})

    def _descriptions(self, key: str, old: bytes, new: bytes | None) -> tuple[str, str] | None:
        return None if new is None else (self._said(key, old), self._said(key, new))

    def _said(self, key: str, chunk: bytes) -> str:
        """A memory's description, for the index; one unreadable file must not keep the others out of it."""
        try:
            return self.parse(key, chunk).description
        except ShapeError:
            return title_of_name(f"{key}{_ENDING}")


def _type(entry: Entry) -> str:
    written = entry.front.get("type")
    return str(written) if written in TYPES else DEFAULT_TYPE


def _changed(entry: Entry, key: str, value: str) -> Entry:
    try:
        return _reread(entry.path, set_values(entry.text, {key: value}))
    except DocumentError as error:
        raise ProjectionError(f"{entry.path}: {error.message}", key=error.key, hint=error.hint) from error


def _reread(path: str, text: str) -> Entry:
    entry = parse_entry(path, text)
    if not isinstance(entry, Entry):
        raise ProjectionError(f"{path}: {entry.message}", key=entry.key, hint=entry.hint)
    return entry


def _why_no_name(key: str) -> str:
    """Why a key cannot be the stem of a memory file, or an empty string where it can."""
    if key.lower() + _ENDING == INDEX.lower():
        return "is the name of the index"
    if len(key.encode("utf-8", "replace")) > _MAX_NAME_BYTES:
        return "is too long for a file name"
    return why_no_key(key)


def _refuse_names(keys: list[str]) -> None:
    seen: dict[str, str] = {}
    for key in keys:
        if why := _why_no_name(key):
            raise ShapeError(f"{key}{_ENDING}: the name {why}", hint="rename it")
        if (first := seen.setdefault(key.casefold(), key)) != key:
            raise ShapeError(f"{first}{_ENDING} and {key}{_ENDING} differ by case alone", hint="rename one of them")
