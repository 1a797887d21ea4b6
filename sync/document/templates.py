"""The text of a new entry: front matter, a heading, and the sections a project wants filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sync.document import frontmatter
from sync.document.scalars import render_value
from sync.document.splice import set_values
from sync.document.yaml12 import Value

FRENCH = """\
# {title}

## Actions réalisées

- 

## Résolution des erreurs, déductions tirées

- 

## Optimisations identifiées

- Pour le système: 
- Pour le code: 
- Pour la gestion des erreurs: 
- Pour les workflows: 

## Enseignements techniques

- 

## Impact sur le projet musical

- 

## Code associé

```
```

## Prochaines étapes

- 

## Références et ressources

- 
"""

ENGLISH = """\
# {title}

## What was done

- 

## Errors solved, conclusions drawn

- 

## Improvements found

- For the system: 
- For the code: 
- For error handling: 
- For workflows: 

## Technical lessons

- 

## Impact on the project

- 

## Related code

```
```

## Next steps

- 

## References and resources

- 
"""

IMPORT_FRENCH = """\
# {title}

## Actions réalisées

- Import automatique depuis Augment Memories

## Contenu des Memories

{memories}

## Résolution des erreurs, déductions tirées

- 

## Optimisations identifiées

- Pour le système: 
- Pour le code: 
- Pour la gestion des erreurs: 
- Pour les workflows: 

## Enseignements techniques

- 

## Impact sur le projet musical

- 

## Références et ressources

- 
"""

IMPORT_ENGLISH = """\
# {title}

## What was done

- Imported from Augment Memories

## What the memories say

{memories}

## Errors solved, conclusions drawn

- 

## Improvements found

- For the system: 
- For the code: 
- For error handling: 
- For workflows: 

## Technical lessons

- 

## Impact on the project

- 

## References and resources

- 
"""

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
        template: a body template, or a whole document whose front matter is kept and completed.
        memories: texts that become the list in place of `{memories}`.

    Raises:
        DocumentError: the template's own front matter cannot be read.
    """
    date, hour = f"{moment:%Y-%m-%d}", f"{moment:%H-%M}"
    fields = {"title": title, "date": date, "heure": hour, "memories": "\n".join(map(list_item, memories))}
    body = _FIELD.sub(lambda found: fields[found[1]], template)
    front: dict[str, Value] = {"date": date, "heure": hour, "title": title, "tags": list(tags), "related": list(related)}
    if frontmatter.find_block(body):
        return set_values(body, front)
    lines = "".join(f"{key}: {render_value(value)}\n" for key, value in front.items())
    return f"---\n{lines}---\n\n{body}"


def list_item(text: str) -> str:
    """A text as one list item: whatever it holds, lines behind the first are indented so that they stay in the item."""
    first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    return "\n".join([f"- {first}", *(f"  {line}" if line else "" for line in rest)])


def is_empty(body: str) -> bool:
    """Whether a body says nothing: only headings, bullets without text (`- Pour le code:`), fences and blank lines."""
    return all(_EMPTY_LINE.match(line) for line in body.split("\n"))
