"""The memory manager over a real Redis and a real PostgreSQL that are away, die, hang and come back."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from memory_worlds import BUDGET, World, listed, make_world, put, value_of
from servers.postgres import PostgresServer
from servers.redis import RedisServer, free_port

from sync.errors import RetryError
from sync.taskmaster.long_term.port import Outcome
from sync.taskmaster.memory import Tier, encode_value
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.writing import Write

GUARD_S = 20.0
"""After so long a call hangs; nothing is measured by it."""
BANDS = (0.2, 0.6, 0.8, 0.95)
ABOVE = BANDS[1:]


@contextmanager
def in_time() -> Iterator[None]:
    """Fails where something waited for a server that never answers."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < GUARD_S, "it waited for a server that does not answer"


def settings(short: str = "sqlite:", working: str = "sqlite:") -> str:
    return f'[memory]\nsemantic = "off"\ntimeout = "1s"\nshort_term = "{short}"\nworking = "{working}"\n'


def back(world: World) -> None:
    """So much time passes that a tier that did not answer is asked again."""
    world.clock.pass_(minutes=1)


class Redis:
    """A Redis server, and how it goes away and comes back."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.server = RedisServer(folder, "--appendonly", "yes", "--appendfsync", "always")
        self.url = self.server.url
        self.server.start()
        self._is_stopped = False

    @property
    def pid(self) -> int:
        process = self.server._process
        assert process is not None
        return process.pid

    def away(self, how: str) -> None:
        """Die or hang."""
        if how == "dies":
            self.server.kill()
        else:
            os.kill(self.pid, signal.SIGSTOP)
            self._is_stopped = True

    def come_back(self) -> None:
        """Answer again."""
        if self._is_stopped:
            os.kill(self.pid, signal.SIGCONT)
            self._is_stopped = False
        else:
            self.server.start()

    def stop(self) -> None:
        """End, whatever it does."""
        if self._is_stopped:
            self.come_back()
        self.server.kill()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    made = Redis(tmp_path / "redis")
    yield made
    made.stop()


@pytest.fixture
def world(tmp_path: Path, redis: Redis) -> World:
    return make_world(tmp_path / "repo", settings=settings(short=redis.url))


HOW = pytest.mark.parametrize("how", ["dies", "hangs"])


class TestRedis:
    """Without the short-term tier everything goes on, one tier farther, and says so."""

    @HOW
    def test_everything_goes_on_without_it_and_it_is_told_when_it_is_back(
        self, world: World, redis: Redis, how: str
    ) -> None:
        with world.open() as memory:
            for band in BANDS:
                put(memory, f"old {band}", "before", importance=band)
            redis.away(how)
            with in_time():
                for band in BANDS:
                    done = memory.remember(BUDGET, f"new {band}", "meanwhile", importance=band)
                    assert done.tiers == (Tier.WORKING,)
                    assert Tier.SHORT in done.owed  # of any importance: nobody knows what it holds of the key
                    assert done.notes
                found = memory.recall(BUDGET, "meanwhile")
                assert {one.memory.key for one in found.hits} == {f"new {band}" for band in BANDS}
                assert found.notes
                assert memory.list(BUDGET).notes
                assert value_of(memory, "old 0.95") == "before"
                assert memory.flush().is_clean
                assert memory.catch_up().notes
            redis.come_back()
            back(world)
            caught = memory.catch_up()
            assert (caught.counts[Tier.SHORT], caught.notes) == (4 if how == "dies" else caught.counts[Tier.SHORT], ())
            keys = {f"{age} {band}" for age in ("old", "new") for band in BANDS}
            assert {key for _, key in listed(memory)} == keys
            short = {one.memory.key for one in memory.tiers.short.page(BUDGET, world.clock())}
            assert {"old 0.2", "old 0.95", "new 0.2", "new 0.95"} <= short
            assert memory.tiers.working.owed(Tier.SHORT, 10) == []
            assert memory.recall(BUDGET, "meanwhile").notes == ()

    def test_it_is_away_from_the_start(self, world: World, redis: Redis) -> None:
        redis.away("dies")
        with in_time(), world.open() as memory:
            for band in BANDS:
                put(memory, f"new {band}", "meanwhile", importance=band)
        with in_time(), world.open("grace") as memory:
            assert len(memory.recall(BUDGET, "meanwhile").hits) == 4
            redis.come_back()
            back(world)
            memory.catch_up()
            assert len(listed(memory)) == 4

    def test_a_port_that_accepts_and_never_answers(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
            world = make_world(tmp_path / "silent", settings=settings(short=url))
            with in_time(), world.open() as memory:
                for band in BANDS:
                    put(memory, f"new {band}", "meanwhile", importance=band)
                assert len(memory.recall(BUDGET, "meanwhile").hits) == 4
                assert memory.flush().is_clean

    @HOW
    @pytest.mark.parametrize("band", BANDS)
    @pytest.mark.parametrize("by", ["the same", "another"])
    def test_what_was_forgotten_meanwhile_does_not_come_back(
        self, world: World, redis: Redis, how: str, band: float, by: str
    ) -> None:
        with world.open() as memory, world.open("grace") as grace:
            put(memory, "k", "words of old", importance=band)
            memory.flush()
            memory.recall(BUDGET, "k")
            redis.away(how)
            with in_time():
                try:
                    done = (memory if by == "the same" else grace).forget(BUDGET, "k")
                except RetryError:
                    redis.come_back()
                    assert (band, value_of(memory, "k")) == (0.2, "words of old")
                    return
            redis.come_back()
            back(world)
            if not done.is_forgotten:
                assert (band, bool(done.notes)) == (0.2, True)
                return
            for one in (memory, grace):
                assert one.recall(BUDGET, "k").hits == ()
                assert one.recall(BUDGET, "words").hits == ()
                assert (value_of(one, "k"), listed(one)) == (None, [])
            memory.flush()
            for one in (memory, grace):
                assert one.recall(BUDGET, "k").hits == ()
                assert (value_of(one, "k"), listed(one)) == (None, [])

    @HOW
    @pytest.mark.parametrize("band", BANDS)
    def test_what_was_changed_meanwhile_stays_changed(self, world: World, redis: Redis, how: str, band: float) -> None:
        with world.open() as memory, world.open("grace") as grace:
            put(memory, "k", "words of old", importance=band)
            memory.flush()
            memory.recall(BUDGET, "k")
            redis.away(how)
            with in_time():
                put(memory, "k", "newer words", importance=band)
            redis.come_back()
            back(world)
            for one in (memory, grace):
                assert [hit.memory.value for hit in one.recall(BUDGET, "k").hits] == ["newer words"]
                assert [hit.memory.value for hit in one.recall(BUDGET, "words").hits] == ["newer words"]
                assert value_of(one, "k") == "newer words"
            memory.catch_up()
            assert value_of(grace, "k") == "newer words"
            assert memory.tiers.working.owed(Tier.SHORT, 10) == []

    @pytest.mark.parametrize("first", ["ada", "grace"])
    def test_two_who_wrote_apart_from_each_other_both_find_their_values(
        self, world: World, redis: Redis, first: str
    ) -> None:
        """One wrote to the short-term tier; the other, while it was away, to the working tier."""
        with world.open() as memory, world.open("grace") as grace:
            now = world.clock.now
            world.clock.pass_(minutes=0 if first == "ada" else 10)
            put(memory, "k", "ada's", importance=0.2)
            redis.away("dies")
            world.clock.now = now
            world.clock.pass_(minutes=10 if first == "ada" else 0)
            put(grace, "k", "grace's", importance=0.2)
            redis.come_back()
            world.clock.pass_(minutes=20)
            grace.catch_up()
            for one in (memory, grace):
                values = {str(value_of(one, "k")), *(str(rival.value) for rival in one.rivals(BUDGET, "k"))}
                assert values == {"ada's", "grace's"}

    def test_it_comes_back_empty(self, world: World, redis: Redis) -> None:
        with world.open() as memory:
            for band in BANDS:
                put(memory, f"k {band}", "words", importance=band)
            redis.server.ask("FLUSHALL")
            assert [key for _, key in listed(memory)] == [f"k {band}" for band in ABOVE]
            for band in BANDS:
                assert memory.remember(BUDGET, f"k {band}", "newer", importance=band).is_winner
                assert value_of(memory, f"k {band}") == "newer"

    def test_the_program_says_in_one_line_that_it_is_away(self, world: World, redis: Redis) -> None:
        redis.away("dies")
        done = world.repo.journal("remember", BUDGET, "k", "a value", "--importance", "0.2")
        assert "Traceback" not in done.output + done.stderr
        shown = world.repo.journal("recall", BUDGET, "k")
        assert "a value" in shown.output


@pytest.fixture(scope="module")
def shared_postgres() -> Iterator[PostgresServer]:
    made = PostgresServer(fsync="on")
    made.start()
    yield made
    made.stop()


class Postgres:
    """The server, and how it goes away and comes back."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._stopped: list[int] = []

    def away(self, how: str) -> None:
        """Die or hang."""
        if how == "dies":
            self.server.kill()
            return
        self._stopped = [self.server.pid, *self.server.children()]
        for pid in self._stopped:
            os.kill(pid, signal.SIGSTOP)

    def come_back(self) -> None:
        """Answer again."""
        for pid in self._stopped:
            os.kill(pid, signal.SIGCONT)
        self._stopped = []
        self.server.start()


@pytest.fixture
def postgres(shared_postgres: PostgresServer) -> Iterator[Postgres]:
    made = Postgres(shared_postgres)
    yield made
    made.come_back()


@pytest.fixture
def remote(tmp_path: Path, redis: Redis, postgres: Postgres, request: pytest.FixtureRequest) -> World:
    """Redis and PostgreSQL."""
    text = settings(short=redis.url, working=postgres.server.url)
    space = crc32(request.node.name.encode())
    return make_world(tmp_path / "remote", settings=f'{text}space = "s{space}"\n')


class TestPostgres:
    """Without the working tier nobody can say what a key holds: writes fail clearly; what is up, answers."""

    def test_with_both_servers_up_everything_is_as_with_files(self, remote: World) -> None:
        with remote.open() as memory, remote.open("grace") as grace:
            for band in BANDS:
                put(memory, f"k {band}", "words", importance=band)
            assert memory.flush().count(Outcome.WRITTEN) == 2
            assert [key for _, key in listed(grace)] == [f"k {band}" for band in BANDS]
            assert len(grace.recall(BUDGET, "words").hits) == 4
            for band in BANDS:
                assert value_of(grace, f"k {band}") == "words"
                assert grace.forget(BUDGET, f"k {band}").is_forgotten
            assert listed(memory) == []
            assert grace.flush().count(Outcome.DELETED) == 2
            assert listed(memory) == []

    def test_what_redis_holds_is_not_shown_where_postgresql_knows_better(self, remote: World) -> None:
        with remote.open() as memory:
            put(memory, "venue", "the barn", importance=0.6)
            memory.recall(BUDGET, "barn")
            assert memory.recall(BUDGET, "venue").tiers == (Tier.SHORT,)

            kind, data = encode_value("the castle")
            later = remote.clock.now + timedelta(minutes=1)
            known = memory.recall(BUDGET, "venue").hits[0].memory
            told = replace(known, kind=kind, data=data, updated=later, created=later, writer="grace")
            homes = frozenset({Tier.WORKING})
            memory.tiers.working.put([Write(memory=told, seen=0, homes=homes, tokens=tokens_of(told))])
            hit = memory.recall(BUDGET, "venue").hits[0]

            assert (hit.memory.value, hit.rivals, hit.tier) == ("the castle", 1, Tier.WORKING)

    @HOW
    def test_writes_fail_clearly_and_reads_answer_from_what_is_up(
        self, remote: World, postgres: Postgres, how: str
    ) -> None:
        with remote.open() as memory:
            for band in BANDS:
                put(memory, f"k {band}", "words", importance=band)
            memory.flush()
            postgres.away(how)
            for band in BANDS:
                with in_time(), pytest.raises(RetryError) as caught:
                    put(memory, f"new {band}", "words", importance=band)
                assert caught.value.exit_code == RetryError.exit_code
            with in_time():
                found = memory.recall(BUDGET, "words")
                assert found.notes
                assert {"k 0.2", "k 0.95"} <= {one.memory.key for one in found.hits}
                assert memory.list(BUDGET).notes
                assert value_of(memory, "k 0.2") == "words"
            for call in (memory.flush, memory.catch_up, lambda: memory.forget(BUDGET, "k 0.95")):
                with in_time(), pytest.raises(RetryError):
                    call()
            commits = remote.commits()
            postgres.come_back()
            back(remote)
            assert {key for _, key in listed(memory)} >= {f"k {band}" for band in BANDS}
            for band in BANDS:
                put(memory, f"new {band}", "words", importance=band)
            assert memory.flush().count(Outcome.WRITTEN) >= 2
            assert remote.commits() == commits + 1
            assert memory.flush().owed == 0
            assert len(memory.recall(BUDGET, "words").hits) == 8

    def test_that_nothing_is_there_is_not_said_of_what_cannot_be_asked(self, remote: World, postgres: Postgres) -> None:
        with remote.open() as memory:
            put(memory, "k", "words", importance=0.8)
            postgres.away("dies")
            with in_time(), pytest.raises(RetryError):
                memory.get(BUDGET, "k")

    def test_it_is_away_from_the_start(self, remote: World, postgres: Postgres) -> None:
        postgres.away("dies")
        with in_time(), remote.open() as memory:
            with pytest.raises(RetryError):
                put(memory, "k", "words", importance=0.8)
            assert memory.recall(BUDGET, "k").notes
            postgres.come_back()
            back(remote)
            put(memory, "k", "words", importance=0.8)
            assert memory.flush().count(Outcome.WRITTEN) == 1

    def test_both_are_away(self, remote: World, postgres: Postgres, redis: Redis) -> None:
        with remote.open() as memory:
            put(memory, "k", "words", importance=0.95)
            memory.flush()
            redis.away("hangs")
            postgres.away("hangs")
            with in_time():
                found = memory.recall(BUDGET, "words")
            assert len(found.notes) >= 2
            for band in BANDS:
                with in_time(), pytest.raises(RetryError):
                    put(memory, "k", "newer", importance=band)
            redis.come_back()
            postgres.come_back()
            back(remote)
            put(memory, "k", "newer", importance=0.95)
            memory.flush()
            assert [one.memory.value for one in memory.recall(BUDGET, "k").hits] == ["newer"]

    def test_a_port_that_accepts_and_never_answers(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/postgres"
            world = make_world(tmp_path / "silent", settings=settings(working=url))
            with in_time(), world.open() as memory:
                with pytest.raises(RetryError):
                    put(memory, "k", "words", importance=0.8)
                assert memory.recall(BUDGET, "k").notes
                with pytest.raises(RetryError):
                    memory.flush()
            assert world.commits() == 1

    @pytest.mark.parametrize("when", ["before", "behind"])
    @pytest.mark.parametrize(
        ("part", "name"), [("working", "owed"), ("working", "settle"), ("catalogue", "follow"), ("working", "sweep")]
    )
    def test_it_dies_in_the_middle_of_a_flush(
        self, remote: World, postgres: Postgres, part: str, name: str, when: str
    ) -> None:
        with remote.open() as memory:
            put(memory, "changed", {"a": 1}, importance=0.95)
            put(memory, "gone", "words", importance=0.8)
            memory.flush()
            put(memory, "changed", {"a": 2}, importance=0.95)
            put(memory, "new", "words", importance=0.8)
            memory.forget(BUDGET, "gone")
            commits = remote.commits()
            tier = getattr(memory.tiers, part)
            tier = getattr(tier, "plain", tier)  # the one behind it that loads large values
            with _dying_once(tier, name, when, postgres), suppress(RetryError):
                memory.flush()
            postgres.come_back()
            back(remote)
        with remote.open("grace") as memory:
            memory.flush()
            assert memory.flush().owed == 0
            assert [key for _, key in listed(memory)] == ["changed", "new"]
            assert (value_of(memory, "changed"), value_of(memory, "new")) == ({"a": 2}, "words")
        assert (len(remote.entries()), remote.commits()) == (2, commits + 1)
        assert remote.repo.git("status", "--short", "-uall") == ""

    def test_the_program_says_in_one_line_that_it_is_away(self, tmp_path: Path) -> None:
        url = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
        world = make_world(tmp_path / "away", settings=settings(working=url))
        with in_time():
            done = world.repo.journal("remember", BUDGET, "k", "a value", "--importance", "0.8", code=4)
        assert "Traceback" not in done.output + done.stderr
        with in_time():
            world.repo.journal("recall", BUDGET, "k", code=None)
            assert world.repo.journal("flush", code=4).exit_code == RetryError.exit_code


@contextmanager
def _dying_once(tier: Any, name: str, when: str, postgres: Postgres) -> Iterator[None]:
    """Let the server die before, or behind, the next call of a tier."""
    real: Callable[..., Any] = getattr(tier, name)
    calls = []

    def call(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) > 1:
            return real(*arguments, **options)
        if when == "before":
            postgres.away("dies")
            return real(*arguments, **options)
        done = real(*arguments, **options)
        postgres.away("dies")
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tier, name, call)
        yield
    assert calls, "nothing has called it"
