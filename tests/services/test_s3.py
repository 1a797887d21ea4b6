"""Objects in a bucket whose server dies, hangs, refuses or comes back. The server is moto's, an S3 double."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256

import pytest
from servers import s3
from servers.redis import free_port

from sync.errors import SettingsError, UsageError
from sync.taskmaster.tiers.objects.s3 import S3Objects
from sync.taskmaster.tiers.protocol import TierDownError

TIMEOUT_S = 1.0
CALLS: dict[str, Callable[[S3Objects], object]] = {
    "put": lambda objects: objects.put(b"a long contract"),
    "get": lambda objects: objects.get(sha256(b"a long contract").hexdigest()),
    "check": lambda objects: objects.check(),
}


@pytest.fixture
def double() -> Iterator[s3.S3Double]:
    server = s3.S3Double()
    try:
        server.start()
        yield server
    finally:
        server.kill()


def opened(url: str = "s3://journal-objects") -> closing[S3Objects]:
    return closing(S3Objects(url, timeout_s=TIMEOUT_S))


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_down_is_an_error(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.use(f"http://127.0.0.1:{free_port()}", monkeypatch)
    with opened() as objects, pytest.raises(TierDownError, match="does not answer"):
        CALLS[call](objects)


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_hangs_is_an_error_and_not_a_wait(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        s3.use(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        with opened() as objects, pytest.raises(TierDownError, match="does not answer"):
            CALLS[call](objects)


def test_a_server_that_came_back_is_used_again(double: s3.S3Double, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.use(double.endpoint, monkeypatch)
    with opened() as objects:
        double.kill()
        with pytest.raises(TierDownError):
            objects.check()
        double.start()
        s3.make_bucket(double.endpoint, "journal-objects")

        assert objects.get(objects.put(b"a long contract")) == b"a long contract"


@pytest.mark.parametrize("call", CALLS)
def test_a_bucket_that_is_not_there_is_an_error_that_names_it(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.use(s3.shared_endpoint(), monkeypatch)
    with opened("s3://nobody-made-this") as objects, pytest.raises(UsageError, match="nobody-made-this"):
        CALLS[call](objects)


@pytest.mark.parametrize("call", CALLS)
def test_without_credentials_nobody_is_asked(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.use("http://127.0.0.1:1", monkeypatch)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with opened() as objects, pytest.raises(TierDownError, match="no credentials"):
        CALLS[call](objects)


def test_an_error_holds_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    s3.use(f"http://127.0.0.1:{free_port()}", monkeypatch)
    with opened() as objects, pytest.raises(TierDownError) as caught:
        objects.put(b"a long contract")

    assert not [value for value in s3.KEYS.values() if value in f"{caught.value.message}{caught.value.hint}"]


@pytest.mark.parametrize(
    "url", ["", "s3://", "s3:///prefix", "s3://A_b", "s3://key:secret@bucket", "s3://bucket/../x", "s3://bucket?a=1"]
)
def test_what_is_no_bucket_is_an_error_in_the_settings(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        S3Objects(url)

    assert "secret" not in caught.value.message
