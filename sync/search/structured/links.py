"""The links of an entry, and the entries that they name. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from sync.document import frontmatter, yaml12
from sync.document.entry import Entry
from sync.document.fault import position
from sync.document.naming import stem_of
from sync.document.themes import fold
from sync.search.structured.outline import lines_of

_TICKS = re.compile("`+")
_WIKI = re.compile(r"\[\[(?P<target>[^\[\]|#]+)(?:#[^\[\]|]*)?(?:\|[^\[\]]*)?\]\]")
_INLINE = re.compile(
    r"(?<!!)\[[^\[\]]*\]\([ \t]*(?:<(?P<angled>[^<>]*)>|(?P<bare>[^\s()<>]+(?:\([^\s()]*\)[^\s()]*)?))"
    r"(?:[ \t]+(?:\"[^\"]*\"|'[^']*'))?[ \t]*\)"
)
_REFERENCE = re.compile(r" {0,3}\[(?!\^)[^\[\]]+\]:[ \t]*<?(?P<target>[^\s<>]+)")
_URL = re.compile(r"\bhttps?://[^\s<>\[\]\"'`]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_TRAILING = ".,;:!?*_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link.

    Attributes:
        kind: `related`, `markdown`, `wiki` or `url`.
        target: where it leads, as written.
        line: line in the file, from 1.
    """

    kind: str
    target: str
    line: int


def links_of(entry: Entry) -> Iterator[Link]:
    """The links of an entry: those of its front matter, then those of its body, line by line."""
    for number, target in zip(_related_lines(entry), entry.related, strict=True):
        yield Link(kind="related", target=target, line=number)
    if "[" not in entry.body and "://" not in entry.body:
        return
    for line in lines_of(entry):
        if not line.is_code and ("[" in line.text or "://" in line.text):
            yield from _links_of_line(line.text, line.number)


def _links_of_line(text: str, number: int) -> Iterator[Link]:
    """What is a link of one kind is taken out of the line before it is searched for the next kind."""
    rest = _without_code(text)
    for found in _WIKI.finditer(rest):
        yield Link(kind="wiki", target=found["target"].strip(), line=number)
    rest = _WIKI.sub(" ", rest)
    reference = _REFERENCE.match(rest)
    targets = [reference["target"]] if reference else []
    targets += [found["angled"] or found["bare"] or "" for found in _INLINE.finditer(rest)]
    for target in targets:
        if target:
            yield Link(kind="url" if _SCHEME.match(target) else "markdown", target=target, line=number)
    rest = "" if reference else _INLINE.sub(" ", rest)
    for found in _URL.finditer(rest):
        yield Link(kind="url", target=_without_ending(found.group()), line=number)


def _without_ending(url: str) -> str:
    """A URL without what belongs to the sentence: punctuation, and a bracket that it does not open."""
    end, surplus = len(url), url.count(")") - url.count("(")
    while url[end - 1] in _TRAILING or (url[end - 1] == ")" and surplus > 0):
        end -= 1
        surplus -= url[end] == ")"
    return url[:end]


def _related_lines(entry: Entry) -> list[int]:
    if not entry.related:
        return []
    block = frontmatter.find_block(entry.text)
    if block is None:
        return []
    node = yaml12.compose(entry.text[block.start : block.end])
    return [
        position(entry.text, block.start + yaml12.find(node, ["related", index]))[0]
        for index in range(len(entry.related))
    ]


class Names:
    """What an entry can be called by.

    Args:
        entries: all of the journal.
        folder: the entries' folder.
    """

    def __init__(self, entries: Iterable[Entry], folder: str) -> None:
        self._folder = folder
        self._paths: set[str] = set()
        self._names: dict[str, set[str]] = {}
        self._titles: dict[str, set[str]] = {}
        for entry in entries:
            self._paths.add(entry.path)
            for name in {entry.id, stem_of(entry.path), entry.path.rpartition("/")[2]}:
                self._names.setdefault(name, set()).add(entry.path)
            self._titles.setdefault(fold(entry.title), set()).add(entry.path)

    def resolve(self, entry: Entry, link: Link) -> str | None:
        """The path of the entry that a link names; None where it names none, or several."""
        if link.kind == "url":
            return None
        if path := self._by_path(entry, link.target):
            return path
        if link.kind == "markdown":
            return None
        found = self._names.get(link.target)
        if not found and link.kind == "wiki":
            found = self._titles.get(fold(link.target))
        return next(iter(found)) if found and len(found) == 1 else None

    def _by_path(self, entry: Entry, target: str) -> str | None:
        """By a path from the entry, from the entries' folder, or from the top of the repository."""
        plain = unquote(target.partition("#")[0].partition("?")[0])
        for start in (posixpath.dirname(entry.path), self._folder, ""):
            path = posixpath.normpath(posixpath.join(start, plain)).lstrip("/") if plain else ""
            for one in (path, f"{path}.md"):
                if one in self._paths:
                    return one
        return None


def _without_code(text: str) -> str:
    """A line without its code, which stands between two runs of as many backticks."""
    runs = [found.span() for found in _TICKS.finditer(text)]
    ends: list[int | None] = []
    latest: dict[int, int] = {}
    for place in reversed(range(len(runs))):
        size = runs[place][1] - runs[place][0]
        ends.append(latest.get(size))
        latest[size] = place
    ends.reverse()
    kept, at, place = [], 0, 0
    while place < len(runs):
        end = ends[place]
        if end is not None:
            kept += [text[at : runs[place][0]], " "]
            at = runs[end][1]
        place = (place if end is None else end) + 1
    return "".join((*kept, text[at:]))
