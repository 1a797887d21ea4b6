"""How long others take to remember and find the same texts; prints one JSON object, peer -> what -> p50, p95 in ms.

    python benchmarks/memory_peers.py FOLDER [--count 2000]

    journal    this project's memory, embedded; of the importance of the working tier
    diskcache  a cache in SQLite files: no versions, no search, does not wait for the disk (its default)
    mem0       its local store (Qdrant in a folder, history in SQLite), `infer=False`: no language model is asked. The
               vectors are made from the texts' words by hashing, 64 numbers, so that no model's time counts

Each remembers so many texts in a hundred contexts, and is then asked for them; they take turns. basic-memory needs
Python 3.12, which this project does not: it is not measured.

A peer that is not installed gets a line of text instead of figures.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import memory_figures as figures
import memory_world as world

_DIMENSION = 64
_BEFORE = 20
REMEMBER, WORDS, KEY = "remember", "recall, three words", "recall, a key"
Figures = dict[str, tuple[float, float]]
Call = Callable[[int], object]


def vector(text: str) -> list[float]:
    """A vector of a text, of its words alone; of length 1."""
    found = [0.0] * _DIMENSION
    for word in text.split():
        found[sum(map(ord, word)) * 31 % _DIMENSION] += 1.0
    length = math.sqrt(sum(one * one for one in found)) or 1.0
    return [one / length for one in found]


def timed(calls: dict[str, Call], count: int) -> Figures:
    """p50 and p95 in milliseconds of each peer's call; the peers take turns, so that they see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(count + _BEFORE):
        for name, call in calls.items():
            times[name].append(figures.taken(partial(call, number)))
    return {name: (figures.p50(some[_BEFORE:]), figures.p95(some[_BEFORE:])) for name, some in times.items()}


@contextmanager
def journal(folder: Path) -> Iterator[dict[str, Call]]:
    """Remember and recall."""
    with world.opened(world.make_journal(folder, space="bench-peers")) as manager:

        def ask(query: Callable[[int], str], number: int) -> object:
            return manager.recall(world.context_of(number % 100), query(number))

        yield {
            REMEMBER: lambda number: manager.remember(*world.made(number), importance=world.WORKING),
            WORDS: partial(ask, world.question),
            KEY: partial(ask, world.key),
        }


@contextmanager
def diskcache(folder: Path) -> Iterator[dict[str, Call]]:
    """Set and get."""
    from diskcache import Cache  # type: ignore[import-untyped]

    with Cache(folder) as cache:
        yield {
            REMEMBER: lambda number: cache.set(world.made(number)[:2], world.text(number)),
            KEY: lambda number: cache.get(world.made(number)[:2]),
        }


@contextmanager
def mem0(folder: Path) -> Iterator[dict[str, Call]]:
    """Add and search, without a model."""
    os.environ |= {"MEM0_TELEMETRY": "False", "MEM0_DIR": str(folder), "OPENAI_API_KEY": "none-is-asked"}
    logging.disable()  # of what is not installed and not needed
    from mem0 import Memory  # type: ignore[import-not-found]

    store = {"path": str(folder / "qdrant"), "on_disk": True, "embedding_model_dims": _DIMENSION}
    memory: Any = Memory.from_config(
        {
            "vector_store": {"provider": "qdrant", "config": store},
            "history_db_path": str(folder / "history.db"),
        }
    )
    memory.embedding_model = Hashing()

    def add(number: int) -> object:
        context, key, text = world.made(number)
        return memory.add(text, user_id=context, metadata={"key": key}, infer=False)

    def search(number: int) -> object:
        return memory.search(world.question(number), filters={"user_id": world.context_of(number % 100)}, top_k=10)

    try:
        yield {REMEMBER: add, WORDS: search}
    finally:
        memory.close()


class Hashing:
    """Stands where mem0 has a model that makes vectors."""

    config = None

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        """The vector of a text."""
        return vector(text)

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
        """The vectors of some texts."""
        return [vector(text) for text in texts]


PEERS: dict[str, Callable[[Path], AbstractContextManager[dict[str, Call]]]] = {
    "journal": journal,
    "diskcache": diskcache,
    "mem0": mem0,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=2_000)
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        opened: dict[str, dict[str, Call]] = {}
        for name, peer in PEERS.items():
            folder = arguments.folder / name
            folder.mkdir(parents=True, exist_ok=True)
            if name == "journal" or importlib.util.find_spec(name):
                opened[name], found[name] = stack.enter_context(peer(folder)), {}
            else:
                found[name] = "not installed"
        for what in (REMEMBER, WORDS, KEY):
            calls = {name: own[what] for name, own in opened.items() if what in own}
            for name, told in timed(calls, arguments.count).items():
                found[name][what] = told
    print(json.dumps(found))


if __name__ == "__main__":
    main()
