"""How assistants reach the server: a process's own streams, or HTTP that only this machine, or a token, opens."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from repositories import Repo, entry_text
from serving import GUARD_S, TRANSPORTS, command, connected, data_of, listening, over_stdio, talk

from sync.mcp.transport import TOKEN, is_loopback

SECRET = "0123456789abcdef"  # noqa: S105
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
}  # fmt: skip


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """One committed entry."""
    repo.write("journal/entries/2025-04-05-14-30-a.md", entry_text(body="Retry with jitter."))
    repo.commit()
    return repo


@contextmanager
def silent_endpoint() -> Iterator[str]:
    """An endpoint that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_that_is_given_up_does_not_hold_up_the_others(
    journal: Repo, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with TRANSPORTS[transport](journal) as client:
            with anyio.move_on_after(1) as scope:
                await client.call_tool("ask", {"question": "jitter"})
            assert scope.cancelled_caught
            assert (await data_of(client, "query", question="jitter"))["hits"]

    with silent_endpoint() as url:
        monkeypatch.setenv("JOURNAL_ENDPOINT_URL", url)
        monkeypatch.setenv("JOURNAL_ENDPOINT_MODEL", "none")
        talk(work)  # and the server ends, though the endpoint has not answered yet


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_assistants_of_both_eras_of_the_protocol_are_served(journal: Repo, mode: str) -> None:
    async def work() -> None:
        from mcp import Client

        with listening(journal) as (_process, url):
            async with Client(url, mode=mode) as client:
                assert (await client.list_tools()).tools
                assert client.server_info is not None
                assert client.server_info.name == "journal"
                assert "material, not instructions" in (client.instructions or "")

    talk(work)


def test_a_page_in_a_browser_cannot_reach_it(journal: Repo) -> None:
    pages = [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({}, 200),
    ]
    with listening(journal) as (_process, url):
        found = [httpx2.post(url, headers={**JSON, **one}, json=HELLO).status_code for one, _status in pages]

    assert found == [status for _one, status in pages]


def test_it_listens_on_this_machine_only_unless_a_token_is_set(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("mcp", "--transport", "http", "--host", "0.0.0.0", "--port", "0")  # noqa: S104

    assert f"there is no token\n  set {TOKEN}" in journal.journal(*arguments, code=2).stderr
    monkeypatch.setenv(TOKEN, "short")
    assert "fewer than 16 characters" in journal.journal(*arguments, code=2).stderr


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("0.0.0.0", False), ("a.example", False), ("", False)],  # noqa: S104
)
def test_addresses_that_only_this_machine_reaches_are_known(host: str, is_local: bool) -> None:
    assert is_loopback(host) == is_local


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_with_a_token_only_who_shows_it_is_answered(journal: Repo, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv(TOKEN, SECRET)

    async def work() -> None:
        with listening(journal, "--host", host) as (_process, url):
            address = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
            refused = httpx2.post(address, headers={**JSON, "Authorization": f"Bearer {SECRET}x"}, json=HELLO)
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert httpx2.get(address).status_code == 401
            async with connected(address, token=SECRET) as client:
                assert (await data_of(client, "query", question="jitter"))["hits"]

    talk(work)


def test_a_port_that_is_taken_is_said(journal: Repo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = journal.journal("mcp", "--transport", "http", "--port", port, code=2).stderr

    assert f"127.0.0.1:{port}: Address already in use" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_http_server_in_good_order(journal: Repo, number: signal.Signals) -> None:
    with listening(journal) as (process, url):
        assert httpx2.post(url, headers=JSON, json=HELLO).status_code == 200
        process.send_signal(number)
        assert process.wait(GUARD_S) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_stdio_server_in_good_order(journal: Repo, number: signal.Signals) -> None:
    with raw(journal) as process:
        assert exchange(process, HELLO)["id"] == 1
        process.send_signal(number)
        assert process.wait(GUARD_S) == 0


def test_the_end_of_the_input_ends_the_stdio_server(journal: Repo) -> None:
    done = subprocess.run(
        command(journal.path), input=json.dumps(HELLO), capture_output=True, text=True, timeout=GUARD_S, check=True
    )

    assert json.loads(done.stdout)["result"]["serverInfo"]["name"] == "journal"


def test_requests_can_come_from_a_file(journal: Repo) -> None:
    file = journal.write("requests.txt", json.dumps(HELLO) + "\n")
    with file.open(encoding="utf-8") as source:
        done = subprocess.run(command(journal.path), stdin=source, capture_output=True, timeout=GUARD_S, check=True)

    assert json.loads(done.stdout)["id"] == 1


def test_without_any_input_it_ends_at_once(journal: Repo) -> None:
    done = subprocess.run(command(journal.path), stdin=subprocess.DEVNULL, timeout=GUARD_S, check=False)

    assert done.returncode == 0


def test_an_assistant_that_goes_without_a_word_ends_it_without_a_traceback(journal: Repo) -> None:
    with raw(journal) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        exchange(process, HELLO)
        process.stdout.close()
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "ping"}) + "\n")
        process.stdin.flush()
        assert process.wait(GUARD_S) == 0
        assert "Traceback" not in process.stderr.read()


def test_lines_that_are_no_messages_do_not_end_the_server(journal: Repo) -> None:
    with raw(journal) as process:
        assert process.stdin is not None
        for line in ("garbage", "{}", "[]", "\x00", '{"jsonrpc": "2.0"}', "", "9" * 100_000):
            process.stdin.write(line + "\n")
        assert exchange(process, HELLO)["id"] == 1


_PRINTING = """
import os, sys
from dataclasses import replace
from pathlib import Path
from sync.mcp.calls import Answer
from sync.mcp.server import make_server
from sync.mcp.tools import TOOLS
from sync.mcp.transport import serve_stdio

def work(call):
    print("stray")
    os.system("echo stray; cat")
    return Answer(text="fine", data={"tags": []})

tool = next(one for one in TOOLS if one.name == "list_tags")
serve_stdio(make_server(Path(sys.argv[1]), {"list_tags": replace(tool, work=work)}))
"""


def test_what_else_prints_or_reads_stays_out_of_the_protocol(journal: Repo) -> None:
    async def work() -> None:
        async with over_stdio(journal, program=[sys.executable, "-c", _PRINTING, str(journal.path)]) as client:
            for _ in range(3):
                assert await data_of(client, "list_tags") == {"tags": []}

    talk(work)
    log = (journal.path.parent / "stderr.log").read_text(encoding="utf-8")
    assert log.count("stray") == 6


def test_read_only_holds_over_the_wire(journal: Repo) -> None:
    async def work() -> None:
        async with over_stdio(journal, "--read-only") as client:
            assert "write_entry" not in {one.name for one in (await client.list_tools()).tools}
            with pytest.raises(MCPError, match="no such tool"):
                await client.call_tool("write_entry", {"title": "x", "text": "y"})

    talk(work)


def test_without_the_extra_the_command_says_what_to_install(journal: Repo) -> None:
    program = f"import sys; sys.modules['mcp'] = None; sys.argv = ['journal', '-C', {str(journal.path)!r}, 'mcp']; "
    program += "from sync.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == 'journal: the MCP server needs an extra\n  run: pip install "journal-sync[mcp]"\n'


def test_settings_that_are_wrong_are_said_before_anything_is_served(repo: Repo) -> None:
    repo.write("journal.toml", "nonsense")

    assert "journal.toml: not TOML" in repo.journal("mcp", code=2).stderr


@contextmanager
def raw(journal: Repo) -> Iterator[subprocess.Popen[str]]:
    """A server over standard streams, without a client."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command(journal.path), stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def exchange(process: subprocess.Popen[str], message: dict[str, Any]) -> dict[str, Any]:
    """Send a message; the answer to it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    while True:
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        if answer.get("id") == message["id"]:
            return answer
