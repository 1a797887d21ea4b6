"""Reading a question in the light of the conversation it belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from sync.document.templates import IMPORT_TEMPLATES, TEMPLATES
from sync.search.answer.session import Session
from sync.search.answer.terms import content_words, folded, terms_of, unique
from sync.search.hit import Hit

_MOST_WORDS = 4
_TOPIC_SIZE = 12
_TOPIC_WEIGHT = 0.8
_LEAST_CLOSE = 0.3
_LEAST_SHARE = 0.2
# Headings that every entry has say nothing about a subject.
_SECTIONS = frozenset(
    heading
    for template in (*TEMPLATES.values(), *IMPORT_TEMPLATES.values())
    for heading in re.findall(r"^##\s+(.+)$", template, re.M)
)

_LINK = re.compile(
    r"(?:et|mais|ou bien|sinon|quid|and|but|or|what about|how about|what of|meme chose|same|also|aussi|alors|so|then"
    r"|puis|ok|qu['’]en est-il)\b(?!-)"
)
_INTERJECTION = re.compile(r"\A(?:(?:ah|oh|euh|hm+|bon|well|hey)\b[ ,.!…]*)+")
_PLACE = re.compile(
    r"(?:pour|en|dans|sur|sous|avec|sans|chez|depuis|apres|avant|for|in|on|with|without|under|after|before|since|"
    r"quel(?:le)?s?|lequel|laquelle|which|who|whose|qui|combien|how many|how much|how long)\b"
)
_PRONOUN = re.compile(
    r"(?:^|\s)(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|one|il|ils|elle|elles|lui|eux|ca|cela"
    r"|ceci|celui-ci|celui-la|celle-ci|celle-la|ceux-ci|celles-ci)(?=[\s?!.,;:]|$)|-(?:t-)?(?:il|ils|elle|elles)\b"
)
_CLITIC = re.compile(
    r"\b(?:comment|pourquoi|quand|ou|qui|peut-on|faut-il|doit-on)\s+"
    r"(?:(?:(?:le|la|les)\s+|l['’])\w+(?:er|ir|dre|ttre|vre|ire|clure)\b(?<!oire)|(?:y|en|lui|leur)\s+(?!est\b|sont\b)\w+)"
    r"|\bl['’](?:a|ai|as|avons|avez|ont|avait|avions|est)\b|\bles?\s+(?:a|ont|avons)\b"
)
_POINTING = re.compile(
    r"\b(?:this|these|ce|cet|cette|ces)\s+(?!qu|week|month|year|morning|journal|project|repository|semaine|mois|annee"
    r"|matin|projet|depot|qui\b|sont\b|n['’]est)\w+|\b(?:that|those)\s+\w+[\s?!.]*\Z|\b(?:same|memes?)\b"
)
_IMPERSONAL = re.compile(
    r"\b(?:qu['’]en est-il|il y a|y a-t-il|faut-il|s'agit-il|il faut|il s'agit"
    r"|est-il (?:possible|utile|normal|necessaire|prevu)"
    r"|(?:is|was) it (?:possible|necessary|normal|true|worth))\b"
)


class Reading(Enum):
    """How a question stands to the conversation."""

    ALONE = "alone"
    """It says itself what it is about."""
    NAMED = "named"
    """It goes on, and names what it asks for: `and what about errors?`."""
    POINTING = "pointing"
    """It goes on, and only points: `why?`, `et lui ?`, `who decided that?`."""


# What the question's own words weigh, and what they weigh together with those of the conversation.
_WEIGHTS = {Reading.ALONE: (1.0, 0.0), Reading.NAMED: (0.6, 0.6), Reading.POINTING: (0.4, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A question as it is searched for.

    Attributes:
        reading: how it stands to the conversation.
        own: the question itself; empty where it names nothing to search for.
        joint: the question with what the conversation is about; the question alone where it stands alone.
        topic: words of the conversation that were added to it.
        subject: words that it is about, for the next question to go on with.
    """

    reading: Reading
    own: str
    joint: str
    topic: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()


def resolve(question: str, session: Session) -> Resolved:
    """Read a question in the light of a conversation. Pure; decides by its form alone, never by what is found.

    Args:
        question: any text.
        session: what was said before, perhaps nothing.
    """
    own = content_words(question)[:_TOPIC_SIZE]
    reading = read(question) if session.turns else Reading.ALONE
    if reading is Reading.ALONE:
        return Resolved(reading=reading, own=question, joint=question, subject=own)
    last = session.turns[-1]
    cited = content_words(" ".join(last.cited))
    topic = tuple(word for word in unique((*last.subject, *cited)) if word not in own)[:_TOPIC_SIZE]
    asked = question.strip() if own else ""
    return Resolved(
        reading=reading,
        own=asked,
        joint=" ".join([*([asked] if asked else []), *topic]),
        topic=topic,
        subject=unique((*own, *last.subject))[:_TOPIC_SIZE],
    )


def read(question: str) -> Reading:
    """How a question would stand to a conversation, by its form.

    It goes on where it has no word of its own, where it is short and begins with a link (`et`, `what about`) or a
    preposition, or where a pronoun stands before anything that it could mean.
    """
    text = _INTERJECTION.sub("", folded(question).lstrip("¿¡-–—•*\"'«( "))
    own = content_words(question)
    if not own:
        return Reading.POINTING
    if len(own) > _MOST_WORDS and not _points(text):
        return Reading.ALONE
    if _points(text):
        return Reading.POINTING
    if _LINK.match(text) or (len(own) == 1 and _PLACE.match(text)):
        return Reading.NAMED
    return Reading.ALONE


def subjects(hits: Sequence[Hit]) -> tuple[str, ...]:
    """What passages are about, for a conversation to remember: their titles, and the headings that are their own."""
    headings = (heading for hit in hits for heading in (hit.title, *hit.headings[-1:]))
    return unique(heading for heading in headings if heading and heading not in _SECTIONS)


def blend(resolved: Resolved, own: Sequence[Hit], joint: Sequence[Hit], limit: int) -> tuple[Hit, ...]:
    """One list of what two searches found, best first.

    A question that names what it asks for is not dragged back to what was talked about: what has none of its words is
    left out, what has some of them counts by their share, and where they find nothing, nothing is found. Among what
    has them, title, headings and text that share the conversation's words come first.

    Args:
        resolved: the question.
        own: what the question alone found.
        joint: what it found together with the conversation's words.
        limit: how many at most.

    Returns:
        Hits whose scores are between 0 and 2.2.
    """
    asked = content_words(resolved.own) if resolved.reading is Reading.NAMED else ()
    if asked:
        joint = [hit for hit in joint if own and _share(asked, hit)]
    scores: dict[tuple[str, int, int], float] = {}
    hits: dict[tuple[str, int, int], Hit] = {}
    for found, weight in zip((own, joint), _WEIGHTS[resolved.reading], strict=True):
        best = max((hit.score for hit in found), default=0.0)
        for hit in found:
            key = (hit.entry, hit.first_line, hit.last_line)
            scores[key] = scores.get(key, 0.0) + weight * (hit.score / best if best > 0 else 1.0)
            hits.setdefault(key, hit)
    close = {key: _share(resolved.topic, hit) if resolved.topic else 0.0 for key, hit in hits.items()}
    closest = max([_LEAST_CLOSE, *close.values()])
    weighed = {
        key: (score + _TOPIC_WEIGHT * close[key] / closest) * max(_share(asked, hits[key]), _LEAST_SHARE)
        for key, score in scores.items()
    }
    order = sorted(weighed, key=lambda key: (-weighed[key], key))
    return tuple(replace(hits[key], score=weighed[key]) for key in order[:limit])


def _share(words: Sequence[str], hit: Hit) -> float:
    """The part of some words that a passage, its title or a heading above it has; all of none."""
    there = {*terms_of(f"{hit.title} {' '.join(hit.headings)} {hit.text}")}
    terms = terms_of(" ".join(words))
    return sum(term in there for term in terms) / len(terms) if terms else 1.0


def _points(text: str) -> bool:
    """Whether a folded question has a pronoun that nothing before it in the question explains."""
    if _IMPERSONAL.search(text):
        return False
    pronoun = _PRONOUN.search(text)
    if pronoun and (not content_words(_before(text, pronoun)) or _is_last(text, pronoun)):
        return True
    few = len(content_words(text)) <= _MOST_WORDS - 1
    return few and bool(_CLITIC.search(text) or _POINTING.search(text))


def _before(text: str, match: re.Match[str]) -> str:
    """What stands before a pronoun, and before the verb that it hangs on."""
    before = text[: match.start()]
    return before.rpartition(" ")[0] if match[0][0] == "-" else before


def _is_last(text: str, match: re.Match[str]) -> bool:
    """Whether a pronoun ends a short question; one behind a hyphen repeats its subject: `le build est-il lent ?`."""
    return match[0][0] != "-" and not text[match.end() :].strip(" ?!.…") and len(content_words(text)) <= _MOST_WORDS - 2
