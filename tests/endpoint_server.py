"""A local HTTP server that speaks the chat completions of the OpenAI-compatible protocol, well or badly."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Step = bytes | Callable[[threading.Event], None]


@dataclass(frozen=True)
class Reply:
    """One answer of the server.

    Attributes:
        body: bytes to send, and things to do in between, which are given the event of the server's end.
        status: the HTTP status; 0 sends the body alone, without any head.
        headers: further ones.
        length: the `Content-Length` to claim; None for none, which ends the body with the connection.
    """

    body: Sequence[Step]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    length: int | None = None


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Endpoint:
    """A running server."""

    url: str
    received: list[Received]


def completion(text: str) -> Reply:
    """A whole answer, as a server that does not stream gives it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return in_json({"object": "chat.completion", "choices": [choice]})


def in_json(document: object, *, status: int = 200, **headers: str) -> Reply:
    """Any JSON."""
    data = json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply([data], status=status, headers={"Content-Type": "application/json"} | named, length=len(data))


def event(text: str, *, finish: str | None = None) -> bytes:
    """One event of a stream."""
    chunk = {"object": "chat.completion.chunk", "choices": [{"delta": {"content": text}, "finish_reason": finish}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def stream(*steps: Step) -> Reply:
    """A stream of server-sent events."""
    return Reply(steps, headers={"Content-Type": "text/event-stream; charset=utf-8"})


def hang(over: threading.Event) -> None:
    """Say nothing until the server ends."""
    over.wait(30)


@contextmanager
def serving(*replies: Reply, certificate: Path | None = None) -> Iterator[Endpoint]:
    """A server that gives these answers in turn, and the last one for ever; it ends with the block.

    Args:
        replies: what it answers.
        certificate: a PEM file with its key, for a server that encrypts.
    """
    over, received = threading.Event(), list[Received]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(Received(path=self.path, headers=dict(self.headers), body=json.loads(data)))
            reply = replies[min(len(received), len(replies)) - 1]
            if reply.status:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.length is not None:
                    self.send_header("Content-Length", str(reply.length))
                self.end_headers()
            for step in reply.body:
                if isinstance(step, bytes):
                    self.wfile.write(step)
                else:
                    step(over)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False  # so that closing the server waits for its answers

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Endpoint(
                url=f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}/v1", received=received
            )
        finally:
            over.set()
            server.shutdown()
            thread.join()


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
