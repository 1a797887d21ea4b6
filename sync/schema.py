"""The JSON Schemas of the project, and what is wrong with data that does not obey them.

Schemas are JSON Schema 2020-12, one file each in `schemas/`, named and versioned by `$id`; they are read from the
package, never from the network. One validator a schema is made and kept: making it costs more than using it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_LONGEST = 60  # of a wrong value, in characters, in a message


class Schema(Enum):
    """The schemas, by file name."""

    ENTRY = "entry.v1.schema.json"
    MEMORY = "memory.v1.schema.json"
    MEMORIES = "memories.v1.schema.json"
    SETTINGS = "settings.v1.schema.json"
    AUGMENT_CONFIG = "augment-config.v1.schema.json"
    CONFLICT = "conflict.v1.schema.json"
    CONTEXTS = "contexts.v1.schema.json"
    SHARING = "sharing.v1.schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One value that does not obey a schema.

    Attributes:
        path: keys and indices that lead to it.
        message: what is wrong, one line.
    """

    path: tuple[str | int, ...]
    message: str

    @property
    def key(self) -> str:
        """The path as people write it: `tags[2]`, `journal.timezone`."""
        parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(parts).removeprefix(".")


def load_schema(schema: Schema) -> dict[str, Any]:
    """A schema as data."""
    document: dict[str, Any] = json.loads((_folder() / schema.value).read_text(encoding="utf-8"))
    return document


def check(schema: Schema, instance: object) -> list[Finding]:
    """Everything in which data does not obey a schema, in the order of the data."""
    findings = [
        Finding(path=tuple(error.absolute_path), message=_message(error)) for error in _errors(schema, instance)
    ]
    return sorted(findings, key=lambda finding: _place(instance, finding.path))


def _place(instance: Any, path: Sequence[str | int]) -> list[int]:
    """Where a value stands among its neighbours, level by level."""
    places = []
    for step in path:
        places.append(list(instance).index(step) if isinstance(instance, dict) else int(step))
        instance = instance[step]
    return places


@cache
def _folder() -> Traversable:
    packaged = files("sync") / "schemas"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "schemas"


@cache
def _validator(schema: Schema) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # slow to import; most commands need no schema
    from referencing import Registry, Resource

    resources = [Resource.from_contents(load_schema(one)) for one in Schema]
    registry = Registry().with_resources([(str(resource.id()), resource) for resource in resources])
    return Draft202012Validator(load_schema(schema), registry=registry)


def _errors(schema: Schema, instance: object) -> Iterator[ValidationError]:
    yield from _validator(schema).iter_errors(instance)


def _message(error: ValidationError) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        known = ", ".join(sorted(schema.get("properties", {})))
        unknown = ", ".join(sorted(set(_mapping(error.instance)) - set(schema.get("properties", {}))))
        return f"unknown key {unknown}; known keys: {known}"
    if error.validator == "required":
        return str(error.message).replace("is a required property", "is missing")
    wanted = schema.get("description")
    shown = json.dumps(error.instance, ensure_ascii=False, default=str)
    shown = shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
    return f"must be {wanted}, not {shown}" if wanted else str(error.message)[:200]


def _mapping(instance: object) -> dict[str, Any]:
    return instance if isinstance(instance, dict) else {}
