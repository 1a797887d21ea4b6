"""From the bytes of entries to the memories of a projection."""

from __future__ import annotations

import json
from datetime import UTC

import pytest

from sync.document.entry import Entry, parse_entry
from sync.document.fault import Fault, Skipped
from sync.document.settings import Selection
from sync.document.view import View
from sync.engine.projecting import Projected, is_selected, project, refuse_same_ids, within_budget
from sync.stores.augment import render_file

VIEW = View(zone=UTC)
BLOB = "a" * 40
TEXT = b"---\ndate: 2025-04-05\nheure: 14-30\ntitle: T\ntags: [a, b]\nimportance: 0.75\n---\nText.\n"


def projected(path: str = "e/x.md", data: bytes = TEXT, selection: Selection | None = None) -> Projected:
    found = project(path, BLOB, data, VIEW, selection or Selection())
    assert isinstance(found, Projected)
    return found


def test_an_entry_becomes_a_memory_with_its_origin() -> None:
    assert json.loads(projected().chunk) == {
        "text": "[JOURNAL DE BORD] T: Text.",
        "metadata": {
            "id": "x",
            "source": "e/x.md",
            "tags": ["a", "b"],
            "date": "2025-04-05T14:30:00.000Z",
            "source_blob": BLOB,
        },
    }


def test_projecting_is_a_function_of_the_bytes() -> None:
    assert projected() == projected()


def test_the_rank_is_importance_then_date_then_id() -> None:
    assert projected().rank == (0.75, "2025-04-05T14:30:00.000Z", "x")


def test_an_entry_that_is_not_selected_keeps_its_place_without_bytes() -> None:
    found = projected(selection=Selection(tags=("z",)))
    assert (found.id, found.chunk) == ("x", b"")


def test_an_index_is_skipped_by_its_rule() -> None:
    assert project("e/index.md", BLOB, b"", VIEW, Selection()) == Skipped(
        path="e/index.md", reason="an index of the folder, not an entry"
    )


def test_an_entry_that_cannot_be_read_is_a_fault() -> None:
    found = project("e/x.md", BLOB, b"---\n", VIEW, Selection())
    assert isinstance(found, Fault)
    assert found.path == "e/x.md"


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        pytest.param(Selection(), True, id="empty-takes-all"),
        pytest.param(Selection(tags=("a",)), True, id="one-of-the-tags"),
        pytest.param(Selection(tags=("z", "b")), True, id="any-of-the-tags"),
        pytest.param(Selection(tags=("z",)), False, id="none-of-the-tags"),
        pytest.param(Selection(exclude_tags=("z",)), True, id="no-excluded-tag"),
        pytest.param(Selection(exclude_tags=("z", "a")), False, id="an-excluded-tag"),
        pytest.param(Selection(tags=("a",), exclude_tags=("b",)), False, id="exclusion-wins"),
        pytest.param(Selection(since="2025-04-05"), True, id="since-its-day"),
        pytest.param(Selection(since="2025-04-06"), False, id="since-the-day-after"),
        pytest.param(Selection(until="2025-04-05"), True, id="until-its-day"),
        pytest.param(Selection(until="2025-04-04"), False, id="until-the-day-before"),
        pytest.param(Selection(since="2025-04-05", until="2025-04-05"), True, id="its-day"),
        pytest.param(Selection(max_bytes=1), True, id="a-budget-is-not-looked-at"),
        pytest.param(Selection(tags=("a",), within=Selection(tags=("b",))), True, id="both-take-it"),
        pytest.param(Selection(tags=("a",), within=Selection(tags=("z",))), False, id="the-outer-one-does-not"),
        pytest.param(Selection(tags=("z",), within=Selection(tags=("a",))), False, id="the-inner-one-does-not"),
    ],
)
def test_a_selection_takes_entries_by_tag_and_day(selection: Selection, taken: bool) -> None:
    entry = parse_entry("x.md", TEXT.decode())
    assert isinstance(entry, Entry)
    assert is_selected(entry, selection) is taken


@pytest.mark.parametrize(
    ("selection", "taken"),
    [(Selection(), True), (Selection(since="2025-01-01"), False), (Selection(until="2025-01-01"), False)],
    ids=["all", "since", "until"],
)
def test_an_entry_without_a_day_falls_out_where_a_day_is_asked_for(selection: Selection, taken: bool) -> None:
    entry = parse_entry("x.md", "text")
    assert isinstance(entry, Entry)
    assert is_selected(entry, selection) is taken


def item(name: str, size: int, importance: float = 0.5, date: str = "") -> Projected:
    return Projected(id=name, chunk=b"x" * size, rank=(importance, date, name))


@pytest.mark.parametrize(
    ("items", "budget", "kept"),
    [
        pytest.param([item("a", 10), item("b", 10)], 1_000, {"a", "b"}, id="all-fit"),
        pytest.param([item("a", 10), item("b", 10)], 27, {"a", "b"}, id="all-fit-exactly"),
        pytest.param([item("a", 10), item("b", 10)], 26, {"b"}, id="one-byte-too-few"),
        pytest.param([item("a", 10, 0.9), item("b", 10, 0.1)], 20, {"a"}, id="the-most-important-first"),
        pytest.param(
            [item("a", 10, date="2025-01-01"), item("b", 10, date="2025-01-02")], 20, {"b"}, id="then-the-newest"
        ),
        pytest.param([item("a", 50, 0.9), item("b", 10, 0.1)], 20, {"b"}, id="a-smaller-one-behind-may-fit"),
        pytest.param([item("a", 10)], 14, set(), id="none-fits"),
        pytest.param([item("a", 0)], 1_000, set(), id="what-was-left-out-stays-out"),
        pytest.param([], 1_000, set(), id="none"),
    ],
)
def test_a_budget_keeps_the_most_important_and_newest(items: list[Projected], budget: int, kept: set[str]) -> None:
    assert within_budget(items, budget) == kept


def test_what_fits_a_budget_exactly_fills_the_file_exactly() -> None:
    assert len(render_file([b"x" * 10, b"x" * 10])) == 27


def test_of_two_entries_with_one_id_the_first_keeps_it() -> None:
    faults = refuse_same_ids([("a.md", item("a", 1)), ("b.md", item("a", 1)), ("c.md", item("c", 1))])
    assert {path: (fault.key, fault.message) for path, fault in faults.items()} == {
        "b.md": ("id", "has the same id as a.md: a")
    }


def test_where_the_id_is_the_file_name_no_key_is_named() -> None:
    faults = refuse_same_ids([("a.md", item("b", 1)), ("x/b.md", item("b", 1))])
    assert faults["x/b.md"].key == ""


def test_different_ids_are_no_fault() -> None:
    assert refuse_same_ids([("a.md", item("a", 1)), ("b.md", item("b", 1))]) == {}
