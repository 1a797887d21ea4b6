"""The normal form of a text: what is left of it once what assistants do to a text they keep is taken away. Pure.

Only what carries no word is taken away: Markdown's marks, blanks and line breaks, case, kinds of quotes and dashes,
stops at the end. Accents, `?`, check boxes, addresses and whatever stands inside a word are kept; code between fences
is kept as it is. Two texts with the same normal form have the same words in the same order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_LINE_END = re.compile(r"\r\n|\r|<br[ \t]*/?>", re.IGNORECASE)
_FENCE = re.compile(r"[ \t]*(?:[-*+][ \t]+)?(?P<mark>`{3,}|~{3,})(?P<language>[^`]*)")
_QUOTE = re.compile(r"(?:>(?:[ \t]+|(?=>)|$))+")
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<text>.*)")
_BULLET = re.compile(r"[-*+•‣▪·–—](?:[ \t]+|$)")
_NUMBER = re.compile(r"(?P<number>\d{1,2})[.)][ \t]+")
_RULE_MARKS = ({"-"}, {"*"}, {"_"})
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_LINK = re.compile(
    r"!?\[(?P<text>[^\[\]\n]*)\]\((?P<url><[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?P<title>[ \t]+\"[^\"\n]*\")?\)"
)
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^\s<>]+)>")
_ESCAPE = re.compile(r"\\([*_`\[\]#<>|~!-])")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])(.{1,200}?)(?<=[^\s*])\1(?![\w*])")
_UNDERLINE = re.compile(r"(?<![\w_])(_{1,2})(?=[^\s_])([^_]*\s[^_]*)(?<=[^\s_])\1(?![\w_])")
_GUILLEMET = re.compile("«[ \u00a0\u202f]?|[ \u00a0\u202f]?»")
_FOREIGN = re.compile("[^\x00-\x7f]")
_HAS_MARKS = re.compile(r"[&\]<\\`*_]")
_BEFORE_STOP = re.compile(r" (?=[:;!?](?: |$))")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|(?<=。)\s*")
_SIGNS = str.maketrans({
    **dict.fromkeys("‘’‚‛′ʼ", "'"), **dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad`"),
})  # fmt: skip
_KEPT_FORMS = ("<super>", "<sub>", "<fraction>", "<circle>")  # `10²` is not `102`
_STOPS, _QUOTES, _MARKS = ".,;:!。", "\"'", "*_-~#>|"
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]")  # scripts that write no blanks


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, list item, heading, row of a table or block of code in its normal form.

    Attributes:
        line: its first line in the text, from 0.
        sentences: what it says, sentence by sentence; never empty.
        lines: the same line by line.
        is_heading: whether it is a heading.
    """

    line: int
    sentences: tuple[str, ...]
    lines: tuple[str, ...]
    is_heading: bool = False

    @property
    def whole(self) -> str:
        """All of it in one."""
        return " ".join(self.sentences)


def blocks_of(text: str, *, is_bare: bool = False) -> list[Block]:
    """The blocks of a Markdown text that say something, in their order.

    Args:
        text: the text.
        is_bare: without what may be dropped: where links lead to (else behind their text, in brackets), and the
            languages of code.
    """
    return [block for block in map(_Normaliser(is_bare=is_bare).block, _cut(text)) if block.sentences]


@lru_cache(maxsize=512)
def plain(text: str) -> str:
    """A short text, such as a title, in the form of a sentence."""
    return " ".join(block.whole for block in blocks_of(text))


def size_of(piece: str) -> tuple[int, int]:
    """(words, columns) of a piece; a letter of a script without blanks is a word, and two columns wide."""
    wide = len(_WIDE.findall(piece)) if not piece.isascii() else 0
    return len(piece.split()) + wide, len(piece) + wide


@dataclass(slots=True)
class _Raw:
    line: int
    lines: list[str]
    is_heading: bool = False
    is_code: bool = False
    language: str = ""


def _cut(text: str) -> Iterator[_Raw]:
    """The blocks as they stand, without the marks that lines begin with."""
    open_block: _Raw | None = None
    fence, is_quote, last = "", False, 0
    for number, line in enumerate(_LINE_END.sub("\n", text).split("\n")):
        if fence and open_block:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence, done, open_block = "", open_block, None
                yield done
            else:
                open_block.lines.append(line)
            continue
        content = line.strip()
        if open_block and not is_quote and content[:1].isalpha():  # the most frequent line, told without any pattern
            open_block.lines.append(content)
            continue
        quote = _QUOTE.match(content)
        content = content[quote.end() :] if quote else content
        mark = _FENCE.fullmatch(content)
        heading = _HEADING.fullmatch(content)
        item = _BULLET.match(content) or _numbered(content, open_block, last)
        ends = (
            not content
            or bool(quote) != is_quote
            or mark
            or heading
            or item
            or content.startswith("|")
            or _is_rule(content)
        )
        is_quote = bool(quote)
        if ends and open_block:
            yield open_block
            open_block = None
        if mark:
            fence, open_block = mark["mark"], _Raw(number, [], is_code=True, language=mark["language"].strip())
        elif heading:
            yield _Raw(number, [_without_hashes(heading["text"])], is_heading=True)
        elif _is_rule(content):
            continue
        elif item:
            last = int(item["number"]) if item.re is _NUMBER else 0
            open_block = _Raw(number, [content[item.end() :]])
        elif content and open_block:
            open_block.lines.append(content)
        elif content:
            last = 0
            open_block = _Raw(number, [content])
    if open_block:
        yield open_block


def _numbered(content: str, open_block: _Raw | None, last: int) -> re.Match[str] | None:
    """The number of a list item; behind text only 1, or the number that follows (CommonMark 0.31, 5.3)."""
    found = _NUMBER.match(content)
    return found if found and (open_block is None or int(found["number"]) in (1, last + 1)) else None


def _without_hashes(heading: str) -> str:
    """A heading without the hashes behind it, where they stand apart."""
    bare = heading.rstrip("#")
    return bare.rstrip() if bare != heading and bare[-1:] in {" ", "\t"} else heading


def _is_rule(content: str) -> bool:
    """Whether a line only draws: a rule, the line below a title or below the head of a table."""
    marks = set(content) - set(" \t")
    if marks in _RULE_MARKS:
        return len(content) - content.count(" ") - content.count("\t") > 2 or content == "--"
    return (marks == {"="} and " " not in content) or (marks <= set("|:-") and "---" in content)


class _Normaliser:
    def __init__(self, *, is_bare: bool) -> None:
        self._is_bare = is_bare

    def block(self, raw: _Raw) -> Block:
        if raw.is_code:
            code = _code("" if self._is_bare else raw.language, raw.lines)
            return Block(line=raw.line, sentences=code, lines=code)
        sentences = _sentences(self._inline(" ".join(raw.lines)))
        lines: tuple[str, ...] = ()
        if len(raw.lines) > 1:
            lines = tuple(" ".join(said) for line in raw.lines if (said := _sentences(self._inline(line))))
        lines = lines or (" ".join(sentences),)
        return Block(line=raw.line, sentences=sentences, lines=lines, is_heading=raw.is_heading)

    def _inline(self, text: str) -> str:
        if _HAS_MARKS.search(text):
            text = self._without_marks(text)
        elif not text.isascii():
            text = _folded(text).translate(_SIGNS)
        return _BEFORE_STOP.sub("", " ".join(text.split()))

    def _without_marks(self, text: str) -> str:
        if "&" in text:
            from html import unescape

            text = _ENTITY.sub(lambda found: unescape(found.group()), text)
        if "](" in text:
            text = _LINK.sub(self._link, text)
        if "<" in text:
            text = _AUTOLINK.sub(r"\1", text)
        if "\\" in text:
            text = _ESCAPE.sub(r"\1", text)
        text = (text if text.isascii() else _folded(text)).translate(_SIGNS)
        if "*" in text:
            text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))  # one may hold another
        return _UNDERLINE.sub(r"\2", text) if "_" in text else text

    def _link(self, found: re.Match[str]) -> str:
        text, url, title = found["text"], found["url"].strip("<>"), found["title"] or ""
        address = "" if url == text else url
        return text if self._is_bare or not address + title else f"{text} ({address}{title})"


def _folded(text: str) -> str:
    """NFKC, but for forms that mean something; letters and accents composed."""
    text = _GUILLEMET.sub('"', text)
    return unicodedata.normalize("NFC", _FOREIGN.sub(_unified, unicodedata.normalize("NFC", text)))


def _unified(found: re.Match[str]) -> str:
    return _letter(found.group())


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    kept = unicodedata.decomposition(letter).startswith(_KEPT_FORMS)
    return letter if kept else unicodedata.normalize("NFKC", letter)


def _sentences(text: str) -> tuple[str, ...]:
    return tuple(piece for one in _SENTENCE_END.split(text) if (piece := _trimmed(one)))


def _trimmed(piece: str) -> str:
    trimmed = piece.strip().strip(_QUOTES).rstrip(f"{_STOPS}{_QUOTES} ").lower()
    return trimmed if trimmed.strip(f"{_MARKS}{_STOPS}{_QUOTES} ") else ""


def _code(language: str, lines: list[str]) -> tuple[str, ...]:
    """Code as it is, but for its common indentation and the blanks at the ends of lines."""
    from textwrap import dedent

    code = "\n".join(line.rstrip() for line in dedent("\n".join(lines)).strip("\n").split("\n"))
    return (f"```{language}\n{code}",) if language + code.strip() else ()  # no other piece holds a backquote
