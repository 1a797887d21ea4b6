"""What belongs to an entry: what it links to, what links to it, what bears the same rare tags, what speaks alike."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import log, prod
from typing import Any
from urllib.parse import unquote

from sync.document.entry import Entry
from sync.document.naming import stem_of
from sync.errors import UsageError
from sync.operations.entries import Card, Shelf, card_of, find_entry
from sync.operations.journal import Journal
from sync.operations.query import query
from sync.search.hit import Hit

_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|\[\[([^\]|#\n]+)")
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_RARE = 0.25  # below this share of what a tag could tell at most, it tells nothing
_PASSAGES = 40


class Bond(Enum):
    """Why an entry belongs to another."""

    LINKS_TO = "links to"
    LINKED_FROM = "linked from"
    TAGS = "tags"
    ALIKE = "alike"


_WEIGHTS = {Bond.LINKS_TO: 1.0, Bond.LINKED_FROM: 0.9, Bond.TAGS: 0.5, Bond.ALIKE: 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """An entry that belongs to another.

    Attributes:
        card: the entry.
        score: how much; comparable within one answer only.
        why: each reason, with what stands behind it: the tags, or the passage's place; the strongest first.
    """

    card: Card
    score: float
    why: tuple[tuple[Bond, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry as the object that `--json` prints."""
        why = [{"bond": bond.value, "by": by} for bond, by in self.why]
        return {**self.card.as_dict(), "score": round(self.score, 4), "why": why}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedResult:
    """The entries that belong to one, the nearest first."""

    entry: Card
    related: tuple[Related, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {"entry": self.entry.as_dict(), "related": [one.as_dict() for one in self.related]}


def related(journal: Journal, word: str, *, limit: int = 10, shelf: Shelf | None = None) -> RelatedResult:
    """The entries that belong to one.

    Args:
        journal: the journal.
        word: the entry's path, id or file name.
        limit: how many at most.
        shelf: what has been read before.

    Raises:
        UsageError: there is no such entry, or several are meant.
    """
    entries = (shelf or Shelf()).read(journal)
    entry = find_entry(entries, word, folder=journal.settings.entries)
    try:
        hits: Sequence[Hit] = query(journal, entry.title, limit=_PASSAGES).hits
    except UsageError:
        hits = ()  # a title of signs alone asks for nothing
    return RelatedResult(entry=card_of(entry), related=decide_related(entry, entries, hits)[:limit])


def decide_related(entry: Entry, entries: Mapping[str, Entry], hits: Sequence[Hit]) -> tuple[Related, ...]:
    """The entries that belong to one, the nearest first.

    Args:
        entry: the one.
        entries: all of them, by path.
        hits: passages that answer to its title, best first.
    """
    names = _names(entries.values())
    bonds: dict[str, dict[Bond, tuple[float, str]]] = {}

    def bind(path: str, bond: Bond, share: float, by: str = "") -> None:
        if path != entry.path and path in entries:
            bonds.setdefault(path, {}).setdefault(bond, (share, by))

    for path in _links(entry, names):
        bind(path, Bond.LINKS_TO, 1.0)
    for other in entries.values():
        if entry.path in _links(other, names):
            bind(other.path, Bond.LINKED_FROM, 1.0)
    for path, share, tags in _shared_tags(entry, entries):
        bind(path, Bond.TAGS, share, ", ".join(tags))
    foreign = [hit for hit in hits if hit.entry != entry.path and hit.score > 0]
    for hit in foreign:
        bind(hit.entry, Bond.ALIKE, hit.score / foreign[0].score, hit.place)
    found = [_weighed(entries[path], reasons) for path, reasons in bonds.items()]
    return tuple(sorted(found, key=lambda one: (-one.score, one.card.entry)))


def _weighed(entry: Entry, reasons: Mapping[Bond, tuple[float, str]]) -> Related:
    shares = {bond: _WEIGHTS[bond] * share for bond, (share, _by) in reasons.items()}
    order = sorted(shares, key=lambda bond: -shares[bond])
    return Related(
        card=card_of(entry), score=sum(shares.values()), why=tuple((bond, reasons[bond][1]) for bond in order)
    )


def _names(entries: Iterable[Entry]) -> dict[str, str]:
    """What an entry may be called by -> its path: path, id, file name, stem. The first of several keeps a name."""
    names: dict[str, str] = {}
    for entry in entries:
        for name in (entry.path, entry.id, entry.path.rpartition("/")[2], stem_of(entry.path)):
            names.setdefault(name, entry.path)
    return names


def _links(entry: Entry, names: Mapping[str, str]) -> set[str]:
    """The paths of the entries that an entry names: in `related`, and in links outside of code."""
    written = [*entry.related]
    if "](" in entry.text or "[[" in entry.text:
        written += [one or two for one, two in _LINK.findall(_FENCED.sub("", entry.body))]
    return {path for word in written if (path := _target(word, entry.path, names))}


def _target(word: str, source: str, names: Mapping[str, str]) -> str:
    if "://" in word:
        return ""
    name = unquote(word.partition("#")[0]).strip()
    relative = posixpath.normpath(posixpath.join(posixpath.dirname(source), name))
    return names.get(relative) or names.get(name) or ""


def _shared_tags(entry: Entry, entries: Mapping[str, Entry]) -> list[tuple[str, float, list[str]]]:
    """(path, share, tags) of the entries that bear some of an entry's rare tags; a tag on every entry tells nothing."""
    counts = Counter(tag for one in entries.values() for tag in {tag.casefold() for tag in one.tags})
    most = log(max(len(entries), 2))
    told = {tag: log(len(entries) / counts[tag]) / most for tag in dict.fromkeys(map(str.casefold, entry.tags))}
    rare = {tag: share for tag, share in told.items() if share >= _RARE}
    found = []
    for other in entries.values():
        tags = [tag for tag in rare if tag in {one.casefold() for one in other.tags}]
        if tags:
            found.append((other.path, 1 - prod(1 - rare[tag] for tag in tags), tags))
    return found
