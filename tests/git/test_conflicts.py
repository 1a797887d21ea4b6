"""`journal conflicts` and `journal resolve`: what waits for a person is shown, and ends as they decide."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.operations.merge import merge_files

ENTRY = "journal/entries/2025-04-05-14-30-a.md"
OTHER = "journal/entries/2025-04-06-14-30-b.md"
STORE = ".augment/memories/journal_memories.json"
BODY = "one\n\ntwo\n\nthree"
ONE = {"ours": "one of ours", "theirs": "one of theirs"}
CHOICES = ("--ours", "--theirs", "--both")


def edit_store(repo: Repo, old: str, new: str) -> None:
    """Let the assistant change its memories."""
    text = repo.read(STORE)
    assert old in text
    repo.write(STORE, text.replace(old, new))


def edit_entry(repo: Repo, old: str, new: str, path: str = ENTRY) -> None:
    """Change an entry and commit it."""
    text = repo.read(path)
    assert old in text
    repo.write(path, text.replace(old, new))
    repo.commit()


def listed(repo: Repo, *arguments: str, code: int = 1) -> list[dict[str, Any]]:
    """The open conflicts."""
    found: list[dict[str, Any]] = json.loads(repo.journal("conflicts", "--json", *arguments, code=code).stdout)[
        "conflicts"
    ]
    return found


def is_settled(repo: Repo) -> bool:
    """Whether no conflict is open and a sync has nothing to do."""
    head = repo.git("rev-parse", "HEAD")
    counts = json.loads(repo.journal("sync", "--json").stdout)["stores"][0]["counts"]
    unchanged = counts["read"] == counts["unchanged"] and repo.git("rev-parse", "HEAD") == head
    return unchanged and not listed(repo, code=0) and repo.git("status", "--porcelain") == ""


@pytest.fixture
def synced(repo: Repo) -> Repo:
    """Two entries that Augment has."""
    repo.journal("init")
    repo.write(ENTRY, entry_text("A", body=BODY))
    repo.write(OTHER, entry_text("B", body=BODY))
    repo.commit()
    (repo.path / ".augment/memories").mkdir(parents=True, exist_ok=True)
    repo.journal("sync")
    return repo


@pytest.fixture
def clashing(synced: Repo) -> Repo:
    """Both sides changed one paragraph of one entry, and another one each."""
    edit_store(synced, "[JOURNAL DE BORD] A: # A\\n\\none", f"[JOURNAL DE BORD] A: # A\\n\\n{ONE['theirs']}")
    edit_entry(synced, "one\n\ntwo\n\nthree", f"{ONE['ours']}\n\ntwo\n\nthree of ours")
    synced.journal("sync", code=1)
    return synced


@pytest.fixture
def merging(repo: Repo) -> Repo:
    """A Git merge in which both branches changed one paragraph."""
    repo.write(ENTRY, entry_text("A", body=BODY))
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    edit_entry(repo, "\none\n", f"\n{ONE['theirs']}\n")
    repo.git("checkout", "-q", "main")
    edit_entry(repo, "\none\n\ntwo\n\nthree", f"\n{ONE['ours']}\n\ntwo\n\nthree of ours")
    repo.git("merge", "-q", "other", check=False)
    return repo


def merged_by_file(repo: Repo, folder: Path) -> str:
    """What `journal merge-file` makes of the versions in the index, ours where they clash."""
    files = []
    for stage in (1, 2, 3):
        file = folder / str(stage)
        file.write_bytes(repo.git("cat-file", "blob", f":{stage}:{ENTRY}").encode())
        files.append(file)
    lines, taken = merge_files(files[0], files[1], files[2], labels=False).text.split("\n"), True
    kept = []
    for line in lines:
        if line.startswith(("<<<<<<<", ">>>>>>>")):
            taken = True
        elif line.startswith(("|||||||", "=======")):
            taken = False
        elif taken:
            kept.append(line)
    return "\n".join(kept)


def editor(repo: Repo, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An editor that runs a line of shell on the file, which is `$1`."""
    file = repo.path.parent / "editor"
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("GIT_EDITOR", f"'{file}'")


# What is shown


def test_no_conflict_exits_with_0(synced: Repo) -> None:
    assert synced.journal("conflicts", code=0).stdout == "no conflicts\n"


def test_a_conflict_is_listed_with_its_store_and_why_and_exits_with_1(clashing: Repo) -> None:
    (found,) = listed(clashing)
    assert (found["store"], found["kind"], found["path"], found["why"]) == (
        "augment",
        "store",
        ENTRY,
        "both changed body",
    )


def test_the_start_of_an_id_and_the_path_are_accepted(clashing: Repo) -> None:
    (found,) = listed(clashing)
    assert listed(clashing, found["id"][:3]) == listed(clashing, ENTRY) == [found]


def test_an_id_that_is_none_is_refused(clashing: Repo) -> None:
    assert "is no open conflict" in clashing.journal("conflicts", "zzz", code=2).stderr


def test_an_id_that_could_be_two_is_refused_with_both(clashing: Repo) -> None:
    edit_store(clashing, "[JOURNAL DE BORD] B: # B\\n\\none", "[JOURNAL DE BORD] B: # B\\n\\nuno")
    edit_entry(clashing, "\none\n", "\neins\n", OTHER)
    clashing.journal("sync", code=1)
    ids = [one["id"] for one in listed(clashing)]
    stderr = clashing.journal("conflicts", "", code=2).stderr
    assert len(ids) == 2
    assert "is no open conflict" in stderr


def test_a_pipe_gets_base_ours_and_theirs_without_colours(clashing: Repo) -> None:
    printed = clashing.journal("conflicts", ENTRY, code=1).stdout
    lines = [
        line.split("|")[1].strip()
        for line in printed.splitlines()
        if line.strip().startswith(("base", "ours", "theirs"))
    ]
    assert lines == ["one", "one of ours", "one of theirs"]
    assert "\x1b" not in printed


def test_only_the_places_that_clash_are_shown_unless_all_is_asked_for(clashing: Repo) -> None:
    assert "three of ours" not in clashing.journal("conflicts", ENTRY, code=1).stdout
    assert "three of ours" in clashing.journal("conflicts", ENTRY, "--full", code=1).stdout


def test_what_a_terminal_would_obey_is_spelled(synced: Repo) -> None:
    edit_store(synced, "[JOURNAL DE BORD] A: # A\\n\\none", "[JOURNAL DE BORD] A: # A\\n\\n\\u202etheirs")
    edit_entry(synced, "\none\n", "\nours\n")
    synced.journal("sync", code=1)
    printed = synced.journal("conflicts", ENTRY, code=1).stdout
    assert "\\u202etheirs" in printed


def test_ours_is_shown_as_the_journal_has_it_now(clashing: Repo) -> None:
    edit_entry(clashing, ONE["ours"], "edited since")
    (found,) = listed(clashing)
    assert "edited since" in found["ours"]


def test_a_conflict_that_was_deleted_on_one_side_says_so(synced: Repo) -> None:
    synced.write(
        STORE, json.dumps([one for one in json.loads(synced.read(STORE)) if one["metadata"]["id"] not in ENTRY])
    )
    edit_entry(synced, "\none\n", "\nours\n")
    synced.journal("sync", code=1)
    printed = synced.journal("conflicts", ENTRY, code=1).stdout
    assert "deleted in the store, changed in the journal" in printed
    assert "(deleted)" in printed


def test_unmerged_entries_of_a_git_merge_are_listed(merging: Repo) -> None:
    (found,) = listed(merging)
    assert (found["kind"], found["store"], found["path"]) == ("merge", "merge", ENTRY)
    assert ONE["ours"] in found["ours"]
    assert ONE["theirs"] in found["theirs"]


def test_an_unmerged_entry_that_is_not_utf_8_is_listed_and_not_resolved(repo: Repo) -> None:
    repo.write(ENTRY, b"\xff base\n")
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.write(ENTRY, b"\xff theirs\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write(ENTRY, b"\xff ours\n")
    repo.commit()
    repo.git("merge", "-q", "other", check=False)
    assert "not UTF-8" in listed(repo)[0]["why"]
    assert "not UTF-8" in repo.journal("resolve", ENTRY, "--ours", code=2).stderr


def test_without_a_repository_there_are_no_conflicts(tmp_path: Path) -> None:
    assert "there is no repository" in Repo(tmp_path).journal("conflicts", code=2).stderr


# What a sync has recorded


@pytest.mark.parametrize("choice", CHOICES)
def test_a_resolved_conflict_is_gone_and_a_second_sync_has_nothing_to_do(clashing: Repo, choice: str) -> None:
    clashing.journal("resolve", listed(clashing)[0]["id"][:8], choice)
    assert is_settled(clashing)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("--ours", [ONE["ours"]]), ("--theirs", [ONE["theirs"]]), ("--both", [ONE["ours"], ONE["theirs"]])],
)
def test_a_side_wins_where_they_clash_and_the_rest_is_merged(clashing: Repo, choice: str, expected: list[str]) -> None:
    clashing.journal("resolve", ENTRY, choice)
    text, store = clashing.read(ENTRY), clashing.read(STORE)
    assert [side for side in ONE.values() if side in text] == expected
    assert [side for side in ONE.values() if side in store] == expected
    assert "three of ours" in text
    assert "three of ours" in store


def test_an_edit_since_the_conflict_was_recorded_is_not_lost(clashing: Repo) -> None:
    edit_entry(clashing, "three of ours", "three, edited since")
    clashing.journal("resolve", ENTRY, "--theirs")
    assert "three, edited since" in clashing.read(ENTRY)
    assert ONE["theirs"] in clashing.read(ENTRY)


def test_a_store_that_has_said_more_since_is_looked_at_again_first(clashing: Repo) -> None:
    edit_store(clashing, ONE["theirs"], "more of theirs")
    assert "has changed since" in clashing.journal("resolve", ENTRY, "--ours", code=4).stderr
    assert "more of theirs" in clashing.read(STORE)


def test_a_dry_run_writes_nothing(clashing: Repo) -> None:
    before = clashing.git("rev-parse", "HEAD"), clashing.read(STORE), clashing.read(ENTRY)
    assert "would be resolved" in clashing.journal("resolve", ENTRY, "--theirs", "--dry-run").stdout
    assert (clashing.git("rev-parse", "HEAD"), clashing.read(STORE), clashing.read(ENTRY)) == before


@pytest.mark.parametrize("arguments", [(), ("--ours", "--theirs")], ids=["none", "two"])
def test_exactly_one_way_has_to_be_given(clashing: Repo, arguments: tuple[str, ...]) -> None:
    assert "give one of" in clashing.journal("resolve", ENTRY, *arguments, code=2).stderr


def test_several_conflicts_end_in_one_call(clashing: Repo) -> None:
    edit_store(clashing, "[JOURNAL DE BORD] B: # B\\n\\none", "[JOURNAL DE BORD] B: # B\\n\\nuno")
    edit_entry(clashing, "\none\n", "\neins\n", OTHER)
    clashing.journal("sync", code=1)
    ids = [one["id"] for one in listed(clashing)]
    told = json.loads(clashing.journal("resolve", *ids, "--theirs", "--json").stdout)
    assert [one["id"] for one in told["resolved"]] == ids
    assert told["left"] == 0
    assert is_settled(clashing)


@pytest.mark.parametrize(("choice", "survives"), [("--ours", True), ("--theirs", False), ("--both", True)])
def test_what_the_store_deleted_and_the_journal_changed(synced: Repo, choice: str, survives: bool) -> None:
    synced.write(
        STORE, json.dumps([one for one in json.loads(synced.read(STORE)) if one["metadata"]["id"] not in ENTRY])
    )
    edit_entry(synced, "\none\n", "\nours\n")
    synced.journal("sync", code=1)
    synced.journal("resolve", ENTRY, choice)
    assert (synced.path / ENTRY).exists() == survives
    assert ("JOURNAL DE BORD] A" in synced.read(STORE)) == survives
    assert is_settled(synced)


@pytest.mark.parametrize(("choice", "survives"), [("--ours", False), ("--theirs", True), ("--both", True)])
def test_what_the_journal_deleted_and_the_store_changed(synced: Repo, choice: str, survives: bool) -> None:
    edit_store(synced, "[JOURNAL DE BORD] A: # A\\n\\none", "[JOURNAL DE BORD] A: # A\\n\\ntheirs")
    (synced.path / ENTRY).unlink()
    synced.commit()
    synced.journal("sync", code=1)
    synced.journal("resolve", ENTRY, choice)
    assert (synced.path / ENTRY).exists() == survives
    assert is_settled(synced)


# In an editor


def test_what_a_person_writes_is_taken(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, "sed -i -e '/^[<>|=]\\{7\\}/d' -e '/^one/d' -e 's/^two$/mine/' \"$1\"")
    clashing.journal("resolve", ENTRY, "--edit")
    assert "\nmine\n" in clashing.read(ENTRY)
    assert "mine" in clashing.read(STORE)
    assert is_settled(clashing)


def test_the_editor_gets_base_ours_and_theirs_between_markers(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = clashing.path.parent / "seen"
    editor(clashing, monkeypatch, f"cp \"$1\" '{copy}'")
    clashing.journal("resolve", ENTRY, "--edit", code=2)
    seen = copy.read_text(encoding="utf-8")
    clash = "<<<<<<< ours\none of ours\n||||||| base\none\n=======\none of theirs\n>>>>>>> theirs: augment\n"
    assert clash in seen


def test_markers_that_are_left_are_refused_with_their_line_and_the_file_is_kept(
    clashing: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(clashing, monkeypatch, "echo 'work of an hour' >> \"$1\"")
    stderr = clashing.journal("resolve", ENTRY, "--edit", code=2).stderr
    (file,) = (clashing.path / ".git/journal").glob("resolving-*.md")
    assert "a conflict marker is left" in stderr
    assert f"{file}:" in stderr
    assert "work of an hour" in file.read_text(encoding="utf-8")


def test_a_second_try_goes_on_where_the_first_ended(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, "echo 'work of an hour' >> \"$1\"")
    clashing.journal("resolve", ENTRY, "--edit", code=2)
    editor(clashing, monkeypatch, "sed -i '/^[<>|=]\\{7\\}/d' \"$1\"")
    clashing.journal("resolve", ENTRY, "--edit")
    assert "work of an hour" in clashing.read(ENTRY)
    assert list((clashing.path / ".git/journal").glob("resolving-*")) == []


def test_what_is_no_entry_is_refused_with_its_place(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, "printf -- '---\\ntitle: [a\\n---\\nx\\n' > \"$1\"")
    stderr = clashing.journal("resolve", ENTRY, "--edit", code=2).stderr
    assert ".md:" in stderr
    assert "what you wrote is kept" in stderr
    assert ONE["ours"] in clashing.read(ENTRY)


def test_an_entry_against_its_schema_is_refused(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, "printf -- '---\\ndate: 2025-04-05\\nimportance: 7\\n---\\nx\\n' > \"$1\"")
    assert "importance" in clashing.journal("resolve", ENTRY, "--edit", code=2).stderr


def test_an_entry_that_would_be_another_one_is_refused(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, "printf -- '---\\nid: other\\ndate: 2025-04-05\\n---\\nx\\n' > \"$1\"")
    assert "'other' in the store" in clashing.journal("resolve", ENTRY, "--edit", code=2).stderr
    assert len(listed(clashing)) == 1


def test_an_empty_file_deletes_the_entry(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, ': > "$1"')
    clashing.journal("resolve", ENTRY, "--edit")
    assert not (clashing.path / ENTRY).exists()
    assert is_settled(clashing)


def test_an_editor_that_fails_resolves_nothing(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, "exit 3")
    assert "the editor failed" in clashing.journal("resolve", ENTRY, "--edit", code=2).stderr
    assert len(listed(clashing)) == 1


def test_what_changes_while_a_person_edits_is_not_overwritten(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = f"sed -i 's/three of ours/newer/' '{clashing.path / ENTRY}' && git -C '{clashing.path}' commit -qam newer"
    editor(clashing, monkeypatch, f"sed -i '/^[<>|=]\\{{7\\}}/d' \"$1\"; {edit}")
    assert "has changed since" in clashing.journal("resolve", ENTRY, "--edit", code=4).stderr
    assert "newer" in clashing.read(ENTRY)
    assert len(list((clashing.path / ".git/journal").glob("resolving-*.md"))) == 1


def test_a_dry_run_opens_no_editor(clashing: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(clashing, monkeypatch, "exit 3")
    assert "would be resolved" in clashing.journal("resolve", ENTRY, "--edit", "--dry-run").stdout


@pytest.mark.parametrize("script", ['rm "$1"', "printf '\\377' > \"$1\""], ids=["gone", "not UTF-8"])
def test_a_file_that_cannot_be_read_resolves_nothing(
    clashing: Repo, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    editor(clashing, monkeypatch, script)
    assert clashing.journal("resolve", ENTRY, "--edit", code=2).stderr
    assert len(listed(clashing)) == 1


def test_a_side_that_holds_markers_itself_gets_longer_ones(synced: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_store(synced, "[JOURNAL DE BORD] A: # A\\n\\none", "[JOURNAL DE BORD] A: # A\\n\\nHead\\n=======")
    edit_entry(synced, "\none\n", "\nours\n")
    synced.journal("sync", code=1)
    editor(synced, monkeypatch, "sed -i '/^[<>|=]\\{8\\}/d' \"$1\"")
    synced.journal("resolve", ENTRY, "--edit")
    assert "Head\n=======\n" in synced.read(ENTRY)


# A store that is elsewhere


@pytest.mark.parametrize(("choice", "wins"), [("--ours", "ours"), ("--theirs", "theirs")])
def test_a_conflict_of_another_machine_is_resolved_here_and_taken_over_there(
    clashing: Repo, tmp_path: Path, choice: str, wins: str
) -> None:
    clone = Repo(tmp_path / "clone")
    clashing.git("clone", "-q", str(clashing.path), str(clone.path))
    stdout = clone.journal("resolve", ENTRY, choice).stdout
    assert "augment is not on this machine" in stdout
    assert listed(clone, code=0) == []
    assert clone.git("log", "-1", "--format=%s%n%(trailers:key=Journal-Store,valueonly)").split("\n")[:2] == [
        "Resolve a conflict with augment", "augment",
    ]  # fmt: skip
    clashing.git("pull", "-q", "--ff-only", str(clone.path), "main")
    clashing.journal("sync")
    assert ONE[wins] in clashing.read(STORE)
    assert ONE[wins] in clashing.read(ENTRY)
    assert is_settled(clashing)


def test_a_conflict_of_a_store_that_is_not_enabled_is_resolved_too(clashing: Repo) -> None:
    settings = clashing.read("journal.toml").replace("[stores.augment]\n", "[stores.augment]\nenabled = false\n")
    clashing.write("journal.toml", settings)
    clashing.commit()
    clashing.journal("resolve", ENTRY, "--theirs")
    assert ONE["theirs"] in clashing.read(ENTRY)
    assert listed(clashing, code=0) == []


def test_the_tracked_memories_go_with_a_resolution_that_is_only_committed(clashing: Repo, tmp_path: Path) -> None:
    clashing.journal("export")
    clashing.commit()
    clone = Repo(tmp_path / "clone")
    clashing.git("clone", "-q", str(clashing.path), str(clone.path))
    clone.journal("resolve", ENTRY, "--theirs")
    assert clone.journal("export", "--check").exit_code == 0
    assert clone.git("status", "--porcelain") == ""


def test_an_entry_with_uncommitted_changes_is_not_overwritten(clashing: Repo, tmp_path: Path) -> None:
    clone = Repo(tmp_path / "clone")
    clashing.git("clone", "-q", str(clashing.path), str(clone.path))
    clone.write(ENTRY, "mine\n")
    assert "not committed" in clone.journal("resolve", ENTRY, "--theirs", code=3).stderr
    assert clone.read(ENTRY) == "mine\n"


def test_an_entry_that_was_renamed_since_does_not_come_twice(clashing: Repo, tmp_path: Path) -> None:
    clone = Repo(tmp_path / "clone")
    clashing.git("clone", "-q", str(clashing.path), str(clone.path))
    clone.git("mv", ENTRY, "journal/entries/renamed.md")
    clone.commit()
    assert "deleted or renamed" in clone.journal("resolve", ENTRY, "--theirs", code=3).stderr
    assert not (clone.path / ENTRY).exists()


# A merge of Git's


@pytest.mark.parametrize("choice", CHOICES)
def test_a_resolved_entry_of_a_merge_is_added_and_nothing_is_committed(merging: Repo, choice: str) -> None:
    head = merging.git("rev-parse", "HEAD")
    assert "Next: git commit" in merging.journal("resolve", ENTRY, choice).stdout
    assert listed(merging, code=0) == []
    assert merging.git("ls-files", "--unmerged") == ""
    assert merging.git("rev-parse", "HEAD") == head
    merging.git("commit", "-q", "--no-edit")
    assert merging.git("status", "--porcelain") == ""


def test_a_merge_is_resolved_to_the_same_bytes_as_merge_file_gives(merging: Repo, tmp_path: Path) -> None:
    expected = merged_by_file(merging, tmp_path)
    merging.journal("resolve", ENTRY, "--ours")
    assert merging.read(ENTRY) == merging.git("cat-file", "blob", f":{ENTRY}") == expected


def test_only_the_one_path_is_added(merging: Repo) -> None:
    merging.write("other.txt", "x")
    merging.journal("resolve", ENTRY, "--ours")
    assert "?? other.txt" in merging.git("status", "--porcelain")


def test_what_the_file_held_is_kept_in_git(merging: Repo) -> None:
    merging.write(ENTRY, "half resolved by hand\n")
    told = json.loads(merging.journal("resolve", ENTRY, "--theirs", "--json").stdout)
    assert merging.git("cat-file", "blob", told["resolved"][0]["before"]) == "half resolved by hand\n"


def test_a_merge_is_edited_in_the_same_way(merging: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(merging, monkeypatch, "sed -i -e '/^[<>|=]\\{7\\}/d' -e '/^one/d' -e 's/^two$/mine/' \"$1\"")
    merging.journal("resolve", ENTRY, "--edit")
    assert "\nmine\n" in merging.git("cat-file", "blob", f":{ENTRY}")


@pytest.mark.parametrize(("choice", "survives"), [("--ours", False), ("--theirs", True), ("--both", True)])
def test_deleted_here_and_changed_by_the_other_branch(repo: Repo, choice: str, survives: bool) -> None:
    repo.write(ENTRY, entry_text("A", body=BODY))
    repo.write(OTHER, entry_text("B"))
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    edit_entry(repo, "\none\n", "\ntheirs\n")
    repo.git("checkout", "-q", "main")
    (repo.path / ENTRY).unlink()
    repo.commit()
    repo.git("merge", "-q", "other", check=False)
    assert listed(repo)[0]["why"] == "deleted here, changed by the other side"
    repo.journal("resolve", ENTRY, choice)
    assert (repo.path / ENTRY).exists() == survives
    assert (ENTRY in repo.git("ls-files", "--stage")) == survives
    assert repo.git("ls-files", "--unmerged") == ""


def test_both_branches_added_the_same_path(repo: Repo) -> None:
    repo.write(OTHER, entry_text("B"))
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.write(ENTRY, entry_text("A", body="theirs"))
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write(ENTRY, entry_text("A", body="ours"))
    repo.commit()
    repo.git("merge", "-q", "other", check=False)
    assert listed(repo)[0]["why"] == "both added it, differently"
    repo.journal("resolve", ENTRY, "--both")
    text = repo.read(ENTRY)
    assert "ours" in text
    assert "theirs" in text


def test_line_endings_of_the_work_tree_are_kept(merging: Repo) -> None:
    merging.write(".gitattributes", "*.md text eol=crlf\n")
    merging.journal("resolve", ENTRY, "--ours")
    assert "\r\n" in merging.read(ENTRY)
    assert "\r" not in merging.git("cat-file", "blob", f":{ENTRY}")


def test_a_dry_run_of_a_merge_writes_nothing(merging: Repo) -> None:
    before = merging.read(ENTRY), merging.git("ls-files", "--unmerged")
    merging.journal("resolve", ENTRY, "--ours", "--dry-run")
    assert (merging.read(ENTRY), merging.git("ls-files", "--unmerged")) == before


def test_a_recorded_conflict_waits_until_the_merge_is_done(clashing: Repo) -> None:
    shutil.copyfile(clashing.path / ".git/HEAD", clashing.path / ".git/MERGE_HEAD")
    assert "a merge is in progress" in clashing.journal("resolve", ENTRY, "--ours", code=3).stderr
