"""How a value stands in the body of an entry. Pure.

Markdown stands as it is, behind one empty line and before the end of the last one. JSON and bytes stand in one fenced
block each; a person may write around it. What is no value is a fault with its place.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from sync.taskmaster.memory import Kind, json_bytes

_OPENING = re.compile(r"^```(json|base64)[ \t]*(?:\r\n|\n|\r)", re.M)
_CLOSING = re.compile(r"^```[ \t]*$|^```[ \t]*\r", re.M)
_FIRST = re.compile(r"\r\n|\n|\r")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")  # within strings of JSON only
_WORDS = {Kind.JSON: "json", Kind.BYTES: "base64"}
_WIDTH = 76  # RFC 2045, 6.8


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a body is no value: where, in characters from the body's start; what; what to do."""

    offset: int
    message: str
    hint: str


def read_body(body: str, kind: Kind) -> bytes | Wrong:
    """The value that a body holds, as a memory keeps it; or why it holds none."""
    if kind is Kind.MARKDOWN:
        return _unframed(body).encode()
    found = find_block(body, kind)
    if isinstance(found, Wrong):
        return found
    start, end = found
    return _read_json(body[start:end], start) if kind is Kind.JSON else _read_base64(body[start:end], start)


def render_body(data: bytes, kind: Kind) -> str:
    """The body that holds a value and nothing else."""
    text = data.decode("utf-8") if kind is Kind.MARKDOWN else _block(data, kind)
    return f"\n{text}\n"


def with_value(body: str, data: bytes, kind: Kind, before: Kind) -> str:
    """A body with another value; what a person has written around a block stays.

    Args:
        body: the body.
        data, kind: the new value.
        before: what the present value is.
    """
    found = find_block(body, kind) if kind is before and kind is not Kind.MARKDOWN else None
    if found is None or isinstance(found, Wrong):
        return render_body(data, kind)
    line_end = first.group() if (first := _FIRST.search(body)) else "\n"
    inner = _inner(data, kind).replace("\n", line_end)
    return f"{body[: found[0]]}{inner}{line_end}{body[found[1] :]}"


def find_block(body: str, kind: Kind) -> tuple[int, int] | Wrong:
    """Where the one block of a kind stands: from its first character to its closing fence."""
    word = _WORDS[kind]
    hint = f"write the value as one block between ```{word} and ```"
    openings = [one for one in _OPENING.finditer(body) if one[1] == word]
    if len(openings) != 1:
        what = "no block" if not openings else f"{len(openings)} blocks"
        return Wrong(openings[1].start() if openings else 0, f"there is {what} ```{word}", hint)
    start = openings[0].end()
    closing = _CLOSING.search(body, start)
    if closing is None:
        return Wrong(openings[0].start(), f"the block ```{word} does not end", hint)
    return start, closing.start()


def canonical_json(text: str) -> bytes:
    """The canonical bytes of JSON.

    Raises:
        ValueError: it is no JSON, JSON that readers understand differently (RFC 7493), or nested too deep.
    """
    return json_bytes(json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant))


def _unframed(body: str) -> str:
    """Lines end as the first one does: a value may itself end with one half of CRLF."""
    first = _FIRST.search(body)
    if first is None:
        return body
    return body.removeprefix(first.group()).removesuffix(first.group())


def _block(data: bytes, kind: Kind) -> str:
    return f"```{_WORDS[kind]}\n{_inner(data, kind)}\n```"


def _inner(data: bytes, kind: Kind) -> str:
    if kind is Kind.BYTES:
        return "\n".join(wrap(b64encode(data).decode(), _WIDTH))
    text = json.dumps(json.loads(data), ensure_ascii=False, sort_keys=True, indent=2)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _read_json(text: str, start: int) -> bytes | Wrong:
    hint = "mend it, or take back the change"
    try:
        return canonical_json(text)
    except json.JSONDecodeError as error:
        return Wrong(start + error.pos, f"not JSON: {error.msg}", hint)
    except (ValueError, RecursionError) as error:
        return Wrong(start, f"not JSON: {str(error) or 'nested too deeply'}", hint)


def _read_base64(text: str, start: int) -> bytes | Wrong:
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        return Wrong(start, f"not base64: {error}", "take back the change")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is written twice in one object")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a value")
