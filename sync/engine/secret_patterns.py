r"""Secrets that can be told by their shape in a sentence, where no quotes stand around them. Pure.

detect-secrets looks for what stands in code. A memory says "the password is …", and names tokens that are younger than
the library. Of some tokens the library keeps what all of them start with, so that to allow one would be to allow all:
those are ours too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FEWEST_LETTERS = 6  # different ones that a real token has at least; fewer are a stand-in such as ghp_xxxx
_WORD = r"(?:(?:[A-Z]?[a-z]++)++\d{0,3}|[A-Z]++\d{0,3}|\d{1,8}[a-z]{0,2})"
_WORDS = re.compile(rf"[-_./+=\\]*{_WORD}(?:[-_./+=\\]+{_WORD})*[-_./+=\\]*\Z")

_TOKENS = {
    "GitHub Token": r"\b(?:gh[pousr]_\w{36,}|github_pat_\w{40,})",
    "GitLab Token": r"\b(?:(?:glpat|gldt|glft|glsoat|glrt|glcbt|glimt|glptt|glagent|gloas)-|GR1348941)[\w-]{20,}",
    "NPM Token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "Secret Key": r"\bsk-[\w-]{20,}",
    "Google API Key": r"\bAIza[\w-]{35}|\bGOCSPX-[\w-]{28}",
    "Hugging Face Token": r"\bhf_[A-Za-z]{34}\b",
    "Slack Token": r"\bxapp-\d-\w+-\d+-\w{20,}",
    "Stripe Webhook Secret": r"\bwhsec_\w{32,}",
    "Docker Token": r"\bdckr_pat_[\w-]{27}",
    "DigitalOcean Token": r"\bdo[opr]_v1_[a-f0-9]{64}",
}
_TOKEN = re.compile("|".join(f"(?P<t{number}>{regex})" for number, regex in enumerate(_TOKENS.values())))
_TYPES = tuple(_TOKENS)

_MARKS = r"[ \t\u00a0\u202f\"'`*_\]]{0,6}"
_SAID = re.compile(
    r"(?:(?P<strong>pass(?:word|wd|phrase)|pwd|mot de passe|(?<!hashed_)secret|cl[eé] (?:d['’])?api"
    r"|(?:api|access|private|client|auth|account|service|encryption|signing)[ _-]?key)"
    r"|(?<!publickey)(?P<weak>token|bearer|jeton))[\w-]{0,20}"  # of .NET, and public
    rf"(?:{_MARKS}(?::=|=>|={{1,3}}|:){_MARKS}|[ \t]+(?:is|was|est|était|->|→)[ \t]+{_MARKS}|(?<=bearer)[ \t]+)"
    r"(?P<value>[^\s\"'`]{8,})",
    re.IGNORECASE,
)
_STRONG_LENGTH, _WEAK_LENGTH = 8, 16
_TRAILING = ".,;:!?…»*_)]}>"
_DIGIT_OR_SIGN = re.compile(r"[0-9!@#$%^&]")
_NO_SECRET = re.compile(
    r"[/.~$<{\[(%*«-]"  # a path, a variable, something to fill in
    r"|.*(?:://|[(){}<>|\[\]\\]|\*\*|\.\.\.|…|xxx|example|placeholder|redacted|your[_-])"
    r"|\d{4}-\d\d-\d\d"
    r"|\d+[a-z]*\Z"  # a number with its unit
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+\Z"  # an address
    r"|(?:argon2|base64|sha\d|aes|oauth2|ed25519|rsa\d|x509)\w*\Z"
    # words joined: a file, a branch, the name of a thing
    r"|(?:[^\W\d_]+\d{0,2}|v?\d{1,3}[a-z]{0,2})(?:[-_./+:&@](?:[^\W\d_]+\d{0,2}|v?\d{1,3}[a-z]{0,2}))+\Z",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]*\Z")

# A line that only names such a header is no secret: what follows has to look like a key.
_PRIVATE_KEY = re.compile(
    r"BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)? ?-{2,5}"
    r"(?>\s++|\\[nr]|[>|\"'`]|[A-Za-z][\w-]{1,30}: [^\n]{0,200}\n){0,60}"
    r"(?P<key>[A-Za-z0-9+/=]{32,}(?:(?>\s++|\\[nr]|[>|])[A-Za-z0-9+/=]+)*)"
    r"|Private-Lines: \d+\s+(?P<putty>[A-Za-z0-9+/=]{32,})"
)
KEY_HEADER = "PRIVATE KEY"

# The library's own takes no password with a sign in it.
_IN_URL = re.compile(r"://[^\s/:@]{0,80}:(?P<value>[^\s/@]{3,200})@")
_NO_PASSWORD = re.compile(
    r"[$<{%]|&lt;|\d{1,5}\Z|.*[>}]\Z|(?:pass(?:word|wd)?|pwd|secret|token|x+|\*+|\.+|…)\Z", re.IGNORECASE
)


class Match(NamedTuple):
    """Something that looks like a secret: where it starts in the text, what it is, and itself."""

    start: int
    type: str
    value: str


def find_shapes(text: str) -> Iterator[Match]:
    """Everything in a text that has the shape of a secret. Line endings LF."""
    for found in _PRIVATE_KEY.finditer(text):
        yield Match(found.start(), "Private Key", found["key"] or found["putty"])
    for found in _TOKEN.finditer(text):
        if not (is_stand_in(found[0]) or is_words(found[0])):
            yield Match(found.start(), _TYPES[int((found.lastgroup or "t0")[1:])], found[0])
    for found in _SAID.finditer(text):
        value = found["value"].rstrip(_TRAILING)
        if _is_said_secret(value, is_weak=found["strong"] is None):
            yield Match(found.start("value"), "Secret Keyword", value)
    for found in _IN_URL.finditer(text):
        if not is_stand_in(found["value"]):
            yield Match(found.start(), "Basic Auth Credentials", found["value"])


def is_stand_in(value: str) -> bool:
    """Whether a text only shows where a token or a password would stand."""
    is_filler = len(value) >= _STRONG_LENGTH and len(set(value[-20:])) < _FEWEST_LETTERS
    return is_filler or _NO_PASSWORD.match(value) is not None


def is_words(value: str) -> bool:
    """Whether a text is words joined, as names, paths and branches are."""
    return _WORDS.match(value) is not None


def _is_said_secret(value: str, *, is_weak: bool) -> bool:
    """Whether what is called a password is one, and not a word about passwords."""
    if len(value) < (_WEAK_LENGTH if is_weak else _STRONG_LENGTH) or (is_weak and is_words(value)):
        return False
    is_mixed = _DIGIT_OR_SIGN.search(value) and any(map(str.isalpha, value))
    return bool(is_mixed) and not (is_stand_in(value) or _NO_SECRET.match(value) or _VARIABLE.match(value))
