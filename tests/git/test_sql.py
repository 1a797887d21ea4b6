"""`journal sql`: what the journal holds, asked in SQL, and how the answer is shown."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.cli.sql_ import fitted
from sync.search.structured.schema import TABLES, VIEWS

ONE = "journal/entries/2025-04-05-14-30-one.md"
TWO = "journal/entries/2025-04-06-09-00-two.md"


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """Two entries in one commit."""
    repo.write(ONE, entry_text("One", tags="python, été", body="See [two](2025-04-06-09-00-two.md)."))
    two = entry_text("Two", tags="python", body="## Leçons\n\nSomething.")
    repo.write(TWO, two.replace("2025-04-05", "2025-04-06"))
    repo.commit("first")
    return repo


def asked(repo: Repo, statement: str, *options: str) -> dict[str, Any]:
    """What `journal sql --json` answers."""
    found: dict[str, Any] = json.loads(repo.journal("sql", "--json", *options, "--", statement).stdout)
    return found


def rows(repo: Repo, statement: str, *options: str) -> list[list[Any]]:
    """The rows of an answer."""
    found: list[list[Any]] = asked(repo, statement, *options)["rows"]
    return found


def run(repo: Repo, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "sync", "-C", str(repo.path), "sql", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def test_entries_sections_tags_and_links_are_tables(journal: Repo) -> None:
    assert rows(journal, "select path, title, date, time from entries order by path") == [
        [ONE, "One", "2025-04-05", "14:30:00"],
        [TWO, "Two", "2025-04-06", "14:30:00"],
    ]
    assert rows(journal, "select entry, path, text from sections where fold(heading) = 'lecons'") == [
        [TWO, "Two > Leçons", "Something."]
    ]
    assert rows(journal, "select tag, count(*) from tags group by tag order by 2") == [["été", 1], ["python", 2]]
    assert rows(journal, "select entry, kind, target_entry from links") == [[ONE, "markdown", TWO]]
    assert rows(journal, "select title, tags from recent") == [["Two", "python"], ["One", "python, été"]]


def test_the_blob_of_an_entry_is_the_one_that_git_would_give(journal: Repo) -> None:
    journal.write(ONE, entry_text("Changed"))
    (found,) = rows(journal, "select blob from entries where title = 'Changed'")
    assert found == [journal.git("hash-object", ONE).strip()]


def test_what_is_not_committed_is_there_and_a_commit_can_be_asked_for(journal: Repo) -> None:
    first = journal.git("rev-parse", "HEAD").strip()
    (journal.path / TWO).unlink()
    journal.commit("second")
    journal.write("journal/entries/three.md", "# Three\n")
    assert rows(journal, "select title from entries order by 1") == [["One"], ["Three"]]
    assert rows(journal, "select title from entries order by 1", "--at", first) == [["One"], ["Two"]]
    assert rows(journal, "select title from entries", "--at", "HEAD") == [["One"]]
    assert rows(journal, "select message from commits", "--at", first[:10]) == [["first"]]


@pytest.mark.parametrize("name", ["nothing", "-x", "^HEAD", "HEAD..HEAD", "HEAD:journal", "a\nb", ""])
def test_a_commit_that_is_none_is_said(journal: Repo, name: str) -> None:
    done = journal.journal("sql", f"--at={name}", "select count(*) from entries", code=None)
    assert done.exit_code == (2 if name else 0)
    assert name == "" or "no such commit" in done.stderr


def test_commits_and_their_changes_are_tables(journal: Repo) -> None:
    journal.git("mv", ONE, "journal/entries/moved.md")
    (journal.path / TWO).unlink()
    journal.write("journal/entries/é \t\n.md", "# New\n")
    journal.write("elsewhere.md", "# Not of the journal\n")
    journal.commit("second\n\nWhy.\n\nJournal-Resolved: abc\nJournal-Resolved: def\nJournal-Store: augment")
    journal.write("elsewhere.md", "# Still not\n")
    journal.commit("elsewhere")
    assert rows(journal, "select author, email, date, store, resolved from commits") == [
        ["Ada Lovelace", "ada@example.org", "2025-04-05T12:00:00Z", "augment", '["abc", "def"]'],
        ["Ada Lovelace", "ada@example.org", "2025-04-05T12:00:00Z", None, None],
    ]
    assert rows(
        journal,
        "select changes.path, kind, old_path from changes join commits on id = commit_id"
        " where message like 'second%' order by kind",
    ) == [
        ["journal/entries/é \t\n.md", "added", None],
        [TWO, "deleted", None],
        ["journal/entries/moved.md", "renamed", ONE],
    ]


def test_a_merge_is_a_commit_without_changes(journal: Repo) -> None:
    journal.git("checkout", "-q", "-b", "other")
    journal.write("journal/entries/other.md", "# Other\n")
    journal.commit("other")
    journal.git("checkout", "-q", "main")
    journal.write("journal/entries/mine.md", "# Mine\n")
    journal.commit("mine")
    journal.git("merge", "-q", "-m", "merged", "other")
    assert rows(
        journal,
        "select message, group_concat(kind) from commits left join changes on id = commit_id group by id order by 1",
    ) == [["first", "added,added"], ["merged", None], ["mine", "added"], ["other", "added"]]


def test_settings_of_git_do_not_change_what_the_history_says(journal: Repo) -> None:
    before = rows(journal, "select * from commits, changes")
    for name, value in {
        "log.showRoot": "false", "log.showSignature": "true", "diff.renames": "false", "log.decorate": "full",
        "color.ui": "always", "core.quotePath": "true", "diff.relative": "true", "log.follow": "true",
        "format.pretty": "oneline", "i18n.logOutputEncoding": "ISO-8859-1", "diff.noprefix": "true",
    }.items():  # fmt: skip
        journal.git("config", name, value)
    assert rows(journal, "select * from commits, changes") == before


def test_memories_are_those_of_the_tracked_file(journal: Repo) -> None:
    statement = "select id, text, json_extract(tags, '$[0]'), date, source, source_blob from memories order by id"
    made_anew = rows(journal, statement)
    journal.journal("export")
    assert rows(journal, statement) == made_anew
    journal.write(ONE, entry_text("Changed since"))
    assert rows(journal, statement) == made_anew
    assert made_anew[0][:1] + made_anew[0][2:] == [
        "2025-04-05-14-30-one", "python", "2025-04-05T14:30:00.000Z", ONE,
        journal.git("rev-parse", f"HEAD:{ONE}").strip(),
    ]  # fmt: skip


def test_memories_of_a_file_that_cannot_be_read_are_made_anew_and_it_is_said(journal: Repo) -> None:
    journal.write("journal/memories.json", "<<<<<<< HEAD\n[]\n")
    found = asked(journal, "select count(*) from memories")
    assert found["rows"] == [[2]]
    assert "memories.json cannot be read" in found["notes"][0]


def test_keys_without_a_column_are_properties(journal: Repo) -> None:
    journal.write("journal/entries/x.md", "---\ntitle: X\nmood: good\nlist: [1, {a: é}]\nno:\n---\n")
    assert rows(journal, "select key, value from properties") == [
        ["mood", "good"], ["list", '[1, {"a": "é"}]'], ["no", None],
    ]  # fmt: skip


def test_files_that_are_no_entries_are_left_out_and_counted(journal: Repo) -> None:
    journal.write("journal/entries/bad.md", b"\xff\xfe")
    journal.write("journal/entries/worse.md", "---\ntitle: [\n---\n")
    journal.write("journal/entries/index.md", "# Not an entry\n")
    found = asked(journal, "select count(*) from entries")
    assert found["rows"] == [[2]]
    assert found["notes"] == ["2 files are left out: no entry could be read there; run: journal validate"]
    assert asked(journal, "select count(*) from commits")["notes"] == []


def test_there_is_an_answer_without_git_and_before_the_first_commit(journal: Repo) -> None:
    shutil.rmtree(journal.path / ".git")
    assert rows(journal, "select count(*) from entries") == [[2]]
    found = asked(journal, "select count(*) from commits")
    assert (found["rows"], found["notes"]) == ([[0]], ["there are no commits yet"])
    assert "no Git repository" in journal.journal("sql", "select path from entries", "--at", "HEAD", code=2).stderr
    journal.git("init", "-q")
    assert rows(journal, "select count(*) from changes") == [[0]]


def test_without_a_journal_it_is_said(repo: Repo) -> None:
    assert "journal init" in repo.journal("sql", "select title from entries", code=2).stderr


@pytest.mark.parametrize(("statement", "code"), [("selec 1", 2), ("delete from entries", 3), ("attach 'x' as y", 3)])
def test_a_fault_is_told_from_an_attempt_to_write(journal: Repo, statement: str, code: int) -> None:
    assert journal.journal("sql", statement, code=code).stdout == ""
    assert "error" in json.loads(journal.journal("sql", "--json", statement, code=code).stdout)


def test_a_statement_that_takes_too_long_ends_with_its_own_code(journal: Repo) -> None:
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c"
    assert "longer than 0.1 s" in journal.journal("sql", endless, "--timeout", "0.1", code=4).stderr


def test_nothing_in_the_repository_changes(journal: Repo) -> None:
    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in journal.path.rglob("*") if path.is_file()}

    before = files()
    for table in (*TABLES, *VIEWS):
        asked(journal, f"select * from {table.name}")  # noqa: S608 (a name of ours)
    for statement in ("vacuum into 'x.db'", "attach 'x.db' as x", "pragma journal_mode = wal", "drop table tags"):
        journal.journal("sql", statement, code=3)
    assert files() == before


def test_a_table_is_lined_up_and_null_and_control_characters_are_seen(journal: Repo) -> None:
    shown = journal.journal("sql", "select 'a' as one, null as two union all values ('b' || char(27, 10) || 'c', 1.5)")
    assert shown.stdout == "one       two\na         NULL\nb\\x1b\\nc  1.5\n2 rows\n"


@pytest.mark.parametrize(
    ("widths", "room", "shown"),
    [
        ([3, 10], 20, [3, 10]),
        ([3, 100], 20, [3, 17]),
        ([50, 100, 2], 32, [15, 15, 2]),
        ([9] * 9, 10, [4] * 9),
        ([0], 9, [1]),
    ],
)
def test_the_widest_columns_give_way(widths: list[int], room: int, shown: list[int]) -> None:
    assert fitted(widths, room) == shown


def test_a_table_on_a_terminal_is_as_wide_as_it(journal: Repo) -> None:
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 60))
    statement = "select title, path, path || path as long, null as none, char(27) as code from entries"
    command = [sys.executable, "-m", "sync", "-C", str(journal.path), "sql", statement]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    subprocess.run(command, stdout=terminal, env=environment | {"TERM": "xterm"}, check=True)
    os.close(terminal)
    with open(main, "rb", buffering=0) as seen:
        lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in seen.read(10_000).decode().split("\r\n")]
    assert [line.split()[0] for line in lines[:4]] == ["title", "One", "Two", "2"]
    assert {len(line.rstrip()) <= 60 for line in lines} == {True}
    assert "NULL" in lines[1]
    assert "\\x1b" in lines[1]
    assert lines[1].count("…") == 2


def test_a_long_cell_is_cut_in_a_table_only(journal: Repo) -> None:
    statement = "select hex(zeroblob(100)) as long"
    assert journal.journal("sql", statement).stdout == f"long\n{'0' * 79}…\n1 row\n"
    assert rows(journal, statement) == [["0" * 200]]
    assert journal.journal("sql", statement, "--csv").stdout.split() == ["long", "0" * 200]


def test_rows_beyond_the_limit_are_said(journal: Repo) -> None:
    shown = journal.journal("sql", "select path from entries", "--limit", "1")
    assert shown.stdout.endswith("1 row\n")
    assert shown.stderr == "note: there are more rows than 1; --limit says how many to show\n"
    assert asked(journal, "select path from entries", "--limit", "1")["truncated"] is True
    assert asked(journal, "select path from entries", "--limit", "2")["truncated"] is False


def test_csv_can_be_read_back(journal: Repo) -> None:
    statement = "select 'a,\"b' as \"x y\", 'line' || char(13, 10) || 'é' as two, null as three, 5 as four"
    printed = run(journal, statement, "--csv").stdout
    assert printed == 'x y,two,three,four\r\n"a,""b","line\r\né",,5\r\n'.encode()
    assert list(csv.reader(io.StringIO(printed.decode(), newline="")))[1] == ['a,"b', "line\r\né", "", "5"]


def test_json_holds_what_json_can_hold(journal: Repo) -> None:
    assert rows(journal, "select x'00ff', 9e999, -9e999, null, 9223372036854775807, 0.1, 'é'") == [
        ["x'00ff'", "inf", "-inf", None, 9223372036854775807, 0.1, "é"]
    ]


def test_a_statement_comes_from_standard_input(journal: Repo) -> None:
    done = run(journal, "-", "--csv", stdin=b"\xef\xbb\xbfselect count(*) as n -- entries\nfrom entries;\n")
    assert (done.stdout, done.returncode) == (b"n\r\n2\r\n", 0)


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        (b"", b"the statement is empty"),
        (b"select \xff", b"not UTF-8 at byte 7"),
        (b"select 1\0", b"NUL"),
        (b"a" * 1_000_000, b"100,000 is the most"),
        ("é".encode() * 500_000, b"more than 100,000 bytes"),
    ],
)
def test_standard_input_that_is_no_statement_is_explained(journal: Repo, stdin: bytes, message: bytes) -> None:
    done = run(journal, "-", stdin=stdin)
    assert done.returncode == 2
    assert message in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_schema_needs_no_journal(tmp_path: Path) -> None:
    bare = Repo(tmp_path)
    shown = bare.journal("sql", "--schema").stdout
    told = json.loads(bare.journal("sql", "--schema", "--json").stdout)["tables"]
    assert [one["name"] for one in told] == [one.name for one in (*TABLES, *VIEWS)]
    for one in (*TABLES, *VIEWS):
        assert f"{one.meaning}\n" in shown
        assert all(column.meaning in shown for column in one.columns)


def test_options_that_exclude_each_other_and_a_missing_statement_are_said(journal: Repo) -> None:
    assert "exclude" in journal.journal("sql", "select 1", "--csv", "--json", code=2).stdout
    assert "--schema" in journal.journal("sql", code=2).stderr


def test_every_statement_of_the_documentation_runs(journal: Repo) -> None:
    text = (Path(__file__).parents[2] / "docs/sql.md").read_text(encoding="utf-8")
    statements = [part.split('"')[1] for part in text.split("journal sql ")[1:] if part.startswith('"select')]
    assert len(statements) >= 7
    for statement in statements:
        asked(journal, statement)
