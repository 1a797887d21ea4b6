"""File names of entries."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from sync.document.moment import Moment
from sync.document.naming import file_name, moment_of_name, skip_reason, slugify, stem_of, title_of_name


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("été à Noël", "ete-a-noel"),
        ("Implémentation du système RAG", "implementation-du-systeme-rag"),
        ("L'an dernière première", "l-an-derniere-premiere"),
        ("l’été", "l-ete"),
        ("Paris–Lyon—Marseille", "paris-lyon-marseille"),
        ("Œuvre, œuf et æther", "oeuvre-oeuf-et-aether"),
        ("Straße ẞ", "strasse-ss"),
        ("Łódź, Ørsted, þorn, ðe, đak", "lodz-orsted-thorn-de-dak"),
        ("ｆｕｌｌ ﬁn", "full-fin"),
        ("C++ & C#: v1.2!", "c-c-v1-2"),
        ("snake_case/path\\x", "snake-case-path-x"),
        ("../../etc/passwd", "etc-passwd"),
        ("  --a--  ", "a"),
        ("a\xa0b\tc\nd", "a-b-c-d"),
        ("日本 2025", "2025"),
        ("日本", "entry"),
        ("", "entry"),
        ("!?", "entry"),
        ("İstanbul ıssız", "istanbul-issiz"),
    ],
)
def test_a_slug_folds_accents_before_it_drops_anything(title: str, slug: str) -> None:
    assert slugify(title) == slug


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        pytest.param("a" * 200, "a" * 80, id="one-long-word-is-cut"),
        pytest.param("word " * 40, "-".join(["word"] * 16), id="cut-between-words"),
        pytest.param("a" * 79 + " b", "a" * 79, id="no-hyphen-at-the-end"),
        pytest.param("a" * 78 + " b", "a" * 78 + "-b", id="eighty-fit"),
    ],
)
def test_a_slug_is_at_most_eighty_characters_of_whole_words(title: str, slug: str) -> None:
    assert slugify(title) == slug


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(set(), "2025-04-05-09-03-un-ete.md", id="free"),
        pytest.param({"2025-04-05-09-03-un-ete.md"}, "2025-04-05-09-03-un-ete-2.md", id="second"),
        pytest.param(
            {"2025-04-05-09-03-un-ete.md", "2025-04-05-09-03-un-ete-2.md"}, "2025-04-05-09-03-un-ete-3.md", id="third"
        ),
        pytest.param({"2025-04-05-09-03-un-ete-2.md"}, "2025-04-05-09-03-un-ete.md", id="a-gap-is-filled"),
    ],
)
def test_two_entries_of_the_same_title_and_minute_get_two_names(taken: set[str], expected: str) -> None:
    assert file_name("Un été", datetime(2025, 4, 5, 9, 3, 59, tzinfo=UTC), taken.__contains__) == expected


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("journal/entries/a.md", "a"),
        ("a.b.md", "a.b"),
        ("a", "a"),
        ("x/.md", ".md"),
        ("x.y/a", "a"),
    ],
)
def test_a_stem_is_the_name_without_folder_and_ending(path: str, stem: str) -> None:
    assert stem_of(path) == stem


@pytest.mark.parametrize(
    ("name", "day", "clock"),
    [
        pytest.param("2025-04-05-14-30-title.md", date(2025, 4, 5), time(14, 30), id="minute"),
        pytest.param("x/y/2025-04-05-14-30.md", date(2025, 4, 5), time(14, 30), id="no-slug"),
        pytest.param("2025-04-05-title.md", date(2025, 4, 5), None, id="day"),
        pytest.param("2025-04-05.md", date(2025, 4, 5), None, id="day-alone"),
        pytest.param("2025-04-05-24-30-title.md", date(2025, 4, 5), None, id="no-such-hour"),
        pytest.param("2025-04-05-14-60-title.md", date(2025, 4, 5), None, id="no-such-minute"),
        pytest.param("2025-04-05-14-30th.md", date(2025, 4, 5), None, id="not-a-minute"),
        pytest.param("2025-04-05-07-04-2025-x.md", date(2025, 4, 5), None, id="a-day-first-date-in-the-title"),
        pytest.param("2025-04-05-07-04-2025.md", date(2025, 4, 5), None, id="a-day-first-date-as-the-title"),
        pytest.param("2025-04-05-07-04-20250-x.md", date(2025, 4, 5), time(7, 4), id="a-number-that-is-no-year"),
        pytest.param("08-04-2025-19-45.md", date(2025, 4, 8), time(19, 45), id="day-first"),
        pytest.param("08-04-2025-notes.md", date(2025, 4, 8), None, id="day-first-without-an-hour"),
    ],
)
def test_a_file_name_tells_the_day_and_perhaps_the_minute(name: str, day: date, clock: time | None) -> None:
    assert moment_of_name(name) == Moment(day=day, clock=clock)


@pytest.mark.parametrize(
    "name",
    [
        "notes.md",
        "2025-13-05-x.md",
        "31-02-2025.md",
        "2025-04.md",
        "x-2025-04-05.md",
        "20250405.md",
        "0001-01-01-x.md",
        "٢٠٢٥-٠٤-٠٥.md",
    ],
)
def test_a_file_name_without_a_date_tells_none(name: str) -> None:
    assert moment_of_name(name) is None


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("e/2025-04-05-14-30-mise-en-place_du-rag.md", "mise en place du rag"),
        ("08-04-2025-19-45-notes.md", "notes"),
        ("2025-04-05-14-30.md", "2025 04 05 14 30"),
        ("some-notes.md", "some notes"),
        ("---.md", "---"),
    ],
)
def test_a_title_is_made_from_the_words_of_the_file_name(path: str, title: str) -> None:
    assert title_of_name(path) == title


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("e/index.md", "an index of the folder, not an entry"),
        ("e/README.md", "an index of the folder, not an entry"),
        ("_index.md", "an index of the folder, not an entry"),
        ("e/.hidden.md", "a hidden file"),
        ("e/picture.png", "not Markdown"),
        ("e/no-ending", "not Markdown"),
        ("e/a.md.bak", "not Markdown"),
        ("e/2025-04-05-index.md", ""),
        ("e/UPPER.MD", ""),
        ("index.md/a.md", ""),
    ],
)
def test_a_file_that_is_no_entry_is_left_out_by_a_rule_that_is_named(path: str, reason: str) -> None:
    assert skip_reason(path) == reason
