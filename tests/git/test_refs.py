"""Refs: all move or none, only from where they were seen; and where a work tree stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import Repo

from sync.errors import GitError, RetryError
from sync.repository.git import NoRepositoryError, locate
from sync.repository.objects import resolve
from sync.repository.refs import Head, RefUpdate, base_ref, read_head, update_refs

ABSENT = "0123456789" * 4
BASE = base_ref("augment")


def move(repo: Repo, *updates: tuple[str, str | None, str | None]) -> None:
    """Move refs, each given as name, new and old."""
    update_refs(repo.path, [RefUpdate(name=name, new=new, old=old) for name, new, old in updates], reason="a test")


def where(repo: Repo, name: str = BASE) -> str | None:
    """What a ref points to."""
    return resolve(repo.path, [name])[0]


def head(repo: Repo) -> Head:
    """Where the work tree stands."""
    return read_head(locate(repo.path))


def conflicting(repo: Repo) -> None:
    """Two branches that change the same file, on one of them, with three commits to take from the other."""
    repo.write("a", "0")
    repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    for i in range(3):
        repo.write("a", f"side {i}")
        repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a", "main")
    repo.commit()


# moving


def test_a_base_is_kept_where_branches_are_not() -> None:
    assert BASE == "refs/journal/augment"


def test_a_ref_is_made_moved_and_deleted(repo: Repo) -> None:
    one, two = repo.commit(), repo.commit("2")
    seen = []
    for new, old in ((one, None), (two, one), (None, two)):
        move(repo, (BASE, new, old))
        seen.append(where(repo))
    assert seen == [one, two, None]


def test_a_move_is_in_the_reflog(repo: Repo) -> None:
    move(repo, (BASE, repo.commit(), None))
    assert repo.git("reflog", "show", BASE).rstrip().endswith("a test")


def test_moving_a_branch_moves_head_and_its_reflog(repo: Repo) -> None:
    one, two = repo.commit(), repo.commit("2")
    move(repo, ("refs/heads/main", one, two))
    assert (head(repo).commit, "a test" in repo.git("reflog", "-1", "HEAD")) == (one, True)


def test_no_moves_are_no_transaction(repo: Repo) -> None:
    move(repo)
    assert repo.git("for-each-ref") == ""


@pytest.mark.parametrize("old", [None, "other", ABSENT])
@pytest.mark.parametrize("new", ["other", None])
def test_a_ref_that_is_elsewhere_is_not_moved(repo: Repo, old: str | None, new: str | None) -> None:
    one, two = repo.commit(), repo.commit("2")
    move(repo, (BASE, one, None))
    with pytest.raises(RetryError, match="refs/journal/augment"):
        move(repo, (BASE, two if new else None, two if old == "other" else old))
    assert where(repo) == one


def test_a_ref_that_is_gone_is_not_moved(repo: Repo) -> None:
    one = repo.commit()
    with pytest.raises(RetryError):
        move(repo, (BASE, one, one))


def test_a_lost_race_says_what_to_do(repo: Repo) -> None:
    one = repo.commit()
    with pytest.raises(RetryError) as caught:
        move(repo, (BASE, one, one))
    assert ("again" in caught.value.hint, "\n" in caught.value.message) == (True, False)


def test_all_refs_move_or_none(repo: Repo) -> None:
    one, two = repo.commit(), repo.commit("2")
    with pytest.raises(RetryError):
        move(repo, (base_ref("a"), one, None), ("refs/heads/main", one, two), (base_ref("b"), one, two))
    assert (where(repo, base_ref("a")), where(repo, "HEAD")) == (None, two)


def test_a_ref_that_is_held_is_for_later(repo: Repo) -> None:
    one = repo.commit()
    lock = repo.write(".git/refs/journal/augment.lock", "")
    with pytest.raises(RetryError):
        move(repo, (BASE, one, None))
    assert lock.exists()


@pytest.mark.parametrize("name", ["refs/journal/", "refs/journal/a..b", "refs/journal/a\0b", "--help", "", "x y"])
def test_a_name_that_is_none_is_refused(repo: Repo, name: str) -> None:
    one = repo.commit()
    with pytest.raises(GitError):
        move(repo, (name, one, None))


@pytest.mark.parametrize("new", ["HEAD", ABSENT, ""])
def test_a_ref_points_to_a_commit_that_there_is(repo: Repo, new: str) -> None:
    repo.commit()
    with pytest.raises(GitError):
        move(repo, (BASE, new, None))


def test_a_store_below_another_is_refused_and_not_for_later(repo: Repo) -> None:
    one = repo.commit()
    move(repo, (BASE, one, None))
    with pytest.raises(GitError):
        move(repo, (BASE + "/below", one, None))


def test_a_ref_is_moved_where_git_knows_nobody(repo: Repo, hermetic: Path) -> None:
    one = repo.commit()
    (hermetic / ".gitconfig").write_text("[user]\n    useConfigOnly = true\n", encoding="utf-8")
    move(repo, (BASE, one, None))
    assert where(repo) == one


# where the work tree stands


def test_a_branch_without_commits(repo: Repo) -> None:
    assert head(repo) == Head(branch="refs/heads/main", commit=None, is_shallow=False, in_progress="")


def test_a_branch_with_a_commit(repo: Repo) -> None:
    one = repo.commit()
    assert head(repo) == Head(branch="refs/heads/main", commit=one, is_shallow=False, in_progress="")


def test_a_detached_head(repo: Repo) -> None:
    one = repo.commit()
    repo.git("checkout", "-q", "--detach")
    assert head(repo) == Head(branch="", commit=one, is_shallow=False, in_progress="")


def test_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    repo.commit()
    repo.commit("2")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", str(tmp_path / "shallow"))
    assert head(Repo(tmp_path / "shallow")).is_shallow


def test_a_folder_without_git_has_no_head(tmp_path: Path) -> None:
    with pytest.raises(NoRepositoryError):
        read_head(locate(tmp_path))


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        (["merge", "side"], "merge"),
        (["rebase", "side"], "rebase"),
        (["rebase", "--apply", "side"], "rebase"),
        (["cherry-pick", "side"], "cherry-pick"),
        (["revert", "--no-edit", "HEAD~1"], "revert"),
        (["bisect", "start"], "bisect"),
    ],
)
def test_what_is_under_way_is_known(repo: Repo, command: list[str], verb: str) -> None:
    conflicting(repo)
    repo.git(*command, check=False)
    assert head(repo).in_progress == verb


@pytest.mark.parametrize(("command", "verb"), [("cherry-pick", "cherry-pick"), ("revert", "revert")])
def test_a_sequence_is_under_way_between_its_commits(repo: Repo, command: str, verb: str) -> None:
    conflicting(repo)
    repo.git(command, "side~2", "side~1", check=False)
    repo.write("a", "solved")
    repo.git("commit", "-q", "-a", "-m", "solved")
    assert head(repo).in_progress == verb


def test_work_trees_have_a_head_of_their_own(repo: Repo, tmp_path: Path) -> None:
    conflicting(repo)
    linked = Repo(tmp_path / "linked")
    repo.git("worktree", "add", "-q", "-b", "other", str(linked.path))
    linked.git("merge", "side", check=False)
    assert [(head(one).branch, head(one).in_progress) for one in (repo, linked)] == [
        ("refs/heads/main", ""),
        ("refs/heads/other", "merge"),
    ]


def test_a_repository_may_lie_in_a_folder_with_a_line_break(tmp_path: Path) -> None:
    odd = Repo(tmp_path / "a\nb")
    odd.path.mkdir()
    odd.git("init", "-q", "-b", "main")
    conflicting(odd)
    odd.git("merge", "side", check=False)
    assert head(odd).in_progress == "merge"
