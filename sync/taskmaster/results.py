"""What the memory manager answers: data that commands, tools and programs render alike."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync.taskmaster.memory import Kind, Memory, MemoryId, Tier
from sync.taskmaster.own_keys import CONTRADICTS, FROM, KEY, VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What became of something that was to be remembered.

    Attributes:
        memory: what the key holds now.
        tiers: where it is held, durably.
        owed: the tiers that are told later: the journal by the next flush.
        rival: a value of somebody who did not know of the other one: it lost and is kept; None where there is none.
        is_winner: whether the key holds what was to be remembered.
        notes: what the caller should know.
    """

    memory: Memory
    tiers: tuple[Tier, ...]
    owed: tuple[Tier, ...] = ()
    rival: Memory | None = None
    is_winner: bool = True
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            **told(self.memory),
            "tiers": [one.value for one in self.tiers],
            "owed": [one.value for one in self.owed],
            "is_winner": self.is_winner,
            "rival": told(self.rival) if self.rival else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A memory that was recalled.

    Attributes:
        memory: it; `memory.context` is where it lives, which may be above the context that was asked.
        tier: where it was found.
        score: how well it answers, from 0 to 1, on one scale for all tiers.
        provenance: where it comes from: the entry, or who wrote it.
        age_s: seconds since it was last changed.
        rivals: how many values that lost against it wait to be settled.
    """

    memory: Memory
    tier: Tier
    score: float
    provenance: str
    age_s: float
    rivals: int = 0

    @property
    def contradicts(self) -> tuple[str, ...]:
        """What says otherwise, as consolidating found it, the newest first: `key (why)`."""
        links = self.memory.metadata.get(CONTRADICTS)
        known = [one for one in links if isinstance(one, Mapping)] if isinstance(links, list) else []
        return tuple(f"{one.get('key', '')} ({one.get('why', '')})" for one in known)

    def as_dict(self) -> dict[str, Any]:
        """The memory as the object that `--json` prints."""
        return {
            **told(self.memory),
            "tier": self.tier.value,
            "score": round(self.score, 4),
            "provenance": self.provenance,
            "age_s": round(self.age_s, 3),
            "rivals": self.rivals,
            "contradicts": list(self.contradicts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What was recalled, best first.

    Attributes:
        context, query: what was asked.
        hits: what was found.
        tiers: the tiers that were asked, in order.
        notes: what the caller should know: which tier does not answer.
    """

    context: str
    query: str
    hits: tuple[Recalled, ...]
    tiers: tuple[Tier, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "context": self.context,
            "query": self.query,
            "hits": [hit.as_dict() for hit in self.hits],
            "tiers": [one.value for one in self.tiers],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What became of a key that was to be forgotten.

    Attributes:
        was: what it held; None where it held nothing.
        is_forgotten: whether it holds nothing now: not where somebody changed it meanwhile.
        owed: the tiers that are told later.
        notes: what the caller should know.
    """

    was: Memory | None
    is_forgotten: bool
    owed: tuple[Tier, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "was": told(self.was) if self.was else None,
            "is_forgotten": self.is_forgotten,
            "owed": [one.value for one in self.owed],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Memories of a context, ordered by context and key.

    Attributes:
        memories: the newest version of each, wherever it is held.
        after: what to ask the next page with; None behind the last one.
        notes: what the caller should know.
    """

    memories: tuple[Recalled, ...]
    after: MemoryId | None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The page as the object that `--json` prints."""
        return {
            "memories": [one.as_dict() for one in self.memories],
            "after": list(self.after) if self.after else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """What was told to tiers that had not been told before.

    Attributes:
        counts: how many memories, by tier.
        notes: which tier does not answer.
    """

    counts: dict[Tier, int]
    notes: tuple[str, ...] = ()


def told(memory: Memory) -> dict[str, Any]:
    """A memory as the object that `--json` prints; bytes as base64. The key of what it was shared from is not told."""
    hidden = (KEY, VERSION) if FROM in memory.metadata else ()
    return {
        "context": memory.context,
        "key": memory.key,
        "kind": memory.kind.value,
        "value": b64encode(memory.data).decode() if memory.kind is Kind.BYTES else memory.value,
        "type": memory.type,
        "importance": round(memory.importance, 4),
        "created": stamp(memory.created),
        "updated": stamp(memory.updated),
        "expires": stamp(memory.expires) if memory.expires else None,
        "retention": memory.retention,
        "version": memory.version,
        "writer": memory.writer,
        "metadata": {key: value for key, value in memory.metadata.items() if key not in hidden},
    }


def stamp(moment: datetime) -> str:
    """`2025-04-05T14:30:00.000000Z`."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
