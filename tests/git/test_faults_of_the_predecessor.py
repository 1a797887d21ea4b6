"""One test for each fault of the journal scripts that came before this program, as far as they have a counterpart here.

Each docstring says what went wrong there.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.document.entry import Entry, load_entry
from sync.operations.create import new_entry
from sync.operations.import_ import ImportResult, import_memories
from sync.operations.journal import open_journal

NOW = datetime(2025, 4, 5, 14, 30, tzinfo=UTC)
FOLDER = "journal/entries"
STORE = ".augment/memories"
MEMORIES = "journal/memories.json"


def remember(repo: Repo, *texts: str) -> None:
    """Write memories into the store."""
    repo.write(f"{STORE}/notes.json", json.dumps([{"text": text} for text in texts]))


def imported(repo: Repo) -> ImportResult:
    """Run an import, always in the same minute."""
    return import_memories(open_journal(repo.path), now=NOW)


def entries(repo: Repo) -> dict[str, str]:
    """File name -> text of each entry."""
    return {file.name: file.read_bytes().decode() for file in sorted((repo.path / FOLDER).iterdir())}


def answers(repo: Repo, question: str) -> list[dict[str, Any]]:
    """What a query finds."""
    found: list[dict[str, Any]] = json.loads(repo.journal("query", "--json", "--", question).stdout)["hits"]
    return found


def test_fault_1_a_section_over_a_thousand_characters_crashes_the_index(repo: Repo) -> None:
    """`range() arg 3 must not be zero`: any longer section stopped the whole index from being built."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text(body="## Long\n\n" + "the needle in the hay " * 400))
    repo.journal("export")
    assert [hit["section"] for hit in answers(repo, "needle")] == ["Long"]


def test_fault_2_a_backslash_crashes_the_import_and_leaves_half_an_entry(repo: Repo) -> None:
    r"""`C:\Users` was taken for an escape of a replacement pattern."""
    remember(repo, r"Path: C:\Users\1\g<0>")
    imported(repo)
    assert [r"- Path: C:\Users\1\g<0>" in text for text in entries(repo).values()] == [True]


def test_fault_3_importing_twice_makes_everything_twice(repo: Repo) -> None:
    """In another minute every memory became a second entry."""
    remember(repo, "Build: use pnpm", "Tests: use pytest")
    imported(repo)
    before = entries(repo)
    import_memories(open_journal(repo.path), now=datetime(2025, 4, 5, 14, 31, tzinfo=UTC))
    assert entries(repo) == before


def test_fault_3_importing_twice_in_a_minute_overwrites_silently(repo: Repo) -> None:
    """In the same minute the first entry of a theme was replaced, edits and all."""
    remember(repo, "Build: use pnpm")
    imported(repo)
    (name,) = entries(repo)
    repo.write(f"{FOLDER}/{name}", entry_text("Edited by hand"))
    remember(repo, "Build: never npm")
    imported(repo)
    assert (entries(repo)[name], len(entries(repo))) == (entry_text("Edited by hand"), 2)


def test_fault_4_the_same_title_in_the_same_minute_overwrites_an_edited_entry(repo: Repo) -> None:
    """The file name was all that was looked at, and it was opened for writing."""
    journal = open_journal(repo.path)
    first = new_entry(journal, "Same", now=NOW).path
    repo.write(first, entry_text("Edited by hand"))
    new_entry(journal, "Same", now=NOW)
    assert repo.read(first) == entry_text("Edited by hand")


def test_fault_5_what_create_wrote_is_imported_as_a_new_entry(repo: Repo) -> None:
    """Entry -> memory -> entry -> memory …: an echo without end."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    repo.journal("create", "--entry", f"{FOLDER}/2025-04-05-a.md")
    for _ in range(3):
        imported(repo)
        repo.journal("export")
    assert list(entries(repo)) == ["2025-04-05-a.md"]


def test_fault_5_a_title_of_several_lines_breaks_the_front_matter(repo: Repo) -> None:
    """A memory's text up to the first dot became the title, line breaks and all."""
    remember(repo, "First line\nsecond: line\n---\nthird")
    imported(repo)
    ((name, text),) = entries(repo).items()
    entry = load_entry(name, text.encode())
    assert isinstance(entry, Entry)
    assert entry.title == "Augment Memories: First line"


def test_fault_6_v1_2_and_v1_3_become_one_theme(repo: Repo) -> None:
    """The theme was the text up to the first dot: `v1`."""
    remember(repo, "v1.2 breaks the build", "v1.3 mends the build")
    imported(repo)
    assert len(entries(repo)) == 2


def test_fault_7_exporting_again_changes_every_record(repo: Repo) -> None:
    """`date` was the moment of the export: 17 of 17 lines differed."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    repo.journal("export")
    before = repo.read(MEMORIES)
    (repo.path / MEMORIES).unlink()
    repo.journal("export")
    assert repo.read(MEMORIES) == before


def test_fault_8_accents_are_cut_out_of_file_names(repo: Repo) -> None:
    """Slugs were built before accents were folded: `lan-d-t-premi-re`."""
    path = new_entry(open_journal(repo.path), "L'an d'été première à Noël", now=NOW).path
    assert path == f"{FOLDER}/2025-04-05-14-30-l-an-d-ete-premiere-a-noel.md"


def test_fault_8_a_question_without_accents_does_not_find_the_word_with_them(repo: Repo) -> None:
    """`été` and `ete` never met."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text("Rien", body="Une journée d'été."))
    assert len(answers(repo, "ete journee")) == 1


def test_fault_9_an_object_around_the_list_is_dropped(repo: Repo) -> None:
    """The file was left out with a message, and the exit code said that all was well."""
    repo.write(f"{STORE}/notes.json", json.dumps({"memories": [{"text": "Build: use pnpm"}]}))
    repo.journal("import")
    assert ["Build: use pnpm" in text for text in entries(repo).values()] == [True]


def test_fault_9_an_import_that_failed_exits_with_zero(repo: Repo) -> None:
    """Whatever happened, `import` succeeded."""
    repo.write(f"{STORE}/notes.json", "not JSON")
    assert repo.journal("import", code=None).exit_code == 1


def test_fault_10_templates_that_nobody_filled_in_are_exported(repo: Repo) -> None:
    """39 of 104 published passages said nothing: headings and empty bullets."""
    new_entry(open_journal(repo.path), "Not yet written", now=NOW)
    repo.journal("export")
    (memory,) = json.loads(repo.read(MEMORIES))
    assert memory["text"] == "[JOURNAL DE BORD] Not yet written:"


def test_fault_11_text_before_the_first_section_is_never_found(repo: Repo) -> None:
    """Only what stood below a `##` was looked at."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", "---\ntitle: A\n---\nThe needle comes first.\n\n## Later\n\nHay.\n")
    assert answers(repo, "needle")[0]["text"] == "The needle comes first."


def test_fault_11_a_title_in_the_body_is_taken_for_the_title(repo: Repo) -> None:
    """`title: (.+)` was searched for in the whole file."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", "---\ntags: [x]\n---\n# Real\n\ntitle: wrong\n")
    repo.journal("export")
    assert json.loads(repo.read(MEMORIES))[0]["text"].startswith("[JOURNAL DE BORD] Real:")


def test_fault_11_the_content_of_a_deleted_entry_stays(repo: Repo) -> None:
    """It was found and published until somebody rebuilt everything."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text(body="needle"))
    repo.commit()
    repo.journal("export")
    (repo.path / FOLDER / "2025-04-05-a.md").unlink()
    repo.journal("export")
    assert (repo.read(MEMORIES), answers(repo, "needle")) == ("[]\n", [])


def test_fault_11_the_mark_of_our_own_memories_is_never_looked_at(repo: Repo) -> None:
    """`[JOURNAL DE BORD]` was written, and ignored when it came back."""
    remember(repo, "[JOURNAL DE BORD] Some entry: its body")
    result = imported(repo)
    assert (result.ours, result.imported) == (1, 0)


def test_fault_12_a_question_is_run_by_the_shell(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell command was put together from the question."""
    monkeypatch.chdir(repo.path)
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    for question in ("$(touch hacked)", "`touch hacked`", "; touch hacked", "--output=hacked", "a\nb"):
        repo.journal("query", "--", question)
    assert not (repo.path / "hacked").exists()


def test_fault_12_a_path_leads_out_of_the_journal(repo: Repo) -> None:
    """Paths were joined unchecked."""
    (repo.path.parent / "secret.md").write_text("# Secret\n")
    repo.journal("create", "--entry", "../secret.md", code=2)
    repo.write("journal.toml", '[journal]\nentries = "../"\n')
    assert repo.journal("export", code=None).exit_code == 2


def test_fault_13_tags_become_file_names(repo: Repo) -> None:
    """A tag `a/b` made a folder, `../x` a file outside."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text(tags="a/b, ../x, ../../../y"))
    before = {path.name for path in repo.path.parent.iterdir()}
    repo.journal("export")
    made = {path for path in repo.git("ls-files", "--others").splitlines() if not path.startswith(FOLDER)}
    assert made == {MEMORIES, f"{STORE}/journal_memories.json"}
    assert {path.name for path in repo.path.parent.iterdir()} == before


def test_fault_13_a_failed_write_leaves_half_a_file(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files were opened and written over: a full disk left the first half."""
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    repo.journal("export")
    before = repo.read(MEMORIES)
    repo.write(f"{FOLDER}/2025-04-06-b.md", entry_text())
    repo.commit()
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) > 20:
            return real(handle, data[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("sync.repository.files.os.write", full)
        patch.setattr("sync.repository.files.os.copy_file_range", lambda *_a, **_k: full(-1, b""), raising=False)
        repo.journal("export", code=2)
    assert repo.read(MEMORIES) == before
