"""Turns to write: one process at a time has it, whether or not the others can be woken."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sync.taskmaster.tiers.protocol import TierDownError
from sync.taskmaster.tiers.sqlite.turnstile import Turnstile

TURNS = 50


def nothing(_bells: Path) -> None:
    """The bells can be hung."""


def file_in_the_way(bells: Path) -> None:
    bells.touch()


def files_for_bells(bells: Path) -> None:
    """As a backup that knows no pipes may leave them."""
    bells.mkdir()
    for number in range(256):
        (bells / f"bell-{number}").touch()


def take_turns(path: Path, bells: Path, counter: Path) -> None:
    with closing(Turnstile(path, wait_s=30, bells=bells)) as turnstile:
        for _ in range(TURNS):
            turnstile.enter()
            found = int(counter.read_text())
            time.sleep(0.0001)
            counter.write_text(str(found + 1))
            turnstile.leave()


@pytest.mark.parametrize("arrange", [nothing, file_in_the_way, files_for_bells])
def test_one_at_a_time_has_the_turn(tmp_path: Path, arrange: Callable[[Path], None]) -> None:
    """Each turnstile has locks of its own, as another process has."""
    counter, bells = tmp_path / "counter", tmp_path / "bells"
    counter.write_text("0")
    arrange(bells)
    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(take_turns, tmp_path / "file", bells, counter) for _ in range(4)]:
            one.result()

    assert counter.read_text() == str(4 * TURNS)


def test_who_waits_in_vain_is_told_so_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    path, bells = tmp_path / "file", tmp_path / "bells"
    with (
        closing(Turnstile(path, wait_s=30, bells=bells)) as first,
        closing(Turnstile(path, wait_s=0.05, bells=bells)) as second,
        closing(Turnstile(path, wait_s=30, bells=bells)) as third,
    ):
        first.enter()
        with pytest.raises(TierDownError, match="too long"):
            second.enter()
        first.leave()
        third.enter()
        third.leave()
        second.enter()


def test_no_pipe_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with closing(Turnstile(tmp_path / "here" / "file", wait_s=1, bells=tmp_path / "bells")) as turnstile:
        turnstile.enter()

        assert all(one.is_file() for one in (tmp_path / "here").iterdir())


def test_what_is_open_is_closed_again(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with closing(Turnstile(tmp_path / "file", wait_s=1, bells=tmp_path / "bells")) as turnstile:
            turnstile.enter()

    assert len(os.listdir("/proc/self/fd")) == before
