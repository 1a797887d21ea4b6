"""The Python face of the memory: in threads and in coroutines."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

import sync
from sync import AsyncMemoryManager, MemoryManager
from sync.errors import JournalError, SettingsError, UsageError

GUARD_S = 40
BUDGET = "wedding:42:module:budget"
_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """What a coroutine gives; fails where it does not end."""
    return asyncio.run(asyncio.wait_for(work, GUARD_S))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with settings, and no repository."""
    (tmp_path / "journal.toml").write_text("[journal]\n", encoding="utf-8")
    return tmp_path


def test_importing_the_package_imports_no_part_of_it() -> None:
    program = "import sys, sync; print([name for name in sys.modules if name.startswith('sync.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_name_that_is_exported_is_there() -> None:
    assert [name for name in sync.__all__ if not hasattr(sync, name)] == []


def test_both_faces_take_the_same_arguments() -> None:
    def told(kind: type) -> dict[str, list[tuple[str, object, object]]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: [(one.name, one.kind, one.default) for one in inspect.signature(method).parameters.values()]
            for name, method in methods
            if not name.startswith("_")
        }

    own = {"close", "stream"}
    parts = {"amend", "remember_as", "is_flush_due"}  # for parts of the program
    there, here = told(MemoryManager), told(AsyncMemoryManager)
    assert {name: here[name] for name in here.keys() - own} == {
        name: there[name] for name in there.keys() - own - parts
    }


def test_what_one_manager_remembers_the_next_recalls(root: Path) -> None:
    with MemoryManager(root, writer="ada") as memory:
        done = memory.remember(BUDGET, "flowers", {"most": 900}, importance=0.6)
        assert done.memory.writer == "ada"
    with MemoryManager(str(root)) as memory:
        (hit,) = memory.recall(BUDGET, "flowers").hits
        assert (hit.memory.value, hit.provenance) == ({"most": 900}, "written by ada")


def test_the_present_folder_is_meant_where_none_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with MemoryManager() as memory:
        memory.remember("global", "k", "v", importance=0.6)
    with MemoryManager(root) as memory:
        assert memory.get("global", "k") is not None


def test_threads_share_a_manager(root: Path) -> None:
    with MemoryManager(root) as memory, ThreadPoolExecutor(8) as pool:

        def remember(number: int) -> None:
            memory.remember(BUDGET, f"item {number}", f"Note {number}.", importance=0.6)

        list(pool.map(remember, range(100)))
        assert len(memory.list(BUDGET, limit=200).memories) == 100


def test_settings_that_are_wrong_are_said(root: Path) -> None:
    (root / "journal.toml").write_text("nonsense", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"journal\.toml"):
        MemoryManager(root)


def test_a_hundred_coroutines_remember_at_once(root: Path) -> None:
    async def work() -> int:
        async with AsyncMemoryManager(root) as memory:
            done = await asyncio.gather(
                *(memory.remember(BUDGET, f"item {number}", "A note.", importance=0.6) for number in range(100))
            )
            assert len({one.memory.key for one in done}) == 100
            return len((await memory.list(BUDGET, limit=200)).memories)

    assert run(work()) == 100


def test_every_call_of_the_coroutines_does_what_its_twin_does(root: Path) -> None:
    async def work() -> None:
        async with AsyncMemoryManager(root, writer="ada") as memory:
            first = await memory.remember(BUDGET, "flowers", "At most 900.", importance=0.6, metadata={"by": "Ada"})
            assert (await memory.recall(BUDGET, "flowers")).hits[0].memory.writer == "ada"
            assert (await memory.search_across("flowers", ["wedding:*"])).searched == 1
            assert [one.id for one in await memory.contexts()] == [f"taskmaster:{BUDGET}"]
            assert await memory.rivals(BUDGET, "flowers") == ()
            assert await memory.settle(BUDGET, "flowers", keep=first.memory.digest) is None
            assert (await memory.forget(BUDGET, "flowers")).is_forgotten
            assert await memory.get(BUDGET, "flowers") is None
            assert await memory.withdraw() == []
            assert (await memory.catch_up()).notes == ()
            await memory.learn(BUDGET, "florist near", outcome=True)
            assert (await memory.learn(BUDGET, "Florist near", outcome=False)).success_share == 0.5
            assert (await memory.consolidate(dry_run=True)).total("read") == 1

    run(work())


def test_an_error_reaches_the_coroutine_that_made_it(root: Path) -> None:
    async def work() -> list[object]:
        async with AsyncMemoryManager(root) as memory:
            calls = (memory.remember("nonsense", "k", "v"), memory.remember(BUDGET, "k", "v"), memory.history("x", "y"))
            return [type(one) for one in await asyncio.gather(*calls, return_exceptions=True)]

    bad, good, without = run(work())
    assert issubclass(bad, UsageError)  # type: ignore[arg-type]
    assert not issubclass(good, Exception)  # type: ignore[arg-type]
    assert issubclass(without, JournalError)  # type: ignore[arg-type]


def test_a_call_that_is_cancelled_while_it_waits_does_nothing(root: Path) -> None:
    async def work() -> set[str]:
        async with AsyncMemoryManager(root, threads=1) as memory:
            tasks = [asyncio.create_task(memory.remember(BUDGET, f"k{one}", "v", importance=0.6)) for one in range(50)]
            await asyncio.wait(tasks[:1])
            for task in tasks[10:]:
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            kept = {one.memory.key for one in done if not isinstance(one, BaseException)}
            held = {one.memory.key for one in (await memory.list(BUDGET)).memories}
            assert {f"k{one}" for one in range(10)} <= kept <= held
            return held

    assert len(run(work())) < 50


def test_events_are_read_as_they_happen_until_the_manager_is_closed(root: Path) -> None:
    async def work() -> list[tuple[str, str]]:
        seen = []
        async with AsyncMemoryManager(root) as memory:
            stream = memory.stream("memory:*")

            async def read() -> None:
                async for event in stream:
                    seen.append((event.name, event.key))  # noqa: PERF401 (what came before an error is to be seen)

            reader = asyncio.create_task(read())
            await memory.remember(BUDGET, "a", "v", importance=0.6)
            await memory.forget(BUDGET, "a")
        await reader
        return seen

    assert run(work()) == [("memory:saved", "a"), ("memory:forgotten", "a")]


def test_a_reader_may_leave_before_the_end(root: Path) -> None:
    async def work() -> int:
        async with AsyncMemoryManager(root) as memory:
            with memory.stream() as stream:
                await memory.remember(BUDGET, "a", "v", importance=0.6)
                async for _event in stream:
                    break
            await memory.remember(BUDGET, "b", "v", importance=0.6)
            return stream.dropped

    assert run(work()) == 0


def test_what_is_closed_is_not_used(root: Path) -> None:
    async def work() -> None:
        memory = AsyncMemoryManager(root)
        with pytest.raises(UsageError, match="not open"):
            memory.stream()
        await memory.remember(BUDGET, "a", "v", importance=0.6)  # the first call opens it
        await memory.close()
        await memory.close()
        with pytest.raises(UsageError, match="closed"):
            await memory.get(BUDGET, "a")
        with pytest.raises(UsageError, match="not open"):
            memory.stream()

    run(work())


def test_what_cannot_be_opened_says_why_and_leaves_nothing_open(root: Path) -> None:
    (root / "journal.toml").write_text("nonsense", encoding="utf-8")

    async def work() -> None:
        with pytest.raises(SettingsError):
            async with AsyncMemoryManager(root):
                pass

    run(work())
