"""Tidying up: what is over, what is said twice, what contradicts, what is frequent; and nothing is lost by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from keeping import START, Clock, open_keeper

pytest.importorskip("numpy")

from word_embedder import WordEmbedder

from sync.search.vectors.embedder import EmbedderError
from sync.taskmaster.consolidating import consolidate, held_in
from sync.taskmaster.consolidation_report import ConsolidationReport
from sync.taskmaster.learning import learn
from sync.taskmaster.making import Request
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import ANY_TIME, Memory, MemoryId, Tier, Value
from sync.taskmaster.patterns import PATTERN
from sync.taskmaster.tiers.protocol import Held, Use
from sync.taskmaster.writing import COPY, Write

BUDGET = "taskmaster:wedding:42:module:budget"
GUESTS = "taskmaster:wedding:42:module:guests"
DEPOSIT = "The florist's deposit is paid and was confirmed by mail"
KILLED = """
import os, signal, sys
from pathlib import Path
from keeping import Clock, open_keeper
from sync.taskmaster.consolidating import consolidate

clock = Clock()
clock.pass_(days=40)
with open_keeper(Path(sys.argv[1]), clock) as manager:
    amend, left = manager.amend, int(sys.argv[2])
    def counted(*change):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return amend(*change)
    manager.amend = counted
    consolidate(manager)
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(tmp_path: Path, clock: Clock) -> Iterator[MemoryManager]:
    with open_keeper(tmp_path, clock, embedder=WordEmbedder()) as manager:
        yield manager


def remember(keeper: MemoryManager, key: str, value: Value, *, context: str = BUDGET, **options: Any) -> Memory:
    return keeper.remember(context, key, value, **({"importance": 0.6} | options)).memory


def held(keeper: MemoryManager, key: str, context: str = BUDGET) -> Held:
    found = {one.memory.key: one for one in held_in(keeper.core, context)}
    return found[key]


def metadata(keeper: MemoryManager, key: str, context: str = BUDGET) -> dict[str, Any]:
    return dict(held(keeper, key, context).memory.metadata)


def everything(keeper: MemoryManager) -> dict[str, Memory]:
    return {one.memory.key: one.memory for context in (BUDGET, GUESTS) for one in held_in(keeper.core, context)}


def said(keeper: MemoryManager) -> set[tuple[str, bytes]]:
    return {(key, one.data) for key, one in everything(keeper).items()}


def balances(report: ConsolidationReport) -> bool:
    return all(one.read == one.unchanged + one.changed + one.skipped and one.unchanged >= 0 for one in report.contexts)


# What is said twice


def test_memories_that_say_the_same_become_one_with_its_sources(keeper: MemoryManager) -> None:
    first = remember(keeper, "florist deposit", DEPOSIT, importance=0.65)
    second = remember(keeper, "deposit of the florist", DEPOSIT.upper())
    report = consolidate(keeper)
    assert report.contexts[0].compressed == (("florist deposit", ("deposit of the florist",)),)
    left = held(keeper, "florist deposit").memory
    assert (left.value, left.importance, left.updated) == (DEPOSIT, 0.65, first.updated)
    assert [(one["key"], one["digest"]) for one in left.metadata["_sources"]] == [
        ("deposit of the florist", sha256(second.data).hexdigest())
    ]
    assert balances(report)


def test_sources_are_put_away_and_still_found_where_archived_ones_are_asked_for(keeper: MemoryManager) -> None:
    remember(keeper, "florist deposit", DEPOSIT)
    remember(keeper, "florist deposit v2", DEPOSIT)
    consolidate(keeper)
    assert keeper.get(BUDGET, "florist deposit") is None
    assert [one.memory.key for one in keeper.recall(BUDGET, "florist deposit confirmed").hits] == ["florist deposit v2"]
    archived = keeper.recall(BUDGET, "florist deposit confirmed", archived=True).hits
    assert {one.memory.key for one in archived} == {"florist deposit", "florist deposit v2"}
    assert metadata(keeper, "florist deposit")["_archived"]["why"] == "compressed into florist deposit v2"
    assert held(keeper, "florist deposit").memory.expires is None


def test_a_duplicate_that_comes_later_joins_the_others(keeper: MemoryManager) -> None:
    remember(keeper, "florist deposit", DEPOSIT, importance=0.65)
    remember(keeper, "florist deposit v2", DEPOSIT)
    consolidate(keeper)
    remember(keeper, "florist deposit v3", DEPOSIT)
    consolidate(keeper)
    sources = metadata(keeper, "florist deposit")["_sources"]
    assert [one["key"] for one in sources] == ["florist deposit v2", "florist deposit v3"]


def test_a_more_important_source_takes_the_memory_along_to_its_tiers(keeper: MemoryManager) -> None:
    remember(keeper, "note 1", DEPOSIT, importance=0.75)
    remember(keeper, "note 2", f"{DEPOSIT}; the receipt is in the red folder")
    consolidate(keeper)
    left = held(keeper, "note 2")
    assert (left.memory.importance, left.memory.expires) == (0.75, None)
    assert {Tier.WORKING, Tier.LONG} <= left.homes


# What is over


def test_what_is_over_is_archived_not_lost(keeper: MemoryManager, clock: Clock) -> None:
    remember(keeper, "offer", "The caterer's offer holds for a month")
    clock.pass_(days=31)
    report = consolidate(keeper)
    assert report.contexts[0].archived == (("offer", "was to be recalled until 2025-05-05"),)
    assert keeper.recall(BUDGET, "caterer offer").hits == ()
    (hit,) = keeper.recall(BUDGET, "caterer offer", archived=True).hits
    assert hit.memory.value == "The caterer's offer holds for a month"
    assert Tier.LONG in held(keeper, "offer").owed
    assert balances(report)


def test_the_journal_keeps_memories_as_long_as_they_or_their_context_say(keeper: MemoryManager, clock: Clock) -> None:
    for key, retention in (("year", ""), ("two", "2y"), ("ever", "permanent")):
        remember(keeper, key, f"The {key} of the oak in the garden", importance=0.75, retention=retention)
    clock.pass_(days=400)
    assert consolidate(keeper).contexts[0].archived == (("year", "kept for 1y, until 2026-04-05"),)
    clock.pass_(days=400)
    assert [key for key, _ in consolidate(keeper).contexts[0].archived] == ["two"]
    clock.pass_(days=20_000)
    assert consolidate(keeper).contexts[0].archived == ()


def test_what_another_context_still_shares_stays(keeper: MemoryManager, clock: Clock) -> None:
    remember(keeper, "diet", "Ada eats no nuts", context=GUESTS, ttl="10d")
    shared = {"_shared_from": GUESTS, "_shared_key": "diet", "_shared_rule": "diets"}
    copy = Request(context=BUDGET, key="diet", value="Ada eats no nuts", importance=0.6, own=shared)
    keeper.remember_as(copy)
    clock.pass_(days=11)
    report = consolidate(keeper)
    assert (report.total("archived"), report.kept) == (0, (MemoryId(GUESTS, "diet"),))
    clock.pass_(days=30)
    assert consolidate(keeper).total("archived") == 2


def test_what_only_the_journal_holds_is_archived_too(keeper: MemoryManager, clock: Clock) -> None:
    memory = replace(remember(keeper, "old", "An oak stands in the garden", importance=0.75), version=7)
    catalogue, working = keeper.tiers.catalogue, keeper.tiers.working
    assert catalogue is not None
    long = frozenset({Tier.LONG})
    working.settle(Tier.LONG, {memory.id: held(keeper, "old").memory.version})
    catalogue.put([Write(memory=replace(memory, version=2**60), seen=COPY, homes=long)])
    assert held(keeper, "old").memory.version == 2**60
    clock.pass_(days=400)
    assert consolidate(keeper).total("archived") == 1
    assert metadata(keeper, "old")["_archived"]["why"].startswith("kept for 1y")
    assert consolidate(keeper).is_quiet


def test_without_a_journal_the_working_tier_holds_the_archive(tmp_path: Path, clock: Clock) -> None:
    with open_keeper(tmp_path, clock, has_journal=False) as keeper:
        remember(keeper, "offer", "The caterer's offer holds for a month")
        clock.pass_(days=31)
        consolidate(keeper)
        keeper.tiers.working.sweep(clock())
        assert held(keeper, "offer").homes == {Tier.WORKING}
        assert consolidate(keeper).is_quiet


# What contradicts


def test_memories_that_contradict_are_linked_both_ways_and_stay(keeper: MemoryManager) -> None:
    older = remember(keeper, "caterer", "The caterer asks 48 euros a guest")
    newer = remember(keeper, "caterer v2", "The caterer asks 52 euros a guest")
    report = consolidate(keeper)
    assert report.contexts[0].contradictions == (("caterer v2", "caterer", "52 against 48"),)
    for one, other in ((older, newer), (newer, older)):
        now = held(keeper, one.key).memory
        assert now.metadata["_contradicts"] == [{"context": BUDGET, "key": other.key, "why": "52 against 48"}]
        assert (now.value, now.updated, now.writer) == (one.value, one.updated, one.writer)


def test_a_link_goes_with_its_contradiction(keeper: MemoryManager) -> None:
    remember(keeper, "caterer", "The caterer asks 48 euros a guest")
    remember(keeper, "caterer v2", "The caterer asks 52 euros a guest")
    consolidate(keeper)
    keeper.forget(BUDGET, "caterer")
    report = consolidate(keeper)
    assert (report.total("contradictions"), report.total("linked")) == (0, 1)
    assert "_contradicts" not in metadata(keeper, "caterer v2")


# What is frequent


def test_frequent_patterns_are_one_memory(keeper: MemoryManager) -> None:
    for outcome in (True, True, False):
        learn(keeper, BUDGET, "caterer asks for more", outcome)
    learn(keeper, BUDGET, "once", True)
    report = consolidate(keeper)
    found = keeper.get(BUDGET, "patterns")
    assert found is not None
    assert (found.memory.type, report.contexts[0].patterns, report.contexts[0].created) == (PATTERN, 1, 1)
    assert rows(keeper) == [("caterer asks for more", 3, 0.666667)]


def test_a_memory_that_is_recalled_again_and_again_is_a_pattern(keeper: MemoryManager, clock: Clock) -> None:
    memory = remember(keeper, "venue", "The barn by the lake")
    keeper.tiers.working.touch([Use(id=memory.id, at=clock()) for _ in range(4)])
    keeper.tiers.working.sweep(clock())  # uses are written down with others
    consolidate(keeper)
    assert rows(keeper) == [({"recall": "venue"}, 4, None)]


def rows(keeper: MemoryManager) -> list[tuple[Any, int, float | None]]:
    value: Any = held(keeper, "patterns").memory.value
    return [(row["pattern"], row["count"], row["success_share"]) for row in value]


def test_a_memory_of_somebody_s_own_under_that_key_is_not_touched(keeper: MemoryManager) -> None:
    remember(keeper, "patterns", "Wallpaper patterns for the barn")
    for _ in range(3):
        learn(keeper, BUDGET, "caterer asks for more", True)
    report = consolidate(keeper)
    assert held(keeper, "patterns").memory.value == "Wallpaper patterns for the barn"
    assert "somebody's own" in report.contexts[0].notes[0]


# Vectors


def test_what_has_no_vector_gets_one(keeper: MemoryManager) -> None:
    remember(keeper, "venue", "The barn by the lake")
    assert consolidate(keeper).total("embedded") == 1
    semantic = keeper.tiers.semantic
    assert semantic is not None
    remember(keeper, "venue", "A castle on the hill")
    report = consolidate(keeper)
    assert (report.total("embedded"), report.total("computed")) == (0, 1)
    assert semantic.near("A castle on the hill", [BUDGET], 1)[0].score > 0.7


def test_without_a_model_the_rest_is_done(tmp_path: Path, clock: Clock) -> None:
    class Broken(WordEmbedder):
        def embed(self, texts: Any, *, kind: Any) -> Any:
            raise EmbedderError("the weights are gone")

    with open_keeper(tmp_path, clock, embedder=Broken()) as keeper:
        remember(keeper, "florist deposit", DEPOSIT)
        remember(keeper, "florist deposit v2", DEPOSIT)
        report = consolidate(keeper)
    assert report.contexts[0].notes == ("no vectors: the weights are gone",)
    assert report.total("compressed") == 1


# All of it


def fill(keeper: MemoryManager) -> None:
    remember(keeper, "florist deposit", DEPOSIT, ttl="90d")
    remember(keeper, "florist deposit v2", DEPOSIT.lower(), ttl="90d")
    remember(keeper, "note 7", DEPOSIT, ttl="90d", importance=0.8)
    remember(keeper, "caterer", "The caterer asks 48 euros a guest", ttl="90d")
    remember(keeper, "caterer v2", "The caterer asks 52 euros a guest", ttl="90d")
    remember(keeper, "offer", "The caterer's offer holds for a month")
    remember(keeper, "salle", "La salle est chauffée toute la soirée", context=GUESTS, ttl="90d")
    remember(keeper, "salle v2", "La salle n'est pas chauffée toute la soirée", context=GUESTS, ttl="90d")
    for _ in range(3):
        learn(keeper, GUESTS, "guest cancels", True)


def test_a_second_run_does_nothing(keeper: MemoryManager, clock: Clock) -> None:
    fill(keeper)
    clock.pass_(days=40)
    first = consolidate(keeper)
    before = everything(keeper)
    second = consolidate(keeper)
    assert not first.is_quiet
    assert second.is_quiet
    assert not second.has_written
    assert everything(keeper) == before
    assert balances(first)
    assert balances(second)


@pytest.mark.parametrize("step", range(9))
def test_killed_at_any_step_nothing_is_lost_and_nothing_doubled(tmp_path: Path, clock: Clock, step: int) -> None:
    folders = [tmp_path / "killed", tmp_path / "whole"]
    for folder in folders:
        folder.mkdir()
        with open_keeper(folder, Clock()) as keeper:
            fill(keeper)
            before = said(keeper)
    path = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    command = [sys.executable, "-c", KILLED, str(folders[0]), str(step)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.returncode == -signal.SIGKILL
    clock.pass_(days=41)
    ends = []
    for folder in folders:
        with open_keeper(folder, clock) as keeper:
            assert before <= said(keeper)
            consolidate(keeper)
            assert before <= said(keeper)
            ends.append({key: state(one) for key, one in everything(keeper).items()})
            assert consolidate(keeper).is_quiet
    assert ends[0] == ends[1]


def state(memory: Memory) -> tuple[Any, ...]:
    """What a memory says, but for times and versions."""
    links = [one["key"] for one in memory.metadata.get("_contradicts", [])]
    sources = [one["key"] for one in memory.metadata.get("_sources", [])]
    why = memory.metadata.get("_archived", {}).get("why")
    return memory.data if memory.type == "" else b"", memory.type, links, sources, why, memory.importance


def test_what_somebody_changes_meanwhile_is_left_to_the_next_run(keeper: MemoryManager) -> None:
    remember(keeper, "florist deposit", DEPOSIT, importance=0.65)
    remember(keeper, "florist deposit v2", DEPOSIT)
    amend = keeper.amend

    def slow(memory: Memory, held: Held, homes: frozenset[Tier]) -> Any:
        keeper.amend = amend  # type: ignore[method-assign]
        remember(keeper, memory.key, "The florist closes in August, and is paid back")
        return amend(memory, held, homes)

    keeper.amend = slow  # type: ignore[method-assign]
    report = consolidate(keeper)
    assert (report.total("skipped"), report.total("changed"), report.total("compressed")) == (2, 0, 0)
    assert held(keeper, "florist deposit").memory.value == "The florist closes in August, and is paid back"
    assert "_archived" not in metadata(keeper, "florist deposit v2")
    assert balances(report)


def test_two_runs_at_once_do_what_one_does(tmp_path: Path, clock: Clock) -> None:
    ends = []
    for name, runs in (("two", 2), ("one", 1)):
        (folder := tmp_path / name).mkdir()
        with open_keeper(folder, Clock()) as keeper:
            fill(keeper)
        clock.now = START + timedelta(days=40)
        with ExitStack() as stack, ThreadPoolExecutor(runs) as pool:
            keepers = [stack.enter_context(open_keeper(folder, clock)) for _ in range(runs)]
            assert all(map(balances, pool.map(consolidate, keepers)))
            consolidate(keepers[0])
            assert consolidate(keepers[0]).is_quiet
            ends.append({key: state(one) for key, one in everything(keepers[0]).items()})
    assert ends[0] == ends[1]


def test_what_is_forgotten_or_short_term_is_not_looked_at(keeper: MemoryManager) -> None:
    remember(keeper, "short", DEPOSIT, importance=0.1)
    remember(keeper, "gone", DEPOSIT)
    keeper.forget(BUDGET, "gone")
    assert keeper.tiers.working.get([MemoryId(BUDGET, "gone")], ANY_TIME)
    assert consolidate(keeper).total("read") == 0


def test_the_report_is_markdown_and_a_message(keeper: MemoryManager, clock: Clock) -> None:
    fill(keeper)
    clock.pass_(days=40)
    report = consolidate(keeper)
    text = report.as_message()
    assert text.splitlines()[0] == "Consolidate memories: 2 archived, 1 compressed, 4 linked"
    assert "- `note 7` says what `florist deposit v2`, `florist deposit` said" in text
    assert "- `salle v2` contradicts `salle`: negated: chauff soir" in text
    assert "`offer` archived: was to be recalled until 2025-05-05" in text
    assert report.as_dict()["changed"] == report.total("changed") == 9
