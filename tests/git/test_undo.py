"""Undoing a sync: both sides are what they were before it, whatever it did; what came later stays, or stops it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo
from syncing import ENTRIES, STORES, Synced, entry_of, make_synced, prepare

import sync.engine.place
import sync.operations.undo
from sync.errors import RetryError

each_store = pytest.mark.parametrize("store", STORES)


def journal_edit(synced: Synced) -> None:
    synced.edit_entry("e1", "e1 first", "e1 by the journal")


def journal_add(synced: Synced) -> None:
    synced.write_entry("n1", "n1 first")
    synced.repo.commit("n1")


def journal_delete(synced: Synced) -> None:
    (synced.repo.path / f"{ENTRIES}/e1.md").unlink()
    synced.repo.commit("e1 goes")


def journal_rename(synced: Synced) -> None:
    synced.repo.git("mv", f"{ENTRIES}/e1.md", f"{ENTRIES}/z1.md")
    synced.repo.commit("e1 is z1")


def store_edit(synced: Synced) -> None:
    synced.box.edit("e1", "e1 first", "e1 by the store")


def store_add(synced: Synced) -> None:
    synced.box.add("n1", "n1 first")


def store_delete(synced: Synced) -> None:
    synced.box.delete("e1")


def store_rename(synced: Synced) -> None:
    synced.box.rename("e1", "z1")


def both_edit(synced: Synced) -> None:
    synced.edit_entry("e1", "e1 first", "e1 by the journal")
    synced.box.edit("e1", "e1 third", "e1 by the store")


def both_clash(synced: Synced) -> None:
    synced.edit_entry("e1", "e1 first", "e1 by the journal")
    synced.box.edit("e1", "e1 first", "e1 by the store")


def everything_at_once(synced: Synced) -> None:
    journal_add(synced)
    store_delete(synced)
    synced.box.edit("e2", "e2 first", "e2 by the store")
    synced.edit_entry("e2", "e2 third", "e2 by the journal")


CHANGES = [
    journal_edit,
    journal_add,
    journal_delete,
    journal_rename,
    store_edit,
    store_add,
    store_delete,
    store_rename,
    both_edit,
    both_clash,
    everything_at_once,
]
each_change = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)


def state(synced: Synced) -> dict[str, Any]:
    """What journal and stores say, and which conflicts there are."""
    texts = {name: synced.repo.git("show", f"HEAD:{ENTRIES}/{name}.md") for name in sorted(synced.names())}
    said = {name: box.said() for name, box in synced.boxes.items()}
    return {"entries": texts, "said": said, "conflicts": sorted(synced.conflicts())}


def lines_of(synced: Synced) -> dict[str, list[bytes]]:
    """The lines of every file of journal and stores, sorted."""
    folders = ("journal/", "mcp/", "claude/", ".augment/")
    return {path: sorted(data.split(b"\n")) for path, data in synced.everything().items() if path.startswith(folders)}


@each_store
@each_change
def test_both_sides_are_what_they_were_and_the_next_sync_does_it_again(
    repo: Repo, store: str, change: Callable[[Synced], None]
) -> None:
    synced = make_synced(repo, store)
    change(synced)
    before, raw = state(synced), lines_of(synced)
    synced.sync(code=None)
    after = state(synced)
    repo.journal("undo")
    assert state(synced) == before
    assert lines_of(synced) == raw, "byte by byte, but for the order of records"
    assert synced.status() == ""
    synced.sync(code=None)
    assert state(synced) == after


@each_store
def test_a_dry_run_tells_what_would_be_undone_and_writes_nothing(repo: Repo, store: str) -> None:
    synced = make_synced(repo, store)
    both_edit(synced)
    synced.sync()
    before = synced.everything()
    told = json.loads(repo.journal("undo", "--dry-run", "--json").stdout)
    assert synced.everything() == before
    assert told == json.loads(repo.journal("undo", "--json").stdout)
    assert [one["entries"] for one in told["undone"]] == [[f"{ENTRIES}/e1.md"]]


@each_store
def test_the_first_sync_is_undone_too(repo: Repo, store: str) -> None:
    synced = prepare(repo, store)
    synced.box.add("n1", "n1 first")
    before = state(synced)
    synced.sync()
    assert "n1" in synced.names()
    repo.journal("undo")
    assert state(synced) == before
    assert repo.git("for-each-ref", "refs/journal/") == ""
    assert "there was no sync" in repo.journal("undo", code=2).stderr
    synced.sync()
    assert synced.names() == set(synced.box.said()) == {"e1", "e2", "e3", "n1"}


@each_store
def test_undoing_twice_goes_back_two_syncs(repo: Repo, store: str) -> None:
    synced = make_synced(repo, store)
    store_edit(synced)
    start = state(synced)
    synced.sync()
    synced.box.add("n1", "n1 first")
    middle = state(synced)
    synced.sync()
    repo.journal("undo")
    assert state(synced) == middle
    repo.journal("undo")
    assert state(synced)["entries"] == start["entries"]
    assert synced.box.said() == start["said"][store] | {"n1": ["n1 first"]}, "what the store said since is its own"


def test_a_run_with_several_stores_and_passes_is_undone_as_one(repo: Repo) -> None:
    synced = make_synced(repo, *STORES)
    synced.boxes["mcp"].add("n1", "n1 first")
    synced.boxes["claude"].edit("e1", "e1 first", "e1 by claude")
    synced.boxes["augment"].edit("e1", "e1 third", "e1 by augment")
    synced.boxes["augment"].delete("e3")
    synced.edit_entry("e2", "e2 first", "e2 by the journal")
    before = state(synced)
    synced.sync()
    after = state(synced)
    assert len({json.dumps(said, sort_keys=True) for said in after["said"].values()}) == 1
    told = json.loads(repo.journal("undo", "--json").stdout)
    assert {one["store"] for one in told["undone"]} == set(STORES)
    assert state(synced) == before
    synced.sync()
    assert state(synced) == after


def test_only_stores_that_the_last_run_synced_are_undone(repo: Repo) -> None:
    synced = make_synced(repo, "claude", "mcp")
    synced.boxes["mcp"].edit("e1", "e1 first", "e1 by mcp")
    synced.sync()
    claude = synced.boxes["claude"].said()
    synced.boxes["mcp"].add("n1", "n1 first")
    synced.sync("--store", "mcp")
    repo.journal("undo")
    assert "n1" not in synced.names()
    assert "n1" in synced.boxes["mcp"].said()
    assert synced.boxes["claude"].said() == claude


@each_store
def test_later_edits_of_other_places_survive(repo: Repo, store: str) -> None:
    synced = make_synced(repo, store)
    store_edit(synced)
    synced.sync()
    synced.edit_entry("e1", "e1 third", "e1 third, later")
    synced.edit_entry("e2", "e2 first", "e2 later")
    synced.box.append("e3", "e3 later")
    repo.journal("undo")
    assert "e1 first" in synced.entry("e1")
    assert "e1 third, later" in synced.entry("e1")
    assert "e2 later" in synced.entry("e2")
    assert "e3 later" in synced.box.said()["e3"]


def later_edit(synced: Synced) -> None:
    synced.edit_entry("e1", "e1 by the store", "e1 by the store, later")


def later_deletion(synced: Synced) -> None:
    journal_delete(synced)


def later_rename(synced: Synced) -> None:
    journal_rename(synced)


def later_change_without_commit(synced: Synced) -> None:
    synced.repo.write(f"{ENTRIES}/e1.md", synced.entry("e1") + "- e1 not committed\n")


def later_staged_change(synced: Synced) -> None:
    later_change_without_commit(synced)
    synced.repo.git("add", f"{ENTRIES}/e1.md")


@pytest.mark.parametrize(
    "later",
    [later_edit, later_deletion, later_rename, later_change_without_commit, later_staged_change],
    ids=lambda one: one.__name__,
)
def test_what_was_changed_again_in_the_same_place_stops_it(repo: Repo, later: Callable[[Synced], None]) -> None:
    synced = make_synced(repo, "mcp")
    store_edit(synced)
    synced.sync()
    later(synced)
    before = synced.everything()
    repo.journal("undo", code=3)
    assert synced.everything() == before


def test_a_record_that_was_changed_again_stops_it(repo: Repo) -> None:
    synced = make_synced(repo, "mcp")
    journal_edit(synced)
    synced.sync()
    synced.box.edit("e1", "e1 by the journal", "e1 by the store, later")
    before = synced.everything()
    assert "changed again" in repo.journal("undo", code=3).stderr
    assert synced.everything() == before


def test_nothing_of_a_run_is_undone_where_one_store_refuses(repo: Repo) -> None:
    synced = make_synced(repo, *STORES)
    journal_edit(synced)
    synced.sync()
    synced.boxes["augment"].edit("e1", "e1 by the journal", "e1 later")
    before = synced.everything()
    repo.journal("undo", code=3)
    assert synced.everything() == before


def test_an_entry_in_the_place_of_one_that_was_renamed_is_never_overwritten(repo: Repo) -> None:
    synced = make_synced(repo, "claude")
    synced.box.delete("e1")
    synced.box.add("z1", "e1 first", "e1 second", "e1 third")
    synced.sync()
    assert synced.names() == {"e2", "e3", "z1"}
    synced.write_entry("e1", "somebody's new entry")
    repo.commit("another e1")
    before = synced.everything()
    repo.journal("undo", code=3)
    assert synced.everything() == before


def test_what_was_changed_back_by_hand_is_in_nobodys_way(repo: Repo) -> None:
    synced = make_synced(repo, "mcp")
    synced.box.add("n1", "n1 first")
    synced.box.edit("e2", "e2 first", "e2 by the store")
    synced.sync()
    repo.git("rm", "-q", f"{ENTRIES}/n1.md")
    repo.commit("not n1")
    repo.journal("undo")
    assert synced.names() == {"e1", "e2", "e3"}
    assert "e2 first" in synced.entry("e2")
    assert "n1" in synced.box.said()


def test_files_of_the_user_are_not_touched(repo: Repo) -> None:
    synced = make_synced(repo, "mcp")
    store_edit(synced)
    synced.sync()
    repo.write(f"{ENTRIES}/e2.md", entry_of("e2", "not committed"))
    repo.write("staged.txt", "staged\n")
    repo.git("add", "staged.txt")
    before = synced.status()
    repo.journal("undo")
    assert synced.status() == before
    assert synced.entry("e2") == entry_of("e2", "not committed")


def test_a_store_that_is_gone_stops_it(repo: Repo) -> None:
    synced = make_synced(repo, "claude")
    store_edit(synced)
    synced.sync()
    shutil.rmtree(synced.box.path)
    before = synced.everything()
    assert "not on this machine" in repo.journal("undo", code=3).stderr
    assert synced.everything() == before


def test_the_tracked_memories_go_back_with_the_entries(repo: Repo) -> None:
    synced = make_synced(repo, "mcp")
    repo.journal("export")
    repo.commit("memories")
    synced.sync()
    before = repo.read("journal/memories.json")
    store_edit(synced)
    synced.sync()
    assert repo.read("journal/memories.json") != before
    repo.journal("undo")
    assert repo.read("journal/memories.json") == before
    assert synced.status() == ""


def test_a_store_in_the_repository_is_committed_as_it_was(repo: Repo) -> None:
    synced = make_synced(repo, "claude", "mcp", ignored="/ignored/\n")
    repo.commit("the stores")
    synced.sync()
    before = repo.git("rev-parse", "HEAD^{tree}")
    synced.edit_entry("e1", "e1 first", "e1 by the journal")
    synced.sync()
    repo.journal("undo")
    assert synced.status() == ""
    changed = repo.git("diff", "--name-only", before.strip(), "HEAD").split()
    assert changed == [f"{ENTRIES}/e1.md"], "the edit is the user's own"


def test_a_store_that_is_staged_stops_it(repo: Repo) -> None:
    synced = make_synced(repo, "mcp", ignored="/ignored/\n")
    repo.commit("the store")
    journal_edit(synced)
    synced.sync()
    synced.box.add("n1", "n1 first")
    repo.git("add", "mcp")
    before = synced.everything()
    assert "is staged" in repo.journal("undo", code=3).stderr
    assert synced.everything() == before


def test_what_others_write_meanwhile_stays(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = make_synced(repo, "mcp")
    journal_edit(synced)
    synced.sync()
    real, written = sync.engine.place.__dict__["swap"], list[bool]()

    def write_first(*arguments: Any, **options: Any) -> Any:
        if not written:
            written.append(True)
            synced.box.add("n1", "n1 at the same moment")
        return real(*arguments, **options)

    monkeypatch.setattr(sync.engine.place, "swap", write_first)
    repo.journal("undo", code=None)
    monkeypatch.undo()
    assert synced.box.said()["n1"] == ["n1 at the same moment"]
    synced.sync()
    assert "n1" in synced.names()
    assert synced.box.said()["e1"][0] == "e1 by the journal"


@pytest.mark.parametrize("where", ["commit", "write_place", "tracked_store"])
@each_change
def test_a_death_while_a_sync_is_undone_loses_nothing(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, change: Callable[[Synced], None], where: str
) -> None:
    def die(*_arguments: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    synced = make_synced(repo, "mcp")
    change(synced)
    synced.sync(code=None)
    after = state(synced)
    monkeypatch.setattr(sync.operations.undo, where, die)
    repo.journal("undo", code=None)
    monkeypatch.undo()
    synced.sync(code=None)
    assert state(synced) == after


def test_an_undo_that_cannot_commit_changes_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise RetryError("the branch moved")

    synced = make_synced(repo, "mcp")
    store_edit(synced)
    synced.sync()
    before = synced.everything()
    monkeypatch.setattr(sync.operations.undo, "commit", refuse)
    repo.journal("undo", code=4)
    assert synced.everything() == before


def test_without_a_repository_there_is_nothing_to_undo(tmp_path: Path) -> None:
    assert "no repository" in Repo(tmp_path).journal("undo", code=2).stderr


def test_another_place_of_the_same_format_is_not_what_was_synced(repo: Repo, tmp_path: Path) -> None:
    synced = make_synced(repo, "mcp")
    store_edit(synced)
    synced.sync()
    (tmp_path / "memory.jsonl").write_text("", encoding="utf-8")
    repo.git("config", "journal.mcp.path", str(tmp_path / "memory.jsonl"))
    assert "there was no sync" in repo.journal("undo", code=2).stderr
    assert (tmp_path / "memory.jsonl").read_text(encoding="utf-8") == ""


def test_the_history_tells_an_undo(repo: Repo) -> None:
    synced = make_synced(repo, "claude", "mcp")
    synced.boxes["mcp"].edit("e1", "e1 first", "e1 by mcp")
    synced.sync()
    repo.journal("undo")
    newest = json.loads(repo.journal("log", "--json").stdout)["commits"][0]
    assert newest["subject"].startswith("Undo the last sync with ")
    assert set(newest["store"].split(",")) == {"claude", "mcp"}
