"""What the ranking is learned from: questions, the candidates that the search ranks for them, and their features."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch
from zlib import crc32

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from retrieval_sets import LIMIT, NAMES, Conversation, Figures, Spot, load, pooled, score, write_journal

import sync.search.find
from sync.operations.journal import open_journal
from sync.operations.searcher import Searcher
from sync.search.filters import Mode
from sync.search.rank import NUMBER_BITS, WEIGHTS, Candidate, Weighed, features, rank, spread

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

POOLED = "pooled"
FOLDS = 6
SHARES = {"locomo": 1.0, "piaf": 0.6, "faq": 0.8, POOLED: 0.0}
"""How much a question of each set counts in learning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question with its candidates, in the order of their ids.

    Attributes:
        fold: what it is held out with.
        share: how much it counts in learning.
        rows: shape (candidates, features), in the order of `WEIGHTS`.
        candidates: those of the rows.
        right, right_entries: 1 for the candidates that answer, and for those of entries that do; else 0.
        answers: ids of the passages that answer, found or not.
        by_document: whether documents are measured besides entries.
    """

    fold: int
    share: float
    rows: Floats
    candidates: Sequence[Candidate]
    right: Floats
    right_entries: Floats
    answers: frozenset[int]
    by_document: bool

    def measure(self, weights: Floats) -> dict[str, Figures]:
        """The figures by entry and by document, as the search would order the candidates with some weights."""
        ranked = zip((self.rows @ weights).tolist(), self.candidates, strict=True)
        shown = spread(sorted(ranked, key=lambda pair: (-pair[0], pair[1].id)), LIMIT)
        entries = list(dict.fromkeys(one.entry for _, one in shown))
        found = {"entry": score(entries, {answer >> NUMBER_BITS for answer in self.answers})}
        return found | ({"document": score([one.id for _, one in shown], self.answers)} if self.by_document else {})


def all_cases(folder: Path, processes: int) -> dict[str, list[Case]]:
    """The questions of every set, asked; `pooled` is all conversations of LoCoMo in one journal.

    Args:
        folder: has retrieval/*.jsonl.gz.
        processes: how many journals are made at once.
    """
    sets = {name: load(folder, name) for name in NAMES}
    sets[POOLED] = [pooled(sets["locomo"])]
    names = dict.fromkeys(question.conversation for question in sets[POOLED][0].questions)
    folds = {name: number % FOLDS for number, name in enumerate(names)}
    jobs = [(name, conversation) for name, some in sets.items() for conversation in some]
    found: dict[str, list[Case]] = {name: [] for name in sets}
    with ProcessPoolExecutor(processes) as pool:
        for (name, _), cases in zip(jobs, pool.map(partial(_cases, folds=folds), jobs), strict=True):
            found[name] += cases
    return found


def _cases(job: tuple[str, Conversation], folds: Mapping[str, int]) -> list[Case]:
    """The questions of one journal; a fold is a conversation that `folds` names, else a sixth of the questions."""
    name, conversation = job
    with tempfile.TemporaryDirectory() as folder:
        spots = write_journal(Path(folder), conversation)
        with Searcher(open_journal(Path(folder))) as searcher:
            passages = _passages_at(searcher, spots)
            return [
                _case(
                    _listen(searcher, one.text),
                    answers=frozenset(passages[key] for key in one.answers),
                    fold=folds.get(one.conversation, crc32(one.id.encode()) % FOLDS),
                    share=SHARES[name],
                    by_document=conversation.has_sessions,
                )
                for one in conversation.questions
            ]


def _passages_at(searcher: Searcher, spots: Mapping[str, Spot]) -> dict[str, int]:
    """The id of the passage that each document is."""
    catalogue = searcher.index.catalogue
    paths = {entry.id: entry.path for entry in catalogue.entries()}
    ids = [id_ for (id_,) in catalogue.connection.execute("select id from passages")]
    places = {Spot(paths[one.entry], one.first_line): one.id for one in catalogue.spots(ids).values()}
    return {key: places[spot] for key, spot in spots.items()}


def _listen(searcher: Searcher, question: str) -> tuple[list[Candidate], Floats]:
    """The candidates that the search ranks for a question, and their features."""
    heard: list[Candidate] = []
    rows: list[tuple[float, ...]] = []

    def listening(
        weighed: Weighed, candidates: Sequence[Candidate], before: Mapping[int, bytes]
    ) -> list[tuple[float, Candidate]]:
        heard[:] = sorted(candidates, key=lambda one: one.id)
        rows[:] = features(weighed, heard, before)
        return rank(weighed, candidates, before)

    with patch.object(sync.search.find, "rank", listening):
        searcher.locate(question, mode=Mode.LEXICAL, limit=LIMIT)
    return heard, np.array(rows, np.float64).reshape(-1, len(WEIGHTS))


def _case(
    heard: tuple[list[Candidate], Floats], *, answers: frozenset[int], fold: int, share: float, by_document: bool
) -> Case:
    candidates, rows = heard
    entries = {answer >> NUMBER_BITS for answer in answers}
    return Case(
        fold=fold,
        share=share,
        rows=rows,
        candidates=candidates,
        right=np.array([one.id in answers for one in candidates], np.float64),
        right_entries=np.array([one.entry in entries for one in candidates], np.float64),
        answers=answers,
        by_document=by_document,
    )
