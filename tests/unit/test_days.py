"""The days that a question names."""

from __future__ import annotations

from datetime import date

import pytest

from sync.search.analysis import words_of
from sync.search.days import Span, days_between, named_days, names_time


@pytest.mark.parametrize(
    ("question", "spans"),
    [
        ("what happened in May 2023?", [(2023, 5, 0)]),
        ("le 3 avril 2025", [(2025, 4, 3)]),
        ("on April 3rd, 2025", [(2025, 4, 3)]),
        ("le 1er août", [(0, 8, 1)]),
        ("en décembre", [(0, 12, 0)]),
        ("in 2024", [(2024, 0, 0)]),
        ("2025-04-05", [(2025, 4, 5)]),
        ("2025-04", [(2025, 4, 0)]),
        ("entre mars et avril 2025", [(2025, 3, 0), (2025, 4, 0)]),
        ("2023 or 2024", [(2023, 0, 0), (2024, 0, 0)]),
        ("juin juin juin", [(0, 6, 0)]),
    ],
)
def test_a_question_names_days_months_and_years(question: str, spans: list[tuple[int, int, int]]) -> None:
    assert [(one.year, one.month, one.day) for one in named_days(question)] == spans


@pytest.mark.parametrize(
    "question",
    ["", "it may work", "march on", "la planète Mars", "version 3", "12 hooks", "port 8080", "2500", "0000-00", "v1.2"],
)
def test_other_words_and_numbers_are_no_days(question: str) -> None:
    assert named_days(question) == ()


@pytest.mark.parametrize(
    "question", ["2001 mai 12 " * 170, " ".join(f"{1900 + n % 200} juin {n % 31 + 1} mai" for n in range(150))]
)
def test_a_question_full_of_days_names_only_some(question: str) -> None:
    assert 1 <= len(named_days(question)) <= 8**3


@pytest.mark.parametrize(
    ("span", "day", "between"),
    [
        (Span(year=2025, month=4, day=5), date(2025, 4, 5), 0),
        (Span(year=2025, month=4, day=5), date(2025, 4, 12), 7),
        (Span(year=2025, month=4), date(2025, 4, 30), 0),
        (Span(year=2025, month=4), date(2025, 5, 1), 1),
        (Span(year=2025, month=2), date(2025, 1, 31), 1),
        (Span(year=2024), date(2024, 12, 31), 0),
        (Span(year=2024), date(2025, 1, 2), 2),
        (Span(month=12), date(2025, 1, 2), 2),
        (Span(month=1), date(2024, 12, 30), 2),
        (Span(month=2, day=29), date(2024, 3, 1), 1),
    ],
)
def test_a_day_is_as_far_from_a_span_as_from_its_nearer_end(span: Span, day: date, between: int) -> None:
    assert days_between(span, day) == between


@pytest.mark.parametrize("span", [Span(year=2025, month=2, day=30), Span(year=2025, month=13), Span(year=2025, day=99)])
def test_a_day_that_no_calendar_has_is_near_nothing(span: Span) -> None:
    assert days_between(span, date(2025, 2, 28)) > 1_000_000


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_days_too(day: date) -> None:
    assert days_between(Span(month=day.month), day) == 0


@pytest.mark.parametrize(
    ("text", "is_time"),
    [("I met her last week", True), ("hier soir", True), ("l’Été dernier", True), ("a driver", False), ("", False)],
)
def test_a_text_names_a_time_if_it_has_a_word_for_one(text: str, is_time: bool) -> None:
    assert names_time(words_of(text)) is is_time
