"""Which files a listing names, by which id, in every state that Git can leave a folder in."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from repositories import Repo

from sync.errors import JournalError
from sync.repository.git import locate
from sync.repository.listing import Listing, Row, Source, blob_id, list_files, to_row

FOLDER = "journal/entries"


def listing_of(path: Path, source: Source = Source.WORK_TREE) -> Listing:
    """The listing of the entries folder."""
    return list_files(locate(path), FOLDER, source)


def contents(path: Path, source: Source = Source.WORK_TREE) -> dict[bytes, bytes]:
    """Path below the entries folder -> bytes, of every file that can be read."""
    listing = listing_of(path, source)
    prefix = f"{FOLDER}/".encode()
    return {row.path.removeprefix(prefix): data for row, data in listing.read(listing.lines) if not row.problem}


def problems(path: Path, source: Source = Source.WORK_TREE) -> dict[bytes, str]:
    """Path below the entries folder -> problem, of every file that cannot be read."""
    prefix = f"{FOLDER}/".encode()
    rows = map(to_row, listing_of(path, source).lines)
    return {row.path.removeprefix(prefix): row.problem for row in rows if row.problem}


def paths(path: Path, source: Source = Source.WORK_TREE) -> list[bytes]:
    """The paths of a listing, in its order."""
    return [to_row(line).path for line in listing_of(path, source).lines]


def write_bytes_path(repo: Repo, name: bytes, content: bytes) -> None:
    """Write a file of any name into the entries folder."""
    folder = os.fsencode(repo.path / FOLDER)
    Path(os.fsdecode(folder)).mkdir(parents=True, exist_ok=True)
    Path(os.fsdecode(os.path.join(folder, name))).write_bytes(content)


@pytest.fixture
def committed(repo: Repo) -> Repo:
    """A repository with two committed entries."""
    repo.write(f"{FOLDER}/a.md", "one\n")
    repo.write(f"{FOLDER}/b.md", "two\n")
    repo.commit()
    return repo


@pytest.mark.parametrize("source", Source)
def test_committed_files_are_listed_with_their_bytes(committed: Repo, source: Source) -> None:
    assert contents(committed.path, source) == {b"a.md": b"one\n", b"b.md": b"two\n"}


def test_files_outside_of_the_folder_are_not_listed(committed: Repo) -> None:
    committed.write("journal/entries.md", "no\n")
    committed.write("journal/entries-old/a.md", "no\n")
    assert paths(committed.path) == [b"journal/entries/a.md", b"journal/entries/b.md"]


def test_the_folder_name_is_no_pattern(repo: Repo) -> None:
    repo.write("[ab]*/x.md", "wanted\n")
    repo.write("a1/x.md", "other\n")
    listing = list_files(locate(repo.path), "[ab]*", Source.WORK_TREE)
    assert [to_row(line).path for line in listing.lines] == [b"[ab]*/x.md"]


def test_the_work_tree_shows_a_modified_file_as_it_is(committed: Repo) -> None:
    committed.write(f"{FOLDER}/a.md", "changed\n")
    assert contents(committed.path)[b"a.md"] == b"changed\n"


def test_the_index_does_not_show_what_is_modified_but_not_staged(committed: Repo) -> None:
    committed.write(f"{FOLDER}/a.md", "changed\n")
    assert contents(committed.path, Source.INDEX)[b"a.md"] == b"one\n"


def test_the_index_shows_what_is_staged(committed: Repo) -> None:
    committed.write(f"{FOLDER}/a.md", "staged\n")
    committed.git("add", ".")
    committed.write(f"{FOLDER}/a.md", "later\n")
    assert contents(committed.path, Source.INDEX)[b"a.md"] == b"staged\n"


def test_the_work_tree_does_not_list_a_deleted_file(committed: Repo) -> None:
    (committed.path / FOLDER / "a.md").unlink()
    assert paths(committed.path) == [b"journal/entries/b.md"]


def test_the_index_lists_a_file_that_is_deleted_but_not_staged(committed: Repo) -> None:
    (committed.path / FOLDER / "a.md").unlink()
    assert contents(committed.path, Source.INDEX)[b"a.md"] == b"one\n"


def test_a_file_taken_out_of_the_index_is_listed_from_the_work_tree(committed: Repo) -> None:
    committed.git("rm", "-q", "--cached", f"{FOLDER}/a.md")
    assert contents(committed.path)[b"a.md"] == b"one\n"


def test_the_work_tree_lists_an_untracked_file_in_its_place(committed: Repo) -> None:
    committed.write(f"{FOLDER}/aa.md", "new\n")
    assert paths(committed.path) == [b"journal/entries/a.md", b"journal/entries/aa.md", b"journal/entries/b.md"]


def test_the_index_does_not_list_an_untracked_file(committed: Repo) -> None:
    committed.write(f"{FOLDER}/aa.md", "new\n")
    assert b"aa.md" not in contents(committed.path, Source.INDEX)


def test_an_ignored_file_is_not_listed(committed: Repo) -> None:
    committed.write(".gitignore", "draft-*.md\n")
    committed.write(f"{FOLDER}/draft-1.md", "no\n")
    assert b"draft-1.md" not in contents(committed.path)


def test_a_tracked_file_is_listed_though_it_is_ignored(committed: Repo) -> None:
    committed.write(".gitignore", "a.md\n")
    assert b"a.md" in contents(committed.path)


def test_the_work_tree_shows_a_file_that_is_only_intended_to_be_added(committed: Repo) -> None:
    committed.write(f"{FOLDER}/c.md", "intended\n")
    committed.git("add", "--intent-to-add", f"{FOLDER}/c.md")
    assert contents(committed.path)[b"c.md"] == b"intended\n"


def test_the_index_does_not_list_a_file_that_is_only_intended_to_be_added(committed: Repo) -> None:
    committed.write(f"{FOLDER}/c.md", "intended\n")
    committed.git("add", "--intent-to-add", f"{FOLDER}/c.md")
    assert b"c.md" not in contents(committed.path, Source.INDEX)


@pytest.mark.parametrize("staged", [False, True])
def test_a_symbolic_link_is_named_as_one_and_not_followed(committed: Repo, staged: bool) -> None:
    (committed.path / FOLDER / "link.md").symlink_to("a.md")
    if staged:
        committed.git("add", ".")
    assert problems(committed.path) == {b"link.md": "a symbolic link"}


def test_a_dangling_link_hides_no_other_file(committed: Repo) -> None:
    (committed.path / FOLDER / "0.md").symlink_to("nowhere.md")
    assert contents(committed.path) == {b"a.md": b"one\n", b"b.md": b"two\n"}


def test_a_file_that_became_a_link_is_named_as_one(committed: Repo) -> None:
    file = committed.path / FOLDER / "a.md"
    file.unlink()
    file.symlink_to("b.md")
    assert problems(committed.path) == {b"a.md": "a symbolic link"}


def test_a_link_that_became_a_file_is_read(committed: Repo) -> None:
    link = committed.path / FOLDER / "link.md"
    link.symlink_to("a.md")
    committed.commit()
    link.unlink()
    link.write_bytes(b"a file now\n")
    assert contents(committed.path)[b"link.md"] == b"a file now\n"


def test_a_file_that_became_a_folder_gives_way_to_what_lies_in_it(committed: Repo) -> None:
    (committed.path / FOLDER / "a.md").unlink()
    committed.write(f"{FOLDER}/a.md/inside.md", "deep\n")
    assert contents(committed.path) == {b"a.md/inside.md": b"deep\n", b"b.md": b"two\n"}


@pytest.mark.parametrize("tracked", [False, True])
def test_a_submodule_is_named_as_one(committed: Repo, tracked: bool) -> None:
    inner = Repo(committed.path / FOLDER / "inner")
    inner.path.mkdir()
    inner.git("init", "-q")
    inner.write("x.md", "not ours\n")
    inner.commit()
    if tracked:
        committed.git("-c", "advice.addEmbeddedRepo=false", "add", f"{FOLDER}/inner")
    assert set(problems(committed.path).values()) == {"a submodule"}


@pytest.fixture
def conflicted(committed: Repo) -> Repo:
    """In the middle of a merge in which both sides changed a.md."""
    committed.git("checkout", "-q", "-b", "other")
    committed.write(f"{FOLDER}/a.md", "theirs\n")
    committed.commit()
    committed.git("checkout", "-q", "main")
    committed.write(f"{FOLDER}/a.md", "ours\n")
    committed.commit()
    committed.git("merge", "-q", "other", check=False)
    return committed


@pytest.mark.parametrize("source", Source)
def test_an_unmerged_file_is_listed_once_and_named_as_unmerged(conflicted: Repo, source: Source) -> None:
    found = [to_row(line) for line in listing_of(conflicted.path, source).lines]
    assert [row.problem.split(":")[0] for row in found] == ["unmerged", ""]


def test_an_unmerged_file_that_is_gone_from_the_work_tree_is_still_unmerged(conflicted: Repo) -> None:
    (conflicted.path / FOLDER / "a.md").unlink()
    assert list(problems(conflicted.path)) == [b"a.md"]


def test_a_file_changed_on_one_side_and_deleted_on_the_other_is_unmerged(committed: Repo) -> None:
    committed.git("checkout", "-q", "-b", "other")
    committed.git("rm", "-q", f"{FOLDER}/a.md")
    committed.commit()
    committed.git("checkout", "-q", "main")
    committed.write(f"{FOLDER}/a.md", "ours\n")
    committed.commit()
    committed.git("merge", "-q", "other", check=False)
    assert list(problems(committed.path)) == [b"a.md"]


def test_a_resolved_file_is_read_again(conflicted: Repo) -> None:
    conflicted.write(f"{FOLDER}/a.md", "both\n")
    conflicted.git("add", ".")
    assert contents(conflicted.path)[b"a.md"] == b"both\n"


def test_files_that_a_sparse_checkout_leaves_out_are_listed(committed: Repo) -> None:
    committed.write("code/x.py", "pass\n")
    committed.commit()
    committed.git("sparse-checkout", "set", "code")
    assert contents(committed.path) == {b"a.md": b"one\n", b"b.md": b"two\n"}


def test_a_sparse_checkout_keeps_the_order_of_paths(committed: Repo) -> None:
    committed.git("sparse-checkout", "set", "--no-cone", f"/{FOLDER}/b.md")
    committed.write(f"{FOLDER}/aa.md", "new\n")
    assert paths(committed.path) == [b"journal/entries/a.md", b"journal/entries/aa.md", b"journal/entries/b.md"]


def test_line_endings_are_those_that_git_would_store(committed: Repo) -> None:
    committed.git("config", "core.autocrlf", "true")
    committed.write(f"{FOLDER}/c.md", "windows\r\n")
    assert contents(committed.path)[b"c.md"] == b"windows\n"


def test_the_id_is_the_one_that_git_add_would_give(committed: Repo) -> None:
    committed.git("config", "core.autocrlf", "true")
    committed.write(f"{FOLDER}/c.md", "windows\r\n")
    before = listing_of(committed.path).lines
    committed.git("add", ".")
    assert listing_of(committed.path, Source.INDEX).lines == before


def test_a_clean_filter_is_applied(committed: Repo) -> None:
    committed.git("config", "filter.upper.clean", "tr a-z A-Z")
    committed.write(".gitattributes", "*.md filter=upper\n")
    committed.write(f"{FOLDER}/c.md", "small\n")
    assert contents(committed.path)[b"c.md"] == b"SMALL\n"


def test_committing_what_the_work_tree_holds_changes_no_line(committed: Repo) -> None:
    committed.write(f"{FOLDER}/a.md", "changed\n")
    committed.write(f"{FOLDER}/c.md", "new\n")
    (committed.path / FOLDER / "b.md").unlink()
    before = listing_of(committed.path).lines
    committed.commit()
    assert listing_of(committed.path).lines == before


def test_a_sha256_repository_is_read_by_its_own_ids(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "sha256")
    repo.path.mkdir()
    repo.git("init", "-q", "--object-format=sha256")
    repo.write(f"{FOLDER}/a.md", "one\n")
    repo.commit()
    repo.write(f"{FOLDER}/b.md", "two\n")
    rows = [to_row(line) for line in listing_of(repo.path).lines]
    assert [row.blob for row in rows] == [blob_id(b"one\n", sha256=True), blob_id(b"two\n", sha256=True)]


@pytest.mark.parametrize("sha256", [False, True])
def test_a_blob_id_is_that_of_git_hash_object(tmp_path: Path, sha256: bool) -> None:
    repo = Repo(tmp_path / "ids")
    repo.path.mkdir()
    repo.git("init", "-q", f"--object-format={'sha256' if sha256 else 'sha1'}")
    repo.write("x", b"any\x00bytes\n")
    assert blob_id(b"any\x00bytes\n", sha256=sha256).decode() == repo.git("hash-object", "x").strip()


ODD_NAMES = [
    "café.md".encode(),
    b"a\nb.md",
    b"tab\there.md",
    b"ends with return\r",
    b'"quoted".md',
    b"back\\slash.md",
    b" blank .md",
    b"-dash.md",
    b":(top)x.md",
    b"*.md",
    b"\xe2\x80\xa8.md",
]


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_is_listed_with_its_bytes(committed: Repo, name: bytes, staged: bool) -> None:
    write_bytes_path(committed, name, b"odd\n")
    if staged:
        committed.git("add", ".")
    assert contents(committed.path)[name] == b"odd\n"


@pytest.mark.parametrize("staged", [False, True])
def test_a_name_that_is_not_utf8_is_named_as_such(committed: Repo, staged: bool) -> None:
    write_bytes_path(committed, b"caf\xe9.md", b"odd\n")
    if staged:
        committed.git("add", ".")
    assert problems(committed.path) == {b"caf\xe9.md": "its name is not UTF-8: rename it"}


def test_a_name_that_is_not_utf8_can_be_shown() -> None:
    assert Row(b"caf\xe9.md", b"").name == "caf\\xe9.md"


def test_many_dirty_files_are_listed_in_the_order_of_their_bytes(committed: Repo) -> None:
    for number in range(100):
        committed.write(f"{FOLDER}/{number}.md", f"{number}\n")
    found = paths(committed.path)
    assert found == sorted(found)


def test_many_dirty_files_have_their_own_bytes(committed: Repo) -> None:
    for number in range(100):
        committed.write(f"{FOLDER}/{number}.md", f"{number}\n")
    found = contents(committed.path)
    assert all(found[f"{number}.md".encode()] == f"{number}\n".encode() for number in range(100))


def test_a_linked_work_tree_lists_its_own_files(committed: Repo) -> None:
    committed.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked = Repo(committed.path.parent / "linked")
    linked.write(f"{FOLDER}/a.md", "on the side\n")
    assert contents(linked.path)[b"a.md"] == b"on the side\n"


def test_a_linked_work_tree_shares_the_git_folder(committed: Repo) -> None:
    committed.git("worktree", "add", "-q", "../linked", "-b", "side")
    assert locate(committed.path.parent / "linked").git_dir == (committed.path / ".git").resolve()


def test_a_subfolder_as_start_lists_the_whole_journal(committed: Repo) -> None:
    deep = committed.path / "code/deep"
    deep.mkdir(parents=True)
    assert listing_of(deep).lines == listing_of(committed.path).lines


@pytest.mark.parametrize("name", ["two\nlines", "line\u2028separator", "next\x85line"])
def test_a_repository_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    repo = Repo(tmp_path / name)
    repo.path.mkdir()
    repo.git("init", "-q")
    assert locate(repo.path).root == repo.path.resolve()


def test_a_repository_without_commits_lists_what_lies_there(repo: Repo) -> None:
    repo.write(f"{FOLDER}/a.md", "first\n")
    assert contents(repo.path) == {b"a.md": b"first\n"}


@pytest.mark.parametrize("source", Source)
def test_a_missing_folder_is_an_empty_listing(repo: Repo, source: Source) -> None:
    assert listing_of(repo.path, source).lines == ()


def test_listing_writes_nothing_into_the_index(committed: Repo) -> None:
    index = committed.path / ".git/index"
    os.utime(committed.path / FOLDER / "a.md", (0, 0))
    before = hashlib.sha256(index.read_bytes()).hexdigest()
    listing_of(committed.path)
    assert hashlib.sha256(index.read_bytes()).hexdigest() == before


def test_listing_does_not_wait_for_an_index_that_somebody_locked(committed: Repo) -> None:
    (committed.path / ".git/index.lock").touch()
    assert len(paths(committed.path)) == 2


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A folder without Git, with two entries and a file elsewhere."""
    root = tmp_path / "plain"
    (root / FOLDER / "deep").mkdir(parents=True)
    (root / FOLDER / "a.md").write_bytes(b"one\n")
    (root / FOLDER / "deep/b.md").write_bytes(b"two\n")
    (root / "journal/elsewhere.md").write_bytes(b"no\n")
    return root


def test_a_folder_without_git_is_listed_from_the_disk(plain: Path) -> None:
    assert contents(plain) == {b"a.md": b"one\n", b"deep/b.md": b"two\n"}


def test_without_git_a_link_is_named_as_one(plain: Path) -> None:
    (plain / FOLDER / "link.md").symlink_to("a.md")
    assert problems(plain) == {b"link.md": "a symbolic link"}


def test_without_git_the_lines_are_those_that_git_gives_later(plain: Path) -> None:
    (plain / FOLDER / "link.md").symlink_to("a.md")
    (plain / FOLDER / "folder").symlink_to("deep")
    before = listing_of(plain).lines
    subprocess.run(["git", "init", "-q"], cwd=plain, check=True)
    assert listing_of(plain).lines == before


def test_without_git_odd_names_are_listed_in_the_order_of_their_bytes(plain: Path) -> None:
    for name in (b"caf\xe9.md", b"a\nb.md", b"Z.md"):
        Path(os.fsdecode(os.fsencode(plain / FOLDER) + b"/" + name)).write_bytes(b"x")
    assert paths(plain) == sorted(paths(plain))


def test_a_file_that_disappears_while_it_is_read_says_to_run_again(committed: Repo) -> None:
    committed.write(f"{FOLDER}/a.md", "changed\n")
    listing = listing_of(committed.path)
    (committed.path / FOLDER / "a.md").unlink()
    with pytest.raises(JournalError) as caught:
        list(listing.read(listing.lines))
    assert caught.value.exit_code == 4
