"""The places that `[memory]` of journal.toml may name. Pure.

journal.toml comes with the repository, which a stranger may have made, and clients read more out of a URL than people
see in it: libpq takes another host, a service or a file of passwords from the query. So a URL of the file has one plain
form, which all parsers read alike: one host, and few options, none of which leads elsewhere.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sync.errors import SettingsError

FILE_NAME = "journal.toml"
EMBEDDED = "sqlite:"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_USER = r"(?:[\w.~%+-]+@)?"
_PORT = r"(?::\d{1,5})?"
_QUERY = r"(?:\?(?P<query>[\w.=&-]+))?"
_REDIS = re.compile(rf"rediss?://{_USER}{_HOST}{_PORT}(?:/\d*)?{_QUERY}", re.ASCII)
_SOCKET = re.compile(rf"unix:///[^?#@\s]+{_QUERY}")
_POSTGRESQL = re.compile(rf"postgresql://{_USER}(?:{_HOST}{_PORT})?(?:/[\w.~-]*)?{_QUERY}", re.ASCII)
_S3 = re.compile(r"s3://[A-Za-z0-9.-]+(?:/[^?#@\s]*)?")
_REDIS_OPTIONS = frozenset({"db", "protocol"})
_FORMS = {
    "short_term": ((_REDIS, _REDIS_OPTIONS), (_SOCKET, _REDIS_OPTIONS)),
    "working": ((_POSTGRESQL, frozenset({"sslmode", "application_name"})),),
    "objects": ((_S3, frozenset[str]()),),
    "events": ((_REDIS, _REDIS_OPTIONS), (_SOCKET, _REDIS_OPTIONS)),
}
_SCHEMES = {
    "short_term": ("redis://", "rediss://", "unix://"),
    "working": ("postgresql://",),
    "objects": ("s3://",),
    "events": ("redis://", "rediss://", "unix://"),
}
PLACES = tuple(_FORMS)
"""The settings that name a place."""
_EXAMPLES = {
    "short_term": "redis://user@host:6379/0",
    "working": "postgresql://user@host:5432/name",
    "objects": "s3://bucket/prefix",
    "events": "redis://user@host:6379/0",
}
_PASSWORD = re.compile(r"^[a-z0-9+]+://[^/@\s]*:[^/@\s]+@|[?&](?:password|passwd|sslpassword|secret)=", re.IGNORECASE)


def check_place(key: str, value: str) -> None:
    """Stop where a setting of journal.toml names no place that it may name.

    Args:
        key: one of `PLACES`.
        value: what journal.toml says.

    Raises:
        SettingsError: the value is no place, holds a password, or says more than where the place is.
    """
    if _PASSWORD.search(value):  # not repeated: it holds a secret
        hint = "name the user only; PGPASSWORD, ~/.pgpass or JOURNAL_MEMORY_... in the environment hold the rest"
        raise SettingsError(f"{FILE_NAME}: memory.{key}: the URL holds a password, and would be in Git", hint=hint)
    if value.startswith(_SCHEMES[key]):
        _check_url(key, value)
    elif not _is_embedded(key, value):
        raise SettingsError(f"{FILE_NAME}: memory.{key}: {value!r} is not {_kinds(key)}", hint="see docs/settings.md")


def host_of(url: str) -> str:
    """The host that a URL names, in lower case; the bucket of one of S3; empty for none."""
    return (urlsplit(url).hostname or "").lower()


def is_socket(url: str) -> bool:
    """Whether a URL of journal.toml means a socket of this machine: of Redis by its path, of PostgreSQL by no host."""
    return url.startswith("unix://") or (url.startswith("postgresql://") and not host_of(url))


def _check_url(key: str, value: str) -> None:
    elsewhere = f"JOURNAL_MEMORY_{key.upper()} in the environment may name any URL"
    for form, options in _FORMS[key]:
        found = form.fullmatch(value)
        if found is None:
            continue
        query = found.groupdict().get("query") or ""
        odd = [name for name, _, _ in (one.partition("=") for one in query.split("&") if query) if name not in options]
        if odd:
            known = f"only {' and '.join(sorted(options))}"
            message = f"{FILE_NAME}: memory.{key}: the URL may not say {odd[0]!r}, {known}"
            raise SettingsError(message, hint=elsewhere)
        return
    message = f"{FILE_NAME}: memory.{key}: the URL is not of the form {_EXAMPLES[key]}, with one host"
    raise SettingsError(message, hint=elsewhere)


def _is_embedded(key: str, value: str) -> bool:
    """Whether a value that is no URL names a place."""
    if key == "events":
        return not value
    if key != "objects":
        return value == EMBEDDED
    parts = {one.lower() for one in value.split("/")}
    is_inside = not value.startswith(("/", "~")) and not {"..", ".git", ""} & parts
    return bool(value) and "://" not in value and is_inside


def _kinds(key: str) -> str:
    if key == "objects":
        return " or ".join(f"a folder of the repository, or {one}" for one in _SCHEMES[key])
    return f"{EMBEDDED} or a URL such as {' or '.join(_SCHEMES[key])}"
