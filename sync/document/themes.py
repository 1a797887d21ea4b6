"""Grouping memories by theme, so that what belongs together becomes one entry and nothing else does.

A memory's theme is what its store says it is (`theme`, `topic`, `category`, its first tag), else the label it starts
with (`Build: use pnpm`), else its first words. Only labels are compared by their words, and only as wholes: `v1.2` and
`v1.3` are two words. Two memories share a group where they share what the whole group has in common, never through a
chain of neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

MAX_LABEL = 60
_MAX_WORDS = 8
_CUT = " …"
_MANY = 200
_READ = 1000  # characters of a line that can matter for a theme
_MAX_TAG = 30
_MAX_STATED_TAG = 200  # as the schema of entries allows
_SEARCHED = 200  # characters of a text in which its label may stand
_THEME_KEYS = ("theme", "topic", "category", "subject", "title")
_LABEL = re.compile(r"[\s>*#_`-]*(?P<label>[^\n:]{2,60}?)[*_`]*\s?:(?=\s|\*\*)")
_SENTENCE_END = re.compile(r"[.!?…;](?=\s|$)")
_NOT_IN_TAG = re.compile(r"[^\w.]+")
_WORD = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*")
_STOP_WORDS = frozenset(
    # articles, pronouns, prepositions and the like, French and English, accents folded
    (
        "a about all an and any are as at au aux avec be but by ce ces cet cette d dans de des do doit du en "
        "est et etre for from has have i il ils in into is it its j je l la le les leur lors mais mes mon "
        "must n ne nos not notre nous of on or ou our par pas plus pour qu que qui s sa sans se ses should "
        "son sont sous sur t that the their them this to toujours un une us use user utilisateur vers via vos "
        "votre vous was we when where which will with you your always application important info information "
        "memoire memory never note projet project rappel remember "
    ).split()
)
_GENERIC_TAGS = frozenset({"augment-memory", "augment", "memory", "memories", "memoire", "imported", "import"})


class HasText(Protocol):
    """What can be grouped: a text, and what its store says of it."""

    @property
    def text(self) -> str:
        """What is remembered."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the store says of it."""


Item = TypeVar("Item", bound=HasText)


@dataclass(slots=True, kw_only=True)
class Group(Generic[Item]):
    """Memories of one theme.

    Attributes:
        theme: as a person would write it; one line, at most 60 characters.
        items: the memories, in the order they came.
        words: what all their labels have in common; empty where the theme is not a label.
    """

    theme: str
    items: list[Item] = field(default_factory=list)
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Theme:
    name: str
    key: str
    words: frozenset[str]


def group_by_theme(items: Iterable[Item]) -> list[Group[Item]]:
    """Groups in the order of their first memory. Each item is in exactly one."""
    exact: dict[str, Group[Item]] = {}
    by_word: dict[str, list[Group[Item]]] = {}
    groups: list[Group[Item]] = []
    for item in items:
        theme = theme_of(item)
        group = exact.get(theme.key) or _closest(by_word, theme)
        if group is None:
            group = Group(theme=theme.name, words=theme.words)
            groups.append(group)
            for word in theme.words:
                by_word.setdefault(word, []).append(group)
        elif theme.words and theme.words != group.words:
            group.words &= theme.words
            group.theme = _common_name(group.theme, group.words)
        exact[theme.key] = group
        group.items.append(item)
    return groups


def theme_of(item: HasText) -> _Theme:
    """The theme of one memory."""
    for name in _stated(item.metadata):
        if clean := _shorten(_one_line(name)):
            return _Theme(name=clean, key=f"stated {fold(clean)}", words=frozenset())
    label = _label(item.text)
    if label:
        return _Theme(name=label, key=f"label {fold(label)}", words=significant_words(label))
    opening = _opening(item.text)
    return _Theme(name=opening, key=f"opening {fold(opening)}", words=frozenset())


def significant_words(label: str) -> frozenset[str]:
    """The words of a label that carry its meaning, folded: no stop words, a plural as its singular."""
    parts = (part for found in _WORD.finditer(label) for part in re.split(r"['’]", fold(found.group())))
    return frozenset(_singular(part) for part in parts if part not in _STOP_WORDS and (len(part) > 1 or part.isdigit()))


def fold(text: str) -> str:
    """A text without case, accents and superfluous white space, for comparing."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in bare if not unicodedata.combining(letter)).split())


def tags_of(group: Group[Item], limit: int = 5) -> list[str]:
    """Tags a group suggests: all of its memories' own, then words of its theme up to a limit; no duplicates."""
    stated = [tag for item in group.items for tag in _tags(item.metadata)]
    spoken = (part for found in _WORD.finditer(group.theme) for part in re.split(r"['’]", found.group().casefold()))
    words = [_NOT_IN_TAG.sub("-", part).strip("-") for part in spoken]
    wanted = [word for word in words if 2 < len(word) <= _MAX_TAG and fold(word) not in _STOP_WORDS]
    kept = [tag for tag in dict.fromkeys([*stated, *wanted]) if fold(tag) not in _GENERIC_TAGS]
    return kept[: max(limit, len(set(stated)))]


def _closest(by_word: Mapping[str, Sequence[Group[Item]]], theme: _Theme) -> Group[Item] | None:
    """The group of which this label says nothing else, or most of the same; numbers and versions have to be equal."""
    best, score = None, 0.0
    for group in _candidates(by_word, theme.words):
        common = group.words & theme.words
        if not common or _numbers(group.words) != _numbers(theme.words):
            continue
        share = len(common) / min(len(group.words), len(theme.words))
        if share > 0.5 and share > score:
            best, score = group, share
    return best


def _candidates(by_word: Mapping[str, Sequence[Group[Item]]], words: Iterable[str]) -> Iterator[Group[Item]]:
    """Groups that share a word; a word that hundreds of themes hold says nothing, and would cost quadratic time."""
    for word in sorted(words):
        groups = by_word.get(word, ())
        if len(groups) <= _MANY:
            yield from groups


def _numbers(words: Iterable[str]) -> set[str]:
    return {word for word in words if any(letter.isdigit() for letter in word)}


def _common_name(name: str, words: frozenset[str]) -> str:
    """What of a theme's name its group has in common, as it was written: `Concept important` -> `Concept`."""
    kept = [found.group() for found in _WORD.finditer(name) if significant_words(found.group()) & words]
    common = " ".join(kept)
    return common[:1].upper() + common[1:] if common else name


def _stated(metadata: Mapping[str, Any]) -> Iterable[str]:
    yield from (str(metadata[key]) for key in _THEME_KEYS if isinstance(metadata.get(key), str))
    yield from (tag for tag in _tags(metadata) if fold(tag) not in _GENERIC_TAGS)


def _tags(metadata: Mapping[str, Any]) -> list[str]:
    tags = metadata.get("tags")
    words = (
        (_one_line(tag)[:_MAX_STATED_TAG].strip() for tag in tags if isinstance(tag, str))
        if isinstance(tags, list)
        else ()
    )
    return [word for word in words if word]


def _label(text: str) -> str:
    found = _LABEL.match(text[:_SEARCHED])
    label = _one_line(found["label"]) if found else ""
    if not label or _SENTENCE_END.search(label) or len(label.split()) > _MAX_WORDS or "//" in text[: len(label) + 4]:
        return ""
    return label if significant_words(label) else ""


def _opening(text: str) -> str:
    """The first words of a text: its first sentence, cut at a word. A dot inside `v1.2` ends nothing."""
    line = next((clean for raw in text.splitlines() if (clean := _one_line(raw[:_READ]))), "")
    line = line or _printable(text[:_READ]) or "…"
    end = _SENTENCE_END.search(line)
    return _shorten(line[: end.start()] if end and end.start() > 0 else line)


def _shorten(line: str) -> str:
    """At most 60 characters and eight words of a line, cut behind a word."""
    short = ""
    for word in line.split()[:_MAX_WORDS]:
        if len(short) + len(word) + len(_CUT) + 1 > MAX_LABEL:
            break
        short = f"{short} {word}".strip()
    short = line if len(line) <= MAX_LABEL and len(line.split()) <= _MAX_WORDS else short
    short = short or line[: MAX_LABEL - len(_CUT)]
    return f"{short.rstrip(',:;')}{_CUT}" if len(short) < len(line) else short


def _one_line(text: str) -> str:
    """A text without Markdown's signs at its ends, control characters and line breaks."""
    return _printable(text).strip("#>*_`- ").strip()[:200]


def _printable(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] in "sx" and word[-2:] not in ("ss", "us") else word
