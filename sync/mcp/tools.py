"""The tools: each a name, what it takes and gives, its effect, and the call that answers."""

from __future__ import annotations

from sync.mcp import calls, shapes
from sync.mcp.memory_tools import MEMORY_TOOLS
from sync.mcp.shapes import choice, many, number, record, text, with_default
from sync.mcp.tool import Effect, Tool, limit_of, takes
from sync.search.filters import Mode

__all__ = ["FILTERS", "TOOLS", "Effect", "Tool", "tools"]

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


TOOLS = (
    Tool(
        name="query",
        title="Search the journal",
        description="Passages of the journal that answer a question, best first, each with entry, lines and commit.",
        takes=takes(
            question=_QUESTION,
            limit=limit_of(5, 50),
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
        takes=takes(question=_QUESTION, limit=limit_of(8, 20), **FILTERS),
        gives=shapes.ANSWER,
        effect=Effect.ASKS,
        work=calls.answer_ask,
    ),
    Tool(
        name="read_entry",
        title="Read an entry",
        description="An entry's text, whole or some lines of it.",
        takes=takes(
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
        takes=takes(limit=limit_of(200, 5000)),
        gives=record({"tags": many(record({"tag": text(), "entries": number()}))}),
        effect=Effect.READS,
        work=calls.answer_list_tags,
    ),
    Tool(
        name="recent_entries",
        title="List recent entries",
        description="The newest entries of the journal.",
        takes=takes(
            limit=limit_of(10, 200),
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
        takes=takes(entry=_ENTRY, limit=limit_of(10, 50)),
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
        takes=takes(
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
        takes=takes(),
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
        takes=takes(),
        gives=record({"conflicts": many(shapes.OPEN)}),
        effect=Effect.READS,
        work=calls.answer_list_conflicts,
    ),
    *MEMORY_TOOLS,
)  # fmt: skip
"""All tools, in the order that assistants are told of them."""


def tools(*, read_only: bool) -> dict[str, Tool]:
    """The tools by name; with `read_only` those that change nothing."""
    return {tool.name: tool for tool in TOOLS if not (read_only and tool.effect is Effect.WRITES)}
