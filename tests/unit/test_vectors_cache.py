"""Vectors that were computed are kept, whatever happens to the process or the file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

np = pytest.importorskip("numpy")

from word_embedder import WordEmbedder  # noqa: E402

from sync.errors import RetryError, UsageError  # noqa: E402
from sync.search.vectors.cache import VectorCache, normal_form, text_key  # noqa: E402
from sync.search.vectors.embedder import EmbedderError, Kind  # noqa: E402

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors

TEXTS = [f"entry number {number} of the journal" for number in range(40)]


def test_a_text_is_computed_once_and_has_the_same_vector_ever_after(tmp_path: Path) -> None:
    embedder = WordEmbedder()
    with VectorCache(tmp_path) as cache:
        first = cache.embed(TEXTS, embedder)
    with VectorCache(tmp_path) as cache:
        second = cache.embed(TEXTS[::-1], embedder)
    assert (first.computed, second.computed, len(embedder.asked)) == (40, 0, 40)
    assert (first.vectors == second.vectors[::-1]).all()


def test_many_texts_are_looked_up_at_once_and_those_of_others_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.search.vectors.cache._ONE_BY_ONE", 3)
    with VectorCache(tmp_path) as cache:
        cache.embed(TEXTS, WordEmbedder())
        cache.embed(TEXTS, WordEmbedder("other:1", dimension=32))
        found, damaged = cache.load([text_key(text) for text in TEXTS[:5]], "words:1")
    assert (set(found), damaged) == ({text_key(text) for text in TEXTS[:5]}, 0)


def test_what_is_kept_is_what_the_embedder_said_to_half_precision(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        kept = cache.embed(TEXTS, WordEmbedder()).vectors
    exact = WordEmbedder().embed(TEXTS, kind=Kind.PASSAGE)
    assert np.abs((kept * exact).sum(axis=1) - 1).max() < 1e-6
    assert np.abs(np.linalg.norm(kept, axis=1) - 1).max() < 1e-6


def test_equal_texts_in_other_white_space_or_composition_are_one(tmp_path: Path) -> None:
    embedder = WordEmbedder()
    with VectorCache(tmp_path) as cache:
        cache.embed(["un été  chaud", "un e\u0301te\u0301\nchaud "], embedder)
    assert embedder.asked == ["un été chaud"]


def test_models_do_not_share_vectors(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        cache.embed(TEXTS, WordEmbedder("one:1"))
        other = cache.embed(TEXTS, WordEmbedder("two:1", dimension=32))
    assert (other.computed, other.vectors.shape) == (40, (40, 32))


def test_no_texts_have_no_vectors_but_a_shape(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        assert cache.embed([], WordEmbedder()).vectors.shape == (0, 64)


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "🙂 " * 3, "x" * 100_000, "ا ب"])
def test_any_text_has_a_key(text: str) -> None:
    assert len(text_key(text)) == 32


@pytest.mark.parametrize("text", ["- **Ada**: it works", "12) Ada: **it  works**", "* Ada: it works\n"])
def test_marks_of_lists_and_of_bold_words_are_not_embedded(text: str) -> None:
    assert normal_form(text) == "Ada: it works"


def test_progress_counts_what_is_missing_alone(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with VectorCache(tmp_path) as cache:
        cache.embed(TEXTS[:10], WordEmbedder())
        cache.embed(
            [*TEXTS, *(f"more {number}" for number in range(300))],
            WordEmbedder(),
            progress=lambda *now: seen.append(now),
        )
    assert seen == [(256, 330), (330, 330)]


class Failing(WordEmbedder):
    """Fails from its second batch on."""

    def embed(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        if self.asked:
            raise EmbedderError("the model is gone")
        return super().embed(texts, kind=kind)


def test_what_came_before_a_failure_is_kept(tmp_path: Path) -> None:
    many = [f"text {number}" for number in range(300)]
    with VectorCache(tmp_path) as cache, pytest.raises(EmbedderError):
        cache.embed(many, Failing())
    with VectorCache(tmp_path) as cache:
        assert cache.embed(many, WordEmbedder()).computed == 300 - 256


def test_vectors_of_texts_that_are_gone_can_be_forgotten(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        cache.embed(TEXTS, WordEmbedder())
        cache.embed(TEXTS, WordEmbedder("other:1"))
        assert cache.forget("words:1", but=[text_key(text) for text in TEXTS[:5]]) == 35
        assert cache.embed(TEXTS, WordEmbedder()).computed == 35
        assert cache.embed(TEXTS, WordEmbedder("other:1")).computed == 0


def garble(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def scramble_pages(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + os.urandom(len(data) - 4096))


def of_the_future(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("pragma user_version = 99")
    database.close()


@pytest.mark.parametrize("damage", [garble, cut, scramble_pages, of_the_future])
def test_a_damaged_file_is_begun_anew_and_said(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with VectorCache(tmp_path) as cache:
        cache.embed(TEXTS, WordEmbedder())
    damage(tmp_path / "vectors.sqlite")
    with VectorCache(tmp_path) as cache:
        assert cache.embed(TEXTS, WordEmbedder()).computed == 40
        assert "computed again" in cache.rebuilt
    with VectorCache(tmp_path) as cache:
        assert (cache.embed(TEXTS, WordEmbedder()).computed, cache.rebuilt) == (0, "")


def test_a_vector_whose_bits_turned_is_computed_again(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        right = cache.embed(TEXTS, WordEmbedder()).vectors
    database = sqlite3.connect(tmp_path / "vectors.sqlite")
    with database:
        database.execute("update vectors set vector = zeroblob(length(vector)) where text = ?", (text_key(TEXTS[3]),))
    database.close()
    with VectorCache(tmp_path) as cache:
        again = cache.embed(TEXTS, WordEmbedder())
    assert (again.computed, again.damaged) == (1, 1)
    assert (again.vectors == right).all()


def test_a_model_that_changes_its_dimension_is_an_error_not_a_mixture(tmp_path: Path) -> None:
    with VectorCache(tmp_path) as cache:
        cache.embed(TEXTS[:3], WordEmbedder())
        with pytest.raises(EmbedderError, match="no longer of the length"):
            cache.embed(TEXTS, WordEmbedder(dimension=32))


WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from word_embedder import WordEmbedder
from sync.search.vectors.cache import VectorCache
with VectorCache(Path(sys.argv[1])) as cache:
    print("ready", flush=True)
    done = cache.embed([f"text {number}" for number in range(int(sys.argv[3]))], WordEmbedder())
    print(done.computed, flush=True)
    if sys.argv[4] == "linger":
        sys.stdin.read()
"""


def writer(folder: Path, count: int, *, linger: bool = False) -> subprocess.Popen[str]:
    arguments = [str(folder), str(Path(__file__).parents[1]), str(count), "linger" if linger else "go"]
    command = [sys.executable, "-c", WRITER, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_write_at_once_both_end_well(tmp_path: Path) -> None:
    both = [writer(tmp_path, 2000) for _ in range(2)]
    outputs = [process.communicate()[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(output[0] == "ready" for output in outputs)
    with VectorCache(tmp_path) as cache:
        again = cache.embed([f"text {number}" for number in range(2000)], WordEmbedder())
    assert (again.computed, again.damaged, cache.rebuilt) == (0, 0, "")


def test_what_a_killed_process_had_committed_is_there(tmp_path: Path) -> None:
    process = writer(tmp_path, 600, linger=True)
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert process.stdout.readline() == "600\n"
        process.send_signal(signal.SIGKILL)
    with VectorCache(tmp_path) as cache:
        assert cache.embed([f"text {number}" for number in range(600)], WordEmbedder()).computed == 0
        assert cache.rebuilt == ""


def test_a_file_that_another_holds_is_an_error_that_says_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.search.vectors.cache._WAIT_S", 0.05)
    with VectorCache(tmp_path) as cache:
        holder = sqlite3.connect(tmp_path / "vectors.sqlite", isolation_level=None)
        holder.execute("begin exclusive")
        with pytest.raises(RetryError):
            cache.embed(TEXTS, WordEmbedder())
        holder.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        VectorCache(tmp_path / "file" / "below")
