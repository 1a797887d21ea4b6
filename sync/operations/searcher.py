"""Searching a journal: its index brought up to date, questions put to it, passages read from Git or the disk."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sync.errors import GitError, RetryError, UsageError
from sync.operations.entry_lines import read_lines
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.model_choice import chosen_model
from sync.operations.passage_places import Place, locate_passages, make_hit, text_of
from sync.repository.listing import Source, list_commit, list_files
from sync.repository.marks import folder_mark
from sync.repository.objects import resolve
from sync.search.analysis import Language
from sync.search.filters import Filters, Mode
from sync.search.find import CANDIDATES, Blend, find
from sync.search.hit import Hit
from sync.search.index.catalogue import Indexed
from sync.search.index.engines import open_index, reopen_index
from sync.search.index.faults import FAULTS, explained
from sync.search.index.index import Index, Snapshot
from sync.search.question import holds_quoted, read_question

if TYPE_CHECKING:
    from sync.operations.understanding import Understanding

_Result = TypeVar("_Result")

EVERYTHING = Filters()
_ATTEMPTS = 2
_LISTINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """Passages, best first.

    Attributes:
        query: the question.
        mode: how they were found.
        searched: entries looked at.
        commit: id of the commit that was searched, hexadecimal; with work that is not committed on top of it unless
            another one was asked for. Empty without Git and before the first commit.
        hits: what was found.
        notes: what the asker should know: what is missing, what was rebuilt.
    """

    query: str
    mode: Mode
    searched: int
    commit: str
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "query": self.query,
            "mode": self.mode.value,
            "searched": self.searched,
            "commit": self.commit,
            "hits": [hit.as_dict() for hit in self.hits],
            "notes": list(self.notes),
        }


class Searcher:
    """A journal's index, opened and brought up to date; answers any number of questions. Use as a context manager.

    Args:
        journal: the journal.
        at: a commit whose journal is searched; empty for the work tree.
        progress: told how many entries have been read, and how many there are to be.
        embedding: told the same of passages that are given vectors.

    Attributes:
        index: the index, brought up to date.
        model: name of the model that tells how near meanings are; `off` for none.

    Raises:
        UsageError: `at` names no commit, or there is no Git.
    """

    def __init__(
        self, journal: Journal, *, at: str = "", progress: Progress = no_progress, embedding: Progress = no_progress
    ) -> None:
        self._journal = journal
        self._progress, self._embedding = progress, embedding
        self._at = _commit_of(journal, at) if at else ""
        self.model = chosen_model(journal)
        self._otherwise = Language.FRENCH if journal.settings.language == "fr" else Language.ENGLISH
        self._understanding: Understanding | None = None
        self._blend: Blend | None = None
        opened = open_index(journal.state_folder)
        self.index, self._notes = opened.index, opened.notes
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the index."""
        self.index.close()
        if self._understanding is not None:
            self._understanding.close()

    @property
    def searched(self) -> int:
        """How many entries make up the journal that is searched."""
        return len(self._snapshot.ids)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing, and what was rebuilt."""
        return (*self._notes, *self._missing(), *(self._understanding.notes if self._understanding else ()))

    def give_vectors(self) -> int:
        """Give every passage a vector, however long it takes; the number of those that have one."""
        if self.model != "off":
            self._blended("", Mode.HYBRID)
        return self._understanding.count if self._understanding else 0

    def refresh(self) -> None:
        """See what has changed since."""
        self._snapshot = self._mended(self._bring_up)

    def _bring_up(self, index: Index) -> Snapshot:
        if self._at:
            listing = list_commit(self._journal.location, self._at, self._journal.settings.entries)
            return index.bring_up(listing, self._progress, self._otherwise)
        for _ in range(_LISTINGS):
            with contextlib.suppress(RetryError):  # a file was written between being listed and being read
                return self._bring_up_work_tree(index)
        return self._bring_up_work_tree(index)

    def _bring_up_work_tree(self, index: Index) -> Snapshot:
        location, folder = self._journal.location, self._journal.settings.entries
        mark = folder_mark(location, folder)
        known = index.recognise(mark)
        if known is not None:
            return known
        listing = list_files(location, folder, Source.WORK_TREE)
        snapshot = index.bring_up(listing, self._progress, self._otherwise)
        if not snapshot.missing:
            index.remember(mark, listing)
        return snapshot

    def ask(
        self, question: str, *, filters: Filters = EVERYTHING, mode: Mode | None = None, limit: int = 5
    ) -> QueryResult:
        """The passages that answer a question, best first; see `query`."""
        commit, hits = self._fresh(
            lambda index: self._read(index, self._found(index, question, filters, mode, limit), question)
        )
        return QueryResult(
            query=question,
            mode=Mode.LEXICAL if self._blend is None else mode or Mode.HYBRID,
            searched=self.searched,
            commit=commit,
            hits=hits,
            notes=self.notes,
        )

    def locate(
        self, question: str, *, filters: Filters = EVERYTHING, mode: Mode | None = None, limit: int = 5
    ) -> list[Place]:
        """Where the passages stand that answer a question, best first, without reading them."""
        return self._fresh(lambda index: self._found(index, question, filters, mode, limit))

    def _found(self, index: Index, question: str, filters: Filters, mode: Mode | None, limit: int) -> list[Place]:
        _refuse_unreadable(question)
        asked = read_question(question, index.language)
        most = CANDIDATES if asked.quoted else limit
        self._blend = self._blended(question, mode)
        places = locate_passages(index, find(index, self._snapshot, asked, filters, most, self._blend))
        if asked.quoted:  # the index knows no stop words, so the passages have to be read
            lines = read_lines(self._journal.root, list({one.entry.id: one.entry for one in places}.values()))
            places = [
                one for one in places if holds_quoted(asked, text_of(lines[one.entry.id], one.spot, one.entry.title))
            ]
        return places[:limit]

    def _blended(self, question: str, mode: Mode | None) -> Blend | None:
        """What counts besides words: nothing where nobody asked for more and no model is set up."""
        if mode is Mode.LEXICAL or (mode is None and self.model == "off"):
            return None
        from sync.operations.understanding import Understanding

        if self._understanding is None:
            model = chosen_model(self._journal, is_asked_for=mode is not None)
            self._understanding = Understanding(self._journal, model, self._embedding)
        return self._understanding.blend(self.index, self._snapshot, question, mode)

    def _read(self, index: Index, places: Sequence[Place], question: str) -> tuple[str, tuple[Hit, ...]]:
        """The commit that was searched, and the passages that stand at some places."""
        beside = index.catalogue.spots([id_ for one in places for id_ in (one.spot.id - 1, one.spot.id + 1)])
        entries = list({one.entry.id: one.entry for one in places}.values())
        lines = read_lines(self._journal.root, entries)
        commit, has_it = self._committed(entries)
        terms = frozenset(read_question(question, self.index.language).terms)
        hits = (
            make_hit(one, lines[one.entry.id], commit if has_it[one.entry.id] else "", beside, terms) for one in places
        )
        return commit, tuple(hits)

    def _committed(self, entries: Sequence[Indexed]) -> tuple[str, dict[int, bool]]:
        """The commit that is searched, and whether it has each entry as it is here."""
        if self._at or self._journal.location.git_dir is None:
            return self._at, {entry.id: bool(self._at) for entry in entries}
        commit, *blobs = resolve(self._journal.root, ["HEAD", *(f"HEAD:{entry.path}" for entry in entries)])
        return commit or "", {entry.id: blob == entry.blob for blob, entry in zip(blobs, entries, strict=True)}

    def _fresh(self, work: Callable[[Index], _Result]) -> _Result:
        """The same as `_mended`, again where an entry that was never committed has changed since it was indexed."""
        for _ in range(_LISTINGS):
            try:
                return self._mended(work)
            except GitError:
                if self._at:
                    raise
            self.refresh()
        return self._mended(work)

    def _mended(self, work: Callable[[Index], _Result]) -> _Result:
        """What work with the index gives; where the index turns out to be faulty, another one is taken."""
        for attempt in range(_ATTEMPTS):
            try:
                with explained():
                    if attempt:
                        self._snapshot = self._bring_up(self.index)
                    return work(self.index)
            except FAULTS as fault:
                opened = reopen_index(self.index, fault, in_memory=attempt > 0)
                self.index, self._notes = opened.index, (*self._notes, *opened.notes)
                if self._understanding is not None:
                    self._understanding.forget()
        self._snapshot = self._bring_up(self.index)
        return work(self.index)

    def _missing(self) -> tuple[str, ...]:
        count = self._snapshot.missing
        are = "1 entry is" if count == 1 else f"{count} entries are"
        return (f"another process is building the index: {are} not in it yet",) if count else ()


def _commit_of(journal: Journal, name: str) -> str:
    if journal.location.git_dir is None:
        raise UsageError(f"{name}: there is no Git repository here, and so no commit")
    (commit,) = resolve(journal.root, [f"{name}^{{commit}}"])
    if commit is None:
        raise UsageError(f"{name}: there is no such commit", hint="give a commit, a tag or a branch")
    return commit


def _refuse_unreadable(question: str) -> None:
    try:
        question.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the question is not UTF-8") from error
    if not question.strip():
        raise UsageError("the question is empty", hint='try: journal query "encoding errors"')
