"""The mark of the entries' folder: it changes with everything that may change what Git lists there."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repo

from sync.repository import marks
from sync.repository.git import Location, locate
from sync.repository.listing import Source, list_files
from sync.repository.marks import folder_mark

FOLDER = "journal/entries"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written count as written long ago; kernels tell times apart by a few milliseconds."""
    monkeypatch.setattr(marks, "_SETTLED_NS", 0)


@pytest.fixture
def tree(repo: Repo) -> Repo:
    """A journal of two entries, one of them in a folder of its own."""
    repo.write(f"{FOLDER}/one.md", "One.\n")
    repo.write(f"{FOLDER}/deep/er/two.md", "Two.\n")
    repo.write("other/three.md", "Three.\n")
    repo.commit()
    return repo


def mark(repo: Repo, folder: str = FOLDER) -> bytes:
    return folder_mark(locate(repo.path), folder)


def listed(repo: Repo) -> tuple[bytes, ...]:
    return list_files(locate(repo.path), FOLDER, Source.WORK_TREE).lines


def wait() -> None:
    """Until the file system's clock has moved on."""
    file = Path.home() / "clock"
    file.write_bytes(b"")
    first = file.stat().st_ctime_ns
    while file.stat().st_ctime_ns == first:
        file.write_bytes(b"x")


def edit_with_the_old_time(repo: Repo) -> None:
    file = repo.path / FOLDER / "one.md"
    before = file.stat()
    file.write_text("Two.\n", encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap(repo: Repo) -> None:
    one, two, free = (repo.path / FOLDER / name for name in ("one.md", "deep/er/two.md", "free.md"))
    one.rename(free)
    two.rename(one)
    free.rename(two)


def link_in_its_place(repo: Repo) -> None:
    file = repo.path / FOLDER / "one.md"
    file.unlink()
    file.symlink_to("deep/er/two.md")


def another_folder_in_its_place(repo: Repo) -> None:
    folder = repo.path / FOLDER
    folder.rename(repo.path / "journal/moved")
    shutil.copytree(repo.path / "journal/moved", folder)
    (folder / "one.md").write_text("Six.\n", encoding="utf-8")


CHANGES: dict[str, Callable[[Repo], object]] = {
    "add": lambda repo: repo.write(f"{FOLDER}/new.md", "New.\n"),
    "add-in-a-new-folder": lambda repo: repo.write(f"{FOLDER}/a/b/new.md", "New.\n"),
    "remove": lambda repo: (repo.path / FOLDER / "one.md").unlink(),
    "remove-in-a-folder": lambda repo: (repo.path / FOLDER / "deep/er/two.md").unlink(),
    "remove-everything": lambda repo: shutil.rmtree(repo.path / FOLDER),
    "rename": lambda repo: (repo.path / FOLDER / "one.md").rename(repo.path / FOLDER / "eno.md"),
    "move": lambda repo: (repo.path / FOLDER / "one.md").rename(repo.path / FOLDER / "deep/one.md"),
    "rename-a-folder": lambda repo: (repo.path / FOLDER / "deep").rename(repo.path / FOLDER / "peed"),
    "swap": swap,
    "edit-in-place": lambda repo: repo.write(f"{FOLDER}/deep/er/two.md", "Six.\n"),
    "edit-with-the-old-time": edit_with_the_old_time,
    "a-link-in-its-place": link_in_its_place,
    "another-folder-in-its-place": another_folder_in_its_place,
    "rm-cached": lambda repo: (repo.git("rm", "-q", "--cached", f"{FOLDER}/one.md"), repo.write(".gitignore", "one.*")),
}
RULES: dict[str, Callable[[Repo], object]] = {
    "top": lambda repo: repo.write(".gitignore", "new.md\n"),
    "between": lambda repo: repo.write("journal/.gitignore", "new.md\n"),
    "own": lambda repo: repo.write(f"{FOLDER}/.gitignore", "new.md\n"),
    "clone": lambda repo: repo.write(".git/info/exclude", "new.md\n"),
    "config": lambda repo: (repo.write("rules", "new.md\n"), repo.git("config", "core.excludesFile", "rules")),
    "person": lambda _: _write(Path(os.environ["XDG_CONFIG_HOME"]) / "git/ignore", "new.md\n"),
    "add": lambda repo: repo.git("add", f"{FOLDER}/new.md"),
    "add-force": lambda repo: repo.git("add", "-f", f"{FOLDER}/new.md"),
    "intent-to-add": lambda repo: repo.git("add", "-N", f"{FOLDER}/new.md"),
}


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


# --- what changes the mark ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_listing_changes_the_mark(tree: Repo, name: str) -> None:
    before = mark(tree), listed(tree)
    wait()
    CHANGES[name](tree)
    after = mark(tree), listed(tree)
    assert (after[0] != before[0], after[1] != before[1]) == (True, True)


@pytest.mark.parametrize("name", RULES)
def test_a_change_of_what_git_ignores_changes_the_mark(tree: Repo, name: str) -> None:
    tree.write(f"{FOLDER}/new.md", "New.\n")
    before = mark(tree)
    wait()
    RULES[name](tree)
    assert mark(tree) != before


def test_a_sparse_checkout_changes_the_mark(tree: Repo) -> None:
    before = mark(tree)
    tree.git("sparse-checkout", "set", "other")
    assert mark(tree) != before


def test_attributes_that_change_what_git_stores_change_the_mark(tree: Repo) -> None:
    tree.write(f"{FOLDER}/new.md", "New.\r\n")
    before = mark(tree), listed(tree)
    wait()
    tree.write("journal/.gitattributes", "*.md text eol=lf\n")
    assert [mark(tree) != before[0], listed(tree) != before[1]] == [True, True]


def test_a_switch_of_branches_changes_the_mark(tree: Repo) -> None:
    tree.git("switch", "-q", "-c", "branch")
    tree.write(f"{FOLDER}/one.md", "Six.\n")
    tree.commit()
    before = mark(tree)
    tree.git("switch", "-q", "main")
    assert mark(tree) != before


def test_no_two_states_of_many_have_one_mark(tree: Repo) -> None:
    seen = {}
    for number in range(60):
        wait()
        file = tree.path / FOLDER / f"{number % 5}.md"
        file.unlink() if file.exists() and number % 3 else file.write_text(f"{number:05}\n", encoding="utf-8")
        seen[mark(tree)] = number
    assert len(seen) == 60


# --- linked work trees ----------------------------------------------------------------------------------------------


@pytest.fixture
def linked(tree: Repo, tmp_path: Path) -> Repo:
    """Another work tree of the same repository."""
    tree.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "linked")
    return Repo(tmp_path / "linked")


def test_each_work_tree_has_a_mark_of_its_own(tree: Repo, linked: Repo) -> None:
    assert mark(tree) != mark(linked)


@pytest.mark.parametrize("name", ["add", "rename", "edit-in-place", "edit-with-the-old-time", "rm-cached"])
def test_a_change_of_a_linked_work_tree_changes_its_mark(linked: Repo, name: str) -> None:
    before = mark(linked)
    wait()
    CHANGES[name](linked)
    assert mark(linked) != before


@pytest.mark.parametrize("name", ["info/exclude", "config"])
def test_what_all_work_trees_share_changes_the_marks_of_all(tree: Repo, linked: Repo, name: str) -> None:
    before = mark(tree), mark(linked)
    wait()
    with (tree.path / ".git" / name).open("a", encoding="utf-8") as file:
        file.write("# more\n")
    assert [mark(tree) != before[0], mark(linked) != before[1]] == [True, True]


def test_the_index_of_one_work_tree_leaves_the_mark_of_another(tree: Repo, linked: Repo) -> None:
    tree.write("other/new.md", "New.\n")
    before = mark(linked)
    wait()
    tree.git("add", "other/new.md")
    assert mark(linked) == before


# --- what does not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [FOLDER, "journal", "no/such/folder", "journal/entries/one.md"])
def test_an_unchanged_tree_has_the_same_mark(tree: Repo, folder: str) -> None:
    first = mark(tree, folder)
    assert len(first) == 16
    assert mark(tree, folder) == first


def test_a_file_elsewhere_leaves_the_mark(tree: Repo) -> None:
    before = mark(tree)
    wait()
    tree.write("other/three.md", "Six.\n")
    assert mark(tree) == before


def test_reading_leaves_the_mark(tree: Repo) -> None:
    before = mark(tree)
    wait()
    tree.read(f"{FOLDER}/one.md")
    listed(tree)
    tree.git("log", "--oneline")
    assert mark(tree) == before


def test_a_folder_without_git_has_a_mark(tmp_path: Path) -> None:
    _write(tmp_path / FOLDER / "one.md", "One.\n")
    location = Location(root=tmp_path, git_dir=None)
    before = folder_mark(location, FOLDER)
    wait()
    assert folder_mark(location, FOLDER) == before != b""
    _write(tmp_path / FOLDER / "one.md", "Two.\n")
    assert folder_mark(location, FOLDER) != before


# --- too early to tell ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [f"{FOLDER}/one.md", f"{FOLDER}/deep/er/new.md", ".gitignore", ".git/info/exclude"])
def test_what_changed_just_now_has_no_mark(tree: Repo, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wait()
    monkeypatch.setattr(marks, "_SETTLED_NS", 60_000_000_000)
    tree.write(name, "Just now.\n")
    assert mark(tree) == b""


def test_a_time_that_is_still_to_come_has_no_mark(tree: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert mark(tree) == b""
