"""Timing whole processes: wall time of alternating runs, so that a machine that gets slower slows both sides."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One side of a comparison.

    Attributes:
        name: as it is printed.
        command: argument list; empty for a sum of others, which is then in `parts`.
        before: brings the folder into the state that every run starts from; not timed.
    """

    name: str
    command: Sequence[str]
    before: Callable[[], None] = lambda: None


def medians(tasks: Sequence[Task], folder: Path, runs: int) -> dict[str, float]:
    """Median wall time in seconds of each task; the tasks take turns, after one round that does not count."""
    taken: dict[str, list[float]] = {task.name: [] for task in tasks}
    for number in range(runs + 1):
        for task in tasks:
            task.before()
            start = time.perf_counter()
            run(task.command, folder)
            if number:
                taken[task.name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def run(command: Sequence[str], folder: Path) -> None:
    """Run a command quietly; its failure ends the benchmark."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.decode()}{done.stdout.decode()}")


def peak_megabytes(command: Sequence[str], folder: Path) -> float:
    """The largest resident size of a command's process, in MB."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e6
