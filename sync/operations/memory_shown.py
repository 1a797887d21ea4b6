"""Memories as text, for people and for assistants. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sync.taskmaster.memory import Kind, Memory, Tier
from sync.taskmaster.results import Recalled, stamp, told

if TYPE_CHECKING:
    from sync.taskmaster.long_term.port import Revision  # remembering needs none of it

_AGES = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


def text_shown(memory: Memory) -> str:
    """A memory's value as text: Markdown as it is, JSON indented; of bytes, how many they are."""
    if memory.kind is Kind.BYTES:
        return f"({len(memory.data):,} bytes)"
    return memory.data.decode() if memory.kind is Kind.MARKDOWN else indented(memory.value)


def indented(value: object) -> str:
    """JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def age_shown(seconds: float) -> str:
    """`40 s`, `5 min`, `3 h`, `12 d`."""
    size, unit = next((one for one in _AGES if seconds >= one[0]), _AGES[-1])
    return f"{int(seconds // size)} {unit}"


def where_found(one: Recalled) -> str:
    """`working  0.83  3 h  written by ada`: the tier, the score, the age, where it comes from, and its rivals."""
    parts = [one.tier.value, f"{one.score:.2f}", age_shown(one.age_s), one.provenance]
    if one.rivals:
        parts.append(f"{one.rivals} {'rival' if one.rivals == 1 else 'rivals'}")
    return "  ".join(part for part in parts if part)


def revision_told(one: Revision) -> dict[str, Any]:
    """A revision of a memory as the object that `--json` prints."""
    return {
        "commit": one.commit, "at": stamp(one.at), "author": one.author, "subject": one.subject, "path": one.path,
        "memory": told(one.memory) if one.memory else None, "why": one.why,
    }  # fmt: skip


def tiers_shown(tiers: Iterable[Tier]) -> str:
    """`short-term and working`."""
    *most, last = [one.value for one in tiers] or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last
