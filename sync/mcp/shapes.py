"""What tools take and give, as JSON Schema 2020-12, and what is wrong with arguments that do not obey."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

QUESTION_LENGTH = 10_000
BODY_LENGTH = 200_000
NAME_LENGTH = 1_000
_LONGEST = 120  # of what is wrong, in characters, in a message


def record(properties: Mapping[str, Any], *, optional: frozenset[str] = frozenset(), closed: bool = False) -> Any:
    """An object.

    Args:
        properties: the schemas of its keys.
        optional: keys that may be absent.
        closed: other keys are refused, so that a misspelt filter is not passed over.
    """
    needed = [key for key in properties if key not in optional]
    extra = {"additionalProperties": False} if closed else {}
    return {"type": "object", "properties": dict(properties), "required": needed, **extra}


def text(description: str = "", *, longest: int = 0, shortest: int = 0, pattern: str = "") -> dict[str, Any]:
    """A string; a limit of 0 is none."""
    limits = {"maxLength": longest, "minLength": shortest, "pattern": pattern, "description": description}
    return {"type": "string", **{key: value for key, value in limits.items() if value}}


def number(description: str = "", *, least: int | None = None, most: int | None = None) -> dict[str, Any]:
    """A whole number."""
    limits = {"minimum": least, "maximum": most, "description": description or None}
    return {"type": "integer", **{key: value for key, value in limits.items() if value is not None}}


def choice(description: str, *values: str) -> dict[str, Any]:
    """One of some words."""
    return {"type": "string", "enum": list(values), "description": description}


def many(items: Mapping[str, Any], description: str = "", *, most: int = 0) -> dict[str, Any]:
    """A list; a limit of 0 is none."""
    limits = {"maxItems": most, "description": description}
    return {"type": "array", "items": dict(items), **{key: value for key, value in limits.items() if value}}


def with_default(schema: Mapping[str, Any], default: object) -> dict[str, Any]:
    """The same, with what stands where nothing is given."""
    return {**schema, "default": default}


DAY = r"^(\d{4}-\d{2}-\d{2})?$"
WORDS = many(text(longest=200, shortest=1), most=50)
CARD = {
    "entry": text("path of the entry, from the repository"),
    "id": text(),
    "title": text(),
    "date": text("YYYY-MM-DD; empty where it is not known"),
    "tags": many(text()),
}
LINES = many(number(), "first and last line, 1-based, both included")
COMMIT = text("the commit whose version this is; empty where it is not committed")
HIT = record({
    **CARD, "section": text(), "headings": many(text()), "lines": LINES, "commit": COMMIT,
    "score": {"type": "number"}, "text": text(), "before": text(), "after": text(),
    "marks": many(many(number())),
})  # fmt: skip
HITS = record({
    "query": text(), "mode": text(), "searched": number(), "commit": text(),
    "hits": many(HIT), "notes": many(text()),
})  # fmt: skip
ANSWER = record({
    "question": text(), "searched_for": text(), "how": text("written, uncited, extractive or none"),
    "answer": text("cites its sources as [n]"),
    "citations": many(record({"n": number("as cited in the answer"), **HIT["properties"]})),
    "searched": number(), "commit": text(), "notes": many(text()),
})  # fmt: skip
OPEN = {"type": "object"}
"""An object of an operation's own form, see the documentation of the command's `--json`."""


def complete(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with the defaults of those that are absent."""
    defaults = {key: one["default"] for key, one in schema["properties"].items() if "default" in one}
    return {**defaults, **arguments}


def wrong_arguments(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """What is wrong with arguments, one line; empty where nothing is."""
    from jsonschema import Draft202012Validator  # slow to import

    unknown = sorted(set(arguments) - set(schema["properties"]))
    if unknown:
        return f"{unknown[0][:_LONGEST]}: no such argument; there are: {', '.join(schema['properties'])}"
    if not _is_unicode(arguments):
        return "the arguments are not Unicode: half a surrogate pair"
    for error in Draft202012Validator(schema).iter_errors(dict(arguments)):
        name = ".".join(str(step) for step in error.absolute_path) or "arguments"
        return f"{name}: {_fault(error.validator, error.validator_value, error.instance, error.message)}"
    return ""


def _is_unicode(document: object) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _fault(rule: object, value: Any, instance: Any, message: str) -> str:
    """What is wrong, without the value: it may be a hundred kilobytes long."""
    told: dict[str, Callable[[], str]] = {
        "maxLength": lambda: f"{len(instance)} characters are too many, at most {value}",
        "minLength": lambda: "must not be empty",
        "maxItems": lambda: f"{len(instance)} items are too many, at most {value}",
        "enum": lambda: f"must be one of {', '.join(map(str, value))}",
        "type": lambda: f"must be of type {value}",
        "minimum": lambda: f"must be at least {value}",
        "maximum": lambda: f"must be at most {value}",
        "pattern": lambda: "must be a day such as 2025-04-05" if value == DAY else f"must match {value}",
    }
    return told[rule]() if isinstance(rule, str) and rule in told else message[:_LONGEST]
