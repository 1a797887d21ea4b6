"""The endpoint that writes answers: where it is set, and what is made of all it can say."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from endpoint_server import Reply, closed_port, completion, event, hang, in_json, serving, stream
from repositories import Repo

from sync.errors import JournalError, RefusedError, RetryError, UsageError
from sync.operations.endpoint import find_endpoint
from sync.operations.journal import open_journal
from sync.search.answer.endpoint import complete
from sync.search.answer.protocol import Endpoint, make_endpoint

KEY = "sk-secret-0123456789"
MESSAGES = ({"role": "user", "content": "Pourquoi ?"},)


def found(repo: Repo) -> Endpoint | None:
    return find_endpoint(open_journal(repo.path))


def asked(
    *replies: Reply, key: str = KEY, timeout_s: float = 10.0, listener: Callable[[str], None] | None = None
) -> str:
    with serving(*replies) as server:
        return complete(make_endpoint(url=server.url, model="m", key=key, timeout_s=timeout_s), MESSAGES, listener)


def failure(*replies: Reply, timeout_s: float = 10.0, streams: bool = False) -> JournalError:
    with pytest.raises(JournalError) as caught:
        asked(*replies, timeout_s=timeout_s, listener=(lambda _piece: None) if streams else None)
    error = caught.value
    assert KEY not in f"{error}{error.hint}{error.__cause__}{error.__context__}"
    assert "\n" not in error.message
    return error


# --- where it is set ------------------------------------------------------------------------------------------------


def test_without_settings_there_is_no_endpoint(repo: Repo) -> None:
    assert found(repo) is None


def test_the_clone_s_configuration_of_git_names_the_endpoint(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    for name, value in {"url": "https://a.example/v1", "model": "m", "keyVariable": "MY_KEY", "timeout": "7"}.items():
        repo.git("config", f"journal.endpoint.{name}", value)
    endpoint = found(repo)
    assert endpoint is not None
    assert (endpoint.url, endpoint.model, endpoint.key, endpoint.timeout_s) == ("https://a.example/v1", "m", KEY, 7.0)


def test_the_clone_s_configuration_comes_before_the_user_s(repo: Repo) -> None:
    repo.git("config", "--global", "journal.endpoint.url", "https://user.example")
    repo.git("config", "--global", "journal.endpoint.model", "m")
    repo.git("config", "journal.endpoint.url", "https://clone.example")
    endpoint = found(repo)
    assert endpoint is not None
    assert (endpoint.url, endpoint.model) == ("https://clone.example", "m")


def test_the_environment_comes_before_git_s_configuration(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("config", "journal.endpoint.url", "https://git.example")
    for name, value in {"URL": "http://localhost:1", "MODEL": "other", "TIMEOUT": "2.5"}.items():
        monkeypatch.setenv(f"JOURNAL_ENDPOINT_{name}", value)
    endpoint = found(repo)
    assert endpoint is not None
    assert (endpoint.url, endpoint.model, endpoint.timeout_s) == ("http://localhost:1", "other", 2.5)


def test_what_comes_with_a_repository_names_no_endpoint(repo: Repo) -> None:
    repo.write("journal.toml", '[journal]\nlanguage = "fr"\n')
    repo.write(".gitconfig", '[journal "endpoint"]\n\turl = https://thief.example\n\tmodel = m\n')
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "journal.endpoint.url", "https://thief.example")
    assert found(repo) is None


def test_the_key_is_read_from_the_usual_variable(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    monkeypatch.setenv("JOURNAL_ENDPOINT_URL", "https://a.example")
    monkeypatch.setenv("JOURNAL_ENDPOINT_MODEL", "m")
    endpoint = found(repo)
    assert endpoint is not None
    assert endpoint.key == KEY
    assert KEY not in repr(endpoint)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("url", "file:///etc/passwd", "no http"),
        ("url", "a.example/v1", "no http"),
        ("url", "https://", "no http"),
        ("url", "https://a.example:99999/", "no http"),
        ("url", "https://a b.example/", "no http"),
        ("url", "https://user:word@a.example/", "a user or a password"),
        ("url", "http://a.example/v1", "unencrypted"),
        ("model", " ", "no model"),
        ("timeout", "soon", "timeout"),
        ("timeout", "0", "timeout"),
        ("timeout", "nan", "timeout"),
        ("timeout", "100000", "timeout"),
        ("keyVariable", "sk-secret", "no name of an environment variable"),
    ],
)
def test_a_setting_that_makes_no_sense_is_a_fault_of_usage(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for setting, written in ({"url": "https://a.example", "model": "m"} | {name: value}).items():
        repo.git("config", f"journal.endpoint.{setting}", written)
    with pytest.raises(UsageError, match=said) as caught:
        found(repo)
    for secret in (KEY, "word@", "sk-secret"):
        assert secret not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("key", ["a\nb", "a b", "é", "x" * 5_000])
def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="characters that a key cannot have") as caught:
        make_endpoint(url="https://a.example", model="m", key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "ai.localhost"])
def test_a_key_may_go_to_this_machine_unencrypted(host: str) -> None:
    assert make_endpoint(url=f"http://{host}:1/v1", model="m", key=KEY).key == KEY


def test_without_a_key_any_host_may_be_asked_unencrypted() -> None:
    assert make_endpoint(url="http://10.0.0.9/v1", model="m").key == ""


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_the_model_is_asked_with_the_key_and_the_messages() -> None:
    with serving(completion("UTF-8 [1].")) as server:
        complete(make_endpoint(url=f"{server.url}/?version=2", model="m", key=KEY), MESSAGES)
    (request,) = server.received
    assert request.path == "/v1/chat/completions?version=2"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert (request.body["model"], request.body["messages"], request.body["stream"]) == ("m", list(MESSAGES), False)


def test_without_a_key_none_is_sent() -> None:
    with serving(completion("Yes.")) as server:
        complete(make_endpoint(url=server.url, model="m"), MESSAGES)
    assert "Authorization" not in server.received[0].headers


# --- what comes back ------------------------------------------------------------------------------------------------


def test_a_whole_answer_is_understood() -> None:
    assert asked(completion(" Été [1].\n")) == "Été [1]."


def test_content_in_parts_is_understood() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    assert asked(in_json({"choices": [{"message": {"content": parts}}]})) == "ab"


def test_half_a_surrogate_pair_becomes_text_that_can_be_written() -> None:
    assert asked(completion("a\ud800b")) == "a?b"


def test_a_streamed_answer_is_told_piece_by_piece() -> None:
    heard: list[str] = []
    whole = asked(
        stream(
            b": welcome\n\n",
            event("Été "),
            b"event: message\r\n" + event("[1]").replace(b"\n", b"\r\n"),
            event("", finish="stop"),
            b'data: {"choices": [], "usage": {"total_tokens": 9}}\n\n',
            b"data: [DONE]\n\n",
            event("not heard"),
        ),
        listener=heard.append,
    )
    assert (whole, heard) == ("Été [1]", ["Été ", "[1]"])


def test_an_answer_that_is_not_streamed_though_asked_for_is_told_at_once() -> None:
    heard: list[str] = []
    assert (asked(completion("Yes."), listener=heard.append), heard) == ("Yes.", ["Yes."])


def test_a_stream_that_ends_with_its_last_piece_is_whole() -> None:
    assert asked(stream(event("Yes.", finish="stop")), listener=lambda _piece: None) == "Yes."


def test_a_stream_whose_end_has_no_line_break_is_whole() -> None:
    assert asked(stream(event("Yes."), b"data: [DONE]"), listener=lambda _piece: None) == "Yes."


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (completion(""), RetryError, "empty answer"),
        (completion("  \n"), RetryError, "empty answer"),
        (in_json({"choices": [{"message": {"content": None}}]}), RetryError, "empty answer"),
        (in_json({"choices": []}), UsageError, "no chat completion"),
        (in_json({"choices": ["text"]}), UsageError, "no chat completion"),
        (in_json({"choices": [{"message": {"content": 7}}]}), UsageError, "no chat completion"),
        (in_json({"choices": [{}]}), UsageError, "no chat completion"),
        (in_json([]), UsageError, "no chat completion"),
        (in_json({"error": {"message": "overloaded"}}), RetryError, "reports a fault: overloaded"),
        (Reply([b"{torn"]), UsageError, "not JSON"),
        (Reply([b"[" * 100_000]), UsageError, "not JSON"),
        (Reply([b"\xff\xfe"]), UsageError, "not JSON"),
        (Reply([b""]), UsageError, "not JSON"),
        (Reply([b"{"], length=1_000), RetryError, "broke off"),
        (Reply([b"<html>"], headers={"Content-Type": "text/html"}), UsageError, "answers with text/html"),
        (Reply([b" " * (5 << 20)]), UsageError, "more than 4 MB"),
        (Reply([b"\x00garbage\r\n\r\n"], status=0), RetryError, "no HTTP"),
        (Reply([], status=0), RetryError, "no HTTP, or broke off"),
    ],
)
def test_what_is_no_answer_is_named(reply: Reply, kind: type[JournalError], said: str) -> None:
    error = failure(reply)
    assert type(error) is kind
    assert said in error.message


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (stream(event("Half an")), RetryError, "broke off"),
        (stream(event("Half an")[:-9]), RetryError, "broke off"),
        (stream(), RetryError, "broke off"),
        (stream(b"data: {torn\n\n"), UsageError, "not JSON"),
        (stream(b"\xff\x00\xfe" * 1_000), RetryError, "broke off"),
        (
            stream(b'data: {"choices": [{"delta": []}]}\n\n', b'data: {"choices": [{"delta": "x"}]}\n\n'),
            UsageError,
            "no",
        ),
        (stream(b'data: {"error": {"message": "too\\nlong"}}\n\n'), RetryError, "reports a fault: too long"),
        (stream(b"data: [DONE]\n\n"), RetryError, "empty answer"),
        (stream(b"x" * (5 << 20)), UsageError, "more than 4 MB"),
        (stream(*[b": " + b"x" * (1 << 20) + b"\n"] * 5), UsageError, "more than 4 MB"),
    ],
)
def test_what_is_no_stream_of_an_answer_is_named(reply: Reply, kind: type[JournalError], said: str) -> None:
    error = failure(reply, streams=True)
    assert type(error) is kind
    assert said in error.message


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, RefusedError, "refuses the key (401): bad key …"),
        (403, RefusedError, "refuses the key (403)"),
        (404, UsageError, "no such address or model (404)"),
        (400, UsageError, "does not take the request (400)"),
        (204, UsageError, "does not take the request (204)"),
    ],
)
def test_a_status_that_will_not_change_is_not_asked_again(status: int, kind: type[JournalError], said: str) -> None:
    with serving(in_json({"error": {"message": f"bad key {KEY}"}}, status=status)) as server:
        endpoint = make_endpoint(url=server.url, model="m", key=KEY)
        with pytest.raises(kind) as caught:
            complete(endpoint, MESSAGES)
    assert said in caught.value.message
    assert KEY not in caught.value.message
    assert len(server.received) == 1


def test_the_exit_codes_tell_a_wrong_key_a_wrong_address_and_a_fault_apart() -> None:
    codes = [failure(in_json({}, status=status, Retry_After="0")).exit_code for status in (401, 404, 500)]
    assert codes == [3, 2, 4]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_fails_for_the_moment_is_asked_again(status: int) -> None:
    assert asked(in_json({}, status=status, Retry_After="0"), completion("Yes.")) == "Yes."


def test_an_end_is_made_of_asking_again() -> None:
    with serving(in_json({"error": "down"}, status=500, Retry_After="0")) as server:
        endpoint = make_endpoint(url=server.url, model="m")
        with pytest.raises(RetryError, match=r"fails \(500\): down"):
            complete(endpoint, MESSAGES)
    assert len(server.received) == 5


@pytest.mark.parametrize("wait", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_who_is_told_to_come_back_after_the_limit_does_not_wait(wait: str) -> None:
    with serving(in_json({}, status=429, Retry_After=wait)) as server:
        endpoint = make_endpoint(url=server.url, model="m", timeout_s=20)
        with pytest.raises(RetryError, match="too many requests"):
            complete(endpoint, MESSAGES)
    assert len(server.received) == 1


@pytest.mark.parametrize("wait", ["Thu, 01 Jan 1970 00:00:00 GMT", "-5"])
def test_a_time_that_is_past_is_no_wait(wait: str) -> None:
    assert asked(in_json({}, status=429, Retry_After=wait), completion("Yes.")) == "Yes."


@pytest.mark.parametrize("wait", ["soon", "nan"])
def test_a_wait_that_is_none_is_replaced_by_our_own(wait: str) -> None:
    assert asked(in_json({}, status=503, Retry_After=wait), completion("Yes.")) == "Yes."


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_not_followed(status: int) -> None:
    with serving(completion("stolen")) as thief:
        error = failure(in_json({}, status=status, Location=f"{thief.url}/chat/completions"))
    assert "which is not followed" in error.message
    assert thief.received == []


def test_nobody_there_is_said() -> None:
    endpoint = make_endpoint(url=f"http://127.0.0.1:{closed_port()}/v1", model="m", key=KEY)
    with pytest.raises(RetryError, match="cannot be reached: Connection refused"):
        complete(endpoint, MESSAGES)


def test_a_name_that_no_host_can_have_is_said() -> None:
    with pytest.raises(UsageError, match="not the name of a host"):
        complete(make_endpoint(url="http://a..b/v1", model="m"), MESSAGES)


# --- encryption -----------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine with its key, signed by nobody else."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    file = tmp_path / "server.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*make, "-keyout", "server.key", "-out", file.name], cwd=tmp_path, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + (tmp_path / "server.key").read_bytes())
    return file


def test_an_encrypted_answer_is_understood(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(completion("Yes."), certificate=certificate) as server:
        assert complete(make_endpoint(url=server.url, model="m", key=KEY), MESSAGES) == "Yes."


def test_the_limit_holds_for_an_encrypted_answer(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(stream(*drops(first=b"", drop=b":\n")), certificate=certificate) as server:
        endpoint = make_endpoint(url=server.url, model="m", key=KEY, timeout_s=0.5)
        with pytest.raises(RetryError, match=r"did not answer in 0\.5 s"):
            complete(endpoint, MESSAGES, lambda _piece: None)


def test_a_certificate_that_is_not_trusted_gets_no_key(certificate: Path) -> None:
    with serving(completion("Yes."), certificate=certificate) as server:
        endpoint = make_endpoint(url=server.url, model="m", key=KEY)
        with pytest.raises(UsageError, match="the certificate is not trusted"):
            complete(endpoint, MESSAGES)
    assert server.received == []


# --- the limit ------------------------------------------------------------------------------------------------------


def trickle(over: threading.Event) -> None:
    """Wait less than any timeout of a single read."""
    over.wait(0.02)


def drops(*, first: bytes, drop: bytes) -> list[bytes | Callable[[threading.Event], None]]:
    return [first, *(step for _ in range(1_000) for step in (drop, trickle))]


@pytest.mark.parametrize(
    "reply",
    [
        Reply([hang], status=0),
        Reply([hang]),
        stream(event("Half"), hang),
        stream(*drops(first=b"", drop=b":\n")),
        stream(*drops(first=b"data: ", drop=b"x")),
        stream(*drops(first=b"", drop=event("word "))),
        Reply(drops(first=b"", drop=b" ")),
        Reply(drops(first=b"HTTP/1.1 200 OK\r\n", drop=b"A: b\r\n"), status=0),
        Reply(drops(first=b"", drop=b"H"), status=0),
    ],
    ids=["silent", "no-body", "half", "comments", "one-line", "words", "blanks", "headers", "status-line"],
)
def test_the_limit_holds_for_everything_together(reply: Reply) -> None:
    error = failure(reply, timeout_s=0.3, streams=True)
    assert type(error) is RetryError
    assert "did not answer in 0.3 s" in error.message


def test_nothing_is_told_once_the_limit_is_over() -> None:
    heard: list[str] = []
    with serving(stream(*drops(first=b"", drop=event("word ")))) as server:
        endpoint = make_endpoint(url=server.url, model="m", timeout_s=0.2)
        with pytest.raises(RetryError):
            complete(endpoint, MESSAGES, heard.append)
        before = len(heard)
        time.sleep(0.1)
        assert len(heard) == before


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    failure(stream(event("Half"), hang), timeout_s=0.2, streams=True)
    assert threading.active_count() == before
