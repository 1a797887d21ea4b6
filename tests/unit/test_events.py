"""Events: who asked for them is told, and nobody can hold up or break who tells them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sync.taskmaster.events import SLOW_S, Bus, Event

NOW = datetime(2025, 4, 5, 12, tzinfo=UTC)
GUARD_S = 20


@pytest.fixture
def bus() -> Bus:
    return Bus()


def event(name: str = "memory:saved", key: str = "venue") -> Event:
    return Event(name=name, context="taskmaster:wedding:42", key=key, at=NOW)


def publish(bus: Bus, *keys: str) -> None:
    for key in keys:
        bus.publish(event(key=key))


def keys_of(events: Iterator[Event]) -> list[str]:
    return [one.key for one in events]


def test_a_subscriber_is_told_what_its_pattern_asks_for(bus: Bus) -> None:
    told: list[str] = []
    bus.subscribe("memory:*", lambda one: told.append(one.name))
    for name in ("memory:saved", "tier:down", "memory:conflict"):
        bus.publish(event(name))

    assert told == ["memory:saved", "memory:conflict"]


def test_a_subscriber_that_has_left_is_told_nothing(bus: Bus) -> None:
    told: list[Event] = []
    leave = bus.subscribe("*", told.append)
    leave()
    leave()
    bus.publish(event())

    assert told == []


def test_a_subscriber_that_raises_stops_neither_the_publisher_nor_the_others() -> None:
    failed: list[tuple[str, str]] = []
    told: list[Event] = []
    bus = Bus(lambda one, error: failed.append((one.key, str(error))))
    bus.subscribe("*", lambda _: 1 / 0)
    bus.subscribe("*", told.append)
    bus.publish(event())

    assert (told, bus.failures, failed) == ([event()], 1, [("venue", "division by zero")])


def test_a_hook_that_raises_stops_nobody() -> None:
    bus = Bus(lambda _one, _error: 1 / 0)
    bus.subscribe("*", lambda _: 1 / 0)
    bus.publish(event())

    assert bus.failures == 1


def test_a_slow_subscriber_holds_up_a_publisher_once_at_most(bus: Bus) -> None:
    released, told, is_first = threading.Event(), [], [True]

    def slow(one: Event) -> None:
        if is_first.pop() if is_first else False:
            threading.Event().wait(SLOW_S * 1.5)
        else:
            released.wait(GUARD_S)
        told.append(one.key)
        if len(told) == 3:
            done.set()

    done = threading.Event()
    leave = bus.subscribe("*", slow)
    for key in "abc":
        bus.publish(event(key=key))
    before = list(told)
    released.set()

    assert before == ["a"]
    assert done.wait(GUARD_S)
    assert told == ["a", "b", "c"]
    leave()


def test_a_subscriber_may_publish_and_subscribe(bus: Bus) -> None:
    told: list[str] = []

    def answer(one: Event) -> None:
        bus.subscribe("memory:shared", lambda other: told.append(other.name))
        bus.publish(event("memory:shared", one.key))

    bus.subscribe("memory:saved", answer)
    bus.publish(event())

    assert told == ["memory:shared"]


def test_a_stream_holds_events_until_they_are_read(bus: Bus) -> None:
    with bus.stream("memory:*") as stream:
        for key in "abc":
            bus.publish(event(key=key))
        read = [stream.get(0) for _ in range(4)]

    assert [one and one.key for one in read] == ["a", "b", "c", None]


def test_a_full_stream_drops_the_oldest_and_says_how_many(bus: Bus) -> None:
    with bus.stream(size=3) as stream:
        for key in "abcde":
            bus.publish(event(key=key))
        stream.close()

        assert (keys_of(iter(stream)), stream.dropped) == (["c", "d", "e"], 2)


def test_a_stream_ends_for_a_reader_who_waits_when_it_is_closed(bus: Bus) -> None:
    stream = bus.stream()
    read: list[list[str]] = []
    reader = threading.Thread(target=lambda: read.append(keys_of(iter(stream))))
    reader.start()
    bus.publish(event())
    stream.close()
    bus.publish(event(key="late"))
    reader.join(GUARD_S)

    assert read == [["venue"]]


def test_a_coroutine_reads_what_threads_publish(bus: Bus) -> None:
    async def read(count: int) -> list[str]:
        with bus.stream() as stream:
            publishing.start()
            found = []
            async for one in stream:
                found.append(one.key)
                if len(found) == count:
                    break
            return found

    keys = [str(number) for number in range(200)]
    publishing = threading.Thread(target=publish, args=(bus, *keys))

    assert asyncio.run(asyncio.wait_for(read(200), GUARD_S)) == keys
    publishing.join(GUARD_S)


def test_a_stream_ends_for_a_coroutine_that_waits_when_it_is_closed(bus: Bus) -> None:
    async def read() -> list[str]:
        stream = bus.stream()
        reading = asyncio.ensure_future(collect(stream.__aiter__()))
        await asyncio.sleep(0)
        bus.publish(event())
        stream.close()
        return await asyncio.wait_for(reading, GUARD_S)

    async def collect(events: object) -> list[str]:
        return [one.key async for one in events]  # type: ignore[attr-defined]

    assert asyncio.run(read()) == ["venue"]


def test_threads_that_publish_at_once_lose_nothing(bus: Bus) -> None:
    told: list[str] = []
    bus.subscribe("*", lambda one: told.append(one.key))
    threads = [threading.Thread(target=publish, args=(bus, *(f"{name}{n}" for n in range(200)))) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(GUARD_S)

    assert sorted(told) == sorted(f"{name}{n}" for name in "abcd" for n in range(200))
