"""A real HTTP server on this machine that speaks the OpenAI embeddings protocol, well or badly."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Request:
    """What a client sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Behaviour = Callable[["Handler", list[str]], None]


@dataclass(slots=True)
class Server:
    """A server that runs, and what it was asked."""

    url: str
    requests: list[Request] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Keeps the request and lets the behaviour answer."""

    protocol_version = "HTTP/1.1"
    kept: Server
    behaviours: list[Behaviour]

    def do_POST(self) -> None:
        """Answer one request; the last behaviour answers all that come after."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.kept.requests.append(Request(self.path, dict(self.headers.items()), body))
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        with contextlib.suppress(ConnectionError):
            behaviour(self, body["input"])

    def answer(self, value: Any, status: int = 200, **headers: str) -> None:
        """Send a JSON value, or bytes as they are."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def vector_of(text: str) -> list[float]:
    """A vector that tells texts apart."""
    return [float(len(text)), 1.0, float(sum(text.encode()) % 7)]


def good(handler: Handler, texts: list[str]) -> None:
    """Vectors in the reverse order, as the protocol allows by its indexes."""
    data = [{"object": "embedding", "index": at, "embedding": vector_of(text)} for at, text in enumerate(texts)]
    handler.answer({"object": "list", "data": data[::-1]})


def packed(handler: Handler, texts: list[str]) -> None:
    """Vectors as base64 of little-endian float32."""
    rows = [base64.b64encode(struct.pack("<3f", *vector_of(text))).decode() for text in texts]
    handler.answer({"data": [{"index": at, "embedding": row} for at, row in enumerate(rows)]})


def saying(value: Any, status: int = 200, **headers: str) -> Behaviour:
    """Always the same answer."""
    return lambda handler, _texts: handler.answer(value, status, **headers)


def silent(handler: Handler, _texts: list[str]) -> None:
    """Take the request and never answer."""
    handler.kept.over.wait()
    handler.close_connection = True


def trickling(handler: Handler, _texts: list[str]) -> None:
    """Send one byte after the other without end, each soon enough for a socket's own timeout."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.kept.over.wait(0.05):
        handler.wfile.write(b" ")
    handler.close_connection = True


@contextlib.contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Server]:
    """A server that answers the first request in the first way, and so on."""
    kept = Server(url="")
    kind = type("Kept", (Handler,), {"kept": kept, "behaviours": list(behaviours)})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            kept.over.set()
            server.shutdown()
            thread.join()
