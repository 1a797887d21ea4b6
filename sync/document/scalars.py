"""Writing YAML values so that every reader, of YAML 1.1 or 1.2, gets the text back."""

from __future__ import annotations

import json
import re

import yaml

from sync.document.moment import parse_date
from sync.document.yaml12 import Value, resolve

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOUR = re.compile(r"\d{2}-\d{2}")
_SAFE = re.compile(r"[^\W_][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ue000\ufffe\uffff]*(?<!\s)")
_FLOW_UNSAFE = re.compile(r"[,\[\]{}]")
_BLOCK_UNSAFE = re.compile(r": |:$| #|^\W")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ue000\ufffe\uffff]")
_SHORT_BOOLEANS = ("y", "Y", "n", "N")  # of YAML 1.1, though PyYAML reads them as text
_IMPLICIT = yaml.SafeLoader.yaml_implicit_resolvers


def render_value(value: Value, *, flow: bool = False, quote: str = "") -> str:
    """A value as YAML on one line.

    Args:
        value: anything front matter can hold.
        flow: whether it stands inside `[…]` or `{…}`.
        quote: the quote that the value being replaced had; kept where the new value allows it.

    Returns:
        The YAML text. A string that either version of YAML would read as something else is quoted; a plain day
        (`2025-04-05`) is not, since front matter holds it so everywhere.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    if isinstance(value, list):
        return "[" + ", ".join(render_value(item, flow=True) for item in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{render_value(key, flow=True)}: {render_value(item, flow=True)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if quote == "'" and not re.search(r"[\x00-\x1f]", value) and not _UNPRINTABLE.search(value):
        return "'" + value.replace("'", "''") + "'"
    if not quote and is_plain(value, flow=flow):
        return value
    return double_quoted(value)


def double_quoted(value: str) -> str:
    """A string between double quotes. JSON's escapes are YAML's; what only YAML calls unprintable is escaped too."""
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)


def is_plain(value: str, *, flow: bool = False) -> bool:
    """Whether a string can stand without quotes and is then read as itself by YAML 1.1 and 1.2."""
    if _HOUR.fullmatch(value) or (_DATE.fullmatch(value) and parse_date(value)):
        return True
    if value in _SHORT_BOOLEANS:
        return False
    if not _SAFE.fullmatch(value) or _BLOCK_UNSAFE.search(value) or (flow and _FLOW_UNSAFE.search(value)):
        return False
    if resolve(value) != value:
        return False
    candidates = _IMPLICIT.get(value[0], ())
    return not any(pattern.match(value) for _tag, pattern in candidates)
