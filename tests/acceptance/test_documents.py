"""The documents say what is true: their commands are run, and what they print is compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sync.cli.app import COMMANDS
from sync.document.settings import load_settings
from sync.errors import EXIT_CODES
from sync.schema import Schema, load_schema

PROJECT = Path(__file__).parents[2]
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
STAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:-\d{2}-\d{2})?")
ENTRY = (
    "---\ndate: 2025-04-{day}\nheure: {hour}\ntitle: {title}\ntags: [{tags}]\nrelated: []\n---\n\n# {title}\n\n{body}\n"
)
MOMENT = re.compile(r"\b[0-9a-f]{16}\b|\b[0-9a-f]{12}\b|\b\d+ (?:s|min)\b|(?<=NOW )\d\d:\d\d")
"""What differs from run to run where memories are shown: ids of commits and conflicts, digests, ages, hours."""
WITH_COMMANDS = [
    "README.md", "docs/hooks-and-ci.md", "docs/memories.md", "docs/memory.md", "docs/search.md", "docs/sync.md",
]  # fmt: skip


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def shell(command: str, folder: Path) -> str:
    """What a command prints on both channels, and its exit code if it is not 0."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec 2>&1; {command}"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path},
        check=False,
    )
    return done.stdout + (f"[exit {done.returncode}]\n" if done.returncode else "")


def python(code: str, folder: Path) -> str:
    """What a program prints on both channels."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def alike(text: str, name: str) -> str:
    """A text without what differs from run to run."""
    stamped = STAMP.sub("NOW", text)
    return MOMENT.sub("…", stamped) if name in ("README.md", "docs/memory.md") else stamped


def prepare(name: str, folder: Path) -> None:
    """The repository that a document's commands start from."""
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    if name == "README.md":
        return
    if name == "docs/memory.md":
        shell("journal init", folder)
        for block in blocks(PROJECT / name, "yaml"):
            (folder / block.partition("\n")[0].removeprefix("# ")).write_text(block, encoding="utf-8")
        shell("git add --all && git commit --quiet --message One", folder)
        return
    entries = folder / "journal/entries"
    entries.mkdir(parents=True)
    text = ENTRY.format(day="05", hour="14-30", title="Encoding", tags="python", body="- Scripts need UTF-8 with BOM.")
    (entries / "2025-04-05-14-30-encoding.md").write_text(text, encoding="utf-8")
    if name == "docs/hooks-and-ci.md":
        shell("journal init --hooks", folder)
        return
    if name == "docs/sync.md":
        shell("journal init && git add --all && git commit --quiet --message One", folder)
        return
    text = ENTRY.format(day="06", hour="09-00", title="Salary", tags="private", body="- Ask in May.")
    (entries / "2025-04-06-09-00-salary.md").write_text(text, encoding="utf-8")
    if name == "docs/search.md":
        shell("journal init && git add --all && git commit --quiet --message One", folder)
        return
    store = folder / ".augment/memories"
    store.mkdir(parents=True)
    texts = ["Build: use pnpm", "Build: the lock file is committed", "[JOURNAL DE BORD] Encoding: known"]
    (store / "agent.json").write_text(json.dumps([{"text": text} for text in texts]), encoding="utf-8")
    (folder / ".gitignore").write_text("/.augment/memories/\n", encoding="utf-8")


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_the_commands_of_a_document_print_what_it_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    prepare(name, tmp_path)
    shown, printed = "", ""
    for block in re.findall(r"^```(?:console|python\n.*?```\n\n```text)\n.*?^```$", _text(name), re.M | re.S):
        kind, _, rest = block.removeprefix("```").partition("\n")
        if kind == "python":
            code, _, told = rest.removesuffix("```").partition("```\n\n```text\n")
            shown += told
            printed += python(code, tmp_path)
        else:
            shown += rest.removesuffix("```")
            commands = re.findall(r"^\$ (.*)$", rest, re.MULTILINE)
            printed += "".join(f"$ {command}\n{shell(command, tmp_path)}" for command in commands)
    assert alike(printed, name).replace(f"{tmp_path}\n", "") == alike(shown, name)


def _text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def test_every_document_with_commands_is_run() -> None:
    found = [path.relative_to(PROJECT).as_posix() for path in DOCUMENTS if blocks(path, "console")]
    assert found == WITH_COMMANDS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_only_commands_and_options_that_exist(path: Path) -> None:
    from sync.cli.app import root

    unknown = []
    for command, rest in re.findall(r"\bjournal ([a-z][a-z-]*)((?: [^`\n|]*)?)", _code(path)):
        if command not in COMMANDS:
            unknown.append(command)
            continue
        found = root.get_command(None, command)  # type: ignore[arg-type]
        known = {name for parameter in found.params for name in parameter.opts} | {"--help"} if found else set()
        unknown += [option for option in re.findall(r"--[a-z-]+", rest) if option not in known]
    assert unknown == []


def _code(path: Path) -> str:
    """Everything in a document that is set as code of a shell, block or inline."""
    text = path.read_text(encoding="utf-8")
    fenced = "\n".join(blocks(path, "console") + blocks(path, "sh"))
    inline = "\n".join(re.findall(r"`(journal [^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)))
    return "\n".join(line.removeprefix("$ ") for line in f"{fenced}\n{inline}".splitlines() if "journal" in line)


def test_readme_lists_every_command_but_those_that_programs_call() -> None:
    listed = set(
        re.findall(r"^\| `journal ([a-z][a-z-]*)", (PROJECT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert listed == COMMANDS.keys() - {"hook", "completion", "merge-driver"}


def test_readme_starts_with_the_two_commands_of_a_fresh_machine() -> None:
    first = blocks(PROJECT / "README.md", "sh")[0]
    assert re.findall(r"^pip install nox && nox -s (\w+)", first, re.MULTILINE) == ["sync", "tests"]


def test_readme_names_every_exit_code() -> None:
    line = re.search(r"Exit codes: ([^\n]*(?:\n[^\n]+)*)", (PROJECT / "README.md").read_text(encoding="utf-8"))
    assert line
    assert [int(code) for code in re.findall(r"\b\d+\b", line[1])] == list(EXIT_CODES)


def defaults_of(schema: dict[str, Any]) -> Any:
    """The default of a setting, or those of all settings in a table."""
    inner = schema.get("properties")
    return {name: defaults_of(one) for name, one in inner.items()} if inner else schema["default"]


def test_every_setting_is_documented_with_its_default() -> None:
    document = tomllib.loads(blocks(PROJECT / "docs/settings.md", "toml")[0])
    assert document == defaults_of(load_schema(Schema.SETTINGS))


def test_the_settings_that_are_documented_load() -> None:
    text = blocks(PROJECT / "docs/settings.md", "toml")[0]
    assert load_settings(text.encode()) == load_settings(b"")


def test_every_relative_link_leads_somewhere() -> None:
    dead = [
        (path.name, target)
        for path in DOCUMENTS
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert dead == []


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    (tmp_path / "journal/entries").mkdir(parents=True)
    (code,) = blocks(PROJECT / "README.md", "python")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (
        "0 ['journal/memories.json', '.augment/memories/journal_memories.json']\n",
        "",
    )
