"""Changing a document by replacing the span of one key: every other byte stays as it was.

Nothing here dumps YAML over the user's text. The node tree gives each key's span, the new value is written into that
span in the style that stood there, and the result is read again: it must hold the new value and all the old ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import yaml

from sync.document import frontmatter, yaml12
from sync.document.entry import TEXT_KEYS
from sync.document.scalars import render_value
from sync.document.yaml12 import Value
from sync.errors import DocumentError


class Absent(Enum):
    """The value of a key that is to be removed."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class _Item:
    """Spans of one `key: value`, in offsets of the document's text."""

    key_start: int
    key_end: int
    value: yaml.Node
    value_start: int
    value_end: int


def set_values(text: str, changes: Mapping[str, Value | Absent]) -> str:
    """The document with some top-level keys changed, added or removed.

    Args:
        text: the whole document.
        changes: key -> new value, or ABSENT.

    Returns:
        The new text. Without front matter one is made; it then starts the document (behind a BOM).

    Raises:
        DocumentError: the front matter cannot be read, or its form does not allow the change (a mapping in braces, a
            value that other keys refer to); the text is then to be changed by hand.
    """
    wanted = _values(text)
    for key, value in changes.items():
        if value is ABSENT:
            wanted.pop(key, None)
            text = _checked(_remove(text, key), wanted, key)
        else:
            wanted[key] = value
            text = _checked(_set(text, key, value), wanted, key)
    return text


def _checked(text: str, wanted: Mapping[str, Value], key: str) -> str:
    hint = "edit the file by hand"
    try:
        found = _values(text)
    except DocumentError as error:
        raise DocumentError("cannot be changed without breaking the front matter", key=key, hint=hint) from error
    if found != wanted:
        raise DocumentError("cannot be changed without touching other keys", key=key, hint=hint)
    return text


def with_body(text: str, body_start: int, body: str) -> str:
    """The document with another body."""
    return text[:body_start] + body


def _values(text: str) -> dict[str, Value]:
    block = frontmatter.find_block(text)
    return yaml12.load(text[block.start : block.end], as_text=TEXT_KEYS) if block else {}


def _set(text: str, key: str, value: Value) -> str:
    block = frontmatter.find_block(text)
    line_end = frontmatter.end_of_line(text)
    if block is None:
        bom = frontmatter.BOM if text.startswith(frontmatter.BOM) else ""
        fence = f"---{line_end}"
        return f"{bom}{fence}{render_value(key)}: {render_value(value)}{line_end}{fence}{line_end}{text[len(bom) :]}"
    item = _find(text, block, key)
    if item is None:
        return f"{text[: block.end]}{render_value(key)}: {render_value(value)}{line_end}{text[block.end :]}"
    return text[: item.key_end] + _rendered(text, item, value, line_end) + text[item.value_end :]


def _rendered(text: str, item: _Item, value: Value, line_end: str) -> str:
    """What stands between the key's end and the value's end, with the new value: `: …`."""
    between = text[item.key_end : item.value_start]
    if isinstance(item.value, yaml.SequenceNode) and not item.value.flow_style and isinstance(value, list) and value:
        last = max(between.rfind("\n"), between.rfind("\r"))
        indent = between[last + 1 :] if last >= 0 else ""
        dashes = f"{line_end}{indent}".join(f"- {render_value(one)}" for one in value)
        return between + dashes
    block_style = isinstance(item.value, yaml.CollectionNode) and not item.value.flow_style
    on_next_line = "\n" in between or "\r" in between
    commented = on_next_line and "#" in between
    colon = ": " if not between.rstrip(":") or ((block_style or on_next_line) and not commented) else between
    style = item.value.style if isinstance(item.value, yaml.ScalarNode) else ""
    return colon + render_value(value, quote=style if style in ("'", '"') else "")


def _remove(text: str, key: str) -> str:
    block = frontmatter.find_block(text)
    item = _find(text, block, key) if block else None
    if item is None:
        return text
    rest = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?").match(text, item.value_end)
    return text[: item.key_start] + text[rest.end() if rest else item.value_end :]


def _find(text: str, block: frontmatter.Block, key: str) -> _Item | None:
    node = yaml12.compose(text[block.start : block.end])
    for name, value in node.value if node is not None else ():
        if name.value == key:
            start = block.start + value.start_mark.index
            key_end = block.start + name.end_mark.index
            end = max(key_end + 1, _content_end(text, block.start, value))
            return _Item(block.start + name.start_mark.index, key_end, value, max(start, key_end + 1), end)
    return None


def _content_end(text: str, base: int, node: yaml.Node) -> int:
    """Where a value's last character stands; the scanner's own mark of a block value is that of the next token."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _content_end(text, base, last[1] if isinstance(last, tuple) else last)
    start, end = base + node.start_mark.index, base + node.end_mark.index
    return start + len(text[start:end].rstrip())
