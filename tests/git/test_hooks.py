"""The native hooks, run by Git itself."""

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
OTHER = f"{FOLDER}/2025-04-06-14-30-b.md"
MEMORIES = "journal/memories.json"
BROKEN = "---\ntitle: x\ntitle: y\n---\n"
SLOW_TO_IMPORT = {"git", "jsonschema", "referencing", "yaml", "frontmatter", "click", "rich", "subprocess", "pathlib"}


@pytest.fixture(autouse=True)
def path_without_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `journal` is found by its name: the hooks fall back on the interpreter that installed them."""
    folders = [one for one in os.environ["PATH"].split(os.pathsep) if not Path(one, "journal").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    """A repository with the hooks, one commit, and nothing of the journal but its settings."""
    init(repo.path, hooks=True)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "set up")
    return repo


@pytest.fixture
def journal(hooked: Repo) -> Repo:
    """A repository with the hooks, and one entry committed together with its memory."""
    hooked.write(ENTRY, entry_text("A"))
    hooked.journal("export")
    hooked.commit()
    return hooked


def commit(repo: Repo, *arguments: str, verb: str = "commit") -> tuple[int, str]:
    """Run a real commit; its exit code, and what was said."""
    options = ["-q", "-m", "x"] if verb == "commit" else ["-q", "--no-edit"]
    done = subprocess.run(
        ["git", verb, *options, *arguments], cwd=repo.path, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def committed_titles(repo: Repo) -> list[str]:
    """The titles in the memories of the last commit."""
    found = json.loads(repo.git("show", f"HEAD:{MEMORIES}"))
    return [one["text"].removeprefix("[JOURNAL DE BORD] ").split(":")[0] for one in found]


def test_a_commit_without_the_memories_is_stopped(hooked: Repo) -> None:
    hooked.write(ENTRY, entry_text())
    hooked.git("add", ENTRY)
    assert commit(hooked)[0] == 1


def test_a_stopped_commit_says_what_to_do(hooked: Repo) -> None:
    hooked.write(ENTRY, entry_text())
    hooked.git("add", ENTRY)
    assert f"git add {MEMORIES}" in commit(hooked)[1]


def test_doing_what_was_said_lets_the_commit_pass(hooked: Repo) -> None:
    hooked.write(ENTRY, entry_text())
    hooked.git("add", ENTRY)
    commit(hooked)
    hooked.git("add", MEMORIES)
    assert commit(hooked)[0] == 0


def test_a_hook_stages_nothing(hooked: Repo) -> None:
    hooked.write(ENTRY, entry_text())
    hooked.git("add", ENTRY)
    before = hooked.git("ls-files", "--stage")
    commit(hooked)
    assert hooked.git("ls-files", "--stage") == before


def test_a_commit_with_its_memories_passes(journal: Repo) -> None:
    journal.write(ENTRY, entry_text("A2"))
    journal.journal("export")
    journal.git("add", ENTRY, MEMORIES)
    assert (commit(journal)[0], committed_titles(journal)) == (0, ["A2"])


def test_a_deleted_entry_must_leave_the_memories(journal: Repo) -> None:
    journal.git("rm", "-q", ENTRY)
    assert commit(journal)[0] == 1
    assert journal.read(MEMORIES) == "[]\n"


def test_memories_edited_by_hand_are_repaired_and_stop_the_commit(journal: Repo) -> None:
    good = journal.read(MEMORIES)
    journal.write(MEMORIES, "[]\n")
    journal.git("add", MEMORIES)
    assert (commit(journal)[0], journal.read(MEMORIES)) == (1, good)


def test_a_hook_reads_what_is_staged_and_not_the_work_tree(journal: Repo) -> None:
    journal.write(ENTRY, entry_text("staged"))
    journal.git("add", ENTRY)
    journal.write(ENTRY, entry_text("not staged"))
    commit(journal)
    journal.git("add", MEMORIES)
    assert (commit(journal)[0], committed_titles(journal)) == (0, ["staged"])


def test_what_is_not_staged_survives_the_hook(journal: Repo) -> None:
    journal.write(ENTRY, entry_text("staged"))
    journal.git("add", ENTRY)
    journal.write(ENTRY, entry_text("not staged"))
    commit(journal)
    assert journal.read(ENTRY) == entry_text("not staged")


def test_a_fault_that_is_staged_stops_the_commit_with_its_place(journal: Repo) -> None:
    journal.write(OTHER, BROKEN)
    journal.git("add", OTHER)
    code, said = commit(journal)
    assert (code, f"{OTHER}:3:1: title" in said) == (1, True)


def test_a_staged_fault_is_seen_though_the_work_tree_is_corrected(journal: Repo) -> None:
    journal.write(OTHER, BROKEN)
    journal.git("add", OTHER)
    journal.write(OTHER, entry_text("B"))
    assert commit(journal)[0] == 1


def test_a_fault_that_is_not_staged_stops_nothing(journal: Repo) -> None:
    journal.write(OTHER, BROKEN)
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    assert commit(journal)[0] == 0


def test_a_commit_that_touches_no_journal_leaves_the_memories_alone(journal: Repo) -> None:
    journal.write(MEMORIES, "stale\n")
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    commit(journal)
    assert journal.read(MEMORIES) == "stale\n"


def test_settings_that_are_wrong_stop_the_commit(journal: Repo) -> None:
    journal.write("journal.toml", "[journal]\nunknown = 1\n")
    journal.git("add", "journal.toml")
    code, said = commit(journal)
    assert (code, "unknown" in said) == (1, True)


def test_changed_settings_must_bring_their_memories(journal: Repo) -> None:
    journal.write("journal.toml", '[journal]\nprefix = "[LOG]"\n')
    journal.git("add", "journal.toml")
    assert commit(journal)[0] == 1
    assert journal.read(MEMORIES).startswith('[\n  {\n    "text": "[LOG] A:')


def test_an_entries_folder_of_another_name_is_watched(journal: Repo) -> None:
    journal.write("journal.toml", '[journal]\nentries = "notes"\nmemories = "notes.json"\n')
    journal.git("add", "-A")
    journal.git("commit", "-q", "--no-verify", "-m", "moved")
    journal.write("notes/2025-04-05-a.md", entry_text())
    journal.git("add", "notes")
    assert commit(journal)[0] == 1


def test_committing_all_from_a_subfolder_works(journal: Repo) -> None:
    journal.write(ENTRY, entry_text("A2"))
    journal.journal("export")
    done = subprocess.run(
        ["git", "commit", "-qam", "x"], cwd=journal.path / "journal", capture_output=True, check=False
    )
    assert (done.returncode, committed_titles(journal)) == (0, ["A2"])


def test_committing_only_other_paths_ignores_what_is_staged_besides(journal: Repo) -> None:
    journal.write(OTHER, BROKEN)
    journal.write("code.py", "pass\n")
    journal.git("add", "-A")
    assert commit(journal, "--only", "code.py")[0] == 0


def test_committing_only_an_entry_needs_its_memories(journal: Repo) -> None:
    journal.write(ENTRY, entry_text("A2"))
    assert commit(journal, "--only", ENTRY)[0] == 1


def test_committing_only_an_entry_and_its_memories_passes(journal: Repo) -> None:
    journal.write(OTHER, entry_text("staged besides"))
    journal.git("add", OTHER)
    journal.write(ENTRY, entry_text("A2"))
    commit(journal, "--only", ENTRY)
    assert (commit(journal, "--only", ENTRY, MEMORIES)[0], committed_titles(journal)) == (0, ["A2"])


def test_line_endings_of_windows_do_not_stop_a_commit(hooked: Repo) -> None:
    hooked.git("config", "core.autocrlf", "true")
    hooked.write(ENTRY, entry_text().replace("\n", "\r\n"))
    hooked.git("add", ENTRY)
    commit(hooked)
    hooked.git("add", MEMORIES)
    assert commit(hooked)[0] == 0


def test_memories_that_git_ignores_need_not_be_staged(hooked: Repo) -> None:
    hooked.write(".gitignore", f"/{MEMORIES}\n/.augment/\n")
    hooked.write(ENTRY, entry_text())
    hooked.git("add", ENTRY, ".gitignore")
    assert commit(hooked)[0] == 0


def test_a_commit_in_a_linked_work_tree_is_checked(journal: Repo) -> None:
    journal.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked = Repo(journal.path.parent / "linked")
    linked.write(ENTRY, entry_text("linked"))
    linked.git("add", ENTRY)
    assert commit(linked)[0] == 1
    linked.git("add", MEMORIES)
    assert (commit(linked)[0], committed_titles(linked)) == (0, ["linked"])


def test_a_commit_in_a_linked_work_tree_leaves_the_first_one_alone(journal: Repo) -> None:
    before = journal.read(MEMORIES)
    journal.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked = Repo(journal.path.parent / "linked")
    linked.write(ENTRY, entry_text("linked"))
    linked.git("add", ENTRY)
    commit(linked)
    assert journal.read(MEMORIES) == before


@pytest.fixture
def diverged(journal: Repo) -> Repo:
    """Branch `side` has another entry and its memory; main has a third entry whose memory somebody forgot."""
    journal.git("checkout", "-q", "-b", "side")
    journal.write(OTHER, entry_text("B"))
    journal.journal("export")
    journal.commit()
    journal.git("checkout", "-q", "main")
    journal.write(f"{FOLDER}/2025-04-07-14-30-c.md", entry_text("C"))
    journal.git("add", "-A")
    journal.git("commit", "-q", "--no-verify", "-m", "forgot the memory")
    return journal


def test_a_clean_merge_with_stale_memories_is_stopped(diverged: Repo) -> None:
    assert commit(diverged, "side", verb="merge")[0] == 1


def test_a_stopped_merge_has_written_the_memories_of_both_sides(diverged: Repo) -> None:
    commit(diverged, "side", verb="merge")
    assert [one["text"][18] for one in json.loads(diverged.read(MEMORIES))] == ["A", "B", "C"]


def test_a_stopped_merge_is_finished_by_adding_the_memories(diverged: Repo) -> None:
    commit(diverged, "side", verb="merge")
    diverged.git("add", MEMORIES)
    commit(diverged)
    assert (committed_titles(diverged), len(diverged.git("log", "-1", "--format=%p").split())) == (["A", "B", "C"], 2)


def test_a_clean_merge_with_the_right_memories_passes(journal: Repo) -> None:
    journal.git("checkout", "-q", "-b", "side")
    journal.write(OTHER, entry_text("B"))
    journal.journal("export")
    journal.commit()
    journal.git("checkout", "-q", "main")
    journal.write("code.py", "pass\n")
    journal.commit()
    assert (commit(journal, "side", verb="merge")[0], committed_titles(journal)) == (0, ["A", "B"])


def chain(repo: Repo, script: str, name: str = "pre-commit") -> None:
    """Put a hook of somebody else in the place, then install ours again."""
    for one in (name, f"{name}.before-journal"):
        (repo.path / ".git/hooks" / one).unlink(missing_ok=True)
    repo.write(f".git/hooks/{name}", f"#!/bin/sh\n{script}\n").chmod(0o755)
    init(repo.path, hooks=True)


def test_the_hook_that_was_there_still_runs(journal: Repo) -> None:
    chain(journal, "touch chained-ran")
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    commit(journal)
    assert (journal.path / "chained-ran").exists()


def test_the_failure_of_the_hook_that_was_there_stops_the_commit(journal: Repo) -> None:
    chain(journal, "echo no way >&2; exit 3")
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    code, said = commit(journal)
    assert (code, "no way" in said) == (1, True)


def test_our_failure_stops_the_commit_though_the_other_hook_passes(journal: Repo) -> None:
    chain(journal, "exit 0")
    journal.write(OTHER, BROKEN)
    journal.git("add", OTHER)
    assert commit(journal)[0] == 1


def test_a_hook_that_was_disabled_stays_so(journal: Repo) -> None:
    chain(journal, "exit 3")
    (journal.path / ".git/hooks/pre-commit.before-journal").chmod(0o644)
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    assert commit(journal)[0] == 0


def test_the_merge_hook_that_was_there_still_runs(journal: Repo) -> None:
    chain(journal, "exit 3", "pre-merge-commit")
    journal.git("checkout", "-q", "-b", "side")
    journal.write("a.py", "pass\n")
    journal.commit()
    journal.git("checkout", "-q", "main")
    journal.write("b.py", "pass\n")
    journal.commit()
    assert commit(journal, "side", verb="merge")[0] == 1


def test_a_hooks_path_inside_of_the_repository_is_run(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", ".githooks")
    init(repo.path, hooks=True)
    repo.write(ENTRY, BROKEN)
    repo.git("add", ENTRY)
    assert commit(repo)[0] == 1


@pytest.mark.parametrize("module", ["json.py", "click.py", "sync.py", "sync/__init__.py", "subprocess.py", "errno.py"])
def test_no_file_of_the_repository_is_run_as_a_part_of_the_hook(journal: Repo, module: str) -> None:
    journal.write(module, "raise SystemExit('code of the repository was run')\n")
    journal.write(OTHER, entry_text("B"))
    journal.journal("export")
    journal.git("add", "-A")
    assert commit(journal) == (0, "")


def test_a_hook_whose_program_is_gone_says_so(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/with blanks/python")
    init(repo.path, hooks=True)
    repo.write("code.py", "pass\n")
    repo.git("add", "code.py")
    code, said = commit(repo)
    assert (code, "pip install journal-sync" in said) == (1, True)


def test_the_program_on_the_path_comes_first(journal: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Repo(tmp_path).write("bin/journal", '#!/bin/sh\necho "$@" > called\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    commit(journal)
    assert journal.read("called") == "hook pre-commit\n"


def merge(repo: Repo, *arguments: str) -> tuple[int, str]:
    """Merge branch `side`; the exit code, and what was said."""
    done = subprocess.run(
        ["git", "merge", "-q", "--no-edit", *arguments, "side"],
        cwd=repo.path,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def do_what_is_said(repo: Repo, said: str) -> None:
    """Run the command that the post-merge hook names."""
    command = said.split("Commit it: ")[1].splitlines()[0]
    subprocess.run(["sh", "-c", command], cwd=repo.path, check=True, capture_output=True)


@pytest.fixture
def stale(repo: Repo) -> Repo:
    """Only the post-merge hook; branch `side` has a second entry whose memory somebody forgot."""
    init(repo.path, merge_driver=True)
    repo.write(ENTRY, entry_text("A"))
    repo.journal("export")
    repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    repo.write(OTHER, entry_text("B"))
    repo.commit()
    repo.git("checkout", "-q", "main")
    return repo


def went_on(repo: Repo) -> None:
    """Let main have a commit of its own."""
    repo.write("code.py", "pass\n")
    repo.commit()


def test_after_a_merge_stale_memories_are_made_anew(stale: Repo) -> None:
    went_on(stale)
    assert (merge(stale)[0], len(json.loads(stale.read(MEMORIES)))) == (0, 2)


def test_after_a_merge_nothing_is_staged_or_committed_by_the_hook(stale: Repo) -> None:
    went_on(stale)
    merge(stale)
    assert stale.git("status", "--porcelain") == f" M {MEMORIES}\n"


def test_the_memories_go_into_the_merge_that_was_just_made(stale: Repo) -> None:
    went_on(stale)
    do_what_is_said(stale, merge(stale)[1])
    assert (stale.git("log", "--format=%p", "-1").count(" "), stale.git("status", "--porcelain")) == (1, "")


def test_after_a_fast_forward_the_memories_go_into_a_commit_of_their_own(stale: Repo) -> None:
    do_what_is_said(stale, merge(stale)[1])
    assert stale.git("rev-parse", "HEAD^") == stale.git("rev-parse", "side")


def test_after_a_pull_that_brings_the_merge_of_somebody_else_that_merge_is_not_amended(stale: Repo) -> None:
    went_on(stale)
    stale.git("clone", "-q", ".", "../other")
    other = Repo(stale.path.parent / "other")
    other.git("merge", "-q", "--no-edit", "--no-ff", "origin/side")
    stale.git("fetch", "-q", "../other", "+main:side")
    do_what_is_said(stale, merge(stale)[1])
    assert stale.git("rev-parse", "HEAD^") == stale.git("rev-parse", "side")


def test_after_a_squash_the_memories_go_with_what_is_staged(stale: Repo) -> None:
    went_on(stale)
    said = merge(stale, "--squash")[1]
    assert f"Commit it: git add {MEMORIES} && git commit\n" in said


def test_after_a_merge_with_the_right_memories_nothing_is_said(journal: Repo) -> None:
    init(journal.path, merge_driver=True)
    journal.commit()
    journal.git("checkout", "-q", "-b", "side")
    journal.write(OTHER, entry_text("B"))
    journal.journal("export")
    journal.commit()
    journal.git("checkout", "-q", "main")
    assert merge(journal) == (0, "")


def test_after_a_merge_that_touches_no_journal_the_memories_are_left_alone(stale: Repo) -> None:
    stale.git("checkout", "-q", "side")
    stale.git("reset", "-q", "--hard", "main")
    went_on(stale)
    stale.git("checkout", "-q", "main")
    stale.write(MEMORIES, "stale\n")
    assert (merge(stale), stale.read(MEMORIES)) == ((0, ""), "stale\n")


def test_memories_that_git_ignores_are_made_anew_without_a_word(stale: Repo) -> None:
    stale.write(".gitignore", f"/{MEMORIES}\n/.augment/\n")
    stale.git("rm", "-q", "--cached", MEMORIES)
    stale.commit()
    assert (merge(stale), len(json.loads(stale.read(MEMORIES)))) == ((0, ""), 2)


def test_a_hook_that_cannot_work_fails_no_merge(stale: Repo) -> None:
    stale.git("checkout", "-q", "side")
    stale.write("journal.toml", "[journal]\nunknown = 1\n")
    stale.commit()
    stale.git("checkout", "-q", "main")
    code, said = merge(stale)
    assert (code, "unknown" in said, (stale.path / OTHER).exists()) == (0, True, True)


def test_the_post_merge_hook_itself_never_fails(stale: Repo) -> None:
    stale.write("journal.toml", "[journal]\nunknown = 1\n")
    stale.git("add", "journal.toml")
    command = [sys.executable, "-m", "sync", "hook", "post-merge", "0"]
    assert subprocess.run(command, cwd=stale.path, capture_output=True, check=False).returncode == 0


def test_a_merge_in_a_linked_work_tree_leaves_the_memories_of_the_first_one_alone(stale: Repo) -> None:
    before = stale.read(MEMORIES)
    stale.git("worktree", "add", "-q", "../linked", "-b", "third")
    linked = Repo(stale.path.parent / "linked")
    merge(linked)
    assert (len(json.loads(linked.read(MEMORIES))), stale.read(MEMORIES)) == (2, before)


def test_the_post_merge_hook_that_was_there_still_runs_and_is_told_of_a_squash(stale: Repo) -> None:
    (stale.path / ".git/hooks/post-merge").unlink()
    stale.write(".git/hooks/post-merge", '#!/bin/sh\necho "$@" > chained-ran\n').chmod(0o755)
    init(stale.path, merge_driver=True)
    went_on(stale)
    said = merge(stale, "--squash")[1]
    assert (stale.read("chained-ran"), "Commit it" in said) == ("1\n", True)


def test_with_both_kinds_of_hooks_a_stale_merge_is_stopped_before_it_is_made(diverged: Repo) -> None:
    init(diverged.path, hooks=True, merge_driver=True)
    assert merge(diverged)[0] == 1


def imported_by_hook(repo: Repo) -> set[str]:
    """Top names of the modules that a hook imports."""
    # Coverage, where it is measured, would import its own into the process.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sync", "hook", "pre-commit"],
        cwd=repo.path,
        capture_output=True,
        text=True,
        check=True,
        env=alone,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


@pytest.mark.parametrize("settings", [True, False])
def test_a_commit_that_touches_no_journal_imports_nothing_slow(journal: Repo, settings: bool) -> None:
    if not settings:
        journal.git("rm", "-q", "--cached", "journal.toml")
        journal.git("commit", "-q", "--no-verify", "-m", "no settings")
        (journal.path / "journal.toml").unlink()
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    assert (
        imported_by_hook(journal) & (SLOW_TO_IMPORT - ({"pathlib", "subprocess", "yaml"} if settings else set()))
        == set()
    )


def test_a_commit_that_touches_no_journal_does_not_import_yaml_for_its_settings(journal: Repo) -> None:
    journal.write("code.py", "pass\n")
    journal.git("add", "code.py")
    assert "yaml" not in imported_by_hook(journal)


def test_a_commit_of_entries_needs_no_gitpython(journal: Repo) -> None:
    journal.write(ENTRY, entry_text("A2"))
    journal.journal("export")
    journal.git("add", "-A")
    assert "git" not in imported_by_hook(journal)


@pytest.mark.parametrize(("name", "code"), [("validate", 0), ("export", 1)])
def test_each_half_of_the_hook_can_be_run_alone(journal: Repo, name: str, code: int) -> None:
    journal.write(ENTRY, entry_text("A2"))
    journal.git("add", ENTRY)
    command = [sys.executable, "-m", "sync", "hook", name, ENTRY, "another.md"]
    assert subprocess.run(command, cwd=journal.path, capture_output=True, check=False).returncode == code


@pytest.mark.parametrize("arguments", [[], ["post-commit"]])
def test_a_hook_of_another_name_is_refused(repo: Repo, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "sync", "hook", *arguments]
    assert subprocess.run(command, cwd=repo.path, capture_output=True, check=False).returncode == 2
