"""Which command lines remember without the parser of all the others."""

from __future__ import annotations

import pytest

from sync.cli.plain_remember import parse_plain

WORDS = ["wedding:42", "budget", "At most 900."]


@pytest.mark.parametrize(
    ("more", "options", "as_json"),
    [
        ([], {}, False),
        (["--json"], {}, True),
        (["--importance", "0.8"], {"importance": 0.8}, False),
        (["--importance", "1"], {"importance": 1.0}, False),
        (["--importance", "0."], {"importance": 0.0}, False),
        (
            ["--ttl", "24h", "--type", "x y", "--retention", "2y"],
            {"ttl": "24h", "type": "x y", "retention": "2y"},
            False,
        ),
        (["--ttl", "1h", "--ttl", "2h"], {"ttl": "2h"}, False),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_three_words_with_simple_options_are_plain(
    more: list[str], options: dict[str, object], as_json: bool, place: int
) -> None:
    found = parse_plain([*WORDS[:place], *more, *WORDS[place:]])
    assert found is not None
    assert ([found.context, found.key, found.value], found.options, found.as_json) == (WORDS, options, as_json)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        WORDS[:2],
        [*WORDS, "more"],
        [*WORDS[:2], "-"],
        [*WORDS[:2], "-5"],
        ["--", *WORDS],
        [*WORDS, "--help"],
        [*WORDS, "--importance"],
        [*WORDS, "--importance", "2"],
        [*WORDS, "--importance", "-1"],
        [*WORDS, "--importance", "1e-1"],
        [*WORDS, "--importance", ".5"],
        [*WORDS, "--importance", "٣"],
        [*WORDS, "--importance", "nan"],
        [*WORDS, "--importance=0.5"],
        [*WORDS, "--ttl"],
        [*WORDS, "--ttl", "--json"],
        [*WORDS, "--metadata", "a=b"],
        [*WORDS, "--expected", "0"],
    ],
)
def test_every_other_form_is_left_to_the_parser(arguments: list[str]) -> None:
    assert parse_plain(arguments) is None
