"""Where passages stand that were found, and what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.search.find import Ranked
from sync.search.highlight import marks
from sync.search.hit import Hit
from sync.search.index.catalogue import Indexed, Spot, Trait
from sync.search.index.index import Index

LONGEST = 4_000
"""So many characters of a passage are shown at most: a line can hold a whole book, or data."""

_LOOKED_AT = 200_000  # characters of a longer passage in which the first mark is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a passage stands.

    Attributes:
        entry: its entry.
        spot: its lines and headings.
        score: as in `Hit`.
    """

    entry: Indexed
    spot: Spot
    score: float


def locate_passages(index: Index, ranked: Sequence[Ranked]) -> list[Place]:
    """Where passages stand, in their order; those that are not in the index any more are left out."""
    spots = index.catalogue.spots([one.id for one in ranked])
    entries = {entry.id: entry for entry in index.catalogue.entries(sorted({spot.entry for spot in spots.values()}))}
    known = ((one, spots[one.id]) for one in ranked if one.id in spots)
    return [Place(entry=entries[spot.entry], spot=spot, score=one.score) for one, spot in known]


def make_hit(place: Place, lines: Sequence[str], commit: str, beside: Mapping[int, Spot], terms: frozenset[str]) -> Hit:
    """What is shown of a passage.

    Args:
        place: where it stands.
        lines: its entry's.
        commit: id of the commit that has the entry as it is here; empty for none.
        beside: passages before and behind it, by id.
        terms: of the question, which are lit.
    """
    entry, spot = place.entry, place.spot
    text, lit = _excerpt(text_of(lines, spot, entry.title), terms)
    return Hit(
        entry=entry.path,
        id=entry.name,
        title=entry.title,
        date=entry.day,
        tags=entry.tags,
        headings=spot.headings,
        text=text,
        before=_excerpt(_neighbour(lines, spot, beside.get(spot.id - 1)), frozenset())[0],
        after=_excerpt(_neighbour(lines, spot, beside.get(spot.id + 1)), frozenset())[0],
        first_line=spot.first_line,
        last_line=spot.last_line,
        commit=commit,
        score=place.score,
        marks=lit,
    )


def _excerpt(text: str, terms: frozenset[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text with its marks; of one that is no text for people any more, what stands around the first mark."""
    if len(text) <= LONGEST:
        return text, marks(text, terms)
    lit = marks(text[:_LOOKED_AT], terms)
    start = max(lit[0][0] - LONGEST // 4, 0) if lit else 0
    short = text[start : start + LONGEST]
    if start:
        short = f"…{short[1:]}"
    if start + LONGEST < len(text):
        short = f"{short[:-1]}…"
    return short, marks(short, terms)


def text_of(lines: Sequence[str], spot: Spot, title: str) -> str:
    """The text of a passage, which is the title where its entry has no other."""
    return title if spot.traits & Trait.IS_TITLE else "\n".join(lines[spot.first_line - 1 : spot.last_line])


def _neighbour(lines: Sequence[str], spot: Spot, other: Spot | None) -> str:
    is_near = other is not None and other.entry == spot.entry and other.headings == spot.headings
    return text_of(lines, other, "") if other and is_near else ""
