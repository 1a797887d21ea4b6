"""`journal create` and `journal new`: one file each, never in the place of another."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.document.entry import Entry, load_entry
from sync.operations.create import Created, create_memory, new_entry
from sync.operations.journal import open_journal
from sync.schema import Schema, check

NOW = datetime(2025, 4, 5, 14, 30, tzinfo=UTC)
FOLDER = "journal/entries"
STORE = ".augment/memories"
ENTRY = f"{FOLDER}/2025-04-05-14-30-a.md"
MEMORY = f"{STORE}/journal_entry_2025-04-05-14-30-a.json"


def new(repo: Repo, title: str, **options: Any) -> Created:
    """Start an entry at a fixed time."""
    return new_entry(open_journal(repo.path), title, now=NOW, **options)


def loaded(repo: Repo, created: Created) -> Entry:
    """The entry that was made."""
    found = load_entry(created.path, (repo.path / created.path).read_bytes())
    assert isinstance(found, Entry)
    return found


def memory(repo: Repo, path: str = MEMORY) -> dict[str, Any]:
    """The one memory of a file."""
    (found,) = json.loads(repo.read(path))
    assert isinstance(found, dict)
    return found


def test_a_new_entry_is_named_by_its_minute_and_title(repo: Repo) -> None:
    assert new(repo, "Été à Noël").path == f"{FOLDER}/2025-04-05-14-30-ete-a-noel.md"


def test_a_new_entry_has_the_sections_of_the_french_template(repo: Repo) -> None:
    text = repo.read(new(repo, "Un titre").path)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [
        "Actions réalisées",
        "Résolution des erreurs, déductions tirées",
        "Optimisations identifiées",
        "Enseignements techniques",
        "Impact sur le projet musical",
        "Code associé",
        "Prochaines étapes",
        "Références et ressources",
    ]


def test_a_new_entry_has_the_front_matter_of_the_documentation(repo: Repo) -> None:
    text = repo.read(new(repo, "Un titre", tags=("a", "b"), related=("x.md",)).path)
    assert text.startswith("---\ndate: 2025-04-05\nheure: 14-30\ntitle: Un titre\ntags: [a, b]\nrelated: [x.md]\n---\n")


def test_a_new_entry_is_valid(repo: Repo) -> None:
    new(repo, "Un titre", tags=("a", "1.10", "no"), related=("x",))
    assert repo.journal("validate", code=None).exit_code == 0


def test_the_hour_is_that_of_the_journals_time_zone(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\ntimezone = "Europe/Paris"\n')
    assert new(repo, "x").path == f"{FOLDER}/2025-04-05-16-30-x.md"


def test_the_language_of_the_journal_chooses_the_template(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\nlanguage = "en"\n')
    assert "## What was done" in repo.read(new(repo, "x").path)


def test_a_template_of_the_project_is_used(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\ntemplate = "t.md"\n')
    repo.write("t.md", "# {title} on {date} at {heure}: {other}\n")
    assert repo.read(new(repo, "x").path).endswith("\n# x on 2025-04-05 at 14-30: {other}\n")


def test_the_front_matter_of_a_template_is_kept_and_completed(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\ntemplate = "t.md"\n')
    repo.write("t.md", "---\nproject: x # keep\ntags: [old]\n---\nbody\n")
    text = repo.read(new(repo, "T", tags=("new",)).path)
    assert ("project: x # keep" in text, "tags: [new]" in text, "title: T" in text) == (True, True, True)


def test_a_missing_template_is_named(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\ntemplate = "t.md"\n')
    assert "t.md: the template does not exist" in repo.journal("new", "x", code=2).stderr


@pytest.mark.parametrize("text", [b"---\ntitle: [\n---\n", b"\xff", b"---\nopen\n"])
def test_a_template_that_cannot_be_read_is_no_bug(repo: Repo, text: bytes) -> None:
    repo.write("journal.toml", '[journal]\ntemplate = "t.md"\n')
    repo.write("t.md", text)
    assert "t.md" in repo.journal("new", "x", code=2).stderr


def test_a_template_behind_a_link_out_of_the_repository_is_refused(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/secret.md").write_text("secret")
    (repo.path / "templates").symlink_to(tmp_path / "private")
    repo.write("journal.toml", '[journal]\ntemplate = "templates/secret.md"\n')
    assert repo.journal("new", "x", code=None).exit_code == 3


def test_a_template_that_is_itself_a_link_out_of_the_repository_is_refused(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (repo.path / "t.md").symlink_to(tmp_path / "secret.md")
    repo.write("journal.toml", '[journal]\ntemplate = "t.md"\n')
    assert repo.journal("new", "x", code=None).exit_code == 3


def test_two_entries_of_one_title_and_minute_are_two_files(repo: Repo) -> None:
    assert [Path(new(repo, "x").path).name for _ in range(3)] == [
        "2025-04-05-14-30-x.md",
        "2025-04-05-14-30-x-2.md",
        "2025-04-05-14-30-x-3.md",
    ]


def test_an_entry_that_was_edited_is_not_overwritten(repo: Repo) -> None:
    first = new(repo, "x").path
    repo.write(first, "edited by hand\n")
    new(repo, "x")
    assert repo.read(first) == "edited by hand\n"


def test_an_entry_that_git_ignores_is_not_overwritten(repo: Repo) -> None:
    repo.write(".gitignore", "*.md\n")
    first = new(repo, "x").path
    assert new(repo, "x").path != first


def test_a_dangling_link_in_the_way_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    (repo.path / FOLDER).mkdir(parents=True)
    (repo.path / FOLDER / "2025-04-05-14-30-x.md").symlink_to(tmp_path / "outside.md")
    new(repo, "x")
    assert not (tmp_path / "outside.md").exists()


def test_entries_started_at_once_are_as_many_files(repo: Repo) -> None:
    journal = open_journal(repo.path)
    threads = [threading.Thread(target=new_entry, args=(journal, "x"), kwargs={"now": NOW}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list((repo.path / FOLDER).iterdir())) == 8


@pytest.mark.parametrize(
    "title",
    [
        "Mémoires: une idée",
        "a # b",
        "---",
        "...",
        "- item",
        "1.10",
        "no",
        "2025-04-05",
        "\"quoted\" and 'single'",
        "{title} {date}",
        r"C:\Users\x",
        "[a, b] {c: d}",
        "@at `tick` %percent !tag &anchor *alias",
        "日本語",
        "../../etc/passwd",
        "x" * 500,
        "😀",
    ],
)
def test_any_title_is_read_back_as_it_was_given(repo: Repo, title: str) -> None:
    assert loaded(repo, new(repo, title)).title == title


@pytest.mark.parametrize("title", ["a\nb", "a\r\n---\nb", "a\tb", "a\x00b", "a\u2028b", "a\x1b[31mb"])
def test_a_title_is_made_one_line(repo: Repo, title: str) -> None:
    assert loaded(repo, new(repo, title)).title.isprintable()


@pytest.mark.parametrize("title", ["", "  ", "\n\t", "\x00"])
def test_an_empty_title_is_refused(repo: Repo, title: str) -> None:
    assert "the title is empty" in repo.journal("new", title, code=2).stderr


@pytest.mark.parametrize("title", ["../../../evil", "/etc/evil", "..", "a/b\\c", "x" * 5000, "é" * 300])
def test_no_title_leads_out_of_the_entries_folder(repo: Repo, title: str) -> None:
    assert (repo.path / new(repo, title).path).parent == repo.path / FOLDER


@pytest.mark.parametrize("tag", ["a: b", "[x]", "a#b", "no", "1.10", "é", "a/b", "../x", '"', "a\nb", "-"])
def test_any_tag_is_read_back_as_it_was_given(repo: Repo, tag: str) -> None:
    assert loaded(repo, new(repo, "x", tags=(tag,))).tags == (tag,)


def test_a_tag_that_is_no_text_is_no_bug(repo: Repo) -> None:
    assert repo.journal("new", "x", "--tags", os.fsdecode(b"\xff"), code=None).exit_code == 2


def test_a_title_that_is_no_text_is_no_bug(repo: Repo) -> None:
    assert repo.journal("new", os.fsdecode(b"caf\xe9"), code=None).exit_code in {0, 2}


def test_the_command_prints_where_the_entry_is(repo: Repo) -> None:
    printed = repo.journal("new", "Un titre", "--tags", " a, b,a ,", "--related", "x,y", "--related", "z").stdout
    entry = load_entry(printed.strip(), (repo.path / printed.strip()).read_bytes())
    assert isinstance(entry, Entry)
    assert (entry.tags, entry.related) == (("a", "b"), ("x", "y", "z"))


def test_the_editor_is_given_the_entry(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = repo.write("editor", '#!/bin/sh\necho edited >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    printed = repo.journal("new", "x", "--edit").stdout
    assert repo.read(printed.strip()).endswith("edited\n")


def test_without_git_an_entry_can_be_started(tmp_path: Path) -> None:
    plain = Repo(tmp_path)
    plain.journal("new", "x")
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_a_folder_of_entries_that_is_named_so_is_used(repo: Repo) -> None:
    (repo.path / "entries").mkdir()
    assert new(repo, "x").path == "entries/2025-04-05-14-30-x.md"


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """A repository with one committed entry."""
    repo.write(ENTRY, entry_text("A"))
    repo.commit()
    return repo


def test_a_created_memory_is_the_one_that_an_export_makes(journal: Repo) -> None:
    journal.journal("create", "--entry", ENTRY)
    journal.journal("export")
    assert journal.read(MEMORY) == journal.read("journal/memories.json")


def test_a_created_memory_obeys_its_schema(journal: Repo) -> None:
    journal.journal("create", "--entry", ENTRY)
    assert check(Schema.MEMORIES, json.loads(journal.read(MEMORY))) == []


def test_creating_twice_writes_nothing(journal: Repo) -> None:
    journal.journal("create", "--entry", ENTRY)
    before = (journal.path / MEMORY).stat()
    assert "unchanged" in journal.journal("create", "--entry", ENTRY).output
    assert (journal.path / MEMORY).stat().st_ino == before.st_ino


def test_a_changed_entry_is_created_anew(journal: Repo) -> None:
    journal.journal("create", "--entry", ENTRY)
    journal.write(ENTRY, entry_text("B"))
    journal.journal("create", "--entry", ENTRY)
    assert memory(journal)["text"].startswith("[JOURNAL DE BORD] B:")


def test_a_dry_run_creates_nothing(journal: Repo) -> None:
    assert "would be written" in journal.journal("create", "--entry", ENTRY, "--dry-run").output
    assert not (journal.path / STORE).exists()


def test_the_blob_is_gits_own_in_a_sha256_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "sha256")
    repo.path.mkdir()
    repo.git("init", "-q", "--object-format=sha256")
    repo.write(ENTRY, entry_text("A"))
    repo.journal("create", "--entry", ENTRY)
    assert memory(repo)["metadata"]["source_blob"] == repo.git("hash-object", ENTRY).strip()


def test_the_blob_is_the_one_that_git_would_store_under_autocrlf(journal: Repo) -> None:
    journal.git("config", "core.autocrlf", "true")
    journal.write(ENTRY, entry_text("A").replace("\n", "\r\n"))
    journal.journal("create", "--entry", ENTRY)
    assert memory(journal)["metadata"]["source_blob"] == journal.git("hash-object", ENTRY).strip()


def test_an_entry_is_found_from_a_subfolder(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(journal.path / "journal")
    create_memory(open_journal(Path()), Path("entries/2025-04-05-14-30-a.md"))
    assert (journal.path / MEMORY).exists()


def test_an_entry_may_be_named_by_its_absolute_path(journal: Repo) -> None:
    journal.journal("create", "--entry", str(journal.path / ENTRY))
    assert (journal.path / MEMORY).exists()


def test_an_entry_may_be_named_relative_to_the_repository_from_a_subfolder(journal: Repo) -> None:
    Repo(journal.path / "journal").journal("create", "--entry", ENTRY)
    assert (journal.path / MEMORY).exists()


@pytest.mark.parametrize("path", ["nothing.md", FOLDER, "../outside.md", "/etc/passwd", ""])
def test_a_path_that_is_no_entry_is_refused(journal: Repo, path: str) -> None:
    (journal.path.parent / "outside.md").write_text(entry_text())
    assert journal.journal("create", "--entry", path, code=None).exit_code == 2


def test_a_file_outside_of_the_entries_folder_is_no_entry(journal: Repo) -> None:
    journal.write("README.md", "# Private plans\n")
    assert journal.journal("create", "--entry", "README.md", code=None).exit_code == 2


def test_an_index_of_the_entries_folder_is_no_entry(journal: Repo) -> None:
    journal.write(f"{FOLDER}/index.md", "# Index\n")
    assert journal.journal("create", "--entry", f"{FOLDER}/index.md", code=None).exit_code == 2


def test_a_link_out_of_the_repository_is_no_entry(journal: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (journal.path / FOLDER / "link.md").symlink_to(tmp_path / "secret.md")
    assert journal.journal("create", "--entry", f"{FOLDER}/link.md", code=None).exit_code == 2


def test_an_invalid_entry_is_named_with_line_and_column(journal: Repo) -> None:
    journal.write(ENTRY, "---\ntitle: x\ntitle: y\n---\n")
    assert f"{ENTRY}:3:1" in journal.journal("create", "--entry", ENTRY, code=2).stderr


def test_a_store_behind_a_link_out_of_the_repository_is_refused(journal: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (journal.path / ".augment").symlink_to(tmp_path / "elsewhere")
    assert journal.journal("create", "--entry", ENTRY, code=None).exit_code == 3


def test_a_memory_is_created_without_git_too(tmp_path: Path) -> None:
    plain = Repo(tmp_path)
    plain.write("entries/2025-04-05-14-30-a.md", entry_text("A"))
    plain.journal("create", "--entry", "entries/2025-04-05-14-30-a.md")
    (memory,) = json.loads(plain.read(".augment/memories/journal_entry_2025-04-05-14-30-a.json"))
    assert memory["metadata"]["source"] == "entries/2025-04-05-14-30-a.md"


def test_two_entries_of_one_name_do_not_share_a_memory_file(repo: Repo) -> None:
    for folder in ("a", "b"):
        repo.write(f"{FOLDER}/{folder}/x.md", f"---\nid: {folder}\n---\n{folder}\n")
    repo.journal("create", "--entry", f"{FOLDER}/a/x.md")
    assert "holds the memory of" in repo.journal("create", "--entry", f"{FOLDER}/b/x.md", code=3).stderr
