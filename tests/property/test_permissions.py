"""Who may pass what: random policies, and a model that tries every rule on every pair of contexts.

The model knows ends only as the sets of contexts that they stand for, written out by hand; it shares nothing with the
code that reads patterns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync.errors import SettingsError
from sync.taskmaster.memory import Kind, Memory
from sync.taskmaster.own_keys import FROM, ROLE, RULE
from sync.taskmaster.sharing import Sharing
from sync.taskmaster.sharing_file import load_sharing_rules
from sync.taskmaster.sharing_rules import Denied, Granted, SharingRules, decide_share

TENANTS = ("1", "2")
MODULES = ("a", "b")
GLOBAL = "taskmaster:global"
NOON = datetime(2025, 4, 5, 12, tzinfo=UTC)
Names = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What somebody wants to share."""

    source: str
    target: str
    type: str
    role: str = ""


def tenant(number: str) -> str:
    return f"taskmaster:w:{number}"


def whole_module(number: str, name: str) -> list[str]:
    return [f"{tenant(number)}:module:{name}", f"{tenant(number)}:module:{name}:function:f"]


def whole_tenant(number: str) -> list[str]:
    return [tenant(number), *(one for name in MODULES for one in whole_module(number, name))]


EVERY = [GLOBAL, *(one for number in TENANTS for one in whole_tenant(number))]


def unnamed(contexts: list[str]) -> dict[str, Names]:
    return {one: {} for one in contexts}


# What an end stands for: contexts, with what the names in it are there; and how specific it is, the most specific last.
ENDS: list[tuple[str, dict[str, Names]]] = [
    ("*", unnamed(EVERY)),
    ("global", unnamed([GLOBAL])),
    ("all", unnamed([one for number in TENANTS for one in whole_tenant(number)])),
    ("a", unnamed([one for number in TENANTS for one in whole_module(number, "a")])),
    ("b", unnamed([one for number in TENANTS for one in whole_module(number, "b")])),
    ("w:*", unnamed([one for number in TENANTS for one in whole_tenant(number)])),
    ("w:{w}", {tenant(number): {"w": number} for number in TENANTS}),
    ("w:{w}:*", {one: {"w": number} for number in TENANTS for one in whole_tenant(number)}),
    (
        "w:{w}:module:{m}",
        {f"{tenant(number)}:module:{name}": {"w": number, "m": name} for number in TENANTS for name in MODULES},
    ),
    ("w:{v}:module:a", {f"{tenant(number)}:module:a": {"v": number} for number in TENANTS}),
    ("w:{w}:module:a", {f"{tenant(number)}:module:a": {"w": number} for number in TENANTS}),
    ("w:1:*", unnamed(whole_tenant("1"))),
    ("w:1", unnamed([tenant("1")])),
    ("w:1:module:b", unnamed([f"{tenant('1')}:module:b"])),
    ("w:2:module:{m}:function:f", {whole_module("2", name)[1]: {"m": name} for name in MODULES}),
]
# Groups of equally specific ends, from the widest to the most specific.
ORDER = [
    {"*"}, {"global"}, {"all"}, {"a", "b"}, {"w:*", "w:{w}:*"}, {"w:{w}"}, {"w:{w}:module:{m}"},
    {"w:{v}:module:a", "w:{w}:module:a"}, {"w:1:*"}, {"w:1"}, {"w:2:module:{m}:function:f"}, {"w:1:module:b"},
]  # fmt: skip
CONTEXTS = dict(ENDS)
WORDS = ("all", "a", "b")
TYPES = ("t", "u")
ROLES = ("p", "q")

ends = st.sampled_from([end for end, _ in ENDS])
some_types = st.just("all") | st.lists(st.sampled_from(TYPES), min_size=1, unique=True)
roles = st.just("all") | st.lists(st.sampled_from(ROLES), min_size=1, unique=True)
permissions = st.fixed_dictionaries({"share": roles})
rules = st.fixed_dictionaries(
    {"from": ends, "to": ends, "types": some_types},
    optional={"bidirectional": st.booleans(), "across_tenants": st.booleans(), "permissions": permissions},
).filter(lambda rule: not rule.get("across_tenants") or not {rule["from"], rule["to"]} & set(WORDS))
similar = st.fixed_dictionaries(
    {
        "from": st.sampled_from(["all", "a", "w:*", "w:{w}:*"]),
        "to": st.sampled_from(["all", "w:*"]),
        "types": some_types,
    },
    optional={"bidirectional": st.booleans()},
)
requests = st.builds(
    Request,
    source=st.sampled_from(EVERY),
    target=st.sampled_from(EVERY),
    type=st.sampled_from([*TYPES, ""]),
    role=st.sampled_from([*ROLES, ""]),
)


def named(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {f"r{number}": rule for number, rule in enumerate(found)}


policies = st.one_of(st.lists(rules, max_size=5), st.lists(similar, max_size=3)).map(named)


def loaded(policy: dict[str, Any]) -> SharingRules:
    return load_sharing_rules(json.dumps({"rules": policy}).encode())


def is_used(policy: dict[str, Any]) -> bool:
    try:
        loaded(policy)
    except SettingsError:
        return False
    return True


def tenant_number(context: str) -> str:
    return "" if context == GLOBAL else context.split(":")[2]


def directions(rule: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield rule["from"], rule["to"]
    if rule.get("bidirectional"):
        yield rule["to"], rule["from"]


def rank(rule: dict[str, Any], source: str, target: str) -> tuple[int, int, bool, bool]:
    first, second = (next(place for place, group in enumerate(ORDER) if end in group) for end in (source, target))
    return first, second, rule["types"] != "all", not rule.get("across_tenants", False)


def covering(policy: dict[str, Any], request: Request) -> list[tuple[tuple[int, int, bool, bool], str]]:
    """The rules that name both contexts and the type, with their ranks, the highest first."""
    found = set()
    for name, rule in policy.items():
        if rule["types"] != "all" and request.type not in rule["types"]:
            continue
        if tenant_number(request.source) != tenant_number(request.target) and not rule.get("across_tenants"):
            continue
        for source, target in directions(rule):
            one, two = CONTEXTS[source].get(request.source), CONTEXTS[target].get(request.target)
            if one is not None and two is not None and all(one[key] == two.get(key, one[key]) for key in one):
                found.add((rank(rule, source, target), name))
    return sorted(found, reverse=True)


def allowed(policy: dict[str, Any], request: Request) -> str | None:
    """The rule that allows a request; None where it is denied."""
    found = covering(policy, request)
    if not found:
        return None
    name = found[0][1]
    given_roles = policy[name].get("permissions", {"share": "all"})["share"]
    return name if given_roles == "all" or request.role in given_roles else None


def decided(sharing: SharingRules, request: Request) -> str | None:
    """The rule that the program finds to allow a request; None where it denies it."""
    decision = decide_share(sharing, request.source, request.target, request.type, request.role)
    return decision.rule.name if isinstance(decision, Granted) else None


def copied(request: Request, rule: str) -> Memory:
    """What the target holds of what was shared."""
    own = {FROM: request.source, RULE: rule, ROLE: request.role}
    return Memory(
        context=request.target, key="k", kind=Kind.MARKDOWN, data=b"", importance=0.5, created=NOON, updated=NOON,
        type=request.type, metadata=own,
    )  # fmt: skip


@given(policies, st.lists(requests, min_size=10, max_size=30))
@settings(max_examples=300)
def test_what_may_pass_is_what_the_model_lets_pass(policy: dict[str, Any], asked: list[Request]) -> None:
    try:
        sharing = loaded(policy)
    except SettingsError:
        assume(False)
    for request in asked:
        if request.source == request.target:
            continue
        assert decided(sharing, request) == allowed(policy, request), request


@given(policies, policies, st.lists(requests, min_size=5, max_size=20))
@settings(max_examples=200)
def test_what_was_shared_is_shown_as_long_as_the_same_rule_lets_it_pass(
    before: dict[str, Any], after: dict[str, Any], asked: list[Request]
) -> None:
    assume(is_used(before))
    assume(is_used(after))
    then, now = Sharing(lambda: loaded(before)), Sharing(lambda: loaded(after))
    for request in asked:
        if (rule := allowed(before, request)) is None or request.source == request.target:
            continue
        copy = copied(request, rule)
        assert then.is_allowed(copy)
        assert now.is_allowed(copy) is (allowed(after, request) == rule), request


@given(st.lists(similar, min_size=2, max_size=3).map(named))
@settings(max_examples=300)
def test_a_policy_in_which_two_rules_tie_is_never_used(policy: dict[str, Any]) -> None:
    every = (Request(source=one, target=two, type=type_) for one in EVERY for two in EVERY for type_ in TYPES)
    has_tie = any(
        len(found) > 1 and found[0][0] == found[1][0] and found[0][1] != found[1][1]
        for found in (covering(policy, request) for request in every)
    )
    assert not (has_tie and is_used(policy))


@given(policies, requests)
def test_without_a_word_for_it_nothing_leaves_its_tenant(policy: dict[str, Any], request: Request) -> None:
    confined = {name: rule | {"across_tenants": False} for name, rule in policy.items()}
    assume(tenant_number(request.source) != tenant_number(request.target))
    try:
        sharing = loaded(confined)
    except SettingsError:
        assume(False)
    assert decided(sharing, request) is None


@given(policies, st.lists(requests, min_size=10, max_size=30))
@settings(max_examples=200)
def test_whom_a_rule_does_not_name_is_refused_by_its_name(policy: dict[str, Any], asked: list[Request]) -> None:
    assume(is_used(policy))
    for request in asked:
        found = covering(policy, request)
        if not found or allowed(policy, request) or request.source == request.target:
            continue
        name = found[0][1]
        decision = decide_share(loaded(policy), request.source, request.target, request.type, request.role)
        assert isinstance(decision, Denied)
        assert decision.reason.startswith(f"the rule {name!r} lets ")
        opened = policy | {name: policy[name] | {"permissions": {"share": "all"}}}
        assert decided(loaded(opened), request) == name
