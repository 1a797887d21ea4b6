"""The long-term tier shows what the journal says: it follows HEAD, takes people's edits over, and knows the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from memories import START, WEDDING, Memories, open_memories
from repositories import Repo, entry_text

from sync.errors import UsageError
from sync.repository.git import locate
from sync.repository.tips import changed_blobs, read_tip
from sync.taskmaster.long_term.copies import ALWAYS
from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.scoring import read_asked
from sync.taskmaster.writing import COPY_NEW, Write

LATER = START + timedelta(days=9_000)
HALL = f"---\ncontext: {WEDDING}\ndate: 2025-04-05\n---\n\nThe hall is booked.\n"


@pytest.fixture
def memories(repo: Repo, tmp_path: Path) -> Iterator[Memories]:
    """A journal with one entry that is no memory, and the embedded tiers."""
    repo.write("journal/entries/2025-04-05-a.md", entry_text())
    repo.commit("start")
    with open_memories(repo, tmp_path / "tiers") as found:
        yield found


def flushed(memories: Memories, count: int) -> None:
    """So many memories `fact 0`, `fact 1` …, in the journal and in the working tier."""
    for number in range(count):
        memories.remember(f"fact {number}", {"n": number})
    memories.flush(written=count)


def remove(repo: Repo, *paths: str) -> None:
    repo.git("rm", "-q", *paths)
    repo.commit("removed")


class TestFollowing:
    """The catalogue shows HEAD, however it moved."""

    def test_nothing_has_moved_is_told_without_a_process(
        self, memories: Memories, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        memories.tier.follow()
        monkeypatch.setenv("PATH", "")
        assert memories.tier.follow() is None

    def test_only_what_changed_is_new(self, memories: Memories) -> None:
        flushed(memories, 3)
        memories.repo.write("journal/entries/hall.md", HALL)
        memories.edit("fact 1", '"n": 1', '"n": 10')
        found = memories.tier.follow()
        assert found is not None
        assert sorted(one.memory.key for one in found.writes) == ["fact 1", "hall"]
        assert (memories.value("fact 1"), memories.value("hall")) == ({"n": 10}, "The hall is booked.")

    def test_an_entry_that_goes_takes_its_memory_with_it(self, memories: Memories) -> None:
        flushed(memories, 2)
        remove(memories.repo, memories.path("fact 0"))
        found = memories.tier.follow()
        assert found is not None
        assert list(found.gone) == [MemoryId(WEDDING, "fact 0")]
        assert memories.value("fact 0") is None

    def test_an_entry_that_moves_stays_the_same_memory(self, memories: Memories) -> None:
        flushed(memories, 1)
        version = memories.parts.catalogue.get([MemoryId(WEDDING, "fact 0")], ALWAYS)
        memories.repo.git("mv", memories.path("fact 0"), "journal/entries/moved.md")
        memories.repo.commit("moved")
        found = memories.tier.follow()
        assert found is not None
        assert not found.gone
        (held,) = memories.parts.catalogue.get([MemoryId(WEDDING, "fact 0")], ALWAYS).values()
        assert held.memory.metadata["_entry"] == "journal/entries/moved.md"
        assert held.memory.version == version[held.memory.id].memory.version

    def test_a_key_that_changes_in_its_entry_is_another_memory(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.edit("fact 0", "key: fact 0", "key: the first fact")
        memories.tier.follow()
        assert (memories.value("fact 0"), memories.value("the first fact")) == (None, {"n": 0})

    @pytest.mark.parametrize("how", ["reset", "branch", "amend", "rebuilt", "gone"])
    def test_a_history_that_is_rewritten_is_followed(self, memories: Memories, how: str) -> None:
        flushed(memories, 2)
        before = memories.repo.git("rev-parse", "HEAD").strip()
        memories.edit("fact 0", '"n": 0', '"n": 10')
        memories.tier.follow()
        git = memories.repo.git
        if how == "reset":
            git("reset", "-q", "--hard", before)
        elif how == "branch":
            git("switch", "-q", "-c", "other", before)
        elif how == "amend":
            memories.repo.write(memories.path("fact 0"), git("show", f"{before}:{memories.path('fact 0')}"))
            git("commit", "-q", "-a", "--amend", "--allow-empty", "-m", "another")
        elif how == "rebuilt":
            memories.parts.catalogue.follow("1" * 40, memories.parts.catalogue.commit(), (), ())
            git("reset", "-q", "--hard", before)
        else:
            git("reset", "-q", "--hard", before)
            git("reflog", "expire", "--expire=now", "--all")
            git("gc", "-q", "--prune=now")
        found = memories.tier.follow()
        assert found is not None
        assert found.is_rebuilt == (how in ("rebuilt", "gone"))
        assert (memories.value("fact 0"), memories.value("fact 1")) == ({"n": 0}, {"n": 1})

    def test_a_catalogue_that_is_made_anew_tells_how_far_it_is_and_forgets_what_is_gone(
        self, memories: Memories, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sync.taskmaster.long_term.following._CHUNK", 2)
        flushed(memories, 5)
        remove(memories.repo, memories.path("fact 0"))
        memories.parts.catalogue.follow("1" * 40, memories.parts.catalogue.commit(), (), ())
        told: list[tuple[int, int]] = []
        found = memories.parts.follower.follow(lambda done, total: told.append((done, total)))
        assert found is not None
        assert (found.is_rebuilt, list(found.gone)) == (True, [MemoryId(WEDDING, "fact 0")])
        assert told == [(2, 5), (4, 5), (5, 5)]
        assert [memories.value(f"fact {number}") for number in range(5)] == [None, *({"n": n} for n in range(1, 5))]

    def test_two_entries_of_one_memory_are_a_fault_and_the_other_takes_over_when_one_goes(
        self, memories: Memories
    ) -> None:
        flushed(memories, 1)
        text = memories.repo.read(memories.path("fact 0")).replace('"n": 0', '"n": 5')
        memories.repo.write("journal/entries/copy.md", text)
        memories.repo.commit("copied")
        found = memories.tier.follow()
        assert found is not None
        assert [(one.path, one.message) for one in found.faults] == [
            ("journal/entries/copy.md", f"is the same memory as {memories.path('fact 0')}: {WEDDING} fact 0")
        ]
        assert memories.value("fact 0") == {"n": 0}
        remove(memories.repo, memories.path("fact 0"))
        memories.tier.follow()
        assert memories.value("fact 0") == {"n": 5}

    @pytest.mark.parametrize("is_rebuilt", [False, True])
    def test_of_two_entries_the_one_with_the_memorys_own_name_counts(
        self, memories: Memories, *, is_rebuilt: bool
    ) -> None:
        text = HALL.replace("\ndate", "\nkey: k\ndate")
        memories.repo.write("journal/entries/a.md", text.replace("booked", "wrong"))
        memories.repo.commit("first")
        memories.tier.follow()
        memories.repo.write(memories.path("k"), text)
        memories.repo.commit("second")
        if is_rebuilt:
            memories.parts.catalogue.clear()
        memories.tier.follow()
        assert memories.value("k") == "The hall is booked."


class TestFaults:
    """A person breaks a memory's entry: it is told where, and the tiers keep what they had."""

    @pytest.mark.parametrize(
        ("old", "new"), [('"n": 0', '"n": '), ("kind: json", "kind: jsno"), ("context:", "context: ["), ("```\n", "")]
    )
    def test_the_old_value_is_kept_until_it_is_mended(self, memories: Memories, old: str, new: str) -> None:
        flushed(memories, 2)
        memories.edit("fact 0", old, new)
        found = memories.tier.follow()
        assert found is not None
        assert [(one.path, one.line > 1) for one in found.faults] == [(memories.path("fact 0"), True)]
        assert memories.value("fact 0") == memories.copy("fact 0") == {"n": 0}
        memories.edit("fact 1", '"n": 1', '"n": 11')
        again = memories.tier.follow()
        assert again is not None
        assert again.faults == found.faults  # they are told as long as they are there
        memories.repo.git("checkout", "-q", "HEAD~2", "--", memories.path("fact 0"))
        memories.repo.commit("mended")
        mended = memories.tier.follow()
        assert mended is not None
        assert mended.faults == ()

    def test_it_is_a_finding_of_validate(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.repo.journal("validate")
        memories.edit("fact 0", '"n": 0', '"n": ')
        assert f"{memories.path('fact 0')}:13:1: not JSON" in memories.repo.journal("validate", code=1).output

    def test_a_broken_entry_is_no_reason_to_forget_when_the_catalogue_is_made_anew(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.edit("fact 0", '"n": 0', '"n": ')
        memories.parts.catalogue.follow("1" * 40, memories.parts.catalogue.commit(), (), ())
        memories.tier.follow()
        assert memories.value("fact 0") == {"n": 0}


class TestCopies:
    """What other tiers hold takes the journal's value, where the journal is owed nothing."""

    def test_a_persons_edit_reaches_the_working_and_the_short_term_tier(self, memories: Memories) -> None:
        flushed(memories, 1)
        id_ = MemoryId(WEDDING, "fact 0")
        short = memories.parts.short
        assert short is not None
        copy = memories.parts.working.get([id_], ALWAYS)[id_].memory
        short.put([Write(memory=copy, seen=COPY_NEW, homes=frozenset({Tier.SHORT}))])
        memories.edit("fact 0", '"n": 0', '"n": 10')
        found = memories.tier.follow()
        assert found is not None
        assert (found.renewed, found.dropped) == ((id_,), (id_,))
        assert memories.copy("fact 0") == {"n": 10}
        assert short.get([id_], ALWAYS) == {}
        assert memories.owed() == []

    def test_a_copy_that_owes_the_journal_a_change_is_left_to_the_flush(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.edit("fact 0", '"n": 0', '"n": 0,\n  "m": 1')
        memories.remember("fact 0", {"n": 5})
        memories.tier.follow()
        assert memories.copy("fact 0") == {"n": 5}
        memories.flush(merged=1)
        assert memories.copy("fact 0") == {"n": 5, "m": 1}

    def test_a_copy_goes_with_its_entry(self, memories: Memories) -> None:
        flushed(memories, 1)
        remove(memories.repo, memories.path("fact 0"))
        found = memories.tier.follow()
        assert found is not None
        assert found.dropped == (MemoryId(WEDDING, "fact 0"),)
        assert memories.copy("fact 0") is None

    def test_what_is_written_on_a_renewed_copy_is_based_on_the_persons_edit(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.edit("fact 0", '"n": 0', '"n": 10')
        memories.tier.follow()
        memories.remember("fact 0", {"n": 11})
        memories.flush(written=1)
        assert memories.value("fact 0") == {"n": 11}

    def test_many_that_go_at_once_are_kept_until_a_person_allows_it(self, memories: Memories) -> None:
        flushed(memories, 10)
        remove(memories.repo, *(memories.path(f"fact {number}") for number in range(4)))
        found = memories.tier.follow()
        assert found is not None
        assert found.refusal is not None
        assert "4 of 10 memories are gone" in found.refusal.message
        assert "--allow-deletes 4" in found.refusal.hint
        assert (memories.copy("fact 0"), memories.value("fact 0")) == ({"n": 0}, None)
        memories.tier.flush(allow_deletes=3)
        assert memories.copy("fact 0") == {"n": 0}
        memories.tier.flush(allow_deletes=4)
        assert [memories.copy(f"fact {number}") for number in (0, 3, 4)] == [None, None, {"n": 4}]

    def test_a_key_that_a_person_writes_again_is_known_again(self, memories: Memories) -> None:
        flushed(memories, 1)
        path = memories.path("fact 0")
        text = memories.repo.read(path)
        memories.forget("fact 0")
        memories.flush(deleted=1)
        memories.repo.write(path, text)
        memories.repo.commit("again")
        memories.tier.follow()
        assert memories.copy("fact 0") == {"n": 0}


class TestHistory:
    """The revisions of one memory, from Git."""

    def test_newest_first_with_who_and_when(self, memories: Memories) -> None:
        flushed(memories, 2)
        memories.edit("fact 0", '"n": 0', '"n": 10')
        memories.remember("fact 0", {"n": 20})
        memories.flush(conflict=1)
        memories.repo.journal("resolve", memories.path("fact 0"), "--theirs")
        found = memories.tier.history(MemoryId(WEDDING, "fact 0"))
        assert [one.memory.value for one in found if one.memory] == [{"n": 20}, {"n": 10}, {"n": 0}]
        assert found[1].author == "Ada Lovelace <ada@example.org>"
        assert "taskmaster" in found[2].author
        assert found[1].at == datetime(2025, 4, 5, 12, tzinfo=UTC)
        assert found[1].commit in memories.repo.git("rev-list", "HEAD").split()

    def test_through_renames_of_its_file(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.repo.git("mv", memories.path("fact 0"), "journal/entries/moved.md")
        memories.repo.commit("moved")
        memories.remember("fact 0", {"n": 1})
        memories.flush(written=1)
        remove(memories.repo, "journal/entries/moved.md")
        memories.tier.follow()
        found = memories.tier.history(MemoryId(WEDDING, "fact 0"))
        assert [one.memory.value if one.memory else None for one in found] == [None, {"n": 1}, {"n": 0}]

    def test_through_what_was_forgotten_and_remembered_again(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.forget("fact 0")
        memories.flush(deleted=1)
        memories.remember("fact 0", "words")
        memories.flush(written=1)
        found = memories.tier.history(MemoryId(WEDDING, "fact 0"))
        assert [one.memory.value if one.memory else None for one in found] == ["words", None, {"n": 0}]

    def test_a_revision_that_cannot_be_read_says_why(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.edit("fact 0", '"n": 0', '"n": ')
        found = memories.tier.history(MemoryId(WEDDING, "fact 0"))
        assert [(one.memory is None, "not JSON" in one.why) for one in found] == [(True, True), (False, False)]

    def test_of_branches_that_were_merged(self, memories: Memories) -> None:
        flushed(memories, 1)
        memories.repo.git("switch", "-q", "-c", "side")
        memories.edit("fact 0", '"n": 0', '"n": 10')
        memories.repo.git("switch", "-q", "main")
        memories.repo.write("other.txt", "x")
        memories.repo.commit("other")
        memories.repo.git("merge", "-q", "--no-edit", "side")
        found = memories.tier.history(MemoryId(WEDDING, "fact 0"))
        assert [one.memory.value for one in found if one.memory] == [{"n": 10}, {"n": 0}]

    def test_a_large_value_is_whole(self, memories: Memories) -> None:
        memories.remember("large", "a line\n" * 20_000)
        memories.flush(written=1)
        (one,) = memories.tier.history(MemoryId(WEDDING, "large"))
        assert one.memory is not None
        assert one.memory.value == "a line\n" * 20_000

    def test_of_nothing_there_is_none(self, memories: Memories) -> None:
        assert memories.tier.history(MemoryId(WEDDING, "nothing")) == ()


class TestAt:
    """The memories as they were at one commit."""

    @pytest.fixture
    def past(self, memories: Memories) -> Memories:
        """Tag `then`, and a journal that has moved on."""
        flushed(memories, 3)
        memories.remember("hall", "The hall has room for ninety guests.", context=f"{WEDDING}:module:venue")
        memories.remember("large", "ninety lines\n" * 9_000)
        memories.flush(written=2)
        memories.repo.git("tag", "then")
        memories.edit("fact 1", '"n": 1', '"n": 10')
        memories.forget("fact 0")
        memories.flush(deleted=1)
        return memories

    def test_what_was_there_then(self, past: Memories) -> None:
        then, now = past.tier.at("then"), past.tier.at("HEAD")
        ids = [MemoryId(WEDDING, f"fact {number}") for number in range(3)]
        assert {id_.key: held.memory.value for id_, held in then.get(ids, LATER).items()} == {
            "fact 0": {"n": 0}, "fact 1": {"n": 1}, "fact 2": {"n": 2},
        }  # fmt: skip
        assert {id_.key: held.memory.value for id_, held in now.get(ids, LATER).items()} == {
            "fact 1": {"n": 10}, "fact 2": {"n": 2},
        }  # fmt: skip

    def test_as_the_catalogue_shows_it(self, past: Memories) -> None:
        past.tier.follow()
        now = past.tier.at("HEAD")
        for below in (False, True):
            shown = past.tier.catalogue.page(WEDDING, LATER, below=below)
            assert [one.memory.value for one in now.page(WEDDING, LATER, below=below)] == [
                one.memory.value for one in shown
            ]
        assert now.contexts() == past.parts.catalogue.contexts()

    def test_pages_go_on_behind_the_last(self, past: Memories) -> None:
        then = past.tier.at("then")
        first = then.page(WEDDING, LATER, limit=2)
        second = then.page(WEDDING, LATER, after=first[-1].memory.id, limit=2)
        assert [one.memory.key for one in (*first, *second)] == ["fact 0", "fact 1", "fact 2", "large"]

    def test_words_are_found(self, past: Memories) -> None:
        then = past.tier.at("then")
        contexts = [WEDDING, f"{WEDDING}:module:venue"]
        found = then.search(read_asked("ninety guests"), contexts, 10, LATER)
        assert [one.memory.key for one in found] == ["hall", "large"]
        assert len(str(found[1].memory.value)) > 100_000
        assert [one.memory.key for one in then.search(read_asked("fact 2"), contexts, 1, LATER)] == ["fact 2"]
        assert len(then.search(read_asked(""), contexts, 3, LATER)) == 3

    @pytest.mark.parametrize("name", ["", "nothing", "--all", "HEAD:journal", "HEAD\nHEAD", "-1"])
    def test_what_is_no_commit_is_refused(self, past: Memories, name: str) -> None:
        with pytest.raises(UsageError, match="no commit"):
            past.tier.at(name)


class TestTips:
    """HEAD is read from Git's files as Git reads it."""

    @pytest.mark.parametrize("how", ["loose", "packed", "both", "detached", "worktree", "unborn", "deep", "symbolic"])
    def test_it_is_the_commit_that_git_says(self, repo: Repo, tmp_path: Path, how: str) -> None:
        repo.write("a", "a")
        repo.commit("one")
        if how in ("packed", "both", "worktree"):
            repo.git("pack-refs", "--all")
        if how == "both":
            repo.commit("two")
        elif how == "detached":
            repo.git("checkout", "-q", "--detach")
        elif how == "unborn":
            repo.git("switch", "-q", "--orphan", "empty")
        elif how == "deep":
            repo.git("switch", "-q", "-c", "a/b/c")
        elif how == "symbolic":
            repo.git("symbolic-ref", "refs/heads/other", "refs/heads/main")
            repo.git("symbolic-ref", "HEAD", "refs/heads/other")
        root = repo.path
        if how == "worktree":
            root = tmp_path / "second"
            repo.git("worktree", "add", "-q", "-b", "second", str(root))
        said = Repo(root).git("rev-parse", "-q", "--verify", "HEAD", check=False).strip()
        assert read_tip(locate(root)) == (said or None)

    def test_two_commits_differ_in_files_below_the_folder_alone(self, repo: Repo) -> None:
        for path in ("in/kept", "in/changed", "in/gone", "out"):
            repo.write(path, path)
        old = repo.commit("one")
        repo.write("in/changed", "x")
        repo.write("in/new é", "in/gone")
        repo.write("out", "x")
        repo.git("rm", "-q", "in/gone")
        new = repo.commit("two")
        found = changed_blobs(repo.path, old, new, "in")
        assert {path: (bool(old), bool(new)) for path, (old, new) in found.items()} == {
            "in/changed": (True, True), "in/gone": (True, False), "in/new é": (False, True),
        }  # fmt: skip
