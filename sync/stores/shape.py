"""What every adapter refuses: bytes that are not text, text that is not JSON, keys that are paths. Pure.

JSON is read strictly (RFC 8259, and I-JSON, RFC 7493, where readers differ): no key twice, no NaN, no half of a
surrogate pair. Numbers are kept as they are written, so that writing a value again changes no digit.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring as quote
from typing import Any

from sync.document.fault import position
from sync.errors import ShapeError

MAX_RECORDS = 100_000
MAX_KEY = 200
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")  # U+0085 is a line break
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_ESCAPED_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it is written."""

    text: str


class _OddError(Exception):
    """What JSON allows and we do not."""


def decoded(name: str, data: bytes) -> str:
    """The text of a file.

    Raises:
        ShapeError: it is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = position(data[: error.start].decode("utf-8", "replace"), error.start)
        raise ShapeError(f"{name}:{line}:{column}: not UTF-8", hint="save it as UTF-8") from error


def load_json(name: str, text: str, *, first_line: int = 1) -> Any:
    """The value of a JSON text, its numbers as `Number`.

    Args:
        name: the file's name, for messages.
        text: the whole file, or one line of it.
        first_line: the line of the file that `text` starts at.

    Raises:
        ShapeError: it is not JSON, or JSON that readers understand differently.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
        half = _HALF_PAIR.search(dumped(value)) if _ESCAPED_PAIR.search(text) else None
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno + first_line - 1}:{error.colno}"
        raise ShapeError(f"{where}: not JSON: {error.msg}") from error
    except _OddError as error:
        raise ShapeError(f"{name}:{first_line}:1: {error}") from error
    except RecursionError as error:
        raise ShapeError(f"{name}:{first_line}:1: nested too deeply") from error
    if half:
        raise ShapeError(f"{name}:{first_line}:1: holds half a character: U+{ord(half.group()):04X}")
    return value


def dumped(value: Any, *, comma: str = ", ", colon: str = ": ") -> str:
    """A value of `load_json` as JSON on one line, nothing escaped that need not be."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Number):
        return value.text
    if isinstance(value, list):
        return "[" + comma.join(dumped(item, comma=comma, colon=colon) for item in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{quote(key)}{colon}{dumped(item, comma=comma, colon=colon)}" for key, item in value.items())
        return "{" + comma.join(pairs) + "}"
    return json.dumps(value)


def refused_character(text: str) -> str:
    """The first character a Markdown file cannot carry unharmed: a control character or half a surrogate pair."""
    found = _REFUSED.search(text)
    return f"the character U+{ord(found.group()):04X}" if found else ""


def new_refused_character(text: str, present: str) -> str:
    """As `refused_character`, of those that `present` does not hold already."""
    return refused_character("".join(set(_REFUSED.findall(text)) - set(present)))


def why_no_key(key: str) -> str:
    """Why a word cannot be the id of an entry, or an empty string where it can."""
    if not key or key != key.strip():
        return "is empty" if not key.strip() else "has blanks around it"
    if len(key) > MAX_KEY:
        return f"has more than {MAX_KEY} characters"
    if key.startswith(".") or "/" in key or "\\" in key:
        return "is a path"
    return "holds a control character" if _CONTROL.search(key) or _HALF_PAIR.search(key) else ""


def refuse_too_many(name: str, count: int) -> None:
    """Stop before a store that nobody filled by hand.

    Raises:
        ShapeError: there are more than MAX_RECORDS records.
    """
    if count > MAX_RECORDS:
        raise ShapeError(f"{name}: holds {count} records, more than {MAX_RECORDS}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _OddError(f"the key {twice!r} is written twice in one object")
    return found


def _refuse_constant(name: str) -> float:
    raise _OddError(f"not JSON: {name} is not a value")
