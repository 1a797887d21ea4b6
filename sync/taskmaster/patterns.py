"""Learned patterns: what was observed how often, how it came out, and what is used most. Pure."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sync.errors import UsageError
from sync.taskmaster.memory import Value

LEARNING, PATTERN = "learning", "pattern"
"""Types of memories: what was learned of one pattern; the frequent patterns of a context."""
PATTERNS_KEY = "patterns"
MAX_OUTCOMES = 20
"""Of a pattern the last outcomes are kept."""
LEAST_COUNT = 3
MAX_PATTERNS = 50
_DIGITS = 16
_MOST = 10**15
_SUCCESS = ("success", "ok", "succeeded")
_SECONDS = ("response_s", "took_s", "duration_s", "seconds")
_MILLISECONDS = ("response_ms", "took_ms", "duration_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned of one pattern.

    Attributes:
        pattern: JSON, as it was given first.
        count: how often it was observed.
        first, last: when, aware, UTC.
        judged, successes: of how many observations the outcome said whether it was one, and how many were a success.
        timed, mean_s: of how many it said how long the response took, and the mean in seconds.
        outcomes: the last ones, the newest first: `at` and `outcome`.
    """

    pattern: Any
    count: int
    first: datetime
    last: datetime
    judged: int = 0
    successes: int = 0
    timed: int = 0
    mean_s: float = 0.0
    outcomes: tuple[Mapping[str, Any], ...] = ()

    @property
    def success_share(self) -> float | None:
        """Successes among the outcomes that said so, from 0 to 1; None where none did."""
        return self.successes / self.judged if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a memory was used.

    Attributes:
        key: the memory's.
        count: how often it was recalled; `last`: when last, aware, UTC.
        mean_s: seconds that recalling it took in the mean; None where nobody knows.
    """

    key: str
    count: int
    last: datetime
    mean_s: float | None = None


def identity_of(pattern: Any) -> str:
    """What names a pattern: 16 hexadecimal digits. Case, blanks, accents' composition, key order do not count."""
    text = json.dumps(_normal(pattern), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:_DIGITS]


def key_of(pattern: Any) -> str:
    """The key of the memory that holds what was learned of a pattern."""
    return f"learning:{identity_of(pattern)}"


def observed(before: Learned | None, pattern: Any, outcome: Any, at: datetime) -> Learned:
    """What is known of a pattern after one more observation.

    Args:
        before: what was known; None for nothing.
        pattern, outcome: JSON. An outcome that is a boolean, or has one under `success` or `ok`, counts for the share
            of successes; a number under `response_s`, `took_s`, `duration_s`, or in milliseconds under `response_ms`,
            `took_ms`, `duration_ms`, for the mean response time.
        at: when it was observed.

    Raises:
        UsageError: a response time is no number that a computer reckons with.
    """
    one = before or Learned(pattern=pattern, count=0, first=at, last=at)
    verdict, seconds = _verdict(outcome), _seconds(outcome)
    timed = one.timed + (seconds is not None)
    return replace(
        one,
        count=one.count + 1,
        first=min(one.first, at),
        last=max(one.last, at),
        judged=one.judged + (verdict is not None),
        successes=one.successes + (verdict is True),
        timed=timed,
        mean_s=one.mean_s if seconds is None else one.mean_s + (seconds - one.mean_s) / timed,
        outcomes=({"at": at.isoformat(), "outcome": outcome}, *one.outcomes)[:MAX_OUTCOMES],
    )


def value_of(learned: Learned) -> dict[str, Any]:
    """What was learned as the JSON of a memory."""
    return {
        "pattern": learned.pattern,
        "count": learned.count,
        "first": learned.first.isoformat(),
        "last": learned.last.isoformat(),
        "judged": learned.judged,
        "successes": learned.successes,
        "timed": learned.timed,
        "mean_s": round(learned.mean_s, 9),
        "outcomes": [dict(one) for one in learned.outcomes],
    }


def read_learned(value: Value) -> Learned | None:
    """What was learned, from the JSON of a memory; None where it is something else, as a person may have made it."""
    if not isinstance(value, Mapping) or "pattern" not in value:
        return None
    numbers = {name: value.get(name, 0) for name in ("count", "judged", "successes", "timed", "mean_s")}
    outcomes = value.get("outcomes", [])
    try:
        first, last = (datetime.fromisoformat(value[name]) for name in ("first", "last"))
        mean_s = float(value.get("mean_s", 0))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if any(isinstance(one, bool) or not isinstance(one, int | float) or one < 0 for one in numbers.values()):
        return None
    if not isinstance(outcomes, list) or first.tzinfo is None or last.tzinfo is None:
        return None
    counts = {name: int(number) for name, number in numbers.items() if name != "mean_s"}
    if max(counts.values()) > _MOST:
        return None
    return Learned(
        pattern=value["pattern"], first=first, last=last, mean_s=mean_s, **counts,
        outcomes=tuple(one for one in outcomes if isinstance(one, Mapping)),
    )  # fmt: skip


def frequent(
    learned: Iterable[Learned], accesses: Iterable[Access], before: Value = None, *, least: int = LEAST_COUNT
) -> list[dict[str, Any]]:
    """The frequent patterns of a context, the most frequent first, as the JSON of a memory.

    Args:
        learned: what was learned of patterns.
        accesses: how memories were used: using a key is a pattern too.
        before: what this gave last time. A tier that lets a copy go forgets how often it was used; nothing counts less
            than it did.
        least: how often a pattern must have been observed.
    """
    rows = [_row(one.pattern, one) for one in learned if one.count >= least]
    rows += [_access_row(one) for one in accesses if one.count >= least]
    found = {row["id"]: row for row in (before if isinstance(before, list) else []) if _is_row(row)}
    for row in rows:
        known = found.get(row["id"])
        if known is None or (known["count"], known["last"]) <= (row["count"], row["last"]):
            found[row["id"]] = row
    ordered = sorted(found.values(), key=lambda row: row["id"])
    ordered.sort(key=lambda row: (row["count"], row["last"]), reverse=True)
    return ordered[:MAX_PATTERNS]


def _row(pattern: Any, one: Learned) -> dict[str, Any]:
    share = one.success_share
    return {
        "id": identity_of(pattern),
        "pattern": pattern,
        "count": one.count,
        "last": one.last.isoformat(),
        "mean_s": round(one.mean_s, 6) if one.timed else None,
        "success_share": None if share is None else round(share, 6),
    }


def _access_row(one: Access) -> dict[str, Any]:
    pattern = {"recall": one.key}
    return {
        "id": identity_of(pattern),
        "pattern": pattern,
        "count": one.count,
        "last": one.last.isoformat(),
        "mean_s": None if one.mean_s is None else round(one.mean_s, 6),
        "success_share": None,
    }


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and all(
        isinstance(row.get(name), kind) for name, kind in (("id", str), ("count", int), ("last", str))
    )


def _verdict(outcome: Any) -> bool | None:
    if isinstance(outcome, Mapping):
        outcome = next((outcome[name] for name in _SUCCESS if name in outcome), None)
    return outcome if isinstance(outcome, bool) else None


def _seconds(outcome: Any) -> float | None:
    if not isinstance(outcome, Mapping):
        return None
    for names, unit in ((_SECONDS, 1.0), (_MILLISECONDS, 0.001)):
        for name in names:
            number = outcome.get(name)
            if isinstance(number, int | float) and not isinstance(number, bool) and number >= 0:
                return _float(number, name) * unit
    return None


def _float(number: float, name: str) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise UsageError(f"{name} is too large for a length of time", hint="give seconds or milliseconds") from error


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    if isinstance(value, Mapping):
        return {_normal(str(key)): _normal(item) for key, item in sorted(value.items())}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_normal(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
