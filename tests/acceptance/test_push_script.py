"""The script that pushes a sync, with real repositories: what it commits, and what it does when it is not alone."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from repositories import Repo

SCRIPT = Path(__file__).parents[2] / ".github" / "scripts" / "push-journal.sh"
# A projection as simple as can be: the entries' texts, one behind the other. It counts how often it was made.
PROJECT = 'echo run >>"$RUNS"; cat journal/entries/*.md >journal/memories.json'
# Somebody else pushes an entry while this run is at work; as often as there are lines in the file LOSE.
RACE = """
if [ -s "$LOSE" ]; then
    rest=$(tail -n +2 "$LOSE"); printf '%s' "$rest" >"$LOSE"
    cd "$OTHER" && git pull -q && n=$(ls journal/entries | wc -l)
    echo "theirs $n" >"journal/entries/theirs-$n.md"
    git add journal/entries && git commit -q -m "theirs $n" && git push -q
fi
"""


@dataclass(frozen=True)
class Clones:
    """A bare repository and two clones of it."""

    folder: Path
    ours: Repo
    other: Repo

    def push_journal(self, command: str, *, lose: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script in our clone; somebody else is quicker `lose` times."""
        (self.folder / "lose").write_text("once\n" * lose, encoding="utf-8")
        own = {"RUNS": self.folder / "runs", "LOSE": self.folder / "lose", "OTHER": self.other.path}
        environment = {**os.environ, "JOURNAL_PUSH_JITTER": "0", **{key: str(own[key]) for key in own}, **variables}
        return subprocess.run(
            [SCRIPT, "bash", "-euc", command],
            cwd=self.ours.path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def runs(self) -> int:
        """How often the projection was made."""
        runs = self.folder / "runs"
        return len(runs.read_text(encoding="utf-8").split()) if runs.exists() else 0

    def pushed(self, *arguments: str) -> str:
        """What Git says about the shared branch."""
        self.ours.git("fetch", "-q", "origin")
        return self.ours.git(*arguments)


@pytest.fixture
def clones(tmp_path: Path) -> Clones:
    """Two clones of a journal whose memories are those of its one entry."""
    first = Repo(tmp_path / "ours")
    first.path.mkdir()
    first.git("init", "-q", "-b", "main")
    first.write("journal/entries/first.md", "first\n")
    first.write("journal/memories.json", "first\n")
    first.write("README.md", "# Project\n")
    first.commit("first")
    first.git("clone", "-q", "--bare", ".", str(tmp_path / "shared.git"))
    first.git("remote", "add", "origin", str(tmp_path / "shared.git"))
    first.git("clone", "-q", str(tmp_path / "shared.git"), str(tmp_path / "other"))
    return Clones(tmp_path, first, Repo(tmp_path / "other"))


def add_entry(clones: Clones, name: str) -> None:
    """Somebody pushes an entry, without bringing the memories up to date."""
    clones.other.write(f"journal/entries/{name}.md", f"{name}\n")
    clones.other.commit(name)
    clones.other.git("push", "-q")


def test_nothing_changed_makes_no_commit(clones: Clones) -> None:
    before = clones.pushed("rev-parse", "origin/main")
    done = clones.push_journal(PROJECT)
    assert (done.returncode, done.stdout) == (0, "push-journal: nothing changed, nothing to commit\n"), done.stderr
    assert clones.pushed("rev-parse", "origin/main", "HEAD").split() == [before.strip()] * 2


def test_what_changed_is_committed_on_the_newest_head_and_pushed(clones: Clones) -> None:
    add_entry(clones, "second")
    done = clones.push_journal(PROJECT)
    assert done.returncode == 0, done.stderr
    assert clones.pushed("log", "--format=%s", "origin/main").splitlines() == [
        "Bring the journal and its memories up to date",
        "second",
        "first",
    ]
    assert clones.pushed("show", "origin/main:journal/memories.json") == "first\nsecond\n"


def test_only_the_journal_is_committed(clones: Clones) -> None:
    command = "echo new >journal/entries/new.md; rm journal/entries/first.md; echo more >>README.md; echo log >log.txt"
    done = clones.push_journal(command)
    assert done.returncode == 0, done.stderr
    changed = clones.pushed("diff", "--name-status", "--no-renames", "origin/main~1", "origin/main").split()
    assert changed == ["D", "journal/entries/first.md", "A", "journal/entries/new.md"]
    assert clones.ours.git("status", "--short") == " M README.md\n?? log.txt\n"


def test_the_journal_may_lie_elsewhere(clones: Clones) -> None:
    command = "mkdir notes; touch notes/a.md journal/c.md; rm journal/entries/first.md"
    done = clones.push_journal(command, JOURNAL_PATHS="notes:missing:journal/entries/first.md")
    assert done.returncode == 0, done.stderr
    changed = clones.pushed("diff", "--name-status", "--no-renames", "origin/main~1", "origin/main").split()
    assert changed == ["D", "journal/entries/first.md", "A", "notes/a.md"]


def test_paths_are_names_and_no_patterns(clones: Clones) -> None:
    done = clones.push_journal("echo more >>README.md", JOURNAL_PATHS="*.md")
    assert (done.returncode, done.stdout) == (0, "push-journal: nothing changed, nothing to commit\n"), done.stderr


def test_files_that_git_does_not_know_stay_and_stop_nothing(clones: Clones) -> None:
    clones.ours.write("log.txt", "mine\n")
    add_entry(clones, "second")
    done = clones.push_journal(PROJECT)
    assert done.returncode == 0, done.stderr
    assert clones.ours.git("status", "--short") == "?? log.txt\n"


def test_a_lost_race_is_recomputed_on_the_new_head_and_their_commit_stays_as_it_is(clones: Clones) -> None:
    add_entry(clones, "second")
    done = clones.push_journal(f"{PROJECT}; {RACE}", lose=1)
    assert done.returncode == 0, done.stderr
    theirs = clones.other.git("rev-parse", "HEAD").strip()
    assert clones.runs == 2
    assert clones.pushed("rev-parse", "origin/main~1").strip() == theirs
    assert clones.pushed("show", "origin/main:journal/memories.json") == "first\nsecond\ntheirs 2\n"
    assert clones.pushed("rev-list", "--merges", "origin/main") == ""


def test_a_race_lost_to_somebody_who_did_the_same_work_leaves_nothing_to_do(clones: Clones) -> None:
    add_entry(clones, "second")
    work = f"git pull -q; {PROJECT}; git commit -qam same; git push -q"
    same = f'[ ! -s "$LOSE" ] || {{ : >"$LOSE"; cd "$OTHER"; {work}; }}'
    done = clones.push_journal(f"{PROJECT}; {same}", lose=1)
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stdout
    assert clones.pushed("log", "--format=%s", "origin/main").splitlines() == ["same", "second", "first"]


def test_after_five_lost_races_it_gives_up_and_leaves_no_commit_behind(clones: Clones) -> None:
    add_entry(clones, "second")
    done = clones.push_journal(f"{PROJECT}; {RACE}", lose=9)
    assert done.returncode == 4, done.stdout + done.stderr
    assert done.stderr.splitlines()[-1] == "push-journal: gave up after 5 tries, run it again later"
    assert clones.runs == 5
    assert clones.ours.git("status", "--short") == ""
    clones.pushed("merge-base", "--is-ancestor", "HEAD", "origin/main")
    again = clones.push_journal(PROJECT)
    assert again.returncode == 0, again.stderr
    assert clones.pushed("log", "-1", "--format=%s", "origin/main~1").strip() == "theirs 6"


def test_a_failing_command_is_not_committed_and_its_exit_code_is_passed_on(clones: Clones) -> None:
    before = clones.pushed("rev-parse", "origin/main")
    done = clones.push_journal("echo broken >journal/memories.json; exit 70")
    assert done.returncode == 70
    assert clones.pushed("rev-parse", "origin/main") == before


@pytest.mark.parametrize("stage", [True, False])
def test_changes_that_are_not_committed_stop_it(clones: Clones, *, stage: bool) -> None:
    clones.ours.write("README.md", "# Mine\n")
    clones.ours.git("add" if stage else "status", "README.md")
    done = clones.push_journal(PROJECT)
    assert (done.returncode, clones.runs) == (3, 0)
    assert clones.ours.read("README.md") == "# Mine\n"


def test_commits_that_are_not_pushed_stop_it(clones: Clones) -> None:
    clones.ours.write("README.md", "# Mine\n")
    mine = clones.ours.commit("mine")
    done = clones.push_journal(PROJECT)
    assert (done.returncode, clones.runs) == (3, 0)
    assert clones.ours.git("rev-parse", "HEAD").strip() == mine


def test_it_needs_a_branch_and_a_command(clones: Clones) -> None:
    assert subprocess.run([SCRIPT], cwd=clones.ours.path, capture_output=True, check=False).returncode == 2
    clones.ours.git("checkout", "-q", "--detach")
    assert clones.push_journal(PROJECT).returncode == 2
