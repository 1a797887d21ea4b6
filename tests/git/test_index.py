"""The index: a projection of versions of entries that can be thrown away at any moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.operations.journal import open_journal
from sync.operations.searcher import Searcher
from sync.repository.lock import lock
from sync.search.index import index as index_module
from sync.search.index.catalogue import Catalogue
from sync.search.index.engines import NO_TANTIVY

FOLDER = "journal/entries"
WITHOUT_TANTIVY = "import sys; sys.modules['tantivy'] = None; from sync.cli import main; main()"


def path_of(name: str) -> str:
    return f"{FOLDER}/2025-04-05-14-30-{name}.md"


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """Three committed entries."""
    for name, body in (("apple", "Red apples."), ("pear", "Green pears."), ("plum", "Blue plums.")):
        repo.write(path_of(name), entry_text(name.title(), body=body))
    repo.commit()
    return repo


def answer(repo: Repo, question: str, *options: str) -> dict[str, Any]:
    found = json.loads(repo.journal("query", question, "--json", *options).stdout)
    assert isinstance(found, dict)
    return found


def found(repo: Repo, question: str, *options: str) -> list[str]:
    return list(dict.fromkeys(Path(hit["entry"]).stem[17:] for hit in answer(repo, question, *options)["hits"]))


def folder_of(repo: Repo) -> Path:
    """The folder of the one index that there is."""
    (one,) = (path for path in (repo.path / ".git/journal/search").iterdir() if path.is_dir())
    return one


def read_entries(repo: Repo) -> int:
    """How many entries are read to bring the index up to date."""
    totals = [0]
    with Searcher(open_journal(repo.path), progress=lambda _done, total: totals.append(total)):
        return max(totals)


# --- a projection of versions ---------------------------------------------------------------------------------------


def test_only_versions_that_are_not_known_are_read(journal: Repo) -> None:
    assert read_entries(journal) == 3
    assert read_entries(journal) == 0
    journal.write(path_of("pear"), entry_text("Pear", body="Yellow pears."))
    assert read_entries(journal) == 1


def test_a_branch_that_is_switched_back_to_is_known(journal: Repo) -> None:
    assert read_entries(journal) == 3
    journal.git("switch", "-q", "-c", "other")
    journal.write(path_of("fig"), entry_text("Fig", body="Figs."))
    journal.commit()
    assert read_entries(journal) == 1
    journal.git("switch", "-q", "main")
    assert (read_entries(journal), found(journal, "figs")) == (0, [])


def test_work_that_is_not_committed_is_found_and_said_to_be(journal: Repo) -> None:
    assert found(journal, "figs") == []
    journal.write(path_of("fig"), entry_text("Fig", body="Figs."))
    assert [hit["commit"] for hit in answer(journal, "figs")["hits"]] == [""]
    commit = journal.commit()
    assert [hit["commit"] for hit in answer(journal, "figs")["hits"]] == [commit]


def test_what_is_removed_or_changed_is_not_found_any_more(journal: Repo) -> None:
    assert found(journal, "apples pears plums") == ["apple", "pear", "plum"]
    (journal.path / path_of("apple")).unlink()
    journal.write(path_of("pear"), entry_text("Other", body="Nothing."))
    assert found(journal, "apples pears plums") == ["plum"]


def test_a_change_that_keeps_size_and_time_is_seen(journal: Repo) -> None:
    file = journal.path / path_of("apple")
    before = file.stat()
    assert found(journal, "grapes") == []
    file.write_text(file.read_text(encoding="utf-8").replace("apples", "grapes"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert found(journal, "grapes") == ["apple"]


def test_a_file_that_git_comes_to_ignore_is_left_out(journal: Repo) -> None:
    journal.write(path_of("fig"), entry_text("Fig", body="Figs."))
    assert found(journal, "figs") == ["fig"]
    journal.write(".gitignore", "*fig.md\n")
    assert found(journal, "figs") == []


def test_an_entry_that_cannot_be_read_hides_no_other(journal: Repo) -> None:
    journal.write(path_of("fig"), "---\ntitle: [\n---\nFigs.\n")
    assert (found(journal, "figs"), found(journal, "plums")) == ([], ["plum"])


def test_all_work_trees_share_one_index(journal: Repo, tmp_path: Path) -> None:
    assert read_entries(journal) == 3
    journal.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "tree")
    tree = Repo(tmp_path / "tree")
    assert read_entries(tree) == 0
    tree.write(path_of("fig"), entry_text("Fig", body="Figs."))
    assert (found(tree, "figs"), found(journal, "figs")) == (["fig"], [])


def test_the_journal_is_searched_as_it_was_then(journal: Repo) -> None:
    then = journal.git("rev-parse", "HEAD").strip()
    journal.write(path_of("apple"), entry_text("Apple", body="Rotten."))
    journal.commit()
    assert (found(journal, "apples red", "--at", then), found(journal, "red")) == (["apple"], [])
    (hit,) = answer(journal, "red", "--at", "HEAD~1")["hits"]
    assert (hit["text"], hit["commit"]) == ("Red apples.", then)


@pytest.mark.parametrize("name", ["nowhere", "--help", "HEAD~9", "a\nb", ""])
def test_a_commit_that_there_is_not_is_said(journal: Repo, name: str) -> None:
    code = 0 if not name else 2
    assert journal.journal("query", "apples", f"--at={name}", code=code).exit_code == code


def test_nothing_is_kept_of_versions_that_nobody_needs(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_SPARE", 2)
    for number in range(40):
        journal.write(path_of("apple"), entry_text("Apple", body=f"Version{number}."))
        assert found(journal, f"version{number}") == ["apple"]
    with Searcher(open_journal(journal.path)) as searcher:
        assert searcher.index.catalogue.count_entries() < 40
        assert searcher.index.words.passages == searcher.index.catalogue.count_passages()


# --- never a wrong answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["commit", "add_snapshot", "add"])
def test_a_process_that_dies_while_it_writes_leaves_an_index_that_heals(
    journal: Repo, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Catalogue, step, _die)
        with pytest.raises(InterruptedError):
            Searcher(open_journal(journal.path))
    journal.write(path_of("apple"), entry_text("Fig", body="Figs instead."))
    assert found(journal, "apples") == []
    assert [hit["lines"] for hit in answer(journal, "figs")["hits"]] == [[11, 11]]
    assert found(journal, "plums pears") == ["pear", "plum"]


def _die(*_: object, **__: object) -> None:
    raise InterruptedError


def _damages() -> Iterator[Any]:
    for name in ("catalogue.sqlite", "passages/meta.json", "entries/meta.json"):
        for how in ("garbage", "half", "empty", "gone"):
            yield pytest.param(name, how, id=f"{name}-{how}")
    yield pytest.param("passages/*.idx", "half", id="half-a-segment")
    yield pytest.param("passages/*.term", "gone", id="a-segment-without-terms")


@pytest.mark.parametrize(("name", "how"), list(_damages()))
def test_a_damaged_index_is_noticed_built_again_and_said(journal: Repo, name: str, how: str) -> None:
    assert found(journal, "plums") == ["plum"]
    for log in folder_of(journal).glob("catalogue.sqlite-*"):
        log.unlink()
    for file in folder_of(journal).glob(name):
        data = file.read_bytes()
        damaged = {"garbage": b"\xff" * len(data), "half": data[: len(data) // 2], "empty": b"", "gone": None}[how]
        file.unlink() if damaged is None else file.write_bytes(damaged)
    result = answer(journal, "plums")
    assert [hit["title"] for hit in result["hits"]] == ["Plum"]
    is_lost = name == "catalogue.sqlite" and how in {"empty", "gone"}  # then it is simply a new one
    assert is_lost or any("built again" in note for note in result["notes"])
    assert answer(journal, "plums")["notes"] == []


def test_the_index_of_another_version_is_removed_once_nobody_has_used_it_for_long(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.search.index import engines

    with monkeypatch.context() as patched:
        patched.setattr(engines, "VERSION", "0.0")
        assert found(journal, "plums") == ["plum"]
    old = folder_of(journal)
    assert found(journal, "plums") == ["plum"]
    assert old.exists()
    os.utime(old, (0, 0))
    assert found(journal, "plums") == ["plum"]
    assert folder_of(journal) != old


def test_processes_that_build_at_once_all_answer(journal: Repo) -> None:
    for number in range(200):
        journal.write(path_of(f"n{number}"), entry_text(f"N{number}", body="Many plums here."))
    command = [sys.executable, "-m", "sync", "query", "blue plums", "--json", "--limit", "1"]
    running = [subprocess.Popen(command, cwd=journal.path, stdout=subprocess.PIPE) for _ in range(6)]
    answers = [json.loads(process.communicate()[0]) for process in running]
    assert [one["hits"][0]["title"] for one in answers] == ["Plum"] * 6
    assert len({one["searched"] for one in answers}) == 1


def test_while_another_process_writes_for_long_what_is_known_is_found(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(journal, "plums") == ["plum"]
    journal.write(path_of("fig"), entry_text("Fig", body="Figs and plums."))
    monkeypatch.setattr(index_module, "_WAIT_S", 0.0)
    with lock(folder_of(journal).parent):
        result = answer(journal, "plums")
    assert [hit["title"] for hit in result["hits"]] == ["Plum"]
    assert result["notes"] == ["another process is building the index: 1 entry is not in it yet"]
    assert found(journal, "figs") == ["fig"]


# --- without the usual parts ----------------------------------------------------------------------------------------


def without_tantivy(repo: Repo, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-c", WITHOUT_TANTIVY, "query", *arguments, "--json"]
    done = subprocess.run(command, cwd=repo.path, capture_output=True, check=True)
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def test_without_tantivy_sqlite_finds_the_same_and_says_so(journal: Repo) -> None:
    for question in ("red plums", '"blue plums"', "grene", "pear"):
        mine, other = without_tantivy(journal, question), answer(journal, question)
        assert [hit["entry"] for hit in mine["hits"]] == [hit["entry"] for hit in other["hits"]]
        assert mine["notes"] == [NO_TANTIVY]


def test_without_tantivy_the_index_follows_changes(journal: Repo) -> None:
    assert len(without_tantivy(journal, "plums")["hits"]) == 1
    (journal.path / path_of("plum")).unlink()
    journal.write(path_of("fig"), entry_text("Fig", body="Figs."))
    assert without_tantivy(journal, "plums")["hits"] == []
    assert [hit["title"] for hit in without_tantivy(journal, "figs")["hits"]] == ["Fig"]


def test_without_git_the_index_is_made_in_memory(tmp_path: Path) -> None:
    folder = Repo(tmp_path)
    folder.write(path_of("apple"), entry_text("Apple", body="Red apples."))
    assert found(folder, "apples") == ["apple"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal"]


def test_where_the_index_cannot_be_kept_it_is_made_in_memory_and_that_is_said(journal: Repo) -> None:
    journal.write(".git/journal/search", "a file in its place")
    result = answer(journal, "plums")
    assert [hit["title"] for hit in result["hits"]] == ["Plum"]
    assert "kept in memory" in result["notes"][0]


def test_nothing_of_the_index_is_versioned(journal: Repo) -> None:
    assert found(journal, "plums") == ["plum"]
    assert journal.git("status", "--porcelain") == ""
