"""What Git says when it refuses, in words that tell what to do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import Repo, entry_text

from sync.errors import GitError
from sync.repository.git import NoRepositoryError, locate, read_blobs, run_git

ENTRY = "journal/entries/2025-04-05-14-30-a.md"


def without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program at all is found by its name."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


def forget_object(repo: Repo, blob: str) -> None:
    """Remove one loose object."""
    (repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()


def test_a_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_git(tmp_path, monkeypatch)
    with pytest.raises(GitError, match="git is not installed"):
        run_git(tmp_path, "version")


def test_a_missing_git_comes_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_git(tmp_path, monkeypatch)
    with pytest.raises(GitError) as caught:
        run_git(tmp_path, "version")
    assert "install git" in caught.value.hint


@pytest.mark.parametrize("command", [["new", "x"], ["validate"], ["export"], ["import"], ["sync"], ["query", "x"]])
def test_every_command_says_that_git_is_missing(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    without_git(tmp_path, monkeypatch)
    assert "git is not installed" in repo.journal(*command, code=2).stderr


@pytest.mark.parametrize("command", [["init"], ["hook", "pre-commit"]])
def test_a_fresh_process_says_that_git_is_missing(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    without_git(tmp_path, monkeypatch)
    done = subprocess.run(
        [sys.executable, "-m", "sync", *command], cwd=repo.path, capture_output=True, text=True, check=False
    )
    assert ("git is not installed" in done.stderr, done.returncode) == (True, 2)


def test_a_missing_folder_is_not_taken_for_a_missing_git(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="is not a folder"):
        run_git(tmp_path / "nowhere", "version")


def test_no_repository_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NoRepositoryError):
        run_git(tmp_path, "rev-parse", "--show-toplevel")


def test_no_repository_is_understood_in_every_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert locate(tmp_path).git_dir is None


def test_the_repository_of_somebody_else_is_explained(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="belongs to another user"):
        locate(repo.path)


def test_the_hint_for_the_repository_of_somebody_else_helps(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError) as caught:
        locate(repo.path)
    said = re.search(r"run: git (.*)$", caught.value.hint)
    assert said
    run_git(repo.path.parent, *said[1].split())
    assert locate(repo.path).root == repo.path


def test_a_bare_repository_is_refused_with_a_reason(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(GitError, match="no work tree"):
        locate(tmp_path / "bare.git")


def test_any_other_refusal_says_what_git_said(repo: Repo) -> None:
    with pytest.raises(GitError, match="git rev-parse failed"):
        run_git(repo.path, "rev-parse", "--verify", "nothing-of-this-name")


def test_blobs_come_in_the_order_asked_for(repo: Repo) -> None:
    wanted = [repo.git("hash-object", "-w", str(repo.write(name, name * 9))).strip().encode() for name in "cab"]
    assert list(read_blobs(repo.path, wanted)) == [b"c" * 9, b"a" * 9, b"b" * 9]


def test_a_blob_without_a_newline_at_its_end_is_whole(repo: Repo) -> None:
    blob = repo.git("hash-object", "-w", str(repo.write("x", b"a\n\x00\nb"))).strip()
    assert list(read_blobs(repo.path, [blob.encode()])) == [b"a\n\x00\nb"]


def test_reading_no_blob_starts_no_process(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_git(tmp_path, monkeypatch)
    assert list(read_blobs(repo.path, [])) == []


def test_a_missing_object_is_named(repo: Repo) -> None:
    blob = repo.git("hash-object", "-w", str(repo.write("x", "gone\n"))).strip()
    forget_object(repo, blob)
    with pytest.raises(GitError, match=blob):
        list(read_blobs(repo.path, [blob.encode()]))


def test_a_missing_object_stops_an_export_with_a_hint(repo: Repo) -> None:
    repo.write(ENTRY, entry_text())
    repo.commit()
    forget_object(repo, repo.git("rev-parse", f"HEAD:{ENTRY}").strip())
    assert "git fetch" in repo.journal("export", code=2).stderr


def test_a_missing_object_keeps_the_old_projection(repo: Repo) -> None:
    repo.write(ENTRY, entry_text())
    repo.commit()
    repo.write("journal/memories.json", "[]\n")
    forget_object(repo, repo.git("rev-parse", f"HEAD:{ENTRY}").strip())
    repo.journal("export", code=2)
    assert repo.read("journal/memories.json") == "[]\n"


def test_a_damaged_object_is_not_a_bug_of_this_program(repo: Repo) -> None:
    repo.write(ENTRY, entry_text())
    repo.commit()
    blob = repo.git("rev-parse", f"HEAD:{ENTRY}").strip()
    file = repo.path / ".git/objects" / blob[:2] / blob[2:]
    file.chmod(0o644)
    file.write_bytes(b"garbage")
    assert repo.journal("export", code=None).exit_code == 2


def test_git_is_never_asked_for_a_password(repo: Repo) -> None:
    assert run_git(repo.path, "-c", "alias.p=!echo $GIT_TERMINAL_PROMPT", "p") == b"0\n"
