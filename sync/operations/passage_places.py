"""Where passages stand that were found, and what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.search.find import Ranked
from sync.search.highlight import marks
from sync.search.hit import Hit
from sync.search.index.catalogue import Indexed, Spot, Trait
from sync.search.index.index import Index


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
    text = text_of(lines, spot, entry.title)
    return Hit(
        entry=entry.path,
        id=entry.name,
        title=entry.title,
        date=entry.day,
        tags=entry.tags,
        headings=spot.headings,
        text=text,
        before=_neighbour(lines, spot, beside.get(spot.id - 1)),
        after=_neighbour(lines, spot, beside.get(spot.id + 1)),
        first_line=spot.first_line,
        last_line=spot.last_line,
        commit=commit,
        score=place.score,
        marks=marks(text, terms),
    )


def text_of(lines: Sequence[str], spot: Spot, title: str) -> str:
    """The text of a passage, which is the title where its entry has no other."""
    return title if spot.traits & Trait.IS_TITLE else "\n".join(lines[spot.first_line - 1 : spot.last_line])


def _neighbour(lines: Sequence[str], spot: Spot, other: Spot | None) -> str:
    is_near = other is not None and other.entry == spot.entry and other.headings == spot.headings
    return text_of(lines, other, "") if other and is_near else ""
