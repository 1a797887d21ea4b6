"""Cutting passages into what can be quoted: sentences, list items, code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?(?=\S)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_RULE_SIGNS = " \t:|-*_="
_QUOTE = re.compile(r" {0,3}>[ ]?")

_END = re.compile(r"(?<![.!?…])([.!?…]++)([\s\u00a0\u202f]*»|[)\]\"”’']+)?\s+(?=[\"“«(\[*_`]*[^\W_])")
_KEPT = re.compile(r"`[^`]*`|\bhttps?://\S+|«[^«»]*»|\([^()]*\)|“[^“”]*”")
_LAST_WORD = re.compile(r"[^\s(«\"“']+\Z")
# What a full stop abbreviates, English and French: anywhere, as a title, and before a figure only.
_ABBREVIATIONS = frozenset("e.g i.e cf vs approx resp incl viz p.ex p ex c.-à-d c-à-d n° j.-c av apr éd".split())
_TITLES = frozenset("M MM Mme Mlle Dr Drs Pr Prof Mr Mrs Ms St Ste Sr Jr Me".split())
_BEFORE_FIGURES = frozenset(
    "p pp fig figs eq no nos vol ch chap art sec max min env ca tél tel réf ref janv févr avr juil sept oct nov déc "
    "jan feb mar jun jul aug dec".split()
)


def quotable(text: str) -> list[str]:
    """The parts of a passage that can be quoted, in order.

    A list item stands alone; a code block is kept whole, without its fences; headings, rules and the rows under the
    head of a table are left out; everything else is cut into sentences.

    Args:
        text: Markdown.
    """
    return [part for block in _blocks(text) for part in block]


def sentences(text: str) -> list[str]:
    """The sentences of running text, English or French.

    A full stop ends none inside `code`, URLs, quotation marks and brackets, nor after an abbreviation or an initial.
    Before a small letter none ends either.
    """
    kept = [match.span() for match in _KEPT.finditer(text)]
    found, start = [], 0
    for match in _END.finditer(text):
        if not _ends(text, match, kept):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    return [*found, text[start:].strip()] if text[start:].strip() else found


def _ends(text: str, match: re.Match[str], kept: list[tuple[int, int]]) -> bool:
    stop = match.end(2) if match[2] else match.end(1)
    if any(start <= match.start() and stop < end for start, end in kept):
        return False
    follows = text[match.end() :].lstrip('"“«([*_ \u00a0\u202f')[:1]
    if follows.islower():
        return False
    if match[1] != ".":
        return True
    word = _LAST_WORD.search(text, max(0, match.start() - 20), match.start())
    if word is None:
        return True
    said = word[0]
    if follows.isdigit() and said.lower() in _BEFORE_FIGURES:
        return False
    is_initial = len(said) == 1 and said.isupper()
    is_number_of_a_list = said.isdigit() and match.start() == len(said)
    return not (is_initial or is_number_of_a_list or said in _TITLES or said.lower() in _ABBREVIATIONS)


def _is_rule(line: str) -> bool:
    """Whether a line is a rule, the underline of a heading or the line below the head of a table."""
    return not line.strip(_RULE_SIGNS)


def _blocks(text: str) -> Iterator[list[str]]:
    """Each block's parts: a code block or a list item is one, a paragraph its sentences."""
    gathered: list[str] = []
    is_item, fence = False, ""

    def flushed() -> list[str]:
        whole = " ".join(line.strip() for line in gathered)
        gathered.clear()
        return ([whole] if is_item else sentences(whole)) if whole else []

    for line in text.splitlines():
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip(" `~"):
                yield ["\n".join(gathered)] if gathered else []
                gathered.clear()
                fence = ""
            else:
                gathered.append(line)
            continue
        bare = _QUOTE.sub("", line)
        item = None if _is_rule(bare) else _ITEM.match(bare)
        if mark or item or not bare.strip() or _HEADING.match(bare) or _is_rule(bare):
            yield flushed()
            is_item = item is not None
        if mark:
            fence = mark[1]
        elif item:
            gathered.append(bare[item.end() :])
        elif bare.strip() and not _HEADING.match(bare) and not _is_rule(bare):
            gathered.append(bare)
    yield ["\n".join(gathered)] if fence and gathered else flushed()
