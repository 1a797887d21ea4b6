"""A flush writes what the journal is owed: one commit, merged with what people did, nothing lost, nothing doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from memories import START, WEDDING, Memories, open_memories
from repositories import Repo, entry_text

from sync.errors import RefusedError, RetryError
from sync.repository.lock import lock
from sync.taskmaster.long_term.copies import ALWAYS
from sync.taskmaster.long_term.port import Outcome
from sync.taskmaster.memory import MemoryId, Tier

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def memories(repo: Repo, tmp_path: Path) -> Iterator[Memories]:
    """A journal with one entry of a person's, its memories tracked, and the embedded tiers."""
    repo.write("journal/entries/2025-04-05-a.md", entry_text())
    repo.write("notes.txt", "of the person\n")
    repo.journal("export")
    repo.commit("start")
    with open_memories(repo, tmp_path / "tiers") as found:
        yield found


def commits(repo: Repo) -> int:
    return int(repo.git("rev-list", "--count", "HEAD"))


def status(repo: Repo) -> str:
    return repo.git("status", "--short")


class TestWriting:
    """What is remembered comes into the journal."""

    def test_a_flush_is_one_commit_of_the_tiers_own_and_owes_nothing_after(self, memories: Memories) -> None:
        before = commits(memories.repo)
        for number in range(5):
            memories.remember(f"fact {number}", {"n": number})
        done = memories.flush(written=5)
        assert (done.owed, done.is_new, memories.owed()) == (5, True, [])
        assert commits(memories.repo) == before + 1
        assert memories.repo.git("log", "-1", "--format=%an %(trailers:key=Journal-Store,valueonly)").split() == [
            "taskmaster", "(journal-sync)", "taskmaster",
        ]  # fmt: skip
        assert status(memories.repo) == ""

    def test_a_caller_can_say_what_the_commit_is_for(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.tier.flush(message="Tidy up\n\nTwo memories were one.\n")
        said = memories.repo.git("log", "-1", "--format=%B")
        assert said.startswith("Tidy up\n\nTwo memories were one.\n")
        assert "Journal-Store: taskmaster" in memories.repo.git("log", "-1", "--format=%(trailers)")

    def test_the_journal_says_what_was_remembered_whatever_its_kind(self, memories: Memories) -> None:
        values = {
            "json": {"b": [1, None], "a": "é"},
            "text": "---\nno front matter\r\n",
            "bytes": b"\0\xff",
            "empty": "",
        }
        for key, value in values.items():
            memories.remember(key, value)
        memories.flush(written=4)
        assert {key: memories.value(key) for key in values} == values
        memories.parts.catalogue.clear()
        memories.tier.follow()
        assert {key: memories.value(key) for key in values} == values

    def test_a_large_value_is_an_object_and_comes_back_whole(self, memories: Memories) -> None:
        large = "The hall has room for many guests.\n" * 5_000
        memories.remember("large", large)
        memories.flush(written=1)
        text = memories.repo.read(memories.path("large"))
        assert "object: sha256:" in text
        assert len(text) < 4_000
        assert memories.value("large") == large

    def test_an_object_that_is_not_there_leaves_its_first_lines_to_be_shown(self, memories: Memories) -> None:
        memories.remember("large", "The hall has room.\n" * 5_000)
        memories.flush(written=1)
        for file in (memories.repo.path.parent / "tiers" / "objects").rglob("*"):
            if file.is_file():
                file.unlink()
        assert str(memories.value("large")).startswith("The hall has room.\n")
        held = memories.tier.catalogue.get([MemoryId(WEDDING, "large")], ALWAYS)[MemoryId(WEDDING, "large")]
        object_line = [line for line in memories.repo.read(memories.path("large")).splitlines() if "sha256:" in line]
        memories.write(replace(held.memory, importance=0.8, updated=held.memory.updated + timedelta(days=1)))
        memories.flush(written=1)
        assert object_line[0] in memories.repo.read(memories.path("large")).splitlines()

    def test_what_was_written_can_be_written_again_and_only_the_change_is_a_change(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1, "items": {"hall": 2}})
        memories.flush(written=1)
        memories.remember("budget", {"total": 1, "items": {"hall": 3}})
        memories.flush(written=1)
        changed = [line for line in memories.repo.git("diff", "HEAD~1", "--", "*.md").splitlines() if line[:1] in "+-"]
        assert [line for line in changed if "hall" in line] == ['-    "hall": 2', '+    "hall": 3']
        assert len(changed) == 5  # with the file's two names, and `updated`

    def test_the_same_value_again_is_no_commit(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        before = commits(memories.repo)
        memories.remember("budget", {"total": 1})
        memories.flush(in_step=1)
        assert (commits(memories.repo), memories.owed()) == (before, [])

    def test_the_tracked_memories_follow(self, memories: Memories) -> None:
        memories.remember("budget", "the hall costs 900")
        memories.flush(written=1)
        told = json.loads(memories.repo.read("journal/memories.json"))
        assert any("the hall costs 900" in one["text"] for one in told)
        memories.forget("budget")
        memories.remember("other", {"a": 1})
        memories.flush(deleted=1, written=1)
        tracked = memories.repo.read("journal/memories.json")
        memories.repo.journal("export")
        assert memories.repo.read("journal/memories.json") == tracked

    def test_the_journal_is_valid_after_a_flush(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1}, type="pricing", metadata={"by": {"who": [1]}}, retention="2y")
        memories.remember("bytes", b"\0", expires=START)
        memories.flush(written=2)
        memories.repo.journal("validate")

    def test_a_forgotten_memory_leaves_the_journal_and_stays_in_its_history(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.forget("budget")
        memories.flush(deleted=1)
        assert (memories.value("budget"), memories.owed()) == (None, [])
        assert not (memories.repo.path / memories.path("budget")).exists()

    def test_what_is_forgotten_before_it_was_ever_flushed_never_comes(self, memories: Memories) -> None:
        before = commits(memories.repo)
        memories.remember("budget", {"total": 1})
        memories.forget("budget")
        memories.flush(in_step=1)
        assert (commits(memories.repo), memories.owed()) == (before, [])

    @pytest.mark.parametrize("value", ["a\r\nb\r\n", "a\nb\n", "a\r\nb\n", "a\rb\r"])
    def test_line_ends_stay_where_git_changes_them_in_the_work_tree(self, memories: Memories, value: str) -> None:
        memories.repo.git("config", "core.autocrlf", "true")
        memories.remember("text", value)
        memories.flush(written=1)
        memories.remember("text", f"{value}more")
        memories.flush(written=1)
        assert (memories.value("text"), status(memories.repo)) == (f"{value}more", "")

    def test_ids_of_objects_may_be_long(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "long")
        repo.path.mkdir()
        repo.git("init", "-q", "-b", "main", "--object-format=sha256")
        repo.commit("start")
        with open_memories(repo, tmp_path / "tiers") as memories:
            memories.remember("budget", {"a": 1, "b": 1})
            memories.flush(written=1)
            memories.edit("budget", '"a": 1', '"a": 2')
            memories.remember("budget", {"a": 1, "b": 2})
            memories.flush(merged=1)
            assert memories.value("budget") == memories.copy("budget") == {"a": 2, "b": 2}

    def test_a_first_commit_can_be_a_flush(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "new")
        repo.path.mkdir()
        repo.git("init", "-q", "-b", "main")
        with open_memories(repo, tmp_path / "tiers") as memories:
            memories.remember("budget", {"total": 1})
            memories.flush(written=1)
            assert memories.value("budget") == {"total": 1}

    def test_two_keys_of_one_file_name_have_an_entry_each(
        self, memories: Memories, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sync.taskmaster.long_term.paths._SHORT", 0)
        for key in ("a key", "a  key", "A KEY"):
            memories.remember(key, key)
        memories.flush(written=3)
        memories.remember("a-key", "another")
        memories.flush(written=1)
        assert [memories.value(key) for key in ("a key", "a  key", "A KEY", "a-key")] == [
            "a key", "a  key", "A KEY", "another",
        ]  # fmt: skip


class TestMerging:
    """A person edits what a memory says, and the memory is written too."""

    def test_a_persons_edit_and_a_later_write_of_other_keys_are_both_there(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1, "hall": 2})
        memories.flush(written=1)
        memories.edit("budget", '"hall": 2', '"hall": 3')
        memories.remember("budget", {"total": 5, "hall": 2})
        memories.flush(merged=1)
        assert memories.value("budget") == memories.copy("budget") == {"total": 5, "hall": 3}
        assert status(memories.repo) == ""

    def test_lines_that_touch_each_other_merge_where_the_keys_are_others(self, memories: Memories) -> None:
        memories.remember("budget", {"a": 1, "b": 1, "c": 1})
        memories.flush(written=1)
        memories.edit("budget", '"b": 1', '"b": 2')
        memories.remember("budget", {"a": 3, "b": 1, "c": 1, "d": 4})
        memories.flush(merged=1)
        assert memories.value("budget") == {"a": 3, "b": 2, "c": 1, "d": 4}

    def test_other_sections_of_a_text_merge(self, memories: Memories) -> None:
        memories.remember("note", "# One\n\nfirst\n\n# Two\n\nsecond\n")
        memories.flush(written=1)
        memories.edit("note", "first", "first of the person")
        memories.remember("note", "# One\n\nfirst\n\n# Two\n\nsecond of the program\n")
        memories.flush(merged=1)
        assert memories.value("note") == "# One\n\nfirst of the person\n\n# Two\n\nsecond of the program\n"

    def test_what_a_person_adds_to_the_front_matter_stays(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.edit("budget", "key: budget\n", "key: budget\ntags: [money] # mine\n")
        memories.remember("budget", {"total": 2})
        memories.flush(merged=1)
        assert "tags: [money] # mine\n" in memories.repo.read(memories.path("budget"))

    def test_what_is_written_on_a_merge_is_merged_with_what_was_seen(self, memories: Memories) -> None:
        memories.remember("budget", {"a": 1, "b": 1})
        memories.flush(written=1)
        memories.edit("budget", '"a": 1', '"a": 2')
        memories.remember("budget", {"a": 1, "b": 2})
        memories.flush(merged=1)
        memories.remember("budget", {"a": 2, "b": 3})
        memories.flush(written=1)
        assert memories.value("budget") == {"a": 2, "b": 3}

    def test_an_entry_that_a_person_moved_is_written_where_it_is(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.repo.git("mv", memories.path("budget"), "journal/entries/money.md")
        memories.repo.commit("moved")
        memories.remember("budget", {"total": 2})
        memories.flush(written=1)
        assert '"total": 2' in memories.repo.read("journal/entries/money.md")
        assert not (memories.repo.path / memories.path("budget")).exists()

    def test_a_persons_own_entry_is_a_memory_and_is_written_as_one(self, memories: Memories) -> None:
        text = f"---\ncontext: {WEDDING}\ndate: 2025-04-05\n---\n\nThe hall is booked.\n"
        memories.repo.write("journal/entries/hall.md", text)
        memories.repo.commit("mine")
        memories.tier.follow()
        assert memories.value("hall") == "The hall is booked."
        memories.remember("hall", "The hall is paid.", importance=0.5)
        memories.flush(written=1)
        assert "The hall is paid." in memories.repo.read("journal/entries/hall.md")

    def test_the_same_key_written_on_both_sides_is_one_where_they_say_the_same(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.edit("budget", '"total": 1', '"total": 2')
        memories.remember("budget", {"total": 2})
        memories.flush(in_step=1)
        assert memories.owed() == []

    def test_a_copy_that_is_changed_while_a_flush_runs_is_merged_with_what_it_was(
        self, memories: Memories, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        memories.remember("budget", {"a": 1, "b": 1, "c": 1})
        memories.flush(written=1)
        memories.edit("budget", '"a": 1', '"a": 2')
        memories.remember("budget", {"a": 1, "b": 2, "c": 1})
        real = memories.parts.working.settle

        def settle(*arguments: object) -> int:
            memories.remember("budget", {"a": 1, "b": 2, "c": 3})
            return real(*arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(memories.parts.working, "settle", settle)
            memories.flush(merged=1)
        assert memories.owed() == ["budget"]
        memories.flush(merged=1)
        assert memories.value("budget") == memories.copy("budget") == {"a": 2, "b": 2, "c": 3}


class TestConflicts:
    """What cannot be merged waits for a person, and `journal resolve` ends it."""

    @pytest.fixture
    def clashing(self, memories: Memories) -> Memories:
        """One memory that was changed on both sides."""
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.edit("budget", '"total": 1', '"total": 2')
        memories.remember("budget", {"total": 3})
        return memories

    def test_both_sides_are_kept_until_a_person_decides(self, clashing: Memories) -> None:
        clashing.remember("other", "another")
        done = clashing.flush(conflict=1, written=1)
        (told,) = [one for one in done.told if one.outcome is Outcome.CONFLICT]
        assert (clashing.value("budget"), clashing.copy("budget")) == ({"total": 2}, {"total": 3})
        assert told.hint == f"journal resolve {told.conflict}"
        listed = json.loads(clashing.repo.journal("conflicts", "--json", code=1).output)["conflicts"]
        assert [(one["id"], one["store"], one["path"]) for one in listed] == [
            (told.conflict, "taskmaster", clashing.path("budget"))
        ]
        assert clashing.owed() == ["budget"]

    def test_the_next_flush_says_it_again_and_commits_nothing(self, clashing: Memories) -> None:
        clashing.flush(conflict=1)
        before = commits(clashing.repo)
        clashing.flush(conflict=1)
        assert commits(clashing.repo) == before

    @pytest.mark.parametrize(("side", "total"), [("--ours", 2), ("--theirs", 3)])
    def test_resolving_it_is_what_all_tiers_say_from_then_on(self, clashing: Memories, side: str, total: int) -> None:
        clashing.flush(conflict=1)
        clashing.repo.journal("resolve", clashing.path("budget"), side)
        clashing.flush(in_step=1)
        assert clashing.value("budget") == clashing.copy("budget") == {"total": total}
        assert (clashing.owed(), status(clashing.repo)) == ([], "")
        assert json.loads(clashing.repo.journal("conflicts", "--json").output) == {"conflicts": []}

    def test_a_person_can_write_the_value(self, clashing: Memories, monkeypatch: pytest.MonkeyPatch) -> None:
        clashing.flush(conflict=1)
        text = clashing.repo.read(clashing.path("budget")).replace('"total": 2', '"total": 99')
        clashing.repo.write("wanted.md", text)
        monkeypatch.setenv("GIT_EDITOR", f"cp {clashing.repo.path}/wanted.md")
        clashing.repo.journal("resolve", clashing.path("budget"), "--edit")
        clashing.flush(in_step=1)
        assert clashing.copy("budget") == {"total": 99}

    def test_a_value_that_cannot_be_read_is_no_resolution(
        self, clashing: Memories, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clashing.flush(conflict=1)
        text = clashing.repo.read(clashing.path("budget")).replace('"total": 2', '"total": ')
        clashing.repo.write("wanted.md", text)
        monkeypatch.setenv("GIT_EDITOR", f"cp {clashing.repo.path}/wanted.md")
        said = clashing.repo.journal("resolve", clashing.path("budget"), "--edit", code=2)
        assert "not JSON" in said.stderr

    def test_the_record_goes_where_a_later_write_agrees(self, clashing: Memories) -> None:
        clashing.flush(conflict=1)
        clashing.remember("budget", {"total": 2})
        clashing.flush(in_step=1)
        assert json.loads(clashing.repo.journal("conflicts", "--json").output) == {"conflicts": []}

    def test_what_is_forgotten_and_was_edited_survives_until_a_person_decides(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.edit("budget", '"total": 1', '"total": 2')
        memories.forget("budget")
        memories.flush(conflict=1)
        assert memories.value("budget") == {"total": 2}
        memories.repo.journal("resolve", memories.path("budget"), "--ours")
        memories.flush(in_step=1)
        assert memories.value("budget") == memories.copy("budget") == {"total": 2}

    def test_what_is_forgotten_and_edited_can_be_let_go(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.edit("budget", '"total": 1', '"total": 2')
        memories.forget("budget")
        memories.flush(conflict=1)
        memories.repo.journal("resolve", memories.path("budget"), "--theirs")
        memories.flush(in_step=1)
        assert (memories.value("budget"), memories.owed()) == (None, [])

    def test_what_a_person_deleted_and_was_written_again_survives(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.remember("budget", {"total": 2})
        memories.repo.git("rm", "-q", memories.path("budget"))
        memories.repo.commit("deleted")
        memories.flush(conflict=1)
        memories.repo.journal("resolve", memories.path("budget"), "--theirs")
        memories.flush(in_step=1)
        assert memories.value("budget") == {"total": 2}

    def test_without_a_base_two_values_are_a_conflict(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        path = memories.path("budget")
        memories.repo.write(path, f"---\ncontext: {WEDDING}\nkey: budget\nkind: json\n---\n\n```json\n2\n```\n")
        memories.repo.commit("mine")
        memories.flush(conflict=1)
        assert (memories.value("budget"), memories.copy("budget")) == (2, {"total": 1})

    def test_a_base_that_is_gone_from_the_repository_is_none(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.remember("budget", {"total": 2})
        held = memories.parts.working
        held.settle(Tier.SEMANTIC, {}, {})
        (one,) = held.owed(Tier.LONG, 10)
        held.settle(Tier.SEMANTIC, {one.memory.id: one.memory.version}, {one.memory.id: "1" * 40})
        memories.flush(conflict=1)


class TestHeldBack:
    """One memory that may not come in keeps no other from coming."""

    def test_a_memory_with_a_secret_is_held_back_and_told(self, memories: Memories) -> None:
        for number in range(3):
            memories.remember(f"fact {number}", f"fact {number}")
        memories.remember("access", {"user": "ada", "github": SECRET})
        memories.remember("again", f"the same one: {SECRET}")
        memories.remember("bytes", SECRET.encode())
        done = memories.flush(written=3, held_back=3)
        told = {one.id.key: one for one in done.told if one.why}
        assert "line 2 looks like a secret" in told["access"].why
        assert "secrets.baseline" in told["access"].hint
        assert SECRET not in memories.repo.git("log", "-p", "--all")
        assert sorted(memories.owed()) == ["access", "again", "bytes"]

    def test_in_a_value_that_is_an_object_too(self, memories: Memories) -> None:
        memories.remember("large", "some words about the hall\n" * 4_000 + f"token: {SECRET}\n")
        memories.flush(held_back=1)
        assert not any((memories.repo.path.parent / "tiers" / "objects").rglob("*"))

    def test_without_the_secret_it_comes(self, memories: Memories) -> None:
        memories.remember("access", {"github": SECRET})
        memories.flush(held_back=1)
        memories.remember("access", {"github": "in the vault"})
        memories.flush(written=1)

    def test_a_memory_whose_entry_is_being_edited_waits(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.remember("other", "one")
        memories.flush(written=2)
        path = memories.path("budget")
        draft = memories.repo.read(path) + "\nmy draft\n"
        memories.repo.write(path, draft)
        memories.remember("budget", {"total": 2})
        memories.remember("other", "two")
        done = memories.flush(written=1, waiting=1)
        (told,) = [one for one in done.told if one.why]
        assert (told.id.key, "not committed" in told.why) == ("budget", True)
        assert memories.repo.read(path) == draft
        memories.repo.git("checkout", "--", path)
        memories.flush(written=1)

    def test_nothing_of_the_persons_is_committed_or_touched(self, memories: Memories) -> None:
        memories.repo.write("notes.txt", "changed\n")
        memories.repo.write("staged.txt", "staged\n")
        memories.repo.git("add", "staged.txt")
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        assert status(memories.repo) == " M notes.txt\nA  staged.txt\n"

    def test_a_memory_whose_entry_is_broken_waits_until_it_is_mended(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.flush(written=1)
        memories.edit("budget", '"total": 1', '"total": ')
        memories.remember("budget", {"total": 2})
        done = memories.flush(waiting=1)
        assert f"{memories.path('budget')}:13:1" in done.told[0].why
        assert memories.value("budget") == {"total": 1}
        memories.edit("budget", '"total": ', '"total": 1')
        memories.flush(written=1)
        assert memories.value("budget") == {"total": 2}


class TestGuards:
    """A flush stops where the engine does, and nothing is lost."""

    def test_during_a_merge(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.repo.write(".git/MERGE_HEAD", memories.repo.git("rev-parse", "HEAD"))
        with pytest.raises(RefusedError, match="a merge is in progress"):
            memories.flush()
        assert memories.owed() == ["budget"]

    def test_with_no_branch(self, memories: Memories) -> None:
        memories.remember("budget", {"total": 1})
        memories.repo.git("checkout", "-q", "--detach")
        with pytest.raises(RefusedError, match="no branch"):
            memories.flush()

    def test_in_a_shallow_clone(self, memories: Memories) -> None:
        memories.repo.write(".git/shallow", memories.repo.git("rev-parse", "HEAD"))
        memories.remember("budget", {"total": 1})
        with pytest.raises(RefusedError, match="shallow"):
            memories.flush()
        assert memories.tier.flush(allow_shallow=True).count(Outcome.WRITTEN) == 1

    def test_while_another_run_holds_the_lock(self, memories: Memories, monkeypatch: pytest.MonkeyPatch) -> None:
        memories.remember("budget", {"total": 1})
        monkeypatch.setattr("sync.repository.lock.WAIT_S", 0.0)
        monkeypatch.setattr(lock.__wrapped__, "__kwdefaults__", {"wait_s": 0.0})  # type: ignore[attr-defined]
        with lock(memories.parts.state_folder), pytest.raises(RetryError, match="at work"):
            memories.flush()
        memories.flush(written=1)


def test_every_memory_that_was_owed_is_told_once(memories: Memories) -> None:
    for number in range(4):
        memories.remember(f"fact {number}", {"n": number})
    memories.flush(written=4)
    memories.edit("fact 0", '"n": 0', '"n": 10')
    memories.edit("fact 1", '"n": 1', '"n": ')
    memories.remember("fact 0", {"n": 20})
    memories.remember("fact 1", {"n": 21})
    memories.remember("fact 2", {"n": 2})
    memories.forget("fact 3")
    memories.remember("new", SECRET)
    done = memories.flush(conflict=1, waiting=1, in_step=1, deleted=1, held_back=1)
    assert done.owed == sum(done.count(one) for one in Outcome) == 5
    assert [one.id for one in done.told] == sorted(one.id for one in done.told)


def test_the_catalogue_after_a_flush_is_what_it_is_when_made_anew(memories: Memories) -> None:
    for number in range(4):
        memories.remember(f"fact {number}", {"n": number} if number % 2 else f"# T\n\ntext {number}\n")
    memories.remember("large", "a line of many\n" * 9_000)
    memories.flush(written=5)
    memories.edit("fact 1", '"n": 1', '"n": 10')
    memories.remember("fact 2", "other")
    memories.forget("fact 0")
    memories.flush(written=1, deleted=1)

    def shown() -> dict[MemoryId, object]:
        page = memories.parts.catalogue.page("", ALWAYS, below=True)
        return {
            one.memory.id: (one.memory.value, dict(one.memory.metadata), one.base, one.memory.updated, one.tokens)
            for one in page
        }

    before = shown()
    memories.parts.catalogue.clear()
    memories.tier.follow()
    assert shown() == before
    assert len(before) == 4
