"""What every semantic tier keeps, whichever back end it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy")

from semantic_backends import BACKENDS, SemanticBackend  # noqa: E402
from word_embedder import WordEmbedder  # noqa: E402

from sync.search.vectors.embedder import Embedder, Kind, unit_rows  # noqa: E402
from sync.taskmaster.memory import MemoryId  # noqa: E402
from sync.taskmaster.tiers.protocol import Semantic  # noqa: E402

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors

BUDGET = "taskmaster:wedding:42:module:budget"
GUESTS = "taskmaster:wedding:42:module:guests"
TENANT = "taskmaster:wedding:42"
ODD = ["", " ", "🙂 " * 3, "line\nline", "'; drop table vectors; --", "ا ب", "\u2028"]

Open = Callable[..., Semantic]


@pytest.fixture(params=[pytest.param(one, id=one.name, marks=one.marks) for one in BACKENDS])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens one store as often as it is called, each time with another embedder or the same."""
    backend: SemanticBackend = request.param
    with backend.fresh(tmp_path) as address, ExitStack() as openings:

        def opened(embedder: Embedder | None = None) -> Semantic:
            return openings.enter_context(closing(backend.open(address, embedder or WordEmbedder())))

        yield opened


def budget(key: str) -> MemoryId:
    return MemoryId(BUDGET, key)


def keys_near(semantic: Semantic, text: str, *contexts: str, limit: int = 10) -> list[str]:
    return [one.id.key for one in semantic.near(text, contexts or (BUDGET,), limit)]


def test_the_memory_that_says_the_same_is_the_nearest(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget("venue"): "the barn costs 3000", budget("band"): "a jazz band plays"})
    found = semantic.near("the barn costs 3000", [BUDGET], 10)
    assert [one.id for one in found] == [budget("venue"), budget("band")]
    assert found[0].score == pytest.approx(1, abs=0.01)
    assert 0 <= found[1].score < 0.9


def test_no_more_are_found_than_asked_for(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget(f"k{number}"): f"guest {number}" for number in range(50)})
    assert len(keys_near(semantic, "guest 7", limit=7)) == 7
    assert len(keys_near(semantic, "guest 7", limit=1)) == 1
    assert keys_near(semantic, "guest 7", limit=0) == []


def test_only_the_contexts_that_were_asked_are_searched(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget("a"): "the barn", MemoryId(GUESTS, "b"): "the barn", MemoryId(TENANT, "c"): "the barn"})
    assert keys_near(semantic, "the barn", TENANT) == ["c"]
    assert keys_near(semantic, "the barn", GUESTS, BUDGET, GUESTS) == ["a", "b"]
    assert keys_near(semantic, "the barn", "taskmaster:wedding:4", "nowhere") == []
    assert keys_near(semantic, "the barn", limit=10) == ["a"]
    assert semantic.near("the barn", [], 10) == []


def test_what_is_equally_near_is_ordered_by_id(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget(key): "the barn" for key in ("c", "a", "b")} | {MemoryId(TENANT, "z"): "the barn"})
    assert keys_near(semantic, "the barn", BUDGET, TENANT) == ["z", "a", "b", "c"]


def test_equal_texts_are_computed_once(opening: Open) -> None:
    embedder = WordEmbedder()
    semantic = opening(embedder)
    assert semantic.add({budget("a"): "the old barn", budget("b"): "the  old barn", budget("c"): "a lake"}) == 2
    assert semantic.add({MemoryId(GUESTS, "a"): "the old barn", budget("a"): "the old barn"}) == 0
    assert opening(embedder).add({budget("d"): "a lake"}) == 0
    assert len(embedder.asked) == 2


def test_a_memory_has_the_vector_of_its_last_text(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget("venue"): "the old barn", budget("band"): "a jazz band"})
    assert keys_near(semantic, "the old barn")[0] == "venue"
    assert semantic.add({budget("venue"): "castle by the lake"}) == 1
    assert keys_near(semantic, "castle by the lake") == ["venue", "band"]
    assert semantic.near("old barn", [BUDGET], 1)[0].score < 0.5
    assert semantic.count() == 2


def test_what_was_removed_is_not_found(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget(f"k{number}"): f"guest {number}" for number in range(100)})
    keys_near(semantic, "guest 1")
    gone = [budget(f"k{number}") for number in range(95)]
    assert semantic.remove([*gone, budget("never"), MemoryId("nowhere", "k1")]) == 95
    assert sorted(keys_near(semantic, "guest 1")) == ["k95", "k96", "k97", "k98", "k99"]
    assert semantic.remove(gone) == 0


def test_a_removed_memory_may_come_back(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget("a"): "the barn", budget("b"): "the lake"})
    keys_near(semantic, "x")
    semantic.remove([budget("b")])
    semantic.add({budget("b"): "the barn"})
    assert keys_near(semantic, "the barn") == ["a", "b"]


def test_those_without_a_vector_are_told_in_order(opening: Open) -> None:
    semantic = opening()
    semantic.add({budget("a"): "the barn"})
    asked = [budget("z"), budget("a"), MemoryId(GUESTS, "a"), budget("b")]
    assert semantic.missing(asked) == [budget("z"), MemoryId(GUESTS, "a"), budget("b")]
    assert semantic.missing([]) == []


def test_memories_are_counted_below_a_context(opening: Open) -> None:
    semantic = opening()
    ids = [budget("a"), budget("b"), MemoryId(GUESTS, "a"), MemoryId("taskmaster:wedding:421", "a"), MemoryId("é", "a")]
    semantic.add(dict.fromkeys(ids, "the barn"))
    semantic.remove([budget("b")])
    counts = [semantic.count(one) for one in ("", TENANT, BUDGET, "taskmaster:wedding:4", "é")]
    assert counts == [4, 2, 1, 0, 1]


def test_another_opening_sees_what_was_added_changed_and_removed(opening: Open) -> None:
    mine, theirs = opening(), opening()
    mine.add({budget("a"): "the barn"})
    assert keys_near(theirs, "the barn") == ["a"]
    mine.add({budget("b"): "the barn", budget("a"): "castle"})
    assert keys_near(theirs, "the barn", limit=1) == ["b"]
    mine.remove([budget("b")])
    assert keys_near(theirs, "the barn") == ["a"]
    assert theirs.count() == 1


def test_another_model_s_vectors_are_not_seen(opening: Open) -> None:
    opening().add({budget("a"): "the barn"})
    other = opening(WordEmbedder("other:1", dimension=32))
    assert (other.model, other.count(), other.missing([budget("a")])) == ("other:1", 0, [budget("a")])
    assert other.near("the barn", [BUDGET], 10) == []
    assert other.add({budget("a"): "the barn"}) == 1
    assert keys_near(other, "the barn") == keys_near(opening(), "the barn") == ["a"]


def test_a_question_that_was_just_asked_is_not_embedded_again(opening: Open) -> None:
    embedder = WordEmbedder()
    semantic = opening(embedder)
    semantic.add({budget("a"): "the barn"})
    assert keys_near(semantic, "which barn?") == keys_near(semantic, "which barn?") == ["a"]
    assert embedder.asked.count("which barn?") == 1


def test_any_text_and_key_is_data(opening: Open) -> None:
    semantic = opening()
    texts = {budget(f"{text.strip() or 'blank'}{number}"): text for number, text in enumerate(ODD)}
    semantic.add(texts)
    assert semantic.missing(list(texts)) == []
    for text in ODD:
        assert len(semantic.near(text, [BUDGET], 100)) == len(ODD)


def test_what_points_away_counts_nothing(opening: Open) -> None:
    semantic = opening(Signed())
    semantic.add({budget("same"): "+", budget("away"): "-"})
    assert [(one.id.key, one.score) for one in semantic.near("+", [BUDGET], 10)] == [
        ("same", pytest.approx(1, abs=0.01)), ("away", 0),
    ]  # fmt: skip


def test_nine_of_ten_nearest_are_found_and_more(opening: Open) -> None:
    embedder = Scattered()
    semantic = opening(embedder)
    texts = [f"memory {number}" for number in range(1_000)]
    semantic.add({budget(text): text for text in texts})
    vectors, hits = embedder.embed(texts, kind=Kind.PASSAGE), 0
    for number in range(20):
        exact = np.argsort(-(vectors @ embedder.embed([f"question {number}"], kind=Kind.QUERY)[0]))[:10]
        hits += len({texts[at] for at in exact} & set(keys_near(semantic, f"question {number}")))
    assert hits / 200 >= 0.98


def test_threads_add_and_ask_at_once(opening: Open) -> None:
    semantic = opening()

    def work(worker: int) -> list[str]:
        for number in range(10):
            semantic.add({budget(f"{worker}-{number}"): f"worker{worker} item{number}"})
            keys_near(semantic, f"worker{worker} item{number}")
        return keys_near(semantic, f"worker{worker}", limit=10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert semantic.count(BUDGET) == 40
    assert len(keys_near(semantic, "item", limit=100)) == 40


def test_what_the_embedder_could_not_do_is_not_there_and_what_it_did_stays(opening: Open) -> None:
    semantic = opening(Failing())
    semantic.add({budget("a"): "the barn"})
    with pytest.raises(RuntimeError):
        semantic.add({budget("a"): "fail", budget("b"): "fail"})
    assert semantic.missing([budget("a"), budget("b")]) == [budget("b")]
    assert keys_near(semantic, "the barn") == ["a"]


def test_it_gives_a_sign_of_life_and_may_be_closed_twice(opening: Open) -> None:
    semantic = opening()
    semantic.check()
    semantic.close()
    semantic.close()


class Signed(WordEmbedder):
    """One number: plus or minus."""

    def __init__(self) -> None:
        super().__init__("signed:1", dimension=8)

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        found: Vectors = np.zeros((len(texts), 8), np.float32)
        found[:, 0] = [-1 if text == "-" else 1 for text in texts]
        return found


class Scattered(WordEmbedder):
    """Texts in any directions, as far apart as they can be: the hardest case for shortened numbers."""

    def __init__(self) -> None:
        super().__init__("scattered:1", dimension=256)

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        rows = [np.random.default_rng(list(text.encode())).standard_normal(256) for text in texts]
        found = np.array(rows, np.float32)
        return unit_rows(found)


class Failing(WordEmbedder):
    """Cannot embed one text."""

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        if "fail" in texts:
            raise RuntimeError("no such text")
        return super().embed(texts, kind=kind)
