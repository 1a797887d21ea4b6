"""Patterns of contexts: what they match, and which of two is the more specific. Pure.

A pattern is written like a context. In the place of a part may stand `{name}`, any one part under a name; `*`, any one
part; or text with `*` for any characters within the part (`2025-*`). A `*` that is the last part stands for everything
there: in the place of a name, any name and all that lies below it (`wedding:*` is every wedding with its modules and
functions); behind a whole context, that context and all that lies below it (`wedding:42:*`).

Of two patterns that match a context the more specific holds. From the left, the first part in which they differ
decides: text before text with `*` (the longer text first) before any part, and the end before everything below.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from sync.errors import UsageError
from sync.taskmaster.context import GLOBAL, Context, Level, check_application, kind_problem, split_parts

_NAME = re.compile(r"\{([A-Za-z_]\w{0,40})\}")
_HINT = "such as taskmaster:wedding:{wedding}:module:budget, or wedding:* for all there is of every wedding"
_ANY = "*"
_LEVELS = tuple(Level)

Specificity: TypeAlias = "tuple[tuple[int, int], ...]"
"""Compares as patterns do: the greater is the more specific."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a pattern.

    Attributes:
        pieces: the text between its stars: one piece has no star.
        name: what the part is called, where it is any part under a name.
    """

    pieces: tuple[str, ...]
    name: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """How specific it is; greater is more."""
        if len(self.pieces) == 1:
            return 2, 0
        size = sum(map(len, self.pieces))
        return (1, size) if size else (0, 0)

    def fits(self, word: str) -> bool:
        """Whether a part of a context is one of those it stands for."""
        head, tail = self.pieces[0], self.pieces[-1]
        if len(self.pieces) == 1:
            return word == head
        if len(word) < len(head) + len(tail) or not word.startswith(head) or not word.endswith(tail):
            return False
        place, end = len(head), len(word) - len(tail)
        for piece in self.pieces[1:-1]:
            found = word.find(piece, place, end)
            if found < 0:
                return False
            place = found + len(piece)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern; made by `Pattern.parse`.

    Attributes:
        text: as it was written, with its application.
        parts: its parts; of the global context only the application.
        is_open: whether it stands for all below, too.
    """

    text: str
    parts: tuple[Part, ...] = field(compare=False, repr=False)
    is_open: bool = field(compare=False, repr=False)

    @staticmethod
    def parse(text: str) -> Pattern:
        """A pattern from its text, which begins with the application.

        Raises:
            UsageError: it is none, or a name stands in it twice.
        """
        return _parse(text)

    @property
    def level(self) -> Level:
        """The level of the contexts that it matches; the highest of them where it is open."""
        return _LEVELS[len(self.parts) // 2]

    @property
    def names(self) -> frozenset[str]:
        """The names in it."""
        return frozenset(part.name for part in self.parts if part.name)

    @property
    def specificity(self) -> Specificity:
        """How specific it is, see the module."""
        return (*(part.rank for part in self.parts), (-1, 0 if self.is_open else 1))

    @property
    def shape(self) -> tuple[Specificity, tuple[str, ...]]:
        """What is the same in all patterns that it can tie with: how specific they are, and the text in them."""
        return self.specificity, tuple(part.pieces[0] for part in self.parts if len(part.pieces) == 1)

    def match(self, context: Context) -> dict[str, str] | None:
        """What its names stand for in a context; None where it does not match."""
        path = context.path
        if len(path) < len(self.parts) or (len(path) > len(self.parts) and not self.is_open):
            return None
        pairs = list(zip(self.parts, path, strict=False))
        if not all(part.fits(word) for part, word in pairs):
            return None
        return {part.name: word for part, word in pairs if part.name}

    def overlaps(self, other: Pattern) -> bool:
        """Whether there can be a context that both match."""
        shorter, longer = sorted((self, other), key=lambda one: len(one.parts))
        if len(shorter.parts) < len(longer.parts) and not shorter.is_open:
            return False
        return all(_meet(one.pieces, two.pieces) for one, two in zip(shorter.parts, longer.parts, strict=False))

    def meets_tenants_of(self, other: Pattern) -> bool:
        """Whether the tenants of contexts that another pattern matches can be contexts that this one matches."""
        tenants = Pattern(text=other.text, parts=other.parts[:3], is_open=other.is_open and len(other.parts) < 3)
        return self.overlaps(tenants)


def match(pattern: str, context: str) -> dict[str, str] | None:
    """What the names of a pattern stand for in a context, both written in full; None where it does not match.

    Raises:
        UsageError: one of them is not what it should be.
    """
    return Pattern.parse(pattern).match(Context.parse(context))


def ties(patterns: Iterable[Pattern]) -> list[tuple[int, int]]:
    """Places of patterns that match one context and of which neither is the more specific.

    Returns:
        For each pattern that ties with one before it, the place of the first such and its own.
    """
    known: defaultdict[object, list[tuple[int, Pattern]]] = defaultdict(list)
    found = []
    for place, one in enumerate(patterns):
        alike = known[one.shape]
        found += [(first, place) for first, other in alike if one.overlaps(other)][:1]
        alike.append((place, one))
    return found


@lru_cache(maxsize=1024)
def _parse(text: str) -> Pattern:
    words = split_parts(text, "pattern", _HINT)
    try:
        check_application(words[0])
    except UsageError as error:
        raise UsageError(f"the pattern {text!r}: {error.message}", hint=_HINT) from error
    is_open = len(words) > 1 and set(words[-1]) == {_ANY}
    path = words[:-1] if is_open and len(words) % 2 == 0 else words
    if path[1:] == (GLOBAL,) and not is_open:
        path = path[:1]
    parts = tuple(_part(word) for word in path)
    problem = _problem(path, parts)
    if problem:
        raise UsageError(f"the pattern {text!r}: {problem}", hint=_HINT)
    return Pattern(text=":".join(words), parts=parts, is_open=is_open)


def _part(word: str) -> Part:
    named = _NAME.fullmatch(word)
    if named:
        return Part(pieces=("", ""), name=named[1])
    return Part(pieces=tuple(re.split(r"\*+", word)))


def _problem(path: tuple[str, ...], parts: tuple[Part, ...]) -> str:
    """What is wrong with a pattern; empty where nothing is."""
    braces = next((word for word, part in zip(path, parts, strict=True) if not part.name and _has_braces(word)), "")
    if braces:
        return f"{braces!r} must be a whole part such as {{name}}"
    names = [part.name for part in parts if part.name]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        return f"{{{twice}}} stands in it twice"
    for place, (word, part) in enumerate(zip(path[1::2], parts[1::2], strict=True)):
        problem = "" if place == 0 and len(part.pieces) > 1 else kind_problem(word, place)
        if problem:
            return problem
    return "" if len(path) % 2 else f"nothing stands behind {path[-1]!r}; a kind and a name make a pair"


def _has_braces(word: str) -> bool:
    return "{" in word or "}" in word


def _meet(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Whether some word fits both of two lists of pieces, see `Part.pieces`."""
    if len(one) == 1:
        return Part(pieces=two).fits(one[0])
    if len(two) == 1:
        return Part(pieces=one).fits(two[0])
    heads, tails = (one[0], two[0]), (one[-1], two[-1])
    # What stands between head and tail is free, so that the other's pieces find their place there.
    return _is_prefix(*heads) and _is_prefix(tails[0][::-1], tails[1][::-1])


def _is_prefix(one: str, two: str) -> bool:
    return one.startswith(two) or two.startswith(one)
