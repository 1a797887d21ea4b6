"""PostgreSQL as it is in use: killed, stopped, away and back, crowded; and journals that share it."""

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
from contracts.contract_memories import BUDGET, GUESTS, NOW, held, keys_of, memory, put, values_of, write
from servers.postgres import PostgresServer, empty_space, free_port, fresh_database
from sqlalchemy import Connection, text
from word_embedder import WordEmbedder

from sync.errors import UsageError
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.scoring import read_asked
from sync.taskmaster.tiers.postgres.catalogue import PostgresCatalogue
from sync.taskmaster.tiers.postgres.putting import put_all
from sync.taskmaster.tiers.postgres.semantic import PgvectorSemantic
from sync.taskmaster.tiers.postgres.working import PostgresWorking
from sync.taskmaster.tiers.protocol import TierDownError
from sync.taskmaster.writing import COPY, Stored, Write

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


# Many at once


def test_there_are_never_more_connections_than_the_pool_has() -> None:
    counted: list[int] = []
    question = (
        "select count(*) from pg_stat_activity where application_name = 'journal' and datname = current_database()"
    )
    with (
        fresh_database() as url,
        closing(PostgresWorking(url, space="a", pool=4, timeout_s=60)) as small,
        psycopg.connect(url, autocommit=True) as admin,
        ThreadPoolExecutor(128) as pool,
    ):
        put(small, memory())
        asked: list[Future[Any]] = [pool.submit(held, small, memory().id) for _ in range(512)]
        asked += [pool.submit(put, small, memory(str(number))) for number in range(128)]
        while not all(one.done() for one in asked):
            counted.append(admin.execute(question).fetchone()[0])  # type: ignore[index]
        assert all(one.result() for one in asked)

    assert 1 < max(counted) <= 4


def test_batches_of_the_same_keys_in_any_order_are_all_carried_out() -> None:
    url, space = empty_space()
    keys = [f"k{number}" for number in range(20)]
    tiers = [PostgresWorking(url, space=space, timeout_s=30) for _ in range(4)]

    def work(at: int) -> None:
        for turn in range(10):
            ordered = keys if (at + turn) % 2 else keys[::-1]
            tiers[at].put([write(memory(key, f"{at} {turn}", minute=turn)) for key in ordered])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    values = {f"{at} {turn}" for at in range(4) for turn in range(10)}
    for key in keys:
        id_ = memory(key).id
        kept = held(tiers[0], id_)
        assert kept is not None
        assert {kept.memory.value, *(one.value for one in tiers[1].rivals(id_))} == values
    for tier in tiers:
        tier.close()


def test_of_two_who_make_one_key_at_the_same_time_both_are_held() -> None:
    url, space = empty_space()
    first, second = PostgresWorking(url, space=space), PostgresWorking(url, space=space)
    waiting = text(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    with closing(first), closing(second), ThreadPoolExecutor(1) as pool:
        numbers = first._shelf.made([BUDGET])
        second.count()

        def work(connection: Connection) -> Future[Stored]:
            put_all(connection, first._shelf.number, numbers, [write(memory(value="barn"))])
            writing = pool.submit(put, second, memory(value="castle", minute=1), 5)
            while not connection.execute(waiting).scalar() and not writing.done():
                pass
            return writing

        stored = first._shelf.write(work).result()
        assert stored.rival is not None
        assert (stored.is_winner, stored.rival.value) == (True, "barn")
        assert [one.value for one in second.rivals(memory().id)] == ["barn"]


@pytest.mark.parametrize(("context", "key"), [(BUDGET, "a\0b"), ("a\0b", "venue"), (BUDGET, "\ud800"), ("\ud800", "k")])
def test_text_that_postgresql_cannot_hold_names_nothing(working: PostgresWorking, context: str, key: str) -> None:
    odd = memory(key, context=context)
    with pytest.raises(UsageError):
        working.put([Write(memory=odd, seen=0)])

    assert working.get([odd.id], NOW) == {}
    assert (working.page(context, NOW, after=odd.id), working.rivals(odd.id)) == ([], [])
    assert (working.drop({odd.id: 1}), working.settle_rivals(odd.id, ["00"])) == (0, 0)
    assert (working.count("a\0b"), working.contexts("a\0b")) == (0, [])


def test_what_one_caller_cannot_write_does_not_hold_up_the_others(working: PostgresWorking) -> None:
    with ThreadPoolExecutor(16) as pool:
        done = [
            pool.submit(put, working, memory(str(n), context="a\ud800b" if n % 4 == 0 else BUDGET)) for n in range(64)
        ]
        failed = [one.exception() is not None for one in done]

    assert failed == [n % 4 == 0 for n in range(64)]
    assert working.count() == 48


def test_a_batch_is_written_whole_or_not_at_all(working: PostgresWorking) -> None:
    url, _ = empty_space()
    put(working, memory("z"))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("alter table journal_memory add constraint none check (key <> 'bad')")
        try:
            with pytest.raises(Exception, match="none"):
                working.put([write(memory(key)) for key in ("a", "bad", "c")])
        finally:
            admin.execute("alter table journal_memory drop constraint none")

    assert keys_of(working.page(BUDGET, NOW)) == ["z"]


# Journals that share a database


def test_journals_in_one_database_do_not_see_each_other() -> None:
    url, space = empty_space()
    spaces = [space, f"{space} too"]
    mine, theirs = [PostgresWorking(url, space=one, per_tenant=0) for one in spaces]
    with closing(mine), closing(theirs):
        put(mine, memory())
        put(theirs, memory(value="the castle"))
        theirs.sweep(NOW)

        assert values_of(mine.search(read_asked("venue"), [BUDGET], 9, NOW)) == ["the old barn"]
        assert values_of(theirs.page("", NOW, below=True)) == ["the castle"]
        assert (mine.count(), mine.contexts()) == (1, [BUDGET])


def test_a_journal_s_tiers_do_not_see_each_other() -> None:
    url, space = empty_space()
    working, catalogue = PostgresWorking(url, space=space), PostgresCatalogue(url, space=space)
    with closing(working), closing(catalogue):
        put(working, memory())
        catalogue.follow("1" * 40, "", [write(memory("b"), COPY)], [])
        catalogue.clear()

        assert (working.count(), catalogue.count()) == (1, 0)


# Very large contexts


def test_a_large_context_gets_an_index_and_finds_the_nearest_through_it() -> None:
    url, space = empty_space()
    embedder = WordEmbedder()
    texts = {MemoryId(BUDGET, f"k{n:03}"): f"guest {n % 7} likes {n} and {n % 31}" for n in range(300)}
    exact = PgvectorSemantic(url, embedder, space=space)
    indexed = PgvectorSemantic(url, embedder, space=space, most_compared=100)
    with closing(exact), closing(indexed), psycopg.connect(url) as admin:
        exact.add(texts)
        asked = [f"likes {number}" for number in range(20)]
        expected = [{one.id for one in exact.near(text, [BUDGET], 10)} for text in asked]
        indexed.add({MemoryId(BUDGET, "one more"): "guest", MemoryId(GUESTS, "small"): "guest"})
        names = admin.execute(
            "select i.relname, am.amname from pg_class i join pg_am am on am.oid = i.relam"
            " where i.relname like 'journal_vector_near_%'"
        ).fetchall()
        near = [{one.id for one in indexed.near(text, [BUDGET, GUESTS], 10)} for text in asked]

    assert [method for _, method in names] == ["hnsw"]
    assert sum(len(one & other) for one, other in zip(near, expected, strict=True)) >= 180


def test_an_index_is_made_once() -> None:
    url, space = empty_space()
    with closing(PgvectorSemantic(url, WordEmbedder(), space=space, most_compared=5)) as semantic:
        semantic.add({MemoryId(BUDGET, str(n)): str(n) for n in range(9)})
        with psycopg.connect(url) as admin:
            question = "select oid from pg_class where relname like 'journal_vector_near_%' order by oid"
            before = admin.execute(question).fetchall()
            semantic.add({MemoryId(BUDGET, "more"): "more"})
            assert admin.execute(question).fetchall() == before
