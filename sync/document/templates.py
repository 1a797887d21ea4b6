"""The text of a new entry: front matter, a heading, and the sections a project wants filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sync.document import frontmatter, yaml12
from sync.document.scalars import render_value
from sync.document.splice import Absent, set_values, with_body
from sync.document.yaml12 import Value


def _document(*sections: tuple[str, str]) -> str:
    return "# {title}\n" + "".join(f"\n## {heading}\n\n{content}\n" for heading, content in sections)


_BULLET = "- "
_CODE = "```\n```"
_IMPROVEMENTS_FR = "\n".join(
    f"- Pour {what}: " for what in ("le système", "le code", "la gestion des erreurs", "les workflows")
)
_IMPROVEMENTS_EN = "\n".join(f"- For {what}: " for what in ("the system", "the code", "error handling", "workflows"))

FRENCH = _document(
    ("Actions réalisées", _BULLET),
    ("Résolution des erreurs, déductions tirées", _BULLET),
    ("Optimisations identifiées", _IMPROVEMENTS_FR),
    ("Enseignements techniques", _BULLET),
    ("Impact sur le projet musical", _BULLET),
    ("Code associé", _CODE),
    ("Prochaines étapes", _BULLET),
    ("Références et ressources", _BULLET),
)

ENGLISH = _document(
    ("What was done", _BULLET),
    ("Errors solved, conclusions drawn", _BULLET),
    ("Improvements found", _IMPROVEMENTS_EN),
    ("Technical lessons", _BULLET),
    ("Impact on the project", _BULLET),
    ("Related code", _CODE),
    ("Next steps", _BULLET),
    ("References and resources", _BULLET),
)

IMPORT_FRENCH = _document(
    ("Actions réalisées", "- Import automatique depuis Augment Memories"),
    ("Contenu des Memories", "{memories}"),
    ("Résolution des erreurs, déductions tirées", _BULLET),
    ("Optimisations identifiées", _IMPROVEMENTS_FR),
    ("Enseignements techniques", _BULLET),
    ("Impact sur le projet musical", _BULLET),
    ("Références et ressources", _BULLET),
)

IMPORT_ENGLISH = _document(
    ("What was done", "- Imported from Augment Memories"),
    ("What the memories say", "{memories}"),
    ("Errors solved, conclusions drawn", _BULLET),
    ("Improvements found", _IMPROVEMENTS_EN),
    ("Technical lessons", _BULLET),
    ("Impact on the project", _BULLET),
    ("References and resources", _BULLET),
)

IMPORT_TEMPLATES = {"fr": IMPORT_FRENCH, "en": IMPORT_ENGLISH}
"""Body templates of imported entries, by language; `{memories}` is replaced too."""

TEMPLATES = {"fr": FRENCH, "en": ENGLISH}
"""Body templates by language. `{title}`, `{date}` and `{heure}` are replaced; nothing else is."""

_FIELD = re.compile(r"\{(title|date|heure|memories)\}")
_EMPTY_LINE = re.compile(
    r"[ \t]*(?:#{1,6}(?:[ \t].*)?|[-*+](?:[ \t]+[^:]{0,40}:)?|`{3,}\w*|~{3,}\w*|={2,}|-{2,})?[ \t]*\r?$"
)


def render_entry(
    *,
    title: str,
    moment: datetime,
    tags: Sequence[str],
    template: str,
    related: Sequence[str] = (),
    memories: Sequence[str] = (),
) -> str:
    """The text of a new entry.

    Args:
        title: one line.
        moment: local time in the journal's zone; written to the minute.
        tags, related: as given.
        template: a body template, or a whole document whose front matter is kept and completed: what is given here
            replaces what stands there, and placeholders in its values are filled in too.
        memories: texts that become the list in place of `{memories}`.

    Raises:
        DocumentError: the template's own front matter cannot be read.
    """
    date, hour = f"{moment:%Y-%m-%d}", f"{moment:%H-%M}"
    fields = {"title": title, "date": date, "heure": hour, "memories": "\n".join(map(list_item, memories))}

    def filled(text: str) -> str:
        return _FIELD.sub(lambda found: fields[found[1]], text)

    front: dict[str, Value] = {
        "date": date,
        "heure": hour,
        "title": title,
        "tags": list(tags),
        "related": list(related),
    }
    block = frontmatter.find_block(template)
    if block is None:
        lines = "".join(f"{key}: {render_value(value)}\n" for key, value in front.items())
        return f"---\n{lines}---\n\n{filled(template)}"
    present = yaml12.load(template[block.start : block.end])
    changes: dict[str, Value | Absent] = {}
    for key, value in present.items():
        written = _as_written(value)
        if written is not None and filled(written) != written:
            changes[key] = filled(written)
    changes |= {key: value for key, value in front.items() if value or not present.get(key)}
    text = set_values(template, changes)
    return with_body(text, block.body_start + len(text) - len(template), filled(template[block.body_start :]))


def _as_written(value: Value) -> str | None:
    """A value of a template's front matter as text; YAML reads a placeholder without quotes as a mapping."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        return f"{{{name}}}" if inner is None else None
    return value if isinstance(value, str) else None


def list_item(text: str) -> str:
    """A text as one list item: whatever it holds, lines behind the first are indented so that they stay in the item."""
    first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    return "\n".join([f"- {first}", *(f"  {line}" if line else "" for line in rest)])


def is_empty(body: str) -> bool:
    """Whether a body says nothing: only headings, bullets without text (`- Pour le code:`), fences and blank lines."""
    return all(_EMPTY_LINE.match(line) for line in re.split(r"\r\n|\r|\n", body))
