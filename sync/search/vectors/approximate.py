"""The nearest of very many vectors: an inverted file of faiss, kept beside the vector cache.

Clusters with codes of 6 bits a number (IVF,SQ6): of a million vectors of 384 numbers it needs 300 MB. The file is a
projection. It is made anew when too much has come or gone since; until then, what came is compared one by one, and
what went is not allowed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.errors import UsageError
from sync.repository.files import read_or_none, write_atomic
from sync.search.vectors.nearest import BruteForce, Joined, Nearest, Neighbours, among, best

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sync.search.vectors.embedder import Vectors
    from sync.search.vectors.nearest import Ids

MOST_COMPARED = 100_000
"""Up to so many vectors, all are compared."""

_SCHEMA = 1
_MANIFEST = "nearest.json"
_PROBES = 20
_TRAINED_A_LIST = 40  # faiss warns below 39 vectors a list
_ADDED_AT_ONCE = 5_000
_MORE, _MOST_MORE = 4, 60  # near by their codes, compared exactly: so many times as are asked for, and no more
_FRESH_SHARE, _GONE_SHARE = 0.05, 0.3


class Built(Enum):
    """How an index came about."""

    COMPARED = "all are compared"
    READ = "read"
    MADE = "made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An index that is ready.

    Attributes:
        nearest: the index.
        built: how it came about.
        reason: why a file that was there was not used, in one line; empty where it was, or where there was none.
    """

    nearest: Nearest
    built: Built
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    """What the index's file holds: written last, so that it never names a file that is not whole."""

    schema: int
    model: str
    name: str
    size: int
    count: int
    probes: int


def open_nearest(
    folder: Path, model_id: str, ids: Ids, load: Callable[[Ids], Vectors], *, most_compared: int = MOST_COMPARED
) -> Opened:
    """An index of some passages, from the file where that is still good.

    Writes the file where it makes one; two processes that make it at once both end well.

    Args:
        folder: where the file lies; made where it is missing.
        model_id: of the vectors' embedder.
        ids: the passages, each once, in any order.
        load: gives the vectors of some of them, in order. Asked in pieces, so that they need not all fit in memory,
            and at every query for those that are near by their codes.
        most_compared: up to so many, all are compared; without faiss, however many there are.

    Raises:
        UsageError: the file cannot be written.
    """
    import numpy as np

    ids = np.sort(ids)
    if len(ids) <= most_compared or find_spec("faiss") is None:
        return Opened(nearest=BruteForce(ids, load(ids)), built=Built.COMPARED)
    kept, reason = _read(folder, model_id, load)
    if kept is not None:
        fresh, gone = ids[~among(ids, kept.ids)], kept.ids[~among(kept.ids, ids)]
        if len(fresh) <= _FRESH_SHARE * len(ids) and len(gone) <= _GONE_SHARE * len(kept.ids):
            kept.present = ids if len(gone) else None
            parts: list[Nearest] = [kept, BruteForce(fresh, load(fresh))] if len(fresh) else [kept]
            return Opened(nearest=Joined(parts), built=Built.READ)
        reason = f"{len(fresh)} passages came and {len(gone)} went since it was made"
    return Opened(nearest=_make(folder, model_id, ids, load), built=Built.MADE, reason=reason)


class InvertedFile:
    """The index of faiss.

    Args:
        index: of faiss, made with numbers of its own.
        ids: the numbers that it holds, sorted.
        probes: how many clusters a query looks into.
        load: gives the vectors of some of them, in order.

    Attributes:
        present: the only numbers that are still there, sorted; None where all are.
    """

    def __init__(self, index: Any, ids: Ids, probes: int, load: Callable[[Ids], Vectors]) -> None:
        self._index, self.ids, self._probes, self._load = index, ids, probes, load
        self.present: Ids | None = None

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> Neighbours:
        """The nearest among the clusters next to each query; the fewer are allowed, the more clusters."""
        import numpy as np

        faiss = import_module("faiss")
        choice = self._choice(allowed)
        parameters = faiss.SearchParametersIVF(nprobe=self._probes)
        if choice is not None:
            share = max(int(np.count_nonzero(choice)), 1) / len(self.ids)
            bits = np.packbits(choice, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)
            probes = min(self._index.nlist, math.ceil(self._probes / share))
            parameters = faiss.SearchParametersIVF(nprobe=probes, sel=selector)
        fetched = k + min(_MORE * k, _MOST_MORE)
        rows = self._index.search(np.ascontiguousarray(queries), fetched, params=parameters)[1]
        scores = np.stack([self._exact(query, found) for query, found in zip(queries, rows, strict=True)])
        return best(np.where(rows >= 0, self.ids[rows], -1), scores, k)

    def _exact(self, query: Vectors, rows: Ids) -> Vectors:
        """The cosines of what the codes say is near; they are too coarse to tell the nearest from the next."""
        import numpy as np

        scores = np.full(len(rows), -np.inf, np.float32)
        there = rows >= 0
        if there.any():
            scores[there] = self._load(self.ids[rows[there]]) @ query
        return scores

    def _choice(self, allowed: Ids | None) -> npt.NDArray[np.bool_] | None:
        """Which of the index's rows may be found; None for all."""
        if allowed is None:
            return self._there
        chosen = among(self.ids, allowed)
        return chosen if self._there is None else chosen & self._there

    @cached_property
    def _there(self) -> npt.NDArray[np.bool_] | None:
        return None if self.present is None else among(self.ids, self.present)


def _make(folder: Path, model_id: str, ids: Ids, load: Callable[[Ids], Vectors]) -> InvertedFile:
    import numpy as np

    faiss = import_module("faiss")
    lists = 1 << max(round(math.log2(2 * math.sqrt(len(ids)))), 4)
    sample = np.random.default_rng(0).choice(ids, min(len(ids), lists * _TRAINED_A_LIST), replace=False)
    trained = load(np.sort(sample))
    index = faiss.index_factory(trained.shape[1], f"IVF{lists},SQ6", faiss.METRIC_INNER_PRODUCT)
    index.train(trained)
    for at in range(0, len(ids), _ADDED_AT_ONCE):
        index.add(load(ids[at : at + _ADDED_AT_ONCE]))
    _write(folder, model_id, index, ids)
    return InvertedFile(index, ids, _PROBES, load)


def _write(folder: Path, model_id: str, index: Any, ids: Ids) -> None:
    name = "nearest-" + sha256(f"{_SCHEMA} {model_id} ".encode() + ids.tobytes()).hexdigest()[:16]
    path = folder / f"{name}.faiss"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_index(index, path)
    except (OSError, RuntimeError) as error:  # faiss raises RuntimeError on a full disk
        raise UsageError(f"{path}: cannot be written: {error}") from error
    write_atomic(folder / f"{name}.ids", [ids.tobytes()])
    size = path.stat().st_size
    manifest = _Manifest(schema=_SCHEMA, model=model_id, name=name, size=size, count=len(ids), probes=_PROBES)
    write_atomic(folder / _MANIFEST, [json.dumps(asdict(manifest)).encode()])
    for other in folder.glob("nearest-*"):
        if other.stem != name:
            other.unlink(missing_ok=True)


def _write_index(index: Any, path: Path) -> None:
    """Let faiss write to a name of its own first; it knows no atomic way."""
    handle, temporary = tempfile.mkstemp(prefix=".journal-", suffix=".tmp", dir=path.parent)
    try:
        import_module("faiss").write_index(index, temporary)
        os.fsync(handle)
        os.replace(temporary, path)
    finally:
        os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _read(folder: Path, model_id: str, load: Callable[[Ids], Vectors]) -> tuple[InvertedFile | None, str]:
    """The kept index; or none, and why."""
    import numpy as np

    text = read_or_none(folder / _MANIFEST)
    if text is None:
        return None, ""
    try:
        manifest = _Manifest(**json.loads(text))
        if (manifest.schema, manifest.model) != (_SCHEMA, model_id):
            return None, f"it was made for {manifest.model}"
        path = folder / f"{Path(manifest.name).name}.faiss"
        if path.stat().st_size != manifest.size:
            raise ValueError("its size is not what was written")  # noqa: TRY301
        ids = np.frombuffer(path.with_suffix(".ids").read_bytes(), np.int64)
        index = import_module("faiss").read_index(str(path))
        if not index.ntotal == len(ids) == manifest.count:
            raise ValueError("its vectors are not as many as its numbers")  # noqa: TRY301
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        return None, f"{folder / _MANIFEST}: it cannot be read: {error}"
    return InvertedFile(index, ids, manifest.probes, load), ""
