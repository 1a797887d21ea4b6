"""A real French journal and odd real files, where they are at hand: nothing of them is part of the project.

`JOURNAL_CORPUS` names a folder with `journal-de-bord/entries/*.md` and `frontmatter/odd.jsonl.gz`; by default the
folder `shared/data` beside the checkout is looked at.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
from pathlib import Path

import pytest
from repositories import Repo

from sync.document.entry import Entry, load_entry

CORPUS = Path(os.environ.get("JOURNAL_CORPUS", Path(__file__).parents[3] / "shared/data"))
JOURNAL = CORPUS / "journal-de-bord"
ODD = CORPUS / "frontmatter/odd.jsonl.gz"

pytestmark = pytest.mark.skipif(not JOURNAL.is_dir(), reason="the corpus is data of others and not part of the project")


@pytest.fixture
def real(repo: Repo) -> Repo:
    """The real journal, committed, in a repository that has been set up."""
    shutil.copytree(JOURNAL, repo.path / "journal", copy_function=shutil.copyfile)
    repo.journal("init")
    repo.commit()
    return repo


def test_every_file_of_the_journal_is_accounted_for(real: Repo) -> None:
    result = json.loads(real.journal("export", "--json").stdout)
    counts = [(one["exported"], len(one["left_out"])) for one in result["targets"]]
    skipped = {one["path"]: one["reason"] for one in result["skipped"]}
    assert (result["read"], counts, result["invalid"]) == (97, [(96, 0), (96, 0)], [])
    assert skipped == {"journal/entries/index.md": "an index of the folder, not an entry"}


def test_the_journal_is_valid(real: Repo) -> None:
    result = json.loads(real.journal("validate", "--json").stdout)
    assert (result["faults"], len(result["skipped"])) == ([], 1)


def test_exporting_the_journal_twice_changes_no_byte(real: Repo) -> None:
    real.journal("export")
    before = (real.path / "journal/memories.json").read_bytes()
    real.journal("export")
    shutil.rmtree(real.path / ".git/journal")
    real.journal("export")
    assert (real.path / "journal/memories.json").read_bytes() == before


def test_no_entry_is_touched_by_any_command(real: Repo) -> None:
    real.journal("export")
    real.journal("import")
    real.journal("create", "--entry", "journal/entries/08-04-2025-19-45.md")
    real.journal("sync")
    assert real.git("status", "--porcelain", "--", "journal/entries") == ""


def test_an_entry_of_the_journal_becomes_a_file_of_its_own(real: Repo) -> None:
    real.journal("create", "--entry", "journal/entries/2025-04-05-14-30-implementation-du-systeme-rag.md")
    name = ".augment/memories/journal_entry_2025-04-05-14-30-implementation-du-systeme-rag.json"
    (memory,) = json.loads(real.read(name))
    assert memory["text"].startswith("[JOURNAL DE BORD] Implémentation du système RAG: ")
    assert memory["metadata"]["date"] == "2025-04-05T14:30:00.000Z"


def test_no_memory_of_the_journal_is_template_text_that_nobody_filled_in(real: Repo) -> None:
    real.journal("export")
    texts = [one["text"] for one in json.loads(real.read("journal/memories.json"))]
    assert sum(text.endswith(":") for text in texts) == 25
    assert [text for text in texts if "## Actions réalisées\n\n-\n\n## Résolution" in text] == []


@pytest.mark.parametrize("path", sorted((JOURNAL / "entries").glob("*.md")), ids=lambda path: path.stem[:60])
def test_reading_and_writing_a_real_entry_gives_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    entry = load_entry(f"journal/entries/{path.name}", data)
    assert isinstance(entry, Entry)
    assert entry.to_bytes() == data


def odd_files() -> list[tuple[str, bytes]]:
    """Path and bytes of the odd files."""
    if not ODD.exists():
        return []
    with gzip.open(ODD, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(row["path"], base64.b64decode(row["content"])) for row in rows]


@pytest.mark.parametrize(("path", "data"), odd_files(), ids=lambda one: one[-60:] if isinstance(one, str) else "")
def test_an_odd_file_loads_byte_for_byte_or_is_refused_with_its_place(path: str, data: bytes) -> None:
    entry = load_entry(path, data)
    if isinstance(entry, Entry):
        assert entry.to_bytes() == data
    else:
        assert entry.message
        assert 1 <= entry.line <= data.count(b"\n") + data.count(b"\r") + 1


def test_most_odd_files_load() -> None:
    loaded = [path for path, data in odd_files() if isinstance(load_entry(path, data), Entry)]
    assert (len(loaded), len(odd_files())) == (25, 40)
