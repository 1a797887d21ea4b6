"""The commands of the memory, as people and programs run them: in a real repository, in pipes and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo

from sync.operations.import_ import import_memories
from sync.operations.journal import open_journal

BUDGET = "wedding:42:module:budget"
FULL = f"taskmaster:{BUDGET}"
PROGRAM = [sys.executable, "-m", "sync"]
GUARD_S = 60
SHARING = "rules:\n  counts:\n    from: guests\n    to: vendors\n    types: [guests]\n"
CONTEXTS = """\
contexts:
  wedding:
    pattern: wedding:{wedding}
    retention: 2y
    children: [budget, guests, vendors]
"""


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """A repository with a journal of no entries."""
    repo.write("journal.toml", '[journal]\nlanguage = "en"\ntimezone = "Europe/Paris"\n')
    repo.commit()
    return repo


def told(journal: Repo, *arguments: str, code: int = 0) -> Any:
    """What a command says with `--json`."""
    return json.loads(journal.journal(*arguments, "--json", code=code).stdout)


def piped(journal: Repo, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A command as a process whose output is a pipe."""
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=journal.path, input=given, capture_output=True, timeout=GUARD_S, check=False
    )


def on_terminal(journal: Repo, *arguments: str) -> tuple[int, str]:
    """A command as a process whose output is a terminal: its exit code, and what the terminal was sent."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([*PROGRAM, *arguments], cwd=journal.path, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        process.wait(GUARD_S)
    os.close(ours)
    return process.returncode, shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # what a terminal says when nobody is at its other end any more
        return b""


class TestRemember:
    """`journal remember`."""

    @pytest.mark.parametrize("options", [(), ("--metadata", "by=Ada")], ids=["plain", "parsed"])
    def test_text_is_kept_as_markdown_and_recalled(self, journal: Repo, options: tuple[str, ...]) -> None:
        done = piped(journal, "remember", BUDGET, "flowers", "At most *900* EUR.", "--importance", "0.6", *options)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.decode() == f"{FULL}  flowers: held in working (importance 0.60)\n"
        found = told(journal, "recall", BUDGET, "--key", "flowers")
        assert (found["kind"], found["value"]) == ("markdown", "At most *900* EUR.")

    def test_the_plain_form_and_the_parsed_form_say_the_same(self, journal: Repo) -> None:
        options = ("--importance", "0.8", "--ttl", "30d", "--type", "pricing", "--retention", "2y", "--json")
        plain = json.loads(piped(journal, "remember", BUDGET, "plain", "A.", *options).stdout)
        parsed = told(journal, "remember", BUDGET, "parsed", "A.", *options[:-1])
        same = {"key", "created", "updated", "expires", "version"}
        assert {key: plain[key] for key in plain.keys() - same} == {key: parsed[key] for key in parsed.keys() - same}
        assert (plain["type"], plain["retention"], plain["owed"]) == ("pricing", "2y", ["long-term"])

    @pytest.mark.parametrize(
        ("name", "content", "kind", "value"),
        [
            ("a.md", "# É\n", "markdown", "# É\n"),
            ("a.txt", "plain", "markdown", "plain"),
            ("a.JSON", '{"b": [1, null]}', "json", {"b": [1, None]}),
            ("a.bin", b"\x00\xff", "bytes", "AP8="),
            ("empty", b"", "bytes", ""),
        ],
    )
    def test_a_file_is_what_its_name_says(
        self, journal: Repo, name: str, content: str | bytes, kind: str, value: object
    ) -> None:
        file = journal.write(name, content)
        journal.journal("remember", BUDGET, "k", "--file", str(file), "--importance", "0.6")
        found = told(journal, "recall", BUDGET, "--key", "k")
        assert (found["kind"], found["value"]) == (kind, value)

    @pytest.mark.parametrize(
        ("given", "kind"), [("été\n".encode(), "markdown"), (b"\xff\xfe", "bytes"), (b"a\0b", "bytes")]
    )
    def test_standard_input_is_text_where_it_is_text(self, journal: Repo, given: bytes, kind: str) -> None:
        assert piped(journal, "remember", BUDGET, "k", "-", given=given).returncode == 0
        assert told(journal, "recall", BUDGET, "--key", "k")["kind"] == kind
        assert piped(journal, "recall", BUDGET, "--key", "k").stdout == given

    def test_a_value_of_a_megabyte_comes_back_byte_for_byte(self, journal: Repo) -> None:
        value = os.urandom(1 << 20)
        file = journal.write("big.bin", value)
        journal.journal("remember", BUDGET, "big", "--file", str(file), "--importance", "0.8")
        journal.journal("flush")
        assert piped(journal, "recall", BUDGET, "--key", "big").stdout == value

    def test_metadata_is_written_as_pairs_or_json(self, journal: Repo) -> None:
        options = ("--metadata", "by=Ada=B", "--metadata", '{"n": 1}')
        made = told(journal, "remember", BUDGET, "k", "v", *options)
        assert made["metadata"] == {"by": "Ada=B", "n": 1}

    def test_a_key_that_is_at_another_version_is_left_alone(self, journal: Repo) -> None:
        made = told(journal, "remember", BUDGET, "k", "first", "--expected", "0")
        journal.journal("remember", BUDGET, "k", "second", "--expected", str(made["version"]))
        error = told(journal, "remember", BUDGET, "k", "third", "--expected", str(made["version"]), code=4)["error"]
        assert error["code"] == "stale"
        assert told(journal, "recall", BUDGET, "--key", "k")["value"] == "second"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("remember", "nonsense", "k", "v"), "'taskmaster:nonsense'"),
            (("remember", "../x", "k", "v"), "../x"),
            (("remember", "", "k", "v"), "the context '' is none"),
            (("remember", BUDGET, "", "v"), "the key '' is none"),
            (("remember", BUDGET, "a\nb", "v"), "the key 'a\\nb' is none"),
            (("remember", BUDGET, "x" * 501, "v"), "the key of 501 characters is none"),
            (("remember", BUDGET, "k", "v", "--ttl", "soon"), "'soon' is no time to live"),
            (("remember", BUDGET, "k", "v", "--retention", "for ever"), "'for ever'"),
            (("remember", BUDGET, "k", "v", "--importance", "2"), "2"),
            (("remember", BUDGET, "k", "v", "--type", " "), "the type ' ' is none"),
            (("remember", BUDGET, "k", "v", "--metadata", "pair"), "the metadata 'pair' is none"),
            (("remember", BUDGET, "k", "v", "--metadata", "{"), "the metadata is not JSON"),
            (("remember", BUDGET, "k", "v", "--metadata", "_archived=x"), "'_archived'"),
            (("remember", BUDGET, "k", "--json-value", "{a: 1}"), "the value is not JSON"),
            (("remember", BUDGET, "k", "--json-value", "NaN"), "NaN is no number of JSON"),
            (("remember", BUDGET, "k", "--json-value", "[" * 100_000), "the value is not JSON"),
            (("remember", BUDGET, "k", "--file", "missing.pdf"), "missing.pdf: No such file"),
            (("remember", BUDGET, "k", "--file", "."), "Is a directory"),
            (("remember", BUDGET, "k"), "there is no value"),
            (("remember", BUDGET, "k", "v", "--json-value", "1"), "there are 2 values"),
            (("remember", BUDGET, "k", "--keep", "abc"), "names 0 of its values"),
            (("recall",), "there is no context"),
            (("recall", "nonsense", "x"), "'taskmaster:nonsense'"),
            (("recall", BUDGET, "--key", "nothing"), "holds nothing under 'nothing'"),
            (("recall", BUDGET, "x", "--key", "k"), "exclude each other"),
            (("recall", BUDGET, "--history"), "name it with --key"),
            (("recall", BUDGET, "x", "--across", "wedding:*"), "--across takes a question alone"),
            (("recall", "--across", "wedding:*"), "there is no question"),
            (("recall", "x", "--across", "a::b"), "a part is empty"),
            (("recall", BUDGET, "x", "--at", "--all"), "no commit of this repository"),
            (("recall", BUDGET, "x", "--limit", "0"), "0"),
            (("forget", "nonsense", "k"), "'taskmaster:nonsense'"),
            (("contexts", "a::b"), "a part is empty"),
            (("share", BUDGET, "wedding:42:module:guests"), "give FROM, TO and KEY"),
            (("share", "--withdraw", BUDGET), "give nothing else"),
            (("learn", BUDGET, "x" * 20_000, "true"), "the pattern is too long"),
        ],
    )
    def test_what_cannot_be_done_is_said_in_one_line(
        self, journal: Repo, arguments: tuple[str, ...], message: str
    ) -> None:
        result = journal.journal(*arguments, code=2)
        assert (result.stdout, message in result.stderr) == ("", True), result.stderr
        assert "Traceback" not in result.stderr

    def test_a_value_that_is_no_unicode_is_refused(self, journal: Repo) -> None:
        done = piped(journal, "remember", BUDGET, "k", os.fsdecode(b"\xff"))
        assert (done.returncode, b"cannot be kept" in done.stderr) == (2, True)

    @pytest.mark.parametrize(("name", "content"), [("a.md", b"\xff"), ("a.json", b"{"), ("b.json", b"\xff")])
    def test_a_file_that_is_not_what_its_name_says_is_refused(self, journal: Repo, name: str, content: bytes) -> None:
        file = journal.write(name, content)
        assert name in journal.journal("remember", BUDGET, "k", "--file", str(file), code=2).stderr
        assert told(journal, "contexts")["contexts"] == []

    def test_a_module_that_the_rules_do_not_name_is_refused(self, journal: Repo) -> None:
        journal.write("journal/contexts.yaml", CONTEXTS)
        error = told(journal, "remember", "wedding:42:module:music", "k", "v", code=2)["error"]
        assert "no module 'music'" in error["message"]

    def test_without_a_repository_it_works_and_only_the_journal_is_missing(self, tmp_path: Path) -> None:
        plain = Repo(tmp_path / "plain")
        plain.write("journal.toml", "[journal]\n")
        plain.journal("remember", BUDGET, "k", "v", "--importance", "0.8")
        assert told(plain, "recall", BUDGET, "--key", "k")["value"] == "v"
        assert "there is no repository" in plain.journal("flush", code=2).stderr


class TestRecall:
    """`journal recall`."""

    @pytest.fixture
    def filled(self, journal: Repo) -> Repo:
        """Memories of two weddings and one of all."""
        for context, key, value in (
            (BUDGET, "flowers", "The florist takes at most 900 EUR."),
            ("wedding:43", "flowers", "Peonies from the garden."),
            ("global", "taxes", "Prices are with VAT."),
        ):
            journal.journal("remember", context, key, value, "--importance", "0.6")
        return journal

    def test_a_function_sees_what_stands_above_it(self, filled: Repo) -> None:
        hits = told(filled, "recall", f"{BUDGET}:function:sum", "florist prices")["hits"]
        assert {hit["key"] for hit in hits} == {"flowers", "taxes"}
        assert {hit["tier"] for hit in hits} == {"working"}

    def test_a_pipe_is_given_plain_lines_with_where_it_was_found(self, filled: Repo) -> None:
        lines = piped(filled, "recall", BUDGET, "florist").stdout.decode().splitlines()
        assert lines[0] == f"flowers  ({FULL})"
        assert lines[1].startswith("working  0.")
        assert " s  written by " in lines[1]
        assert lines[2] == "The florist takes at most 900 EUR."

    def test_without_a_question_the_last_change_comes_first(self, filled: Repo) -> None:
        filled.journal("remember", BUDGET, "cake", "Lemon.", "--importance", "0.6")
        assert told(filled, "recall", BUDGET, "--limit", "1")["hits"][0]["key"] == "cake"
        assert told(filled, "recall", BUDGET, "", "--limit", "1")["hits"][0]["key"] == "cake"

    def test_nothing_found_is_no_error(self, filled: Repo) -> None:
        assert filled.journal("recall", BUDGET, "zeppelin").stdout == f"nothing found in {FULL}\n"

    def test_many_contexts_are_searched_at_once(self, filled: Repo) -> None:
        result = told(filled, "recall", "flowers", "--across", "wedding:*")
        assert (result["searched"], {hit["context"] for hit in result["hits"]}) == (2, {FULL, "taskmaster:wedding:43"})

    def test_a_terminal_is_given_no_control_characters(self, filled: Repo) -> None:
        filled.journal("remember", BUDGET, "trap", "Red \x1b[31malert\x07", "--importance", "0.6")
        for arguments in (("recall", BUDGET, "red"), ("recall", BUDGET, "--key", "trap")):
            code, shown = on_terminal(filled, *arguments)
            assert (code, "\\x1b[31malert\\x07" in shown, "\x07" in shown) == (0, True, False)

    def test_bytes_are_no_text_for_a_terminal(self, filled: Repo) -> None:
        file = filled.write("logo.png", b"\x89PNG\x00")
        filled.journal("remember", BUDGET, "logo", "--file", str(file))
        code, shown = on_terminal(filled, "recall", BUDGET, "--key", "logo")
        assert (code, "no text for a terminal" in shown) == (2, True)
        code, shown = on_terminal(filled, "recall", BUDGET)
        assert (code, "(5 bytes)" in shown) == (0, True)

    def test_what_a_program_was_given_does_not_come_back_as_news(self, filled: Repo) -> None:
        text = "The band plays until midnight, and packs its things into the white van behind the barn."
        filled.journal("remember", BUDGET, "band", text, "--importance", "0.6")
        filled.write(".augment/memories/notes.json", json.dumps([{"text": text}]))
        now = datetime(2025, 4, 5, 14, 30, tzinfo=UTC)
        on_terminal(filled, "recall", BUDGET, "band")
        assert import_memories(open_journal(filled.path), now=now, dry_run=True).imported == 1
        piped(filled, "recall", BUDGET, "band")
        found = import_memories(open_journal(filled.path), now=now)
        assert (found.recalled, found.imported) == (1, 0)


class TestJournal:
    """What reaches the journal: `flush`, `--history`, `--at`, `forget`, `consolidate`."""

    def test_a_flush_is_one_commit_and_the_past_can_be_asked(self, journal: Repo) -> None:
        journal.journal("remember", BUDGET, "sum", "Thirty thousand.", "--importance", "0.8")
        journal.journal("remember", BUDGET, "tip", "Ten percent.", "--importance", "0.8")
        done = told(journal, "flush")
        assert (done["owed"], done["written"], done["commit"]) == (2, 2, journal.git("rev-parse", "HEAD").strip())
        journal.journal("remember", BUDGET, "sum", "Forty thousand.")
        journal.journal("flush")
        revisions = told(journal, "recall", BUDGET, "--key", "sum", "--history")["revisions"]
        assert [one["memory"]["value"] for one in revisions] == ["Forty thousand.", "Thirty thousand."]
        then = told(journal, "recall", BUDGET, "--key", "sum", "--at", done["commit"])
        assert then["value"] == "Thirty thousand."
        (hit,) = told(journal, "recall", BUDGET, "thirty thousand", "--at", done["commit"], "--limit", "1")["hits"]
        assert hit["value"] == "Thirty thousand."
        assert journal.git("status", "--porcelain") == ""

    def test_nothing_to_flush_makes_no_commit(self, journal: Repo) -> None:
        before = journal.git("rev-parse", "HEAD")
        assert journal.journal("flush").stdout == "0 memories waited\n"
        assert journal.git("rev-parse", "HEAD") == before

    def test_it_is_flushed_by_itself_when_enough_waits(self, journal: Repo) -> None:
        journal.write("journal.toml", "[journal]\n\n[memory]\nflush_count = 2\n")
        journal.commit()
        before = journal.git("rev-list", "--count", "HEAD")
        for key in ("a", "b"):
            journal.journal("remember", BUDGET, key, "A note.", "--importance", "0.8")
        assert int(journal.git("rev-list", "--count", "HEAD")) == int(before) + 1

    def test_what_is_remembered_stays_so_where_the_journal_cannot_be_written(self, journal: Repo) -> None:
        journal.write("journal.toml", "[journal]\n\n[memory]\nflush_count = 1\n")
        journal.commit()
        (journal.path / ".git" / "MERGE_HEAD").write_text(journal.git("rev-parse", "HEAD"), encoding="utf-8")
        result = journal.journal("remember", BUDGET, "k", "v", "--importance", "0.8")
        assert "the journal is written later" in result.stderr
        assert told(journal, "recall", BUDGET, "--key", "k")["value"] == "v"
        assert journal.journal("flush", code=3).stdout == ""

    def test_what_is_forgotten_is_gone_from_every_tier_and_stays_in_the_past(self, journal: Repo) -> None:
        journal.journal("remember", BUDGET, "sum", "Thirty thousand.", "--importance", "0.95")
        journal.journal("flush")
        assert "forgotten; long-term later" in journal.journal("forget", BUDGET, "sum").stdout
        assert told(journal, "recall", BUDGET, "thirty")["hits"] == []
        journal.journal("flush")
        assert told(journal, "recall", BUDGET, "thirty")["hits"] == []
        revisions = told(journal, "recall", BUDGET, "--key", "sum", "--history")["revisions"]
        assert [one["memory"] and one["memory"]["value"] for one in revisions] == [None, "Thirty thousand."]
        assert journal.journal("forget", BUDGET, "sum").stdout == f"{BUDGET} held nothing under sum\n"

    def test_a_consolidation_says_what_it_would_do_and_then_does_it(self, journal: Repo) -> None:
        text = "The florist delivers the peonies on Friday before ten, through the garden gate of the barn."
        for key in ("florist", "florist copy"):
            journal.journal("remember", BUDGET, key, text, "--importance", "0.8")
        journal.journal("flush")
        before = journal.git("rev-parse", "HEAD")
        plan = told(journal, "consolidate", "--dry-run")
        assert (plan["compressed"], journal.git("rev-parse", "HEAD")) == (1, before)
        done = told(journal, "consolidate")
        assert (done["compressed"], done["flushed"]["commit"]) == (1, journal.git("rev-parse", "HEAD").strip())
        assert journal.git("rev-parse", "HEAD~1") == before
        message = journal.git("log", "-1", "--format=%B")
        assert message.startswith("Consolidate memories: ")
        assert f"## {FULL}" in message
        assert told(journal, "consolidate")["flushed"] is None

    def test_what_is_learned_is_counted(self, journal: Repo) -> None:
        journal.journal("learn", BUDGET, "florist near", "true")
        known = told(journal, "learn", BUDGET, "Florist  near", '{"success": false, "took_s": 3}')
        assert (known["count"], known["success_share"], known["mean_s"]) == (2, 0.5, 3.0)
        line = journal.journal("learn", BUDGET, "florist near", "late").stdout
        assert "observed 3 times, 50% successful, 3 s on average" in line


class TestSharing:
    """`journal share`."""

    def test_a_memory_passes_by_a_rule_and_goes_with_it(self, journal: Repo) -> None:
        guests, vendors = "wedding:42:module:guests", "wedding:42:module:vendors"
        value = ("--json-value", '{"vegan": 3}', "--type", "guests", "--importance", "0.6")
        journal.journal("remember", guests, "counts", *value)
        assert "sharing.yaml" in journal.journal("share", guests, vendors, "counts", code=3).stderr
        rules = journal.write("journal/sharing.yaml", SHARING)
        made = told(journal, "share", guests, vendors, "counts")
        assert (made["rule"], made["is_new"]) == ("counts", True)
        assert told(journal, "share", guests, vendors, "counts")["is_new"] is False
        assert told(journal, "recall", vendors, "--key", made["key"])["value"] == {"vegan": 3}
        assert told(journal, "share", "--withdraw")["withdrawn"] == []
        rules.unlink()
        assert told(journal, "recall", vendors, "vegan")["hits"] == []
        (gone,) = told(journal, "share", "--withdraw")["withdrawn"]
        assert gone["key"] == made["key"]


class TestContexts:
    """`journal contexts`."""

    def test_every_context_says_what_it_holds_and_what_holds_for_it(self, journal: Repo) -> None:
        journal.write("journal/contexts.yaml", CONTEXTS)
        journal.journal("remember", "wedding:42", "venue", "The barn.", "--importance", "0.6")
        journal.journal("remember", BUDGET, "cake", "Lemon.", "--importance", "0.6")
        first, second = told(journal, "contexts", "wedding:*")["contexts"]
        assert (first["id"], first["counts"]["working"], first["retention"]) == ("taskmaster:wedding:42", 2, "2y")
        assert (first["rule"], second["counts"]["working"]) == ("wedding", 1)
        assert told(journal, "contexts", "birthday:*")["contexts"] == []
        lines = journal.journal("contexts").stdout.splitlines()
        assert lines[0].split() == ["context", "short", "working", "long", "kept", "rule"]
        assert lines[-1] == "2 contexts"

    def test_rules_that_are_wrong_are_said_with_their_line(self, journal: Repo) -> None:
        journal.write("journal/contexts.yaml", "contexts:\n  wedding:\n    pattern: 7\n")
        assert "contexts.yaml:3:" in journal.journal("contexts", code=2).stderr


def test_two_writers_of_one_key_are_both_told_and_one_decides(journal: Repo) -> None:
    first = told(journal, "remember", BUDGET, "sum", "Thirty.", "--importance", "0.6")
    ours, theirs = "Forty.", "Fifty."
    program = (
        "from sync import MemoryManager\n"
        "one, two = MemoryManager(writer='ada'), MemoryManager(writer='bob')\n"
        f"for memory in (one, two): assert memory.get({BUDGET!r}, 'sum').memory.version == {first['version']}\n"
        f"print(one.remember({BUDGET!r}, 'sum', {ours!r}).rival)\n"
        f"print(two.remember({BUDGET!r}, 'sum', {theirs!r}).rival.writer)\n"
        "one.close(); two.close()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=journal.path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "ada"]
    shown = told(journal, "recall", BUDGET, "--key", "sum", "--rivals")
    (rival,) = shown["rivals"]
    assert (shown["held"]["value"], rival["value"]) == (theirs, ours)
    assert rival["digest"][:12] in journal.journal("recall", BUDGET, "--key", "sum", "--rivals").stdout
    journal.journal("remember", BUDGET, "sum", "--keep", rival["digest"][:12])
    found = told(journal, "recall", BUDGET, "--key", "sum")
    assert (found["value"], found["rivals"]) == (ours, 0)


def test_many_processes_remember_at_once(journal: Repo) -> None:
    written = [
        subprocess.Popen([*PROGRAM, "remember", BUDGET, f"k{number}", "v", "--importance", "0.6"], cwd=journal.path,
                         stdout=subprocess.DEVNULL)
        for number in range(8)
    ]  # fmt: skip
    assert [process.wait(GUARD_S) for process in written] == [0] * 8
    assert told(journal, "contexts")["contexts"][0]["counts"]["working"] == 8


def test_remembering_imports_nothing_that_it_does_not_need(journal: Repo) -> None:
    heavy = ["jsonschema", "rich", "numpy", "sqlalchemy", "click", "git", "tantivy", "asyncio"]
    program = (
        "import sys; sys.argv = ['journal', 'remember', 'wedding:42', 'k', 'v', '--importance', '0.6']\n"
        "import atexit\n"
        f"atexit.register(lambda: print(sorted(set({heavy!r}) & set(sys.modules))))\n"
        "from sync.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=journal.path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
