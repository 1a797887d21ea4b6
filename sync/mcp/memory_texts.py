"""What the memory's tools answer, as text for a model to read; every memory with where it was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sync.operations.memory_shown import text_shown, tiers_shown, where_found
from sync.operations.memory_tidy import Consolidated
from sync.taskmaster.across import Across
from sync.taskmaster.listing import ContextInfo
from sync.taskmaster.long_term.port import Flushed, Outcome, Revision
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.patterns import Learned
from sync.taskmaster.results import Forgotten, Recall, Recalled, Remembered
from sync.taskmaster.sharing import Shared

MOST_SHOWN = 10_000
"""Characters of a value that is not asked for by its key."""


def beginning(memory: Memory) -> str:
    """A value as text, cut where it is long."""
    text = text_shown(memory)
    left = len(text) - MOST_SHOWN
    return f"{text[:MOST_SHOWN]} …\n({left:,} more characters; ask with its key for all)" if left > 0 else text


def show_remembered(done: Remembered) -> str:
    """What became of something that was to be remembered."""
    memory = done.memory
    later = f"; {tiers_shown(done.owed)} later" if done.owed else ""
    lines = [f"{memory.context} {memory.key}: held in {tiers_shown(done.tiers)}{later}; version {memory.version}"]
    if done.rival is not None:
        kept = done.rival.writer or "another writer"
        lines.append(
            f"{kept} wrote it at the same time; that value is kept beside it, for a person to decide"
            if done.is_winner
            else f"{memory.writer} wrote it at the same time, and later: your value is kept beside it"
        )
    return "\n".join([*lines, *_notes(done.notes)])


def show_recalled(result: Recall, *, whole: bool) -> str:
    """Memories, numbered, best first.

    Args:
        result: what was found.
        whole: whether long values are shown to their end.
    """
    parts = [_shown(number, one, (one.memory.context,), whole=whole) for number, one in enumerate(result.hits, 1)]
    parts = parts or [f"nothing found in {result.context}"]
    return "\n\n".join([*parts, *_notes(result.notes)])


def show_across(result: Across) -> str:
    """Memories of many contexts, numbered, best first."""
    pairs = zip(result.hits, result.contexts, strict=True)
    parts = [_shown(number, one, held, whole=False) for number, (one, held) in enumerate(pairs, 1)]
    parts = parts or [f"nothing found; contexts searched: {result.searched}"]
    return "\n\n".join([*parts, *_notes(result.notes)])


def show_forgotten(done: Forgotten, context: str, key: str) -> str:
    """What became of a key that was to be forgotten."""
    if done.was is None:
        said = "held nothing"
    elif done.is_forgotten:
        said = f"forgotten; {tiers_shown(done.owed)} later" if done.owed else "forgotten"
    else:
        said = "somebody changed it meanwhile; it is still there"
    return "\n".join([f"{context} {key}: {said}", *_notes(done.notes)])


def show_shared(done: Shared) -> str:
    """What was shared, and by which rule."""
    news = "shared" if done.is_new else "was shared already"
    return f"{done.copy.context} {done.copy.key}: {news}, by the rule {done.rule}"


def show_withdrawn(gone: Sequence[MemoryId]) -> str:
    """What was taken back, a line each."""
    return "\n".join([f"{one.context} {one.key}: withdrawn" for one in gone] or ["there was nothing to withdraw"])


def show_history(revisions: Sequence[Revision], total: int) -> str:
    """What a memory was, the newest first.

    Args:
        revisions: those that are shown.
        total: how many there are.
    """
    parts = [_revision_shown(one) for one in revisions] or ["it was never in the journal"]
    older = [f"({total - len(revisions)} older revisions)"] if total > len(revisions) else []
    return "\n\n".join([*parts, *older])


def show_learned(known: Learned, data: Mapping[str, Any]) -> str:
    """How often a pattern was observed, and how it came out."""
    share = "" if known.success_share is None else f", {known.success_share:.0%} successful"
    took = f", {known.mean_s:.3g} s on average" if known.timed else ""
    return f"{data['context']} {data['key']}: observed {known.count} times by now{share}{took}"


def show_consolidated(done: Consolidated) -> str:
    """What was tidied up, and its commit."""
    where = f"\n\ncommitted as {done.flushed.commit}" if done.flushed and done.flushed.is_new else ""
    return f"{done.report.as_markdown()}{where}"


def show_contexts(found: Sequence[ContextInfo]) -> str:
    """A context a line."""
    lines = []
    for one in found:
        counts = ", ".join(f"{count} {tier.value}" for tier, count in one.counts.items())
        rule = f", by the rule {one.rule}" if one.rule else ""
        lines.append(f"{one.id}: {counts}; kept {one.retention}{rule}")
    return "\n".join(lines) or "no context holds anything"


def show_flushed(done: Flushed) -> str:
    """What a flush did, and what a person has to look at."""
    counts = [f"{count} {one.value}" for one in Outcome if (count := done.count(one))]
    lines = [f"memories that waited: {done.owed}{' (' + ', '.join(counts) + ')' if counts else ''}"]
    lines += [f"{one.id.context} {one.id.key}: {one.why}; {one.hint}".rstrip("; ") for one in done.told if one.why]
    lines += [f"{done.refusal.message}; {done.refusal.hint}"] if done.refusal else []
    lines += [str(fault) for fault in done.faults]
    return "\n".join(lines)


def _shown(number: int, one: Recalled, contexts: Iterable[str], *, whole: bool) -> str:
    value = text_shown(one.memory) if whole else beginning(one.memory)
    return f"{number}. {one.memory.key} ({', '.join(contexts)})\n{where_found(one)}\n{value}"


def _revision_shown(one: Revision) -> str:
    said = beginning(one.memory) if one.memory else one.why or "(forgotten)"
    return f"{one.commit} {one.at:%Y-%m-%d %H:%M} {one.author}: {one.subject}\n{said}"


def _notes(notes: Iterable[str]) -> list[str]:
    return [f"note: {note}" for note in notes]
