"""What an assistant wrote into delivered memories is never overwritten: not by an export, a hook, or `create`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo
from syncing import ENTRIES, AugmentBox, Synced, entry_of, make_synced, prepare

from sync.document.settings import Settings
from sync.engine.delivered import edited_keys

DELIVERED = ".augment/memories/journal_memories.json"


def delivered(repo: Repo) -> Synced:
    """A journal whose memories were delivered by an export, and never synced."""
    made = prepare(repo, "augment")
    repo.journal("export")
    repo.commit("memories")
    return made


def reword(box: AugmentBox) -> None:
    box.edit("e1", "e1 first", "e1 by the assistant")


def remember_more(box: AugmentBox) -> None:
    box.add("n1", "n1 by the assistant")


def tag(box: AugmentBox) -> None:
    items = json.loads(box.path.read_bytes())
    items[0]["metadata"]["tags"] = ["by the assistant"]
    box.path.write_text(json.dumps(items), encoding="utf-8")


EDITS = [reword, remember_more, tag]
each_edit = pytest.mark.parametrize("edit", EDITS, ids=lambda one: one.__name__)


def by_export(repo: Repo) -> None:
    done = repo.journal("export")
    assert "run: journal sync" in done.stdout + done.stderr


def by_hook(repo: Repo) -> None:
    repo.git("add", ENTRIES)
    repo.journal("hook", "pre-commit", code=None)


def by_merge_hook(repo: Repo) -> None:
    repo.git("commit", "-q", "-am", "an edit")
    repo.git("update-ref", "ORIG_HEAD", "HEAD~1")
    repo.journal("hook", "post-merge", "0")


def by_narrower_export(repo: Repo) -> None:
    repo.journal("export", "--tag", "none")


each_writer = pytest.mark.parametrize(
    "write", [by_export, by_hook, by_merge_hook, by_narrower_export], ids=lambda one: one.__name__
)


@each_edit
@each_writer
def test_before_the_first_sync_what_was_edited_stays(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, edit: Callable[[Any], None], write: Callable[[Repo], None]
) -> None:
    made = delivered(repo)
    edit(made.box)
    kept = repo.read(DELIVERED)
    repo.write(f"{ENTRIES}/e2.md", entry_of("e2", "e2 by the journal"))
    monkeypatch.chdir(repo.path)
    write(repo)
    assert repo.read(DELIVERED) == kept


@pytest.mark.parametrize("write", [by_hook, by_merge_hook, lambda repo: repo.journal("export")])
def test_after_a_sync_the_file_is_left_to_the_sync(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, write: Callable[[Repo], None]
) -> None:
    made = make_synced(repo, "augment")
    reword(made.box)  # type: ignore[arg-type]
    kept = repo.read(DELIVERED)
    repo.write(f"{ENTRIES}/e2.md", entry_of("e2", "e2 by the journal"))
    monkeypatch.chdir(repo.path)
    write(repo)
    assert repo.read(DELIVERED) == kept
    repo.commit("e2")
    made.sync()
    assert made.box.said()["e1"][0] == "e1 by the assistant"
    assert made.box.said()["e2"] == ["e2 by the journal"]
    assert "e1 by the assistant" in made.entry("e1")


@each_edit
def test_the_first_sync_takes_over_or_records_what_was_edited(repo: Repo, edit: Callable[[Any], None]) -> None:
    made = delivered(repo)
    edit(made.box)
    said = made.box.said()
    made.sync(code=None)
    assert made.box.said() == said
    told = [repo.git("show", "HEAD", "--", "journal"), json.dumps(made.conflicts())]
    assert any("by the assistant" in one for one in told)


def test_an_export_that_leaves_the_file_alone_says_why_and_writes_the_tracked_one(repo: Repo) -> None:
    made = delivered(repo)
    reword(made.box)  # type: ignore[arg-type]
    made.write_entry("n2", "n2 first")
    told = repo.journal("export", "--json")
    notes = json.loads(told.stdout)["notes"]
    assert notes == [f"{DELIVERED}: left as it is, since e1 was changed there; run: journal sync"]
    assert '"n2"' in repo.read("journal/memories.json")


def test_an_export_is_not_stale_because_of_what_an_assistant_wrote(repo: Repo) -> None:
    made = delivered(repo)
    reword(made.box)  # type: ignore[arg-type]
    repo.journal("export", "--check")
    assert made.box.said()["e1"][0] == "e1 by the assistant"


def test_what_nobody_edited_is_brought_up_to_date(repo: Repo) -> None:
    made = delivered(repo)
    made.edit_entry("e1", "e1 first", "e1 by the journal")
    repo.journal("export")
    assert made.box.said()["e1"][0] == "e1 by the journal"


def test_a_file_that_nobody_edited_is_known_without_the_memory_of_exports(repo: Repo) -> None:
    """Another clone's, or one whose `.git/journal` was thrown away: the memories name the blobs they were made of."""
    made = delivered(repo)
    for state in (repo.path / ".git/journal").glob("*"):
        state.unlink()
    os.utime(repo.path / DELIVERED)
    made.edit_entry("e1", "e1 first", "e1 by the journal")
    repo.journal("export")
    assert made.box.said()["e1"][0] == "e1 by the journal"


@pytest.mark.parametrize("data", [b"", b"not JSON", b"[", b"{}", b"<<<<<<< ours\n[]\n=======\n[]\n>>>>>>> theirs\n"])
def test_a_file_of_no_memories_is_made_anew(repo: Repo, data: bytes) -> None:
    made = delivered(repo)
    repo.write(DELIVERED, data)
    repo.journal("export")
    assert set(made.box.said()) == {"e1", "e2", "e3"}


def keys(repo: Repo) -> list[str]:
    return edited_keys(repo.path, (repo.path / DELIVERED).read_bytes(), Settings().view)


def test_only_memories_that_differ_from_their_entry_count_as_edited(repo: Repo) -> None:
    made = delivered(repo)
    assert keys(repo) == []
    reword(made.box)  # type: ignore[arg-type]
    made.box.add("n1", "n1 first")
    assert {"e1", "n1"} <= set(keys(repo))


@pytest.mark.parametrize("blob", ["0" * 40, "HEAD", "--all", "", None, 7])
def test_a_memory_that_names_no_entry_of_this_repository_counts_as_edited(repo: Repo, blob: object) -> None:
    delivered(repo)
    items = json.loads(repo.read(DELIVERED))
    items[0]["metadata"]["source_blob"] = blob
    repo.write(DELIVERED, json.dumps(items))
    assert items[0]["metadata"]["id"] in keys(repo)


def test_a_memory_made_by_create_and_edited_is_not_overwritten(repo: Repo) -> None:
    made = delivered(repo)
    repo.journal("create", "--entry", f"{ENTRIES}/e1.md")
    box = AugmentBox(Path(repo.path / ".augment/memories/journal_entry_e1.json"))
    box.edit("e1", "e1 first", "e1 by the assistant")
    made.edit_entry("e1", "e1 third", "e1 by the journal")
    repo.journal("create", "--entry", f"{ENTRIES}/e1.md", code=3)
    assert box.said()["e1"][0] == "e1 by the assistant"


def test_a_memory_made_by_create_and_not_edited_is_brought_up_to_date(repo: Repo) -> None:
    made = delivered(repo)
    repo.journal("create", "--entry", f"{ENTRIES}/e1.md")
    made.edit_entry("e1", "e1 third", "e1 by the journal")
    repo.journal("create", "--entry", f"{ENTRIES}/e1.md")
    box = AugmentBox(Path(repo.path / ".augment/memories/journal_entry_e1.json"))
    assert box.said()["e1"][2] == "e1 by the journal"
