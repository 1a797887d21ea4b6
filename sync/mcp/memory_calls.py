"""What the memory's tools do: each calls one operation and says its result as text and as data."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sync.errors import UsageError
from sync.mcp import memory_texts as texts
from sync.mcp.calls import Answer, Call
from sync.operations.memory_due import flush_when_due
from sync.operations.memory_exact import look_up
from sync.operations.memory_passages import hand_out_memories
from sync.operations.memory_shown import revision_told
from sync.operations.memory_tidy import learn_as_dict, learn_pattern, tidy
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Kind, Memory, Value
from sync.taskmaster.results import Recall, Recalled

_MOST_BYTES = 20_000  # of a value that is not asked for by its key
_OPTIONS = ("importance", "ttl", "metadata", "type", "retention", "expected")


def answer_remember(call: Call) -> Answer:
    """What became of a value."""
    given = call.arguments
    options = {name: given[name] for name in _OPTIONS}
    with call.memory() as memory:
        done = memory.remember(given["context"], given["key"], _value(given), **options)
        done = replace(done, notes=(*done.notes, *flush_when_due(memory)))
    return Answer(text=texts.show_remembered(done), data=done.as_dict())


def answer_recall(call: Call) -> Answer:
    """Memories, best first; or the one that a key names."""
    given, whole = call.arguments, bool(call.arguments["key"])
    with call.memory() as memory:
        result = _one(memory, given) if whole else _several(memory, given)
    data = {**result.as_dict(), "hits": _handed_out(call, result.hits, whole=whole)}
    return Answer(text=texts.show_recalled(result, whole=whole), data=data)


def _one(memory: MemoryManager, given: Mapping[str, Any]) -> Recall:
    found = look_up(memory, given["context"], given["key"], at=given["at"])
    return Recall(context=given["context"], query="", hits=(found,) if found else (), tiers=())


def _several(memory: MemoryManager, given: Mapping[str, Any]) -> Recall:
    names = ("semantic", "min_score", "limit", "at", "archived")
    return memory.recall(given["context"], given["query"], **{name: given[name] for name in names})


def answer_search_across(call: Call) -> Answer:
    """What many contexts know."""
    given = call.arguments
    options = {name: given[name] for name in ("semantic", "min_score", "limit")}
    with call.memory() as memory:
        result = memory.search_across(given["query"], given["contexts"], **options)
    hits = _handed_out(call, result.hits, whole=False)
    hits = [{**hit, "contexts": list(held)} for hit, held in zip(hits, result.contexts, strict=True)]
    return Answer(text=texts.show_across(result), data={**result.as_dict(), "hits": hits})


def answer_history(call: Call) -> Answer:
    """What a memory was in the journal."""
    given = call.arguments
    with call.memory() as memory:
        found = memory.history(given["context"], given["key"])
    shown = found[: given["limit"]]
    hand_out_memories(call.journal, [one.memory for one in shown if one.memory is not None])
    pairs = [(revision_told(one), one.memory) for one in shown]
    rows = [{"is_cut": memory is not None and _cut(row["memory"], memory)} | row for row, memory in pairs]
    data = {"total": len(found), "revisions": rows}
    return Answer(text=texts.show_history(shown, len(found)), data=data)


def answer_forget(call: Call) -> Answer:
    """What became of a key."""
    given = call.arguments
    with call.memory() as memory:
        done = memory.forget(given["context"], given["key"], expected=given["expected"])
        done = replace(done, notes=(*done.notes, *flush_when_due(memory)))
    return Answer(text=texts.show_forgotten(done, given["context"], given["key"]), data=done.as_dict())


def answer_learn(call: Call) -> Answer:
    """What is known of a pattern by now."""
    given = call.arguments
    with call.memory() as memory:
        known = learn_pattern(memory, given["context"], given["pattern"], given["outcome"])
        data = learn_as_dict(memory, given["context"], known)
        flush_when_due(memory)
    return Answer(text=texts.show_learned(known, data), data=data)


def answer_consolidate(call: Call) -> Answer:
    """What was tidied up, or would be."""
    with call.memory() as memory:
        done = tidy(call.journal, memory, dry_run=call.arguments["dry_run"])
    return Answer(text=texts.show_consolidated(done), data=done.as_dict())


def answer_share(call: Call) -> Answer:
    """What was shared."""
    given = call.arguments
    with call.memory() as memory:
        done = memory.share(given["source"], given["target"], given["key"], role=given["role"])
        flush_when_due(memory)
    return Answer(text=texts.show_shared(done), data=done.as_dict())


def answer_withdraw(call: Call) -> Answer:
    """What was taken back of what was shared."""
    with call.memory() as memory:
        gone = memory.withdraw()
        flush_when_due(memory)
    data = {"withdrawn": [{"context": one.context, "key": one.key} for one in gone]}
    return Answer(text=texts.show_withdrawn(gone), data=data)


def answer_contexts(call: Call) -> Answer:
    """The contexts that hold something."""
    with call.memory() as memory:
        found = memory.contexts(call.arguments["pattern"])
    return Answer(text=texts.show_contexts(found), data={"contexts": [one.as_dict() for one in found]})


def answer_flush(call: Call) -> Answer:
    """What a flush did."""
    with call.memory() as memory:
        done = memory.flush()
    return Answer(text=texts.show_flushed(done), data=done.as_dict())


def _value(given: Mapping[str, Any]) -> Value:
    if not given["is_base64"]:
        value: Value = given["value"]
        return value
    try:
        return b64decode(given["value"], validate=True)
    except (TypeError, ValueError) as error:
        raise UsageError("the value is not base64", hint="leave is_base64 out for text and JSON") from error


def _handed_out(call: Call, hits: Sequence[Recalled], *, whole: bool) -> list[dict[str, Any]]:
    """Memories as data; they are known again when they come back."""
    hand_out_memories(call.journal, [one.memory for one in hits])
    pairs = [(one.as_dict(), one.memory) for one in hits]
    return [{"is_cut": not whole and _cut(row, memory)} | row for row, memory in pairs]


def _cut(row: dict[str, Any], memory: Memory) -> bool:
    """Whether a value is too long to be told unasked; `row` then has its beginning alone."""
    if len(memory.data) <= _MOST_BYTES:
        return False
    row["value"] = "" if memory.kind is Kind.BYTES else texts.beginning(memory)
    return True
