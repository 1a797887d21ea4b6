"""One memory file of Claude Code: what it says, and how to change that without touching the rest. Pure.

The format is not documented, so it is read permissively: `type` stands under `metadata` or, in older files, at the top
level; there may be no front matter at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from sync.document import frontmatter, yaml12
from sync.document.fault import position
from sync.document.naming import title_of_name
from sync.document.projection import content, with_content, without_blank_lines
from sync.document.scalars import render_value
from sync.document.splice import set_values
from sync.document.yaml12 import Value
from sync.errors import DocumentError, ProjectionError, ShapeError
from sync.stores.shape import decoded
from sync.stores.words import title_of

TYPES = ("user", "feedback", "project", "reference")
DEFAULT_TYPE = "project"
_TEXT_KEYS = frozenset({"name", "description", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeRecord:
    """What one memory file says.

    Attributes:
        name: the file's stem.
        description: one line, never empty: what the file says of itself, else its first sentence, else its name.
        type: one of TYPES.
        body: without the blank lines around it; empty where it is a template that nobody filled in.
    """

    name: str
    description: str
    type: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A memory file as it is read: its text, its front matter, and where the body starts."""

    text: str
    front: Mapping[str, Value]
    body_start: int


def read_record(name: str, data: bytes) -> ClaudeRecord:
    """What a memory file says.

    Args:
        name: the file's stem.
        data: its bytes.

    Raises:
        ShapeError: it is not text, or its front matter cannot be read.
    """
    return _record(name, _load(name, data))


def read_body(name: str, data: bytes) -> str:
    """A memory file's body as it stands, without the blank lines around it.

    Raises:
        ShapeError: as `read_record`.
    """
    document = _load(name, data)
    return without_blank_lines(document.text[document.body_start :])


def render_new(record: ClaudeRecord) -> bytes:
    """A new memory file, in the form that Claude Code writes."""
    head = (
        f"---\nname: {render_value(record.name)}\ndescription: {render_value(record.description)}\n"
        f"metadata:\n  node_type: memory\n  type: {record.type}\n---\n"
    )
    return (f"{head}\n{record.body}\n" if record.body else head).encode()


def render_changed(record: ClaudeRecord, previous: bytes) -> bytes:
    """A memory file with what the record says; every other byte stays.

    Raises:
        ShapeError: the file cannot be read.
        ProjectionError: its form does not allow the change.
    """
    name = record.name
    document = _load(name, previous)
    if content(document.text[document.body_start :]) != record.body:
        document = _parsed(name, with_content(document.text, document.body_start, record.body))
    try:
        if _record(name, document).description != record.description:
            document = _parsed(name, set_values(document.text, {"description": record.description}))
        if _type(document.front) != record.type:
            document = _parsed(name, _with_type(document, record.type))
    except (DocumentError, ShapeError) as error:
        raise ProjectionError(f"{name}.md: {error.message}", hint=error.hint) from error
    return document.text.encode()


def _load(name: str, data: bytes) -> _Document:
    if b"\0" in data:
        raise ShapeError(f"{name}.md: holds the character U+0000", hint="remove it")
    return _parsed(name, decoded(f"{name}.md", data))


def _parsed(name: str, text: str) -> _Document:
    start = 0
    try:
        block = frontmatter.find_block(text)
        if block is None:
            return _Document(text=text, front={}, body_start=len(frontmatter.BOM) * text.startswith(frontmatter.BOM))
        start = block.start
        front = yaml12.load(text[block.start : block.end], as_text=_TEXT_KEYS)
    except DocumentError as error:
        line, column = position(text, start + error.offset)
        raise ShapeError(f"{name}.md:{line}:{column}: {error.message}", hint=error.hint) from error
    return _Document(text=text, front=front, body_start=block.body_start)


def _record(name: str, document: _Document) -> ClaudeRecord:
    written = document.front.get("description")
    if written is not None and not isinstance(written, str):
        raise ShapeError(f"{name}.md: the description is not text", hint="write it as one line")
    body = content(document.text[document.body_start :])
    description = " ".join((written or "").split()) or (title_of(body) if body.strip() else "") or title_of_name(name)
    return ClaudeRecord(name=name, description=description, type=_type(document.front), body=body)


def _type(front: Mapping[str, Value]) -> str:
    metadata = front.get("metadata")
    nested = metadata.get("type") if isinstance(metadata, dict) else None
    return next((str(one) for one in (nested, front.get("type")) if one in TYPES), DEFAULT_TYPE)


def _with_type(document: _Document, wanted: str) -> str:
    """The text with another type, written where the file has one; else under `metadata`, else at the top level."""
    text, front = document.text, document.front
    metadata = front.get("metadata")
    nested = isinstance(metadata, dict) and metadata.get("type") is not None
    if isinstance(metadata, dict) and metadata and (nested or "type" not in front):
        changed = _with_nested_type(text, wanted)
        if _parsed("", changed).front != {**front, "metadata": {**metadata, "type": wanted}}:
            raise DocumentError("cannot be changed without touching other keys", key="type", hint="edit it by hand")
        return changed
    return set_values(text, {"type": wanted})


def _with_nested_type(text: str, wanted: str) -> str:
    block = frontmatter.find_block(text)
    root = yaml12.compose(text[block.start : block.end]) if block else None
    if block is None or root is None:
        return text
    metadata = next(value for key, value in root.value if key.value == "metadata")
    present = next((value for key, value in metadata.value if key.value == "type"), None)
    if present is not None:
        start, end = block.start + present.start_mark.index, block.start + present.end_mark.index
        end = start + len(text[start:end].rstrip())
        return text[:start] + (wanted if end > start else f" {wanted}") + text[end:]
    first: yaml.Node = metadata.value[0][0]
    start = block.start + first.start_mark.index
    if metadata.flow_style:
        return f"{text[:start]}type: {wanted}, {text[start:]}"
    indent = " " * first.start_mark.column
    return f"{text[:start]}type: {wanted}{frontmatter.end_of_line(text)}{indent}{text[start:]}"
