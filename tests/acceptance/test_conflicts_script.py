"""The script that shows conflicts as one pull request; real repositories, and a `gh` that notes what it is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo
from syncing import ENTRIES, Synced, boxes_of, make_synced

SCRIPT = Path(__file__).parents[2] / ".github" / "scripts" / "conflicts-pull-request.sh"
BRANCH = "journal-conflicts"
GH = """\
#!/usr/bin/env python3
import json, os, sys
from pathlib import Path

folder, told = Path(os.environ["GH_FOLDER"]), sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(told) + "\\n")
if told[:2] == ["pr", "list"]:
    print((folder / "pulls.json").read_text())
if "--body-file" in told:
    (folder / "body.md").write_text(Path(told[told.index("--body-file") + 1]).read_text())
"""


@dataclass(frozen=True)
class Ci:
    """A laptop with its stores, the shared repository, and CI's clone of it.

    Attributes:
        laptop: where conflicts are met.
        bare: the shared repository.
        checkout: CI's.
        folder: where `gh` is, and writes down what it is told.
    """

    laptop: Synced
    bare: Repo
    checkout: Repo
    folder: Path

    def run(self, *, code: int = 0) -> str:
        """Run the script in CI's checkout of the newest commit; what it prints."""
        self.checkout.git("pull", "-q", "--ff-only")
        tools = os.pathsep.join([str(self.folder), str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": tools, "GH_FOLDER": str(self.folder)}
        done = subprocess.run(
            [SCRIPT], cwd=self.checkout.path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def calls(self) -> list[list[str]]:
        """What `gh` was told since the last time, but for the question which pull requests there are."""
        file = self.folder / "calls"
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        return [row for row in rows if row[:2] != ["pr", "list"]]

    def pulls(self, *found: dict[str, Any]) -> None:
        """The open pull requests from branches of this name."""
        (self.folder / "pulls.json").write_text(json.dumps(found), encoding="utf-8")

    @property
    def body(self) -> str:
        """The pull request's text."""
        return (self.folder / "body.md").read_text(encoding="utf-8")

    def branch(self) -> str:
        """The commit of the proposal; empty where there is none."""
        return self.bare.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}").strip()

    def conflict(self, name: str = "e1") -> None:
        """Let journal and store change the same, and push the record of it."""
        self.laptop.edit_entry(name, f"{name} first", f"{name} by the journal")
        next(iter(self.laptop.boxes.values())).edit(name, f"{name} first", f"{name} by the store")
        self.laptop.sync("--push", code=1)


def make_ci(repo: Repo, tmp_path: Path, *stores: str, tracked: bool = False) -> Ci:
    laptop = make_synced(repo, *stores, ignored="/ignored/\n" if tracked else "/.augment/\n/claude/\n")
    if tracked:
        repo.commit("the stores")
    bare = Repo(tmp_path / "shared.git")
    repo.git("clone", "-q", "--bare", ".", str(bare.path))
    repo.git("remote", "add", "origin", str(bare.path))
    laptop.sync("--push")
    repo.git("branch", "-q", "--set-upstream-to=origin/main")
    repo.git("clone", "-q", str(bare.path), str(tmp_path / "checkout"))
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "gh").write_text(GH, encoding="utf-8")
    (folder / "gh").chmod(0o755)
    made = Ci(laptop, bare, Repo(tmp_path / "checkout"), folder)
    made.pulls()
    return made


@pytest.fixture
def ci(repo: Repo, tmp_path: Path) -> Ci:
    """A laptop whose Claude has a memory that nobody else has."""
    return make_ci(repo, tmp_path, "claude")


def test_without_conflicts_there_is_no_pull_request(ci: Ci) -> None:
    assert "no conflicts" in ci.run()
    assert (ci.calls(), ci.branch()) == ([], "")


def test_a_conflict_opens_a_pull_request_that_keeps_both_sides(ci: Ci) -> None:
    ci.conflict()
    ci.run()
    ((*told, file),) = ci.calls()
    assert told == [
        *("pr", "create", "--base", "main", "--head", BRANCH, "--title", "Conflicts of the journal", "--body-file"),
    ]
    assert file.endswith("body.md")
    assert f"- ` {ENTRIES}/e1.md `, ` claude `: ` both changed " in ci.body
    text = ci.bare.git("show", f"{BRANCH}:{ENTRIES}/e1.md")
    assert "- e1 by the journal\n- e1 by the store\n" in text
    assert ci.bare.git("ls-tree", "-r", "--name-only", BRANCH, "journal/conflicts/") == ""
    assert ci.bare.git("rev-parse", f"{BRANCH}~1") == ci.bare.git("rev-parse", "main"), "one commit, for a squash"


def test_the_checkout_is_left_as_it_is(ci: Ci) -> None:
    ci.conflict()
    ci.checkout.git("pull", "-q", "--ff-only")
    ci.checkout.write("notes.txt", "mine\n")
    before = [ci.checkout.git(*words) for words in (["status", "--porcelain", "-b"], ["for-each-ref"])]
    ci.run()
    after = [ci.checkout.git(*words) for words in (["status", "--porcelain", "-b"], ["for-each-ref"])]
    assert [line for line in after[1].splitlines() if BRANCH not in line] == before[1].splitlines()
    assert after[0] == before[0]


def test_an_open_pull_request_is_brought_up_to_date(ci: Ci) -> None:
    ci.conflict("e1")
    ci.run()
    ci.calls()
    ci.pulls({"number": 7, "isCrossRepository": False})
    ci.conflict("e2")
    ci.run()
    ((*told, _file),) = ci.calls()
    assert told == ["pr", "edit", "7", "--body-file"]
    assert "e1.md" in ci.body
    assert "e2.md" in ci.body
    assert "- e2 by the store\n" in ci.bare.git("show", f"{BRANCH}:{ENTRIES}/e2.md")
    assert ci.bare.git("rev-parse", f"{BRANCH}~1") == ci.bare.git("rev-parse", "main")


def test_the_same_proposal_is_not_pushed_again(ci: Ci) -> None:
    ci.conflict()
    ci.run()
    before = ci.branch()
    ci.run()
    assert ci.branch() == before


def test_a_branch_of_the_same_name_in_a_fork_is_none_of_ours(ci: Ci) -> None:
    ci.conflict()
    ci.pulls({"number": 7, "isCrossRepository": True})
    ci.run()
    assert [told[:2] for told in ci.calls()] == [["pr", "create"]]


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_the_laptop_takes_over_what_was_merged(ci: Ci, how: str) -> None:
    ci.conflict("e1")
    ci.conflict("e2")
    ci.run()
    message = ci.bare.git("log", "-1", "--format=%B", BRANCH)
    ci.checkout.git("fetch", "-q")
    if how == "merge":
        ci.checkout.git("merge", "-q", "--no-ff", "--no-edit", f"origin/{BRANCH}")
    else:
        ci.checkout.git("merge", "-q", "--squash", f"origin/{BRANCH}")
        subject, _, rest = message.partition("\n")
        ci.checkout.git("commit", "-q", "-m", f"{subject} (#7)\n{rest}")
    ci.checkout.git("push", "-q")
    ci.laptop.sync("--push")
    for name in ("e1", "e2"):
        wanted = [f"{name} by the journal", f"{name} by the store", f"{name} second", f"{name} third"]
        assert ci.laptop.box.said()[name] == wanted
    assert ci.laptop.conflicts() == {}


def test_when_the_conflicts_have_ended_the_pull_request_is_closed_and_its_branch_deleted(ci: Ci) -> None:
    ci.conflict()
    ci.run()
    ci.calls()
    ci.pulls({"number": 7, "isCrossRepository": False})
    ci.laptop.repo.journal("resolve", f"{ENTRIES}/e1.md", "--ours")
    ci.laptop.sync("--push")
    ci.run()
    assert ci.calls() == [["pr", "close", "7", "--comment", "No conflict is left."]]
    assert ci.branch() == ""
    ci.pulls()
    ci.run()
    assert ci.calls() == []


def test_a_deletion_on_one_side_is_proposed_to_stay(ci: Ci) -> None:
    ci.laptop.edit_entry("e1", "e1 first", "e1 by the journal")
    ci.laptop.box.delete("e1")
    ci.laptop.sync("--push", code=1)
    ci.run()
    assert "deleted in the store, changed in the journal" in ci.body
    assert "e1 by the journal" in ci.bare.git("show", f"{BRANCH}:{ENTRIES}/e1.md")


def test_what_others_push_to_the_branch_is_replaced(ci: Ci) -> None:
    ci.conflict()
    ci.run()
    before = ci.branch()
    ci.checkout.git("fetch", "-q")
    ci.checkout.git("switch", "-q", BRANCH)
    ci.checkout.write("notes.txt", "mine\n")
    ci.checkout.commit("mine")
    ci.checkout.git("push", "-q")
    ci.checkout.git("switch", "-q", "main")
    ci.run()
    assert ci.branch() == before


def test_text_of_the_journal_is_data(ci: Ci, tmp_path: Path) -> None:
    """Names and reasons come from stores and pull requests: no command, no heading, no mention, no link."""
    odd = "`$(touch pwned)`; # @everyone <img src=x> [a](b) ``` x"
    ci.laptop.write_entry(odd, "odd first", front="id: odd\n")
    ci.laptop.repo.commit("odd")
    ci.laptop.sync()
    ci.laptop.edit_entry(odd, "odd first", "odd by the journal")
    ci.laptop.box.edit("odd", "odd first", "odd by the store")
    ci.laptop.sync("--push", code=1)
    record = next(iter(ci.laptop.conflicts()))
    file = ci.laptop.repo.path / f"journal/conflicts/{record}.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    told["places"] = ["x\n# A heading\n@everyone", "\x1b[31m"]
    file.write_text(json.dumps(told), encoding="utf-8")
    ci.laptop.repo.commit("by hand")
    ci.laptop.repo.git("push", "-q")
    ci.run()
    row = next(line for line in ci.body.splitlines() if line.startswith("- "))
    assert row.startswith(f"- ```` {ENTRIES}/{odd}.md ````, ` claude `: ")
    assert "x # A heading @everyone" in row
    assert [line for line in ci.body.splitlines() if line.startswith(("#", "@", "<"))] == []
    assert "\x1b" not in ci.body
    assert list(tmp_path.rglob("pwned")) == []


def test_what_cannot_be_proposed_is_listed_all_the_same(ci: Ci) -> None:
    ci.conflict("e1")
    ci.conflict("e2")
    (ci.laptop.repo.path / f"{ENTRIES}/e2.md").unlink()
    ci.laptop.repo.commit("e2 goes meanwhile")
    ci.laptop.repo.git("push", "-q")
    printed = ci.run()
    assert "not proposed" in printed
    rows = [line for line in ci.body.splitlines() if line.startswith("- ")]
    assert [("not proposed here" in row) for row in rows] == [False, True]


def test_where_nothing_can_be_proposed_the_run_fails(ci: Ci) -> None:
    ci.conflict()
    (ci.laptop.repo.path / f"{ENTRIES}/e1.md").unlink()
    ci.laptop.repo.commit("e1 goes meanwhile")
    ci.laptop.repo.git("push", "-q")
    assert "nothing can be proposed" in ci.run(code=1)
    assert (ci.calls(), ci.branch()) == ([], "")


def test_a_record_that_is_damaged_stops_it(ci: Ci) -> None:
    ci.conflict()
    record = next(iter(ci.laptop.conflicts()))
    ci.laptop.repo.write(f"journal/conflicts/{record}.json", "{")
    ci.laptop.repo.commit("damaged")
    ci.laptop.repo.git("push", "-q")
    ci.run(code=2)
    assert (ci.calls(), ci.branch()) == ([], "")


def test_it_needs_the_branch_that_is_synced(ci: Ci) -> None:
    ci.checkout.git("switch", "-q", "-c", BRANCH, "--track", "origin/main")
    assert "check out the branch" in ci.run(code=2)
    assert ci.calls() == []


def test_a_store_in_the_repository_is_proposed_with_its_entry(repo: Repo, tmp_path: Path) -> None:
    ci = make_ci(repo, tmp_path, "mcp", tracked=True)
    ci.conflict()
    ci.run()
    assert "e1 by the journal" in ci.bare.git("show", f"{BRANCH}:mcp/memory.jsonl")
    assert "e1 by the store" in ci.bare.git("show", f"{BRANCH}:mcp/memory.jsonl")
    base = ci.bare.git("rev-parse", "refs/journal/mcp")
    ci.checkout.git("fetch", "-q")
    ci.checkout.git("merge", "-q", "--ff-only", f"origin/{BRANCH}")
    ci.checkout.git("push", "-q")
    assert ci.bare.git("rev-parse", "refs/journal/mcp") == base
    ci.laptop.sync("--push")
    other = Synced(ci.checkout, boxes_of(ci.checkout.path, ("mcp",)))
    other.sync("--push")
    assert ci.laptop.box.said()["e1"] == other.box.said()["e1"]
    assert ci.laptop.box.said()["e1"][:2] == ["e1 by the journal", "e1 by the store"]
    assert ci.laptop.conflicts() == {}


def test_the_project_s_own_journal_syncs_clean(tmp_path: Path) -> None:
    """What `nox -s sync` runs, on a copy."""
    root = Path(__file__).parents[2]
    copy = Repo(tmp_path / "copy")
    copy.path.mkdir()
    copy.git("init", "-q", "-b", "main")
    for name in ("journal", ".augment", "journal.toml", ".gitignore"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, copy.path / name)
        elif source.exists():
            shutil.copy2(source, copy.path / name)
    copy.commit("the journal")
    copy.journal("init")
    copy.journal("sync")
    assert json.loads(copy.journal("sync", "--json").stdout)["stores"]
