"""What the first lines of a body tell where there is no front matter: a heading, `**Date**:` and `**Tags**:` lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD_LENGTH = 4_000  # metadata lines stand at the top; a whole book need not be searched for them
_ATX = re.compile(r"^ {0,3}#{1,6}(?:[ \t]+(?P<atx>[^\r\n]*?))??(?:[ \t]+#+)?[ \t]*\r?$", re.M)
_SETEXT = re.compile(r"^(?P<setext>[^\s#>`~*+-][^\r\n]*)\r?\n=+[ \t]*\r?$", re.M)
_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})[^\r\n]*\r?\n.*?(?:^ {0,3}(?P=mark)[`~]*[ \t]*\r?$|\Z)", re.M | re.S)
_FIELD = re.compile(
    r"^[ \t]*\*\*(?P<name>Date|Tags)[ \t]*(?::\*\*|\*\*[ \t]*:)[ \t]*(?P<value>[^\r\n]*?)[ \t]*\r?$", re.M | re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What was found; each part may be empty."""

    title: str = ""
    date: str = ""
    tags: tuple[str, ...] = ()


def read_head(body: str) -> Head:
    """The title, date and tags at the top of a body. Headings inside code fences do not count."""
    prose = _FENCE.sub("", body[:_HEAD_LENGTH])
    fields: dict[str, str] = {}
    if "**" in prose:
        for field in _FIELD.finditer(prose):
            fields.setdefault(field["name"].lower(), field["value"])
    return Head(title=_title(prose), date=fields.get("date", ""), tags=_tags(fields.get("tags", "")))


def _title(prose: str) -> str:
    found = [match for pattern in (_ATX, _SETEXT) for match in pattern.finditer(prose) if match[1] and match[1].strip()]
    return min(found, key=lambda match: match.start())[1].strip() if found else ""


def _tags(written: str) -> tuple[str, ...]:
    separator = r"[,\s]+" if "#" in written else r"\s*,\s*"
    words = (word.lstrip("#").strip() for word in re.split(separator, written))
    return tuple(dict.fromkeys(word for word in words if word))
