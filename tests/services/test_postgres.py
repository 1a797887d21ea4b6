"""PostgreSQL killed, stopped, away and back."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Event
from typing import Any

import psycopg
import pytest
from contract_memories import NOW, held, memory, put, values_of
from servers.postgres import PostgresServer, empty_space, free_port, fresh_database
from word_embedder import WordEmbedder

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.postgres.catalogue import PostgresCatalogue
from sync.taskmaster.tiers.postgres.semantic import PgvectorSemantic
from sync.taskmaster.tiers.postgres.working import PostgresWorking
from sync.taskmaster.tiers.protocol import TierDownError

SECONDS = 2.0
"""The time limit of the tests: a server that is away is waited for as long."""


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server of the test's own, which it may kill."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def working() -> Iterator[PostgresWorking]:
    url, space = empty_space()
    with closing(PostgresWorking(url, space=space)) as made:
        yield made


# Killed, stopped, away and back


def test_what_was_acknowledged_is_there_after_the_server_was_killed(own_server: PostgresServer) -> None:
    acknowledged: list[MemoryId] = []
    half, is_over = Event(), Event()
    working = PostgresWorking(own_server.url, space="a", timeout_s=SECONDS)

    def work(worker: int) -> None:
        number = 0
        while not is_over.is_set():
            what = memory(f"{worker}-{number}", f"value {worker} {number}")
            with suppress(TierDownError):
                put(working, what)
                acknowledged.append(what.id)
                number += 1
            if len(acknowledged) > 100:
                half.set()

    with closing(working), ThreadPoolExecutor(8) as pool:
        done = [pool.submit(work, worker) for worker in range(8)]
        half.wait()
        own_server.kill()
        before = len(acknowledged)
        own_server.start()
        while len(acknowledged) < before + 50 and not any(one.done() for one in done):
            pass
        is_over.set()
        for one in done:
            one.result()
        assert set(acknowledged) - working.get(acknowledged, NOW).keys() == set()


def test_a_server_that_is_away_is_said_to_be_down_and_is_found_again(own_server: PostgresServer) -> None:
    with closing(PostgresWorking(own_server.url, space="a", timeout_s=SECONDS)) as working:
        put(working, memory())
        own_server.kill()
        for call in (working.check, lambda: put(working, memory("b")), lambda: held(working, memory().id)):
            with pytest.raises(TierDownError):
                call()
        own_server.start()

        working.check()
        assert values_of(working.get([memory().id], NOW).values()) == ["the old barn"]


@pytest.mark.timeout(60)
def test_a_server_that_hangs_is_said_to_be_down_and_is_found_again(own_server: PostgresServer) -> None:
    with closing(PostgresWorking(own_server.url, space="a", timeout_s=SECONDS)) as working:
        put(working, memory())
        hung = [own_server.pid, *own_server.children()]
        for pid in hung:
            os.kill(pid, signal.SIGSTOP)
        try:
            for call in (working.check, lambda: put(working, memory("b"))):
                with pytest.raises(TierDownError):
                    call()
        finally:
            for pid in hung:
                os.kill(pid, signal.SIGCONT)

        assert held(working, memory().id) is not None


@pytest.mark.timeout(60)
def test_a_port_that_accepts_and_never_answers_is_said_to_be_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"postgresql://ada:secret@127.0.0.1:{deaf.getsockname()[1]}/x"
        tiers: list[PostgresWorking | PgvectorSemantic] = [
            PostgresWorking(url, space="a", timeout_s=SECONDS),
            PgvectorSemantic(url, WordEmbedder(), space="a", timeout_s=SECONDS),
        ]
        for tier in tiers:
            with closing(tier), pytest.raises(TierDownError) as down:
                tier.check()
            assert "secret" not in f"{down.value}{down.value.hint}"


@pytest.mark.timeout(60)
def test_many_who_ask_for_a_server_that_never_answers_are_all_told() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as deaf, ThreadPoolExecutor(64) as pool:
        url = f"postgresql://ada@127.0.0.1:{deaf.getsockname()[1]}/x"
        with closing(PostgresWorking(url, space="a", timeout_s=SECONDS)) as working:
            asked: list[Future[Any]] = [pool.submit(working.get, [memory().id], NOW) for _ in range(32)]
            asked += [pool.submit(working.count) for _ in range(16)]
            asked += [pool.submit(put, working, memory(str(n))) for n in range(16)]
            assert {type(one.exception()) for one in asked} == {TierDownError}


def test_a_tier_is_opened_while_its_server_is_away() -> None:
    url = f"postgresql://ada@127.0.0.1:{free_port()}/x"
    with closing(PostgresCatalogue(url, space="a", timeout_s=SECONDS)) as catalogue, pytest.raises(TierDownError):
        catalogue.commit()


def test_connections_that_the_server_has_ended_are_made_anew(working: PostgresWorking) -> None:
    put(working, memory())
    url, _ = empty_space()
    with psycopg.connect(url, autocommit=True) as admin:
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'journal'"
        admin.execute(ended)
        assert held(working, memory().id) is not None
        admin.execute(ended)
        assert put(working, memory("b")).is_winner


def test_statements_that_the_server_has_forgotten_are_told_it_again(working: PostgresWorking) -> None:
    put(working, memory())
    assert held(working, memory().id)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: working.lease.database.read(lambda one: one.exec_driver_sql("deallocate all"))).result()

    assert held(working, memory().id)
    assert put(working, memory("another")).is_winner


def test_a_database_that_was_set_back_while_it_was_away_is_read_anew() -> None:
    with fresh_database() as url, closing(PostgresWorking(url, space="a")) as working:
        put(working, memory())
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("drop table journal_memory, journal_rival, journal_context, journal_shelf")
            admin.execute("drop table journal_memory_revision")
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'journal'")
        working.check()

        assert working.count() == 0
        assert put(working, memory()).is_winner


def test_what_others_hold_a_lock_on_is_waited_for_no_longer_than_the_limit() -> None:
    url, space = empty_space()
    with closing(PostgresWorking(url, space=space, timeout_s=SECONDS)) as working:
        put(working, memory())
        with psycopg.connect(url) as other:
            other.execute("lock table journal_memory")
            with pytest.raises(TierDownError):
                put(working, memory("b"))
        assert put(working, memory("b")).is_winner
