"""The words of a text, as a query and an entry are compared by."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:[._-][^\W_]+)*")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['’](?=\w)", re.I)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_STOP_WORDS = frozenset(
    (
        "a about and are as at au aux avec be by ce ces cette comment dans de des do does du elle en est et "
        "eu for from has have how i il ils in is it je la le les leur mais mes mon nos notre nous of on ont "
        "or ou par pas plus pour quand que quel quelle quelles quels qui quoi sa se ses si son sont sur the "
        "their to un une was we what when where which who why with you your "
    ).split()
)


def words_of(text: str) -> list[str]:
    """Folded words in order: no case, no accents, no elided articles, no French or English stop words, no plural `s`.

    A name made of parts counts as itself and as its parts: `pre-commit`, `journal_entry`, `AugmentIntegration`.
    """
    found = []
    for match in _WORD.finditer(_ELISION.sub("", _bare(text))):
        word = match.group()
        parts = _PART.findall(word) if not word.isalpha() or not (word.islower() or word.istitle()) else []
        for one in (word, *(parts if len(parts) > 1 else ())):
            lowered = one.lower()
            if lowered not in _STOP_WORDS and len(lowered) > 1:
                found.append(_stem(lowered))
    return found


def _bare(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] in "sx" and word[-2] != "s" else word
