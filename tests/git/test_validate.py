"""`journal validate`: every fault of every file, each with the place where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Repo, entry_text

ENTRIES = "journal/entries"
VALID = f"{ENTRIES}/2025-04-05-14-30-valid.md"
MEMORY = {
    "text": "[JOURNAL DE BORD] A: b",
    "metadata": {"id": "a", "source": "a.md", "tags": [], "source_blob": "0" * 40},
}


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """A journal with one valid entry, committed."""
    repo.write(VALID, entry_text())
    repo.write("journal.toml", '[journal]\nlanguage = "en"\n')
    repo.commit()
    return repo


def faults(repo: Repo, *arguments: str) -> list[str]:
    """The faults as they are printed, without hints."""
    result = json.loads(repo.journal("validate", "--json", *arguments, code=None).stdout)
    return [
        f"{one['path']}:{one['line']}:{one['column']}: {one['key'] + ': ' if one['key'] else ''}{one['message']}"
        for one in result["faults"]
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: a\ntags: 3\n---\n", '3:7: tags: must be a list of words such as [python, git], not "3"'),
        ("---\ntags: [a, {b: c}]\n---\n", '2:11: tags[1]: must be a word, not {"b": "c"}'),
        ("---\r\ntitle: a\r\nheure: noon\r\n---\r\n", '3:8: heure: must be a time of day such as 14-30, not "noon"'),
        ("---\rtitle: a\rheure: noon\r---\r", '3:8: heure: must be a time of day such as 14-30, not "noon"'),
        ("\ufeff---\nheure: noon\n---\n", '2:8: heure: must be a time of day such as 14-30, not "noon"'),
        ("---\ntitle: 😀\nimportance: 7\n---\n", "3:13: importance: must be a number from 0 to 1, not 7"),
        ("---\ndate: 2025-02-30\n---\n", "2:7: date: '2025-02-30' does not exist"),
        ("---\na: 1\nb: 2\na: 3\n---\n", "4:1: a: this key is written twice"),
        ("---\ntitle: a\n", "1:1: front matter is opened but never closed"),
        ("\n---\ntitle: a\n---\n", "1:1: front matter does not start on the first line, so it is read as text"),
        ("---\ntitle: [a\n---\n", "3:1: not YAML: did not find expected ',' or ']'"),
        ("---\n<<<<<<< HEAD\ntitle: a\n=======\ntitle: b\n>>>>>>> x\n---\n", "2:1: conflict markers"),
    ],
    ids=["kind", "item", "crlf", "lone-cr", "bom", "astral", "calendar", "twice", "open", "late", "yaml", "conflict"],
)
def test_a_fault_of_an_entry_is_shown_at_its_place(journal: Repo, text: str, expected: str) -> None:
    path = f"{ENTRIES}/2025-04-06-10-00-bad.md"
    journal.write(path, text)
    assert faults(journal) == [f"{path}:{expected}"]


def test_every_fault_of_every_file_is_shown_in_the_order_of_the_file(journal: Repo) -> None:
    first, second = f"{ENTRIES}/2025-04-06-a.md", f"{ENTRIES}/2025-04-07-b.md"
    journal.write(first, "---\ntags: [1, {a: b}]\nheure: noon\ndate: never\n---\n")
    journal.write(second, b"\xff")
    assert [line.split(": ")[0] for line in faults(journal)] == [
        f"{first}:2:11",
        f"{first}:3:8",
        f"{first}:4:7",
        f"{second}:1:1",
    ]


def test_an_entry_without_any_date_is_a_fault(journal: Repo) -> None:
    journal.write(f"{ENTRIES}/idea.md", "# An idea\n")
    assert faults(journal) == [f"{ENTRIES}/idea.md:1:1: date: nothing tells when it was written"]


def test_two_entries_with_one_id_are_a_fault_of_the_second(journal: Repo) -> None:
    journal.write(f"{ENTRIES}/2025-04-06-twin.md", "---\ntitle: x\nid: 2025-04-05-14-30-valid\n---\n")
    (fault,) = faults(journal)
    assert "id: has the same id as" in fault


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([MEMORY, {"text": "x"}], "journal/memories.json:1:{}: [1]: 'metadata' is missing"),
        (
            [{**MEMORY, "text": ""}],
            'journal/memories.json:1:{}: [0].text: must be text of the form `PREFIX title: body`, not ""',
        ),
        ({"a": 1}, 'journal/memories.json:1:1: must be a list of memories, not {{"a": 1}}'),
        ([{**MEMORY, "more": 1}], "journal/memories.json:1:{}: [0]: unknown key more; known keys: metadata, text"),
    ],
    ids=["missing", "empty", "object", "unknown"],
)
def test_a_fault_of_the_memories_is_shown_at_its_place(journal: Repo, document: object, expected: str) -> None:
    text = json.dumps(document)
    journal.write("journal/memories.json", text)
    column = {"[1]": text.find('{"text": "x"}') + 1, "[0].text": text.find('""') + 1, "[0]:": 2}
    place = next((value for key, value in column.items() if key in expected), 1)
    assert faults(journal) == [expected.format(place)]


def test_a_fault_behind_a_pair_of_surrogates_is_shown_at_its_place(journal: Repo) -> None:
    journal.write("journal/memories.json", '[\n  {"text": "\\ud83d\\ude00", "metadata": 3}\n]\n')
    assert faults(journal)[0].startswith("journal/memories.json:2:40: [0].metadata: must be an object")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff", "1:1: not UTF-8 at byte 0"),
        (b"[\n1,\n", "3:1: not JSON: Expecting value"),
        (
            b"[" * 200_000,
            "1:1: not JSON: maximum recursion depth exceeded while decoding a JSON array from a unicode string",
        ),
    ],
    ids=["bytes", "json", "deep"],
)
def test_memories_that_cannot_be_read_are_a_fault(journal: Repo, data: bytes, expected: str) -> None:
    journal.write("journal/memories.json", data)
    assert faults(journal) == [f"journal/memories.json:{expected}"]


def test_a_number_of_thousands_of_digits_is_a_fault(journal: Repo) -> None:
    journal.write("journal/memories.json", "[" + "1" * 5000 + "]")
    assert faults(journal)[0].startswith("journal/memories.json:1:1: not JSON: Exceeds the limit")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[journal]\n# why\nlanguage = "de"\n', '3:1: journal.language: must be fr or en, not "de"'),
        ("[stores.augment]\nmax_bytes = -1\n", "2:1: stores.augment.max_bytes: must be a whole number, not -1"),
        ('[journal]\ncolour = "red"\n', "1:1: journal: unknown key colour; known keys: entries"),
        ("[journal\n", "1:9: not TOML: Expected ']' at the end of a table declaration"),
        ('[journal]\ntimezone = "Mars"\n', "1:1: journal.timezone: 'Mars' is unknown"),
        ('[journal]\nentries = ".git/x"\n', "2:1: journal.entries: must be a path inside the repository"),
    ],
    ids=["value", "negative", "unknown", "toml", "zone", "git"],
)
def test_a_fault_of_the_settings_is_shown_at_its_place(journal: Repo, text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "journal.toml").write_text(text, encoding="utf-8")
    path = (tmp_path / "journal.toml").as_posix()
    (fault,) = faults(journal, path)
    assert fault.startswith(f"{path}:{expected}")


def test_settings_that_are_not_utf_8_are_a_fault(journal: Repo, tmp_path: Path) -> None:
    (tmp_path / "journal.toml").write_bytes(b"\xff")
    assert faults(journal, str(tmp_path / "journal.toml")) == [f"{tmp_path}/journal.toml:1:1: not UTF-8 at byte 0"]


def test_a_fault_of_augments_configuration_is_shown_at_its_place(journal: Repo) -> None:
    journal.write(".augment/config.json", '{\n  "context_providers": [{"name": "x"}]\n}\n')
    assert faults(journal) == [".augment/config.json:2:25: context_providers[0]: 'command' is missing"]


def test_what_is_staged_is_looked_at_as_it_is_staged(journal: Repo) -> None:
    journal.write(VALID, "---\nheure: noon\n---\n")
    journal.git("add", VALID)
    journal.write(VALID, entry_text())
    assert faults(journal, "--staged") == [f'{VALID}:2:8: heure: must be a time of day such as 14-30, not "noon"']


def test_what_is_not_staged_is_not_looked_at(journal: Repo) -> None:
    journal.write(VALID, "---\nheure: noon\n---\n")
    assert json.loads(journal.journal("validate", "--staged", "--json").stdout)["read"] == 0


def test_an_unmerged_entry_is_a_fault(journal: Repo) -> None:
    journal.git("checkout", "-q", "-b", "side")
    journal.write(VALID, entry_text("Theirs"))
    journal.commit()
    journal.git("checkout", "-q", "main")
    journal.write(VALID, entry_text("Ours"))
    journal.commit()
    journal.git("merge", "-q", "side", check=False)
    assert faults(journal) == [f"{VALID}:1:1: unmerged: resolve the merge first"]


def test_files_and_folders_may_be_given_and_count_once(journal: Repo) -> None:
    bad = journal.write(f"{ENTRIES}/2025-04-06-bad.md", "---\nheure: noon\n---\n")
    result = json.loads(journal.journal("validate", "--json", str(bad), str(bad), ENTRIES, code=1).stdout)
    assert (result["read"], result["valid"], len(result["faults"])) == (2, 1, 1)


def test_a_path_that_does_not_exist_is_a_mistake_of_the_user(journal: Repo) -> None:
    assert "nope: no such file or folder" in journal.journal("validate", "nope", code=2).stderr


def test_paths_do_not_go_with_what_is_staged(journal: Repo) -> None:
    assert "give no paths with it" in journal.journal("validate", "--staged", VALID, code=2).stderr


def test_nothing_can_be_staged_without_git(tmp_path: Path) -> None:
    assert "not in a Git repository" in Repo(tmp_path).journal("validate", "--staged", code=2).stderr


def test_annotations_of_github_are_escaped(journal: Repo) -> None:
    journal.write(f"{ENTRIES}/2025-04-06,100%:x.md", "---\nheure: '50%'\n---\n")
    printed = journal.journal("validate", "--format", "github", code=1).stdout
    assert printed == (
        f"::error file={ENTRIES}/2025-04-06%2C100%25%3Ax.md,line=2,col=8::"
        'heure: must be a time of day such as 14-30, not "50%25"\n'
    )


def test_read_is_valid_and_skipped_and_faulty(journal: Repo) -> None:
    journal.write(f"{ENTRIES}/index.md", "# Index\n")
    journal.write(f"{ENTRIES}/2025-04-06-bad.md", b"\xff")
    result = json.loads(journal.journal("validate", "--json", code=1).stdout)
    assert (result["read"], result["valid"], len(result["skipped"]), len(result["faults"])) == (4, 2, 1, 1)


@pytest.mark.parametrize("form", [(), ("--staged",)], ids=["work-tree", "staged"])
def test_wrong_settings_are_a_fault_among_others(journal: Repo, form: tuple[str, ...]) -> None:
    bad = f"{ENTRIES}/2025-04-06-bad.md"
    journal.write("journal.toml", '[journal]\ncolour = "red"\n')
    journal.write(bad, b"\xff")
    journal.git("add", "-A")
    assert sorted(line.split(": ")[0] for line in faults(journal, *form)) == ["journal.toml:1:1", f"{bad}:1:1"]
