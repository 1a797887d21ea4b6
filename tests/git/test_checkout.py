"""Bringing changes into a work tree: exactly the named files, only clean ones, and `git status` agrees."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repositories import Repo

from sync.errors import GitError, JournalError, RefusedError, RetryError, UsageError
from sync.repository import checkout
from sync.repository.checkout import FileChange, bring_in, dirty_paths
from sync.repository.objects import list_tree, make_tree, write_blobs

ABSENT = "0123456789" * 4
A, B, C = "j/a.md", "j/b.md", "j/deep/er/c.md"


@pytest.fixture
def clean(repo: Repo) -> Repo:
    """A repository with three committed files and a clean work tree."""
    for path in (A, B, C):
        repo.write(path, f"{path} as committed\n")
    repo.commit()
    return repo


def tree(repo: Repo) -> dict[str, str | None]:
    """HEAD's files and their blobs."""
    return dict(list_tree(repo.path, repo.git("rev-parse", "HEAD").strip()))


def dirty(repo: Repo, *paths: str) -> list[str]:
    """The dirty ones of some paths."""
    return dirty_paths(repo.path, list(paths), tree(repo))


def change(repo: Repo, path: str, new: str | None) -> FileChange:
    """A change of a file of HEAD's to some text, or to nothing."""
    return FileChange(path, tree(repo).get(path), None if new is None else write_blobs(repo.path, [new.encode()])[0])


def bring(repo: Repo, *changes: FileChange, keep: str = "") -> None:
    """Bring changes in, and commit them as the engine does: by moving the branch."""
    head = repo.git("rev-parse", "HEAD").strip()
    made = make_tree(repo.path, head, {one.path: one.new for one in changes})
    bring_in(repo.path, changes, keep=keep)
    repo.git("update-ref", "HEAD", repo.git("commit-tree", made, "-p", head, "-m", "x").strip())


def status(repo: Repo) -> str:
    """What Git finds changed, one line a file."""
    return repo.git("status", "--porcelain", "--untracked-files=all")


def files(repo: Repo) -> dict[str, bytes]:
    """All files of the work tree."""
    return {
        str(path.relative_to(repo.path)): path.read_bytes()
        for path in repo.path.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def sparse(repo: Repo, *folders: str) -> None:
    """Check out some folders only."""
    repo.git("sparse-checkout", "init", "--cone")
    repo.git("sparse-checkout", "set", *folders)


# what is dirty


def test_a_clean_work_tree_is_clean(clean: Repo) -> None:
    assert dirty(clean, A, B, C, "j/new.md") == []


def test_no_paths_are_clean(clean: Repo) -> None:
    assert dirty(clean) == []


def test_dirty_files_are_told_in_the_order_of_the_question(clean: Repo) -> None:
    for path in (A, C):
        clean.write(path, "edited")
    assert dirty(clean, C, B, A) == [C, A]


@pytest.mark.parametrize(
    "deed",
    ["edit", "stage", "stage and put back", "delete", "unstage", "chmod", "link", "folder", "assume"],
)
def test_whatever_was_done_to_a_file_is_seen(clean: Repo, deed: str) -> None:
    file, original = clean.path / A, clean.read(A)
    if deed == "edit":
        file.write_text("edited")
    elif deed in {"stage", "stage and put back"}:
        file.write_text("edited")
        clean.git("add", A)
        file.write_text(original if deed != "stage" else "edited")
    elif deed == "delete":
        file.unlink()
    elif deed == "unstage":
        clean.git("rm", "-q", "--cached", A)
    elif deed == "chmod":
        file.chmod(0o755)
    elif deed == "link":
        file.unlink()
        file.symlink_to("b.md")
    elif deed == "folder":
        file.unlink()
        file.mkdir()
    elif deed == "assume":
        clean.git("update-index", "--assume-unchanged", A)
        file.write_text("edited")
    assert dirty(clean, B, A) == [A]


@pytest.mark.parametrize(
    "deed", ["file", "folder", "dangling link", "ignored", "staged", "intended", "parent", "parent link"]
)
def test_whatever_is_in_the_way_of_a_new_file_is_seen(clean: Repo, deed: str) -> None:
    new = clean.path / "n/new.md"
    if not deed.startswith("parent"):
        new.parent.mkdir()
    if deed == "folder":
        new.mkdir()
    elif deed == "dangling link":
        new.symlink_to("nowhere")
    elif deed == "parent":
        clean.write("n", "a file")
    elif deed == "parent link":
        new.parent.symlink_to("j")
    else:
        new.write_text("mine")
    if deed == "ignored":
        clean.write(".git/info/exclude", "new.md\n")
    elif deed == "staged":
        clean.git("add", "n/new.md")
        new.unlink()
    elif deed == "intended":
        clean.git("add", "-N", "n/new.md")
        new.unlink()
    assert dirty(clean, A, "n/new.md") == ["n/new.md"]


def test_a_file_that_git_finds_clean_is_clean(clean: Repo) -> None:
    clean.git("config", "core.autocrlf", "true")
    clean.write(A, clean.read(A).replace("\n", "\r\n"))
    os.utime(clean.path / B, (1, 1))
    assert dirty(clean, A, B) == []


def test_a_file_outside_of_a_sparse_checkout_is_clean_unless_something_is_there(clean: Repo) -> None:
    sparse(clean, "k")
    before = dirty(clean, A, C)
    clean.write(C, "mine")
    assert (before, dirty(clean, A, C)) == ([], [C])


@pytest.mark.parametrize("count", [3, 200])
def test_many_files_are_looked_at_as_few_are(repo: Repo, count: int) -> None:
    paths = [f"j/{i % 7}/{i}.md" for i in range(count)]
    for path in paths:
        repo.write(path, path)
    repo.commit()
    repo.write(paths[1], "edited")
    assert dirty(repo, *paths) == [paths[1]]


def test_paths_are_taken_literally(clean: Repo) -> None:
    clean.write(A, "edited")
    assert dirty(clean, "j/*", ":(top)j", "j/[a].md") == []


# bringing in


def test_changed_new_and_removed_files_are_brought_in(clean: Repo) -> None:
    bring(clean, change(clean, A, "new text\n"), change(clean, "n/new.md", "new file\n"), change(clean, B, None))
    assert (status(clean), set(files(clean)), clean.read(A)) == ("", {A, C, "n/new.md"}, "new text\n")


def test_the_index_knows_the_new_files(clean: Repo) -> None:
    bring(clean, change(clean, A, "new text\n"))
    assert clean.git("diff-files", "--name-only") == ""


def test_nothing_to_do_does_nothing(clean: Repo) -> None:
    index = (clean.path / ".git/index").read_bytes()
    bring_in(clean.path, [])
    assert (clean.path / ".git/index").read_bytes() == index


def test_other_changes_of_the_users_stay(clean: Repo) -> None:
    clean.write(B, "edited")
    clean.write(C, "staged")
    clean.git("add", C)
    clean.write("mine", "untracked")
    before = status(clean)
    bring(clean, change(clean, A, "new text\n"))
    assert status(clean) == before


def test_empty_folders_go_but_the_one_that_is_kept(clean: Repo) -> None:
    bring(clean, *(change(clean, path, None) for path in (A, B, C)), keep="j")
    assert [str(path.relative_to(clean.path)) for path in clean.path.iterdir() if path.name != ".git"] == ["j"]


def test_a_folder_that_is_not_empty_stays(clean: Repo) -> None:
    clean.write("j/deep/mine", "untracked")
    bring(clean, change(clean, C, None))
    assert "j/deep/mine" in files(clean)


def test_bytes_arrive_as_a_checkout_writes_them(clean: Repo) -> None:
    clean.write(".gitattributes", "*.md text eol=crlf\n")
    clean.commit()
    bring(clean, change(clean, A, "one\ntwo\n"), change(clean, "j/raw", "one\n"))
    assert (status(clean), clean.read(A), clean.read("j/raw")) == ("", "one\r\ntwo\r\n", "one\n")


def test_files_with_other_line_endings_are_replaced_and_taken_back(clean: Repo) -> None:
    clean.git("config", "core.autocrlf", "true")
    clean.write(A, clean.read(A).replace("\n", "\r\n"))
    one = change(clean, A, "other\n")
    bring_in(clean.path, [one])
    seen = clean.read(A)
    bring_in(clean.path, [one.undone])
    assert (seen, clean.read(A), status(clean)) == ("other\r\n", f"{A} as committed\r\n", "")


def test_a_filter_of_the_users_is_asked(clean: Repo) -> None:
    clean.git("config", "filter.upper.smudge", "tr a-z A-Z")
    clean.git("config", "filter.upper.clean", "tr A-Z a-z")
    clean.write(".gitattributes", "*.txt filter=upper\n")
    clean.write("x.txt", "first\n")
    clean.commit()
    bring(clean, change(clean, "x.txt", "second\n"))
    assert (clean.read("x.txt"), status(clean)) == ("SECOND\n", "")


@pytest.mark.parametrize(
    "name", [" lead", 'quo"te', '"start', "line\nbreak", "tab\t", "über", "trail ", "-x", ":(top)x", "a missing"]
)
@pytest.mark.parametrize("folder", ["", "j/"])
def test_any_name_will_do(clean: Repo, folder: str, name: str) -> None:
    clean.git("config", "core.autocrlf", "true")
    path = folder + name
    bring(clean, change(clean, path, "one\n"))
    bring(clean, change(clean, path, "two\n"))
    assert (clean.read(path), status(clean), dirty(clean, path)) == ("two\r\n", "", [])


def test_content_that_looks_like_an_answer_of_gits_arrives(clean: Repo) -> None:
    texts = {f"j/{i}": f"{ABSENT} missing\n{ABSENT} blob 3\nabc\n" * i for i in range(4)}
    bring(clean, *(change(clean, path, text) for path, text in texts.items()))
    assert {path: clean.read(path) for path in texts} == texts


def test_a_file_keeps_its_mode(clean: Repo) -> None:
    (clean.path / A).chmod(0o755)
    clean.commit()
    bring(clean, change(clean, A, "new\n"))
    assert (os.access(clean.path / A, os.X_OK), status(clean)) == (True, "")


def test_a_sparse_checkout_stays_sparse(clean: Repo) -> None:
    sparse(clean, "k")
    bring(clean, change(clean, A, "new\n"), change(clean, C, None))
    assert (files(clean), status(clean)) == ({}, "")


def test_a_file_that_is_assumed_unchanged_stays_so(clean: Repo) -> None:
    clean.git("update-index", "--assume-unchanged", A)
    bring(clean, change(clean, A, "new\n"))
    assert clean.git("ls-files", "-v", A) == f"h {A}\n"


@given(
    texts=st.dictionaries(st.sampled_from([A, B, C, "j/n.md", "n/n.md"]), st.sampled_from(["x\n", "y\r\n", "", None]))
)
@settings(max_examples=25)
def test_what_is_brought_in_can_be_taken_back(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str | None]
) -> None:
    repo = Repo(tmp_path_factory.mktemp("repo"))
    repo.git("init", "-q")
    for path in (A, B, C):
        repo.write(path, f"{path} as committed\n")
    repo.commit()
    before = files(repo)
    changes = [change(repo, path, text) for path, text in texts.items()]
    bring_in(repo.path, changes)
    after = {path: data for path, data in before.items() if path not in texts}
    assert files(repo) == after | {path: text.encode() for path, text in texts.items() if text is not None}
    bring_in(repo.path, [one.undone for one in changes])
    assert (files(repo), status(repo)) == (before, "")


@pytest.mark.parametrize("changed", [None, "j/77.md"])
def test_many_files_are_brought_in_or_taken_back(
    clean: Repo, monkeypatch: pytest.MonkeyPatch, changed: str | None
) -> None:
    texts = [f"{i}\n" for i in range(100)]
    blobs = write_blobs(clean.path, [text.encode() for text in texts])
    changes = [FileChange(f"j/{text.strip()}.md", None, blob) for text, blob in zip(texts, blobs, strict=True)]
    changes += [change(clean, path, None) for path in (A, B, C)]
    before = files(clean)
    real = checkout._checked_out

    def in_between(*arguments: object) -> object:
        clean.write(changed or "", "mine")
        return real(*arguments)  # type: ignore[arg-type]

    if changed:
        with monkeypatch.context() as patch:
            patch.setattr(checkout, "_checked_out", in_between)
            with pytest.raises(RetryError, match=re.escape(changed)):
                bring_in(clean.path, changes)
        (clean.path / changed).unlink()
        bring_in(clean.path, [one.undone for one in changes])
    else:
        bring_in(clean.path, changes)
    brought = {f"j/{text.strip()}.md": text.encode() for text in texts}
    assert files(clean) == (before if changed else brought)


# what stops it


@pytest.mark.parametrize("deed", ["edit", "delete"])
def test_a_file_that_is_not_as_expected_stops_everything(clean: Repo, deed: str) -> None:
    changes = [change(clean, path, "new\n") for path in (A, B)]
    (clean.path / B).unlink()
    if deed == "edit":
        clean.write(B, "edited")
    before = files(clean)
    with pytest.raises(RetryError, match=re.escape(B)):
        bring_in(clean.path, changes)
    assert files(clean) == before


def test_a_file_that_changes_at_the_last_moment_is_left_alone(clean: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    real = checkout._checked_out

    def edited(*arguments: object) -> object:
        clean.write(B, "edited")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(checkout, "_checked_out", edited)
    changes = [change(clean, path, "new\n") for path in (A, B, C)]
    with pytest.raises(RetryError, match=re.escape(B)):
        bring_in(clean.path, changes)
    assert [clean.read(path) for path in (A, B, C)] == ["new\n", "edited", f"{C} as committed\n"]


def test_what_was_interrupted_is_taken_back(clean: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(clean)
    changes = [change(clean, A, "new\n"), change(clean, B, None), change(clean, "n/new.md", "new\n")]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkout, "_update_index", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bring_in(clean.path, changes)
    bring_in(clean.path, [one.undone for one in changes])
    assert (files(clean), status(clean)) == (before, "")


def test_what_was_interrupted_is_finished(clean: Repo) -> None:
    changes = [change(clean, A, "new\n"), change(clean, B, None), change(clean, "n/new.md", "new\n")]
    bring_in(clean.path, changes[:2])
    bring(clean, *changes)
    assert (status(clean), set(files(clean))) == ("", {A, C, "n/new.md"})


def test_a_staged_file_stops_everything(clean: Repo) -> None:
    one, original = change(clean, A, "new\n"), clean.read(A)
    clean.write(A, "staged")
    clean.git("add", A)
    clean.write(A, original)
    with pytest.raises(RetryError, match="staged"):
        bring_in(clean.path, [one])
    assert (clean.read(A), clean.git("show", f":{A}")) == (original, "staged")


def test_an_unmerged_file_stops_everything(clean: Repo) -> None:
    clean.git("checkout", "-q", "-b", "side")
    clean.write(A, "side")
    clean.commit()
    clean.git("checkout", "-q", "main")
    clean.write(A, "main")
    clean.commit()
    clean.git("merge", "side", check=False)
    with pytest.raises(RetryError, match="unmerged"):
        bring_in(clean.path, [change(clean, A, "new\n")])
    assert dirty(clean, A, B) == [A]


def test_an_untracked_file_is_not_overwritten(clean: Repo) -> None:
    clean.write("j/new.md", "mine")
    with pytest.raises(RetryError):
        bring_in(clean.path, [change(clean, "j/new.md", "new\n")])
    assert clean.read("j/new.md") == "mine"


@pytest.mark.parametrize("path", ["../x", "/x", ".git/x", "j/../x", "j/.GIT/x", "", ".", "j//x", "out/x", "n\0l"])
def test_no_path_leads_out_of_the_work_tree(clean: Repo, tmp_path: Path, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (clean.path / "out").symlink_to(tmp_path / "elsewhere")
    blob = write_blobs(clean.path, [b"new"])[0]
    with pytest.raises(RefusedError):
        bring_in(clean.path, [FileChange(path, None, blob)])
    assert (list((tmp_path / "elsewhere").iterdir()), (tmp_path / "x").exists()) == ([], False)


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_is_left_alone(clean: Repo, kind: str) -> None:
    one = change(clean, A, "new\n")
    (clean.path / A).unlink()
    if kind == "link":
        (clean.path / A).symlink_to("b.md")
    else:
        (clean.path / A).mkdir()
    with pytest.raises(UsageError):
        bring_in(clean.path, [one])
    assert clean.read(B) == f"{B} as committed\n"


def test_a_missing_object_is_an_error_before_anything_is_written(clean: Repo) -> None:
    before = files(clean)
    with pytest.raises(GitError, match="missing"):
        bring_in(clean.path, [change(clean, A, "new\n"), FileChange("new", None, ABSENT)])
    assert files(clean) == before


# somebody else's lock


def test_a_held_index_is_waited_for(clean: Repo) -> None:
    lock = clean.write(".git/index.lock", "")
    timer = threading.Timer(0.3, lock.unlink)
    timer.start()
    bring(clean, change(clean, A, "new\n"))
    timer.join()
    assert status(clean) == ""


def test_a_lock_that_stays_is_left_and_nothing_is_written(clean: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "_PAUSE_S", 0.001)
    lock = clean.write(".git/index.lock", "theirs")
    one = change(clean, A, "new\n")
    with pytest.raises(RetryError, match="index"):
        bring_in(clean.path, [one])
    assert (lock.read_text(), clean.read(A)) == ("theirs", f"{A} as committed\n")


def test_a_lock_taken_in_between_is_for_later_and_can_be_taken_back(
    clean: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "_PAUSE_S", 0.001)
    one = change(clean, A, "new\n")
    lock = clean.path / ".git/index.lock"
    real = checkout._update_index

    def locked(*arguments: object) -> None:
        lock.write_text("theirs")
        real(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(checkout, "_update_index", locked)
        with pytest.raises(RetryError):
            bring_in(clean.path, [one])
    lock.unlink()
    bring_in(clean.path, [one.undone])
    assert status(clean) == ""


def test_a_linked_work_tree_has_an_index_of_its_own(clean: Repo, tmp_path: Path) -> None:
    linked = Repo(tmp_path / "linked")
    clean.git("worktree", "add", "-q", "-b", "side", str(linked.path))
    clean.write(".git/index.lock", "")
    bring(linked, change(linked, A, "new\n"))
    assert (status(linked), linked.read(A)) == ("", "new\n")


def test_git_refusing_is_an_error_and_no_reason_to_try_again(clean: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    one = change(clean, A, "new\n")
    monkeypatch.setattr(checkout, "index_line", lambda *_: b"nonsense\0")
    with pytest.raises(JournalError, match="update-index"):
        bring_in(clean.path, [one])
    assert dirty(clean, A) == [A]
