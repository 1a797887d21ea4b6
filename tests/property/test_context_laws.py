"""Contexts and patterns, against the simplest model of what they mean: a regular expression."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sync.errors import UsageError
from sync.taskmaster.context import MAX_CONTEXT, Context, expand
from sync.taskmaster.context_pattern import Pattern, match, ties

# Names that are near each other, so that patterns meet them.
names = st.sampled_from(["a", "b", "ab", "ba", "aab", "global", "module", "x-1", "é", "a b", "2025-04"])
kinds = st.sampled_from(["w", "v", "ab"])
any_names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@st.composite
def contexts(draw: st.DrawFn, of: st.SearchStrategy[str] = names) -> str:
    depth = draw(st.integers(0, 3))
    if depth == 0:
        return "app:global"
    words = [draw(kinds), draw(of), "module", draw(of), "function", draw(of)]
    return ":".join(["app", *words[: 2 * depth]])


@st.composite
def patterns(draw: st.DrawFn, of: st.SearchStrategy[str] | None = None) -> str:
    """The pattern of some context, some of its parts replaced, and perhaps open at its end."""
    parts = draw(contexts() if of is None else of).split(":")
    for place in range(1, len(parts)):
        if place % 2 == 0 or (place == 1 and len(parts) > 2):
            parts[place] = draw(st.sampled_from([parts[place], "*", f"{{n{place}}}", "a*", "*b", "a*b", "*a*"]))
    tails = ["", ":*"] if parts[-1] not in ("*", "global") else [""]
    return ":".join(parts) + draw(st.sampled_from(tails))


def model(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression over ids."""
    if pattern == "app:*":
        return re.compile(r"app:.*")
    body, below = (pattern, "")
    if pattern.endswith(":*"):
        is_pair = len(pattern.split(":")) % 2 == 1
        body = pattern if is_pair else pattern.removesuffix(":*")
        below = "(:.*)?"
    parts = []
    for part in body.split(":"):
        named = re.fullmatch(r"\{(\w+)\}", part)
        star = "[^:]+" if part == "*" else "[^:]*"
        parts.append(f"(?P<{named[1]}>[^:]+)" if named else star.join(map(re.escape, part.split("*"))))
    return re.compile(":".join(parts) + below)


def modelled(pattern: str, context: str) -> dict[str, str] | None:
    if context == "app:global" and pattern not in ("app:*", "app:global"):
        return None
    found = model(pattern).fullmatch(context)
    return found.groupdict() if found else None


@given(contexts())
def test_an_id_that_is_parsed_is_the_same_id(text: str) -> None:
    context = Context.parse(text)
    assert context.text == text
    assert Context.parse(context.text) == context
    assert expand(text.removeprefix("app:"), "app") == text


@given(contexts(any_names))
def test_any_text_is_an_id_in_one_form_or_refused(text: str) -> None:
    try:
        context = Context.parse(text)
    except UsageError:
        return
    assert Context.parse(context.text) == context
    assert len(context.text) <= MAX_CONTEXT
    assert context.text.isprintable()


@given(st.text(max_size=30) | st.lists(any_names, max_size=8).map(":".join))
def test_no_text_breaks_the_reading(text: str) -> None:
    for read in (Context.parse, Pattern.parse):
        with contextlib.suppress(UsageError):
            read(text)


@given(contexts())
def test_each_parent_is_the_rest_of_its_child(text: str) -> None:
    line = [text, *(one.text for one in Context.parse(text).parents())]
    assert line[-1] == "app:global"
    for child, parent in pairwise(line):
        above = "app" if parent == "app:global" else parent
        assert child.startswith(f"{above}:")
        assert child.count(":") == above.count(":") + 2


@given(patterns(), contexts())
@example("app:w:*", "app:w:a:module:a")
@example("app:w:a:*", "app:w:ab")
@example("app:*", "app:global")
@example("app:w:*a*:module:a*b", "app:w:ba:module:ab")
@settings(max_examples=1000)
def test_a_pattern_matches_as_its_regular_expression_does(pattern: str, context: str) -> None:
    assert match(pattern, context) == modelled(pattern, context)


@given(contexts(), st.data())
@settings(max_examples=500)
def test_two_patterns_that_match_one_context_overlap(context: str, data: st.DataObject) -> None:
    parsed, like_it = Context.parse(context), patterns(st.just(context))
    one, two = (Pattern.parse(data.draw(like_it)) for _ in range(2))
    if one.match(parsed) is not None and two.match(parsed) is not None:
        assert one.overlaps(two)
        assert two.overlaps(one)
        assert bool(ties([one, two])) is (one.specificity == two.specificity)


@given(contexts(), st.data())
@settings(max_examples=500)
def test_patterns_that_do_not_overlap_match_nothing_together(context: str, data: st.DataObject) -> None:
    one, two = (Pattern.parse(data.draw(patterns(st.just(context)))) for _ in range(2))
    if not one.overlaps(two):
        near = (Context.parse(data.draw(contexts())) for _ in range(5))
        assert not any(one.match(other) is not None and two.match(other) is not None for other in near)


@given(st.lists(st.sampled_from("ab"), max_size=4), st.lists(st.sampled_from("ab*"), min_size=1, max_size=6))
@example(["a"], ["a", "*", "a"])
@example(["a", "a", "b"], ["*", "a", "*", "a", "*", "a", "*"])
@settings(max_examples=400)
def test_a_part_with_stars_fits_as_its_regular_expression_does(letters: list[str], written: list[str]) -> None:
    word, part = "".join(letters) or "a", "".join(written)
    assume(set(part) != {"*"})
    wanted = re.fullmatch(part.replace("*", ".*"), word) is not None
    assert (match(f"app:w:{part}:module:a", f"app:w:{word}:module:a") is not None) is wanted
