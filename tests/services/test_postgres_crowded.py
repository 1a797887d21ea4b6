"""PostgreSQL with many at once: a bounded pool, races, journals that share a database, very large contexts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from contract_memories import BUDGET, GUESTS, NOW, held, keys_of, memory, put, values_of, write
from servers.postgres import empty_space, fresh_database
from sqlalchemy import Connection
from word_embedder import WordEmbedder

from sync.errors import UsageError
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.scoring import read_asked
from sync.taskmaster.tiers.postgres.catalogue import PostgresCatalogue
from sync.taskmaster.tiers.postgres.putting import put_all
from sync.taskmaster.tiers.postgres.semantic import PgvectorSemantic
from sync.taskmaster.tiers.postgres.working import PostgresWorking
from sync.taskmaster.writing import COPY, Stored, Write


@pytest.fixture
def working() -> Iterator[PostgresWorking]:
    url, space = empty_space()
    with closing(PostgresWorking(url, space=space)) as made:
        yield made


# Many at once


def test_the_tiers_of_a_process_never_have_more_connections_than_the_pool() -> None:
    counted: list[int] = []
    question = (
        "select count(*) from pg_stat_activity where application_name = 'journal' and datname = current_database()"
    )
    with (
        fresh_database() as url,
        closing(PostgresWorking(url, space="a", pool=4, timeout_s=60)) as working,
        closing(PostgresCatalogue(url, space="a", pool=4, timeout_s=60)) as catalogue,
        closing(PgvectorSemantic(url, WordEmbedder(), space="a", pool=4, timeout_s=60)) as semantic,
        psycopg.connect(url, autocommit=True) as admin,
        ThreadPoolExecutor(128) as pool,
    ):
        for tier in (working, catalogue):
            put(tier, memory())
        semantic.add({memory().id: "the old barn"})
        asked: list[Future[Any]] = [pool.submit(held, working, memory().id) for _ in range(128)]
        asked += [pool.submit(working.search, read_asked("barn"), [BUDGET], 9, NOW) for _ in range(128)]
        asked += [pool.submit(semantic.near, "barn", [BUDGET], 9) for _ in range(128)]
        asked += [pool.submit(put, catalogue, memory(str(number))) for number in range(128)]
        while not all(one.done() for one in asked):
            counted.append(admin.execute(question).fetchone()[0])  # type: ignore[index]
        assert all(one.result() for one in asked)

    assert 1 < max(counted) <= 4


def test_a_tier_that_is_closed_leaves_the_others_of_its_database_their_connections() -> None:
    url, space = empty_space()
    working, catalogue = PostgresWorking(url, space=space), PostgresCatalogue(url, space=space)
    with closing(catalogue):
        working.close()
        working.close()

        assert put(catalogue, memory()).is_winner
        assert held(catalogue, memory().id) is not None


def test_the_last_tier_that_is_closed_ends_all_connections() -> None:
    with fresh_database() as url, psycopg.connect(url, autocommit=True) as admin:
        for tier in [PostgresWorking(url, space="a"), PostgresCatalogue(url, space="a")]:
            with closing(tier):
                tier.count()
        question = "select 1 from pg_stat_activity where application_name = 'journal' and datname = current_database()"
        while admin.execute(question).fetchone():  # the server's processes end a moment later
            pass


def test_each_of_many_who_ask_at_once_is_given_what_it_asked_for(working: PostgresWorking) -> None:
    url, space = empty_space()
    with closing(PostgresCatalogue(url, space=space)) as catalogue, ThreadPoolExecutor(32) as pool:
        for number in range(8):
            put(working, memory(str(number), f"working {number}"))
            put(catalogue, memory(str(number), f"catalogue {number}"))
        asked = [
            (tier, name, n) for n in range(9) for tier, name in ((working, "working"), (catalogue, "catalogue"))
        ] * 8
        found = pool.map(lambda one: held(one[0], memory(str(one[2])).id), asked)

        values = [one.memory.value if one else None for one in found]
        assert values == [f"{name} {n}" if n < 8 else None for _, name, n in asked]


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
    waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    with (
        closing(first),
        closing(second),
        psycopg.connect(url, autocommit=True) as admin,
        ThreadPoolExecutor(1) as pool,
    ):
        numbers = first._shelf.made([BUDGET])
        second.count()

        def work(connection: Connection) -> Future[Stored]:
            put_all(connection, first._shelf.number, numbers, [write(memory(value="barn"))])
            writing = pool.submit(put, second, memory(value="castle", minute=1), 5)
            while admin.execute(waiting).fetchone() is None and not writing.done():
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
