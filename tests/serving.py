"""Real MCP servers for tests: processes of their own, and the SDK's own client."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Implementation, TextContent
from repositories import Repo

GUARD_S = 40
"""After so long a test has failed; nothing is measured by it."""
ME = Implementation(name="tester", version="1.2")


def command(folder: Path, *options: str) -> list[str]:
    """The command line of a server."""
    return [sys.executable, "-m", "sync", "-C", str(folder), "mcp", *options]


def talk(work: Callable[[], Awaitable[None]]) -> None:
    """Run some work with clients; fails where it does not end."""

    async def guarded() -> None:
        with anyio.fail_after(GUARD_S):
            await work()

    anyio.run(guarded)


@contextlib.asynccontextmanager
async def over_stdio(repo: Repo, *options: str, program: list[str] | None = None) -> AsyncIterator[Client]:
    """A client of a server that is its child."""
    first, *rest = program or command(repo.path, *options)
    parameters = StdioServerParameters(command=first, args=rest, env=dict(os.environ))
    with (repo.path.parent / "stderr.log").open("w+", encoding="utf-8") as log:
        async with Client(stdio_client(parameters, errlog=log), client_info=ME) as client:
            yield client


@contextlib.contextmanager
def listening(repo: Repo, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server over HTTP, and its address."""
    arguments = command(repo.path, "--transport", "http", "--port", "0", *options)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found, line + process.stderr.read()
            yield process, found[0]
        finally:
            process.terminate()
            process.communicate()


@contextlib.asynccontextmanager
async def over_http(repo: Repo, *options: str, token: str = "") -> AsyncIterator[Client]:
    """A client of a server over HTTP."""
    with listening(repo, *options) as (_process, url):
        async with connected(url, token=token) as client:
            yield client


@contextlib.asynccontextmanager
async def connected(url: str, *, token: str = "") -> AsyncIterator[Client]:
    """A client of a server at an address."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=GUARD_S) as http,
        Client(streamable_http_client(url, http_client=http), client_info=ME) as client,
    ):
        yield client


TRANSPORTS: dict[str, Callable[..., contextlib.AbstractAsyncContextManager[Client]]] = {
    "stdio": over_stdio,
    "http": over_http,
}


def text_of(result: CallToolResult) -> str:
    """What a tool answered, as text."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def data_of(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answered, as data; the client has checked it against the tool's schema."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    data: dict[str, Any] = result.structured_content
    return data


async def refusal_of(client: Client, tool: str, **arguments: Any) -> str:
    """The line in which a tool refused."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    assert "\n" not in text_of(result)
    assert "Traceback" not in text_of(result)
    return text_of(result)
