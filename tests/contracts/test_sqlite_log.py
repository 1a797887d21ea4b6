"""What a caller was told is on the disk: transactions are synced before that, and nobody else waits for it."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from contract_memories import copy, held, memory, put
from stores import tenant_of

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import TierDownError
from sync.taskmaster.tiers.sqlite import log
from sync.taskmaster.tiers.sqlite.items import SqliteItems
from sync.taskmaster.tiers.sqlite.working import SqliteWorking


class Disk:
    """The disk that logs are synced to: it counts, and can be held up or refuse."""

    def __init__(self) -> None:
        self.syncs = 0
        self.fault: OSError | None = None
        self.free, self.begun = threading.Event(), threading.Event()
        self.free.set()

    def sync(self, handle: int) -> None:
        os.fstat(handle)
        self.begun.set()
        self.free.wait(30)
        if self.fault is not None:
            raise self.fault
        self.syncs += 1


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(log, "_sync_data", made.sync)
    return made


@pytest.fixture
def working(tmp_path: Path) -> Iterator[SqliteWorking]:
    with closing(SqliteWorking(tmp_path / "working.sqlite", tenant_of=tenant_of)) as tier:
        yield tier


def test_a_write_is_synced_before_its_caller_is_told(disk: Disk, working: SqliteWorking) -> None:
    put(working, memory())

    assert disk.syncs == 1


def test_who_waits_for_the_disk_keeps_nobody_from_writing(disk: Disk, working: SqliteWorking, tmp_path: Path) -> None:
    disk.free.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(put, working, memory("a"))
        assert disk.begun.wait(30)
        with closing(SqliteWorking(tmp_path / "working.sqlite", tenant_of=tenant_of, wait_s=5)) as other:
            other._database.write_lightly(lambda db: db.execute("update contexts set posted = 0"))  # in its turn
            assert held(other, memory("a").id) is not None
        assert not waiting.done()
        disk.free.set()
        assert waiting.result().is_winner


def test_those_who_wait_for_the_disk_at_the_same_time_share_a_sync(disk: Disk, working: SqliteWorking) -> None:
    disk.free.clear()
    with ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(put, working, memory(f"{number}")) for number in range(16)]
        assert disk.begun.wait(30)
        while working.count() < 16:
            threading.Event().wait(0.001)
        disk.free.set()
        assert all(one.result().is_winner for one in waiting)

    assert disk.syncs == 2


def test_what_the_disk_did_not_take_is_not_acknowledged(disk: Disk, working: SqliteWorking) -> None:
    disk.fault = OSError(errno.EIO, "Input/output error")
    with pytest.raises(TierDownError, match="Input/output error"):
        put(working, memory())
    disk.fault = None

    assert put(working, memory("b")).is_winner


def test_copies_are_not_synced(disk: Disk, tmp_path: Path) -> None:
    with closing(SqliteItems(tmp_path / "short.sqlite", tenant_of=tenant_of)) as short:
        short.put([copy(memory())])

        assert disk.syncs == 0


def test_a_tier_is_closed_behind_those_who_wait_for_the_disk(disk: Disk, working: SqliteWorking) -> None:
    disk.free.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(put, working, memory())
        assert disk.begun.wait(30)
        closing_it = pool.submit(working.close)
        threading.Event().wait(0.05)
        assert not closing_it.done()
        disk.free.set()
        assert waiting.result().is_winner
        closing_it.result()


def test_what_was_synced_is_all_that_is_needed_to_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut leaves what was synced: here, the file and its log as they were at the last sync."""
    saved: list[Path] = []
    real = log._sync_data

    def sync(handle: int) -> None:
        real(handle)
        folder = tmp_path / f"cut-{len(saved)}"
        folder.mkdir()
        for name in ("working.sqlite", "working.sqlite-wal"):
            shutil.copyfile(tmp_path / name, folder / name)
        saved.append(folder)

    monkeypatch.setattr(log, "_sync_data", sync)
    with closing(SqliteWorking(tmp_path / "working.sqlite", tenant_of=tenant_of)) as working:
        keys = [f"{number}" for number in range(5)]
        for key in keys:
            put(working, memory(key))

    for number, folder in enumerate(saved):
        with closing(SqliteWorking(folder / "working.sqlite", tenant_of=tenant_of)) as left:
            found = [key for key in keys if held(left, MemoryId(memory().context, key))]
            assert found == keys[: number + 1]
