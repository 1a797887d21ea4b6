"""A PostgreSQL server with pgvector for tests: one of its own, from the package `pgserver`, or any by URL."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

VARIABLE = "JOURNAL_TEST_POSTGRES"
"""Environment: URL of a server to use instead; its user may make databases, and pgvector is installed there."""
_UP_S = 30.0
_NOBODY = 65534
_numbers = count(1)


class PostgresServer:
    """A server in a temporary folder, on a port of its own; everybody on this machine may log in.

    PostgreSQL refuses to run as root: there, it runs as `nobody`.

    Args:
        settings: of postgresql.conf, besides or in place of those of the tests.

    Attributes:
        url: of its database `postgres`.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="journal-postgres-", dir=_open_to_all()))
        self._user: int | None = _NOBODY if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run("initdb", *options).wait()

    @property
    def pid(self) -> int:
        """The number of the server's first process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers; after `kill` too."""
        settings: dict[str, object] = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "max_connections": 150,
            "shared_buffers": "128MB", "max_wal_size": "2GB", "log_min_messages": "fatal",
        }  # fmt: skip
        settings |= self._settings
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        ends_at = time.monotonic() + _UP_S
        while time.monotonic() < ends_at:
            if self._process is None or self._process.poll() is not None:
                self._process = self._run("postgres", *options)
            with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2):
                return
            time.sleep(0.05)
        raise TimeoutError((self._folder / "log").read_text(errors="replace"))

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, to the processes that serve connections too."""
        assert self._process is not None
        for pid in [self.pid, *self.children()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def children(self) -> list[int]:
        """The numbers of its other processes."""
        return [int(one) for one in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def refuse_end(self) -> None:
        """Stop where it has ended by itself.

        Raises:
            RuntimeError: with the end of its log.
        """
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL has ended: {(self._folder / 'log').read_text(errors='replace')[-2_000:]}")

    def stop(self) -> None:
        """Stop it and remove its files; may be called twice."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast shutdown"
            self._process.wait(_UP_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [_binaries() / program, "-D", self._folder / "data", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._user, cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running() -> str:
    """URL of the server that all tests of this process share; started when it is first needed, stopped at exit."""
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    global _shared  # noqa: PLW0603 - one server a process
    if _shared is None:
        _shared = PostgresServer()
        atexit.register(_shared.stop)
        _shared.start()
    _shared.refuse_end()
    return _shared.url


def empty_space() -> tuple[str, str]:
    """The URL of the database that all tests of this process share, and a name that none has used there."""
    running()
    return _shared_database(), f"space {next(_numbers)}"


_shared: PostgresServer | None = None


@cache
def _shared_database() -> str:
    openings = ExitStack()
    found = openings.enter_context(fresh_database())
    atexit.register(openings.close)  # runs before the server is stopped: last come, first gone
    return found


@contextmanager
def fresh_database(server: str = "") -> Iterator[str]:
    """The URL of an empty database; it is dropped afterwards, whoever is still connected."""
    server = server or running()
    name = f"journal_test_{os.getpid()}_{next(_numbers)}"
    _execute(server, "create database {}", name)
    try:
        yield server.rsplit("/", 1)[0] + f"/{name}"
    finally:
        _execute(server, "drop database {} with (force)", name)


def _execute(url: str, statement: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


@cache
def _binaries() -> Path:
    """The folder of the programs; a copy of them where the user that is to run them may not go."""
    found = find_spec("pgserver")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"pip install pgserver, or set {VARIABLE}")
    installed = Path(found.submodule_search_locations[0]) / "pginstall"
    if os.geteuid() != 0 or _is_open(installed):
        return installed / "bin"
    folder = Path(tempfile.mkdtemp(prefix="journal-postgres-programs-", dir=_open_to_all()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    for one in (installed, installed.parents[1] / "pgserver.libs"):  # the libraries lie beside the package
        shutil.copytree(one, folder / one.relative_to(installed.parents[1]), symlinks=True)
    return folder / "pgserver" / "pginstall" / "bin"


def _open_to_all() -> Path:
    """A folder for temporary files where the server's user may go too; TMPDIR may lie below one of root's own."""
    usual = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 (what is made there is private)
    return next((one for one in usual if os.geteuid() != 0 or _is_open(one / "any")), usual[0])


def _is_open(path: Path) -> bool:
    """Whether everybody may go to the folder of a path."""
    return all(one.stat().st_mode & stat.S_IXOTH for one in path.resolve().parents)
