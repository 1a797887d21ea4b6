"""What a consolidation did, for people, for `--json`, and for the message of its commit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync.taskmaster.memory import MemoryId

_SUBJECT = "Consolidate memories"
_COUNTS = ("read", "unchanged", "changed", "skipped", "created")
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextReport:
    """What was done in one context.

    Attributes:
        context: its id.
        read: memories that were looked at: those unchanged, changed and skipped.
        unchanged: that stayed as they were. skipped: that somebody changed meanwhile: the next run looks at them.
        created: memories that are new: that of the frequent patterns.
        patterns: frequent patterns that were written down; 0 where they are the same as before.
        compressed: keys that took the place of others, and the others' keys.
        archived: keys whose time was up, and why.
        linked: memories whose links to what contradicts them changed.
        contradictions: all there are, the newest first: key of the newer one, of the older one, what differs.
        embedded: memories that had no vector; computed: texts that the model was asked about.
        notes: what could not be done.
    """

    context: str
    read: int
    changed: int = 0
    skipped: int = 0
    created: int = 0
    patterns: int = 0
    compressed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    archived: tuple[tuple[str, str], ...] = ()
    linked: int = 0
    contradictions: tuple[tuple[str, str, str], ...] = ()
    embedded: int = 0
    computed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def unchanged(self) -> int:
        """See above."""
        return self.read - self.changed - self.skipped

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was done, and nothing has to be told."""
        return not (self.changed or self.skipped or self.created or self.embedded or self.computed or self.notes)

    def as_dict(self) -> dict[str, Any]:
        """The context as the object that `--json` prints."""
        return {
            "context": self.context,
            **{name: getattr(self, name) for name in _COUNTS},
            "patterns": self.patterns,
            "compressed": [{"key": key, "sources": list(sources)} for key, sources in self.compressed],
            "archived": [{"key": key, "why": why} for key, why in self.archived],
            "linked": self.linked,
            "contradictions": [
                {"newer": newer, "older": older, "why": why} for newer, older, why in self.contradictions
            ],
            "embedded": self.embedded,
            "computed": self.computed,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolidationReport:
    """What was done in all contexts.

    Attributes:
        at: when it began, aware, UTC.
        contexts: one for each context that holds something, in order.
        kept: memories whose time was up, and that stay because what was shared from them does.
    """

    at: datetime
    contexts: tuple[ContextReport, ...]
    kept: tuple[MemoryId, ...] = ()

    def total(self, name: str) -> int:
        """The sum of a count, or the number of what a list holds, over all contexts."""
        found = [getattr(one, name) for one in self.contexts]
        return sum(one if isinstance(one, int) else len(one) for one in found)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was done anywhere."""
        return all(one.is_quiet for one in self.contexts)

    @property
    def has_written(self) -> bool:
        """Whether the journal has something to be told."""
        return bool(self.total("changed") or self.total("created"))

    def as_dict(self) -> dict[str, Any]:
        """The report as the object that `--json` prints; quiet contexts without contradictions are left out."""
        shown = [one for one in self.contexts if not one.is_quiet or one.contradictions]
        return {
            "at": self.at.isoformat(),
            "contexts": len(self.contexts),
            **{name: self.total(name) for name in (*_COUNTS, "archived", "compressed", "contradictions", "embedded")},
            "kept": [{"context": one.context, "key": one.key} for one in self.kept],
            "told": [one.as_dict() for one in shown],
        }

    def as_message(self) -> str:
        """The message of its commit: what was done in one line, then the report."""
        names = ("archived", "compressed", "linked")
        done = [f"{self.total(name)} {name}" for name in names if self.total(name)]
        done = done or [f"{self.total('changed') + self.total('created')} written"]
        return f"{_SUBJECT}: {', '.join(done)}\n\n{self.as_markdown()}"

    def as_markdown(self) -> str:
        """The report as Markdown; of very long lists the first 200 lines."""
        read, contexts = self.total("read"), len(self.contexts)
        head = (
            f"{_many(read, 'memory', 'memories')} of {_many(contexts, 'context')}: "
            f"{self.total('unchanged')} unchanged, "
            f"{self.total('changed')} changed, {self.total('skipped')} skipped, {self.total('created')} new; "
            f"{self.total('embedded')} got a vector."
        )
        body = [line for one in self.contexts for line in _section(one)]
        kept = [f"- `{_code(one.key)}` of {one.context}: its time is up, and it is still shared" for one in self.kept]
        body += ["", "## Kept", *kept] if kept else []
        more = [f"- and {len(body) - _MOST_SHOWN} lines more"] if len(body) > _MOST_SHOWN else []
        return "\n".join([head, *body[:_MOST_SHOWN], *more]) + "\n"


def _many(count: int, noun: str, many: str = "") -> str:
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def _section(one: ContextReport) -> list[str]:
    lines = [f"- frequent patterns: {one.patterns}"] if one.patterns else []
    lines += [f"- `{_code(key)}` says what {_keys(sources)} said" for key, sources in one.compressed]
    lines += [f"- `{_code(key)}` archived: {why}" for key, why in one.archived]
    lines += [
        f"- `{_code(newer)}` contradicts `{_code(older)}`: {_code(why)}" for newer, older, why in one.contradictions
    ]
    lines += [f"- {note}" for note in one.notes]
    lines += [f"- {one.skipped} skipped: changed meanwhile"] if one.skipped else []
    return ["", f"## {one.context}", *lines] if lines else []


def _keys(keys: tuple[str, ...]) -> str:
    return ", ".join(f"`{_code(key)}`" for key in keys)


def _code(text: str) -> str:
    return text.replace("`", "'")
