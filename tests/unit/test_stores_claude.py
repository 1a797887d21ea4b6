"""The adapter of Claude Code's memory folder."""

from __future__ import annotations

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.templates import FRENCH
from sync.document.view import View
from sync.errors import ProjectionError, ShapeError
from sync.stores.claude import INDEX, ClaudeStore
from sync.stores.claude_file import ClaudeRecord
from sync.stores.protocol import Source

STORE = ClaudeStore(View())
SOURCE = Source(path="journal/entries/no-db-mocks.md", blob="0" * 40)
FILE = (
    "---\nname: no-db-mocks\ndescription: one line\nmetadata: \n  node_type: memory\n  type: feedback\n"
    "  originSessionId: 12-ab # mine\n---\n\nRule. See [[other]].\n"
)
RECORD = ClaudeRecord(name="no-db-mocks", description="one line", type="feedback", body="Rule. See [[other]].")


def parse(text: str, key: str = "a-name") -> ClaudeRecord:
    return STORE.parse(key, text.encode())


def changed(text: str, **values: str) -> str:
    present = {"description": parse(text).description, "type": parse(text).type, "body": parse(text).body}
    return STORE.render(ClaudeRecord(name="a-name", **(present | values)), text.encode(), SOURCE).decode()


def entry_of(text: str, stem: str = "no-db-mocks") -> Entry:
    entry = parse_entry(f"journal/entries/{stem}.md", text)
    assert isinstance(entry, Entry), entry
    return entry


# --- the folder -------------------------------------------------------------------------------------------------------


def test_markdown_files_of_the_folder_itself_are_the_store() -> None:
    names = ["a.md", INDEX, ".a.md", "a.txt", "sub/a.md", "a.MD", "sub\\a.md"]
    assert [name for name in names if STORE.is_part(name)] == ["a.md", INDEX]


def test_the_index_is_no_record() -> None:
    assert STORE.split({"b.md": b"B", INDEX: b"I", "a.md": b"A", ".x.md": b"X"}) == {"a": b"A", "b": b"B"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.md": b"x\n\xff"}, r"a\.md:2:1: not UTF-8"),
        ({"a.md": b"\0"}, r"a\.md: holds the character U\+0000"),
        ({"A.md": b"", "a.md": b""}, r"A\.md and a\.md differ by case alone"),
        ({"memory.md": b""}, "the name of the index"),
        ({f"{'é' * 130}.md": b""}, "too long"),
        ({"a\nb.md": b""}, "control character"),
        ({f"{number}.md": b"" for number in range(100_001)}, "more than 100000"),
    ],
)
def test_a_folder_that_is_not_understood_is_refused(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        STORE.split(files)


# --- one file ---------------------------------------------------------------------------------------------------------


def test_a_file_says_what_it_is_about() -> None:
    assert parse(FILE, "no-db-mocks") == RECORD


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("---\ntype: user\n---\nx", "user"),
        ("---\nmetadata: {type: reference}\n---\nx", "reference"),
        ("---\ntype: user\nmetadata:\n  type: feedback\n---\nx", "feedback"),
        ("---\ntype: user\nmetadata:\n  type: odd\n---\nx", "user"),
        ("---\ntype: odd\n---\nx", "project"),
        ("x", "project"),
    ],
)
def test_a_type_is_found_where_any_version_writes_it(text: str, kind: str) -> None:
    assert parse(text).type == kind


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("---\ndescription: >-\n  two\n  lines\n---\n", "two lines"),
        ("---\ndescription: ''\n---\n# Title\n\nx", "Title"),
        ("First. Second.\n", "First"),
        ("", "a name"),
        ("---\ndescription: 1.10\n---\n", "1.10"),
    ],
)
def test_a_description_is_one_line_and_never_empty(text: str, description: str) -> None:
    assert parse(text).description == description


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\na: [\n---\n", r"a-name\.md:3:1: not YAML"),
        ("---\nno end", "never closed"),
        ("---\ndescription: [a]\n---\n", "the description is not text"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        parse(text)


# --- changing a file --------------------------------------------------------------------------------------------------


def test_a_new_file_has_the_documented_form() -> None:
    assert STORE.render(RECORD, None, SOURCE).decode() == (
        "---\nname: no-db-mocks\ndescription: one line\nmetadata:\n  node_type: memory\n  type: feedback\n---\n\n"
        "Rule. See [[other]].\n"
    )


@pytest.mark.parametrize(
    ("values", "old", "new"),
    [
        ({"description": "a: b"}, "description: one line", 'description: "a: b"'),
        ({"type": "user"}, "type: feedback", "type: user"),
        ({"body": "Other."}, "Rule. See [[other]].", "Other."),
    ],
)
def test_only_what_differs_is_written(values: dict[str, str], old: str, new: str) -> None:
    assert changed(FILE, **values) == FILE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("---\nmetadata:\n  a: 1\n---\nx", "---\nmetadata:\n  type: user\n  a: 1\n---\nx"),
        ("---\nmetadata: {a: 1}\n---\nx", "---\nmetadata: {type: user, a: 1}\n---\nx"),
        ("---\nmetadata:\n  type:\n  b: c\n---\nx", "---\nmetadata:\n  type: user\n  b: c\n---\nx"),
        ("---\ntype: odd # why\n---\nx", "---\ntype: user # why\n---\nx"),
        ("x", "---\ntype: user\n---\n\nx"),
    ],
)
def test_a_type_is_written_where_the_file_has_its_own(text: str, after: str) -> None:
    assert changed(text, type="user") == after


def test_a_type_that_others_refer_to_is_not_changed() -> None:
    with pytest.raises(ProjectionError):
        changed("---\nbase: &b {type: user}\nmetadata: *b\n---\nx", type="feedback")


def test_another_body_does_not_change_a_description_that_came_from_the_body() -> None:
    assert changed("First.\n", body="Second.") == "---\ndescription: First\n---\n\nSecond.\n"


@pytest.mark.parametrize("name", ["memory", "MEMORY", "a/b", ".a", "x" * 201])
def test_an_entry_whose_id_is_no_file_name_is_not_written(name: str) -> None:
    with pytest.raises(ProjectionError):
        STORE.render(ClaudeRecord(name=name, description="d", type="user", body=""), None, SOURCE)


# --- entries ----------------------------------------------------------------------------------------------------------


def test_an_entry_is_shown_as_a_record() -> None:
    assert STORE.get(entry_of("---\ntitle: one line\ntype: feedback\n---\n\nRule. See [[other]].\n")) == RECORD


def test_a_template_that_nobody_filled_in_says_nothing() -> None:
    assert STORE.get(entry_of(f"---\ntitle: T\n---\n\n{FRENCH}")).body == ""


def test_a_record_is_put_into_the_spans_that_differ() -> None:
    entry = entry_of("---\ntitle: 'old' # why\ntags: [a]\n---\n\nOld.\n")
    assert STORE.put(RECORD, entry).text == (
        "---\ntitle: 'one line' # why\ntags: [a]\ntype: feedback\n---\n\nRule. See [[other]].\n"
    )


def test_the_default_type_is_not_written() -> None:
    record = ClaudeRecord(name="no-db-mocks", description="T", type="project", body="new")
    assert STORE.put(record, entry_of("---\ntitle: T\n---\nold\n")).text == "---\ntitle: T\n---\nnew\n"


@pytest.mark.parametrize(
    "record",
    [
        ClaudeRecord(name="other", description="T", type="user", body=""),
        ClaudeRecord(name="no-db-mocks", description="two\nlines", type="user", body=""),
        ClaudeRecord(name="no-db-mocks", description="T", type="user", body="\x00"),
        ClaudeRecord(name="no-db-mocks", description="T", type="odd", body=""),
    ],
)
def test_a_record_that_the_entry_cannot_hold_is_refused(record: ClaudeRecord) -> None:
    with pytest.raises(ProjectionError):
        STORE.put(record, entry_of("---\ntitle: T\n---\nold\n"))


def test_a_file_becomes_an_entry_of_the_same_name() -> None:
    made = STORE.create("no-db-mocks", FILE.encode())
    assert (made.stem, made.text) == (
        "no-db-mocks",
        "---\ntitle: one line\ntype: feedback\n---\n\nRule. See [[other]].\n",
    )


@pytest.mark.parametrize("name", ["Readme", "index", "été", "a b", "nul"])
def test_a_name_that_is_no_good_file_name_is_written_into_the_entry(name: str) -> None:
    made = STORE.create(name, b"x")
    assert entry_of(made.text, made.stem).front["id"] == name


def test_control_characters_make_no_entry() -> None:
    with pytest.raises(ProjectionError, match=r"U\+001B"):
        STORE.create("a", b"\x1b[2J")


# --- the index --------------------------------------------------------------------------------------------------------

INDEX_TEXT = "# Mine\n\n- [Db](no-db-mocks.md) — one line\n* [Bee](./b.md) - my own words\nSee [B](b.md).\n"
FILES = {"no-db-mocks.md": FILE.encode(), "b.md": b"B", INDEX: INDEX_TEXT.encode()}


def index_after(changes: dict[str, bytes | None], files: dict[str, bytes] = FILES) -> str:
    return (STORE.join(files, changes)[INDEX] or b"").decode()


def test_a_new_memory_is_added_at_the_end() -> None:
    assert index_after({"new-one": b"It is."}) == INDEX_TEXT + "- [New one](new-one.md) — It is\n"


def test_the_line_of_a_memory_that_is_gone_goes() -> None:
    assert index_after({"b": None}) == INDEX_TEXT.replace("* [Bee](./b.md) - my own words\n", "")


def test_a_hook_that_was_the_description_follows_it() -> None:
    data = FILE.replace("one line", "two").encode()
    assert index_after({"no-db-mocks": data}) == INDEX_TEXT.replace("one line", "two")


def test_a_title_that_was_the_description_follows_it() -> None:
    files = FILES | {INDEX: b"- [one line](no-db-mocks.md)\r\n"}
    data = FILE.replace("one line", "two").encode()
    assert index_after({"no-db-mocks": data}, files) == "- [two](no-db-mocks.md)\r\n"


def test_words_that_a_person_wrote_stay() -> None:
    assert STORE.join(FILES, {"b": b"Other."}) == {"b.md": b"Other."}


def test_a_missing_index_is_made_with_the_first_change() -> None:
    files = {name: data for name, data in FILES.items() if name != INDEX}
    assert index_after({"c d": b"C"}, files) == (
        "- [B](b.md) — B\n- [C d](c%20d.md) — C\n- [No db mocks](no-db-mocks.md) — one line\n"
    )


def test_a_link_with_escapes_is_the_file_it_names() -> None:
    assert index_after({"c d": None}, {"c d.md": b"C", INDEX: b"- [C](c%20d.md)\n- [D](<c d.md>)\nx"}) == "x"


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_the_index() -> None:
    assert index_after({"a": b"A"}, {"b.md": b"---\nx"}) == "- [A](a.md) — A\n- [B](b.md) — b\n"


@pytest.mark.parametrize("key", ["MEMORY", "B", "../x"])
def test_a_name_that_would_overwrite_another_file_is_refused(key: str) -> None:
    with pytest.raises(ShapeError):
        STORE.join(FILES, {key: b"x"})


def test_nothing_changed_means_that_the_index_stays() -> None:
    assert STORE.join({"a.md": b"A"}, {"a": b"A", "x": None}) == {}
