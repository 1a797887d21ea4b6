"""The tables that a statement can ask: one definition makes them, explains them and checks the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Cell = str | int | float | bytes | None
"""What a column holds."""

Reads = Mapping[str, frozenset[str]]
"""What a statement reads: table -> columns. A table that is only counted has none."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type (`TEXT`, `INTEGER`, `REAL`) and what it holds, in one line."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table or view.

    Attributes:
        name: as it stands in a statement.
        meaning: what a row is, in one line.
        columns: in order.
        query: what a view selects; empty for a table.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    query: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(one.name for one in self.columns)

    @property
    def statement(self) -> str:
        """The statement that makes it."""
        if self.query:
            return f"CREATE VIEW {self.name} ({', '.join(self.names)}) AS {self.query}"
        return f"CREATE TABLE {self.name} ({', '.join(f'{one.name} {one.kind}' for one in self.columns)})"

    def as_dict(self) -> dict[str, Any]:
        """The table as the object that `--json` prints."""
        return {
            "name": self.name,
            "kind": "view" if self.query else "table",
            "meaning": self.meaning,
            "columns": [{"name": one.name, "type": one.kind, "meaning": one.meaning} for one in self.columns],
        }


_ENTRY = Column("entry", "TEXT", "path of the entry")

ENTRIES = Table(
    name="entries",
    meaning="One row for each entry that can be read.",
    columns=(
        Column("path", "TEXT", "path of the file, from the top of the repository"),
        Column("id", "TEXT", "its id: `id` of the front matter, else the file's stem"),
        Column("title", "TEXT", "its title, one line"),
        Column("date", "TEXT", "its day, YYYY-MM-DD; NULL where none is known"),
        Column("time", "TEXT", "the hour of that day, HH:MM:SS, as written; NULL where none is known"),
        Column("context", "TEXT", "its context, a path with colons; NULL where it has none"),
        Column("importance", "REAL", "its importance, from 0 to 1; 0.5 where it says none"),
        Column("language", "TEXT", "`fr` or `en`: as its front matter says, else as its commonest words tell; or NULL"),
        Column("words", "INTEGER", "words of its body"),
        Column("body", "TEXT", "everything behind the front matter"),
        Column("blob", "TEXT", "Git's id of its bytes"),
    ),
)
SECTIONS = Table(
    name="sections",
    meaning="One row for each heading of an entry, and one for the text before the first.",
    columns=(
        _ENTRY,
        Column("heading", "TEXT", "the heading; empty before the first"),
        Column("level", "INTEGER", "1 to 6; 0 before the first heading"),
        Column("path", "TEXT", "the headings above it and its own, joined by ` > `"),
        Column("first_line", "INTEGER", "first line in the file, from 1"),
        Column("last_line", "INTEGER", "last line that is not blank"),
        Column("text", "TEXT", "what stands below the heading, up to the next one"),
    ),
)
TAGS = Table(
    name="tags",
    meaning="One row for each tag of an entry.",
    columns=(_ENTRY, Column("tag", "TEXT", "the tag, as written")),
)
LINKS = Table(
    name="links",
    meaning="One row for each link of an entry; code is not searched for them.",
    columns=(
        _ENTRY,
        Column("kind", "TEXT", "`related` (front matter), `markdown`, `wiki` or `url`"),
        Column("target", "TEXT", "where it leads, as written"),
        Column("target_entry", "TEXT", "path of the entry that it names; NULL where it names none, or several"),
        Column("line", "INTEGER", "line in the file, from 1"),
    ),
)
PROPERTIES = Table(
    name="properties",
    meaning="One row for each key of the front matter that has no column of its own.",
    columns=(
        _ENTRY,
        Column("key", "TEXT", "the key"),
        Column("value", "TEXT", "its value as text; lists and mappings as JSON; NULL where it is empty"),
    ),
)
MEMORIES = Table(
    name="memories",
    meaning="One row for each memory of the tracked file; without such a file, for each that an export would make.",
    columns=(
        Column("id", "TEXT", "its id"),
        Column("text", "TEXT", "what an assistant is told"),
        Column("tags", "TEXT", "its tags, a JSON array: json_each(tags) has them as rows"),
        Column("date", "TEXT", "YYYY-MM-DDTHH:MM:SS.mmmZ, or the day alone; NULL where none is known"),
        Column("source", "TEXT", "path of the entry that it was made of"),
        Column("source_blob", "TEXT", "Git's id of that entry's bytes at the time"),
    ),
)
COMMITS = Table(
    name="commits",
    meaning="One row for each commit that touches the journal's folder, as `git log` tells them.",
    columns=(
        Column("id", "TEXT", "its id"),
        Column("author", "TEXT", "name of its author"),
        Column("email", "TEXT", "address of its author"),
        Column("date", "TEXT", "when it was committed, YYYY-MM-DDTHH:MM:SSZ"),
        Column("message", "TEXT", "the whole message"),
        Column("store", "TEXT", "the store that it came from; NULL where a person made it"),
        Column("resolved", "TEXT", "ids of the conflicts that it resolves, a JSON array; NULL where it resolves none"),
    ),
)
CHANGES = Table(
    name="changes",
    meaning="One row for each file of the journal's folder that a commit changed; merges have none.",
    columns=(
        Column("commit_id", "TEXT", "id of the commit"),
        Column("path", "TEXT", "path of the file, after the change"),
        Column("kind", "TEXT", "`added`, `modified`, `deleted` or `renamed`"),
        Column("old_path", "TEXT", "path before a renaming; else NULL"),
    ),
)
RECENT = Table(
    name="recent",
    meaning="The entries that have a day, the newest first.",
    columns=(
        Column("date", "TEXT", "as in entries"),
        Column("time", "TEXT", "as in entries"),
        Column("title", "TEXT", "as in entries"),
        Column("tags", "TEXT", "its tags, joined by `, `"),
        Column("path", "TEXT", "as in entries"),
    ),
    query=(
        "SELECT date, time, title, (SELECT group_concat(tag, ', ') FROM tags WHERE entry = path), path"
        " FROM entries WHERE date IS NOT NULL ORDER BY date DESC, time DESC, path"
    ),
)

TABLES = (ENTRIES, SECTIONS, TAGS, LINKS, PROPERTIES, MEMORIES, COMMITS, CHANGES)
VIEWS = (RECENT,)
"""Views read tables, so nothing has to be filled for them."""

OF_ENTRIES = frozenset(one.name for one in (ENTRIES, SECTIONS, TAGS, LINKS, PROPERTIES))
"""The tables whose rows are made of the entries' text."""

FOLD = "fold"
"""fold(text): without case, accents and superfluous white space, for comparing."""


def table(name: str) -> Table:
    """The table or view of a name that is known."""
    return next(one for one in (*TABLES, *VIEWS) if one.name == name)
