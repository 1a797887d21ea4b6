"""`[memory]` of journal.toml: where memories are held, and how long. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sync.document import memory_urls
from sync.document.memory_urls import FILE_NAME, PLACES, check_place
from sync.errors import SettingsError

EMBEDDED = memory_urls.EMBEDDED
_DURATION = re.compile(r"(\d{1,6}) ?(s|min|m|h|d)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceSettings:
    """How much each factor counts for the importance of a memory that is given none; numbers >= 0, not all 0."""

    frequency: float = 1.0
    recency: float = 1.0
    business_value: float = 1.0
    user_importance: float = 1.0
    complexity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacingSettings:
    """From which importance on a memory goes to all tiers, to the long-term and to the working one."""

    all: float = 0.9
    long_term: float = 0.7
    working: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """What a tier holds at most, and how long.

    Attributes:
        short_term_items: of a context. short_term_ttl: how long.
        working_items: of a tenant. working_ttl: how long after they were last written.
        object_bytes: a longer value of the long-term tier is an object beside its entry.
        vectors: of a tenant.
    """

    short_term_items: int = 1_000
    short_term_ttl: str = "24h"
    working_items: int = 10_000
    working_ttl: str = "30d"
    object_bytes: int = 65_536
    vectors: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySettings:
    """Where memories are held.

    Attributes:
        short_term: `sqlite:`, or a Redis server: `redis://host:6379/0`.
        working: `sqlite:`, or a PostgreSQL database: `postgresql://user@host/name`.
        objects: a folder of the repository, or `s3://bucket/prefix`.
        semantic: `auto` (where a model is installed: with PostgreSQL in pgvector, else in a file) or `off`.
        events: a Redis server that passes events on to other processes; empty for none.
        flush_count, flush_age: the journal is written when so many memories wait for it, or one has for so long.
        space: the name that servers keep this journal's memories under, apart from those of other journals.
        timeout: how long a server may take to answer.
        pool: connections to PostgreSQL at most, of one process.
        business_value: what memories of a type are worth to the business, from 0 to 1; others are neutral, 0.5.
        importance, placing, limits: see there.
    """

    short_term: str = EMBEDDED
    working: str = EMBEDDED
    objects: str = "journal/objects"
    semantic: str = "auto"
    events: str = ""
    space: str = "journal"
    flush_count: int = 100
    flush_age: str = "15m"
    timeout: str = "2s"
    pool: int = 10
    business_value: Mapping[str, float] = field(default_factory=dict)
    importance: ImportanceSettings = field(default_factory=ImportanceSettings)
    placing: PlacingSettings = field(default_factory=PlacingSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)


TABLES = {"importance": ImportanceSettings, "placing": PlacingSettings, "limits": LimitSettings}
_NUMBERS = ("importance", "placing")


def load_memory(table: Mapping[str, Any]) -> MemorySettings:
    """The settings that a `[memory]` table holds.

    Raises:
        SettingsError: an unknown key, a value of another kind, a URL that journal.toml may not name, a number that
            makes no sense.
    """
    settings = MemorySettings()
    _check_keys(table, settings, "memory.", tables=TABLES)
    plain = {key: value for key, value in table.items() if key not in TABLES}
    for name, worth in table.get("business_value", {}).items():
        if isinstance(worth, bool) or not isinstance(worth, int | float) or not 0 <= worth <= 1:
            raise _wrong(f"business_value.{name}", worth, "a number from 0 to 1")
    inner = {name: _load_inner(name, table.get(name, {})) for name in TABLES}
    return checked_memory(replace(settings, **plain, **inner))


def _load_inner(name: str, table: Mapping[str, Any]) -> Any:
    settings = TABLES[name]()
    _check_keys(table, settings, f"memory.{name}.")
    kind = float if name in _NUMBERS else (lambda value: value)
    return replace(settings, **{key: kind(value) for key, value in table.items()})


def checked_memory(settings: MemorySettings) -> MemorySettings:
    """The same settings, if they make sense.

    Raises:
        SettingsError: as `load_memory`.
    """
    for key in PLACES:
        check_place(key, getattr(settings, key))
    if not _NAME.fullmatch(settings.space):
        raise _wrong("space", settings.space, "a word of letters, digits, - and _")
    if settings.semantic not in ("auto", "off"):
        raise _wrong("semantic", settings.semantic, "auto or off")
    for key, value in (("flush_age", settings.flush_age), ("timeout", settings.timeout)):
        duration(value, key)
    for key in ("short_term_ttl", "working_ttl"):
        duration(getattr(settings.limits, key), f"limits.{key}")
    _check_counts("", settings, ("flush_count", "pool"))
    _check_counts("limits.", settings.limits, ("short_term_items", "working_items", "object_bytes", "vectors"))
    weights = [getattr(settings.importance, one.name) for one in fields(ImportanceSettings)]
    if min(weights) < 0 or not sum(weights):
        raise SettingsError(f"{FILE_NAME}: memory.importance: weights are numbers from 0 on, and not all 0")
    placing = settings.placing
    if not 0 <= placing.working <= placing.long_term <= placing.all <= 1:
        hint = "as working = 0.5, long_term = 0.7, all = 0.9"
        raise SettingsError(f"{FILE_NAME}: memory.placing: must rise from working to all, within 0 and 1", hint=hint)
    return settings


@lru_cache(maxsize=256)
def duration(written: str, key: str = "duration") -> timedelta:
    """A length of time such as `30s`, `15m`, `24h` or `30d`.

    Raises:
        SettingsError: it is none, or none at all.
    """
    found = _DURATION.fullmatch(written.strip())
    if not found or not int(found[1]):
        raise _wrong(key, written, "a length of time such as 30s, 15m, 24h or 30d")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _check_counts(where: str, settings: object, keys: tuple[str, ...]) -> None:
    for key in keys:
        if getattr(settings, key) < 1:
            raise _wrong(f"{where}{key}", getattr(settings, key), "a whole number from 1 on")


def _check_keys(
    table: Mapping[str, Any], settings: Any, where: str, *, tables: Mapping[str, Any] | None = None
) -> None:
    known = {one.name: getattr(settings, one.name) for one in fields(settings)}
    for key, value in table.items():
        if key not in known:
            hint = f"known keys: {', '.join(sorted(known))}"
            raise SettingsError(f"{FILE_NAME}: {where}{key}: unknown key", hint=hint)
        kind: Any = dict if tables and key in tables else type(known[key])
        kinds = (int, float) if kind is float else (kind,)
        if not isinstance(value, kinds) or isinstance(value, bool):
            names = {str: "text", int: "a whole number", float: "a number", dict: "a table"}
            raise SettingsError(f"{FILE_NAME}: {where}{key}: must be {names[kind]}")


def _wrong(key: str, value: object, wanted: str) -> SettingsError:
    return SettingsError(f"{FILE_NAME}: memory.{key}: {value!r} is not {wanted}", hint="see docs/settings.md")
