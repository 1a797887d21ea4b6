"""`journal init`: adds what is missing and overwrites nothing."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.operations.init import Change, InitResult, init, with_journal
from sync.schema import Schema, check

CONFIG = ".augment/config.json"
HOOKS = ("pre-commit", "pre-merge-commit")


def changes(result: InitResult) -> dict[str, Change]:
    """Path -> what became of it."""
    return {one.path: one.change for one in result.steps}


def work_tree(repo: Repo) -> dict[str, bytes]:
    """Every file that is not Git's, and the hooks."""
    found = [path for path in repo.path.rglob("*") if path.is_file()]
    kept = [path for path in found if ".git" not in path.parts or (path.parent.name == "hooks" and not path.suffix)]
    return {str(path.relative_to(repo.path)): path.read_bytes() for path in sorted(kept)}


def config(repo: Repo) -> dict[str, Any]:
    """Augment's configuration."""
    found: dict[str, Any] = json.loads(repo.read(CONFIG))
    return found


def test_everything_is_set_up(repo: Repo) -> None:
    assert set(changes(init(repo.path, hooks=True))) == {
        "journal/entries",
        "journal.toml",
        ".gitignore",
        CONFIG,
        ".git/hooks/pre-commit",
        ".git/hooks/pre-merge-commit",
    }


def test_what_init_wrote_is_valid(repo: Repo) -> None:
    init(repo.path)
    assert repo.journal("validate", "journal.toml", CONFIG, code=None).exit_code == 0


def test_the_settings_written_are_the_defaults(repo: Repo) -> None:
    repo.write("journal/entries/2025-04-05-a.md", entry_text())
    repo.journal("export")
    before = repo.read("journal/memories.json")
    init(repo.path)
    repo.journal("export")
    assert repo.read("journal/memories.json") == before


def test_the_language_is_written(repo: Repo) -> None:
    init(repo.path, language="en")
    assert 'language = "en"' in repo.read("journal.toml")


def test_setting_up_twice_changes_no_byte(repo: Repo) -> None:
    init(repo.path, hooks=True)
    before = work_tree(repo)
    init(repo.path, hooks=True, language="en")
    assert work_tree(repo) == before


def test_the_second_time_everything_is_unchanged(repo: Repo) -> None:
    init(repo.path, hooks=True)
    assert set(changes(init(repo.path, hooks=True)).values()) == {Change.UNCHANGED}


def test_a_dry_run_writes_nothing(repo: Repo) -> None:
    result = init(repo.path, hooks=True, dry_run=True)
    assert (set(changes(result).values()), work_tree(repo)) == ({Change.PLANNED}, {})


def test_a_dry_run_plans_what_init_does(repo: Repo) -> None:
    planned = changes(init(repo.path, hooks=True, dry_run=True))
    assert list(planned) == list(changes(init(repo.path, hooks=True)))


def test_a_folder_without_git_becomes_a_repository(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    init(folder)
    assert Repo(folder).git("symbolic-ref", "HEAD") == "refs/heads/main\n"


def test_a_dry_run_makes_no_repository(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    init(folder, dry_run=True)
    assert list(folder.iterdir()) == []


def test_nothing_is_committed_or_staged(repo: Repo) -> None:
    init(repo.path, hooks=True)
    assert repo.git("ls-files") == ""


def test_a_subfolder_sets_up_the_whole_repository(repo: Repo) -> None:
    (repo.path / "code").mkdir()
    init(repo.path / "code")
    assert (repo.path / "journal.toml").exists()


def test_present_settings_are_kept(repo: Repo) -> None:
    repo.write("journal.toml", '# mine\n[journal]\nentries = "notes"\n')
    init(repo.path)
    assert repo.read("journal.toml") == '# mine\n[journal]\nentries = "notes"\n'


def test_present_settings_are_obeyed(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\nentries = "notes"\n[stores.augment]\npath = "store"\n')
    init(repo.path)
    assert ((repo.path / "notes").is_dir(), "/store/" in repo.read(".gitignore")) == (True, True)


def test_delivered_memories_are_ignored_by_git(repo: Repo) -> None:
    repo.write("journal/entries/2025-04-05-a.md", entry_text())
    init(repo.path)
    repo.journal("export")
    assert ".augment/memories" not in repo.git("status", "--porcelain", "--untracked-files=all")


def test_the_configuration_of_augment_is_not_ignored(repo: Repo) -> None:
    init(repo.path)
    assert CONFIG in repo.git("status", "--porcelain", "--untracked-files=all")


@pytest.mark.parametrize("before", ["*.pyc", "*.pyc\n", "", "*.pyc\r\n"])
def test_a_line_is_added_to_a_present_gitignore(repo: Repo, before: str) -> None:
    repo.write(".gitignore", before)
    init(repo.path)
    assert repo.read(".gitignore").startswith(before)
    assert "/.augment/memories/" in repo.read(".gitignore").splitlines()


def test_a_gitignore_that_covers_the_store_already_is_left_alone(repo: Repo) -> None:
    repo.write(".gitignore", ".augment/memories/*\n")
    init(repo.path)
    assert repo.read(".gitignore") == ".augment/memories/*\n"


def test_a_present_configuration_is_completed(repo: Repo) -> None:
    source = {"type": "file", "path": "y", "format": "json"}
    before = {"model": "x", "memories": {"update_frequency": "hourly", "sources": [source]}}
    repo.write(CONFIG, json.dumps(before))
    init(repo.path)
    found = config(repo)
    kept = found["model"], found["memories"]["update_frequency"], found["memories"]["sources"][0]
    assert kept == ("x", "hourly", source)


def test_completing_a_configuration_twice_adds_nothing() -> None:
    once = with_journal({}, "a.json")
    assert with_journal(once, "a.json") == once


def test_a_complete_configuration_keeps_its_form(repo: Repo) -> None:
    init(repo.path)
    repo.write(CONFIG, json.dumps(config(repo), indent=7))
    before = repo.read(CONFIG)
    init(repo.path)
    assert repo.read(CONFIG) == before


def test_the_configuration_obeys_its_schema(repo: Repo) -> None:
    init(repo.path)
    assert check(Schema.AUGMENT_CONFIG, config(repo)) == []


@pytest.mark.parametrize("text", ["{", "[]", "null", ""])
def test_a_configuration_that_is_no_object_is_left_alone_and_named(repo: Repo, text: str) -> None:
    repo.write(CONFIG, text)
    assert CONFIG in repo.journal("init", code=2).stderr
    assert repo.read(CONFIG) == text


@pytest.mark.parametrize(
    "query", ["pnpm", "two words", "it's pnpm", '"; touch hacked; "', "$(touch hacked)", "--limit"]
)
def test_the_command_in_the_configuration_works(repo: Repo, query: str) -> None:
    init(repo.path)
    repo.write(
        "journal/entries/2025-04-05-a.md", entry_text(body="We use pnpm, in two words: it's --limit; touch hacked")
    )
    (provider,) = config(repo)["context_providers"]
    environment = os.environ | {"query": query, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", provider["command"]], cwd=repo.path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "2025-04-05-a.md" in done.stdout, (repo.path / "hacked").exists()) == (0, True, False)


def test_an_entries_folder_that_is_a_file_is_no_bug(repo: Repo) -> None:
    repo.write("journal", "a file\n")
    assert repo.journal("init", code=None).exit_code == 2


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_can_be_run(repo: Repo, name: str) -> None:
    init(repo.path, hooks=True)
    assert os.access(repo.path / ".git/hooks" / name, os.X_OK)


def test_without_the_option_no_hook_is_installed(repo: Repo) -> None:
    init(repo.path)
    assert not (repo.path / ".git/hooks/pre-commit").exists()


def test_a_present_hook_is_kept_beside_the_new_one(repo: Repo) -> None:
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    init(repo.path, hooks=True)
    assert repo.read(".git/hooks/pre-commit.before-journal") == "#!/bin/sh\nexit 0\n"


def test_a_present_hook_stays_executable(repo: Repo) -> None:
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    init(repo.path, hooks=True)
    assert os.access(repo.path / ".git/hooks/pre-commit.before-journal", os.X_OK)


def test_a_kept_hook_is_kept_the_second_time(repo: Repo) -> None:
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n")
    init(repo.path, hooks=True)
    init(repo.path, hooks=True)
    assert repo.read(".git/hooks/pre-commit.before-journal") == "#!/bin/sh\nexit 0\n"


def test_a_hook_that_replaced_ours_is_not_overwritten(repo: Repo) -> None:
    repo.write(".git/hooks/pre-commit", "first\n")
    init(repo.path, hooks=True)
    repo.write(".git/hooks/pre-commit", "second\n")
    repo.journal("init", "--hooks", code=2)
    kept = repo.read(".git/hooks/pre-commit"), repo.read(".git/hooks/pre-commit.before-journal")
    assert kept == ("second\n", "first\n")


def test_a_dry_run_leaves_a_present_hook_where_it_is(repo: Repo) -> None:
    repo.write(".git/hooks/pre-commit", "first\n")
    init(repo.path, hooks=True, dry_run=True)
    assert not (repo.path / ".git/hooks/pre-commit.before-journal").exists()


def test_a_hook_of_an_older_version_is_brought_up_to_date(repo: Repo) -> None:
    init(repo.path, hooks=True)
    hook = repo.path / ".git/hooks/pre-commit"
    good = hook.read_text()
    hook.write_text(good + "# older\n")
    init(repo.path, hooks=True)
    assert hook.read_text() == good


def test_a_hook_that_lost_its_mode_can_be_run_again(repo: Repo) -> None:
    init(repo.path, hooks=True)
    (repo.path / ".git/hooks/pre-commit").chmod(0o644)
    init(repo.path, hooks=True)
    assert os.access(repo.path / ".git/hooks/pre-commit", os.X_OK)


def test_a_hooks_path_inside_of_the_repository_is_used(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", ".githooks")
    assert ".githooks/pre-commit" in changes(init(repo.path, hooks=True))


def test_a_hooks_path_outside_of_the_repository_is_refused(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "core.hooksPath", str(tmp_path / "shared"))
    assert "core.hooksPath" in repo.journal("init", "--hooks", code=3).stderr


def test_a_refused_hooks_path_is_not_written_to(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "core.hooksPath", str(tmp_path / "shared"))
    repo.journal("init", "--hooks", code=3)
    assert not (tmp_path / "shared").exists()


def test_what_is_refused_writes_nothing(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "core.hooksPath", str(tmp_path / "shared"))
    repo.journal("init", "--hooks", code=3)
    assert work_tree(repo) == {}


def test_the_hint_for_a_shared_hooks_path_helps(repo: Repo, hermetic: Path) -> None:
    repo.git("config", "--global", "core.hooksPath", str(hermetic / "shared"))
    said = repo.journal("init", "--hooks", code=3).stderr
    command = next(line for line in said.splitlines() if "git config" in line).split("git ", 1)[1]
    repo.git(*shlex.split(command))
    assert repo.journal("init", "--hooks", code=None).exit_code == 0


def test_the_hooks_of_a_linked_work_tree_are_those_of_its_repository(repo: Repo) -> None:
    repo.commit()
    repo.git("worktree", "add", "-q", "../linked", "-b", "side")
    init(repo.path.parent / "linked", hooks=True)
    assert (repo.path / ".git/hooks/pre-commit").exists()


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    bare = Repo(tmp_path / "bare.git")
    bare.path.mkdir()
    bare.git("init", "-q", "--bare")
    assert bare.journal("init", code=None).exit_code == 2


def test_an_entries_folder_behind_a_link_out_of_the_repository_is_refused(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo.path / "journal").symlink_to(tmp_path / "elsewhere")
    repo.journal("init", code=3)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_hook_of_a_tool_that_keeps_the_hooks_path_is_left_alone(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")
    hook = repo.write(".husky/_/pre-commit", "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    result = repo.journal("init", "--hooks", code=None)
    assert (result.exit_code, "journal hook pre-commit" in result.stderr) == (3, True)


LINES = [
    "journal/entries/**/*.md merge=journal",
    "journal/memories.json merge=journal-generated",
    "journal/conflicts/*.json merge=journal-generated",
]
DRIVERS = [f"merge.{name}.{key}" for name in ("journal", "journal-generated") for key in ("driver", "name")]


def drivers(repo: Repo) -> dict[str, str]:
    """Git's settings of our merge drivers."""
    printed = repo.git("config", "-z", "--get-regexp", r"^merge\.", check=False)
    return {key: value for key, _, value in (line.partition("\n") for line in printed.split("\0")[:-1])}


def test_the_merge_driver_is_set_up_in_three_places(repo: Repo) -> None:
    plain = set(changes(init(repo.path, dry_run=True)))
    found = set(changes(init(repo.path, merge_driver=True))) - plain
    assert found == {".git/config", ".git/hooks/post-merge", ".gitattributes"}


def test_the_attributes_name_what_the_drivers_merge(repo: Repo) -> None:
    init(repo.path, merge_driver=True)
    assert repo.read(".gitattributes").splitlines() == LINES


def test_each_driver_has_a_name_and_a_command(repo: Repo) -> None:
    init(repo.path, merge_driver=True)
    assert sorted(drivers(repo)) == sorted(DRIVERS)


def test_bases_of_several_are_merged_by_the_driver_too(repo: Repo) -> None:
    init(repo.path, merge_driver=True)
    assert not any(key.endswith(".recursive") for key in drivers(repo))


def test_without_the_option_no_driver_is_set_up(repo: Repo) -> None:
    init(repo.path, hooks=True)
    assert (drivers(repo), (repo.path / ".gitattributes").exists()) == ({}, False)


def test_setting_the_driver_up_twice_changes_nothing(repo: Repo) -> None:
    init(repo.path, merge_driver=True)
    before = work_tree(repo), repo.read(".git/config")
    again = changes(init(repo.path, merge_driver=True))
    assert (set(again.values()), work_tree(repo), repo.read(".git/config")) == ({Change.UNCHANGED}, *before)


def test_a_dry_run_sets_no_driver_up(repo: Repo) -> None:
    before = repo.read(".git/config")
    result = changes(init(repo.path, merge_driver=True, dry_run=True))
    assert (set(result.values()), work_tree(repo), repo.read(".git/config")) == ({Change.PLANNED}, {}, before)


def test_a_dry_run_plans_the_driver_as_init_does(repo: Repo) -> None:
    planned = changes(init(repo.path, hooks=True, merge_driver=True, dry_run=True))
    assert list(planned) == list(changes(init(repo.path, hooks=True, merge_driver=True)))


def test_a_dry_run_without_git_plans_everything(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    planned = changes(init(folder, hooks=True, merge_driver=True, dry_run=True))
    assert list(planned) == [
        ".git",
        *(path for path in changes(init(folder, hooks=True, merge_driver=True)) if path != ".git"),
    ]


@pytest.mark.parametrize("key", DRIVERS)
def test_half_a_configuration_is_completed(repo: Repo, key: str) -> None:
    init(repo.path, merge_driver=True)
    before = drivers(repo)
    repo.git("config", "--unset", key)
    init(repo.path, merge_driver=True)
    assert drivers(repo) == before


def test_a_driver_of_an_older_version_is_brought_up_to_date(repo: Repo) -> None:
    init(repo.path, merge_driver=True)
    before = drivers(repo)
    repo.git("config", "--add", "merge.journal.driver", "an older one")
    assert changes(init(repo.path, merge_driver=True))[".git/config"] is Change.UPDATED
    assert drivers(repo) == before


def test_drivers_of_others_are_left_alone(repo: Repo) -> None:
    repo.git("config", "merge.journal-other.driver", "true")
    init(repo.path, merge_driver=True)
    assert drivers(repo)["merge.journal-other.driver"] == "true"


def test_where_the_configuration_cannot_be_written_no_attribute_names_a_driver(repo: Repo) -> None:
    repo.write(".git/config.lock", "")
    repo.journal("init", "--merge-driver", code=2)
    assert not (repo.path / ".gitattributes").exists()


@pytest.mark.parametrize("before", ["*.png binary", "*.png binary\n", "", "# notes\r\n*.png binary\r\n", "\n\n"])
def test_lines_are_added_to_present_attributes(repo: Repo, before: str) -> None:
    repo.write(".gitattributes", before)
    init(repo.path, merge_driver=True)
    assert repo.read(".gitattributes").startswith(before)
    assert repo.read(".gitattributes").splitlines()[-3:] == LINES


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_added_lines_end_as_the_others_do(repo: Repo, ending: str) -> None:
    repo.write(".gitattributes", f"*.png binary{ending}*.jpg binary")
    init(repo.path, merge_driver=True)
    assert repo.read(".gitattributes") == ending.join(["*.png binary", "*.jpg binary", *LINES, ""])


def test_only_the_lines_that_are_missing_are_added(repo: Repo) -> None:
    repo.write(".gitattributes", f"{LINES[1]}\n*.png binary\n")
    init(repo.path, merge_driver=True)
    assert repo.read(".gitattributes").splitlines() == [LINES[1], "*.png binary", LINES[0], LINES[2]]


def test_a_present_post_merge_hook_is_kept_beside_the_new_one(repo: Repo) -> None:
    repo.write(".git/hooks/post-merge", "#!/bin/sh\nexit 0\n").chmod(0o755)
    init(repo.path, merge_driver=True)
    assert repo.read(".git/hooks/post-merge.before-journal") == "#!/bin/sh\nexit 0\n"


def test_a_refused_hooks_path_sets_no_driver_up(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "core.hooksPath", str(tmp_path / "shared"))
    repo.journal("init", "--merge-driver", code=3)
    assert (drivers(repo), work_tree(repo)) == ({}, {})


def test_a_journal_at_the_top_has_its_conflicts_at_the_top(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\nentries = "entries"\nmemories = "memories.json"\n')
    init(repo.path, merge_driver=True)
    printed = repo.git("check-attr", "merge", "conflicts/a.json", "memories.json", "below/memories.json")
    assert [line.rsplit(" ", 1)[1] for line in printed.splitlines()] == [
        "journal-generated", "journal-generated", "unspecified",
    ]  # fmt: skip
