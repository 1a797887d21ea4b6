"""Laws of the adapter between memories and entries: any value comes back byte for byte, whatever it looks like."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync.document.entry import Entry, parse_entry
from sync.document.fault import Fault
from sync.document.naming import skip_reason
from sync.stores.protocol import Source
from sync.taskmaster.long_term.record import (
    MemoryRecord,
    chunk_of,
    memory_of,
    record_of,
    record_of_chunk,
    store_key,
)
from sync.taskmaster.long_term.store import MemoryStore, memory_id, read_memory, render_entry
from sync.taskmaster.memory import Kind, Memory, encode_value

MANY = settings(max_examples=300)
SOME = settings(max_examples=100)
STORE = MemoryStore()
SOURCE = Source(path="journal/entries/m.md", blob="0123456789abcdef0123456789abcdef01234567")
CONTEXTS = (
    "taskmaster:global", "taskmaster:wedding:42", "taskmaster:wedding:42:module:budget",
    "taskmaster:wedding:été 7:module:guests:function:seating",
)  # fmt: skip

texts = st.text(st.characters(codec="utf-8"), max_size=60)
free_keys = texts.filter(lambda key: not key.startswith("_"))  # the others are this program's, and refused
LINES = (
    "", "", " ", "---", "...", "+++", "```", "```json", "```base64", "~~~", "# A title", "- one", "title: x", "key: y",
    "context: z", "a: b", "**Date**: 08/04/2025", "<<<<<<< ours", "\ufeff", "\u2028", "\u0085", "\u00a0", "\x00",
    "\x1b",
    "  indented", "x  ", "…", "日本 😀", "\r", "object: sha256:0", "{}", "[1, 2]", "\\", "'", '"',
)  # fmt: skip
markdown = st.one_of(
    st.builds(
        lambda lines, end, last: end.join(lines) + last,
        st.lists(st.sampled_from(LINES), max_size=8),
        st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
        st.sampled_from(["", "\n", "\r\n", "\r", "\n\n", " "]),
    ),
    texts,
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.integers(min_value=10**20), texts,
        st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["```", "\x7f", "\u2028", "no", "1.10", ""]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)  # fmt: skip
contents = st.one_of(markdown, values.filter(lambda value: not isinstance(value, str)), st.binary(max_size=200))
keys = st.one_of(
    st.sampled_from(["budget_total", "no", "42", "1.10", "null", "true", "~", "a: b", "../../etc/passwd", " x ", "#k",
                     "2025-04-05", "README", "- k", "'", '"', "{a}", "[a]", "key",
                     "été", "\u200d".join("ab"), "&a", "*a"]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
).filter(lambda key: key.isprintable() and bool(key.strip()))  # fmt: skip
times = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 (as the strategy takes it)
    max_value=datetime(2400, 1, 1),  # noqa: DTZ001 (as the strategy takes it)
    timezones=st.just(UTC),
)
words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=12)


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    kind, data = encode_value(draw(contents))
    created = draw(times)
    return Memory(
        context=draw(st.sampled_from(CONTEXTS)), key=draw(keys), kind=kind, data=data,
        importance=draw(st.one_of(st.sampled_from([0.0, 0.5, 0.7, 1.0]), st.floats(0, 1))), created=created,
        updated=created + draw(st.timedeltas(timedelta(), timedelta(days=900))), type=draw(words),
        expires=draw(st.one_of(st.none(), times)), retention=draw(st.sampled_from(["", "2y", "permanent", "90d"])),
        metadata=draw(st.one_of(st.just({}), st.dictionaries(free_keys, values, max_size=3))), version=3, writer="ada",
    )  # fmt: skip


FRONT = (
    ("context: taskmaster:wedding:42", 'context: "taskmaster:global"'),
    ("", "key: a key", "key: 42", "key: 'it''s'"), ("", "# a note", "extra: {a: 1}", "tags: [a, b]"),
    ("", "importance: 0.70", "importance: 1"), ("", "created: 2025-04-05", "created: 2025-04-05T14:30:00+02:00 # why"),
    ("", "metadata: {a: 1}", "metadata:\n  b: [x]\n", "metadata: words"), ("", "expires: 2026-01-01", "type: pricing"),
    ("", "title: A title", "id: an-id"),
)  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Entries of a person's own that are memories."""
    front = [line for group in FRONT if (line := draw(st.sampled_from(group)))]
    kind = draw(st.sampled_from(["", "json", "bytes"]))
    body = {"": draw(markdown), "json": "Some words\n\n```json\n[1, {}]\n```\nmore\n", "bytes": "```base64\nAAE=\n```"}[
        kind
    ]
    lines = ["---", *front, *([f"kind: {kind}"] if kind else []), "---"]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = draw(st.sampled_from(["", "\ufeff"])) + end.join(lines).replace("\n", end) + end + body.replace("\r\n", end)
    return read(text, f"{draw(st.sampled_from(['2025-04-05-a-note', 'note']))}.md")


def read(text: str, name: str = "m.md") -> Entry:
    entry = parse_entry(f"journal/entries/{name}", text)
    assert isinstance(entry, Entry), entry
    return entry


def created(record: MemoryRecord) -> Entry:
    made = STORE.create(store_key(record.id), chunk_of(record))
    return read(made.text, f"{made.stem}.md")


def everything(record: MemoryRecord) -> tuple[object, ...]:
    """All of a record, what two equal ones may differ in included."""
    return record, record.updated, record.data, record.is_object, record.size


@MANY
@given(memories())
def test_a_memory_comes_back_from_its_entry_byte_for_byte(memory: Memory) -> None:
    record = record_of(memory)
    found = STORE.get(created(record))
    assert everything(found) == everything(record)
    again = memory_of(found, version=memory.version, writer=memory.writer)
    if not record.is_object:
        assert (again, again.digest) == (memory, memory.digest)


@MANY
@given(memories(), memories())
def test_what_was_put_is_what_is_shown(one: Memory, other: Memory) -> None:
    entry = created(record_of(one))
    wanted = replace(record_of(other), context=one.context, key=one.key)
    assert STORE.get(STORE.put(wanted, entry)) == wanted


@MANY
@given(entries(), memories())
def test_what_was_put_is_shown_by_a_persons_entry_too_and_what_is_theirs_stays(entry: Entry, memory: Memory) -> None:
    present = STORE.get(entry)
    wanted = replace(record_of(memory), context=present.context, key=present.key)
    changed = STORE.put(wanted, entry)
    assert STORE.get(changed) == wanted
    assert changed.front.get("extra") == entry.front.get("extra")
    assert changed.tags == entry.tags or "tags" not in entry.front
    assert ("# a note" in changed.text) == ("# a note" in entry.text) or b"# a note" in wanted.data


@MANY
@given(st.one_of(entries(), memories().map(record_of).map(created)))
def test_nothing_changed_no_byte_changes(entry: Entry) -> None:
    assert STORE.put(STORE.get(entry), entry) is entry


@SOME
@given(entries(), markdown)
def test_only_the_value_of_an_entry_changes_where_only_the_value_did(entry: Entry, text: str) -> None:
    present = STORE.get(entry)
    kind, data = encode_value(text)
    memory = replace(memory_of(present), kind=kind, data=data, updated=present.updated)
    wanted = record_of(memory)
    if present.kind is Kind.MARKDOWN and not wanted.is_object and "created" in entry.front:
        assert STORE.put(wanted, entry).text[: entry.body_start] == entry.text[: entry.body_start]


@SOME
@given(memories())
def test_records_keep_what_they_say_as_bytes(memory: Memory) -> None:
    record = record_of(memory)
    assert everything(record_of_chunk(chunk_of(record))) == everything(record)
    assert STORE.render(record, chunk_of(record), SOURCE) == chunk_of(record)


@SOME
@given(st.lists(memories(), max_size=4, unique_by=lambda one: one.id), memories())
def test_the_files_of_the_store_change_where_records_do(present: list[Memory], new: Memory) -> None:
    chunks = {store_key(one.id): chunk_of(record_of(one)) for one in present}
    files = STORE.join({}, chunks)
    held = {name: data for name, data in files.items() if data is not None}
    assert dict(STORE.split(held)) == chunks
    assert STORE.join(held, {}) == {}
    assert STORE.join(held, chunks) == {}
    changed = STORE.join(held, {store_key(new.id): chunk_of(record_of(new))})
    after = {name: data for name, data in {**held, **changed}.items() if data is not None}
    assert STORE.count(after) == len({*chunks, store_key(new.id)})


@MANY
@given(memories())
def test_the_path_of_an_entry_is_plain_whatever_the_key_says(memory: Memory) -> None:
    stem = STORE.create(store_key(memory.id), chunk_of(record_of(memory))).stem
    assert re.fullmatch(r"memories/[a-z0-9-]{1,80}/[a-z0-9-]{1,90}", stem)
    assert skip_reason(f"{stem}.md") == ""


@SOME
@given(memories(), st.integers(0, 400), st.sampled_from(["", "x", "}", "```", '"', "\n", "kind: ", "=", "---\n"]))
def test_what_a_person_breaks_is_a_fault_with_its_place_and_never_an_exception(
    memory: Memory, at: int, inserted: str
) -> None:
    text = created(record_of(memory)).text
    entry = parse_entry("journal/entries/m.md", text[:at] + inserted + text[at + 1 :])
    if isinstance(entry, Entry):
        found = read_memory(entry)
        assert found is None or isinstance(found, MemoryRecord) or found.line >= 1


@example(["a", 1])
@given(values.filter(lambda value: isinstance(value, dict | list)))
@SOME
def test_json_can_be_read_in_a_pull_request(value: Any) -> None:
    kind, data = encode_value(value)
    moment = datetime(2025, 4, 5, tzinfo=UTC)
    memory = Memory(context=CONTEXTS[1], key="k", kind=kind, data=data, importance=0.7, created=moment, updated=moment)
    body = render_entry(record_of(memory), title="k").partition("---\n\n")[2]
    assert body.startswith("```json\n")
    inner = body.removeprefix("```json\n").removesuffix("\n```\n")
    assert json.loads(inner) == json.loads(data)
    assert len(inner.splitlines()) >= (len(value) if isinstance(value, list) else 1)


def test_a_persons_entry_needs_no_more_than_a_context() -> None:
    entry = read("---\ncontext: taskmaster:wedding:42\n---\n\nThe hall is booked.\n", "2025-04-05-the-hall.md")
    record = STORE.get(entry)
    assert (record.key, record.data, record.importance) == ("2025-04-05-the-hall", b"The hall is booked.", 0.5)
    zone = ZoneInfo("Europe/Paris")
    assert MemoryStore(zone).get(entry).created == datetime(2025, 4, 5, tzinfo=zone)


@pytest.mark.parametrize("written", ["", "context:", "context: some words about it", "context: [a]", "context: a:b:"])
def test_an_entry_whose_context_is_no_id_is_no_memory(written: str) -> None:
    assert memory_id(read(f"---\n{written}\nkey: k\n---\n\nText.\n")) is None


@pytest.mark.parametrize(
    ("written", "line", "column", "message"),
    [
        ('kind: json\n---\n\n```json\n{\n  "a" 1\n}\n```\n', 8, 7, "not JSON"),
        ('kind: json\n---\n\n```json\n{"a": 1, "a": 2}\n```\n', 7, 1, "twice"),
        ("kind: json\n---\n\n```json\nNaN\n```\n", 7, 1, "not a value"),
        ("kind: json\n---\n\nwords\n", 5, 1, "no block"),
        ("kind: json\n---\n\n```json\n1\n```\n\n```json\n2\n```\n", 10, 1, "2 blocks"),
        ("kind: json\n---\n\n```json\n1\n", 6, 1, "does not end"),
        ("kind: bytes\n---\n\n```base64\n!!\n```\n", 7, 1, "not base64"),
        ("kind: jsno\n---\n\ntext\n", 3, 7, "no kind of value"),
        ("object: sha256:12\n---\n\ntext\n", 3, 9, "names no object"),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_is(written: str, line: int, column: int, message: str) -> None:
    found = read_memory(read(f"---\ncontext: taskmaster:wedding:42\n{written}"))
    assert isinstance(found, Fault)
    assert (found.path, found.line, found.column) == ("journal/entries/m.md", line, column)
    assert message in found.message


@pytest.mark.parametrize("value", ["x" * 65_537, "a bell: \x07", b"\0" * 70_000, ["x" * 70_000]], ids=str)
def test_what_no_entry_can_hold_is_named_by_its_digest(value: Any) -> None:
    kind, data = encode_value(value)
    moment = datetime(2025, 4, 5, tzinfo=UTC)
    memory = Memory(context=CONTEXTS[1], key="k", kind=kind, data=data, importance=0.7, created=moment, updated=moment)
    record = record_of(memory)
    entry = created(record)
    assert entry.front["object"] == f"sha256:{record.content}"
    assert entry.front["size"] == len(data)
    assert len(entry.text) < 4_000
    assert "\x07" not in entry.text
