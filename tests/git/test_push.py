"""Pushing a sync, with real remotes and clones: what is pushed, and what happens when somebody else is quicker."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo
from syncing import ENTRIES, Synced, boxes_of, entry_of, make_synced, prepare

import sync.operations.push

TRACKED = "/ignored/\n"  # what Git ignores where stores are kept in the repository: nothing of theirs
BASE = "refs/journal/mcp"


@dataclass
class Shared:
    """A bare repository, our clone with stores, and somebody else's clone.

    Attributes:
        bare: the repository that is pushed to.
        ours: the clone that is synced.
        other: somebody else's.
        pushes: what somebody else is to push, each just before our next push.
    """

    bare: Path
    ours: Synced
    other: Synced
    pushes: list[Callable[[], None]] = field(default_factory=list)

    def told(self, *arguments: str) -> str:
        """What Git says about the shared repository."""
        return Repo(self.bare).git(*arguments)

    def push_entry(self, name: str, *lines: str) -> None:
        """Somebody else pushes an entry."""
        self.other.repo.git("pull", "-q", "--rebase")
        self.other.write_entry(name, *(lines or (f"{name} first",)))
        self.other.repo.commit(name)
        self.other.repo.git("push", "-q")

    def push(self, *options: str, code: int | None = 0) -> str:
        """Sync and push in our clone; what it prints."""
        done = self.ours.sync("--push", *options, code=code)
        return done.stdout + done.stderr

    def names(self) -> set[str]:
        """The entries of the shared branch."""
        listed = self.told("ls-tree", "-r", "--name-only", "main", f"{ENTRIES}/").split()
        return {Path(path).stem for path in listed}

    def bases(self) -> list[str]:
        """The bases that the shared repository has."""
        return self.told("for-each-ref", "--format=%(refname)", "refs/journal/").split()


def share(repo: Repo, tmp_path: Path, *stores: str, tracked: bool = False) -> Shared:
    """Our clone with its stores in step and everything pushed, and somebody else's clone."""
    ours = prepare(repo, *stores, ignored=TRACKED if tracked else "/.augment/\n/claude/\n/mcp/\n")
    if tracked:
        ours.sync()
        repo.commit("the stores")
        ours.sync()
    bare = tmp_path / "shared.git"
    repo.git("clone", "-q", "--bare", ".", str(bare))
    repo.git("remote", "add", "origin", str(bare))
    repo.git("fetch", "-q")
    repo.git("branch", "-q", "--set-upstream-to=origin/main")
    ours.sync("--push")
    return Shared(bare, ours, clone(bare, tmp_path / "other", *stores))


def clone(bare: Path, path: Path, *stores: str) -> Synced:
    """A clone, whose stores hold what the repository has of them."""
    Repo(bare).git("clone", "-q", str(bare), str(path))
    return Synced(Repo(path), boxes_of(path, stores))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_PUSH_JITTER", "0")


@pytest.fixture
def shared(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shared]:
    """One private store; somebody else pushes between our sync and our push, as often as a test wants."""
    made = share(repo, tmp_path, "mcp")
    race_with(made, monkeypatch)
    yield made
    assert made.told("rev-list", "--merges", "--all") == "", "nobody made a merge commit"
    assert repo.git("for-each-ref", "refs/journal-fetched/") == ""


def race_with(made: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let somebody else push behind each of our syncs, as long as there is something to push."""
    real = sync.operations.push.__dict__["sync"]

    def sync_then_lose(*arguments: Any, **options: Any) -> Any:
        result = real(*arguments, **options)
        if made.pushes:
            made.pushes.pop(0)()
        return result

    monkeypatch.setattr(sync.operations.push, "sync", sync_then_lose)


def test_what_came_from_a_store_is_pushed(shared: Shared) -> None:
    shared.ours.box.add("n1", "n1 first")
    shared.push()
    assert shared.names() == {"e1", "e2", "e3", "n1"}
    assert shared.told("rev-parse", "main").strip() == shared.ours.head()


def test_a_sync_starts_from_what_others_have_pushed(shared: Shared) -> None:
    shared.push_entry("theirs", "theirs first")
    shared.push()
    assert shared.ours.box.said()["theirs"] == ["theirs first"]
    assert shared.told("rev-parse", "main").strip() == shared.ours.head()


def test_with_nothing_to_say_nothing_is_pushed(shared: Shared) -> None:
    before = shared.told("for-each-ref")
    shared.push()
    shared.push()
    assert shared.told("for-each-ref") == before


@pytest.mark.parametrize("races", [1, 4])
def test_a_lost_race_is_recomputed_on_what_others_pushed(shared: Shared, races: int) -> None:
    shared.ours.box.add("n1", "n1 first")
    shared.ours.box.edit("e1", "e1 first", "e1 said by the store")
    shared.pushes += [lambda n=n: shared.push_entry(f"t{n}", f"t{n} first") for n in range(races)]  # type: ignore[misc]
    shared.push()
    theirs = {f"t{n}" for n in range(races)}
    assert shared.names() == {"e1", "e2", "e3", "n1"} | theirs
    assert set(shared.ours.box.said()) == shared.names()
    assert "e1 said by the store" in shared.told("show", f"main:{ENTRIES}/e1.md")
    commits = shared.told("log", "--format=%s", "main").split("\n")
    assert sum(line.startswith("Take over from mcp") for line in commits) == 1, "the others were taken back"
    assert shared.ours.status() == ""


def test_a_race_lost_to_an_edit_of_the_same_entry_merges_both(shared: Shared) -> None:
    def theirs() -> None:
        shared.other.edit_entry("e1", "e1 third", "e1 third by others")
        shared.other.repo.git("push", "-q")

    shared.ours.box.edit("e1", "e1 first", "e1 first by the store")
    shared.pushes.append(theirs)
    shared.push()
    said = ["e1 first by the store", "e1 second", "e1 third by others"]
    assert shared.ours.box.said()["e1"] == said
    assert shared.told("show", f"main:{ENTRIES}/e1.md").endswith("".join(f"- {line}\n" for line in said))


@pytest.mark.parametrize("side", ["store", "journal"])
def test_a_deletion_is_no_less_one_after_a_lost_race(shared: Shared, side: str) -> None:
    if side == "store":
        shared.ours.box.delete("e2")
    else:
        (shared.ours.repo.path / f"{ENTRIES}/e2.md").unlink()
        shared.ours.repo.commit("e2 goes")
        shared.ours.repo.git("push", "-q")
    shared.pushes.append(lambda: shared.push_entry("t1"))
    shared.push()
    assert shared.names() == {"e1", "e3", "t1"}
    assert set(shared.ours.box.said()) == {"e1", "e3", "t1"}


def test_a_push_that_another_one_overtakes_on_the_server_is_a_lost_race(shared: Shared) -> None:
    """The remote's refs have been read already when a pre-push hook runs."""
    other = shared.other.repo
    hook = shared.ours.repo.path / ".git/hooks/pre-push"
    hook.write_text(
        f"#!/bin/sh\ncat >/dev/null\nunset $(git rev-parse --local-env-vars)\ncd {other.path}\n"
        "[ -e raced ] && exit 0\ntouch raced\ngit commit -q --allow-empty -m quicker\ngit push -q\n",
        encoding="utf-8",
    )
    hook.chmod(0o755)
    shared.ours.box.add("n1", "n1 first")
    shared.push()
    assert shared.told("log", "--format=%s", "main").splitlines()[:2] == ["Take over from mcp: 1 added", "quicker"]


def test_after_five_lost_races_everything_is_as_it_was(shared: Shared) -> None:
    shared.ours.box.add("n1", "n1 first")
    shared.ours.edit_entry("e1", "e1 first", "e1 by us")
    shared.ours.repo.git("push", "-q")
    base, names = shared.ours.repo.git("rev-parse", BASE), shared.ours.names()
    shared.other.repo.git("pull", "-q")
    shared.pushes += [lambda n=n: shared.push_entry(f"t{n}") for n in range(5)]  # type: ignore[misc]
    assert "nothing was pushed" in shared.push(code=4)
    assert shared.ours.repo.git("rev-parse", BASE) == base
    assert shared.ours.names() == names | {"t0", "t1", "t2", "t3"}, "what others pushed stays, ours is taken back"
    assert shared.ours.status() == ""
    assert "n1" not in shared.names()
    shared.push()
    assert shared.names() == {"e1", "e2", "e3", "n1", "t0", "t1", "t2", "t3", "t4"}
    assert set(shared.ours.box.said()) == shared.names()
    assert shared.ours.box.said()["e1"][0] == "e1 by us"


def test_branches_that_have_diverged_are_left_to_a_person(shared: Shared) -> None:
    shared.push_entry("theirs")
    shared.ours.edit_entry("e1", "e1 first", "e1 by us")
    shared.ours.box.add("n1", "n1 first")
    before, there = shared.ours.everything(), shared.told("for-each-ref")
    assert "diverged" in shared.push(code=3)
    after = shared.ours.everything()
    refs = [line for line in after.pop("refs").splitlines() if b"refs/remotes/" not in line]
    assert refs == [line for line in before.pop("refs").splitlines() if b"refs/remotes/" not in line]
    assert after == before
    assert shared.told("for-each-ref") == there


def test_commits_of_the_user_are_pushed_with_it(shared: Shared) -> None:
    shared.ours.edit_entry("e1", "e1 first", "e1 by us")
    mine = shared.ours.head()
    shared.push()
    assert mine in shared.told("rev-list", "main")


def test_a_commit_made_during_the_push_is_never_taken_back(shared: Shared) -> None:
    def theirs_and_mine() -> None:
        shared.push_entry("theirs")
        shared.ours.repo.write("notes.txt", "mine\n")
        shared.ours.repo.commit("mine")

    shared.ours.box.add("n1", "n1 first")
    shared.pushes.append(theirs_and_mine)
    assert "was moved while it was pushed" in shared.push(code=4)
    assert shared.ours.repo.git("log", "-1", "--format=%s").strip() == "mine"
    assert "n1" in shared.ours.names()


def test_staged_and_changed_files_of_the_user_survive_a_lost_race(shared: Shared) -> None:
    repo = shared.ours.repo
    repo.write("staged.txt", "staged\n")
    repo.git("add", "staged.txt")
    repo.write("staged.txt", "staged, then changed\n")
    repo.write("untracked.txt", "untracked\n")
    repo.write("journal.toml", repo.read("journal.toml") + "# half of it staged\n")
    repo.git("add", "journal.toml")
    repo.write("journal.toml", repo.read("journal.toml") + "# and half not\n")
    before = repo.git("status", "--porcelain"), repo.git("diff", "--cached"), repo.git("diff")
    shared.ours.box.add("n1", "n1 first")
    shared.pushes.append(lambda: shared.push_entry("theirs"))
    shared.push()
    assert (repo.git("status", "--porcelain"), repo.git("diff", "--cached"), repo.git("diff")) == before
    assert {"n1", "theirs"} <= shared.names()


def test_a_change_in_the_way_of_what_others_pushed_stops_it(shared: Shared) -> None:
    shared.other.edit_entry("e1", "e1 first", "e1 by others")
    shared.other.repo.git("push", "-q")
    shared.ours.repo.write(f"{ENTRIES}/e1.md", entry_of("e1", "e1 by us"))
    shared.ours.box.add("n1", "n1 first")
    assert "commit your changes" in shared.push(code=3)
    assert shared.ours.entry("e1") == entry_of("e1", "e1 by us")
    assert "n1" not in shared.ours.names()


def test_without_a_remote_nothing_is_synced(repo: Repo) -> None:
    synced = make_synced(repo, "mcp")
    synced.box.add("n1", "n1 first")
    before = synced.everything()
    assert "no remote to push to" in synced.sync("--push", code=2).stderr
    assert synced.everything() == before


def test_a_remote_that_cannot_be_reached_stops_it_before_the_sync(shared: Shared, tmp_path: Path) -> None:
    shared.ours.repo.git("remote", "set-url", "origin", str(tmp_path / "nowhere"))
    shared.ours.box.add("n1", "n1 first")
    before = shared.ours.everything()
    shared.push(code=2)
    assert shared.ours.everything() == before


def test_a_branch_that_the_remote_does_not_have_is_made_there(shared: Shared) -> None:
    shared.ours.repo.git("switch", "-q", "-c", "idea")
    shared.ours.box.add("n1", "n1 first")
    shared.push()
    assert shared.told("rev-parse", "idea").strip() == shared.ours.head()
    assert "n1" not in shared.names()


def test_a_detached_head_has_nowhere_to_push_to(shared: Shared) -> None:
    shared.ours.repo.git("switch", "-q", "--detach")
    before = shared.ours.everything()
    assert "no branch is checked out" in shared.push(code=3)
    assert shared.ours.everything() == before


def test_a_branch_that_follows_one_of_another_name_is_not_pushed_there(shared: Shared) -> None:
    repo = shared.ours.repo
    repo.git("switch", "-q", "-c", "idea", "--track", "origin/main")
    assert "another name" in shared.push(code=3)
    repo.git("config", "push.default", "upstream")
    shared.ours.box.add("n1", "n1 first")
    shared.push()
    assert "n1" in shared.names()


@pytest.mark.parametrize("key", ["branch.main.pushRemote", "remote.pushDefault"])
def test_it_is_pushed_where_git_push_would_push(shared: Shared, tmp_path: Path, key: str) -> None:
    fork = tmp_path / "fork.git"
    shared.ours.repo.git("clone", "-q", "--bare", str(shared.bare), str(fork))
    shared.ours.repo.git("remote", "add", "fork", str(fork))
    shared.ours.repo.git("config", key, "fork")
    shared.ours.box.add("n1", "n1 first")
    shared.push()
    assert "n1" not in shared.names()
    assert Repo(fork).git("rev-parse", "main").strip() == shared.ours.head()


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_what_a_server_refuses_is_an_error_and_no_race(shared: Shared, hook: str) -> None:
    file = shared.bare / "hooks" / hook
    file.write_text(f"#!/bin/sh\necho once >>{shared.bare}/asked\nexit 1\n", encoding="utf-8")
    file.chmod(0o755)
    shared.ours.box.add("n1", "n1 first")
    assert "the push was refused" in shared.push(code=2)
    assert (shared.bare / "asked").read_text(encoding="utf-8") == "once\n"
    assert "n1" in shared.ours.names(), "what was synced is kept"
    file.unlink()
    shared.push()
    assert "n1" in shared.names()


def test_a_hook_of_the_user_can_refuse_the_push(shared: Shared) -> None:
    hook = shared.ours.repo.path / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    shared.ours.box.add("n1", "n1 first")
    assert "the push was refused" in shared.push(code=2)
    assert "n1" not in shared.names()


def test_an_end_between_sync_and_push_is_harmless(shared: Shared) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    shared.ours.box.add("n1", "n1 first")
    shared.pushes.append(stop)
    shared.push(code=130)
    assert "n1" not in shared.names()
    assert shared.ours.status() == ""
    shared.push()
    assert "n1" in shared.names()


def test_a_death_while_a_sync_is_taken_back_is_made_good(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_arguments: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    shared.ours.box.add("n1", "n1 first")
    shared.pushes.append(lambda: shared.push_entry("theirs"))
    with monkeypatch.context() as patch:
        patch.setattr(sync.operations.push, "update_refs", die)
        shared.push(code=130)
    shared.ours.sync()
    assert shared.ours.status() == ""
    assert "n1" in shared.ours.names()
    assert "n1" in shared.ours.box.said()


def test_a_dry_run_fetches_and_pushes_nothing(shared: Shared) -> None:
    shared.push_entry("theirs")
    shared.ours.box.add("n1", "n1 first")
    before, there = shared.ours.everything(), shared.told("for-each-ref")
    assert "add to the journal" in shared.push("--dry-run")
    assert (shared.ours.everything(), shared.told("for-each-ref")) == (before, there)


def test_what_is_not_committed_cannot_be_pushed(shared: Shared) -> None:
    before = shared.ours.everything()
    assert "--no-commit" in shared.push("--no-commit", code=2)
    assert shared.ours.everything() == before


def test_settings_that_others_pushed_count_at_once(shared: Shared) -> None:
    text = shared.other.repo.read("journal.toml")
    shared.other.repo.write("journal.toml", f'{text}exclude_tags = ["private"]\n')
    shared.other.repo.write(f"{ENTRIES}/secret.md", entry_of("secret", "not for stores").replace("[]", "[private]"))
    shared.other.repo.commit("what is private")
    shared.other.repo.git("push", "-q")
    shared.push()
    assert "secret" in shared.ours.names()
    assert "secret" not in shared.ours.box.said()


@pytest.mark.parametrize(("told", "longest"), [("0", 0.0), ("2.5", 2.5), ("-1", 0.0), ("soon", 5.0), ("inf", 3600.0)])
def test_how_long_is_waited_can_be_set(told: str, longest: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_PUSH_JITTER", told)
    assert sync.operations.push._jitter_s() == longest


def test_bases_of_private_stores_stay_in_the_clone(shared: Shared) -> None:
    shared.ours.box.add("n1", "n1 first")
    shared.push()
    assert shared.bases() == []
    assert shared.ours.repo.git("rev-parse", "--verify", BASE)


# Stores that are kept in the repository.


@pytest.fixture
def kept(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shared:
    """Two stores that are committed with the journal, and somebody else who syncs them as well."""
    made = share(repo, tmp_path, "claude", "mcp", tracked=True)
    race_with(made, monkeypatch)
    return made


def test_bases_of_stores_in_the_repository_are_pushed(kept: Shared) -> None:
    assert kept.bases() == ["refs/journal/claude", BASE]
    kept.ours.boxes["mcp"].add("n1", "n1 first")
    kept.push()
    for ref in kept.bases():
        assert kept.told("rev-parse", ref) == kept.ours.repo.git("rev-parse", ref)
    assert '"n1"' in kept.told("show", "main:mcp/memory.jsonl")
    assert kept.told("cat-file", "-t", "main:claude/n1.md").strip() == "blob"


def test_another_clone_goes_on_from_bases_that_were_pushed(kept: Shared) -> None:
    kept.other.boxes["mcp"].delete("e1")
    kept.other.sync("--push")
    assert kept.names() == {"e2", "e3"}, "without a base the entry would have come back"
    kept.ours.boxes["claude"].edit("e2", "e2 first", "e2 by us")
    kept.push()
    assert set(kept.ours.boxes["mcp"].said()) == {"e2", "e3"}
    assert kept.ours.boxes["mcp"].said()["e2"][0] == "e2 by us"


def test_a_clone_that_is_behind_gets_bases_together_with_their_stores(repo: Repo, tmp_path: Path) -> None:
    made = share(repo, tmp_path, "mcp")
    late = clone(made.bare, tmp_path / "late", "mcp")
    repo.write(".gitignore", TRACKED)
    repo.commit("the store")
    made.push()
    late.sync("--push")
    assert late.repo.git("rev-parse", BASE) == repo.git("rev-parse", BASE)


def test_what_an_assistant_wrote_to_a_store_in_the_repository_survives_a_lost_race(kept: Shared) -> None:
    kept.ours.boxes["mcp"].add("n1", "n1 first")
    kept.ours.boxes["claude"].add("n2", "n2 first")
    kept.ours.boxes["claude"].edit("e1", "e1 first", "e1 by claude")
    kept.ours.boxes["claude"].delete("e3")
    kept.pushes.append(lambda: kept.push_entry("theirs"))
    kept.push()
    assert kept.names() == {"e1", "e2", "n1", "n2", "theirs"}
    for box in kept.ours.boxes.values():
        assert set(box.said()) == kept.names()
        assert box.said()["e1"][0] == "e1 by claude"
    assert kept.ours.status() == ""


def test_a_store_that_both_have_changed_is_left_to_a_person_whole(kept: Shared) -> None:
    def theirs() -> None:
        kept.other.boxes["mcp"].add("t1", "t1 first")
        kept.other.sync("--push")

    kept.ours.boxes["mcp"].add("n1", "n1 first")
    kept.pushes += [theirs, lambda: None]
    assert "commit your changes" in kept.push(code=3)
    assert "n1" in kept.ours.boxes["mcp"].said()
    assert "n1" not in kept.ours.names()


def test_two_clones_that_synced_apart_are_brought_together_by_a_merge(kept: Shared) -> None:
    kept.other.boxes["claude"].add("t1", "t1 first")
    kept.other.boxes["claude"].delete("e1")
    kept.other.sync("--push")
    kept.ours.boxes["claude"].add("n1", "n1 first")
    kept.ours.sync()
    assert "diverged" in kept.push(code=3)
    kept.ours.repo.git("pull", "-q", "--no-rebase", "-X", "theirs", "--no-edit")
    kept.push(code=None)
    wanted = {"e2", "e3", "n1", "t1"}
    assert kept.names() == wanted
    kept.push()
    kept.other.sync("--push")
    for synced in (kept.ours, kept.other):
        for box in synced.boxes.values():
            assert set(box.said()) == wanted
    there = kept.told("for-each-ref")
    kept.push()
    kept.other.sync("--push")
    assert kept.told("for-each-ref") == there, "nobody moves a base back and forth"


def test_a_linked_work_tree_keeps_its_bases_and_takes_them_back(kept: Shared, tmp_path: Path) -> None:
    kept.ours.repo.git("worktree", "add", "-q", "-b", "idea", str(tmp_path / "linked"))
    linked = Synced(Repo(tmp_path / "linked"), boxes_of(tmp_path / "linked", ("claude", "mcp")))
    linked.sync("--push")
    own = linked.repo.git("for-each-ref", "refs/worktree/journal/")
    assert own
    linked.boxes["mcp"].add("n1", "n1 first")

    def theirs() -> None:
        kept.other.repo.git("fetch", "-q")
        kept.other.repo.git("switch", "-q", "idea")
        kept.push_entry("theirs")

    kept.pushes.append(theirs)
    linked.sync("--push")
    assert linked.boxes["mcp"].said().keys() == {"e1", "e2", "e3", "n1", "theirs"}
    assert linked.names() == {"e1", "e2", "e3", "n1", "theirs"}


def test_an_undone_first_sync_is_not_forgotten_by_a_push(repo: Repo, tmp_path: Path) -> None:
    ours = prepare(repo, "mcp", ignored=TRACKED)
    ours.boxes["mcp"].add("n1", "n1 first")
    repo.commit("the store")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "shared.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "shared.git"))
    ours.sync("--push")
    other = clone(tmp_path / "shared.git", tmp_path / "other", "mcp")
    other.sync("--push")
    repo.journal("undo")
    assert "n1" not in ours.names()
    ours.sync("--push", code=None)
    other.sync("--push", code=None)
    assert "n1" in ours.box.said()
    assert "n1" in other.box.said()


def test_a_store_in_the_top_folder_of_the_repository_is_kept_too(repo: Repo, tmp_path: Path) -> None:
    settings = '[stores.augment]\nenabled = false\n[stores.mcp]\nenabled = true\npath = "memory.jsonl"\n'
    repo.write("journal.toml", settings)
    repo.write(f"{ENTRIES}/e1.md", entry_of("e1", "e1 first"))
    repo.write("memory.jsonl", "")
    repo.commit("start")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "shared.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "shared.git"))
    repo.journal("sync", "--push")
    assert Repo(tmp_path / "shared.git").git("for-each-ref", "--format=%(refname)", "refs/journal/").split() == [BASE]
    shutil.rmtree(tmp_path / "shared.git")
