"""The shared semantic tier: pgvector."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from sync.search.vectors.cache import normal_form, text_key
from sync.search.vectors.embedder import Embedder, Kind
from sync.taskmaster.context import tenant_of as tenant_of_context
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.postgres.database import POOL, TIMEOUT_S
from sync.taskmaster.tiers.postgres.migrations import Part
from sync.taskmaster.tiers.postgres.sharing import Lease
from sync.taskmaster.tiers.postgres.shelf import Shelf
from sync.taskmaster.tiers.postgres.vector_indexes import MOST_COMPARED, build_missing
from sync.taskmaster.tiers.postgres.vector_rows import Row, VectorRows
from sync.taskmaster.tiers.protocol import Near

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Vectors

QUESTIONS = 1_000
"""Questions whose vectors are kept in memory at most."""
_TEXTS_A_STEP = 256


class PgvectorSemantic:
    """Vectors of one journal's memories in a PostgreSQL database with pgvector, which other journals may share.

    Asks the server when it is first used; makes and upgrades its tables then. Vectors of other models stay, unseen.

    Args:
        url: `postgresql://user@host:port/name`.
        embedder: gives the vectors.
        space: the journal's name.
        tenant_of: the tenant of a context's id.
        pool: connections at most, of all tiers of this process that name the same database.
        timeout_s: seconds that a call may take before the server counts as down; an embedder's time aside.
        most_compared: a context with more vectors gets an index (HNSW), and its nearest are found through it.

    Raises:
        SettingsError: the URL is none of PostgreSQL.
    """

    def __init__(
        self,
        url: str,
        embedder: Embedder,
        *,
        space: str,
        tenant_of: Callable[[str], str] = tenant_of_context,
        pool: int = POOL,
        timeout_s: float = TIMEOUT_S,
        most_compared: int = MOST_COMPARED,
    ) -> None:
        self._lease = Lease(url, pool=pool, timeout_s=timeout_s)
        self._shelf = Shelf(self._lease.database, space, f"semantic {embedder.model_id}", Part.VECTORS, tenant_of)
        self._rows = VectorRows(self._shelf, embedder.dimension)
        self._embedder, self._most_compared = embedder, most_compared
        self._questions: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    @property
    def model(self) -> str:
        """The embedder's id."""
        return self._embedder.model_id

    def add(self, texts: Mapping[MemoryId, str]) -> int:
        """As `Semantic.add`. Committed every 256 texts, so that a run that is stopped goes on from there.

        A context that has become large gets its index before this returns, see `vector_indexes.build_missing`.

        Raises:
            EmbedderError, EndpointError: the embedder failed; what came before is kept.
            TierDownError: the server does not answer.
        """
        digests = {one: self._digest(text) for one, text in texts.items()}
        present = self._rows.digests(digests.keys())
        changed = [one for one, digest in digests.items() if present.get(one) != digest]
        computed = 0
        for at in range(0, len(changed), _TEXTS_A_STEP):
            part = changed[at : at + _TEXTS_A_STEP]
            vectors = self._rows.known({digests[one] for one in part})
            fresh = {digests[one]: texts[one] for one in part if digests[one] not in vectors}
            vectors.update(zip(fresh, self._embedded(list(fresh.values()), Kind.PASSAGE), strict=True))
            self._rows.put([Row(id=one, digest=digests[one], vector=vectors[digests[one]]) for one in part])
            computed += len(fresh)
        if changed:
            self._index({one.context for one in changed})
        return computed

    def remove(self, ids: Collection[MemoryId]) -> int:
        """As `Semantic.remove`."""
        return self._rows.remove(ids)

    def missing(self, ids: Collection[MemoryId]) -> list[MemoryId]:
        """As `Semantic.missing`; in the order given."""
        present = self._rows.digests(ids)
        return [one for one in ids if one not in present]

    def near(self, text: str, contexts: Sequence[str], limit: int) -> list[Near]:
        """As `Semantic.near`; what is equally near is ordered by id.

        Raises:
            EmbedderError, EndpointError: the question cannot be embedded.
            TierDownError: the server does not answer.
        """
        return self._rows.near(self._question(text), contexts, limit) if contexts and limit > 0 else []

    def count(self, context: str = "") -> int:
        """As `Semantic.count`."""
        return self._rows.count(context)

    def check(self) -> None:
        """As `Items.check`."""
        self._lease.database.check()

    def close(self) -> None:
        """As `Items.close`."""
        self._lease.close()

    def _index(self, contexts: Collection[str]) -> None:
        dimension = self._embedder.dimension
        build_missing(self._lease.database, self._shelf, contexts, dimension, most_compared=self._most_compared)

    def _question(self, text: str) -> str:
        with self._lock:
            if text in self._questions:
                self._questions.move_to_end(text)
                return self._questions[text]
        found = self._embedded([text], Kind.QUERY)[0]
        with self._lock:
            self._questions[text] = found
            while len(self._questions) > QUESTIONS:
                self._questions.popitem(last=False)
        return found

    def _embedded(self, texts: Sequence[str], kind: Kind) -> list[str]:
        if not texts:
            return []
        given = [normal_form(text) for text in texts] if kind is Kind.PASSAGE else texts
        return _texts_of(self._embedder.embed(given, kind=kind))

    def _digest(self, text: str) -> bytes:
        return sha256(self.model.encode() + b"\0" + text_key(text)).digest()[:16]


def _texts_of(vectors: Vectors) -> list[str]:
    """Vectors as PostgreSQL writes them."""
    return ["[" + ",".join(f"{number:.9g}" for number in row) + "]" for row in vectors.tolist()]
