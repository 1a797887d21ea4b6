"""The journal as resources: `journal://entries/{path}`, `journal://recent`, `journal://tags`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from sync.document.entry import Entry
from sync.errors import UsageError
from sync.operations.entries import Shelf, body_of, commits_of, count_tags, recent_entries
from sync.operations.journal import Journal
from sync.operations.recall import hand_out

ENTRIES = "journal://entries/"
TEMPLATE = "journal://entries/{+path}"
"""RFC 6570; the path is that from the entries folder."""
RECENT = "journal://recent"
TAGS = "journal://tags"
PAGE = 100
"""Resources that one answer lists."""
MARKDOWN, JSON = "text/markdown", "application/json"
_NEWEST = 20
_TAGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A resource in a list.

    Attributes:
        uri, name, title, kind: its address, name, title and media type.
    """

    uri: str
    name: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some resources, and the cursor that asks for the next ones; empty where there are none."""

    resources: tuple[Listed, ...]
    next_cursor: str


def uri_of(path: str, folder: str) -> str:
    """The address of an entry.

    Args:
        path: of the entry, relative to the repository.
        folder: the entries folder.
    """
    return ENTRIES + quote(path.removeprefix(f"{folder}/"), safe="/")


def list_resources(journal: Journal, shelf: Shelf, cursor: str) -> Page:
    """One page of the resources: the lists first, then the entries by path.

    Args:
        journal: the journal.
        shelf: what has been read before.
        cursor: the address of the last entry that was listed; empty for the first page.

    Raises:
        UsageError: it is no cursor of ours.
    """
    if cursor and not cursor.startswith(ENTRIES):
        raise UsageError("the cursor is none that this server gave", hint="list without one")
    folder = journal.settings.entries
    entries = {uri_of(path, folder): entry for path, entry in shelf.read(journal).items()}
    left = [uri for uri in sorted(entries) if uri > cursor]
    listed = [Listed(uri=uri, name=entries[uri].id, title=entries[uri].title, kind=MARKDOWN) for uri in left[:PAGE]]
    lists = () if cursor else (
        Listed(uri=RECENT, name="recent", title="The newest entries", kind=JSON),
        Listed(uri=TAGS, name="tags", title="Tags and how many entries bear them", kind=JSON),
    )  # fmt: skip
    return Page(resources=(*lists, *listed), next_cursor=left[PAGE - 1] if len(left) > PAGE else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a resource holds.

    Attributes:
        kind: its media type.
        text: it.
        provenance: of an entry: its path, its lines, and the commit that has it so, empty where none has.
    """

    kind: str
    text: str
    provenance: Mapping[str, Any] = field(default_factory=dict)


def read_resource(journal: Journal, shelf: Shelf, uri: str) -> Content:
    """What a resource holds.

    Raises:
        UsageError: there is no such resource.
    """
    entries = shelf.read(journal)
    if uri == RECENT:
        cards = recent_entries(entries.values(), limit=_NEWEST)
        return Content(kind=JSON, text=_as_json({"entries": [card.as_dict() for card in cards]}))
    if uri == TAGS:
        counts = count_tags(entries.values())[:_TAGS]
        return Content(kind=JSON, text=_as_json({"tags": [{"tag": tag, "entries": count} for tag, count in counts]}))
    if not uri.startswith(ENTRIES):
        raise UsageError(f"{uri[:200]}: no such resource", hint=f"there are {RECENT}, {TAGS} and {TEMPLATE}")
    entry = _entry(entries, uri, journal.settings.entries)
    commit = commits_of(journal, [entry])[entry.path]
    hand_out(journal, [body_of(entry, commit)])
    lines = [1, len(entry.text.splitlines())]
    return Content(kind=MARKDOWN, text=entry.text, provenance={"entry": entry.path, "lines": lines, "commit": commit})


def _entry(entries: dict[str, Entry], uri: str, folder: str) -> Entry:
    """The entry of an address. It is looked up among those that are listed; no path is ever opened."""
    path = unquote(uri.removeprefix(ENTRIES))
    if path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
        raise UsageError(f"{uri[:200]}: leads out of the entries folder", hint=f"write it as {TEMPLATE}")
    entry = entries.get(f"{folder}/{path}")
    if entry is None:
        raise UsageError(f"{uri[:200]}: no such entry", hint="list the resources")
    return entry


def _as_json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
