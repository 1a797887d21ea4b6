"""A conversation with the journal, and the file it is kept in."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.errors import DocumentError, UsageError

MOST_TURNS = 20
_VERSION = 1
_NAME = re.compile(r"[^\W_][\w-]{0,63}")
_LONGEST = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question and its answer.

    Attributes:
        question: as asked; of a very long one the beginning.
        answer: what was said, with its citations.
        subject: the words that the question was about, what it went on with included.
        cited: title and heading of the best passage that the answer cites.
    """

    question: str
    answer: str
    subject: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation.

    Attributes:
        name: what it is asked for by.
        turns: the last ones, oldest first; `MOST_TURNS` of them at most.
    """

    name: str
    turns: tuple[Turn, ...] = ()

    def added(self, turn: Turn) -> Session:
        """The conversation with one more turn; what is too long is cut, what is too old is dropped."""
        cut = Turn(
            question=turn.question[:_LONGEST], answer=turn.answer[:_LONGEST], subject=turn.subject, cited=turn.cited
        )
        return Session(name=self.name, turns=(*self.turns, cut)[-MOST_TURNS:])


def check_name(name: str) -> str:
    """A session's name in the form that its file has.

    Raises:
        UsageError: it has anything but letters, digits, `_` and `-`, or more than 64 of them.
    """
    normal = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(normal):
        hint = "letters, digits, _ and -, 64 at most, the first a letter or digit"
        raise UsageError(f"not a name for a session: {name[:80]!r}", hint=hint)
    return normal


def render_session(session: Session) -> bytes:
    """The session as the bytes of its file: JSON, UTF-8."""
    turns = [
        {
            "question": turn.question,
            "answer": turn.answer,
            "subject": list(turn.subject),
            "cited": list(turn.cited),
        }
        for turn in session.turns
    ]
    written = json.dumps({"version": _VERSION, "turns": turns}, ensure_ascii=False, indent=1)
    return written.encode("utf-8", "replace") + b"\n"


def parse_session(name: str, data: bytes) -> Session:
    """The session of a file's bytes.

    Raises:
        DocumentError: they are not what `render_session` writes: torn, or of another version.
    """
    try:
        document = json.loads(data)
        if document["version"] != _VERSION:
            raise DocumentError(f"the session {name} is of another version: {document['version']!r}")
        turns = tuple(_turn(one) for one in document["turns"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DocumentError(f"the session {name} is damaged") from error
    return Session(name=name, turns=turns[-MOST_TURNS:])


def _turn(written: Mapping[str, Any]) -> Turn:
    lists = [written["subject"], written["cited"]]
    if not all(isinstance(one, list) for one in lists):
        raise TypeError("not a list")
    texts = [written["question"], written["answer"], *lists[0], *lists[1]]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("not a text")
    return Turn(question=texts[0], answer=texts[1], subject=tuple(lists[0]), cited=tuple(lists[1]))
