"""An entry that an assistant writes: its own words, checked before they reach the journal, with who wrote them."""

from __future__ import annotations

import os
from datetime import datetime

from sync.document.entry import Entry, parse_entry
from sync.document.naming import file_name
from sync.document.splice import set_values
from sync.document.templates import render_entry
from sync.document.yaml12 import Value
from sync.errors import RefusedError, UsageError
from sync.operations.create import Created
from sync.operations.gate import refuse_incoming
from sync.operations.journal import Journal
from sync.operations.recognising import Recogniser
from sync.repository.files import create_new, refuse_outside
from sync.repository.listing import Source, list_files
from sync.repository.lock import lock
from sync.schema import Schema, check
from sync.search.recall import prints_of

AUTHOR_KEY = "written_by"
"""The key of the front matter that says which assistant wrote an entry."""


def write_entry(
    journal: Journal,
    title: str,
    body: str,
    *,
    author: str,
    now: datetime,
    tags: tuple[str, ...] = (),
    related: tuple[str, ...] = (),
) -> Created:
    """Write a new entry; none is ever overwritten. As with `journal new`, committing it is left to its reader.

    Args:
        journal: the journal.
        title: what the entry is about; made one line.
        body: Markdown; a heading of the title is put before it where it starts with none.
        author: who wrote it, for `written_by` of the front matter.
        now: aware.
        tags, related: as given.

    Raises:
        UsageError: title or body is empty or not Unicode, or what was given does not make a valid entry.
        RefusedError: the text holds a secret, all of it stands in the journal already, or the entries folder leads
            out of the repository.
    """
    line = one_line(title)
    if not line or not body.strip():
        raise UsageError("an entry needs a title and a text", hint="give both")
    moment = now.astimezone(journal.settings.view.zone)
    text = _text(line, body, moment=moment, author=one_line(author)[:200], tags=tags, related=related)
    folder = journal.absolute(journal.settings.entries)
    refuse_outside(folder / "entry.md", journal.root)
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the entry is not UTF-8", hint="take out half surrogate pairs") from error
    refuse_incoming(journal, {f"the entry {line!r}": text})
    _refuse_echo(journal, body)
    with lock(journal.lock_folder):
        refused: set[str] = set()
        while True:
            name = file_name(line, moment, lambda one: one in refused or os.path.lexists(folder / one))
            path = f"{journal.settings.entries}/{name}"
            _refuse_invalid(path, text)
            if create_new(folder / name, data):
                return Created(path=path)
            refused.add(name)


def _refuse_echo(journal: Journal, body: str) -> None:
    """What the journal says already, and nothing else, is no news."""
    listing = list_files(journal.location, journal.settings.entries, Source.WORK_TREE)
    found = Recogniser(journal).in_listing({0: prints_of(body, prefix=journal.settings.prefix)}, listing)
    if found:
        hint = "write what is new, and name that entry in `related`"
        raise RefusedError(f"all of this stands in the journal already: {found[0]}", hint=hint)


def one_line(text: str) -> str:
    """A text without control characters, its blanks and line breaks single blanks."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _text(
    title: str, body: str, *, moment: datetime, author: str, tags: tuple[str, ...], related: tuple[str, ...]
) -> str:
    head = render_entry(title=title, moment=moment, tags=tags, related=related, template="")
    signed: dict[str, Value] = {AUTHOR_KEY: author or "an assistant"}
    own = body.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    heading = "" if own.lstrip().startswith("# ") else f"# {title}\n\n"
    return f"{set_values(head, signed).rstrip()}\n\n{heading}{own}\n"


def _refuse_invalid(path: str, text: str) -> None:
    """What is written must be read again as what was meant."""
    entry = parse_entry(path, text)
    if not isinstance(entry, Entry):
        raise UsageError(f"this makes no entry: {entry.message}", hint=entry.hint)
    if faults := check(Schema.ENTRY, dict(entry.front)):
        raise UsageError(f"this makes no entry: {faults[0].key}: {faults[0].message}", hint="correct it")
