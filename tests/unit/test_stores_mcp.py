"""The adapter of the MCP memory server's graph."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.templates import ENGLISH
from sync.document.view import View
from sync.errors import ProjectionError, ShapeError
from sync.stores.mcp import FILE, McpStore
from sync.stores.mcp_lines import McpRecord
from sync.stores.protocol import Source

STORE = McpStore(View())
SOURCE = Source(path="journal/entries/ada.md", blob="0" * 40)


def entity(name: str, *observations: str, kind: str = "person", **other: Any) -> str:
    value = {"type": "entity", "name": name, "entityType": kind, "observations": list(observations), **other}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def relation(start: str, kind: str, end: str) -> str:
    value = {"type": "relation", "from": start, "to": end, "relationType": kind}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def split(*lines: str) -> dict[str, bytes]:
    return dict(STORE.split({"m.jsonl": "\n".join(lines).encode()}))


def record(*observations: str, name: str = "ada", kind: str = "person", relations: Any = ()) -> McpRecord:
    return McpRecord(name=name, type=kind, observations=observations, relations=tuple(relations))


def entry_of(text: str, stem: str = "ada") -> Entry:
    entry = parse_entry(f"journal/entries/{stem}.md", text)
    assert isinstance(entry, Entry), entry
    return entry


def joined(lines: list[str], changes: dict[str, str | None], end: str = "") -> list[str]:
    data = "\n".join(lines) + end
    bytes_of = {key: chunk.encode() if chunk is not None else None for key, chunk in changes.items()}
    return (STORE.join({"m.jsonl": data.encode()}, bytes_of)["m.jsonl"] or b"").decode().split("\n")


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_record_is_an_entity_and_the_relations_that_start_at_it() -> None:
    ada, bob, likes, uses = (
        entity("ada", "x"),
        entity("bob"),
        relation("ada", "likes", "bob"),
        relation("no", "u", "ada"),
    )
    assert split(bob, likes, "", ada, uses) == {"bob": bob.encode(), "ada": f"{ada}\n{likes}".encode()}


@pytest.mark.parametrize("files", [{}, {FILE: b""}, {FILE: b"\n\n"}])
def test_a_file_that_was_never_written_has_no_records(files: dict[str, bytes]) -> None:
    assert STORE.split(files) == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"type":"entity","na', r"m\.jsonl:2:\d+: not JSON"),
        ("[]", r"m\.jsonl:2:1: neither an entity nor a relation"),
        ('{"type":"thing"}', "neither an entity nor a relation"),
        ('{"type":["entity"]}', "neither an entity nor a relation"),
        ('{"type":"entity","name":1,"entityType":"t","observations":[]}', "name is missing, or is not text"),
        ('{"type":"entity","name":"a","entityType":"t"}', "observations are missing"),
        ('{"type":"entity","name":"a","entityType":"t","observations":[1]}', "observations are missing"),
        ('{"type":"relation","from":"a","to":"b"}', "relationType is missing"),
        (relation("a", "b: c", "d"), "the relation type 'b: c' holds ': '"),
        (entity("first"), "m.jsonl:2:1: a second entity has the name 'first'"),
        (entity("x", "\\ud800").replace("\\\\", "\\"), "half a character"),
        ('{"type":"entity","type":"entity"}', "written twice"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_by_its_place(line: str, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        split(entity("first"), line)


@pytest.mark.parametrize("name", ["", " ", "/etc", "~x", ".x", "a/../b", "a\\b", "a\nb", "\x7f"])
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(ShapeError):
        split(entity(name))


def test_a_name_with_a_plain_slash_is_a_name() -> None:
    assert list(split(entity("org/repo"))) == ["org/repo"]


@pytest.mark.parametrize(
    "files",
    [{"a.jsonl": b"", "b.jsonl": b""}, {"a.jsonl": b"\xff"}, {"a.json": b'{\n"type": "entity"\n}'}],
    ids=["two-files", "not-utf-8", "one-value-over-several-lines"],
)
def test_what_is_not_a_file_of_lines_is_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(ShapeError):
        STORE.split(files)


def test_a_file_of_lines_is_part_of_the_store() -> None:
    assert [name for name in ("a.jsonl", "memory.json", "a.md") if STORE.is_part(name)] == ["a.jsonl", "memory.json"]


# --- records ----------------------------------------------------------------------------------------------------------


def test_a_chunk_says_type_observations_and_relations() -> None:
    (chunk,) = split(entity("ada", "b", "a\r\nc"), relation("ada", "uses", "x"), relation("ada", "uses", "x")).values()
    assert STORE.parse("ada", chunk) == record("b", "a\nc", relations=[("uses", "x"), ("uses", "x")])


def test_an_entity_without_a_type_has_the_default_one() -> None:
    assert STORE.parse("ada", entity("ada", kind=" ").encode()).type == "journal-entry"


def test_a_new_record_is_written_as_the_server_writes_it() -> None:
    assert STORE.render(record("é"), None, SOURCE).decode() == (
        '{"type":"entity","name":"ada","entityType":"person","observations":["é"]}'
    )


def test_keys_of_others_and_unchanged_lines_stay() -> None:
    line = relation("ada", "uses", "x").replace(",", ", ")
    present = entity("ada", "a", "b\r\nc", mine=1.50) + "\n" + line + "\n" + relation("ada", "likes", "y")
    rendered = STORE.render(record("b\nc", "d", relations=[("uses", "x"), ("has", "z")]), present.encode(), SOURCE)
    assert rendered.decode().split("\n") == [entity("ada", "b\r\nc", "d", mine=1.5), line, relation("ada", "has", "z")]


@pytest.mark.parametrize("wrong", [record(name="../x"), record(relations=[("a: b", "c")]), record("\r")])
def test_a_record_that_the_graph_cannot_hold_is_refused(wrong: McpRecord) -> None:
    with pytest.raises(ProjectionError):
        STORE.render(wrong, None, SOURCE)


# --- entries ----------------------------------------------------------------------------------------------------------

ENTRY = (
    "---\ntitle: Ada\ntype: person\nrelations:\n- 'uses: x'\n- likes: y # why\n---\n\n# Ada\n\nBorn 1815.\n\n- a\n  b\n"
)


def test_an_entry_is_shown_as_an_entity() -> None:
    assert STORE.get(entry_of(ENTRY)) == record("Born 1815.", "a\nb", relations=[("uses", "x"), ("likes", "y")])


@pytest.mark.parametrize(("front", "name"), [("name: Ada L", "Ada L"), ("name: ' '", "ada"), ("name: 3", "ada")])
def test_the_name_is_that_of_the_front_matter_or_the_id(front: str, name: str) -> None:
    assert STORE.key(entry_of(f"---\n{front}\n---\n")) == name


def test_a_template_that_nobody_filled_in_has_no_observations() -> None:
    assert STORE.get(entry_of(f"---\ntitle: T\n---\n\n{ENGLISH.replace('{title}', 'T')}")).observations == ()


def test_a_template_that_gets_an_observation_keeps_its_title_alone() -> None:
    entry = entry_of(f"---\ntitle: T\n---\n\n{ENGLISH.replace('{title}', 'T')}")
    assert STORE.put(record("a", kind="journal-entry"), entry).body == "\n# T\n\n- a\n"


def test_equal_observations_keep_their_bytes_and_their_place() -> None:
    wanted = record("Born 1815.", "new\nlines", "a\nb", relations=[("uses", "x"), ("likes", "y")])
    assert STORE.put(wanted, entry_of(ENTRY)).text == ENTRY.replace("- a\n", "- new\n  lines\n- a\n")


def test_relations_and_type_are_put_into_the_front_matter() -> None:
    entry = entry_of("---\ntitle: Ada\n---\n\n- a\n")
    assert STORE.put(record("a", relations=[("uses", "x")]), entry).text == (
        '---\ntitle: Ada\ntype: person\nrelations: ["uses: x"]\n---\n\n- a\n'
    )


def test_the_last_relation_takes_its_key_with_it() -> None:
    entry = entry_of("---\ntype: person\nrelations: ['a: b']\n---\n")
    assert STORE.put(record(), entry).text == "---\ntype: person\n---\n"


def test_relations_of_another_form_are_none_and_are_never_overwritten() -> None:
    entry = entry_of("---\ntype: person\nrelations: friends\n---\n")
    assert STORE.get(entry) == record()
    with pytest.raises(ProjectionError, match="relations"):
        STORE.put(record(relations=[("uses", "x")]), entry)


def test_an_observation_does_not_change_the_title() -> None:
    entry = entry_of("text\n\n## Ada\n")
    assert STORE.put(record("a\n# b", "text", kind="journal-entry"), entry).title == "Ada"


@pytest.mark.parametrize("wrong", [record("a", name="other"), record("a\rb"), record("\x1b"), record(kind="")])
def test_a_record_that_the_entry_cannot_hold_is_refused(wrong: McpRecord) -> None:
    with pytest.raises(ProjectionError):
        STORE.put(wrong, entry_of(ENTRY))


def test_an_entity_becomes_an_entry() -> None:
    chunk = f"{entity('Ada L', 'a', 'b')}\n{relation('Ada L', 'uses', 'x')}".encode()
    made = STORE.create("Ada L", chunk)
    assert (made.stem, made.text) == (
        "ada-l-7d981b26",
        '---\nname: Ada L\ntitle: Ada L\ntype: person\nrelations: ["uses: x"]\n---\n\n- a\n- b\n',
    )


def test_a_name_that_is_a_good_file_name_is_the_file_name() -> None:
    assert STORE.create("ada-l", entity("ada-l", kind="journal-entry").encode()).text == "---\ntitle: ada-l\n---\n"


def test_no_two_names_share_a_file() -> None:
    names = ["ada l", "Ada L", "ada-l", "Ada-l", "ada  l", "Ada L "]
    stems = {STORE.create(name, entity(name).encode()).stem for name in names}
    assert len(stems) == len(names)


# --- joining ----------------------------------------------------------------------------------------------------------

ADA, BOB, LIKES, LOST = entity("ada", "x"), entity("bob"), relation("ada", "likes", "bob"), relation("no", "u", "v")


def test_a_new_entity_stands_behind_the_last_one_and_its_relations_at_the_end() -> None:
    new, uses = entity("new"), relation("new", "uses", "x")
    assert joined([ADA, BOB, LIKES], {"new": f"{new}\n{uses}"}) == [ADA, BOB, new, LIKES, uses]


def test_a_changed_entity_stays_in_its_place() -> None:
    changed = entity("ada", "y")
    assert joined([LOST, ADA, "", LIKES, BOB], {"ada": f"{changed}\n{LIKES}"}) == [LOST, changed, "", LIKES, BOB]


def test_a_removed_entity_takes_its_relations_and_no_others() -> None:
    assert joined([LOST, ADA, "", LIKES, BOB], {"ada": None}) == [LOST, "", BOB]


def test_relations_take_the_lines_of_those_they_replace() -> None:
    other = relation("ada", "knows", "bob")
    assert joined([ADA, LIKES, BOB], {"ada": f"{ADA}\n{other}"}) == [ADA, other, BOB]


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_end_of_the_file_stays_as_it_is(end: str) -> None:
    assert joined([ADA], {"bob": BOB}, end) == [ADA, BOB, *("" for _ in end)]


def test_a_file_of_crlf_lines_keeps_them() -> None:
    assert joined([f"{ADA}\r"], {"bob": BOB}, "\n") == [f"{ADA}\r", f"{BOB}\r", ""]


def test_a_missing_file_is_made() -> None:
    assert STORE.join({}, {"bob": BOB.encode()}) == {FILE: BOB.encode()}


@pytest.mark.parametrize("changes", [{}, {"ada": ADA.encode()}, {"x": None}])
def test_nothing_changed_means_that_the_file_stays(changes: dict[str, bytes | None]) -> None:
    assert STORE.join({FILE: ADA.encode()}, changes) == {}
