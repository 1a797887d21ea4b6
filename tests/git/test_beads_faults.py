"""The faults that were reported of beads, the nearest relative of this sync, one test each.

beads (github.com/gastownhall/beads) kept its records as JSON lines in Git, with a merge driver, a hook and a database
beside them; issue numbers are its own.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from repositories import Repo
from syncing import ENTRIES, STORES, Synced, boxes_of, entry_of, make_synced

each_store = pytest.mark.parametrize("store", STORES)
TAGS = "tags: [one, two, three]"


def make_tagged(repo: Repo) -> Synced:
    """An entry with three tags, in step with Augment."""
    synced = make_synced(repo, "augment")
    synced.edit_entry("e1", "tags: []", TAGS)
    synced.sync()
    return synced


def set_tags(synced: Synced, *tags: str) -> None:
    """Give the record of `e1` other tags."""
    items = json.loads(synced.box.path.read_bytes())
    next(one for one in items if one["metadata"]["id"] == "e1")["metadata"]["tags"] = list(tags)
    synced.box.path.write_text(json.dumps(items), encoding="utf-8")


def tags_of(synced: Synced) -> list[str]:
    """The tags of the record of `e1`."""
    items = json.loads(synced.box.path.read_bytes())
    found: list[str] = next(one for one in items if one["metadata"]["id"] == "e1")["metadata"]["tags"]
    return found


class TestMerge:
    """Its merge lost values, kept removed ones, and was not the same everywhere."""

    def test_a_merge_drops_no_label_and_no_key_it_does_not_know(self, repo: Repo) -> None:
        """#1480, #1482: the driver's own structure lacked forty fields."""
        synced = make_tagged(repo)
        text = synced.entry("e1").replace("title:", "assignee: Ada\nestimate: {hours: 1.10}\ntitle:")
        repo.write(f"{ENTRIES}/e1.md", text.replace("e1 first", "of the journal"))
        repo.commit()
        items = json.loads(synced.box.path.read_bytes())
        items[0]["metadata"] |= {"labels": ["x"], "score": 1.50}
        items[0]["text"] = items[0]["text"].replace("e1 third", "of the store")
        synced.box.path.write_text(json.dumps(items), encoding="utf-8")
        synced.sync()
        assert "assignee: Ada\nestimate: {hours: 1.10}\n" in synced.entry("e1")
        assert TAGS in synced.entry("e1")
        (kept,) = [one for one in json.loads(synced.box.path.read_bytes()) if one["metadata"]["id"] == "e1"]
        assert (kept["metadata"]["labels"], kept["metadata"]["score"]) == (["x"], 1.5)
        assert b"1.5" in synced.box.path.read_bytes()
        assert synced.box.said()["e1"] == ["of the journal", "e1 second", "of the store"]

    @pytest.mark.parametrize("side", ["journal", "store"])
    def test_a_label_that_was_taken_away_does_not_stick(self, repo: Repo, side: str) -> None:
        """#1485, #1521: a union of labels makes removal impossible."""
        synced = make_tagged(repo)
        if side == "journal":
            synced.edit_entry("e1", TAGS, "tags: [one, three]")
            set_tags(synced, "one", "two", "three", "four")
        else:
            synced.edit_entry("e1", TAGS, "tags: [one, two, three, four]")
            set_tags(synced, "one", "three")
        synced.sync()
        assert tags_of(synced) == ["one", "three", "four"]
        assert "tags: [one, three, four]" in synced.entry("e1")

    def test_labels_added_on_both_sides_are_all_there_and_sorted(self, repo: Repo) -> None:
        """#859: the order of the output changed from run to run."""
        synced = make_tagged(repo)
        synced.edit_entry("e1", TAGS, "tags: [one, two, three, zeta]")
        set_tags(synced, "one", "two", "three", "alpha")
        synced.sync()
        assert tags_of(synced) == ["one", "two", "three", "alpha", "zeta"]

    @each_store
    def test_the_order_of_records_is_the_same_on_every_run(self, repo: Repo, store: str) -> None:
        """#859, for the file as a whole."""
        synced = make_synced(repo, store, entries=6)
        path = synced.box.path / "MEMORY.md" if store == "claude" else synced.box.path
        before = path.read_bytes()
        for number in (5, 2):
            synced.edit_entry(f"e{number}", f"e{number} second", "changed")
            synced.sync()
            synced.edit_entry(f"e{number}", "changed", f"e{number} second")
            synced.sync()
        assert path.read_bytes() == before

    @each_store
    def test_the_newest_does_not_win_by_itself(self, repo: Repo, store: str) -> None:
        """Last writer wins by `updated_at`, left wins on ties: the loser was gone without a trace."""
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "of the journal")
        synced.box.edit("e1", "e1 second", "of the store")
        os.utime(synced.box.path, (4_000_000_000, 4_000_000_000))
        synced.sync(code=1)
        (conflict,) = synced.conflicts().values()
        assert "of the journal" in conflict["ours"]
        assert "of the store" in conflict["theirs"]

    def test_the_resolver_does_what_the_merge_did(self, repo: Repo) -> None:
        """#1486: the command that resolved conflicts merged differently from the driver."""
        synced = make_synced(repo, "mcp")
        base = entry_of("e1", *(f"line {number}" for number in range(9)))
        repo.write(f"{ENTRIES}/e1.md", base)
        repo.commit()
        synced.sync()
        ours = base.replace("line 1", "of the journal").replace("line 5", "ours")
        theirs = base.replace("line 8", "of the store").replace("line 5", "theirs")
        repo.write(f"{ENTRIES}/e1.md", ours)
        repo.commit()
        for old, new in (("line 8", "of the store"), ("line 5", "theirs")):
            synced.box.edit("e1", old, new)
        synced.sync("--on-conflict", "ours")
        # The same three texts as files: what stands between the markers is ours.
        for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
            repo.write(f".git/{name}.md", text)
        files = (str(repo.path / f".git/{name}.md") for name in ("base", "ours", "theirs"))
        merged = repo.journal("merge-file", *files, code=1).stdout
        before, _, rest = merged.partition("<<<<<<<")
        mine, _, after = rest.partition("\n")[2].partition("|||||||")
        assert synced.entry("e1") == before + mine + after.partition(">>>>>>>")[2].partition("\n")[2]
        assert "of the store" in synced.entry("e1")


class TestDeletion:
    """It inferred deletions, lost them again, and needed clocks to tell."""

    @each_store
    def test_a_record_that_was_never_there_was_not_deleted(self, repo: Repo, store: str, tmp_path: Path) -> None:
        """#552, #554: deletion inferred from history marked thousands of living issues as deleted."""
        synced = make_synced(repo, store, entries=12)
        repo.git("rm", "-q", f"{ENTRIES}/e1.md")
        repo.commit()
        repo.git("revert", "--no-edit", "HEAD")
        clone = Synced(Repo(tmp_path / "clone"), boxes_of(tmp_path / "clone", [store]))
        repo.git("clone", "-q", ".", str(clone.repo.path))
        clone.box.add("new", "new first")
        clone.sync()
        assert len(clone.names()) == 13
        synced.sync()
        assert len(synced.names()) == 12

    @each_store
    def test_what_was_deleted_does_not_rise_again(self, repo: Repo, store: str, tmp_path: Path) -> None:
        """497 deleted issues came back: an import that only adds and updates cannot know of a deletion."""
        synced = make_synced(repo, store)
        clone = Synced(Repo(tmp_path / "clone"), boxes_of(tmp_path / "clone", [store]))
        repo.git("clone", "-q", ".", str(clone.repo.path))
        (clone.box.path if store == "claude" else clone.box.path.parent).mkdir(parents=True)
        clone.sync()
        synced.box.delete("e2")
        synced.sync()
        clone.repo.git("pull", "-q")
        for _ in range(3):
            clone.sync()
            synced.sync()
        assert synced.names() == set(synced.box.said()) == clone.names() == set(clone.box.said()) == {"e1", "e3"}

    @each_store
    def test_a_deletion_needs_no_tombstone_and_never_expires(
        self, repo: Repo, store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Tombstones with thirty days to live, and a grace for clocks that are wrong."""
        synced = make_synced(repo, store)
        synced.box.delete("e2")
        synced.sync()
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + 10 * 365 * 86400)
        monkeypatch.setenv("GIT_COMMITTER_DATE", "2045-04-05T12:00:00Z")
        synced.edit_entry("e1", "e1 second", "ten years later")
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e1", "e3"}
        assert b"e2" not in b"".join(file.read_bytes() for file in synced.box.path.parent.rglob("*.json*"))

    @each_store
    def test_a_deletion_does_not_beat_an_edit(self, repo: Repo, store: str) -> None:
        """Its rule 2: deletion always wins, whatever the other side wrote."""
        synced = make_synced(repo, store)
        synced.edit_entry("e2", "e2 second", "needed after all")
        synced.box.delete("e2")
        synced.sync(code=1)
        assert "needed after all" in synced.entry("e2")

    @each_store
    def test_what_comes_back_comes_back_whole(self, repo: Repo, store: str) -> None:
        """beads_rust #268: restoring a tombstone dropped labels and comments."""
        synced = make_synced(repo, store)
        synced.edit_entry("e2", "tags: []", "tags: [kept]\nx-own: {a: 1.10}")
        synced.sync()
        text = synced.entry("e2")
        synced.box.delete("e2")
        synced.sync()
        repo.git("revert", "--no-edit", "HEAD")
        synced.sync()
        assert synced.entry("e2") == text
        assert synced.box.said()["e2"] == ["e2 first", "e2 second", "e2 third"]


class TestScope:
    """It committed what was not its own, and rewrote what it had not read."""

    @each_store
    def test_a_sync_commits_nothing_that_is_not_its_own(self, repo: Repo, store: str) -> None:
        """#1258, a regression of #1166: source files that were reverted went into the commit."""
        synced = make_synced(repo, store)
        repo.write("src/main.py", "one\n")
        repo.commit()
        repo.write("src/main.py", "two\n")
        repo.git("add", "src/main.py")
        repo.write("src/main.py", "three\n")
        repo.write("src/other.py", "new\n")
        synced.box.edit("e1", "e1 second", "of the store")
        synced.sync()
        assert repo.git("show", "--name-only", "--format=", "HEAD").split() == [f"{ENTRIES}/e1.md"]
        assert repo.git("show", ":src/main.py") == "two\n"
        assert repo.read("src/main.py") == "three\n"

    @each_store
    def test_nothing_of_one_machine_reaches_another(self, repo: Repo, store: str, tmp_path: Path) -> None:
        """#2466: rows with the state of one machine conflicted on every pull."""
        synced = make_synced(repo, store)
        clone = Synced(Repo(tmp_path / "clone"), boxes_of(tmp_path / "clone", [store]))
        repo.git("clone", "-q", ".", str(clone.repo.path))
        (clone.box.path if store == "claude" else clone.box.path.parent).mkdir(parents=True)
        for number in range(3):
            synced.box.edit("e1", f"e1 second{'!' * number}", f"e1 second{'!' * (number + 1)}")
            synced.sync()
            clone.repo.git("pull", "-q", "--no-rebase")
            clone.sync()
            clone.box.append("e3", f"of the clone {number}")
            clone.sync()
            repo.git("pull", "-q", "--no-rebase", str(clone.repo.path), "main")
            synced.sync()
        assert synced.box.said() == clone.box.said()
        assert synced.status() == clone.status() == ""
        assert str(repo.path) not in repo.git("log", "--all", "-p")

    def test_a_stale_copy_never_overwrites_what_others_wrote(self, repo: Repo) -> None:
        """#3931: an update wrote the file from a database that was behind it; others' issues were gone."""
        synced = make_synced(repo, "mcp")
        state = {file: file.read_bytes() for file in (repo.path / ".git/journal").iterdir() if file.is_file()}
        synced.box.add("of-others", "a fact of others")
        synced.edit_entry("e1", "e1 second", "of the journal")
        synced.sync()
        for file, data in state.items():  # everything that is only remembered is behind
            file.write_bytes(data)
        synced.edit_entry("e2", "e2 second", "of the journal")
        synced.sync()
        assert set(synced.box.said()) == {"e1", "e2", "e3", "of-others"}
        assert "a fact of others" in synced.entry("of-others")

    @each_store
    def test_what_is_remembered_may_be_rubbish(self, repo: Repo, store: str) -> None:
        """#3931 again: nothing but Git and the store itself is believed."""
        synced = make_synced(repo, store)
        synced.box.edit("e1", "e1 second", "of the store")
        for file in (repo.path / ".git/journal").iterdir():
            if file.is_file() and file.suffix == ".json":
                file.write_bytes(b'{"version": 1, "augment": 1, "keys": {"x": 1}, "paths": ["a"]')
        synced.sync()
        assert "of the store" in synced.entry("e1")


class TestWaysOut:
    """It locked people out, and reported success while it dropped things."""

    @each_store
    def test_every_refusal_names_a_way_out_that_works(self, repo: Repo, store: str) -> None:
        """beads_rust #414: a safety gate without an exit."""
        synced = make_synced(repo, store, entries=8)
        for number in range(1, 6):
            synced.box.delete(f"e{number}")
        hint = synced.told(code=3)["stores"][0]["error"]["hint"]
        flag, number_of = hint.split()[-2:]
        synced.sync(flag, number_of)
        assert synced.names() == {"e6", "e7", "e8"}

    @each_store
    def test_a_forced_side_is_obeyed(self, repo: Repo, store: str) -> None:
        """#4992: `--strategy theirs` was dead code."""
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "of the journal")
        synced.box.edit("e1", "e1 second", "of the store")
        synced.sync("--on-conflict", "theirs")
        assert "of the store" in synced.entry("e1")
        assert "of the journal" not in synced.entry("e1")

    @each_store
    def test_what_could_not_be_taken_over_is_never_a_success(self, repo: Repo, store: str) -> None:
        """#3931 and others: success was reported while records were dropped."""
        synced = make_synced(repo, store)
        if store == "claude":
            synced.box.path.joinpath("odd.md").write_text("---\n[broken\n---\n", encoding="utf-8")
        else:
            synced.box.add("odd", "a bell: \x07")
        told = synced.told(code=1)
        assert told["stores"][0]["counts"]["skipped"] == 1
        assert "odd" in json.dumps(told["stores"][0]["decisions"])
        assert "odd" in set(synced.box.said())

    def test_a_driver_that_is_only_half_set_up_does_not_stop_a_sync(self, repo: Repo) -> None:
        """eltmon/overdeck#2042: an attribute named a driver that was not configured, or only by name."""
        synced = make_synced(repo, "mcp")
        repo.write(".gitattributes", "*.md merge=journal\n")
        repo.git("config", "merge.journal.name", "half of a driver")
        repo.commit()
        synced.edit_entry("e1", "e1 first", "of the journal")
        synced.box.edit("e1", "e1 third", "of the store")
        synced.sync()
        assert synced.box.said()["e1"] == ["of the journal", "e1 second", "of the store"]
