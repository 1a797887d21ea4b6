"""Git objects: what is asked for is found as it is, and what is stored is exactly what was given."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repo

from sync.errors import GitError
from sync.repository.git import run_git
from sync.repository.objects import (
    Changed,
    changed_files,
    commit_tree,
    graft,
    list_tree,
    make_tree,
    resolve,
    write_blobs,
)

ABSENT = "0123456789" * 4
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def blob(repo: Repo, content: str) -> str:
    """The id of a blob, stored."""
    return write_blobs(repo.path, [content.encode()])[0]


def content(repo: Repo, name: str) -> str:
    """What an object holds."""
    return repo.git("cat-file", "-p", name)


def nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git knows no user, and must not guess one."""
    (home / ".gitconfig").write_text("[user]\n    useConfigOnly = true\n", encoding="utf-8")
    monkeypatch.delenv("EMAIL", raising=False)


# resolving


def test_names_are_resolved_in_their_order(repo: Repo) -> None:
    repo.write("a/b c.md", "x")
    commit = repo.commit()
    found = resolve(repo.path, ["HEAD:a/b c.md", "HEAD", "refs/journal/none", f"{commit}:a"])
    assert found == [blob(repo, "x"), commit, None, repo.git("rev-parse", "HEAD:a").strip()]


@pytest.mark.parametrize("name", ["", "HEAD", "HEAD:none", "refs/journal/x", ABSENT, "HEAD:a\nHEAD:b", "HEAD:a\0b"])
def test_what_does_not_exist_is_none(repo: Repo, name: str) -> None:
    assert resolve(repo.path, [name]) == [None]


@given(path=st.text(st.characters(codec="utf-8"), max_size=20))
def test_no_path_shifts_the_answers_for_others(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    repo = Repo(tmp_path_factory.getbasetemp() / "resolving")
    if not repo.path.exists():
        repo.path.mkdir()
        repo.git("init", "-q")
    known = blob(repo, "known")
    assert resolve(repo.path, [known, f"{EMPTY_TREE}:x{path}", known]) == [known, None, known]


def test_a_path_that_looks_described_is_not_taken_for_a_commit(repo: Repo) -> None:
    commit = repo.commit()
    assert resolve(repo.path, [f"{commit}:none-g{commit[:10]}"]) == [None]


def test_a_missing_path_that_ends_like_an_answer_is_none(repo: Repo) -> None:
    commit = repo.commit()
    assert resolve(repo.path, [f"{commit}:{ABSENT} blob"]) == [None]


# trees


def test_a_tree_lists_its_regular_files(repo: Repo) -> None:
    repo.write("top.md", "1")
    repo.write("a/über.md", "2").chmod(0o755)
    (repo.path / "link").symlink_to("top.md")
    (repo.path / os.fsdecode(b"a/\xff.md")).write_text("3")
    commit = repo.commit()
    assert list_tree(repo.path, commit) == {"top.md": blob(repo, "1"), "a/über.md": blob(repo, "2")}


@pytest.mark.parametrize("folder", ["a", "a/", ":(top)", "*"])
def test_a_folder_of_a_tree_is_meant_literally(repo: Repo, folder: str) -> None:
    for name in ("a/1", "ab/2", ":(top)/3", "*/4", "5"):
        repo.write(name, name)
    commit = repo.commit()
    assert [path.rsplit("/", 1)[0] for path in list_tree(repo.path, commit, folder)] == [folder.rstrip("/")]


def test_a_folder_that_is_not_in_the_tree_has_no_files(repo: Repo) -> None:
    repo.write("a", "a file")
    commit = repo.commit()
    assert (list_tree(repo.path, commit, "a"), list_tree(repo.path, commit, "b")) == ({}, {})


@pytest.mark.parametrize("tree", [ABSENT, "HEAD", "--help", ""])
def test_only_the_id_of_a_tree_is_a_tree(repo: Repo, tree: str) -> None:
    repo.commit()
    with pytest.raises(GitError):
        list_tree(repo.path, tree)


# differences


def test_a_difference_names_what_came_went_and_changed(repo: Repo) -> None:
    for name in ("kept", "changed", "gone"):
        repo.write(f"j/{name}", name)
    old = repo.commit()
    repo.write("j/changed", "other")
    (repo.path / "j/gone").unlink()
    repo.write("j/new", "1")
    repo.write("outside", "1")
    new = repo.commit()
    assert changed_files(repo.path, old, new, "j") == [
        Changed("j/changed", blob(repo, "changed"), blob(repo, "other")),
        Changed("j/gone", blob(repo, "gone"), None),
        Changed("j/new", None, blob(repo, "1")),
    ]


def test_a_renamed_file_is_one_change(repo: Repo) -> None:
    text = "".join(f"line {i}\n" for i in range(20))
    repo.write("j/a", text)
    old = repo.commit()
    repo.git("mv", "j/a", "j/b")
    repo.write("j/b", text + "one more\n")
    new = repo.commit()
    assert changed_files(repo.path, old, new, "j") == [
        Changed("j/b", blob(repo, text), blob(repo, text + "one more\n"), renamed_from="j/a")
    ]


def test_a_file_that_moves_into_the_folder_is_new_there(repo: Repo) -> None:
    repo.write("a", "some text\n")
    old = repo.commit()
    repo.write("j/a", "some text\n")
    repo.git("rm", "-q", "a")
    new = repo.commit()
    assert changed_files(repo.path, old, new, "j") == [Changed("j/a", None, blob(repo, "some text\n"))]


def test_a_link_that_takes_a_files_place_removes_it(repo: Repo) -> None:
    repo.write("a", "b")
    old = repo.commit()
    (repo.path / "a").unlink()
    (repo.path / "a").symlink_to("b")
    new = repo.commit()
    assert changed_files(repo.path, old, new) == [Changed("a", blob(repo, "b"), None)]


def test_a_mode_is_not_content(repo: Repo) -> None:
    file = repo.write("a", "b")
    old = repo.commit()
    file.chmod(0o755)
    new = repo.commit()
    assert changed_files(repo.path, old, new) == []


@pytest.mark.parametrize("names", [(b"\xff", b"a"), (b"a", b"\xff")])
def test_half_of_a_rename_is_seen_where_the_other_name_is_not_utf8(repo: Repo, names: tuple[bytes, bytes]) -> None:
    before, after = (repo.path / os.fsdecode(name) for name in names)
    before.write_text("some text\n")
    old = repo.commit()
    before.rename(after)
    new = repo.commit()
    there = blob(repo, "some text\n")
    came, went = Changed("a", None, there), Changed("a", there, None)
    assert changed_files(repo.path, old, new) == [came if names[1] == b"a" else went]


def test_the_users_settings_do_not_change_a_difference(repo: Repo) -> None:
    for name, value in (("diff.renames", "false"), ("diff.noprefix", "true"), ("core.abbrev", "4")):
        repo.git("config", name, value)
    repo.write("a", "some text\n")
    old = repo.commit()
    repo.git("mv", "a", "b")
    new = repo.commit()
    assert [one.renamed_from for one in changed_files(repo.path, old, new)] == ["a"]


# blobs


@given(contents=st.lists(st.binary(max_size=50), max_size=6))
def test_blobs_are_stored_exactly(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    repo = Repo(tmp_path_factory.getbasetemp() / "blobs")
    if not repo.path.exists():
        repo.path.mkdir()
        repo.git("init", "-q")
    ids = write_blobs(repo.path, contents)
    assert [run_git(repo.path, "cat-file", "blob", one) for one in ids] == contents


@pytest.mark.parametrize("count", [1, 2, 300])
def test_no_filter_changes_a_blob(repo: Repo, count: int) -> None:
    repo.git("config", "core.autocrlf", "true")
    repo.write(".gitattributes", "* text eol=crlf\n")
    contents = [b"%d\r\n" % i for i in range(count)]
    ids = write_blobs(repo.path, contents)
    assert [run_git(repo.path, "cat-file", "blob", one) for one in ids] == contents


def test_blobs_leave_refs_and_work_tree_alone(repo: Repo) -> None:
    write_blobs(repo.path, [b"a", b"b", b"a"])
    assert (repo.git("for-each-ref"), repo.git("status", "--porcelain")) == ("", "")


# making trees


def test_a_tree_is_made_from_nothing(repo: Repo) -> None:
    made = make_tree(repo.path, None, {"a/b.md": blob(repo, "1"), "c": blob(repo, "2")})
    assert list_tree(repo.path, made) == {"a/b.md": blob(repo, "1"), "c": blob(repo, "2")}


def test_no_changes_make_the_same_tree(repo: Repo) -> None:
    repo.write("a/b", "1")
    commit = repo.commit()
    tree = repo.git("rev-parse", "HEAD^{tree}").strip()
    assert (make_tree(repo.path, commit, {}), make_tree(repo.path, None, {})) == (tree, EMPTY_TREE)


def test_a_tree_is_changed_at_the_named_paths_only(repo: Repo) -> None:
    for name in ("kept", "changed", "gone"):
        repo.write(f"a/{name}", name)
    base = repo.commit()
    made = make_tree(repo.path, base, {"a/changed": blob(repo, "other"), "a/gone": None, "never": None})
    assert list_tree(repo.path, made) == {"a/kept": blob(repo, "kept"), "a/changed": blob(repo, "other")}


def test_a_file_keeps_its_mode(repo: Repo) -> None:
    repo.write("run.md", "1").chmod(0o755)
    made = make_tree(repo.path, repo.commit(), {"run.md": blob(repo, "2")})
    assert repo.git("ls-tree", made).split() == ["100755", "blob", blob(repo, "2"), "run.md"]


def test_a_folder_may_take_the_place_of_a_file_that_goes(repo: Repo) -> None:
    repo.write("a", "1")
    made = make_tree(repo.path, repo.commit(), {"a/b": blob(repo, "2"), "a": None})
    assert list(list_tree(repo.path, made)) == ["a/b"]


@pytest.mark.parametrize("path", ["a/b", "a/b/c/d", "x", "", "../x", "/x", ".git/x", "x/../y", "x//y", "n\0l"])
def test_a_path_that_cannot_be_is_refused(repo: Repo, path: str) -> None:
    repo.write("a/b/c", "1")
    repo.write("x/y", "1")
    base = repo.commit()
    with pytest.raises(GitError):
        make_tree(repo.path, base, {path: blob(repo, "2")})


def test_a_link_is_not_overwritten(repo: Repo) -> None:
    (repo.path / "a").symlink_to("b")
    base = repo.commit()
    with pytest.raises(GitError, match="symbolic link"):
        make_tree(repo.path, base, {"a": blob(repo, "2")})


def test_a_blob_that_is_missing_is_refused(repo: Repo) -> None:
    with pytest.raises(GitError):
        make_tree(repo.path, None, {"a": ABSENT})


def test_the_users_index_is_not_touched(repo: Repo) -> None:
    repo.write("a", "1")
    base = repo.commit()
    repo.git("config", "core.splitIndex", "true")
    before = (repo.path / ".git/index").read_bytes(), sorted(os.listdir(repo.path / ".git"))
    make_tree(repo.path, base, {"b": blob(repo, "2")})
    assert ((repo.path / ".git/index").read_bytes(), sorted(os.listdir(repo.path / ".git"))) == before


def test_a_sparse_work_tree_loses_nothing_from_the_tree(repo: Repo) -> None:
    for name in ("in/a", "out/b", "out/deep/c"):
        repo.write(name, name)
    base = repo.commit()
    repo.git("sparse-checkout", "init", "--cone", "--sparse-index")
    repo.git("sparse-checkout", "set", "in")
    made = make_tree(repo.path, base, {"out/new": blob(repo, "1")})
    assert sorted(list_tree(repo.path, made)) == ["in/a", "out/b", "out/deep/c", "out/new"]


def test_parts_are_grafted_into_one_tree(repo: Repo) -> None:
    repo.write("a/b", "1")
    repo.commit()
    made = graft(repo.path, {"entries": repo.git("rev-parse", "HEAD:a").strip(), "z": blob(repo, "2")})
    assert list_tree(repo.path, made) == {"entries/b": blob(repo, "1"), "z": blob(repo, "2")}


def test_nothing_grafts_to_the_empty_tree(repo: Repo) -> None:
    assert graft(repo.path, {}) == EMPTY_TREE


@pytest.mark.parametrize("name", ["a/b", "", ".", "..", "n\0l"])
def test_a_part_has_a_plain_name(repo: Repo, name: str) -> None:
    with pytest.raises(GitError):
        graft(repo.path, {name: blob(repo, "1")})


def test_a_part_that_is_missing_is_refused(repo: Repo) -> None:
    with pytest.raises(GitError, match="neither a blob nor a tree"):
        graft(repo.path, {"a": ABSENT})


def test_a_commit_is_no_part_of_a_tree(repo: Repo) -> None:
    commit = repo.commit()
    with pytest.raises(GitError, match="neither a blob nor a tree"):
        graft(repo.path, {"a": commit})


# commits


def test_a_commit_has_its_tree_parents_and_message(repo: Repo) -> None:
    parent = repo.commit()
    made = commit_tree(repo.path, EMPTY_TREE, [parent, parent], "Ünïcode\n\nbody\n")
    assert repo.git("log", "-1", "--format=%T %P %an %B", made).split() == [
        EMPTY_TREE, parent, "Ada", "Lovelace", "Ünïcode", "body",
    ]  # fmt: skip


def test_a_commit_is_made_by_journal_sync_where_git_knows_nobody(
    repo: Repo, hermetic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody(hermetic, monkeypatch)
    made = commit_tree(repo.path, EMPTY_TREE, [], "x")
    assert (
        repo.git("log", "-1", "--format=%an <%ae> %cn", made) == "journal-sync <journal-sync@localhost> journal-sync\n"
    )


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Grace Hopper <grace@example.org>", "Grace Hopper <grace@example.org>"),
        ("Augment", "Augment <journal-sync@localhost>"),
        ("<>", "journal-sync <journal-sync@localhost>"),
        ("A\nB\0C <a@b>", "ABC <a@b>"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_an_author_may_be_named(
    repo: Repo, hermetic: Path, monkeypatch: pytest.MonkeyPatch, author: str, expected: str, known: bool
) -> None:
    if not known:
        nobody(hermetic, monkeypatch)
    made = commit_tree(repo.path, EMPTY_TREE, [], "x", author=author)
    committer = "Ada Lovelace" if known else "journal-sync"
    assert repo.git("log", "-1", "--format=%an <%ae> %cn", made) == f"{expected} {committer}\n"


def test_a_message_is_utf8_whatever_the_user_has_set(repo: Repo) -> None:
    repo.git("config", "i18n.commitEncoding", "latin1")
    repo.git("config", "commit.gpgSign", "true")
    made = commit_tree(repo.path, EMPTY_TREE, [], "é\0\udce9")
    assert "encoding" not in content(repo, made)


def test_a_commit_of_a_missing_tree_is_an_error(repo: Repo) -> None:
    with pytest.raises(GitError):
        commit_tree(repo.path, ABSENT, [], "x")


def test_new_objects_are_readable_only_where_git_says_so(repo: Repo) -> None:
    made = blob(repo, "x")
    mode = (repo.path / ".git/objects" / made[:2] / made[2:]).stat().st_mode
    assert stat.S_IMODE(mode) == 0o444
