"""What may be done to a value on its way from one context to another. Pure.

A rule names its transform. `identity` leaves the value as it is; `pick` and `count` are set up in the rule itself; any
other is a function that the program has registered. The text of a rule never loads or runs code.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any, TypeAlias

from sync.errors import UsageError
from sync.taskmaster.memory import Value

IDENTITY = "identity"
OTHER = "other"
"""What `count` calls values that the rule does not list."""
_DIGITS = 16
Transform: TypeAlias = Callable[[Value], Value]
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
_registered: dict[str, Transform] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformChoice:
    """The transform of a rule.

    Attributes:
        name: its name.
        options: what it is set up with, as JSON.
    """

    name: str = IDENTITY
    options: Mapping[str, Any] = field(default_factory=lambda: _NO_OPTIONS)


def register(name: str) -> Callable[[Transform], Transform]:
    """Make a function known under a name, as a decorator.

    The function takes a value and gives another; it is pure, and raises UsageError for a value it cannot take.

    Raises:
        UsageError: the name is taken by another function.
    """

    def known(function: Transform) -> Transform:
        if name in _GENERIC or _registered.setdefault(name, function) is not function:
            raise UsageError(f"there is a transform {name!r} already", hint="register it under another name")
        return function

    return known


def transform_names() -> tuple[str, ...]:
    """The names of all transforms there are at present, in order."""
    return tuple(sorted([*_GENERIC, *_registered]))


def read_choice(written: str | Mapping[str, Any] | None) -> TransformChoice:
    """The transform that a rule asks for.

    Args:
        written: a name; or a generic transform's name with its options (`{pick: [price]}`), as the schema has it; None
            for `identity`.

    Raises:
        UsageError: a generic transform stands there without its options.
    """
    if written is None:
        return TransformChoice()
    if isinstance(written, str):
        if written in _GENERIC:
            raise UsageError(f"the transform {written!r} needs options", hint=_EXAMPLES)
        return TransformChoice(name=written)
    ((name, options),) = written.items()
    return TransformChoice(name=name, options=options if isinstance(options, Mapping) else {"fields": options})


def apply_transform(choice: TransformChoice, value: Value) -> Value:
    """A value as the other context is to get it.

    Raises:
        UsageError: there is no such transform, or it cannot take the value.
    """
    if choice.name in _GENERIC:
        return _GENERIC[choice.name](value, **choice.options)
    if choice.name not in _registered:
        hint = f"known: {', '.join(transform_names())}; a program registers its own before it shares"
        raise UsageError(f"there is no transform {choice.name!r}", hint=hint)
    return _registered[choice.name](value)


def mark_of(choice: TransformChoice) -> str:
    """What tells one transform from another: 16 hexadecimal digits; empty for `identity`."""
    if choice.name == IDENTITY:
        return ""
    written = json.dumps([choice.name, choice.options], sort_keys=True, default=_plain)
    return sha256(written.encode()).hexdigest()[:_DIGITS]


def pick(value: Value, *, fields: Sequence[str]) -> Value:
    """Only some fields of a JSON object, or of each object of a list; what is not named stays behind.

    Raises:
        UsageError: the value is neither.
    """
    if isinstance(value, list):
        return [_picked(row, fields) for row in _objects(value, "pick")]
    return _picked(_object(value, "pick"), fields)


def count(value: Value, *, fields: Sequence[str], items: str = "", values: Sequence[str] = ()) -> Value:
    """How often each value of some fields occurs among JSON objects, and nothing else of the objects.

    Args:
        value: a list of objects, an object that holds such a list, or one object.
        fields: which fields are counted: text, or lists of text, of which each counts once for its object.
        items: the field that holds the list, where the value is an object.
        values: what is counted by itself, whatever the case it is written in; anything else counts as `other`. Empty
            for everything, which tells what was written word for word.

    Returns:
        `{"items": 3, "counts": {"diet": {"vegan": 2}}}`, values in alphabetical order.

    Raises:
        UsageError: the value is none of those.
    """
    held = value.get(items, value) if isinstance(value, Mapping) and items else value
    rows = _objects(held if isinstance(held, list) else [held], "count")
    known = {one.casefold(): one for one in values}
    counts = {name: Counter(word for row in rows for word in _words(row.get(name), known)) for name in fields}
    return {"items": len(rows), "counts": {name: dict(sorted(found.items())) for name, found in counts.items()}}


def _plain(options: Any) -> Any:
    return dict(options) if isinstance(options, Mapping) else list(options)


def _words(value: Any, known: Mapping[str, str]) -> Iterable[str]:
    """What an object says in a field, each once."""
    said = value if isinstance(value, list) else [] if value is None else [value]
    words = (one.strip().casefold() if isinstance(one, str) else OTHER for one in said)
    return {known.get(word, OTHER) if known else word for word in words if word}


def _picked(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {name: held for name, held in row.items() if name in fields}


def _objects(rows: Iterable[Any], name: str) -> list[Mapping[str, Any]]:
    return [_object(row, name) for row in rows]


def _object(row: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise UsageError(f"the transform {name!r} takes a JSON object or a list of them", hint="share another value")
    return row


_EXAMPLES = "such as {pick: [price]} or {count: {items: guests, fields: [diet]}}"
_GENERIC: Mapping[str, Callable[..., Value]] = MappingProxyType({"pick": pick, "count": count})


@register(IDENTITY)
def identity(value: Value) -> Value:
    """The value as it is."""
    return value
