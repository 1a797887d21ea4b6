"""`journal init --agent` sets one server in an assistant's own configuration, shown first; nothing else is touched."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo

SERVER = {"command": "journal", "args": ["mcp"]}
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "augment": (".augment/settings.json", {"mcpServers": {"journal": SERVER}}),
    "claude": (".mcp.json", {"mcpServers": {"journal": SERVER}}),
    "cursor": (".cursor/mcp.json", {"mcpServers": {"journal": SERVER}}),
    "vscode": (".vscode/mcp.json", {"servers": {"journal": {"type": "stdio", **SERVER}}}),
    "codex": (".codex/config.toml", {"mcp_servers": {"journal": SERVER}}),
}


def load(path: str, text: str) -> Any:
    """A configuration as data."""
    return tomllib.loads(text) if path.endswith(".toml") else json.loads(text)


@pytest.mark.parametrize("agent", FILES)
def test_each_assistant_is_told_in_its_own_file(repo: Repo, agent: str) -> None:
    path, expected = FILES[agent]

    shown = repo.journal("init", "--agent", agent, "--yes").output

    assert load(path, repo.read(path)) == expected
    assert f"+++ b/{path}" in shown
    assert repo.read(path).endswith("\n")


def test_several_are_told_at_once_and_a_second_run_has_nothing_to_do(repo: Repo) -> None:
    every = [word for agent in FILES for word in ("--agent", agent)]
    repo.journal("init", *every, "--yes")
    before = {path: repo.read(path) for path, _ in FILES.values()}

    again = repo.journal("init", *every)

    assert again.output.count("nothing to do") == len(FILES)
    assert {path: repo.read(path) for path, _ in FILES.values()} == before


def test_without_a_terminal_and_without_yes_nothing_at_all_is_written(repo: Repo) -> None:
    result = repo.journal("init", "--agent", "claude", code=3)

    assert '+    "journal": {' in result.stdout
    assert "nothing was written: .mcp.json would change" in result.stderr
    assert "--yes" in result.stderr
    assert [one.name for one in repo.path.iterdir()] == [".git"]


def test_a_dry_run_shows_the_difference_and_writes_nothing(repo: Repo) -> None:
    shown = repo.journal("init", "--agent", "codex", "--dry-run").output

    assert "+[mcp_servers.journal]" in shown
    assert not (repo.path / ".codex").exists()


def test_another_server_of_that_name_is_shown_and_replaced_and_others_stay(repo: Repo) -> None:
    text = '{\r\n\t"mcpServers": {\r\n\t\t"journal": {"command": "other"},\r\n\t\t"x": {}\r\n\t}\r\n}'
    repo.write(".mcp.json", text)

    shown = repo.journal("init", "--agent", "claude", "--yes").output

    assert '-\t\t"journal": {"command": "other"},' in shown
    assert json.loads(repo.read(".mcp.json")) == {"mcpServers": {"journal": SERVER, "x": {}}}
    assert repo.read(".mcp.json").endswith(',\r\n\t\t"x": {}\r\n\t}\r\n}')


def test_a_server_that_starts_the_same_with_more_settings_is_left_alone(repo: Repo) -> None:
    text = json.dumps({"mcpServers": {"journal": {**SERVER, "env": {"A": "1"}}}})
    repo.write(".cursor/mcp.json", text)

    assert "nothing to do" in repo.journal("init", "--agent", "cursor").output
    assert repo.read(".cursor/mcp.json") == text


@pytest.mark.parametrize(
    ("agent", "text", "told"),
    [
        ("claude", '{\n  "mcpServers": {\n', ".mcp.json:3:1: a string is not closed, or missing"),
        ("cursor", '{"mcpServers": []}', ".cursor/mcp.json:1:16: mcpServers: must be an object"),
        ("codex", "a = 1\nb = = 2\n", ".codex/config.toml:2:5: not TOML"),
        ("vscode", b"{\xff}", ".vscode/mcp.json:1:2: not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place_and_nothing_is_written(
    repo: Repo, agent: str, text: str | bytes, told: str
) -> None:
    path = FILES[agent][0]
    file = repo.write(path, text)

    result = repo.journal("init", "--agent", agent, "--agent", "augment", "--yes", code=2)

    assert told in result.stderr
    assert file.read_bytes() == (text.encode() if isinstance(text, str) else text)
    assert not (repo.path / "journal.toml").exists()
    assert not (repo.path / FILES["augment"][0]).exists()


def test_a_link_is_not_followed_out_of_the_repository(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}", encoding="utf-8")
    (repo.path / ".mcp.json").symlink_to(outside)
    (repo.path / ".cursor").symlink_to(tmp_path)

    assert "symbolic link" in repo.journal("init", "--agent", "claude", "--yes", code=3).stderr
    assert "out of the repository" in repo.journal("init", "--agent", "cursor", "--yes", code=3).stderr
    assert outside.read_text(encoding="utf-8") == "{}"
    assert not (tmp_path / "mcp.json").exists()


def test_the_result_as_json_holds_the_difference(repo: Repo) -> None:
    document = json.loads(repo.journal("init", "--agent", "vscode", "--yes", "--json").stdout)

    (agent,) = document["agents"]
    assert (agent["agent"], agent["path"], agent["change"]) == ("vscode", ".vscode/mcp.json", "created")
    assert '+      "type": "stdio",' in agent["diff"]


def test_what_is_not_on_the_path_is_said(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    git = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    folder = repo.path.parent / "bin"
    folder.mkdir()
    (folder / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(folder))

    assert "`journal` is not on the PATH" in repo.journal("init", "--agent", "claude", "--yes").output


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 3)])
def test_on_a_terminal_the_user_is_asked(repo: Repo, answer: str, code: int) -> None:
    shown, exit_code = on_a_terminal(repo, answer, "init", "--agent", "claude")

    assert "Write .mcp.json?" in shown
    assert exit_code == code
    assert (repo.path / ".mcp.json").exists() == (code == 0)


def on_a_terminal(repo: Repo, answer: str, *arguments: str) -> tuple[str, int]:
    """What `journal` shows on a terminal where somebody types an answer, and its exit code."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "sync", "-C", str(repo.path), *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # Linux says so when the other end has been closed
            pass
        os.close(ours)
    return shown.decode(), process.returncode
