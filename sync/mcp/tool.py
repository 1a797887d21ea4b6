"""What a tool is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sync.mcp.calls import Answer, Call
from sync.mcp.shapes import number, record, with_default


class Effect(Enum):
    """What a call may change."""

    READS = "reads"
    SEARCHES = "reads, and asks others where they make the vectors"
    ASKS = "asks others"
    WRITES = "writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool.

    Attributes:
        name, title, description: for the assistant, and for whoever lets it call.
        takes, gives: JSON Schemas of arguments and data.
        effect: what a call may change.
        work: makes the answer; raises a JournalError where it cannot. Blocks.
        is_destructive: whether it may take away what was there; of tools that write.
        is_idempotent: whether the same call again changes nothing more; of tools that write: others change nothing.
    """

    name: str
    title: str
    description: str
    takes: dict[str, Any]
    gives: dict[str, Any]
    effect: Effect
    work: Callable[[Call], Answer]
    is_destructive: bool = False
    is_idempotent: bool = False


def takes(**properties: Any) -> dict[str, Any]:
    """The schema of arguments; those that have a default may be absent, and no others are allowed."""
    optional = frozenset(key for key, one in properties.items() if "default" in one)
    shape: dict[str, Any] = record(properties, optional=optional, closed=True)
    return shape


def limit_of(default: int, most: int) -> dict[str, Any]:
    """The schema of an argument that says how many answers are wanted."""
    return with_default(number("how many at most", least=1, most=most), default)
