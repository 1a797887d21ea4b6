"""The Python face that scripts use, and the command that Augment is told to run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from repositories import Repo, entry_text

import sync
from sync import AugmentJournalIntegration
from sync.errors import UsageError

ENTRY = "journal/entries/2025-04-05-14-30-encoding.md"


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """A journal with one entry and one memory of an assistant."""
    repo.write(ENTRY, entry_text("Encoding", tags="no, 1.10", body="Scripts need UTF-8 with BOM."))
    repo.write(".augment/memories/agent.json", json.dumps([{"text": "Build: use pnpm"}]))
    return repo


def test_the_integration_knows_where_things_are(journal: Repo) -> None:
    integration = AugmentJournalIntegration(journal.path / "journal")
    assert (
        integration.journal_dir,
        integration.entries_dir,
        integration.augment_memories_file,
        integration.augment_memories_dir,
    ) == tuple(
        journal.path / path for path in ("journal", "journal/entries", "journal/memories.json", ".augment/memories")
    )


def test_the_integration_exports(journal: Repo) -> None:
    result = AugmentJournalIntegration(journal.path).export_journal_to_augment()
    assert [target.exported for target in result.targets] == [1, 1]


def test_the_integration_imports(journal: Repo) -> None:
    result = AugmentJournalIntegration(journal.path).import_augment_to_journal()
    assert [entry.theme for entry in result.entries] == ["Build"]


def test_the_integration_creates_one_memory(journal: Repo) -> None:
    created = AugmentJournalIntegration(journal.path).create_augment_memory_from_entry(journal.path / ENTRY)
    (memory,) = json.loads(journal.read(created.path))
    assert memory["text"] == "[JOURNAL DE BORD] Encoding: # Encoding\n\nScripts need UTF-8 with BOM."


def test_an_entry_is_read_as_a_post_with_its_values_as_written(journal: Repo) -> None:
    post = AugmentJournalIntegration(journal.path).read_entry(journal.path / ENTRY)
    assert (post["title"], post["tags"], post["heure"]) == ("Encoding", ["no", "1.10"], "14-30")


def test_a_post_holds_the_body(journal: Repo) -> None:
    post = AugmentJournalIntegration(journal.path).read_entry(journal.path / ENTRY)
    assert post.content.strip() == "# Encoding\n\nScripts need UTF-8 with BOM."


@pytest.mark.parametrize(("name", "data"), [("none.md", None), ("bad.md", b"\xff")], ids=["missing", "bytes"])
def test_what_cannot_be_read_as_an_entry_is_an_error(journal: Repo, name: str, data: bytes | None) -> None:
    if data is not None:
        journal.write(name, data)
    with pytest.raises(UsageError, match=name):
        AugmentJournalIntegration(journal.path).read_entry(journal.path / name)


def test_the_package_offers_what_it_names() -> None:
    assert {name: hasattr(sync, name) for name in sync.__all__} == dict.fromkeys(sync.__all__, True)
    assert not hasattr(sync, "nothing")


def test_the_command_that_augment_is_told_answers_a_question(journal: Repo) -> None:
    journal.journal("init")
    (provider,) = json.loads(journal.read(".augment/config.json"))["context_providers"]
    question = "-- BOM's $(touch pwned)"
    command = [part.replace("${query}", question) for part in shlex.split(provider["command"])]
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=journal.path, capture_output=True, text=True, check=True, env=os.environ | {"PATH": path}
    )
    assert "Scripts need UTF-8 with BOM." in done.stdout


def test_python_m_sync_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sync", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"journal {sync.__version__}\n"
