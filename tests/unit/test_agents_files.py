"""One member or table is set in a file that people keep by hand; every other byte stays as it was."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.document.agents_json import read_json, set_member
from sync.document.agents_toml import read_toml, set_table
from sync.errors import DocumentError

SERVER: dict[str, Any] = {"command": "journal", "args": ["mcp"]}
PATH = ("mcpServers", "journal")
TABLE = ("mcp_servers", "journal")

VSCODE = """\
{
    // kept by hand
    "servers": {
        "other": { "type": "stdio", "command": "x" }, // ours
        /* and the last */
        "last": {"command": "y"} // no comma
    },
    "inputs": [],
}
"""


def test_a_member_is_added_behind_its_neighbours_and_nothing_else_moves() -> None:
    after = set_member(VSCODE, ("servers", "journal"), SERVER)

    assert after == VSCODE.replace(
        '"last": {"command": "y"} // no comma\n',
        '"last": {"command": "y"}, // no comma\n'
        '        "journal": {\n'
        '            "command": "journal",\n'
        '            "args": ["mcp"]\n'
        "        }\n",
    )


def test_a_comma_that_is_there_already_is_not_doubled() -> None:
    after = set_member('{\n  "mcpServers": {\n    "a": {},\n  }\n}\n', PATH, SERVER)

    assert read_json(after) == {"mcpServers": {"a": {}, "journal": SERVER}}
    assert ",," not in after.replace("\n", "")


def test_a_member_is_replaced_where_it_stands() -> None:
    before = '{\n  "mcpServers": {\n    "journal": {"command": "old"}, // why\n    "b": 1\n  }\n}'
    head, tail = before.split('{"command": "old"}')

    after = set_member(before, PATH, SERVER)

    assert after.startswith(head)
    assert after.endswith(tail)
    assert read_json(after) == {"mcpServers": {"journal": SERVER, "b": 1}}


@pytest.mark.parametrize("before", ["", "  \n", "\ufeff", "{}", "{ }", "{\r\n}\r\n", '{"mcpServers":{}}', '{"a": 1}'])
def test_missing_parents_are_made(before: str) -> None:
    after = set_member(before, PATH, SERVER)

    assert read_json(after)["mcpServers"]["journal"] == SERVER


def test_bom_tabs_and_crlf_are_kept() -> None:
    after = set_member('\ufeff{\r\n\t"mcpServers": {\r\n\t\t"a": {}\r\n\t}\r\n}', PATH, SERVER)

    assert after.startswith("\ufeff")
    assert "\n" not in after.replace("\r\n", "")
    assert '\r\n\t\t"journal": {\r\n\t\t\t"command"' in after
    assert after.endswith("}")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    document=st.dictionaries(st.text(max_size=6) | st.just("mcpServers"), _VALUES, max_size=4),
    indent=st.sampled_from([None, 1, 2, 4, "\t"]),
)
def test_whatever_else_a_document_says_it_goes_on_saying(document: dict[str, Any], indent: int | str | None) -> None:
    if not isinstance(document.get("mcpServers", {}), dict):
        document["mcpServers"] = {}
    text = json.dumps(document, indent=indent, ensure_ascii=False)

    after = set_member(text, PATH, SERVER)

    assert json.loads(after) == {**document, "mcpServers": {**document.get("mcpServers", {}), "journal": SERVER}}
    assert set_member(after, PATH, SERVER) == after


@given(
    document=st.dictionaries(st.text(max_size=6), _VALUES, max_size=4),
    servers=st.dictionaries(st.text(max_size=6) | st.just("journal"), _VALUES, max_size=3),
    line_end=st.sampled_from([" // }\n", " /* { */\n", "\r\n", "\n\n", "\n// ,\n"]),
)
def test_comments_wherever_they_stand_are_kept(
    document: dict[str, Any], servers: dict[str, Any], line_end: str
) -> None:
    document = {**document, "mcpServers": servers}
    text = json.dumps(document, indent=2).replace("\n", line_end)

    after = set_member(text, PATH, SERVER)

    assert read_json(after) == {**document, "mcpServers": {**servers, "journal": SERVER}}
    assert "journal" in servers or after.count(line_end.strip()) >= text.count(line_end.strip())


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('{"a": }', 1, "a value is missing"),
        ('{\n "a": 1\n "b": 2}', 3, "a comma or } is missing"),
        ('{\n "a": 1, "a": 2}', 2, "written twice"),
        ('{"a": "x\ny"}', 1, "not closed"),
        ('{"a": 1} x', 1, "behind the document's end"),
        ('{"a": 01}', 1, "comma"),
        ('{"mcpServers": [1]}', 1, "must be an object"),
        ("[1]", 1, "must be an object"),
        ('{"a": ' + "[" * 5000, 1, "nested deeper"),
        ('{"a": "\\q"}', 1, "wrong escape"),
        ("{a: 1}", 1, "not closed, or missing"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, line: int, told: str) -> None:
    with pytest.raises(DocumentError, match=told) as caught:
        set_member(text, PATH, SERVER)

    assert text.count("\n", 0, caught.value.offset) + 1 == line


TOML = """\
# mine
model = "o3"  # yes

[mcp_servers.other]
command = "x"

# about what follows
[profiles.a]
model = "b"
"""


def test_a_table_is_added_at_the_end() -> None:
    after = set_table(TOML, TABLE, SERVER)

    assert after == TOML + '\n[mcp_servers.journal]\ncommand = "journal"\nargs = ["mcp"]\n'


def test_a_table_is_replaced_with_its_sub_tables_and_the_comments_of_the_next_one_stay() -> None:
    old = '[mcp_servers.journal]\ncommand = "old" # was\n\n[mcp_servers.journal.env]\nA = "1"\n\n'
    before = TOML.replace("# about", f"{old}# about")

    after = set_table(before, TABLE, SERVER)

    assert tomllib.loads(after) == {
        **tomllib.loads(TOML),
        "mcp_servers": {"other": {"command": "x"}, "journal": SERVER},
    }
    assert after.endswith('# about what follows\n[profiles.a]\nmodel = "b"\n')
    assert after.startswith('# mine\nmodel = "o3"  # yes\n')
    assert set_table(after, TABLE, SERVER) == after


@pytest.mark.parametrize(
    "before", ["", "\n", "a = 1", "\ufeffa = 1\r\n", '["mcp_servers".\'journal\']\r\ncommand = "x"']
)
def test_a_table_is_set_whatever_stands_at_the_end(before: str) -> None:
    after = set_table(before, TABLE, SERVER)

    assert read_toml(after)["mcp_servers"]["journal"] == SERVER
    assert "\r\n" not in before or "\n" not in after.replace("\r\n", "")


@pytest.mark.parametrize(
    "text",
    [
        'mcp_servers = { journal = { command = "x" } }\n',
        'mcp_servers.journal.command = "x"\n',
        's = """\n[mcp_servers.journal]\n"""\n[mcp_servers]\njournal = 1\n',
    ],
)
def test_a_form_that_cannot_be_changed_safely_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="not changed here"):
        set_table(text, TABLE, SERVER)


def test_what_is_no_toml_is_refused_with_its_place() -> None:
    with pytest.raises(DocumentError, match="not TOML") as caught:
        set_table("a = 1\nb = ]\n", TABLE, SERVER)

    assert caught.value.offset == len("a = 1\nb = ")
