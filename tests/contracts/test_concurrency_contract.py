"""Many write at once: every value that was acknowledged is held, kept as a rival, or was given back as one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from backends import params
from contract_memories import BUDGET, NOW, held, keys_of, memory, of, put
from stores import AnyStore, Port, empty_store

from sync.taskmaster.memory import Value
from sync.taskmaster.scoring import read_asked
from sync.taskmaster.tiers.protocol import Items, Working
from sync.taskmaster.writing import Stored

HERE = Path(__file__).parent
CONTESTED = memory("contested").id


@pytest.fixture(params=params())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=params(Port.SHORT, Port.WORKING))
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


def writer(store: AnyStore, name: str, times: int) -> subprocess.Popen[str]:
    """A process that writes the contested key."""
    command = [sys.executable, str(HERE / "writer_process.py"), store.backend.name, store.address, name, str(times)]
    path = os.pathsep.join(one for one in sys.path if one)
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path})


def known_values(store: AnyStore, items: Items) -> set[Value]:
    """What the contested key holds, and its rivals as far as the tier keeps them."""
    kept = held(items, CONTESTED)
    rivals = cast("Working", items).rivals(CONTESTED) if store.backend.port is Port.WORKING else []
    return {one.value for one in [*([kept.memory] if kept else []), *rivals]}


def write_often(items: Items, name: str) -> list[Stored]:
    return [put(items, memory("contested", f"{name}{n}", minute=n)) for n in range(20)]


def test_threads_that_write_one_key_lose_nothing(store: AnyStore) -> None:
    items = store.open()
    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write_often, items, name) for name in "ab"]
        stored = [one for each in writing for one in each.result()]
    kept = held(items, CONTESTED)

    assert kept is not None
    assert len({of(one).version for one in stored} | {kept.memory.version}) == len(stored)
    lost = {one.rival.value for one in stored if one.rival is not None}
    assert known_values(store, items) | lost == {f"{name}{n}" for name in "ab" for n in range(20)}
    assert store.backend.port is not Port.WORKING or lost <= known_values(store, items)


def test_processes_that_write_one_key_lose_nothing(store: AnyStore) -> None:
    items = store.open()
    with writer(store, "a", 20) as one, writer(store, "b", 20) as other:
        texts = [each.communicate()[0] for each in (one, other)]
    printed = [json.loads(line) for text in texts for line in text.splitlines()]
    kept = held(items, CONTESTED)

    assert (one.returncode, other.returncode, len(printed)) == (0, 0, 40)
    assert kept is not None
    assert len({version for *_, version in printed} | {kept.memory.version}) == 40
    lost = {rival for _, rival, _ in printed if rival is not None}
    assert known_values(store, items) | lost == {value for value, *_ in printed}
    assert store.backend.port is not Port.WORKING or lost <= known_values(store, items)


def test_a_process_that_is_killed_has_lost_nothing_that_it_acknowledged(durable: AnyStore) -> None:
    items = durable.open()
    with writer(durable, "a", 100_000) as process:
        assert process.stdout is not None
        printed = [json.loads(next(process.stdout)) for _ in range(25)]
        process.send_signal(signal.SIGKILL)
        printed += [json.loads(line) for line in process.stdout if line.endswith("\n")]
    told, lost = [value for value, *_ in printed], {rival for _, rival, _ in printed}
    kept = held(items, CONTESTED)
    keeps_rivals = durable.backend.port is Port.WORKING
    if not keeps_rivals and kept is not None and kept.memory.value not in told:
        lost.add(told[-1])  # to a write that was done when the process was killed, and would have been told of it

    assert set(told) <= known_values(durable, items) | lost
    assert put(items, memory("contested", "later", minute=1_000_000)).is_winner


def test_threads_that_write_many_keys_find_every_one(store: AnyStore) -> None:
    items = store.open()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: put(items, memory(f"k{n:03}")), range(200)))
        found = list(pool.map(lambda n: held(items, memory(f"k{n:03}").id), range(200)))

    assert None not in found
    assert keys_of(items.page(BUDGET, NOW, limit=500)) == [f"k{n:03}" for n in range(200)]
    assert len(items.search(read_asked("barn"), [BUDGET], 500, NOW)) == 200


def test_a_thread_reads_while_another_writes(store: AnyStore) -> None:
    items = store.open()
    put(items, memory("contested", "first"))
    with ThreadPoolExecutor(4) as pool:
        writing = pool.submit(lambda: [put(items, memory("contested", n, minute=n)) for n in range(100)])
        reading = [pool.submit(lambda: [held(items, CONTESTED) for _ in range(100)]) for _ in range(3)]
        writing.result()
        versions = [[one.memory.version for one in each.result() if one is not None] for each in reading]

    assert [len(each) for each in versions] == [100] * 3
    assert versions == [sorted(each) for each in versions]
