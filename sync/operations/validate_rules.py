"""Checking the files of rules of the journal's contexts: contexts.yaml and sharing.yaml."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from sync.document.fault import Fault
from sync.document.rules_file import CONTEXTS_FILE, SHARING_FILE
from sync.operations.journal import Journal
from sync.repository.files import read_or_none


def rules_files(journal: Journal) -> tuple[str, ...]:
    """Where a journal keeps its rules, relative to the repository; the files may be missing."""
    return tuple(str(PurePosixPath(journal.settings.journal) / name) for name in (CONTEXTS_FILE, SHARING_FILE))


def is_rules_file(journal: Journal, path: str) -> bool:
    """Whether a file lies where rules are kept, in this journal or in another that is laid out like it."""
    return any(path == one or path.endswith(f"/{one}") for one in rules_files(journal))


def validate_rules(journal: Journal, path: str, data: bytes) -> list[Fault]:
    """The faults of a file of rules.

    Args:
        journal: the journal.
        path: the file, relative to the repository or to the working folder.
        data: its bytes. What sharing.yaml says is read with the application of the contexts.yaml beside it.
    """
    from sync.taskmaster.context_rules import read_context_rules  # most journals have no such file
    from sync.taskmaster.sharing_file import read_sharing_rules

    if PurePosixPath(path).name == CONTEXTS_FILE:
        found = read_context_rules(path, data)
        return found if isinstance(found, list) else []
    shared = read_sharing_rules(path, data, application=_application_beside(journal, path))
    return shared if isinstance(shared, list) else []


def _application_beside(journal: Journal, path: str) -> str:
    from sync.taskmaster.context_rules import APPLICATION, FixedRules, read_context_rules

    beside = str(PurePosixPath(path).with_name(CONTEXTS_FILE))
    data = read_or_none(journal.absolute(beside)) or read_or_none(Path(beside))
    rules = read_context_rules(beside, data) if data else None
    return rules.application if isinstance(rules, FixedRules) else APPLICATION
