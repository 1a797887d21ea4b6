"""Telling the journal's own words when they come back from an assistant, and saying where they came from. Pure.

Nothing is guessed: a text is recognised only if every piece of it was handed out as it is. What is handed out gets the
fingerprints of everything that may be left of it when something is dropped (an address, the name of a speaker) or its
own title is put in front; what comes back has one form only. So what drops words may be recognised, what changes or
adds one never is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING
from unicodedata import normalize

from sync.document.fault import position
from sync.search.hit import Hit
from sync.search.provenance import render_passage, without_provenance
from sync.search.recall_text import Block, blocks_of, plain, size_of

if TYPE_CHECKING:
    from sync.document.entry import Entry

__all__ = [
    "Known", "Origin", "Print", "Prints", "entry_prints", "fingerprints_of", "hit_fingerprints", "known_in",
    "origin_of", "prints_of", "render_passage",
]  # fmt: skip

FEWEST_WORDS, FEWEST_COLUMNS = 6, 30
"""What a piece has to have to tell where it is from; `Tests are green` says anybody."""

_SPEAKER = re.compile(r"(?:user|assistant|human|ai|system|utilisateur|utilisatrice|humain): +(?=\S)")
_LABEL_END = re.compile(r"(?P<title>[^\n]*?): +(?=[-*+>] |#)")
_DROPPABLE = re.compile(r"\]\(|`{3}|~{3}")
_KEY_WORD = re.compile(r"[a-z0-9]{4,}")
_LABELS = frozenset({"id", "name", "title", "type", "date", "heure", "tags", "related"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a piece stands, or stood when it was handed out.

    Attributes:
        entry: path of the entry, POSIX, relative to the repository.
        line: line of the file, 1-based.
    """

    entry: str
    line: int

    def __str__(self) -> str:
        return f"{self.entry}:{self.line}"


Known = Mapping[str, Sequence[Origin]]
"""Fingerprint -> where it is from."""


@dataclass(frozen=True, slots=True)
class Print:
    """A fingerprint (BLAKE2b, 16 bytes, hexadecimal) of a piece, and whether the piece is long enough to tell."""

    hash: str
    is_telling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Prints:
    """The fingerprints of a text that came back.

    Attributes:
        whole: of all of it in one.
        blocks: of each block, in each of the ways it may be cut.
        words: the two longest words of each sentence, ASCII, lower case; an entry without any such two says nothing
            of it. Empty for what a sentence does not have.
    """

    whole: Print
    blocks: tuple[tuple[tuple[Print, ...], ...], ...]
    words: frozenset[tuple[str, str]]

    @property
    def hashes(self) -> frozenset[str]:
        """Everything that is worth looking up."""
        every = (one.hash for block in self.blocks for cut in block for one in cut)
        return frozenset((self.whole.hash, *every))


def prints_of(text: str, *, prefix: str = "") -> Prints:
    """The fingerprints of a text that came back from an assistant.

    Args:
        text: as the assistant kept it.
        prefix: what memories of the journal begin with; it is taken off.
    """
    blocks = blocks_of(_own_text(text, prefix))
    cuts = tuple(
        tuple(dict.fromkeys(tuple(map(_print, cut)) for cut in ((block.whole,), block.sentences, block.lines)))
        for block in blocks
    )
    words = frozenset(_longest(sentence) for block in blocks for sentence in block.sentences)
    return Prints(whole=_print(_whole(blocks)), blocks=cuts, words=words)


def origin_of(prints: Prints, known: Known) -> Origin | None:
    """Where a text is from, if all of it is known; None where any of it is somebody else's.

    Short pieces count only beside a telling one of the same entry.
    """
    if not prints.blocks:
        return None
    if prints.whole.is_telling and (origins := known.get(prints.whole.hash)):
        return origins[0]
    pieces: list[Print] = []
    for block in prints.blocks:
        cut = next((cut for cut in block if all(one.hash in known for one in cut)), None)
        if cut is None:
            return None
        pieces += cut
    telling = [origin for one in pieces if one.is_telling for origin in known[one.hash]]
    entries = {origin.entry for origin in telling}
    beside = all(any(origin.entry in entries for origin in known[one.hash]) for one in pieces)
    return telling[0] if telling and beside else None


def entry_prints(entry: Entry, *, prefix: str = "") -> Prints | None:
    """The fingerprints of what an entry made from a new record says; None where it says something in other ways too.

    Names, types, tags and dates are labels that a store cannot do without. A title or description counts as text once
    it is long enough to tell, unless it repeats the text; relations always do.
    """
    if entry.front.keys() - _LABELS or entry.related or not entry.body.strip():
        return None
    title = plain(entry.title)
    repeats = not _is_telling(title) or title in plain(_own_text(entry.body, prefix))
    return prints_of(entry.body if repeats else f"{entry.title}\n\n{entry.body}", prefix=prefix)


def hit_fingerprints(hit: Hit, *, prefix: str = "") -> tuple[str, ...]:
    """The fingerprints of everything a hit tells: its passage, those next to it, its title and headings."""
    labels = (hit.title, *hit.headings)
    texts = dict.fromkeys(text for text in (hit.text, hit.before, hit.after) if text.strip())
    found = (fingerprints_of(_own_text(text, prefix), labels) for text in texts)
    return tuple(dict.fromkeys(one for some in found for one in some))


def fingerprints_of(text: str, labels: Sequence[str] = ()) -> Iterator[str]:
    """The fingerprints of a text that is handed out, whole and in pieces, and of its labels.

    Args:
        text: the passage.
        labels: title and headings, which an assistant may put in front of it.
    """
    named = [name for label in dict.fromkeys(labels) if (name := plain(label))]
    yield from map(_hash, named)
    blocks = blocks_of(text)
    yield from _variants(blocks, named)
    if _DROPPABLE.search(text):
        yield from _variants(blocks_of(text, is_bare=True), named)


def known_in(
    entries: Iterable[tuple[str, str]], wanted: Collection[Prints], load: Callable[[str, str], Entry | None]
) -> dict[str, list[Origin]]:
    """The fingerprints of some texts that are those of entries.

    Args:
        entries: (path, text) of each.
        wanted: what is looked for.
        load: the entry of a path and text, None where it cannot be read; called for the few that could hold it.
    """
    hashes = frozenset(one for prints in wanted for one in prints.hashes)
    partners: dict[str, set[str]] = {}
    for first, second in (pair for prints in wanted for pair in prints.words):
        partners.setdefault(first, set()).add(second)
    found: dict[str, list[Origin]] = {}
    for path, text in entries:
        words = {"", *_KEY_WORD.findall(normalize("NFC", text).lower())}
        if all(partners[one].isdisjoint(words) for one in words & partners.keys()):
            continue
        entry = load(path, text)
        for line, fingerprint in _located(entry) if entry else ():
            if fingerprint in hashes:
                found.setdefault(fingerprint, []).append(Origin(entry=path, line=line))
    return found


def _located(entry: Entry) -> Iterator[tuple[int, str]]:
    """(line of the file, fingerprint) of everything an entry says, section by section."""
    first = position(entry.text, entry.body_start)[0]
    for fingerprint in fingerprints_of("", (entry.title,)):
        yield first, fingerprint
    for is_bare in (False, True) if _DROPPABLE.search(entry.body) else (False,):
        blocks = blocks_of(entry.body, is_bare=is_bare)
        if blocks:
            yield first + blocks[0].line, _hash(_whole(blocks))
        for section in _sections(blocks):
            names = [plain(entry.title), *(block.whole for block in section[:1] if block.is_heading)]
            for block in section:
                yield from ((first + block.line, one) for one in _variants([block], names))
            for part in (section, [block for block in section if not block.is_heading]):
                if part:
                    yield first + part[0].line, _hash(_whole(part))


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    section: list[Block] = []
    for block in blocks:
        if block.is_heading and section:
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _variants(blocks: Sequence[Block], names: Sequence[str]) -> Iterator[str]:
    """Fingerprints of blocks, of their pieces, and of each with its labels or without its speaker."""
    pieces = dict.fromkeys([_whole(blocks)] if blocks else [])
    for block in blocks:
        for piece in (block.whole, block.sentences[0], block.lines[0]):
            pieces |= dict.fromkeys([piece, _SPEAKER.sub("", piece, count=1) if _SPEAKER.match(piece) else piece])
    named = [f"{name}: {piece}" for name in names for piece in pieces]
    rest = (piece for block in blocks for piece in (*block.sentences, *block.lines))
    yield from map(_hash, dict.fromkeys([*pieces, *named, *rest]))


def _whole(blocks: Iterable[Block]) -> str:
    return " ".join(block.whole for block in blocks)


def _longest(sentence: str) -> tuple[str, str]:
    words = sorted(set(_KEY_WORD.findall(sentence)), key=lambda word: (-len(word), word))
    first, second, *_ = *words, "", ""
    return first, second


def _own_text(text: str, prefix: str) -> str:
    """A text without what we put around it."""
    text = without_provenance(text).strip()
    if not prefix or not text.startswith(f"{prefix} "):
        return text
    text = text.removeprefix(f"{prefix} ")
    title = _LABEL_END.match(text)  # the first mark of a body that stood behind the title is at the start of no line
    return f"{title['title']}\n\n{text[title.end() :]}" if title else text


def _print(piece: str) -> Print:
    return Print(_hash(piece), _is_telling(piece))


def _is_telling(piece: str) -> bool:
    words, columns = size_of(piece)
    return words >= FEWEST_WORDS and columns >= FEWEST_COLUMNS


def _hash(piece: str) -> str:
    return blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
