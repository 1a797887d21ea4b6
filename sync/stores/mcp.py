"""The adapter of the MCP memory server's knowledge graph: one file of JSON lines.

An entity is an entry: its observations are the units of the body, its type and relations are front matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sync.document import frontmatter
from sync.document.entry import Entry, parse_entry
from sync.document.projection import with_whole_body
from sync.document.scalars import render_value
from sync.document.splice import ABSENT, Absent, set_values
from sync.document.templates import is_empty
from sync.document.units import Kind, Unit, heading_text, render_item, replace_units, split_units
from sync.document.view import View
from sync.document.yaml12 import Value
from sync.errors import DocumentError, ProjectionError, ShapeError
from sync.stores.mcp_lines import (
    DEFAULT_TYPE,
    RELATION_SEPARATOR,
    Graph,
    McpRecord,
    read_graph,
    read_record,
    render_lines,
    replace_lines,
    why_no_name,
)
from sync.stores.protocol import Chunks, Created, Files, Source
from sync.stores.shape import new_refused_character, refused_character
from sync.stores.words import stems_of

FILE = "memory.jsonl"


class McpStore:
    """One file of entities and relations.

    Args:
        view: how entries are shown; nothing of it is needed here.
    """

    name: ClassVar[str] = "mcp"
    version: ClassVar[str] = "mcp-memory-jsonl/1"
    key_name: ClassVar[str] = "name"
    is_volatile: ClassVar[bool] = True

    def __init__(self, view: View) -> None:
        self.view = view

    def is_part(self, name: str) -> bool:
        """Whether a file could be the store: which one it is, the settings say."""
        return name.endswith((".jsonl", ".json"))

    def split(self, files: Files) -> Chunks:
        """See `Store.split`; a record is an entity with the relations that start at it."""
        return _graph(files)[1].chunks

    def count(self, files: Files) -> int:
        """See `Store.count`."""
        return len(self.split(files))

    def parse(self, key: str, chunk: bytes) -> McpRecord:
        """See `Store.parse`."""
        return read_record(key, chunk)

    def key(self, entry: Entry) -> str:
        """`name` of the front matter where there is one, else the entry's id."""
        written = entry.front.get("name")
        return written if isinstance(written, str) and written.strip() else entry.id

    def get(self, entry: Entry) -> McpRecord:
        """The record of an entry."""
        units, hidden = _units(entry)
        return McpRecord(
            name=self.key(entry),
            type=_type(entry),
            observations=tuple(unit.text for place, unit in enumerate(units) if place not in hidden),
            relations=_relations(entry) or (),
        )

    def put(self, record: McpRecord, entry: Entry) -> Entry:
        """See `Store.put`. Control characters that the entry does not hold already are refused."""
        present = self.get(entry)
        if record == present:
            return entry
        if odd := new_refused_character(_all_text(record), entry.text):
            raise ProjectionError(f"{entry.path}: the entity holds {odd}", hint="remove it in the store")
        text = entry.text if record.observations == present.observations else _with_observations(entry, record)
        changes: dict[str, Value | Absent] = {} if record.type == present.type else {"type": record.type}
        if record.relations != present.relations:
            if _relations(entry) is None:
                message = f"{entry.path}: `relations` is not a list of `kind: name`"
                raise ProjectionError(message, key="relations", hint="edit the file by hand")
            changes["relations"] = _written(record.relations) if record.relations else ABSENT
        try:
            changed = parse_entry(entry.path, set_values(text, changes))
            if isinstance(changed, Entry) and changed.title != entry.title:  # a heading of the body was the title
                changed = parse_entry(entry.path, set_values(changed.text, {"title": entry.title}))
        except DocumentError as error:
            raise ProjectionError(f"{entry.path}: {error.message}", key=error.key, hint=error.hint) from error
        if not isinstance(changed, Entry) or self.get(changed) != record:
            raise ProjectionError(f"{entry.path}: the entry cannot hold this entity", hint="edit the file by hand")
        return changed

    def create(self, key: str, chunk: bytes) -> Created:
        """See `Store.create`; the entry is named after the entity."""
        record = self.parse(key, chunk)
        if odd := refused_character(_all_text(record)):
            raise ProjectionError(f"the entity {key!r} holds {odd}", hint="remove it in the store")
        stem = stems_of(key, key)[0]
        front: dict[str, Value] = {} if stem == key else {"name": key}
        front |= {"title": " ".join(key.split())}
        front |= {"type": record.type} if record.type != DEFAULT_TYPE else {}
        front |= {"relations": _written(record.relations)} if record.relations else {}
        lines = "".join(f"{name}: {render_value(value)}\n" for name, value in front.items())
        items = "".join(f"{render_item(one)}\n" for one in record.observations)
        text = f"---\n{lines}---\n\n{items}" if items else f"---\n{lines}---\n"
        entry = parse_entry(f"{stem}.md", text)
        if not isinstance(entry, Entry) or self.get(entry) != record:
            raise ProjectionError(f"no entry can hold the entity {key!r}")
        return Created(stem=stem, text=text)

    def render(self, record: McpRecord, previous: bytes | None, source: Source) -> bytes:
        """See `Store.render`; the source is not written."""
        if why := why_no_name(record.name):
            raise ProjectionError(f"{source.path}: the name {record.name!r} {why}", key="name")
        if previous is not None and self.parse(record.name, previous) == record:
            return previous
        rendered = render_lines(record, previous)
        try:
            same = self.parse(record.name, rendered) == record
        except ShapeError:
            same = False
        if not same:
            raise ProjectionError(f"{source.path}: the graph cannot hold this entry")
        return rendered

    def join(self, files: Files, changes: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        """See `Store.join`; new entities stand behind the last one, new relations at the end."""
        name, graph = _graph(files)
        real = {key: chunk for key, chunk in changes.items() if graph.chunks.get(key) != chunk}
        return {name: replace_lines(graph, real)} if real else {}


def _graph(files: Files) -> tuple[str, Graph]:
    if len(files) > 1:
        raise ShapeError(f"{', '.join(sorted(files))}: a graph is one file", hint="name the one that is meant")
    name, data = next(iter(files.items()), (FILE, b""))
    return name, read_graph(name, data)


def _units(entry: Entry) -> tuple[tuple[Unit, ...], frozenset[int]]:
    """The units of an entry's body, and the places of those that are no observations.

    These are the heading that repeats the title, and all of a template that nobody filled in; bullets alone are no
    template, they say what they say.
    """
    units = split_units(entry.body)
    if any(unit.kind is not Kind.ITEM for unit in units) and is_empty(entry.body):
        return units, frozenset(range(len(units)))
    return units, _title_place(units, entry.title)


def _title_place(units: tuple[Unit, ...], title: str) -> frozenset[int]:
    first = next((place for place, unit in enumerate(units) if unit.kind is Kind.HEADING), None)
    return frozenset({first} if first is not None and heading_text(units[first]) == title else ())


def _with_observations(entry: Entry, record: McpRecord) -> str:
    """An entry's text with other observations; of a template, the title's heading stays."""
    units = split_units(entry.body)
    line_end = frontmatter.end_of_line(entry.text)
    body = replace_units(entry.body, units, record.observations, line_end, _title_place(units, entry.title))
    if not units and entry.body_start > len(frontmatter.BOM):
        body = line_end + body
    return with_whole_body(entry.text, entry.body_start, body)


def _type(entry: Entry) -> str:
    written = entry.front.get("type")
    return written if isinstance(written, str) and written.strip() else DEFAULT_TYPE


def _relations(entry: Entry) -> tuple[tuple[str, str], ...] | None:
    """The relations of an entry; None where what is written there is no list of them."""
    written = entry.front.get("relations")
    found = []
    for item in written if isinstance(written, list) else [] if written is None else [None]:
        one = item
        if isinstance(item, dict) and len(item) == 1:  # `- uses: B` without quotes
            ((kind, to),) = item.items()
            one = f"{kind}{RELATION_SEPARATOR}{to}" if isinstance(to, str) else None
        if not isinstance(one, str) or RELATION_SEPARATOR not in one:
            return None
        kind, _, to = one.partition(RELATION_SEPARATOR)
        found.append((kind, to))
    return tuple(found)


def _written(relations: tuple[tuple[str, str], ...]) -> list[Value]:
    return [f"{kind}{RELATION_SEPARATOR}{to}" for kind, to in relations]


def _all_text(record: McpRecord) -> str:
    relations = (part for relation in record.relations for part in relation)
    return "".join([record.type, *record.observations, *relations])
