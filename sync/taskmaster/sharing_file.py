"""Reading sharing.yaml. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.document.fault import Fault
from sync.document.rules_file import SHARING_FILE, RulesFile, read_rules_file, refuse
from sync.errors import UsageError
from sync.schema import Schema
from sync.taskmaster.context import GLOBAL, expand
from sync.taskmaster.context_pattern import Pattern
from sync.taskmaster.context_rules import APPLICATION
from sync.taskmaster.sharing_rules import (
    ALL,
    Flow,
    SharingRule,
    SharingRules,
    flows_of,
    order_rules,
)
from sync.taskmaster.transforms import IDENTITY, read_choice

_OF_PATTERNS = frozenset(":*{}")


def load_sharing_rules(data: bytes, path: str = SHARING_FILE, *, application: str = APPLICATION) -> SharingRules:
    """The rules of a sharing.yaml.

    Args:
        data: YAML, UTF-8.
        path: the file, as errors are to name it.
        application: the application of the journal's contexts, see `ContextRules`.

    Raises:
        SettingsError: something is wrong with it; the message begins with `file:line:column`.
    """
    found = read_sharing_rules(path, data, application=application)
    if isinstance(found, list):
        raise refuse(found)
    return found


def read_sharing_rules(path: str, data: bytes, *, application: str = APPLICATION) -> SharingRules | list[Fault]:
    """The rules of a sharing.yaml, or all that is wrong with it; see `load_sharing_rules`."""
    file = read_rules_file(path, data, Schema.SHARING)
    if isinstance(file, list):
        return file
    faults: list[Fault] = []
    rules = []
    for name, table in file.values.get("rules", {}).items():
        found = _read_rule(file, name, table, application)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            faults += _rule_faults(file, found, table)
            rules.append(found)
    faults += _ties(file, rules)
    return faults or order_rules(rules)


def _read_rule(file: RulesFile, name: str, table: Mapping[str, Any], application: str) -> SharingRule | Fault:
    key = "from"
    try:
        source = _end(table["from"], application)
        key = "to"
        target = _end(table["to"], application)
        key = "transform"
        transform = read_choice(table.get("transform"))
    except UsageError as error:
        return file.fault(["rules", name, key], error.message, error.hint)
    return SharingRule(
        name=name,
        source=source,
        target=target,
        types=_words(table["types"]),
        is_bidirectional=table.get("bidirectional", False),
        crosses_tenants=table.get("across_tenants", False),
        transform=transform,
        roles=_words(table.get("permissions", {}).get("share", ALL)),
    )


def _end(written: str, application: str) -> Pattern:
    if written == ALL:
        return Pattern.parse(f"{application}:*:*")
    if _is_module(written):
        return Pattern.parse(f"{application}:*:*:module:{written}:*")
    return Pattern.parse(expand(written, application))


def _is_module(end: str) -> bool:
    return end != GLOBAL and _OF_PATTERNS.isdisjoint(end)


def _words(written: str | Sequence[str]) -> frozenset[str] | None:
    return None if written == ALL else frozenset(written)


def _rule_faults(file: RulesFile, rule: SharingRule, table: Mapping[str, Any]) -> Iterator[Fault]:
    words = [key for key in ("from", "to") if _is_module(table[key])]
    if rule.crosses_tenants and words:
        hint = "such as wedding:{from}:module:vendors"
        message = f"{table[words[0]]!r} means one tenant; a rule across tenants needs patterns"
        yield file.fault(["rules", rule.name, words[0]], message, hint)
    if rule.is_bidirectional and rule.transform.name != IDENTITY:
        message = "what passes both ways cannot be changed on its way"
        yield file.fault(["rules", rule.name, "transform"], message, "write a rule for each direction")


def _ties(file: RulesFile, rules: Sequence[SharingRule]) -> Iterator[Fault]:
    known: defaultdict[object, list[Flow]] = defaultdict(list)
    for rule in rules:
        flows = flows_of(rule)
        other = next((two.rule.name for one in flows for two in known[one.shape] if one.ties_with(two)), "")
        if other:
            message = f"lets pass what {other!r} lets pass, and neither is more specific"
            yield file.fault(["rules", rule.name], message, "join the two, or name a part in one")
        for flow in flows:
            known[flow.shape].append(flow)
