"""Which metadata of this program's own an entry may have. Pure.

Keys that begin with `_` are this program's, and its parts rely on their shapes; an entry may come from a pull request
of anybody. What only the catalogue adds stands in no entry: it would name another entry or object than its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.errors import UsageError
from sync.taskmaster.context import Context
from sync.taskmaster.own_keys import (
    ARCHIVED,
    CONTRADICTS,
    FROM,
    KEY,
    REFERENCE,
    ROLE,
    RULE,
    SOURCES,
    TRANSFORM,
    VERSION,
)

_MARK = "_"
_TAKE_BACK = "take back the change, or leave the key out"


@dataclass(frozen=True, slots=True)
class OddMetadata:
    """Metadata that cannot be this program's: the key, what is wrong, what to do."""

    key: str
    message: str
    hint: str = _TAKE_BACK


def find_odd(metadata: Mapping[str, Any]) -> OddMetadata | None:
    """The first key of this program's that has not the shape that this program writes; None where all have.

    Args:
        metadata: JSON, as an entry says it.
    """
    for key in sorted(key for key in metadata if key.startswith(_MARK)):
        shape = _SHAPES.get(key)
        if shape is None:
            what = f"{key!r} is no key that an entry may have: keys that begin with _ are this program's"
            return OddMetadata(key, what, "use one without _ in front")
        is_so, wanted = shape
        if not is_so(metadata[key]):
            return OddMetadata(key, f"it must be {wanted}")
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_context(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(Context.parse(value))
    except UsageError:
        return False


def _has_text(value: Any, *keys: str) -> bool:
    return isinstance(value, Mapping) and all(isinstance(value.get(key), str) for key in keys)


def _all_have_text(value: Any, *keys: str) -> bool:
    return isinstance(value, list) and all(_has_text(one, *keys) for one in value)


_TEXT = (_is_text, "text")
_CONTEXT = (_is_context, "the full id of a context")
_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    ARCHIVED: (lambda value: _has_text(value, "at", "why"), "a mapping with `at` and `why`, both text"),
    SOURCES: (
        lambda value: _all_have_text(value, "context", "key", "digest"),
        "a list of mappings with `context`, `key` and `digest`, all text",
    ),
    CONTRADICTS: (
        lambda value: _all_have_text(value, "context", "key", "why"),
        "a list of mappings with `context`, `key` and `why`, all text",
    ),
    FROM: _CONTEXT,
    REFERENCE: _CONTEXT,
    KEY: _TEXT,
    RULE: _TEXT,
    ROLE: _TEXT,
    TRANSFORM: _TEXT,
    VERSION: (_is_count, "a whole number"),
}
