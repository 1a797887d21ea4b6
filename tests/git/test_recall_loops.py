"""What was handed out to an assistant and comes back as its memory is recognised, and is made no entry."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text
from syncing import STORES, Synced, make_synced

from sync.engine import handed_out
from sync.engine.handed_out import FILE, find, register
from sync.operations.import_ import ImportResult, import_memories
from sync.operations.journal import open_journal
from sync.operations.recall import hand_out
from sync.search.hit import Hit
from sync.search.recall import Origin

each_store = pytest.mark.parametrize("store", STORES)
NOW = datetime(2025, 4, 5, 14, 30, tzinfo=UTC)
PASSAGE = "The nightly build of the parser needs four gigabytes of memory."
OTHER = "Its results are kept for a week on the machine that built it."
ENTRY = "journal/entries/build.md"


def hit_of(text: str = PASSAGE, *, entry: str = ENTRY, line: int = 12) -> Hit:
    return Hit(
        entry=entry, id="build", title="Build", date="", tags=(), headings=(), text=text, before="", after="",
        first_line=line, last_line=line, commit="", score=1.0,
    )  # fmt: skip


def hand(repo: Repo, *texts: str) -> tuple[str, ...]:
    return hand_out(open_journal(repo.path), [hit_of(text) for text in texts])


def remember(repo: Repo, *texts: str) -> None:
    repo.write(".augment/memories/notes.json", json.dumps([{"text": text} for text in texts]))


def imported(repo: Repo, **options: Any) -> ImportResult:
    return import_memories(open_journal(repo.path), now=NOW, **options)


def entries(repo: Repo) -> list[str]:
    return sorted(file.name for file in (repo.path / "journal/entries").glob("*.md"))


def balances(result: ImportResult) -> bool:
    refused = sum(1 for fault in result.invalid if fault.key)
    return result.read == result.imported + result.known + result.ours + result.recalled + refused


def counts_of(synced: Synced, store: str, *options: str) -> dict[str, int]:
    """A store's counts after a sync; they have to balance."""
    told = synced.told(*options)["by"][store]
    counts: dict[str, int] = told["counts"]
    assert counts["read"] == sum(counts.values()) - counts["read"], counts
    return counts


class TestImport:
    """`journal import`."""

    def test_what_was_handed_out_is_not_imported(self, repo: Repo) -> None:
        hand(repo, PASSAGE)
        remember(repo, f"* {PASSAGE.lower()}")
        result = imported(repo)
        assert (result.recalled, result.imported, entries(repo)) == (1, 0, [])
        assert balances(result)

    def test_a_passage_is_recognised_with_its_provenance(self, repo: Repo) -> None:
        (passage,) = hand(repo, PASSAGE)
        assert passage == f"{PASSAGE}\n(journal: {ENTRY}:12)"
        remember(repo, passage)
        assert imported(repo).recalled == 1

    def test_a_memory_that_adds_something_is_imported_whole(self, repo: Repo) -> None:
        (passage,) = hand(repo, PASSAGE)
        remember(repo, f"{passage}\nAnd it takes an hour.")
        assert imported(repo).imported == 1
        (name,) = entries(repo)
        text = repo.read(f"journal/entries/{name}")
        assert PASSAGE in text
        assert "And it takes an hour." in text
        assert f"(journal: {ENTRY}:12)" in text

    def test_others_of_the_same_file_are_imported(self, repo: Repo) -> None:
        hand(repo, PASSAGE)
        remember(repo, "Use pnpm.", PASSAGE, OTHER)
        result = imported(repo)
        assert (result.imported, result.recalled) == (2, 1)
        assert balances(result)

    def test_what_stands_in_the_journal_is_recognised_without_having_been_handed_out(self, repo: Repo) -> None:
        repo.write(ENTRY, entry_text("Build", body=f"- Something.\n- {PASSAGE}"))
        remember(repo, PASSAGE)
        (one,) = imported(repo).recalls
        assert one.origin == Origin(entry=ENTRY, line=12)

    def test_what_is_in_the_journal_no_more_is_imported_unless_it_was_handed_out(self, repo: Repo) -> None:
        repo.write(ENTRY, entry_text("Build", body=PASSAGE))
        hand(repo, PASSAGE)
        (repo.path / ENTRY).unlink()
        remember(repo, PASSAGE)
        assert imported(repo, dry_run=True).recalled == 1
        (repo.path / ".git/journal" / FILE).unlink()
        assert imported(repo, dry_run=True).imported == 1

    def test_it_is_recognised_each_time_and_the_store_stays_as_it_is(self, repo: Repo) -> None:
        hand(repo, PASSAGE)
        remember(repo, PASSAGE)
        before = repo.read(".augment/memories/notes.json")
        assert [imported(repo).recalled for _ in range(2)] == [1, 1]
        assert repo.read(".augment/memories/notes.json") == before

    def test_once_it_says_something_new_it_is_imported(self, repo: Repo) -> None:
        hand(repo, PASSAGE)
        remember(repo, PASSAGE)
        imported(repo)
        remember(repo, PASSAGE.replace("four", "eight"))
        assert imported(repo).imported == 1

    def test_the_command_names_what_it_left_alone(self, repo: Repo) -> None:
        hand(repo, PASSAGE)
        remember(repo, PASSAGE)
        for options in ((), ("--dry-run",)):
            assert repo.journal("import", *options).stdout == (
                f"recalled: notes.json[0] (the journal's own words, from {ENTRY}:12)\n"
                "1 memory read in 1 file: 0 imported, 0 known, 0 our own, 1 recalled, 0 refused\n"
            )
        told = json.loads(repo.journal("import", "--json").stdout)
        assert (told["recalled"], told["recalls"]) == (
            1,
            [{"file": "notes.json", "index": 0, "entry": ENTRY, "line": 12}],
        )

    def test_without_git_the_journal_s_own_words_are_recognised_too(self, tmp_path: Path) -> None:
        folder = Repo(tmp_path)
        folder.write(ENTRY, entry_text("Build", body=PASSAGE))
        remember(folder, PASSAGE)
        assert len(hand_out(open_journal(tmp_path), [hit_of()])) == 1
        assert imported(folder).recalled == 1
        assert "1 recalled" in folder.journal("sync").stdout


@each_store
class TestSync:
    """`journal sync`, for records that are new in a store."""

    def recalled(self, repo: Repo, store: str) -> Synced:
        """In step, and a record in the store that was handed out."""
        synced = make_synced(repo, store)
        hand(repo, PASSAGE)
        synced.box.add("mine", PASSAGE)
        return synced

    def test_a_record_that_was_handed_out_becomes_no_entry(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        before = synced.everything()
        counts = counts_of(synced, store)
        assert (counts["recalled"], counts["unchanged"], counts["imported"]) == (1, 3, 0)
        after = synced.everything()
        assert {path: data for path, data in after.items() if path != "refs"} == {
            path: data for path, data in before.items() if path != "refs"
        }

    def test_every_other_sync_finds_the_same_and_writes_nothing(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        first, before = counts_of(synced, store), synced.everything()
        assert [counts_of(synced, store) for _ in range(3)] == [first] * 3
        assert synced.everything() == before

    def test_dry_run_json_and_status_say_so(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        shown = f"{store}: recalled: mine (the journal's own words, from {ENTRY}:12)"
        assert shown in synced.sync("--dry-run").stdout
        (decision,) = synced.told("--dry-run")["by"][store]["decisions"]
        assert (decision["key"], decision["action"]) == ("mine", "recalled")
        assert shown in synced.sync().stdout
        assert "4 read: 3 unchanged, 1 recalled" in synced.sync().stdout
        assert json.loads(repo.journal("status", "--json").stdout)["stores"][0]["due"] == {}

    def test_others_are_synced_meanwhile(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        synced.box.add("other", OTHER)
        synced.box.append("e1", "e1 fourth")
        synced.edit_entry("e2", "e2 second", "e2 changed")
        counts = counts_of(synced, store)
        assert (counts["recalled"], counts["imported"], counts["written"]) == (1, 1, 2)
        assert synced.names() == {"e1", "e2", "e3", "other"}
        assert "left alone mine" in repo.git("log", "--format=%B")
        assert synced.box.said()["mine"] == [PASSAGE]

    def test_that_it_goes_is_no_deletion(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        synced.sync()
        synced.box.delete("mine")
        counts = counts_of(synced, store)
        assert (counts["read"], counts["unchanged"]) == (3, 3)

    def test_once_it_says_something_new_it_is_taken_over(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        synced.sync()
        synced.box.append("mine", "And it takes an hour.")
        assert counts_of(synced, store)["imported"] == 1
        assert "- And it takes an hour." in synced.entry("mine")
        assert counts_of(synced, store)["unchanged"] == 4

    def test_what_is_taken_over_stays_an_entry_when_it_says_what_was_handed_out(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        hand(repo, PASSAGE)
        synced.box.add("mine", PASSAGE, "And it takes an hour.")
        synced.sync()
        synced.box.drop("mine", "And it takes an hour.")
        assert counts_of(synced, store)["written"] == 1
        assert "an hour" not in synced.entry("mine")

    def test_a_passage_that_a_person_deletes_does_not_come_back(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("build", PASSAGE)
        repo.commit()
        hand(repo, PASSAGE)
        synced.box.add("mine", PASSAGE)
        synced.sync()
        repo.git("rm", "-q", "journal/entries/build.md")
        repo.commit()
        assert counts_of(synced, store)["recalled"] == 1
        assert "build" not in synced.names() | synced.box.said().keys()

    def test_the_journal_s_own_words_are_recognised_without_a_register(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("build", PASSAGE, OTHER)
        repo.commit()
        synced.sync()
        synced.box.add("mine", OTHER)
        assert counts_of(synced, store)["recalled"] == 1

    def test_parts_that_an_assistant_puts_in_place_of_a_memory_are_taken_over(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("build", PASSAGE, OTHER)
        repo.commit()
        synced.sync()
        hand_out(open_journal(repo.path), [hit_of(f"- {PASSAGE}\n- {OTHER}")])
        synced.box.delete("build")
        synced.box.add("part-1", PASSAGE)
        synced.box.add("part-2", OTHER)
        assert counts_of(synced, store)["imported"] == 2
        assert synced.names() == {"e1", "e2", "e3", "part-1", "part-2"}

    def test_a_part_that_an_assistant_moves_to_a_memory_of_its_own_is_taken_over(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("build", PASSAGE, OTHER)
        repo.commit()
        synced.sync()
        hand_out(open_journal(repo.path), [hit_of(f"- {PASSAGE}\n- {OTHER}")])
        synced.box.drop("build", OTHER)
        synced.box.add("part", OTHER)
        assert counts_of(synced, store)["imported"] == 1
        assert OTHER in synced.entry("part")

    def test_a_record_that_was_renamed_is_no_new_one(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.write_entry("build", PASSAGE)
        repo.commit()
        synced.sync()
        hand(repo, PASSAGE)
        synced.box.rename("build", "built")
        assert counts_of(synced, store)["recalled"] == 0
        assert "built" in synced.box.said()

    def test_guards_do_not_count_it(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store, entries=12)
        hand(repo, PASSAGE, OTHER)
        for number in range(12):
            synced.box.add(f"mine-{number}", PASSAGE if number % 2 else OTHER, *([PASSAGE] if number < 2 else []))
        assert counts_of(synced, store)["recalled"] == 12
        for number in range(12):
            synced.box.delete(f"mine-{number}")
        assert counts_of(synced, store)["read"] == 12

    def test_a_store_that_was_there_before_the_first_sync(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        repo.git("update-ref", "-d", f"refs/journal/{store}")
        assert counts_of(synced, store)["recalled"] == 1

    def test_without_a_commit(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        synced.box.add("other", OTHER)
        counts = counts_of(synced, store, "--no-commit")
        assert (counts["recalled"], counts["imported"]) == (1, 1)

    def test_a_sync_that_is_undone_finds_it_again(self, repo: Repo, store: str) -> None:
        synced = self.recalled(repo, store)
        synced.box.add("other", OTHER)
        synced.sync()
        repo.journal("undo")
        counts = counts_of(synced, store)
        assert (counts["recalled"], counts["imported"]) == (1, 1)


class TestRegister:
    """What was handed out, in the state folder."""

    ORIGIN = Origin(entry=ENTRY, line=12)

    def test_it_holds_no_text(self, repo: Repo) -> None:
        hand(repo, PASSAGE)
        assert "gigabytes" not in (repo.path / ".git/journal" / FILE).read_text().lower()

    def test_what_was_handed_out_last_is_named_first(self, tmp_path: Path) -> None:
        later = Origin(entry="b.md", line=1)
        register(tmp_path, [(self.ORIGIN, ["a", "b"])])
        register(tmp_path, [(later, ["b"])])
        assert find(tmp_path, frozenset("ab")) == {"a": [self.ORIGIN], "b": [later, self.ORIGIN]}

    @pytest.mark.parametrize("torn", [1, 5, 20])
    def test_a_torn_line_costs_itself_alone(self, tmp_path: Path, torn: int) -> None:
        file = tmp_path / FILE
        for name in ("a", "b"):
            register(tmp_path, [(self.ORIGIN, [name])])
        file.write_bytes(file.read_bytes()[: -torn - 1])
        register(tmp_path, [(self.ORIGIN, ["c"])])
        assert find(tmp_path, frozenset("abc")).keys() == {"a", "c"}

    @pytest.mark.parametrize("line", [b"[]", b"1", b'{"e":"x"}', b'{"e":"x","n":"y","f":[]}', b"\xff\xfe", b"[" * 99])
    def test_a_line_that_is_no_line_of_it_is_passed_over(self, tmp_path: Path, line: bytes) -> None:
        (tmp_path / FILE).write_bytes(line + b"\n")
        register(tmp_path, [(self.ORIGIN, ["a"])])
        assert find(tmp_path, frozenset("a")) == {"a": [self.ORIGIN]}

    def test_many_processes_append_at_once(self, tmp_path: Path) -> None:
        with ProcessPoolExecutor(4) as pool:
            list(pool.map(_append_many, [(tmp_path, worker) for worker in range(4)]))
        wanted = frozenset(f"{worker}-{number}" for worker in range(4) for number in range(50))
        assert find(tmp_path, wanted).keys() == wanted

    def test_nothing_is_lost_while_others_write_it_anew(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handed_out, "_GROWN_BYTES", 2_000)
        with ProcessPoolExecutor(4) as pool:
            list(pool.map(_append_many, [(tmp_path, worker, 2_000) for worker in range(4)]))
        wanted = frozenset(f"{worker}-{number}" for worker in range(4) for number in range(50))
        assert find(tmp_path, wanted).keys() == wanted

    def test_it_is_bounded_and_keeps_the_latest(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handed_out, "MOST_FINGERPRINTS", 10)
        monkeypatch.setattr(handed_out, "_GROWN_BYTES", 1_000)
        for number in range(200):
            register(tmp_path, [(self.ORIGIN, [f"f{number}"])])
        assert (tmp_path / FILE).stat().st_size < 2_000
        found = find(tmp_path, frozenset(f"f{number}" for number in range(200)))
        assert {f"f{number}" for number in range(190, 200)} <= found.keys()
        assert "f0" not in found

    def test_what_is_handed_out_again_and_again_pushes_nothing_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handed_out, "MOST_FINGERPRINTS", 10)
        monkeypatch.setattr(handed_out, "_GROWN_BYTES", 1_000)
        register(tmp_path, [(self.ORIGIN, ["once"])])
        for _ in range(200):
            register(tmp_path, [(self.ORIGIN, ["often"])])
        assert find(tmp_path, frozenset({"once"})) != {}

    def test_an_answer_does_not_fail_where_it_cannot_be_remembered(self, repo: Repo) -> None:
        (repo.path / ".git/journal").write_text("a file where the folder belongs")
        notes: list[str] = []
        passages = hand_out(open_journal(repo.path), [hit_of()], note=notes.append)
        assert passages == (f"{PASSAGE}\n(journal: {ENTRY}:12)",)
        assert [note.partition(":")[0] for note in notes] == ["what was handed out is not remembered"]

    def test_a_text_that_is_no_unicode_is_handed_out_too(self, repo: Repo) -> None:
        assert len(hand(repo, "half a pair \ud800 in a text that is long enough to tell")) == 1

    def test_work_trees_share_it(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit()
        repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
        hand(repo, PASSAGE)
        linked = Repo(tmp_path / "linked")
        remember(linked, PASSAGE)
        assert imported(linked).recalled == 1


def _append_many(job: tuple[Any, ...]) -> None:
    folder, worker, *grown = job
    if grown:
        handed_out._GROWN_BYTES = grown[0]
    for number in range(50):
        assert register(folder, [(Origin(entry=f"{worker}.md", line=number), [f"{worker}-{number}"])]) == ""
    assert os.path.exists(folder / FILE)


# --- what commands print --------------------------------------------------------------------------------------------


def test_what_a_program_was_answered_is_no_new_memory_later(repo: Repo) -> None:
    repo.write("journal/entries/2025-04-05-14-30-build.md", entry_text("Build", body=PASSAGE))
    repo.commit()
    assert PASSAGE in repo.journal("query", "nightly parser").output
    repo.write("journal/entries/2025-04-05-14-30-build.md", entry_text("Build", body="Nothing."))
    remember(repo, PASSAGE, OTHER)
    result = imported(repo)
    assert (result.recalled, result.imported) == (1, 1)
    assert balances(result)


def test_a_torn_line_of_what_was_printed_costs_itself_alone(repo: Repo) -> None:
    repo.write("journal/entries/2025-04-05-14-30-build.md", entry_text("Build", body=PASSAGE))
    repo.commit()
    repo.journal("query", "nightly parser")
    kept = repo.path / ".git/journal/asked-for.jsonl"
    kept.write_bytes(b'{"entry": "x\n[]\n{"entry":1}\n' + kept.read_bytes() + b'{"en')
    repo.write("journal/entries/2025-04-05-14-30-build.md", entry_text("Build", body="Nothing."))
    remember(repo, PASSAGE)
    assert imported(repo).recalled == 1


def test_what_was_taken_by_a_process_that_died_is_settled_by_the_next(repo: Repo) -> None:
    repo.write("journal/entries/2025-04-05-14-30-build.md", entry_text("Build", body=PASSAGE))
    repo.commit()
    repo.journal("query", "nightly parser")
    (repo.path / ".git/journal/asked-for.jsonl").rename(repo.path / ".git/journal/asked-for.jsonl.1.taken")
    repo.write("journal/entries/2025-04-05-14-30-build.md", entry_text("Build", body="Nothing."))
    remember(repo, PASSAGE)
    assert imported(repo).recalled == 1
    assert list((repo.path / ".git/journal").glob("asked-for*")) == []


def test_a_file_that_grew_large_is_settled_by_the_command_that_made_it_so(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.operations import handing_out

    monkeypatch.setattr(handing_out, "MOST_BYTES", 10)
    repo.write("journal/entries/2025-04-05-14-30-build.md", entry_text("Build", body=PASSAGE))
    repo.commit()
    repo.journal("query", "nightly parser")
    assert not (repo.path / ".git/journal/asked-for.jsonl").exists()
    assert (repo.path / ".git/journal" / FILE).exists()
