"""`MEMORY.md`, the index that Claude Code loads first: one line for each memory, between any text of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from sync.document import frontmatter
from sync.document.naming import title_of_name
from sync.stores.words import shortened

_LINE = re.compile(
    r"(?P<mark>[ \t]*[-*+][ \t]+\[)(?P<title>.*?)(?P<link>\]\(<?(?:\./)?(?P<file>[^/()<>]+?\.md)>?\))"
    r"(?P<dash>[ \t]*(?:—|–|--?|:)?[ \t]*)(?P<hook>.*?)(?P<rest>[ \t]*(?:\r\n|\n|\r|\Z))"
)
_LINE_ENDS = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_UNSAFE = re.compile(r"[%\s()<>]")
_MAX_HOOK = 150  # only the first 25 KB of the index are loaded


def render_line(key: str, description: str) -> str:
    """A memory's line, without its line ending."""
    title = re.sub(r"[\[\]\\]+", " ", title_of_name(f"{key}.md")).strip() or "memory"
    file = _UNSAFE.sub(lambda found: f"%{ord(found.group()):02X}", f"{key}.md")
    return f"- [{title[:1].upper()}{title[1:]}]({file}) — {shortened(description, _MAX_HOOK)}"


def update_index(text: str, changed: Mapping[str, tuple[str, str] | None], added: Mapping[str, str]) -> str:
    """The index once some memories are changed.

    Args:
        text: the index as it is.
        changed: key -> (old description, new description), or None where the memory is gone.
        added: key -> description of new memories.

    Returns:
        The new index: lines of memories that are gone are left out; a title or hook that was the old description
        becomes the new one; new memories are added at the end. Everything else stays byte for byte.
    """
    lines: list[str] = []
    listed = set()
    for line in _LINE_ENDS.findall(text):
        found = _LINE.fullmatch(line)
        key = unquote(found["file"]).removesuffix(".md") if found else ""
        listed.add(key)
        if not found or key not in changed:
            lines.append(line)
        elif (pair := changed[key]) is not None:
            lines.append(_described(found, *pair))
    new = [render_line(key, description) for key, description in added.items() if key not in listed]
    end = frontmatter.end_of_line(text)
    kept = "".join(lines)
    if new and kept and not kept.endswith(("\n", "\r")):
        kept += end
    return kept + "".join(line + end for line in new)


def _described(line: re.Match[str], old: str, new: str) -> str:
    title = new if line["title"] == old else line["title"]
    hook = shortened(new, _MAX_HOOK) if line["hook"] in {old, shortened(old, _MAX_HOOK)} else line["hook"]
    return f"{line['mark']}{title}{line['link']}{line['dash']}{hook}{line['rest']}"
