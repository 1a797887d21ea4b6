"""Titles and file names for what a store remembers without either. Pure."""

from __future__ import annotations

import re
from hashlib import sha256

from sync.document.naming import skip_reason, slugify

_MAX_TITLE = 80
_MAX_STEM = 120
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)")
_STEM = re.compile(r"[a-z0-9]+(?:[-_.]+[a-z0-9]+)*")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")  # names that Windows keeps for itself


def title_of(text: str) -> str:
    """A title for a text: its first sentence on its first line, without Markdown's marks, cut at a word."""
    line = " ".join(text.strip().splitlines()[0].split())
    line = line.lstrip("#>*-+ ").rstrip("#*: ") or line
    sentence = _SENTENCE.match(line)
    title = (sentence.group() if sentence else line).rstrip(".") or line
    return shortened(title, _MAX_TITLE)


def shortened(text: str, limit: int) -> str:
    """One line of at most so many characters, cut at a word."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rpartition(" ")[0].rstrip(" ,;:") or cut) + "…"


def stems_of(key: str, title: str) -> list[str]:
    """Stems for the entry of a record, the best first; no two keys have one in common.

    The key itself where every file system takes it and no two differ by case alone; else words of the title and a
    part of the key's hash. The last one tells no date.
    """
    slug, digest = slugify(title), sha256(key.encode()).hexdigest()[:8]
    return [*([key] if is_stem(key) else []), f"{slug}-{digest}", f"memory-{digest}-{slug}"]


def is_stem(key: str) -> bool:
    """Whether a key can be a file's stem as it is, on any system."""
    safe = _STEM.fullmatch(key) and len(key) <= _MAX_STEM and not _DEVICES.fullmatch(key)
    return bool(safe) and not skip_reason(f"{key}.md")
