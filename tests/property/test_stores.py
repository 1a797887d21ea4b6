"""Laws of the store adapters: they hold for every entry and every record, or the adapter refuses by name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync.document.entry import Entry, parse_entry
from sync.document.projection import content
from sync.document.record import Record
from sync.document.templates import ENGLISH, FRENCH, is_empty
from sync.document.view import View
from sync.errors import ProjectionError, ShapeError
from sync.stores.augment import render_file
from sync.stores.augment_store import FILE, AugmentStore
from sync.stores.claude import INDEX, ClaudeStore
from sync.stores.claude_file import TYPES, ClaudeRecord
from sync.stores.mcp import McpStore
from sync.stores.mcp_lines import McpRecord
from sync.stores.protocol import Source, Store

MANY = settings(max_examples=120)
SOME = settings(max_examples=60)

SOURCE = Source(path="journal/entries/e.md", blob="0123456789abcdef0123456789abcdef01234567")

# --- entries as real journals hold them -------------------------------------------------------------------------------

views = st.builds(
    View,
    prefix=st.sampled_from(["[JOURNAL DE BORD]", "J", "[a] b:"]),
    zone=st.sampled_from([UTC, ZoneInfo("Europe/Paris")]),
)
texts = st.text(st.characters(codec="utf-8"), max_size=40)
LINES = (
    "", "", " ", "a", "a fact", "été à Noël", "# A title", "# x", "## Part", "- one", "- two: so", "* star", "+ plus",
    "-", "- ", "--", "---", "***", "___", "===", "```", "~~~~", "```python", "  indented", "    code", "\ttab",
    "  - nested", "  continued", "1. one", "1) two", "10. ten", "> quote", "a: b", "**Date**: 08/04/2025",
    "**Tags**: #x", "<b>", "| a | b |", "+++", "[[other]]", "\u2028", "\u00a0", "\ufeff", "x  ", "日本", "😀", "\\",
    '"', "'", "[ ] todo", "- [ ] todo", "#tag", "#", "-x",
)  # fmt: skip
bodies = st.one_of(
    st.lists(st.sampled_from(LINES), max_size=8).map("\n".join),
    st.sampled_from([FRENCH, ENGLISH, "", "\n", "\n\n  indented\n\n", "- Pour: \n"]),
    texts,
)
FRONT = (
    ("", "title: A title", "title: 'it''s: so'", "title: 1.10"),
    ("", "date: 2025-04-05", "date: 2025-04-05\nheure: 14-30", "date: 2025-10-26T02:30:00+01:00"),
    ("", "tags: [a, 'b c']", "tags:\n  - a\n  - b # why", "tags:"),
    ("", "type: feedback", "type: person", "type: 3", "type:", "type: [a]"),
    ("", "name: A name", "name: ''", "name: [x]"),
    ("", "relations: ['uses: B']", "relations:\n- 'uses: B'\n- likes: C # why", "relations: none", "relations: []"),
    ("", "id: an-id"),
    ("", "# a note", "extra: {a: 1}", "metadata: \n  type: user"),
)  # fmt: skip
PATHS = ("journal/entries/2025-04-05-14-30-a-title.md", "journal/entries/a-title.md", "notes.md")


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """With and without front matter, BOM and templates, of every line ending."""
    lines = [line for group in FRONT if (line := draw(st.sampled_from(group)))]
    body = draw(bodies)
    text = "\n".join(["---", *lines, "---", body]) if draw(st.booleans()) else body
    text = draw(st.sampled_from(["", "", "\ufeff"])) + text.replace(
        "\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    )
    entry = parse_entry(draw(st.sampled_from(PATHS)), text)
    assume(isinstance(entry, Entry))
    assert isinstance(entry, Entry)
    return entry


def read(created_stem: str, text: str) -> Entry:
    entry = parse_entry(f"journal/entries/{created_stem}.md", text)
    assert isinstance(entry, Entry), entry
    return entry


ordinary_words = st.lists(st.from_regex(r"[A-Za-zé][a-zé0-9]{0,7}", fullmatch=True), min_size=1, max_size=5).map(
    " ".join
)
ordinary_bodies = st.lists(
    st.one_of(
        ordinary_words,
        ordinary_words.map("## {}".format),
        st.lists(ordinary_words, min_size=1, max_size=3).map(lambda items: "\n".join(f"- {item}" for item in items)),
        ordinary_words.map("```\n{}\n```".format),
    ),
    min_size=1,
    max_size=4,
).map("\n\n".join).filter(content)  # fmt: skip


def put_or_refused(store: Store[Any], record: Any, entry: Entry) -> Any:
    """What is shown of a record that was put; the record where it is refused by name, with nothing written."""
    try:
        return store.get(store.put(record, entry))
    except ProjectionError:
        return record


def holds_control_characters(*parts: str) -> bool:
    return re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", "".join(parts)) is not None


# --- Augment ----------------------------------------------------------------------------------------------------------

augment_records = st.builds(
    Record,
    id=st.just("e"),
    text=st.one_of(
        st.builds("[JOURNAL DE BORD] {}: {}".format, ordinary_words, bodies.map(content)).map(str.rstrip),
        bodies.filter(str.strip).map(lambda text: text.rstrip(" \t\r\n")).filter(str.strip),
    ),
    tags=st.lists(texts, max_size=3).map(tuple),
    date=st.sampled_from(["", "2025-04-05", "2025-04-05T14:30:00.000Z", "2025-10-26T00:30:12.500Z"]),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=5,
)
foreign_keys = st.dictionaries(texts.map("x-{}".format), values, max_size=3)


@st.composite
def augment_items(draw: st.DrawFn) -> dict[str, Any]:
    """Memories as assistants write them: with and without an id, tags, and keys of their own."""
    metadata = draw(foreign_keys)
    if draw(st.booleans()):
        metadata |= {"id": draw(st.sampled_from("abcdefgh")) + draw(ordinary_words)}
    if draw(st.booleans()):
        metadata |= {"tags": ["a"], "source": draw(st.sampled_from(["b.md", "a.md"])), "source_blob": "0"}
    item = {"text": draw(texts.filter(str.strip))} | draw(foreign_keys)
    return item | ({"metadata": metadata} if draw(st.booleans()) else {})


augment_files = st.builds(
    lambda items, indent, ascii_only: json.dumps(items, indent=indent, ensure_ascii=ascii_only).encode(),
    st.lists(augment_items(), max_size=5),
    st.sampled_from([None, 2, 4]),
    st.booleans(),
)


def split_or_assume(store: Store[Any], files: Mapping[str, bytes]) -> dict[str, bytes]:
    try:
        return dict(store.split(files))
    except ShapeError as error:
        assume("two memories" not in str(error))
        raise


@MANY
@given(entries(), views)
def test_augment_putting_back_what_was_got_changes_no_byte(entry: Entry, view: View) -> None:
    store = AugmentStore(view)
    assert store.put(store.get(entry), entry) == entry


@MANY
@given(entries(), augment_records)
def test_augment_a_record_that_is_put_is_shown_or_refused(entry: Entry, record: Record) -> None:
    wanted = replace(record, id=entry.id)
    assert put_or_refused(AugmentStore(View()), wanted, entry) == wanted


@MANY
@given(entries(), ordinary_words, ordinary_bodies)
def test_augment_an_ordinary_record_can_be_put_into_every_entry(entry: Entry, title: str, body: str) -> None:
    store = AugmentStore(View())
    wanted = replace(store.get(entry), text=f"[JOURNAL DE BORD] {title}: {body}")
    assert store.get(store.put(wanted, entry)) == wanted


@MANY
@given(entries(), views)
def test_augment_what_is_rendered_is_read(entry: Entry, view: View) -> None:
    store = AugmentStore(view)
    record = store.get(entry)
    assert store.parse(record.id, store.render(record, None, SOURCE)) == record


@MANY
@given(augment_items(), augment_records)
def test_augment_rendering_keeps_every_key_that_is_not_ours(item: dict[str, Any], record: Record) -> None:
    store = AugmentStore(View())
    ((_, previous),) = store.split({FILE: json.dumps([item]).encode()}).items()
    rendered = json.loads(store.render(record, previous, SOURCE))
    kept = [(key, value) for key, value in rendered.items() if key not in {"text", "metadata"}]
    inner = [pair for pair in rendered["metadata"].items() if pair[0].startswith("x-")]
    wanted = [pair for pair in item.get("metadata", {}).items() if pair[0].startswith("x-")]
    assert (kept, inner) == ([pair for pair in item.items() if pair[0] not in {"text", "metadata"}], wanted)


@MANY
@given(augment_items(), augment_records)
def test_augment_rendering_what_is_there_already_changes_nothing(item: dict[str, Any], record: Record) -> None:
    store = AugmentStore(View())
    ((_, previous),) = store.split({FILE: json.dumps([item]).encode()}).items()
    once = store.render(record, previous, SOURCE)
    assert (store.render(record, once, SOURCE), store.parse(record.id, once)) == (once, record)


@MANY
@given(augment_records.filter(lambda record: not holds_control_characters(record.text)))
def test_augment_an_entry_made_of_a_record_says_all_of_its_text(record: Record) -> None:
    store = AugmentStore(View())
    created = store.create(record.id, store.render(record, None, SOURCE))
    entry = read(created.stem, created.text)
    assert (store.key(entry), entry.tags) == (record.id, record.tags)
    assert "".join(record.text.removeprefix("[JOURNAL DE BORD] ").split()) in "".join(
        f"{entry.title}: {entry.body}{entry.title}".split()
    )


@MANY
@given(ordinary_words, ordinary_bodies, augment_records)
def test_augment_an_entry_made_of_a_record_in_our_form_shows_that_record(title: str, body: str, other: Record) -> None:
    store = AugmentStore(View())
    record = replace(other, text=f"[JOURNAL DE BORD] {title}: {body}")
    created = store.create(record.id, store.render(record, None, SOURCE))
    assert store.get(read(created.stem, created.text)) == record


@MANY
@given(augment_files)
def test_augment_nothing_changed_means_that_no_file_changes(data: bytes) -> None:
    store = AugmentStore(View())
    chunks = split_or_assume(store, {FILE: data})
    assert (store.join({FILE: data}, {}), store.join({FILE: data}, chunks)) == ({}, {})


@MANY
@given(augment_files)
def test_augment_no_value_is_lost_when_a_file_takes_our_layout(data: bytes) -> None:
    store = AugmentStore(View())
    chunks = split_or_assume(store, {FILE: data})
    assert json.loads(render_file(chunks.values())) == json.loads(data)


@MANY
@given(augment_files, st.data())
def test_augment_a_change_changes_the_records_it_names_and_no_other(data: bytes, draw: st.DataObject) -> None:
    store = AugmentStore(View())
    present = split_or_assume(store, {FILE: data})
    fresh = store.render(Record(id="new", text="[JOURNAL DE BORD] T: x"), None, SOURCE)
    changes: dict[str, bytes | None] = {"new": fresh}
    changes |= dict.fromkeys(draw.draw(st.sets(st.sampled_from(sorted(present))))) if present else {}
    joined = store.join({FILE: data}, changes)
    wanted = {key: chunk for key, chunk in {**present, **changes}.items() if chunk is not None}
    assert dict(store.split({FILE: joined[FILE] or b""})) == wanted


# --- Claude Code ------------------------------------------------------------------------------------------------------

CLAUDE = ClaudeStore(View())
one_line = st.one_of(
    ordinary_words,
    texts.map(lambda text: " ".join(text.split())).filter(bool),
    st.sampled_from(["a: b", "- a", "'", "#x", "no", "1.10", "null", "{a}", "[x]", "---", "a #b", "&a"]),
)
claude_records = st.builds(
    ClaudeRecord, name=st.just("e"), description=one_line, type=st.sampled_from(TYPES), body=bodies.map(content)
)
plain_claude_records = st.builds(
    ClaudeRecord, name=st.just("e"), description=ordinary_words, type=st.sampled_from(TYPES), body=ordinary_bodies
)
CLAUDE_FRONT = (
    ("", "name: e", "name: another"),
    (
        "", "description: what it is", "description: ''", "description: >-\n  two\n  lines", "description:",
        "description: a: b",
    ),
    ("", "type: user", "type: odd", "type:"),
    (
        "", "metadata: \n  node_type: memory\n  type: feedback\n  originSessionId: 0-1",
        "metadata: {type: user, a: [b]}", "metadata:", "metadata: {}", "metadata:\n    a: 1",
        "metadata:\n  type:\n  b: c", "metadata: text",
        "metadata:\n  type: 'person' # why\n  modified: 2026-08-05T16:48:34.169Z",
    ),
    ("", "# a note", "extra: {a: 1}", "tags: words"),
)  # fmt: skip


@st.composite
def claude_files(draw: st.DrawFn) -> bytes:
    """Memory files as several versions wrote them."""
    lines = [line for group in CLAUDE_FRONT if (line := draw(st.sampled_from(group)))]
    body = draw(bodies)
    text = "\n".join(["---", *lines, "---", body]) if draw(st.booleans()) else body
    data = (
        draw(st.sampled_from(["", "", "\ufeff"])) + text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    ).encode()
    try:
        CLAUDE.split({"e.md": data})
        CLAUDE.parse("e", data)
    except ShapeError:
        assume(False)
    return data


@MANY
@given(entries())
def test_claude_putting_back_what_was_got_changes_no_byte(entry: Entry) -> None:
    assert CLAUDE.put(CLAUDE.get(entry), entry) == entry


@MANY
@given(entries(), claude_records)
def test_claude_a_record_that_is_put_is_shown_or_refused(entry: Entry, record: ClaudeRecord) -> None:
    wanted = replace(record, name=entry.id)
    assert put_or_refused(CLAUDE, wanted, entry) == wanted


@MANY
@given(entries(), plain_claude_records)
def test_claude_an_ordinary_record_can_be_put_into_every_entry(entry: Entry, record: ClaudeRecord) -> None:
    wanted = replace(record, name=entry.id)
    assert CLAUDE.get(CLAUDE.put(wanted, entry)) == wanted


@MANY
@given(entries())
def test_claude_what_is_rendered_is_read(entry: Entry) -> None:
    record = CLAUDE.get(entry)
    assume("\0" not in record.body)
    assert CLAUDE.parse(record.name, CLAUDE.render(record, None, SOURCE)) == record


@MANY
@given(claude_files())
def test_claude_rendering_what_is_there_already_changes_no_byte(data: bytes) -> None:
    assert CLAUDE.render(CLAUDE.parse("e", data), data, SOURCE) == data


@MANY
@given(claude_files(), plain_claude_records)
def test_claude_an_ordinary_record_can_be_rendered_into_every_file(data: bytes, record: ClaudeRecord) -> None:
    assert CLAUDE.parse("e", CLAUDE.render(record, data, SOURCE)) == record


@MANY
@given(claude_files(), claude_records)
def test_claude_a_record_that_is_rendered_is_read_or_refused(data: bytes, record: ClaudeRecord) -> None:
    try:
        shown = CLAUDE.parse("e", CLAUDE.render(record, data, SOURCE))
    except ProjectionError:
        shown = record
    assert shown == record


@MANY
@given(claude_files())
def test_claude_an_entry_made_of_a_file_shows_what_the_file_says(data: bytes) -> None:
    record = CLAUDE.parse("e", data)
    assume(not holds_control_characters(data.decode()))
    created = CLAUDE.create("e", data)
    assert CLAUDE.get(read(created.stem, created.text)) == record


claude_stores = st.dictionaries(
    st.sampled_from(["a.md", "b.md", "c d.md", "été.md"]), claude_files(), max_size=3
).flatmap(
    lambda files: st.sampled_from([
        files,
        {**files, INDEX: b"# Mine\n\n- [A](a.md) - so\n- [x](b.md)\ntext"},
        {**files, INDEX: "- [Z](z.md) — z\r\n".encode()},
    ])
)  # fmt: skip


@MANY
@given(claude_stores)
def test_claude_nothing_changed_means_that_no_file_changes(files: dict[str, bytes]) -> None:
    assert (CLAUDE.join(files, {}), CLAUDE.join(files, CLAUDE.split(files))) == ({}, {})


@MANY
@given(claude_stores, plain_claude_records, st.data())
def test_claude_a_change_changes_the_records_it_names_and_no_other(
    files: dict[str, bytes], record: ClaudeRecord, draw: st.DataObject
) -> None:
    present = CLAUDE.split(files)
    changes: dict[str, bytes | None] = {"new": CLAUDE.render(replace(record, name="new"), None, SOURCE)}
    for key in present:
        changes |= draw.draw(
            st.sampled_from([{}, {key: None}, {key: CLAUDE.render(replace(record, name=key), None, SOURCE)}])
        )
    after = {name: data for name, data in {**files, **CLAUDE.join(files, changes)}.items() if data is not None}
    wanted = {key: chunk for key, chunk in {**present, **changes}.items() if chunk is not None}
    assert dict(CLAUDE.split(after)) == wanted


# --- MCP --------------------------------------------------------------------------------------------------------------

MCP = McpStore(View())
lf_texts = st.one_of(bodies, texts).map(lambda text: re.sub(r"\r\n|\r", "\n", text))
words_of_a_kind = texts.filter(lambda text: ": " not in text and bool(text.strip()))
mcp_records = st.builds(
    McpRecord,
    name=st.just("e"),
    type=st.one_of(st.sampled_from(["person", "journal-entry", "no", "1.10", " a "]), texts.filter(str.strip)),
    observations=st.lists(lf_texts, max_size=4).map(tuple),
    relations=st.lists(st.tuples(words_of_a_kind, texts), max_size=3).map(tuple),
)
ordinary_observations = st.one_of(
    ordinary_words,
    ordinary_bodies,
    st.sampled_from(
        ["- x", "a\n\nb", "```\ncode\n```", "---", "# x", " leads", "ends ", "ends\n", "* *", "a\n- b\nc", "`", "1. x"]
    ),
)
ordinary_mcp_records = st.builds(
    McpRecord,
    name=st.just("e"),
    type=st.sampled_from(["person", "journal-entry"]),
    observations=st.lists(ordinary_observations, max_size=4).map(tuple),
    relations=st.lists(st.tuples(st.sampled_from(["uses", "likes:so", "a b"]), ordinary_words), max_size=3).map(tuple),
)


@MANY
@given(entries())
def test_mcp_putting_back_what_was_got_changes_no_byte(entry: Entry) -> None:
    assert MCP.put(MCP.get(entry), entry) == entry


@MANY
@given(entries(), mcp_records)
def test_mcp_a_record_that_is_put_is_shown_or_refused(entry: Entry, record: McpRecord) -> None:
    wanted = replace(record, name=MCP.key(entry))
    assert put_or_refused(MCP, wanted, entry) == wanted


@MANY
@given(entries().filter(lambda entry: entry.front.get("relations") != "none"), ordinary_mcp_records, st.data())
def test_mcp_an_ordinary_record_can_be_put_into_every_entry(
    entry: Entry, record: McpRecord, draw: st.DataObject
) -> None:
    present = MCP.get(entry).observations
    some = draw.draw(st.lists(st.sampled_from(present), max_size=3)) if present else []
    wanted = replace(record, name=MCP.key(entry), observations=(*some, *record.observations))
    # Beside a heading, observations that say nothing (`Note:`, `# Part`) would make the body a template.
    assume(not wanted.observations or not all(map(is_empty, wanted.observations)))
    changed = MCP.put(wanted, entry)
    assert (MCP.get(changed), changed.title) == (wanted, entry.title)


@MANY
@given(mcp_records, st.one_of(st.none(), mcp_records))
def test_mcp_what_is_rendered_is_read(record: McpRecord, other: McpRecord | None) -> None:
    previous = MCP.render(other, None, SOURCE) if other else None
    assert MCP.parse("e", MCP.render(record, previous, SOURCE)) == record


@MANY
@given(mcp_records)
def test_mcp_an_entry_made_of_a_record_shows_that_record(record: McpRecord) -> None:
    assume(not holds_control_characters(record.type, *record.observations, *map("".join, record.relations)))
    created = MCP.create("e", MCP.render(record, None, SOURCE))
    assert MCP.get(read(created.stem, created.text)) == record


@st.composite
def mcp_files(draw: st.DrawFn) -> bytes:
    """Graphs as the server and people write them: any order, blank lines, keys of their own, relations of nobody."""
    names = draw(st.lists(st.sampled_from(["a", "B c", "org/repo", "été"]), max_size=4, unique=True))
    lines = []
    for name in names:
        known = {"entityType": "t", "observations": draw(st.lists(lf_texts, max_size=2))}
        lines.append(json.dumps({"type": "entity", "name": name, **known, **draw(foreign_keys)}))
    pairs = st.tuples(st.sampled_from([*names, "nobody"]), st.sampled_from("uvw"))
    for one, kind in draw(st.lists(pairs, max_size=5)):
        relation = {"type": "relation", "from": one, "to": "x", "relationType": kind}
        lines.append(json.dumps(relation, separators=(",", ":")))
    lines = draw(st.permutations([*lines, *draw(st.lists(st.sampled_from(["", "  "]), max_size=2))]))
    return draw(st.sampled_from(["\n", "\n", "\r\n"])).join(lines).encode() + draw(st.sampled_from([b"", b"\n"]))


@MANY
@given(mcp_files())
def test_mcp_nothing_changed_means_that_no_file_changes(data: bytes) -> None:
    files = {"memory.jsonl": data}
    assert (MCP.join(files, {}), MCP.join(files, MCP.split(files))) == ({}, {})


@MANY
@given(mcp_files(), st.lists(mcp_records, min_size=5, max_size=5), st.data())
def test_mcp_a_change_changes_the_records_it_names_and_no_other(
    data: bytes, records: list[McpRecord], draw: st.DataObject
) -> None:
    files = {"memory.jsonl": data}
    present = MCP.split(files)
    changes: dict[str, bytes | None] = {}
    for key, record in zip([*present, "new"], records, strict=False):
        rendered = MCP.render(replace(record, name=key), present.get(key), SOURCE)
        changes |= draw.draw(st.sampled_from([{}, {key: None}, {key: rendered}]))
    after = {**files, **MCP.join(files, changes)}
    wanted = {key: chunk for key, chunk in {**present, **changes}.items() if chunk is not None}
    assert dict(MCP.split({"memory.jsonl": after["memory.jsonl"] or b""})) == wanted


@MANY
@given(mcp_files())
def test_mcp_rendering_what_is_there_already_changes_no_byte(data: bytes) -> None:
    chunks = MCP.split({"memory.jsonl": data})
    assert {key: MCP.render(MCP.parse(key, chunk), chunk, SOURCE) for key, chunk in chunks.items()} == chunks


@SOME
@given(st.binary(max_size=40), st.sampled_from([AugmentStore(View()), CLAUDE, MCP]))
def test_whatever_a_file_holds_it_is_read_or_refused_by_name(data: bytes, store: Store[Any]) -> None:
    names = {"augment": FILE, "claude": "a.md", "mcp": "memory.jsonl"}
    try:
        chunks = store.split({names[store.name]: data})
        found = {key: store.render(store.parse(key, chunk), chunk, SOURCE) for key, chunk in chunks.items()}
    except (ShapeError, ProjectionError):
        found = {}
    assert all(isinstance(chunk, bytes) for chunk in found.values())
