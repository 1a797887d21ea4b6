"""Secrets in text that comes in: found before anything is written, for what is in a journal's history stays there.

detect-secrets finds what its plugins know, `secret_patterns` what they miss in prose. What a person has looked at and
found harmless stands in the repository in the library's own format, with `"is_secret": false`.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from threading import Lock
from typing import Any

from sync.engine.secret_patterns import KEY_HEADER, find_shapes, is_stand_in, is_words
from sync.errors import RefusedError, UsageError

BASELINE = "secrets.baseline"

# Public addresses are no secrets, and ids of commits are no keys. Keywords are found in prose too by our own patterns.
# Of GitHub's and GitLab's tokens and of private keys the library keeps what all of them start with.
_LEFT_OUT = frozenset({
    "IPPublicDetector", "HexHighEntropyString", "KeywordDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "PrivateKeyDetector",
})  # fmt: skip
# The other filters look at a file's name, or let a line through for what else it says: a store could say that.
_FILTERS = ("is_sequential_string", "is_potential_uuid", "is_templated_secret", "is_not_alphanumeric_string")
_GUESSED = frozenset({"Base64 High Entropy String", "IBM Cloud IAM Key", "Artifactory Credentials"})
_CHECKSUM = re.compile(r"sha\d{3}-")  # of a package's contents
_PIECE, _OVERLAP = 1024, 256  # patterns of the library take the square or cube of a line's length
_HEADER_LENGTH = 100  # of a line that holds the header of a key and not the key too
_OPENING = "-\n"  # what begins so is no configuration file: the library would look at its values alone
_LIBRARY = Lock()  # its settings are one for the process


# Plain prose, as most memories are, has nothing that any of the library's detectors looks for: a name of a secret, an
# address, something in quotes, or a word that is long or has digits in it. The library is slow to import.
_COULD_HOLD = re.compile(
    r"pass|pwd|secret|token|key|auth|credential|contrase|bearer|begin|://|[\"'`]|\d\.\d|\S{20,}|(?=\S{0,40}\d)\S{10,}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Something that looks like a secret. The value itself is not kept.

    Attributes:
        where: the key of its text.
        line: from 1.
        type: what it looks like, for people.
        hashed: SHA-1 of the value, hexadecimal: `hashed_secret` in a baseline.
    """

    where: str
    line: int
    type: str
    hashed: str


def find_secrets(texts: Mapping[str, str], allowed: bytes | None) -> list[Secret]:
    """The secrets in some texts that nobody has allowed. Nothing is asked of any service.

    Args:
        texts: by the names that they are to be reported under.
        allowed: a baseline of detect-secrets, audited; None for none.

    Returns:
        In the order of the texts and their lines; each value once a text.

    Raises:
        UsageError: the baseline is damaged.
    """
    filled = {where: _with_lf(text) for where, text in texts.items() if text.strip()}
    if not filled:
        return []
    harmless = _harmless(allowed)
    found: dict[tuple[str, str], Secret] = {}
    suspicious = {where: text for where, text in filled.items() if _COULD_HOLD.search(text)}
    for one in (*(_found_by_library(suspicious) if suspicious else ()), *_found_by_shape(filled)):
        if one.hashed not in harmless:
            found.setdefault((one.where, one.hashed), one)
    order = {where: number for number, where in enumerate(filled)}
    return sorted(found.values(), key=lambda one: (order[one.where], one.line, one.type))


def refuse_secrets(texts: Mapping[str, str], allowed: bytes | None, *, baseline_path: str) -> None:
    """Stop before a secret comes in.

    Args:
        texts, allowed: as of `find_secrets`.
        baseline_path: where the baseline lies or would lie, for the message.

    Raises:
        RefusedError: there is a secret that nobody has allowed.
        UsageError: the baseline is damaged.
    """
    try:
        found = find_secrets(texts, allowed)
    except UsageError as error:
        raise UsageError(f"{baseline_path}: {error.message}", hint=error.hint) from error
    if not found:
        return
    first = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    raise RefusedError(
        f"{first.where}, line {first.line}: looks like a secret ({first.type}){more}",
        hint=f"take it out there; if it is harmless, allow {first.hashed} in {baseline_path}, see docs/hooks-and-ci.md",
    )


def incoming(base: str | None, text: str) -> str:
    """What comes in with a text: its lines, and empty ones for those that the base has too, so that lines keep numbers.

    The header of a private key is kept: under the same one another key may stand.
    """
    known = set() if base is None else {line for line in _with_lf(base).split("\n") if not _is_key_header(line)}
    return "\n".join("" if line in known else line for line in _with_lf(text).split("\n"))


def _is_key_header(line: str) -> bool:
    return KEY_HEADER in line and len(line) < _HEADER_LENGTH


def _found_by_shape(texts: Mapping[str, str]) -> Iterator[Secret]:
    for where, text in texts.items():
        for match in find_shapes(text):
            yield _secret(where, text.count("\n", 0, match.start) + 1, match.type, match.value)


def _found_by_library(texts: Mapping[str, str]) -> Iterator[Secret]:
    from locale import getpreferredencoding
    from pathlib import Path
    from tempfile import TemporaryDirectory

    encoding = getpreferredencoding(False)  # the library opens files in that, and passes over what it cannot read
    with TemporaryDirectory(prefix="journal-") as folder, _library() as collection:
        scanned = collection(root=folder)
        for number, (where, text) in enumerate(texts.items()):
            name = f"{number}.md"
            lines = ((line, whole) for line, whole in enumerate(text.split("\n"), 1) if _COULD_HOLD.search(whole))
            pieces = [(line, piece) for line, whole in lines for piece in _cut(whole)]
            # Code stands between backquotes in Markdown, and the library looks between the quotes of programs.
            content = _OPENING + "\n".join(piece for _, piece in pieces).replace("`", '"')
            file = Path(folder, name)
            file.write_text(content, encoding=encoding, errors="replace", newline="\n")
            scanned.scan_file(name)
            file.unlink()
            for one in scanned[name]:
                if _is_likely(one.type, one.secret_value):
                    yield _secret(where, pieces[one.line_number - 2][0], one.type, one.secret_value)


@contextmanager
def _library() -> Iterator[Any]:
    """The library's collection of secrets, under settings of ours; then the process is as it was."""
    import configparser

    with _LIBRARY:
        shown, parsing_error = warnings.showwarning, configparser.ParsingError
        try:
            from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
            from detect_secrets.core.secrets_collection import SecretsCollection
            from detect_secrets.settings import transient_settings

            plugins: Any = get_mapping_from_secret_type_to_class().values()
            names = {plugin.__name__ for plugin in plugins} - _LEFT_OUT
            with transient_settings(
                {
                    "plugins_used": [{"name": name} for name in sorted(names)],
                    "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in _FILTERS],
                }
            ):
                yield SecretsCollection
        finally:
            if warnings.showwarning is not shown:  # to import it sends every warning of the process to its log
                logging.captureWarnings(False)
            configparser.ParsingError = parsing_error  # type: ignore[misc]  # and puts an error of its own there


def _is_likely(kind: str, value: str) -> bool:
    if is_stand_in(value):
        return False
    return kind not in _GUESSED or not (is_words(value) or _CHECKSUM.match(value))


def _cut(line: str) -> Sequence[str]:
    """A line in pieces that overlap, so that what lies on a cut is whole in one of them."""
    if len(line) <= _PIECE:
        return (line,)
    return [line[start : start + _PIECE] for start in range(0, len(line), _PIECE - _OVERLAP)]


def _harmless(allowed: bytes | None) -> frozenset[str]:
    """Hashes that a baseline allows: audited as no secret, and nowhere in it as one."""
    if allowed is None:
        return frozenset()
    try:
        audited = [
            (one["hashed_secret"].lower(), one.get("is_secret"))
            for results in json.loads(allowed)["results"].values()
            for one in results
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            "not a baseline of detect-secrets, so nothing is allowed", hint="restore it from an earlier commit"
        ) from error
    refused = {hashed for hashed, is_secret in audited if is_secret is True}
    return frozenset({hashed for hashed, is_secret in audited if is_secret is False} - refused)


def _secret(where: str, line: int, kind: str, value: str) -> Secret:
    hashed = sha1(value.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return Secret(where=where, line=line, type=kind, hashed=hashed)


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
