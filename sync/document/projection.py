"""The lens between an entry and its record: `get` shows the record, `put` writes a changed record back.

A body that says nothing (a template nobody filled in) is shown as no body: assistants get no empty sections to read.

For every entry `e` and every record `r` of the form that `get` makes, with the same id:

    put(get(e), e) == e            nothing changed, no byte changes
    get(put(r, e)) == r            what was written is what is shown

(Foster et al., "Combinators for bidirectional tree transformations", TOPLAS 2007: GetPut and PutGet.)
"""

from __future__ import annotations

import re
from datetime import tzinfo

from sync.document import frontmatter
from sync.document.entry import Entry, parse_entry
from sync.document.moment import parse_record_date
from sync.document.record import Record
from sync.document.splice import ABSENT, Absent, set_values, with_body
from sync.document.templates import is_empty
from sync.document.view import View
from sync.document.yaml12 import Value
from sync.errors import DocumentError, ProjectionError

_LEADING_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*")
BLANK = " \t\r\n"


def get(entry: Entry, view: View) -> Record:
    """The record of an entry."""
    body = content(entry.body)
    text = f"{view.prefix} {entry.title}: {body}" if body else f"{view.prefix} {entry.title}:"
    date = entry.moment.to_record(view.zone) if entry.moment else ""
    return Record(id=entry.id, text=text, tags=entry.tags, date=date)


def put(record: Record, entry: Entry, view: View) -> Entry:
    """The entry that shows the given record; only the spans of what differs are replaced.

    Raises:
        ProjectionError: the record is not of the form that `get` makes (no prefix, no `title:`, another id, no date
            where there was one), or the entry's front matter cannot hold it.
    """
    if record.id != entry.id:
        raise ProjectionError(f"record {record.id!r} does not belong to entry {entry.id!r}", key="id")
    if record == get(entry, view):
        return entry
    present = content(entry.body)
    title, body = split_text(record.text, view, title=entry.title, body=present)
    text = entry.text
    if body != present:
        text = with_content(text, entry.body_start, body)
    try:
        changed = _parsed(entry.path, text)
        text = set_values(text, _front_changes(changed, record, title, view))
        changed = _parsed(entry.path, text)
    except DocumentError as error:
        raise ProjectionError(f"{entry.path}: {error.message}", key=error.key, hint=error.hint) from error
    if get(changed, view) != record:
        raise ProjectionError(f"{entry.path}: the entry cannot hold this record", hint="edit the file by hand")
    return changed


def split_text(text: str, view: View, *, title: str = "", body: str = "") -> tuple[str, str]:
    """(title, body) of a record's text.

    A title may hold `: ` itself. The one that is still there is kept; else, if the body is still there, all before it
    is the title; else the title ends at the first `: `.

    Raises:
        ProjectionError: the text does not have the form `PREFIX title: body`.
    """
    rest = text.removeprefix(f"{view.prefix} ")
    if rest == text:
        raise ProjectionError(f"text does not start with {view.prefix!r}", key="text")
    if title and rest.startswith(f"{title}: "):
        cut = len(title)
    elif rest == f"{title}:":
        return title, ""
    elif body and rest.endswith(f": {body}") and "\n" not in rest[: -len(body)]:
        cut = len(rest) - len(body) - 2
    else:
        first_line = rest.split("\n", 1)[0]
        cut = first_line.find(": ")
        if cut < 0 and rest.endswith(":") and "\n" not in rest:
            return rest[:-1], ""
    if cut <= 0:
        raise ProjectionError("text does not have the form `title: body`", key="text")
    return rest[:cut], rest[cut + 2 :]


def without_blank_lines(body: str) -> str:
    """A body without the blank lines around it; the indentation of its first line stays."""
    blank = _LEADING_BLANK_LINES.match(body)
    return body[blank.end() if blank else 0 :].rstrip(BLANK)


def content(body: str) -> str:
    """What a body says: nothing where it is a template that nobody filled in."""
    said = without_blank_lines(body)
    return "" if is_empty(said) else said


def with_content(text: str, body_start: int, body: str) -> str:
    """A document with another body between the blank lines that were around the old one.

    Args:
        text: the document.
        body_start: where its body starts.
        body: the new body, without blank lines around it.
    """
    blank = _LEADING_BLANK_LINES.match(text, body_start)
    start = blank.end() if blank else body_start
    end = start + len(text[start:].rstrip(BLANK))
    return with_whole_body(text, body_start, text[body_start:start] + body + text[end:])


def with_whole_body(text: str, body_start: int, body: str) -> str:
    """A document with another body, behind an empty front matter where the body would be read as one."""
    changed = with_body(text, body_start, body)
    if body_start <= len(frontmatter.BOM) and _starts_like_front_matter(changed):
        line_end = frontmatter.end_of_line(text)
        return f"{text[:body_start]}---{line_end}---{line_end}{changed[body_start:]}"
    return changed


def _starts_like_front_matter(text: str) -> bool:
    return text.removeprefix(frontmatter.BOM).startswith(("---", "+++"))


def _parsed(path: str, text: str) -> Entry:
    entry = parse_entry(path, text)
    if not isinstance(entry, Entry):
        raise DocumentError(entry.message, key=entry.key, hint=entry.hint)
    return entry


def _front_changes(entry: Entry, record: Record, title: str, view: View) -> dict[str, Value | Absent]:
    changes: dict[str, Value | Absent] = {}
    if entry.title != title:
        changes["title"] = title
    if entry.tags != record.tags:
        changes["tags"] = list(record.tags)
    if (entry.moment.to_record(view.zone) if entry.moment else "") != record.date:
        changes |= date_values(record.date, view.zone)
    return changes


def date_values(written: str, zone: tzinfo) -> dict[str, Value | Absent]:
    """`date` and `heure` for a record's date; one full time stamp where the hour alone would lose its seconds.

    Raises:
        DocumentError: it is no date.
    """
    moment = parse_record_date(written, zone)
    if moment is None:
        raise DocumentError(f"{written!r} is not a date", key="date")
    if moment.clock is None:
        return {"date": moment.day.isoformat(), "heure": ABSENT}
    again = moment.to_record(zone) == written  # not in the hour that a clock shows twice in autumn
    if again and not moment.clock.second and not moment.clock.microsecond:
        return {"date": moment.day.isoformat(), "heure": f"{moment.clock:%H-%M}"}
    return {"date": written, "heure": ABSENT}
