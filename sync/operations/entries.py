"""The entries as lists: one of them as it stands, the newest, and the tags that they bear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from sync.document.entry import Entry, load_entry
from sync.document.naming import skip_reason, stem_of
from sync.errors import UsageError
from sync.operations.journal import Journal
from sync.repository.listing import Source, list_files, to_row
from sync.repository.objects import resolve
from sync.repository.refs import read_head
from sync.search.hit import Hit

MAX_CHARACTERS = 60_000
"""Of an entry's text that one reading gives; the next lines are another reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a list says of an entry.

    Attributes:
        entry: its path, POSIX, relative to the repository.
        id, title, tags: the entry's.
        date: its day, YYYY-MM-DD; empty where it is not known.
    """

    entry: str
    id: str
    title: str
    date: str
    tags: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The card as the object that `--json` prints."""
        return {"entry": self.entry, "id": self.id, "title": self.title, "date": self.date, "tags": list(self.tags)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Lines of an entry, with where they come from.

    Attributes:
        card: the entry.
        related: what its front matter says it is related to, as written.
        commit: id of the commit whose version this is, hexadecimal; empty where it is not committed.
        text: the lines, as they stand in the file, every line end a single line feed.
        first_line, last_line: of them, 1-based, both included.
        lines: how many the file has.
    """

    card: Card
    related: tuple[str, ...]
    commit: str
    text: str
    first_line: int
    last_line: int
    lines: int

    def as_dict(self) -> dict[str, Any]:
        """The reading as the object that `--json` prints."""
        return {
            **self.card.as_dict(), "related": list(self.related), "commit": self.commit,
            "lines": [self.first_line, self.last_line], "of": self.lines, "text": self.text,
        }  # fmt: skip

    @property
    def hit(self) -> Hit:
        """The lines as one passage."""
        return _hit(self.card, self.text, self.first_line, self.last_line, self.commit)


class Shelf:
    """Entries that have been read, so that one who asks again and again has only what changed read."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Entry] = {}

    def read(self, journal: Journal) -> dict[str, Entry]:
        """The entries of the work tree that can be read, by path, in the order of their paths.

        Files that are no entries, and those that `journal validate` finds faults in, are left out.
        """
        listing = list_files(journal.location, journal.settings.entries, Source.WORK_TREE)
        rows = {line: to_row(line) for line in listing.lines}
        due = [
            line
            for line, row in rows.items()
            if not row.problem and not skip_reason(row.name) and (row.name, row.blob) not in self._known
        ]
        known = dict(self._known)
        for row, data in listing.read(due):
            entry = load_entry(row.name, data)
            if isinstance(entry, Entry):
                known[row.name, row.blob] = entry
        # One assignment: threads that read at the same time lose work by it, nothing else.
        self._known = present = {key: known[key] for row in rows.values() if (key := (row.name, row.blob)) in known}
        return {path: entry for (path, _blob), entry in present.items()}


def card_of(entry: Entry) -> Card:
    """What a list says of an entry."""
    day = entry.moment.day.isoformat() if entry.moment else ""
    return Card(entry=entry.path, id=entry.id, title=entry.title, date=day, tags=entry.tags)


def body_of(entry: Entry, commit: str) -> Hit:
    """All that an entry says, as one passage.

    Args:
        entry: it.
        commit: the commit that has it so; empty where none has.
    """
    first = entry.text.count("\n", 0, entry.body_start) + 1
    body = entry.body.rstrip()
    bare = body.lstrip("\r\n")
    first += body[: len(body) - len(bare)].count("\n")
    return _hit(card_of(entry), bare, first, first + bare.count("\n"), commit)


def _hit(card: Card, text: str, first: int, last: int, commit: str) -> Hit:
    return Hit(
        entry=card.entry, id=card.id, title=card.title, date=card.date, tags=card.tags, headings=(), text=text,
        before="", after="", first_line=first, last_line=last, commit=commit, score=0.0,
    )  # fmt: skip


def read_entry(journal: Journal, word: str, *, shelf: Shelf | None = None, first: int = 1, last: int = 0) -> Reading:
    """Lines of one entry.

    Args:
        journal: the journal.
        word: the entry's path, id or file name.
        shelf: what has been read before.
        first, last: lines, 1-based, both included; a last one of 0 is the file's. What is longer than
            `MAX_CHARACTERS` ends with the last line that fits.

    Raises:
        UsageError: there is no such entry, several are meant, or it has no such line.
    """
    entry = find_entry((shelf or Shelf()).read(journal), word, folder=journal.settings.entries)
    lines = entry.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    if not 1 <= first <= len(lines) or (last and last < first):
        raise UsageError(f"{entry.path}: there are no lines {first} to {last}", hint=f"it has {len(lines)} lines")
    taken = _fitting(lines[first - 1 : last or None])
    return Reading(
        card=card_of(entry),
        related=entry.related,
        commit=commits_of(journal, [entry])[entry.path],
        text="\n".join(taken),
        first_line=first,
        last_line=first + len(taken) - 1,
        lines=len(lines),
    )


def find_entry(entries: dict[str, Entry], word: str, *, folder: str) -> Entry:
    """The entry that somebody means: nothing but what is listed is ever looked at.

    Args:
        entries: them, by path.
        word: a path, from the repository or from the entries folder; an id; a file's name, with its ending or without.
        folder: the entries folder.

    Raises:
        UsageError: there is no such entry, or several are meant.
    """
    wanted = word.strip().removeprefix("./")
    direct = entries.get(wanted) or entries.get(f"{folder}/{wanted}")
    if direct is not None:
        return direct
    meant = [one for one in entries.values() if wanted and wanted in {one.id, stem_of(one.path)}]
    meant = meant or [one for one in entries.values() if wanted and one.path.rpartition("/")[2] == wanted]
    if len(meant) != 1:
        shown = word if len(word) <= 200 else f"{word[:200]}…"
        what = "no such entry" if not meant else f"could be {' or '.join(one.path for one in meant[:5])}"
        raise UsageError(f"{shown}: {what}", hint="name it by its path, as searches and lists give it")
    return meant[0]


def commits_of(journal: Journal, entries: Sequence[Entry]) -> dict[str, str]:
    """Which commit has the version of some entries that the work tree has.

    Returns:
        Path -> the commit at HEAD; an empty string where it has another version, or there is none.
    """
    unknown = dict.fromkeys((entry.path for entry in entries), "")
    commit = read_head(journal.location).commit if journal.location.git_dir else None
    if commit is None or not entries:
        return unknown
    folder = entries[0].path if len(entries) == 1 else journal.settings.entries
    rows = map(to_row, list_files(journal.location, folder, Source.WORK_TREE).lines)
    present = {row.name: row.blob.decode() for row in rows}
    committed = resolve(journal.root, [f"{commit}:{path}" for path in unknown])
    same = zip(unknown, committed, strict=True)
    return {path: commit if blob is not None and blob == present.get(path) else "" for path, blob in same}


def recent_entries(
    entries: Iterable[Entry], *, limit: int, tag: str = "", since: str = "", until: str = ""
) -> tuple[Card, ...]:
    """The newest entries first; those without a day come last.

    Args:
        entries: all of them.
        limit: how many at most.
        tag: only entries that bear it; case does not count.
        since, until: first and last day, YYYY-MM-DD, both included; an entry without a day meets neither.
    """
    chosen = [
        entry
        for entry in sorted(entries, key=_newest, reverse=True)
        if (not tag or tag.casefold() in {one.casefold() for one in entry.tags}) and _within(entry, since, until)
    ]
    return tuple(card_of(entry) for entry in chosen[:limit])


def count_tags(entries: Iterable[Entry]) -> tuple[tuple[str, int], ...]:
    """The tags with the number of entries that bear them, the commonest first, then by name."""
    counts = Counter(tag for entry in entries for tag in dict.fromkeys(entry.tags))
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _within(entry: Entry, since: str, until: str) -> bool:
    day = entry.moment.day.isoformat() if entry.moment else ""
    return (not since or (day != "" and day >= since)) and (not until or (day != "" and day <= until))


def _newest(entry: Entry) -> tuple[str, time, str]:
    moment = entry.moment
    return (moment.day.isoformat(), moment.clock or time.min, entry.path) if moment else ("", time.min, entry.path)


def _fitting(lines: Sequence[str]) -> Sequence[str]:
    """The first lines that fit into one reading; at least one, cut where it alone is too long."""
    size = 0
    for number, line in enumerate(lines):
        size += len(line) + 1
        if size > MAX_CHARACTERS:
            return lines[:number] or [line[:MAX_CHARACTERS]]
    return lines
