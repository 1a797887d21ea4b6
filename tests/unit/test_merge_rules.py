"""The table of merge rules, rule by rule: what becomes of front matter that both sides changed."""

from __future__ import annotations

import pytest

from sync.document import yaml12
from sync.document.entry import TEXT_KEYS
from sync.document.yaml12 import Value
from sync.merge.decision import Action
from sync.merge.entry import merge_entry
from sync.merge.policy import POLICY, Rule, rule_for
from sync.schema import Schema, load_schema

CLASH = "a person decides"


def merge(base: str, ours: str, theirs: str) -> str:
    """The merged front matter, or CLASH; the same from both sides."""
    texts = [f"---\n{front}---\n\nText.\n" for front in (base, ours, theirs)]
    merged = merge_entry(*texts)[0]
    assert merge_entry(texts[0], texts[2], texts[1])[0] == merged
    return CLASH if merged is None else merged.removeprefix("---\n").removesuffix("---\n\nText.\n")


def values(front: str) -> dict[str, Value]:
    return yaml12.load(front, as_text=TEXT_KEYS)


def test_the_policy_covers_every_property_of_the_schema_and_no_other() -> None:
    assert set(POLICY) == set(load_schema(Schema.ENTRY)["properties"])


@pytest.mark.parametrize("name", [name for name, rule in POLICY.items() if rule is Rule.MACHINE_TIME])
def test_what_machines_write_is_said_to_be_in_the_schema(name: str) -> None:
    assert "written by machines" in load_schema(Schema.ENTRY)["properties"][name]["description"]


@pytest.mark.parametrize(
    ("path", "values", "rule"),
    [
        pytest.param("tags", (["a"], None, ["b"]), Rule.SET, id="a-set"),
        pytest.param("tags", (["a"], "b", None), Rule.SCALAR, id="a-set-that-became-text"),
        pytest.param("mood", (["a"], ["b"], None), Rule.LIST, id="an-unknown-list"),
        pytest.param("mood", ({}, {"a": 1}, None), Rule.MAPPING, id="an-unknown-mapping"),
        pytest.param("mood", (1, "a", None), Rule.SCALAR, id="an-unknown-scalar"),
        pytest.param("updated", ("a", "b", None), Rule.MACHINE_TIME, id="a-machine-time"),
        pytest.param("meta.updated", ("a", "b", None), Rule.SCALAR, id="the-same-name-further-down"),
    ],
)
def test_the_rule_for_a_key_depends_on_its_name_and_on_what_it_holds(
    path: str, values: tuple[object, ...], rule: Rule
) -> None:
    assert rule_for(path, *values) is rule


# --- scalars ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 1\nb: 2\n", "a: 2\nb: 2\n", id="neighbouring-keys"),
        pytest.param("a: 1\nb: 1\n", "b: 1\n", "a: 1\nb: 2\n", "b: 2\n", id="removed-beside-changed"),
        pytest.param("a: 1\n", "a: 1\nb: 2\n", "a: 1\nc: 3\n", "a: 1\nb: 2\nc: 3\n", id="both-added-in-one-place"),
        pytest.param("a: 1\n", "a: 2\n", "a: 3\n", CLASH, id="both-changed"),
        pytest.param("a: 1\n", "b: 1\n", "a: 2\nb: 1\n", CLASH, id="removed-and-changed"),
        pytest.param("b: 1\n", "a: 1\nb: 1\n", "a: 2\nb: 1\n", CLASH, id="both-added-it"),
        pytest.param("a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 2\nb: 2\n", "a: 2\nb: 2\n", id="the-same-change"),
        pytest.param("a: 1\n", 'a: "1"\n', "a: 2\n", CLASH, id="text-is-not-a-number"),
        pytest.param("v1.x: 1\nb: 1\n", "v1.x: 2\nb: 1\n", "v1.x: 1\nb: 2\n", "v1.x: 2\nb: 2\n", id="a-dot-in-a-name"),
        pytest.param("a: 1\nb: 1\n", "b: 1\na: 1\n", "a: 2\nb: 1\n", "b: 1\na: 2\n", id="moved-and-changed"),
    ],
)
def test_a_scalar_that_both_changed_is_a_conflict_and_one_that_one_side_changed_is_taken(
    base: str, ours: str, theirs: str, merged: str
) -> None:
    assert merge(base, ours, theirs) == merged


def test_a_scalar_is_never_decided_by_who_wrote_last() -> None:
    base, ours, theirs = ("title: {}\nupdated: 2025-04-0{}\n".format(*one) for one in (("a", 1), ("b", 2), ("c", 3)))
    assert merge(base, ours, theirs) == CLASH


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        pytest.param("a: 'x'\n", 'a: "x"\n', 'a: "x"\n', id="quotes"),
        pytest.param("a: x # why\n", "a: x # because\n", CLASH, id="two-comments"),
        pytest.param("# why\na: 2\n", "a: 2\n", "# why\na: 2\n", id="a-comment-and-a-value"),
    ],
)
def test_values_that_are_the_same_may_be_written_either_way_unless_a_comment_would_be_lost(
    ours: str, theirs: str, merged: str
) -> None:
    assert merge("a: 1\n", ours, theirs) == merged


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "is_clean"),
    [
        pytest.param("2025-04-05T14:30:00+02:00", "2025-04-05T12:30:00Z", True, id="one-instant-in-two-zones"),
        pytest.param("2025-04-05T14:30", "2025-04-05 14:30:00", True, id="one-hour-written-twice"),
        pytest.param("2025-04-05", "2025-04-05T00:00:00Z", False, id="a-day-is-not-midnight"),
        pytest.param("2025-04-05T14:30", "2025-04-05T14:30Z", False, id="a-time-without-a-zone-is-not-in-one"),
        pytest.param("2025-04-05T14:30:00.000001Z", "2025-04-05T14:30:00.000002Z", False, id="microseconds"),
        pytest.param("2025-04-05", "2025-04-06", False, id="two-days"),
    ],
)
def test_the_date_of_an_event_is_compared_by_instant_and_precision(ours: str, theirs: str, is_clean: bool) -> None:
    merged = merge("date: 2024-01-01\n", f"date: {ours}\n", f"date: {theirs}\n")
    assert (merged != CLASH) == is_clean


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("2025-04-01", "2025-04-03", "2025-04-02", "2025-04-03", id="days"),
        pytest.param(
            "2025-04-01", "2025-04-05T01:00:00+02:00", "2025-04-05T00:30:00Z", "2025-04-05T00:30:00Z", id="zones"
        ),
        pytest.param("2025-04-01", "2025-04-05", "2025-04-05T01:00:00Z", "2025-04-05T01:00:00Z", id="precision"),
    ],
)
@pytest.mark.parametrize("name", ["updated", "last_used"])
def test_of_two_machine_times_the_later_one_is_kept(name: str, base: str, ours: str, theirs: str, merged: str) -> None:
    texts = (f"{name}: {one}\n" for one in (base, ours, theirs))
    assert merge(*texts) == f"{name}: {merged}\n"


def test_machine_times_merge_below_a_comment_too() -> None:
    base, ours, theirs = (f"# by the tool\nupdated: 2025-04-0{day} # UTC\n" for day in (1, 2, 3))
    assert merge(base, ours, theirs) == theirs


def test_a_machine_time_that_one_side_removed_is_the_other_sides() -> None:
    assert (
        merge("a: 1\nupdated: 2025-04-01\n", "a: 1\n", "a: 1\nupdated: 2025-04-02\n") == "a: 1\nupdated: 2025-04-02\n"
    )


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        pytest.param("updated: 2025-04-01\n", "updated: today\n", "updated: 2025-04-02\n", id="a-word"),
        pytest.param("a: 1\nupdated: 2025-04-01\n", "a: 1\n", "a: 1\nupdated:\n", id="both-gone"),
    ],
)
def test_a_machine_time_that_is_none_is_a_conflict(base: str, ours: str, theirs: str) -> None:
    assert merge(base, ours, theirs) == CLASH


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("", "created: 2025-04-02\n", "created: 2025-04-01\n", "created: 2025-04-01\n", id="both-new"),
        pytest.param(
            "created: 2025-04-01\n", "created: 2025-04-02\n", "created: 2025-04-03\n", CLASH, id="both-changed"
        ),
        pytest.param("a: 1\ncreated: 2025-04-01\n", "a: 1\n", "a: 1\ncreated: 2025-04-02\n", CLASH, id="removed"),
        pytest.param(
            "a: 1\ncreated: 2025-04-01\n",
            "a: 2\ncreated: 2025-04-01\n",
            "a: 1\ncreated: 2025-03-01\n",
            "a: 2\ncreated: 2025-03-01\n",
            id="one-side-corrected-it",
        ),
    ],
)
def test_a_creation_date_is_the_earlier_of_two_new_ones_and_afterwards_in_dispute_if_both_change_it(
    base: str, ours: str, theirs: str, merged: str
) -> None:
    assert merge(f"z: 1\n{base}", f"z: 1\n{ours}", f"z: 1\n{theirs}") == (
        merged if merged == CLASH else f"z: 1\n{merged}"
    )


# --- sets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("a, b", "a, b, z, m", "a, b, c", "a, b, c, m, z", id="new-ones-sorted-behind"),
        pytest.param("b, a", "b, a, c", "a", "a, c", id="removal-wins-over-untouched"),
        pytest.param("a, b, c", "b, c", "a, b", "b", id="both-remove"),
        pytest.param("b, a, c", "b, a, c, d", "a, c, b", "b, a, c, d", id="base-order"),
        pytest.param("a", "b", "c", "b, c", id="all-replaced"),
        pytest.param("a, b", "a", "b", "", id="nothing-left"),
        pytest.param("a", "a, école", "a, zoo, eau", "a, eau, zoo, école", id="sorted-by-letters-not-by-escapes"),
        pytest.param("'1'", "'1', 1.10", "'1', no", "'1', 1.10, no", id="tags-are-text"),
    ],
)
@pytest.mark.parametrize(
    "form", ["tags: [{}]\n", "related:\n{}", "related:\n  {}"], ids=["brackets", "block", "indented"]
)
def test_in_a_set_what_either_side_removed_is_gone_and_what_either_added_is_there(
    form: str, base: str, ours: str, theirs: str, merged: str
) -> None:
    def front(items: str) -> str:
        if "[" in form:
            return form.format(items)
        name, _, indent = form.partition(":\n")
        lines = "".join(f"{indent.format('')}- {item}\n" for item in items.split(", ") if items)
        return f"{name}:\n{lines}" if lines else f"{name}: []\n"

    assert merge(front(base), front(ours), front(theirs)) == front(merged)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param(
            "tags: [a, b]\n", "tags:\n- a\n- b\n", "tags: [a, c]\n", "tags:\n- a\n- c\n", id="a-new-style-is-kept"
        ),
        pytest.param("tags: []\n", "tags: [b]\n", "tags:\n- a\n", "tags:\n- a\n- b\n", id="from-empty"),
        pytest.param("tags:\n", "tags:\n  - b\n", "tags:\n- a\n", "tags:\n  - a\n  - b\n", id="from-nothing"),
        pytest.param(
            "z: 1\n", "z: 1\ntags: [a]\n", "z: 1\ntags: [b]\n", "z: 1\ntags: [a, b]\n", id="both-added-the-key"
        ),
        pytest.param("z: 1\ntags: [a]\n", "z: 1\n", "z: 1\ntags: [a, b]\n", "z: 1\ntags: [b]\n", id="the-key-removed"),
        pytest.param(
            "z: 1\ntags: [a, b]\n", "z: 1\n", "z: 1\ntags: [a]\n", "z: 1\n", id="the-key-removed-and-nothing-new"
        ),
        pytest.param(
            "tags: # of all\n- a\n- b\n",
            "tags: # of most\n- a\n- x\n",
            "tags: # of all\n- a\n- y\n",
            "tags: # of most\n- a\n- x\n- y\n",
            id="a-changed-comment-is-kept",
        ),
        pytest.param(
            "tags:\n- a\n- b\n",
            "tags:\n- a\n- x # why\n",
            "tags:\n- a\n- y\n",
            "tags:\n- a\n- x # why\n- y\n",
            id="a-comment-behind-an-item",
        ),
        pytest.param("tags: [a]\n", "tags: [\n  a, # why\n  b]\n", "tags: [a, c]\n", CLASH, id="a-comment-in-brackets"),
    ],
)
def test_a_merged_set_keeps_the_style_and_the_comments_of_the_sides(
    base: str, ours: str, theirs: str, merged: str
) -> None:
    assert merge(base, ours, theirs) == merged


# --- mappings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param(
            "m:\n  a: 1\n  b: 1\n", "m:\n  a: 2\n  b: 1\n", "m:\n  a: 1\n  b: 2\n", "m:\n  a: 2\n  b: 2\n", id="keys"
        ),
        pytest.param(
            "m:\n  n:\n    a: 1\n    b: 1\n",
            "m:\n  n:\n    a: 2\n    b: 1\n",
            "m:\n  n:\n    a: 1\n    c: 1\n",
            "m:\n  n:\n    a: 2\n    c: 1\n",
            id="deeper",
        ),
        pytest.param("m:\n  a: 1\n", "m:\n  a: 2\n", "m:\n  a: 3\n", CLASH, id="a-leaf"),
        pytest.param("m:\n", "m:\n  a: 1\n", "m:\n  b: 1\n", "m:\n  a: 1\n  b: 1\n", id="from-nothing"),
        pytest.param("z: 1\n", "z: 1\nm:\n  a: 1\n", "z: 1\nm:\n  b: 1\n", "z: 1\nm:\n  a: 1\n  b: 1\n", id="both-new"),
        pytest.param("z: 1\n", "z: 1\nm: # x\n  a: 1\n", "z: 1\nm:\n  b: 1\n", CLASH, id="both-new-one-with-a-comment"),
        pytest.param("m:\n  a: 1\n  b: 1\n", "m: 1\n", "m:\n  a: 1\n  b: 2\n", CLASH, id="no-mapping-any-more"),
    ],
)
def test_a_mapping_merges_key_by_key(base: str, ours: str, theirs: str, merged: str) -> None:
    assert merge(base, ours, theirs) == merged


def test_a_conflict_in_a_mapping_is_that_of_the_leaf() -> None:
    texts = [f"---\nm:\n  a: {one}\n  b: {other}\n---\n" for one, other in ((1, 1), (2, 1), (3, 2))]
    decisions = merge_entry(*texts)[1]
    assert [(one.path, one.action) for one in decisions] == [("m.a", Action.CONFLICT), ("m.b", Action.THEIRS)]


# --- lists ------------------------------------------------------------------------------------------------------------


def people(*items: str) -> str:
    """A list of mappings from words such as `a=guest`: id and role."""
    pairs = (item.split("=") for item in items)
    return "people:\n" + "".join(f"  - id: {one}\n    role: {role}\n" for one, role in pairs)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param(("a=1", "b=1"), ("a=2", "b=1"), ("a=1", "b=2"), ("a=2", "b=2"), id="each-its-own"),
        pytest.param(
            ("a=1", "b=1"), ("b=1", "a=1"), ("a=2", "b=1"), ("b=1", "a=2"), id="changed-where-it-was-moved-to"
        ),
        pytest.param(("a=1",), ("a=1", "z=1"), ("a=1", "b=1"), ("a=1", "b=1", "z=1"), id="both-added-at-the-end"),
        pytest.param(("a=1", "b=1"), ("b=1",), ("a=1", "b=2"), ("b=2",), id="removed-beside-changed"),
        pytest.param(("a=1", "b=1"), ("b=1",), ("a=2", "b=1"), None, id="removed-and-changed"),
        pytest.param(("a=1",), ("a=2",), ("a=3",), None, id="a-leaf-both-changed"),
        pytest.param(("a=1", "b=1"), ("a=1", "b=1", "c=1"), ("a=1", "b=1", "c=2"), None, id="added-twice-differently"),
        pytest.param(("a=1", "b=1", "c=1"), ("b=1", "a=1", "c=1"), ("a=1", "c=1", "b=1"), None, id="two-orders"),
        pytest.param(
            ("a=1", "b=1", "c=1"), ("c=1", "a=1", "b=1"), ("c=1", "a=1", "b=2"), ("c=1", "a=1", "b=2"), id="one-order"
        ),
        pytest.param(
            ("a=1", "b=1", "c=1", "d=1", "e=1"),
            ("b=1", "a=1", "c=1", "d=1", "e=1"),
            ("a=1", "b=1", "c=1", "e=1", "d=1"),
            ("b=1", "a=1", "c=1", "e=1", "d=1"),
            id="orders-of-different-places",
        ),
        pytest.param(
            ("a=1", "b=1"), ("x=1", "a=1", "b=1"), ("a=1", "y=1", "b=1"), ("x=1", "a=1", "y=1", "b=1"), id="added-apart"
        ),
        pytest.param(
            ("a=1", "b=1"), ("a=1", "x=1", "b=1"), ("b=1",), ("x=1", "b=1"), id="added-behind-what-was-removed"
        ),
    ],
)
def test_a_list_with_ids_merges_item_by_item_wherever_they_stand(
    base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...], merged: tuple[str, ...] | None
) -> None:
    assert merge(people(*base), people(*ours), people(*theirs)) == (CLASH if merged is None else people(*merged))


def test_a_conflict_in_a_list_with_ids_is_that_of_the_leaf() -> None:
    texts = [f"---\n{people(*items)}---\n" for items in (("a=1", "b=1"), ("a=2", "b=2"), ("b=1", "a=3"))]
    decisions = merge_entry(*texts)[1]
    assert [(one.path, one.action) for one in decisions] == [
        ("people[b]", Action.OURS), ("people[a].role", Action.CONFLICT),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param("[a, b, c]", "[x, a, b, c]", "[a, b, c, y]", "[x, a, b, c, y]", id="apart"),
        pytest.param("[a, b]", "[a, b, x]", "[a, b, y]", None, id="added-in-one-place"),
        pytest.param("[a, b]", "[a, b, x]", "[a, b, x]", "[a, b, x]", id="the-same"),
        pytest.param("[a, b, c]", "[a, c]", "[a, x, c]", None, id="removed-and-changed"),
        pytest.param("[a, a, b]", "[a, b]", "[a, a, b, a]", "[a, b, a]", id="items-that-occur-twice"),
    ],
)
def test_a_list_without_ids_merges_like_lines(base: str, ours: str, theirs: str, merged: str | None) -> None:
    found = merge(f"aliases: {base}\n", f"aliases: {ours}\n", f"aliases: {theirs}\n")
    assert found == (CLASH if merged is None else f"aliases: {merged}\n")


def test_mappings_without_ids_merge_in_their_places() -> None:
    base, ours, theirs = (
        f"steps:\n- do: {one}\n  by: me\n  at: home\n  on: {other}\n"
        for one, other in (("a", "x"), ("b", "x"), ("a", "y"))
    )
    assert values(merge(base, ours, theirs)) == {"steps": [{"do": "b", "by": "me", "at": "home", "on": "y"}]}


# --- the whole front matter -------------------------------------------------------------------------------------------


def test_lines_that_fit_together_do_not_make_one_value_of_two_edits() -> None:
    base, ours, theirs = (
        f"note: |\n  {one}\n  -\n  -\n  {other}\n" for one, other in (("a", "b"), ("x", "b"), ("a", "y"))
    )
    assert merge(base, ours, theirs) == CLASH


def test_the_same_key_added_in_two_places_is_no_clean_merge() -> None:
    assert merge("a: 1\nb: 1\nc: 1\n", "x: 1\na: 1\nb: 1\nc: 1\n", "a: 1\nb: 1\nc: 1\nx: 2\n") == CLASH


def test_untouched_keys_keep_their_bytes() -> None:
    odd = "# head\na:   1\n'b' : [x,y]  # why\n\nc: >-\n   folded\n   text\n"
    merged = merge(f"{odd}t: 1\nu: 1\n", f"{odd}t: 2\nu: 1\n", f"{odd}t: 1\nu: 2\n")
    assert merged == f"{odd}t: 2\nu: 2\n"


def test_a_front_matter_with_a_key_written_twice_is_not_merged_to_another_such() -> None:
    assert merge("a: 1\n", "a: 1\nb: 1\nx: 1\n", "b: 2\na: 1\n") == CLASH


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        pytest.param("z: 1\na: 1\n", "z: 1\nm: 1\na: 1\n", "z: 1\nm: 1\na: 1\n", id="one-more"),
        pytest.param(
            "z: 1\na: 1\nx: 1\n", "z: 1\na: 1\nb: 1\n", "z: 1\na: 1\nb: 1\nx: 1\n", id="new-ones-in-one-place"
        ),
    ],
)
def test_keys_that_both_added_keep_the_order_that_both_gave_them(ours: str, theirs: str, merged: str) -> None:
    assert merge("", ours, theirs) == merged
