"""Conversations with the journal, kept in this clone and never versioned."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from sync.errors import DocumentError
from sync.operations.journal import Journal
from sync.repository.files import create_new, read_or_none, write_atomic
from sync.repository.lock import lock
from sync.search.answer.session import Session, Turn, check_name, parse_session, render_session


def load_session(journal: Journal, name: str) -> tuple[Session, str]:
    """A conversation as it stands, and what was wrong with its file.

    A file that cannot be read as one is copied aside and the conversation starts anew.

    Returns:
        The conversation, empty where there is none of that name, and a note for the asker, empty where all is well.

    Raises:
        UsageError: the name is none, or the disk refuses.
    """
    name = check_name(name)
    data = read_or_none(_file(journal, name))
    if data is None:
        return Session(name=name), ""
    try:
        return parse_session(name, data), ""
    except DocumentError as error:
        aside = _file(journal, f"{name}.{sha256(data).hexdigest()[:8]}.damaged")
        create_new(aside, data)
        return Session(name=name), f"{error.message}; it starts anew, the old one is kept as {aside.name}"


def add_turn(journal: Journal, name: str, turn: Turn) -> None:
    """Add a turn to a conversation, behind those that somebody else has added in the meantime.

    Raises:
        UsageError: the name is none, or the disk refuses.
        RetryError: somebody holds the conversations' lock.
    """
    with lock(_folder(journal)):
        session, _ = load_session(journal, name)
        write_atomic(_file(journal, session.name), [render_session(session.added(turn))])


def _folder(journal: Journal) -> Path:
    return journal.lock_folder / "sessions"


def _file(journal: Journal, name: str) -> Path:
    return _folder(journal) / f"{name}.json"
