"""The adapter of Augment's memories."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.projection import get
from sync.document.record import Memory, Record, content_hash
from sync.document.view import View
from sync.errors import ProjectionError, ShapeError, UsageError
from sync.stores.augment import EMPTY_FILE, render_file, render_memory
from sync.stores.augment_store import FILE, AugmentStore
from sync.stores.protocol import Source
from sync.stores.registry import STORE_NAMES, make_store

BLOB = "0123456789abcdef0123456789abcdef01234567"
STORE = AugmentStore(View())
SOURCE = Source(path="journal/entries/m.md", blob=BLOB)
OWN = {"id": "a", "source": "a.md", "tags": [], "source_blob": BLOB}


def chunk(record_id: str, text: str = "[JOURNAL DE BORD] T: x", path: str = "") -> bytes:
    record = Record(id=record_id, text=text, tags=("t",), date="2025-04-05T14:30:00.000Z")
    return render_memory(Memory(record=record, source=path or f"journal/entries/{record_id}.md", source_blob=BLOB))


def split(data: str | bytes) -> dict[str, bytes]:
    return dict(STORE.split({FILE: data.encode() if isinstance(data, str) else data}))


def refusal(data: str | bytes) -> str:
    with pytest.raises(ShapeError) as caught:
        split(data)
    return caught.value.message


def created(*, text: str, key: str = "k", **metadata: Any) -> Entry:
    made = STORE.create(key, json.dumps({"text": text, "metadata": metadata}).encode())
    entry = parse_entry(f"journal/entries/{made.stem}.md", made.text)
    assert isinstance(entry, Entry), entry
    return entry


# --- the registry -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STORE_NAMES)
def test_a_store_is_made_by_its_name(name: str) -> None:
    assert make_store(name, View()).name == name


def test_an_unknown_store_is_refused() -> None:
    with pytest.raises(UsageError, match="no store 'x'"):
        make_store("x", View())


@pytest.mark.parametrize(("name", "volatile"), [("augment", False), ("claude", False), ("mcp", True)])
def test_a_store_says_whether_others_may_overwrite_it(name: str, volatile: bool) -> None:
    assert make_store(name, View()).is_volatile is volatile


# --- splitting --------------------------------------------------------------------------------------------------------


def test_the_store_is_one_file() -> None:
    assert [name for name in (FILE, "x.json", "a/" + FILE) if STORE.is_part(name)] == [FILE]


@pytest.mark.parametrize("files", [{}, {FILE: EMPTY_FILE}, {FILE: b" [ ] "}])
def test_a_store_without_memories_has_no_records(files: dict[str, bytes]) -> None:
    assert STORE.split(files) == {}


def test_our_own_file_is_cut_into_the_memories_it_was_made_of() -> None:
    chunks = {"b": chunk("b", 'say\n      "id": "x"'), "a": chunk("a"), 'q"\u2028é': chunk('q"\u2028é')}
    assert list(split(render_file(chunks.values())).items()) == list(chunks.items())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: data.replace(b"\n", b"\r\n"), id="crlf"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="bom"),
        pytest.param(lambda data: data.rstrip(), id="no-final-line-end"),
        pytest.param(lambda data: json.dumps(json.loads(data)).encode(), id="one-line"),
        pytest.param(lambda data: json.dumps(json.loads(data), indent=4).encode(), id="other-indentation"),
    ],
)
def test_a_file_of_another_layout_has_the_same_chunks(change: Any) -> None:
    data = render_file([chunk("a", "été\n"), chunk("b")])
    assert split(change(data)) == split(data)


def test_a_foreign_memory_is_shown_as_it_would_stand_in_our_layout() -> None:
    assert split('[{"text":"x","n":1.50,"metadata":{"id":"a","deep":{"k":[1e2,null]}}}]')["a"].decode() == (
        '  {\n    "text": "x",\n    "n": 1.50,\n    "metadata": {\n      "id": "a",\n'
        '      "deep": {"k": [1e2, null]}\n    }\n  }'
    )


def test_a_memory_without_an_id_is_known_by_its_content() -> None:
    assert list(split('[{"text": " x "}]')) == [f"sha256:{content_hash('x')}"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "journal_memories.json:1:1: the file is empty", id="cut-to-nothing"),
        pytest.param(b" \n", "journal_memories.json:1:1: the file is empty", id="blanks"),
        pytest.param(b'[\n  "\xff"]', "journal_memories.json:2:4: not UTF-8", id="not-utf-8"),
        pytest.param('[\n  {"text": "x"}', "journal_memories.json:2:", id="torn"),
        pytest.param('[{"text": "x", "n": NaN}]', "NaN is not a value", id="nan"),
        pytest.param('{"memories": []}', "not a list of memories", id="object"),
        pytest.param('["x"]', "[0]: not a memory", id="text"),
        pytest.param('[{"text": "x"}, {"text": 1}]', "[1]: not a memory", id="no-text"),
        pytest.param('[{"text": "x", "metadata": []}]', "the metadata is not an object", id="metadata"),
        pytest.param('[{"text": "x", "metadata": {"id": 1}}]', "the id is not text", id="id-is-a-number"),
        pytest.param('[{"text": "x", "text": "y"}]', "the key 'text' is written twice", id="key-twice"),
        pytest.param('[{"text": "\\ud800"}]', "half a character: U+D800", id="half-a-pair"),
        pytest.param('[{"text": "x"}, {"text": "x"}]', "two memories without an id say the same", id="same-text"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_what_is_not_a_list_of_memories_is_refused_by_name(data: str | bytes, message: str) -> None:
    assert message in refusal(data)


@pytest.mark.parametrize("record_id", ["a/b", "..", ".hidden", "a\\b", "", " ", "a\n", "x" * 201, "/etc"])
def test_an_id_that_is_a_path_is_refused(record_id: str) -> None:
    assert f"the id {record_id!r} " in refusal(json.dumps([{"text": "x", "metadata": {"id": record_id}}]))


def test_an_id_that_is_a_path_is_refused_in_our_own_layout() -> None:
    assert "the id '../x' is a path" in refusal(render_file([chunk("../x")]))


def test_two_memories_of_one_id_are_refused() -> None:
    assert "two memories have the id 'a'" in refusal(render_file([chunk("a"), chunk("b"), chunk("a", "y")]))


def test_more_memories_than_anybody_has_are_refused() -> None:
    assert "more than 100000" in refusal("[" + ",".join(f'{{"text":"{number}"}}' for number in range(100_001)) + "]")


# --- records ----------------------------------------------------------------------------------------------------------


def test_a_chunk_of_ours_is_the_record_it_was_made_of() -> None:
    assert STORE.parse("a", chunk("a")) == Record(
        id="a", text="[JOURNAL DE BORD] T: x", tags=("t",), date="2025-04-05T14:30:00.000Z"
    )


def test_a_date_is_read_in_any_form_of_iso_8601() -> None:
    data = b'{"text": "x", "metadata": {"date": "2025-04-05T16:30:00+02:00"}}'
    assert STORE.parse("a", data).date == "2025-04-05T14:30:00.000Z"


@pytest.mark.parametrize("metadata", ['{"tags": "a"}', '{"tags": [1]}', '{"date": "soon"}', '{"date": 3}'])
def test_a_record_of_another_shape_is_refused(metadata: str) -> None:
    with pytest.raises(ShapeError):
        STORE.parse("a", f'{{"text": "x", "metadata": {metadata}}}'.encode())


def test_a_control_character_that_is_new_is_not_put() -> None:
    entry = created(text="x\ny")
    record = Record(id=entry.id, text="[JOURNAL DE BORD] x: \x1b[2J", date=get(entry, View()).date)
    with pytest.raises(ProjectionError, match=r"U\+001B"):
        STORE.put(record, entry)


# --- new entries ------------------------------------------------------------------------------------------------------


def test_a_memory_in_our_form_becomes_the_entry_it_could_come_from() -> None:
    made = STORE.create("2025-04-05-a", chunk("2025-04-05-a", "[JOURNAL DE BORD] Title: so: Body.\n\nMore."))
    assert (made.stem, made.text) == (
        "2025-04-05-a",
        "---\ndate: 2025-04-05\nheure: 14-30\ntitle: Title\ntags: [t]\n---\n\nso: Body.\n\nMore.\n",
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Prefers pnpm. Never npm.", "Prefers pnpm"),
        ("## Heading\n\nText.", "Heading"),
        ("- **item**", "item"),
        ("one\ntwo", "one"),
        ("word " * 30, ("word " * 15).strip() + "…"),
        ("[JOURNAL DE BORD] no colon", "no colon"),
        ("---", "---"),
        ("# A\n# B", "# A # B"),
    ],
)
def test_a_memory_in_another_form_gets_its_first_words_as_title(text: str, title: str) -> None:
    assert created(text=text).title == title


def test_a_memory_in_another_form_is_the_body() -> None:
    assert created(text="\nfirst line\nand more  ").body == "\nfirst line\nand more\n"


@pytest.mark.parametrize("key", ["sha256:0011", "Été 1", "A", "readme", "con", "a b"])
def test_an_id_that_is_no_good_file_name_is_written_into_the_entry(key: str) -> None:
    entry = created(text="x", key=key)
    assert (entry.id, entry.front["id"]) == (key, key)


def test_ids_that_differ_by_case_alone_get_different_files() -> None:
    stems = [STORE.create(key, b'{"text": "x"}').stem for key in ("a", "A")]
    assert stems == ["a", "x-559aead0"]


def test_a_memory_without_a_date_gets_none_from_its_name() -> None:
    assert created(text="x", key="2025-04-05-14-30-x").moment is None


def test_control_characters_make_no_entry() -> None:
    with pytest.raises(ProjectionError, match=r"U\+0007"):
        created(text="\x07")


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_new_record_is_written_as_the_export_writes_it() -> None:
    record = Record(id="a", text="[JOURNAL DE BORD] T: x")
    assert STORE.render(record, None, SOURCE) == render_memory(
        Memory(record=record, source=SOURCE.path, source_blob=BLOB)
    )


def test_a_record_that_is_there_already_keeps_its_bytes() -> None:
    present = json.dumps({"metadata": OWN | {"source": SOURCE.path, "mine": 1}, "text": "x"}).encode()
    assert STORE.render(STORE.parse("a", present), present, SOURCE) is present


def test_another_version_of_the_entry_is_written_even_where_the_record_is_the_same() -> None:
    other = Source(path=SOURCE.path, blob="f" * 40)
    before = STORE.render(Record(id="a", text="x"), None, SOURCE)
    assert json.loads(STORE.render(Record(id="a", text="x"), before, other))["metadata"]["source_blob"] == "f" * 40


def test_keys_that_are_not_ours_stay_behind_ours() -> None:
    present = json.dumps({"z": 1.0, "text": "x", "metadata": {"theme": "t", "id": "a"}, "b": None}).encode()
    rendered = json.loads(STORE.render(Record(id="a", text="y"), present, SOURCE))
    assert (list(rendered), list(rendered["metadata"])) == (
        ["text", "metadata", "z", "b"],
        ["id", "source", "tags", "source_blob", "theme"],
    )


# --- joining ----------------------------------------------------------------------------------------------------------


def test_a_file_of_ours_alone_is_what_the_export_writes() -> None:
    files = {FILE: render_file([chunk("b"), chunk("d")])}
    joined = STORE.join(files, {"a": chunk("a"), "c": chunk("c"), "d": None})
    assert joined == {FILE: render_file([chunk("a"), chunk("b"), chunk("c")])}


def test_sources_are_ordered_by_their_bytes() -> None:
    paths = ["a b.md", "a-b.md", "a.md", "aé.md", "a\U0001f600.md", "a\uffff.md"]
    changes = {str(number): chunk(str(number), path=path) for number, path in enumerate(paths)}
    joined = STORE.join({}, changes)[FILE] or b""
    assert [one["metadata"]["source"] for one in json.loads(joined)] == sorted(paths, key=str.encode)


def test_a_foreign_memory_stays_behind_the_one_it_stood_behind() -> None:
    files = {FILE: json.dumps([{"text": "0"}, *json.loads(render_file([chunk("b")])), {"text": "1"}]).encode()}
    joined = STORE.join(files, {"a": chunk("a"), "c": chunk("c")})[FILE] or b""
    assert [one.get("metadata", {}).get("id", one["text"]) for one in json.loads(joined)] == ["0", "a", "b", "1", "c"]


def test_the_last_memory_leaves_an_empty_list() -> None:
    assert STORE.join({FILE: render_file([chunk("a")])}, {"a": None}) == {FILE: EMPTY_FILE}


def test_a_missing_file_is_made_with_the_first_memory() -> None:
    assert STORE.join({}, {"a": chunk("a")}) == {FILE: render_file([chunk("a")])}


@pytest.mark.parametrize("changes", [{}, {"x": None}])
def test_nothing_to_do_makes_no_file(changes: dict[str, bytes | None]) -> None:
    assert STORE.join({}, changes) == {}


def test_ours_is_told_by_the_prefix() -> None:
    assert [STORE.is_ours(text) for text in ("[JOURNAL DE BORD] T: x", "x")] == [True, False]
