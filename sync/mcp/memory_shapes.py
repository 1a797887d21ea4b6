"""What the memory's tools take and give, as JSON Schema 2020-12."""

from __future__ import annotations

from typing import Any

from sync.mcp.shapes import OPEN, QUESTION_LENGTH, many, number, record, text, with_default

ANY: dict[str, Any] = {"description": "text (Markdown), or any JSON"}
CONTEXT = text("such as wedding:42:module:budget, or global", longest=500, shortest=1)
KEY = text("one line", longest=500, shortest=1)
QUESTION = text("what to look for, in words or as a question; empty for what was changed last", longest=QUESTION_LENGTH)
SCORE = {"type": "number", "minimum": 0, "maximum": 1}
LEAST = with_default({**SCORE, "description": "answers that score less are left out"}, 0.25)
SEMANTIC = with_default({"type": "boolean", "description": "also by meaning, where a model is set up"}, default=True)
EXPECTED = with_default(
    number("the version that the key must be at, 0 for none; else nothing is written", least=0), default=None
)

_STAMP = text("RFC 3339, UTC")
_MAYBE_STAMP = {"type": ["string", "null"]}
_TIERS = many(text())
_MEMORY = {
    "context": text(), "key": text(), "kind": text("json, markdown or bytes"),
    "value": {"description": "text, JSON, or bytes as base64"},
    "type": text(), "importance": {"type": "number"}, "created": _STAMP, "updated": _STAMP, "expires": _MAYBE_STAMP,
    "retention": text(), "version": number(), "writer": text(), "metadata": OPEN,
}  # fmt: skip
MEMORY = record(_MEMORY)
MAYBE_MEMORY = {"anyOf": [MEMORY, {"type": "null"}]}
FOUND = {
    **_MEMORY, "tier": text("where it was found"), "score": {"type": "number"},
    "provenance": text("where it comes from"), "age_s": {"type": "number"},
    "rivals": number("other values of it that wait for a decision"),
    "is_cut": {"type": "boolean", "description": "value is only its beginning, as text; ask by its key for all of it"},
}  # fmt: skip
REMEMBERED = record({
    **_MEMORY, "tiers": _TIERS, "owed": many(text(), "tiers that are told later"),
    "is_winner": {"type": "boolean", "description": "whether the key holds what was to be remembered"},
    "rival": MAYBE_MEMORY, "notes": many(text()),
})  # fmt: skip
RECALLED = record({
    "context": text(), "query": text(), "hits": many(record(FOUND)), "tiers": _TIERS, "notes": many(text()),
})  # fmt: skip
ACROSS = record({
    "query": text(), "searched": number("contexts"),
    "hits": many(record({**FOUND, "contexts": many(text(), "all that have it")})), "notes": many(text()),
})  # fmt: skip
FORGOTTEN = record({
    "was": MAYBE_MEMORY, "is_forgotten": {"type": "boolean"}, "owed": _TIERS, "notes": many(text()),
})  # fmt: skip
SHARED = record({
    "from": text(), "to": text(), "key": text("under which the target has it"), "rule": text(),
    "reference": {"type": ["string", "null"]}, "is_new": {"type": "boolean"},
})  # fmt: skip
HISTORY = record({
    "total": number("revisions that there are"),
    "revisions": many(record({
        "commit": text(), "at": _STAMP, "author": text(), "subject": text(), "path": text("of the entry then"),
        "memory": MAYBE_MEMORY, "why": text("why it cannot be read; empty where it can, or was removed"),
        "is_cut": {"type": "boolean", "description": "the value is only its beginning; recall it at the commit"},
    })),
})  # fmt: skip
WITHDRAWN = record({"withdrawn": many(record({"context": text(), "key": text()}))})
LEARNED = record({
    "context": text(), "key": text("under which it is remembered"), "identity": text(),
    "pattern": {}, "count": number("observations"), "success_share": {"type": ["number", "null"]},
    "mean_s": {"type": "number"},
})  # fmt: skip
CONTEXTS = record({
    "contexts": many(record({
        "id": text(), "counts": {"type": "object", "additionalProperties": {"type": "integer"}}, "retention": text(),
        "rule": text(), "sees": many(text()),
    })),
})  # fmt: skip
