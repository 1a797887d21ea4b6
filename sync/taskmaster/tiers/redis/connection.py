"""A Redis server as the tier and the events ask it: within a time limit, and with this program's errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
            from redis.exceptions import NoScriptError, RedisError, ResponseError
            from redis.retry import Retry
        except ModuleNotFoundError as error:
            raise UsageError("redis is not installed", hint='pip install "journal-sync[redis]"') from error

        self.where = checked_url(url)
        self._unknown, self._refused, self._errors = NoScriptError, ResponseError, (RedisError, OSError)
        self._pool: Any = BlockingConnectionPool.from_url(
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
        try:
            return self._exchange([("EVALSHA", script.sha, 0, *arguments)])[0]
        except self._unknown:
            return self._exchange([("EVAL", script.text, 0, *arguments)])[0]

    def ask(self, commands: Sequence[Sequence[bytes | str | float]]) -> list[Any]:
        """What commands return, in order; sent at once.

        Raises:
            TierDownError, UsageError: as for `run`.
        """
        return self._exchange(commands) if commands else []

    def close(self) -> None:
        """Close every connection; one that is needed later is opened anew."""
        self._pool.disconnect()

    def _exchange(self, commands: Sequence[Sequence[bytes | str | float]]) -> list[Any]:
        """What commands return; by a connection itself, as the client's way takes longer than the server's work.

        Where the server refuses one of them, the others are carried out.
        """
        try:
            connection = self._pool.get_connection()
            try:
                connection.send_packed_command([b"".join(map(_packed, commands))])
                answers = [self._answer(connection) for _ in commands]
            finally:
                self._pool.release(connection)
            if refused := next((one for one in answers if isinstance(one, self._refused)), None):
                raise refused
        except self._unknown:
            raise
        except self._errors as error:
            raise explained(error, self.where) from error
        return answers

    def _answer(self, connection: Any) -> Any:
        try:
            return connection.read_response()
        except self._refused as error:
            return error


def _packed(command: Sequence[bytes | str | float]) -> bytes:
    parts = [one if isinstance(one, bytes) else str(one).encode() for one in command]
    return b"*%d\r\n%b" % (len(parts), b"".join([b"$%d\r\n%b\r\n" % (len(one), one) for one in parts]))


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
