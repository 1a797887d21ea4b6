"""The short-term tier and the events on a real Redis server: when it dies, hangs, is full, comes back."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log1p
from pathlib import Path
from random import Random

import pytest
from servers.redis import GUARD_S, RedisServer, empty_space, free_port, running

from sync.errors import SettingsError, ShapeError, UsageError
from sync.taskmaster.events import Bus, Event
from sync.taskmaster.memory import Memory, MemoryId, encode_value
from sync.taskmaster.redis_events import RedisEvents
from sync.taskmaster.scoring import read_asked, tokens_of
from sync.taskmaster.tiers.protocol import Held, TierDownError, Use
from sync.taskmaster.tiers.redis.scripts import GRACE_MS
from sync.taskmaster.tiers.redis.short_term import RedisShortTerm
from sync.taskmaster.writing import Write

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
BUDGET = "taskmaster:wedding:42:module:budget"
TIMEOUT_S = 1.0
WORDS = ["kalo", "nemi", "tupo", "rixa", "vodu", "zefi"]


def memory(key: str = "venue", value: object = "the old barn", *, expires_s: float | None = None) -> Memory:
    kind, data = encode_value(value)  # type: ignore[arg-type]
    expires = None if expires_s is None else NOW + timedelta(seconds=expires_s)
    return Memory(
        context=BUDGET, key=key, kind=kind, data=data, importance=0.2, created=NOW, updated=NOW, expires=expires
    )


def put(tier: RedisShortTerm, *memories: Memory) -> None:
    tier.put([Write(memory=one, seen=0, tokens=tokens_of(one)) for one in memories])


def keys_of(tier: RedisShortTerm, question: str = "barn") -> list[str]:
    return [one.memory.key for one in tier.search(read_asked(question), [BUDGET], 10, NOW)]


@contextmanager
def opened(url: str, space: str = "test", per_context: int = 1_000) -> Iterator[RedisShortTerm]:
    with closing(RedisShortTerm(url, space=space, per_context=per_context, timeout_s=TIMEOUT_S)) as tier:
        yield tier


@pytest.fixture
def tier() -> Iterator[RedisShortTerm]:
    with empty_space() as (url, space), opened(url, space) as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running(tmp_path, "--appendonly", "yes") as made:
        yield made


# Down, hanging, back


def test_a_server_that_is_down_is_an_error_that_names_it() -> None:
    port = free_port()
    with opened(f"redis://:secret@127.0.0.1:{port}/0") as tier, pytest.raises(TierDownError) as caught:
        put(tier, memory())

    assert str(port) in caught.value.message
    assert "secret" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize("call", ["put", "get", "search", "page", "sweep", "check"])
def test_a_server_that_hangs_is_an_error_and_not_a_wait(call: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with opened(url) as tier, pytest.raises(TierDownError):
            {
                "put": lambda: put(tier, memory()),
                "get": lambda: tier.get([memory().id], NOW),
                "search": lambda: keys_of(tier),
                "page": lambda: tier.page(BUDGET, NOW),
                "sweep": lambda: tier.sweep(NOW),
                "check": tier.check,
            }[call]()


def test_a_late_answer_is_not_taken_for_that_of_another_question(server: RedisServer) -> None:
    with opened(server.url) as tier:
        put(tier, memory("one"), memory("other"))
        server.ask("CLIENT PAUSE 800")
        with pytest.raises(TierDownError):
            tier.get([memory("one").id], NOW)
        held: dict[MemoryId, Held] = {}
        while not held:
            with suppress(TierDownError):
                held = tier.get([memory("other").id], NOW)

        assert [one.memory.key for one in held.values()] == ["other"]


def test_what_was_acknowledged_is_there_after_a_kill(server: RedisServer) -> None:
    with opened(server.url) as tier:
        for number in range(50):
            put(tier, memory(str(number)))
        server.kill()
        with pytest.raises(TierDownError):
            tier.check()
        server.start()

        assert len(tier.get([memory(str(number)).id for number in range(50)], NOW)) == 50


def test_a_server_that_came_back_empty_is_used_again(tmp_path: Path) -> None:
    with running(tmp_path) as server, opened(server.url) as tier:
        put(tier, memory("before"))
        server.kill()
        server.start()
        put(tier, memory("after"))

        assert keys_of(tier) == ["after"]


def test_a_server_that_is_full_is_an_error_and_can_still_be_read(server: RedisServer) -> None:
    with opened(server.url) as tier:
        put(tier, memory("first"))
        server.ask("CONFIG SET maxmemory 1")
        with pytest.raises(TierDownError, match="maxmemory"):
            put(tier, memory("second"))

        assert keys_of(tier) == ["first"]
        server.ask("CONFIG SET maxmemory 0")
        put(tier, memory("second"))
        assert sorted(keys_of(tier)) == ["first", "second"]


def test_a_replica_is_an_error_and_can_still_be_read(server: RedisServer) -> None:
    with opened(server.url) as tier:
        put(tier, memory("first"))
        server.ask(f"REPLICAOF 127.0.0.1 {free_port()}")
        with pytest.raises(TierDownError, match="read only"):
            put(tier, memory("second"))

        assert keys_of(tier) == ["first"]


def test_a_wrong_password_is_an_error_that_says_so(server: RedisServer) -> None:
    server.ask("CONFIG SET requirepass right")
    with opened(server.url.replace("127", ":wrong@127")) as tier, pytest.raises(TierDownError) as caught:
        tier.check()

    assert "password" in caught.value.hint
    assert "wrong@" not in caught.value.message


@pytest.mark.parametrize("url", ["", "redis:", "http://host", "redis://host:port", "unix://", "redis://host?max=1"])
def test_what_is_no_address_is_an_error_in_the_settings(url: str) -> None:
    with pytest.raises(SettingsError):
        RedisShortTerm(url)


@pytest.mark.parametrize("space", ["", "a:b", "a b", "*"])
def test_what_is_no_prefix_is_an_error_in_the_settings(space: str) -> None:
    with pytest.raises(SettingsError):
        RedisShortTerm("redis://localhost", space=space)


# Beside others on the server


def test_spaces_do_not_see_each_other() -> None:
    with empty_space() as (url, one), empty_space() as (_, other), opened(url, one) as tier, opened(url, other) as rest:
        put(tier, memory())

        assert (keys_of(rest), rest.count(), rest.contexts(), rest.sweep(NOW)) == ([], 0, [], [])


def test_what_somebody_else_wrote_under_a_memory_is_an_error(server: RedisServer) -> None:
    with opened(server.url) as tier:
        put(tier, memory())
        server.ask(f"HSET test:memory:{len(BUDGET)}:{BUDGET}:venue h nonsense")
        with pytest.raises(ShapeError):
            tier.get([memory().id], NOW)
        server.ask(f"SET test:memory:{len(BUDGET)}:{BUDGET}:other text")
        with pytest.raises(UsageError):
            tier.get([memory("other").id], NOW)


# What the server lets go of by itself


def test_the_server_keeps_what_expires_longer_than_the_callers_clock_asks(tmp_path: Path) -> None:
    import redis

    with running(tmp_path) as server, opened(server.url) as tier, redis.Redis(port=server.port) as client:
        put(tier, memory("soon", expires_s=60), memory("ever"))
        names = {name: client.pttl(name) for name in client.keys("test:memory:*")}

    (soon,) = (left for name, left in names.items() if name.endswith(b":soon"))
    (ever,) = (left for name, left in names.items() if name.endswith(b":ever"))
    assert 60_000 < soon <= 60_000 + GRACE_MS
    assert ever == -1


def test_what_the_server_let_go_of_is_not_found_and_leaves_nothing_that_stays(tmp_path: Path) -> None:
    import redis

    with running(tmp_path) as server, opened(server.url) as tier, redis.Redis(port=server.port) as client:
        put(tier, memory("gone", expires_s=60))
        client.delete(*client.keys("test:memory:*"))

        assert (keys_of(tier), tier.page(BUDGET, NOW), tier.get([memory("gone").id], NOW)) == ([], [], {})
        assert tier.sweep(NOW + timedelta(hours=1)) == []
        left = client.keys("*")
        assert left == client.keys("test:term:*")  # of words that nobody asked for
        assert all(client.pttl(name) > 0 for name in left)


def test_nothing_is_left_on_the_server_of_what_was_dropped(tmp_path: Path) -> None:
    import redis

    with running(tmp_path) as server, opened(server.url) as tier, redis.Redis(port=server.port) as client:
        stored = tier.put([Write(memory=memory(), seen=0, tokens=tokens_of(memory()))])
        held = stored[0].memory
        assert held is not None
        tier.drop({held.id: held.version})

        assert client.keys("*") == []


def test_a_thousand_of_a_context_are_kept_and_those_used_last(tier: RedisShortTerm) -> None:
    put(tier, *(memory(f"{number:04}", number) for number in range(1_200)))
    tier.touch([Use(id=memory(f"{number:04}").id, at=NOW + timedelta(minutes=1)) for number in range(200, 1_200)])
    removed = tier.sweep(NOW)

    assert sorted(one.key for one in removed) == [f"{number:04}" for number in range(200)]
    assert tier.count(BUDGET) == 1_000


def test_more_contexts_than_are_asked_for_at_once_are_paged_in_order(tier: RedisShortTerm) -> None:
    ids = sorted(MemoryId(f"t:{number}", key) for number in range(1_100) for key in "ab")
    put(tier, *(replace(memory(one.key), context=one.context) for one in ids))
    found: list[MemoryId] = []
    while page := tier.page("t", NOW, below=True, after=found[-1] if found else None, limit=700):
        found += [one.memory.id for one in page]

    assert found == ids
    assert (tier.count("t"), len(tier.contexts("t:"))) == (2_200, 1_100)


# Searching


@pytest.mark.parametrize("seed", range(6))
def test_what_is_found_scores_as_well_as_the_best_of_all(tier: RedisShortTerm, seed: int) -> None:
    rare = Random(seed)
    texts = [" ".join(word for n, word in enumerate(WORDS) if rare.random() < 0.9 / (n + 1)) for _ in range(400)]
    put(tier, *(memory(str(number), text) for number, text in enumerate(texts)))
    for words in (rare.sample(WORDS, count) for count in (1, 1, 2, 2, 3, 3, len(WORDS))):
        has = {word: {str(n) for n, text in enumerate(texts) if word in text.split()} for word in words}
        weights = {word: log1p((len(texts) + 1) / (len(keys) + 1)) for word, keys in has.items()}
        score = {str(n): sum(weights[word] for word in words if str(n) in has[word]) for n in range(len(texts))}
        best = sorted((one for one in score.values() if one), reverse=True)[:10]

        assert [score[key] for key in keys_of(tier, " ".join(words))] == pytest.approx(best)


def test_what_has_expired_does_not_hide_what_has_not(tier: RedisShortTerm) -> None:
    put(tier, *(memory(f"{number:03}", expires_s=1) for number in range(100)), memory("live", expires_s=60))
    found = tier.search(read_asked("barn"), [BUDGET], 5, NOW + timedelta(seconds=2))
    newest = tier.search(read_asked(""), [BUDGET], 5, NOW + timedelta(seconds=2))

    assert [[one.memory.key for one in each] for each in (found, newest)] == [["live"], ["live"]]


# Events between processes

OTHER_PROCESS = """
import json, sys
from datetime import UTC, datetime
from sync.taskmaster.events import Bus, Event
from sync.taskmaster.redis_events import RedisEvents
bus = Bus()
told = bus.stream()
events = RedisEvents(bus, sys.argv[1], origin="other", space="test")
assert events.wait(20)
print("ready", flush=True)
for line in sys.stdin:
    one = told.get(20)
    print(json.dumps(one and [one.key, one.origin]), flush=True)
    bus.publish(Event(name="memory:saved", key=line.strip(), at=datetime.now(UTC)))
    assert told.get(20).key == line.strip()
events.close()
print(json.dumps([one.key for one in iter(lambda: told.get(0), None)]), flush=True)
"""


def event(key: str, name: str = "memory:saved") -> Event:
    return Event(name=name, context=BUDGET, key=key, at=NOW, data={"tiers": ["working"]})


@contextmanager
def joined(url: str, origin: str, bus: Bus) -> Iterator[RedisEvents]:
    with closing(RedisEvents(bus, url, origin=origin, space="test", timeout_s=TIMEOUT_S)) as events:
        assert events.wait(GUARD_S)
        yield events


def test_two_processes_hear_each_other_and_not_themselves(server: RedisServer) -> None:
    bus = Bus()
    command = [sys.executable, "-c", OTHER_PROCESS, server.url]
    path = os.pathsep.join(one for one in sys.path if one)
    with (
        joined(server.url, "this", bus),
        bus.stream() as told,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}
        ) as other,
    ):
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        for number in range(3):
            bus.publish(event(f"mine {number}"))
            other.stdin.write(f"theirs {number}\n")
            other.stdin.flush()
            assert json.loads(other.stdout.readline()) == [f"mine {number}", "this"]
            heard = [told.get(GUARD_S), told.get(GUARD_S)]
            assert [(one.key, one.origin) for one in heard if one] == [
                (f"mine {number}", ""), (f"theirs {number}", "other"),
            ]  # fmt: skip
        other.stdin.close()

        assert json.loads(other.stdout.readline()) == []
        assert told.get(0) is None


def test_an_event_arrives_as_it_was_told(server: RedisServer) -> None:
    one, other = Bus(), Bus()
    with joined(server.url, "one", one), joined(server.url, "other", other), other.stream() as told:
        one.publish(event("venue", "memory:conflict"))
        heard = told.get(GUARD_S)

    assert heard == Event(
        name="memory:conflict", context=BUDGET, key="venue", at=NOW, data={"tiers": ["working"]}, origin="one"
    )


def test_events_are_heard_again_after_the_server_came_back(server: RedisServer) -> None:
    one, other = Bus(), Bus()
    with joined(server.url, "one", one), joined(server.url, "other", other) as second, other.stream() as told:
        server.kill()
        one.publish(event("meanwhile"))
        while second.wait(0):
            time.sleep(0.01)
        server.start()
        assert second.wait(GUARD_S)
        one.publish(event("afterwards"))
        heard = [told.get(GUARD_S)]
        while heard[-1] is not None and heard[-1].key != "afterwards":
            heard.append(told.get(GUARD_S))

    assert [one.key for one in heard if one][-1:] == ["afterwards"]


def test_a_publisher_waits_for_no_server() -> None:
    bus = Bus()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with closing(RedisEvents(bus, url, origin="one", timeout_s=TIMEOUT_S, size=10)) as events:
            publishing = threading.Thread(target=lambda: deque(map(bus.publish, map(event, map(str, range(1_000))))))
            publishing.start()
            publishing.join(TIMEOUT_S / 2)

            assert not publishing.is_alive()
            assert events.dropped >= 1_000 - 10 - 1


@pytest.mark.parametrize("message", [b"nonsense", b"[]", b"{}", b'{"at": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_event_is_ignored_and_counted(server: RedisServer, message: bytes) -> None:
    import redis

    bus, teller = Bus(), Bus()
    with joined(server.url, "one", bus) as events, joined(server.url, "two", teller), bus.stream() as told:
        with redis.Redis(port=server.port) as client:
            client.publish("test:events", message)
        teller.publish(event("after"))
        heard = told.get(GUARD_S)

        assert (heard and heard.key, events.ignored) == ("after", 1)


def test_every_id_has_a_name_of_its_own() -> None:
    from sync.taskmaster.tiers.redis.records import packed_id, unpacked_id

    ids = [MemoryId(*one) for one in [("a", "b:c"), ("a:b", "c"), ("a:", "b:c"), ("", "a"), ("é", "1:x"), ("1:x", "é")]]

    assert [unpacked_id(packed_id(one)) for one in ids] == ids
    assert len({packed_id(one) for one in ids}) == len(ids)
