"""The rules of contexts that may change while a program runs."""

from __future__ import annotations

from collections.abc import Callable

from sync.taskmaster.context_pattern import Pattern
from sync.taskmaster.context_rules import ContextRule, ContextRules
from sync.taskmaster.retention import Retention


class LiveRules:
    """As `ContextRules`, whatever they are at the moment; each answer is of one set of rules.

    Args:
        load: gives the rules as they are; asked each time, so that it must be cheap where nothing has changed.
    """

    def __init__(self, load: Callable[[], ContextRules]) -> None:
        self._load = load

    @property
    def application(self) -> str:
        """As `ContextRules.application`."""
        return self._load().application

    def expand(self, written: str) -> str:
        """As `ContextRules.expand`."""
        return self._load().expand(written)

    def pattern(self, written: str) -> Pattern:
        """As `ContextRules.pattern`."""
        return self._load().pattern(written)

    def checked(self, written: str) -> str:
        """As `ContextRules.checked`."""
        return self._load().checked(written)

    def rule(self, context: str) -> ContextRule | None:
        """As `ContextRules.rule`."""
        return self._load().rule(context)

    def lineage(self, context: str) -> tuple[str, ...]:
        """As `ContextRules.lineage`."""
        return self._load().lineage(context)

    def retention(self, context: str) -> Retention:
        """As `ContextRules.retention`."""
        return self._load().retention(context)
