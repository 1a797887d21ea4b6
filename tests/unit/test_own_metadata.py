"""Metadata of this program's own has the shape that this program writes, whoever wrote the entry."""

from __future__ import annotations

import json

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.fault import Fault
from sync.taskmaster.long_term.own_metadata import find_odd
from sync.taskmaster.long_term.record import MemoryRecord
from sync.taskmaster.long_term.store import read_memory

BUDGET = "taskmaster:wedding:42:module:budget"
ODD = [
    "_object: 3",
    "_object: {}",
    "_entry: 4",
    '_entry: "journal/entries/other.md"',
    "_missing: true",
    '_archived: "no"',
    "_archived: {at: 5}",
    '_archived: {at: "2025-04-05"}',
    "_sources: 5",
    "_sources: [5]",
    "_sources: [{context: a}]",
    "_contradicts: 5",
    '_contradicts: [{key: "k"}]',
    '_shared_from: "a b::"',
    '_shared_from: "*"',
    '_shared_from: ""',
    "_shared_from: [1]",
    '_shared_to: "no:nsense"',
    "_shared_key: 7",
    "_shared_rule: {a: 1}",
    "_shared_role: [x]",
    "_shared_transform: 1",
    '_shared_version: "x"',
    "_shared_version: true",
    "_anything: 1",
    "_: 1",
]
OWN = {
    "_archived": {"at": "2025-04-05T12:00:00+00:00", "why": "kept for 1y"},
    "_sources": [{"context": BUDGET, "key": "k", "digest": "ab", "version": 3, "why": "equal"}],
    "_contradicts": [{"context": BUDGET, "key": "k", "why": "52 against 48"}],
    "_shared_from": BUDGET,
    "_shared_to": BUDGET,
    "_shared_key": "k",
    "_shared_rule": "prices",
    "_shared_role": "",
    "_shared_transform": "ab",
    "_shared_version": 3,
}


def read(metadata: str) -> MemoryRecord | Fault | None:
    """What an entry with some metadata is."""
    entry = parse_entry("a.md", f"---\ncontext: {BUDGET}\nkey: k\nmetadata: {metadata}\n---\n\nvalue\n")
    assert isinstance(entry, Entry), entry
    return read_memory(entry)


@pytest.mark.parametrize("written", ODD)
def test_another_shape_is_a_fault_at_its_place(written: str) -> None:
    key, _, value = written.partition(": ")
    found = read(f"\n  mine: 1\n  {written}")
    assert isinstance(found, Fault)
    assert (found.path, found.line, found.column) == ("a.md", 6, len(f"  {key}: ") + 1)
    assert found.key == f"metadata.{key}"
    assert found.hint
    assert value


@pytest.mark.parametrize("written", ODD)
def test_a_front_matter_that_holds_json_as_text_is_no_way_around(written: str) -> None:
    key = written.partition(":")[0]
    found = read(f"'{json.dumps({key: [None]})}'")
    assert isinstance(found, Fault)
    assert (found.line, found.key) == (4, f"metadata.{key}")


@pytest.mark.parametrize("key", sorted(OWN))
def test_what_this_program_writes_is_well(key: str) -> None:
    assert find_odd({key: OWN[key]}) is None


def test_keys_of_the_writers_own_may_hold_anything() -> None:
    assert find_odd({"x": {"_object": 3}, "y": None, "": 1, "a_": "b"}) is None
