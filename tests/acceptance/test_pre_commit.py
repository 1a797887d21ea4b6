"""Our hooks under the real pre-commit: they fix and fail, never stage anything, and leave unstaged changes alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml
from repositories import Repo, entry_text

ROOT = Path(__file__).parents[2]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
OWN = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
ENTRY = "journal/entries/2025-04-05-14-30-first.md"
MEMORIES = "journal/memories.json"


@pytest.fixture
def hooked(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with one commit in which pre-commit runs both hooks, taken as they are from the manifest.

    Only the language differs: `system` finds the program that is under test, and needs no network.
    """
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"])
    local = [{**hook, "language": "system"} for hook in HOOKS]
    repo.write(".pre-commit-config.yaml", json.dumps({"repos": [{"repo": "local", "hooks": local}]}))
    repo.commit("first")
    pre_commit(repo, "install", "-t", "pre-commit", "-t", "pre-merge-commit", code=0)
    return repo


def pre_commit(repo: Repo, *arguments: str, code: int) -> str:
    """What the program `pre-commit` prints."""
    command = [sys.executable, "-m", "pre_commit", *arguments]
    done = subprocess.run(command, cwd=repo.path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def commit(repo: Repo, *, code: int) -> str:
    """What `git commit` prints, the hooks' output with it."""
    command = ["git", "commit", "-m", "change"]
    done = subprocess.run(command, cwd=repo.path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def texts(repo: Repo, revision: str = "") -> list[str]:
    """The texts of the memories in a revision, or in the index."""
    return [memory["text"] for memory in json.loads(repo.git("show", f"{revision}:{MEMORIES}"))]


def committed_entry(repo: Repo) -> None:
    """An entry and its memories, committed under the hooks."""
    repo.write(ENTRY, entry_text("First", body="Version one."))
    repo.git("add", ENTRY)
    commit(repo, code=1)
    repo.git("add", MEMORIES)
    commit(repo, code=0)


@pytest.mark.parametrize("command", ["validate-manifest", "validate-config"])
def test_pre_commit_accepts_our_files(repo: Repo, command: str) -> None:
    name = {"validate-manifest": ".pre-commit-hooks.yaml", "validate-config": ".pre-commit-config.yaml"}[command]
    assert "InvalidManifest" not in pre_commit(repo, command, str(ROOT / name), code=0)


def test_the_manifest_offers_both_hooks_on_commits_and_merges() -> None:
    assert {hook["id"]: hook["entry"] for hook in HOOKS} == {
        "journal-validate": "journal hook validate",
        "journal-export": "journal hook export",
    }
    assert {hook["language"] for hook in HOOKS} == {"python"}
    assert [hook["pass_filenames"] for hook in HOOKS] == [False, False]
    assert [hook["stages"] for hook in HOOKS] == [["pre-commit", "pre-merge-commit"]] * 2


def test_this_project_runs_the_hooks_that_it_offers() -> None:
    keys = ("entry", "files", "always_run", "pass_filenames", "stages")
    own = {hook["id"]: hook for repo in OWN["repos"] for hook in repo["hooks"]}
    for hook in HOOKS:
        assert {key: own[hook["id"]].get(key) for key in keys} == {key: hook.get(key) for key in keys}


@pytest.mark.parametrize(
    "path",
    [
        "journal/entries/2025-04-05-14-30-first.md",
        "journal/memories.json",
        "journal.toml",
        "entries/08-04-2025-19-45.md",
        "memories.json",
        "notes/été/log.md",
        "data/souvenirs.json",
        ".augment/config.json",
    ],
)
def test_files_that_can_be_of_a_journal_are_looked_at(path: str) -> None:
    patterns = [hook["files"] for hook in HOOKS if not hook.get("always_run")]
    assert patterns
    assert all(re.search(pattern, path) for pattern in patterns)


@pytest.mark.parametrize("path", ["sync/cli/app.py", "pyproject.toml", "docs/journal.toml", "a.md.orig", "x.jsonl"])
def test_other_files_are_not_looked_at(path: str) -> None:
    assert [hook["id"] for hook in HOOKS if not hook.get("always_run") and re.search(hook["files"], path)] == []


def test_a_commit_without_its_memories_fails_with_them_written_and_passes_once_they_are_added(hooked: Repo) -> None:
    before = hooked.git("rev-parse", "HEAD")
    hooked.write(ENTRY, entry_text("First"))
    hooked.git("add", ENTRY)
    assert f"git add {MEMORIES}" in commit(hooked, code=1)
    assert hooked.git("rev-parse", "HEAD") == before
    assert hooked.git("status", "--short", "--untracked-files=all") == f"A  {ENTRY}\n?? {MEMORIES}\n"
    hooked.git("add", MEMORIES)
    commit(hooked, code=0)
    assert ["First" in text for text in texts(hooked, "HEAD")] == [True]
    assert hooked.git("status", "--short") == ""


def test_a_fault_in_a_staged_entry_stops_the_commit_and_names_its_place(hooked: Repo) -> None:
    hooked.write(ENTRY, entry_text("First").replace("tags: [one, two]", "tags: [one, two"))
    hooked.git("add", ENTRY)
    assert re.search(rf"{re.escape(ENTRY)}:\d+:\d+: ", commit(hooked, code=1))


def test_a_fault_that_is_not_staged_stops_nothing(hooked: Repo) -> None:
    committed_entry(hooked)
    hooked.write(ENTRY, entry_text("First").replace("tags: [one, two]", "tags: [one, two"))
    hooked.write("README.md", "# Project\n")
    hooked.git("add", "README.md")
    commit(hooked, code=0)
    assert "tags: [one, two\n" in hooked.read(ENTRY)


def test_a_partly_staged_entry_keeps_its_other_change_and_memories_are_those_of_what_is_staged(hooked: Repo) -> None:
    committed_entry(hooked)
    hooked.write(ENTRY, entry_text("First", body="Version two."))
    hooked.git("add", ENTRY)
    hooked.write(ENTRY, entry_text("First", body="Version three."))
    commit(hooked, code=1)
    assert "Version three." in hooked.read(ENTRY)
    hooked.git("add", MEMORIES)
    commit(hooked, code=0)
    assert "Version three." in hooked.read(ENTRY)
    assert ["Version two." in text for text in texts(hooked, "HEAD")] == [True]
    assert hooked.git("status", "--short") == f" M {ENTRY}\n"


def test_memories_of_what_is_not_staged_end_as_those_of_what_is(hooked: Repo) -> None:
    committed_entry(hooked)
    hooked.write(ENTRY, entry_text("First", body="Version two."))
    hooked.git("add", ENTRY)
    hooked.write(ENTRY, entry_text("First", body="Version three."))
    hooked.journal("export")
    commit(hooked, code=1)
    # pre-commit takes a fix back that meets an unstaged change of the same file; nothing of it is staged either way.
    assert ["Version one." in text for text in texts(hooked)] == [True]
    hooked.git("add", MEMORIES)
    commit(hooked, code=1)
    hooked.git("add", MEMORIES)
    commit(hooked, code=0)
    assert ["Version two." in text for text in texts(hooked, "HEAD")] == [True]
    assert "Version three." in hooked.read(ENTRY)


@pytest.mark.parametrize("others", [0, 1])
def test_the_memory_of_a_deleted_entry_goes_with_it(hooked: Repo, others: int) -> None:
    """Git removes the folder together with its last file; the journal is one still."""
    if others:
        hooked.write("journal/entries/2025-04-06-09-00-second.md", entry_text("Second"))
        hooked.git("add", "journal/entries")
    committed_entry(hooked)
    hooked.git("rm", "-q", ENTRY)
    commit(hooked, code=1)
    hooked.git("add", MEMORIES)
    commit(hooked, code=0)
    assert len(texts(hooked, "HEAD")) == others


def test_a_clean_merge_is_checked_too(hooked: Repo) -> None:
    committed_entry(hooked)
    hooked.git("checkout", "-q", "-b", "side")
    hooked.write("journal/entries/2025-04-06-09-00-second.md", entry_text("Second"))
    hooked.git("add", "journal/entries")
    hooked.git("commit", "-q", "--no-verify", "-m", "an entry without its memory")
    hooked.git("checkout", "-q", "main")
    hooked.write("README.md", "# Project\n")
    hooked.git("add", "README.md")
    commit(hooked, code=0)
    hooked.git("merge", "--no-edit", "side", check=False)
    assert hooked.git("rev-list", "--merges", "HEAD") == ""
    hooked.git("add", MEMORIES)
    commit(hooked, code=0)
    assert hooked.git("rev-list", "--count", "--merges", "HEAD") == "1\n"
    assert len(texts(hooked, "HEAD")) == 2


def test_folders_that_a_project_chose_are_kept_as_well(hooked: Repo) -> None:
    hooked.write("journal.toml", '[journal]\nentries = "notes/log"\nmemories = "data/souvenirs.json"\n')
    hooked.write("notes/log/2025-04-05-14-30-first.md", entry_text("First"))
    hooked.git("add", "journal.toml", "notes")
    commit(hooked, code=1)
    hooked.git("add", "data/souvenirs.json")
    commit(hooked, code=0)
    assert len(json.loads(hooked.git("show", "HEAD:data/souvenirs.json"))) == 1


def test_a_commit_without_anything_of_a_journal_writes_nothing(hooked: Repo) -> None:
    hooked.write("README.md", "# Project\n")
    hooked.git("add", "README.md")
    commit(hooked, code=0)
    assert sorted(path.name for path in hooked.path.iterdir()) == [".git", ".pre-commit-config.yaml", "README.md"]
