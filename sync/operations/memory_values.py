"""What is to be remembered, as people hand it over: text, JSON, a file, or standard input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sync.errors import UsageError

if TYPE_CHECKING:
    from sync.taskmaster.memory import Value

MAX_BYTES = 64 << 20
"""Bytes of a value at most."""
_TEXTS = frozenset((".md", ".markdown", ".txt"))


def value_of_json(text: str, where: str = "the value") -> Value:
    """The value that some JSON says.

    Args:
        text: JSON, see RFC 8259.
        where: what it is, as an error is to name it.

    Raises:
        UsageError: it is no JSON.
    """
    import json

    try:
        found: Value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}", hint="as '{\"total\": 1200}', in single quotes") from error
    return found


def json_or_text(written: str) -> Value:
    """What JSON says, where it is JSON, else the text itself."""
    try:
        return value_of_json(written)
    except UsageError:
        return written


def value_of_file(path: Path) -> Value:
    """The value that a file holds: Markdown of .md, .markdown and .txt, JSON of .json, of any other its bytes.

    Raises:
        UsageError: it cannot be read, is too long, or is not what its name says.
    """
    try:
        with path.open("rb") as file:
            data = read_bounded(file, str(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", hint="name a file that can be read") from error
    kind = path.suffix.lower()
    if kind in _TEXTS:
        return _text(data, str(path))
    return value_of_json(_text(data, str(path)), str(path)) if kind == ".json" else data


def value_of_stream(stream: IO[bytes]) -> Value:
    """The value that a stream holds: Markdown where it is text in UTF-8 without NUL, else its bytes.

    Raises:
        UsageError: it is too long.
    """
    data = read_bounded(stream, "standard input")
    try:
        return data if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return data


def read_bounded(stream: IO[bytes], where: str) -> bytes:
    """All that a stream holds.

    Raises:
        UsageError: that is more than MAX_BYTES.
    """
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        hint = "remember where it lies instead"
        raise UsageError(f"{where} has more than {MAX_BYTES >> 20} MiB, which is too long for a memory", hint=hint)
    return data


def metadata_of(written: Sequence[str]) -> Mapping[str, Any]:
    """Metadata as it is written on a command line: `KEY=VALUE`, whose value is text, or a JSON object; the last wins.

    Raises:
        UsageError: something is neither.
    """
    found: dict[str, Any] = {}
    for one in written:
        key, equals, value = one.partition("=")
        if one.lstrip().startswith("{"):
            table = value_of_json(one, "the metadata")
            if not isinstance(table, dict):
                raise UsageError(f"the metadata {one[:40]!r} is no JSON object")
            found |= table
        elif equals and key.strip():
            found[key.strip()] = value
        else:
            hint = """write key=value, or '{"key": "value"}'"""
            raise UsageError(f"the metadata {one[:40]!r} is none", hint=hint)
    return found


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8, or give it a name that does not end as that of a text"
        raise UsageError(f"{where} is not UTF-8 at byte {error.start}", hint=hint) from error


def _refuse_constant(written: str) -> None:
    raise ValueError(f"{written} is no number of JSON")
