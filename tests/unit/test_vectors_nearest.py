"""The nearest vectors: exact while they are few, close to exact when they are many."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy")

from sync.search.vectors.approximate import Built, open_nearest  # noqa: E402
from sync.search.vectors.embedder import unit_rows  # noqa: E402
from sync.search.vectors.nearest import BruteForce, Joined, among  # noqa: E402

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors
    from sync.search.vectors.nearest import Ids

DIMENSION = 16


def clustered(count: int, seed: int = 0) -> Vectors:
    """Vectors around fifty centres, as texts of fifty topics are."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(50, DIMENSION))
    rows = centres[random.integers(50, size=count)] + 0.5 * random.normal(size=(count, DIMENSION))
    return unit_rows(rows.astype(np.float32))


VECTORS = clustered(3000)


def load(ids: Ids) -> Vectors:
    found: Vectors = VECTORS[ids // 10]
    return found


def numbers(rows: range) -> Ids:
    found: Ids = np.array([row * 10 for row in rows], np.int64)
    return found


def exact(query: Vectors, ids: Ids, k: int) -> list[int]:
    order = np.lexsort((ids, -(load(ids) @ query)))
    found: list[int] = ids[order[:k]].tolist()
    return found


def recall(found: Ids, queries: Vectors, ids: Ids) -> float:
    k = found.shape[1]
    hits = [len({*row.tolist()} & {*exact(query, ids, k)}) for row, query in zip(found, queries, strict=True)]
    return float(sum(hits) / (k * len(hits)))


def test_comparing_all_finds_the_nearest_in_order() -> None:
    ids = numbers(range(500))
    found = BruteForce(ids, load(ids)).search(VECTORS[600:603], 7)
    assert found.ids.tolist() == [exact(query, ids, 7) for query in VECTORS[600:603]]
    assert (np.diff(found.scores) <= 0).all()


def test_only_what_is_allowed_is_found() -> None:
    ids, allowed = numbers(range(500)), numbers(range(100, 120))
    found = BruteForce(ids, load(ids)).search(VECTORS[:1], 5, allowed)
    assert found.ids[0].tolist() == exact(VECTORS[0], allowed, 5)


@pytest.mark.parametrize("allowed", [np.array([], np.int64), numbers(range(9000, 9002))])
def test_where_nothing_is_allowed_or_known_nothing_is_found(allowed: Ids) -> None:
    ids = numbers(range(50))
    found = BruteForce(ids, load(ids)).search(VECTORS[:2], 3, allowed)
    assert found.ids.tolist() == [[-1] * 3] * 2
    assert np.isneginf(found.scores).all()


def test_fewer_vectors_than_asked_for_are_filled_up() -> None:
    ids = numbers(range(2))
    assert BruteForce(ids, load(ids)).search(VECTORS[:1], 4).ids[0, 2:].tolist() == [-1, -1]


def test_equal_vectors_come_in_the_order_of_their_numbers() -> None:
    ids = np.array([40, 7, 23], np.int64)
    same = np.repeat(VECTORS[:1], 3, axis=0)
    assert BruteForce(ids, same).search(VECTORS[:1], 3).ids.tolist() == [[7, 23, 40]]


def test_joined_indexes_answer_as_one() -> None:
    first, second, both = numbers(range(200)), numbers(range(200, 500)), numbers(range(500))
    joined = Joined([BruteForce(first, load(first)), BruteForce(second, load(second))])
    assert (
        joined.search(VECTORS[:3], 9).ids.tolist() == BruteForce(both, load(both)).search(VECTORS[:3], 9).ids.tolist()
    )


def test_among_needs_no_order_in_what_is_asked() -> None:
    assert among(np.array([5, 1, 9]), np.array([1, 5, 7])).tolist() == [True, True, False]


def test_few_vectors_are_compared_and_leave_no_file(tmp_path: Path) -> None:
    opened = open_nearest(tmp_path, "m", numbers(range(50)), load)
    assert opened.built is Built.COMPARED
    assert list(tmp_path.iterdir()) == []


faiss = pytest.mark.skipif(find_spec("faiss") is None, reason="faiss is not installed")


@pytest.fixture
def opening(tmp_path: Path) -> Callable[..., tuple[Built, str, object]]:
    def open_(rows: range, model: str = "m") -> tuple[Built, str, object]:
        opened = open_nearest(tmp_path, model, numbers(rows), load, most_compared=100)
        return opened.built, opened.reason, opened.nearest

    return open_


@faiss
def test_many_vectors_are_found_nearly_as_well_and_the_index_is_read_next_time(tmp_path: Path) -> None:
    ids, queries = numbers(range(2500)), VECTORS[2500:2600]
    for built in (Built.MADE, Built.READ):
        opened = open_nearest(tmp_path, "m", ids, load, most_compared=100)
        assert opened.built is built
        assert recall(opened.nearest.search(queries, 10).ids, queries, ids) >= 0.95


@faiss
@pytest.mark.parametrize("allowed", [numbers(range(0, 2500, 100)), numbers(range(0, 2500, 2))])
def test_the_fewer_are_allowed_the_more_clusters_are_looked_into(tmp_path: Path, allowed: Ids) -> None:
    opened = open_nearest(tmp_path, "m", numbers(range(2500)), load, most_compared=100)
    found = opened.nearest.search(VECTORS[2500:2520], 10, allowed).ids
    assert among(found.ravel(), allowed).all()
    assert recall(found, VECTORS[2500:2520], allowed) >= 0.9


@faiss
def test_a_vector_that_came_after_the_index_is_found(opening: Callable[..., tuple[Built, str, BruteForce]]) -> None:
    opening(range(2400))
    built, _, nearest = opening(range(2450))
    assert built is Built.READ
    assert nearest.search(VECTORS[2449:2450], 1).ids.tolist() == [[24490]]


@faiss
def test_a_vector_that_went_is_not_found(opening: Callable[..., tuple[Built, str, BruteForce]]) -> None:
    opening(range(2400))
    built, _, nearest = opening(range(300, 2400))
    assert built is Built.READ
    found = nearest.search(VECTORS[:50], 10).ids
    assert found.min() >= 3000
    assert nearest.search(VECTORS[:1], 5, numbers(range(10))).ids.tolist() == [[-1] * 5]


@faiss
@pytest.mark.parametrize("rows", [range(2900), range(1500)])
def test_the_index_is_made_anew_when_much_has_changed(
    opening: Callable[..., tuple[Built, str, BruteForce]], rows: range
) -> None:
    opening(range(2400))
    built, reason, _ = opening(rows)
    assert (built, "came" in reason) == (Built.MADE, True)
    assert opening(rows)[0] is Built.READ


@faiss
def test_the_index_of_another_model_is_not_used(opening: Callable[..., tuple[Built, str, BruteForce]]) -> None:
    opening(range(2400))
    built, reason, _ = opening(range(2400), "other")
    assert (built, reason) == (Built.MADE, "it was made for m")


@faiss
def test_an_older_index_leaves_no_file_behind(
    tmp_path: Path, opening: Callable[..., tuple[Built, str, BruteForce]]
) -> None:
    opening(range(2400))
    opening(range(1000))
    assert len(list(tmp_path.iterdir())) == 3


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def scramble(path: Path) -> None:
    path.write_bytes(b"\x00" * path.stat().st_size)


def remove(path: Path) -> None:
    path.unlink()


@faiss
@pytest.mark.parametrize("damage", [cut, scramble, remove])
@pytest.mark.parametrize("which", ["*.faiss", "*.ids", "nearest.json"])
def test_a_damaged_index_is_noticed_and_made_anew(
    tmp_path: Path,
    opening: Callable[..., tuple[Built, str, BruteForce]],
    which: str,
    damage: Callable[[Path], None],
) -> None:
    opening(range(2400))
    damage(next(tmp_path.glob(which)))
    built, reason, nearest = opening(range(2400))
    assert built is Built.MADE
    assert reason or (which, damage) == ("nearest.json", remove)
    assert nearest.search(VECTORS[5:6], 1).ids.tolist() == [[50]]


@faiss
@pytest.mark.parametrize("manifest", [b"[]", b"null", b'{"schema": 1}', json.dumps({"schema": 9}).encode()])
def test_a_manifest_of_another_form_is_no_index(
    tmp_path: Path, opening: Callable[..., tuple[Built, str, BruteForce]], manifest: bytes
) -> None:
    (tmp_path / "nearest.json").write_bytes(manifest)
    assert opening(range(2400))[0] is Built.MADE
