"""What a memory says, so that two can be compared: terms, numbers, negations, fields of JSON, its subject. Pure.

French and English. Numbers, days and months are values: two texts that differ in nothing else say different things.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from math import ceil
from typing import Any

from sync.search.analysis import Language, fold, language_of, terms_of_words, words_of
from sync.taskmaster.memory import Kind, Memory

MAX_TEXT = 16_384
"""Characters of a text that are compared; longer ones are alike only if they are equal."""
_ROUNDING = 1e-9
_NUMBER = re.compile(r"(?<![\w])(?:\d{1,3}(?:[ \u00a0\u202f.,']\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d+(?:[.,]\d+)?)")
_BLANKS = re.compile(r"[ \u00a0\u202f']")
_NAMED = re.compile(
    r"(?:#|\bn[°º]|\bno\.?|\bnr\.?|\b(?:invoice|table|room|ticket|issue|order|page|chapter|section|step|item|task|guest|"
    r"group|team|day|week|version|phase|option|facture|salle|chambre|commande|devis|étape|lot|groupe|équipe|jour|"
    r"semaine|chapitre|tâche|invité|article))\s*$",
    re.IGNORECASE,
)
_TIME = re.compile(r"(?<![\w:])(\d{1,2}) ?[h:] ?(\d\d)(?![\w:])|(?<![\w:])(\d{1,2}) ?h(?!\w)")
_RELEASE = re.compile(r"(?<!\w)v\d+(?:\.\d+)*(?!\w)", re.IGNORECASE)
_NO_MORE = re.compile(r"\b(ne |n['’])(\w+) plus\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\bno (?:longer|more)\b|\b(?:can|won|shan)['’]t\b|n['’]t\b"
    r"|\b(?:not|never|without|cannot|none|nobody|nothing|neither|no(?!\.?\s*\d))\b"
    r"|\b(?:pas|jamais|sans|aucune?|rien)\b",
    re.IGNORECASE,
)
_DAYS = ("monday lundi", "tuesday mardi", "wednesday mercredi", "thursday jeudi", "friday vendredi", "saturday samedi")
_MONTHS = (
    "january janvier", "february fevrier", "march mars", "april avril", "may mai", "june juin", "july juillet",
    "august aout", "september septembre", "october octobre", "november novembre", "december decembre",
)  # fmt: skip
_DATED = {word: words.split()[0] for words in (*_DAYS, "sunday dimanche", *_MONTHS) for word in words.split()}
_ALSO_WORDS = frozenset(("may", "march"))  # days and months only with a capital
_NOT = "\x00"
_ENGLISH_NEGATIONS = frozenset(("n", "t"))
_UNITS = frozenset("eur euro usd dollar percent hour heur minut km kg day jour".split())  # stems
_GENERIC = frozenset(
    (
        "note notes memo memory memories item entry info fact mem tmp misc copy copie final version bis new old draft "
        "updated update latest nouveau nouvelle ancien brouillon souvenir de of the"
    ).split()
)
_VERSION = re.compile(r"v\d{1,4}|[0-9a-f]{7,64}|\d+[a-z]?", re.IGNORECASE)
_KEY_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?:[-_/.]?(?:0[1-9]|1[0-2])(?:[-_/.]?[0-3]\d)?)?(?!\d)(?:[T_ -]\d\d[:h-]?\d\d)?"
)
_PARTS = re.compile(r"[-:./#]")
_KEY_COPY = re.compile(r"\(\d+\)|\bv\d+\b|(?<=copy) \d+|(?<=copie) \d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a memory says.

    Attributes:
        memory: the memory.
        exact: kind and value, without what does not count: case, blanks, Markdown's marks. Bytes are their digest.
        terms: stems of the words, but for values, units, negations and stop words.
        values: numbers, days and months.
        names: numbers that name something, such as that of an invoice; of text alone.
        denied: what is negated: the two terms that follow, as far as there are any.
        fields: leaves of JSON by path; a scalar by the empty path; nothing for text.
        marks: what others like it are found by: the terms of text, paths with leaves of JSON.
        subject: stems of the key's words, but for dates, numbers and words that say nothing, such as `note`.
        numbered: the numbers in the key that are no dates and no versions.
    """

    memory: Memory
    exact: str
    terms: frozenset[str]
    values: tuple[str, ...]
    names: tuple[str, ...]
    denied: frozenset[str]
    fields: Mapping[str, str]
    marks: frozenset[str]
    subject: frozenset[str]
    numbered: tuple[str, ...]


def read_said(memory: Memory) -> Said:
    """What a memory says."""
    subject, numbered = _about(memory.key)
    text, exact, fields = _read(memory)
    terms, values, names, denied = _words(text if len(text) <= MAX_TEXT else "")
    return Said(
        memory=memory, exact=f"{memory.kind.value} {exact}", terms=terms, values=values, denied=denied,
        names=() if fields else names, fields=fields,
        marks=frozenset(f"{path}={leaf}" for path, leaf in fields.items()) if fields else terms,
        subject=subject, numbered=numbered,
    )  # fmt: skip


def _read(memory: Memory) -> tuple[str, str, Mapping[str, str]]:
    """The words of a memory, what it is equal to others by, and its fields."""
    if memory.kind is Kind.MARKDOWN:
        text = memory.data.decode("utf-8", "replace")
        return text, _plain(text), {}
    if memory.kind is Kind.JSON:
        with suppress(RecursionError):  # JSON that is nested deeper is compared as bytes are
            fields = dict(_leaves(json.loads(memory.data), ""))
            text = "\n".join(f"{path.rpartition('.')[2]} {leaf}" for path, leaf in fields.items())
            return text, json.dumps(sorted(fields.items())), fields
    return "", sha256(memory.data).hexdigest(), {}


def is_about_the_same(one: Said, other: Said) -> bool:
    """Whether what two keys name may be the same thing: all that one of them names the other memory names too."""
    mine = one.subject - other.subject - other.terms
    theirs = other.subject - one.subject - one.terms
    return (not mine or not theirs) and one.names == other.names


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of the terms of either that both have; 0 where neither has any."""
    return len(one & other) / len(one | other) if one or other else 0.0


def containment(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of the smaller one's terms that the larger one has; 0 where it has none."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def alike(saids: Sequence[Said], share: float) -> Iterator[tuple[Said, Said]]:
    """Pairs the `jaccard` of whose marks is a share or more, each once, in order.

    Only the rarest marks of a memory are looked up: so many that no pair can be missed, since two that have a share of
    their marks in common have one of these in common (prefix filtering, Chaudhuri et al. 2006).
    """
    rarest = _rarest(saids, share)
    yield from _pairs(saids, rarest, rarest, lambda one, other: jaccard(one, other) >= share)


def within(saids: Sequence[Said], share: float) -> Iterator[tuple[Said, Said]]:
    """Pairs the `containment` of whose marks is a share or more, each once, in order; as `alike`."""
    yield from _pairs(
        saids,
        _rarest(saids, share),
        [said.marks for said in saids],
        lambda one, other: containment(one, other) >= share,
    )


def _rarest(saids: Sequence[Said], share: float) -> list[list[str]]:
    counts = Counter(term for said in saids for term in said.marks)
    ordered = [sorted(said.marks, key=lambda term: (counts[term], term)) for said in saids]
    return [terms[: len(terms) - ceil(share * len(terms) - _ROUNDING) + 1] for terms in ordered]


def _pairs(
    saids: Sequence[Said],
    looked_up: Sequence[Collection[str]],
    indexed: Sequence[Collection[str]],
    admits: Callable[[frozenset[str], frozenset[str]], bool],
) -> Iterator[tuple[Said, Said]]:
    having: dict[str, list[int]] = {}
    for at, terms in enumerate(indexed):
        for term in terms:
            having.setdefault(term, []).append(at)
    found = set()
    for at, terms in enumerate(looked_up):
        own = saids[at].marks
        others = {other for term in terms for other in having.get(term, ()) if other != at}
        found |= {(min(at, other), max(at, other)) for other in others if admits(own, saids[other].marks)}
    for first, second in sorted(found):
        yield saids[first], saids[second]


def _plain(text: str) -> str:
    marked = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(re.sub(r"[*_`#>|]+|^\s*[-+]\s", " ", marked, flags=re.MULTILINE).split()).strip(" .!")


def _words(text: str) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """Terms, values, names and denied terms of a text."""
    values = [f"{at[1] or at[3]}h{at[2] or ''}" for at in _TIME.finditer(text)]
    names = [found[0].lower() for found in _RELEASE.finditer(text)]
    language = language_of(text, Language.ENGLISH)
    text = _RELEASE.sub(" ", _TIME.sub(" ", text))
    for found in _NUMBER.finditer(text):
        (names if _NAMED.search(text, max(found.start() - 12, 0), found.start()) else values).append(_number(found[0]))
    rest = _NEGATION.sub(f" {_NOT} ", _NO_MORE.sub(r"\1\2 pas", _NUMBER.sub(" ", text)))
    terms: set[str] = set()
    denied: set[str] = set()
    for number, part in enumerate(rest.split(_NOT)):
        dates, words = _parted(words_of(part))
        values += dates
        stems = _stems(words, language)
        terms.update(stems)
        if number:
            denied.add(" ".join(stems[:2]))
    return frozenset(terms), tuple(sorted(values)), tuple(sorted(names)), frozenset(denied)


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The days and months among some words, and the others."""
    dates: list[str] = []
    others: list[str] = []
    for word in words:
        folded = fold(word.lower())
        is_date = folded in _DATED and (folded not in _ALSO_WORDS or word[:1].isupper())
        (dates if is_date else others).append(_DATED[folded] if is_date else word)
    return dates, others


def _stems(words: Sequence[str], language: Language) -> list[str]:
    left_out = _UNITS | _ENGLISH_NEGATIONS
    return [term for term in terms_of_words(words, language) if not term.isdigit() and term not in left_out]


def _number(written: str) -> str:
    """`3 000`, `3,000` and `3000` are one number; `1,5` is `1.5`."""
    plain = _BLANKS.sub("", written)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain):
        plain = re.sub(r"[.,]", "", plain)
    head, separator, tail = plain.replace(",", ".").rpartition(".")
    whole = (head.replace(".", "") + separator + tail) if separator else plain
    return f"{float(whole):g}" if len(whole) < 16 else whole


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Leaves of JSON by path; those of a list of scalars are one, in any order."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    elif isinstance(value, list):
        yield path, json.dumps(sorted(_leaf(item) for item in value), ensure_ascii=False)
    else:
        yield path, _leaf(value)


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


@lru_cache(maxsize=50_000)
def _about(key: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The stems of a key's words, and its numbers that are neither dates nor versions."""
    rest = _PARTS.sub(" ", _KEY_COPY.sub(" ", _KEY_DATE.sub(" ", key.replace("_", " "))))
    words = [word for word in words_of(rest) if fold(word.lower()) not in _GENERIC and not _VERSION.fullmatch(word)]
    words = [word for word in words if fold(word.lower()) not in _DATED]
    # Keys are too short to tell their language: the English stems of folded words do for both.
    stems = terms_of_words([fold(word) for word in words], Language.ENGLISH)
    return frozenset(stems), tuple(sorted(re.findall(r"\d+", rest)))
