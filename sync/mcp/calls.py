"""What tools do: each calls one operation and says its result as text and as data; what stops it is raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sync.mcp import texts
from sync.operations.ask import AskOptions, ask
from sync.operations.conflicts import list_conflicts
from sync.operations.entries import Shelf, count_tags, read_entry, recent_entries
from sync.operations.journal import Journal, Progress
from sync.operations.query import query
from sync.operations.recall import hand_out
from sync.operations.related import related
from sync.operations.status import status
from sync.operations.write import write_entry
from sync.search.filters import Filters, Mode, make_filters
from sync.search.hit import Hit
from sync.taskmaster.manager import MemoryManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        journal: the journal.
        shelf: entries that have been read before.
        client: the assistant, by the name and version that it gave.
        arguments: they obey the tool's schema; what may be absent has its default.
        progress: told how far the work has come.
        memory: lends the memory, as the assistant writes it; opened when it is first asked for.
    """

    journal: Journal
    shelf: Shelf
    client: str
    arguments: Mapping[str, Any]
    progress: Progress
    memory: Callable[[], AbstractContextManager[MemoryManager]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool answers: the same as text and as data."""

    text: str
    data: dict[str, Any]


def answer_query(call: Call) -> Answer:
    """Passages, best first."""
    mode = call.arguments["mode"]
    result = query(
        call.journal,
        call.arguments["question"],
        filters=_filters(call.arguments),
        mode=None if mode == "best" else Mode(mode),
        limit=call.arguments["limit"],
        at=call.arguments["at"],
        progress=call.progress,
    )
    passages, notes = _handed_out(call.journal, result.hits)
    result = replace(result, notes=(*result.notes, *notes))
    return Answer(text=texts.show_hits(result, passages), data=result.as_dict())


def answer_ask(call: Call) -> Answer:
    """An answer with its sources."""
    options = AskOptions(filters=_filters(call.arguments), limit=call.arguments["limit"])
    result = ask(call.journal, call.arguments["question"], options, progress=call.progress)
    passages, notes = _handed_out(call.journal, [one.hit for one in result.citations])
    result = replace(result, notes=(*result.notes, *notes))
    return Answer(text=texts.show_answer(result, passages), data=result.as_dict())


def _handed_out(journal: Journal, hits: Sequence[Hit]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the passages with where they are from, what there is to know); they are known again when they come back."""
    notes: list[str] = []
    passages = hand_out(journal, hits, note=notes.append)
    return passages, tuple(notes)


def _filters(arguments: Mapping[str, Any]) -> Filters:
    return make_filters(**{key: arguments[key] for key in ("tags", "since", "until", "section", "context")})


def answer_read_entry(call: Call) -> Answer:
    """Lines of an entry."""
    given = call.arguments
    found = read_entry(
        call.journal, given["entry"], shelf=call.shelf, first=given["first_line"], last=given["last_line"]
    )
    passage, *_ = hand_out(call.journal, [found.hit])
    return Answer(text=texts.show_reading(found, passage), data=found.as_dict())


def answer_list_tags(call: Call) -> Answer:
    """Tags with the number of entries that bear them."""
    counts = count_tags(call.shelf.read(call.journal).values())[: call.arguments["limit"]]
    data = {"tags": [{"tag": tag, "entries": count} for tag, count in counts]}
    return Answer(text=texts.show_tags(counts), data=data)


def answer_recent_entries(call: Call) -> Answer:
    """The newest entries."""
    entries, given = call.shelf.read(call.journal).values(), call.arguments
    make_filters(since=given["since"], until=given["until"])
    cards = recent_entries(entries, limit=given["limit"], tag=given["tag"], since=given["since"], until=given["until"])
    data = {"entries": [card.as_dict() for card in cards]}
    return Answer(text=texts.show_cards(cards, none="no such entries"), data=data)


def answer_related_entries(call: Call) -> Answer:
    """Entries that belong to one."""
    found = related(call.journal, call.arguments["entry"], limit=call.arguments["limit"], shelf=call.shelf)
    return Answer(text=texts.show_related(found), data=found.as_dict())


def answer_write_entry(call: Call) -> Answer:
    """A new entry, signed with the assistant's name."""
    given = call.arguments
    made = write_entry(
        call.journal,
        given["title"],
        given["text"],
        author=call.client,
        now=datetime.now(UTC),
        tags=tuple(dict.fromkeys(given["tags"])),
        related=tuple(dict.fromkeys(given["related"])),
    )
    said = f"{made.path} was written; it is not committed: a person reads it, then commits it"
    return Answer(text=said, data={"entry": made.path, "written_by": call.client, "committed": False})


def answer_sync_status(call: Call) -> Answer:
    """Where journal and stores stand."""
    result = status(call.journal)
    return Answer(text=texts.show_status(result), data=result.as_dict())


def answer_list_conflicts(call: Call) -> Answer:
    """Conflicts that wait for a person."""
    result = list_conflicts(call.journal)
    return Answer(text=texts.show_conflicts(result), data=result.as_dict())
