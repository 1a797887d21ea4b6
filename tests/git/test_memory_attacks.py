"""The memory under hostile input: odd values, keys and repositories, time, limits, and many writers of one key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from memory_worlds import BUDGET, SETTINGS, World, everything_said, listed, make_world, put, value_of
from repositories import Repo

from sync.errors import JournalError, RefusedError, UsageError
from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.long_term.port import Outcome
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import MemoryId, Tier, Value
from sync.taskmaster.writing import Stored, Write

BANDS = (0.2, 0.6, 0.8, 0.95)
KB = 1024


def deep(levels: int) -> Value:
    """Lists in lists."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


VALUES: dict[str, Value] = {
    "nothing": "",
    "no bytes": b"",
    "null": None,
    "false": False,
    "every byte": bytes(range(256)),
    "line ends": "a\r\nb\rc\n\n",
    "only line ends": "\n\n",
    "no end of line": "a\nb",
    "front matter": "---\ntitle: not mine\n---\n# A heading\n",
    "a fence": '```json\n{"a": 1}\n```\n',
    "json text": '{"a": 1}',
    "controls": "\x00\x1b[31m\x7f\ufeff\u2028\u202e",
    "odd characters": "👩‍👩‍👧 שלום é e\u0301",
    "merge markers": "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n",
    "large numbers": [2**63, -(2**64), 10**400, 1e308, 5e-324, -0.0, 0.1],
    "deep": deep(90),
    "odd names": {"": 1, "__proto__": {"a": None}, "a\nb": [True], "_x": "y", "é": 1},
    "64 KB less one": "x" * (64 * KB - 1),
    "64 KB": "y" * (64 * KB),
    "64 KB and one": "z" * (64 * KB + 1),
    "bytes of 64 KB and one": b"\r\n\x00\xff" * (16 * KB) + b"!",
    "lines of CRLF": "a line\r\n" * (10 * KB),
    "5 MB": b"\r\n\x00\x1a" * (1280 * KB),
}
KEYS = (
    "../../etc/passwd",
    "/etc/passwd",
    "--help",
    "-",
    "a:b",
    ".git",
    ".",
    "..",
    "CON",
    "a\\b",
    "a/b",
    "A/B",
    "a b",
    "%s%n{0}$HOME`id`",
    "'; drop table memories; --",
    "[x](javascript:1)",
    "#: - yaml",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "🎂",
    unicodedata.normalize("NFC", "café"),
    unicodedata.normalize("NFD", "café"),
    "k" * 500,
    "é" * 500,
    "🎂" * 500,
    "Budget plan",
    "budget plan",
    "budget-plan",
    "budget_plan",
    "null",
    "1",
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo")


@pytest.fixture
def memory(world: World) -> Iterator[MemoryManager]:
    with world.open() as manager:
        yield manager


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same in every bit; 0 and -0, or 1 and True, are not."""
    return type(one) is type(other) and (one == other if isinstance(one, str | bytes) else _json(one) == _json(other))


def _json(value: Value) -> str:
    return json.dumps(value, sort_keys=True)


class TestValues:
    """Any value comes back as it was given, from every tier, and from a clone."""

    @pytest.mark.parametrize("importance", BANDS)
    def test_a_value_comes_back_as_it_was_given(self, world: World, importance: float) -> None:
        with world.open() as memory:
            for key, value in VALUES.items():
                put(memory, key, value, importance=importance)
        with world.open() as memory:
            wrong = [key for key, value in VALUES.items() if not same(value_of(memory, key), value)]
            assert wrong == []
            assert memory.flush().is_clean
            wrong = [key for key, value in VALUES.items() if not same(value_of(memory, key), value)]
            assert wrong == []

    def test_a_value_comes_back_from_the_journal_alone(self, world: World) -> None:
        with world.open() as memory:
            for key, value in VALUES.items():
                put(memory, key, value, importance=0.8)
            done = memory.flush()
            assert done.count(Outcome.WRITTEN) == len(VALUES)
            for key, value in VALUES.items():
                past = memory.history(BUDGET, key)[0].memory
                assert past is not None
                assert same(past.value, value), key
            assert memory.flush().owed == 0

    @pytest.mark.parametrize(
        "value",
        [
            float("nan"),
            float("inf"),
            [1, {"a": float("-inf")}],
            "\ud800",
            ["\udfff"],
            {"\ud800": 1},
            {1: "a"},
            {"a": {1}},
        ],
        ids=["nan", "inf", "inner inf", "surrogate", "inner surrogate", "surrogate name", "number as name", "set"],
    )
    def test_what_is_no_value_is_refused_and_leaves_nothing(self, memory: MemoryManager, value: Any) -> None:
        put(memory, "before", "kept", importance=0.8)
        for key in ("before", "new"):
            with pytest.raises(UsageError):
                memory.remember(BUDGET, key, value, importance=0.8)
        with pytest.raises(UsageError):
            memory.remember(BUDGET, "new", "fine", metadata={"mine": value})
        assert listed(memory) == [MemoryId(BUDGET, "before")]
        assert value_of(memory, "before") == "kept"

    def test_what_is_nested_too_deeply_is_refused_and_not_a_crash(self, memory: MemoryManager) -> None:
        with pytest.raises(UsageError):
            memory.remember(BUDGET, "deep", deep(100_000), importance=0.8)
        assert listed(memory) == []

    @pytest.mark.parametrize("levels", [200, 400, 800])
    def test_what_was_taken_though_it_is_deep_can_be_written_to_the_journal(self, world: World, levels: int) -> None:
        with world.open() as memory:
            try:
                put(memory, "deep", deep(levels), importance=0.8)
            except UsageError:
                return
            put(memory, "plain", "fine", importance=0.8)
            memory.flush()
        with world.open() as memory:
            assert value_of(memory, "deep") == deep(levels)
            assert value_of(memory, "plain") == "fine"
            assert memory.flush().owed == 0


class TestKeys:
    """Keys are text: never a path, an option, a pattern, or a place in a file."""

    def test_every_key_holds_its_own_value_wherever_it_is(self, world: World) -> None:
        with world.open() as memory:
            for number, key in enumerate(KEYS):
                for band in BANDS:
                    put(memory, key, [number, band], importance=band, context=f"wedding:{int(band * 100)}")
            memory.flush()
        with world.open() as memory:
            for number, key in enumerate(KEYS):
                for band in BANDS:
                    assert value_of(memory, key, context=f"wedding:{int(band * 100)}") == [number, band], key
            assert len(listed(memory)) == len(KEYS) * len(BANDS)
            assert memory.flush().owed == 0

    def test_no_key_leaves_the_folder_of_its_entries(self, world: World) -> None:
        with world.open() as memory:
            for key in KEYS:
                put(memory, key, "x", importance=0.8)
            memory.flush()
        assert len(world.entries()) == len(KEYS)
        assert len({one.lower() for one in world.entries()}) == len(KEYS)
        assert all(len(one.rpartition("/")[2].encode()) <= 255 for one in world.entries())
        assert world.repo.git("status", "--short") == ""

    @pytest.mark.parametrize("key", ["", " ", "a\nb", "a\rb", "a\0b", "\x1b[31m", "\ud800", "k" * 501, "a\u2028b"])
    def test_what_is_no_key_is_refused(self, memory: MemoryManager, key: str) -> None:
        for call in (
            lambda: memory.remember(BUDGET, key, "x"),
            lambda: memory.get(BUDGET, key),
            lambda: memory.forget(BUDGET, key),
            lambda: memory.history(BUDGET, key),
            lambda: memory.rivals(BUDGET, key),
        ):
            with pytest.raises(UsageError):
                call()

    @pytest.mark.parametrize(
        "context", ["", "..", "../../x", "a\nb", "a:b:c:d:e:f:g:h:i", "\ud800", "x" * 5_000, "-C", "a::b"]
    )
    def test_a_context_that_is_odd_is_refused_or_kept_inside(self, world: World, context: str) -> None:
        with world.open() as memory:
            try:
                put(memory, "k", "x", importance=0.8, context=context)
            except UsageError:
                return
            memory.flush()
            assert value_of(memory, "k", context=context) == "x"
        assert all(one.startswith("journal/entries/memories/") for one in world.entries())
        assert world.repo.git("status", "--short") == ""

    def test_any_question_is_answered(self, memory: MemoryManager) -> None:
        for key in KEYS:
            put(memory, key, "x", importance=0.6)
        for key in (*KEYS, '"', "(", "a AND (b OR", "*", "%", "_", "\0", "x" * 20_000):
            memory.recall(BUDGET, key)
        for key in KEYS:
            assert memory.recall(BUDGET, key, limit=50).hits[0].memory.key == key


class TestClones:
    """What was flushed is in Git, and nowhere else."""

    @pytest.mark.parametrize("settings", [(), ("core.autocrlf=true",), ("core.autocrlf=input", "core.eol=crlf")])
    def test_a_clone_recalls_everything_that_was_flushed(self, world: World, settings: tuple[str, ...]) -> None:
        for one in settings:
            world.repo.git("config", *one.split("="))
        with world.open() as memory:
            for key, value in VALUES.items():
                put(memory, key, value, importance=0.8)
            memory.flush()
        assert world.repo.git("status", "--short", "-uall") == ""
        there = world.repo.path.with_name("there")
        options = [word for one in settings for word in ("-c", one)]
        world.repo.git("clone", "-q", *options, str(world.repo.path), str(there))
        with World(Repo(there), world.clock).open("grace") as memory:
            wrong = [key for key, value in VALUES.items() if not same(value_of(memory, key), value)]
            assert wrong == []
            assert memory.flush().owed == 0
        assert Repo(there).git("status", "--short", "-uall") == ""

    def test_two_clones_that_remember_apart_lose_nothing(self, world: World) -> None:
        world.repo.journal("init", "--merge-driver")
        world.repo.commit("init")
        with world.open() as memory:
            put(memory, "shared", {"a": 1, "b": 1}, importance=0.8)
            put(memory, "mine", "x" * 70_000, importance=0.8)
            memory.flush()
        there = World(Repo(world.repo.path.with_name("there")), world.clock)
        world.repo.git("clone", "-q", str(world.repo.path), str(there.repo.path))
        there.repo.journal("init", "--merge-driver")
        for one, name, writer in ((world, "a", "ada"), (there, "b", "grace")):
            with one.open(writer) as memory:
                before = value_of(memory, "shared")
                assert isinstance(before, dict)
                put(memory, "shared", before | {name: 2}, importance=0.8)
                put(memory, f"from {name}", name * 70_000, importance=0.8)
                memory.flush()
        there.repo.git("fetch", "-q", "origin")
        there.repo.git("merge", "-q", "-m", "both", "origin/main", check=False)
        if there.repo.git("ls-files", "-u"):
            pytest.fail(there.repo.git("status"))
        with there.open("grace") as memory:
            assert value_of(memory, "shared") == {"a": 2, "b": 2}
            assert (value_of(memory, "from a"), value_of(memory, "from b")) == ("a" * 70_000, "b" * 70_000)
            assert memory.flush().owed == 0


SECRET = "AKIA" + "Q3EGTHWZ4JX5PLMN"


class TestRepositories:
    """States of a repository in which nothing may be lost, and what can be done is."""

    def test_a_secret_is_held_back_and_stops_no_other(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "a", "fine", importance=0.8)
            put(memory, "b", f"the key is {SECRET}", importance=0.8)
            put(memory, "large", "long " * 20_000 + SECRET, importance=0.8)
            put(memory, f"key {SECRET}", "a secret key", importance=0.8)
            put(memory, "meta", "fine", importance=0.8, metadata={"token": SECRET})
            put(memory, "z", "fine", importance=0.8)
            done = memory.flush()
            assert (done.count(Outcome.WRITTEN), done.count(Outcome.HELD_BACK)) == (2, 4)
            assert value_of(memory, "b") == f"the key is {SECRET}"
            again = memory.flush()
            assert (again.is_new, again.count(Outcome.HELD_BACK)) == (False, 4)
            assert SECRET not in world.repo.git("log", "-p", "--all")
            objects = [file for file in (world.repo.path / "journal").rglob("*") if file.is_file()]
            assert [file.name for file in objects if SECRET.encode() in file.read_bytes()] == []

    def test_a_detached_head_is_committed_to_or_refused_and_nothing_is_lost(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "a", "fine", importance=0.8)
            world.repo.git("checkout", "-q", "--detach")
            try:
                memory.flush()
            except RefusedError:
                world.repo.git("checkout", "-q", "main")
                assert memory.flush().count(Outcome.WRITTEN) == 1
            assert value_of(memory, "a") == "fine"
        assert len(world.entries()) == 1

    def test_a_branch_without_commits_takes_the_first_one(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "new")
        repo.path.mkdir()
        repo.git("init", "-q", "-b", "main")
        repo.write("journal.toml", SETTINGS)
        world = World(repo)
        with world.open() as memory:
            put(memory, "a", "fine", importance=0.95)
            put(memory, "large", "x" * 70_000, importance=0.8)
            assert (value_of(memory, "a"), memory.history(BUDGET, "a")) == ("fine", ())
            assert memory.recall(BUDGET, "fine").hits
            assert memory.flush().count(Outcome.WRITTEN) == 2
            assert memory.flush().owed == 0
            assert len(memory.history(BUDGET, "large")) == 1
        assert world.commits() == 1

    def test_a_repository_of_sha256_is_like_any_other(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "new")
        repo.path.mkdir()
        repo.git("init", "-q", "-b", "main", "--object-format=sha256")
        repo.write("journal.toml", SETTINGS)
        repo.commit("begin")
        world = World(repo)
        with world.open() as memory:
            put(memory, "a", {"n": 1, "m": 1}, importance=0.95)
            put(memory, "large", "x" * 70_000, importance=0.8)
            memory.flush()
            path = path_of("journal/entries", MemoryId(BUDGET, "a"))
            repo.write(path, repo.read(path).replace('"n": 1', '"n": 7'))
            repo.commit("edit")
            put(memory, "a", {"n": 1, "m": 2}, importance=0.95)
            assert memory.flush().count(Outcome.MERGED) == 1
            assert value_of(memory, "a") == {"n": 7, "m": 2}
            assert memory.flush().owed == 0
            assert value_of(memory, "large") == "x" * 70_000

    def test_two_work_trees_share_what_waits_and_lose_nothing_of_it(self, world: World) -> None:
        world.repo.git("worktree", "add", "-q", "-b", "other", str(world.repo.path.with_name("other")))
        other = World(Repo(world.repo.path.with_name("other")), world.clock)
        with world.open() as memory, other.open("grace") as others:
            for number in range(3):
                for one, name in ((memory, "main"), (others, "other")):
                    put(one, f"{name} {number}", f"{name} {number}", importance=0.95)
                    put(one, f"large {name} {number}", f"{name} {number}" * 20_000, importance=0.8)
                    one.flush()
            assert (memory.flush().owed, others.flush().owed) == (0, 0)
            for one, name in ((memory, "main"), (others, "other")):
                for number in range(3):
                    assert value_of(one, f"{name} {number}") == f"{name} {number}"
                    assert value_of(one, f"large {name} {number}") == f"{name} {number}" * 20_000
        assert (len(world.entries()), len(other.entries())) == (6, 6)
        assert world.repo.git("status", "--short", "-uall") + other.repo.git("status", "--short", "-uall") == ""

    def test_another_branch_says_what_it_says(self, world: World) -> None:
        with world.open() as memory:
            world.repo.git("branch", "before")
            put(memory, "a", "one", importance=0.8)
            memory.flush()
            world.repo.git("checkout", "-q", "before")
            assert value_of(memory, "a") is None
            put(memory, "b", "two", importance=0.8)
            memory.flush()
            world.repo.git("checkout", "-q", "main")
            assert (value_of(memory, "a"), value_of(memory, "b")) == ("one", None)
            assert memory.flush().owed == 0
        assert world.repo.git("log", "--branches", "--format=%s", "--diff-filter=D", "--", "journal").strip() == ""

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_repository_that_cannot_be_written_is_an_error_and_not_a_traceback(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "a", "fine", importance=0.8)
        world.repo.git("config", "core.bare", "false")
        subprocess.run(["chmod", "-R", "a-w", world.repo.path], check=True)
        try:
            with pytest.raises(JournalError):
                _remember_and_flush(world)
        finally:
            subprocess.run(["chmod", "-R", "u+w", world.repo.path], check=True)
        with world.open() as memory:
            assert value_of(memory, "a") == "fine"

    def test_what_the_state_folder_lost_is_still_in_the_journal(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "a", "fine", importance=0.95)
            put(memory, "large", b"\0" * 70_000, importance=0.8)
            memory.flush()
        for file in world.memory_folder.iterdir():
            file.unlink()
        with world.open("grace") as memory:
            assert (value_of(memory, "a"), value_of(memory, "large")) == ("fine", b"\0" * 70_000)
            put(memory, "a", "better", importance=0.95)
            assert memory.flush().count(Outcome.WRITTEN) == 1
            assert [one.memory.value for one in memory.history(BUDGET, "a") if one.memory] == ["better", "fine"]


def _remember_and_flush(world: World) -> None:
    with world.open() as memory:
        put(memory, "b", "fine", importance=0.8)
        memory.flush()


class TestTime:
    """Time is the caller's clock's; what is over is put away, never lost."""

    def test_each_tier_keeps_what_only_it_holds_for_its_own_time(self, world: World) -> None:
        with world.open() as memory:
            for band in BANDS:
                put(memory, str(band), "x", importance=band)
            memory.flush()
            shown = {}
            for days in (0, 2, 40, 400):
                world.clock.pass_(days=days)
                shown[days] = [key for _, key in listed(memory)]
                recalled = [one.memory.key for one in memory.recall(BUDGET, "", limit=10).hits]
                assert sorted(recalled) == shown[days]
            assert shown == {0: ["0.2", "0.6", "0.8", "0.95"], 2: ["0.6", "0.8", "0.95"], 40: ["0.8", "0.95"],
                             400: ["0.8", "0.95"]}  # fmt: skip

    @pytest.mark.parametrize("importance", BANDS)
    def test_a_time_limit_of_its_own_holds_in_every_tier(self, world: World, importance: float) -> None:
        with world.open() as memory:
            put(memory, "k", "x", importance=importance, ttl=timedelta(hours=1))
            memory.flush()
            assert memory.recall(BUDGET, "k").hits
            world.clock.pass_(minutes=59)
            assert value_of(memory, "k") == "x"
            world.clock.pass_(minutes=1)
            assert (value_of(memory, "k"), memory.recall(BUDGET, "k").hits, listed(memory)) == (None, (), [])
            put(memory, "k", "again", importance=importance)
            memory.flush()
            assert value_of(memory, "k") == "again"

    @pytest.mark.parametrize("importance", BANDS)
    def test_no_old_value_comes_back_when_a_newer_one_is_over(self, world: World, importance: float) -> None:
        with world.open() as memory:
            put(memory, "k", "old", importance=importance)
            memory.flush()
            memory.recall(BUDGET, "k")
            put(memory, "k", "new", importance=0.1, ttl="1h")
            memory.flush()
            world.clock.pass_(hours=2)
            memory.catch_up()
            assert value_of(memory, "k") is None
            assert memory.recall(BUDGET, "k").hits == ()
            memory.flush()
            assert value_of(memory, "k") is None

    @pytest.mark.parametrize("importance", BANDS)
    def test_what_was_forgotten_stays_forgotten(self, world: World, importance: float) -> None:
        with world.open() as memory:
            put(memory, "k", "old", importance=importance)
            memory.flush()
            memory.recall(BUDGET, "k")
            assert memory.forget(BUDGET, "k").is_forgotten
            for days in (0, 2, 40):
                world.clock.pass_(days=days)
                assert (value_of(memory, "k"), listed(memory), memory.recall(BUDGET, "old").hits) == (None, [], ())
                memory.flush()
                memory.catch_up()
                assert (value_of(memory, "k"), listed(memory), memory.recall(BUDGET, "old").hits) == (None, [], ())
        if importance >= 0.7:
            assert len(world.entries()) == 0

    @pytest.mark.parametrize("importance", [0.6, 0.8, 0.95])
    def test_what_is_over_is_archived_and_found_when_asked_for(self, world: World, importance: float) -> None:
        from sync.taskmaster.consolidating import consolidate

        with world.open() as memory:
            put(memory, "offer", "the barn for a month", importance=importance, ttl="10d")
            put(memory, "other", "the garden stays", importance=0.8)
            memory.flush()
            memory.recall(BUDGET, "barn")
            world.clock.pass_(days=11)
            consolidate(memory)
            memory.flush()
            found = [one.memory.value for one in memory.recall(BUDGET, "barn", archived=True).hits]
            assert found == ["the barn for a month"]
            assert memory.recall(BUDGET, "barn").hits == ()
            assert value_of(memory, "offer") is None
            assert [key for _, key in listed(memory)] == ["other"]
            assert consolidate(memory).is_quiet
        with world.open() as memory:
            assert [one.memory.key for one in memory.recall(BUDGET, "barn", archived=True).hits] == ["offer"]
            put(memory, "offer", "the barn again", importance=importance)
            memory.flush()
            assert value_of(memory, "offer") == "the barn again"

    def test_what_a_context_no_longer_keeps_is_archived_unless_another_still_shares_it(self, world: World) -> None:
        from sync.taskmaster.consolidating import consolidate

        contexts = "contexts:\n  budget: {pattern: 'wedding:{w}:module:budget', retention: 30d}\n"
        contexts += "  vendors: {pattern: 'wedding:{w}:module:vendors', retention: permanent}\n"
        world.repo.write("journal/contexts.yaml", contexts)
        world.repo.write("journal/sharing.yaml", "rules:\n  prices: {from: budget, to: vendors, types: [pricing]}\n")
        world.repo.commit("rules")
        vendors = "wedding:42:module:vendors"
        with world.open() as memory:
            put(memory, "shared", "the barn costs 900", importance=0.8, type="pricing")
            put(memory, "own", "the tent costs 300", importance=0.8, type="pricing")
            memory.share("wedding:42:module:budget", vendors, "shared")
            memory.flush()
            world.clock.pass_(days=60)
            consolidate(memory)
            memory.flush()
            assert (value_of(memory, "shared"), value_of(memory, "own")) == ("the barn costs 900", None)
            assert [one.memory.value for one in memory.recall(vendors, "barn").hits] == ["the barn costs 900"]
            assert [one.memory.key for one in memory.recall(BUDGET, "tent", archived=True).hits] == ["own"]


class TestLimits:
    """What is over a limit goes where it is kept, or is what was used least recently."""

    def test_a_context_keeps_the_items_that_were_used_last(self, tmp_path: Path) -> None:
        limits = f"{SETTINGS}[memory.limits]\nshort_term_items = 20\n"
        world = make_world(tmp_path / "small", settings=limits)
        with world.open() as memory:
            for number in range(20):
                put(memory, f"k{number:02}", number, importance=0.1)
                put(memory, f"k{number:02}", number, importance=0.1, context="wedding:7")
            assert value_of(memory, "k00") == 0
            for number in range(20, 30):
                put(memory, f"k{number:02}", number, importance=0.1)
            memory.catch_up()
            kept = [key for context, key in listed(memory) if context == BUDGET]
            assert kept == ["k00", *(f"k{number:02}" for number in range(11, 30))]
            assert len(listed(memory)) == 40

    def test_what_is_over_a_tenants_limit_goes_on_to_the_journal(self, tmp_path: Path) -> None:
        limits = f"{SETTINGS}[memory.limits]\nworking_items = 20\n"
        world = make_world(tmp_path / "small", settings=limits)
        with world.open() as memory:
            for number in range(70):
                put(memory, f"k{number:02}", f"value {number}", importance=0.6)
            memory.catch_up()
            memory.flush()
            memory.catch_up()
            assert [key for _, key in listed(memory)] == [f"k{number:02}" for number in range(70)]
            assert memory.tiers.working.count() == 20
        assert len(world.entries()) == 50
        with world.open() as memory:
            world.clock.pass_(days=100)
            found = [value_of(memory, f"k{number:02}") for number in range(50)]
            assert found == [f"value {number}" for number in range(50)]

    def test_the_limit_of_ten_thousand_loses_nothing(self, world: World) -> None:
        from dataclasses import replace

        from sync.taskmaster.writing import COPY, Write

        with world.open() as memory:
            one = put(memory, "k", "x", importance=0.6)
            both = frozenset({Tier.WORKING})
            copies = [replace(one, key=f"k{number:05}", version=number + 1) for number in range(10_050)]
            memory.tiers.working.put([Write(memory=copy, seen=COPY, homes=both) for copy in copies])
            memory.catch_up()
            done = memory.flush()
            assert done.count(Outcome.WRITTEN) == 51
            memory.catch_up()
            assert memory.tiers.working.count() == 10_000
            assert len(world.entries()) == 51
            assert value_of(memory, "k00000") == "x"


RACER = """
import json, sys
from pathlib import Path
from datetime import datetime, timedelta, timezone
sys.path.insert(0, {tests!r})
from sync.errors import RetryError
from sync.operations.journal import open_journal
from sync.operations.memory import open_memory
name, importance, expected, times = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4])
told = []
with open_memory(open_journal(Path(sys.argv[5])), writer=name) as memory:
    memory.events.subscribe("*", lambda event: told.append([event.name, event.key]))
    if expected == "none":
        memory.get({context!r}, "contested")
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(times):
        value = f"{{name}} {{number}}"
        try:
            version = int(expected) if expected != "none" else None
            done = memory.remember({context!r}, "contested", value, importance=importance, expected=version)
            rival = done.rival.value if done.rival else None
            print(json.dumps([value, done.is_winner, rival, done.memory.value]), flush=True)
        except RetryError as error:
            print(json.dumps([value, None, None, error.code]), flush=True)
    conflicts = sum(event[0] == "memory:conflict" for event in told)
    print(json.dumps(["conflicts", conflicts]), flush=True)
"""


def race(world: World, count: int, importance: float, expected: str, times: int = 1) -> dict[str, list[Any]]:
    """Let processes write one key at the same moment; what each was told."""
    script = RACER.format(tests=str(Path(__file__).parents[1]), context=BUDGET)
    names = [f"w{number}" for number in range(count)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, name, str(importance), expected, str(times), str(world.repo.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for one in racers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in racers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    found = {name: one.communicate(timeout=60)[0].splitlines() for name, one in zip(names, racers, strict=True)}
    return {name: [json.loads(line) for line in lines] for name, lines in found.items()}


class TestRaces:
    """Processes that write one key at the same moment."""

    @pytest.mark.parametrize("importance", BANDS)
    @pytest.mark.parametrize("count", [2, 8])
    def test_of_those_who_expect_a_version_exactly_one_wins(self, world: World, count: int, importance: float) -> None:
        with world.open() as memory:
            version = put(memory, "contested", "begin", importance=importance).version
        told = race(world, count, importance, str(version))
        results = [lines[0] for lines in told.values()]
        assert sorted(str(one[1]) for one in results) == ["None"] * (count - 1) + ["True"]
        assert {one[3] for one in results if one[1] is None} == {"stale"}
        with world.open() as memory:
            assert value_of(memory, "contested") == next(one[0] for one in results if one[1])
            assert memory.rivals(BUDGET, "contested") == ()

    @pytest.mark.parametrize("importance", BANDS)
    @pytest.mark.parametrize("count", [2, 8])
    def test_of_those_who_expect_nothing_to_be_there_exactly_one_wins(
        self, world: World, count: int, importance: float
    ) -> None:
        told = race(world, count, importance, "0")
        assert sum(bool(lines[0][1]) for lines in told.values()) == 1

    @pytest.mark.parametrize("importance", BANDS)
    @pytest.mark.parametrize("count", [2, 8])
    def test_whatever_was_acknowledged_is_there(self, world: World, count: int, importance: float) -> None:
        """All have seen the first value, and nobody another writer's: each one's last value is held, or a rival."""
        with world.open() as memory:
            put(memory, "contested", "begin", importance=importance, ttl="36500d")  # the racers' clock is the real one
        told = race(world, count, importance, "none", times=3)
        with world.open() as memory:
            held = [str(value_of(memory, "contested"))]
            held += [str(one.value) for one in memory.rivals(BUDGET, "contested")]
            assert {f"{name} 2" for name in told} <= set(held)
            assert len(held) == len(set(held))
            hit = memory.get(BUDGET, "contested")
            assert hit is not None
            assert hit.rivals == len(held) - 1
            memory.flush()
            assert set(held) <= set(map(str, everything_said(memory, "contested")))
        for name, lines in told.items():
            lost = [line for line in lines if line[1] is False or (line[0] != "conflicts" and line[2])]
            assert lines[-1] == ["conflicts", len(lost)], name

    def test_who_lost_without_having_looked_replaces_nothing_unseen(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with world.open("ada") as ada, world.open("grace") as grace:
            real = grace.tiers.working.put

            def late(writes: Sequence[Write]) -> list[Stored]:
                world.clock.pass_(seconds=1)
                put(ada, "k", "ada's", importance=0.6)
                return real(writes)

            with monkeypatch.context() as slow:
                slow.setattr(grace.tiers.working, "put", late)
                assert not grace.remember(BUDGET, "k", "grace's", importance=0.6).is_winner
            world.clock.pass_(seconds=1)
            put(ada, "k", "ada's second", importance=0.6)
            world.clock.pass_(seconds=1)
            again = grace.remember(BUDGET, "k", "grace's second", importance=0.6)
            assert again.rival is not None
            assert again.rival.value == "ada's second"

    def test_who_was_overtaken_while_it_took_up_an_older_value_has_not_seen_the_new_one(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with world.open("ada") as ada, world.open("grace") as grace:
            real = ada.tiers.working.put
            first = replace(put(grace, "other", "eve's", importance=0.3), key="k", writer="eve")

            def overtaken(writes: Sequence[Write]) -> list[Stored]:
                monkeypatch.setattr(ada.tiers.working, "put", real)
                stored = real(writes)
                world.clock.pass_(seconds=1)
                grace.core.seen.note(first.id, 1)
                put(grace, "k", "grace's", importance=0.6)
                ada.tiers.short.put([Write(memory=first, seen=0, homes=frozenset({Tier.SHORT}))])
                return stored

            monkeypatch.setattr(ada.tiers.working, "put", overtaken)
            assert ada.remember(BUDGET, "k", "ada's", importance=0.6).memory.value == "grace's"
            world.clock.pass_(seconds=1)
            again = ada.remember(BUDGET, "k", "ada's second", importance=0.6)
            assert again.rival is not None
            assert again.rival.value == "grace's"

    def test_both_writers_are_told_of_a_conflict(self, world: World) -> None:
        with world.open("ada") as ada, world.open("grace") as grace:
            put(ada, "k", "begin", importance=0.6)
            assert value_of(grace, "k") == "begin"
            assert value_of(ada, "k") == "begin"
            first = ada.remember(BUDGET, "k", "ada's", importance=0.6)
            second = grace.remember(BUDGET, "k", "grace's", importance=0.6)
            assert (first.rival, second.is_winner) == (None, True)
            assert second.rival is not None
            assert second.rival.value == "ada's"
            hit = ada.get(BUDGET, "k")
            assert hit is not None
            assert (hit.memory.value, hit.rivals) == ("grace's", 1)

    @pytest.mark.parametrize("importance", BANDS)
    def test_a_writer_who_did_not_know_of_a_value_does_not_replace_it_for_good(
        self, world: World, importance: float
    ) -> None:
        with world.open("ada") as ada, world.open("grace") as grace:
            put(ada, "k", "begin", importance=importance)
            assert value_of(grace, "k") == "begin"
            put(ada, "k", "ada's", importance=importance)
            put(grace, "k", "grace's", importance=importance)
            said = everything_said(ada, "k")
            assert {"ada's", "grace's"} <= set(map(str, said))
            put(ada, "k", "both", importance=importance)
            ada.flush()
            assert value_of(grace, "k") == "both"


class TestPeople:
    """People and programs at the same entry."""

    def test_a_person_who_edits_and_a_writer_who_did_not_see_it_lose_nothing(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "k", "the first line\n", importance=0.95)
            memory.flush()
            path = world.entries()[0]
            world.repo.write(path, world.repo.read(path).replace("the first line", "a person's line"))
            world.repo.commit("edit")
            put(memory, "k", "a program's line\n", importance=0.95)
            done = memory.flush()
            assert done.count(Outcome.CONFLICT) == 1
            records = [file.read_text() for file in (world.repo.path / "journal/conflicts").glob("*.json")]
            assert len(records) == 1
            assert memory.flush().is_new is False
            said = "".join([*records, world.repo.git("log", "-p", "--all")])
            assert "a person's line" in said
            assert "a program's line" in said

    def test_a_person_deletes_and_it_is_gone_everywhere(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "k", "x", importance=0.95)
            memory.flush()
            memory.recall(BUDGET, "k")
            world.repo.git("rm", "-q", world.entries()[0])
            world.repo.git("commit", "-q", "-m", "not that")
            assert value_of(memory, "k") is None
            memory.flush()
            assert (value_of(memory, "k"), listed(memory), world.entries()) == (None, [], [])
        with world.open() as memory:
            assert (value_of(memory, "k"), memory.recall(BUDGET, "x").hits) == (None, ())

    def test_a_person_edits_and_every_tier_shows_it(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "k", "old words", importance=0.95)
            memory.flush()
            memory.recall(BUDGET, "k")
            path = world.entries()[0]
            world.repo.write(path, world.repo.read(path).replace("old words", "new words"))
            world.repo.commit("edit")
            memory.flush()
            assert value_of(memory, "k") == "new words"
            assert [one.memory.value for one in memory.recall(BUDGET, "k").hits] == ["new words"]
            assert [one.memory.value for one in memory.recall(BUDGET, "words").hits] == ["new words"]
            assert memory.flush().owed == 0

    @pytest.mark.parametrize("question", ["k", "words", ""])
    def test_a_recall_shows_what_a_person_changed(self, world: World, question: str) -> None:
        with world.open() as memory:
            put(memory, "k", "old words", importance=0.95)
            put(memory, "gone", "words too", importance=0.95)
            memory.flush()
            memory.recall(BUDGET, "words")
            path, gone = (path_of("journal/entries", MemoryId(BUDGET, key)) for key in ("k", "gone"))
            world.repo.write(path, world.repo.read(path).replace("old words", "new words"))
            (world.repo.path / gone).unlink()
            world.repo.commit("edit")
            found = memory.recall(BUDGET, question, limit=1 if question == "k" else 10)
            assert [one.memory.value for one in found.hits] == ["new words"]

    def test_an_edit_is_shown_before_anybody_flushes(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "k", "old words", importance=0.95)
            memory.flush()
            memory.recall(BUDGET, "k")
            path = world.entries()[0]
            world.repo.write(path, world.repo.read(path).replace("old words", "new words"))
            world.repo.commit("edit")
            assert value_of(memory, "k") == "new words"

    def test_an_entry_that_a_person_broke_keeps_what_was_there_and_stops_no_other(self, world: World) -> None:
        with world.open() as memory:
            put(memory, "k", {"a": 1}, importance=0.95)
            memory.flush()
            path = world.entries()[0]
            world.repo.write(path, world.repo.read(path).replace('"a": 1', '"a": '))
            world.repo.commit("break")
            put(memory, "other", "fine", importance=0.8)
            done = memory.flush()
            assert done.count(Outcome.WRITTEN) == 1
            assert value_of(memory, "k") == {"a": 1}
            put(memory, "k", {"a": 2}, importance=0.95)
            assert memory.flush().count(Outcome.WAITING) == 1
            assert value_of(memory, "k") == {"a": 2}
            world.repo.git("revert", "--no-edit", "HEAD~1")
            memory.flush()
            assert (value_of(memory, "k"), memory.flush().owed) == ({"a": 2}, 0)
