"""`journal doctor`: each fault is named, its way out is told and taken, and nothing that a person wrote is lost."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.engine.journal_commit import Journal as Repository
from sync.engine.pending import Planned, make_entries
from sync.errors import JournalError
from sync.operations.doctor import CHECKS
from sync.repository.files import write_atomic
from sync.repository.objects import commit_tree, graft, write_blobs
from sync.stores.ledger import Imported

ENTRY = "journal/entries/2025-04-05-14-30-a.md"
OTHER = "journal/entries/2025-04-06-14-30-b.md"
STORE = ".augment/memories/journal_memories.json"
BASE = "refs/journal/augment"


def findings(repo: Repo, check: str, *arguments: str) -> list[dict[str, Any]]:
    """What one check found."""
    found = json.loads(repo.journal("doctor", "--json", *arguments, code=None).stdout)["findings"]
    return [one for one in found if one["check"] == check]


def finding(repo: Repo, check: str, *arguments: str) -> dict[str, Any]:
    """The one thing that a check found."""
    (found,) = findings(repo, check, *arguments)
    return found


def states(repo: Repo, check: str, *arguments: str) -> list[str]:
    """How one check went."""
    return [one["state"] for one in findings(repo, check, *arguments)]


@pytest.fixture
def healthy(repo: Repo) -> Repo:
    """A journal with everything installed, committed and synced."""
    repo.journal("init", "--hooks", "--merge-driver")
    repo.write(ENTRY, entry_text("A"))
    repo.journal("export")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "first")
    (repo.path / ".augment/memories").mkdir(parents=True, exist_ok=True)
    repo.journal("sync")
    return repo


def test_a_journal_in_order_is_all_ok_and_exits_with_0(healthy: Repo) -> None:
    found = json.loads(healthy.journal("doctor", "--json", code=0).stdout)["findings"]
    assert {one["check"]: one["state"] for one in found} == dict.fromkeys(CHECKS, "ok")


def test_a_repository_without_a_journal_has_notes_and_no_problem(repo: Repo) -> None:
    assert repo.journal("doctor", code=0).stdout.splitlines()[-1] == "all is well"


def test_a_problem_is_told_with_its_way_out_and_exits_with_1(healthy: Repo) -> None:
    healthy.write("journal/memories.json", "[]\n")
    lines = healthy.journal("doctor", code=1).stdout.splitlines()
    place = next(index for index, line in enumerate(lines) if line.startswith("problem"))
    assert lines[place] == "problem  tracked memories: journal/memories.json is not what the entries say"
    assert lines[place + 1].strip() == "run: journal export"
    assert lines[-2:] == ["1 problem", "Next: journal doctor --fix"]


def test_without_fix_nothing_is_changed(healthy: Repo) -> None:
    healthy.write("journal/memories.json", "[]\n")
    healthy.journal("doctor", code=1)
    assert healthy.read("journal/memories.json") == "[]\n"


def test_one_check_that_fails_hides_no_other(healthy: Repo) -> None:
    healthy.write("journal/conflicts/0000000000000000.json", "{")
    healthy.git("add", "-A")
    healthy.git("commit", "-q", "--no-verify", "-m", "damage")
    healthy.write("journal/memories.json", "[]\n")
    assert "not JSON" in finding(healthy, "conflicts")["message"]
    assert states(healthy, "tracked memories") == ["problem"]


def test_without_a_repository_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    assert "there is no repository" in Repo(tmp_path).journal("doctor", code=2).stderr


# Git


def test_attributes_without_a_driver(healthy: Repo) -> None:
    healthy.git("config", "--remove-section", "merge.journal")
    assert "no merge.journal.driver" in finding(healthy, "merge driver")["message"]
    assert states(healthy, "merge driver", "--fix") == ["fixed"]
    assert "merge-driver" in healthy.git("config", "merge.journal.driver")
    assert states(healthy, "merge driver") == ["ok"]


def test_half_a_driver(healthy: Repo) -> None:
    healthy.git("config", "--unset", "merge.journal-generated.driver")
    assert "no merge.journal-generated.driver" in finding(healthy, "merge driver")["message"]
    assert states(healthy, "merge driver", "--fix") == ["fixed"]


def test_a_driver_that_no_attribute_names(healthy: Repo) -> None:
    healthy.write(".gitattributes", "*.png binary\n")
    assert "does not say that journal/entries/*.md" in finding(healthy, "merge driver")["message"]
    assert states(healthy, "merge driver", "--fix") == ["fixed"]
    assert healthy.read(".gitattributes").startswith("*.png binary\n")
    assert states(healthy, "merge driver") == ["ok"]


def test_neither_driver_nor_attributes_is_only_a_note(repo: Repo) -> None:
    repo.journal("init")
    assert finding(repo, "merge driver")["state"] == "note"


def without_journal(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with git and a shell on it, and no journal."""
    folder = repo.path.parent / "bin"
    folder.mkdir()
    for name in ("git", "sh"):
        found = next(Path(one) / name for one in os.environ["PATH"].split(":") if (Path(one) / name).exists())
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))


def test_a_driver_whose_command_is_gone(healthy: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    without_journal(healthy, monkeypatch)
    assert states(healthy, "merge driver") == ["ok"]
    for name in ("journal", "journal-generated"):
        dead = "if command -v journal >/dev/null; then journal; elif [ -x /nowhere/python ]; then x; fi"
        healthy.git("config", f"merge.{name}.driver", dead)
    assert finding(healthy, "merge driver")["message"] == "the merge driver's command is not found"
    assert states(healthy, "merge driver", "--fix") == ["fixed"]
    assert states(healthy, "merge driver") == ["ok"]


def test_a_driver_that_a_person_wrote_is_never_replaced(healthy: Repo) -> None:
    healthy.git("config", "merge.journal.driver", "my-own-driver %A")
    assert finding(healthy, "merge driver", "--fix")["state"] == "problem"
    assert healthy.git("config", "merge.journal.driver") == "my-own-driver %A\n"


@pytest.mark.parametrize("name", ["pre-commit", "pre-merge-commit", "post-merge"])
def test_a_hook_that_is_missing(healthy: Repo, name: str) -> None:
    (healthy.path / ".git/hooks" / name).unlink()
    assert finding(healthy, "hooks")["message"] == f"the hook {name} is missing"
    assert states(healthy, "hooks", "--fix") == ["fixed"]
    assert states(healthy, "hooks") == ["ok"]


def test_a_hook_that_is_not_executable(healthy: Repo) -> None:
    (healthy.path / ".git/hooks/pre-commit").chmod(0o644)
    assert "is not executable" in finding(healthy, "hooks")["message"]
    assert states(healthy, "hooks", "--fix") == ["fixed"]
    assert states(healthy, "hooks") == ["ok"]


def test_a_hook_of_somebody_else_is_left_to_a_person(healthy: Repo) -> None:
    healthy.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    found = finding(healthy, "hooks", "--fix")
    assert (found["state"], found["message"]) == ("problem", "the hook pre-commit is another one")
    assert healthy.read(".git/hooks/pre-commit") == "#!/bin/sh\nexit 0\n"


def test_a_hook_whose_command_is_gone(healthy: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    without_journal(healthy, monkeypatch)
    file = healthy.path / ".git/hooks/pre-commit"
    lines = file.read_text(encoding="utf-8").splitlines()
    moved = ["elif [ -x /nowhere/python ]; then" if line.startswith("elif") else line for line in lines]
    file.write_text("\n".join(moved), encoding="utf-8")
    assert finding(healthy, "hooks")["message"] == "the hook pre-commit finds no command to run"
    assert states(healthy, "hooks", "--fix") == ["fixed"]
    assert states(healthy, "hooks") == ["ok"]


def test_no_hook_at_all_is_only_a_note(repo: Repo) -> None:
    repo.journal("init")
    assert finding(repo, "hooks")["state"] == "note"


def test_a_shallow_clone_cannot_be_mended_here(healthy: Repo, tmp_path: Path) -> None:
    healthy.commit("more")
    healthy.git("clone", "-q", "--depth", "1", f"file://{healthy.path}", str(tmp_path / "clone"))
    found = finding(Repo(tmp_path / "clone"), "clone", "--fix")
    assert (found["state"], found["hint"]) == ("problem", "run: git fetch --unshallow")


def test_changed_line_endings_are_a_note(healthy: Repo) -> None:
    healthy.git("config", "core.autocrlf", "input")
    assert finding(healthy, "line endings")["state"] == "note"


# State


def held_by(repo: Repo, **facts: Any) -> None:
    """A lock of somebody."""
    holder = {"pid": 1, "host": "elsewhere", "expires": 9e12, "started": "", "token": "x", **facts}
    repo.write(".git/journal/lock", json.dumps(holder))


def test_a_lock_whose_process_is_dead(healthy: Repo) -> None:
    held_by(healthy, pid=2**22 + 1, host=socket.gethostname())
    assert "is dead or out of time" in finding(healthy, "lock")["message"]
    assert states(healthy, "lock", "--fix") == ["fixed"]
    assert states(healthy, "lock") == ["ok"]


def test_a_lock_of_another_machine_that_is_out_of_time(healthy: Repo) -> None:
    held_by(healthy, expires=1.0)
    assert "on elsewhere" in finding(healthy, "lock")["message"]
    assert states(healthy, "lock", "--fix") == ["fixed"]


def test_a_lock_that_cannot_be_read(healthy: Repo) -> None:
    healthy.write(".git/journal/lock", "{")
    assert "cannot be read" in finding(healthy, "lock")["message"]
    assert states(healthy, "lock", "--fix") == ["fixed"]
    assert states(healthy, "lock") == ["ok"]


def test_a_lock_that_is_held_is_no_problem_and_is_left_alone(healthy: Repo) -> None:
    held_by(healthy)
    assert finding(healthy, "lock", "--fix")["state"] == "note"
    assert (healthy.path / ".git/journal/lock").exists()


def test_a_sync_that_died(healthy: Repo) -> None:
    root = Path(healthy.git("rev-parse", "--show-toplevel").strip())
    intent = Repository(root=root, state_folder=healthy.path / ".git/journal", folder="journal").intent
    old = healthy.git("rev-parse", f"HEAD:{ENTRY}").strip()
    new = healthy.git("hash-object", "-w", healthy.write(ENTRY, "half a sync\n").as_posix()).strip()
    healthy.git("update-index", ENTRY)
    intent.write_text(json.dumps({"commit": "0" * 40, "changes": [[ENTRY, old, new]]}), encoding="utf-8")
    assert "a sync died" in finding(healthy, "unfinished sync")["message"]
    assert states(healthy, "unfinished sync", "--fix") == ["fixed"]
    assert healthy.git("status", "--porcelain") == ""
    assert states(healthy, "unfinished sync") == ["ok"]


def test_a_sync_that_died_takes_back_nothing_that_was_edited_since(healthy: Repo) -> None:
    root = Path(healthy.git("rev-parse", "--show-toplevel").strip())
    intent = Repository(root=root, state_folder=healthy.path / ".git/journal", folder="journal").intent
    old = healthy.git("rev-parse", f"HEAD:{ENTRY}").strip()
    new = healthy.git("hash-object", "-w", healthy.write(ENTRY, "half a sync\n").as_posix()).strip()
    intent.write_text(json.dumps({"commit": "0" * 40, "changes": [[ENTRY, old, new]]}), encoding="utf-8")
    healthy.write(ENTRY, "edited since\n")
    assert ENTRY in finding(healthy, "unfinished sync", "--fix")["hint"]
    assert healthy.read(ENTRY) == "edited since\n"


def test_an_import_that_died(healthy: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    root, folder = Path(healthy.git("rev-parse", "--show-toplevel").strip()), healthy.path / ".git/journal"
    row = Imported(hash="h", store="augment", file="f.json", id="1", entry="2025-04-06-14-30-b.md")
    ledger = "journal/imported/2025-04-06-14-30-b.jsonl"
    planned = Planned(entry=OTHER, ledger=ledger, text="x\nitem\n", items=("item",), rows=(row,))

    def die(*_: object) -> None:
        raise JournalError("killed")

    def once(path: Path, pieces: Any) -> None:
        write_atomic(path, pieces)
        monkeypatch.setattr("sync.engine.pending.write_atomic", die)

    monkeypatch.setattr("sync.engine.pending.write_atomic", once)
    with pytest.raises(JournalError):
        make_entries([planned], root, folder)
    monkeypatch.undo()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "an import died" in finding(healthy, "unfinished import")["message"]
    assert states(healthy, "unfinished import", "--fix") == ["fixed"]
    assert (healthy.path / ledger).exists()
    assert states(healthy, "unfinished import") == ["ok"]


def test_a_plan_of_an_import_that_cannot_be_read_is_left_to_a_person(
    healthy: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.operations.doctor_state.is_pending", lambda *_: True)
    monkeypatch.setattr("sync.operations.doctor_state.finish_pending", _refuse)
    found = finding(healthy, "unfinished import", "--fix")
    assert (found["state"], found["hint"]) == ("problem", "look yourself")


def _refuse(*_: object) -> None:
    raise JournalError("the plan cannot be read", hint="look yourself")


def other_base(repo: Repo, **facts: Any) -> None:
    """A base whose facts are others."""
    told = json.loads(repo.git("cat-file", "blob", f"{BASE}:base.json")) | facts
    (blob,) = write_blobs(repo.path, [json.dumps(told).encode()])
    rows = [row.split() for row in repo.git("ls-tree", BASE).splitlines()]
    tree = graft(repo.path, {name: blob if name == "base.json" else part for _mode, _type, part, name in rows})
    repo.git("update-ref", BASE, commit_tree(repo.path, tree, [], "base"))


def no_base(repo: Repo) -> None:
    """A ref that is no base."""
    repo.git("update-ref", BASE, "HEAD")


def gone_base(repo: Repo) -> None:
    """A ref to a commit that is not there."""
    repo.write(f".git/{BASE}", "1" * 40 + "\n")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (no_base, "is no base"),
        (gone_base, "not in this repository"),
        (lambda repo: other_base(repo, version=99), "another version"),
        (lambda repo: other_base(repo, journal=None, count="many"), "damaged"),
        (lambda repo: repo.write(f".git/{BASE}", "garbage\n"), "no ref that Git can read"),
    ],
    ids=["no base", "gone", "version", "damaged", "garbage"],
)
def test_a_base_that_cannot_be_read_is_let_go_and_nothing_is_deleted(healthy: Repo, harm: Any, words: str) -> None:
    harm(healthy)
    assert words in finding(healthy, "bases")["message"]
    assert states(healthy, "bases", "--fix") == ["fixed"]
    assert states(healthy, "bases") == ["ok"]
    healthy.journal("sync")
    assert entry_text("A") == healthy.read(ENTRY)
    assert "JOURNAL DE BORD" in healthy.read(STORE)


def test_the_base_of_a_store_that_is_not_enabled_is_kept_and_noted(healthy: Repo) -> None:
    settings = healthy.read("journal.toml").replace("[stores.augment]\n", "[stores.augment]\nenabled = false\n")
    healthy.write("journal.toml", settings)
    found = finding(healthy, "bases", "--fix")
    assert (found["state"], "not enabled" in found["message"]) == ("note", True)
    assert healthy.git("rev-parse", "--verify", BASE)


@pytest.mark.parametrize("folder", ["journal/entries", "journal", ".augment/memories", ".git/journal", "."])
def test_a_temporary_file_that_was_left_behind_goes_and_what_it_held_is_kept(healthy: Repo, folder: str) -> None:
    file = healthy.write(f"{folder}/.journal-0123.tmp", "somebody wrote this")
    assert str(file) in finding(healthy, "leftovers")["message"]
    told = finding(healthy, "leftovers", "--fix")
    assert told["state"] == "fixed"
    assert not file.exists()
    assert healthy.git("cat-file", "blob", told["hint"].split()[-1]) == "somebody wrote this"
    assert states(healthy, "leftovers") == ["ok"]


def test_the_temporary_file_of_a_run_at_work_is_left_alone(healthy: Repo) -> None:
    held_by(healthy)
    file = healthy.write("journal/.journal-0123.tmp", "x")
    assert states(healthy, "leftovers", "--fix") == ["ok"]
    assert file.exists()


# Journal and stores


def test_wrong_settings(healthy: Repo) -> None:
    healthy.write("journal.toml", "[journal]\nlanguag = 'fr'\n")
    found = finding(healthy, "settings", "--fix")
    assert (found["state"], "languag" in found["message"]) == ("problem", True)
    healthy.git("checkout", "-q", "--", "journal.toml")
    assert states(healthy, "settings") == ["ok"]


@pytest.mark.parametrize(
    ("content", "words"),
    [("[{", "not JSON"), ('{"a": 1}', "augment is not written")],
    ids=["torn", "another shape"],
)
def test_a_store_of_another_shape_is_left_alone(healthy: Repo, content: str, words: str) -> None:
    healthy.write(STORE, content)
    found = finding(healthy, "stores", "--fix")
    assert (found["state"], words in found["message"]) == ("problem", True)
    assert healthy.read(STORE) == content


def test_a_file_in_the_place_of_a_store(healthy: Repo) -> None:
    settings = healthy.read("journal.toml") + '\n[stores.claude]\nenabled = true\npath = "notes"\n'
    healthy.write("journal.toml", settings)
    healthy.write("notes", "mine")
    assert "is not a folder" in finding(healthy, "stores", "--fix")["message"]
    assert healthy.read("notes") == "mine"


def test_memories_that_git_does_not_ignore(healthy: Repo) -> None:
    healthy.write(".gitignore", "*.log\n")
    assert "not ignored by Git" in finding(healthy, "private memories")["message"]
    assert states(healthy, "private memories", "--fix") == ["fixed"]
    assert healthy.read(".gitignore") == "*.log\n/.augment/memories/\n"
    assert states(healthy, "private memories") == ["ok"]


def test_two_entries_with_one_id(healthy: Repo) -> None:
    healthy.write(OTHER, entry_text("B").replace("title: B", "title: B\nid: 2025-04-05-14-30-a"))
    healthy.git("add", "-A")
    healthy.git("commit", "-q", "--no-verify", "-m", "same")
    found = finding(healthy, "ids", "--fix")
    assert (found["state"], found["message"]) == ("problem", f"{OTHER} has the same id as {ENTRY}")


def test_tracked_memories_that_are_stale(healthy: Repo) -> None:
    before = healthy.read("journal/memories.json")
    healthy.write("journal/memories.json", "[]\n")
    store = healthy.read(STORE)
    assert finding(healthy, "tracked memories")["hint"] == "run: journal export"
    assert states(healthy, "tracked memories", "--fix") == ["fixed"]
    assert (healthy.read("journal/memories.json"), healthy.read(STORE)) == (before, store)
    assert states(healthy, "tracked memories") == ["ok"]


def test_what_augment_has_just_written_is_not_exported_over(healthy: Repo) -> None:
    healthy.write("journal/memories.json", "[]\n")
    healthy.write(STORE, healthy.read(STORE).replace("Something", "More"))
    finding(healthy, "tracked memories", "--fix")
    assert "More was learned" in healthy.read(STORE)


def test_a_conflict_of_a_store_that_is_not_enabled_is_left_to_a_person(healthy: Repo) -> None:
    healthy.write(STORE, healthy.read(STORE).replace("Something", "Theirs"))
    healthy.write(ENTRY, healthy.read(ENTRY).replace("Something", "Ours"))
    healthy.git("commit", "-q", "--no-verify", "-am", "ours")
    healthy.journal("sync", code=1)
    assert states(healthy, "conflicts") == ["ok"]
    settings = healthy.read("journal.toml").replace("[stores.augment]\n", "[stores.augment]\nenabled = false\n")
    healthy.write("journal.toml", settings)
    found = finding(healthy, "conflicts", "--fix")
    assert (found["state"], "which is not enabled" in found["message"]) == ("problem", True)
    healthy.git("commit", "-q", "--no-verify", "-am", "settings")
    healthy.journal("resolve", ENTRY, "--ours")
    assert states(healthy, "conflicts") == ["ok"]
