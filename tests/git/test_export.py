"""`journal export`: a pure function of the entries, however it came to be made."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.document.settings import Selection
from sync.operations.export import ExportOptions, ExportResult, export
from sync.operations.journal import open_journal
from sync.schema import Schema, check

FOLDER = "journal/entries"
TRACKED = "journal/memories.json"
DELIVERED = ".augment/memories/journal_memories.json"
ODD_ENTRY = """\
---
date: 2025-04-05
heure: 14-30
title: "Été: \\"guillemets\\" \\\\ et \\u2028 fin"
tags: [no, "1.10", 'a/b', ../x]
---
Corps avec \ttabulation, 😀 et </script>.
"""


def exported(repo: Repo, **options: Any) -> ExportResult:
    """Run an export."""
    return export(open_journal(repo.path), ExportOptions(**options))


def memories(repo: Repo, path: str = TRACKED) -> list[dict[str, Any]]:
    """The memories of a projection."""
    found: list[dict[str, Any]] = json.loads(repo.read(path))
    return found


def ids(repo: Repo, path: str = TRACKED) -> list[str]:
    """The ids in a projection, in order."""
    return [one["metadata"]["id"] for one in memories(repo, path)]


def forget(repo: Repo) -> None:
    """Remove everything that an export remembers or has made."""
    for file in (repo.path / ".git/journal").glob("*.state"):
        file.unlink()
    for path in (TRACKED, DELIVERED):
        (repo.path / path).unlink(missing_ok=True)


def state_file(repo: Repo) -> Path:
    """The one state file there is."""
    (found,) = (repo.path / ".git/journal").glob("*.state")
    return found


def balances(result: ExportResult) -> bool:
    """Whether every file that was read is accounted for, in each projection."""
    rest = len(result.skipped) + len(result.invalid)
    return all(result.read == one.exported + len(one.left_out) + rest for one in result.targets)


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """Three committed entries of three days."""
    repo.write(f"{FOLDER}/2025-04-05-14-30-a.md", entry_text("A", tags="rag, one"))
    repo.write(f"{FOLDER}/2025-04-06-14-30-b.md", entry_text("B", tags="private").replace("04-05", "04-06"))
    repo.write(f"{FOLDER}/2025-04-07-14-30-c.md", entry_text("C", tags="rag").replace("04-05", "04-07"))
    repo.commit()
    return repo


def test_each_entry_becomes_one_memory_in_order_of_its_path(journal: Repo) -> None:
    exported(journal)
    assert ids(journal) == ["2025-04-05-14-30-a", "2025-04-06-14-30-b", "2025-04-07-14-30-c"]


def test_a_memory_holds_what_the_documentation_promises(journal: Repo) -> None:
    exported(journal)
    blob = journal.git("rev-parse", f"HEAD:{FOLDER}/2025-04-05-14-30-a.md").strip()
    assert memories(journal)[0] == {
        "text": "[JOURNAL DE BORD] A: # A\n\nSomething was learned.",
        "metadata": {
            "id": "2025-04-05-14-30-a",
            "source": f"{FOLDER}/2025-04-05-14-30-a.md",
            "tags": ["rag", "one"],
            "date": "2025-04-05T14:30:00.000Z",
            "source_blob": blob,
        },
    }


def test_the_delivered_file_holds_the_same_bytes_as_the_tracked_one(journal: Repo) -> None:
    exported(journal)
    assert journal.read(DELIVERED) == journal.read(TRACKED)


def test_a_projection_obeys_its_schema(journal: Repo) -> None:
    journal.write(f"{FOLDER}/odd.md", ODD_ENTRY)
    exported(journal)
    assert check(Schema.MEMORIES, memories(journal)) == []


def test_a_journal_without_entries_is_an_empty_list(repo: Repo) -> None:
    (repo.path / FOLDER).mkdir(parents=True)
    exported(repo)
    assert repo.read(TRACKED) == "[]\n"


def test_removing_the_last_entry_empties_the_projection(repo: Repo) -> None:
    repo.write("journal.toml", "")
    repo.write(f"{FOLDER}/2025-04-05-a.md", entry_text())
    exported(repo)
    repo.commit()
    repo.git("rm", "-q", f"{FOLDER}/2025-04-05-a.md")
    repo.journal("export", code=None)
    assert repo.read(TRACKED) == "[]\n"


@pytest.mark.parametrize("options", [[], ["--staged"]])
def test_entries_that_a_sparse_checkout_leaves_out_are_exported(journal: Repo, options: list[str]) -> None:
    journal.write("code/x.py", "pass\n")
    journal.commit()
    journal.git("sparse-checkout", "set", "code")
    journal.journal("export", *options, code=None)
    assert len(ids(journal)) == 3


def test_exporting_twice_changes_no_byte(journal: Repo) -> None:
    exported(journal)
    before = journal.read(TRACKED)
    exported(journal)
    assert journal.read(TRACKED) == before


def test_exporting_twice_writes_no_file(journal: Repo) -> None:
    exported(journal)
    before = (journal.path / TRACKED).stat()
    exported(journal)
    after = (journal.path / TRACKED).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_the_second_export_says_unchanged(journal: Repo) -> None:
    exported(journal)
    assert {one.outcome.value for one in exported(journal).targets} == {"unchanged"}


def test_an_export_that_changes_no_byte_says_unchanged(journal: Repo) -> None:
    exported(journal)
    journal.write(f"{FOLDER}/notes.txt", "no entry\n")
    assert {one.outcome.value for one in exported(journal).targets} == {"unchanged"}


def test_a_dry_run_and_a_check_agree(journal: Repo) -> None:
    exported(journal)
    journal.write(f"{FOLDER}/notes.txt", "no entry\n")
    stale = [one.outcome.value == "stale" for one in exported(journal, check=True).targets]
    planned = [one.outcome.value == "would be written" for one in exported(journal, dry_run=True).targets]
    assert planned == stale


def test_a_dry_run_writes_nothing(journal: Repo) -> None:
    exported(journal, dry_run=True)
    assert not (journal.path / TRACKED).exists()
    assert not (journal.path / DELIVERED).exists()


class Walk:
    """A journal that somebody works in: each step is one thing a person does."""

    def __init__(self, repo: Repo, seed: int) -> None:
        self.repo, self.random, self.count = repo, random.Random(seed), 0
        repo.write(f"{FOLDER}/.gitkeep", "")
        repo.commit()
        repo.git("branch", "other")

    def step(self) -> str:
        steps = [
            self.add,
            self.add,
            self.add,
            self.edit,
            self.edit,
            self.delete,
            self.rename,
            self.commit,
            self.checkout,
        ]
        chosen = self.random.choice(steps)
        chosen()
        return chosen.__name__

    def files(self) -> list[Path]:
        folder = self.repo.path / FOLDER
        return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".gitkeep")

    def add(self) -> None:
        self.count += 1
        day = self.random.randrange(10, 28)
        stem = f"2025-04-{day}-10-00-{self.count}"
        kinds = {
            f"{stem}.md": entry_text(f"Title {self.count}"),
            f"{stem}-plain.md": f"# Plain {self.count}\n",
            f"{stem}-broken.md": "---\ntitle: [\n---\n",
            f"{stem}.txt": "no entry\n",
            f"{stem}-same.md": f"---\nid: same-{self.count % 3}\n---\nSame {self.count}\n",
            f"deep/{stem}.md": entry_text(f"Deep {self.count}"),
            "index.md": f"index {self.count}\n",
        }
        name = self.random.choice(list(kinds))
        self.repo.write(f"{FOLDER}/{name}", kinds[name])

    def edit(self) -> None:
        if files := self.files():
            file = self.random.choice(files)
            file.write_bytes(file.read_bytes() + f"More {self.random.random()}\n".encode())

    def delete(self) -> None:
        if files := self.files():
            self.random.choice(files).unlink()

    def rename(self) -> None:
        if files := self.files():
            file = self.random.choice(files)
            self.count += 1
            file.rename(file.with_name(f"2025-04-{self.random.randrange(10, 28)}-11-00-{self.count}{file.suffix}"))

    def commit(self) -> None:
        self.repo.git("add", "-A", FOLDER, check=False)
        self.repo.git("commit", "-q", "--allow-empty", "-m", "step")

    def checkout(self) -> None:
        self.commit()
        self.repo.git("checkout", "-q", self.random.choice(["main", "other"]))


@pytest.mark.parametrize("seed", range(6))
def test_an_incremental_export_equals_a_fresh_one(repo: Repo, seed: int) -> None:
    walk = Walk(repo, seed)
    done = []
    for _ in range(6):
        done += [walk.step() for _ in range(4)]
        exported(repo)
        incremental = repo.read(TRACKED), repo.read(DELIVERED)
        exported(repo, output=repo.path / "fresh.json")
        fresh = repo.read("fresh.json")
        (repo.path / "fresh.json").unlink()
        assert incremental == (fresh, fresh), done


@pytest.mark.parametrize("seed", range(1, 4))
def test_an_incremental_export_reports_what_a_fresh_one_reports(repo: Repo, seed: int) -> None:
    walk = Walk(repo, seed)
    done = []
    for _ in range(6):
        done += [walk.step() for _ in range(4)]
        incremental = exported(repo)
        forget(repo)
        fresh = exported(repo)
        assert (incremental.skipped, incremental.invalid) == (fresh.skipped, fresh.invalid), done


@pytest.mark.parametrize("seed", range(100, 104))
def test_every_export_of_a_working_journal_balances(repo: Repo, seed: int) -> None:
    walk = Walk(repo, seed)
    for _ in range(8):
        walk.step()
        assert balances(exported(repo))


def test_an_incremental_export_reads_only_what_changed(journal: Repo) -> None:
    exported(journal)
    journal.write(f"{FOLDER}/2025-04-06-14-30-b.md", entry_text("B2"))
    seen: list[int] = []
    export(open_journal(journal.path), ExportOptions(), lambda _done, total: seen.append(total))
    assert seen == [1]


@pytest.mark.parametrize("path", [TRACKED, DELIVERED])
@pytest.mark.parametrize("damage", ["edited", "deleted", "emptied", "same size"])
def test_a_damaged_projection_is_repaired(journal: Repo, path: str, damage: str) -> None:
    exported(journal)
    good = journal.read(path)
    file = journal.path / path
    if damage == "deleted":
        file.unlink()
    else:
        file.write_text({"edited": good + "x", "emptied": "", "same size": "y" * len(good.encode())}[damage])
    exported(journal)
    assert journal.read(path) == good


def test_both_projections_are_repaired_at_once(journal: Repo) -> None:
    exported(journal)
    good = journal.read(TRACKED)
    journal.write(TRACKED, "[]\n")
    journal.write(DELIVERED, "[]\n")
    exported(journal)
    assert (journal.read(TRACKED), journal.read(DELIVERED)) == (good, good)


def test_a_projection_that_another_branch_brought_is_made_anew(journal: Repo) -> None:
    exported(journal)
    journal.commit()
    journal.git("checkout", "-q", "-b", "other", "HEAD~1")
    journal.write(f"{FOLDER}/2025-04-08-10-00-d.md", entry_text("D"))
    exported(journal)
    journal.commit()
    journal.git("checkout", "-q", "main")
    exported(journal)
    assert len(ids(journal)) == 3


def changed_entry(repo: Repo) -> str:
    """Change an entry; what the export must be then, made without any state."""
    repo.write(f"{FOLDER}/2025-04-06-14-30-b.md", entry_text("B changed"))
    kept = {file: file.read_bytes() for file in (repo.path / ".git/journal").glob("*.state")}
    before = {path: (repo.path / path).read_bytes() for path in (TRACKED, DELIVERED)}
    exported(repo, output=repo.path / "expected.json")
    wanted = repo.read("expected.json")
    assert all((repo.path / path).read_bytes() == data for path, data in before.items())
    for file in (repo.path / ".git/journal").glob("*.state"):
        if file not in kept:
            file.unlink()
    return wanted


def test_a_lost_state_file_is_survived(journal: Repo) -> None:
    exported(journal)
    state_file(journal).unlink()
    wanted = changed_entry(journal)
    exported(journal)
    assert journal.read(TRACKED) == wanted


def test_a_state_file_truncated_anywhere_is_survived(journal: Repo) -> None:
    exported(journal)
    good, projection = state_file(journal).read_bytes(), journal.read(TRACKED)
    for cut in range(0, len(good), 23):
        state_file(journal).write_bytes(good[:cut])
        exported(journal)
        assert journal.read(TRACKED) == projection, cut


@pytest.mark.parametrize("garbage", [b"", b"\0", b"[]", b"{}\n", b"null\n", b'{"format": 1}\nxx', b"\xff\xfe" * 99])
def test_garbage_in_the_state_file_is_survived(journal: Repo, garbage: bytes) -> None:
    exported(journal)
    wanted = changed_entry(journal)
    state_file(journal).write_bytes(garbage)
    exported(journal)
    assert journal.read(TRACKED) == wanted


def test_a_flipped_byte_in_the_state_file_is_survived(journal: Repo) -> None:
    exported(journal)
    good = state_file(journal).read_bytes()
    wanted = changed_entry(journal)
    broken = bytearray(good)
    broken[-8] ^= 1
    state_file(journal).write_bytes(bytes(broken))
    exported(journal)
    assert journal.read(TRACKED) == wanted


def test_the_state_of_other_settings_is_not_used(journal: Repo) -> None:
    exported(journal)
    journal.write("journal.toml", '[journal]\ntimezone = "Europe/Paris"\n')
    exported(journal)
    assert memories(journal)[0]["metadata"]["date"] == "2025-04-05T12:30:00.000Z"


def test_another_prefix_makes_every_memory_anew(journal: Repo) -> None:
    exported(journal)
    journal.write("journal.toml", '[journal]\nprefix = "[LOG]"\n')
    exported(journal)
    assert all(one["text"].startswith("[LOG] ") for one in memories(journal))


def test_a_check_of_a_fresh_projection_is_clean(journal: Repo) -> None:
    exported(journal)
    assert exported(journal, check=True).is_clean


def test_a_check_names_the_stale_file(journal: Repo) -> None:
    exported(journal)
    journal.write(DELIVERED, "[]\n")
    assert f"{DELIVERED}: stale" in journal.journal("export", "--check", code=1).output


def test_a_check_does_not_name_the_fresh_file(journal: Repo) -> None:
    exported(journal)
    journal.write(DELIVERED, "[]\n")
    assert f"{TRACKED}: stale" not in journal.journal("export", "--check", code=1).output


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("stale", [False, True])
def test_a_check_writes_nothing(journal: Repo, stale: bool) -> None:
    exported(journal)
    if stale:
        journal.write(f"{FOLDER}/2025-04-05-14-30-a.md", entry_text("changed"))
    before = snapshot(journal.path)
    exported(journal, check=True)
    assert snapshot(journal.path) == before


def test_a_check_sees_a_changed_entry(journal: Repo) -> None:
    exported(journal)
    journal.write(f"{FOLDER}/2025-04-05-14-30-a.md", entry_text("changed"))
    assert journal.journal("export", "--check", code=None).exit_code == 1


def test_a_check_does_not_trust_the_state(journal: Repo) -> None:
    exported(journal)
    file = journal.path / TRACKED
    times = file.stat()
    file.write_bytes(file.read_bytes().replace(b"Something", b"Somethinx"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert journal.journal("export", "--check", code=None).exit_code == 1


def test_a_check_on_a_machine_without_the_store_looks_at_the_tracked_file_only(journal: Repo) -> None:
    exported(journal)
    (journal.path / DELIVERED).unlink()
    (journal.path / ".augment/memories").rmdir()
    assert [one.path for one in exported(journal, check=True).targets] == [TRACKED]


def test_an_export_with_an_invalid_entry_exits_with_one(journal: Repo) -> None:
    journal.write(f"{FOLDER}/broken.md", "---\ntitle: [\n---\n")
    assert journal.journal("export", code=None).exit_code == 1


def test_an_invalid_entry_hides_no_other(journal: Repo) -> None:
    journal.write(f"{FOLDER}/0-broken.md", b"\xff\xfe")
    exported(journal)
    assert len(ids(journal)) == 3


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (Selection(tags=("rag",)), ["a", "c"]),
        (Selection(tags=("rag", "private")), ["a", "b", "c"]),
        (Selection(exclude_tags=("private",)), ["a", "c"]),
        (Selection(tags=("rag",), exclude_tags=("one",)), ["c"]),
        (Selection(since="2025-04-06"), ["b", "c"]),
        (Selection(until="2025-04-06"), ["a", "b"]),
        (Selection(since="2025-04-06", until="2025-04-06"), ["b"]),
        (Selection(tags=("nobody",)), []),
    ],
)
def test_a_selection_gives_augment_what_it_names(journal: Repo, selection: Selection, kept: list[str]) -> None:
    exported(journal, selection=selection)
    assert [one[-1] for one in ids(journal, DELIVERED)] == kept


def test_a_selection_leaves_the_tracked_file_whole(journal: Repo) -> None:
    exported(journal, selection=Selection(tags=("nobody",)))
    assert len(ids(journal)) == 3


def test_a_selection_of_the_settings_is_used(journal: Repo) -> None:
    journal.write("journal.toml", '[stores.augment]\nexclude_tags = ["private"]\n')
    exported(journal)
    assert [one[-1] for one in ids(journal, DELIVERED)] == ["a", "c"]


def test_what_is_left_out_is_named(journal: Repo) -> None:
    said = journal.journal("export", "--exclude-tag", "private").output
    assert f"left out: {FOLDER}/2025-04-06-14-30-b.md" in said


def test_an_incremental_selection_equals_a_fresh_one(journal: Repo) -> None:
    selection = Selection(exclude_tags=("private",))
    exported(journal, selection=selection)
    journal.write(f"{FOLDER}/2025-04-06-14-30-b.md", entry_text("B", tags="public"))
    journal.write(f"{FOLDER}/2025-04-07-14-30-c.md", entry_text("C", tags="private"))
    exported(journal, selection=selection)
    incremental = journal.read(DELIVERED)
    forget(journal)
    exported(journal, selection=selection)
    assert incremental == journal.read(DELIVERED)


@pytest.mark.parametrize("budget", [1, 3, 100, 300, 301, 600, 700, 10_000])
def test_a_budget_is_kept(journal: Repo, budget: int) -> None:
    exported(journal, selection=Selection(max_bytes=budget))
    assert (journal.path / DELIVERED).stat().st_size <= max(budget, len("[]\n"))


def test_a_budget_keeps_the_newest(journal: Repo) -> None:
    exported(journal)
    size = (journal.path / TRACKED).stat().st_size
    exported(journal, selection=Selection(max_bytes=size - 1))
    assert [one[-1] for one in ids(journal, DELIVERED)] == ["b", "c"]


def test_a_budget_that_everything_fits_leaves_nothing_out(journal: Repo) -> None:
    exported(journal)
    size = (journal.path / TRACKED).stat().st_size
    exported(journal, selection=Selection(max_bytes=size))
    assert len(ids(journal, DELIVERED)) == 3


def test_a_budget_keeps_the_most_important_first(journal: Repo) -> None:
    text = entry_text("A").replace("heure: 14-30", "heure: 14-30\nimportance: 0.9")
    journal.write(f"{FOLDER}/2025-04-05-14-30-a.md", text)
    exported(journal, selection=Selection(max_bytes=400))
    assert [one[-1] for one in ids(journal, DELIVERED)] == ["a"]


def test_a_budget_says_what_was_left_out(journal: Repo) -> None:
    result = exported(journal, selection=Selection(max_bytes=400))
    assert [path[-4] for path in result.targets[1].left_out] == ["a", "b"]


def test_a_budget_is_kept_though_two_entries_have_one_id(repo: Repo) -> None:
    front = "---\nid: x\ndate: 2025-04-0{}\ntitle: T\n---\n"
    repo.write(f"{FOLDER}/a.md", front.format(1) + "long " * 2000)
    repo.write(f"{FOLDER}/b.md", front.format(9) + "short")
    exported(repo, selection=Selection(max_bytes=1000))
    assert (repo.path / DELIVERED).stat().st_size <= 1000


def test_of_two_entries_with_one_id_the_first_is_exported(repo: Repo) -> None:
    repo.write(f"{FOLDER}/a.md", "---\nid: x\n---\nfirst\n")
    repo.write(f"{FOLDER}/b.md", "---\nid: x\n---\nsecond\n")
    exported(repo)
    assert [one["metadata"]["source"] for one in memories(repo)] == [f"{FOLDER}/a.md"]


def test_of_two_entries_with_one_id_the_second_is_named_with_the_first(repo: Repo) -> None:
    repo.write(f"{FOLDER}/a.md", "---\nid: x\n---\nfirst\n")
    repo.write(f"{FOLDER}/b.md", "---\nid: x\n---\nsecond\n")
    (fault,) = exported(repo).invalid
    assert (fault.path, f"{FOLDER}/a.md" in fault.message) == (f"{FOLDER}/b.md", True)


def test_an_id_that_a_second_entry_takes_later_is_refused_too(journal: Repo) -> None:
    exported(journal)
    journal.write(f"{FOLDER}/z.md", "---\nid: 2025-04-05-14-30-a\n---\nlater\n")
    assert [fault.path for fault in exported(journal).invalid] == [f"{FOLDER}/z.md"]


def test_an_entry_refused_for_its_id_comes_back_when_the_other_goes(repo: Repo) -> None:
    repo.write(f"{FOLDER}/a.md", "---\nid: x\n---\nfirst\n")
    repo.write(f"{FOLDER}/b.md", "---\nid: x\n---\nsecond\n")
    exported(repo)
    (repo.path / FOLDER / "a.md").unlink()
    exported(repo)
    assert [one["metadata"]["source"] for one in memories(repo)] == [f"{FOLDER}/b.md"]


def write_named(repo: Repo, *names: bytes) -> None:
    """Write entries of any names."""
    (repo.path / FOLDER).mkdir(parents=True, exist_ok=True)
    for name in names:
        Path(os.fsdecode(os.fsencode(repo.path / FOLDER) + b"/" + name)).write_bytes(b"# Text\n")


@pytest.mark.parametrize("names", [(b"a\xff.txt", b"a\xfe.txt"), (b"a\xff.md", b"a\xfe.md")])
def test_files_whose_names_differ_in_no_readable_character_are_all_counted(
    repo: Repo, names: tuple[bytes, bytes]
) -> None:
    write_named(repo, *names)
    assert balances(exported(repo))


def test_ids_are_unique_though_names_differ_in_no_readable_character(repo: Repo) -> None:
    write_named(repo, b"a\xff.md", b"a\xfe.md")
    exported(repo)
    assert len(set(ids(repo))) == len(ids(repo))


def test_an_entry_whose_name_is_not_utf8_is_named(repo: Repo) -> None:
    write_named(repo, b"caf\xe9.md")
    assert "caf\\xe9.md" in repo.journal("export", code=None).output


def test_every_kind_of_file_is_accounted_for(journal: Repo) -> None:
    journal.write(f"{FOLDER}/index.md", "index\n")
    journal.write(f"{FOLDER}/picture.png", b"\x89PNG")
    journal.write(f"{FOLDER}/broken.md", "---\ntitle: [\n---\n")
    journal.write(f"{FOLDER}/latin.md", b"caf\xe9")
    journal.write(f"{FOLDER}/empty.md", "")
    (journal.path / FOLDER / "link.md").symlink_to("index.md")
    result = exported(journal, selection=Selection(tags=("rag",), max_bytes=400))
    assert (result.read, balances(result)) == (9, True)


def test_an_unmerged_entry_is_invalid_and_hides_no_other(journal: Repo) -> None:
    journal.git("checkout", "-q", "-b", "other")
    journal.write(f"{FOLDER}/2025-04-05-14-30-a.md", entry_text("theirs"))
    journal.commit()
    journal.git("checkout", "-q", "main")
    journal.write(f"{FOLDER}/2025-04-05-14-30-a.md", entry_text("ours"))
    journal.commit()
    journal.git("merge", "-q", "other", check=False)
    result = exported(journal)
    assert ([fault.message for fault in result.invalid], len(ids(journal))) == (["unmerged"], 2)


def test_staged_entries_are_exported_though_the_work_tree_differs(journal: Repo) -> None:
    journal.write(f"{FOLDER}/2025-04-05-14-30-a.md", entry_text("not staged"))
    journal.journal("export", "--staged")
    assert memories(journal)[0]["text"].startswith("[JOURNAL DE BORD] A:")


def test_a_staged_entry_that_is_only_intended_to_be_added_is_not_exported(journal: Repo) -> None:
    journal.write(f"{FOLDER}/2025-04-08-10-00-d.md", entry_text("D"))
    journal.git("add", "--intent-to-add", ".")
    journal.journal("export", "--staged")
    assert len(ids(journal)) == 3


def test_an_entry_at_the_beginning_of_time_hides_no_other(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\ntimezone = "Asia/Tokyo"\n')
    repo.write(f"{FOLDER}/old.md", "---\ndate: 0001-01-01\nheure: 00-10\ntitle: Old\n---\n")
    repo.write(f"{FOLDER}/new.md", entry_text("New"))
    repo.journal("export", code=None)
    assert "new" in ids(repo)


def test_without_git_the_same_memories_are_written(journal: Repo, tmp_path: Path) -> None:
    exported(journal)
    plain = Repo(tmp_path / "plain")
    for file in (journal.path / FOLDER).iterdir():
        plain.write(f"{FOLDER}/{file.name}", file.read_bytes())
    exported(plain)
    assert plain.read(TRACKED) == journal.read(TRACKED)


def test_an_output_takes_the_selection_and_leaves_the_others_alone(journal: Repo) -> None:
    exported(journal, selection=Selection(tags=("rag",)), output=journal.path / "rag.json")
    assert ([one[-1] for one in ids(journal, "rag.json")], (journal.path / TRACKED).exists()) == (["a", "c"], False)


def test_an_output_outside_of_the_repository_is_refused(journal: Repo) -> None:
    journal.journal("export", "--output", "../out.json", code=3)
    assert not (journal.path.parent / "out.json").exists()


def test_an_output_among_the_entries_is_refused(journal: Repo) -> None:
    assert journal.journal("export", "--output", f"{FOLDER}/out.json", code=None).exit_code == 2


def test_a_projection_behind_a_link_out_of_the_repository_is_refused(journal: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (journal.path / ".augment").symlink_to(tmp_path / "elsewhere")
    journal.journal("export", code=3)
    assert list((tmp_path / "elsewhere").rglob("*.json")) == []


def test_a_delivered_file_that_git_does_not_ignore_is_warned_about(journal: Repo) -> None:
    assert "not ignored by Git" in journal.journal("export").output


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Kiritimati"},
        {"TZ": "America/Los_Angeles", "PYTHONHASHSEED": "7"},
        {"LC_ALL": "C", "PYTHONHASHSEED": "1234"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONOPTIMIZE": "1"},
    ],
)
def test_the_bytes_are_the_same_in_every_environment(journal: Repo, environment: dict[str, str]) -> None:
    journal.write(f"{FOLDER}/2025-10-26-02-30-odd.md", ODD_ENTRY)
    journal.write("journal.toml", '[journal]\ntimezone = "Europe/Paris"\n')
    exported(journal)
    here = journal.read(TRACKED)
    forget(journal)
    command = [sys.executable, "-m", "sync", "export"]
    subprocess.run(command, cwd=journal.path, env=os.environ | environment, check=True, capture_output=True)
    assert journal.read(TRACKED) == here


def test_two_work_trees_do_not_disturb_each_other(journal: Repo) -> None:
    journal.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked = Repo(journal.path.parent / "linked")
    linked.write(f"{FOLDER}/2025-04-08-10-00-d.md", entry_text("D"))
    for _ in range(2):
        exported(journal)
        exported(linked)
    assert (len(ids(journal)), len(ids(linked))) == (3, 4)


@pytest.mark.parametrize("name", ["package.json", "data.json"])
def test_settings_cannot_make_an_export_replace_a_file_of_something_else(journal: Repo, name: str) -> None:
    journal.write(name, '{"name": "x"}' if name == "package.json" else "[1, 2]")
    before = journal.read(name)
    journal.write("journal.toml", f'[journal]\nmemories = "{name}"\n')
    assert (journal.journal("export", code=None).exit_code, journal.read(name)) == (3, before)


@pytest.mark.parametrize("path", ["journal.toml", TRACKED, DELIVERED])
def test_an_output_cannot_replace_settings_or_projections(journal: Repo, path: str) -> None:
    journal.write("journal.toml", '[journal]\nlanguage = "en"\n')
    journal.journal("export")
    before = journal.read(path)
    assert (journal.journal("export", "--output", path, code=None).exit_code, journal.read(path)) == (3, before)


def test_states_of_old_selections_are_forgotten(journal: Repo) -> None:
    for day in range(1, 9):
        journal.journal("export", "--since", f"2025-04-0{day}")
    assert len(list((journal.path / ".git/journal").glob("export-*.state"))) == 4
