"""How fast the memory is: remembering by importance, with many writers, recalling from each tier, and many tenants.

    python benchmarks/memory_speed.py [--quick] [--keep FOLDER] [--only PART ...] [--json FILE]

Through the manager, as programs open it: embedded (SQLite) and shared (PostgreSQL and Redis), side by side. The floor
is the least that has to be done, in turns with it: one durable insert into SQLite, one committed upsert into
PostgreSQL, one SET of Redis; all of the same bytes. `bar` is what the project promises; nothing is asserted.

    remember   p50 and p95 of a new memory, by the tiers that its importance leads to
    writers    calls a second of 8 threads, and of 8 processes
    recall     from the short-term tier; over all tiers by meaning, with 10,000 memories in the journal (MiniLM)
    tenants    the resident size of a process that remembers and recalls in 10,000 tenants
    peers      diskcache and mem0, see `memory_peers.py`

With --keep, the journal of 10,000 memories is kept there, and only made by the first run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import memory_figures as figures
import memory_world as world
from memory_figures import Row, p50, p95, row
from memory_world import EMBEDDED, Servers
from search_speed import own_peak

from sync.taskmaster.memory import Tier

PARTS = ("remember", "writers", "recall", "tenants", "peers")
_BEFORE = 50
_SENTENCES = (
    "The {0} costs {1} euros a guest, and the {2} is paid in {3}.",
    "We moved the {0} from {3} to a {2} with room for {1} people.",
    "{1} guests asked for a {0} without {2}, most of them in {3}.",
    "Call the {2} before {3}: the {0} has to be confirmed {1} days ahead.",
)
_THINGS = (
    "menu caterer band florist cake garden photographer bus tent wine invitation hotel dress ring speech choir "
    "piano candle chair terrace buffet dessert parking rehearsal budget deposit contract insurance church dance"
).split()
_MONTHS = "January February March April May June July August September October November December".split()
_QUESTIONS = (
    "how much do we spend on the {0} for everybody",
    "who has to be told about the {0} in advance",
    "where does the {0} take place",
    "what do people who cannot have {0} get instead",
)


def sentence(number: int) -> str:
    """A sentence that a model understands."""
    things = [_THINGS[number % 30], _THINGS[number * 7 % 29]]
    return _SENTENCES[number % 4].format(things[0], number % 97 + 3, things[1], _MONTHS[number % 12])


def remembering(scratch: Path, servers: Servers, count: int) -> list[Row]:
    """New memories, by importance."""
    rows = []
    folder = world.make_journal(scratch / f"{servers.name}-remember", space="bench-remember")
    with world.opened(folder, servers) as manager:
        for place, (band, importance) in enumerate(world.BANDS.items()):
            ours, least = [], []
            with world.floor_of(servers, folder / ".git/floor", band) as floor:
                for number in range(place * 10**6, place * 10**6 + count + _BEFORE):
                    made = world.made(number)
                    ours.append(figures.taken(partial(manager.remember, *made, importance=importance)))
                    least.append(figures.taken(partial(floor, *made)))
            ours, least = ours[_BEFORE:], least[_BEFORE:]
            bar = "1" if servers is EMBEDDED else ""
            what = f"remember, {band} ({importance})"
            rows += [
                row(f"{what}, p50", servers.name, p50(ours), "ms", floor=p50(least), bar=bar),
                row(f"{what}, p95", servers.name, p95(ours), "ms", floor=p95(least)),
            ]
    return rows


def writing(scratch: Path, servers: Servers, seconds: float) -> list[Row]:
    """How much some writers get done together."""
    rows = []
    for threads, processes in ((1, 1), (8, 1), (1, 8)):
        rates = []
        for is_floor in (False, True):
            name = f"{servers.name}-{threads}-{processes}{'-floor' * is_floor}"
            folder = world.make_journal(scratch / name, space=f"bench-{name}")
            rates.append(rate(folder, servers, threads, processes, seconds, is_floor=is_floor))
        what = f"remember, {threads} threads" if processes == 1 else f"remember, {processes} processes"
        bar = ">=3,000" if servers is EMBEDDED and threads * processes == 8 else ""
        rows.append(row(what.replace("1 threads", "1 thread"), servers.name, rates[0], "/s", floor=rates[1], bar=bar))
    return rows


def rate(folder: Path, servers: Servers, threads: int, processes: int, seconds: float, *, is_floor: bool) -> float:
    """Calls a second."""
    started = [
        world.python(
            "memory_client.py", folder, "--threads", threads, "--seconds", seconds, "--number", place * threads,
            *["--floor"] * is_floor, servers=servers,
        )
        for place in range(processes)
    ]  # fmt: skip
    found = world.all_at_once(started)
    if errors := [one["errors"] for one in found if one["errors"]]:
        sys.exit(f"remembering failed: {errors}")
    return float(sum(len(one["times"]) / one["seconds"] for one in found))


def recalling_short(scratch: Path, servers: Servers, count: int) -> list[Row]:
    """From the short-term tier: by key, and by words; a thousand memories in each of ten contexts."""
    folder = world.make_journal(scratch / f"{servers.name}-short", space="bench-short")
    by_key, by_words, misses = [], [], 0
    with world.opened(folder, servers) as manager:
        short = manager.tiers.short
        for tenant in range(10):
            writes = [world.write_of(tenant, number, world.SHORT) for number in range(tenant, 10_000, 10)]
            short.put(writes)
        for number in range(_BEFORE + count):
            context = world.context_of(number % 10)
            start = time.perf_counter()
            found = manager.recall(context, world.key(number))
            by_key.append(time.perf_counter() - start)
            misses += found.tiers != (Tier.SHORT,) or found.hits[0].memory.key != world.key(number)
            start = time.perf_counter()
            found = manager.recall(context, world.question(number), limit=3, min_score=0.1)
            by_words.append(time.perf_counter() - start)
            misses += found.tiers != (Tier.SHORT,)
    rows = []
    for what, times in (("a key", by_key[_BEFORE:]), ("three words", by_words[_BEFORE:])):
        rows += [
            row(f"recall from short-term, {what}, p50", servers.name, p50(times), "ms"),
            row(f"recall from short-term, {what}, p95", servers.name, p95(times), "ms", bar="1"),
        ]
    if misses:
        print(f"    {misses} of {2 * len(by_key)} were not answered by the short-term tier", flush=True)
    return rows


def recalling_all(folder: Path, servers: Servers, memories: int, count: int) -> list[Row]:
    """Over all tiers, by meaning, with so many memories in the journal; half of the questions are new ones."""
    world.make_journal(folder, space="bench-meaning", semantic="auto")
    with world.opened(folder, servers) as manager:
        if manager.tiers.semantic is None:
            print("no model is installed: recall by meaning is not measured", flush=True)
            return []
        if manager.tiers.catalogue is None or manager.tiers.catalogue.count() < memories:
            start = time.perf_counter()
            for number in range(memories):
                context = world.context_of(number % 10)
                manager.remember(context, world.key(number), sentence(number), importance=world.ALL)
                if number % 1_000 == 999:
                    manager.flush()
            manager.flush()
            print(f"    {memories} memories remembered and flushed in {time.perf_counter() - start:.0f} s", flush=True)
            manager.catch_up()
        times, tiers = [], 0
        for number in range(_BEFORE + count):
            asked = _QUESTIONS[number % 4].format(f"{_THINGS[number % 30]} {number % 211}")
            start = time.perf_counter()
            found = manager.recall(world.context_of(number % 10), asked, min_score=0.5, limit=10)
            times.append(time.perf_counter() - start)
            tiers += len(found.tiers) == 4
    times, what = times[_BEFORE:], f"recall over all tiers, {memories:,} in the journal"
    print(f"    {tiers} of {_BEFORE + count} questions went through all four tiers", flush=True)
    return [
        row(f"{what}, p50", servers.name, p50(times), "ms"),
        row(f"{what}, p95", servers.name, p95(times), "ms", bar="30"),
    ]


def tenants(folder: Path, count: int) -> None:
    """Remember and recall in many tenants, and print this process's largest size in MB, before and after."""
    before = own_peak()
    with world.opened(folder, world.servers_of_environment()) as manager:
        for number in range(count):
            context = world.context_of(number)
            manager.remember(context, world.key(number), world.text(number), importance=world.WORKING)
            manager.remember(context, "last", world.text(number + 1), importance=world.SHORT)
            if manager.get(context, world.key(number)) is None or not manager.recall(context, "last").hits:
                sys.exit(f"{context}: nothing is recalled")
            if number % 100 == 0:  # goes over all tiers, by meaning too where there is a model
                manager.remember(context, "vow", sentence(number), importance=world.ALL)
                manager.catch_up()
                manager.recall(context, "something that nobody has ever said")
    print(json.dumps([before, own_peak()]))


def many_tenants(scratch: Path, servers: Servers, count: int) -> list[Row]:
    """The resident size of a process that has used so many tenants."""
    rows = []
    for semantic in ("off", "auto"):
        name = f"{servers.name}-tenants-{semantic}"
        folder = world.make_journal(scratch / name, space=f"bench-{name}", semantic=semantic)
        process = world.python("memory_speed.py", "--tenants", count, "--folder", folder, servers=servers)
        before, after = json.loads(world.finished(process))
        what = f"{count:,} tenants, {'by meaning too' if semantic == 'auto' else 'by words'}"
        rows.append(row(what, servers.name, after, "MB", floor=before, bar="300"))
    return rows


def peers(scratch: Path, count: int) -> list[Row]:
    """What others take for the same texts."""
    found = json.loads(world.finished(world.python("memory_peers.py", scratch / "peers", "--count", count)))
    rows = []
    for name, told in found.items():
        if isinstance(told, str):
            print(f"{name}: {told}", flush=True)
            continue
        for what, (middle, high) in told.items():
            rows += [
                row(f"{what}, p50", name, middle, "ms"),
                row(f"{what}, p95", name, high, "ms"),
            ]
    return rows


def measure(scratch: Path, arguments: argparse.Namespace) -> Iterator[Row]:
    """All rows."""
    count, keep = arguments.count, arguments.keep or scratch
    with world.running_servers() as servers:

        def each(work: Callable[[Servers], Sequence[Row]], name: str, *, is_new: bool = True) -> Iterator[Row]:
            for one in (EMBEDDED, world.database(servers, f"journal_bench_{name}", is_new=is_new)):
                yield from work(one)

        if "remember" in arguments.only:
            yield from each(lambda one: remembering(scratch, one, count), "remember")
        if "writers" in arguments.only:
            yield from each(lambda one: writing(scratch, one, arguments.seconds), "writers")
        if "recall" in arguments.only:
            yield from each(lambda one: recalling_short(scratch, one, count), "short")
            is_new = not (arguments.keep and (keep / "shared-meaning").exists())
            memories = arguments.memories
            yield from each(
                lambda one: recalling_all(keep / f"{one.name}-meaning", one, memories, min(count, 400)), "meaning",
                is_new=is_new,
            )  # fmt: skip
        if "tenants" in arguments.only:
            yield from each(lambda one: many_tenants(scratch, one, arguments.tenants_count), "tenants")
    if "peers" in arguments.only:
        yield from peers(scratch, count)


@contextmanager
def folder_of(keep: Path | None) -> Iterator[Path]:
    """A folder for what need not be kept; on the same disk as what is."""
    with tempfile.TemporaryDirectory(prefix="journal-bench-", dir=keep) as made:
        yield Path(made)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--count", type=int, default=2_000, help="calls of each kind")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each kind of writers")
    parser.add_argument("--memories", type=int, default=10_000, help="in the journal")
    parser.add_argument("--keep", type=Path, help="a folder; with servers that are named, what was loaded is kept")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    parser.add_argument("--tenants", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.pop("JOURNAL_SEARCH_MODEL", None)
    if arguments.tenants:
        tenants(arguments.folder, arguments.tenants)
        return
    arguments.tenants_count = 10_000
    if arguments.quick:
        arguments.count, arguments.seconds, arguments.memories, arguments.tenants_count = 200, 1.0, 1_000, 1_000
    print(figures.HEAD)
    with folder_of(arguments.keep) as scratch:
        rows = list(measure(scratch, arguments))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
