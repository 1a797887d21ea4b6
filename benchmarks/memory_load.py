"""How the memory bears load: 1 to 128 clients that remember all the time, embedded and with PostgreSQL and Redis.

    python benchmarks/memory_load.py [--quick] [--seconds 30] [--clients 1 2 4 ...] [--chart FILE.svg] [--json FILE]

Clients are threads of one process, as in a service, and share its manager. Every call makes a new memory of the working
tier, durable when it returns. Afterwards the same number in eight processes, where there are as many. Connections are
counted by PostgreSQL itself (pg_stat_activity), twice a second, the most counts. Afterwards the tier is asked how
many memories it holds: as many as calls returned without an error. Prints a table; with --json, that too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import memory_figures as figures
import memory_world as world
import psycopg
from memory_world import Servers

CLIENTS = (1, 2, 4, 8, 16, 32, 64, 128)
PROCESSES = 8
MOST_MS = 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One number of clients.

    Attributes:
        tiers: embedded or shared; clients, processes: how many.
        per_s: calls a second, all together; p50_ms, p99_ms, most_ms: how long one took.
        errors: what calls ended with -> how often.
        connections: to PostgreSQL at most; 0 where there is none.
        load: load average afterwards.
    """

    tiers: str
    clients: int
    processes: int
    per_s: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    errors: dict[str, int]
    connections: int
    load: float


def step(folder: Path, servers: Servers, clients: int, seconds: float, *, processes: int = 1) -> Step:
    """Let so many clients remember for so long, in journals of their own."""
    count = clients // processes
    started = [
        world.python(
            "memory_client.py", folder, "--threads", count, "--seconds", seconds, "--number", place * count,
            servers=servers,
        )
        for place in range(processes)
    ]  # fmt: skip
    seen: list[int] = []
    found = world.all_at_once(started, lambda: seen.append(watched(servers, seconds)) if servers.postgres else None)
    connections = max(seen, default=0)
    times = [time_ms for one in found for time_ms in one["times"]]
    errors: Counter[str] = sum((Counter(one["errors"]) for one in found), Counter())
    done = len(times) - errors.total()
    with world.opened(folder, servers) as manager:
        held = manager.tiers.working.count() - processes  # each makes one before
    if held != done:
        errors["not held"] += done - held
    made = Step(
        tiers=servers.name, clients=clients, processes=processes,
        per_s=done / max(one["seconds"] for one in found), p50_ms=figures.percentile(times, 0.5),
        p99_ms=figures.percentile(times, 0.99), most_ms=max(times), errors=dict(errors), connections=connections,
        load=round(os.getloadavg()[0], 1),
    )  # fmt: skip
    print(line(made), flush=True)
    return made


def watched(servers: Servers, seconds: float) -> int:
    """The most connections that the database had meanwhile, other than this one."""
    until, most = time.monotonic() + seconds, 0
    count = (
        "select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
    )
    with psycopg.connect(servers.postgres, autocommit=True) as connection:
        while time.monotonic() < until:
            found = connection.execute(count).fetchone()
            most = max(most, found[0] - 1 if found else 0)
            time.sleep(0.5)
    return most


HEAD = f"{'':<9} {'clients':>7} {'processes':>9} {'calls/s':>8} {'p50':>9} {'p99':>9} {'most':>9} {'errors':>6}"
HEAD += f" {'connections':>11} load"


def line(one: Step) -> str:
    """A step as it is printed."""
    times = " ".join(f"{value:>6.2f} ms" for value in (one.p50_ms, one.p99_ms, one.most_ms))
    start = f"{one.tiers:<9} {one.clients:>7} {one.processes:>9} {one.per_s:>8.0f} {times}"
    said = "".join(f"\n    {count} x {error}" for error, count in one.errors.items())
    return f"{start} {sum(one.errors.values()):>6} {one.connections:>11} {one.load}{said}"


def measure(scratch: Path, arguments: argparse.Namespace) -> list[Step]:
    """All steps; embedded and shared take turns, so that both see the same machine."""
    steps = []
    plans = [(clients, 1) for clients in arguments.clients]
    plans += [(clients, PROCESSES) for clients in arguments.clients if clients in (PROCESSES, 128)]
    with world.running_servers() as servers:
        for number, (clients, processes) in enumerate(plans):
            for one in (world.EMBEDDED, world.database(servers, f"journal_bench_load_{number}")):
                folder = world.make_journal(scratch / f"{one.name}-{number}", space=f"bench-load-{number}")
                steps.append(step(folder, one, clients, arguments.seconds, processes=processes))
    return steps


def draw(steps: Sequence[Step], file: Path) -> None:
    """99th percentile and throughput over clients, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "journal"
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.4), layout="constrained")
    for name, label in (("embedded", "SQLite"), ("shared", "PostgreSQL")):
        some = [one for one in steps if one.tiers == name and one.processes == 1]
        clients = [one.clients for one in some]
        left.plot(clients, [one.p99_ms for one in some], marker="o", label=label)
        right.plot(clients, [one.per_s for one in some], marker="o", label=label)
    left.axhline(MOST_MS, color="grey", linestyle="--", linewidth=1, label="promised at 128")
    left.set(title="99th percentile of a call", ylabel="milliseconds", yscale="log")
    right.set(title="memories remembered a second", ylabel="a second", ylim=(0, None))
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(CLIENTS, [str(one) for one in CLIENTS])
        axes.set_xlabel("clients at once")
        axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seconds each, 1, 8 and 128 clients")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--chart", type=Path, help="draw into this SVG file")
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds, arguments.clients = 2.0, (1, 8, 128)
    print(f"{arguments.seconds:g} s each; bars: 0 errors, p99 {MOST_MS:g} ms at 128 clients\n{HEAD}")
    with tempfile.TemporaryDirectory(prefix="journal-load-") as scratch:
        steps = measure(Path(scratch), arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in steps], indent=1), encoding="utf-8")
    if arguments.chart:
        draw(steps, arguments.chart)


if __name__ == "__main__":
    main()
