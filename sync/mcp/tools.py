"""The tools: each a name, what it takes and gives, its effect, and the call that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sync.mcp import calls, shapes
from sync.mcp.calls import Answer, Call
from sync.mcp.shapes import choice, many, number, record, text, with_default
from sync.search.filters import Mode


class Effect(Enum):
    """What a call may change."""

    READS = "reads"
    SEARCHES = "reads, and asks others where they make the vectors"
    ASKS = "asks others"
    WRITES = "writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool.

    Attributes:
        name, title, description: for the assistant, and for whoever lets it call.
        takes, gives: JSON Schemas of arguments and data.
        effect: what a call may change.
        work: makes the answer; raises a JournalError where it cannot. Blocks.
    """

    name: str
    title: str
    description: str
    takes: dict[str, Any]
    gives: dict[str, Any]
    effect: Effect
    work: Callable[[Call], Answer]


_ENTRY = text("path, id or file name of the entry", longest=shapes.NAME_LENGTH, shortest=1)
_QUESTION = text("what to look for, in words or as a question", longest=shapes.QUESTION_LENGTH, shortest=1)
_SINCE = with_default(text("first day, YYYY-MM-DD", pattern=shapes.DAY), "")
_UNTIL = with_default(text("last day, YYYY-MM-DD", pattern=shapes.DAY), "")
FILTERS = {
    "tags": with_default({**shapes.WORDS, "description": "the entry has all of these tags"}, []),
    "since": _SINCE,
    "until": _UNTIL,
    "section": with_default(text("a part of a heading above the passage", longest=200), ""),
    "context": with_default(text("a context such as taskmaster:wedding, or one above it", longest=500), ""),
}
"""The arguments that narrow a search."""


def _limit(default: int, most: int) -> dict[str, Any]:
    return with_default(number("how many at most", least=1, most=most), default)


def _takes(**properties: Any) -> dict[str, Any]:
    optional = frozenset(key for key, one in properties.items() if "default" in one)
    shape: dict[str, Any] = record(properties, optional=optional, closed=True)
    return shape


TOOLS = (
    Tool(
        name="query",
        title="Search the journal",
        description="Passages of the journal that answer a question, best first, each with entry, lines and commit.",
        takes=_takes(
            question=_QUESTION,
            limit=_limit(5, 50),
            mode=with_default(choice("how to search", "best", *(mode.value for mode in Mode)), "best"),
            at=with_default(text("a commit whose journal is searched instead", longest=200), ""),
            **FILTERS,
        ),
        gives=shapes.HITS,
        effect=Effect.SEARCHES,
        work=calls.answer_query,
    ),
    Tool(
        name="ask",
        title="Ask the journal",
        description="An answer from the journal with numbered sources: written by a model where an endpoint is set up,"
        " else quoted.",
        takes=_takes(question=_QUESTION, limit=_limit(8, 20), **FILTERS),
        gives=shapes.ANSWER,
        effect=Effect.ASKS,
        work=calls.answer_ask,
    ),
    Tool(
        name="read_entry",
        title="Read an entry",
        description="An entry's text, whole or some lines of it.",
        takes=_takes(
            entry=_ENTRY,
            first_line=with_default(number("1-based", least=1), 1),
            last_line=with_default(number("included; 0 for the last of the file", least=0), 0),
        ),
        gives=record({
            **shapes.CARD, "related": many(text()), "commit": shapes.COMMIT,
            "lines": shapes.LINES, "of": number("lines of the file"), "text": text(),
        }),
        effect=Effect.READS,
        work=calls.answer_read_entry,
    ),
    Tool(
        name="list_tags",
        title="List tags",
        description="The tags of the journal with how many entries bear them, the commonest first.",
        takes=_takes(limit=_limit(200, 5000)),
        gives=record({"tags": many(record({"tag": text(), "entries": number()}))}),
        effect=Effect.READS,
        work=calls.answer_list_tags,
    ),
    Tool(
        name="recent_entries",
        title="List recent entries",
        description="The newest entries of the journal.",
        takes=_takes(
            limit=_limit(10, 200),
            tag=with_default(text("only entries that bear it", longest=200), ""),
            since=_SINCE,
            until=_UNTIL,
        ),
        gives=record({"entries": many(record(shapes.CARD))}),
        effect=Effect.READS,
        work=calls.answer_recent_entries,
    ),
    Tool(
        name="related_entries",
        title="Find related entries",
        description="Entries that belong to one: by links either way, by rare tags that they share, by what they say.",
        takes=_takes(entry=_ENTRY, limit=_limit(10, 50)),
        gives=record({
            "entry": record(shapes.CARD),
            "related": many(record({
                **shapes.CARD, "score": {"type": "number"}, "why": many(record({"bond": text(), "by": text()})),
            })),
        }),
        effect=Effect.SEARCHES,
        work=calls.answer_related_entries,
    ),
    Tool(
        name="write_entry",
        title="Write a new entry",
        description="Add an entry to the journal, in Markdown. Nothing is overwritten, and nothing is committed.",
        takes=_takes(
            title=text("one line", longest=300, shortest=1),
            text=text("Markdown; level-two headings for its sections", longest=shapes.BODY_LENGTH, shortest=1),
            tags=with_default({**shapes.WORDS, "description": "words"}, []),
            related=with_default({**shapes.WORDS, "description": "ids or file names of entries"}, []),
        ),
        gives=record({"entry": text(), "written_by": text(), "committed": {"type": "boolean"}}),
        effect=Effect.WRITES,
        work=calls.answer_write_entry,
    ),
    Tool(
        name="sync_status",
        title="Where journal and stores stand",
        description="What a sync of the journal with the assistants' memories would do, and what waits for a person.",
        takes=_takes(),
        gives=record({
            "branch": text(), "commit": text(), "in_progress": text(), "stores": many(shapes.OPEN),
            "to_import": number(), "uncommitted": many(text()), "conflicts": many(shapes.OPEN),
        }),
        effect=Effect.READS,
        work=calls.answer_sync_status,
    ),
    Tool(
        name="list_conflicts",
        title="List conflicts",
        description="Conflicts that wait for a person, with base and both sides.",
        takes=_takes(),
        gives=record({"conflicts": many(shapes.OPEN)}),
        effect=Effect.READS,
        work=calls.answer_list_conflicts,
    ),
)  # fmt: skip
"""All tools, in the order that assistants are told of them."""


def tools(*, read_only: bool) -> dict[str, Tool]:
    """The tools by name; with `read_only` those that change nothing."""
    return {tool.name: tool for tool in TOOLS if not (read_only and tool.effect is Effect.WRITES)}
