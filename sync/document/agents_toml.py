"""Setting one table of a TOML file that people keep by hand: every other byte stays as it was.

The new text is read again and accepted only where it says what is meant and nothing else has changed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from sync.errors import DocumentError

_BOM = "\ufeff"
_HEADER = re.compile(r"^[ \t]*\[\[?([^\]\r\n]+)\]\]?[ \t]*(?:#[^\r\n]*)?\r?$", re.M)
_PLACE = re.compile(r"line (\d+), column (\d+)")
_GAP = re.compile(r"^(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*\Z", re.M)
"""Blank lines and comments at the end."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def read_toml(text: str) -> dict[str, Any]:
    """The tables that a text stands for.

    Raises:
        DocumentError: it is not TOML; the error knows where.
    """
    plain = text.removeprefix(_BOM).replace("\r\n", "\n")
    try:
        return tomllib.loads(plain)
    except (ValueError, RecursionError) as error:
        found = _PLACE.search(str(error))
        told = str(error).partition(" (at ")[0]
        raise DocumentError(f"not TOML: {told}", offset=_offset(text, found) if found else len(text)) from error


def set_table(text: str, path: Sequence[str], values: Mapping[str, str | Sequence[str]]) -> str:
    """The text with one table set: replaced where it is there, its sub-tables with it, else added at the end.

    Args:
        text: TOML; may be empty.
        path: the keys that lead to the table.
        values: of the table.

    Raises:
        DocumentError: the text is not TOML, or the table is written in a form that only a person can change.
    """
    before = read_toml(text)
    line_end = "\r\n" if "\r\n" in text else "\n"
    table = line_end.join([_header(path), *(f"{key} = {_rendered(value)}" for key, value in values.items())]) + line_end
    spans = [span for name, span in _tables(text) if name[: len(path)] == list(path)]
    after = _replaced(text, table, spans, line_end) if spans else _appended(text, table, line_end)
    try:
        is_meant = read_toml(after) == _with(before, path, values)
    except DocumentError:
        is_meant = False
    if not is_meant:
        hint = f"write the table {_header(path)} by hand"
        offset = spans[0][0] if spans else 0
        raise DocumentError(f"{'.'.join(path)} is written in a form that is not changed here", offset=offset, hint=hint)
    return after


def _with(table: Mapping[str, Any], path: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    if not path:
        return dict(values)
    inner = table.get(path[0], {})
    return {**table, path[0]: _with(inner if isinstance(inner, dict) else {}, path[1:], values)}


def _tables(text: str) -> list[tuple[list[str], tuple[int, int]]]:
    """(keys, span) of what looks like a table; where a string looks so, the check afterwards fails."""
    found = list(_HEADER.finditer(text))
    starts = [one.start() for one in found]
    spans = zip(starts, [*starts[1:], len(text)], strict=False)
    return [(_keys(one[1]), span) for one, span in zip(found, spans, strict=True)]


def _keys(written: str) -> list[str]:
    return [part.strip().strip("\"'") for part in written.split(".")]


def _replaced(text: str, table: str, spans: Sequence[tuple[int, int]], line_end: str) -> str:
    """The table in place of the first span, the others gone; blank lines and comments before other tables stay."""
    starts = {start for start, _end in spans}
    for start, end in reversed(spans):
        found = _GAP.search(text[start:end])
        tail = found[0] if found else ""
        if end in starts and "#" not in tail:
            tail = ""
        new = table if start == spans[0][0] else ""
        text = text[:start] + new + tail + text[end:]
    return text if text.endswith("\n") else text + line_end


def _appended(text: str, table: str, line_end: str) -> str:
    if not text.removeprefix(_BOM).strip():
        return text.rstrip() + table
    gap = "" if text.endswith("\n") else line_end
    return f"{text}{gap}{line_end}{table}"


def _header(path: Sequence[str]) -> str:
    return "[" + ".".join(key if _BARE.fullmatch(key) else json.dumps(key) for key in path) + "]"


def _rendered(value: str | Sequence[str]) -> str:
    """A string or a list of strings; JSON's escapes are TOML's too. Source: toml.io/en/v1.0.0#string."""
    return json.dumps(value if isinstance(value, str) else list(value), ensure_ascii=False)


def _offset(text: str, found: re.Match[str]) -> int:
    lines = text.splitlines(keepends=True)
    line, column = int(found[1]), int(found[2])
    return min(sum(map(len, lines[: line - 1])) + column - 1, len(text))
