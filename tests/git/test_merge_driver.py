"""The merge driver, run by Git itself in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import Repo, entry_text

from sync.operations.init import init

FOLDER = "journal/entries"
ENTRY = f"{FOLDER}/2025-04-05-14-30-a.md"
MEMORIES = "journal/memories.json"
BASE = entry_text("A", tags="one, two", body="First.\n\n## Later\n\nSecond.")
OURS = BASE.replace("title: A", "title: Ours").replace("Second.", "Second, and more.")
THEIRS = BASE.replace("[one, two]", "[one, three]").replace("First.", "First of all.")
MERGED = OURS.replace("[one, two]", "[one, three]").replace("First.", "First of all.")
CLASHING = BASE.replace("title: A", "title: Theirs")
NOT_UTF8 = b"---\ntitle: \xff\xfe\n---\n"


@pytest.fixture(autouse=True)
def path_without_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `journal` is found by its name: Git falls back on the interpreter that set the driver up."""
    folders = [one for one in os.environ["PATH"].split(os.pathsep) if not Path(one, "journal").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))


@pytest.fixture
def driven(repo: Repo) -> Repo:
    """A repository with the merge driver, and one commit."""
    init(repo.path, merge_driver=True)
    repo.commit()
    return repo


def branch(repo: Repo, base: str | bytes | None, ours: str | bytes | None, theirs: str | bytes | None) -> None:
    """Make branch `side` with theirs, and main with ours, of one entry; None is no file."""
    for name, content in (("main", base), ("side", theirs), ("main", ours)):
        repo.git("checkout", "-q", *(["-b"] if name == "side" else []), name)
        if content is None:
            (repo.path / ENTRY).unlink(missing_ok=True)
        else:
            repo.write(ENTRY, content)
        repo.commit(f"{name} writes")


def run(repo: Repo, *arguments: str) -> tuple[int, str]:
    """Exit code of a git command, and what it said."""
    done = subprocess.run(["git", *arguments], cwd=repo.path, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def merge(repo: Repo) -> int:
    """Merge branch `side` into main; Git's exit code."""
    return run(repo, "merge", "-q", "--no-edit", "side")[0]


def unmerged(repo: Repo) -> list[str]:
    """Stages of the entry in the index, none if it is merged."""
    lines = repo.git("ls-files", "--unmerged", "--", ENTRY).splitlines()
    return [line.split("\t")[0].split()[2] for line in lines]


def test_changes_of_different_places_are_merged_by_git(driven: Repo) -> None:
    branch(driven, BASE, OURS, THEIRS)
    assert (merge(driven), driven.read(ENTRY)) == (0, MERGED)


def test_the_same_changes_clash_without_the_driver(repo: Repo) -> None:
    repo.commit()
    branch(repo, BASE, OURS, THEIRS)
    assert merge(repo) == 1


def test_git_merges_to_the_bytes_of_merge_file(driven: Repo, tmp_path: Path) -> None:
    branch(driven, BASE, OURS, THEIRS)
    merge(driven)
    for name, text in (("base", BASE), ("ours", OURS), ("theirs", THEIRS)):
        (tmp_path / name).write_text(text)
    found = driven.journal("merge-file", *(str(tmp_path / name) for name in ("base", "ours", "theirs")))
    assert found.stdout == driven.read(ENTRY)


def test_a_conflict_is_one_of_git(driven: Repo) -> None:
    branch(driven, BASE, OURS, CLASHING)
    assert (merge(driven), unmerged(driven)) == (1, ["1", "2", "3"])


def test_a_conflict_has_markers_with_the_base_at_its_place_only(driven: Repo) -> None:
    branch(driven, BASE, OURS, CLASHING)
    merge(driven)
    markers = "<<<<<<< ours\ntitle: Ours\n||||||| base\ntitle: A\n=======\ntitle: Theirs\n>>>>>>> theirs\n"
    assert driven.read(ENTRY) == OURS.replace("title: Ours\n", markers)


def test_markers_are_as_long_as_an_attribute_says(driven: Repo) -> None:
    driven.write(".gitattributes", driven.read(".gitattributes") + "*.md conflict-marker-size=12\n")
    branch(driven, BASE, OURS, CLASHING)
    merge(driven)
    assert f"\n{'=' * 12}\n" in driven.read(ENTRY)


def test_a_merge_leaves_no_other_file_behind(driven: Repo) -> None:
    branch(driven, BASE, OURS, CLASHING)
    merge(driven)
    assert driven.git("status", "--porcelain").splitlines() == [f"UU {ENTRY}"]


@pytest.mark.parametrize(("ours", "theirs", "kept"), [(None, THEIRS, THEIRS), (OURS, None, OURS)])
def test_where_one_side_deleted_git_decides_alone_and_the_edit_survives(
    driven: Repo, tmp_path: Path, ours: str | None, theirs: str | None, kept: str
) -> None:
    driven.git("config", "merge.journal.driver", f"touch {tmp_path}/called")
    branch(driven, BASE, ours, theirs)
    assert (merge(driven), driven.read(ENTRY), (tmp_path / "called").exists()) == (1, kept, False)


def test_where_one_side_alone_changed_no_driver_is_asked(driven: Repo, tmp_path: Path) -> None:
    driven.git("config", "merge.journal.driver", f"touch {tmp_path}/called")
    branch(driven, BASE, BASE, THEIRS)
    assert (merge(driven), driven.read(ENTRY), (tmp_path / "called").exists()) == (0, THEIRS, False)


def test_an_entry_that_both_sides_added_is_merged_without_a_base(driven: Repo) -> None:
    branch(driven, None, BASE, BASE.replace("tags: [one, two]", "tags: [one, two]\nstatus: new"))
    merge(driven)
    assert "status: new" in driven.read(ENTRY)


def test_entries_that_both_sides_added_and_that_differ_clash(driven: Repo) -> None:
    branch(driven, None, OURS, CLASHING)
    assert (merge(driven), unmerged(driven), "<<<<<<< ours" in driven.read(ENTRY)) == (1, ["2", "3"], True)


@pytest.mark.parametrize("command", [("rebase", "-q", "side"), ("cherry-pick", "side")])
def test_a_rebase_and_a_cherry_pick_go_through_the_driver(driven: Repo, command: tuple[str, ...]) -> None:
    branch(driven, BASE, OURS, THEIRS)
    assert (run(driven, *command)[0], driven.read(ENTRY)) == (0, MERGED)


def test_a_stash_goes_through_the_driver(driven: Repo) -> None:
    driven.write(ENTRY, BASE)
    driven.commit()
    driven.write(ENTRY, THEIRS)
    driven.git("stash", "-q")
    driven.write(ENTRY, OURS)
    driven.commit()
    assert (run(driven, "stash", "pop")[0], driven.read(ENTRY)) == (0, MERGED)


@pytest.mark.parametrize(("ours", "theirs"), [(NOT_UTF8, THEIRS.encode()), (OURS.encode(), NOT_UTF8)])
def test_a_file_that_is_not_utf8_is_a_conflict_and_ours_is_kept(driven: Repo, ours: bytes, theirs: bytes) -> None:
    branch(driven, BASE, ours, theirs)
    assert merge(driven) != 0
    assert (unmerged(driven), (driven.path / ENTRY).read_bytes()) == (["1", "2", "3"], ours)


def test_git_shows_which_file_was_not_merged_and_why(driven: Repo) -> None:
    branch(driven, BASE, OURS, NOT_UTF8)
    (said,) = [line for line in run(driven, "merge", "side")[1].splitlines() if line.startswith("journal:")]
    assert said.startswith(f"journal: {ENTRY}: not merged: ")
    assert "not UTF-8" in said


def test_a_linked_work_tree_merges_by_the_same_driver(driven: Repo) -> None:
    branch(driven, BASE, OURS, THEIRS)
    driven.git("worktree", "add", "-q", "../linked", "-b", "third", "main")
    linked = Repo(driven.path.parent / "linked")
    assert (merge(linked), linked.read(ENTRY)) == (0, MERGED)


def test_a_clone_without_the_configuration_merges_as_git_does(driven: Repo) -> None:
    branch(driven, BASE, OURS, BASE.replace("Second.", "Second, I think."))
    driven.git("clone", "-q", ".", "../clone")
    clone = Repo(driven.path.parent / "clone")
    clone.git("branch", "side", "origin/side")
    assert (merge(clone), "<<<<<<< HEAD" in clone.read(ENTRY)) == (1, True)


def test_a_program_that_is_gone_leaves_git_its_own_merge(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "50% of a python"))
    init(repo.path, merge_driver=True)
    repo.commit()
    branch(repo, BASE, BASE.replace("title: A", "title: Ours"), BASE.replace("Second.", "Second, I think."))
    merge(repo)
    assert ("title: Ours" in repo.read(ENTRY), "Second, I think." in repo.read(ENTRY)) == (True, True)


def test_a_program_that_is_gone_hides_no_conflict(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    init(repo.path, merge_driver=True)
    repo.commit()
    branch(repo, BASE, OURS, CLASHING)
    code, said = run(repo, "merge", "side")
    assert (code, "journal: command not found" in said, ">>>>>>> theirs" in repo.read(ENTRY)) == (1, True, True)


def test_an_interpreter_of_any_name_is_found_again(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "it's 100%P/python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    init(repo.path, merge_driver=True)
    repo.commit()
    branch(repo, BASE, OURS, THEIRS)
    assert (merge(repo), repo.read(ENTRY)) == (0, MERGED)


@pytest.mark.parametrize("name", ["it's $(touch hacked) `touch hacked`.md", '";touch hacked;".md', "--generated.md"])
def test_the_name_of_an_entry_is_never_run(driven: Repo, name: str) -> None:
    path = f"{FOLDER}/{name}"
    for where, text in (("main", BASE), ("side", NOT_UTF8), ("main", OURS)):
        driven.git("checkout", "-q", *(["-b"] if where == "side" else []), where)
        driven.write(path, text)
        driven.commit()
    merge(driven)
    assert (driven.read(path), (driven.path / "hacked").exists()) == (OURS, False)


def test_a_folder_with_odd_letters_is_driven_too(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\nentries = "#my [1] notes/é"\nmemories = "all*.json"\n')
    init(repo.path, merge_driver=True)
    asked = ["#my [1] notes/é/a.md", "#my [1] notes/é/2025/a.md", "#my 1 notes/é/a.md", "all*.json", "all1.json"]
    printed = repo.git("check-attr", "-z", "merge", *asked).split("\0")
    assert printed[2::3] == ["journal", "journal", "unspecified", "journal-generated", "unspecified"]


def test_a_folder_whose_name_looks_like_an_option_is_driven_too(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\nentries = "--generated"\n')
    init(repo.path, merge_driver=True)
    for where, text in (("main", BASE), ("side", THEIRS), ("main", OURS)):
        repo.git("checkout", "-q", *(["-B"] if not repo.git("branch", "--list", where) else []), where)
        repo.write("--generated/a.md", text)
        repo.commit()
    assert (merge(repo), repo.read("--generated/a.md")) == (0, MERGED)


def criss_cross(repo: Repo, ours: str, theirs: str) -> None:
    """Two branches that have merged each other before, so that they have two bases; then each goes on.

    One base has a title of its own, the other a paragraph of its own.
    """
    repo.write(ENTRY, BASE)
    repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    repo.write(ENTRY, BASE.replace("First.", "First of all."))
    second = repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write(ENTRY, BASE.replace("title: A", "title: B"))
    first = repo.commit()
    repo.git("merge", "-q", "--no-edit", second)
    repo.write(ENTRY, ours)
    repo.commit()
    repo.git("checkout", "-q", "side")
    repo.git("merge", "-q", "--no-edit", first)
    repo.write(ENTRY, theirs)
    repo.commit()
    repo.git("checkout", "-q", "main")


def test_what_one_side_took_back_stays_taken_back_where_there_are_several_bases(driven: Repo) -> None:
    both = BASE.replace("First.", "First of all.").replace("title: A", "title: B")
    criss_cross(driven, both.replace("title: B", "title: A"), both.replace("Second.", "Second, I think."))
    assert merge(driven) == 0
    assert driven.read(ENTRY) == both.replace("title: B", "title: A").replace("Second.", "Second, I think.")


@pytest.fixture
def generated(driven: Repo) -> Repo:
    """Both branches have a new entry each, and the memories of what they had."""
    driven.write(ENTRY, BASE)
    driven.journal("export")
    driven.commit()
    for number, name in enumerate(("side", "main"), 6):
        driven.git("checkout", "-q", *(["-b"] if name == "side" else []), name)
        driven.write(f"{FOLDER}/2025-04-0{number}-14-30-{name}.md", entry_text(name))
        driven.journal("export")
        driven.commit()
    return driven


def titles(repo: Repo) -> list[str]:
    """Titles in the memories of the work tree."""
    return [one["text"].removeprefix("[JOURNAL DE BORD] ").split(":")[0] for one in json.loads(repo.read(MEMORIES))]


def test_memories_that_both_branches_made_anew_never_clash(generated: Repo) -> None:
    assert (merge(generated), json.loads(generated.git("show", f"HEAD:{MEMORIES}"))[-1]["metadata"]["id"]) == (
        0,
        "2025-04-07-14-30-main",
    )


def test_after_the_merge_the_memories_are_those_of_both_branches(generated: Repo) -> None:
    merge(generated)
    assert titles(generated) == ["A", "side", "main"]


def test_the_command_that_is_said_puts_them_into_the_merge(generated: Repo) -> None:
    said = run(generated, "merge", "--no-edit", "side")[1]
    command = said.split("Commit it: ")[1].splitlines()[0]
    subprocess.run(["sh", "-c", command], cwd=generated.path, check=True, capture_output=True)
    generated.journal("export", "--check")
    parents = generated.git("log", "-1", "--format=%p").split()
    assert (generated.git("status", "--porcelain"), len(parents)) == ("", 2)


def test_a_rebase_of_memories_leaves_them_readable(generated: Repo) -> None:
    code = run(generated, "rebase", "-q", "side")[0]
    assert (code, "A" in titles(generated)) == (0, True)


@pytest.mark.parametrize("missing", ["base", "ours", "theirs"])
def test_a_missing_file_is_a_failure_and_no_conflict(repo: Repo, missing: str) -> None:
    for name in {"base", "ours", "theirs"} - {missing}:
        repo.write(name, BASE)
    found = repo.journal("merge-driver", "base", "ours", "theirs", "7", "a.md", code=129)
    assert (len(found.stderr.splitlines()), "a.md" in found.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"], ["a", "b", "c", "seven", "d"], ["--unknown"]])
def test_a_wrong_call_is_a_failure_and_no_conflict(repo: Repo, arguments: list[str]) -> None:
    assert repo.journal("merge-driver", *arguments, code=None).exit_code == 129


def test_a_bug_is_a_failure_and_no_conflict(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise ZeroDivisionError("of our own")

    monkeypatch.setattr("sync.operations.merge.drive_merge", fail)
    found = repo.journal("merge-driver", "base", "ours", "theirs", "7", "a.md", code=129)
    assert "a.md: not merged: this is a bug: ZeroDivisionError" in found.stderr


def test_a_generated_file_is_kept_as_it_is(repo: Repo) -> None:
    repo.write("ours", "[1]\n")
    before = os.stat(repo.path / "ours")
    repo.journal("merge-driver", "--generated", "base", "ours", "theirs", "7", MEMORIES)
    assert os.stat(repo.path / "ours").st_mtime_ns == before.st_mtime_ns
