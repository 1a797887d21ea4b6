"""Memories that stay open between the calls of a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from repositories import Repo

from sync.errors import UsageError
from sync.operations.journal import Journal, open_journal
from sync.operations.memory_desk import MOST, MemoryDesk

GUARD_S = 20
"""After so long a test has failed; nothing is measured by it."""
BUDGET = "wedding:42:module:budget"


@pytest.fixture
def journal(repo: Repo) -> Journal:
    """A journal in a repository."""
    repo.write("journal.toml", "[journal]\n")
    repo.commit()
    return open_journal(repo.path)


@pytest.fixture
def desk() -> Iterator[MemoryDesk]:
    """A desk that a server uses."""
    made = MemoryDesk()
    made.open()
    yield made
    made.close()


def test_a_writer_is_lent_the_same_memory_again(desk: MemoryDesk, journal: Journal) -> None:
    with desk.borrow(journal, "ada") as first, desk.borrow(journal, "bob") as other:
        assert (first.core.writer, other.core.writer) == ("ada", "bob")
    with desk.borrow(journal, "ada") as again:
        assert again is first


def test_it_is_opened_anew_when_the_settings_change(desk: MemoryDesk, journal: Journal, repo: Repo) -> None:
    with desk.borrow(journal, "ada") as before:
        before.remember(BUDGET, "k", "v", importance=0.6)
        repo.write("journal.toml", "[journal]\n# other\n")
        with desk.borrow(open_journal(repo.path), "ada") as after:
            assert after is not before
        assert before.get(BUDGET, "k") is not None  # whoever uses it may go on
    with desk.borrow(open_journal(repo.path), "ada") as again:
        assert again is after
        assert again.get(BUDGET, "k") is not None


def test_what_is_lent_knows_the_rules_as_they_are(desk: MemoryDesk, journal: Journal, repo: Repo) -> None:
    with desk.borrow(journal, "ada") as first:
        first.remember("wedding:42", "venue", "The barn.", importance=0.6)
    repo.write("journal/contexts.yaml", 'contexts: {all: {pattern: "*", inherit_from_parent: false}}\n')
    with desk.borrow(journal, "ada") as again:
        assert again is first
        assert again.get(BUDGET, "venue") is None


def test_more_writers_than_are_kept_open_are_served(desk: MemoryDesk, journal: Journal) -> None:
    for number in range(MOST + 3):
        with desk.borrow(journal, f"writer {number}") as memory:
            memory.remember(BUDGET, f"k{number}", "v", importance=0.6)
    with desk.borrow(journal, "writer 0") as memory:
        assert len(memory.list(BUDGET).memories) == MOST + 3


def test_calls_at_once_share_what_is_open(desk: MemoryDesk, journal: Journal) -> None:
    def remember(number: int) -> None:
        with desk.borrow(journal, f"writer {number % 3}") as memory:
            memory.remember(BUDGET, f"k{number}", "v", importance=0.6)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(remember, range(60)))
    with desk.borrow(journal, "writer 0") as memory:
        assert len(memory.list(BUDGET).memories) == 60


def test_what_has_waited_long_enough_is_written_though_nobody_calls(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\n\n[memory]\nflush_age = "1s"\n')
    before = repo.commit()
    desk, journal = MemoryDesk(flush_every_s=0.05), open_journal(repo.path)
    desk.open()
    with desk.borrow(journal, "ada") as memory:
        memory.remember(BUDGET, "k", "v", importance=0.8)
    until = time.monotonic() + GUARD_S
    while repo.git("rev-parse", "HEAD").strip() == before and time.monotonic() < until:
        time.sleep(0.05)
    desk.close()
    assert repo.git("rev-list", "--count", f"{before}..HEAD").strip() == "1"


def test_a_desk_that_is_not_to_write_does_not(desk: MemoryDesk, repo: Repo) -> None:
    repo.write("journal.toml", "[journal]\n\n[memory]\nflush_count = 1\n")
    before = repo.commit()
    with desk.borrow(open_journal(repo.path), "ada") as memory:
        memory.remember(BUDGET, "k", "v", importance=0.8)
    assert repo.git("rev-parse", "HEAD").strip() == before


def test_what_is_used_is_closed_behind_its_user_and_the_desk_can_be_used_again(journal: Journal) -> None:
    desk = MemoryDesk()
    desk.open()
    with desk.borrow(journal, "ada") as memory:
        desk.close()
        memory.remember(BUDGET, "k", "v", importance=0.6)
    desk.open()
    with desk.borrow(journal, "ada") as again:
        assert again is not memory
        assert again.get(BUDGET, "k") is not None
    desk.close()


def test_it_stays_open_until_the_last_server_has_ended(journal: Journal) -> None:
    desk = MemoryDesk()
    desk.open()
    desk.open()
    with desk.borrow(journal, "ada") as first:
        desk.close()
    with desk.borrow(journal, "ada") as again:
        assert again is first
    desk.close()


def test_a_call_that_outlives_the_server_leaves_nothing_at_work(repo: Repo) -> None:
    repo.write("journal.toml", "[journal]\n")
    repo.commit()
    desk, journal = MemoryDesk(flush_every_s=0.01), open_journal(repo.path)
    before = threading.active_count()
    desk.open()
    with desk.borrow(journal, "ada"):
        pass
    desk.close()
    with desk.borrow(journal, "ada") as late:
        late.remember(BUDGET, "k", "v", importance=0.6)
    with pytest.raises(UsageError, match="closed"):
        late.get(BUDGET, "k")
    assert threading.active_count() == before
