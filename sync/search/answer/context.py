"""Choosing what an answer may rest on: numbered sources, within a budget of characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sync.search.answer.terms import folded
from sync.search.hit import Hit

BUDGET = 12_000
"""Characters of all sources together: about 3,500 tokens, which the smallest models in use take."""
_LONGEST = 2_400
_SHORTEST = 120
_SHARE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage with a number to cite it by.

    Attributes:
        number: counted from 1.
        hit: where it is from.
        text: the passage between as much of its neighbours as there is room for.
    """

    number: int
    hit: Hit
    text: str


def gather(hits: Sequence[Hit], *, budget: int = BUDGET) -> tuple[Source, ...]:
    """The sources for an answer, best first.

    Passages that say the same are taken once. An entry gives two passages at first; more only behind those of all
    others, so that one long entry does not crowd out the rest.

    Args:
        hits: what a search found, best first.
        budget: how many characters all sources may take together.
    """
    chosen = _fairly(_distinct(hits))
    own = {folded(hit.text) for hit in chosen}
    sources: list[Source] = []
    for hit in chosen:
        room = min(budget, _LONGEST) - len(described(hit))
        if room < min(_SHORTEST, len(hit.text)):
            break
        text = _with_neighbours(hit, own, room)
        sources.append(Source(number=len(sources) + 1, hit=hit, text=text))
        budget -= len(described(hit)) + len(text)
    return tuple(sources)


def described(hit: Hit) -> str:
    """What a reader needs to place a passage: title, day, headings and place, one a line; each in one line."""
    rows = {
        "title": hit.title,
        "day": hit.date,
        "section": heading_path(hit),
        "place": hit.place,
    }
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in rows.items() if value)


def heading_path(hit: Hit) -> str:
    """The headings that a passage stands under, outermost first; without one that repeats the title."""
    return " > ".join(hit.headings[1:] if hit.headings[:1] == (hit.title,) else hit.headings)


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    """The hits whose text, or whose lines, no earlier one holds."""
    kept: list[Hit] = []
    texts: set[str] = set()
    for hit in hits:
        text = folded(hit.text)
        if text and text not in texts and not any(_holds(other, hit) for other in kept):
            kept.append(hit)
            texts.add(text)
    return kept


def _holds(one: Hit, other: Hit) -> bool:
    is_inside = one.first_line <= other.first_line and other.last_line <= one.last_line
    return one.entry == other.entry and is_inside


def _fairly(hits: Sequence[Hit]) -> list[Hit]:
    taken: Counter[str] = Counter()
    first: list[Hit] = []
    later: list[Hit] = []
    for hit in hits:
        (first if taken[hit.entry] < _SHARE else later).append(hit)
        taken[hit.entry] += 1
    return first + later


def _with_neighbours(hit: Hit, own: set[str], room: int) -> str:
    """A passage with its neighbours; those that are sources themselves are left out."""
    if len(hit.text) >= room:
        return _head(hit.text, room)
    before = "" if folded(hit.before) in own else hit.before
    after = "" if folded(hit.after) in own else hit.after
    room -= len(hit.text)
    before = _tail(before, max(room // 2, room - len(after)))
    after = _head(after, room - len(before))
    return "\n\n".join(part for part in (before, hit.text, after) if part)


def _head(text: str, room: int) -> str:
    """The beginning of a text, cut between words."""
    if len(text) <= room:
        return text
    return f"{text[: room - 1].rsplit(None, 1)[0]}…" if room >= _SHORTEST else ""


def _tail(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    return f"…{text[len(text) - room + 1 :].split(None, 1)[-1]}" if room >= _SHORTEST else ""
