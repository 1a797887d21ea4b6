"""Tidying up reaches the journal as one commit, and what the journal then says needs no tidying up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from keeping import Clock
from repositories import Repo

from sync.operations.journal import open_journal
from sync.operations.memory import open_memory
from sync.taskmaster.consolidating import consolidate, held_in
from sync.taskmaster.learning import learn
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Memory, Value

BUDGET = "taskmaster:wedding:42:module:budget"
DEPOSIT = "The florist's deposit is paid and was confirmed by mail"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(repo: Repo, clock: Clock) -> Iterator[MemoryManager]:
    repo.write("journal.toml", "")
    repo.commit("begin")
    with open_memory(open_journal(repo.path), clock=clock, writer="ada") as manager:
        yield manager


def remember(keeper: MemoryManager, key: str, value: Value, **options: Any) -> Memory:
    return keeper.remember(BUDGET, key, value, **({"importance": 0.75} | options)).memory


def commits(repo: Repo) -> int:
    return int(repo.git("rev-list", "--count", "HEAD"))


def memories(keeper: MemoryManager) -> dict[str, tuple[Value, dict[str, Any]]]:
    """What they say, and their metadata but for the path of the entry, which not every copy names."""
    found = [one.memory for one in held_in(keeper.core, BUDGET)]
    return {
        one.key: (one.value, {key: value for key, value in one.metadata.items() if key != "_entry"}) for one in found
    }


def test_tidying_up_is_one_commit_that_says_what_was_done(keeper: MemoryManager, repo: Repo, clock: Clock) -> None:
    remember(keeper, "florist deposit", DEPOSIT)
    remember(keeper, "florist deposit v2", DEPOSIT)
    remember(keeper, "caterer", "The caterer asks 48 euros a guest")
    remember(keeper, "caterer v2", "The caterer asks 52 euros a guest")
    remember(keeper, "offer", "The offer of the barn holds for a month", importance=0.6)
    for _ in range(3):
        learn(keeper, BUDGET, "guest cancels", True)
    keeper.flush()
    clock.pass_(days=40)
    before = commits(repo)
    report = consolidate(keeper)
    flushed = keeper.flush()
    assert commits(repo) == before + 1
    assert flushed.is_clean
    assert report.total("contradictions") == 1

    texts = {key: repo.read(path) for key, path in entries(repo).items()}
    assert "_archived" in texts["offer"]
    assert "florist deposit" in texts["florist deposit v2"]
    assert "52 against 48" in texts["caterer"]
    assert "guest cancels" in texts["patterns"]


def test_what_the_journal_says_then_needs_no_tidying_up(keeper: MemoryManager, repo: Repo, clock: Clock) -> None:
    test_tidying_up_is_one_commit_that_says_what_was_done(keeper, repo, clock)
    keeper.tiers.working.sweep(clock())
    before, shown = commits(repo), memories(keeper)
    assert consolidate(keeper).is_quiet
    assert keeper.flush().owed == 0
    assert commits(repo) == before
    assert memories(keeper) == shown
    assert keeper.tiers.catalogue is not None
    keeper.tiers.catalogue.clear()
    keeper.flush()
    assert memories(keeper) == shown
    assert consolidate(keeper).is_quiet


def test_a_memory_that_only_the_journal_holds_is_archived_when_it_is_over(
    keeper: MemoryManager, repo: Repo, clock: Clock
) -> None:
    remember(keeper, "offer", "The offer of the barn holds for a month", ttl="30d")
    keeper.flush()
    assert keeper.tiers.working.count() == 0
    clock.pass_(days=31)
    report = consolidate(keeper)
    assert (report.total("archived"), report.total("skipped")) == (1, 0)
    keeper.flush()
    assert "_archived" in repo.read(entries(repo)["offer"])
    (hit,) = keeper.recall(BUDGET, "barn offer", archived=True).hits
    assert hit.memory.value == "The offer of the barn holds for a month"
    assert consolidate(keeper).is_quiet


def entries(repo: Repo) -> dict[str, str]:
    """The entries at HEAD by the keys that they name."""
    found = {}
    for path in repo.git("ls-tree", "-r", "--name-only", "HEAD", "journal/entries").splitlines():
        for line in repo.read(path).splitlines():
            if line.startswith("key:"):
                found[line.removeprefix("key:").strip().strip("'\"")] = path
    return found
