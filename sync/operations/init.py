"""Setting a journal up: its folder, settings, Augment's configuration, hooks, merge driver.

Nothing that exists is overwritten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from sync.document.settings import FILE_NAME, Settings
from sync.errors import RefusedError, UsageError
from sync.operations.git_setup import (
    ATTRIBUTES,
    CHAINED,
    HOOKS,
    MARK,
    MERGE_HOOK,
    attribute_lines,
    driver_settings,
    hook_text,
    read_driver_settings,
    with_lines,
    write_driver_settings,
)
from sync.operations.journal import Journal, open_journal
from sync.operations.validate import AUGMENT_CONFIG
from sync.repository.files import read_or_none, refuse_outside, write_atomic
from sync.repository.listing import ignored_paths
from sync.repository.lock import lock
from sync.schema import Schema, check

QUERY_COMMAND = 'journal query -- "${query}"'

_SETTINGS_TEXT = """\
# Settings of the journal. Every key may be left out; docs/settings.md of journal-sync tells the defaults.
[journal]
entries = "{entries}"
memories = "{memories}"
language = "{language}"          # of new entries: fr or en
# template = "journal/template.md"  # your own template; {{title}}, {{date}} and {{heure}} are filled in
timezone = "UTC"         # of entries that name none, such as Europe/Paris

[stores.augment]
path = ".augment/memories"
# exclude_tags = ["private"]   # what Augment is not given
"""


class Change(Enum):
    """What became of one part of the set-up."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of the set-up.

    Attributes:
        path: relative to the repository where it lies in it.
        change: what became of it.
        note: one line for the reader; may be empty.
    """

    path: str
    change: Change
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """What was set up, in order."""

    root: str
    steps: tuple[Step, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        steps = [{"path": one.path, "change": one.change.value, "note": one.note} for one in self.steps]
        return {"root": self.root, "steps": steps}


def init(
    start: Path, *, hooks: bool = False, merge_driver: bool = False, language: str = "fr", dry_run: bool = False
) -> InitResult:
    """Set up a journal in a folder's repository; run again, it adds what is missing.

    Args:
        start: a folder of the repository, or a folder that becomes one.
        hooks: install the native pre-commit and pre-merge-commit hooks.
        merge_driver: let Git merge entries by our rules in this clone, and install the native post-merge hook.
        language: of new entries, `fr` or `en`; only where there is no journal.toml yet.
        dry_run: write nothing.

    Raises:
        UsageError: .augment/config.json exists and is not a JSON object.
        RefusedError: the hooks folder is shared with other repositories.
    """
    journal = open_journal(start)
    steps = []
    if journal.location.git_dir is None:
        steps.append(Step(path=".git", change=Change.PLANNED if dry_run else Change.CREATED, note="a Git repository"))
        if not dry_run:
            _make_repository(journal.root)
            journal = open_journal(start)
    names = (*(HOOKS if hooks else ()), *((MERGE_HOOK,) if merge_driver else ()))
    if dry_run:
        return _Setup(journal, language, dry_run).run(steps, names, merge_driver=merge_driver)
    with lock(journal.lock_folder):
        return _Setup(journal, language, dry_run).run(steps, names, merge_driver=merge_driver)


def _make_repository(root: Path) -> None:
    from sync.repository.handle import make_repository  # GitPython: slow, and it needs the git that was found by now

    make_repository(root)


def _hooks_folder(root: Path) -> Path:
    from sync.repository.handle import hooks_folder

    return hooks_folder(root)


class _Setup:
    def __init__(self, journal: Journal, language: str, dry_run: bool) -> None:
        self.journal, self.language, self.dry_run = journal, language, dry_run
        self.settings: Settings = journal.settings

    def run(self, steps: list[Step], hooks: Sequence[str], *, merge_driver: bool) -> InitResult:
        folder = self._hooks_folder() if hooks else None
        config = self._completed_config()  # what could refuse comes before the first write
        steps += [self._entries_folder(), self._settings(), self._ignore(), self._augment_config(*config)]
        if merge_driver:
            steps.append(self._drivers())
        if folder is not None:
            steps += [self._hook(folder, name) for name in hooks]
        if merge_driver:
            steps.append(self._attributes())  # last: they name what has to be there
        return InitResult(root=str(self.journal.root), steps=tuple(steps))

    def _hooks_folder(self) -> Path:
        if self.journal.location.git_dir is None:
            return self.journal.root / ".git" / "hooks"
        return _hooks_folder(self.journal.root)

    def _drivers(self) -> Step:
        git_dir = self.journal.location.git_dir
        wanted = driver_settings()
        before = read_driver_settings(self.journal.root) if git_dir else {}
        missing = {name: value for name, value in wanted.items() if before.get(name) != value}
        shown = self._shown((git_dir or self.journal.root / ".git") / "config")
        if not missing:
            return Step(path=shown, change=Change.UNCHANGED, note="merges entries by their rules")
        if not self.dry_run:
            write_driver_settings(self.journal.root, missing)
        change = Change.PLANNED if self.dry_run else Change.UPDATED
        return Step(path=shown, change=change, note="merges entries by their rules")

    def _attributes(self) -> Step:
        before = read_or_none(self.journal.root / ATTRIBUTES)
        after = with_lines(before or b"", attribute_lines(self.settings))
        return self._write(ATTRIBUTES, before, after, note="says which files those are")

    def _entries_folder(self) -> Step:
        folder = self.journal.absolute(self.settings.entries)
        exists = folder.is_dir()
        if not exists and not self.dry_run:
            refuse_outside(folder, self.journal.root)
            folder.mkdir(parents=True)
        return self._step(self.settings.entries, b"" if exists else None, b"", note="your entries")

    def _settings(self) -> Step:
        before = read_or_none(self.journal.absolute(FILE_NAME))
        text = _SETTINGS_TEXT.format(
            entries=self.settings.entries, memories=self.settings.memories, language=self.language
        )
        return self._write(FILE_NAME, before, text.encode() if before is None else before, note="settings")

    def _ignore(self) -> Step:
        """Memories can hold private things: keep them out of Git."""
        before = read_or_none(self.journal.root / ".gitignore")
        line = f"/{self.settings.augment}/\n"
        if self._is_ignored() or line.encode() in (before or b"").splitlines(keepends=True):
            return Step(path=".gitignore", change=Change.UNCHANGED, note=f"ignores {self.settings.augment}")
        gap = b"" if not before or before.endswith(b"\n") else b"\n"
        return self._write(".gitignore", before, (before or b"") + gap + line.encode(), note=f"ignores {line.strip()}")

    def _is_ignored(self) -> bool:
        if self.journal.location.git_dir is None:
            return False
        return bool(ignored_paths(self.journal.location, [os.fsencode(self.settings.delivered)]))

    def _completed_config(self) -> tuple[bytes | None, bytes]:
        before = read_or_none(self.journal.absolute(AUGMENT_CONFIG))
        hint = "correct it, or move it away"
        try:
            document = json.loads(before) if before is not None else {}
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{AUGMENT_CONFIG}: not JSON: {error}", hint=hint) from error
        if not isinstance(document, dict):
            raise UsageError(f"{AUGMENT_CONFIG}: not a JSON object", hint=hint)
        if faults := check(Schema.AUGMENT_CONFIG, document):
            raise UsageError(f"{AUGMENT_CONFIG}: {faults[0].key}: {faults[0].message}", hint=hint)
        completed = with_journal(document, self.settings.delivered)
        return before, before if completed == document and before is not None else _pretty(completed)

    def _augment_config(self, before: bytes | None, after: bytes) -> Step:
        if not self.dry_run:  # `journal sync` serves the stores that are there
            folder = self.journal.absolute(self.journal.settings.augment)
            refuse_outside(folder / "memories", self.journal.root)
            folder.mkdir(parents=True, exist_ok=True)
        return self._write(AUGMENT_CONFIG, before, after, note="tells Augment where the memories are")

    def _hook(self, folder: Path, name: str) -> Step:
        file = folder / name
        before = read_or_none(file)
        text = hook_text(name).encode()
        foreign = before is not None and MARK.encode() not in before
        shown = self._shown(file)
        kept = file.with_name(name + CHAINED)
        if foreign and kept.exists():
            raise UsageError(
                f"{shown} was replaced after its predecessor had been chained as {kept.name}",
                hint=f"join the two by hand, then delete {kept.name}",
            )
        if foreign and folder != self._own_hooks():
            hint = f"add this line to your own hook instead: journal hook {name}"
            raise RefusedError(f"{shown} belongs to a tool that keeps core.hooksPath", hint=hint)
        if foreign and not self.dry_run:
            os.link(file, kept)  # the hook stays in its place until ours replaces it at once
        note = f"runs {kept.name} first" if foreign or kept.exists() else ""
        dead = before == text and not os.access(file, os.X_OK)  # Git passes over a hook that is not executable
        step = self._step(shown, b"" if dead else before, text, note=note)
        if step.change is not Change.UNCHANGED and not self.dry_run:
            write_atomic(file, [text])
            file.chmod(0o755)
        return step

    def _shown(self, file: Path) -> str:
        root = self.journal.root
        return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)

    def _own_hooks(self) -> Path | None:
        """Git's own hooks folder, which no tool rewrites."""
        return self.journal.location.git_dir / "hooks" if self.journal.location.git_dir else None

    def _write(self, path: str, before: bytes | None, after: bytes, *, note: str) -> Step:
        step = self._step(path, before, after, note=note)
        if step.change is not Change.UNCHANGED and not self.dry_run:
            refuse_outside(self.journal.absolute(path), self.journal.root)
            write_atomic(self.journal.absolute(path), [after])
        return step

    def _step(self, path: str, before: bytes | None, after: bytes, *, note: str) -> Step:
        if before == after:
            return Step(path=path, change=Change.UNCHANGED, note=note)
        change = Change.CREATED if before is None else Change.UPDATED
        return Step(path=path, change=Change.PLANNED if self.dry_run else change, note=note)


def with_journal(config: dict[str, Any], delivered: str) -> dict[str, Any]:
    """Augment's configuration with the journal's source and context provider in it; all that was there stays.

    Args:
        config: the present configuration, which obeys its schema.
        delivered: path of the delivered memories, relative to the repository.
    """
    memories = config.get("memories", {})
    sources = list(memories.get("sources", []))
    if not any(one.get("path") == delivered for one in sources):
        sources.append({"type": "file", "path": delivered, "format": "json"})
    memories = {**memories, "sources": sources, "update_frequency": memories.get("update_frequency", "daily")}
    providers = list(config.get("context_providers", []))
    if not any(one.get("name") == "journal_de_bord" for one in providers):
        providers.append({
            "name": "journal_de_bord", "type": "custom",
            "command": QUERY_COMMAND, "working_directory": "${workspace_root}",
        })  # fmt: skip
    return {**config, "memories": memories, "context_providers": providers}


def _pretty(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
