"""`journal merge-file`: three files, or lines of JSON; what it prints and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import Result
from repositories import Repo, entry_text

BASE = entry_text("A title", tags="one, two", body="First.\n\nSecond.")
OURS = BASE.replace("title: A title", "title: Ours").replace("Second.", "Second, and more.")
THEIRS = BASE.replace("[one, two]", "[one, three]").replace("First.", "First of all.")
MERGED = OURS.replace("[one, two]", "[one, three]").replace("First.", "First of all.")
CLASHING = THEIRS.replace("title: A title", "title: Theirs")


def merge(repo: Repo, *texts: str | bytes, code: int, options: tuple[str, ...] = ()) -> Result:
    """Run it on files of these texts: base, ours, theirs."""
    for name, text in zip(("base.md", "ours.md", "theirs.md"), texts, strict=True):
        repo.write(name, text)
    return repo.journal("merge-file", *options, "base.md", "ours.md", "theirs.md", code=code)


def merge_lines(data: bytes, *, code: int = 0) -> tuple[list[dict[str, Any]], str]:
    """Feed lines to `--jsonl`, in a process of its own; what it answers, and what it says."""
    command = [sys.executable, "-m", "sync", "merge-file", "--jsonl"]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().splitlines()], done.stderr.decode()


def line(**case: object) -> bytes:
    return json.dumps(case).encode() + b"\n"


def test_a_clean_merge_is_printed_and_exits_with_0(repo: Repo) -> None:
    assert merge(repo, BASE, OURS, THEIRS, code=0).stdout == MERGED


def test_the_files_themselves_are_left_alone(repo: Repo) -> None:
    merge(repo, BASE, OURS, THEIRS, code=0)
    assert [repo.read(name) for name in ("base.md", "ours.md", "theirs.md")] == [BASE, OURS, THEIRS]


def test_what_a_person_has_to_decide_stands_between_the_markers_of_git_and_exits_with_1(repo: Repo) -> None:
    printed = merge(repo, BASE, OURS, CLASHING, code=1).stdout
    names = [f"{repo.path}/{name}.md" for name in ("ours", "base", "theirs")]
    clash = "<<<<<<< {}\ntitle: Ours\n||||||| {}\ntitle: A title\n=======\ntitle: Theirs\n>>>>>>> {}\n".format(*names)
    assert printed == MERGED.replace("title: Ours\n", clash)


def test_markers_end_their_lines_where_a_side_has_no_final_newline(repo: Repo) -> None:
    printed = merge(repo, "a\n", "b", "c", code=1).stdout
    assert [text[:7] for text in printed.splitlines()] == ["<<<<<<<", "b", "|||||||", "a", "=======", "c", ">>>>>>>"]


def test_bytes_come_out_as_they_went_in(repo: Repo) -> None:
    ours, theirs = (f"\ufeff{text}".replace("\n", "\r\n") for text in (OURS, THEIRS))
    base = f"\ufeff{BASE}".replace("\n", "\r\n")
    assert merge(repo, base, ours, theirs, code=0).stdout_bytes == f"\ufeff{MERGED}".replace("\n", "\r\n").encode()


def test_json_holds_the_text_and_every_decision(repo: Repo) -> None:
    found = json.loads(merge(repo, BASE, OURS, CLASHING, code=1, options=("--json",)).stdout)
    conflict = {"base": "title: A title\n", "ours": "title: Ours\n", "theirs": "title: Theirs\n"}
    assert (found["clean"], [(one["path"], one["action"]) for one in found["decisions"]]) == (
        False,
        [("title", "conflict"), ("tags", "theirs"), ("body", "merged")],
    )
    assert conflict.items() <= found["decisions"][0].items()


def test_an_empty_base_stands_for_none(repo: Repo) -> None:
    ours, theirs = (BASE.replace("[one, two]", tags) for tags in ("[one, b]", "[one, a]"))
    assert merge(repo, "", ours, theirs, code=0).stdout == BASE.replace("[one, two]", "[a, b, one]")


def test_without_a_base_two_texts_conflict_as_wholes_of_what_differs(repo: Repo) -> None:
    assert merge(repo, "", "a\n", "b\n", code=1).stdout.count("<<<<<<<") == 1


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_file_that_is_not_utf_8_is_named_with_the_byte(repo: Repo, place: int) -> None:
    texts: list[str | bytes] = [BASE, OURS, THEIRS]
    texts[place] = b"ab\xff"
    name = ("base", "ours", "theirs")[place]
    assert merge(repo, *texts, code=2).stderr == f"journal: {repo.path}/{name}.md: not UTF-8 at byte 2\n"


def test_a_missing_file_is_named(repo: Repo) -> None:
    repo.write("a.md", "a\n")
    assert (
        repo.journal("merge-file", "a.md", "a.md", "b.md", code=2).stderr
        == f"journal: {repo.path}/b.md: no such file\n"
    )


def test_a_folder_is_no_file(repo: Repo) -> None:
    repo.write("a.md", "a\n")
    assert "cannot be read" in repo.journal("merge-file", "a.md", "a.md", ".", code=2).stderr


def test_an_error_is_json_where_json_was_asked_for(repo: Repo) -> None:
    found = json.loads(repo.journal("merge-file", "--json", "a", "b", "c", code=2).stdout)
    assert (found["error"]["code"], found["error"]["message"].endswith("a: no such file")) == ("usage", True)


@pytest.mark.parametrize("arguments", [(), ("a",), ("a", "b"), ("a", "b", "c", "d"), ("--jsonl", "a")])
def test_any_other_number_of_files_is_a_wrong_call(repo: Repo, arguments: tuple[str, ...]) -> None:
    assert repo.journal("merge-file", *arguments, code=2).stderr.startswith("journal: ")


# --- lines of JSON ----------------------------------------------------------------------------------------------------


def test_each_line_is_answered_by_a_line_in_its_order() -> None:
    data = line(id="x", base=BASE, ours=OURS, theirs=THEIRS) + b"\n" + line(id=2, base=BASE, ours=OURS, theirs=CLASHING)
    answers, said = merge_lines(data)
    assert [(one["id"], one["clean"], one["merged"]) for one in answers] == [("x", True, MERGED), (2, False, None)]
    assert ([one["path"] for one in answers[1]["conflicts"]], said) == (["title"], "")


@pytest.mark.parametrize("base", [{}, {"base": None}], ids=["absent", "null"])
def test_a_line_may_have_no_base(base: dict[str, None]) -> None:
    assert merge_lines(line(ours="a\n", theirs="a\n", **base))[0][0]["merged"] == "a\n"


def test_a_base_of_no_text_at_all_is_one() -> None:
    data = line(base="", ours="---\ncreated: 2025-04-02\n---\n", theirs="")
    assert merge_lines(data)[0][0]["merged"] == "---\ncreated: 2025-04-02\n---\n"


def test_text_is_utf_8_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    data = '{"base": "é\\u2028\\n", "ours": "日\u2028\\n", "theirs": "é\u2028\\n"}\n'.encode()
    assert merge_lines(data)[0][0]["merged"] == "日\u2028\n"


def test_half_a_surrogate_pair_comes_out_as_it_went_in() -> None:
    assert merge_lines(line(base="a\n", ours="\ud800\n", theirs="a\n"))[0][0]["merged"] == "\ud800\n"


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        pytest.param(b"{\n", "not a merge to do", id="not-json"),
        pytest.param(b"[]\n", "not a merge to do", id="not-an-object"),
        pytest.param(b'{"ours": "a"}\n', "not a merge to do", id="a-side-is-missing"),
        pytest.param(b'{"ours": "a", "theirs": 1}\n', "base, ours and theirs must be text", id="a-side-is-no-text"),
        pytest.param(b'{"base": 1, "ours": "a", "theirs": "b"}\n', "base, ours and theirs must be text", id="base"),
        pytest.param(b'{"ours": "\xff", "theirs": "b"}\n', "not UTF-8", id="not-utf-8"),
        pytest.param(b"[" * 100_000 + b"\n", "not a merge to do", id="too-deep"),
    ],
)
def test_a_bad_line_ends_the_run_with_one_message_and_2(bad: bytes, what: str) -> None:
    _answers, said = merge_lines(line(id=1, ours="a", theirs="a") + bad, code=2)
    assert (said.splitlines()[0].startswith("journal: line "), said.splitlines()[0].endswith(what)) == (True, True)


def test_what_was_answered_before_a_bad_line_is_kept() -> None:
    answers, said = merge_lines(line(id=1, ours="a", theirs="a") + b"{\n", code=2)
    assert ([one["id"] for one in answers], said.splitlines()[0]) == ([1], "journal: line 2: not a merge to do")


def test_the_driver_the_command_and_the_lines_give_the_same_text(repo: Repo) -> None:
    printed = merge(repo, BASE, OURS, THEIRS, code=0).stdout
    answered = merge_lines(line(base=BASE, ours=OURS, theirs=THEIRS))[0][0]["merged"]
    driver = ("merge-driver", "--", "base.md", "ours.md", "theirs.md", "7", "x.md")
    repo.journal(*driver)
    assert (answered, repo.read("ours.md")) == (printed, printed)
