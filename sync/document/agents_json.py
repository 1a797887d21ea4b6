"""Setting one member of a JSON file that people keep by hand: every other byte stays as it was.

Comments and trailing commas are read as VS Code reads them. Source: code.visualstudio.com/docs/languages/json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.errors import DocumentError

_BLANK = re.compile(r"(?:[ \t\r\n]|//[^\r\n]*|/\*.*?\*/)*", re.S)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_BOM = "\ufeff"
_DEEPEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A value and its span in the text; `members` of an object, `end` behind its last character."""

    start: int
    end: int
    value: Any
    members: Mapping[str, _Node] = field(default_factory=dict)
    is_comma_left: bool = False


def read_json(text: str) -> Any:
    """The value that a text stands for.

    Raises:
        DocumentError: it is not JSON; the error knows where.
    """
    return _parse(text).value


def set_member(text: str, path: Sequence[str], value: Any) -> str:
    """The text with one member set: replaced where it is another, else added behind its neighbours.

    Args:
        text: a JSON document whose top is an object; empty or blank for none yet.
        path: the keys that lead to the member; objects on the way are added where they are missing.
        value: what JSON can hold.

    Raises:
        DocumentError: the text is not JSON, or something on the way is no object; the error knows where.
    """
    if not text.removeprefix(_BOM).strip():
        line_end = "\r\n" if "\r\n" in text else "\n"
        return (_BOM if text.startswith(_BOM) else "") + _rendered(_nested(path, value), "", "  ", line_end) + line_end
    node, depth = _parse(text), 0
    for key in path:
        if not isinstance(node.value, dict):
            raise DocumentError("must be an object", offset=node.start, key=".".join(path[:depth]))
        if key not in node.members:
            return _added(text, node, path[depth], _nested(path[depth + 1 :], value))
        node, depth = node.members[key], depth + 1
    if node.value == value:
        return text
    unit, line_end = _style(text)
    return text[: node.start] + _rendered(value, _indent(text, node.start), unit, line_end) + text[node.end :]


def _nested(path: Sequence[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _added(text: str, parent: _Node, key: str, value: Any) -> str:
    """The text with a new last member of an object."""
    name = json.dumps(key, ensure_ascii=False)
    inside = text[parent.start + 1 : parent.end - 1]
    last = parent.start + 1 + len(inside.rstrip())  # behind the last member, and behind comments that follow it
    if parent.members and "\n" not in inside:
        comma = "" if parent.is_comma_left else ","
        return f"{text[:last]}{comma} {name}: {json.dumps(value, ensure_ascii=False)}{text[last:]}"
    unit, line_end = _style(text)
    outer = _indent(text, parent.start)
    inner = _inner_indent(text, parent, outer + unit)
    head, gap, tail = text[:last], text[last : parent.end - 1], text[parent.end - 1 :]
    if parent.members and not parent.is_comma_left:
        end = max(one.end for one in parent.members.values())
        head = f"{head[:end]},{head[end:]}"
    closing = gap if "\n" in gap else line_end + outer
    return f"{head}{line_end}{inner}{name}: {_rendered(value, inner, unit, line_end)}{closing}{tail}"


def _indent(text: str, at: int) -> str:
    """The blanks that the line of a place begins with."""
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _inner_indent(text: str, parent: _Node, usual: str) -> str:
    """The indentation of an object's members: that of the first one where it has a line of its own."""
    for member in parent.members.values():
        has_own_line = text.rfind("\n", 0, member.start) > parent.start
        return _indent(text, member.start) if has_own_line else usual
    return usual


def _rendered(value: Any, indent: str, unit: str, line_end: str) -> str:
    """A value over several lines, lists on one, its first line without indentation."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = indent + unit
    members = [
        f"{inner}{json.dumps(key, ensure_ascii=False)}: {_rendered(one, inner, unit, line_end)}"
        for key, one in value.items()
    ]
    return "{" + line_end + f",{line_end}".join(members) + f"{line_end}{indent}}}"


def _style(text: str) -> tuple[str, str]:
    """(one step of indentation, line end) of a document."""
    step = re.search(r"\n([ \t]+)\S", text)
    return (step[1] if step else "  "), ("\r\n" if "\r\n" in text else "\n")


def _parse(text: str) -> _Node:
    start = _skip(text, len(_BOM) * text.startswith(_BOM))
    node = _value(text, start, 0)
    end = _skip(text, node.end)
    if end < len(text):
        raise DocumentError("something stands behind the document's end", offset=end)
    return node


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> _Node:
    if depth > _DEEPEST:
        raise DocumentError(f"nested deeper than {_DEEPEST} levels", offset=at)
    if text[at : at + 1] == "{":
        return _object(text, at, depth)
    if text[at : at + 1] == "[":
        return _array(text, at, depth)
    if text[at : at + 1] == '"':
        return _string(text, at)
    found = _PLAIN.match(text, at)
    if found is None:
        what = "a value is missing" if at >= len(text) or text[at] in ",}]" else "not a value"
        raise DocumentError(what, offset=min(at, len(text)))
    try:
        value = json.loads(found[0])
    except ValueError as error:  # thousands of digits
        raise DocumentError("a number that is too long", offset=at) from error
    return _Node(start=at, end=found.end(), value=value)


def _string(text: str, at: int) -> _Node:
    found = _STRING.match(text, at)
    if found is None:
        raise DocumentError("a string is not closed, or missing", offset=at)
    try:
        value = json.loads(found[0])
    except ValueError as error:
        raise DocumentError("a wrong escape in a string", offset=at) from error
    return _Node(start=at, end=found.end(), value=value)


def _object(text: str, start: int, depth: int) -> _Node:
    members: dict[str, _Node] = {}
    at, is_comma_left = _skip(text, start + 1), False
    while text[at : at + 1] != "}":
        if members and not is_comma_left:
            raise DocumentError("a comma or } is missing", offset=at)
        key = _string(text, at)
        if key.value in members:
            raise DocumentError(f"{key.value!r} is written twice", offset=at)
        at = _skip(text, key.end)
        if text[at : at + 1] != ":":
            raise DocumentError("a colon is missing", offset=at)
        member = members[key.value] = _value(text, _skip(text, at + 1), depth + 1)
        at, is_comma_left = _behind(text, member.end)
    value = {key: member.value for key, member in members.items()}
    return _Node(start=start, end=at + 1, value=value, members=members, is_comma_left=is_comma_left)


def _array(text: str, start: int, depth: int) -> _Node:
    items: list[Any] = []
    at, is_comma_left = _skip(text, start + 1), False
    while text[at : at + 1] != "]":
        if items and not is_comma_left:
            raise DocumentError("a comma or ] is missing", offset=at)
        item = _value(text, at, depth + 1)
        items.append(item.value)
        at, is_comma_left = _behind(text, item.end)
    return _Node(start=start, end=at + 1, value=items)


def _behind(text: str, at: int) -> tuple[int, bool]:
    """Where the next thing behind a value stands, and whether a comma came before it."""
    at = _skip(text, at)
    return (_skip(text, at + 1), True) if text[at : at + 1] == "," else (at, False)
