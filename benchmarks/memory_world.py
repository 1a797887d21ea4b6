"""What the benchmarks of the memory share: journals with embedded or with shared tiers, made-up memories, floors.

PostgreSQL and Redis are those of the tests: real ones from PyPI, or those that JOURNAL_TEST_POSTGRES and
JOURNAL_TEST_REDIS name. PostgreSQL syncs its log to the disk with every commit; Redis keeps its data in memory.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import psycopg
from psycopg import sql
from servers import postgres, redis

from sync.operations.journal import open_journal
from sync.operations.memory import open_memory, utc_now
from sync.taskmaster.memory import Memory, Tier, encode_value
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.writing import Write

if TYPE_CHECKING:
    from sync.taskmaster.manager import MemoryManager

SHORT, WORKING, LONG, ALL = 0.3, 0.6, 0.75, 0.95
BANDS = {"short-term": SHORT, "working": WORKING, "long-term": LONG, "all tiers": ALL}
"""An importance of each band of the default thresholds."""
POOL = 10
_REDIS_DATABASES = 4
_VOCABULARY = 4_000
_WORDS = 24
_PLACES = {"JOURNAL_MEMORY_SHORT_TERM": "redis", "JOURNAL_MEMORY_WORKING": "postgres"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """URLs of servers; empty for the embedded tiers."""

    postgres: str = ""
    redis: str = ""

    @property
    def name(self) -> str:
        """How the tables call it."""
        return "shared" if self.postgres else "embedded"

    def environment(self) -> dict[str, str]:
        """What makes a journal's memory use them, in this process and in those that it starts."""
        return {name: url for name, key in _PLACES.items() if (url := getattr(self, key))}


EMBEDDED = Servers()


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Both servers, until the end of the block."""
    with ExitStack() as stack:
        named = os.environ.get(postgres.VARIABLE)
        if not named:
            server = postgres.PostgresServer(shared_buffers="512MB", max_wal_size="8GB")
            stack.callback(server.stop)
            server.start()
            named = server.url
        cache = os.environ.get("JOURNAL_TEST_REDIS")
        if not cache:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="journal-redis-")))
            cache = stack.enter_context(redis.running(folder)).url
        forget_cached(cache)
        yield Servers(postgres=named, redis=cache)


def forget_cached(url: str) -> None:
    """Remove from Redis what an earlier run left there, of any benchmark of the memory."""
    from redis import Redis

    for number in range(_REDIS_DATABASES):
        with Redis.from_url(redis_database(url, number)) as client:
            for name in client.scan_iter("bench-*", count=10_000):
                client.delete(name)


def redis_database(url: str, number: int) -> str:
    """The URL of another database of the same Redis server."""
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def database(servers: Servers, name: str, *, is_new: bool = True) -> Servers:
    """The same servers, with a database of this name; `is_new`: without anything in it."""
    with psycopg.connect(servers.postgres, autocommit=True) as connection:
        if is_new:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return Servers(postgres=f"{servers.postgres.rsplit('/', 1)[0]}/{name}", redis=servers.redis)


def settled(servers: Servers) -> None:
    """Do what the server would do by itself some time after so much was loaded."""
    with psycopg.connect(servers.postgres, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def make_journal(folder: Path, *, space: str, semantic: str = "off", timeout: str = "2s") -> Path:
    """A repository with an empty journal; its memory is in a space of its own on the servers, see `[memory]`."""
    if not (folder / ".git").exists():
        (folder / "journal/entries").mkdir(parents=True)
        for command in (["init", "-q"], ["config", "user.name", "A"], ["config", "user.email", "a@example.org"]):
            subprocess.run(["git", *command], cwd=folder, check=True)
        written = f'[memory]\nspace = "{space}"\nsemantic = "{semantic}"\npool = {POOL}\ntimeout = "{timeout}"\n'
        (folder / "journal.toml").write_text(written, encoding="utf-8")
        for command in (["add", "."], ["commit", "-q", "-m", "begin"]):
            subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@contextmanager
def opened(folder: Path, servers: Servers = EMBEDDED) -> Iterator[MemoryManager]:
    """The manager of a journal, as programs open it."""
    own = servers.environment()
    before = {name: os.environ.get(name) for name in _PLACES}
    for name in _PLACES:
        os.environ.pop(name, None)
    os.environ |= own
    try:
        manager = open_memory(open_journal(folder), writer=f"bench-{os.getpid()}")
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ |= {} if value is None else {name: value}
    with manager:
        yield manager


# Made-up memories


def vocabulary() -> list[str]:
    """Words that are none, the same in every run."""
    chance = random.Random(5)
    parts = [a + b for a in "bcdfglmnprstv" for b in "aeiou"]
    return ["".join(chance.choices(parts, k=3)) + chance.choice("lnrst") for _ in range(_VOCABULARY)]


_WORDS_ALL = vocabulary()


def context_of(tenant: int) -> str:
    """The id of a tenant's context."""
    return f"taskmaster:bench:{tenant}"


def text(number: int) -> str:
    """The value of a memory: a paragraph whose words are as frequent as words are (Zipf); ASCII, about 200 bytes."""
    chance = random.Random(number)
    places = (int(_VOCABULARY ** chance.random()) - 1 for _ in range(_WORDS))
    return " ".join(_WORDS_ALL[place] for place in places)


def key(number: int) -> str:
    """The key of a memory."""
    return f"note-{number}"


def question(number: int) -> str:
    """Three words of a memory's value, none of the ten most frequent."""
    words = [word for word in dict.fromkeys(text(number).split()) if word not in _WORDS_ALL[:10]]
    return " ".join(words[:3])


def made(number: int) -> tuple[str, str, str]:
    """Context, key and value of a memory; a hundred contexts take turns."""
    return context_of(number % 100), key(number), text(number)


def write_of(tenant: int, number: int, importance: float = WORKING) -> Write:
    """A memory as the manager writes it to the working tier, for loading many at once."""
    now = utc_now()
    kind, data = encode_value(text(number))
    memory = Memory(
        context=context_of(tenant), key=key(number), kind=kind, data=data, importance=importance, created=now,
        updated=now, writer="bench",
    )  # fmt: skip
    return Write(memory=memory, seen=0, homes=frozenset({Tier.WORKING}), tokens=tokens_of(memory))


# Floors: the least that has to be done

Put = Callable[[str, str, str], object]
"""Writes a value: context, key, text."""

_ROW = "create table if not exists m (context text, key text, value text, primary key (context, key))"


@contextmanager
def sqlite_floor(folder: Path) -> Iterator[Put]:
    """One durable insert into SQLite, of the same bytes, with nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None, timeout=60, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute(_ROW)
    put = "insert or replace into m values (?, ?, ?)"
    try:
        yield lambda *values: connection.execute(put, values)
    finally:
        connection.close()


@contextmanager
def postgres_floor(servers: Servers) -> Iterator[Put]:
    """One upsert into PostgreSQL, committed."""
    put = "insert into m values (%s, %s, %s) on conflict (context, key) do update set value = excluded.value"
    with psycopg.connect(servers.postgres, autocommit=True) as connection:
        connection.execute(_ROW)
        yield lambda *values: connection.execute(put, values)


@contextmanager
def redis_floor(servers: Servers) -> Iterator[Put]:
    """One SET of Redis, with a time limit."""
    from redis import Redis

    with Redis.from_url(servers.redis) as client:
        yield lambda context, key, text: client.set(f"{context} {key}", text, ex=86_400)


def floor_of(servers: Servers, folder: Path, band: str) -> AbstractContextManager[Put]:
    """What a memory of a band costs at least."""
    if not servers.postgres:
        return sqlite_floor(folder)
    return redis_floor(servers) if band == "short-term" else postgres_floor(servers)


# Processes


def python(script: str, *arguments: object, servers: Servers = EMBEDDED) -> subprocess.Popen[str]:
    """Start a script of this folder in a process of its own; what it prints can be read."""
    environment = {name: value for name, value in os.environ.items() if name not in _PLACES} | servers.environment()
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def finished(process: subprocess.Popen[str]) -> str:
    """What a process printed; its failure ends the benchmark."""
    printed, _ = process.communicate()
    if process.returncode:
        sys.exit(f"a process of the benchmark failed: {process.args!r}")
    return printed


def all_at_once(
    processes: Sequence[subprocess.Popen[str]], meanwhile: Callable[[], object] = lambda: None
) -> list[Any]:
    """Let processes begin when all are ready; what each printed, as JSON has it.

    Args:
        processes: each says "ready" and waits for a line.
        meanwhile: done while they work.
    """
    for one in processes:
        assert one.stdout is not None  # noqa: S101 (it is a pipe)
        one.stdout.readline()
    for one in processes:
        assert one.stdin is not None  # noqa: S101 (it is a pipe)
        one.stdin.write("go\n")
        one.stdin.flush()
    meanwhile()
    return [json.loads(finished(one)) for one in processes]


def servers_of_environment() -> Servers:
    """The servers that `python` gave to this process."""
    found = {key: os.environ.get(name, "") for name, key in _PLACES.items()}
    return Servers(**found)


def database_name(servers: Servers) -> str:
    """The name of the database of a URL."""
    return urlsplit(servers.postgres).path.removeprefix("/")
