"""An entry: one Markdown file, read as it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time

from sync.document import frontmatter, headers, naming, yaml12
from sync.document.fault import Fault, position
from sync.document.moment import Moment, parse_date, parse_loose_date, parse_time
from sync.document.yaml12 import Value
from sync.errors import DocumentError

TEXT_KEYS = frozenset({"id", "title", "date", "heure", "tags", "related"})
"""Keys whose values are text however they look: `title: 1.10`, `tags: [no]`, `heure: 10:30`."""

DEFAULT_IMPORTANCE = 0.5
_UNIT = re.compile(r"0(?:\.\d+)?|1(?:\.0+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry.

    Attributes:
        path: POSIX, relative to the repository.
        text: the exact text, BOM and line endings included; encoded as UTF-8 it is the file.
        front: the front matter; empty where there is none.
        id: `id` of the front matter, else the file's stem.
        title: `title`, else the first heading, else the file name's words. One line.
        tags, related: as written, in order.
        moment: `date` and `heure`, else a `**Date**:` line, else what the file name tells, else `created`.
        body_start: offset of the body in `text`.
    """

    path: str
    text: str
    front: Mapping[str, Value]
    id: str
    title: str
    tags: tuple[str, ...]
    related: tuple[str, ...]
    moment: Moment | None
    body_start: int

    @property
    def body(self) -> str:
        """Everything behind the front matter."""
        return self.text[self.body_start :]

    @property
    def importance(self) -> float:
        """`importance` of the front matter where it is a number in [0, 1], else 0.5."""
        written = str(self.front.get("importance"))  # `0.50` is text: as a number it would lose a digit
        return float(written) if _UNIT.fullmatch(written) else DEFAULT_IMPORTANCE

    def to_bytes(self) -> bytes:
        """The file's bytes, UTF-8."""
        return self.text.encode("utf-8")


def load_entry(path: str, data: bytes) -> Entry | Fault:
    """Read an entry.

    Args:
        path: POSIX, relative to the repository; its name may tell date, hour and title.
        data: the file's bytes.

    Returns:
        The entry, or the fault that keeps it from being read.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = position(data[: error.start].decode("utf-8", "replace"), error.start)
        hint = "save it as UTF-8" + (" (it looks like UTF-16)" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "")
        return Fault(path=path, line=line, column=column, message="not UTF-8", hint=hint)
    return parse_entry(path, text)


def parse_entry(path: str, text: str) -> Entry | Fault:
    """As `load_entry`, from text that is decoded already."""
    start = 0
    try:
        block = frontmatter.find_block(text)
        start = block.start if block else 0
        front = yaml12.load(text[block.start : block.end], as_text=TEXT_KEYS) if block else {}
        body_start = block.body_start if block else len(frontmatter.BOM) * text.startswith(frontmatter.BOM)
        return _entry(path, text, front, body_start)
    except DocumentError as error:
        line, column = position(text, start + error.offset)
        return Fault(path=path, line=line, column=column, key=error.key, message=error.message, hint=error.hint)
    except _BadValueError as error:
        node = yaml12.compose(text[block.start : block.end]) if block else None
        line, column = position(text, start + yaml12.find(node, [error.key]))
        return Fault(path=path, line=line, column=column, key=error.key, message=error.message, hint=error.hint)


class _BadValueError(Exception):
    def __init__(self, key: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.key, self.message, self.hint = key, message, hint


def _entry(path: str, text: str, front: dict[str, Value], body_start: int) -> Entry:
    title, tags, moment, clock = _text(front, "title"), _texts(front, "tags"), _date(front), _clock(front)
    head = headers.Head() if title and tags is not None and moment else headers.read_head(text[body_start:])
    named = naming.moment_of_name(path)
    if moment is None:
        moment = parse_loose_date(head.date) if head.date else None
        moment = moment or named or _created(front)
    if moment and moment.clock is None:
        named_clock = named.clock if named and named.day == moment.day else None
        moment = replace(moment, clock=clock or named_clock)
    return Entry(
        path=path,
        text=text,
        front=front,
        id=_text(front, "id") or naming.stem_of(path),
        title=" ".join((title or head.title or naming.title_of_name(path)).split()),
        tags=head.tags if tags is None else tags,
        related=_texts(front, "related") or (),
        moment=moment,
        body_start=body_start,
    )


def _text(front: Mapping[str, Value], key: str) -> str:
    value = front.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BadValueError(key, "must be text, one line", f"write `{key}: some words`")
    return value.strip()


def _texts(front: Mapping[str, Value], key: str) -> tuple[str, ...] | None:
    """The items of a list of words; None where the key is absent, () where it is empty."""
    if key not in front:
        return None
    value = front[key]
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _BadValueError(key, "must be a list of words", f"write `{key}: [one, two]`")
    return tuple(str(item) for item in value)


def _date(front: Mapping[str, Value]) -> Moment | None:
    written = _text(front, "date")
    moment = parse_date(written) if written else None
    if written and moment is None:
        raise _BadValueError("date", f"{written!r} is not a date", "write it as 2025-04-05 or 2025-04-05T14:30:00")
    return moment


def _created(front: Mapping[str, Value]) -> Moment | None:
    written = front.get("created")
    return parse_date(written) if isinstance(written, str) else None


def _clock(front: Mapping[str, Value]) -> time | None:
    written = _text(front, "heure")
    clock = parse_time(written) if written else None
    if written and clock is None:
        raise _BadValueError("heure", f"{written!r} is not a time of day", "write it as 14-30")
    return clock
