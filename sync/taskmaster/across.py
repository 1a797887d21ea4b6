"""Searching many contexts at once: in parallel, on one scale, each answer once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from sync.taskmaster.context import Context
from sync.taskmaster.context_pattern import Pattern
from sync.taskmaster.core import Core, Down
from sync.taskmaster.hits import Wanted
from sync.taskmaster.memory import Kind, Tier
from sync.taskmaster.recalling import Reader
from sync.taskmaster.results import Recall, Recalled

_AT_ONCE = 64
"""Contexts that are looked up by one question to a tier."""
_WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Across:
    """What many contexts know, best first.

    Attributes:
        query: what was asked.
        searched: how many contexts were.
        hits: the answers; one that several contexts have, once.
        contexts: for each of them, all contexts that have it.
        notes: what the caller should know.
    """

    query: str
    searched: int
    hits: tuple[Recalled, ...]
    contexts: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        pairs = zip(self.hits, self.contexts, strict=True)
        return {
            "query": self.query,
            "searched": self.searched,
            "hits": [{**hit.as_dict(), "contexts": list(held)} for hit, held in pairs],
            "notes": list(self.notes),
        }


def known_contexts(core: Core, patterns: Iterable[str]) -> tuple[list[str], list[str]]:
    """The contexts that hold something and match one of some patterns; and notes.

    Args:
        core: what all parts share.
        patterns: such as `wedding:*`, or ids.

    Raises:
        UsageError: a pattern is none.
    """
    wanted = [core.rules.pattern(one) for one in patterns]
    notes, held = [], set[str]()
    tiers = core.tiers
    for tier, items in ((Tier.SHORT, tiers.short), (Tier.WORKING, tiers.working), (Tier.LONG, tiers.catalogue)):
        found = core.health.ask(tier, items.contexts) if items is not None else []
        if isinstance(found, Down):
            notes.append(found.note)
        else:
            held.update(found)
    return sorted(one for one in held if _matches(one, wanted)), notes


def search_across(core: Core, reader: Reader, wanted: Wanted, patterns: Sequence[str]) -> Across:
    """The answers of all contexts that match; see `MemoryManager.search_across`."""
    contexts, notes = known_contexts(core, patterns)
    lines = [dict.fromkeys(part, 1.0) for part in _parts(contexts)]

    def ask(line: dict[str, float]) -> Recall:
        return reader.recall_in(line, replace(wanted, context=""))

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        answers = list(pool.map(ask, lines))
    best: dict[tuple[Kind, bytes], tuple[Recalled, list[str]]] = {}
    for hit in sorted((hit for one in answers for hit in one.hits), key=lambda hit: (-hit.score, hit.memory.id)):
        known = best.setdefault((hit.memory.kind, hit.memory.data), (hit, []))
        known[1].append(hit.memory.context)
    kept = list(best.values())[: wanted.limit]
    told = [*notes, *(note for one in answers for note in one.notes)]
    return Across(
        query=wanted.query,
        searched=len(contexts),
        hits=tuple(hit for hit, _held in kept),
        contexts=tuple(tuple(dict.fromkeys(held)) for _hit, held in kept),
        notes=tuple(dict.fromkeys(told)),
    )


def _matches(context: str, patterns: Sequence[Pattern]) -> bool:
    path = Context.parse(context)
    return any(pattern.match(path) is not None for pattern in patterns)


def _parts(contexts: Sequence[str]) -> list[Sequence[str]]:
    return [contexts[start : start + _AT_ONCE] for start in range(0, len(contexts), _AT_ONCE)]
