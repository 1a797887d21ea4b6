"""`journal diff` and `journal log`: what would change, and what came from where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

ENTRY = "journal/entries/2025-04-05-14-30-a.md"
OTHER = "journal/entries/2025-04-06-14-30-b.md"
RENAMED = "journal/entries/2025-04-05-14-30-renamed.md"
STORE = ".augment/memories/journal_memories.json"


@pytest.fixture
def synced(repo: Repo) -> Repo:
    """Two entries that Augment has."""
    repo.journal("init")
    repo.write(ENTRY, entry_text("A", body="alpha"))
    repo.write(OTHER, entry_text("B", body="beta"))
    repo.commit("first")
    (repo.path / ".augment/memories").mkdir(parents=True, exist_ok=True)
    repo.journal("sync")
    return repo


def edit(repo: Repo, path: str, old: str, new: str) -> None:
    """Change a file that holds something."""
    assert old in repo.read(path)
    repo.write(path, repo.read(path).replace(old, new))


def differing(repo: Repo, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """What `journal diff --json` says of each entry."""
    found: list[dict[str, Any]] = json.loads(
        repo.journal("diff", "--store", "augment", "--json", *arguments, code=code).stdout
    )["entries"]
    return found


def logged(repo: Repo, *arguments: str) -> list[dict[str, Any]]:
    """What `journal log --json` says of each commit."""
    found: list[dict[str, Any]] = json.loads(repo.journal("log", "--json", *arguments).stdout)["commits"]
    return found


# diff


def test_what_agrees_has_no_difference(synced: Repo) -> None:
    assert synced.journal("diff", "--store", "augment").stdout == "augment: nothing to do\n"


def test_an_edit_in_the_journal_changes_the_store(synced: Repo) -> None:
    edit(synced, ENTRY, "alpha", "gamma")
    synced.commit()
    (found,) = differing(synced)
    assert (found["path"], found["action"]) == (ENTRY, "edit in the store")
    (text,) = found["diffs"]
    assert text.startswith(f"--- {ENTRY} (augment)\n+++ {ENTRY} (augment after the sync)\n")
    assert "\n-alpha\n+gamma\n" in text


def test_an_edit_in_the_store_changes_the_journal(synced: Repo) -> None:
    edit(synced, STORE, "beta", "delta")
    (found,) = differing(synced)
    (text,) = found["diffs"]
    assert (found["path"], found["action"]) == (OTHER, "edit in the journal")
    assert text.startswith(f"--- {OTHER} (journal)\n+++ {OTHER} (journal after the sync)\n")
    assert "\n-beta\n+delta\n" in text


def test_edits_of_both_change_both(synced: Repo) -> None:
    edit(synced, STORE, "beta", "delta")
    edit(synced, OTHER, "tags: [one, two]", "tags: [one]")
    synced.commit()
    (found,) = differing(synced)
    assert found["action"] == "merge"
    assert ["-beta\n+delta" in found["diffs"][0], "-tags: [one, two]\n+tags: [one]" in found["diffs"][1]] == [
        True,
        True,
    ]


def test_a_new_entry_comes_from_dev_null_and_a_deleted_one_goes_there(synced: Repo) -> None:
    synced.write("journal/entries/2025-04-07-14-30-c.md", "# Nothing like the other\n\nNo front matter, either.\n")
    (synced.path / ENTRY).unlink()
    synced.commit()
    gone, new = differing(synced)
    assert (gone["action"], new["action"]) == ("delete from the store", "add to the store")
    assert "\n+++ /dev/null\n" in gone["diffs"][0]
    assert new["diffs"][0].startswith("--- /dev/null\n")


def test_of_a_conflict_theirs_is_shown_against_ours(synced: Repo) -> None:
    edit(synced, STORE, "alpha", "theirs")
    edit(synced, ENTRY, "alpha", "ours")
    synced.commit()
    (found,) = differing(synced, code=1)
    assert "\n-ours\n+theirs\n" in found["diffs"][0]


@pytest.mark.parametrize("word", [ENTRY, f"./{ENTRY}", "2025-04-05-14-30-a"])
def test_an_entry_is_named_by_path_or_id(synced: Repo, word: str) -> None:
    edit(synced, ENTRY, "alpha", "gamma")
    edit(synced, OTHER, "beta", "delta")
    synced.commit()
    assert [one["path"] for one in differing(synced, word)] == [ENTRY]


def test_an_entry_that_does_not_differ_has_no_difference(synced: Repo) -> None:
    edit(synced, ENTRY, "alpha", "gamma")
    synced.commit()
    assert differing(synced, OTHER) == []


def test_an_entry_that_does_not_exist_is_refused(synced: Repo) -> None:
    assert "no such entry" in synced.journal("diff", "--store", "augment", "nothing.md", code=2).stderr


def test_a_last_line_without_an_end_says_so(synced: Repo) -> None:
    synced.write(ENTRY, synced.read(ENTRY).rstrip("\n").replace("alpha", "gamma"))
    synced.commit()
    assert "+gamma\n\\ No newline at end of file\n" in differing(synced)[0]["diffs"][0]


def test_a_diff_writes_nothing(synced: Repo) -> None:
    edit(synced, STORE, "beta", "delta")
    before = synced.git("rev-parse", "HEAD"), synced.read(STORE), synced.read(OTHER)
    synced.journal("diff", "--store", "augment")
    assert (synced.git("rev-parse", "HEAD"), synced.read(STORE), synced.read(OTHER)) == before


def test_a_store_that_is_not_here_is_skipped_and_said(repo: Repo) -> None:
    repo.journal("init")
    repo.commit()
    shutil.rmtree(repo.path / ".augment/memories", ignore_errors=True)
    assert "not on this machine, skipped" in repo.journal("diff", "--store", "augment").stdout


def test_what_a_terminal_would_obey_is_spelled(synced: Repo) -> None:
    edit(synced, STORE, "beta", "\\u202edelta")
    assert "\\u202edelta" in synced.journal("diff", "--store", "augment").stdout


# log


def test_what_came_from_a_store_is_listed_newest_first(synced: Repo) -> None:
    for old, new in (("beta", "delta"), ("delta", "epsilon")):
        edit(synced, STORE, old, new)
        synced.journal("sync")
    found = logged(synced)
    assert [one["store"] for one in found] == ["augment", "augment"]
    assert [one["commit"] for one in found] == synced.git("rev-list", "-2", "HEAD").split()
    assert found[0]["counts"] == {"edited": 1}
    assert found[0]["subject"].startswith("Take over from augment")


def test_what_people_committed_is_not_in_it(synced: Repo) -> None:
    synced.git(
        "commit", "-q", "--allow-empty", "-m", "About\n\nJournal-Store: in the middle of\na text, no trailer\n\nend"
    )
    assert synced.journal("log").stdout == "nothing has come from a store yet\n"


def test_a_limit_keeps_the_newest(synced: Repo) -> None:
    for old, new in (("beta", "delta"), ("delta", "epsilon")):
        edit(synced, STORE, old, new)
        synced.journal("sync")
    assert [one["commit"] for one in logged(synced, "--limit", "1")] == [synced.git("rev-parse", "HEAD").strip()]


def test_one_entry_has_all_its_commits_through_renames_and_which_came_from_a_store(synced: Repo) -> None:
    edit(synced, STORE, "alpha", "from Augment")
    synced.journal("sync")
    synced.git("mv", ENTRY, RENAMED)
    synced.commit("rename")
    found = logged(synced, RENAMED)
    assert [(one["store"], one["counts"]) for one in found] == [
        ("", {"renamed": 1}), ("augment", {"edited": 1}), ("", {"added": 1}),
    ]  # fmt: skip
    assert "you" in synced.journal("log", RENAMED).stdout


@pytest.mark.parametrize("word", [ENTRY, "2025-04-05-14-30-a", "named"])
def test_an_entry_is_found_by_path_or_id(synced: Repo, word: str) -> None:
    edit(synced, ENTRY, "title: A", "id: named\ntitle: A")
    synced.commit("name it")
    assert [one["subject"] for one in logged(synced, word)] == ["name it", "first"]


def test_an_entry_that_was_deleted_still_has_its_commits(synced: Repo) -> None:
    (synced.path / ENTRY).unlink()
    synced.commit("delete it")
    assert [one["counts"] for one in logged(synced, ENTRY)] == [{"deleted": 1}, {"added": 1}]


def test_an_entry_that_never_was_is_refused(synced: Repo) -> None:
    assert "no such entry" in synced.journal("log", "nothing.md", code=2).stderr


def test_a_path_is_never_an_option_nor_a_pattern(synced: Repo) -> None:
    assert "no such entry" in synced.journal("log", "--", "--all", code=2).stderr
    assert "no such entry" in synced.journal("log", "journal/entries/*.md", code=2).stderr


def test_a_repository_without_commits_has_no_history(repo: Repo) -> None:
    assert logged(repo) == []


def test_without_a_repository_there_is_no_history(tmp_path: Path) -> None:
    assert "there is no repository" in Repo(tmp_path).journal("log", code=2).stderr
