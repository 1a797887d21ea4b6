"""The journal as tables: what a row says, what a statement may do, and what stops it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from sync.document.entry import Entry, parse_entry
from sync.errors import JournalError, RefusedError, UsageError
from sync.search.structured.database import Answer, Filling, compile_statement, run_statement
from sync.search.structured.failing import TimeLimitError
from sync.search.structured.guard import Guard
from sync.search.structured.links import Names, links_of
from sync.search.structured.outline import sections_of
from sync.search.structured.rows import Stored, entry_rows, language_of, rows_of_entries
from sync.search.structured.schema import OF_ENTRIES, TABLES, VIEWS, Cell

DOCUMENT = Path(__file__).parents[2] / "docs/sql.md"
FOLDER = "journal/entries"


def entry(body: str, *, front: str = "title: One\n", name: str = "2025-04-05-one") -> Entry:
    """An entry with some body."""
    made = parse_entry(f"{FOLDER}/{name}.md", f"---\n{front}---\n{body}")
    assert isinstance(made, Entry)
    return made


def ask(statement: str, tags: Iterable[Sequence[Cell]] = (), *, limit: int = 100, seconds: float = 10) -> Answer:
    """What a statement selects where only some tags are there."""
    filling = {"tags": Filling(columns=("entry", "tag"), rows=tags)}
    compiled = compile_statement(statement, seconds=seconds)
    return compiled.answer or run_statement(statement, filling, limit=limit, seconds=seconds)


def test_the_documentation_lists_the_tables_that_are_made() -> None:
    tables = ""
    for one in (*TABLES, *VIEWS):
        tables += f"### {one.name}{' (a view)' if one.query else ''}\n\n{one.meaning}\n\n"
        tables += "| column | type | meaning |\n|---|---|---|\n"
        tables += "".join(f"| {column.name} | {column.kind} | {column.meaning} |\n" for column in one.columns) + "\n"
    (written,) = re.findall(r"^## Tables\n\n(.*?)^A heading", DOCUMENT.read_text(encoding="utf-8"), re.M | re.S)
    assert written == tables


def test_the_tables_in_the_database_are_those_of_the_schema() -> None:
    for one in (*TABLES, *VIEWS):
        assert ask(f"select * from {one.name}").columns == one.names  # noqa: S608 (a name of ours)


def test_every_table_of_entries_can_be_filled() -> None:
    stored = [Stored(entry=entry("# One\n\n[a](b.md)\n", front="title: One\ntags: [x]\nmood: good\n"), blob="0" * 40)]
    for one in TABLES:
        if one.name in OF_ENTRIES - {"entries"}:
            (row,) = rows_of_entries(one.name, stored, FOLDER)
            assert len(row) == len(one.columns)
    (row,) = entry_rows(stored, TABLES[0].names)
    assert dict(zip(TABLES[0].names, row, strict=True)) == {
        "path": "journal/entries/2025-04-05-one.md", "id": "2025-04-05-one", "title": "One", "date": "2025-04-05",
        "time": None, "context": None, "importance": 0.5, "language": None, "words": 4, "body": "# One\n\n[a](b.md)\n",
        "blob": "0" * 40,
    }  # fmt: skip


def test_only_the_columns_that_a_statement_reads_are_known_to_be_read() -> None:
    statement = "with one as (select title, path from entries) select upper(title) from one, Tags where Tag = path"
    assert compile_statement(statement, seconds=10).reads == {
        "entries": frozenset({"title", "path"}), "tags": frozenset({"tag"}),
    }  # fmt: skip


def test_a_table_that_is_only_counted_has_no_columns_to_read() -> None:
    assert compile_statement("select count(*) from sections", seconds=10).reads == {"sections": frozenset()}


def test_a_view_reads_its_tables() -> None:
    assert compile_statement("select title from recent", seconds=10).reads.keys() == {"entries", "tags"}


def test_sections_know_their_lines_and_the_headings_above_them() -> None:
    body = "before\n\n# One #\na\n## Two\n```\n# code\n```\n\n# Three\n\n### Four\r\nb\r\n"
    found = [(one.level, one.headings, one.first_line, one.last_line, one.text) for one in sections_of(entry(body))]
    assert found == [
        (0, (), 4, 4, "before"),
        (1, ("One",), 6, 7, "a"),
        (2, ("One", "Two"), 8, 11, "```\n# code\n```"),
        (1, ("Three",), 13, 13, ""),
        (3, ("Three", "Four"), 15, 16, "b"),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("[a](b.md)", "markdown", "b.md"),
        ('[a](<b c.md> "title")', "markdown", "b c.md"),
        ("[a](https://e.org/x)", "url", "https://e.org/x"),
        ("[a](mailto:a@e.org)", "url", "mailto:a@e.org"),
        ("[a]: b.md", "markdown", "b.md"),
        ("[[One#part|label]]", "wiki", "One"),
        ("(see https://e.org/x_(y)).", "url", "https://e.org/x_(y)"),
        ("<https://e.org/x>", "url", "https://e.org/x"),
    ],
)
def test_a_link_is_found_with_its_kind_and_line(text: str, kind: str, target: str) -> None:
    assert [(one.kind, one.target, one.line) for one in links_of(entry(f"\n{text}\n"))] == [(kind, target, 5)]


@pytest.mark.parametrize("text", ["`[a](b.md)`", "```\n[a](b.md)\n```", "![a](b.png)", "[a]", "``[[a]] ` ``"])
def test_code_and_images_are_no_links(text: str) -> None:
    assert list(links_of(entry(text))) == []


@pytest.mark.parametrize("text", ["https://a" + ")" * 200_000, "https://a" + ".)" * 200_000, "[[a|[b](" * 50_000])
def test_lines_that_are_nothing_but_brackets_are_read_in_one_go(text: str) -> None:
    assert len(list(links_of(entry(text)))) <= 1


def test_related_entries_are_links_with_their_lines() -> None:
    made = entry("", front="title: One\nrelated:\n  - a\n  - b\n")
    assert [(one.kind, one.target, one.line) for one in links_of(made)] == [("related", "a", 4), ("related", "b", 5)]


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ("[[2025-04-05-one]]", True), ("[[ÉTÉ  à noël]]", True), ("[a](2025-04-05-one.md#part)", True),
        ("[a](../entries/2025%2D04-05-one.md)", True), ("[a](/journal/entries/2025-04-05-one.md)", True),
        ("[[other]]", False), ("[a](https://e.org/2025-04-05-one.md)", False), ("[a](#part)", False),
    ],
)  # fmt: skip
def test_a_link_leads_to_the_entry_that_it_names(link: str, named: bool) -> None:
    named_entry = entry("", front="title: Été à Noël\n")
    made = entry(link, name="2025-04-06-two")
    (found,) = links_of(made)
    resolved = Names([made, named_entry], FOLDER).resolve(made, found)
    assert resolved == (named_entry.path if named else None)


def test_a_name_that_two_entries_have_leads_nowhere() -> None:
    twins = [entry("", front="id: same\ntitle: One\n", name=name) for name in ("a", "b")]
    (link,) = links_of(made := entry("[[same]]", name="c"))
    assert Names([*twins, made], FOLDER).resolve(made, link) is None


@pytest.mark.parametrize(
    ("body", "front", "language"),
    [
        ("Le script est dans le dossier", "", "fr"), ("The script is in the folder", "", "en"),
        ("The script", "lang: fr-CA\n", "fr"), ("12 34", "", None),
    ],
)  # fmt: skip
def test_the_language_of_an_entry_is_told_or_stated(body: str, front: str, language: str | None) -> None:
    assert language_of(entry(body, front=f"title: X\n{front}")) == language


def test_fold_compares_without_case_and_accents() -> None:
    assert ask("select fold('  ÉTÉ à  Noël'), fold(null), fold(3)").rows == (("ete a noel", None, 3),)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into tags values ('a', 'b')", "update tags set tag = 'x'", "delete from tags", "drop table tags",
        "replace into tags values ('a', 'b')", "with one as (select 1) insert into tags select 1, 2",
        "create table t (a)", "create temp table t (a)", "create view v as select 1", "create index i on tags (tag)",
        "create trigger t after insert on tags begin select 1; end", "create virtual table t using fts5(a)",
        "alter table tags rename to t", "update sqlite_master set name = 'x'", "analyze",
        "begin", "commit", "savepoint s", "vacuum", "attach ':memory:' as m", "detach main",
        "pragma query_only = off", "pragma writable_schema = on", "pragma journal_mode = wal",
        "pragma temp_store_directory = '.'", "pragma hard_heap_limit = 1", "select load_extension('x')",
        "explain delete from tags", "explain attach 'x' as y", "select fts3_tokenizer('simple')",
    ],
)  # fmt: skip
def test_a_statement_that_would_do_more_than_read_is_refused(statement: str) -> None:
    with pytest.raises(RefusedError, match="only reads"):
        ask(statement)


@pytest.mark.parametrize(
    "template",
    [
        "attach '{}' as other", "vacuum into '{}'", "select load_extension('{}')", "select writefile('{}', 'x')",
        "select readfile('{}')", "select edit('x', '{}')", ".output {}", ".import {} tags", ".open {}",
        "pragma temp_store_directory = '{}'", "pragma data_store_directory = '{}'",
        "create virtual table t using csv(filename='{}')", "create virtual table t using fts5(a, content='{}')",
        "select * from fsdir('{}')", "select 1; attach '{}' as other", "explain attach '{}' as other",
    ],
)  # fmt: skip
def test_no_statement_reaches_a_file(template: str, tmp_path: Path) -> None:
    wanted, there = tmp_path / "new.db", tmp_path / "there.txt"
    there.write_text("a secret", encoding="utf-8")
    for file in (wanted, there):
        with pytest.raises(JournalError) as stopped:
            ask(template.format(file))
        assert "secret" not in stopped.value.message
    assert [one.name for one in tmp_path.iterdir()] == ["there.txt"]
    assert there.read_text(encoding="utf-8") == "a secret"


@pytest.mark.parametrize("statement", ["select * from dbstat", "select * from sqlite_stmt"])
def test_tables_that_tell_of_sqlite_itself_are_not_there(statement: str) -> None:
    with pytest.raises(UsageError, match="no such table"):
        ask(statement)


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("pragma table_info(tags)", 2),
        ("select * from pragma_table_info('tags')", 2),
        ("select * from json_each('[1, 2]')", 2),
        ("values (1), (2)", 2),
        ("select 1; -- a comment", 1),
        ("with recursive c(x) as (select 1 union all select x + 1 from c where x < 3) select x from c", 3),
        ("select row_number() over (order by tag) from tags", 1),
        ("select date('2025-04-05', '+1 day')", 1),
    ],
)
def test_what_only_reads_is_allowed(statement: str, rows: int) -> None:
    assert len(ask(statement, [("a", "b")]).rows) == rows


def test_the_plan_of_a_statement_can_be_asked_for() -> None:
    assert "SCAN tags" in str(ask("explain query plan select * from tags").rows)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("", "the statement is empty"),
        (" ;\n", "the statement is empty"),
        ("-- nothing", "the statement selects nothing"),
        ("select 'a", r"line 1, column 8: unrecognized token"),
        ("select tag\nfrm tags", r'line 2, column 5: near "tags": syntax error'),
        ("select\n title,\n from entries", r'line 3, column 2: near "from": syntax error'),
        ("select * from (select 1", "line 1, column 24: incomplete input"),
        ("select 1; select 2", "more than one statement"),
        ("select ?", "parameters"),
        ("select 1\0", "line 1, column 9: the statement holds a NUL"),
        ("select '\ud800'", "not UTF-8"),
        ("select " + "a" * 1_000_000, "1,000,007 bytes"),
        ("select json('{')", "malformed JSON"),
        ("select abs(-9223372036854775808)", "integer overflow"),
        ("select " + "(" * 2_000 + "1" + ")" * 2_000, "overflow"),
    ],
)
def test_a_faulty_statement_is_explained(statement: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ask(statement)


@pytest.mark.parametrize(
    ("statement", "place", "near"),
    [
        ("select * from entrys", "column 15", "entries"),
        ("select ttle from entries", "column 8", "title"),
        ("select e.ttle from entries e", "column 10", "title"),
        ("select flod(title) from entries", "column 8", "fold"),
    ],
)
def test_a_name_that_was_nearly_right_is_suggested(statement: str, place: str, near: str) -> None:
    with pytest.raises(UsageError, match=place) as stopped:
        ask(statement)
    assert f"did you mean {near}?" in stopped.value.hint


@pytest.mark.parametrize(
    "statement",
    [
        "with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c",
        "select count(*) from tags a, tags b, tags c, tags d, tags e, tags f, tags g, tags h",
    ],
)
def test_a_statement_that_never_ends_is_stopped(statement: str) -> None:
    with pytest.raises(TimeLimitError, match=r"longer than 0\.2 s"):
        ask(statement, [("a", str(number)) for number in range(100)], seconds=0.2)


def test_a_step_that_cannot_be_interrupted_is_left_behind() -> None:
    script = (
        "from sync.search.structured.database import run_statement\n"
        "from sync.search.structured.failing import TimeLimitError\n"
        "long = 'hex(zeroblob(16000000))'\n"
        "try:\n"
        "    run_statement(f\"select instr({long}, substr({long}, 16000000) || '1')\", {}, limit=1, seconds=0.2)\n"
        "except TimeLimitError:\n"
        "    print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=50)
    assert (done.stdout, done.stderr, done.returncode) == ("stopped\n", "", 0)


@pytest.mark.parametrize(
    "value",
    ["zeroblob(2000000000)", "hex(zeroblob(60000000))", "replace(hex(zeroblob(9000000)), '0', '123456789')"],
)
def test_a_huge_value_is_refused(value: str) -> None:
    with pytest.raises(RefusedError, match="more than 64 MiB"):
        ask(f"select length({value})")


def test_a_huge_answer_is_refused() -> None:
    with pytest.raises(RefusedError, match="the answer has more than"):
        ask("select zeroblob(30000000) from tags", [("a", str(number)) for number in range(3)])


def test_memory_that_runs_out_is_said() -> None:
    script = (
        "from sync.errors import RefusedError\n"
        "from sync.search.structured import guard\n"
        "guard.MAX_MEMORY = 8 * guard.MEBIBYTE\n"
        "from sync.search.structured.database import run_statement\n"
        "blob = 'randomblob(1000000)'\n"
        "rows = f'with recursive c(x, y) as (select 1, {blob} union all select x + 1, {blob}'\n"
        "try:\n"
        "    run_statement(f'{rows} from c where x < 50) select * from c order by y', {}, limit=1, seconds=30)\n"
        "except RefusedError as error:\n"
        "    print(error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=50)
    assert re.fullmatch(r"the statement needs more than [\d,]+ MiB\n", done.stdout), done.stderr


def test_so_many_rows_are_given_and_the_others_said() -> None:
    rows = [("a", str(number)) for number in range(3)]
    assert ask("select tag from tags order by tag", rows, limit=2) == Answer(
        columns=("tag",), rows=(("0",), ("1",)), has_more=True
    )
    assert not ask("select tag from tags", rows, limit=3).has_more


def test_text_that_sqlite_cannot_hold_is_spelled() -> None:
    assert ask("select tag from tags", [("a", "x\ud800y")]).rows == (("x\\ud800y",),)
    assert ask("select cast(x'61ff' as text)").rows == (("a\\xff",),)


def test_a_bug_in_a_row_is_raised_and_leaves_no_connection_open() -> None:
    with pytest.raises(ZeroDivisionError):
        ask("select * from tags", (("a", str(1 // number)) for number in (1, 0)))


def test_no_connection_writes_after_it_was_closed_to_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the authorizer, `query_only` still refuses."""
    monkeypatch.setattr(Guard, "_authorize", lambda *_: 0)
    with pytest.raises(UsageError, match="readonly"):
        run_statement("delete from tags", {}, limit=1, seconds=10)
    with pytest.raises(UsageError, match="too many attached"):
        run_statement("attach ':memory:' as other", {}, limit=1, seconds=10)
