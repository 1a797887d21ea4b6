"""A repository with its memory as the program opens it, and a process that can be killed at any of its effects."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from keeping import Clock
from repositories import Repo

from sync.operations.journal import open_journal
from sync.operations.memory import open_memory
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Memory, MemoryId, Value

BUDGET = "taskmaster:wedding:42:module:budget"
SETTINGS = '[memory]\nsemantic = "off"\n'
_CALLS = ("replace", "rename", "link", "unlink", "mkdir", "rmdir", "fsync", "ftruncate")
_READING = ("select", "pragma", "explain", "with", "--")
_READING_GIT = ("cat-file", "rev-parse", "diff-tree", "ls-tree", "config", "for-each-ref", "ls-files", "status", "log")


@dataclass
class World:
    """A repository, and a clock that all managers of it share."""

    repo: Repo
    clock: Clock = field(default_factory=Clock)

    @contextmanager
    def open(self, writer: str = "ada") -> Iterator[MemoryManager]:
        """A manager, as the program opens it."""
        with open_memory(open_journal(self.repo.path), clock=self.clock, writer=writer) as manager:
            yield manager

    @property
    def memory_folder(self) -> Path:
        """Where the embedded tiers' files lie."""
        return self.repo.path / ".git" / "journal-memory"

    def commits(self) -> int:
        """How many commits the branch has."""
        return int(self.repo.git("rev-list", "--count", "HEAD"))

    def entries(self) -> list[str]:
        """The paths of the memories' entries at HEAD."""
        found = self.repo.git("ls-tree", "-r", "--name-only", "-z", "HEAD", "--", "journal/entries/memories")
        return [one for one in found.split("\0") if one]


def make_world(folder: Path, *, settings: str = SETTINGS) -> World:
    """A new repository with a journal and one commit."""
    repo = Repo(folder)
    repo.path.mkdir(parents=True)
    repo.git("init", "-q", "-b", "main")
    repo.write("journal.toml", settings)
    repo.commit("begin")
    return World(repo)


def put(manager: MemoryManager, key: str, value: Value, *, context: str = BUDGET, **options: Any) -> Memory:
    """Remember; what the key holds then."""
    return manager.remember(context, key, value, **options).memory


def value_of(manager: MemoryManager, key: str, *, context: str = BUDGET) -> Value:
    """What a key holds; None for nothing."""
    found = manager.get(context, key, inherit=False)
    return None if found is None else found.memory.value


def listed(manager: MemoryManager) -> list[MemoryId]:
    """The ids of all memories, page by page."""
    found: list[MemoryId] = []
    after = None
    while True:
        page = manager.list(below=True, after=after, limit=50)
        found += [one.memory.id for one in page.memories]
        if (after := page.after) is None:
            return found


def everything_said(manager: MemoryManager, key: str, *, context: str = BUDGET) -> list[Value]:
    """Every value of a key that somebody can still get at: current, rivals, and what the journal's history has."""
    rivals = [one.value for one in manager.rivals(context, key)]
    past = [one.memory.value for one in manager.history(context, key) if one.memory is not None]
    return [value_of(manager, key, context=context), *rivals, *past]


class Ending(Enum):
    """How a process ended: by itself, or killed, before or behind the end of its work."""

    ENDED = "ended"
    KILLED = "killed"
    KILLED_BEHIND = "killed behind"


class Crash:
    """A folder that can be put back, and a process in it that dies at an effect, as by kill -9.

    Effects are: each statement of SQLite that writes, begins or ends a transaction; each call that changes files; each
    Git command that writes; and the moment behind each of the last two.

    Args:
        world: the folder of its repository is the folder.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._folder = world.repo.path
        self._spare = self._folder.with_name(f"{self._folder.name}-spare")
        self._now = world.clock.now
        shutil.copytree(self._folder, self._spare, symlinks=True)

    def again(self) -> None:
        """Put everything back."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._spare, self._folder, symlinks=True)
        self.world.clock.now = self._now

    def dies_at(self, number: int, work: Callable[[MemoryManager], object]) -> Ending:
        """Work with a manager of one's own in a process that dies at an effect; the clock is a minute later then.

        Raises:
            AssertionError: the work failed.
        """
        told = self._folder.with_name("told")
        told.unlink(missing_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 warns of threads; the child starts its own
            child = os.fork()
        if not child:
            code = 1
            try:
                with _dying(number):
                    with self.world.open("grace") as manager:
                        work(manager)
                        os.close(os.open(told, os.O_CREAT | os.O_WRONLY))
                    code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), f"the work failed at effect {number}"
        self.world.clock.pass_(minutes=1)
        if not status:
            return Ending.ENDED
        return Ending.KILLED_BEHIND if told.exists() else Ending.KILLED


@contextmanager
def _dying(number: int) -> Iterator[None]:
    """Let this process be killed at an effect, from 0; nothing is put back, as the process is at its end."""
    count = [0]

    def step() -> None:
        if count[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] += 1

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            step()
            done = real(*arguments, **options)
            step()
            return done

        return call

    def traced(statement: str) -> None:
        if not statement.lstrip().lower().startswith(_READING):
            step()

    real_connect, real_run = sqlite3.connect, subprocess.run

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = real_connect(*arguments, **options)
        made.set_trace_callback(traced)
        return made

    def run(command: Any, *arguments: Any, **options: Any) -> Any:
        real = real_run if set(command) & set(_READING_GIT) else counted(real_run)
        return real(command, *arguments, **options)

    for name in _CALLS:
        setattr(os, name, counted(getattr(os, name)))
    sqlite3.connect = connect  # type: ignore[assignment]
    subprocess.run = run  # type: ignore[assignment]
    yield
