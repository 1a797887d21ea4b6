"""A Redis server as the tier and the events ask it: within a time limit, and with this program's errors."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sync.errors import SettingsError, UsageError
from sync.taskmaster.tiers.protocol import TierDownError
from sync.taskmaster.tiers.redis.scripts import Script

_OPTIONS = {"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
_MEANWHILE = re.compile(r"\b(OOM|READONLY|MISCONF|LOADING|NOREPLICAS|MASTERDOWN|BUSY|max number of clients)\b")
"""What a server says that may do the same later: it has no room, is a replica, cannot write its file, is starting."""


class Server:
    """A Redis server.

    Args:
        url: `redis://[user:password@]host[:port][/db]`, `rediss://…` for TLS, or `unix://[:password@]/path[?db=n]`.
            Nothing is asked of the server yet.
        timeout_s: a call fails after so many seconds without an answer, half of them for the connection.
        connections: so many at most; further threads wait for one.

    Raises:
        SettingsError: the URL is none.
        UsageError: the client is not installed.
    """

    def __init__(self, url: str, *, timeout_s: float, connections: int = 32) -> None:
        try:
            from redis import BlockingConnectionPool, Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ModuleNotFoundError as error:
            raise UsageError("redis is not installed", hint='pip install "journal-sync[redis]"') from error

        self.where = checked_url(url)
        self._pool = BlockingConnectionPool.from_url(
            url, timeout=timeout_s / 2, max_connections=connections, protocol=2,
            socket_timeout=timeout_s / 2, socket_connect_timeout=timeout_s / 2, retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        self.client: Any = Redis(connection_pool=self._pool)

    def run(self, script: Script, *arguments: bytes | str | float) -> Any:
        """What a script returns; it is sent by its name, and in full to a server that does not know it.

        Raises:
            TierDownError: the server does not answer in time, or cannot do it at present.
            UsageError: what is below the script's keys is something else, or the server is too old.
        """
        from redis.exceptions import NoScriptError

        with self._asking():
            try:
                return self.client.execute_command("EVALSHA", script.sha, 0, *arguments)
            except NoScriptError:
                return self.client.execute_command("EVAL", script.text, 0, *arguments)

    def ask(self, commands: Sequence[Sequence[bytes | str | float]]) -> list[Any]:
        """What commands return, in order; sent at once.

        Raises:
            TierDownError, UsageError: as for `run`.
        """
        if not commands:
            return []
        with self._asking():
            if len(commands) == 1:
                return [self.client.execute_command(*commands[0])]
            pipeline = self.client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            return list(pipeline.execute())

    def close(self) -> None:
        """Close every connection; one that is needed later is opened anew."""
        self._pool.disconnect()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        from redis.exceptions import RedisError

        try:
            yield
        except (RedisError, OSError) as error:
            raise explained(error, self.where) from error


def checked_url(url: str) -> str:
    """Where a URL leads, without name and password.

    Raises:
        SettingsError: it leads to no Redis server.
    """
    hint = "write redis://host:6379/0, rediss://… for TLS, or unix:///path/of/the.sock"
    try:
        parts = urlsplit(url)
        port = parts.port or 6379
        unknown = sorted(parse_qs(parts.query).keys() - _OPTIONS)
    except ValueError as error:
        raise SettingsError(f"the address of the Redis server is none: {error}", hint=hint) from error
    is_local = parts.scheme == "unix"
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.path if is_local else parts.hostname):
        raise SettingsError("the address of the Redis server is none", hint=hint)
    if unknown:
        raise SettingsError(f"the address of the Redis server has an unknown option: {unknown[0]}", hint=hint)
    return parts.path if is_local else f"{parts.hostname}:{port}"


def explained(error: Exception, where: str) -> TierDownError | UsageError:
    """The program's own error for one of the client's; it holds nothing of what was asked."""
    from redis.exceptions import (
        AuthenticationError,
        ClusterDownError,
        NoPermissionError,
        OutOfMemoryError,
        ReadOnlyError,
        ResponseError,
        TryAgainError,
    )

    told = " ".join(f"{getattr(error, 'status_code', None) or ''} {error}".split())
    if isinstance(error, AuthenticationError | NoPermissionError):
        hint = "check user and password in its address"
        return TierDownError(f"the Redis server at {where} refuses: {told}", hint=hint)
    kinds = (OutOfMemoryError, ReadOnlyError, TryAgainError, ClusterDownError)
    is_meanwhile = isinstance(error, kinds) or _MEANWHILE.search(told)
    if isinstance(error, ResponseError) and not is_meanwhile:
        hint = "give this journal a prefix of its own, on Redis 6.2 or newer"
        return UsageError(f"the Redis server at {where} cannot do it: {told}", hint=hint)
    hint = "start it, or check its address; it is used again as soon as it answers"
    return TierDownError(f"the Redis server at {where} does not answer: {told}", hint=hint)
