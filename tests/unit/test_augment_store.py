"""Augment's memories as JSON."""

from __future__ import annotations

import json

import pytest

from sync.document.fault import Fault
from sync.document.record import Memory, Record, content_hash
from sync.stores.augment import EMPTY_FILE, Foreign, parse_file, render_file, render_memory

BLOB = "0123456789abcdef0123456789abcdef01234567"


def memory(text: str = "[JOURNAL DE BORD] T: x", *, date: str = "2025-04-05T14:30:00.000Z") -> Memory:
    record = Record(id="e", text=text, tags=("a", "été"), date=date)
    return Memory(record=record, source="journal/entries/e.md", source_blob=BLOB)


def texts_of(data: str) -> list[str]:
    return [one.text for one in parse_file("x.json", data.encode())[0]]


def fault_of(data: bytes) -> Fault:
    found, (fault,) = parse_file("x.json", data)
    assert found == []
    return fault


# --- writing --------------------------------------------------------------------------------------------------------


def test_a_memory_is_written_with_keys_that_never_change_their_order() -> None:
    assert render_file([render_memory(memory())]).decode() == (
        "[\n"
        "  {\n"
        '    "text": "[JOURNAL DE BORD] T: x",\n'
        '    "metadata": {\n'
        '      "id": "e",\n'
        '      "source": "journal/entries/e.md",\n'
        '      "tags": ["a", "été"],\n'
        '      "date": "2025-04-05T14:30:00.000Z",\n'
        f'      "source_blob": "{BLOB}"\n'
        "    }\n"
        "  }\n"
        "]\n"
    )


def test_a_memory_without_a_date_has_no_date() -> None:
    assert "date" not in json.loads(render_memory(memory(date="")))["metadata"]


def test_a_file_of_no_memories_is_an_empty_list() -> None:
    assert render_file([]) == EMPTY_FILE == b"[]\n"


def test_memories_are_separated_by_a_comma() -> None:
    assert render_file([b"1", b"2", b"3"]) == b"[\n1,\n2,\n3\n]\n"


@pytest.mark.parametrize("text", ['say "x"', "C:\\Users", "a\nb\r\nc\td", "\x00\x1f", "\u2028\x7f", "😀", "</script>"])
def test_every_text_is_read_back(text: str) -> None:
    assert json.loads(render_file([render_memory(memory(text))]))[0]["text"] == text


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        pytest.param('[{"text": "a"}, {"text": "b"}]', ["a", "b"], id="list"),
        pytest.param('["a", "b"]', ["a", "b"], id="texts"),
        pytest.param('{"text": "a"}', ["a"], id="single"),
        pytest.param('{"memories": [{"text": "a"}]}', ["a"], id="envelope"),
        pytest.param('{"version": 1, "results": [{"memory": "a"}]}', ["a"], id="mem0"),
        pytest.param('{"data": ["a"]}', ["a"], id="data"),
        pytest.param('{"items": ["a"], "entries": ["b"]}', ["a", "b"], id="two-envelopes"),
        pytest.param('[{"content": "a"}, {"observation": "b"}]', ["a", "b"], id="other-names-of-the-text"),
        pytest.param('[{"content": "b", "text": "a"}]', ["a\n\nb"], id="a-memory-that-says-two-things"),
        pytest.param(
            '{"content": "of 2025", "memories": [{"text": "a"}]}',
            ["of 2025", "a"],
            id="an-envelope-that-says-something",
        ),
        pytest.param('[{"text": 1, "content": "a"}]', ["a"], id="what-is-no-text-is-passed-over"),
        pytest.param('{"text": "Buy", "items": ["milk"]}', ["Buy"], id="a-memory-that-has-a-list"),
        pytest.param("[]", [], id="empty"),
        pytest.param('{"memories": []}', [], id="empty-envelope"),
        pytest.param('\ufeff["a"]', ["a"], id="bom"),
        pytest.param('["a\\nb", " c "]', ["a\nb", " c "], id="as-written"),
    ],
)
def test_a_list_a_memory_or_an_envelope_is_read(data: str, texts: list[str]) -> None:
    assert texts_of(data) == texts


def test_a_foreign_memory_knows_where_it_stands_and_what_is_said_of_it() -> None:
    data = b'["x", {"text": "a", "id": 7, "importance": 1, "metadata": {"tags": ["t"]}}]'
    assert parse_file("x.json", data)[0][1] == Foreign(
        file="x.json", index=1, text="a", id="7", metadata={"id": 7, "importance": 1, "tags": ["t"]}
    )


@pytest.mark.parametrize(
    ("item", "own"),
    [
        ('{"text": "a", "id": "x"}', "x"),
        ('{"text": "a", "uuid": "u"}', "u"),
        ('{"text": "a", "metadata": {"id": "m"}}', "m"),
        ('{"text": "a", "id": 12}', "12"),
        ('{"text": "a", "id": true}', ""),
        ('{"text": "a", "id": {"b": 1}}', ""),
        ('{"text": "a", "id": null}', ""),
        ('{"text": "a"}', ""),
        ('"a"', ""),
    ],
)
def test_the_id_is_what_the_store_calls_the_memory(item: str, own: str) -> None:
    assert parse_file("x.json", f"[{item}]".encode())[0][0].id == own


@pytest.mark.parametrize("item", ['{"text": "a", "note": "b"}', '{"text": "a", "metadata": "b"}'])
def test_everything_else_that_is_said_of_a_memory_is_kept(item: str) -> None:
    assert "b" in parse_file("x.json", f"[{item}]".encode())[0][0].metadata.values()


def test_a_foreign_memory_has_the_hash_of_its_text() -> None:
    assert parse_file("x.json", b'[{"text": "a\\r\\nb"}]')[0][0].hash == content_hash("a\nb")


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        pytest.param(b"", (1, 1), "not JSON", id="empty"),
        pytest.param(b'[\n  {"text": }\n]', (2, 12), "not JSON", id="syntax"),
        pytest.param(b'["\xe9"]', (1, 1), "not UTF-8 at byte 2", id="latin-1"),
        pytest.param(b"[NaN]", (1, 1), "not JSON: NaN is not a JSON value", id="nan"),
        pytest.param(b"[" * 100_000, (1, 1), "not JSON", id="nested-too-deeply"),
        pytest.param(b"[" + b"1" * 5_000 + b"]", (1, 1), "not JSON", id="number-of-thousands-of-digits"),
        pytest.param(b'{"a": 1}', (1, 1), "not a list of memories", id="object"),
        pytest.param(b'"a"', (1, 1), "not a list of memories", id="text"),
        pytest.param(b"null", (1, 1), "not a list of memories", id="null"),
    ],
)
def test_a_file_that_cannot_be_understood_is_a_fault_by_name(data: bytes, where: tuple[int, int], message: str) -> None:
    fault = fault_of(data)
    assert (fault.path, (fault.line, fault.column), fault.message[: len(message)]) == ("x.json", where, message)


def test_a_file_without_memories_says_what_was_expected() -> None:
    assert fault_of(b"{}").hint == (
        "expected a list of memories, or an object with one under memories, results, items, data, entries"
    )


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("1", "not a memory"),
        ("null", "not a memory"),
        ("[]", "not a memory"),
        ("{}", "a memory without text"),
        ('{"text": ""}', "a memory without text"),
        ('{"text": " \\n"}', "a memory without text"),
        ('{"text": 5}', "a memory without text"),
        ('{"text": "a\\u0000"}', "holds the character U+0000"),
        ('{"text": "\\u001b[31m"}', "holds the character U+001B"),
        ('{"text": "\\u007f"}', "holds the character U+007F"),
        ('{"text": "\\ud83d"}', "holds the character U+D83D"),
    ],
)
def test_a_memory_that_cannot_be_taken_is_a_fault_and_hides_no_other(item: str, message: str) -> None:
    found, faults = parse_file("x.json", f'["before", {item}, "after"]'.encode())
    assert ([one.text for one in found], [(one.key, one.message) for one in faults]) == (
        ["before", "after"],
        [("[1]", message)],
    )


@pytest.mark.parametrize(
    "text", ["C:\\Users\\g<1>", "---\na: 1\n---", "<script>", "../../etc/passwd", "\t\r\n x", "{title}", "\\1", "😀"]
)
def test_text_from_a_store_is_data(text: str) -> None:
    assert texts_of(json.dumps([text])) == [text]


def test_a_line_of_ten_megabytes_is_a_memory_like_any_other() -> None:
    assert len(texts_of(json.dumps(["x" * 10_000_000]))[0]) == 10_000_000
