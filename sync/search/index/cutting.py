"""What the index keeps of one version of an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sync.document.entry import Entry, load_entry
from sync.search.analysis import Language, analyse_question, fold, language_of_words, terms_of_words, words_of
from sync.search.days import names_time
from sync.search.index.catalogue import NUMBER_BITS, Indexed, Spot, Trait, passage_id
from sync.search.packing import pack
from sync.search.passages import Kind, Passage, passages_of

_SPEAKER = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?\*\*([^*\n]{1,60}?):?\*\*:?")

NEAR = 2
"""So many passages before and behind one count as near it, within the same entry."""

MOST_PASSAGES = 1 << NUMBER_BITS
"""What follows them in an entry is not found: there are no numbers for more."""

MOST_TERMS = 512
"""So many terms of a passage are judged one by one; of a line of a megabyte, the others only count for finding it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One version of an entry, cut up.

    Attributes:
        entry: what is known of it; without title and the rest where it cannot be read.
        spots: where its passages stand; empty where it cannot be read.
        near: passage id -> the terms of the passage and of those near it.
        whole: all its terms.
        heading: the terms of its title and tags.
        language: what it is written in.
    """

    entry: Indexed
    spots: Sequence[Spot] = ()
    near: Mapping[int, Sequence[str]] = field(default_factory=dict)
    whole: Sequence[str] = ()
    heading: Sequence[str] = ()
    language: Language = Language.ENGLISH


def cut_entry(number: int, path: str, blob: str, data: bytes, otherwise: Language) -> Cut:
    """Cut an entry up.

    Args:
        number: its number in the index.
        path: POSIX, relative to the repository.
        blob: Git's id of its bytes.
        data: the bytes.
        otherwise: the language of an entry that does not tell its own.
    """
    entry = load_entry(path, data)
    if not isinstance(entry, Entry):
        return Cut(entry=_unreadable(number, path, blob, str(entry)))
    passages = passages_of(entry)[:MOST_PASSAGES]
    words = [words_of(one.text) for one in passages]
    language = language_of_words(_joined(words), otherwise)
    terms = [terms_of_words(one, language_of_words(one, language)) for one in words]
    spots = [_spot(passage_id(number, at), one, words[at], terms[at]) for at, one in enumerate(passages)]
    heading = [term for text in (entry.title, *entry.tags) for term in analyse_question(text, language)]
    return Cut(
        entry=_indexed(number, blob, entry),
        spots=spots,
        near={spot.id: _joined(terms[max(0, at - NEAR) : at + NEAR + 1]) for at, spot in enumerate(spots)},
        whole=_joined(terms),
        heading=heading,
        language=language,
    )


def _spot(id_: int, passage: Passage, words: Sequence[str], terms: Sequence[str]) -> Spot:
    title = Trait.IS_TITLE if passage.kind is Kind.TITLE else Trait(0)
    asks = Trait.ASKS if passage.text.rstrip().endswith("?") else Trait(0)
    when = Trait.NAMES_TIME if names_time(words) else Trait(0)
    speaker = _SPEAKER.match(passage.text)
    return Spot(
        id=id_,
        headings=passage.headings,
        first_line=passage.first_line,
        last_line=passage.last_line,
        terms=pack(terms[:MOST_TERMS]),
        speaker=pack(fold(word.lower()) for word in words_of(speaker[1])) if speaker else b"",
        traits=title | asks | when,
    )


def _joined(parts: Sequence[Sequence[str]]) -> list[str]:
    return list(chain.from_iterable(parts))


def _indexed(number: int, blob: str, entry: Entry) -> Indexed:
    return Indexed(
        id=number,
        path=entry.path,
        blob=blob,
        name=entry.id,
        title=entry.title,
        day=entry.moment.day.isoformat() if entry.moment else "",
        context=str(entry.front.get("context") or ""),
        tags=entry.tags,
    )


def _unreadable(number: int, path: str, blob: str, problem: str) -> Indexed:
    return Indexed(id=number, path=path, blob=blob, name="", title="", day="", context="", tags=(), problem=problem)
