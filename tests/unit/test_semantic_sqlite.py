"""What the embedded semantic tier keeps beside its contract: bounds, very large contexts, damaged files."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from word_embedder import WordEmbedder  # noqa: E402

from sync.errors import RefusedError, UsageError  # noqa: E402
from sync.search.vectors.embedder import Kind  # noqa: E402
from sync.taskmaster.memory import MemoryId  # noqa: E402
from sync.taskmaster.tiers.matrices import Matrices, Matrix, cosines, pack, unpack, vectors_of  # noqa: E402
from sync.taskmaster.tiers.sqlite.faults import DamagedTierError  # noqa: E402
from sync.taskmaster.tiers.sqlite.semantic import SqliteSemantic  # noqa: E402

LARGE = 2_000
KILLED = """
import os, signal, sys
from pathlib import Path
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.sqlite.semantic import SqliteSemantic
from word_embedder import WordEmbedder

class Dying(WordEmbedder):
    def embed(self, texts, *, kind):
        if len(self.asked) >= 512:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(texts, kind=kind)

SqliteSemantic(Path(sys.argv[1]), Dying()).add({MemoryId("a", f"k{n}"): f"text {n}" for n in range(1000)})
"""


def texts_of(count: int, context: str = "a", word: str = "text") -> dict[MemoryId, str]:
    return {
        MemoryId(context, f"{word}{number}"): f"{word} {number} {number % 7} {number % 11}" for number in range(count)
    }


def open_at(folder: Path, **others: int) -> SqliteSemantic:
    return SqliteSemantic(folder / "semantic.sqlite", WordEmbedder(), **others)


def test_packed_vectors_are_nearly_what_they_were() -> None:
    vectors = WordEmbedder().embed(["a b", "", "c c c d e f"], kind=Kind.PASSAGE)
    rows = unpack(b"".join(pack(vectors)), 64)
    assert np.abs(vectors_of(rows) - vectors).max() < 0.005
    assert np.abs(cosines(rows, vectors[0]) - vectors @ vectors[0]).max() < 0.01


def test_the_matrices_asked_last_stay_within_the_bound() -> None:
    kept = Matrices(3_100)
    for context in range(10):
        kept.put(context, matrix(10))
        kept.get(0)
        assert kept.size <= 3_100
    assert [context for context in range(10) if kept.get(context)] == [0, 8, 9]


def test_the_last_matrix_is_kept_however_large() -> None:
    kept = Matrices(3_100)
    kept.put(1, matrix(10))
    kept.put(2, matrix(1_000))
    assert (kept.get(1), kept.get(2) is not None) == (None, True)


def test_memory_has_a_bound_over_all_contexts(tmp_path: Path) -> None:
    with closing(open_at(tmp_path, memory=100_000)) as semantic:
        for number in range(30):
            semantic.add(texts_of(100, f"tenant:{number}"))
        for number in range(30):
            assert semantic.near("text 3 3 3", [f"tenant:{number}"], 1)[0].score > 0.95
            assert semantic.memory <= 100_000


def test_a_very_large_context_is_searched_through_an_index(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    with closing(open_at(tmp_path, most_compared=LARGE)) as semantic:
        semantic.add(texts_of(LARGE + 100))
        assert list((tmp_path / "semantic-nearest").glob("*/*.faiss"))
        assert semantic.near("text 5 5 5", ["a"], 1)[0].score > 0.95
        semantic.add({MemoryId("a", "new"): "castle by the lake"})
        assert semantic.near("castle by the lake", ["a"], 1)[0].id.key == "new"
        semantic.remove([MemoryId("a", "new")])
        assert semantic.near("castle by the lake", ["a"], 1)[0].id.key != "new"
    with closing(open_at(tmp_path, most_compared=LARGE)) as semantic:
        semantic.add(texts_of(400, word="later"))
        assert semantic.near("later 5 5 5", ["a"], 1)[0].id.key.startswith("later")


def test_a_run_that_is_killed_keeps_whole_steps_and_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "semantic.sqlite"
    path = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(file)], env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    texts = {MemoryId("a", f"k{number}"): f"text {number}" for number in range(1_000)}
    with closing(open_at(tmp_path)) as semantic:
        missing = semantic.missing(list(texts))
        assert len(missing) == 1_000 - 512 == 1_000 - semantic.count()
        assert semantic.add(texts) == len(missing)
        assert len(semantic.near("text", ["a"], 2_000)) == 1_000


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "semantic.sqlite").write_bytes(b"something else entirely" * 100)
    with pytest.raises(DamagedTierError, match=r"semantic\.sqlite: it is damaged") as caught:
        open_at(tmp_path)
    assert "consolidate" in caught.value.hint


def test_another_program_s_file_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "semantic.sqlite")) as other:
        other.execute("create table recipes (name text)")
    with pytest.raises(RefusedError, match="another program"):
        open_at(tmp_path)


def test_a_closed_one_says_so(tmp_path: Path) -> None:
    semantic = open_at(tmp_path)
    semantic.close()
    with pytest.raises(UsageError, match="it was closed"):
        semantic.count()


def matrix(count: int) -> Matrix:
    rows = unpack(b"".join(pack(np.ones((count, 64), np.float32) / 8)), 64)
    return Matrix(ids=np.arange(count), rows=rows, last=count)
