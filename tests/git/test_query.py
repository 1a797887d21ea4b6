"""`journal query`: what is found, within which bounds, and how it is shown."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from repositories import Repo, entry_text

from sync.cli.app import run
from sync.cli.plain_query import parse_plain, run_plain
from sync.operations.journal import open_journal
from sync.operations.searcher import Searcher

FOLDER = "journal/entries"
WITHOUT_TANTIVY = "import sys; sys.modules['tantivy'] = None; from sync.cli import main; main()"

ATTACKS = {
    "punctuation": "?!.,;:()[]{}<>|\\/~`@#$%^&*-+=_",
    "one quote": '"',
    "unbalanced": '"merge driver',
    "many quotes": '"' * 999,
    "french quotes": "« merge » driver » «",
    "sql": "'; DROP TABLE entries; --",
    "sql with a word": "x' OR 1=1 -- merge",
    "fts5 operators": "AND OR NEAR( NOT",
    "fts5 star": "mer* *",
    "fts5 caret": "^merge",
    "fts5 column": "text:merge heading:x rowid:1 {text}: merge",
    "fts5 near": 'NEAR("merge" "driver", 5)',
    "tantivy": "text:[a TO z] +merge -driver ~2 \\ /merge.*/",
    "right to left": "مرحبا \u202emerge\u202c שלום",
    "nul": "merge\x00driver",
    "control": "merge\x1b[31m\x07\r\n driver",
    "emoji": "🎉 merge 👩‍👩‍👧",
    "long": "merge driver " * 8_000,
    "one long word": "m" * 100_000,
    "long punctuation": "?!" * 50_000,
    "long quotes": '" ' * 50_000,
    "stop words": "the of and was dans pour",
    "percent": "%s %d %n {0} ${HOME} `id` $(id)",
    "path": "../../etc/passwd",
}
"""Questions that mean trouble elsewhere."""


def path_of(name: str, day: str = "2025-04-05") -> str:
    return f"{FOLDER}/{day}-14-30-{name}.md"


def entry(title: str, body: str, *, tags: str = "one", day: str = "2025-04-05", context: str = "") -> str:
    line = f"context: {context}\n" if context else ""
    return f"---\ndate: {day}\nheure: 14-30\ntitle: {title}\ntags: [{tags}]\n{line}related: []\n---\n\n{body}\n"


@pytest.fixture(autouse=True)
def by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model, whatever is installed."""
    monkeypatch.setenv("JOURNAL_SEARCH_MODEL", "off")


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """Entries that differ in tags, days, contexts and sections, and all hold the word `merge`."""
    repo.write(
        path_of("git", "2025-04-01"),
        entry(
            "Git",
            "## Errors\n\nThe merge failed.\n\n## What was learned\n\nNothing of the merge.",
            tags="Git, Hooks",
            day="2025-04-01",
            context="work:tools",
        ),
    )
    repo.write(
        path_of("python", "2025-04-05"),
        entry("Python", "## Éléments appris\n\nA merge of dictionaries.", tags="python, hooks", context="work"),
    )
    repo.write(
        path_of("garden", "2025-05-09"),
        entry("Garden", "# Garden\n\nBeds merge.", tags="Été", day="2025-05-09", context="worker"),
    )
    repo.write(f"{FOLDER}/undated.md", "# Undated\n\nA merge of no day.\n")
    repo.commit()
    return repo  # fmt: skip


def ask(repo: Repo, question: str, *options: str) -> dict[str, Any]:
    answer = json.loads(repo.journal("query", question, "--json", *options).stdout)
    assert isinstance(answer, dict)
    return answer


def first_hit(repo: Repo, question: str) -> dict[str, Any]:
    """The best hit; what stands near it is often found as well."""
    hit = ask(repo, question)["hits"][0]
    assert isinstance(hit, dict)
    return hit


def titles(repo: Repo, question: str, *options: str) -> set[str]:
    return {hit["title"] for hit in ask(repo, question, "--limit", "50", *options)["hits"]}


# --- filters --------------------------------------------------------------------------------------------------------

EVERYTHING = {"Git", "Python", "Garden", "Undated"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], EVERYTHING),
        (["--tag", "hooks"], {"Git", "Python"}),
        (["--tag", "HOOKS"], {"Git", "Python"}),
        (["--tag", "été"], {"Garden"}),
        (["--tag", "e\u0301te\u0301"], {"Garden"}),
        (["--tag", "hooks", "--tag", "git"], {"Git"}),
        (["--tag", "hook"], set()),
        (["--tag", " hooks "], {"Git", "Python"}),
        (["--tag", ""], EVERYTHING),
        (["--since", "2025-04-05"], {"Python", "Garden"}),
        (["--until", "2025-04-05"], {"Git", "Python"}),
        (["--since", "2025-04-05", "--until", "2025-04-05"], {"Python"}),
        (["--since", "2025-05-10"], set()),
        (["--since", " 2025-04-05 ", "--until", "2025-04-05 "], {"Python"}),
        (["--since", "2025-04-05T23:00", "--until", "2025-04-05T01:00"], {"Python"}),
        (["--since", "2025-04-06", "--until", "2025-04-01"], set()),
        (["--section", "errors"], {"Git"}),
        (["--section", "ELEMENTS"], {"Python"}),
        (["--section", "appris"], {"Python"}),
        (["--section", "e\u0301le\u0301ments appris"], {"Python"}),
        (["--section", "garden"], {"Garden"}),
        (["--section", "nowhere"], set()),
        (["--context", "work"], {"Git", "Python"}),
        (["--context", "work:tools"], {"Git"}),
        (["--context", "work:"], {"Git", "Python"}),
        (["--context", "wor"], set()),
        (["--context", "tools"], set()),
        (["--tag", "hooks", "--until", "2025-04-04", "--context", "work", "--section", "errors"], {"Git"}),
        (["--tag", "hooks", "--section", "errors", "--since", "2025-04-02"], set()),
    ],
    ids=lambda value: " ".join(value if isinstance(value, list) else sorted(value)),
)
def test_only_what_meets_all_filters_is_found(journal: Repo, options: Sequence[str], expected: set[str]) -> None:
    assert titles(journal, "merge", *options) == expected


@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize("day", ["yesterday", "2025-13-01", "2025-02-30", "05/04/2025", "-1", "2025-04-05; drop"])
def test_a_day_that_is_none_is_refused(journal: Repo, option: str, day: str) -> None:
    assert option in journal.journal("query", "merge", f"{option}={day}", code=2).stderr


def test_a_section_is_judged_by_every_heading_above(repo: Repo) -> None:
    repo.write(path_of("deep"), entry("Deep", "# Errors\n\n## Of Git\n\n### Merge\n\nA conflict."))
    assert (
        titles(repo, "conflict", "--section", "of git") == titles(repo, "conflict", "--section", "errors") == {"Deep"}
    )


def test_filters_are_applied_to_the_journal_as_it_was(journal: Repo) -> None:
    then = journal.git("rev-parse", "HEAD").strip()
    journal.write(path_of("python"), entry("Python", "## Other\n\nA merge.", tags="snake"))
    journal.commit()
    assert titles(journal, "merge", "--tag", "hooks") == {"Git"}
    assert titles(journal, "merge", "--tag", "hooks", "--at", then) == {"Git", "Python"}
    assert titles(journal, "merge", "--section", "appris", "--at", then) == {"Python"}
    assert titles(journal, "merge", "--tag", "snake", "--at", then) == set()


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """1,500 entries that all hold the words asked for, twenty of them tagged and in a section of their own."""
    repo = Repo(tmp_path_factory.mktemp("crowd"))
    for number in range(1_500):
        is_rare = number % 75 == 0
        body = "## Rare\n\nA merge there was." if is_rare else "## Common\n\nMerge, merge and merge again.\n\nMerge."
        tags = "merge, rare" if is_rare else "merge"
        repo.write(path_of(f"n{number:04}"), entry(f"Merge {number}", body, tags=tags))
    return repo


@pytest.mark.parametrize("options", [["--tag", "rare"], ["--section", "rare"], ["--tag", "rare", "--section", "rare"]])
def test_a_filter_that_leaves_few_of_many_leaves_no_place_empty(crowd: Repo, options: Sequence[str]) -> None:
    hits = ask(crowd, "merge", "--limit", "20", *options)["hits"]
    assert len({hit["entry"] for hit in hits}) == 20


def test_as_many_are_found_as_are_asked_for(crowd: Repo) -> None:
    assert len(ask(crowd, "merge", "--limit", "1000")["hits"]) == 1_000


def test_titles_outside_of_the_filters_take_nobodys_place(crowd: Repo) -> None:
    crowd.write(path_of("zzz"), entry("Zebra", "Stripes.", tags="rare"))
    for number in range(20):
        crowd.write(path_of(f"zebra{number}"), entry("Zebra", "Nothing else."))
    assert titles(crowd, "zebra", "--tag", "rare") == {"Zebra"}


def test_an_entry_is_found_by_its_title_however_many_others_are_outside_of_the_filters(crowd: Repo) -> None:
    title = "A long title that also speaks of a merge among many other things and people"
    crowd.write(path_of("striped"), entry(title, "Stripes.", tags="striped"))
    assert titles(crowd, "merge", "--tag", "striped") == {title}


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many", "1.5", ""])
def test_a_limit_that_is_none_is_refused(journal: Repo, limit: str) -> None:
    journal.journal("query", "merge", "--limit", limit, code=2)


@pytest.mark.parametrize("mode", ["fuzzy", "LEXICAL", ""])
def test_a_mode_that_is_none_is_refused(journal: Repo, mode: str) -> None:
    journal.journal("query", "merge", "--mode", mode, code=2)


def test_a_search_by_words_says_so(journal: Repo) -> None:
    assert ask(journal, "merge", "--mode", "lexical")["mode"] == "lexical"


def test_the_same_question_has_the_same_answer(journal: Repo) -> None:
    assert ask(journal, "merge dictionaries") == ask(journal, "merge dictionaries")


# --- what is found --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    ["encodgae", "encdoage", "encodag", "enccodage", "jurnal", "juornal", "synchronsation", "synchronisaton"],
)
def test_a_misspelled_word_is_found(repo: Repo, question: str) -> None:
    repo.write(path_of("one"), entry("Une", "L'encodage du journal et sa synchronisation, avec un merge."))
    repo.write(path_of("two"), entry("Autre", "Rien de cela, mais des pommes."))
    assert titles(repo, question) == {"Une"}


@pytest.mark.parametrize("question", ["zzzzzz", "xylophone", "qqq", "4242"])
def test_a_word_that_is_like_no_other_is_not_found(journal: Repo, question: str) -> None:
    assert ask(journal, question)["hits"] == []
    assert journal.journal("query", question).stdout == "nothing found in 4 entries\n"


@pytest.mark.parametrize("word", ["file", "code", "settings", "running", "merging", "names"])
def test_an_english_word_is_found_in_a_journal_that_is_mostly_french(repo: Repo, word: str) -> None:
    for number in range(5):
        repo.write(path_of(f"f{number}"), entry("Note", f"Le pilote numéro {number} est dans la maison avec nous."))
    repo.write(path_of("english"), entry("English", f"This is the {word} that we had with the others."))
    assert titles(repo, word) == {"English"}
    assert titles(repo, f'"the {word}"') == {"English"}


@pytest.mark.parametrize("word", ["fusionnées", "installés", "échouaient"])
def test_a_french_word_is_found_in_a_journal_that_is_mostly_english(repo: Repo, word: str) -> None:
    for number in range(5):
        repo.write(path_of(f"e{number}"), entry("Note", f"This is the driver {number} that we had with the others."))
    repo.write(path_of("french"), entry("French", f"Dans le journal, des branches {word} avec nous."))
    assert titles(repo, word) == {"French"}
    assert titles(repo, f'"branches {word}"') == {"French"}


@pytest.mark.parametrize("question", ["café", "cafe", "CAFÉ", "cafe\u0301"])
@pytest.mark.parametrize("written", ["café", "cafe\u0301"])
def test_accents_are_found_however_they_are_encoded(repo: Repo, written: str, question: str) -> None:
    repo.write(path_of("one"), entry("Une", f"Un {written} noir."))
    hit = first_hit(repo, question)
    assert [hit["text"][first:last] for first, last in hit["marks"]] == [written]


@pytest.mark.parametrize("entries", [1, 5, 20])
def test_in_a_small_journal_too_the_passage_with_the_word_comes_first(repo: Repo, entries: int) -> None:
    long = "Another paragraph speaks of many other things such as gardens, roofs, walls, ships, ladders and rivers."
    for number in range(entries):
        word = "needle" if number == 0 else f"thing{number}"
        repo.write(path_of(f"n{number}"), entry(f"T{number}", f"{long}\n\nThe {word} is here.\n\n{long}"))
    assert first_hit(repo, "needle")["text"] == "The needle is here."


@pytest.mark.parametrize(("question", "expected"), [('"state of the merge"', {"A"}), ('"the state merge"', set())])
def test_a_phrase_stands_there_word_by_word(repo: Repo, question: str, expected: set[str]) -> None:
    repo.write(path_of("a"), entry("A", "The state of the merge is good."))
    repo.write(path_of("b"), entry("B", "The merge has a good state."))
    assert titles(repo, question) == expected


def test_an_entry_is_found_by_its_title_and_by_its_tags(repo: Repo) -> None:
    repo.write(path_of("a"), entry("Encoding trouble", "Nothing more.", tags="mojibake"))
    assert titles(repo, "encoding") == titles(repo, "mojibake") == {"Encoding trouble"}


def test_an_entry_without_text_is_shown_by_its_title(repo: Repo) -> None:
    repo.write(path_of("a"), entry("Encoding trouble", ""))
    hit = first_hit(repo, "encoding")
    assert (hit["text"], hit["title"]) == ("Encoding trouble", "Encoding trouble")


def test_an_entry_of_stop_words_alone_is_found_by_its_title(repo: Repo) -> None:
    repo.write(path_of("a"), entry("Encoding", "the of and a"))
    assert titles(repo, "encoding") == {"Encoding"}


@pytest.mark.parametrize(
    "body", ["x" * 100_000, "é" * 70_000, "AbC" * 40_000, "a-" * 50_000, "\ufdfa" * 9_000, "ﾞﾞ ½ ŉ", "\x00\x01 \ud7ff"]
)
def test_an_entry_of_data_hides_no_other_text(repo: Repo, body: str) -> None:
    repo.write(path_of("a"), entry("Data", f"Before the data.\n\n{body}\n\nMojibake behind it."))
    assert first_hit(repo, "mojibake")["text"] == "Mojibake behind it."


# --- where it stands ------------------------------------------------------------------------------------------------

TEXT = "---\ntitle: A\ndate: 2025-04-05\n---\n\n# A\n\n- one\n- the needle\n  goes on\n- three\n"


@pytest.mark.parametrize(
    ("data", "first"),
    [
        pytest.param(TEXT.encode(), 9, id="lf"),
        pytest.param(TEXT.replace("\n", "\r\n").encode(), 9, id="crlf"),
        pytest.param(TEXT.replace("\n", "\r").encode(), 9, id="cr"),
        pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), 9, id="bom"),
        pytest.param(b"- the needle\n  goes on\n", 1, id="at-the-top"),
        pytest.param(b"\xef\xbb\xbf- the needle\r\n  goes on\r\n", 1, id="bom-at-the-top"),
        pytest.param("# A\n\nx\u2028y\x0cz\n\n- the needle\n  goes on".encode(), 5, id="other-line-ends"),
    ],
)
def test_a_hit_stands_on_the_lines_that_it_names(repo: Repo, data: bytes, first: int) -> None:
    repo.write(path_of("a"), data)
    hit = first_hit(repo, "needle")
    assert (hit["lines"], hit["text"]) == ([first, first + 1], "- the needle\n  goes on")
    assert f"{path_of('a')}:{first}" in repo.journal("query", "needle").stdout.split()


def test_a_hit_says_all_that_is_known_of_it(repo: Repo) -> None:
    body = "# Top\n\n## Errors\n\nBefore.\n\nThe encoding failed.\n\nAfter.\n\n## Next\n\nOther."
    repo.write(path_of("a"), entry("A title", body, tags="Git, été"))
    commit = repo.commit()
    answer = ask(repo, "encoding")
    hit = answer.pop("hits")[0]
    assert answer == {"query": "encoding", "mode": "lexical", "searched": 1, "commit": commit, "notes": []}
    assert isinstance(hit.pop("score"), float)
    assert hit == {
        "entry": path_of("a"),
        "id": "2025-04-05-14-30-a",
        "title": "A title",
        "date": "2025-04-05",
        "tags": ["Git", "été"],
        "section": "Errors",
        "headings": ["Top", "Errors"],
        "lines": [15, 15],
        "commit": commit,
        "text": "The encoding failed.",
        "before": "Before.",
        "after": "After.",
        "marks": [[4, 12]],
    }


def test_a_neighbour_under_another_heading_is_none(repo: Repo) -> None:
    repo.write(path_of("a"), entry("A", "# One\n\nBefore.\n\n# Two\n\nThe needle.\n\n# Three\n\nAfter."))
    hit = first_hit(repo, "needle")
    assert (hit["before"], hit["after"]) == ("", "")


# --- how it is shown ------------------------------------------------------------------------------------------------


def test_text_shows_title_day_place_headings_and_passage(repo: Repo) -> None:
    repo.write(path_of("a"), entry("A title", "# Top\n\n## Errors\n\nThe encoding failed."))
    repo.commit()
    assert repo.journal("query", "encoding").stdout == (
        f"A title (2025-04-05)\n{path_of('a')}:13\nTop > Errors\nThe encoding failed.\n\n"
    )


def test_nothing_in_a_journal_reaches_the_terminal_as_a_command(repo: Repo) -> None:
    evil = "\x1b]0;gotcha\x07 \x9b31m \r \u202e needle"
    repo.write(path_of("a"), entry('"A \\e[31m title"', f"## Head \x1b[32m\n\nThe {evil}."))
    shown = repo.journal("query", "needle").stdout
    assert "needle" in shown
    assert [letter for letter in shown if not letter.isprintable() and letter != "\n"] == []


def test_the_name_of_a_file_forges_no_line(repo: Repo) -> None:
    repo.write(f"{FOLDER}/a\nforged.md:1.md", "The needle.\n")
    assert "\nforged" not in repo.journal("query", "needle").stdout.split("\n", 1)[1]


def on_a_terminal(repo: Repo, **variables: str) -> str:
    """What `journal query` prints on a terminal."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "sync", "query", "needle"]
    with subprocess.Popen(
        command, cwd=repo.path, stdin=theirs, stdout=theirs, stderr=theirs, env=environment | variables
    ) as process:
        os.close(theirs)
        printed = b""
        try:
            while data := os.read(ours, 65536):
                printed += data
        except OSError:  # the other end is closed
            pass
        os.close(ours)
    assert process.returncode == 0, printed
    return printed.decode()


@pytest.mark.parametrize(("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_lights_the_words_and_colours_them_unless_told_not_to(
    repo: Repo, variables: dict[str, str], *, is_coloured: bool
) -> None:
    repo.write(path_of("a"), entry("A", "The [bold]needle :smile: stands\x1b[8m here."))
    shown = on_a_terminal(repo, TERM="xterm-256color", **variables)
    lit = re.search(r"\x1b\[([0-9;]*)mneedle\x1b\[0m", shown)
    assert lit
    assert [code in lit[1].split(";") for code in ("1", "33")] == [True, is_coloured]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "The [bold]needle :smile: stands\\x1b[8m here." in plain
    assert f"{path_of('a')}:9" in plain


# --- trouble --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """One entry of the words that the attacks are made of."""
    repo = Repo(tmp_path_factory.mktemp("target"))
    repo.write(path_of("a"), entry_text("A", body="The merge driver, and x."))
    return repo


@pytest.mark.parametrize("name", ATTACKS)
def test_no_question_is_an_error(target: Repo, name: str) -> None:
    assert {hit["title"] for hit in ask_text(target, ATTACKS[name])["hits"]} <= {"A"}


def test_a_question_behind_two_dashes_is_no_option(target: Repo) -> None:
    assert "merge driver" in target.journal("query", "--", "--merge --limit=0").stdout


def ask_text(repo: Repo, question: str) -> dict[str, Any]:
    with Searcher(open_journal(repo.path)) as searcher:
        return searcher.ask(question).as_dict()


@pytest.mark.parametrize("name", ["punctuation", "one quote", "long punctuation", "long quotes", "stop words"])
def test_a_question_that_says_nothing_finds_nothing(target: Repo, name: str) -> None:
    assert ask_text(target, ATTACKS[name])["hits"] == []


@pytest.mark.parametrize(
    "name", ["unbalanced", "fts5 caret", "fts5 column", "fts5 near", "tantivy", "nul", "control", "emoji", "long"]
)
def test_the_words_among_the_trouble_are_found(target: Repo, name: str) -> None:
    assert [hit["title"] for hit in ask_text(target, ATTACKS[name])["hits"]] == ["A"]


def test_both_engines_take_every_question_alike(target: Repo) -> None:
    lines = "".join(json.dumps({"id": name, "query": text}) + "\n" for name, text in ATTACKS.items()).encode()
    commands = [[sys.executable, "-m", "sync"], [sys.executable, "-c", WITHOUT_TANTIVY]]
    ends = ["query", "--batch", "--json"]
    printed = [
        subprocess.run([*command, *ends], cwd=target.path, input=lines, capture_output=True, check=True).stdout
        for command in commands
    ]
    both = [[json.loads(line) for line in one.splitlines()] for one in printed]
    found = [[(row["id"], [(hit["entry"], hit["lines"]) for hit in row["hits"]]) for row in one] for one in both]
    assert found[0] == found[1]
    assert [name for name, _ in found[0]] == list(ATTACKS)


# --- many questions at once -----------------------------------------------------------------------------------------


@pytest.fixture
def batch(journal: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Ask many questions of `journal`: gives the rows that are printed; errors by `code`."""

    def asked(lines: bytes | Sequence[object], *options: str, code: int = 0) -> list[Any]:
        data = lines if isinstance(lines, bytes) else "".join(json.dumps(line) + "\n" for line in lines).encode()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        assert run(["-C", str(journal.path), "query", "--batch", *options]) == code
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return asked


def test_each_question_has_its_answer_in_order(batch: Any) -> None:
    rows = batch([{"id": str(n), "query": word} for n, word in enumerate(["merge", "zzzz", "dictionaries"] * 3)])
    assert [(row["id"], bool(row["hits"])) for row in rows] == [(str(n), n % 3 != 1) for n in range(9)]


def test_an_answer_names_entry_lines_and_score(batch: Any) -> None:
    ((hit,),) = [row["hits"] for row in batch([{"id": 1, "query": "dictionaries"}])]
    assert (hit["entry"], hit["lines"], sorted(hit)) == (path_of("python"), [12, 12], ["entry", "lines", "score"])


def test_a_batch_finds_what_single_questions_find(batch: Any, journal: Repo) -> None:
    ((hits),) = [row["hits"] for row in batch([{"id": 1, "query": "merge failed"}], "--limit", "3")]
    single = ask(journal, "merge failed", "--limit", "3")["hits"]
    assert [(hit["entry"], hit["lines"]) for hit in hits] == [(hit["entry"], hit["lines"]) for hit in single]


@pytest.mark.parametrize("id_", ["a", "", "é\u2028", "\ud800", 1, 1.5, -0.0, 2**70, None, True, [1, {"a": None}], {}])
def test_an_id_comes_back_as_it_was(batch: Any, id_: object) -> None:
    (row,) = batch([{"id": id_, "query": "merge", "more": "is ignored"}])
    assert (row["id"], type(row["id"])) == (id_, type(id_))


def test_blank_lines_are_no_questions(batch: Any) -> None:
    assert [row["id"] for row in batch(b'\n{"id": 1, "query": "merge"}\r\n  \n\n{"id": 2, "query": "x"}')] == [1, 2]


def test_no_question_is_no_answer(batch: Any) -> None:
    assert batch(b"") == []


@pytest.mark.parametrize("question", ["", " ", "\t\n", "?!", "\x00", '"'])
def test_a_question_of_no_words_is_answered_with_nothing(batch: Any, question: str) -> None:
    assert batch([{"id": 1, "query": question}, {"id": 2, "query": "zzzz"}]) == [
        {"id": 1, "hits": []},
        {"id": 2, "hits": []},
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"merge",
        b'"merge"',
        b"[1, 2]",
        b"null",
        b'{"id": 1}',
        b'{"query": "merge"}',
        b'{"id": 1, "query": null}',
        b'{"id": 1, "query": 7}',
        b'{"id": 1, "query": ["merge"]}',
        b'{"id": 1, "query": "\\ud800"}',
        b'{"id": 1, "query": "\xff"}',
        b'{"id": 1, "query": "merge"',
        b'{"id": 1, "query": "merge"} {"id": 2, "query": "x"}',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 10_000 + b', "query": "merge"}',
        b"\x00",
    ],
    ids=lambda line: repr(line[:30]),
)
def test_a_line_that_is_no_question_is_named(
    batch: Any, journal: Repo, capsys: pytest.CaptureFixture[str], line: bytes
) -> None:
    data = b'{"id": 0, "query": "merge"}\n\n' + line + b"\n"
    assert [row["id"] for row in batch_rows(batch, data)] == [0]
    assert journal.path.is_dir()
    assert capsys.readouterr().err == ""


def batch_rows(batch: Any, data: bytes) -> list[Any]:
    rows: list[Any] = batch(data, code=2)
    return rows


@pytest.mark.parametrize("question", ["merge", ""])
def test_a_question_beside_a_batch_is_refused(journal: Repo, question: str) -> None:
    journal.journal("query", question, "--batch", code=2)


def test_neither_question_nor_batch_is_refused(journal: Repo) -> None:
    journal.journal("query", code=2)


def test_filters_hold_for_each_question_of_a_batch(batch: Any) -> None:
    (row,) = batch([{"id": 1, "query": "merge"}], "--tag", "python", "--limit", "50", "--json")
    assert {hit["entry"] for hit in row["hits"]} == {path_of("python")}


def test_an_answer_is_given_before_the_next_question_comes(journal: Repo) -> None:
    command = [sys.executable, "-m", "sync", "query", "--batch", "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command, cwd=journal.path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for number in range(2):
            process.stdin.write(json.dumps({"id": number, "query": "merge"}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()


# --- one command, two ways to parse it ------------------------------------------------------------------------------

ARGUMENTS = [
    "merge", "zzzz", "", " ", "--json", "--limit", "1", "3", "0", "01", "1001", "-1", "--limit=2", "--", "-x", "--tag",
    "a\x1bb", '"merge driver"', "?!", "\ud800", "é", "--batch", "٣",
]  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a journal that has no Git: nothing in it changes."""
    repo = Repo(tmp_path_factory.mktemp("house"))
    repo.write(path_of("a"), entry("A", "# Head\n\nThe merge driver.\n\nAnother merge.\n\nÉté \x1b[1m."))
    return repo.path


def outcome(arguments: list[str], *, is_plain: bool) -> tuple[object, bytes, bytes]:
    """Exit code, standard output and standard error."""
    channels = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = SimpleNamespace(buffer=io.BytesIO())
    sys.stdout, sys.stderr = channels
    try:
        plain = parse_plain(arguments) if is_plain else None
        code = run_plain(plain) if plain else run(["query", *arguments])
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
    printed = []
    for channel in channels:
        channel.flush()
        printed.append(channel.buffer.getvalue())
        channel.close()
    return code, printed[0], printed[1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(ARGUMENTS), min_size=1, max_size=5))
@example(["merge"])
@example(["merge", "--json"])
@example(["", "merge"])
@example([" ", "--json"])
@example(["\ud800"])
@example(["\ud800", "--json"])
@example(["--limit", "1", "merge", "--json"])
def test_the_quick_way_answers_as_the_other_does(house: Path, arguments: list[str]) -> None:
    folder = Path.cwd()
    os.chdir(house)
    try:
        assert outcome(arguments, is_plain=True) == outcome(arguments, is_plain=False)
    finally:
        os.chdir(folder)
