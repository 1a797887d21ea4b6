"""File names of entries: how they are made, and what they tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time

from sync.document.moment import MAX_YEAR, MIN_YEAR, Moment

MAX_SLUG = 80  # with date and hour well below the 255 bytes that file systems allow a name
_SEPARATE = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_ISO_NAME = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    # `2025-04-05-07-04-2025-installation` is a day-first date in a title, not the hour 07:04.
    r"(?:-(?P<hour>[01]\d|2[0-3])-(?P<minute>[0-5]\d)(?!-\d{4}(?:-|$))(?=-|$))?"
    r"(?:-(?P<slug>.*))?"
)
_DAY_FIRST_NAME = re.compile(
    r"(?P<d>\d{2})-(?P<m>\d{2})-(?P<y>\d{4})(?:-(?P<hour>[01]\d|2[0-3])-(?P<minute>[0-5]\d)(?=-|$))?(?:-(?P<slug>.*))?"
)
_INDEX_NAMES = frozenset({"index.md", "readme.md", "_index.md"})


def slugify(title: str) -> str:
    """A title as lower-case ASCII words joined by hyphens: `été à Noël` -> `ete-a-noel`.

    Accents are folded before anything is replaced. Letters that have no ASCII form are dropped; a title without any
    left becomes `entry`.
    """
    lowered = title.casefold()
    spelled = "".join(_SEPARATE.get(letter, letter) for letter in lowered)
    decomposed = unicodedata.normalize("NFKD", spelled)
    spaced = "".join(one if one.isalnum() or unicodedata.combining(one) else " " for one in decomposed)
    words = re.findall(r"[a-z0-9]+", spaced.encode("ascii", "ignore").decode())
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:MAX_SLUG]
        if len(longer) > MAX_SLUG:
            break
        slug = longer
    return slug or "entry"


def file_name(title: str, moment: datetime, taken: Callable[[str], bool], counts: dict[str, int] | None = None) -> str:
    """`YYYY-MM-DD-HH-MM-slug.md`, with `-2`, `-3` … behind the slug as long as `taken` says that the name exists.

    Args:
        title: the entry's title.
        moment: in the journal's time zone.
        taken: whether there is a file of a name.
        counts: the last number given for each stem, kept by a caller that asks for many names; it grows.
    """
    stem = f"{moment:%Y-%m-%d-%H-%M}-{slugify(title)}"
    counts = {} if counts is None else counts
    while True:
        counts[stem] = count = counts.get(stem, 0) + 1
        name = f"{stem}.md" if count == 1 else f"{stem}-{count}.md"
        if not taken(name):
            return name


def stem_of(path: str) -> str:
    """A file's name without its folder and its last ending."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def moment_of_name(path: str) -> Moment | None:
    """The day, and the hour where there is one, that a file name starts with: ISO order, or `08-04-2025-19-45`."""
    stem = stem_of(path)
    found = _ISO_NAME.fullmatch(stem)
    day_first = None if found else _DAY_FIRST_NAME.fullmatch(stem)
    try:
        if found:
            day = date.fromisoformat(found["day"])
        elif day_first:
            day = date(int(day_first["y"]), int(day_first["m"]), int(day_first["d"]))
        else:
            return None
    except ValueError:
        return None
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        return None
    parts = found or day_first
    clock = time(int(parts["hour"]), int(parts["minute"])) if parts and parts["hour"] else None
    return Moment(day=day, clock=clock)


def title_of_name(path: str) -> str:
    """A title from a file name, for an entry that holds none: the slug's words, or the whole stem."""
    stem = stem_of(path)
    found = _ISO_NAME.fullmatch(stem) or _DAY_FIRST_NAME.fullmatch(stem)
    slug = found["slug"] if found else None
    return re.sub(r"[-_]+", " ", slug or stem).strip() or stem


def skip_reason(path: str) -> str:
    """Why a file in the entries folder is no entry, or an empty string where it is one."""
    name = path.rpartition("/")[2]
    if name.lower() in _INDEX_NAMES:
        return "an index of the folder, not an entry"
    if name.startswith("."):
        return "a hidden file"
    if not name.lower().endswith(".md"):
        return "not Markdown"
    return ""
