"""Asking the journal for an answer: passages found, then written or quoted, always with their sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sync.errors import JournalError
from sync.operations.endpoint import find_endpoint
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.query import QueryResult, query
from sync.operations.sessions import add_turn, load_session
from sync.search.answer.context import Source, gather
from sync.search.answer.extract import extract, render_quotes
from sync.search.answer.followup import Reading, Resolved, blend, resolve, subjects
from sync.search.answer.prompt import Answer, Exchange, Support, messages_of, parse_answer
from sync.search.answer.protocol import Endpoint, Listener
from sync.search.answer.session import Session, Turn
from sync.search.filters import Filters, Mode
from sync.search.hit import Hit

_CANDIDATES = 4
_EVERYTHING = Filters()


class How(Enum):
    """What kind of answer it is."""

    WRITTEN = "written"
    """Written by the endpoint's model, and citing its sources."""
    UNCITED = "uncited"
    """Written by the endpoint's model without naming a source: nothing in the journal is shown to support it."""
    EXTRACTIVE = "extractive"
    """Sentences of the journal, quoted."""
    NONE = "none"
    """The journal does not hold the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """How to ask.

    Attributes:
        filters: what passages must meet.
        mode: how they are found; None for the best that is set up.
        limit: how many sources at most.
        at: a commit whose journal is asked; empty for the work tree.
        session: name of the conversation that the question belongs to; empty for none.
        writes: whether the endpoint may write, where one is set.
    """

    filters: Filters = _EVERYTHING
    mode: Mode | None = None
    limit: int = 8
    at: str = ""
    session: str = ""
    writes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source that the answer names: its number there, and where it stands."""

    number: int
    hit: Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class AskResult:
    """An answer with its sources.

    Attributes:
        question: as asked.
        searched_for: the words that were searched for; those of the conversation are among them.
        how: what kind of answer it is.
        answer: the text, citing as [n]; may be empty where there is none.
        citations: the sources that it names, by number.
        session: the conversation's name; empty for none.
        searched: entries looked at.
        commit: id of the commit that was searched, see `QueryResult`.
        notes: what the asker should know.
    """

    question: str
    searched_for: str
    how: How
    answer: str
    citations: tuple[Citation, ...]
    session: str
    searched: int
    commit: str
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "question": self.question,
            "searched_for": self.searched_for,
            "how": self.how.value,
            "answer": self.answer,
            "citations": [{"n": one.number, **one.hit.as_dict()} for one in self.citations],
            "session": self.session,
            "searched": self.searched,
            "commit": self.commit,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    how: How
    text: str = ""
    cited: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


_DEFAULT = AskOptions()


def ask(
    journal: Journal,
    question: str,
    options: AskOptions = _DEFAULT,
    *,
    listener: Listener | None = None,
    progress: Progress = no_progress,
) -> AskResult:
    """Answer a question from the journal.

    With an endpoint its model writes from the passages that were found; without, or where it fails, sentences of them
    are quoted, and a note says so. Without passages there is no answer, and the endpoint is not asked.

    Args:
        journal: the journal.
        question: any text.
        options: how to ask. With a session, the turn is added to its file in this clone.
        listener: told what the model writes, as it comes, from another thread and before citations are checked.
        progress: see `query`.

    Raises:
        UsageError: as `query` raises; or the session's name or the endpoint's settings are wrong.
    """
    endpoint = find_endpoint(journal) if options.writes else None
    session, damage = load_session(journal, options.session) if options.session else (Session(name=""), "")
    resolved = resolve(question, session)
    found = _find(journal, resolved, options, progress)
    sources = gather(found.hits)
    said = _answer(question, resolved, sources, session, endpoint, listener)
    if said.how is How.EXTRACTIVE and not said.notes:
        said = replace(said, notes=(_why_quoted(options),))
    notes = (damage, *found.notes, *said.notes)
    result = AskResult(
        question=question,
        searched_for=resolved.joint.strip() or question,
        how=said.how,
        answer=said.text,
        citations=tuple(Citation(number=one.number, hit=one.hit) for one in sources if one.number in said.cited),
        session=session.name,
        searched=found.searched,
        commit=found.commit,
        notes=tuple(dict.fromkeys(note for note in notes if note)),
    )
    return _kept(journal, result, resolved) if session.name else result


def _find(journal: Journal, resolved: Resolved, options: AskOptions, progress: Progress) -> QueryResult:
    """The passages for a question; one that goes on with a conversation is searched for with its words as well."""

    def searched(text: str, limit: int) -> QueryResult:
        return query(
            journal,
            text,
            filters=options.filters,
            mode=options.mode,
            limit=limit,
            at=options.at,
            progress=progress,
        )

    if resolved.reading is Reading.ALONE:
        return searched(resolved.joint, options.limit)
    many = options.limit * _CANDIDATES
    joint = searched(resolved.joint, many) if resolved.joint else None
    own = searched(resolved.own, many) if resolved.own else None
    base = joint or own or searched("?", 1)
    hits = blend(resolved, own.hits if own else (), joint.hits if joint else (), options.limit)
    return replace(base, hits=hits)


def _answer(
    question: str,
    resolved: Resolved,
    sources: Sequence[Source],
    session: Session,
    endpoint: Endpoint | None,
    listener: Listener | None,
) -> _Said:
    if not sources:
        return _Said(how=How.NONE, notes=("the journal has no passage on this: there is nothing to answer from",))
    failure = ""
    if endpoint is not None:
        from sync.search.answer.endpoint import complete

        history = [Exchange(question=turn.question, answer=turn.answer) for turn in session.turns]
        try:
            text = complete(endpoint, messages_of(question, sources, history), listener)
            return _written(parse_answer(text, [source.number for source in sources]))
        except JournalError as error:
            failure = f"these are quotes, since no answer could be written: {error.message}"
    said = session.turns[-1].answer if resolved.topic and not resolved.own else ""
    quotes = extract(question, sources, topic=resolved.topic, said=said)
    cited = tuple(dict.fromkeys(quote.number for quote in quotes))
    notes = (failure,) if failure else ()
    return _Said(how=How.EXTRACTIVE if quotes else How.NONE, text=render_quotes(quotes), cited=cited, notes=notes)


def _written(answer: Answer) -> _Said:
    notes = []
    if answer.unknown:
        numbers = ", ".join(map(str, answer.unknown))
        notes.append(f"citations that name no source were removed: {numbers}")
    if answer.support is Support.UNCITED:
        notes.append("the answer names no source: nothing in the journal is shown to support it")
    if answer.support is Support.REFUSED:
        notes.append("the passages that were found do not hold the answer")
    how = {Support.CITED: How.WRITTEN, Support.UNCITED: How.UNCITED, Support.REFUSED: How.NONE}[answer.support]
    return _Said(how=how, text=answer.text, cited=answer.cited, notes=tuple(notes))


def _why_quoted(options: AskOptions) -> str:
    return f"these are quotes: {'no endpoint is set that could write' if options.writes else 'none was to be written'}"


def _kept(journal: Journal, result: AskResult, resolved: Resolved) -> AskResult:
    """Add the turn to its conversation. An answer that cannot be kept is an answer all the same."""
    # Of the best source alone: the others are often about something else, and a conversation would drift to it.
    cited = subjects([one.hit for one in result.citations[:1]])
    turn = Turn(question=result.question, answer=result.answer, subject=resolved.subject, cited=cited)
    try:
        add_turn(journal, result.session, turn)
    except JournalError as error:
        return replace(result, notes=(*result.notes, f"the conversation does not go on from here: {error.message}"))
    return result
