"""Figures of the benchmarks of the memory, and the lines that they are printed as."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


def taken(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def p50(values: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return 1000 * percentile(values, 0.5)


def p95(values: Sequence[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return 1000 * percentile(values, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table.

    Attributes:
        what: what was measured. tiers: embedded, shared, or a peer's name.
        figure, unit: what came out.
        floor: the same for the least that has to be done; None where there is none.
        bar: what the figure may be at most, or, where it begins with ">=", has to be at least; empty for nothing
            promised.
        load: load average when it was measured.
    """

    what: str
    tiers: str
    figure: float
    unit: str
    floor: float | None = None
    bar: str = ""
    load: float = 0.0

    @property
    def is_met(self) -> bool | None:
        """Whether the figure is within the bar."""
        if not self.bar:
            return None
        limit = float(self.bar.removeprefix(">=").replace(",", ""))
        return self.figure >= limit if self.bar.startswith(">=") else self.figure <= limit


def row(what: str, tiers: str, figure: float, unit: str, *, floor: float | None = None, bar: str = "") -> Row:
    """A row with the load of now."""
    made = Row(
        what=what, tiers=tiers, figure=figure, unit=unit, floor=floor, bar=bar, load=round(os.getloadavg()[0], 1)
    )
    print(line(made), flush=True)
    return made


HEAD = f"{'':<52} {'':<9} {'measured':>13} {'floor':>10} {'ratio':>6}  {'bar':<16} load"


def line(one: Row) -> str:
    """A row as it is printed."""
    floor = "" if one.floor is None else f"{one.floor:.2f}"
    ratio = "" if not one.floor else f"{one.figure / one.floor:.2f}"
    bar = "" if one.is_met is None else f"{one.bar} {'met' if one.is_met else 'NOT MET'}"
    digits = 0 if one.figure >= 1000 else 2
    figure = f"{one.figure:.{digits}f} {one.unit}"
    return f"{one.what:<52} {one.tiers:<9} {figure:>13} {floor:>10} {ratio:>6}  {bar:<16} {one.load:.1f}"
