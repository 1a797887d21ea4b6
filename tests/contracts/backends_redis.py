"""The short-term tier on Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.redis import empty_space
from stores import Backend, Port

from sync.taskmaster.tiers.redis.short_term import RedisShortTerm


@contextmanager
def _fresh(_folder: Path) -> Iterator[str]:
    with empty_space() as (url, space):
        yield f"{space}@{url}"


def _short(address: str, limit: int) -> RedisShortTerm:
    space, _, url = address.partition("@")
    return RedisShortTerm(url, space=space, per_context=limit)


REDIS: list[Backend] = [Backend(name="redis-short", port=Port.SHORT, fresh=_fresh, open=_short)]
