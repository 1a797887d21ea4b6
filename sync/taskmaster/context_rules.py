"""contexts.yaml: which contexts there are, how long they keep memories, and whose memories they see. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from unicodedata import normalize

from sync.document.fault import Fault
from sync.document.rules_file import CONTEXTS_FILE, RulesFile, read_rules_file, refuse
from sync.errors import UsageError
from sync.schema import Schema
from sync.taskmaster.context import Context, Level, check_application, expand
from sync.taskmaster.context_pattern import Pattern, ties
from sync.taskmaster.retention import DEFAULT_RETENTION, Retention, parse_retention

APPLICATION = "taskmaster"
"""The application where none is named."""
_T = TypeVar("_T")
_MAX_KNOWN = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRule:
    """What holds for the contexts that a pattern matches.

    Attributes:
        name: the rule's.
        pattern: which contexts.
        retention: how long they keep memories; None where those above decide.
        children: names of what may lie right below them: kinds of tenants, modules, functions; None for anything.
        shared_memory: modules of the same tenant whose memories are seen as well.
        inherits: whether the memories of the context above are seen.
    """

    name: str
    pattern: Pattern
    retention: Retention | None = None
    children: tuple[str, ...] | None = None
    shared_memory: tuple[str, ...] = ()
    inherits: bool = True


class ContextRules(Protocol):
    """The rules of a journal. Without any, everything is allowed, inherits, and is kept for a year."""

    @property
    def application(self) -> str:
        """What every context of the journal begins with."""
        ...

    def expand(self, written: str) -> str:
        """The id of a context that a person wrote, in full or without the application: `wedding:42`, `global`.

        Raises:
            UsageError: it is no context of this application.
        """
        ...

    def pattern(self, written: str) -> Pattern:
        """A pattern that a person wrote, in full or without the application: `wedding:*`, `*`.

        Raises:
            UsageError: it is none.
        """
        ...

    def checked(self, written: str) -> str:
        """The id of a context that may be written to.

        Raises:
            UsageError: as `expand`; or the rule of a context above does not name it among its children.
        """
        ...

    def rule(self, context: str) -> ContextRule | None:
        """The rule that holds for a context, by its full id; None where none does."""
        ...

    def lineage(self, context: str) -> tuple[str, ...]:
        """The contexts whose memories are seen in one, by full ids: itself, those above, nearest first, then shared.

        A context sees the one above it unless its rule says `inherit_from_parent: false`. Behind its own line stand
        the modules that the rules of the line name as shared memory: those modules alone, not their functions.
        """
        ...

    def retention(self, context: str) -> Retention:
        """How long memories of a context are kept: as its rule says, else the nearest rule above, else a year."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedRules:
    """As `ContextRules`, of one reading of a file.

    Attributes:
        application: see there.
        rules: one for each pattern, the most specific first; of those that match a context the first holds.
    """

    application: str = APPLICATION
    rules: tuple[ContextRule, ...] = ()
    _lines: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _found: dict[str, tuple[ContextRule, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def expand(self, written: str) -> str:
        """As `ContextRules.expand`."""
        full = expand(written, self.application) if written and isinstance(written, str) else written
        try:
            return Context.parse(full).text
        except UsageError as error:
            hint = f"{error.hint}; every context here is one of {self.application!r}"
            raise UsageError(error.message, hint=hint) from error

    def pattern(self, written: str) -> Pattern:
        """As `ContextRules.pattern`."""
        return Pattern.parse(expand(written, self.application))

    def checked(self, written: str) -> str:
        """As `ContextRules.checked`."""
        context = Context.parse(self.expand(written))
        for child, parent in zip((context, *context.parents()), context.parents(), strict=False):
            rule = self.rule(parent.text)
            if rule and rule.children is not None and child.child_name not in rule.children:
                known = ", ".join(rule.children) or "none"
                hint = f"known there: {known}; or add it to contexts.{rule.name}.children in {CONTEXTS_FILE}"
                kind = "kind of tenant" if child.level is Level.TENANT else child.level.value
                raise UsageError(f"{parent.text} has no {kind} {child.child_name!r}", hint=hint)
        return context.text

    def rule(self, context: str) -> ContextRule | None:
        """As `ContextRules.rule`."""
        found = _kept(self._found, context, self._find_rule)
        return found[0] if found else None

    def lineage(self, context: str) -> tuple[str, ...]:
        """As `ContextRules.lineage`."""
        return _kept(self._lines, context, self._find_line)

    def retention(self, context: str) -> Retention:
        """As `ContextRules.retention`."""
        return next((one.retention for one in self._rules_upwards(context) if one.retention), DEFAULT_RETENTION)

    def _rules_upwards(self, context: str) -> Iterator[ContextRule]:
        parsed = Context.parse(context)
        rules = (self.rule(one.text) for one in (parsed, *parsed.parents()))
        return (one for one in rules if one)

    def _find_rule(self, context: str) -> tuple[ContextRule, ...]:
        parsed = Context.parse(context)
        found = next((one for one in self.rules if one.pattern.match(parsed) is not None), None)
        return (found,) if found else ()

    def _find_line(self, context: str) -> tuple[str, ...]:
        line: list[str] = []
        shared: list[str] = []
        parsed = Context.parse(context)
        for one in (parsed, *parsed.parents()):
            line.append(one.text)
            rule = self.rule(one.text)
            if rule and one.module:
                shared += [f"{one.tenant}:module:{name}" for name in rule.shared_memory]
            if rule and not rule.inherits:
                break
        return tuple(dict.fromkeys([*line, *shared]))


def _kept(cache: dict[str, _T], context: str, find: Callable[[str], _T]) -> _T:
    """What is found for a context, kept for the next time; a full cache starts anew. Threads may find it twice."""
    known = cache.get(context)
    if known is None:
        known = find(context)
        if len(cache) >= _MAX_KNOWN:
            cache.clear()
        cache[context] = known
    return known


def load_context_rules(data: bytes, path: str = CONTEXTS_FILE) -> FixedRules:
    """The rules of a contexts.yaml.

    Args:
        data: YAML, UTF-8.
        path: the file, as errors are to name it.

    Raises:
        SettingsError: something is wrong with it; the message begins with `file:line:column`.
    """
    found = read_context_rules(path, data)
    if isinstance(found, list):
        raise refuse(found)
    return found


def read_context_rules(path: str, data: bytes) -> FixedRules | list[Fault]:
    """The rules of a contexts.yaml, or all that is wrong with it; see `load_context_rules`."""
    file = read_rules_file(path, data, Schema.CONTEXTS)
    if isinstance(file, list):
        return file
    application = file.values.get("application", APPLICATION)
    try:
        check_application(application)
    except UsageError as error:
        return [file.fault(["application"], error.message, error.hint)]
    faults: list[Fault] = []
    rules = list(_read_rules(file, application, faults))
    faults += _across_faults(file, rules)
    ordered = tuple(sorted(rules, key=lambda one: one.pattern.specificity, reverse=True))
    return faults or FixedRules(application=application, rules=ordered)


def _read_rules(file: RulesFile, application: str, faults: list[Fault]) -> Iterator[ContextRule]:
    """The rules in the order of the file; what is wrong with one is added to `faults`."""
    for name, table in file.values.get("contexts", {}).items():
        key = "pattern"
        try:
            pattern = Pattern.parse(expand(table["pattern"], application))
            key = "retention"
            retention = parse_retention(table["retention"]) if "retention" in table else None
        except UsageError as error:
            faults.append(file.fault(["contexts", name, key], error.message, error.hint))
            continue
        yield ContextRule(name=name, pattern=pattern, retention=retention, **_options(table))


def _options(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "children": _names(table["children"]) if "children" in table else None,
        "shared_memory": _names(table.get("shared_memory", ())),
        "inherits": table.get("inherit_from_parent", True),
    }


def _names(written: Sequence[str]) -> tuple[str, ...]:
    return tuple(normalize("NFC", name) for name in written)


def _across_faults(file: RulesFile, rules: Sequence[ContextRule]) -> Iterator[Fault]:
    """What is wrong with rules that are each well written."""
    for first, second in ties([one.pattern for one in rules]):
        message = f"matches contexts that {rules[first].name!r} matches, and neither is more specific"
        yield file.fault(["contexts", rules[second].name, "pattern"], message, "join the two, or name a part in one")
    for rule in rules:
        place = ["contexts", rule.name]
        if rule.children is not None and (rule.pattern.is_open or rule.pattern.level is Level.FUNCTION):
            hint = "write {name} in place of the last *, so that the pattern names contexts of one level"
            yield file.fault([*place, "children"], "the pattern does not say what the children are", hint)
        if not rule.shared_memory:
            continue
        if not rule.pattern.is_open and rule.pattern.level in (Level.GLOBAL, Level.TENANT):
            yield file.fault([*place, "shared_memory"], "only modules and functions see memories of modules")
        for number, name in enumerate(rule.shared_memory):
            known = _modules_beside(rule, rules)
            if known and name not in known:
                hint = f"known: {', '.join(sorted(known))}"
                yield file.fault([*place, "shared_memory", number], f"there is no module {name!r}", hint)


def _modules_beside(rule: ContextRule, rules: Sequence[ContextRule]) -> set[str]:
    """The modules that rules of tenants name, where they may be the tenants of the contexts of a rule."""
    tenants = [one for one in rules if one.pattern.level is Level.TENANT and one.pattern.meets_tenants_of(rule.pattern)]
    if any(one.children is None for one in tenants):
        return set()
    return {name for one in tenants for name in one.children or ()}
