"""Secrets are kept out of the journal. Those below are made up, and put together here so that no scanner finds them."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.engine.secrets import Secret, find_secrets, incoming, refuse_secrets
from sync.errors import RefusedError, UsageError

LETTERS = "aZ3kQ9xB7mR2vT5nW8pL4jH6gF1dS0cYeUiO"  # 36 of them, as random as a real token's
HEX = "9fceb02d0ae598e95dc970b74767f19372d61af8"
KEY_BODY = "\n".join(f"{number}MIIEvQIBADANBgkq{LETTERS}" for number in range(3))
JWT = ".".join(["eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0", LETTERS])
AWS = "AKIA" + "Q3XT7ZP2MV9KLR5W"
GITHUB = "ghp" + "_" + LETTERS
PEM = "-----BEGIN {kind}" + f"PRIVATE KEY-----\n{KEY_BODY}\n-----END KEY-----"

SECRETS = {
    "github": GITHUB,
    "github fine-grained": "github_" + "pat_" + "11ABCDEFG0" + LETTERS + "_" + LETTERS,
    "gitlab": "glpat" + "-" + LETTERS[:20],
    "aws": AWS,
    "slack": "xoxb" + "-123456789012-123456789012-" + LETTERS[:24],
    "slack app": "xapp" + "-1-A012345-123456789012-" + LETTERS,
    "stripe": "sk_" + "live_" + LETTERS[:24],
    "npm": "npm" + "_" + LETTERS,
    "openai": "sk" + "-" + LETTERS[:20] + "T3Blbk" + "FJ" + LETTERS[:20],
    "openai project": "sk" + "-proj-" + LETTERS + "-" + LETTERS,
    "anthropic": "sk" + "-ant-api03-" + LETTERS + "_" + LETTERS,
    "google": "AIza" + LETTERS[:35],
    "hugging face": "hf" + "_" + "aZkQxBmRvTnWpLjHgFdScYeUiOaZkQxBmR",
    "sendgrid": "SG" + "." + LETTERS[:22] + "." + (LETTERS * 2)[:43],
    "jwt": JWT,
    "rsa key": PEM.format(kind="RSA "),
    "openssh key": PEM.format(kind="OPENSSH "),
    "key": PEM.format(kind=""),
    "key on one line": PEM.format(kind="").replace("\n", "\\n"),
    "password in a url": "https://bob:" + "hunter2" + "@example.org/x",
    "password with signs in a url": "postgres://bob:" + "s3cr3t!$x" + "@db.example.org",
    "password": "password: " + "hunter2" + "secret",
    "password in words": "The password is " + "hunter2" + "secret.",
    "password in bold": "**Password:** `" + "Winter-2024" + "`",
    "password of a database": "DB_PASSWORD=" + "c0rrect!horse",
    "password in French": "Mot de passe\u00a0: " + "azerty" + "1234",
    "API key": "api key: " + HEX[:32],
    "API key in French": "La clé d’API est " + HEX[:32],
    "key of AWS": "aws_secret_access_key = " + LETTERS + "/+xY",
    "bearer": "Authorization: Bearer " + LETTERS,
    "token": "token = " + HEX,
    "base64 in code": 'key("' + LETTERS + "/" + LETTERS[::-1] + '")',
    "base64 between backquotes": "We use `" + LETTERS + "/" + LETTERS[::-1] + "`.",
}
SENTENCES = ["{}", "- deployed with {}, see below", "Le jeton de déploiement : {} (à révoquer)", "> see: run({})"]

HARMLESS = [
    "The secret is to write the test first.",
    "Le secret : toujours écrire le test d'abord. Le mot de passe est changé tous les 90 jours.",
    "Password: see the vault. Passwords are hashed with argon2id, at least 12 characters.",
    "password: must-be-set, secret: base64-encoded, token: claude-3-5-sonnet-20241022",
    "token: optional, secret: config/prod2.yml, api_key: OPENAI_API_KEY_2, pwd: ~/work/x1",
    "password: ${DB_PASSWORD_2}, password: <password1>, password = os.environ['DB_PASSWORD_2']",
    "api_key: your_api_key_1, password: ********, token: " + "ghp" + "_" + "x" * 36,
    "postgres://user:password@localhost/db and https://user:$TOKEN@example.org, ssh://git@example.org:22",
    f'Reverted {HEX}, see commit `{HEX}` and "{HEX}"; git bisect from {HEX[:7]}.',
    "id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, and '3f2504e0-4f89-41d3-9a0c-0305e82c3301'",
    "source_blob: " + HEX + "\nsha256:" + HEX + HEX[:24],
    "`journal/entries/2025-04-05-14-30-encoding-bug-in-windows-scripts.md`",
    '"docs/Reports-2024/Q3_Summary_For-Board/FinalVersion" and `SomeVeryLongClassNameWithManyWordsInIt2`',
    '"HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss"',
    '"integrity": "sha512-' + LETTERS + LETTERS[::-1] + '=="',
    "The file starts with `-----BEGIN RSA " + "PRIVATE KEY-----`, so it is a key. Its commit is " + HEX,
    "DNS is 8.8.8.8, and version 1.2.3.4 is out. PublicKeyToken=31bf3856ad364e35",
    "L’équipe a corrigé l’encodage à Noël : scripts PowerShell en UTF-8 avec BOM, et anticonstitutionnellement long.",
    "sk-learn-pipelines-with-2-steps and task-force-of-twenty-people-in-room-12",
]


def found(text: str, allowed: bytes | None = None) -> list[Secret]:
    """The secrets of one text."""
    return find_secrets({"a.md": text}, allowed)


def sha1(value: str) -> str:
    """The hash under which the library knows a value."""
    return hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest()


def baseline(*values: str, **facts: object) -> bytes:
    """A baseline of the library that knows some values, with what a person said of them."""
    known = [{"type": "x", "filename": "other.md", "hashed_secret": sha1(one)} for one in values]
    return json.dumps({"version": "1.5.0", "results": {"other.md": [one | facts for one in known]}}).encode()


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_a_sentence_is_found(name: str, sentence: str) -> None:
    assert found(sentence.format(SECRETS[name]))


@pytest.mark.parametrize("text", HARMLESS)
def test_prose_ids_and_names_are_no_secrets(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("path", [*sorted((Path(__file__).parents[2] / "docs").glob("*.md"))], ids=lambda one: one.name)
def test_the_documents_of_this_project_hold_no_secrets(path: Path) -> None:
    assert found(path.read_text(encoding="utf-8")) == []


def test_what_is_found_is_told_by_text_and_line() -> None:
    texts = {"b.md": f"One.\n\n{AWS}\n", "a.md": f"{GITHUB}\r\nTwo.\r\n{AWS}"}
    assert [(one.where, one.line, one.type) for one in find_secrets(texts, None)] == [
        ("b.md", 3, "AWS Access Key"), ("a.md", 1, "GitHub Token"), ("a.md", 3, "AWS Access Key"),
    ]  # fmt: skip


def test_each_of_two_tokens_of_a_kind_is_found() -> None:
    assert [one.line for one in found(f"{GITHUB}\n{GITHUB[::-1]}\nghp" + "_" + LETTERS[::-1])] == [1, 3]


def test_the_value_is_not_kept() -> None:
    assert AWS not in repr(found(AWS))


def test_the_value_is_not_said() -> None:
    with pytest.raises(RefusedError) as refused:
        refuse_secrets({"a.md": SECRETS["password"]}, None, baseline_path="journal/secrets.baseline")
    assert SECRETS["password"].split()[-1] not in f"{refused.value.message} {refused.value.hint}"


def test_a_refusal_says_where_what_and_how_to_go_on() -> None:
    with pytest.raises(RefusedError) as refused:
        refuse_secrets({"a.md": f"One.\n{AWS}\n{GITHUB}"}, None, baseline_path="journal/secrets.baseline")
    assert refused.value.message == "a.md, line 2: looks like a secret (AWS Access Key), and 1 more"
    assert f"allow {sha1(AWS)} in journal/secrets.baseline" in refused.value.hint


def test_text_without_secrets_is_not_refused() -> None:
    refuse_secrets({"a.md": "Nothing to hide.", "b.md": ""}, None, baseline_path="x")
    assert found("Nothing to hide.") == []


@pytest.mark.parametrize("name", SECRETS)
def test_what_a_person_found_harmless_passes(name: str) -> None:
    (one, *more) = found(SECRETS[name])
    audited = {"results": {"any.md": [{"hashed_secret": each.hashed, "is_secret": False} for each in (one, *more)]}}
    assert found(SECRETS[name], json.dumps(audited).encode()) == []


@pytest.mark.parametrize("facts", [{}, {"is_secret": True}, {"is_secret": None}, {"is_secret": 0}, {"is_secret": ""}])
def test_what_nobody_found_harmless_is_still_refused(facts: dict[str, object]) -> None:
    assert found(AWS, baseline(AWS, **facts))


def test_what_is_a_secret_in_one_file_is_harmless_in_none() -> None:
    said = {name: [{"hashed_secret": sha1(AWS), "is_secret": name == "a.md"}] for name in ("a.md", "b.md")}
    assert found(AWS, json.dumps({"results": said}).encode())


def test_allowing_one_secret_allows_no_other() -> None:
    assert [one.type for one in found(f"{AWS}\n{GITHUB}", baseline(AWS, is_secret=False))] == ["GitHub Token"]


@pytest.mark.parametrize("prefix", ["ghp", "glpat", "BEGIN RSA " + "PRIVATE KEY"])
def test_what_all_tokens_of_a_kind_start_with_allows_none(prefix: str) -> None:
    text = "\n".join(SECRETS[name] for name in ("github", "gitlab", "rsa key"))
    assert len(found(text, baseline(prefix, is_secret=False))) == 3


def test_a_baseline_that_the_library_made_and_a_person_audited_is_understood(tmp_path: Path) -> None:
    (tmp_path / "store.md").write_text(f"The key is {AWS}.\n")
    command = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "."]
    made = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout)
    for one in made["results"]["store.md"]:
        one["is_secret"] = False
    assert found(f"Elsewhere: {AWS}", json.dumps(made).encode()) == []


DAMAGED = [
    b"", b"{", b"[]", b"{}", b"null", b"\xff", b"[" * 99999, b'{"results": []}', b'{"results": {"a": [{}]}}',
    b'{"results": {"a": [{"hashed_secret": 1}]}}', b'{"results": {"a": {"b": 1}}}',
]  # fmt: skip


@pytest.mark.parametrize("damaged", DAMAGED)
def test_with_a_damaged_baseline_nothing_passes(damaged: bytes) -> None:
    with pytest.raises(UsageError, match=r"secrets\.baseline"):
        refuse_secrets({"a.md": "Nothing to hide."}, damaged, baseline_path="journal/secrets.baseline")


@pytest.mark.parametrize("comment", ["pragma: allowlist " + "secret", "pragma: whitelist " + "secret"])
def test_a_store_cannot_allow_its_own_secrets(comment: str) -> None:
    text = f"<!-- {comment} -->\n# {comment.replace('secret', 'nextline secret')}\n{AWS}  # {comment}\n"
    assert found(text)


@pytest.mark.parametrize("line", ["[section]\n# {}\nkey = value", "key: value\n# {}", "; {}\n[a]\nb = c", "id: {}"])
def test_what_looks_like_a_configuration_file_is_read_as_text(line: str) -> None:
    assert found(line.format(AWS))


@pytest.mark.parametrize("at", [700, 1000, 1020, 1024, 5000])
def test_a_secret_anywhere_in_a_very_long_line_is_found(at: int) -> None:
    assert [one.line for one in found("\n" + "é " * (at // 2) + AWS + " é" * 3000)] == [2]


SLOW = [
    "eyJ" * 100_000, "sk-" * 50_000, "a" * 300_000, "password: " * 30_000, "://" + "a:" * 100_000,
    "BEGIN PRIVATE KEY-----" + " " * 10**6, "BEGIN PRIVATE KEY-----" + "\\n" * 10**5,
    ("password: " + "ab1-" * 60 + "!! ") * 500,
]  # fmt: skip


@pytest.mark.parametrize("text", SLOW)
@pytest.mark.timeout(20)
def test_text_made_to_be_slow_is_not(text: str) -> None:
    assert found(text) == []


@given(st.dictionaries(st.text(max_size=5), st.text(st.characters(), max_size=80), max_size=3))
def test_any_text_can_be_looked_at(texts: dict[str, str]) -> None:
    assert {one.where for one in find_secrets(texts, None)} <= texts.keys()


@pytest.mark.parametrize("text", [f"\ud800 {AWS}", f"\x00 {AWS}", f"\ufeff{AWS}", f"é\u2028{AWS}\u0085"])
def test_odd_characters_hide_no_secret(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_the_locale_hides_no_secret(locale: str) -> None:
    code = f"from sync.engine.secrets import find_secrets; print(len(find_secrets({{'a': '\\xe9 {AWS}'}}, None)))"
    for utf8 in ("0", "1"):
        environment = {"LC_ALL": locale, "PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("1\n", "")


def test_what_a_person_configured_for_the_library_stays() -> None:
    from detect_secrets.settings import get_settings, transient_settings

    with transient_settings({"plugins_used": [{"name": "SlackDetector"}]}):
        before = get_settings().json()
        found(AWS)
        assert get_settings().json() == before


def test_two_runs_find_the_same() -> None:
    text = "\n".join(SECRETS.values())
    assert found(text) == found(text)


def test_runs_side_by_side_find_the_same() -> None:
    text, results = "\n".join(SECRETS.values()), []
    threads = [threading.Thread(target=lambda: results.append(found(text))) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert results == [found(text)] * 4


def test_the_library_takes_nothing_over() -> None:
    code = (
        "import configparser, warnings; before = warnings.showwarning, configparser.ParsingError\n"
        f"from sync.engine.secrets import find_secrets; find_secrets({{'a': '{AWS}'}}, None)\n"
        "assert (warnings.showwarning, configparser.ParsingError) == before"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_is_printed_or_logged(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        found("\n".join(SECRETS.values()))
    assert (*capfd.readouterr(), caplog.records) == ("", "", [])


@pytest.mark.parametrize("texts", ["{}", "{'a': ''}", "{'a': ' \\n'}"])
def test_where_there_is_nothing_to_look_at_the_library_is_not_imported(texts: str) -> None:
    code = (
        f"import sys; from sync.engine.secrets import find_secrets; find_secrets({texts}, None)\n"
        "print('detect_secrets' in sys.modules, 'tempfile' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_no_copy_of_the_text_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found(AWS)
    assert list(tmp_path.iterdir()) == []


def test_only_lines_that_the_base_does_not_have_come_in() -> None:
    assert incoming("One.\nTwo.\n", "One.\nThree.\nTwo.\n") == "\nThree.\n\n"


def test_without_a_base_everything_comes_in() -> None:
    assert incoming(None, "One.\nTwo.") == "One.\nTwo."


def test_other_line_endings_bring_nothing_in() -> None:
    assert incoming("One.\r\nTwo.", "One.\nTwo.\n").strip() == ""


def test_lines_that_come_in_keep_their_numbers() -> None:
    assert [one.line for one in found(incoming("A.\nB.\n", f"A.\nB.\n{AWS}\n"))] == [3]


def test_another_key_under_a_known_header_comes_in() -> None:
    assert found(incoming(PEM.format(kind="RSA ").replace("MIIE", "MIIF"), PEM.format(kind="RSA ")))


def test_a_secret_that_the_base_has_already_is_no_news() -> None:
    base = "\n".join(SECRETS.values())
    assert found(incoming(base, base + "\nMore.")) == []
