"""`journal sync`: journal and stores kept in step both ways, with the base in Git."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from repositories import Repo
from syncing import ENTRIES, STORES, Synced, boxes_of, entry_of, make_synced, prepare, settings_of

each_store = pytest.mark.parametrize("store", STORES)


def counts_of(told: dict[str, object], store: str) -> dict[str, int]:
    """A store's counts, which have to balance."""
    counts: dict[str, int] = told["by"][store]["counts"]  # type: ignore[index]
    assert counts["read"] == sum(counts.values()) - counts["read"], counts
    assert min(counts.values()) >= 0, counts
    return counts


class TestOneSide:
    """What one side changed, the other takes over."""

    @each_store
    def test_the_first_sync_gives_the_store_every_entry(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        assert {key: lines[0] for key, lines in synced.box.said().items()} == {
            f"e{number}": f"e{number} first" for number in (1, 2, 3)
        }

    @each_store
    def test_the_first_sync_takes_over_what_the_store_has(self, repo: Repo, store: str) -> None:
        synced = prepare(repo, store)
        synced.box.add("known-before", "a fact of the store")
        counts = counts_of(synced.told(), store)
        assert "a fact of the store" in synced.entry("known-before")
        assert counts["imported"] == 1

    @each_store
    def test_an_entry_that_was_edited_is_edited_in_the_store(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 changed")
        synced.sync()
        assert synced.box.said()["e1"] == ["e1 first", "e1 changed", "e1 third"]

    @each_store
    def test_a_record_that_was_edited_is_edited_in_the_journal(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.edit("e1", "e1 second", "e1 changed")
        synced.sync()
        assert synced.entry("e1") == entry_of("e1", "e1 first", "e1 changed", "e1 third")

    @each_store
    def test_a_new_entry_is_added_to_the_store(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("new", "new first")
        repo.commit()
        synced.sync()
        assert synced.box.said()["new"] == ["new first"]

    @each_store
    def test_a_new_record_becomes_an_entry(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.add("new", "new first")
        synced.sync()
        assert synced.names() == {"e1", "e2", "e3", "new"}
        assert "new first" in synced.entry("new")

    @each_store
    def test_an_entry_that_was_deleted_is_deleted_from_the_store(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("rm", "-q", f"{ENTRIES}/e2.md")
        repo.commit()
        synced.sync()
        assert set(synced.box.said()) == {"e1", "e3"}

    @each_store
    def test_a_record_that_was_deleted_is_deleted_from_the_journal(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.delete("e2")
        synced.sync()
        assert synced.names() == {"e1", "e3"}
        assert not (repo.path / ENTRIES / "e2.md").exists()

    @each_store
    def test_a_file_that_was_renamed_keeps_its_record(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("mv", f"{ENTRIES}/e1.md", f"{ENTRIES}/moved.md")
        repo.commit()
        synced.sync()
        assert set(synced.box.said()) == {"e1", "e2", "e3"}
        assert synced.names() == {"moved", "e2", "e3"}

    @each_store
    def test_a_file_that_was_renamed_and_edited_keeps_its_record(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("mv", f"{ENTRIES}/e1.md", f"{ENTRIES}/moved.md")
        synced.edit_entry("moved", "e1 second", "e1 changed")
        synced.sync()
        assert synced.box.said()["e1"] == ["e1 first", "e1 changed", "e1 third"]

    @each_store
    def test_a_record_that_was_renamed_keeps_its_entry(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.rename("e1", "other-name")
        synced.sync()
        assert synced.names() == {"e1", "e2", "e3"}
        assert ": other-name\n" in synced.entry("e1")
        assert set(synced.box.said()) == {"other-name", "e2", "e3"}

    @each_store
    def test_a_rename_by_case_alone_is_a_rename(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.rename("e1", "E1")
        synced.sync()
        assert set(synced.box.said()) == {"E1", "e2", "e3"}
        assert synced.names() == {"e1", "e2", "e3"}

    @each_store
    def test_the_commit_says_what_came_from_where(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.append("e1", "more")
        synced.sync()
        shown = repo.git("log", "-1", "--format=%an <%ae>%n%cn%n%s%n%(trailers:key=Journal-Store,valueonly)%b").split(
            "\n"
        )
        assert shown[0] == f"{store} (journal-sync) <{store}@journal-sync.invalid>"
        assert shown[1] == "Ada Lovelace"
        assert shown[2] == f"Take over from {store}: 1 edited"
        assert shown[3] == store
        assert f"edited {ENTRIES}/e1.md" in shown

    @each_store
    def test_what_the_store_keeps_for_itself_survives_an_edit_of_the_entry(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        path = synced.box.path
        file = path / "e1.md" if store == "claude" else path
        said = {
            "augment": (b'      "tags": []', b'      "labels": ["mine"],\n      "tags": []'),
            "claude": (b"metadata:\n", b"metadata:\n  originSessionId: mine\n"),
            "mcp": (b'"name":"e1",', b'"name":"e1","labels":["mine"],'),
        }[store]
        file.write_bytes(file.read_bytes().replace(*said, 1))
        synced.sync()
        synced.edit_entry("e1", "e1 second", "e1 changed")
        synced.sync()
        assert b"mine" in file.read_bytes()
        assert synced.box.said()["e1"][1] == "e1 changed"


class TestBothSides:
    """What both sides changed is merged with what they last agreed on."""

    @each_store
    def test_edits_of_different_entries_go_both_ways(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 of the journal")
        synced.box.edit("e2", "e2 second", "e2 of the store")
        synced.sync()
        assert synced.box.said()["e1"][1] == "e1 of the journal"
        assert "e2 of the store" in synced.entry("e2")

    @each_store
    def test_edits_of_different_lines_of_one_entry_are_merged(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 first", "e1 of the journal")
        synced.box.edit("e1", "e1 third", "e1 of the store")
        synced.sync()
        merged = ["e1 of the journal", "e1 second", "e1 of the store"]
        assert synced.box.said()["e1"] == merged
        assert synced.entry("e1") == entry_of("e1", *merged)

    @each_store
    def test_the_same_edit_on_both_sides_is_no_conflict(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 of both")
        synced.box.edit("e1", "e1 second", "e1 of both")
        head = synced.head()
        synced.sync()
        assert synced.box.said()["e1"][1] == "e1 of both"
        assert synced.head() == head

    @each_store
    def test_a_deletion_on_both_sides_is_no_conflict(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("rm", "-q", f"{ENTRIES}/e1.md")
        repo.commit()
        synced.box.delete("e1")
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e2", "e3"}

    @each_store
    def test_deletions_of_different_entries_go_both_ways(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("rm", "-q", f"{ENTRIES}/e1.md")
        repo.commit()
        synced.box.delete("e2")
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e3"}

    @each_store
    def test_additions_go_both_ways(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("from-journal", "a fact of the journal")
        repo.commit()
        synced.box.add("from-store", "a fact of the store")
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e1", "e2", "e3", "from-journal", "from-store"}

    @each_store
    def test_an_edit_in_the_store_follows_a_file_that_was_renamed(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("mv", f"{ENTRIES}/e1.md", f"{ENTRIES}/moved.md")
        repo.commit()
        synced.box.append("e1", "more from the store")
        synced.sync()
        assert "more from the store" in synced.entry("moved")
        assert set(synced.box.said()) == {"e1", "e2", "e3"}

    @each_store
    def test_an_edit_in_the_journal_follows_a_record_that_was_renamed(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 changed")
        synced.box.rename("e1", "renamed")
        synced.sync()
        assert synced.box.said()["renamed"][1] == "e1 changed"
        assert synced.names() == {"e1", "e2", "e3"}

    @each_store
    def test_renames_of_different_entries_go_both_ways(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("mv", f"{ENTRIES}/e1.md", f"{ENTRIES}/moved.md")
        repo.commit()
        synced.box.rename("e2", "renamed")
        synced.sync()
        assert set(synced.box.said()) == {"e1", "renamed", "e3"}
        assert synced.names() == {"moved", "e2", "e3"}

    @each_store
    def test_an_entry_that_both_renamed_differently_is_not_there_twice(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("mv", f"{ENTRIES}/e1.md", f"{ENTRIES}/moved.md")
        repo.commit()
        synced.box.rename("e1", "renamed")
        synced.sync(code=1)
        first = synced.conflicts()
        synced.sync(code=1)
        assert synced.names() == {"moved", "e2", "e3"}
        assert set(synced.box.said()) == {"renamed", "e2", "e3"}
        assert synced.conflicts() == first
        assert len(first) == 1

    @each_store
    def test_what_was_deleted_stays_deleted_over_many_syncs(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.delete("e1")
        repo.git("rm", "-q", f"{ENTRIES}/e2.md")
        repo.commit()
        for number in range(4):
            synced.sync()
            synced.edit_entry("e3", "e3 second", f"e3 second {number}")
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e3"}

    @each_store
    def test_what_was_deleted_can_be_said_again(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.delete("e1")
        synced.sync()
        synced.box.add("e1", "said again")
        synced.sync()
        assert "said again" in synced.entry("e1")


class TestSeveralStores:
    """All stores are kept in step through the journal."""

    def test_what_one_store_says_reaches_all_others_in_one_run(self, repo: Repo) -> None:
        synced = make_synced(repo, *STORES)
        for name, box in synced.boxes.items():
            box.add(f"from-{name}", f"a fact of {name}")
        synced.sync()
        for box in synced.boxes.values():
            said = box.said()
            assert {key for key in said if key.startswith("from")} == {f"from-{name}" for name in STORES}
            assert [said[f"from-{name}"] for name in STORES] == [[f"a fact of {name}"] for name in STORES]

    def test_edits_of_one_entry_in_every_store_are_merged(self, repo: Repo) -> None:
        synced = prepare(repo, *STORES, entries=0)
        lines = [f"line {number}" for number in range(9)]
        synced.write_entry("long", *lines)
        repo.commit()
        synced.sync()
        for name, number in zip(STORES, (1, 4, 7), strict=True):
            synced.boxes[name].edit("long", f"line {number}", f"line of {name}")
        synced.sync()
        changed = {1: "line of augment", 4: "line of claude", 7: "line of mcp"}
        expected = [changed.get(number, line) for number, line in enumerate(lines)]
        assert [box.said()["long"] for box in synced.boxes.values()] == [expected] * 3

    def test_a_deletion_in_one_store_reaches_the_others(self, repo: Repo) -> None:
        synced = make_synced(repo, *STORES)
        synced.boxes["mcp"].delete("e2")
        synced.sync()
        assert synced.names() == {"e1", "e3"}
        assert [set(box.said()) for box in synced.boxes.values()] == [{"e1", "e3"}] * 3

    def test_a_deletion_in_one_store_and_an_edit_in_another_is_a_conflict(self, repo: Repo) -> None:
        synced = make_synced(repo, *STORES)
        synced.boxes["augment"].edit("e2", "e2 second", "still needed")
        synced.boxes["mcp"].delete("e2")
        synced.sync(code=1)
        assert "still needed" in synced.entry("e2")
        assert "still needed" in synced.boxes["claude"].said()["e2"]
        assert [one["theirs"] for one in synced.conflicts().values()] == [None]

    def test_only_the_stores_that_are_asked_for_are_synced(self, repo: Repo) -> None:
        synced = make_synced(repo, *STORES)
        synced.edit_entry("e1", "e1 second", "e1 changed")
        synced.sync("--store", "claude", "--store", "mcp")
        assert synced.boxes["augment"].said()["e1"][1] == "e1 second"
        assert synced.boxes["claude"].said()["e1"][1] == synced.boxes["mcp"].said()["e1"][1] == "e1 changed"

    def test_every_count_balances_over_several_passes(self, repo: Repo) -> None:
        synced = make_synced(repo, *STORES)
        synced.boxes["augment"].delete("e1")
        synced.boxes["claude"].add("new", "new first")
        synced.boxes["mcp"].edit("e3", "e3 second", "changed")
        told = synced.told()
        assert [counts_of(told, store)["conflicts"] for store in STORES] == [0, 0, 0]

    def test_a_store_that_is_not_on_this_machine_is_skipped_and_said(self, repo: Repo) -> None:
        synced = make_synced(repo, "augment", entries=2)
        repo.write("journal.toml", settings_of(["augment", "claude"]).replace('path = "claude"\n', ""))
        repo.commit()
        told = synced.told()
        assert told["by"]["claude"]["absent"] == "not on this machine"
        assert "skipped" in synced.sync().output


class TestConflicts:
    """What nobody but a person can decide is recorded, and nothing is touched."""

    @each_store
    def test_both_sides_and_the_base_are_recorded_and_nothing_else_changes(self, repo: Repo, store: str) -> None:
        synced = make_conflict(repo, store)
        before = synced.entry("e1"), synced.box.said()
        synced.sync(code=1)
        (conflict,) = synced.conflicts().values()
        assert "e1 second" in conflict["base"]
        assert "of the journal" in conflict["ours"]
        assert "of the store" in conflict["theirs"]
        assert (synced.entry("e1"), synced.box.said()) == before
        assert synced.status() == ""

    @each_store
    def test_a_conflict_stays_one_over_many_syncs(self, repo: Repo, store: str) -> None:
        synced = make_conflict(repo, store)
        synced.sync(code=1)
        before = synced.everything()
        first = synced.conflicts()
        for _ in range(5):
            assert counts_of(synced.told(code=1), store)["conflicts"] == 1
        assert synced.conflicts() == first
        assert {path for path, data in synced.everything().items() if before.get(path) != data} <= {"refs"}

    @each_store
    def test_syncing_a_conflict_again_moves_no_ref(self, repo: Repo, store: str) -> None:
        synced = make_conflict(repo, store)
        synced.sync(code=1)
        refs = repo.git("for-each-ref")
        synced.sync(code=1)
        assert repo.git("for-each-ref") == refs

    @each_store
    def test_a_conflict_keeps_nothing_else_from_being_synced(self, repo: Repo, store: str) -> None:
        synced = make_conflict(repo, store)
        synced.sync(code=1)
        synced.box.append("e2", "more from the store")
        synced.edit_entry("e3", "e3 second", "e3 of the journal")
        synced.sync(code=1)
        assert "more from the store" in synced.entry("e2")
        assert synced.box.said()["e3"][1] == "e3 of the journal"
        assert len(synced.conflicts()) == 1

    @each_store
    def test_a_conflict_is_named_by_its_content_on_every_machine(self, repo: Repo, store: str, tmp_path: Path) -> None:
        made = make_conflict(repo, store)
        other_repo = Repo(tmp_path / "other")
        other_repo.path.mkdir()
        other_repo.git("init", "-q", "-b", "main")
        other = make_conflict(other_repo, store)
        os.utime(other.box.path, (0, 0))
        made.sync(code=1)
        other.sync(code=1)
        assert made.conflicts() == other.conflicts()

    @each_store
    def test_an_edit_of_what_the_store_deleted_survives_as_a_conflict(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 changed")
        synced.box.delete("e1")
        synced.sync(code=1)
        synced.sync(code=1)
        assert "e1 changed" in synced.entry("e1")
        assert "e1" not in synced.box.said()
        assert [one["theirs"] for one in synced.conflicts().values()] == [None]

    @each_store
    def test_an_edit_of_what_the_journal_deleted_survives_as_a_conflict(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.git("rm", "-q", f"{ENTRIES}/e1.md")
        repo.commit()
        synced.box.edit("e1", "e1 second", "e1 changed")
        synced.sync(code=1)
        synced.sync(code=1)
        assert "e1" not in synced.names()
        assert synced.box.said()["e1"][1] == "e1 changed"
        assert [one["ours"] for one in synced.conflicts().values()] == [None]

    @each_store
    def test_two_that_never_agreed_and_differ_are_a_conflict(self, repo: Repo, store: str) -> None:
        synced = prepare(repo, store)
        synced.box.add("e1", "something else")
        synced.sync(code=1)
        assert synced.entry("e1") == entry_of("e1", "e1 first", "e1 second", "e1 third")
        assert synced.box.said()["e1"] == ["something else"]
        assert [one["base"] for one in synced.conflicts().values()] == [None]

    @each_store
    def test_a_conflict_ends_when_the_sides_become_equal(self, repo: Repo, store: str) -> None:
        synced = make_conflict(repo, store)
        synced.sync(code=1)
        synced.box.edit("e1", "of the store", "of the journal")
        synced.sync()
        assert synced.conflicts() == {}
        assert synced.box.said()["e1"][1] == "of the journal"

    @each_store
    @pytest.mark.parametrize(("side", "words"), [("ours", "of the journal"), ("theirs", "of the store")])
    def test_a_side_that_wins_decides_only_what_clashes(self, repo: Repo, store: str, side: str, words: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 first", "of the journal")
        synced.box.edit("e1", "e1 first", "of the store")
        synced.box.edit("e1", "e1 third", "e1 last")
        synced.sync("--on-conflict", side)
        assert synced.box.said()["e1"] == [words, "e1 second", "e1 last"]
        assert synced.entry("e1") == entry_of("e1", words, "e1 second", "e1 last")
        assert synced.conflicts() == {}

    @each_store
    @pytest.mark.parametrize(("second", "words"), [(1, "of the journal"), (4_000_000_000, "of the store")])
    def test_the_newest_side_wins_where_that_is_asked_for(
        self, repo: Repo, store: str, second: int, words: str
    ) -> None:
        synced = make_conflict(repo, store)
        file = synced.box.path / "e1.md" if store == "claude" else synced.box.path
        os.utime(file, (second, second))
        synced.sync("--on-conflict", "newest")
        assert synced.box.said()["e1"][1] == words
        assert words in synced.entry("e1")

    @each_store
    @pytest.mark.parametrize("side", ["ours", "theirs"])
    def test_a_deletion_wins_only_where_its_side_does(self, repo: Repo, store: str, side: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 changed")
        synced.box.delete("e1")
        synced.sync("--on-conflict", side)
        assert ("e1" in synced.names()) == ("e1" in synced.box.said()) == (side == "ours")

    @each_store
    def test_a_record_that_a_person_took_away_is_decided_for_the_journal(self, repo: Repo, store: str) -> None:
        synced = make_conflict(repo, store)
        synced.sync(code=1)
        repo.git("rm", "-q", "-r", "journal/conflicts")
        repo.commit("mine it is")
        synced.sync()
        assert synced.box.said()["e1"][1] == "of the journal"
        assert synced.conflicts() == {}

    @each_store
    def test_another_clone_does_not_end_a_conflict_that_it_does_not_have(
        self, repo: Repo, store: str, tmp_path: Path
    ) -> None:
        synced = make_conflict(repo, store)
        other = cloned(synced, tmp_path / "other", store, revision="HEAD~1")
        other.sync()
        synced.sync(code=1)
        other.repo.git("pull", "-q", str(repo.path), "main")
        other.sync(code=None)
        repo.git("pull", "-q", str(other.repo.path), "main")
        synced.sync(code=1)
        assert synced.box.said()["e1"][1] == "of the store"
        assert len(synced.conflicts()) == 1


class TestWritesNothing:
    """A run that has nothing to do, or is to do nothing, leaves every byte as it is."""

    @each_store
    def test_ten_syncs_without_a_change_change_no_byte(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        before = synced.everything()
        for _ in range(10):
            synced.sync()
        assert synced.everything() == before

    @each_store
    def test_nothing_is_written_either_where_nothing_is_remembered(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        before = synced.everything()
        for file in (repo.path / ".git/journal").iterdir():
            file.unlink()
        synced.sync()
        assert synced.everything() == before

    @each_store
    def test_the_second_sync_after_any_change_writes_nothing(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.add("new", "new first")
        synced.box.delete("e1")
        synced.box.edit("e2", "e2 third", "e2 last")
        synced.edit_entry("e3", "e3 second", "e3 changed")
        repo.git("mv", f"{ENTRIES}/e2.md", f"{ENTRIES}/moved.md")
        repo.commit()
        synced.sync(code=None)
        before = synced.everything()
        synced.sync(code=None)
        assert synced.everything() == before

    @each_store
    def test_a_dry_run_writes_nothing_and_tells_what_a_run_would_do(self, repo: Repo, store: str) -> None:
        synced = make_conflict(repo, store)
        synced.box.add("new", "new first")
        synced.box.delete("e2")
        synced.edit_entry("e3", "e3 second", "e3 changed")
        before = synced.everything()
        told = synced.told("--dry-run", code=1)
        assert synced.everything() == before
        wanted = synced.told(code=1)
        assert told["by"][store]["decisions"] == wanted["by"][store]["decisions"]
        assert {one["action"] for one in wanted["by"][store]["decisions"]} == {
            "conflict", "add to the journal", "delete from the journal", "edit in the store",
        }  # fmt: skip

    @each_store
    def test_a_dry_run_before_the_first_sync_writes_nothing(self, repo: Repo, store: str) -> None:
        synced = prepare(repo, store)
        synced.box.add("new", "new first")
        before = synced.everything()
        synced.sync("--dry-run")
        assert synced.everything() == before

    @each_store
    def test_without_a_commit_the_journals_part_stays_in_the_work_tree(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.edit("e1", "e1 second", "of the store")
        head, index = synced.head(), repo.git("ls-files", "-s")
        synced.sync("--no-commit")
        assert "of the store" in synced.entry("e1")
        assert (synced.head(), repo.git("ls-files", "-s")) == (head, index)
        repo.commit("looked at")
        synced.sync()
        assert synced.status() == ""
        assert synced.box.said()["e1"][1] == "of the store"

    @each_store
    def test_what_a_run_without_a_commit_gave_can_be_deleted_in_the_store(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("new", "new first")
        repo.commit()
        synced.sync("--no-commit")
        synced.box.delete("new")
        synced.sync()
        assert "new" not in synced.box.said()
        assert "new" not in synced.names()

    @each_store
    def test_what_a_run_without_a_commit_gave_can_be_deleted_in_the_journal(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("new", "new first")
        repo.commit()
        synced.sync("--no-commit")
        repo.git("rm", "-q", f"{ENTRIES}/new.md")
        repo.commit()
        synced.sync()
        assert "new" not in synced.box.said()
        assert "new" not in synced.names()


class TestWorkTree:
    """The user's own work is left alone."""

    @each_store
    def test_a_file_that_is_not_committed_and_not_concerned_is_untouched(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.write(f"{ENTRIES}/e2.md", "in the middle of a thought")
        repo.write("src/main.py", "print()\n")
        synced.box.edit("e1", "e1 second", "of the store")
        synced.sync()
        assert synced.entry("e2") == "in the middle of a thought"
        assert repo.git("show", "--name-only", "--format=", "HEAD").split() == [f"{ENTRIES}/e1.md"]
        assert synced.status() == f" M {ENTRIES}/e2.md\n?? src/\n"

    @each_store
    @pytest.mark.parametrize("staged", [False, True])
    def test_a_file_that_is_not_committed_is_never_overwritten(self, repo: Repo, store: str, staged: bool) -> None:
        synced = make_synced(repo, store)
        repo.write(f"{ENTRIES}/e1.md", "in the middle of a thought")
        if staged:
            repo.git("add", f"{ENTRIES}/e1.md")
        synced.box.edit("e1", "e1 second", "of the store")
        before = synced.everything()
        result = synced.sync(code=3)
        assert f"{ENTRIES}/e1.md has changes that are not committed" in " ".join(result.output.split())
        assert synced.everything() == before

    @each_store
    def test_a_file_that_git_does_not_know_is_never_overwritten(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.write(f"{ENTRIES}/new.md", "in the middle of a thought")
        synced.box.add("new", "new first")
        synced.sync(code=3)
        assert synced.entry("new") == "in the middle of a thought"

    @each_store
    def test_the_users_index_keeps_what_is_staged(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        repo.write("src/main.py", "print()\n")
        repo.git("add", "src/main.py")
        repo.write("src/main.py", "print(1)\n")
        synced.box.edit("e1", "e1 second", "of the store")
        synced.sync()
        assert synced.status() == "AM src/main.py\n"
        assert repo.git("show", "--name-only", "--format=", "HEAD").split() == [f"{ENTRIES}/e1.md"]

    @each_store
    def test_entries_that_are_not_committed_are_said_and_not_given_out(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("draft", "not yet")
        assert synced.told()["uncommitted"] == [f"{ENTRIES}/draft.md"]
        assert "draft" not in synced.box.said()

    @each_store
    def test_the_tracked_memories_follow(self, repo: Repo, store: str) -> None:
        synced = prepare(repo, store)
        repo.journal("export")
        repo.commit("with memories")
        synced.sync()
        synced.box.edit("e1", "e1 second", "of the store")
        synced.sync()
        assert "of the store" in repo.git("show", "HEAD:journal/memories.json")
        repo.journal("export", "--check")


class TestSelection:
    """A store is given what its settings select, and loses what they no longer do."""

    @each_store
    def test_what_is_left_out_is_not_given_and_what_becomes_left_out_goes(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "tags: []", "tags: [private]")
        repo.write("journal.toml", settings_with(store, 'exclude_tags = ["private"]'))
        repo.commit()
        synced.sync()
        assert set(synced.box.said()) == {"e2", "e3"}
        assert synced.names() == {"e1", "e2", "e3"}
        synced.sync()
        assert synced.names() == {"e1", "e2", "e3"}

    @each_store
    def test_what_is_selected_again_comes_back(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "tags: []", "tags: [private]")
        repo.write("journal.toml", settings_with(store, 'exclude_tags = ["private"]'))
        repo.commit()
        synced.sync()
        repo.write("journal.toml", settings_of([store]))
        repo.commit()
        synced.sync()
        assert set(synced.box.said()) == {"e1", "e2", "e3"}

    def test_an_edit_that_came_before_an_entry_was_left_out_is_kept(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        synced.edit_entry("e1", "tags: []", "tags: [private]")
        synced.box.append("e1", "said in the store")
        repo.write("journal.toml", settings_with("mcp", 'exclude_tags = ["private"]'))
        repo.commit()
        synced.sync(code=None)
        assert "said in the store" in synced.entry("e1") or synced.conflicts()


class TestSkipped:
    """What one side cannot hold is left as it is on both, said, and ends the run with 1."""

    def test_a_record_that_no_entry_can_hold_is_skipped(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        synced.box.add("odd", "a bell: \x07")
        before = synced.box.path.read_bytes()
        told = synced.told(code=1)
        assert counts_of(told, "mcp")["skipped"] == 1
        assert "U+0007" in told["by"]["mcp"]["decisions"][0]["why"]
        assert synced.box.path.read_bytes() == before
        assert synced.names() == {"e1", "e2", "e3"}

    def test_a_skipped_record_keeps_nothing_else_back_and_comes_in_when_it_is_mended(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        synced.box.add("odd", "a bell: \x07")
        synced.box.edit("e1", "e1 second", "of the store")
        synced.sync(code=1)
        assert "of the store" in synced.entry("e1")
        synced.box.edit("odd", "\x07", "ding")
        synced.sync()
        assert "a bell: ding" in synced.entry("odd")

    @each_store
    def test_an_entry_that_cannot_be_read_is_skipped_and_its_record_stays(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "tags: []", "tags: {broken")
        synced.box.edit("e2", "e2 second", "of the store")
        told = synced.told(code=1)
        assert counts_of(told, store)["skipped"] == 1
        assert synced.box.said()["e1"][1] == "e1 second"
        assert "of the store" in synced.entry("e2")

    @each_store
    def test_two_entries_with_one_id_are_skipped_and_nothing_is_lost(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        name = "name" if store == "mcp" else "id"
        synced.write_entry("twin", "the twin", front=f"{name}: e1\n")
        repo.commit()
        told = synced.told(code=1)
        assert counts_of(told, store)["skipped"] == 1
        assert synced.names() == {"e1", "e2", "e3", "twin"}
        assert synced.box.said()["e1"][1] == "e1 second"


class TestInsideTheRepository:
    """A store that is tracked is committed with the journal."""

    @each_store
    def test_its_files_are_committed(self, repo: Repo, store: str) -> None:
        synced = make_tracked(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 changed")
        synced.sync()
        assert synced.status() == ""
        assert repo.git("log", "-1", "--format=%s").strip() == f"Write {store}"

    @each_store
    def test_a_change_of_its_files_that_is_not_committed_is_taken_over(self, repo: Repo, store: str) -> None:
        synced = make_tracked(repo, store)
        synced.box.edit("e1", "e1 second", "of the store")
        synced.sync()
        assert "of the store" in repo.git("show", f"HEAD:{ENTRIES}/e1.md")
        assert synced.status() == ""
        assert synced.box.said()["e1"][1] == "of the store"

    @each_store
    def test_ten_syncs_make_no_commit(self, repo: Repo, store: str) -> None:
        synced = make_tracked(repo, store)
        before = synced.everything()
        for _ in range(10):
            synced.sync()
        assert synced.everything() == before

    @each_store
    def test_its_files_may_be_staged(self, repo: Repo, store: str) -> None:
        synced = make_tracked(repo, store)
        synced.box.edit("e1", "e1 second", "of the store")
        repo.git("add", "-A")
        synced.sync(code=None)
        repo.commit("staged before")
        synced.sync()
        assert "of the store" in repo.git("show", f"HEAD:{ENTRIES}/e1.md")
        assert synced.box.said()["e1"][1] == "of the store"
        assert synced.status() == ""


class TestRepositories:
    """Every kind of repository."""

    @each_store
    def test_a_store_that_is_gone_is_written_anew_on_request(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        said = synced.box.said()
        synced.box.path.rename(repo.path / "aside")
        synced.sync(code=3)
        if store == "claude":
            synced.box.path.mkdir()
        synced.sync("--restore")
        assert synced.box.said() == said
        assert synced.names() == {"e1", "e2", "e3"}

    @each_store
    def test_a_linked_work_tree_has_stores_and_bases_of_its_own(self, repo: Repo, store: str, tmp_path: Path) -> None:
        synced = make_synced(repo, store)
        repo.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
        linked = Synced(Repo(tmp_path / "linked"), boxes_of(tmp_path / "linked", [store]))
        linked.box.add("from-linked", "a fact of the linked work tree")
        linked.sync()
        assert linked.names() == set(linked.box.said()) == {"e1", "e2", "e3", "from-linked"}
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e1", "e2", "e3"}
        repo.git("merge", "-q", "other")
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e1", "e2", "e3", "from-linked"}

    @each_store
    def test_a_repository_with_sha256_ids(self, store: str, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "long")
        repo.path.mkdir()
        repo.git("init", "-q", "-b", "main", "--object-format=sha256")
        synced = make_synced(repo, store)
        first = synced.everything()
        synced.sync()
        assert synced.everything() == first
        synced.box.edit("e1", "e1 second", "of the store")
        synced.edit_entry("e2", "e2 second", "of the journal")
        synced.sync()
        assert "of the store" in synced.entry("e1")
        assert synced.box.said()["e2"][1] == "of the journal"

    def test_a_memory_names_the_blob_that_it_was_made_from(self, repo: Repo, tmp_path: Path) -> None:
        for kind in ("sha1", "sha256"):
            made = Repo(tmp_path / kind)
            made.path.mkdir()
            made.git("init", "-q", "-b", "main", f"--object-format={kind}")
            synced = make_synced(made, "augment")
            for one in json.loads(synced.box.path.read_bytes()):
                blob = made.git("rev-parse", f"HEAD:{one['metadata']['source']}").strip()
                assert one["metadata"]["source_blob"] == blob

    @each_store
    def test_a_branch_without_commits(self, repo: Repo, store: str) -> None:
        synced = Synced(repo, boxes_of(repo.path, [store]))
        repo.write("journal.toml", settings_of([store]))
        repo.write(".gitignore", "/.augment/\n/claude/\n/mcp/\n")
        repo.path.joinpath(ENTRIES).mkdir(parents=True)
        synced.box.add("first", "the first fact")
        synced.sync()
        assert synced.names() == {"first"}
        assert "the first fact" in synced.entry("first")
        before = synced.everything()
        synced.sync()
        assert synced.everything() == before

    @each_store
    def test_a_journal_in_another_folder(self, repo: Repo, store: str) -> None:
        folder = "docs/log book/entries"
        extra = f'[journal]\nentries = "{folder}"\nmemories = "docs/log book/memories.json"\n'
        synced = prepare(repo, store, entries=0, extra=extra)
        repo.write(f"{folder}/e1.md", entry_of("e1", "e1 first"))
        repo.commit()
        synced.box.add("new", "new first")
        synced.sync()
        assert set(synced.box.said()) == {"e1", "new"}
        assert "new first" in repo.git("show", f"HEAD:{folder}/new.md")
        assert synced.status() == ""

    @each_store
    def test_entries_in_folders_of_the_entries_folder(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("2025/été/deep", "deep first")
        repo.commit()
        synced.sync()
        synced.box.edit("deep", "deep first", "of the store")
        synced.sync()
        assert "of the store" in synced.entry("2025/été/deep")
        synced.box.delete("deep")
        synced.sync()
        assert not (repo.path / ENTRIES / "2025").exists()

    @each_store
    def test_it_can_be_run_from_any_folder_of_the_repository(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "e1 changed")
        Repo(repo.path / ENTRIES).journal("sync")
        assert synced.box.said()["e1"][1] == "e1 changed"

    @each_store
    def test_line_endings_and_bom_of_an_entry_survive_an_edit_in_the_store(self, repo: Repo, store: str) -> None:
        synced = prepare(repo, store, entries=0)
        text = "\ufeff" + entry_of("e1", "e1 first", "e1 second").replace("\n", "\r\n")
        repo.write(f"{ENTRIES}/e1.md", text)
        repo.commit()
        synced.sync()
        synced.box.edit("e1", "e1 second", "changed")
        synced.sync()
        assert synced.entry("e1") == text.replace("e1 second", "changed")

    def test_another_branch_is_another_journal_and_nothing_is_lost_on_the_way_back(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        repo.git("switch", "-q", "-c", "topic")
        synced.write_entry("topic", "topic first")
        repo.commit()
        synced.sync()
        repo.git("switch", "-q", "main")
        synced.sync()
        assert set(synced.box.said()) == {"e1", "e2", "e3"}
        repo.git("switch", "-q", "topic")
        synced.sync()
        assert set(synced.box.said()) == synced.names() == {"e1", "e2", "e3", "topic"}


def make_conflict(repo: Repo, store: str) -> Synced:
    """A store and a journal that changed the same line of `e1` differently since they agreed."""
    synced = make_synced(repo, store)
    synced.edit_entry("e1", "e1 second", "of the journal")
    synced.box.edit("e1", "e1 second", "of the store")
    return synced


def make_tracked(repo: Repo, store: str) -> Synced:
    """A store that the repository tracks, in step."""
    synced = make_synced(repo, store, ignored="")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "track the store")
    synced.sync()
    return synced


def cloned(synced: Synced, path: Path, store: str, *, revision: str = "HEAD") -> Synced:
    """Another clone with a store of its own, which is empty."""
    synced.repo.git("clone", "-q", ".", str(path))
    made = Synced(Repo(path), boxes_of(path, [store]))
    made.repo.git("reset", "-q", "--hard", synced.repo.git("rev-parse", revision).strip())
    (made.box.path if store == "claude" else made.box.path.parent).mkdir(parents=True, exist_ok=True)
    return made


def settings_with(store: str, line: str) -> str:
    """The settings of one store with one line more."""
    return settings_of([store]).replace(f"[stores.{store}]\n", f"[stores.{store}]\n{line}\n")
