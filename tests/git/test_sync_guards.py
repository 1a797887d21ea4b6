"""What stops a sync: nothing is written on either side, and the message says how to go on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from repositories import Repo
from syncing import ENTRIES, STORES, Box, Synced, boxes_of, make_synced

import sync.engine.place
from sync.engine.place import Place
from sync.repository.git import run_git

each_store = pytest.mark.parametrize("store", STORES)


def refused(synced: Synced, *options: str, code: int = 3) -> str:
    """What a sync says that must not write anything."""
    before = synced.everything()
    said = " ".join(synced.sync(*options, code=code).output.split())
    assert synced.everything() == before
    return said


def replace_all(box: Box, old: str, new: str) -> None:
    """Replace a word in every record."""
    for key in box.said():
        box.edit(key, old, new)


class TestTooMuch:
    """A plan that does more than a person does in one go."""

    @each_store
    def test_an_empty_store_deletes_nothing(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.empty()
        assert "--allow-deletes 3" in refused(synced) or "--restore" in refused(synced)

    @pytest.mark.parametrize("store", ["augment", "mcp"])
    def test_an_empty_store_is_followed_on_request(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.empty()
        synced.sync("--allow-deletes", "3")
        assert synced.names() == set()

    @each_store
    def test_a_store_that_is_gone_deletes_nothing(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.path.rename(repo.path / ".git/aside")
        assert "--restore" in refused(synced)
        (repo.path / ".git/aside").rename(synced.box.path)
        synced.sync()
        assert synced.names() == {"e1", "e2", "e3"}

    @each_store
    def test_a_folder_that_is_gone_deletes_nothing(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.path.parent.rename(repo.path / ".git/aside") if store != "claude" else synced.box.path.rename(
            repo.path / ".git/aside"
        )
        assert "--restore" in refused(synced)

    @each_store
    @pytest.mark.parametrize("side", ["store", "journal"])
    def test_three_deletions_are_usual_and_four_are_not(self, repo: Repo, store: str, side: str) -> None:
        synced = make_synced(repo, store, entries=8)
        delete(synced, side, 1, 2, 3, 4)
        assert "--allow-deletes 4" in refused(synced)
        assert "4 of 8 would be deleted" in refused(synced, "--allow-deletes", "3")
        synced.sync("--allow-deletes", "4")
        assert synced.names() == set(synced.box.said()) == {"e5", "e6", "e7", "e8"}

    @pytest.mark.parametrize("side", ["store", "journal"])
    def test_a_fifth_of_many_may_be_deleted(self, repo: Repo, side: str) -> None:
        synced = make_synced(repo, "mcp", entries=25)
        delete(synced, side, 1, 2, 3, 4, 5)
        synced.sync()
        assert len(synced.names()) == len(synced.box.said()) == 20

    def test_a_fifth_and_one_may_not(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp", entries=25)
        delete(synced, "store", 1, 2, 3, 4, 5, 6)
        assert "--allow-deletes 6" in refused(synced)

    @each_store
    def test_a_partial_listing_deletes_nothing(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store, entries=12)
        delete(synced, "store", *range(2, 13))
        refused(synced)
        assert len(synced.names()) == 12

    @each_store
    def test_every_record_changed_at_once(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store, entries=10)
        replace_all(synced.box, "second", "zweite")
        assert "--allow-all-changed" in refused(synced)
        synced.sync("--allow-all-changed")
        assert "e10 zweite" in synced.entry("e10")

    @each_store
    def test_a_folder_of_entries_may_be_renamed(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store, entries=8)
        repo.path.joinpath(ENTRIES, "2025").mkdir()
        for number in range(1, 9):
            repo.git("mv", f"{ENTRIES}/e{number}.md", f"{ENTRIES}/2025/e{number}.md")
        repo.commit()
        synced.sync()
        assert len(synced.box.said()) == 8

    @each_store
    def test_every_file_may_be_renamed_at_once(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store, entries=8)
        for number in range(1, 9):
            repo.git("mv", f"{ENTRIES}/e{number}.md", f"{ENTRIES}/renamed-{number}.md")
        repo.commit()
        synced.sync()
        assert set(synced.box.said()) == {f"e{number}" for number in range(1, 9)}


class TestSecrets:
    """A secret that a store says stays out of the journal, which is for ever."""

    TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5"

    @each_store
    def test_a_secret_in_a_new_record_is_refused(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.add("new", f"the token is {self.TOKEN}")
        said = refused(synced)
        assert self.TOKEN not in said

    @each_store
    def test_a_secret_in_an_edit_is_refused(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.box.append("e1", f"the token is {self.TOKEN}")
        refused(synced)
        assert self.TOKEN not in repo.git("log", "--all", "-p")

    @each_store
    def test_a_secret_in_a_conflict_is_refused(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "of the journal")
        synced.box.edit("e1", "e1 second", f"the token is {self.TOKEN}")
        refused(synced)
        assert self.TOKEN not in repo.git("log", "--all", "-p")


class TestRepositoryState:
    """A repository that is in the middle of something, or whose history is not whole."""

    @pytest.mark.parametrize("verb", ["merge", "rebase", "cherry-pick", "revert"])
    def test_something_in_progress(self, repo: Repo, verb: str) -> None:
        synced = make_synced(repo, "mcp")
        repo.git("switch", "-q", "-c", "topic")
        synced.edit_entry("e1", "e1 second", "of the topic")
        repo.git("switch", "-q", "main")
        synced.edit_entry("e1", "e1 second", "of main")
        if verb == "revert":
            synced.edit_entry("e1", "of main", "of main again")
        arguments = {
            "merge": ["merge", "topic"],
            "rebase": ["rebase", "topic"],
            "cherry-pick": ["cherry-pick", "topic"],
            "revert": ["revert", "--no-edit", "HEAD~1"],
        }[verb]
        repo.git(*arguments, check=False)
        synced.box.append("e2", "more")
        assert f"git {verb} --abort" in refused(synced)
        repo.git(verb, "--abort")
        synced.sync()
        assert "more" in synced.entry("e2")

    def test_a_bisection_in_progress(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        synced.edit_entry("e1", "e1 second", "x")
        repo.git("bisect", "start")
        assert "git bisect reset" in refused(synced)

    def test_a_head_that_is_detached(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        synced.edit_entry("e1", "e1 second", "x")
        repo.git("checkout", "-q", "--detach")
        assert "git switch" in refused(synced)

    @each_store
    def test_a_shallow_clone(self, repo: Repo, store: str, tmp_path: Path) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "x")
        clone = Synced(Repo(tmp_path / "shallow"), boxes_of(tmp_path / "shallow", [store]))
        repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(clone.repo.path))
        clone.box.add("e1", "something else")
        clone.box.add("new", "new first")
        assert "git fetch --unshallow" in refused(clone)
        clone.sync("--allow-shallow", code=1)
        assert clone.names() == {"e1", "e2", "e3", "new"}
        assert clone.box.said()["e1"] == ["something else"]
        assert len(clone.conflicts()) == 1


class TestMissingBase:
    """A base that is missing is no reason to delete: what differs is a conflict, and that is said."""

    @staticmethod
    def without_base(synced: Synced, how: str, store: str) -> None:
        """Lose the base in one of the ways in which it gets lost."""
        repo, ref = synced.repo, f"refs/journal/{store}"
        if how == "deleted":
            repo.git("update-ref", "-d", ref)
        elif how == "not a base":
            repo.git("update-ref", ref, "HEAD")
        elif how == "not a commit":
            blob = repo.git("hash-object", "-w", "journal.toml").strip()
            repo.git("update-ref", ref, blob)
        else:
            missing = {"entries": f"{ref}:entries", "file": f"{ref}:base.json", "commit": ref, "store": f"{ref}:store"}
            name = repo.git("rev-parse", missing[how]).strip()
            file = repo.path / ".git/objects" / name[:2] / name[2:]
            file.unlink()
        for file in (repo.path / ".git/journal").glob("*.json"):
            file.unlink()

    @each_store
    @pytest.mark.parametrize("how", ["deleted", "not a base", "not a commit", "entries", "file", "commit", "store"])
    def test_nothing_is_deleted_and_what_differs_is_a_conflict(self, repo: Repo, store: str, how: str) -> None:
        synced = make_synced(repo, store)
        synced.box.delete("e1")
        synced.edit_entry("e2", "e2 second", "of the journal")
        self.without_base(synced, how, store)
        result = synced.sync(code=1)
        assert synced.names() == set(synced.box.said()) == {"e1", "e2", "e3"}
        assert [(one["path"], one["base"]) for one in synced.conflicts().values()] == [(f"{ENTRIES}/e2.md", None)]
        if how != "deleted":
            assert "nothing was deleted" in result.output

    @each_store
    def test_a_base_survives_rewritten_history(self, repo: Repo, store: str) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "of the journal")
        repo.git("commit", "-q", "--amend", "-m", "rewritten")
        repo.git("reflog", "expire", "--expire=now", "--all")
        repo.git("gc", "-q", "--prune=now")
        synced.box.delete("e2")
        synced.sync()
        assert synced.names() == set(synced.box.said()) == {"e1", "e3"}
        assert synced.box.said()["e1"][1] == "of the journal"

    @each_store
    def test_a_clone_without_the_bases_deletes_nothing(self, repo: Repo, store: str, tmp_path: Path) -> None:
        synced = make_synced(repo, store)
        clone = Synced(Repo(tmp_path / "clone"), boxes_of(tmp_path / "clone", [store]))
        repo.git("clone", "-q", ".", str(clone.repo.path))
        clone.box.add("new", "new first")
        clone.sync()
        assert clone.names() == set(clone.box.said()) == {"e1", "e2", "e3", "new"}
        assert synced.names() == {"e1", "e2", "e3"}


BAD_AUGMENT = {
    "torn": b'[\n  {\n    "text": "half',
    "0 bytes": b"",
    "not JSON": b"hello\n",
    "an object": b'{"text": "x"}',
    "not UTF-8": b'[{"text": "\xff"}]',
    "a number": b"[1]",
    "the same id twice": b'[{"text": "a", "metadata": {"id": "x"}}, {"text": "b", "metadata": {"id": "x"}}]',
    "an id that is a path": b'[{"text": "a", "metadata": {"id": "../../.bashrc"}}]',
    "an empty id": b'[{"text": "a", "metadata": {"id": ""}}]',
    "a key twice": b'[{"text": "a", "text": "b"}]',
    "too deep": b"[" * 100_000,
    "too many": b"[" + b",".join(b'{"text":"%d"}' % number for number in range(200_000)) + b"]",
}
BAD_CLAUDE = {
    "torn": ("e1.md", b"---\nname: e1\ndescr"),
    "not UTF-8": ("e1.md", b"---\nname: e1\n---\n\xff"),
    "a NUL": ("e1.md", b"a\0b"),
    "case alone": ("E1.md", b"another"),
}
BAD_MCP = {
    "torn": b'{"type":"entity","name":"e1","entityType":"x","observ',
    "not JSON": b"hello\n",
    "a list": b"[]\n",
    "no entity": b'{"type":"thing"}\n',
    "not UTF-8": b'{"type":"entity","name":"\xff","entityType":"x","observations":[]}\n',
    "the same name twice": b'{"type":"entity","name":"a","entityType":"x","observations":[]}\n' * 2,
    "a name that is a path": b'{"type":"entity","name":"../../.bashrc","entityType":"x","observations":[]}\n',
    "an empty name": b'{"type":"entity","name":"","entityType":"x","observations":[]}\n',
    "too many": b"\n".join(
        b'{"type":"entity","name":"n%d","entityType":"x","observations":[]}' % number for number in range(200_000)
    ),
}


class TestBadInput:
    """A store that is not what its format says is only read, and keeps no other from being synced."""

    @pytest.mark.parametrize("what", BAD_AUGMENT)
    def test_augment(self, repo: Repo, what: str) -> None:
        synced = make_synced(repo, "augment")
        synced.box.path.write_bytes(BAD_AUGMENT[what])
        assert "journal_memories.json" in refused(synced)

    @pytest.mark.parametrize("what", BAD_MCP)
    def test_mcp(self, repo: Repo, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sync.engine.place, "_TRIES", 2)
        synced = make_synced(repo, "mcp")
        synced.box.path.write_bytes(BAD_MCP[what])
        assert "memory.jsonl" in refused(synced)

    @pytest.mark.parametrize("data", [b"", b"\n", b" \n\n"])
    def test_an_mcp_graph_without_anything_is_an_empty_store(self, repo: Repo, data: bytes) -> None:
        synced = make_synced(repo, "mcp")
        synced.box.path.write_bytes(data)
        assert "the store is empty" in refused(synced)

    @pytest.mark.parametrize("what", BAD_CLAUDE)
    def test_claude(self, repo: Repo, what: str) -> None:
        synced = make_synced(repo, "claude")
        name, data = BAD_CLAUDE[what]
        (synced.box.path / name).write_bytes(data)
        before = synced.everything()
        code = synced.sync(code=None).exit_code
        assert code in (1, 3)
        assert synced.names() == {"e1", "e2", "e3"}
        assert synced.everything() | {"refs": b""} == before | {"refs": b""}

    @pytest.mark.parametrize("bad", STORES)
    def test_one_bad_store_never_hides_the_others(self, repo: Repo, bad: str) -> None:
        synced = make_synced(repo, *STORES)
        path = synced.boxes[bad].path
        (path / "e1.md" if bad == "claude" else path).write_bytes(b"a\0\xffb")
        good = [name for name in STORES if name != bad]
        for name in good:
            synced.boxes[name].add(f"from-{name}", f"a fact of {name}")
        synced.edit_entry("e2", "e2 second", "of the journal")
        told = synced.told(code=3)
        assert told["by"][bad]["error"]["code"] == "shape"
        for name in good:
            said = synced.boxes[name].said()
            assert said["e2"][1] == "of the journal"
            assert {f"from-{one}" for one in good} <= set(said)

    @pytest.mark.parametrize("stopped", STORES)
    def test_a_guard_of_one_store_never_hides_the_others(self, repo: Repo, stopped: str) -> None:
        synced = make_synced(repo, *STORES, entries=6)
        for number in range(1, 6):
            synced.boxes[stopped].delete(f"e{number}")
        good = next(name for name in STORES if name != stopped)
        synced.boxes[good].add("new", "new first")
        synced.sync(code=3)
        assert synced.names() == {f"e{number}" for number in range(1, 7)} | {"new"}

    def test_a_file_in_the_place_of_a_folder(self, repo: Repo) -> None:
        synced = make_synced(repo, "claude")
        synced.box.path.rename(repo.path / ".git/aside")
        synced.box.path.write_text("a file")
        assert "is not a folder" in refused(synced, code=2)

    def test_a_folder_in_the_place_of_a_file(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        synced.box.path.unlink()
        synced.box.path.mkdir()
        assert "is a folder" in refused(synced, code=2)

    @each_store
    def test_a_store_that_keeps_changing_while_it_is_read(
        self, repo: Repo, store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced = make_synced(repo, store)
        synced.edit_entry("e1", "e1 second", "x")
        monkeypatch.setattr(sync.engine.place, "_TRIES", 3)
        monkeypatch.setattr(sync.engine.place, "_PAUSE_S", 0)
        real, count = sync.engine.place._read, iter(range(1000))

        def touched(place: Place, name: str) -> bytes | None:
            data = real(place, name)
            synced.box.add(f"n{next(count)}", "while it is read")
            return data

        monkeypatch.setattr(sync.engine.place, "_read", touched)
        head = synced.head()
        said = " ".join(synced.sync(code=4).output.split())
        assert "keeps changing while it is read" in said
        assert synced.head() == head

    @each_store
    def test_a_path_that_a_pull_request_brings_does_not_lead_out_of_the_repository(
        self, repo: Repo, store: str, tmp_path: Path
    ) -> None:
        synced = make_synced(repo, store)
        outside = tmp_path / "outside"
        outside.mkdir()
        folder = synced.box.path if store == "claude" else synced.box.path.parent
        for file in folder.iterdir():
            file.rename(outside / file.name)
        folder.rmdir()
        folder.symlink_to(outside)
        (outside / "private.md").write_text("of another project", encoding="utf-8")
        synced.edit_entry("e1", "e1 second", "of the journal")
        before = {file.name: file.read_bytes() for file in outside.iterdir()}
        synced.sync(code=None)
        assert {file.name: file.read_bytes() for file in outside.iterdir()} == before
        assert "of another project" not in repo.git("log", "--all", "-p")

    def test_a_store_of_this_machine_may_be_a_link(self, repo: Repo, tmp_path: Path) -> None:
        synced = make_synced(repo, "mcp")
        synced.box.path.rename(tmp_path / "real.jsonl")
        (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
        repo.git("config", "journal.mcp.path", str(tmp_path / "link.jsonl"))
        synced.sync()
        synced.edit_entry("e1", "e1 second", "of the journal")
        synced.sync()
        assert b"of the journal" in (tmp_path / "real.jsonl").read_bytes()
        assert (tmp_path / "link.jsonl").is_symlink()

    def test_text_of_a_store_is_never_an_option_or_a_revision(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        names = ["--help", "-rf", "HEAD", "refs:heads", "$(touch owned)", "`touch owned`", "a\u202eb", "e1.md", "%s%n"]
        for name in names:
            synced.box.add(name, f"said by {name}")
        synced.sync()
        assert set(synced.box.said()) == {"e1", "e2", "e3", *names}
        assert not (repo.path / "owned").exists()
        before = synced.everything()
        synced.sync()
        assert synced.everything() == before

    def test_ids_that_would_be_one_file_on_some_systems_are_files_of_their_own(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        names = ["Straße", "strasse", "STRASSE", "con", "a" * 300, "é", "e\u0301", "E1", "index", "README"]
        for name in names:
            synced.box.add(name, f"said by {name}")
        synced.sync()
        listed = repo.git("ls-files", "-z", ENTRIES).split("\0")[:-1]
        assert len({path.casefold() for path in listed}) == len(listed) == 3 + len(names)
        assert set(synced.box.said()) == {"e1", "e2", "e3", *names}

    def test_a_hook_of_the_user_does_not_run(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        hook = repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        synced.box.append("e1", "more")
        synced.sync()
        assert "more" in repo.git("show", f"HEAD:{ENTRIES}/e1.md")


class TestNoRepository:
    """A two-way sync needs Git; settings have to name stores that exist."""

    def test_a_store_that_does_not_exist(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        assert "known are augment, claude, mcp" in refused(synced, "--store", "nonsense", code=2)

    def test_a_store_that_is_not_enabled(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        assert "[stores.claude] enabled = true" in refused(synced, "--store", "claude", code=2)

    def test_the_refusal_is_data_too(self, repo: Repo) -> None:
        synced = make_synced(repo, "mcp")
        synced.box.empty()
        told = json.loads(synced.sync("--json", code=3).stdout)
        assert told["stores"][0]["error"]["code"] == "refused"

    def test_git_itself_agrees_that_the_repository_is_whole(self, repo: Repo) -> None:
        synced = make_synced(repo, *STORES)
        for box in synced.boxes.values():
            box.append("e1", "more")
        synced.sync(code=None)
        done = subprocess.run(["git", "fsck", "--strict", "--full"], cwd=repo.path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert run_git(repo.path, "rev-parse", "HEAD").decode().strip() == synced.head()


def delete(synced: Synced, side: str, *numbers: int) -> None:
    """Delete some of `e1` … on one side."""
    for number in numbers:
        if side == "store":
            synced.box.delete(f"e{number}")
        else:
            synced.repo.git("rm", "-q", f"{ENTRIES}/e{number}.md")
    if side == "journal":
        synced.repo.commit()
