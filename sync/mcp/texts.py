"""What tools answer, as text for a model to read; every passage with where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sync.operations.ask import AskResult
from sync.operations.conflicts import ConflictsResult
from sync.operations.entries import Card, Reading
from sync.operations.query import QueryResult
from sync.operations.related import RelatedResult
from sync.operations.status import StatusResult
from sync.search.hit import Hit

_SHORT = 12  # characters of a commit's id that are shown


def show_card(card: Card) -> str:
    """One line of a list."""
    day = f"{card.date}  " if card.date else ""
    tags = f"  [{', '.join(card.tags)}]" if card.tags else ""
    return f"{day}{card.title}  ({card.entry}){tags}"


def show_cards(cards: Sequence[Card], *, none: str) -> str:
    """A list, one line each."""
    return "\n".join(f"- {show_card(card)}" for card in cards) or none


def show_hit(hit: Hit, passage: str) -> str:
    """A passage under the line that says what it is part of.

    Args:
        hit: it.
        passage: its text with the line of its provenance, see `hand_out`.
    """
    headings = f" § {' > '.join(hit.headings)}" if hit.headings else ""
    day = f" ({hit.date})" if hit.date else ""
    return f"{hit.title}{day}{headings}\n{passage}"


def show_hits(result: QueryResult, passages: Sequence[str]) -> str:
    """The passages, numbered, best first; then what there is to know."""
    pairs = zip(result.hits, passages, strict=True)
    parts = [f"{number}. {show_hit(hit, passage)}" for number, (hit, passage) in enumerate(pairs, 1)]
    parts = parts or [f"nothing found; entries searched: {result.searched}"]
    return "\n\n".join([*parts, *_notes(result.notes)])


def show_answer(result: AskResult, passages: Sequence[str]) -> str:
    """The answer, the passages that it cites by their numbers, what there is to know."""
    pairs = zip(result.citations, passages, strict=True)
    sources = [f"[{one.number}] {show_hit(one.hit, passage)}" for one, passage in pairs]
    return "\n\n".join([result.answer or "no answer", *sources, *_notes(result.notes)])


def _notes(notes: Iterable[str]) -> list[str]:
    return [f"note: {note}" for note in notes]


def show_reading(reading: Reading, passage: str) -> str:
    """Lines of an entry, and how many are left."""
    left = reading.lines - reading.last_line
    more = f"\n\n({left} more lines; ask with first_line {reading.last_line + 1})" if left else ""
    return f"{passage}{more}"


def show_tags(counts: Iterable[tuple[str, int]]) -> str:
    """A tag a line, with how many entries bear it."""
    return "\n".join(f"{count:>5}  {tag}" for tag, count in counts) or "no entry bears a tag"


def show_related(result: RelatedResult) -> str:
    """The entries with the reasons."""
    lines = []
    for one in result.related:
        why = "; ".join(f"{bond.value} {by}".strip() for bond, by in one.why)
        lines.append(f"- {show_card(one.card)}: {why}")
    return "\n".join(lines) or f"nothing belongs to {result.entry.entry}"


def show_status(result: StatusResult) -> str:
    """Where journal and stores stand."""
    lines = [f"branch {result.branch or 'none'} at {result.commit[:_SHORT] or 'no commit'}"]
    if result.blocked is not None:
        lines.append(f"no sync now: {result.blocked.message}; {result.blocked.hint}")
    for one in result.stores:
        due = ", ".join(f"{action} ({count})" for action, count in one.due.items()) or "nothing due"
        fault = f"{one.error.message}; {one.error.hint}" if one.error else ""
        lines.append(f"{one.name}: {one.absent or fault or due}")
    lines.append(f"memories to import: {result.to_import}")
    lines += [f"not committed: {path}" for path in result.uncommitted]
    lines += [f"conflict {one.short}: {one.path} ({one.why})" for one in result.conflicts]
    return "\n".join(lines)


def show_conflicts(result: ConflictsResult) -> str:
    """The conflicts, one line each; who resolves them."""
    if not result.conflicts:
        return "no conflicts"
    lines = [f"{one.short}: {one.path} ({one.why})" for one in result.conflicts]
    return "\n".join([*lines, "a person resolves them: journal resolve ID --ours | --theirs | --both | --edit"])
