"""What remembering and recalling cost with 10,000, 100,000 and 1,000,000 memories, embedded and shared.

    python benchmarks/memory_scale.py [--quick] [--sizes 10000 ...] [--keep FOLDER] [--chart FILE.svg] [--json FILE]

A thousand memories a tenant: the largest has 1,000 tenants. All sizes are open at once, and asked in turns, so that
they see the same machine. Recalls that the working tier did not answer do not count: what it answered is kept closer,
and with few tenants the short-term tier soon knows something. Promised: each cost is within 2 times of the smallest
over the sizes, and a recall from the working tier takes 5 ms at most (p95).

Loading goes straight through the tier's `put`, in batches, by several processes; a million takes minutes. With --keep,
embedded tiers are kept in that folder, and shared ones in the databases of the server that JOURNAL_TEST_POSTGRES names:
they are loaded once. What is measured adds some new memories to them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import memory_figures as figures
import memory_world as world
from memory_figures import Row, row
from memory_world import EMBEDDED, Servers

from sync.taskmaster.memory import Tier

SIZES = (10_000, 100_000, 1_000_000)
A_TENANT = 1_000
LOADERS = 3
_BATCH = 1_000
_APART = 100_000_000
COSTS = ("remember", "recall a key", "recall three words")


def load(folder: Path, first: int, last: int) -> None:
    """Put the memories of some tenants into the working tier."""
    with world.opened(folder, world.servers_of_environment()) as manager:
        for start in range(first * A_TENANT, last * A_TENANT, _BATCH):
            numbers = range(start, min(start + _BATCH, last * A_TENANT))
            manager.tiers.working.put([world.write_of(number // A_TENANT, number) for number in numbers])


def loaded(folder: Path, servers: Servers, size: int) -> Path:
    """A journal whose working tier holds so many memories."""
    world.make_journal(folder, space="bench-scale", timeout="30s")
    with world.opened(folder, servers) as manager:
        present = manager.tiers.working.count()
    if present >= size:
        return folder
    start, count = time.perf_counter(), size // A_TENANT
    edges = [count * place // LOADERS for place in range(LOADERS + 1)]
    started = [
        world.python("memory_scale.py", "--load", first, last, "--folder", folder, servers=servers)
        for first, last in pairwise(edges)
    ]
    for one in started:
        world.finished(one)
    if servers.postgres:
        world.settled(servers)
    print(f"    {size:,} memories loaded ({servers.name}) in {time.perf_counter() - start:.0f} s", flush=True)
    return folder


def costs(managers: dict[int, Any], count: int) -> dict[int, dict[str, list[float]]]:
    """Seconds of each kind of call, by size; sizes take turns, and so do the kinds."""
    found: dict[int, dict[str, list[float]]] = {size: {what: [] for what in COSTS} for size in managers}
    held = {size: manager.tiers.working.count() for size, manager in managers.items()}
    elsewhere = 0
    for place in range(count + 10):
        for size, manager in managers.items():
            tenants = size // A_TENANT
            # Tenants in an order that has nothing to do with how they lie on the disk.
            number = (place * 7919 % tenants) * A_TENANT + place * 31 // tenants * 37 % A_TENANT
            context = world.context_of(number // A_TENANT)
            new = _APART + held[size] + place
            calls: dict[str, Callable[[], Any]] = {
                "remember": lambda: manager.remember(context, world.key(new), value, importance=world.WORKING),  # noqa: B023
                "recall a key": lambda: manager.recall(context, world.key(number)),  # noqa: B023
                "recall three words": lambda: manager.recall(context, asked),  # noqa: B023
            }
            value, asked = world.text(new), world.question(number + 1)
            for what, call in calls.items():
                start = time.perf_counter()
                answer = call()
                spent = time.perf_counter() - start
                if what != "remember" and Tier.WORKING not in answer.tiers:
                    elsewhere += 1
                elif place >= 10:
                    found[size][what].append(spent)
    asked_all = 2 * (count + 10) * len(managers)
    print(f"    {elsewhere} of {asked_all} were answered by the short-term tier, and do not count", flush=True)
    return found


def measure(folder: Path, servers: Sequence[Servers], sizes: Sequence[int], count: int) -> Iterator[Row]:
    """The rows of embedded or shared tiers, one place for each size."""
    name = servers[0].name
    with ExitStack() as stack:
        managers = {}
        for size, one in zip(sizes, servers, strict=True):
            journal = loaded(folder / f"{name}-{size}", one, size)
            forget_short(journal)
            managers[size] = stack.enter_context(world.opened(journal, one))
        found = costs(managers, count)
    for what in COSTS:
        for size in sizes:
            times = found[size][what]
            bar = "5" if what != "remember" and size == max(SIZES) else ""
            yield row(f"{what}, {size:,} memories, p50", name, figures.p50(times), "ms")
            yield row(f"{what}, {size:,} memories, p95", name, figures.p95(times), "ms", bar=bar)
        middles = [figures.p50(found[size][what]) for size in sizes]
        yield row(f"{what}, largest over smallest p50", name, max(middles) / min(middles), "x", bar="2")


def forget_short(journal: Path) -> None:
    """Remove what an earlier run brought into the embedded short-term tier, so that the working tier answers."""
    for path in (journal / ".git/journal-memory").glob("short-term.sqlite*"):
        path.unlink()


def draw(rows: Sequence[Row], sizes: Sequence[int], file: Path) -> None:
    """Medians over the number of memories, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "journal"
    from matplotlib import pyplot as plt

    figure, both = plt.subplots(1, 2, figsize=(9.6, 3.4), layout="constrained")
    for axes, name, title in zip(both, ("embedded", "shared"), ("SQLite", "PostgreSQL and Redis"), strict=True):
        for what in COSTS:
            own = {one.what: one.figure for one in rows if one.tiers == name}
            values = [own[f"{what}, {size:,} memories, p50"] for size in sizes]
            axes.plot([f"{size:,}" for size in sizes], values, marker="o", label=what)
        axes.set(title=title, xlabel="memories, a thousand a tenant", ylabel="milliseconds, median", ylim=(0, None))
        axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 and 10,000 memories")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="multiples of 1,000")
    parser.add_argument("--count", type=int, default=300, help="calls of each kind")
    parser.add_argument("--keep", type=Path, help="a folder that loaded tiers are kept in")
    parser.add_argument("--chart", type=Path, help="draw into this SVG file")
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    parser.add_argument("--only", choices=("embedded", "shared"))
    parser.add_argument("--load", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.load:
        load(arguments.folder, *arguments.load)
        return
    if arguments.quick:
        arguments.sizes, arguments.count = (2_000, 10_000), 100
    sizes, rows = arguments.sizes, []
    print(figures.HEAD)
    with tempfile.TemporaryDirectory(prefix="journal-scale-") as scratch:
        folder = arguments.keep or Path(scratch)
        if arguments.only != "shared":
            rows += list(measure(folder, [EMBEDDED] * len(sizes), sizes, arguments.count))
        if arguments.only != "embedded":
            with world.running_servers() as servers:
                is_new = not arguments.keep
                made = [world.database(servers, f"journal_bench_scale_{size}", is_new=is_new) for size in sizes]
                places = [
                    replace(one, redis=world.redis_database(one.redis, number)) for number, one in enumerate(made)
                ]
                rows += list(measure(folder, places, sizes, arguments.count))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in rows], indent=1), encoding="utf-8")
    if arguments.chart and not arguments.only:
        draw(rows, sizes, arguments.chart)


if __name__ == "__main__":
    main()
