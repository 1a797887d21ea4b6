"""sharing.yaml: what may pass from one context to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.errors import RefusedError, SettingsError, UsageError
from sync.taskmaster.sharing_file import load_sharing_rules, read_sharing_rules
from sync.taskmaster.sharing_rules import Denied, Granted, SharingRules, decide_share

EXAMPLE = Path(__file__).parents[2] / "examples" / "wedding" / "sharing.yaml"


def rules_of(*rules: str) -> SharingRules:
    """Rules, each written as a flow mapping, named a, b, c and so on."""
    text = "".join(f"  {name}: {{{rule}}}\n" for name, rule in zip("abcdef", rules, strict=False))
    return load_sharing_rules(f"rules:\n{text}".encode())


def module(name: str, wedding: int = 42) -> str:
    return f"taskmaster:wedding:{wedding}:module:{name}"


def said(decision: Granted | Denied) -> str:
    """The rule that grants, or the reason why not."""
    if isinstance(decision, Denied):
        return decision.reason
    return decision.rule.name


def is_granted(rules: SharingRules, source: str, target: str, type_: str = "t", role: str = "") -> bool:
    return isinstance(decide_share(rules, source, target, type_, role), Granted)


# --- the wedding ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "type_", "rule"),
    [
        ("vendors", "budget", "pricing", "vendors-budget"),
        ("budget", "vendors", "payments", "vendors-budget"),
        ("wedding", "guests", "timeline", "wedding-overview"),
        ("wedding", "budget", "overview", "wedding-overview"),
        ("guests", "vendors", "dietary_requirements", "dietary"),
        ("guests", "vendors:function:categories", "special_needs", "dietary"),
    ],
)
def test_the_modules_of_a_wedding_share_as_its_rules_say(source: str, target: str, type_: str, rule: str) -> None:
    rules = load_sharing_rules(EXAMPLE.read_bytes())
    assert said(decide_share(rules, module(source), module(target), type_)) == rule


@pytest.mark.parametrize(
    ("source", "target", "type_"),
    [
        ("guests", "vendors", "names"),
        ("guests", "budget", "dietary_requirements"),
        ("vendors", "guests", "dietary_requirements"),
        ("guests", "wedding", "timeline"),
        ("vendors", "budget", ""),
    ],
)
def test_nothing_else_passes(source: str, target: str, type_: str) -> None:
    rules = load_sharing_rules(EXAMPLE.read_bytes())
    assert not is_granted(rules, module(source), module(target), type_)


def test_one_wedding_tells_another_nothing() -> None:
    rules = load_sharing_rules(EXAMPLE.read_bytes())
    assert not is_granted(rules, module("vendors", 1), module("budget", 2), "pricing")


# --- the ends of a rule -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "rules: {}\n"])
def test_without_rules_nothing_passes(text: str) -> None:
    assert not is_granted(load_sharing_rules(text.encode()), module("a"), module("b"))


def test_a_word_is_a_module_with_its_functions_in_any_tenant() -> None:
    rules = rules_of("from: x, to: y, types: [t]")
    assert is_granted(rules, module("x"), module("y"))
    assert is_granted(rules, f"{module('x')}:function:f", f"{module('y')}:function:g")
    assert is_granted(rules, "taskmaster:party:1:module:x", "taskmaster:party:1:module:y")
    assert not is_granted(rules, module("x2"), module("y"))


def test_all_is_every_context_of_the_tenant_and_not_the_global_one() -> None:
    rules = rules_of("from: x, to: all, types: [t]")
    assert is_granted(rules, module("x"), "taskmaster:wedding:42")
    assert is_granted(rules, module("x"), f"{module('z')}:function:f")
    assert not is_granted(rules, module("x"), module("z", 7))
    assert not is_granted(rules, module("x"), "taskmaster:global")


def test_a_name_in_both_patterns_stands_for_the_same_in_both() -> None:
    ends = "from: 'wedding:{w}:module:{m}', to: 'wedding:{v}:module:{m}', types: [t], across_tenants: true"
    assert is_granted(rules_of(ends), module("x", 1), module("x", 2))
    assert not is_granted(rules_of(ends), module("x", 1), module("y", 2))


def test_patterns_alone_do_not_lead_to_another_tenant() -> None:
    ends = "from: 'wedding:*', to: 'wedding:*', types: [t]"
    assert not is_granted(rules_of(ends), module("x", 1), module("y", 2))
    assert is_granted(rules_of(f"{ends}, across_tenants: true"), module("x", 1), module("y", 2))


def test_the_global_context_is_told_only_by_a_rule_across_tenants() -> None:
    ends = "from: 'wedding:*', to: global, types: [t]"
    assert not is_granted(rules_of(ends), module("x"), "taskmaster:global")
    assert is_granted(rules_of(f"{ends}, across_tenants: true"), module("x"), "taskmaster:global")


def test_only_a_bidirectional_rule_leads_back() -> None:
    assert not is_granted(rules_of("from: x, to: y, types: [t]"), module("y"), module("x"))
    assert is_granted(rules_of("from: x, to: y, types: [t], bidirectional: true"), module("y"), module("x"))


def test_a_memory_without_a_type_passes_only_where_all_types_do() -> None:
    assert not is_granted(rules_of("from: x, to: y, types: [t]"), module("x"), module("y"), "")
    assert is_granted(rules_of("from: x, to: y, types: all"), module("x"), module("y"), "")


# --- which rule decides -----------------------------------------------------------------------------------------------


def test_the_most_specific_rule_decides_alone() -> None:
    rules = rules_of(
        "from: all, to: all, types: all", "from: x, to: y, types: [t], permissions: {share: [planner]}"
    )  # fmt: skip
    assert said(decide_share(rules, module("x"), module("y"), "t", "planner")) == "b"
    assert not is_granted(rules, module("x"), module("y"))
    assert said(decide_share(rules, module("x"), module("y"), "u")) == "a"


def test_listed_types_come_before_all() -> None:
    rules = rules_of("from: x, to: y, types: all", "from: x, to: y, types: [t], transform: {pick: [a]}")
    assert said(decide_share(rules, module("x"), module("y"), "t")) == "b"


# --- permissions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permissions", "role", "is_allowed"),
    [
        ("", "", True),
        ("", "caterer", True),
        ("share: all", "", True),
        ("share: [planner]", "planner", True),
        ("share: [planner]", "caterer", False),
        ("share: [planner]", "", False),
    ],
)
def test_those_share_whom_the_rule_names(permissions: str, role: str, is_allowed: bool) -> None:
    given = f", permissions: {{{permissions}}}" if permissions else ""
    rules = rules_of(f"from: x, to: y, types: [t]{given}")
    assert is_granted(rules, module("x"), module("y"), role=role) is is_allowed


@pytest.mark.parametrize(
    ("rule", "source", "target", "reason", "hint"),
    [
        (
            "from: x, to: y, types: [t]", module("y"), module("x"),
            f"no rule lets 't' pass from {module('y')} to {module('x')}",
            "add to rules in sharing.yaml: a-name: {from: y, to: x, types: [t]}",
        ),
        (
            "from: x, to: y, types: [u, v]", module("x"), module("y"),
            f"the rule 'a' lets u, v pass from {module('x')} to {module('y')}, not 't'",
            "add 't' to rules.a.types in sharing.yaml",
        ),
        (
            "from: x, to: y, types: [t]", module("x", 1), module("y", 2),
            f"no rule lets 't' pass from {module('x', 1)} to {module('y', 2)}, which is another tenant",
            ("add to rules in sharing.yaml: a-name: "
            f'{{from: "{module("x", 1)}", to: "{module("y", 2)}", types: [t], across_tenants: true}}'),
        ),
        (
            "from: x, to: y, types: [t], permissions: {share: [p, q]}", module("x"), module("y"),
            "the rule 'a' lets p, q share, not somebody without a role",
            "say which role it is: p, q",
        ),
        (
            "from: x, to: y, types: [t]", module("x"), module("x"),
            f"{module('x')} cannot share with itself",
            "name another context",
        ),
    ],
)  # fmt: skip
def test_a_refusal_names_what_is_missing_and_what_to_add(
    rule: str, source: str, target: str, reason: str, hint: str
) -> None:
    denied = decide_share(rules_of(rule), source, target, "t")
    assert denied == Denied(reason=reason, hint=hint)
    assert isinstance(denied.error(), RefusedError)


def test_a_refusal_says_where_to_add_a_role() -> None:
    rules = rules_of("from: x, to: y, types: [t], permissions: {share: [p]}")
    denied = decide_share(rules, module("x"), module("y"), "t", "q")
    assert denied == Denied(
        reason="the rule 'a' lets p share, not 'q'", hint="add q to rules.a.permissions.share in sharing.yaml"
    )


def test_the_rule_that_a_refusal_tells_to_add_grants() -> None:
    for source, target in ((module("x"), module("y")), (module("x", 1), module("y", 2))):
        denied = decide_share(SharingRules(), source, target, "t")
        assert isinstance(denied, Denied)
        rules = load_sharing_rules(f"rules: {{{denied.hint.partition(': ')[2]}}}".encode())
        assert is_granted(rules, source, target)


def test_what_is_no_context_is_refused() -> None:
    with pytest.raises(UsageError):
        decide_share(SharingRules(), "wedding:vendors", module("budget"), "t")


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("a: {to: y, types: [t]}", "2:6: rules.a: 'from' is missing"),
        (
            "a: {from: x, to: y, types: [t], transfrom: z}",
            "2:6: rules.a: unknown key transfrom; known keys: across_tenants, bidirectional, from, permissions",
        ),
        ("a: {from: x, to: y, types: []}", "2:30: rules.a.types: must be all, or a list of words, not []"),
        ("a: {from: x, to: 'y:z:q', types: [t]}", "2:20: rules.a.to: the pattern 'taskmaster:y:z:q'"),
        (
            "a: {from: x, to: y, types: [t], permissions: {}}",
            "2:48: rules.a.permissions: 'share' is missing",
        ),
        (
            "a: {from: x, to: y, types: [t], permissions: {share: all, read: all}}",
            "2:48: rules.a.permissions: unknown key read; known keys: share",
        ),
        (
            "a: {from: x, to: 'w:*', types: [t], across_tenants: true}",
            "2:13: rules.a.from: 'x' means one tenant; a rule across tenants needs patterns",
        ),
        (
            "a: {from: x, to: y, types: [t], bidirectional: true, transform: {pick: [p]}}",
            "2:67: rules.a.transform: what passes both ways cannot be changed on its way",
        ),
        ("a: {from: x, to: y, types: [t], transform: pick}", "2:46: rules.a.transform: the transform 'pick' needs"),
        (
            "a: {from: x, to: y, types: [t, u]}\n  b: {from: x, to: y, types: [u, v]}",
            "3:6: rules.b: lets pass what 'a' lets pass, and neither is more specific",
        ),
        (
            "a: {from: x, to: y, types: [t], bidirectional: true}\n  b: {from: y, to: x, types: [t]}",
            "3:6: rules.b: lets pass what 'a' lets pass, and neither is more specific",
        ),
    ],
)
def test_a_fault_is_shown_where_it_stands(rules: str, expected: str) -> None:
    text = f"rules:\n  {rules}\n"
    found = read_sharing_rules("journal/sharing.yaml", text.encode())
    assert isinstance(found, list)
    assert len(found) == 1
    assert str(found[0]).startswith(f"journal/sharing.yaml:{expected}")


def test_rules_with_faults_are_not_used() -> None:
    with pytest.raises(SettingsError, match=r"^journal/sharing.yaml:2:6: rules.a: "):
        load_sharing_rules(b"rules:\n  a: {from: x}\n", "journal/sharing.yaml")
