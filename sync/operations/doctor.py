"""Whether everything that the journal relies on is as it should be, and the way out where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sync.errors import JournalError, UsageError
from sync.operations.checkup import Check, Finding, State
from sync.operations.doctor_git import check_clone, check_driver, check_hooks, check_line_ends
from sync.operations.doctor_journal import (
    check_conflicts,
    check_ids,
    check_ignored,
    check_memories,
    check_settings,
    check_stores,
)
from sync.operations.doctor_state import check_bases, check_import, check_leftovers, check_lock, check_sync
from sync.operations.journal import Journal

CHECKS: Mapping[str, Check] = {
    "settings": check_settings,
    "lock": check_lock,
    "unfinished sync": check_sync,
    "unfinished import": check_import,
    "leftovers": check_leftovers,
    "clone": check_clone,
    "line endings": check_line_ends,
    "merge driver": check_driver,
    "hooks": check_hooks,
    "bases": check_bases,
    "stores": check_stores,
    "private memories": check_ignored,
    "ids": check_ids,
    "tracked memories": check_memories,
    "conflicts": check_conflicts,
}
"""What is looked at, in order: what others rely on comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorResult:
    """What the doctor found.

    Attributes:
        findings: at least one of each check.
    """

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """1 where a problem is left."""
        return int(any(one.state is State.PROBLEM for one in self.findings))

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {"findings": [one.as_dict() for one in self.findings]}


def doctor(journal: Journal, *, fix: bool = False) -> DoctorResult:
    """Look at everything.

    Args:
        journal: the journal, in a repository; opened leniently, so that wrong settings are a finding.
        fix: take the ways out that lose nothing, and look again.

    Raises:
        UsageError: there is no repository.
    """
    if journal.location.git_dir is None:
        raise UsageError("there is no repository, so there is nothing to look at", hint="run: journal init")
    if not fix:
        return DoctorResult(findings=tuple(one for name in CHECKS for one in _look(journal, name)))
    findings: list[Finding] = []
    for name in CHECKS:
        fixed = [_fixed(one) for one in _look(journal, name)]
        taken = [one for one in fixed if one.state is State.FIXED]
        if not taken:
            findings += fixed
            continue
        left = [one for one in _look(journal, name) if one.state is not State.OK]
        stubborn = {one.message for one in left}
        findings += [one for one in taken if one.message not in stubborn] + left
    return DoctorResult(findings=tuple(findings))


def _look(journal: Journal, name: str) -> Sequence[Finding]:
    """The findings of one check; what stops it is one, and keeps no other from being made."""
    found: list[Finding] = []
    try:
        found += [replace(one, check=name) for one in CHECKS[name](journal)]
    except JournalError as error:
        found.append(Finding(check=name, message=error.message, hint=error.hint))
    return found or [Finding(check=name, state=State.OK)]


def _fixed(finding: Finding) -> Finding:
    """The finding once its way out was taken, or what kept it from being taken."""
    if finding.fix is None or finding.state is not State.PROBLEM:
        return finding
    try:
        more = finding.fix()
    except JournalError as error:
        return replace(finding, message=f"{finding.message}; {error.message}", hint=error.hint or finding.hint)
    return replace(finding, state=State.FIXED, hint=more)
