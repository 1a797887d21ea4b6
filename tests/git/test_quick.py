"""A sync that has nothing to do sees it without reading a record: every kind of change is seen, and nothing else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo
from syncing import ENTRIES, STORES, ClaudeBox, Synced, entry_of, make_synced, replace_file

import sync.operations.quick
from sync.engine.syncing import StoreSync
from sync.operations.journal import open_journal
from sync.operations.quick import in_step

each_store = pytest.mark.parametrize("store", STORES)


def is_quick(synced: Synced, *stores: str) -> bool:
    """Whether a sync sees that nothing has changed."""
    return in_step(open_journal(synced.repo.path), stores) is not None


def settled(repo: Repo, *stores: str, **options: Any) -> Synced:
    """A repository whose next sync has nothing to do, and knows it."""
    made = make_synced(repo, *stores, **options)
    wait_until_quick(made)
    return made


def wait_until_quick(synced: Synced) -> None:
    """Sync until it is remembered: what was written a moment ago may change again unseen."""
    for _ in range(200):
        synced.sync()
        if is_quick(synced):
            return
        time.sleep(0.01)
    raise AssertionError("never quick")


@pytest.fixture
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """No store is read."""

    def refuse(*_arguments: Any) -> None:
        raise AssertionError("a store was read")

    monkeypatch.setattr(StoreSync, "run", refuse)


@each_store
def test_with_nothing_to_do_no_store_is_read(repo: Repo, store: str, request: pytest.FixtureRequest) -> None:
    synced = settled(repo, store)
    request.getfixturevalue("no_sync")
    assert synced.told()["by"][store]["counts"]["unchanged"] == 3


def test_several_stores_are_seen_together_and_alone(repo: Repo) -> None:
    synced = settled(repo, *STORES)
    assert all(is_quick(synced, store) for store in STORES)
    synced.boxes["mcp"].add("n1", "n1 first")
    assert not is_quick(synced)
    assert is_quick(synced, "augment", "claude")


def file_of(synced: Synced) -> Path:
    """A file of the one store."""
    return synced.box.path / "e1.md" if isinstance(synced.box, ClaudeBox) else synced.box.path


def same_size_and_time(synced: Synced) -> None:
    """Only the inode's own time tells, which no program can set."""
    file = file_of(synced)
    status = file.stat()
    with file.open("r+b") as opened:
        data = opened.read()
        opened.seek(0)
        opened.write(data.replace(b"e1 first", b"e1 1st  "))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def replaced(synced: Synced) -> None:
    file = file_of(synced)
    status = file.stat()
    replace_file(file, file.read_bytes().replace(b"e1 first", b"e1 1st  "))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def record_added(synced: Synced) -> None:
    synced.box.add("n1", "n1 first")


def record_deleted(synced: Synced) -> None:
    synced.box.delete("e1")


def entry_edited(synced: Synced) -> None:
    synced.edit_entry("e1", "e1 first", "e1 changed")


def entry_added(synced: Synced) -> None:
    synced.write_entry("n1", "n1 first")
    synced.repo.commit("n1")


def entry_renamed(synced: Synced) -> None:
    synced.repo.git("mv", f"{ENTRIES}/e1.md", f"{ENTRIES}/z1.md")
    synced.repo.commit("rename")


def prefix_changed(synced: Synced) -> None:
    settings_changed(synced, '[journal]\nprefix = "NOTES"\n')


def zone_changed(synced: Synced) -> None:
    settings_changed(synced, '[journal]\ntimezone = "Europe/Paris"\n')


def settings_changed(synced: Synced, more: str) -> None:
    synced.repo.write("journal.toml", more + synced.repo.read("journal.toml"))


def selection_changed(synced: Synced) -> None:
    name = next(iter(synced.boxes))
    text = synced.repo.read("journal.toml")
    synced.repo.write("journal.toml", text.replace(f"[stores.{name}]\n", f'[stores.{name}]\nexclude_tags = ["x"]\n'))


def entries_moved(synced: Synced) -> None:
    synced.repo.git("mv", "journal/entries", "journal/notes")
    synced.repo.commit("moved")
    settings_changed(synced, '[journal]\nentries = "journal/notes"\n')


def branch_switched(synced: Synced) -> None:
    synced.repo.git("switch", "-q", "-c", "other")
    entry_edited(synced)
    synced.sync()
    synced.repo.git("switch", "-q", "main")


def base_moved(synced: Synced) -> None:
    (ref,) = synced.repo.git("for-each-ref", "--format=%(refname)", "refs/journal/").split()
    synced.repo.git("update-ref", ref, synced.head())


def base_gone(synced: Synced) -> None:
    (ref,) = synced.repo.git("for-each-ref", "--format=%(refname)", "refs/journal/").split()
    synced.repo.git("update-ref", "-d", ref)


def undone(synced: Synced) -> None:
    synced.box.add("n1", "n1 first")
    wait_until_quick(synced)
    synced.repo.journal("undo")


def memory_cut_short(synced: Synced) -> None:
    (synced.repo.path / ".git/journal/synced.json").write_text('{"mcp": {', encoding="utf-8")


def store_gone(synced: Synced) -> None:
    file_of(synced).unlink()


def folder_gone(synced: Synced) -> None:
    folder = synced.box.path if isinstance(synced.box, ClaudeBox) else synced.box.path.parent
    folder.rename(folder.with_name("elsewhere"))


CHANGES = [
    same_size_and_time,
    replaced,
    record_added,
    record_deleted,
    entry_edited,
    entry_added,
    entry_renamed,
    prefix_changed,
    zone_changed,
    selection_changed,
    entries_moved,
    branch_switched,
    base_moved,
    base_gone,
    undone,
    memory_cut_short,
    store_gone,
    folder_gone,
]


@each_store
@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_every_change_is_seen(repo: Repo, store: str, change: Callable[[Synced], None]) -> None:
    synced = settled(repo, store)
    change(synced)
    assert not is_quick(synced)


def test_a_new_version_of_the_program_looks_again(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = settled(repo, "mcp")
    monkeypatch.setattr(sync.operations.quick, "__version__", "999")
    assert not is_quick(synced)


@pytest.mark.parametrize("name", ["preferences.json", "notes.md", "more.jsonl"])
def test_a_new_file_in_the_folder_of_what_is_imported_is_seen(repo: Repo, name: str) -> None:
    synced = settled(repo, "augment")
    synced.repo.write(f".augment/memories/{name}", "[]")
    assert not is_quick(synced)


def test_another_place_for_the_store_is_seen(repo: Repo, tmp_path: Path) -> None:
    synced = settled(repo, "mcp")
    copy = tmp_path / "memory.jsonl"
    copy.write_bytes(synced.box.path.read_bytes())
    repo.git("config", "journal.mcp.path", str(copy))
    assert not is_quick(synced)


def test_a_store_that_is_a_link_is_watched_where_it_leads(repo: Repo, tmp_path: Path) -> None:
    synced = make_synced(repo, "mcp")
    file = tmp_path / "memory.jsonl"
    file.write_bytes(synced.box.path.read_bytes())
    (tmp_path / "link.jsonl").symlink_to(file)
    repo.git("config", "journal.mcp.path", str(tmp_path / "link.jsonl"))
    wait_until_quick(synced)
    file.write_bytes(file.read_bytes().replace(b"e1 first", b"e1 1st  "))
    assert not is_quick(synced)


def test_a_store_that_was_written_a_moment_ago_is_not_trusted(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = make_synced(repo, "mcp")
    monkeypatch.setattr(sync.operations.quick, "_SETTLED_NS", 10**18)
    synced.sync()
    synced.sync()
    assert not is_quick(synced)


def test_an_open_conflict_is_never_passed_over(repo: Repo) -> None:
    synced = settled(repo, "mcp")
    synced.edit_entry("e1", "e1 first", "e1 by the journal")
    synced.box.edit("e1", "e1 first", "e1 by the store")
    for _ in range(3):
        synced.sync(code=1)
        time.sleep(0.02)
    assert not is_quick(synced)


def commit_elsewhere(synced: Synced) -> None:
    synced.repo.write("README.md", "# Project\n")
    synced.repo.commit("readme")


def amended(synced: Synced) -> None:
    synced.repo.git("commit", "-q", "--amend", "-m", "other words")


def branch_of_the_same(synced: Synced) -> None:
    synced.repo.git("switch", "-q", "-c", "other")


def read_by_others(synced: Synced) -> None:
    file_of(synced).read_bytes()


def fetched_and_packed(synced: Synced) -> None:
    synced.repo.git("pack-refs", "--all")
    synced.repo.git("gc", "-q")


def neighbour(synced: Synced) -> None:
    if not isinstance(synced.box, ClaudeBox) and "mcp" in synced.boxes:
        synced.box.path.with_name("neighbour.txt").write_text("of others", encoding="utf-8")


NOTHING = [commit_elsewhere, amended, branch_of_the_same, read_by_others, fetched_and_packed, neighbour]


@each_store
@pytest.mark.parametrize("change", NOTHING, ids=lambda one: one.__name__)
def test_nothing_else_makes_a_sync_look(repo: Repo, store: str, change: Callable[[Synced], None]) -> None:
    synced = settled(repo, store)
    change(synced)
    assert is_quick(synced)


def test_entries_that_are_not_committed_are_told_all_the_same(repo: Repo, no_sync: None) -> None:
    assert no_sync is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StoreSync, "run", REAL_RUN)
        synced = settled(repo, "mcp")
    synced.repo.write(f"{ENTRIES}/e1.md", entry_of("e1", "not committed"))
    synced.write_entry("n1", "n1 first")
    assert is_quick(synced)
    assert "2 entries are not committed yet" in synced.sync().stdout
    assert json.loads(synced.sync("--json").stdout)["uncommitted"] == [f"{ENTRIES}/e1.md", f"{ENTRIES}/n1.md"]


def test_a_dry_run_is_as_quick(repo: Repo) -> None:
    synced = settled(repo, "mcp")
    before = synced.everything()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StoreSync, "run", None)
        assert "3 unchanged" in synced.sync("--dry-run").stdout
    assert synced.everything() == before


# A budget, which lets any entry push out any other.


def budget(repo: Repo, store: str, *, max_bytes: int) -> Synced:
    """Three entries, of which `e2` matters most, and a budget for a store."""
    made = make_synced(repo, store)
    made.write_entry("e2", "e2 first", "e2 second", "e2 third", front="importance: 0.9\n")
    repo.commit("what matters")
    text = repo.read("journal.toml")
    repo.write("journal.toml", text.replace(f"[stores.{store}]\n", f"[stores.{store}]\nmax_bytes = {max_bytes}\n"))
    repo.commit("a budget")
    made.sync()
    return made


def size_of(synced: Synced) -> int:
    box = synced.box
    return sum(
        len(file.read_bytes()) for file in ([box.path] if box.path.is_file() else sorted(box.path.glob("e*.md")))
    )


@each_store
def test_a_budget_keeps_the_most_important_in_the_store_and_every_entry_in_the_journal(repo: Repo, store: str) -> None:
    synced = make_synced(repo, store)
    whole = size_of(synced)
    text = repo.read("journal.toml").replace(f"[stores.{store}]\n", f"[stores.{store}]\nmax_bytes = {whole // 2}\n")
    repo.write("journal.toml", text)
    synced.write_entry("e2", "e2 first", "e2 second", "e2 third", front="importance: 0.9\n")
    repo.commit("a budget")
    synced.sync()
    assert set(synced.box.said()) == {"e2"}
    assert size_of(synced) <= whole // 2
    assert synced.names() == {"e1", "e2", "e3"}
    synced.sync()
    assert synced.names() == {"e1", "e2", "e3"}, "what was left out is not taken for deleted"


@each_store
def test_what_matters_more_takes_the_place_of_what_matters_less(repo: Repo, store: str) -> None:
    synced = budget(repo, store, max_bytes=size_of(make_synced_size(repo, store)) // 2)
    assert set(synced.box.said()) == {"e2"}
    synced.write_entry("e3", "e3 first", "e3 second", "e3 third", front="importance: 0.95\n")
    repo.commit("e3 matters more")
    synced.sync()
    assert set(synced.box.said()) == {"e3"}
    assert synced.names() == {"e1", "e2", "e3"}


def make_synced_size(repo: Repo, store: str) -> Synced:
    """The same journal without a budget, in a repository beside."""
    beside = Repo(repo.path.with_name("beside"))
    beside.path.mkdir()
    beside.git("init", "-q", "-b", "main")
    return make_synced(beside, store)


@each_store
def test_a_record_that_a_store_adds_under_a_budget_is_imported(repo: Repo, store: str) -> None:
    synced = budget(repo, store, max_bytes=size_of(make_synced_size(repo, store)) // 2)
    synced.box.add("n1", "n1 first")
    synced.sync()
    assert "n1" in synced.names()


@each_store
def test_without_a_budget_again_everything_is_there_again(repo: Repo, store: str) -> None:
    synced = budget(repo, store, max_bytes=size_of(make_synced_size(repo, store)) // 2)
    text = repo.read("journal.toml")
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("max_bytes")]
    repo.write("journal.toml", "".join(lines))
    repo.commit("no budget")
    synced.sync()
    assert set(synced.box.said()) == synced.names() == {"e1", "e2", "e3"}


REAL_RUN = StoreSync.run
