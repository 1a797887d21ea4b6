"""Clients that remember all the time: threads of one process, which share a manager. Started by the other scripts.

    python benchmarks/memory_client.py FOLDER --threads 8 --seconds 5 --number 0 [--floor]

Says "ready" when the manager is open, waits for a line, and prints one JSON object: seconds, seconds of processor time,
times of all calls in milliseconds, and errors -> how often. Each client writes new keys, in a hundred contexts, of the
importance of the working tier: they are durable when a call returns. Their texts are made up before the clock starts,
for that takes as long as some inserts. With --floor, the bare insert or upsert instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import memory_world as world

_APART = 10_000_000
_TEXTS = 2_000
Work = Callable[[str, str, str], object]
"""Remembers a value: context, key, text."""


def client(
    work: Work, texts: Sequence[str], number: int, until: float, times: list[float], errors: Counter[str]
) -> None:
    """Do the work again and again until a moment, with numbers that no other client has."""
    at = number * _APART
    while time.perf_counter() < until:
        start = time.perf_counter()
        try:
            work(world.context_of(at % 100), world.key(at), texts[at % _TEXTS])
        except Exception as error:  # noqa: BLE001 (errors are what is counted)
            errors[f"{type(error).__name__}: {error}"] += 1
        times.append(time.perf_counter() - start)
        at += 1


def load(work: Work, arguments: argparse.Namespace) -> dict[str, object]:
    """What became of the clients of this process; one call before, which imports what it needs, does not count."""
    work(world.context_of(0), f"before-{arguments.number}", "nothing")
    texts = [world.text(number) for number in range(_TEXTS)]
    print("ready", flush=True)
    sys.stdin.readline()
    times: list[list[float]] = [[] for _ in range(arguments.threads)]
    errors: Counter[str] = Counter()
    start, busy = time.perf_counter(), time.process_time()
    until = start + arguments.seconds
    threads = [
        threading.Thread(target=client, args=(work, texts, arguments.number + place, until, own, errors))
        for place, own in enumerate(times)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent, busy = time.perf_counter() - start, time.process_time() - busy
    return {
        "seconds": spent,
        "cpu_s": busy,
        "times": [round(1000 * one, 3) for own in times for one in own],
        "errors": errors,
    }


def main() -> None:
    """Run the clients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--number", type=int, default=0, help="of the first client")
    parser.add_argument("--floor", action="store_true")
    arguments = parser.parse_args()
    servers = world.servers_of_environment()
    if arguments.floor:
        made: AbstractContextManager[Work] = (
            world.postgres_floor(servers) if servers.postgres else world.sqlite_floor(arguments.folder)
        )
        with made as work:
            print(json.dumps(load(work, arguments)))
        return
    with world.opened(arguments.folder, servers) as manager:

        def remember(context: str, key: str, text: str) -> object:
            return manager.remember(context, key, text, importance=world.WORKING)

        print(json.dumps(load(remember, arguments)))


if __name__ == "__main__":
    main()
