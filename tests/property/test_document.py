"""Laws of the pure floors: they hold for every document, record and sequence of edits, not for the examples alone."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync.document import yaml12
from sync.document.entry import Entry, load_entry, parse_entry
from sync.document.fault import Fault
from sync.document.moment import parse_date, parse_record_date
from sync.document.naming import file_name, moment_of_name, slugify
from sync.document.projection import get, put, split_text
from sync.document.record import Memory, Record, content_hash
from sync.document.scalars import render_value
from sync.document.splice import ABSENT, set_values
from sync.document.templates import FRENCH, is_empty, list_item, render_entry
from sync.document.themes import group_by_theme
from sync.document.view import View
from sync.document.yaml12 import Value
from sync.engine.layout import Part, difference, from_state, replace_parts, to_state, whole_file
from sync.engine.projecting import Projected, within_budget
from sync.errors import ProjectionError
from sync.repository.files import Span
from sync.stores.augment import parse_file, render_file, render_memory
from sync.stores.ledger import Imported, load_ledger, render_ledger

MANY = settings(max_examples=150)
SOME = settings(max_examples=100)

PATH = "journal/entries/2025-04-05-a-title.md"
LINE_ENDS = ("\n", "\r\n", "\r")

texts = st.text(st.characters(codec="utf-8"), max_size=40)
"""Anything a UTF-8 file can hold."""

TRAPS = (
    "", " ", "no", "yes", "on", "off", "null", "~", "true", "1.10", "10:30", "0o17", "0x1F", "1_000", "1e3", ".5", "=",
    "<<", "a: b", "a #b", "a:", "- a", "? a", "[a", "{a}", "a, b", "'a'", '"a"', "a'b", "@a", "`a`", "%a", "!a", "&a",
    "*a", "|", ">", "---", "...", "\ttab", "a\tb", "a\nb", "a\r\nb", "a\\b", "\x00", "\x07", "\x7f", "\x85", "\u2028",
    "\ufeff", "été", "日本", "😀", " a", "a ", "2025-04-05T14:30:00Z", "2025-04-05 14:30", "14-30", "C:\\Users", "v1.2",
    "#tag", "_a", "12345678901234567890", "-1", "+1", "1.", "NaN", ".inf", "1:2:3", "${query}",
)  # fmt: skip
words = st.one_of(st.sampled_from(TRAPS), texts)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

simple_word = st.from_regex(r"[A-Za-zéà][A-Za-z0-9éà]{0,7}", fullmatch=True).filter(
    lambda word: yaml12.resolve(word) == word
)


# --- reading gives back what was read -----------------------------------------------------------------------------


@MANY
@given(st.one_of(texts, texts.map(lambda text: f"---\n{text}\n---\n{text}")))
def test_an_entry_that_can_be_read_is_written_as_it_was(text: str) -> None:
    entry = parse_entry(PATH, text)
    assert isinstance(entry, Fault) or entry.to_bytes() == text.encode()


@SOME
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda data: b"---\n" + data + b"\n---\n")))
def test_whatever_a_file_holds_it_is_an_entry_with_the_same_bytes_or_a_fault(data: bytes) -> None:
    entry = load_entry(PATH, data)
    assert isinstance(entry, Fault) or entry.to_bytes() == data


@SOME
@given(texts.map(lambda text: f"---\na: 1\n{text}\n---\n"))
def test_a_fault_lies_within_its_file(text: str) -> None:
    found = parse_entry(PATH, text)
    lines = re.split(r"\r\n|\n|\r", text)
    assert isinstance(found, Entry) or (1 <= found.line <= len(lines) and 1 <= found.column <= len(text) + 1)


# --- changing one key leaves all the rest ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """One key of a front matter, cut into what a change of its value may touch and what it may not."""

    key: str
    value: str
    trailer: str

    @property
    def text(self) -> str:
        return f"{self.key}{self.value}{self.trailer}"


@dataclass(frozen=True)
class Document:
    """A document as a list of pieces, and its text."""

    before: str
    items: tuple[Item, ...]
    after: str

    @property
    def text(self) -> str:
        return self.before + "".join(item.text for item in self.items) + self.after

    def around(self, index: int) -> tuple[str, str]:
        """What stands before a key's value and what stands behind it."""
        head = self.before + "".join(item.text for item in self.items[:index]) + self.items[index].key
        tail = self.items[index].trailer + "".join(item.text for item in self.items[index + 1 :]) + self.after
        return head, tail


KEYS = ("title", "tags", "status", "note", "owner", "extra-key", "x.y", "été")


@st.composite
def values_as_written(draw: st.DrawFn, end: str) -> tuple[str, str]:
    """(value with its colon, trailer) in one of the styles that front matter is written in."""
    word, other = draw(simple_word), draw(simple_word)
    comment = draw(st.sampled_from(["", "  # why: because", " #"]))
    indent = draw(st.sampled_from(["", "  "]))
    bullet = f"{end}{indent}- "
    styles = [
        (f": {word}", comment),
        (f":   {word} {other}", comment),
        (": ''", comment),
        (f": '{word}: it''s'", comment),
        (f': "{word} \\" # {other}"', comment),
        (f": [{word}, '{other}: x']", comment),
        (f": [{word},{end}  {other}]", comment),
        (": []", comment),
        (": 12", comment),
        (": 1.10", comment),
        (": no", comment),
        (":", comment),
        (f": {{{word}: 1, b: [x]}}", comment),
        (f":{bullet}{word}{bullet}'{other}'", comment),
        (f":{bullet}{word}{end}{end}# between{bullet}{other}", comment),
        (f":{end}  b: {word}{end}  c:{end}    - {other}", comment),
        (f": |{end}  {word}{end}  - {other}: x", ""),
        (f": >-{end}  {word}{end}{end}  {other}", ""),
        (f": {word}{end}  {other}", comment),
    ]
    if end != "\r":
        styles += [(f": {word}: {other} is: so", comment), (f": {word} {other}:", comment)]
    return draw(st.sampled_from(styles))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Documents with front matter in every style that real ones use."""
    end = draw(st.sampled_from(LINE_ENDS))
    bom = draw(st.sampled_from(["", "\ufeff"]))
    comment = draw(st.sampled_from(["", f"# a comment: of its own{end}", end]))
    items = []
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True)):
        value, trailer = draw(values_as_written(end))
        between = draw(st.sampled_from(["", "", end, f"# {key}: old{end}"]))
        items.append(Item(key=key, value=value, trailer=f"{trailer}{end}{between}"))
    fence = draw(st.sampled_from([f"---{end}", f"---  {end}", f"...{end}"]))
    body = draw(st.sampled_from(["", f"{end}# Heading{end}{end}Text --- x{end}---{end}a: b", "no final line end"]))
    return Document(before=f"{bom}---{end}{comment}", items=tuple(items), after=f"{fence}{body}")


def front_of(text: str) -> Mapping[str, Value]:
    entry = parse_entry(PATH, text)
    if isinstance(entry, Fault) and entry.key:
        # `title: [a]` is a fault of the entry, yet its YAML can be read and changed.
        start = text.index("---") + 3
        found = re.compile(r"(?:\r\n|\n|\r)(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|\Z)").search(text, start)
        assert found
        return yaml12.load(text[start : found.start() + 1], as_text=frozenset({"title", "tags"}))
    assert isinstance(entry, Entry), entry
    return entry.front


new_values = st.one_of(
    words.filter(lambda text: "\ue000" not in text),
    st.lists(simple_word, max_size=3),
)


@MANY
@given(documents(), new_values, st.data())
def test_changing_a_key_touches_no_byte_outside_of_its_value(
    document: Document, value: Value, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(document.items) - 1))
    head, tail = document.around(index)
    changed = set_values(document.text, {document.items[index].key: value})
    assert (changed[: len(head)], changed[len(changed) - len(tail) :]) == (head, tail)


@MANY
@given(documents(), new_values, st.data())
def test_changing_a_key_gives_it_the_new_value_and_leaves_all_others(
    document: Document, value: Value, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(document.items) - 1))
    key = document.items[index].key
    changed = set_values(document.text, {key: value})
    assert front_of(changed) == {**front_of(document.text), key: value}


@MANY
@given(documents(), st.data())
def test_removing_a_key_takes_its_own_lines_and_no_others(document: Document, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(document.items) - 1))
    item = document.items[index]
    head, _ = document.around(index)
    end_of_trailer = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)").match(item.trailer)
    assert end_of_trailer
    left = item.trailer[end_of_trailer.end() :]
    rest = "".join(later.text for later in document.items[index + 1 :]) + document.after
    assert set_values(document.text, {item.key: ABSENT}) == head.removesuffix(item.key) + left + rest


@SOME
@given(documents(), words)
def test_a_new_key_is_one_new_line_at_the_end_of_the_front_matter(document: Document, value: str) -> None:
    assume("\ue000" not in value)
    changed = set_values(document.text, {"brand-new": value})
    head = document.text.removesuffix(document.after)
    assert (changed[: len(head)], changed[len(changed) - len(document.after) :]) == (head, document.after)


@SOME
@given(documents())
def test_setting_the_values_that_are_there_keeps_them_all(document: Document) -> None:
    front = front_of(document.text)
    assert front_of(set_values(document.text, front)) == front


@SOME
@given(st.text(st.characters(codec="utf-8"), max_size=40), words)
def test_a_document_without_front_matter_is_kept_whole_behind_a_new_one(body: str, value: str) -> None:
    assume("\ue000" not in value and not body.removeprefix("\ufeff").startswith(("---", "+++")))
    changed = set_values(body, {"note": value})
    assert changed.endswith(body.removeprefix("\ufeff"))


# --- values survive every reader ------------------------------------------------------------------------------------


@MANY
@given(words, st.sampled_from(["", "'", '"']))
def test_a_text_is_read_back_as_it_was_by_our_reader(text: str, quote: str) -> None:
    assert yaml12.load(f"key: {render_value(text, quote=quote)}\n") == {"key": text}


@MANY
@given(words, st.sampled_from(["", "'", '"']))
def test_a_text_is_read_back_as_it_was_by_a_reader_of_yaml_1_1(text: str, quote: str) -> None:
    assume(not _DAY.fullmatch(text))  # a day stands without quotes in every journal
    assert yaml.safe_load(f"key: {render_value(text, quote=quote)}\n") == {"key": text}


def _tree(leaves: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    def grow(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
        return st.one_of(st.lists(inner, max_size=3), st.dictionaries(plain_texts, inner, max_size=3))

    return st.recursive(leaves, grow, max_leaves=6)


plain_texts = words.filter(lambda text: not _DAY.fullmatch(text))
numbers = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1), st.integers(-(10**6), 10**6).map(lambda number: number / 1000)
).filter(lambda number: yaml12.resolve(json.dumps(number)) == number)
values = _tree(st.one_of(plain_texts, st.none(), st.booleans(), numbers))


@MANY
@given(values)
def test_a_value_of_any_shape_is_read_back_as_it_was(value: Value) -> None:
    assert yaml12.load(f"key: {render_value(value)}\n") == {"key": value}


@MANY
@given(values)
def test_a_value_of_any_shape_means_the_same_in_yaml_1_1(value: Value) -> None:
    assert yaml.safe_load(f"key: {render_value(value)}\n") == {"key": value}


@SOME
@given(st.dictionaries(simple_word, values, min_size=1, max_size=4))
def test_front_matter_made_from_nothing_holds_what_was_asked_for(front: dict[str, Value]) -> None:
    assert front_of(set_values("body", front)) == front


# --- the lens -------------------------------------------------------------------------------------------------------

ZONES = (UTC, timezone(timedelta(hours=5, minutes=30)), ZoneInfo("Europe/Paris"), ZoneInfo("America/St_Johns"))
views = st.builds(View, prefix=st.sampled_from(["[JOURNAL DE BORD]", "J", "[a] b:"]), zone=st.sampled_from(ZONES))

DATES = (
    "", "date: 2025-04-05", "date: 2025-04-05\nheure: 14-30", "date: 2025-10-26T02:30:00+01:00",
    "date: 2025-03-30\nheure: 02-30", "date: 2025-10-26\nheure: 02-30",
)  # fmt: skip
TITLES = ("", "title: A title", "title: Memories: an idea", "title: 'it''s'", "title: 1.10", 'title: "x: y: "')
TAGS = ("", "tags: []", "tags: [a, 'b c']", "tags:\n  - a\n  - b # why", "tags:")
BODIES = (
    "", "\n", "\n# A title\n\nText.\n", "Text", "\n\n  indented\n\n", "# Only a heading\n\n- \n", "a: b\nc: d: e\n",
    "**Date**: 08/04/2025\n**Tags**: #x #y\n\nText\n", "```\n# not a heading\n```\n", "\n---\nrule\n---\n",
    "- Pour: \n", "+++\nx\n", "text\u2028more\x0b\x0c \x85", "\t\n\n# Été : à Noël #\n\nx", FRENCH,
)  # fmt: skip
PATHS = (
    "journal/entries/2025-04-05-14-30-a-title.md", "journal/entries/2025-04-05-a.md",
    "journal/entries/08-04-2025-19-45.md", "notes.md", "a: b.md",
)  # fmt: skip


@st.composite
def odd_entries(draw: st.DrawFn) -> Entry:
    """Entries as real journals hold them: with and without front matter, titles, dates, and of every line ending."""
    lines = [line for group in (TITLES, DATES, TAGS) if (line := draw(st.sampled_from(group)))]
    lines += draw(st.sampled_from([[], ["# note", "extra: {a: 1}"], ["related: [x]"]]))
    body = draw(st.one_of(st.sampled_from(BODIES), texts))
    fenced = draw(st.booleans())
    text = "\n".join(["---", *lines, "---", body]) if fenced else body
    end = draw(st.sampled_from(LINE_ENDS))
    text = draw(st.sampled_from(["", "\ufeff"])) + text.replace("\n", end)
    entry = parse_entry(draw(st.sampled_from(PATHS)), text)
    assume(isinstance(entry, Entry))
    assert isinstance(entry, Entry)
    return entry


@MANY
@given(odd_entries(), views)
def test_putting_back_what_was_got_changes_no_byte(entry: Entry, view: View) -> None:
    assert put(get(entry, view), entry, view) == entry


@MANY
@given(odd_entries(), odd_entries(), views)
def test_a_record_that_is_put_is_the_record_that_is_got_or_it_is_refused(
    entry: Entry, other: Entry, view: View
) -> None:
    record = replace(get(other, view), id=entry.id)
    try:
        shown = get(put(record, entry, view), view)
    except ProjectionError:
        shown = record  # by name, with nothing written: allowed
    assert shown == record


plain_records = st.builds(
    lambda title, body, tags, moment: Record(
        id="",
        text=f"[JOURNAL DE BORD] {title}: {body}",
        tags=tuple(tags),
        date=moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    ),
    st.lists(simple_word, min_size=1, max_size=4).map(" ".join),
    st.lists(st.lists(simple_word, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4).map("\n\n".join),
    st.lists(words.filter(lambda word: "\ue000" not in word), max_size=3),
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0)
    ),
)


@MANY
@given(odd_entries(), plain_records, st.sampled_from(ZONES))
def test_a_plain_record_can_be_put_into_every_entry(entry: Entry, record: Record, zone: ZoneInfo) -> None:
    view = View(zone=zone)
    wanted = replace(record, id=entry.id)
    assert get(put(wanted, entry, view), view) == wanted


@SOME
@given(odd_entries(), plain_records)
def test_putting_a_record_twice_is_putting_it_once(entry: Entry, record: Record) -> None:
    wanted = replace(record, id=entry.id)
    once = put(wanted, entry, View())
    assert put(wanted, once, View()) == once


@SOME
@given(odd_entries(), views)
def test_the_text_of_a_record_is_split_where_it_was_joined(entry: Entry, view: View) -> None:
    title, body = split_text(get(entry, view).text, view, title=entry.title)
    assert (title, "" if is_empty(entry.body) else body) == (entry.title, body)


@SOME
@given(st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001
def test_a_moment_survives_its_way_through_a_record(local: datetime, zone: ZoneInfo) -> None:
    instant = local.replace(tzinfo=UTC, microsecond=0)
    written = instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    moment = parse_record_date(written, zone)
    assert moment is not None
    assert moment.clock is not None
    # An hour that a clock shows twice cannot be told apart by the clock alone.
    again = datetime.combine(moment.day, moment.clock, tzinfo=zone)
    assume(again.utcoffset() == again.replace(fold=1).utcoffset())
    assert moment.to_record(zone) == written


@SOME
@given(texts)
def test_a_date_is_read_or_refused_but_never_fails(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or moment.to_record(UTC)[:4].isdigit()


# --- names ----------------------------------------------------------------------------------------------------------


@MANY
@given(st.one_of(texts, st.text(max_size=300), st.text("abé-œß ’'", min_size=100, max_size=300)))
def test_a_slug_is_made_of_lower_case_ascii_words_and_fits_a_file_name(title: str) -> None:
    slug = slugify(title)
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug) is not None
    assert len(slug) <= 80


@SOME
@given(texts)
def test_a_slug_of_a_slug_is_itself(title: str) -> None:
    assert slugify(slugify(title)) == slugify(title)


@SOME
@given(st.lists(st.sampled_from(["Été", "ete", "a b", "A-B", "", "日本"]), max_size=8))
def test_no_two_entries_get_the_same_file_name(titles: list[str]) -> None:
    moment = datetime(2025, 4, 5, 14, 30, tzinfo=UTC)
    taken: list[str] = []
    for title in titles:
        taken.append(file_name(title, moment, taken.__contains__))
    assert sorted(set(taken)) == sorted(taken)


@SOME
@given(texts, st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1)))  # noqa: DTZ001
def test_a_file_name_tells_the_minute_it_was_made_for(title: str, moment: datetime) -> None:
    assume(not re.match(r"\d{4}(-|$)", slugify(title)))  # then the hour could be a date in the title
    found = moment_of_name(file_name(title, moment, lambda _: False))
    assert found is not None
    assert (found.day, found.clock) == (moment.date(), moment.time().replace(second=0, microsecond=0))


# --- themes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A memory as it is grouped."""

    number: int
    text: str
    metadata: Mapping[str, object] = field(default_factory=dict)


LABELS = ("Build", "Build system", "Builds", "Release v1.2", "Release v1.3", "Concept important", "Python 3.11", "The")
memory_texts = st.one_of(
    texts.filter(str.strip),
    st.builds("{}: {}".format, st.sampled_from(LABELS), simple_word),
    st.builds("**{}**: {}".format, st.sampled_from(LABELS), simple_word),
    st.builds("{}. More.".format, st.sampled_from(LABELS)),
)
memory_metadata = st.one_of(
    st.just({}),
    st.builds(lambda tag: {"tags": [tag, 1]}, texts),
    st.builds(lambda theme: {"theme": theme}, st.sampled_from(["A", "a", "", "\n"])),
    st.just({"tags": "none", "topic": 3}),
)


@st.composite
def said(draw: st.DrawFn) -> list[Said]:
    """Some memories, numbered in their order."""
    pairs = draw(st.lists(st.tuples(memory_texts, memory_metadata), max_size=10))
    return [Said(number, text, metadata) for number, (text, metadata) in enumerate(pairs)]


@MANY
@given(said())
def test_each_memory_is_in_exactly_one_group(memories: list[Said]) -> None:
    grouped = [item.number for group in group_by_theme(memories) for item in group.items]
    assert sorted(grouped) == list(range(len(memories)))


@MANY
@given(said())
def test_memories_keep_their_order_within_a_group(memories: list[Said]) -> None:
    groups = [[item.number for item in group.items] for group in group_by_theme(memories)]
    assert groups == [sorted(group) for group in groups]


@SOME
@given(said())
def test_groups_are_in_the_order_of_their_first_memory(memories: list[Said]) -> None:
    firsts = [group.items[0].number for group in group_by_theme(memories)]
    assert firsts == sorted(firsts)


@SOME
@given(said())
def test_a_theme_is_one_printable_line(memories: list[Said]) -> None:
    themes = [group.theme for group in group_by_theme(memories)]
    assert [theme for theme in themes if not theme.isprintable()] == []


versions = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda parts: f"v{parts[0]}.{parts[1]}")


@MANY
@given(
    st.lists(versions, min_size=2, max_size=2, unique=True),
    st.sampled_from(["{}: x", "Release {}: x", "{} is out", "{} was fixed. More.", "- **API {}**: x"]),
    said(),
)
def test_memories_of_two_versions_never_share_a_group(pair: list[str], form: str, others: list[Said]) -> None:
    older, newer = Said(-2, form.format(pair[0])), Said(-1, form.format(pair[1]))
    plain = [replace(one, metadata={}) for one in others]
    groups = [[item.number for item in group.items] for group in group_by_theme([older, *plain, newer])]
    assert [group for group in groups if -1 in group and -2 in group] == []


# --- layouts --------------------------------------------------------------------------------------------------------

parts = st.one_of(
    st.builds(lambda number: Part(id=f"id-{number}", chunk=b"x" * number), st.integers(0, 5)),
    st.builds(lambda text: Part(note={"skipped": text}), st.sampled_from(["a", "b"])),
)
snapshots = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 3), parts), max_size=8),
    min_size=1,
    max_size=5,
)


def listing_of(snapshot: Mapping[str, tuple[int, Part]]) -> dict[bytes, Part]:
    """Line of the listing -> its content; a line's content never changes without the line."""
    return {f"{version}-{hash_of(part)}\t{path}".encode(): part for path, (version, part) in sorted(snapshot.items())}


def hash_of(part: Part) -> str:
    return content_hash(repr(part))


def bytes_of(pieces: Sequence[bytes | Span]) -> bytes:
    return b"".join(
        os.pread(piece.handle, piece.end - piece.start, piece.start) if isinstance(piece, Span) else piece
        for piece in pieces
    )


@MANY
@given(snapshots)
def test_replacing_parts_gives_the_bytes_of_a_file_made_anew(history: list[dict[str, tuple[int, Part]]]) -> None:
    layout, pieces = whole_file([], {})
    content = bytes_of(pieces)
    for snapshot in history:
        wanted = listing_of(snapshot)
        new, gone = difference(layout, list(wanted))
        with tempfile.TemporaryFile() as present:
            present.write(content)
            present.flush()
            fresh = {line: part for line, part in wanted.items() if line in new}
            layout, pieces = replace_parts(layout, list(wanted), fresh, gone, present.fileno())
            content = bytes_of(pieces)
        assert content == bytes_of(whole_file(list(wanted), wanted)[1])


@MANY
@given(snapshots)
def test_replacing_parts_gives_the_layout_of_a_file_made_anew(history: list[dict[str, tuple[int, Part]]]) -> None:
    layout = whole_file([], {})[0]
    for snapshot in history:
        wanted = listing_of(snapshot)
        new, gone = difference(layout, list(wanted))
        fresh = {line: part for line, part in wanted.items() if line in new}
        layout, _ = replace_parts(layout, list(wanted), fresh, gone, -1)
        assert layout == whole_file(list(wanted), wanted)[0]


@SOME
@given(snapshots, st.dictionaries(st.sampled_from(["fingerprint", "signatures"]), st.text(max_size=5)))
def test_a_layout_survives_being_remembered(history: list[dict[str, tuple[int, Part]]], facts: dict[str, str]) -> None:
    wanted = listing_of(history[0])
    layout = whole_file(list(wanted), wanted)[0]
    found = from_state(to_state(layout, facts))
    assert found is not None
    read = replace(layout, lines=list(layout.lines), ids=list(layout.ids))
    assert (found[0], {key: found[1].get(key) for key in facts}) == (read, facts)


@SOME
@given(snapshots, st.data())
def test_a_layout_that_was_cut_short_is_not_believed(
    history: list[dict[str, tuple[int, Part]]], data: st.DataObject
) -> None:
    wanted = listing_of(history[0])
    state = to_state(whole_file(list(wanted), wanted)[0], {})
    assert from_state(state[: data.draw(st.integers(0, len(state) - 1))]) is None


# --- memories and their files ---------------------------------------------------------------------------------------

blobs = st.integers(0, 16**40 - 1).map("{:040x}".format)
memories = st.builds(
    Memory,
    record=st.builds(
        Record,
        id=texts,
        text=texts.filter(
            lambda text: bool(text.strip()) and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)
        ),
        tags=st.lists(texts, max_size=3).map(tuple),
        date=st.sampled_from(["", "2025-04-05", "2025-04-05T14:30:00.000Z"]),
    ),
    source=texts,
    source_blob=blobs,
)


@SOME
@given(st.lists(memories, max_size=4))
def test_a_file_of_memories_is_json_as_a_plain_writer_would_make_it(some: list[Memory]) -> None:
    wanted = [
        {
            "text": one.record.text,
            "metadata": {
                "id": one.record.id,
                "source": one.source,
                "tags": list(one.record.tags),
                **({"date": one.record.date} if one.record.date else {}),
                "source_blob": one.source_blob,
            },
        }
        for one in some
    ]
    assert json.loads(render_file(map(render_memory, some))) == wanted


@SOME
@given(st.lists(memories, max_size=4))
def test_what_is_written_for_augment_can_be_read_from_augment(some: list[Memory]) -> None:
    found, faults = parse_file("x.json", render_file(map(render_memory, some)))
    assert ([one.text for one in found], faults) == ([one.record.text for one in some], [])


@SOME
@given(st.binary(max_size=40))
def test_a_foreign_file_is_read_or_named_as_a_fault(data: bytes) -> None:
    found, faults = parse_file("x.json", data)
    assert found or faults or json.loads(data) in ([], {"memories": []})


imported = st.builds(Imported, hash=texts, store=texts, file=texts, id=texts, entry=texts)


@SOME
@given(st.lists(imported, max_size=5))
def test_the_ledger_remembers_every_line_once(rows: list[Imported]) -> None:
    assert load_ledger(render_ledger(rows), "imported.jsonl") == sorted(set(rows))


@SOME
@given(st.lists(imported, max_size=5), st.data())
def test_the_ledger_is_the_same_whatever_order_it_was_made_in(rows: list[Imported], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert render_ledger(shuffled) == render_ledger(rows)


@SOME
@given(texts)
def test_the_hash_of_a_memory_ignores_the_kind_of_line_ending(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert {content_hash(plain.replace("\n", end)) for end in LINE_ENDS} == {content_hash(text)}


@SOME
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0.1, 0.5, 0.9])), max_size=6), st.integers(0, 200))
def test_a_budget_is_never_exceeded(sizes: list[tuple[int, float]], budget: int) -> None:
    projected = [
        Projected(id=str(number), chunk=b"x" * size, rank=(importance, "", str(number)))
        for number, (size, importance) in enumerate(sizes)
    ]
    kept = within_budget(projected, budget)
    assert kept == set() or len(render_file([one.chunk for one in projected if one.id in kept])) <= budget


# --- what goes into an entry ----------------------------------------------------------------------------------------


@SOME
@given(texts.filter(lambda text: bool(text.strip("\r\n"))))
def test_a_list_item_keeps_every_line(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    assert [line[2:] for line in list_item(text).split("\n")] == lines


@SOME
@given(texts)
def test_each_line_of_a_list_item_but_the_first_is_indented_or_empty(text: str) -> None:
    first, *rest = list_item(text).split("\n")
    assert (first[:2], [line for line in rest if line and not line.startswith("  ")]) == ("- ", [])


@SOME
@given(words.map(lambda text: " ".join(text.split())).filter(bool), st.lists(simple_word, max_size=3))
def test_a_new_entry_has_the_title_and_the_tags_it_was_given(title: str, tags: list[str]) -> None:
    assume("\ue000" not in title)
    moment = datetime(2025, 4, 5, 14, 30, tzinfo=UTC)
    entry = parse_entry(PATH, render_entry(title=title, moment=moment, tags=tags, template=FRENCH))
    assert isinstance(entry, Entry)
    assert (entry.title, entry.tags) == (title, tuple(tags))
