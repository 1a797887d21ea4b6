"""Contexts: where memories belong, from everything down to one function of one tenant. Pure.

An id is an application's name and up to three pairs of a kind and a name: `taskmaster:wedding:42:module:budget:
function:forecast`. The first pair is the tenant, of any kind; then comes a `module`, then a `function`. Before any
pair stands what is common to all tenants, `taskmaster:global`; `taskmaster` alone is another way of writing it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from unicodedata import normalize

from sync.errors import UsageError

MAX_CONTEXT = 250
"""Characters of an id at most."""
MAX_PART = 100
"""Characters of one of its parts at most."""
GLOBAL = "global"
EXAMPLE = "taskmaster:wedding:42:module:budget:function:forecast"
_HINT = f"such as {EXAMPLE}"
_LOWER_KINDS = ("module", "function")
RESERVED = (GLOBAL, *_LOWER_KINDS)
"""Words that are no kind of tenant."""
_WORD = re.compile(r"[^\W\d_][\w-]*")
_SPECIAL = re.compile(r"[:*{}]")


class Level(Enum):
    """How far down a context lies; in order, the widest first."""

    GLOBAL = "global"
    TENANT = "tenant"
    MODULE = "module"
    FUNCTION = "function"


_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One context; made by `Context.parse`.

    Attributes:
        text: its id in the one form that everything is kept under.
        path: the parts of the id; the application alone for the global context.
    """

    text: str
    path: tuple[str, ...] = field(compare=False, repr=False)

    @staticmethod
    def parse(text: str) -> Context:
        """A context from its full id. Text in another normal form of Unicode than NFC names the same context.

        Raises:
            UsageError: it is no id.
        """
        return _parse(text)

    @property
    def level(self) -> Level:
        """How far down it lies."""
        return _LEVELS[len(self.path) // 2]

    @property
    def application(self) -> str:
        """Whose context it is."""
        return self.path[0]

    @property
    def tenant(self) -> str:
        """The id of the tenant's context; empty for the global one."""
        return ":".join(self.path[:3]) if len(self.path) > 1 else ""

    @property
    def module(self) -> str:
        """The name of its module; empty above one."""
        return self.path[4] if len(self.path) > 4 else ""

    @property
    def child_name(self) -> str:
        """What the context above calls it: a tenant's kind, a module's or function's name; empty for the global one."""
        if len(self.path) == 3:
            return self.path[1]
        return self.path[-1] if len(self.path) > 1 else ""

    def parents(self) -> tuple[Context, ...]:
        """The contexts it lies in, nearest first; the last is the global one."""
        shorter = range(len(self.path) - 2, 0, -2)
        return tuple(_parse(id_of(self.path[:size])) for size in shorter)


def tenant_of(context: str) -> str:
    """The id of the tenant's context of a full id; empty for the global one.

    Raises:
        UsageError: it is no id.
    """
    return _parse(context).tenant


def id_of(path: tuple[str, ...]) -> str:
    """The id that a path of parts makes; see `Context.path`."""
    return ":".join(path) if len(path) > 1 else f"{path[0]}:{GLOBAL}"


def expand(written: str, application: str) -> str:
    """What a person wrote, context or pattern, with the application before it where it does not begin with it.

    So `wedding:42` stands for `taskmaster:wedding:42`, `global` for `taskmaster:global`, `wedding:*` for every wedding
    of the application.
    """
    return written if written.partition(":")[0] == application else f"{application}:{written}"


def split_parts(text: str, what: str, hint: str) -> tuple[str, ...]:
    """The parts of an id or a pattern, in NFC, none of them empty or too long.

    Args:
        text: anything.
        what, hint: the word for it in an error, and an example.

    Raises:
        UsageError: they are not so.
    """
    if not isinstance(text, str) or not text:
        raise UsageError(f"the {what} {text!r} is none", hint=hint)
    canonical = normalize("NFC", text) if len(text) <= 2 * MAX_CONTEXT else text
    if len(canonical) > MAX_CONTEXT:
        raise UsageError(f"the {what} {text[:40]!r}… has more than {MAX_CONTEXT} characters", hint=hint)
    parts = tuple(canonical.split(":"))
    for part in parts:
        problem = _problem_of(part)
        if problem:
            raise UsageError(f"the {what} {text!r}: {problem}", hint=hint)
    return parts


def check_application(name: str) -> str:
    """The same name, if an application can have it.

    Raises:
        UsageError: it cannot.
    """
    if not _WORD.fullmatch(name) or name in RESERVED or len(name) > MAX_PART:
        raise UsageError(f"{name!r} is no name of an application", hint="a word such as taskmaster")
    return name


def kind_problem(kind: str, place: int) -> str:
    """What is wrong with the kind of a pair; empty where nothing is.

    Args:
        kind: the word.
        place: of the pair: 0 for the tenant's, 1 for the module's, 2 for the function's.
    """
    if place > len(_LOWER_KINDS):
        return "nothing lies below a function"
    if place:
        wanted = _LOWER_KINDS[place - 1]
        return "" if kind == wanted else f"{wanted!r} must stand in the place of {kind!r}"
    if kind in RESERVED:
        return f"{kind!r} cannot be a tenant's kind: first the tenant, then a module, then a function"
    return "" if _WORD.fullmatch(kind) else f"{kind!r} is no word for a tenant's kind"


def _problem_of(part: str) -> str:
    if not part:
        return "a part is empty"
    if len(part) > MAX_PART:
        return f"a part has more than {MAX_PART} characters"
    if not part.isprintable():
        return f"{part!r} holds what cannot be printed"
    return f"blanks around {part!r}" if part != part.strip() else ""


@lru_cache(maxsize=32_768)
def _parse(text: str) -> Context:
    parts = split_parts(text, "context", _HINT)
    path = parts[:1] if parts[1:] == (GLOBAL,) else parts
    problem = _path_problem(path)
    if problem:
        raise UsageError(f"the context {text!r}: {problem}", hint=_HINT)
    return Context(text=id_of(path), path=path)


def _path_problem(path: tuple[str, ...]) -> str:
    if not _WORD.fullmatch(path[0]) or path[0] in RESERVED:
        return f"{path[0]!r} is no name of an application"
    special = next((part for part in path if _SPECIAL.search(part)), "")
    if special:
        return f"{special!r} is for patterns; a context has no * and no braces"
    problems = (kind_problem(kind, place) for place, kind in enumerate(path[1::2]))
    problem = next(filter(None, problems), "")
    if problem:
        return problem
    return "" if len(path) % 2 else f"nothing stands behind {path[-1]!r}; a kind and a name make a pair"
