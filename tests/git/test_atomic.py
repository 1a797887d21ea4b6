"""Writing: whatever fails, every file is the old one or the new one, and nothing else is left."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repositories import Repo, entry_text

from sync.engine.apply import Write, apply_writes
from sync.errors import JournalError, RefusedError, UsageError
from sync.repository.files import Span, create_new, read_or_none, refuse_outside, signature, write_atomic

OLD, NEW = b"old content\n", b"new " * 100_000
EFFECTS = ("fsync", "replace", "write", "link", "fchmod", "open", "mkstemp")


class Effects:
    """Counts the effects on the disk, and raises at the n-th."""

    def __init__(
        self, patch: pytest.MonkeyPatch, number: int, error: BaseException, names: tuple[str, ...] = EFFECTS
    ) -> None:
        self.number, self.error, self.seen = number, error, 0
        self.names: list[str] = []
        for name in names:
            module = tempfile if name == "mkstemp" else os
            patch.setattr(module, name, self.wrapped(name, getattr(module, name)))

    def wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def effect(*arguments: Any, **options: Any) -> Any:
            self.seen += 1
            self.names.append(name)
            if self.seen == self.number:
                raise self.error
            return real(*arguments, **options)

        return effect


def each_effect(
    tmp_path: Path, work: Callable[[Path], object], prepare: Callable[[Path], object], error: BaseException
) -> list[tuple[Path, bool]]:
    """Do some work again and again, each time in a folder of its own, with one more effect done before it fails.

    Returns:
        The folders, each with whether the work failed there; the last one is where it did not.
    """
    done: list[tuple[Path, bool]] = []
    while not done or done[-1][1]:
        assert len(done) < 100, "the work fails for ever"
        folder = tmp_path / str(len(done))
        folder.mkdir()
        prepare(folder)
        with pytest.MonkeyPatch.context() as patch:
            effects = Effects(patch, len(done) + 1, error)
            try:
                work(folder)
            except (JournalError, OSError, KeyboardInterrupt):
                done.append((folder, True))
            else:
                done.append((folder, effects.seen >= effects.number))
    return done


def full() -> OSError:
    """What a full disk says."""
    return OSError(28, "No space left on device")


def names(folder: Path) -> set[str]:
    """Names of everything in a folder."""
    return {path.name for path in folder.iterdir()}


def with_old_file(folder: Path) -> None:
    """One file with the old content."""
    (folder / "file").write_bytes(OLD)


def write_new(folder: Path) -> None:
    """Replace it, in three pieces of which one is copied."""
    source = folder.parent / "source"
    source.write_bytes(NEW)
    with source.open("rb") as file:
        write_atomic(folder / "file", [NEW[:1000], Span(file.fileno(), 1000, len(NEW) - 10), NEW[-10:]])


@pytest.mark.parametrize("error", [full(), KeyboardInterrupt()], ids=["disk full", "interrupted"])
def test_a_replaced_file_is_the_old_one_or_the_new_one(tmp_path: Path, error: BaseException) -> None:
    trials = each_effect(tmp_path, write_new, with_old_file, error)
    assert {(folder / "file").read_bytes() for folder, _failed in trials} == {OLD, NEW}


@pytest.mark.parametrize("error", [full(), KeyboardInterrupt()], ids=["disk full", "interrupted"])
def test_no_failure_leaves_a_temporary_file(tmp_path: Path, error: BaseException) -> None:
    trials = each_effect(tmp_path, write_new, with_old_file, error)
    assert [names(folder) for folder, _failed in trials] == [{"file"}] * len(trials)


def test_every_effect_was_tried(tmp_path: Path) -> None:
    assert len(each_effect(tmp_path, write_new, with_old_file, full())) > 6


@pytest.mark.parametrize("error", [full(), KeyboardInterrupt()], ids=["disk full", "interrupted"])
def test_a_created_file_is_whole_or_absent(tmp_path: Path, error: BaseException) -> None:
    trials = each_effect(tmp_path, lambda folder: create_new(folder / "file", NEW), lambda _folder: None, error)
    assert all(read_or_none(folder / "file") in (None, NEW) and names(folder) <= {"file"} for folder, _ in trials)


def write_three(folder: Path) -> None:
    """Replace three files."""
    apply_writes([Write(path=folder / name, pieces=[NEW]) for name in "abc"], folder)


def with_three_old_files(folder: Path) -> None:
    """Three files with the old content."""
    for name in "abc":
        (folder / name).write_bytes(OLD)


def test_of_several_files_those_before_the_failure_are_new_and_those_behind_are_old(tmp_path: Path) -> None:
    trials = each_effect(tmp_path, write_three, with_three_old_files, full())
    states = ["".join("n" if (folder / name).read_bytes() == NEW else "o" for name in "abc") for folder, _ in trials]
    assert sorted(set(states), key=states.index) == ["ooo", "noo", "nno", "nnn"]


def test_several_files_leave_no_temporary_file(tmp_path: Path) -> None:
    trials = each_effect(tmp_path, write_three, with_three_old_files, full())
    assert all(names(folder) == set("abc") for folder, _ in trials)


def failing_export(repo: Repo, number: int) -> bool:
    """Run an export whose n-th effect fails; whether it said so. A process that has ended holds no lock."""
    with pytest.MonkeyPatch.context() as patch:
        Effects(patch, number, full(), names=("fsync", "replace"))
        failed = repo.journal("export", code=None).exit_code != 0
    (repo.path / ".git/journal/lock").unlink(missing_ok=True)
    return failed


def test_an_export_that_fails_anywhere_leaves_old_or_new_files(repo: Repo) -> None:
    projections = ("journal/memories.json", ".augment/memories/journal_memories.json")
    repo.write("journal/entries/2025-04-05-a.md", entry_text("A"))
    repo.journal("export")
    old = repo.read(projections[0])
    seen: set[str] = set()
    for number in range(1, 20):
        for path in projections:
            repo.write(path, old)
        repo.write("journal/entries/2025-04-05-a.md", entry_text("B"))
        failing_export(repo, number)
        seen |= {repo.read(path) for path in projections}
    assert len(seen) == 2


def test_an_export_that_fails_anywhere_leaves_no_temporary_file(repo: Repo) -> None:
    repo.write("journal/entries/2025-04-05-a.md", entry_text("A"))
    failed = [failing_export(repo, number) for number in range(1, 20)]
    assert (failed[0], failed[-1], list(repo.path.rglob("*.tmp"))) == (True, False, [])


def test_the_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    effects = Effects(monkeypatch, 0, full())
    write_atomic(tmp_path / "file", [NEW])
    order = [name for name in effects.names if name in {"fsync", "replace"}]
    assert order == ["fsync", "replace", "fsync"]


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    write_atomic(tmp_path / "file", [NEW[:999], b"", b"end"])
    assert (tmp_path / "file").read_bytes() == NEW[:999] + b"end"


@pytest.mark.parametrize("kernel_copies", [True, False])
def test_a_span_is_copied_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel_copies: bool) -> None:
    def refuse(*_arguments: object, **_options: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    if not kernel_copies:
        monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    data = os.urandom(3_000_001)
    (tmp_path / "source").write_bytes(data)
    with (tmp_path / "source").open("rb") as source:
        write_atomic(tmp_path / "file", [b"<", Span(source.fileno(), 5, 3_000_000), b">"])
    assert (tmp_path / "file").read_bytes() == b"<" + data[5:3_000_000] + b">"


def test_a_file_can_be_made_of_spans_of_itself(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    with file.open("rb") as source:
        write_atomic(file, [Span(source.fileno(), 5, 10), Span(source.fileno(), 0, 5)])
    assert file.read_bytes() == b"5678901234"


def test_a_source_that_became_shorter_keeps_the_old_file(tmp_path: Path) -> None:
    with_old_file(tmp_path)
    (tmp_path / "source").write_bytes(b"short")
    with (tmp_path / "source").open("rb") as source, pytest.raises(UsageError):
        write_atomic(tmp_path / "file", [Span(source.fileno(), 0, 99)])
    assert (tmp_path / "file").read_bytes() == OLD


def test_the_permissions_of_a_file_are_kept(tmp_path: Path) -> None:
    with_old_file(tmp_path)
    (tmp_path / "file").chmod(0o640)
    write_atomic(tmp_path / "file", [NEW])
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("make", [lambda path: write_atomic(path, [NEW]), lambda path: create_new(path, NEW)])
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path, make: Callable[[Path], object]) -> None:
    old = os.umask(0o027)
    try:
        make(tmp_path / "file")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a/b/file", [NEW])
    assert (tmp_path / "a/b/file").read_bytes() == NEW


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "\U0001f600" * 63])
def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path, name: str) -> None:
    write_atomic(tmp_path / name, [NEW])
    assert (tmp_path / name).read_bytes() == NEW


def test_a_folder_in_the_place_of_the_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(UsageError, match="file: cannot be written"):
        write_atomic(tmp_path / "file", [NEW])


def test_a_file_in_the_place_of_the_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(OLD)
    with pytest.raises(UsageError, match="cannot be written"):
        write_atomic(tmp_path / "folder/file", [NEW])


def test_a_read_only_disk_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(**_options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkstemp", read_only)
    with pytest.raises(UsageError, match="file: cannot be written: Read-only file system"):
        write_atomic(tmp_path / "file", [NEW])


def test_creating_never_replaces(tmp_path: Path) -> None:
    with_old_file(tmp_path)
    assert (create_new(tmp_path / "file", NEW), (tmp_path / "file").read_bytes()) == (False, OLD)


def test_creating_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")
    assert (create_new(tmp_path / "file", NEW), (tmp_path / "elsewhere").exists()) == (False, False)


def test_a_refused_creation_leaves_no_temporary_file(tmp_path: Path) -> None:
    with_old_file(tmp_path)
    create_new(tmp_path / "file", NEW)
    assert names(tmp_path) == {"file"}


def test_a_write_behind_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(RefusedError):
        refuse_outside(root / "link/file", root)


def test_a_refused_write_keeps_the_others_from_being_written(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    writes = [Write(path=root / "a", pieces=[NEW]), Write(path=tmp_path / "b", pieces=[NEW])]
    with pytest.raises(RefusedError):
        apply_writes(writes, root)
    assert names(root) == set()


def test_a_root_behind_a_link_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    apply_writes([Write(path=tmp_path / "link/file", pieces=[NEW])], tmp_path / "real")
    assert (tmp_path / "real/file").read_bytes() == NEW


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read_or_none(tmp_path / "nothing") is None


def test_a_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="loop: cannot be read"):
        read_or_none(tmp_path / "loop")


def test_a_signature_changes_with_the_file(tmp_path: Path) -> None:
    with_old_file(tmp_path)
    before = signature(tmp_path / "file")
    write_atomic(tmp_path / "file", [OLD])
    assert signature(tmp_path / "file") != before


def test_a_missing_file_has_no_signature(tmp_path: Path) -> None:
    assert signature(tmp_path / "nothing") == []
