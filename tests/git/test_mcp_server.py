"""The real MCP memory server from npm, at work on the file while syncs run: it reads what we write, we what it writes.

The server knows no lock and writes the whole file from the copy that it read, so what it can overtake, it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pytest
from repositories import Repo
from syncing import ENTRIES, McpBox, Synced, make_synced

SERVER = "@modelcontextprotocol/server-memory@2026.8.31"
NEEDED = bool(os.environ.get("JOURNAL_NEEDS_NPM"))
"""Set where the server has to be there, so that its absence is a failure."""


class Server:
    """A client of one server process, speaking JSON-RPC over its standard streams.

    Args:
        program: the server's script.
        file: the graph.
    """

    def __init__(self, program: Path, file: Path) -> None:
        environment = os.environ | {"MEMORY_FILE_PATH": str(file)}
        self._process = subprocess.Popen(
            ["node", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._count = 0
        client = {"name": "test", "version": "1"}
        self._ask("initialize", {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": client})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool: what it answers.

        Raises:
            AssertionError: the tool failed.
        """
        answer = self._ask("tools/call", {"name": tool, "arguments": arguments})
        assert not answer.get("isError"), answer
        text: str = answer["content"][0]["text"]
        try:
            return cast("dict[str, Any]", json.loads(text))
        except ValueError:
            return {"said": text}

    def graph(self) -> dict[str, list[str]]:
        """Name -> observations of every entity."""
        return {one["name"]: one["observations"] for one in self.call("read_graph")["entities"]}

    def close(self) -> None:
        """End the server."""
        cast("IO[bytes]", self._process.stdin).close()
        self._process.wait(10)
        cast("IO[bytes]", self._process.stdout).close()

    def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        self._send({"jsonrpc": "2.0", "id": self._count, "method": method, "params": parameters})
        while True:
            answer = json.loads(cast("IO[bytes]", self._process.stdout).readline())
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return cast("dict[str, Any]", answer["result"])

    def _send(self, message: dict[str, Any]) -> None:
        stream = cast("IO[bytes]", self._process.stdin)
        stream.write(json.dumps(message).encode() + b"\n")
        stream.flush()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's script, installed once."""
    folder = tmp_path_factory.mktemp("server")
    failure = "npm or node is not installed"
    if shutil.which("npm") and shutil.which("node"):
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), SERVER]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
            failure = done.stderr.strip()[-300:] if done.returncode else ""
        except subprocess.TimeoutExpired:
            failure = "the registry did not answer"
    if failure:
        if NEEDED:
            pytest.fail(f"the MCP memory server cannot be installed: {failure}")
        pytest.skip(f"the MCP memory server cannot be installed: {failure}")
    return folder / "node_modules/@modelcontextprotocol/server-memory/dist/index.js"


@contextlib.contextmanager
def serving(program: Path, file: Path) -> Iterator[Server]:
    """A server on a file."""
    server = Server(program, file)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def synced(repo: Repo) -> Synced:
    """A journal in step with a graph."""
    return make_synced(repo, "mcp")


def test_the_server_reads_what_we_write(synced: Synced, program: Path) -> None:
    synced.write_entry(
        "odd-text",
        'quotes " and \\ and été',
        "a second\n  line of it",
        front="type: person\nrelations: ['knows: e1']\n",
    )
    synced.repo.commit()
    synced.sync()
    with serving(program, synced.box.path) as server:
        graph = server.call("read_graph")
    assert {one["name"] for one in graph["entities"]} == {"e1", "e2", "e3", "odd-text"}
    (odd,) = [one for one in graph["entities"] if one["name"] == "odd-text"]
    assert odd["entityType"] == "person"
    assert odd["observations"] == ['quotes " and \\ and été', "a second\nline of it"]
    assert [(one["from"], one["relationType"], one["to"]) for one in graph["relations"]] == [
        ("odd-text", "knows", "e1")
    ]


def test_we_read_what_the_server_writes(synced: Synced, program: Path) -> None:
    with serving(program, synced.box.path) as server:
        server.call("create_entities", entities=[
            {"name": "Ada Lovelace", "entityType": "person", "observations": ["wrote the first program", "été ✓"]},
        ])  # fmt: skip
        server.call("create_relations", relations=[{"from": "Ada Lovelace", "to": "e1", "relationType": "likes"}])
        server.call("add_observations", observations=[{"entityName": "e1", "contents": ["said by the server"]}])
        server.call("delete_entities", entityNames=["e3"])
        server.call("delete_observations", deletions=[{"entityName": "e2", "observations": ["e2 second"]}])
        synced.sync()
        assert len(synced.names()) == 3
        (ada,) = [synced.entry(name) for name in synced.names() if name not in {"e1", "e2"}]
        assert "- wrote the first program\n- été ✓" in ada
        assert "likes: e1" in ada
        assert "said by the server" in synced.entry("e1")
        assert "e2 second" not in synced.entry("e2")
        before = synced.everything()
        synced.sync()
        assert synced.everything() == before


def test_both_sides_work_in_turns(synced: Synced, program: Path) -> None:
    with serving(program, synced.box.path) as server:
        for number in range(4):
            server.call("add_observations", observations=[{"entityName": "e1", "contents": [f"server {number}"]}])
            synced.edit_entry("e2", "e2 first", "e2 first!")
            synced.sync()
            assert server.graph()["e2"][0] == f"e2 first{'!' * (number + 1)}"
        assert [line for line in synced.entry("e1").split("\n") if "server" in line] == [
            f"- server {number}" for number in range(4)
        ]


def test_no_write_of_the_server_is_lost_while_syncs_run(synced: Synced, program: Path) -> None:
    """One server writes without a pause while the journal changes and is synced."""
    wanted = [f"fact {number}" for number in range(300)]
    failures: list[BaseException] = []

    def write() -> None:
        try:
            with serving(program, synced.box.path) as server:
                server.call("create_entities", entities=[{"name": "w", "entityType": "t", "observations": []}])
                for fact in wanted:
                    server.call("add_observations", observations=[{"entityName": "w", "contents": [fact]}])
        except BaseException as error:  # noqa: BLE001 (told by the test below)
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    count = 0
    while writer.is_alive():
        assert synced.sync(code=None).exit_code in (0, 1, 4)
        count += 1
        synced.edit_entry("e1", "e1 first", "e1 first!")
    writer.join()
    synced.sync(code=None)
    synced.sync(code=None)
    told = synced.repo.git("grep", "-h", "", "HEAD", "--", "journal/")
    # A server that reads while a file is being exchanged answers with an error: that write was refused, and said.
    assert failures == []
    assert [fact for fact in wanted if f"- {fact}\n" not in f"{told}\n" and f"{fact}\\n" not in told] == []
    if not synced.conflicts():
        assert synced.box.said()["w"] == wanted
        assert synced.box.said()["e1"][0] == f"e1 first{'!' * count}"


def test_a_server_that_overtakes_us_with_an_old_copy_takes_nothing_back(synced: Synced, program: Path) -> None:
    """What it wrote from before our write counts as said to that, and our part is written again."""
    box = cast("McpBox", synced.box)
    with serving(program, box.path) as server:
        stale = box.path.read_bytes()
        synced.edit_entry("e1", "e1 second", "of the journal")
        synced.sync()
        box.path.write_bytes(stale)  # as a server does that had read the file before
        server.call("add_observations", observations=[{"entityName": "e2", "contents": ["said late"]}])
        synced.sync(code=None)
        synced.sync(code=None)
        assert "said late" in synced.repo.git("show", f"HEAD:{ENTRIES}/e2.md")
        history = synced.repo.git("log", "-p", "--", f"{ENTRIES}/e1.md")
        assert "of the journal" in history
