"""Bringing the index of a journal up to date before anybody asks, vectors included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.searcher import Searcher
from sync.search.index.engines import remove_index


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexResult:
    """An index that is up to date.

    Attributes:
        entries: versions of entries that make up the journal.
        passages: passages in the index, of all branches.
        vectors: passages that have a vector; 0 where there is no model.
        model: name of the model; `off` for none.
        notes: what is missing, what was rebuilt.
    """

    entries: int
    passages: int
    vectors: int
    model: str
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "entries": self.entries,
            "passages": self.passages,
            "vectors": self.vectors,
            "model": self.model,
            "notes": list(self.notes),
        }


def index(
    journal: Journal, *, rebuild: bool = False, progress: Progress = no_progress, embedding: Progress = no_progress
) -> IndexResult:
    """Bring the index up to date, and give every passage a vector where a model is set up.

    Args:
        journal: the journal.
        rebuild: throw the index away first; vectors are kept, for they are made of texts alone.
        progress: told how many entries have been read.
        embedding: told how many passages have been given vectors.
    """
    if rebuild and journal.state_folder is not None:
        remove_index(journal.state_folder)
    with Searcher(journal, progress=progress, embedding=embedding) as searcher:
        vectors = searcher.give_vectors()
        return IndexResult(
            entries=searcher.searched,
            passages=searcher.index.catalogue.count_passages(),
            vectors=vectors,
            model=searcher.model,
            notes=searcher.notes,
        )
