"""The schemas, what they say of wrong data, and the errors of the program."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sync import errors
from sync.document.entry import TEXT_KEYS, Entry, parse_entry
from sync.document.settings import Selection, Settings, load_settings
from sync.engine.projecting import Projected, project
from sync.errors import EXIT_CODES, DocumentError, JournalError
from sync.schema import Finding, Schema, check, load_schema
from sync.stores.augment import render_file

ALL = pytest.mark.parametrize("schema", list(Schema), ids=lambda schema: str(schema.value).split(".")[0])


def nodes(schema: object) -> list[dict[str, Any]]:
    """Every object of a schema, itself included."""
    if isinstance(schema, list):
        return [node for part in schema for node in nodes(part)]
    if isinstance(schema, dict):
        return [schema, *(node for part in schema.values() for node in nodes(part))]
    return []


# --- the schemas themselves -----------------------------------------------------------------------------------------


@ALL
def test_a_schema_obeys_the_metaschema_of_2020_12(schema: Schema) -> None:
    document = load_schema(schema)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    metaschema = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    assert [error.message for error in metaschema.iter_errors(document)] == []


@ALL
def test_the_name_of_a_schema_is_its_kind_and_version(schema: Schema) -> None:
    kind, version = re.fullmatch(r"([a-z-]+)\.v(\d+)\.schema\.json", schema.value).groups()  # type: ignore[union-attr]
    assert load_schema(schema)["$id"] == f"urn:journal-sync:schema:{kind}:{version}"


@ALL
def test_no_schema_has_to_be_fetched(schema: Schema) -> None:
    known = {load_schema(one)["$id"] for one in Schema}
    references = {node["$ref"] for node in nodes(load_schema(schema)) if "$ref" in node}
    assert {reference for reference in references if not reference.startswith("#/")} <= known


@ALL
def test_every_pattern_of_a_schema_is_a_regular_expression(schema: Schema) -> None:
    patterns = [node["pattern"] for node in nodes(load_schema(schema)) if isinstance(node.get("pattern"), str)]
    assert [pattern for pattern in patterns if re.compile(pattern).groups < 0] == []


@pytest.mark.parametrize("key", sorted(load_schema(Schema.ENTRY)["properties"]))
def test_each_property_of_an_entry_is_described(key: str) -> None:
    assert load_schema(Schema.ENTRY)["properties"][key].get("description", "") != ""


@pytest.mark.parametrize("key", sorted(TEXT_KEYS))
def test_each_key_that_entries_are_read_by_is_in_their_schema(key: str) -> None:
    assert key in load_schema(Schema.ENTRY)["properties"]


def test_an_entry_may_hold_keys_of_its_own() -> None:
    assert check(Schema.ENTRY, {"mood": {"level": 3}}) == []


SETTINGS_KEYS = {
    **{f"journal.{name}": name for name in ("entries", "memories", "language", "template", "timezone", "prefix")},
    "stores.augment.path": "augment",
    "stores.augment.enabled": "augment_enabled",
    "search.model": "search_model",
}


def settings_property(path: str) -> dict[str, Any]:
    node = load_schema(Schema.SETTINGS)
    for key in path.split("."):
        node = node["properties"][key]
    return node


@pytest.mark.parametrize(("path", "name"), SETTINGS_KEYS.items(), ids=SETTINGS_KEYS)
def test_the_default_of_a_setting_is_the_one_in_the_schema(path: str, name: str) -> None:
    assert settings_property(path)["default"] == getattr(Settings(), name)


@pytest.mark.parametrize("name", ["tags", "exclude_tags", "since", "until", "max_bytes"])
def test_the_default_of_a_selection_is_the_one_in_the_schema(name: str) -> None:
    default = getattr(Selection(), name)
    assert settings_property(f"stores.augment.{name}")["default"] == (
        list(default) if name.endswith("tags") else default
    )


def test_the_schema_of_the_settings_has_every_setting() -> None:
    known = {*SETTINGS_KEYS.values(), "augment_selection", "claude", "mcp", "memory"}
    assert known == {field.name for field in fields(Settings)}


def test_the_defaults_obey_the_schema_and_are_what_is_loaded_from_nothing() -> None:
    table: dict[str, object] = {"journal": {}, "stores": {"augment": {}}}
    assert (check(Schema.SETTINGS, table), load_settings(b"[journal]\n[stores.augment]")) == ([], Settings())


# --- what obeys them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("---\ndate: 2025-04-05\nheure: 14-30\ntitle: a: b\ntags: [a]\n---\n\n# T\n\nText.\n", id="full"),
        pytest.param("text", id="no-front-matter"),
        pytest.param("\ufeff# T\r\n\r\n**Date**: 08/04/2025\r\n\r\nx\r\n", id="crlf-and-bom"),
        pytest.param("---\ndate: 2025-04-05T14:30:00+02:00\ntitle: |\n  é\n---\n", id="time-stamp"),
        pytest.param("", id="empty"),
    ],
)
@pytest.mark.parametrize("blob", ["a" * 40, "0" * 64], ids=["sha-1", "sha-256"])
def test_a_rendered_memory_obeys_the_schema_of_memories(text: str, blob: str) -> None:
    made = project("journal/entries/2025-04-05-x.md", blob, text.encode(), Settings().view, Selection())
    assert isinstance(made, Projected)
    assert check(Schema.MEMORIES, json.loads(render_file([made.chunk, made.chunk]))) == []


@pytest.mark.parametrize(
    "front",
    [
        "date: 2025-04-05\nheure: 14-30\ntitle: T\ntags: [a, no, 1.10]\nrelated: [x.md]\n",
        "date: 2025-04-05T14:30:00.123+02:00\n",
        "date: 2025-04-05 14:30 Z\nheure: 14h\n",
        "heure: 9h05\n",
        "id: été\ntitle:\ntags:\nrelated: []\ndate: ~\nheure:\n",
        "importance: 0\n",
        "importance: 0.50\n",
        "importance: 1\n",
        "mood: [x]\n",
        "",
    ],
)
def test_front_matter_that_can_be_read_obeys_the_schema_of_entries(front: str) -> None:
    entry = parse_entry("a.md", f"---\n{front}---\n")
    assert isinstance(entry, Entry)
    assert check(Schema.ENTRY, dict(entry.front)) == []


def test_the_config_of_augment_obeys_its_schema() -> None:
    config = {
        "memories": {
            "sources": [{"type": "file", "path": ".augment/memories/journal_memories.json", "format": "json"}],
            "update_frequency": "daily",
        },
        "context_providers": [
            {"name": "j", "type": "custom", "command": 'journal query "${query}"', "working_directory": "."}
        ],
        "of another tool": 1,
    }
    assert check(Schema.AUGMENT_CONFIG, config) == []


# --- what is said of what does not ----------------------------------------------------------------------------------


def said(schema: Schema, instance: object) -> list[tuple[str, str]]:
    return [(finding.key, finding.message) for finding in check(schema, instance)]


MEMORY = {"text": "t", "metadata": {"id": "a", "source": "a.md", "tags": [], "source_blob": "a" * 40}}


@pytest.mark.parametrize(
    ("schema", "instance", "expected"),
    [
        pytest.param(Schema.ENTRY, {"title": 5}, ("title", "must be one line of text, not 5"), id="kind"),
        pytest.param(
            Schema.ENTRY,
            {"date": "05/04/2025"},
            (
                "date",
                'must be a day or a time stamp such as 2025-04-05 or 2025-04-05T14:30:00, not "05/04/2025"',
            ),
            id="form",
        ),
        pytest.param(Schema.ENTRY, {"tags": ["a", 3]}, ("tags[1]", "must be a word, not 3"), id="item"),
        pytest.param(Schema.ENTRY, {"tags": ["a", ""]}, ("tags[1]", 'must be a word, not ""'), id="empty-item"),
        pytest.param(
            Schema.ENTRY, {"importance": 2}, ("importance", "must be a number from 0 to 1, not 2"), id="range"
        ),
        pytest.param(
            Schema.ENTRY,
            {"id": "../x"},
            (
                "id",
                (
                    "must be identity of the entry; its file's stem where absent; a word that could be a file name, "
                    'not "../x"'
                ),
            ),
            id="id",
        ),
        pytest.param(
            Schema.ENTRY,
            {"tags": "é" * 100},
            ("tags", 'must be a list of words such as [python, git], not "' + "é" * 59 + "…"),
            id="a-long-value-is-cut",
        ),
        pytest.param(
            Schema.MEMORY,
            {**MEMORY, "more": 1},
            ("", "unknown key more; known keys: metadata, text"),
            id="unknown-key",
        ),
        pytest.param(Schema.MEMORY, {"metadata": MEMORY["metadata"]}, ("", "'text' is missing"), id="missing-key"),
        pytest.param(
            Schema.MEMORIES,
            [MEMORY, {**MEMORY, "text": ""}],
            ("[1].text", 'must be text of the form `PREFIX title: body`, not ""'),
            id="in-a-list",
        ),
        pytest.param(Schema.MEMORIES, {}, ("", "must be a list of memories, not {}"), id="not-a-list"),
        pytest.param(
            Schema.SETTINGS,
            {"journal": {"entries": "../x"}},
            ("journal.entries", 'must be a path inside the repository, with forward slashes, not "../x"'),
            id="path",
        ),
        pytest.param(
            Schema.SETTINGS,
            {"journal": {"language": "de"}},
            ("journal.language", 'must be fr or en, not "de"'),
            id="choice",
        ),
        pytest.param(
            Schema.SETTINGS,
            {"stores": {"augment": {"max_bytes": -1}}},
            ("stores.augment.max_bytes", "must be a whole number, not -1"),
            id="negative",
        ),
        pytest.param(
            Schema.SETTINGS,
            {"stores": {"cursor": {}}},
            ("stores", "unknown key cursor; known keys: augment, claude, mcp"),
            id="unknown-store",
        ),
        pytest.param(
            Schema.AUGMENT_CONFIG,
            {"memories": {"sources": [{"type": "file"}]}},
            ("memories.sources[0]", "'path' is missing"),
            id="augment-config",
        ),
    ],
)
def test_a_message_names_the_key_and_what_is_expected(
    schema: Schema, instance: object, expected: tuple[str, str]
) -> None:
    assert said(schema, instance) == [expected]


def test_all_that_is_wrong_is_said() -> None:
    assert {key for key, _ in said(Schema.ENTRY, {"title": 1, "tags": 2, "date": "x", "importance": -1})} == {
        "title", "tags", "date", "importance",
    }  # fmt: skip


def test_findings_come_in_the_order_of_a_list() -> None:
    words = ["a", "b", 3, *"defghij", 11]
    assert [key for key, _ in said(Schema.ENTRY, {"tags": words})] == ["tags[2]", "tags[10]"]


def test_findings_come_in_the_order_of_the_keys() -> None:
    assert [key for key, _ in said(Schema.ENTRY, {"title": 1, "date": "x", "tags": 2})] == ["title", "date", "tags"]


@pytest.mark.parametrize("source", ["/etc/passwd", "../x.md", "a/../b.md", ".."])
def test_the_source_of_a_memory_lies_in_the_repository(source: str) -> None:
    metadata = {"id": "a", "source": source, "tags": [], "source_blob": "a" * 40}
    assert [key for key, _ in said(Schema.MEMORY, {"text": "t", "metadata": metadata})] == ["metadata.source"]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ((), ""),
        (("tags",), "tags"),
        (("tags", 2), "tags[2]"),
        ((0, "text"), "[0].text"),
        (("a", "b", 1, "c"), "a.b[1].c"),
    ],
)
def test_a_path_is_written_as_people_do(path: tuple[str | int, ...], key: str) -> None:
    assert Finding(path=path, message="m").key == key


# --- errors ---------------------------------------------------------------------------------------------------------

ERRORS = sorted(
    (one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, JournalError)),
    key=lambda one: one.__name__,
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error.__name__))
def test_each_error_ends_the_process_with_a_code_that_is_explained(error: type[JournalError]) -> None:
    assert error.exit_code in EXIT_CODES


def test_each_error_has_a_code_of_its_own() -> None:
    assert len({error.code for error in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize(
    ("name", "exit_code"),
    [
        ("UsageError", 2),
        ("SettingsError", 2),
        ("DocumentError", 2),
        ("ProjectionError", 2),
        ("RefusedError", 3),
        ("RetryError", 4),
        ("GitError", 2),
    ],
)
def test_the_exit_codes_are_those_of_the_design(name: str, exit_code: int) -> None:
    assert getattr(errors, name).exit_code == exit_code


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error.__name__))
def test_the_tree_of_errors_is_the_one_that_is_drawn(error: type[JournalError]) -> None:
    assert re.search(rf"\b{error.__name__}\b", errors.__doc__ or "") is not None


def test_an_error_as_an_object_says_what_to_do() -> None:
    assert JournalError("wrong", hint="do it").as_dict() == {"code": "error", "message": "wrong", "hint": "do it"}


def test_an_error_of_a_document_knows_its_place() -> None:
    error = DocumentError("wrong", offset=3, key="tags", hint="h")
    assert (str(error), error.offset, error.key, error.hint, error.code) == ("wrong", 3, "tags", "h", "document")
