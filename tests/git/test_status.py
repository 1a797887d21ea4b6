"""`journal status`: where journal and stores stand, without a trace."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

ENTRY = "journal/entries/2025-04-05-14-30-a.md"
OTHER = "journal/entries/2025-04-06-14-30-b.md"
STORE = ".augment/memories/journal_memories.json"


def told(repo: Repo, code: int = 0) -> dict[str, Any]:
    """What `journal status --json` says."""
    found: dict[str, Any] = json.loads(repo.journal("status", "--json", code=code).stdout)
    return found


def everything(repo: Repo) -> dict[str, tuple[bytes, int]]:
    """Every file of the repository, Git's own included, with its bytes and its time."""
    return {
        str(file): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(repo.path.rglob("*"))
        if file.is_file()
    }


@pytest.fixture
def synced(repo: Repo) -> Repo:
    """An entry that Augment has."""
    repo.journal("init")
    repo.write(ENTRY, entry_text("A"))
    repo.commit()
    (repo.path / ".augment/memories").mkdir(parents=True, exist_ok=True)
    repo.journal("sync")
    return repo


def test_after_a_sync_there_is_nothing_to_do(synced: Repo) -> None:
    (store,) = told(synced)["stores"]
    assert (store["store"], store["due"], store["absent"]) == ("augment", {}, "")
    assert store["place"].endswith(STORE)


def test_it_says_with_which_commit_journal_and_store_agreed(synced: Repo) -> None:
    agreed = told(synced)["stores"][0]["agreed"]
    assert agreed["commit"] == synced.git("rev-parse", "HEAD").strip()
    assert agreed["when"] == "2025-04-05T12:00:00Z".replace("Z", "+00:00") or agreed["when"] == "2025-04-05T12:00:00Z"


def test_a_store_that_was_never_synced_has_no_agreement(repo: Repo) -> None:
    repo.journal("init")
    (repo.path / ".augment/memories").mkdir(parents=True, exist_ok=True)
    repo.commit()
    assert "never" in repo.journal("status").stdout


def test_what_a_sync_would_do_is_counted(synced: Repo) -> None:
    synced.write(OTHER, entry_text("B"))
    synced.write(STORE, synced.read(STORE).replace("Something was learned", "More was learned"))
    synced.git("add", OTHER)
    synced.git("commit", "-q", "-m", "B")
    assert told(synced)["stores"][0]["due"] == {"add to the store": 1, "edit in the journal": 1}


def test_a_store_that_is_not_here_is_said_to_be_absent(repo: Repo) -> None:
    repo.journal("init")
    repo.commit()
    shutil.rmtree(repo.path / ".augment/memories", ignore_errors=True)
    assert told(repo)["stores"][0]["absent"] == "not on this machine"


def test_what_would_stop_a_sync_is_said(synced: Repo) -> None:
    synced.write(STORE, "[{")
    error = told(synced)["stores"][0]["error"]
    assert error["code"] == "shape"


def test_memories_that_wait_to_be_imported_are_counted(synced: Repo) -> None:
    synced.write(".augment/memories/notes.json", json.dumps([{"content": "Always use UTF-8."}]))
    assert told(synced)["to_import"] == 1


def test_entries_that_are_not_committed_are_listed(synced: Repo) -> None:
    synced.write(OTHER, entry_text("B"))
    assert told(synced)["uncommitted"] == [OTHER]


def test_open_conflicts_are_listed_and_exit_with_1(synced: Repo) -> None:
    synced.write(STORE, synced.read(STORE).replace("Something", "Theirs"))
    synced.write(ENTRY, synced.read(ENTRY).replace("Something", "Ours"))
    synced.commit()
    synced.journal("sync", code=1)
    found = told(synced, code=1)
    assert [one["path"] for one in found["conflicts"]] == [ENTRY]
    assert found["stores"][0]["due"] == {"conflict": 1}


def test_a_merge_in_progress_is_said_and_keeps_it_from_nothing(synced: Repo) -> None:
    synced.write(".git/MERGE_HEAD", synced.git("rev-parse", "HEAD"))
    found = told(synced)
    assert found["in_progress"] == "merge"
    assert found["blocked"]["message"] == "a merge is in progress"
    assert found["stores"][0]["due"] == {}


def test_a_detached_head_is_said(synced: Repo) -> None:
    synced.git("checkout", "-q", "--detach")
    assert told(synced)["branch"] == ""
    assert "no branch" in synced.journal("status").stdout


def test_a_repository_without_a_commit_has_a_status(repo: Repo) -> None:
    assert told(repo)["commit"] == ""


def test_a_folder_without_git_has_none(tmp_path: Path) -> None:
    assert "there is no repository" in Repo(tmp_path).journal("status", code=2).stderr


def test_it_changes_no_file_no_ref_no_index_and_no_time(synced: Repo) -> None:
    synced.write(OTHER, entry_text("B"))
    synced.commit()
    synced.write(STORE, synced.read(STORE).replace("Something", "More"))
    synced.write(".augment/memories/notes.json", json.dumps([{"content": "Always use UTF-8."}]))
    synced.write("journal/entries/2025-04-07-14-30-c.md", entry_text("C"))
    os.utime(synced.path / ENTRY, (0, 0))  # Git would like to look again, and to note what it saw
    before, refs = everything(synced), synced.git("for-each-ref")
    told(synced)
    synced.journal("status")
    assert everything(synced) == before
    assert synced.git("for-each-ref") == refs


def test_it_does_not_wait_for_a_run_that_holds_the_lock(synced: Repo) -> None:
    synced.write(".git/journal/lock", json.dumps({"pid": 1, "host": "elsewhere", "expires": 9e12, "token": "x"}))
    assert told(synced)["stores"][0]["due"] == {}


def test_people_are_told_in_a_table(synced: Repo) -> None:
    synced.write(OTHER, entry_text("B"))
    lines = synced.journal("status").stdout.splitlines()
    assert lines[0].startswith("main at ")
    assert lines[1].split() == ["store", "agreed", "due"]
    assert "1 entry is not committed yet" in "\n".join(lines)
