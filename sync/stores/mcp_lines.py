"""The lines of an MCP memory server's graph: entities and relations, one JSON object a line. Pure.

The server writes `JSON.stringify` without blanks, entities first, joined by LF without one at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sync.errors import ShapeError
from sync.stores.shape import decoded, dumped, load_json, refuse_too_many

RELATION_SEPARATOR = ": "
DEFAULT_TYPE = "journal-entry"
_LINE_BREAK = re.compile(r"\r\n|\r")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_FIELDS = {"entity": ("name", "entityType"), "relation": ("from", "to", "relationType")}


@dataclass(frozen=True, slots=True, kw_only=True)
class McpRecord:
    """One entity and the relations that start at it.

    Attributes:
        name: the entity's name.
        type: its type, never blank.
        observations: what is known of it, in the order of the file; lines end in LF.
        relations: (relation type, name of the other entity), in the order of the file.
    """

    name: str
    type: str
    observations: tuple[str, ...]
    relations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file that is not blank.

    Attributes:
        place: its index among the file's lines.
        text: the line without its line ending.
        owner: name of the entity that it says something of.
        is_entity: whether it is the entity itself.
    """

    place: int
    text: str
    owner: str
    is_entity: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A file, line by line.

    Attributes:
        lines: all lines as they stand, blank ones and carriage returns included; without the LF between them.
        found: what stands in those that are not blank.
        chunks: name -> the entity's line and its relations' lines, joined by LF.
    """

    lines: tuple[str, ...]
    found: tuple[Line, ...]
    chunks: Mapping[str, bytes]


def read_graph(name: str, data: bytes) -> Graph:
    """A file's lines.

    Raises:
        ShapeError: it is not UTF-8, or a line is not an entity or a relation as this version knows them.
    """
    text = decoded(name, data)
    lines = tuple(text.split("\n")) if text else ()
    found = tuple(_line(name, place, line.removesuffix("\r")) for place, line in enumerate(lines) if line.strip())
    owned: dict[str, list[str]] = {}
    for line in found:
        if line.is_entity:
            if line.owner in owned:
                raise ShapeError(f"{name}:{line.place + 1}:1: a second entity has the name {line.owner!r}")
            owned[line.owner] = [line.text]
    refuse_too_many(name, len(owned))
    for line in found:
        if not line.is_entity and line.owner in owned:
            owned[line.owner].append(line.text)
    return Graph(lines, found, {owner: "\n".join(texts).encode() for owner, texts in owned.items()})


def read_record(key: str, chunk: bytes) -> McpRecord:
    """What a chunk says.

    Raises:
        ShapeError: it is not of the shape that `read_graph` gives.
    """
    entity, *relations = objects_of(key, chunk)
    return McpRecord(
        name=entity["name"],
        type=shown_type(entity["entityType"]),
        observations=tuple(map(plain_lines, entity["observations"])),
        relations=tuple((one["relationType"], one["to"]) for one in relations),
    )


def render_lines(record: McpRecord, previous: bytes | None) -> bytes:
    """The chunk of a record; keys of `previous` that are not ours are kept, in their order."""
    entity: dict[str, Any] = {"type": "entity", "name": record.name, "entityType": "", "observations": []}
    first, lines, present = "", [], []
    if previous is not None:
        entity, *relations = objects_of(record.name, previous)
        first, *lines = previous.decode().split("\n")
        present = [(one["relationType"], one["to"]) for one in relations]
    changed = dict(entity)
    if previous is None or shown_type(entity["entityType"]) != record.type:
        changed["entityType"] = record.type
    changed["observations"] = _merged(entity["observations"], record.observations)
    rendered = [first if changed == entity else compact(changed)]
    for kind, low, high, start, end in _opcodes(present, record.relations):
        rendered += lines[low:high] if kind == "equal" else map(_relation(record.name), record.relations[start:end])
    return "\n".join(rendered).encode()


def replace_lines(graph: Graph, changes: Mapping[str, bytes | None]) -> bytes:
    """The file with other chunks for some entities; all other lines stay where they are."""
    line_end = "\r" if graph.lines and graph.lines[0].endswith("\r") else ""
    owned: dict[str, list[Line]] = {}
    for line in graph.found:
        owned.setdefault(line.owner, []).append(line)
    replaced: dict[int, list[str]] = {}
    entities: list[str] = []
    relations: list[str] = []
    for owner, chunk in changes.items():
        fresh = chunk.decode().split("\n") if chunk is not None else []
        if owner not in graph.chunks:
            entities += fresh[:1]
            relations += fresh[1:]
            continue
        replaced[next(line.place for line in owned[owner] if line.is_entity)] = fresh[:1]
        relations += _place_relations([line for line in owned[owner] if not line.is_entity], fresh[1:], replaced)
    last_entity = max((line.place for line in graph.found if line.is_entity), default=-1)
    last = max((line.place for line in graph.found), default=-1)
    lines: list[str] = []
    for place in range(-1, len(graph.lines)):
        if place >= 0:
            lines += [graph.lines[place]] if place not in replaced else _ended(replaced[place], line_end)
        lines += _ended(entities, line_end) if place == last_entity else []
        lines += _ended(relations, line_end) if place == last else []
    return "\n".join(lines).encode()


def objects_of(key: str, chunk: bytes) -> list[dict[str, Any]]:
    """The entity and the relations of a chunk.

    Raises:
        ShapeError: as `read_record`.
    """
    found = [
        _checked(key, number, load_json(key, line, first_line=number))
        for number, line in enumerate(decoded(key, chunk).split("\n"), 1)
    ]
    owners = [one["name"] if one["type"] == "entity" else one["from"] for one in found]
    if [one["type"] for one in found] != ["entity", *["relation"] * (len(found) - 1)] or set(owners) != {key}:
        raise ShapeError(f"{key}: not an entity and its relations")
    return found


def compact(value: Any) -> str:
    """A value as the server writes it."""
    return dumped(value, comma=",", colon=":")


def shown_type(written: str) -> str:
    """An entity's type; what has none is shown with the default one."""
    return written if written.strip() else DEFAULT_TYPE


def plain_lines(text: str) -> str:
    """A text whose lines end in LF."""
    return _LINE_BREAK.sub("\n", text)


def why_no_name(name: str) -> str:
    """Why an entity's name is refused, or an empty string where it is not."""
    if not name.strip():
        return "is empty"
    if name[0] in "/\\~." or ".." in name or "\\" in name:
        return "is a path"
    return "holds a control character" if _CONTROL.search(name) else ""


def _line(file: str, place: int, text: str) -> Line:
    value = _checked(file, place + 1, load_json(file, text, first_line=place + 1))
    is_entity = value["type"] == "entity"
    return Line(place, text, value["name"] if is_entity else value["from"], is_entity)


def _checked(file: str, number: int, value: Any) -> dict[str, Any]:
    """A line's value that is an entity or a relation."""
    where = f"{file}:{number}:1"
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ShapeError(f"{where}: neither an entity nor a relation", hint='expected {"type":"entity",…}')
    found: dict[str, Any] = value
    for key in _FIELDS[kind]:
        if not isinstance(found.get(key), str):
            raise ShapeError(f"{where}: {key} is missing, or is not text")
    if kind == "relation":
        if RELATION_SEPARATOR in found["relationType"]:
            raise ShapeError(f"{where}: the relation type {found['relationType']!r} holds {RELATION_SEPARATOR!r}")
        return found
    observations = found.get("observations")
    if not isinstance(observations, list) or not all(isinstance(one, str) for one in observations):
        raise ShapeError(f"{where}: observations are missing, or are not a list of texts")
    if why := why_no_name(found["name"]):
        raise ShapeError(f"{where}: the name {found['name']!r} {why}")
    return found


def _merged(present: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The observations wanted; those that are there already as they are written there."""
    merged: list[str] = []
    for kind, low, high, start, end in _opcodes([plain_lines(one) for one in present], wanted):
        merged += present[low:high] if kind == "equal" else wanted[start:end]
    return merged


def _relation(name: str) -> Any:
    def rendered(relation: tuple[str, str]) -> str:
        kind, to = relation
        return compact({"type": "relation", "from": name, "to": to, "relationType": kind})

    return rendered


def _place_relations(own: Sequence[Line], fresh: Sequence[str], replaced: dict[int, list[str]]) -> list[str]:
    """Put relations into the lines of the old ones; what is returned has no such line and goes to the end."""
    if not own:
        return list(fresh)
    texts = {line.place: [line.text] for line in own}
    for _, low, high, start, end in reversed(_opcodes([line.text for line in own], fresh)):
        if fresh[start:end] != [line.text for line in own[low:high]]:
            for line in own[low:high]:
                texts[line.place] = []
            if high > low:
                texts[own[low].place] = list(fresh[start:end])
            elif low:
                texts[own[low - 1].place] += fresh[start:end]
            else:
                texts[own[0].place][:0] = fresh[start:end]
    replaced |= {line.place: texts[line.place] for line in own if texts[line.place] != [line.text]}
    return []


def _ended(lines: Sequence[str], line_end: str) -> list[str]:
    return [line + line_end for line in lines]


def _opcodes(old: Sequence[Any], new: Sequence[Any]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
