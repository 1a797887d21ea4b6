"""How an assistant reaches the server: over the standard streams of a process, or over HTTP on this machine.

Source: modelcontextprotocol.io/specification, "Transports", with its warning about DNS rebinding.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast

import anyio
import uvicorn
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse

from sync.errors import UsageError

if TYPE_CHECKING:
    from mcp.server.lowlevel.server import Server
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"
TOKEN = "JOURNAL_MCP_TOKEN"  # noqa: S105 (the variable's name)
SHORTEST_TOKEN = 16
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_CHUNK = 1 << 16
_GRACE_S = 3


def serve_stdio(server: Server[Any]) -> None:
    """Serve over standard input and output until the input ends, a signal comes or the reader goes.

    While it serves, what anything else prints goes to standard error, and processes that it starts read nothing.
    """
    try:
        anyio.run(_serve_stdio, server)
    except* (BrokenPipeError, ConnectionResetError):
        pass  # the assistant has gone without a word


async def _serve_stdio(server: Server[Any]) -> None:
    with _own_input() as handle:
        lines = cast("anyio.AsyncFile[str]", _lines(handle))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_on_signal, tasks.cancel_scope)
            async with stdio_server(stdin=lines) as (read, write):
                await server.run(read, write, server.create_initialization_options())
            tasks.cancel_scope.cancel()


async def _stop_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            return


@contextlib.contextmanager
def _own_input() -> Iterator[int]:
    """Standard input for the protocol alone: whoever else reads it, a child process too, reads nothing."""
    own = os.dup(0)
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        yield own
    finally:
        os.dup2(own, 0)
        os.close(own)


async def _lines(handle: int) -> AsyncIterator[str]:
    """The lines of a pipe, socket, terminal or file; unlike a thread that reads, this can be cancelled."""
    mode = os.fstat(handle).st_mode
    can_wait = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(handle)  # epoll(7) refuses what never blocks
    rest = b""
    while True:
        if can_wait:
            await anyio.wait_readable(handle)
        else:
            await anyio.lowlevel.checkpoint()
        chunk = os.read(handle, _CHUNK)
        if not chunk:
            break
        *whole, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else [rest + chunk]
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest.strip():
        yield rest.decode("utf-8", "replace")


def serve_http(server: Server[Any], *, host: str, port: int, token: str) -> None:
    """Serve over HTTP at `/mcp` until a signal comes; the address is printed on standard error.

    Args:
        server: it.
        host: name or address to listen on.
        port: 0 for any that is free.
        token: what a caller has to show as `Authorization: Bearer`; empty for nothing, on this machine only.

    Raises:
        UsageError: the address is not of this machine and there is no token or a short one, or it is taken.
    """
    refuse_open_door(host, token)
    listener = _listen(host, port)
    with listener:
        number = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        app: ASGIApp = server.streamable_http_app(
            streamable_http_path=PATH, host=host, transport_security=_security(shown, number, token)
        )
        config = uvicorn.Config(
            _TokenGate(app, token) if token else app,
            log_level="warning",
            timeout_graceful_shutdown=_GRACE_S,
            server_header=False,
        )
        print(f"journal mcp: http://{shown}:{number}{PATH}", file=sys.stderr, flush=True)
        anyio.run(_Listening(config).serve, [listener])


def refuse_open_door(host: str, token: str) -> None:
    """Stop before the journal can be read, and written, from other machines without a token.

    Raises:
        UsageError: it could, or the token is too short to be one.
    """
    if token and len(token) < SHORTEST_TOKEN:
        raise UsageError(f"{TOKEN} has fewer than {SHORTEST_TOKEN} characters", hint="make it longer")
    if not token and not is_loopback(host):
        hint = f"set {TOKEN} to a secret of {SHORTEST_TOKEN} characters or more, or leave --host out"
        raise UsageError(f"{host} can be reached from other machines, and there is no token", hint=hint)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class _Listening(uvicorn.Server):
    """A server that a signal ends in good order, and that does not raise the signal again afterwards."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


class _TokenGate:
    """Lets a request through that shows the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        shown = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] != "http" or hmac.compare_digest(shown, self._expected):
            await self._app(scope, receive, send)
            return
        answer = PlainTextResponse("a token is needed", status_code=401, headers={"WWW-Authenticate": "Bearer"})
        await answer(scope, receive, send)


def _security(host: str, port: int, token: str) -> TransportSecuritySettings:
    """What `Host` and `Origin` may say: a page in a browser must not reach the server through a name of its own."""
    everywhere = host in {"0.0.0.0", "[::]"}  # noqa: S104 (compared, not bound)
    names = sorted({host, *_LOOPBACK} if is_loopback(host.strip("[]")) or everywhere else {host})
    return TransportSecuritySettings(
        # Under every name of the machine, which nobody can list, the token does what the names do elsewhere.
        enable_dns_rebinding_protection=not (everywhere and token),
        allowed_hosts=[f"{name}:{port}" for name in names],
        allowed_origins=[f"http://{name}:{port}" for name in names],
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise UsageError(f"{host}:{port}: {error.strerror or error}", hint="choose another --host or --port") from error
    return listener
