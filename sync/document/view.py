"""How entries are shown to assistants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

DEFAULT_PREFIX = "[JOURNAL DE BORD]"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How entries are shown.

    Attributes:
        prefix: what every exported text starts with; it marks what came from the journal.
        zone: the time zone of entries that name none.
    """

    prefix: str = DEFAULT_PREFIX
    zone: tzinfo = UTC
