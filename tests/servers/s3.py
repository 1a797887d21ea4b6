"""An S3 double for tests: moto's server, which honours If-None-Match, in a process of its own; or a real server.

JOURNAL_TEST_S3 names a real one by its endpoint; it is then asked with the AWS_* variables of the environment.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import time
from contextlib import closing
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection
from uuid import uuid4

import pytest

from servers.redis import GUARD_S, free_port

KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "tester-of-nothing", "AWS_REGION": "us-east-1"}
_ALL = tuple(name for name in os.environ if name.startswith("AWS_"))


class S3Double:
    """moto's server, which can be killed and started again; it forgets everything then."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it answers."""
        command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + GUARD_S
        while not self._answers():
            assert self._process.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        line = HTTPConnection("127.0.0.1", self.port, timeout=GUARD_S)
        try:
            line.request("GET", "/moto-api/")
            return line.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            line.close()


@cache
def shared_endpoint() -> str:
    """The server of a test run, which ends with this process."""
    double = S3Double()
    atexit.register(double.kill)
    double.start()
    return double.endpoint


def use(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name a double and credentials for it, and nothing else of AWS."""
    for name in _ALL:
        monkeypatch.delenv(name, raising=False)
    for name, value in (KEYS | {"AWS_ENDPOINT_URL": endpoint, "NO_PROXY": "127.0.0.1"}).items():
        monkeypatch.setenv(name, value)


def empty_bucket(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a new bucket that the environment leads to."""
    if named := os.environ.get("JOURNAL_TEST_S3"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", named)
    else:
        use(shared_endpoint(), monkeypatch)
    bucket = f"test-{uuid4().hex}"
    make_bucket(os.environ["AWS_ENDPOINT_URL"], bucket)
    return bucket


def make_bucket(endpoint: str, bucket: str) -> None:
    """Make a bucket with the credentials of the environment."""
    import boto3  # type: ignore[import-untyped]

    with closing(boto3.client("s3", endpoint_url=endpoint, region_name=os.environ["AWS_REGION"])) as client:
        client.create_bucket(Bucket=bucket)
