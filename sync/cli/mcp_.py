"""`journal mcp`."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import click

from sync.errors import UsageError
from sync.operations.journal import open_journal

_PATIENCE_S = 0.5

_EXAMPLES = """\b
Examples:
  journal mcp
  journal mcp --read-only
  journal mcp --transport http --port 8123"""


@click.command("mcp", epilog=_EXAMPLES)
@click.option(
    "--transport", type=click.Choice(["stdio", "http"]), default="stdio", show_default=True, help="How it is reached."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="For http; another machine's way in needs a token."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="For http; 0: any free one."
)
@click.option("--read-only", is_flag=True, help="Leave out the tools that write.")
@click.pass_obj
def command(folder: Path, transport: str, host: str, port: int, read_only: bool) -> int:
    """Serve the journal to assistants over the Model Context Protocol.

    Assistants start this themselves, see `journal init --agent`. With --transport http the address is printed on
    standard error; the environment variable JOURNAL_MCP_TOKEN holds the token that callers must show, if any.
    """
    open_journal(folder)  # what is wrong with its settings is said at once
    try:
        from sync.mcp import transport as transports
        from sync.mcp.server import make_server
        from sync.mcp.tools import tools
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sync"):
            raise
        raise UsageError("the MCP server needs an extra", hint='run: pip install "journal-sync[mcp]"') from error
    server = make_server(folder.resolve(), tools(read_only=read_only))
    if transport == "stdio":
        transports.serve_stdio(server)
    else:
        transports.serve_http(server, host=host, port=port, token=os.environ.get(transports.TOKEN, ""))
    _leave_readers_behind()
    return 0


def _leave_readers_behind() -> None:
    """End the process where a search that nobody waits for still works; what writes has been waited for."""
    others = [one for one in threading.enumerate() if one is not threading.current_thread() and not one.daemon]
    for one in others:
        one.join(_PATIENCE_S)
    if any(one.is_alive() for one in others):
        sys.stderr.flush()
        os._exit(0)
