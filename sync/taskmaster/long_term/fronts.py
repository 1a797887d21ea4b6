"""What the front matter of a memory's entry says, and how it is written. Pure.

Only what differs from its default is written. A person's entry needs no more than a `context`: its id is the key then,
its day the day it was created.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, tzinfo
from typing import Any

from sync.document import yaml12
from sync.document.entry import DEFAULT_IMPORTANCE, Entry
from sync.document.moment import Moment, parse_date
from sync.document.scalars import render_value
from sync.document.splice import ABSENT, Absent
from sync.document.yaml12 import Value
from sync.errors import DocumentError
from sync.taskmaster.long_term.record import MemoryRecord, canonical
from sync.taskmaster.memory import Kind, json_bytes

KEYS = (
    "id", "title", "context", "key", "kind", "type", "importance", "created", "updated", "retention", "expires",
    "object", "size", "metadata",
)  # fmt: skip
"""The keys of a memory's entry, in their order."""
OBJECT = re.compile(r"sha256:([0-9a-f]{64})")
_UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def text_at(entry: Entry, key: str) -> str:
    """A word of front matter as it was written; empty where there is none, or something else."""
    value = entry.front.get(key)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def time_at(entry: Entry, key: str, zone: tzinfo) -> datetime | None:
    """A time of front matter, aware, UTC; None where there is none, or none that can be read."""
    moment = parse_date(text_at(entry, key))
    return _instant(moment, zone) if moment else None


def created_of(entry: Entry, zone: tzinfo) -> datetime:
    """When the memory was created: `created`, else the entry's day, else `updated`; aware, UTC."""
    found = time_at(entry, "created", zone) or (_instant(entry.moment, zone) if entry.moment else None)
    return found or time_at(entry, "updated", zone) or _UNKNOWN_TIME


def metadata_of(entry: Entry) -> str:
    """The metadata as canonical JSON: a mapping, or text that holds one; none where it is neither, or too deep."""
    value: Any = entry.front.get("metadata")
    if isinstance(value, str):
        try:
            value = json.loads(value)
            json_bytes(value)
        except (ValueError, RecursionError):
            return "{}"
    return canonical(value) if isinstance(value, dict) else "{}"


def front_values(record: MemoryRecord) -> dict[str, Value | Absent]:
    """The values of all keys but id and title, ABSENT where the default does."""
    plain: dict[str, Value] = {
        "context": record.context,
        "key": record.key,
        "kind": "" if record.kind is Kind.MARKDOWN else record.kind.value,
        "type": record.type,
        "importance": "" if record.importance == DEFAULT_IMPORTANCE else _number(record.importance),
        "created": stamp(record.created),
        "updated": "" if record.updated == record.created else stamp(record.updated),
        "retention": record.retention,
        "expires": stamp(record.expires) if record.expires else "",
        "object": f"sha256:{record.content}" if record.is_object else "",
        "size": record.size if record.is_object else "",
        "metadata": _metadata(record.metadata),
    }
    return {key: ABSENT if value in ("", {}) else value for key, value in plain.items()}


def render_front(record: MemoryRecord, *, title: str, id_: str = "") -> str:
    """The front matter of a memory's entry, with its fences."""
    values: dict[str, Value | Absent] = {"id": id_ or ABSENT, "title": title, **front_values(record)}
    lines = [line for key in KEYS if (value := values[key]) is not ABSENT for line in _lines(key, value)]
    return "".join(f"{line}\n" for line in ("---", *lines, "---"))


def stamp(moment: datetime) -> str:
    """`2025-04-05T14:30:00Z`, with as many digits behind the second as there are."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _lines(key: str, value: Value) -> list[str]:
    if not isinstance(value, dict):
        return [f"{key}: {render_value(value)}"]
    return [f"{key}:", *(f"  {render_value(name)}: {render_value(item)}" for name, item in value.items())]


def _metadata(written: str) -> Value:
    """As a mapping where YAML gives the same back, else as text that holds JSON."""
    found: dict[str, Value] = json.loads(written)
    if not found:
        return {}
    try:
        again = yaml12.load("\n".join(_lines("metadata", found)))["metadata"]
        if isinstance(again, dict) and canonical(again) == written:
            return found
    except DocumentError:
        pass
    return written


def _number(value: float) -> Value:
    """A number as YAML reads it; digits that it would lose stand as text."""
    written = format(value, "f") if "e" in repr(value) else repr(value)
    if float(written) != value:  # more digits behind the point than `f` writes
        written = f"{value:.340f}".rstrip("0")
    found = yaml12.resolve(written)
    return found if isinstance(found, float) else written


def _instant(moment: Moment, zone: tzinfo) -> datetime:
    local = datetime.combine(moment.day, moment.clock or time(), tzinfo=moment.zone or zone)
    return local.astimezone(UTC)
