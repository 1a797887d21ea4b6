"""sharing.yaml: which memories may pass from one context to another, and who may pass them. Pure.

A rule names two ends, `from` and `to`. An end is
- a word: the module of that name with its functions, in any tenant;
- `all`: every context of the tenant: itself, its modules and their functions;
- a pattern (anything with a colon, a star or braces, and `global`), see `context_pattern`; a name that stands in both
  ends has to stand for the same in both.

Both contexts lie in one tenant, whatever the ends are, unless the rule says `across_tenants: true`, for which both ends
have to be patterns. The global context is in no tenant. `bidirectional` lets memories pass back as well.

What no rule names does not pass. Of the rules that name both contexts and the type, the most specific decides alone:
by `from`, then by `to`, then a list of types before all, then a rule for one tenant before one across tenants. Its
permissions name the roles that may share by it; without any, anybody may.

Sharing is all that a rule decides. What is recalled in a context, and what is remembered there, is no matter of roles:
who calls may name any context, and a copy is the target's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sync.document.rules_file import SHARING_FILE
from sync.errors import RefusedError
from sync.taskmaster.context import Context
from sync.taskmaster.context_pattern import Pattern, Specificity
from sync.taskmaster.transforms import TransformChoice

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingRule:
    """One rule.

    Attributes:
        name: its name.
        source, target: its ends.
        types: the types of memories that pass; None for any, also those without a type.
        is_bidirectional: whether they pass from target to source, too.
        crosses_tenants: whether they pass from one tenant to another.
        transform: what is done to their values.
        roles: who may share by it; None for anybody, with or without a role.
    """

    name: str
    source: Pattern
    target: Pattern
    types: frozenset[str] | None
    is_bidirectional: bool = False
    crosses_tenants: bool = False
    transform: TransformChoice = field(default_factory=TransformChoice)
    roles: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A rule in one of its directions."""

    rule: SharingRule
    source: Pattern
    target: Pattern

    @property
    def specificity(self) -> tuple[Specificity, Specificity, bool, bool]:
        """The greater, the more specific, see the module."""
        has_types, is_confined = self.rule.types is not None, not self.rule.crosses_tenants
        return self.source.specificity, self.target.specificity, has_types, is_confined

    @property
    def shape(self) -> object:
        """What is the same in all flows that it can tie with."""
        return self.specificity, self.source.shape, self.target.shape

    def connects(self, source: Context, target: Context) -> bool:
        """Whether it leads from one context to another."""
        if source.tenant != target.tenant and not self.rule.crosses_tenants:
            return False
        first, second = self.source.match(source), self.target.match(target)
        return first is not None and second is not None and all(first[n] == second[n] for n in first.keys() & second)

    def takes(self, type_: str) -> bool:
        """Whether memories of a type pass."""
        return self.rule.types is None or type_ in self.rule.types

    def ties_with(self, other: Flow) -> bool:
        """Whether something may pass by both rules, and neither is the more specific."""
        own, others = self.rule.types, other.rule.types
        return (
            self.shape == other.shape
            and self.source.overlaps(other.source)
            and self.target.overlaps(other.target)
            and (own is None or others is None or not own.isdisjoint(others))
        )


def flows_of(rule: SharingRule) -> tuple[Flow, ...]:
    """The directions of a rule."""
    there = Flow(rule=rule, source=rule.source, target=rule.target)
    back = Flow(rule=rule, source=rule.target, target=rule.source)
    return (there, back) if rule.is_bidirectional else (there,)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingRules:
    """The rules of a journal. Without any, nothing passes. Made by `order_rules`.

    Attributes:
        rules: by name.
        flows: their directions, the most specific first.
    """

    rules: Mapping[str, SharingRule] = field(default_factory=lambda: MappingProxyType({}))
    flows: tuple[Flow, ...] = ()


def order_rules(rules: list[SharingRule]) -> SharingRules:
    """Rules in the order in which they decide."""
    flows = sorted((flow for rule in rules for flow in flows_of(rule)), key=lambda one: one.specificity, reverse=True)
    return SharingRules(rules=MappingProxyType({one.name: one for one in rules}), flows=tuple(flows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """It may pass.

    Attributes:
        rule: the rule that says so, and what has to be done to the value first.
    """

    rule: SharingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """It may not pass.

    Attributes:
        reason: the rule or the permission that is missing, one line.
        hint: what to add, one line.
    """

    reason: str
    hint: str

    def error(self) -> RefusedError:
        """The refusal as an error."""
        return RefusedError(self.reason, hint=self.hint)


def decide_share(rules: SharingRules, source: str, target: str, type_: str, role: str = "") -> Granted | Denied:
    """Whether a memory may be copied from one context to another.

    What a context inherits from those above it is no matter of these rules, see `ContextRules.lineage`.

    Args:
        rules: of the journal.
        source, target: full ids of contexts.
        type_: of the memory; may be empty.
        role: whose wish it is; empty where no role is known.

    Raises:
        UsageError: source or target is no full id of a context.
    """
    there, here = Context.parse(source), Context.parse(target)
    if there == here:
        return Denied(reason=f"{there.text} cannot share with itself", hint="name another context")
    connecting = [flow for flow in rules.flows if flow.connects(there, here)]
    rule = next((flow.rule for flow in connecting if flow.takes(type_)), None)
    if rule is None:
        return _no_rule(there, here, type_, connecting)
    if rule.roles is not None and role not in rule.roles:
        return _no_permission(rule, rule.roles, role)
    return Granted(rule=rule)


def _no_rule(source: Context, target: Context, type_: str, connecting: list[Flow]) -> Denied:
    what = repr(type_) if type_ else "memories without a type"
    if connecting:
        rule = connecting[0].rule
        types = ", ".join(sorted(rule.types or ()))
        reason = f"the rule {rule.name!r} lets {types} pass from {source.text} to {target.text}, not {what}"
        add = f"add {what} to rules.{rule.name}.types in {SHARING_FILE}"
        return Denied(reason=reason, hint=add if type_ else f"give the memory a type: {types}")
    reason = f"no rule lets {what} pass from {source.text} to {target.text}"
    types = f"[{type_}]" if type_ else ALL
    if source.tenant != target.tenant:
        ends = f'from: "{source.text}", to: "{target.text}", types: {types}, across_tenants: true'
        return Denied(reason=f"{reason}, which is another tenant", hint=_add_rule(ends))
    return Denied(reason=reason, hint=_add_rule(f"from: {_end(source)}, to: {_end(target)}, types: {types}"))


def _add_rule(options: str) -> str:
    return f"add to rules in {SHARING_FILE}: a-name: {{{options}}}"


def _end(context: Context) -> str:
    return context.module or f'"{context.text}"'


def _no_permission(rule: SharingRule, roles: frozenset[str], role: str) -> Denied:
    who, wanted = ", ".join(sorted(roles)), repr(role) if role else "somebody without a role"
    reason = f"the rule {rule.name!r} lets {who} share, not {wanted}"
    if not role:
        return Denied(reason=reason, hint=f"say which role it is: {who}")
    return Denied(reason=reason, hint=f"add {role} to rules.{rule.name}.permissions.share in {SHARING_FILE}")
