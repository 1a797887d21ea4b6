"""A semantic tier is opened by the first question, once, and closed only where it was opened."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("numpy")

from word_embedder import WordEmbedder

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.lazy import LazySemantic
from sync.taskmaster.tiers.protocol import Semantic
from sync.taskmaster.tiers.sqlite.semantic import SqliteSemantic

BUDGET = "taskmaster:wedding:42:module:budget"
VENUE, CAKE = MemoryId(BUDGET, "venue"), MemoryId(BUDGET, "cake")


class Opener:
    """Opens a tier in a file, and counts how often."""

    def __init__(self, file: Path) -> None:
        self._file, self.count = file, 0

    def __call__(self) -> Semantic:
        self.count += 1
        return SqliteSemantic(self._file, WordEmbedder())


def test_a_tier_that_nobody_asks_is_never_opened(tmp_path: Path) -> None:
    opener = Opener(tmp_path / "semantic.sqlite")
    LazySemantic(opener).close()
    assert (opener.count, list(tmp_path.iterdir())) == (0, [])


def test_it_is_opened_once_and_answers_as_the_tier_does(tmp_path: Path) -> None:
    opener = Opener(tmp_path / "semantic.sqlite")
    tier = LazySemantic(opener)
    assert tier.add({VENUE: "a barn by the lake", CAKE: "three floors of chocolate"}) == 2
    assert [one.id for one in tier.near("the barn by the lake", [BUDGET], 1)] == [VENUE]
    assert (tier.missing([VENUE, MemoryId(BUDGET, "x")]), tier.count(BUDGET)) == ([MemoryId(BUDGET, "x")], 2)
    assert (tier.remove([CAKE]), tier.count()) == (1, 1)
    assert tier.model == WordEmbedder().model_id
    tier.check()
    tier.close()
    assert opener.count == 1
