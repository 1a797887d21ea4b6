"""Memories of one context that say different things about the same. Pure.

Precision before recall: two are shown only where all but a number, a day, a negation or a field is as good as equal,
and where their keys do not name different things. Nothing is decided: both stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from sync.taskmaster.memory import Kind, Memory, MemoryId
from sync.taskmaster.saying import Said, alike, is_about_the_same, jaccard, read_said

_SHARE = 0.7  # of the terms of two texts that are common, where only their likeness says that they are of one thing
_SHARE_OF_SUBJECT = 0.6  # the same where their keys say so
_SHARE_OF_MARKS = 0.5  # of JSON of four fields and one that differs three of five
_LEAST_TERMS, _LEAST_OF_SUBJECT = 3, 1  # one less where all are common
_LEAST_FIELDS, _FIELDS_SHARE = 3, 0.7
_LEAST_OF_NUMBERED = 4  # equal fields of `budget-1` and `budget-2`: two guests with the same diet are two guests
_MOST_OF_SUBJECT = 3  # more keys that differ in a date or number are a series: every one is true
_MOST_CHANGED = 3
_SHOWN = 80
_NAMING = frozenset(
    (
        "id uid uuid key name nom prenom firstname lastname title titre email mail phone telephone url ref reference "
        "code slug label number numero date day jour at time heure when timestamp created updated month mois week "
        "semaine year annee"
    ).split()
)  # a field that tells things apart: two values are of two things


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two memories that cannot both be true, it seems.

    Attributes:
        newer, older: by their last change.
        why: one line: what differs, that of the newer one first.
    """

    newer: Memory
    older: Memory
    why: str


def contradictions_of(memories: Iterable[Memory]) -> tuple[Contradiction, ...]:
    """Pairs of memories that say different things about the same, the newest first.

    Args:
        memories: of one context, in any order; the result does not depend on it.
    """
    saids = [read_said(one) for one in sorted(memories, key=lambda one: one.id)]
    families = Counter(said.subject for said in saids if said.subject)
    found = []
    for one, other in _candidates(saids):
        newer, older = sorted((one, other), key=lambda said: (said.memory.updated, said.memory.id), reverse=True)
        of_one_subject = one.subject == other.subject and 0 < families[one.subject] <= _MOST_OF_SUBJECT
        is_series = families[one.subject] > _MOST_OF_SUBJECT and one.subject == other.subject
        if not is_series and (why := why_contradicting(newer, older, is_subject_equal=of_one_subject)):
            found.append(Contradiction(newer=newer.memory, older=older.memory, why=why))
    return tuple(sorted(found, key=_order, reverse=True))


def why_contradicting(newer: Said, older: Said, *, is_subject_equal: bool) -> str:
    """What differs between two memories that are otherwise as good as equal; empty where they do not contradict.

    Args:
        newer, older: what they say.
        is_subject_equal: whether their keys name the same thing, and differ in a date, a number or a version alone.
    """
    if newer.memory.type != older.memory.type or not is_about_the_same(newer, older):
        return ""
    if newer.memory.kind is Kind.JSON and older.memory.kind is Kind.JSON:
        return _why_fields(newer, older, is_subject_equal=is_subject_equal)
    if newer.memory.kind is Kind.MARKDOWN and older.memory.kind is Kind.MARKDOWN:
        return _why_words(newer, older, is_subject_equal=is_subject_equal)
    return ""


def _candidates(saids: Sequence[Said]) -> list[tuple[Said, Said]]:
    """Pairs of one subject, and pairs that are alike."""
    by_id = {said.memory.id: said for said in saids}
    pairs: set[tuple[MemoryId, MemoryId]] = {
        (one.memory.id, other.memory.id) for one, other in alike(saids, _SHARE_OF_MARKS)
    }
    subjects: dict[frozenset[str], list[MemoryId]] = {}
    for said in saids:
        if said.subject:
            subjects.setdefault(said.subject, []).append(said.memory.id)
    for family in subjects.values():
        pairs |= set(combinations(family, 2)) if len(family) <= _MOST_OF_SUBJECT else set()
    return [(by_id[one], by_id[other]) for one, other in sorted(pairs)]


def _why_words(newer: Said, older: Said, *, is_subject_equal: bool) -> str:
    least, share = (_LEAST_OF_SUBJECT, _SHARE_OF_SUBJECT) if is_subject_equal else (_LEAST_TERMS, _SHARE)
    least -= newer.terms == older.terms
    mine, theirs = newer.terms - older.terms, older.terms - newer.terms
    is_equal = is_subject_equal and newer.terms == older.terms
    is_like = len(newer.terms & older.terms) >= least and jaccard(newer.terms, older.terms) >= share
    if not (is_like or is_equal) or (mine and theirs) or _are_numbered(newer, older, is_subject_equal=is_subject_equal):
        return ""
    denied = sorted(newer.denied ^ older.denied)
    changed = _changed_values(newer.values, older.values)
    if len(denied) == 1 and not changed and newer.values == older.values:
        affirming = older if denied[0] in newer.denied else newer
        return f"negated: {denied[0]}" if affirming.terms.issuperset(denied[0].split()) else ""
    return f"{' '.join(changed[0])} against {' '.join(changed[1])}" if changed and not denied else ""


def _changed_values(newer: Sequence[str], older: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """The numbers and days that two texts do not share; None where there are none, or one of them says more."""
    mine, theirs = Counter(newer) - Counter(older), Counter(older) - Counter(newer)
    if len(newer) != len(older) or not 0 < mine.total() <= _MOST_CHANGED:
        return None
    return sorted(mine.elements()), sorted(theirs.elements())


def _why_fields(newer: Said, older: Said, *, is_subject_equal: bool) -> str:
    shared = newer.fields.keys() & older.fields.keys()
    changed = sorted(path for path in shared if newer.fields[path] != older.fields[path])
    if not changed or len(changed) > _MOST_CHANGED or any(_is_naming(path) for path in changed):
        return ""
    equal = len(shared) - len(changed)
    is_like = len(shared) >= _LEAST_FIELDS and equal >= _FIELDS_SHARE * len(newer.fields.keys() | older.fields.keys())
    if newer.numbered != older.numbered and newer.subject and older.subject and equal < _LEAST_OF_NUMBERED:
        return ""
    if not is_like and not is_subject_equal:
        return ""
    return "; ".join(f"{path or 'value'}: {_cut(newer, path)} against {_cut(older, path)}" for path in changed)


def _are_numbered(newer: Said, older: Said, *, is_subject_equal: bool) -> bool:
    """Whether the keys may number two things that are told apart by nothing else, such as two guests."""
    return is_subject_equal and newer.numbered != older.numbered and len(newer.terms & older.terms) < _LEAST_TERMS


def _is_naming(path: str) -> bool:
    last = path.rpartition(".")[2].partition("[")[0].lower()
    return bool(_NAMING & {last, *last.replace("-", "_").split("_")})


def _cut(said: Said, path: str) -> str:
    shown = said.fields[path]
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _order(one: Contradiction) -> tuple[object, ...]:
    return one.newer.updated, one.older.updated, one.newer.id, one.older.id
