"""Measure the vector index and the embedders: recall, time and memory of the one, documents a second of the others.

    vectors.py [COUNT ...] [--keep FOLDER]      100000 1000000 where no count is given

Vectors are of 384 numbers, around 5,000 centres, with a spectrum that falls as that of texts does; queries are drawn
from the same distribution. Where JOURNAL_CORPUS names a folder with retrieval/*.jsonl.gz, the texts in it are embedded
by MiniLM, and its vectors are measured too: as they are, and resampled to the greatest count (between a vector and one
that is near it, and a little noise). The index is served by a process of its own, whose resident size is read at the
end. Prints a table, then one line of JSON.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sync.search.vectors.approximate import Built, open_nearest
from sync.search.vectors.cache import VectorCache
from sync.search.vectors.embedder import Embedder, EmbedderSettings, Kind, Missing, unit_rows
from sync.search.vectors.registry import open_embedder

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors
    from sync.search.vectors.nearest import Ids

DIMENSION = 384
CENTRES = 5_000
QUERIES = 500
K = 10
PIECE = 50_000
SAMPLE = 400


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--keep", type=Path, help="keep files and embedded texts here, for the next run")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        print(json.dumps(serve(arguments.serve)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        rows = [measure(folder / f"clustered-{count}", clustered(count), "clustered") for count in arguments.counts]
        embedders: list[dict[str, Any]] = []
        if "JOURNAL_CORPUS" in os.environ:
            texts = corpus(Path(os.environ["JOURNAL_CORPUS"]))
            embedders = [measured for name in ("minilm", "minilm-static") if (measured := speed(folder, name, texts))]
            real = embedded(folder, texts)
            if real is not None:
                rows.append(measure(folder / "real", real, "MiniLM", most_compared=0))
                count = max(arguments.counts)
                rows.append(measure(folder / "resampled", resampled(real, count), "MiniLM, resampled"))
    print_table(rows, embedders)
    print(json.dumps({"nearest": rows, "embedders": embedders}))


def clustered(count: int) -> Vectors:
    """Vectors around centres; the last `QUERIES` are the queries."""
    random = np.random.default_rng(0)
    spectrum = (np.arange(1, DIMENSION + 1) ** -0.4).astype(np.float32)
    spectrum /= np.sqrt((spectrum**2).mean())
    centres = random.standard_normal((CENTRES, DIMENSION), np.float32) * spectrum
    found = np.empty((count + QUERIES, DIMENSION), np.float32)
    for at in range(0, len(found), PIECE):
        part = found[at : at + PIECE]
        part[:] = centres[random.integers(CENTRES, size=len(part))]
        part += 0.7 * spectrum * random.standard_normal(part.shape, np.float32)
        unit_rows(part)
    return found


def resampled(real: Vectors, count: int) -> Vectors:
    """Many vectors that are distributed as a few real ones."""
    random = np.random.default_rng(0)
    near = np.argpartition(-(real @ real.T), 9, axis=1)[:, :9]
    found = np.empty((count + QUERIES, real.shape[1]), np.float32)
    for at in range(0, len(found), PIECE):
        part = found[at : at + PIECE]
        first = random.integers(len(real), size=len(part))
        second = near[first, random.integers(near.shape[1], size=len(part))]
        share = random.random((len(part), 1), np.float32)
        part[:] = (1 - share) * real[first] + share * real[second]
        part += 0.02 * random.standard_normal(part.shape, np.float32)
        unit_rows(part)
    return found


def measure(folder: Path, vectors: Vectors, name: str, *, most_compared: int | None = None) -> dict[str, Any]:
    """Build the index over all but the queries, and let another process serve it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept, queries = vectors[:-QUERIES], vectors[-QUERIES:]
    np.save(folder / "vectors.npy", kept)
    np.save(folder / "queries.npy", queries)
    np.save(folder / "truth.npy", nearest_of(kept, queries))
    most = {} if most_compared is None else {"most_compared": most_compared}
    (folder / "most.json").write_text(json.dumps(most))
    start = time.perf_counter()
    opened = open_nearest(folder, "m", np.arange(len(kept)), kept.__getitem__, **most)
    built = time.perf_counter() - start
    size = sum(path.stat().st_size for path in folder.glob("nearest-*"))
    command = [sys.executable, __file__, "--serve", str(folder)]
    served = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    made = {"build_s": round(built, 1), "file_mb": round(size / 1e6)} if opened.built is Built.MADE else {}
    return {"vectors": name, "count": len(kept), **made, **served}


def nearest_of(kept: Vectors, queries: Vectors) -> Ids:
    """What is nearest in truth."""
    found = [np.argpartition(-(kept @ query), K)[:K] for query in queries]
    truth: Ids = np.stack(found)
    return truth


def serve(folder: Path) -> dict[str, Any]:
    """Open the index as a server does, ask every query by itself, and say what it took."""
    queries, truth = np.load(folder / "queries.npy"), np.load(folder / "truth.npy")
    settings = json.loads((folder / "most.json").read_text())
    start = time.perf_counter()
    opened = open_nearest(
        folder, "m", np.arange(len(np.load(folder / "vectors.npy", "r"))), rows_in(folder), **settings
    )
    open_s = time.perf_counter() - start
    taken, hits = [], 0
    for query, wanted in zip(queries, truth, strict=True):
        start = time.perf_counter()
        found = opened.nearest.search(query[None], K)
        taken.append(time.perf_counter() - start)
        hits += len({*found.ids[0].tolist()} & {*wanted.tolist()})
    p50, p95 = np.percentile(taken, [50, 95]) * 1e3
    return {
        "open_s": round(open_s, 2),
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
        "recall@10": round(hits / truth.size, 4),
        "rss_mb": round(resident_megabytes()),
    }


def rows_in(folder: Path) -> Callable[[Ids], Vectors]:
    """What gives vectors from the file, which is mapped for no longer than it takes."""
    return lambda ids: np.array(np.load(folder / "vectors.npy", "r")[ids])


def resident_megabytes() -> float:
    """What this process holds in memory now (Linux; elsewhere the most it ever held)."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def corpus(folder: Path) -> list[str]:
    """The documents of the retrieval sets."""
    texts = []
    for path in sorted(folder.glob("retrieval/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            texts += [row["text"] for row in map(json.loads, lines) if row["type"] == "doc"]
    return list(dict.fromkeys(texts))


def speed(folder: Path, name: str, texts: list[str]) -> dict[str, Any] | None:
    """Documents a second over a sample, and milliseconds of one question."""
    embedder = ready(folder, name)
    if embedder is None:
        return None
    sample = texts[:: max(len(texts) // SAMPLE, 1)]
    start = time.perf_counter()
    embedder.embed(sample, kind=Kind.PASSAGE)
    documents = len(sample) / (time.perf_counter() - start)
    taken = []
    for text in sample[:50]:
        start = time.perf_counter()
        embedder.embed([" ".join(text.split()[:10])], kind=Kind.QUERY)
        taken.append(time.perf_counter() - start)
    words = sum(len(text.split()) for text in sample) / len(sample)
    return {
        "embedder": name,
        "documents/s": round(documents),
        "words a document": round(words),
        "question_ms": round(float(np.median(taken)) * 1e3, 2),
    }


def ready(folder: Path, name: str) -> Embedder | None:
    """An embedder that has read its model; None where it is not installed."""
    embedder = open_embedder(EmbedderSettings(model=name), folder)
    if isinstance(embedder, Missing):
        print(embedder.reason, file=sys.stderr)
        return None
    embedder.embed(["ready"], kind=Kind.QUERY)
    return embedder


def embedded(folder: Path, texts: list[str]) -> Vectors | None:
    """MiniLM's vectors of all texts."""
    embedder = ready(folder, "minilm")
    if embedder is None:
        return None
    with VectorCache(folder) as cache:
        return np.random.default_rng(0).permutation(cache.embed(texts, embedder).vectors)


def print_table(rows: list[dict[str, Any]], embedders: list[dict[str, Any]]) -> None:
    """Both results, a line each."""
    for group in (rows, embedders):
        columns = list(dict.fromkeys(key for row in group for key in row))
        for row in [dict(zip(columns, columns, strict=True)), *group] if group else []:
            print("  ".join(f"{row.get(column, '')!s:>17}" for column in columns))
        print()


if __name__ == "__main__":
    main()
