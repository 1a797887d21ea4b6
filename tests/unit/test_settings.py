"""journal.toml as data."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from sync.document.settings import Selection, Settings, check_selection, checked, load_settings, zone
from sync.document.view import View
from sync.errors import SettingsError


def test_a_journal_needs_no_settings() -> None:
    assert load_settings(b"") == Settings()


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('[journal]\nentries = "notes"', Settings(entries="notes")),
        ('[journal]\nentries = "./a//b/"', Settings(entries="a/b")),
        ('[journal]\nmemories = "x/m.json"', Settings(memories="x/m.json")),
        ('[journal]\nlanguage = "en"', Settings(language="en")),
        ('[journal]\ntemplate = "t.md"', Settings(template="t.md")),
        ('[journal]\ntemplate = ""', Settings(template="")),
        ('[journal]\ntimezone = "Europe/Paris"', Settings(timezone="Europe/Paris")),
        ('[journal]\nprefix = "[LOG]"', Settings(prefix="[LOG]")),
        ('[stores.augment]\npath = ".a/m"', Settings(augment=".a/m")),
        ("[stores.augment]\nenabled = false", Settings(augment_enabled=False)),
        ('[stores.augment]\ntags = ["a", "b"]', Settings(augment_selection=Selection(tags=("a", "b")))),
        ('[stores.augment]\nexclude_tags = ["x"]', Settings(augment_selection=Selection(exclude_tags=("x",)))),
        ('[stores.augment]\nsince = "2025-01-01"', Settings(augment_selection=Selection(since="2025-01-01"))),
        ('[stores.augment]\nuntil = "2025-01-01"', Settings(augment_selection=Selection(until="2025-01-01"))),
        ("[stores.augment]\nmax_bytes = 10", Settings(augment_selection=Selection(max_bytes=10))),
        ("[journal]\n[stores]\n[stores.augment]", Settings()),
    ],
)
def test_each_key_sets_one_thing(toml: str, expected: Settings) -> None:
    assert load_settings(toml.encode()) == expected


@pytest.mark.parametrize(
    "base",
    [
        pytest.param(Settings(language="en", entries="x"), id="journal"),
        pytest.param(Settings(augment=".a", augment_enabled=False), id="store"),
        pytest.param(Settings(augment_selection=Selection(tags=("a",), max_bytes=9)), id="selection"),
    ],
)
def test_where_the_file_says_nothing_the_base_stands(base: Settings) -> None:
    assert load_settings(b'[journal]\nprefix = "P"', base=base).prefix == "P"
    assert load_settings(b"", base=base) == base


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (b"[journal", "not TOML"),
        (b"a = 1\na = 2", "not TOML"),
        (b"\xff", "not TOML"),
        (b"a = " + b"1" * 5_000, "not TOML"),
        (b"a = 1", "a: unknown key"),
        (b"[journal]\nname = 'x'", r"journal\.name: unknown key"),
        (b"[stores.cursor]", r"stores\.cursor: unknown key"),
        (b"[stores.augment]\ntag = []", r"stores\.augment\.tag: unknown key"),
        (b"journal = 1", "journal: must be a table"),
        (b"[journal]\nentries = 1", r"journal\.entries: must be text"),
        (b"[stores]\naugment = []", r"stores\.augment: must be a table"),
        (b"[stores.augment]\nenabled = 1", r"stores\.augment\.enabled: must be true or false"),
        (b"[stores.augment]\ntags = 'a'", r"stores\.augment\.tags: must be a list of words"),
        (b"[stores.augment]\ntags = ['a', 1]", r"stores\.augment\.tags: must be a list of words"),
        (b"[stores.augment]\nmax_bytes = true", r"stores\.augment\.max_bytes: must be a whole number"),
        (b"[stores.augment]\nmax_bytes = 1.5", r"stores\.augment\.max_bytes: must be a whole number"),
        (b"[stores.augment]\nmax_bytes = -1", "max_bytes: -1 is negative"),
        (b"[stores.augment]\nsince = 'soon'", "since: 'soon' is not a day"),
        (b"[stores.augment]\nuntil = '2025-04-05T10:00'", "until: '2025-04-05T10:00' is not a day"),
        (b"[stores.augment]\nsince = 2025-04-05", r"stores\.augment\.since: must be text"),
        (b"[journal]\nlanguage = 'de'", r"journal\.language: 'de' is neither 'fr' nor 'en'"),
        (b"[journal]\ntimezone = 'Mars/Base'", r"journal\.timezone: 'Mars/Base' is unknown"),
        (b"[journal]\nmemories = 'm.txt'", r"journal\.memories: 'm\.txt' does not end with \.json"),
        (b"[journal]\nmemories = 'journal/entries/m.json'", "memories: .* is in the entries folder"),
        (b"[stores.augment]\npath = 'journal/entries'", "augment: .* is in the entries folder"),
        (b"[stores.augment]\npath = 'journal'", r"stores\.augment\.path: 'journal' holds files of the journal"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(toml: bytes, message: str) -> None:
    with pytest.raises(SettingsError, match=f"^journal.toml: {message}|^{message}"):
        load_settings(toml)


def test_an_unknown_key_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(b"[journal]\nname = 'x'")
    assert caught.value.hint == "known keys: entries, language, memories, prefix, template, timezone"


@pytest.mark.parametrize("key", ["entries", "memories", "augment", "template"])
@pytest.mark.parametrize(
    "path",
    [
        "/etc/x.json", "../x.json", "a/../../x.json", "a\\b.json", "..", ".git/x.json", "a/.GIT/x.json", "a\nb.json",
        "a\x00.json",
    ],
)  # fmt: skip
def test_a_path_that_leads_out_of_the_repository_or_into_git_is_refused(key: str, path: str) -> None:
    values = {"entries": "journal/entries", "memories": "m.json", "augment": ".a", "template": "", key: path}
    with pytest.raises(SettingsError, match=f"{key}: "):
        checked(Settings(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["entries", "memories", "augment"])
def test_a_path_cannot_be_empty(key: str) -> None:
    values = {"entries": "journal/entries", "memories": "m.json", "augment": ".a", key: ""}
    with pytest.raises(SettingsError, match=f"{key}: '' is not a path"):
        checked(Settings(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize("prefix", ["", " ", " x", "x ", "a\nb", "a\rb", "a\tb", "a\u2028b", "a\x00b"])
def test_a_prefix_is_one_line_without_blanks_around_it(prefix: str) -> None:
    with pytest.raises(SettingsError, match=r"journal\.prefix: must be one line"):
        checked(Settings(prefix=prefix))


@pytest.mark.parametrize("name", ["", "Mars", "../UTC", "/etc/passwd", "Europe", "a" * 300, "x\x00y", "\ud800"])
def test_a_time_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="is unknown"):
        zone(name)


def test_a_time_zone_is_looked_up_by_its_name() -> None:
    assert (zone("UTC"), zone("Europe/Paris")) == (UTC, ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(("entries", "journal"), [("journal/entries", "journal"), ("entries", "."), ("a/b/c", "a/b")])
def test_the_journal_is_the_folder_that_holds_the_entries(entries: str, journal: str) -> None:
    assert Settings(entries=entries).journal == journal


def test_augment_is_given_a_file_in_its_own_folder() -> None:
    assert Settings(augment=".augment/memories").delivered == ".augment/memories/journal_memories.json"


def test_the_view_shows_entries_as_the_settings_say() -> None:
    settings = Settings(prefix="P", timezone="Europe/Paris")
    assert settings.view == View(prefix="P", zone=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(("first", "second", "expected"), [(0, 0, 0), (5, 0, 5), (0, 5, 5), (5, 3, 3), (3, 5, 3)])
def test_a_narrowed_selection_has_the_smaller_budget(first: int, second: int, expected: int) -> None:
    assert Selection(max_bytes=first).narrowed_to(Selection(max_bytes=second)).max_bytes == expected


def test_a_narrowed_selection_asks_both() -> None:
    first, second = Selection(tags=("a",)), Selection(tags=("b",))
    assert first.narrowed_to(second) == Selection(tags=("b",), within=first)


def test_an_empty_selection_makes_sense() -> None:
    assert check_selection(Selection()) == Selection()
