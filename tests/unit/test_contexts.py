"""Ids of contexts and patterns of them."""

from __future__ import annotations

import pytest

from sync.errors import UsageError
from sync.taskmaster.context import MAX_CONTEXT, MAX_PART, Context, Level, expand, tenant_of
from sync.taskmaster.context_pattern import Pattern, match, ties

FORECAST = "taskmaster:wedding:42:module:budget:function:forecast"


@pytest.mark.parametrize(
    ("text", "level", "tenant", "module"),
    [
        ("taskmaster:global", Level.GLOBAL, "", ""),
        ("taskmaster:wedding:42", Level.TENANT, "taskmaster:wedding:42", ""),
        ("shop:tenant:acme:module:stock", Level.MODULE, "shop:tenant:acme", "stock"),
        (FORECAST, Level.FUNCTION, "taskmaster:wedding:42", "budget"),
        ("taskmaster:été:à Noël:module:日本", Level.MODULE, "taskmaster:été:à Noël", "日本"),
    ],
)
def test_an_id_says_where_memories_belong(text: str, level: Level, tenant: str, module: str) -> None:
    context = Context.parse(text)
    assert (context.text, context.level, context.tenant, context.module) == (text, level, tenant, module)
    assert tenant_of(text) == tenant


def test_an_application_alone_is_its_global_context() -> None:
    assert Context.parse("taskmaster") == Context.parse("taskmaster:global")
    assert Context.parse("taskmaster").text == "taskmaster:global"


def test_the_parents_come_nearest_first() -> None:
    assert [one.text for one in Context.parse(FORECAST).parents()] == [
        "taskmaster:wedding:42:module:budget",
        "taskmaster:wedding:42",
        "taskmaster:global",
    ]
    assert Context.parse("taskmaster:global").parents() == ()


def test_a_name_is_the_same_in_every_normal_form_of_unicode() -> None:
    assert Context.parse("app:client:e\u0301te\u0301").text == "app:client:été"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is none"),
        ("taskmaster::42", "a part is empty"),
        ("taskmaster:wedding:42:", "a part is empty"),
        ("taskmaster:wedding", "nothing stands behind 'wedding'"),
        ("taskmaster:wedding:42:module", "nothing stands behind 'module'"),
        ("taskmaster:wedding: 42", "blanks around ' 42'"),
        ("taskmaster:wedding:4\n2", "cannot be printed"),
        ("taskmaster:wedding:4\u200b2", "cannot be printed"),
        ("taskmaster:wedding:\ud800", "cannot be printed"),
        ("taskmaster:wedding:*", "'*' is for patterns"),
        ("taskmaster:wedding:{id}", "'{id}' is for patterns"),
        ("taskmaster:module:budget", "'module' cannot be a tenant's kind"),
        ("taskmaster:global:x", "'global' cannot be a tenant's kind"),
        ("taskmaster:wedding:42:budget:x", "'module' must stand in the place of 'budget'"),
        ("taskmaster:wedding:42:function:x", "'module' must stand in the place of 'function'"),
        (f"{FORECAST}:step:1", "nothing lies below a function"),
        ("42:wedding:1", "'42' is no name of an application"),
        ("global", "'global' is no name of an application"),
        ("taskmaster:wed ding:42", "'wed ding' is no word for a tenant's kind"),
        (f"taskmaster:wedding:{'x' * (MAX_PART + 1)}", f"more than {MAX_PART} characters"),
        (f"taskmaster:wedding:{'x' * MAX_CONTEXT}", f"more than {MAX_CONTEXT} characters"),
    ],
)
def test_what_is_no_id_is_refused_with_the_reason_and_an_example(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        Context.parse(text)
    assert problem in caught.value.message
    assert FORECAST in caught.value.hint


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("wedding:42", "taskmaster:wedding:42"),
        ("taskmaster:wedding:42", "taskmaster:wedding:42"),
        ("global", "taskmaster:global"),
        ("taskmaster", "taskmaster"),
        ("wedding:*", "taskmaster:wedding:*"),
        ("*", "taskmaster:*"),
    ],
)
def test_a_person_may_leave_out_the_application(written: str, full: str) -> None:
    assert expand(written, "taskmaster") == full


# --- patterns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "context", "names"),
    [
        ("app:global", "app:global", {}),
        ("app:global", "app:w:1", None),
        ("app:*", "app:global", {}),
        ("app:*", "app:w:1:module:a:function:f", {}),
        ("app:*", "other:w:1", None),
        ("app:w:*", "app:w:1", {}),
        ("app:w:*", "app:w:1:module:a:function:f", {}),
        ("app:w:*", "app:v:1", None),
        ("app:w:*", "app:global", None),
        ("app:w:{id}", "app:w:1", {"id": "1"}),
        ("app:w:{id}", "app:w:1:module:a", None),
        ("app:w:1:*", "app:w:1", {}),
        ("app:w:1:*", "app:w:1:module:a:function:f", {}),
        ("app:w:1:*", "app:w:12", None),
        ("app:w:{id}:module:*", "app:w:1:module:a:function:f", {"id": "1"}),
        ("app:w:{id}:module:{m}", "app:w:1:module:a", {"id": "1", "m": "a"}),
        ("app:w:{id}:module:{m}", "app:w:1:module:a:function:f", None),
        ("app:{kind}:*:module:a", "app:v:9:module:a", {"kind": "v"}),
        ("app:w:2025-*:module:a", "app:w:2025-06:module:a", {}),
        ("app:w:2025-*:module:a", "app:w:2024-06:module:a", None),
        ("app:w:{id}:module:a*b*c", "app:w:1:module:axxbc", {"id": "1"}),
        ("app:w:{id}:module:a*b*b", "app:w:1:module:ab", None),
        ("app:w:x*", "app:w:x1:module:a", None),
    ],
)
def test_a_pattern_matches_what_it_says(pattern: str, context: str, names: dict[str, str] | None) -> None:
    assert match(pattern, context) == names


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("*:w:1", "is no name of an application"),
        ("app:w", "nothing stands behind 'w'"),
        ("app:w:{a}:module:{a}", "{a} stands in it twice"),
        ("app:w:x{a}", "'x{a}' must be a whole part"),
        ("app:w:{}", "'{}' must be a whole part"),
        ("app:w:1:*:a", "'module' must stand in the place of '*'"),
        ("app:global:*", "'global' cannot be a tenant's kind"),
        ("app:module:*", "'module' cannot be a tenant's kind"),
        ("app::*", "a part is empty"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        Pattern.parse(pattern)
    assert problem in caught.value.message
    assert "wedding:*" in caught.value.hint


def test_patterns_that_match_one_context_are_ordered_from_the_most_specific() -> None:
    ordered = [
        "app:w:42:module:budget",
        "app:w:42:module:{m}",
        "app:w:42:*",
        "app:w:4*:module:budget",
        "app:w:{w}:module:budget",
        "app:w:{w}:module:b*",
        "app:w:{w}:module:{m}",
        "app:w:{w}:module:*",
        "app:w:*",
        "app:{kind}:42:module:budget",
        "app:*",
    ]
    assert all(match(one, "app:w:42:module:budget") is not None for one in ordered)
    assert sorted(ordered, key=lambda one: Pattern.parse(one).specificity, reverse=True) == ordered


@pytest.mark.parametrize(
    ("first", "second", "is_tie"),
    [
        ("app:w:{a}", "app:w:{b}", True),
        ("app:w:a*", "app:w:*b", True),
        ("app:w:*:module:x", "app:{k}:1:module:x", False),
        ("app:w:a*", "app:w:b*", False),
        ("app:w:{a}:module:x", "app:w:{a}:module:y", False),
        ("app:w:{a}", "app:w:*", False),
        ("app:w:*", "app:w:{a}:*", True),
    ],
)
def test_a_tie_is_two_patterns_for_one_context_that_are_equally_specific(first: str, second: str, is_tie: bool) -> None:
    assert bool(ties([Pattern.parse(first), Pattern.parse(second)])) is is_tie


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("app:w:{a}", "app:w:{b}:module:x", False),
        ("app:w:*", "app:w:{b}:module:x", True),
        ("app:*", "app:global", True),
        ("app:global", "app:w:*", False),
        ("app:w:1:*", "app:w:2:module:x", False),
        ("app:w:a*b", "app:w:*ab", True),
        ("app:w:a*", "app:w:ab", True),
    ],
)
def test_patterns_overlap_where_there_can_be_a_context_for_both(first: str, second: str, overlap: bool) -> None:
    one, two = Pattern.parse(first), Pattern.parse(second)
    assert (one.overlaps(two), two.overlaps(one)) == (overlap, overlap)
