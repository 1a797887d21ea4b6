"""What is done to a value on its way to another context."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sync.errors import UsageError
from sync.taskmaster.memory import Value
from sync.taskmaster.sharing_file import load_sharing_rules
from sync.taskmaster.transforms import (
    TransformChoice,
    apply_transform,
    read_choice,
    register,
    transform_names,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "wedding" / "sharing.yaml"


def transformed(written: str | dict[str, Any] | None, value: Value) -> Value:
    return apply_transform(read_choice(written), value)


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": [1]}, None])
def test_without_a_transform_a_value_stays_as_it_is(value: Value) -> None:
    assert transformed(None, value) == transformed("identity", value) == value


@pytest.mark.parametrize(
    ("value", "picked"),
    [
        ({"price": 1, "note": "x"}, {"price": 1}),
        ([{"price": 1, "note": "x"}, {"note": "y"}], [{"price": 1}, {}]),
        ({}, {}),
    ],
)
def test_what_is_not_picked_stays_behind(value: Value, picked: Value) -> None:
    assert transformed({"pick": ["price"]}, value) == picked


@pytest.mark.parametrize("value", ["text", b"bytes", 3, None, ["text"], [{"price": 1}, "text"]])
@pytest.mark.parametrize("written", [{"pick": ["price"]}, {"count": {"fields": ["price"]}}])
def test_a_value_of_another_form_is_refused_and_not_passed_on(written: dict[str, Any], value: Value) -> None:
    with pytest.raises(UsageError, match="takes a JSON object"):
        transformed(written, value)


COUNT = {"count": {"items": "guests", "fields": ["diet"]}}
COUNTED = {"items": 2, "counts": {"diet": {"halal": 1, "vegan": 2}}}


@pytest.mark.parametrize(
    "value",
    [
        {"guests": [{"diet": "vegan"}, {"diet": ["Vegan", "halal", "vegan "]}], "host": "Ada"},
        [{"diet": "vegan", "name": "Ada"}, {"diet": ["vegan", "halal"]}],
    ],
)
def test_values_are_counted_once_for_each_object(value: Value) -> None:
    assert transformed(COUNT, value) == COUNTED


def test_one_object_is_counted_as_one() -> None:
    assert transformed(COUNT, {"name": "Ada", "diet": "vegan"}) == {"items": 1, "counts": {"diet": {"vegan": 1}}}


@pytest.mark.parametrize("said", [None, "", " ", [], [""]])
def test_who_says_nothing_is_counted_and_nothing_of_what_was_said(said: Value) -> None:
    assert transformed(COUNT, [{"diet": said}]) == {"items": 1, "counts": {"diet": {}}}


@pytest.mark.parametrize("said", ["ask Bob Smith", 3, {"name": "Bob"}, [["Bob"]]])
def test_what_the_rule_does_not_list_is_counted_as_other(said: Value) -> None:
    choice = {"count": {"fields": ["diet"], "values": ["Vegan"]}}
    value = [{"diet": said}, {"diet": "vegan"}]
    assert transformed(choice, value) == {"items": 2, "counts": {"diet": {"Vegan": 1, "other": 1}}}


def test_vendors_of_the_wedding_learn_how_many_and_never_who() -> None:
    transform = load_sharing_rules(EXAMPLE.read_bytes()).rules["dietary"].transform
    guests = {
        "guests": [
            {"name": "Ada", "dietary_requirements": ["vegan"], "special_needs": "wheelchair"},
            {"name": "Alan", "dietary_requirements": ["Vegan", "nut allergy", "call Ada"]},
        ]
    }
    assert apply_transform(transform, guests) == {
        "items": 2,
        "counts": {
            "dietary_requirements": {"nut allergy": 1, "other": 1, "vegan": 2},
            "special_needs": {"wheelchair": 1},
        },
    }


def test_a_program_registers_its_own() -> None:
    @register("test-upper")
    def upper(value: Value) -> Value:
        return str(value).upper()

    assert transformed("test-upper", "a") == "A"
    assert "test-upper" in transform_names()
    assert register("test-upper")(upper) is upper


@pytest.mark.parametrize("name", ["identity", "pick", "count"])
def test_a_name_that_is_taken_is_not_registered_again(name: str) -> None:
    with pytest.raises(UsageError, match=f"there is a transform '{name}' already"):
        register(name)(lambda value: value)


@pytest.mark.parametrize("name", ["absent", "os.system", "sync.taskmaster.transforms:identity", "/etc/passwd"])
def test_a_name_that_nobody_registered_lets_nothing_pass(name: str) -> None:
    with pytest.raises(UsageError, match="there is no transform") as caught:
        apply_transform(TransformChoice(name=name), "a")
    assert "known: count, identity, pick" in caught.value.hint


@pytest.mark.parametrize("name", ["pick", "count"])
def test_a_generic_transform_needs_its_options(name: str) -> None:
    with pytest.raises(UsageError, match="needs options"):
        read_choice(name)
