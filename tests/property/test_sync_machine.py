"""Two clones, their stores and a remote, changed in any order: no fact is lost, none comes back, all agree in the end.

A fact is a line that is written once. The model knows who wrote it where, and who took it away; what takes part in a
conflict is contested from then on, and may stay or go with its resolution.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from repositories import Repo
from syncing import ENTRIES, STORES, Synced, boxes_of, entry_of, make_synced, settings_of

FACT = re.compile(r"fact-\d+")
THOROUGH = int(os.environ.get("JOURNAL_THOROUGH") or 0)
CLONES = ("a", "b")

clones = st.sampled_from(CLONES)
stores = st.sampled_from(STORES)
picks = st.integers(0, 2**16)


def facts_in(text: str) -> set[str]:
    """The facts that a text holds."""
    return set(FACT.findall(text))


class Machine(RuleBasedStateMachine):
    """The rules by which journals and stores change, and what must hold whatever they do."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.clones: dict[str, Synced] = {}
        self.last_fact = self.last_key = 0
        self.alive: set[str] = set()
        self.dropped: dict[str, set[str]] = {name: set() for name in CLONES}
        self.contested: set[str] = set()

    def teardown(self) -> None:
        if self.clones:
            self.settle()
        shutil.rmtree(self.folder)

    @initialize(served=st.lists(st.sampled_from(STORES), min_size=2, max_size=3, unique=True).map(sorted))
    def start(self, served: list[str]) -> None:
        """Two clones of one remote; each has all or some of the stores."""
        remote = Repo(self.folder / "remote.git")
        remote.path.mkdir()
        remote.git("init", "-q", "--bare", "-b", "main")
        for name in CLONES:
            path = self.folder / name
            path.mkdir()
            repo = Repo(path)
            repo.git("init", "-q", "-b", "main")
            repo.git("remote", "add", "origin", str(remote.path))
            self.clones[name] = Synced(repo, boxes_of(path, served))
            for folder in (".augment/memories", "claude", "mcp"):
                (path / folder).mkdir(parents=True)
        first = self.clones["a"].repo
        first.write("journal.toml", settings_of(served))
        first.write(".gitignore", "/.augment/\n/claude/\n/mcp/\n")
        for _ in range(3):
            self._write_entry("a")
        first.git("push", "-q", "-u", "origin", "main")
        self.clones["b"].repo.git("pull", "-q", "origin", "main")

    # Changes in the journal

    @rule(clone=clones)
    def add_entry(self, clone: str) -> None:
        """Somebody writes an entry."""
        self._write_entry(clone)

    @rule(clone=clones, pick=picks, place=picks)
    def add_to_an_entry(self, clone: str, pick: int, place: int) -> None:
        """Somebody writes a fact into an entry."""
        path, text = self._entry(clone, pick)
        _title, *spots = (found.start() for found in re.finditer(r"^- ", text, re.MULTILINE))
        spot = [*spots, len(text)][place % (len(spots) + 1)]
        self._commit(clone, path, f"{text[:spot]}- {self._fact()}\n{text[spot:]}")

    @rule(clone=clones, pick=picks, place=picks)
    def take_from_an_entry(self, clone: str, pick: int, place: int) -> None:
        """Somebody takes a fact out of an entry."""
        path, text = self._entry(clone, pick)
        if facts := sorted(facts_in(text)):
            fact = facts[place % len(facts)]
            self._drop(clone, {fact})
            self._commit(clone, path, text.replace(f"- {fact}\n", ""))

    @rule(clone=clones, pick=picks)
    def delete_an_entry(self, clone: str, pick: int) -> None:
        """Somebody deletes an entry; the last one stays."""
        path, text = self._entry(clone, pick)
        if len(self.clones[clone].names()) > 1:
            self._drop(clone, facts_in(text))
            self.clones[clone].repo.git("rm", "-q", path)
            self.clones[clone].repo.git("commit", "-q", "-m", f"delete {path}")

    @rule(clone=clones, pick=picks)
    def rename_an_entry(self, clone: str, pick: int) -> None:
        """Somebody renames an entry's file."""
        path, _text = self._entry(clone, pick)
        self.clones[clone].repo.git("mv", path, f"{ENTRIES}/{self._key()}.md")
        self.clones[clone].repo.git("commit", "-q", "-m", f"rename {path}")

    # Changes in a store

    @rule(clone=clones, store=stores)
    def add_record(self, clone: str, store: str) -> None:
        """An assistant remembers something new."""
        if box := self.clones[clone].boxes.get(store):
            key = self._key()
            box.add(key, f"about {key}", self._fact(), self._fact())

    @rule(clone=clones, store=stores, pick=picks)
    def add_to_a_record(self, clone: str, store: str, pick: int) -> None:
        """An assistant adds a fact."""
        if key := self._record(clone, store, pick):
            self.clones[clone].boxes[store].append(key, self._fact())

    @rule(clone=clones, store=stores, pick=picks, place=picks)
    def take_from_a_record(self, clone: str, store: str, pick: int, place: int) -> None:
        """An assistant forgets a fact."""
        if key := self._record(clone, store, pick):
            box = self.clones[clone].boxes[store]
            if facts := [line for line in box.said()[key] if FACT.fullmatch(line)]:
                self._drop(clone, {facts[place % len(facts)]})
                box.drop(key, facts[place % len(facts)])

    @rule(clone=clones, store=stores, pick=picks)
    def delete_a_record(self, clone: str, store: str, pick: int) -> None:
        """An assistant forgets all of something; the last record stays."""
        key = self._record(clone, store, pick)
        if key and len(self.clones[clone].boxes[store].said()) > 1:
            self._drop(clone, facts_in(str(self.clones[clone].boxes[store].said()[key])))
            self.clones[clone].boxes[store].delete(key)

    @rule(clone=clones, store=stores, pick=picks)
    def rename_a_record(self, clone: str, store: str, pick: int) -> None:
        """An assistant gives something another name."""
        if key := self._record(clone, store, pick):
            self.clones[clone].boxes[store].rename(key, self._key())

    # Syncs, and what clones exchange

    @rule(
        clone=clones,
        clock=st.integers(-(10**9), 10**9),
        zone=st.sampled_from(["UTC", "Asia/Kathmandu"]),
        again=st.booleans(),
    )
    def sync(self, clone: str, clock: int, zone: str, again: bool) -> None:
        """A clone is synced, whatever its clock says."""
        synced = self.clones[clone]
        with pytest.MonkeyPatch.context() as patch:
            real = time.time
            patch.setattr(time, "time", lambda: real() + clock)
            patch.setenv("TZ", zone)
            for variable in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
                patch.setenv(variable, f"{1_500_000_000 + clock} +0545")
            for box in synced.boxes.values():
                for file in [box.path, *box.path.glob("*")]:
                    if file.exists():
                        os.utime(file, (1_500_000_000 + clock, 1_500_000_000 - clock))
            self._sync(synced)
        conflicts = self._contest(synced)
        assert synced.status() == ""
        self._check_dropped(clone)
        if not conflicts:
            self._check_projection(synced)
        if again:
            before = synced.everything()
            self._sync(synced)
            assert synced.everything() == before

    @rule(clone=clones)
    def exchange(self, clone: str) -> None:
        """A clone takes over what the other has pushed, if Git can merge that, and pushes."""
        repo = self.clones[clone].repo
        repo.git("fetch", "-q", "origin")
        repo.git("merge", "-q", "--no-edit", "origin/main", check=False)
        if (repo.path / ".git/MERGE_HEAD").exists():
            self.contested |= facts_in(repo.git("diff"))
            for path in repo.git("diff", "--name-only", "--diff-filter=U").split():
                for stage in ("1", "2", "3"):
                    self.contested |= facts_in(repo.git("show", f":{stage}:{path}", check=False))
            repo.git("merge", "--abort")
        else:
            repo.git("push", "-q", "origin", "HEAD:main")

    @invariant()
    def no_fact_is_lost(self) -> None:
        """What nobody took away is somewhere: in an entry, in a conflict's record, or in the store that said it."""
        if self.clones:
            known = set().union(*(self._known(synced) for synced in self.clones.values()))
            assert self.alive - known - self.contested == set()

    def settle(self) -> None:
        """Exchange and sync until nothing moves: both clones and all stores say the same."""
        for _ in range(3):
            for clone in CLONES:
                self._sync(self.clones[clone])
                self._contest(self.clones[clone])
                self.exchange(clone)
        self.no_fact_is_lost()
        for clone in CLONES:
            self._check_dropped(clone)
        if any(synced.conflicts() for synced in self.clones.values()) or self._differ():
            return  # a person has to decide
        gone = set().union(*self.dropped.values()) - self.contested
        for synced in self.clones.values():
            self._check_projection(synced)
            said = self._entries(synced)
            assert self.alive - self.contested <= said
            assert gone & said == set()

    def _differ(self) -> bool:
        trees = {synced.repo.git("rev-parse", f"HEAD:{ENTRIES}") for synced in self.clones.values()}
        return len(trees) > 1

    def _sync(self, synced: Synced) -> None:
        told = synced.told("--allow-deletes", "999", "--allow-all-changed", code=None)
        for one in told["stores"]:
            assert "error" not in one, one
            counts = one["counts"]
            assert counts["read"] == sum(counts.values()) - counts["read"], one
            assert counts["skipped"] == 0, one
            assert min(counts.values()) >= 0, one

    def _contest(self, synced: Synced) -> dict[str, Any]:
        conflicts = synced.conflicts()
        self.contested |= facts_in(str(conflicts))
        return conflicts

    def _check_dropped(self, clone: str) -> None:
        """What was taken away in a clone does not come back there."""
        synced = self.clones[clone]
        said = self._entries(synced).union(*(facts_in(str(box.said())) for box in synced.boxes.values()))
        assert self.dropped[clone] & said - self.contested == set()

    def _check_projection(self, synced: Synced) -> None:
        """Where nothing is open, every store says what the journal says."""
        for name, box in synced.boxes.items():
            assert facts_in(str(box.said())) == self._entries(synced), name
            assert len(box.said()) == len(synced.names()), name

    def _entries(self, synced: Synced) -> set[str]:
        return facts_in(synced.repo.git("grep", "-h", "-e", "fact-", "HEAD", "--", f"{ENTRIES}/", check=False))

    def _known(self, synced: Synced) -> set[str]:
        told = synced.repo.git("grep", "-h", "-e", "fact-", "HEAD", "--", "journal/", check=False)
        return facts_in(told).union(*(facts_in(str(box.said())) for box in synced.boxes.values()))

    def _drop(self, clone: str, facts: set[str]) -> None:
        self.alive -= facts
        self.dropped[clone] |= facts

    def _fact(self) -> str:
        self.last_fact += 1
        self.alive.add(f"fact-{self.last_fact}")
        return f"fact-{self.last_fact}"

    def _key(self) -> str:
        self.last_key += 1
        return f"k{self.last_key}"

    def _write_entry(self, clone: str) -> None:
        key = self._key()
        self._commit(clone, f"{ENTRIES}/{key}.md", entry_of(key, f"about {key}", self._fact(), self._fact()))

    def _commit(self, clone: str, path: str, text: str) -> None:
        repo = self.clones[clone].repo
        repo.write(path, text)
        repo.git("add", "-A")
        repo.git("commit", "-q", "-m", f"change {path}")

    def _entry(self, clone: str, pick: int) -> tuple[str, str]:
        names = sorted(self.clones[clone].names())
        path = f"{ENTRIES}/{names[pick % len(names)]}.md"
        return path, self.clones[clone].repo.read(path)

    def _record(self, clone: str, store: str, pick: int) -> str:
        box = self.clones[clone].boxes.get(store)
        keys = sorted(box.said()) if box else []
        return keys[pick % len(keys)] if keys else ""


Machine.TestCase.settings = settings(
    max_examples=THOROUGH or 6,
    stateful_step_count=40 if THOROUGH else 14,
    deadline=None,
    derandomize=not THOROUGH,
    phases=[Phase.generate] if THOROUGH else [Phase.explicit, Phase.generate, Phase.shrink],
    report_multiple_bugs=not THOROUGH,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestMachine = Machine.TestCase


def test_the_same_changes_give_the_same_bytes_under_any_clock_locale_and_hash_seed(repo: Repo, tmp_path: Path) -> None:
    synced = make_synced(repo, *STORES)
    for name, box in synced.boxes.items():
        for number in range(4):
            box.add(f"{name}-{number}", f"{name} fact {number}", "été")
    synced.boxes["mcp"].edit("e1", "e1 second", "of the store")
    synced.edit_entry("e1", "e1 second", "of the journal")
    worlds = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8"},
    ]
    found = []
    for number, world in enumerate(worlds):
        copy = tmp_path / str(number) / "repo"
        shutil.copytree(repo.path, copy)
        command = [sys.executable, "-X", "utf8", "-m", "sync", "-C", str(copy), "sync"]
        where = Path(__file__).parents[2]
        done = subprocess.run(command, cwd=where, env=os.environ | world, capture_output=True, check=False)
        assert done.returncode == 1, done.stderr
        one = Synced(Repo(copy), boxes_of(copy, STORES))
        files = {path: data for path, data in one.everything().items() if path != "refs"}  # a base names its run
        found.append((files, one.conflicts(), one.head()))
    assert found[0] == found[1]
