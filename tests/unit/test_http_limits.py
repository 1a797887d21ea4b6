"""Requests over HTTP: what ends them, and whose fault is whose."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from endpoint_server import Reply, completion, event, hang, in_json, serving, stream

from sync.search.answer.endpoint import complete
from sync.search.answer.protocol import make_endpoint
from sync.search.http import BrokenAnswerError, Exchange, TimeIsUpError, TooLongError, read_whole
from sync.search.vectors.http_json import post_json

MESSAGES = ({"role": "user", "content": "Why?"},)


def body_of(url: str, *, most: int = 1 << 20, timeout_s: float = 10.0) -> bytes:
    def work(exchange: Exchange[bytes]) -> bytes:
        with exchange.post(urlsplit(url), b"{}", {}) as response:
            return read_whole(response, most)

    return Exchange[bytes](timeout_s).run(work)


def test_who_listens_and_fails_is_not_the_endpoint_s_fault() -> None:
    def gone(_piece: str) -> None:
        raise BrokenPipeError

    with serving(stream(event("Yes.", finish="stop"))) as server, pytest.raises(BrokenPipeError):
        complete(make_endpoint(url=server.url, model="m"), MESSAGES, gone)


def test_once_the_time_is_up_nothing_is_sent_any_more() -> None:
    with serving(in_json({})) as server, pytest.raises(TimeIsUpError):
        body_of(server.url, timeout_s=0.0)
    assert server.received == []


def test_a_body_has_a_most() -> None:
    with serving(Reply([b"x" * 1_000])) as server:
        assert len(body_of(server.url, most=1_000)) == 1_000
        with pytest.raises(TooLongError):
            body_of(server.url, most=999)


def test_a_body_that_ends_before_its_length_is_broken() -> None:
    with serving(Reply([b"x"], length=2)) as server, pytest.raises(BrokenAnswerError):
        body_of(server.url)


def test_a_silent_server_is_left_by_both_who_ask() -> None:
    with serving(Reply([hang])) as server, pytest.raises(TimeIsUpError):
        body_of(server.url, timeout_s=0.2)


def test_an_address_without_a_path_is_asked_at_its_root() -> None:
    with serving(completion("x")) as server:
        body_of(server.url.removesuffix("/v1"))
        assert server.received[0].path == "/"


@pytest.mark.parametrize(
    ("written", "is_asked"), [("Fri, 31 Dec 2100 23:59:59 GMT", True), ("7", True), ("soon", False)]
)
def test_a_wait_is_understood_in_both_of_its_forms(written: str, is_asked: bool) -> None:
    with serving(in_json({}, status=503, Retry_After=written)) as server:
        answer = post_json(server.url, {}, headers={}, timeout_s=10.0)
    assert (answer.retry_after_s > 0) is is_asked
