"""What there is: all contexts with what holds for them, and everything that tiers hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sync.taskmaster.across import known_contexts
from sync.taskmaster.core import Core, Down
from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.tiers.protocol import Held, Items

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextInfo:
    """One context.

    Attributes:
        id: its full id.
        counts: how many memories each tier holds for it and those below it.
        retention: how long the journal keeps its memories, as `2y`.
        rule: the name of its rule in contexts.yaml; empty where none holds.
        sees: the contexts whose memories it sees besides its own, nearest first.
    """

    id: str
    counts: dict[Tier, int]
    retention: str
    rule: str
    sees: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The context as the object that `--json` prints."""
        return {
            "id": self.id,
            "counts": {tier.value: count for tier, count in self.counts.items()},
            "retention": self.retention,
            "rule": self.rule,
            "sees": list(self.sees),
        }


def list_contexts(core: Core, pattern: str) -> list[ContextInfo]:
    """The contexts that hold something and match a pattern, in order."""
    found, _notes = known_contexts(core, [pattern])
    return [_info(core, one) for one in found]


def every_held(core: Core) -> Iterator[Held]:
    """Everything that the tiers hold, each memory once, as the first tier that knows it has it."""
    seen: set[MemoryId] = set()
    tiers = core.tiers
    for items in (tiers.working, tiers.short, tiers.catalogue):
        if items is None:
            continue
        for held in _pages(items, core):
            if held.memory.id not in seen:
                seen.add(held.memory.id)
                yield held


def _pages(items: Items, core: Core) -> Iterator[Held]:
    after = None
    while page := items.page("", core.clock(), below=True, after=after, limit=_PAGE):
        yield from page
        after = page[-1].memory.id


def _info(core: Core, context: str) -> ContextInfo:
    rule = core.rules.rule(context)
    return ContextInfo(
        id=context,
        counts=_counts(core, context),
        retention=str(core.rules.retention(context)),
        rule=rule.name if rule else "",
        sees=core.rules.lineage(context)[1:],
    )


def _counts(core: Core, context: str) -> dict[Tier, int]:
    tiers, counts = core.tiers, {}
    for tier, items in ((Tier.SHORT, tiers.short), (Tier.WORKING, tiers.working), (Tier.LONG, tiers.catalogue),
                        (Tier.SEMANTIC, tiers.semantic)):  # fmt: skip
        if items is not None:
            count = core.health.ask(tier, lambda items=items: items.count(context))  # type: ignore[misc]
            if not isinstance(count, Down):
                counts[tier] = count
    return counts
