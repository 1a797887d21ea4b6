"""The embedded semantic tier: vectors in SQLite, compared in memory; very many of one context through faiss."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sync.search.vectors.approximate import MOST_COMPARED, open_nearest
from sync.search.vectors.cache import normal_form, text_key
from sync.search.vectors.embedder import Embedder, Kind
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.matrices import Matrices, Matrix, pack, unpack, vectors_of
from sync.taskmaster.tiers.protocol import Near
from sync.taskmaster.tiers.sqlite.semantic_tables import Extent, Packed, Row, SemanticTables

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors
    from sync.search.vectors.nearest import Ids
    from sync.taskmaster.tiers.matrices import Rows

MEMORY = 96 * 2**20
"""Bytes of vectors that are kept in memory at most, all contexts together."""
QUESTIONS = 1_000
"""Questions whose vectors are kept in memory at most."""
_TEXTS_A_STEP = 256
_SPARE = 8  # of the nearest, some may just have been forgotten
_GONE_SHARE, _GONE_FREE = 0.25, 64
_FRESH_SHARE = 0.05  # approximate.py makes its file anew above it


class SqliteSemantic:
    """Vectors of memories in one file. Needs NumPy once it is asked something (extra `vectors`).

    What another process adds or removes is seen by the next question. Vectors of other models stay in the file, unseen.

    Args:
        file: the database; made where it is missing. Indexes of very large contexts are in a folder beside it.
        embedder: gives the vectors.
        memory: bytes of vectors to keep in memory at most; one context's are kept however large.
        most_compared: a context with more vectors is searched through faiss, where it is installed.

    Raises:
        UsageError, RefusedError, DamagedTierError, TierDownError: as of `Database`.
    """

    def __init__(
        self, file: Path, embedder: Embedder, *, memory: int = MEMORY, most_compared: int = MOST_COMPARED
    ) -> None:
        self._tables = SemanticTables(file, embedder.model_id)
        self._folder = file.with_name(f"{file.stem}-nearest")
        self._embedder, self._most_compared = embedder, most_compared
        self._matrices = Matrices(memory)
        self._questions: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    @property
    def model(self) -> str:
        """The embedder's id."""
        return self._embedder.model_id

    @property
    def memory(self) -> int:
        """Bytes of vectors that are in memory now."""
        return self._matrices.size

    def add(self, texts: Mapping[MemoryId, str]) -> int:
        """As `Semantic.add`. Committed every 256 texts, so that a run that is stopped goes on from there.

        Raises:
            EmbedderError, EndpointError: the embedder failed; what came before is kept.
            TierDownError: another process has been writing for too long.
        """
        digests = {one: self._digest(text) for one, text in texts.items()}
        present = self._tables.texts(digests.keys())
        changed = [one for one, digest in digests.items() if present.get(one) != digest]
        computed = 0
        for at in range(0, len(changed), _TEXTS_A_STEP):
            part = changed[at : at + _TEXTS_A_STEP]
            vectors = self._tables.known({digests[one] for one in part})
            fresh = {digests[one]: texts[one] for one in part if digests[one] not in vectors}
            vectors.update(zip(fresh, self._embedded(list(fresh.values())), strict=True))
            self._tables.put([Row(id=one, text=digests[one], vector=vectors[digests[one]]) for one in part])
            computed += len(fresh)
        for extent in self._tables.extents({one.context for one in changed}):
            if self._is_large(extent):
                self._matrix(extent)
        return computed

    def remove(self, ids: Collection[MemoryId]) -> int:
        """As `Semantic.remove`."""
        return self._tables.remove(ids)

    def missing(self, ids: Collection[MemoryId]) -> list[MemoryId]:
        """As `Semantic.missing`; in the order given."""
        present = self._tables.texts(ids)
        return [one for one in ids if one not in present]

    def near(self, text: str, contexts: Sequence[str], limit: int) -> list[Near]:
        """As `Semantic.near`; what is equally near is ordered by id.

        Raises:
            EmbedderError, EndpointError: the question cannot be embedded.
        """
        extents = [one for one in self._tables.extents(dict.fromkeys(contexts)) if one.count]
        if not extents or limit < 1:
            return []
        question = self._question(text)
        found, is_stale = self._nearest(question, extents, limit, {one.number: self._matrix(one) for one in extents})
        if is_stale:
            again = {one.number: self._loaded(one, is_exact=True) for one in extents}
            found, _ = self._nearest(question, extents, limit, again)
        return found

    def count(self, context: str = "") -> int:
        """As `Semantic.count`."""
        return self._tables.count(context)

    def check(self) -> None:
        """As `Items.check`."""
        self._tables.extents([""])

    def close(self) -> None:
        """As `Items.close`."""
        self._tables.close()

    def _nearest(
        self, question: Vectors, extents: Sequence[Extent], limit: int, matrices: Mapping[int, Matrix]
    ) -> tuple[list[Near], bool]:
        """The nearest of some contexts, and whether so many of them are gone that there may be others."""
        pairs = [
            (score, id_, extent.name)
            for extent in extents
            for score, id_ in matrices[extent.number].nearest(question, limit + _SPARE)
        ]
        best = sorted(pairs, key=lambda pair: -pair[0])[: limit + _SPARE]
        keys = self._tables.keys([id_ for _, id_, _ in best])
        found = [
            Near(id=MemoryId(name, keys[id_]), score=min(max(score, 0.0), 1.0))
            for score, id_, name in best
            if id_ in keys
        ]
        is_stale = len(found) < min(limit, len(best)) and len(keys) < len(best)
        return sorted(found, key=lambda one: (-one.score, one.id))[:limit], is_stale

    def _matrix(self, extent: Extent) -> Matrix:
        """The matrix of a context as the file has it, but for some that are gone."""
        kept = self._matrices.get(extent.number)
        if kept is None:
            return self._loaded(extent)
        if kept.last < extent.last:
            kept = self._extended(kept, extent)
            self._matrices.put(extent.number, kept)
        is_outgrown = self._is_large(extent) and len(kept.ids) > max(_FRESH_SHARE * kept.indexed, _GONE_FREE)
        is_hollow = len(kept) - extent.count > _GONE_FREE + _GONE_SHARE * extent.count
        return self._loaded(extent) if is_outgrown or is_hollow else kept

    def _loaded(self, extent: Extent, *, is_exact: bool = False) -> Matrix:
        """The matrix of a context, read anew."""
        matrix = self._indexed(extent) if self._is_large(extent) else self._whole(extent, is_exact=is_exact)
        self._matrices.put(extent.number, matrix)
        return matrix

    def _whole(self, extent: Extent, *, is_exact: bool) -> Matrix:
        """All vectors of a context; not exact, some are among them that are gone."""
        ids, rows = self._arrays(Packed(ids=b"", vectors=b"") if is_exact else self._tables.pack(extent.number))
        last = int(ids[-1]) if len(ids) else 0
        before = Matrix(ids=ids, rows=rows, last=last)
        if last >= extent.last:
            return before
        return self._extended(before, extent)

    def _extended(self, matrix: Matrix, extent: Extent) -> Matrix:
        """The same with what has come since. Rows may have come since the extent was read, or the last have gone."""
        ids, rows = self._arrays(self._tables.after(extent.number, matrix.last))
        return matrix.extended(ids, rows, max(int(ids[-1]) if len(ids) else 0, extent.last))

    def _indexed(self, extent: Extent) -> Matrix:
        import numpy as np

        ids = np.array(self._tables.ids(extent.number), np.int64)
        folder = self._folder / str(extent.number)
        index = open_nearest(folder, self.model, ids, self._load, most_compared=self._most_compared).nearest
        nothing = unpack(b"", self._embedder.dimension)
        return Matrix(ids=ids[:0], rows=nothing, index=index, indexed=len(ids), last=max(int(ids[-1]), extent.last))

    def _arrays(self, packed: Packed) -> tuple[Ids, Rows]:
        import numpy as np

        return np.frombuffer(packed.ids, np.int64), unpack(packed.vectors, self._embedder.dimension)

    def _load(self, ids: Ids) -> Vectors:
        """Vectors by number; zeros for what is gone."""
        numbers = ids.tolist()
        found = self._tables.vectors(numbers)
        nothing = bytes(self._embedder.dimension + 4)
        return vectors_of(unpack(b"".join(found.get(id_, nothing) for id_ in numbers), self._embedder.dimension))

    def _is_large(self, extent: Extent) -> bool:
        return extent.count > self._most_compared and find_spec("faiss") is not None

    def _question(self, text: str) -> Vectors:
        with self._lock:
            if text in self._questions:
                self._questions.move_to_end(text)
                return self._questions[text]
        found: Vectors = self._embedder.embed([text], kind=Kind.QUERY)[0]
        with self._lock:
            self._questions[text] = found
            while len(self._questions) > QUESTIONS:
                self._questions.popitem(last=False)
        return found

    def _embedded(self, texts: Sequence[str]) -> list[bytes]:
        if not texts:
            return []
        return pack(self._embedder.embed([normal_form(text) for text in texts], kind=Kind.PASSAGE))

    def _digest(self, text: str) -> bytes:
        return sha256(self.model.encode() + b"\0" + text_key(text)).digest()[:16]
