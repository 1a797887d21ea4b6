"""How important a memory is that was given no number: the weighted mean of five factors from 0 to 1. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import fsum, log
from typing import Any

from sync.document.memory_settings import ImportanceSettings
from sync.taskmaster.memory import NOTHING, Kind

HALF_LIFE = timedelta(days=7)
"""After so long without use a memory is half as recent."""
NEUTRAL = 0.5
"""What a factor is of which nothing is known."""
_MANY_USES = 64
_MANY_BYTES = 65_536
_MANY_PARTS = 256
_SMALL = 32
_STARS = 5
_WORDS = {"none": 0.0, "low": 0.25, "medium": 0.5, "high": 0.75, "critical": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a memory when it is weighed.

    Attributes:
        kind, data: its value, see `Memory`.
        now: the time of weighing, aware.
        type: its type; may be empty.
        metadata: its writer's own.
        uses: how often it was recalled; `used`: when last, aware; None for never.
        types: business value from 0 to 1 by type, as it is configured.
    """

    kind: Kind
    data: bytes
    now: datetime
    type: str = ""
    metadata: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    uses: int = 0
    used: datetime | None = None
    types: Mapping[str, float] = field(default_factory=lambda: NOTHING)


def frequency(uses: int) -> float:
    """From 0 for never recalled to 1 for 64 times and more; every doubling counts alike."""
    return _log_share(max(uses, 0), _MANY_USES)


def recency(age: timedelta, half_life: timedelta = HALF_LIFE) -> float:
    """From 1 for just now, half of it after every half life; a time to come counts as now."""
    return float(0.5 ** (max(age, timedelta()) / half_life))


def business_value(type_: str, metadata: Mapping[str, Any], types: Mapping[str, float] = NOTHING) -> float:
    """What a memory is worth to the business.

    Args:
        type_: the memory's type.
        metadata: `business_value` counts first: a number from 0 to 1, or none, low, medium, high, critical.
        types: the value of types; one that is not there is neutral.
    """
    said = _level(metadata.get("business_value"))
    return _clipped(types.get(type_, NEUTRAL)) if said is None else said


def user_importance(metadata: Mapping[str, Any]) -> float:
    """What a person has marked: the highest mark counts; 0.5 without any.

    Args:
        metadata: `pinned` and `important`: true counts 1, false of `important` alone 0; `importance`: a level as that
            of `business_value`; `rating`: from 0 to 5 stars.
    """
    marks = [1.0] if metadata.get("pinned") is True else []
    if isinstance(important := metadata.get("important"), bool):
        marks.append(float(important))
    if (level := _level(metadata.get("importance"))) is not None:
        marks.append(level)
    if (rating := _number(metadata.get("rating"))) is not None:
        marks.append(_clipped(rating / _STARS))
    return max(marks, default=NEUTRAL)


def complexity(kind: Kind, data: bytes) -> float:
    """How much there is to a value: half its length, from 0 for nothing to 1 for 64 KB, half its parts, up to 256.

    The parts of JSON are its members and items, those of Markdown its lines; bytes have none but their length. Both
    count by doublings.
    """
    length = _log_share(len(data) / _SMALL, _MANY_BYTES / _SMALL)
    if kind is Kind.BYTES:
        return length
    marks = (b"\n",) if kind is Kind.MARKDOWN else (b",", b"{", b"[")
    parts = sum(data.count(mark, 0, _MANY_BYTES) for mark in marks)
    return (length + _log_share(parts, _MANY_PARTS)) / 2


def factors_of(facts: Facts) -> dict[str, float]:
    """The five factors of a memory by the names of their weights."""
    age = facts.now - facts.used if facts.used else timedelta()
    return {
        "frequency": frequency(facts.uses),
        "recency": recency(age),
        "business_value": business_value(facts.type, facts.metadata, facts.types),
        "user_importance": user_importance(facts.metadata),
        "complexity": complexity(facts.kind, facts.data),
    }


def importance_of(facts: Facts, weights: ImportanceSettings | None = None) -> float:
    """The weighted mean of the factors, from 0 to 1.

    Args:
        facts: what is known of the memory.
        weights: numbers >= 0, not all 0; all alike where there are none.
    """
    weights = weights or ImportanceSettings()
    factors = factors_of(facts)
    by_name = {name: getattr(weights, name) for name in factors}
    return _clipped(fsum(by_name[name] * value for name, value in factors.items()) / fsum(by_name.values()))


def _log_share(number: float, of: float) -> float:
    return _clipped(log(1 + number) / log(1 + of))


def _level(said: object) -> float | None:
    if isinstance(said, str):
        return _WORDS.get(said.strip().lower())
    number = _number(said)
    return None if number is None else _clipped(number)


def _number(said: object) -> float | None:
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else None


def _clipped(number: float) -> float:
    return min(max(number, 0.0), 1.0)
