"""Which command lines are answered without the parser of all the others."""

from __future__ import annotations

import pytest

from sync.cli.plain_query import Plain, parse_plain


def plain(question: str, *, limit: int = 5, as_json: bool = False) -> Plain:
    return Plain(question=question, limit=limit, as_json=as_json)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["encoding errors"], plain("encoding errors")),
        (["--json", "a"], plain("a", as_json=True)),
        (["a", "--limit", "3", "--json"], plain("a", limit=3, as_json=True)),
        (["--limit", "1", "--limit", "1000", "a"], plain("a", limit=1000)),
        (["--limit", "007", "a"], plain("a", limit=7)),
        ([" "], plain(" ")),
        (["\ud800"], plain("\ud800")),
    ],
)
def test_a_question_with_limit_and_json_is_plain(arguments: list[str], expected: Plain) -> None:
    assert parse_plain(arguments) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [""],
        ["", "a"],
        ["a", ""],
        ["a", "b"],
        ["--json"],
        ["--limit", "5"],
        ["a", "--limit"],
        ["a", "--limit", "0"],
        ["a", "--limit", "1001"],
        ["a", "--limit", "-1"],
        ["a", "--limit", "٣"],
        ["a", "--limit", "²"],
        ["a", "--limit", "1_0"],
        ["a", "--limit", " 5"],
        ["a", "--limit=5"],
        ["--", "a"],
        ["-a"],
        ["a", "--tag", "x"],
        ["a", "--help"],
        ["--batch"],
    ],
)
def test_every_other_form_is_left_to_the_parser(arguments: list[str]) -> None:
    assert parse_plain(arguments) is None


def test_what_was_given_is_left_as_it_was() -> None:
    arguments = ["a", "--json"]
    parse_plain(arguments)
    assert arguments == ["a", "--json"]
