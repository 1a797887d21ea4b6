"""Tiers in files: who may read them; files that are damaged, newer or too large; many threads, forks and kills."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from contract_memories import BUDGET, FIRST, NOW, at, held, keys_of, memory, put, write
from stores import tenant_of

from sync.errors import RefusedError, UsageError
from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.scoring import read_asked
from sync.taskmaster.tiers.protocol import TierDownError, Use
from sync.taskmaster.tiers.sqlite.catalogue import SqliteCatalogue
from sync.taskmaster.tiers.sqlite.faults import DamagedTierError
from sync.taskmaster.tiers.sqlite.items import SqliteItems
from sync.taskmaster.tiers.sqlite.working import SqliteWorking

HERE = Path(__file__).parent
LOOP = """
import sys
from pathlib import Path
from contract_memories import NOW, memory, put, write
from stores import tenant_of
from sync.taskmaster.memory import Tier
from sync.taskmaster.tiers.sqlite.working import SqliteWorking
items = SqliteWorking(Path(sys.argv[1]), tenant_of=tenant_of)
for number in range(int(sys.argv[2]), 1_000_000):
    items.put([write(memory(f"{number:06}{part}", "lake " * (number % 7)), owed=[Tier.LONG]) for part in "ab"])
    print(number, flush=True)
    if number % 3 == 0:
        ids = [memory(f"{number:06}{part}").id for part in "ab"]
        items.settle(Tier.LONG, {id_: one.memory.version for id_, one in items.get(ids, NOW).items()})
        print(f"settled {number}", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory" / "working.sqlite"


@pytest.fixture
def working(path: Path) -> Iterator[SqliteWorking]:
    with closing(opened(path)) as tier:
        yield tier


def opened(path: Path, wait_s: float = 10.0) -> SqliteWorking:
    return SqliteWorking(path, tenant_of=tenant_of, wait_s=wait_s)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing a file beyond some bytes fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@contextmanager
def writing_on(path: Path) -> Iterator[Iterator[str]]:
    """A process that writes all the time, and the numbers that it says."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", LOOP, str(path), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield (line.strip() for line in process.stdout if not line.startswith("settled"))
        finally:
            process.kill()


def is_written(tier: SqliteWorking, key: str) -> bool:
    return put(tier, memory(key)).is_winner


def in_a_child(work: Callable[[], bool]) -> int:
    """The exit code of a forked process: 0 where the work was as it should be."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# The file


def test_what_is_remembered_is_readable_for_its_owner_only(path: Path, working: SqliteWorking) -> None:
    put(working, memory())

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    opened(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma user_version = 99")
    with pytest.raises(RefusedError, match="newer version") as raised:
        opened(path)

    assert "upgrade" in raised.value.hint


def test_a_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table songs (name text)")
    before = path.read_bytes()
    with pytest.raises(RefusedError, match="another program"):
        opened(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["no database", "cut", "overwritten"])
def test_a_damaged_file_is_said_to_be_one(path: Path, kind: str) -> None:
    with closing(opened(path)) as tier:
        tier.put([write(memory(str(number), "lake " * 50)) for number in range(500)])
    data = path.read_bytes()
    path.write_bytes({"no database": b"not a database at all" * 999, "cut": data[: len(data) // 2],
                      "overwritten": data[:4096] + b"\xff" * (len(data) - 4096)}[kind])  # fmt: skip
    with pytest.raises(DamagedTierError) as raised, closing(opened(path)) as tier:
        tier.page(BUDGET, NOW, limit=1_000)

    assert str(path) in raised.value.message
    assert "backup" in raised.value.hint


def test_a_folder_that_cannot_be_made_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        opened(tmp_path / "file" / "working.sqlite")


def test_on_a_full_disk_nothing_is_acknowledged_and_nothing_is_lost(working: SqliteWorking) -> None:
    written: list[str] = []

    def write_on() -> None:
        for number in range(50):
            put(working, memory(f"much{number:02}", "x" * 60_000))
            written.append(f"much{number:02}")

    with files_of_at_most(300_000), pytest.raises(UsageError, match=r"working\.sqlite") as raised:
        write_on()
    put(working, memory("then"))

    assert "room" in raised.value.hint
    assert written
    assert keys_of(working.page(BUDGET, NOW)) == [*written, "then"]


def test_odd_names_of_folders_are_names(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/50% ?a=b#c \xff'")) / "working.sqlite"
    with closing(opened(path)) as tier:
        put(tier, memory())

    assert path.exists()


def test_uses_are_shown_before_they_are_written(working: SqliteWorking) -> None:
    put(working, memory())
    working.touch([Use(id=memory().id, at=at(3))])
    shown = [*working.page(BUDGET, NOW), *working.search(read_asked("barn"), [BUDGET], 1, NOW)]

    assert [(one.uses, one.used) for one in shown] == [(1, at(3))] * 2


def test_very_many_uses_are_written_without_another_write(path: Path) -> None:
    with closing(opened(path)) as tier, closing(opened(path)) as other:
        tier.put([write(memory(str(number))) for number in range(1_000)])
        tier.touch([Use(id=memory(str(number)).id, at=at(3)) for number in range(1_000)])

        assert {one.uses for one in other.page(BUDGET, NOW, limit=1_000)} == {1}


def test_a_closed_tier_says_so(path: Path) -> None:
    tier = opened(path)
    tier.close()
    for work in (lambda: put(tier, memory()), lambda: tier.get([memory().id], NOW)):
        with pytest.raises(UsageError, match="closed"):
            work()


def test_uses_are_written_at_the_end(path: Path) -> None:
    with closing(opened(path)) as tier:
        put(tier, memory())
        tier.touch([Use(id=memory().id, at=at(3))] * 5)
    with closing(opened(path)) as tier:
        kept = held(tier, memory().id)

    assert kept is not None
    assert (kept.uses, kept.used) == (5, at(3))


# Sharing a transaction


def test_of_those_who_write_together_only_the_one_at_fault_fails(path: Path) -> None:
    def tenant_or_fault(context: str) -> str:
        if "fault" in context:
            raise UsageError(f"{context} is none")
        return tenant_of(context)

    def attempt(number: int) -> bool:
        try:
            put(tier, memory(str(number), context="fault" if number % 5 == 0 else BUDGET))
        except UsageError:
            return False
        return True

    with closing(SqliteWorking(path, tenant_of=tenant_or_fault)) as tier, ThreadPoolExecutor(32) as pool:
        done = list(pool.map(attempt, range(200)))

        assert done == [number % 5 != 0 for number in range(200)]
        assert tier.count() == tier.count(BUDGET) == 160


def test_of_one_call_all_or_nothing_is_written(working: SqliteWorking) -> None:
    broken = write(memory("b", context="x"))
    object.__setattr__(broken, "tokens", ("no number",))
    with pytest.raises(Exception, match="required argument is not an integer"):
        working.put([write(memory("a")), broken])

    assert working.count() == 0


def test_very_many_threads_write_and_read_without_a_fault_or_a_leak(working: SqliteWorking) -> None:
    start = threading.Barrier(128)

    def work(number: int) -> int:
        start.wait()
        for step in range(3):
            put(working, memory(f"{number}-{step}"))
        return len(working.search(read_asked("barn"), [BUDGET], 5, NOW)) + len(working.get([memory("0-0").id], NOW))

    with ThreadPoolExecutor(128) as pool:
        list(pool.map(work, range(128)))
    handles = len(os.listdir("/proc/self/fd"))
    with ThreadPoolExecutor(128) as pool:
        list(pool.map(work, range(128)))

    assert working.count() == 128 * 3
    assert len(os.listdir("/proc/self/fd")) <= handles + 32


def test_a_process_that_holds_the_turn_is_waited_for_and_not_for_ever(path: Path) -> None:
    holding = (
        "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with closing(opened(path, wait_s=0.3)) as tier:
        put(tier, memory("before"))
        with subprocess.Popen(
            [sys.executable, "-c", holding, f"{path}.turn"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(TierDownError, match="too long"):
                put(tier, memory("meanwhile"))
            assert keys_of(tier.page(BUDGET, NOW)) == ["before"]
            process.kill()
            process.communicate()
        put(tier, memory("after"))

        assert keys_of(tier.page(BUDGET, NOW)) == ["after", "before"]


def test_a_process_that_writes_all_the_time_starves_nobody(path: Path) -> None:
    with closing(opened(path)) as tier, writing_on(path) as others:
        before = next(others)
        for number in range(20):
            put(tier, memory(f"own{number}"))

        assert int(next(others)) > int(before)


# Forks and kills


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_and_its_parent_go_on_with_the_same_tier(path: Path, working: SqliteWorking) -> None:
    put(working, memory("before"))
    in_child = in_a_child(
        lambda: put(working, memory("child")).is_winner and held(working, memory("before").id) is not None
    )
    put(working, memory("after"))

    assert in_child == 0
    assert keys_of(working.page(BUDGET, NOW)) == ["after", "before", "child"]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_may_be_forked_while_others_write(working: SqliteWorking) -> None:
    stop = threading.Event()
    written: list[str] = []

    def write_on() -> None:
        while not stop.is_set():
            key = f"thread{len(written):06}"
            put(working, memory(key))
            written.append(key)

    thread = threading.Thread(target=write_on)
    thread.start()
    try:
        codes = [in_a_child(partial(is_written, working, f"child{n}")) for n in range(5)]
    finally:
        stop.set()
        thread.join()

    assert codes == [0] * 5
    assert keys_of(working.page(BUDGET, NOW, limit=100_000)) == sorted([*written, *(f"child{n}" for n in range(5))])


def test_a_writer_that_is_killed_at_any_moment_has_lost_nothing(path: Path) -> None:
    """Each run is killed a little later; both memories of a step are there or neither, and what was settled is."""
    told: list[str] = []
    for turn in range(8):
        start = len([one for one in told if one.isdigit()])
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-c", LOOP, str(path), str(start + 1_000 * turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            told += [next(process.stdout).strip() for _ in range(3 + turn)]
            process.kill()
            told += [line.strip() for line in process.stdout if line.endswith("\n")]
    settled = {int(one.removeprefix("settled ")) for one in told if not one.isdigit()}
    with closing(opened(path)) as tier:
        found = keys_of(tier.page(BUDGET, NOW, limit=100_000))
        owed = {int(one.memory.key[:-1]) for one in tier.owed(Tier.LONG, 100_000)}

    assert {f"{int(one):06}{part}" for one in told if one.isdigit() for part in "ab"} <= set(found)
    assert {key[:-1] for key in found if key.endswith("a")} == {key[:-1] for key in found if key.endswith("b")}
    assert not owed & settled
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


# Being found


def test_many_memories_of_a_context_are_found_by_what_they_say_by_now(tmp_path: Path) -> None:
    """More than are read through one by one: some were changed, forgotten, dropped, written again."""
    with closing(SqliteItems(tmp_path / "short.sqlite", tenant_of=tenant_of)) as tier:
        for part in range(40):
            tier.put([write(memory(f"k{part:02}{n:02}", f"lake w{n}")) for n in range(50)])
        stored = tier.put([write(memory(f"k{part:02}07", "castle", minute=1), FIRST) for part in range(40)])
        gone = [one.memory.forgotten(at(2), "eve") for one in stored[:10] if one.memory]
        tier.put([write(one, one.version) for one in gone])
        tier.drop({memory(f"k{part:02}08").id: FIRST for part in range(40)})
        tier.put([write(memory(f"k{part:02}08", "lake again w8", minute=3)) for part in range(5)])

        assert len(tier.search(read_asked("lake"), [BUDGET], 5_000, NOW)) == 40 * 48 + 5
        assert len(tier.search(read_asked("castle"), [BUDGET], 5_000, NOW)) == 30
        assert tier.search(read_asked("w7"), [BUDGET], 5_000, NOW) == []
        assert sorted(keys_of(tier.search(read_asked("again w8"), [BUDGET], 5, NOW))) == [f"k0{n}08" for n in range(5)]


def test_what_went_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "short.sqlite"
    with closing(SqliteItems(path, tenant_of=tenant_of, per_context=0)) as tier:
        for part in range(30):
            tier.put([write(memory(f"{part}-{n}", f"lake w{n}", expires=1 if n % 2 else None)) for n in range(50)])
        tier.sweep(at(2))
    with closing(sqlite3.connect(path)) as db:
        left = [db.execute(f"select count(*) from {one}").fetchone()[0] for one in ("items", "fresh", "postings")]  # noqa: S608

    assert left == [0, 0, 0]


def test_the_catalogue_of_a_large_journal_is_filled_in_one_step(tmp_path: Path) -> None:
    with closing(SqliteCatalogue(tmp_path / "catalogue.sqlite", tenant_of=tenant_of)) as tier:
        tier.follow("1" * 40, "", [write(memory(f"{n:05}", f"lake w{n % 100}"), -1) for n in range(3_000)], [])

        assert len(tier.search(read_asked("w42"), [BUDGET], 100, NOW)) == 30
        assert tier.follow("2" * 40, "1" * 40, [], [MemoryId(BUDGET, f"{n:05}") for n in range(3_000)])
        assert (tier.count(), tier.search(read_asked("lake"), [BUDGET], 100, NOW)) == (0, [])
