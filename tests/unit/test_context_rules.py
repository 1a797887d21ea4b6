"""contexts.yaml: what may be where, for how long, and who sees what."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.errors import SettingsError, UsageError
from sync.taskmaster.context_rules import FixedRules, load_context_rules, read_context_rules
from sync.taskmaster.retention import parse_retention

EXAMPLE = Path(__file__).parents[2] / "examples" / "wedding" / "contexts.yaml"
WEDDING = "taskmaster:wedding:42"
BUDGET = f"{WEDDING}:module:budget"


def rules_of(text: str) -> FixedRules:
    return load_context_rules(text.encode())


@pytest.fixture(scope="module")
def wedding() -> FixedRules:
    return load_context_rules(EXAMPLE.read_bytes())


# --- without a file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing\n", "application: taskmaster\n"])
def test_a_journal_needs_no_rules(text: str) -> None:
    assert rules_of(text) == FixedRules()


def test_without_rules_everything_above_is_seen() -> None:
    lineage = FixedRules().lineage(f"{BUDGET}:function:forecast")
    assert lineage == (f"{BUDGET}:function:forecast", BUDGET, WEDDING, "taskmaster:global")


def test_without_rules_memories_are_kept_for_a_year() -> None:
    assert FixedRules().retention(BUDGET) == parse_retention("1y")


# --- the wedding ------------------------------------------------------------------------------------------------------


def test_a_function_sees_its_line_and_then_what_its_module_shares(wedding: FixedRules) -> None:
    assert wedding.lineage(f"{BUDGET}:function:forecast") == (
        f"{BUDGET}:function:forecast",
        BUDGET,
        WEDDING,
        "taskmaster:global",
        f"{WEDDING}:module:wedding",
        f"{WEDDING}:module:vendors",
    )


def test_a_tenant_sees_no_memories_of_its_modules(wedding: FixedRules) -> None:
    assert wedding.lineage(WEDDING) == (WEDDING, "taskmaster:global")


@pytest.mark.parametrize(
    ("context", "retention"),
    [
        ("global", "1y"),
        ("wedding:42", "2y"),
        ("wedding:42:module:wedding", "2y"),
        ("wedding:42:module:vendors", "3y"),
        ("wedding:42:module:guests", "1y"),
        ("wedding:42:module:budget", "3y"),
        ("wedding:42:module:budget:function:forecast", "1y"),
    ],
)
def test_each_context_has_the_retention_of_its_rule(wedding: FixedRules, context: str, retention: str) -> None:
    assert wedding.retention(wedding.checked(context)) == parse_retention(retention)


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("wedding:42:module:catering", f"{WEDDING} has no module 'catering'", "contexts.tenants.children"),
        (f"{BUDGET}:function:tax", f"{BUDGET} has no function 'tax'", "categories, transactions, forecast"),
        ("party:7:module:budget", "taskmaster:global has no kind of tenant 'party'", "contexts.global.children"),
    ],
)
def test_only_children_that_are_named_may_be_written_to(
    wedding: FixedRules, written: str, message: str, hint: str
) -> None:
    assert wedding.expand(written).endswith(written)
    with pytest.raises(UsageError) as caught:
        wedding.checked(written)
    assert caught.value.message == message
    assert hint in caught.value.hint


# --- single rules -----------------------------------------------------------------------------------------------------


def test_what_does_not_inherit_sees_nothing_above_it_but_what_is_shared_with_it() -> None:
    rules = rules_of(
        "contexts:\n  a:\n    pattern: w:{w}:module:a\n    inherit_from_parent: false\n    shared_memory: [b]\n"
    )
    assert rules.lineage("taskmaster:w:1:module:a:function:f") == (
        "taskmaster:w:1:module:a:function:f",
        "taskmaster:w:1:module:a",
        "taskmaster:w:1:module:b",
    )


def test_no_context_is_seen_twice_or_shared_with_itself() -> None:
    rules = rules_of("contexts:\n  a:\n    pattern: w:{w}:module:*\n    shared_memory: [a, b]\n")
    assert rules.lineage("taskmaster:w:1:module:a:function:f") == (
        "taskmaster:w:1:module:a:function:f",
        "taskmaster:w:1:module:a",
        "taskmaster:w:1",
        "taskmaster:global",
        "taskmaster:w:1:module:b",
    )


def test_where_a_rule_names_no_retention_the_nearest_above_holds() -> None:
    rules = rules_of(
        "contexts:\n"
        "  all: {pattern: '*', retention: permanent}\n"
        "  tenants: {pattern: 'w:{w}', retention: 90d}\n"
        "  budget: {pattern: 'w:{w}:module:budget', inherit_from_parent: false}\n"
    )
    assert str(rules.retention("taskmaster:w:1:module:budget")) == "90d"
    assert str(rules.retention("taskmaster:w:1:module:guests")) == "permanent"


def test_the_most_specific_rule_holds_wherever_it_stands() -> None:
    rules = rules_of("contexts:\n  all: {pattern: 'w:*'}\n  one: {pattern: 'w:42'}\n  each: {pattern: 'w:{w}'}\n")
    found = [rules.rule(f"taskmaster:{one}") for one in ("w:42", "w:7", "w:7:module:a", "v:1")]
    assert [one and one.name for one in found] == ["one", "each", "all", None]


def test_another_application_makes_the_short_forms_its_own() -> None:
    rules = rules_of("application: shop\ncontexts:\n  a: {pattern: 'tenant:{t}', retention: 2y}\n")
    assert rules.checked("tenant:acme:module:stock") == "shop:tenant:acme:module:stock"
    assert str(rules.retention("shop:tenant:acme")) == "2y"
    assert rules.pattern("tenant:*").text == "shop:tenant:*"


def test_a_context_of_another_application_is_refused_with_the_name_of_this_one() -> None:
    with pytest.raises(UsageError) as caught:
        FixedRules().checked("shop:tenant:acme")
    assert "every context here is one of 'taskmaster'" in caught.value.hint


def test_names_are_the_same_in_every_normal_form_of_unicode() -> None:
    rules = rules_of("contexts:\n  a: {pattern: 'w:{w}', children: ['e\u0301te\u0301']}\n")
    assert rules.checked("w:1:module:été") == "taskmaster:w:1:module:été"


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "contexts:\n  a:\n    pattern: w:{w}\n    retain: 1y\n",
            (
                "3:5: contexts.a: unknown key retain; known keys: "
                "children, inherit_from_parent, pattern, retention, shared_memory"
            ),
        ),
        ("context: {}\n", "1:1: unknown key context; known keys: application, contexts"),
        ("contexts:\n  a: {retention: 1y}\n", "2:6: contexts.a: 'pattern' is missing"),
        (
            "contexts:\n  a:\n    pattern: w:{w}\n    retention: 1q\n",
            "4:16: contexts.a.retention: '1q' is no time to keep something",
        ),
        (
            "contexts:\n  a:\n    pattern: a:b:c\n",
            "3:14: contexts.a.pattern: the pattern 'taskmaster:a:b:c': 'module' must stand in the place of 'c'",
        ),
        (
            "contexts:\n  a:\n    pattern: w:{w}\n    inherit_from_parent: no\n",
            '4:26: contexts.a.inherit_from_parent: must be true or false, not "no"',
        ),
        (
            "contexts:\n  a: {pattern: 'w:{x}'}\n  b: {pattern: 'w:{y}'}\n",
            "3:16: contexts.b.pattern: matches contexts that 'a' matches, and neither is more specific",
        ),
        (
            "contexts:\n  a:\n    pattern: w:*\n    children: [b]\n",
            "4:15: contexts.a.children: the pattern does not say what the children are",
        ),
        (
            "contexts:\n  a:\n    pattern: w:{w}\n    shared_memory: [b]\n",
            "4:20: contexts.a.shared_memory: only modules and functions see memories of modules",
        ),
        (
            (
                "contexts:\n  t:\n    pattern: w:{w}\n    children: [a, b]\n"
                "  a:\n    pattern: w:{w}:module:a\n    shared_memory: [b, c]\n"
            ),
            "7:24: contexts.a.shared_memory[1]: there is no module 'c'",
        ),
        ("contexts:\n  a: {}\n  a: {}\n", "3:3: a: this key is written twice"),
        ("- a\n", "1:1: the file is not a mapping"),
        ("application: global\n", "1:14: application: 'global' is no name of an application"),
        ("contexts:\n  a:\n    pattern: [w\n", "4:1: not YAML: did not find expected ',' or ']'"),
    ],
)
def test_a_fault_is_shown_where_it_stands(text: str, expected: str) -> None:
    found = read_context_rules("journal/contexts.yaml", text.encode())
    assert isinstance(found, list)
    assert [str(fault) for fault in found] == [f"journal/contexts.yaml:{expected}"]


def test_every_fault_is_shown() -> None:
    found = read_context_rules("c.yaml", b"contexts:\n  a: {pattern: x}\n  b: {pattern: 'w:1', retention: 3x}\n")
    assert isinstance(found, list)
    assert [fault.key for fault in found] == ["contexts.a.pattern", "contexts.b.retention"]


def test_bytes_that_are_no_text_are_a_fault() -> None:
    found = read_context_rules("c.yaml", b"contexts: \xff")
    assert isinstance(found, list)
    assert [str(fault) for fault in found] == ["c.yaml:1:1: not UTF-8 at byte 10"]


def test_rules_with_faults_are_not_used() -> None:
    with pytest.raises(SettingsError) as caught:
        load_context_rules(b"contexts:\n  a: {pattern: x}\n  b: {pattern: y}\n", "journal/contexts.yaml")
    assert caught.value.message.startswith("journal/contexts.yaml:2:16: contexts.a.pattern: ")
    assert caught.value.message.endswith("(and 1 more: journal validate)")
