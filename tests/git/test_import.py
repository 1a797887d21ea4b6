"""`journal import`: what Augment remembers becomes entries, once, whole, and never as anything but text."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.document.entry import Entry, load_entry
from sync.errors import UsageError
from sync.operations.export import ExportOptions, export
from sync.operations.import_ import ImportResult, import_memories
from sync.operations.journal import open_journal

NOW = datetime(2025, 4, 5, 14, 30, tzinfo=UTC)
FOLDER = "journal/entries"
STORE = ".augment/memories"
LEDGER = "journal/imported"
DATE = "2025-03-01T10:20:00.000Z"


def imported(repo: Repo, **options: Any) -> ImportResult:
    """Run an import at a fixed time."""
    return import_memories(open_journal(repo.path), now=NOW, **options)


def remember(repo: Repo, *items: object, file: str = "notes.json") -> None:
    """Write memories, or bare texts, into a file of the store."""
    memories = [{"text": item} if isinstance(item, str) else item for item in items]
    repo.write(f"{STORE}/{file}", json.dumps(memories))


def entries(repo: Repo) -> dict[str, str]:
    """File name -> text of each entry."""
    folder = repo.path / FOLDER
    return {file.name: file.read_bytes().decode() for file in sorted(folder.iterdir())} if folder.is_dir() else {}


def ledger(repo: Repo) -> list[dict[str, str]]:
    """Every row of the ledger."""
    lines = [line for file in sorted((repo.path / LEDGER).iterdir()) for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def everything(repo: Repo) -> str:
    """The text of all entries."""
    return "\n".join(entries(repo).values())


def bodies(repo: Repo) -> str:
    """The bodies of all entries, indentation of list items removed."""
    found = [load_entry(name, text.encode()) for name, text in entries(repo).items()]
    assert all(isinstance(entry, Entry) for entry in found), found
    return "\n".join(line.strip() for entry in found if isinstance(entry, Entry) for line in entry.body.split("\n"))


def work_tree(repo: Repo) -> dict[str, bytes]:
    """Every file that is not Git's."""
    found = {path.relative_to(repo.path): path for path in repo.path.rglob("*") if path.is_file()}
    return {str(name): path.read_bytes() for name, path in sorted(found.items()) if name.parts[0] != ".git"}


def balances(result: ImportResult) -> bool:
    """Whether every memory that was read is accounted for."""
    refused = sum(1 for fault in result.invalid if fault.key)
    return result.read == result.imported + result.known + result.ours + refused


def test_a_memory_becomes_an_entry_in_the_documented_form(repo: Repo) -> None:
    remember(repo, "Build: use pnpm")
    imported(repo)
    ((name, text),) = entries(repo).items()
    wanted = (
        '---\ndate: 2025-04-05\nheure: 14-30\ntitle: "Augment Memories: Build"\ntags: [augment-memory, build]\n'
        "related: []\n---\n\n# Augment Memories: Build\n\n## Actions réalisées\n\n"
        "- Import automatique depuis Augment Memories\n\n## Contenu des Memories\n\n- Build: use pnpm\n"
    )
    name_and_start = name, text.split("\n## Résolution")[0]
    assert name_and_start == ("2025-04-05-14-30-augment-memories-build.md", wanted)


def test_the_journal_chooses_the_language_of_imported_entries(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\nlanguage = "en"\n')
    remember(repo, "Build: use pnpm")
    imported(repo)
    assert "## What the memories say" in everything(repo)


def test_memories_of_one_theme_share_an_entry(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "Build: never npm", "Tests: use pytest")
    assert sorted(one.memories for one in imported(repo).entries) == [1, 2]


def test_an_imported_entry_obeys_the_schema(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "no label", "Titre: été: à: Noël #1 [x] {y}")
    imported(repo)
    assert repo.journal("validate", code=None).exit_code == 0


def test_importing_twice_changes_no_byte(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "Tests: use pytest")
    imported(repo)
    before = work_tree(repo)
    imported(repo)
    assert work_tree(repo) == before


def test_the_second_import_knows_every_memory(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "Tests: use pytest")
    imported(repo)
    assert (imported(repo).known, imported(repo).imported) == (2, 0)


def test_what_was_imported_stays_known_when_its_entry_is_renamed_and_edited(repo: Repo) -> None:
    remember(repo, "Build: use pnpm")
    imported(repo)
    (file,) = (repo.path / FOLDER).iterdir()
    file.rename(file.with_name("2025-01-01-mine.md"))
    repo.write(f"{FOLDER}/2025-01-01-mine.md", entry_text("Mine now"))
    assert imported(repo).imported == 0


def test_what_was_imported_stays_known_in_a_clone(repo: Repo) -> None:
    remember(repo, "Build: use pnpm")
    imported(repo)
    repo.commit()
    repo.git("clone", "-q", ".", "../clone")
    clone = Repo(repo.path.parent / "clone")
    remember(clone, "Build: use pnpm", file="another-name.json")
    assert imported(clone).imported == 0


def test_the_ledger_names_the_entry_of_each_memory(repo: Repo) -> None:
    remember(repo, {"text": "Build: use pnpm", "id": "m1"})
    imported(repo)
    (row,) = ledger(repo)
    assert (row["id"], row["file"], row["store"], [row["entry"]]) == (
        "m1",
        "notes.json",
        "augment",
        list(entries(repo)),
    )


def test_the_ledger_is_sorted_by_hash(repo: Repo) -> None:
    remember(repo, *(f"Theme: text {number}" for number in range(20)))
    imported(repo)
    for file in (repo.path / LEDGER).iterdir():
        hashes = [json.loads(line)["hash"] for line in file.read_text().splitlines()]
        assert hashes == sorted(hashes)


def test_two_branches_that_import_different_memories_merge_alone(repo: Repo) -> None:
    repo.write(".gitignore", "/.augment/\n")
    remember(repo, *(f"Theme {number}: text" for number in range(9)), file="base.json")
    imported(repo)
    repo.commit()
    repo.git("branch", "other")
    remember(repo, "Build: ours")
    imported(repo)
    repo.commit()
    repo.git("checkout", "-q", "other")
    remember(repo, "Tests: theirs")
    imported(repo)
    repo.commit()
    repo.git("merge", "-q", "main")
    assert len(ledger(repo)) == 11


def test_what_two_branches_imported_is_known_after_their_merge(repo: Repo) -> None:
    repo.write(".gitignore", "/.augment/\n")
    repo.commit()
    repo.git("branch", "other")
    remember(repo, "Build: one", {"text": "Tests: two", "date": DATE})
    imported(repo)
    repo.commit()
    repo.git("checkout", "-q", "other")
    imported(repo)
    repo.commit()
    repo.git("merge", "-q", "main")
    assert imported(repo).known == 2


@pytest.mark.parametrize("damage", ["<<<<<<< HEAD\n", "{}\n", "garbage\n", '{"hash": 1'])
def test_a_damaged_ledger_stops_the_import(repo: Repo, damage: str) -> None:
    remember(repo, "Build: use pnpm")
    repo.write(f"{LEDGER}/x.jsonl", damage)
    assert f"{LEDGER}/x.jsonl:1:1" in repo.journal("import", code=2).stderr


def test_a_damaged_ledger_lets_nothing_be_written(repo: Repo) -> None:
    remember(repo, "Build: use pnpm")
    repo.write(f"{LEDGER}/x.jsonl", "garbage\n")
    repo.journal("import", code=2)
    assert entries(repo) == {}


@pytest.mark.parametrize("odd", ["a\u2028b", "a\x85b", "a\u2029b", "a\x1cb", "a\nb", 'a"b', "é\U0001f600", "a\ud800b"])
def test_an_odd_id_never_makes_the_ledger_unreadable(repo: Repo, odd: str) -> None:
    remember(repo, {"text": "Build: use pnpm", "id": odd})
    first = repo.journal("import", code=None).exit_code
    remember(repo, "Tests: use pytest")
    assert (first in {0, 1}, imported(repo).imported) == (True, 1)


@pytest.mark.parametrize("name", [b"caf\xe9.json", "sep\u2028arator.json".encode(), b"new\nline.json", b"-dash.json"])
def test_a_store_file_of_an_odd_name_is_imported_once(repo: Repo, name: bytes) -> None:
    remember(repo, "Build: use pnpm", file="x.json")
    folder = os.fsencode(repo.path / STORE)
    Path(os.fsdecode(folder + b"/x.json")).rename(os.fsdecode(folder + b"/" + name))
    assert (imported(repo).imported, imported(repo).known) == (1, 1)


def test_what_the_journal_exported_never_comes_back(repo: Repo) -> None:
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    export(open_journal(repo.path), ExportOptions())
    shutil.copy(repo.path / STORE / "journal_memories.json", repo.path / STORE / "copy.json")
    result = imported(repo)
    assert (result.imported, result.ours, len(entries(repo))) == (0, 1, 1)


def test_what_create_wrote_never_comes_back(repo: Repo) -> None:
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    repo.journal("create", "--entry", f"{FOLDER}/2025-04-05-a.md")
    assert imported(repo).ours == 1


def test_an_exported_memory_that_was_edited_in_the_store_does_not_come_back_as_new(repo: Repo) -> None:
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    remember(repo, {"text": "somebody cut the prefix off", "metadata": {"id": "2025-04-05-a"}})
    assert (imported(repo).ours, len(entries(repo))) == (1, 1)


def test_any_number_of_rounds_settles(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "Tests: use pytest")
    repo.journal("sync")
    before = work_tree(repo)
    for _ in range(3):
        repo.journal("sync")
    assert work_tree(repo) == before


def test_a_memory_that_stands_twice_in_the_store_is_imported_once(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "Build: use pnpm\r\n")
    result = imported(repo)
    assert (result.imported, result.known) == (1, 1)


def test_one_id_with_two_texts_loses_neither(repo: Repo) -> None:
    remember(repo, {"text": "Build: one", "id": "x"}, {"text": "Build: two", "id": "x"})
    imported(repo)
    assert "Build: one" in everything(repo)
    assert "Build: two" in everything(repo)


def test_a_memory_that_changed_in_the_store_is_imported_again_and_counted(repo: Repo) -> None:
    remember(repo, {"text": "Build: one", "id": "x"})
    imported(repo)
    remember(repo, {"text": "Build: two", "id": "x"})
    result = imported(repo)
    assert (result.imported, result.changed) == (1, 1)


def test_memories_of_one_theme_and_minute_never_overwrite_each_other(repo: Repo) -> None:
    remember(repo, {"text": "Build: one", "date": DATE})
    imported(repo)
    remember(repo, {"text": "Build: two", "date": DATE})
    imported(repo)
    assert [sum(f"Build: {word}" in text for text in entries(repo).values()) for word in ("one", "two")] == [1, 1]


def test_an_entry_that_git_ignores_is_never_overwritten(repo: Repo) -> None:
    repo.write(".gitignore", f"/{FOLDER}/\n")
    remember(repo, {"text": "Build: one", "date": DATE})
    imported(repo)
    remember(repo, {"text": "Build: two", "date": DATE})
    imported(repo)
    assert "Build: one" in everything(repo)


def test_an_entry_that_is_dated_by_its_memories_is_not_dated_now(repo: Repo) -> None:
    remember(repo, {"text": "Build: one", "date": DATE})
    imported(repo)
    assert list(entries(repo)) == ["2025-03-01-10-20-augment-memories-build.md"]


@pytest.mark.parametrize(
    "date",
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2025-02-30T10:00:00Z",
        "yesterday",
        "",
        "../../x",
        "1e9",
        DATE[:10],
    ],
)
def test_an_impossible_date_loses_no_memory(repo: Repo, date: str) -> None:
    repo.write("journal.toml", '[journal]\ntimezone = "America/New_York"\n')
    remember(repo, {"text": "Build: one", "date": date})
    imported(repo)
    assert "Build: one" in everything(repo)


def test_an_absent_store_is_said_and_is_no_fault(repo: Repo) -> None:
    assert "not on this machine, skipped" in repo.journal("import").output


def test_an_absent_store_is_not_an_empty_one(repo: Repo) -> None:
    absent = imported(repo)
    (repo.path / STORE).mkdir(parents=True)
    assert (bool(absent.absent), bool(imported(repo).absent)) == (True, False)


def test_an_empty_store_imports_nothing(repo: Repo) -> None:
    (repo.path / STORE).mkdir(parents=True)
    repo.journal("import")
    assert not (repo.path / "journal").exists()


def test_a_dry_run_writes_nothing(repo: Repo) -> None:
    remember(repo, "Build: use pnpm")
    before = work_tree(repo)
    imported(repo, dry_run=True)
    assert work_tree(repo) == before


def test_a_dry_run_says_what_an_import_does(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "Tests: use pytest")
    planned = imported(repo, dry_run=True)
    assert planned == imported(repo)


HOSTILE = {
    "backslashes": r"C:\Users\n\1\g<0> and \\server\share",
    "a fence": "---\ntitle: not ours\n---\nbody",
    "a fence inside": "before\n---\nafter\n...\nend",
    "front matter": "title: x\ntags: [a]\ndate: 2020-01-01",
    "yaml": '!!python/object/apply:os.system ["touch hacked"]',
    "aliases": "a: &a [*a, *a]",
    "html": "<script>alert(1)</script><!-- open",
    "a heading": "# Heading\n\n## Another",
    "a code fence": "```\nnever closed",
    "a traversal": "../../../etc/passwd: ../x",
    "an absolute path": "/etc/passwd: secret",
    "an option": "--output=/tmp/x: -rf",
    "braces": "{title} {memories} {date} %s %(x)s ${x} $(touch hacked) `touch hacked`",
    "a conflict": "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x",
    "a tab": "a\tb",
    "right to left": "\u202eevil\u202c",
    "separators": "a\u2028b\x85c\u2029d",
    "a BOM": "\ufeffBuild: x",
    "emoji": "\U0001f468\u200d\U0001f469: family",
    "json": '[{"text": "inner"}]',
    "the marker": "see [JOURNAL DE BORD] for more",
    "quotes": '"\'"\'"',
    "a long label": "x" * 5_000 + ": y",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_imported_whole(repo: Repo, kind: str) -> None:
    remember(repo, HOSTILE[kind])
    imported(repo)
    lines = bodies(repo).split("\n")
    wanted = [line.strip() for line in f"- {HOSTILE[kind]}".split("\n")]
    assert any(lines[at : at + len(wanted)] == wanted for at in range(len(lines)))


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_known_the_second_time(repo: Repo, kind: str) -> None:
    remember(repo, HOSTILE[kind])
    imported(repo)
    assert imported(repo).known == 1


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_makes_a_valid_entry(repo: Repo, kind: str) -> None:
    remember(repo, HOSTILE[kind])
    imported(repo)
    assert repo.journal("validate", code=None).exit_code == 0


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_makes_no_file_outside_of_the_journal(repo: Repo, kind: str) -> None:
    remember(repo, HOSTILE[kind])
    around = {path.name for path in repo.path.parent.iterdir()}
    imported(repo)
    outside = {name for name in work_tree(repo) if not name.startswith((f"{FOLDER}/2", f"{LEDGER}/2", f"{STORE}/"))}
    assert (outside, {path.name for path in repo.path.parent.iterdir()}) == (set(), around)


@pytest.mark.parametrize("key", ["theme", "topic", "category", "title", "tags"])
@pytest.mark.parametrize(
    "value",
    ["../../x", "/etc/x", "a\nb: c", "---", "a\u2028b", "q\"uo'te", "[x]: {y}", "a\x00b", "a\ud800b", "#", "no"],
)
def test_hostile_metadata_is_imported_or_refused_by_name(repo: Repo, key: str, value: str) -> None:
    remember(repo, {"text": "Build: one", "metadata": {key: [value] if key == "tags" else value}})
    result = imported(repo)
    assert ("Build: one" in everything(repo)) != bool(result.invalid)


@pytest.mark.parametrize(
    "value", ["../../x", "a\nb: c", "---", "a\u2028b", "q\"uo'te", "[x]: {y}", "#", "no", "1.10", " "]
)
def test_hostile_metadata_makes_a_valid_entry(repo: Repo, value: str) -> None:
    remember(repo, {"text": "Build: one", "metadata": {"theme": value, "tags": [value]}})
    imported(repo)
    assert repo.journal("validate", code=None).exit_code == 0


def test_a_line_of_ten_megabytes_is_imported_whole(repo: Repo) -> None:
    text = "Big: " + "0123456789" * 1_000_000
    remember(repo, text)
    imported(repo)
    assert text in everything(repo)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\ud800"])
def test_a_memory_with_a_control_character_is_refused_by_name(repo: Repo, character: str) -> None:
    remember(repo, f"Build: {character}")
    (fault,) = imported(repo).invalid
    assert (fault.path, fault.key, f"U+{ord(character):04X}" in fault.message) == (f"{STORE}/notes.json", "[0]", True)


@pytest.mark.parametrize(
    "item", [None, 1, True, [], {}, {"text": ""}, {"text": 7}, {"text": " \n"}, {"metadata": {}}, "\x00"]
)
def test_a_bad_memory_hides_no_other(repo: Repo, item: object) -> None:
    repo.write(f"{STORE}/notes.json", json.dumps([item, {"text": "Build: good"}]))
    result = imported(repo)
    assert (result.imported, len(result.invalid), balances(result)) == (1, 1, True)


@pytest.mark.parametrize("key", ["memories", "results", "items", "data", "entries"])
def test_a_list_in_an_envelope_is_imported(repo: Repo, key: str) -> None:
    repo.write(f"{STORE}/notes.json", json.dumps({"version": 1, key: [{"text": "Build: one"}]}))
    assert imported(repo).imported == 1


BROKEN = {
    "cut off": b'[{"text": "x"',
    "empty": b"",
    "NaN": b'[{"text": "x", "score": NaN}]',
    "infinite": b'[{"text": "x", "score": -Infinity}]',
    "not UTF-8": b'[{"text": "caf\xe9"}]',
    "UTF-16": '[{"text": "x"}]'.encode("utf-16"),
    "deep": b"[" * 100_000,
    "huge number": b"[" + b"9" * 5_000 + b"]",
    "an object": b'{"a": 1}',
    "a number": b"1",
    "null": b"null",
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_named_and_hides_no_other(repo: Repo, kind: str) -> None:
    remember(repo, "Build: good", file="z.json")
    repo.write(f"{STORE}/a.json", BROKEN[kind])
    result = imported(repo)
    assert (result.imported, [fault.path for fault in result.invalid]) == (1, [f"{STORE}/a.json"])


def test_an_import_with_a_broken_file_exits_with_one(repo: Repo) -> None:
    repo.write(f"{STORE}/a.json", "{")
    assert repo.journal("import", code=None).exit_code == 1


def test_a_folder_with_a_name_like_a_file_hides_no_other(repo: Repo) -> None:
    remember(repo, "Build: good", file="z.json")
    (repo.path / STORE / "a.json").mkdir()
    repo.journal("import", code=None)
    assert "Build: good" in everything(repo)


def test_a_file_that_cannot_be_read_hides_no_other(repo: Repo) -> None:
    remember(repo, "Build: good", file="z.json")
    (repo.path / STORE / "a.json").symlink_to("a.json")
    repo.journal("import", code=None)
    assert "Build: good" in everything(repo)


def test_an_import_out_of_the_repository_is_refused(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo.path / "journal").symlink_to(tmp_path / "elsewhere")
    remember(repo, "Build: one")
    repo.journal("import", code=3)
    assert list((tmp_path / "elsewhere").iterdir()) == []


class Crash(BaseException):
    """The power went."""


EFFECTS = ("fsync", "replace", "write", "link", "unlink")


def crash_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[[], int]:
    """Let the process die at the n-th effect on the disk, and let nothing be done after that; tells how many came."""
    seen = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def effect(*arguments: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen >= number:
                raise Crash
            return real(*arguments, **options)

        return effect

    for name in EFFECTS:
        monkeypatch.setattr(f"sync.repository.files.os.{name}", dying(getattr(os, name)))
    return lambda: seen


def without_leftovers(files: dict[str, bytes]) -> dict[str, bytes]:
    """Files without the temporary ones that a killed process cannot remove."""
    return {name: data for name, data in files.items() if not name.endswith(".tmp")}


def crashed(repo: Repo, number: int) -> bool:
    """Run an import that dies at the n-th effect; whether it did. A dead process holds no lock."""
    with pytest.MonkeyPatch.context() as patch:
        crash_at(patch, number)
        try:
            imported(repo)
        except Crash:
            died = True
        else:
            died = False
    (repo.path / ".git/journal/lock").unlink(missing_ok=True)
    return died


def test_an_import_that_died_anywhere_ends_as_if_it_had_not(repo: Repo, tmp_path: Path) -> None:
    remember(repo, "Build: use pnpm", "Tests: use pytest", {"text": "Docs: in French", "date": DATE})
    whole = Repo(tmp_path / "whole")
    shutil.copytree(repo.path, whole.path)
    imported(whole)
    number, died = 0, True
    while died and number < 100:
        number += 1
        trial = Repo(tmp_path / f"trial-{number}")
        shutil.copytree(repo.path, trial.path)
        died = crashed(trial, number)
        imported(trial)
        assert without_leftovers(work_tree(trial)) == work_tree(whole), number
    assert 10 < number < 100


def entries_with(repo: Repo, text: str) -> int:
    """How many entries hold a text."""
    return sum(text in one for one in entries(repo).values())


def last_crash(repo: Repo) -> int:
    """The number of the last effect but a few: entries are written by then, the ledger is not."""
    with pytest.MonkeyPatch.context() as patch:
        count = crash_at(patch, 1_000_000)
        imported(repo)
        return count() - 3


def test_an_import_that_died_adds_nothing_twice_though_the_ledger_was_merged_since(repo: Repo, tmp_path: Path) -> None:
    remember(repo, "Build: use pnpm")
    rehearsal = Repo(tmp_path / "rehearsal")
    shutil.copytree(repo.path, rehearsal.path)
    assert crashed(repo, last_crash(rehearsal))
    assert entries_with(repo, "Build: use pnpm") == 1
    row = {"hash": "0" * 64, "store": "augment", "file": "x.json", "id": "", "entry": "y.md"}
    repo.write(f"{LEDGER}/y.jsonl", json.dumps(row) + "\n")
    imported(repo)
    assert entries_with(repo, "Build: use pnpm") == 1


def test_an_import_that_died_is_not_finished_in_another_work_tree(repo: Repo, tmp_path: Path) -> None:
    repo.commit()
    remember(repo, "Build: use pnpm")
    rehearsal = Repo(tmp_path / "rehearsal")
    shutil.copytree(repo.path, rehearsal.path)
    repo.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked = Repo(repo.path.parent / "linked")
    assert crashed(repo, last_crash(rehearsal))
    (linked.path / STORE).mkdir(parents=True)
    imported(linked)
    assert entries(linked) == {}


@pytest.mark.parametrize("garbage", [b"", b"[{", b"{}", b"[1]", b'[{"entry": "x"}]', b"\xff"])
def test_a_plan_that_is_garbage_is_an_error_and_not_a_bug(repo: Repo, tmp_path: Path, garbage: bytes) -> None:
    remember(repo, "Build: use pnpm")
    rehearsal = Repo(tmp_path / "rehearsal")
    shutil.copytree(repo.path, rehearsal.path)
    assert crashed(repo, last_crash(rehearsal))
    (plan,) = (repo.path / ".git/journal").glob("*.json")
    plan.write_bytes(garbage)
    assert repo.journal("import", code=None).exit_code != 70


def test_a_disk_that_refuses_is_an_error_and_not_a_bug(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    remember(repo, "Build: use pnpm")
    monkeypatch.setattr("sync.repository.files.os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        imported(repo)


def test_nothing_is_lost_when_an_entry_is_made_while_an_import_is_unfinished(repo: Repo, tmp_path: Path) -> None:
    remember(repo, {"text": "Build: use pnpm", "date": DATE})
    rehearsal = Repo(tmp_path / "rehearsal")
    shutil.copytree(repo.path, rehearsal.path)
    last_crash(rehearsal)
    (name,) = entries(rehearsal)
    assert crashed(repo, 5)
    repo.write(f"{FOLDER}/{name}", entry_text("Mine"))
    imported(repo)
    assert (entries_with(repo, "Mine") > 0, entries_with(repo, "Build: use pnpm") > 0) == (True, True)


def test_a_link_out_of_the_repository_is_refused_by_name(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text('[{"text": "Secret: of others"}]', encoding="utf-8")
    (repo.path / STORE).mkdir(parents=True)
    (repo.path / STORE / "link.json").symlink_to(outside)
    result = imported(repo)
    assert (result.imported, [fault.message for fault in result.invalid]) == (0, ["leads out of the repository"])


def test_temporary_files_of_a_run_that_was_killed_are_removed(repo: Repo) -> None:
    remember(repo, "Build: use pnpm")
    leftover = repo.write(f"{FOLDER}/.journal-abc.tmp", "half")
    imported(repo)
    assert not leftover.exists()


def test_memories_with_one_opening_are_one_theme(repo: Repo) -> None:
    remember(repo, *(f"The user prefers to always have the code formatted in way {number}" for number in range(50)))
    assert [entry.memories for entry in imported(repo).entries] == [50]


def test_a_memory_that_holds_a_secret_stops_the_import_before_anything_is_written(repo: Repo) -> None:
    remember(repo, "Build: use pnpm", "Deploy: the token is " + "ghp_" + "a1B2c3D4e5F6" * 3)
    before = work_tree(repo)
    result = repo.journal("import", code=3)
    assert ("looks like a secret" in result.stderr, work_tree(repo)) == (True, before)
