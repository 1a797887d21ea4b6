"""What the passages of a journal mean, where something on this machine can tell."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from sync.errors import JournalError
from sync.operations.endpoint import embedder_settings
from sync.operations.entry_lines import read_lines
from sync.operations.journal import Journal, Progress
from sync.search.analysis import Language, language_of
from sync.search.filters import Mode
from sync.search.find import Blend
from sync.search.index.catalogue import NUMBER_BITS, Trait
from sync.search.index.index import Index, Snapshot
from sync.search.vectors.embedder import Missing
from sync.search.vectors.fusion import NOTHING, Tongue, weights_for
from sync.search.vectors.registry import open_embedder

if TYPE_CHECKING:
    from sync.search.vectors.cache import VectorCache
    from sync.search.vectors.embedder import Embedder
    from sync.search.vectors.meaning import Cosines, Meaning, Text

AT_ONCE = 3_000
"""So many passages at most are given vectors by a search that nobody told to: more take longer than an answer may."""

_FOLDER = "vectors"
_OF_AN_INDEX = "of-"  # what is kept by passages' numbers, and means nothing to another index


class Understanding:
    """Vectors of the passages of one journal, made when they are first needed.

    Args:
        journal: the journal.
        model: its name, see `chosen_model`.
        progress: told how many passages have been given vectors, and how many there are to be.

    Attributes:
        notes: what is missing for it, or went wrong.
        meaning: the vectors; None before `prepare`, and where there are none.
    """

    def __init__(self, journal: Journal, model: str, progress: Progress) -> None:
        self._journal, self._model, self._progress = journal, model, progress
        self._cache: VectorCache | None = None
        self._entries: dict[int, list[int]] = {}
        self._prepared = b""
        self.meaning: Meaning | None = None
        self.notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many passages have vectors."""
        return sum(map(len, self._entries.values())) if self.meaning is not None else 0

    def close(self) -> None:
        """Let go of the vectors' file."""
        if self._cache is not None:
            self._cache.__exit__()
            self._cache = None

    def forget(self) -> None:
        """Prepare again, for another index, which numbers passages in its own way."""
        self._prepared, self.meaning = b"", None

    def prepare(self, index: Index, snapshot: Snapshot, *, is_asked_for: bool) -> None:
        """Give vectors to all passages of a journal that have none.

        Args:
            index: the index.
            snapshot: the journal.
            is_asked_for: whether somebody asked for it; else it is only done where it does not take long.

        Effects:
            Writes vectors below the state folder. Sets `meaning` and `notes`; nothing is raised, a search goes on
            without vectors.
        """
        state = blake2b(snapshot.ids.tobytes() + bytes([is_asked_for])).digest()
        if state == self._prepared:
            return
        self._prepared, self.meaning, self.notes = state, None, ()
        try:
            folder = self._journal.state_folder
            embedder = self._embedder()
            if isinstance(embedder, Missing):
                self.notes = (f"searching by words alone: {embedder.reason}; {embedder.remedy}",)
            elif folder is None:
                self.notes = ("searching by words alone: without Git there is no place to keep vectors in",)
            else:
                own = folder / _FOLDER / f"{_OF_AN_INDEX}{index.catalogue.get('name'):x}"
                self._open(own, embedder, self._texts(index, snapshot), is_asked_for=is_asked_for)
        except JournalError as error:
            self.notes = (f"searching by words alone: {error.message}",)

    def blend(self, index: Index, snapshot: Snapshot, question: str, mode: Mode | None) -> Blend | None:
        """What meanings add to a search; None where there are none.

        Args:
            index: the index.
            snapshot: the journal.
            question: any text.
            mode: what was asked for; None for the best way that does not take long to prepare.
        """
        self.prepare(index, snapshot, is_asked_for=mode is not None)
        if self.meaning is None:
            return None
        language = language_of(question, index.language)
        tongue = Tongue.ENGLISH if language is Language.ENGLISH else Tongue.OTHER
        weights = weights_for(self.meaning.model_id, tongue)
        if mode is Mode.SEMANTIC:
            weights = weights_for(self.meaning.model_id, Tongue.ENGLISH)
        elif weights == NOTHING:
            return None
        return Blend(cosines=partial(self._cosines, question), weights=weights, by_words=mode is not Mode.SEMANTIC)

    def _cosines(self, question: str, found: Sequence[int], entries: Sequence[int] | None) -> Mapping[int, Cosines]:
        if self.meaning is None:
            return {}
        allowed = None if entries is None else [id_ for entry in entries for id_ in self._entries.get(entry, ())]
        try:
            return self.meaning.cosines(question, found, allowed=allowed)
        except JournalError as error:
            self.notes = (f"searching by words alone: {error.message}",)
            return {}

    def _embedder(self) -> Embedder | Missing:
        settings = embedder_settings(self._journal, self._model)
        return open_embedder(settings, (self._journal.state_folder or self._journal.root) / _FOLDER)

    def _open(self, folder: Path, embedder: Embedder, texts: Sequence[Text], *, is_asked_for: bool) -> None:
        from sync.search.vectors.cache import VectorCache, text_key
        from sync.search.vectors.meaning import open_meaning

        self._cache = self._cache or VectorCache(folder.parent)
        if not is_asked_for and len(texts) > AT_ONCE:
            keys = {text_key(text.text) for text in texts}
            missing = len(keys) - len(self._cache.load(list(keys), embedder.model_id)[0])
            if missing > AT_ONCE:
                self.notes = (f"{missing} passages have no vectors yet; to make them, run: journal index",)
                return
        _remove_others(folder)
        self.meaning = open_meaning(folder, self._cache, embedder, texts, progress=self._progress)
        if self._cache.rebuilt:
            self.notes = (self._cache.rebuilt,)

    def _texts(self, index: Index, snapshot: Snapshot) -> list[Text]:
        from sync.search.vectors.meaning import Text

        own = set(snapshot.ids)
        lines = read_lines(self._journal.root, [entry for entry in index.catalogue.entries() if entry.id in own])
        texts = []
        self._entries = {}
        for id_, first, last, traits in index.catalogue.lines():
            entry = id_ >> NUMBER_BITS
            if entry in own:
                self._entries.setdefault(entry, []).append(id_)
                text = "" if traits & Trait.IS_TITLE else "\n".join(lines[entry][first - 1 : last])
                texts.append(Text(id=id_, entry=entry, text=text))
        return texts


def _remove_others(folder: Path) -> None:
    """Remove what was kept for indexes that were thrown away."""
    for other in folder.parent.glob(f"{_OF_AN_INDEX}*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
