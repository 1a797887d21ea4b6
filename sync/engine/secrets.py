"""Secrets in text that comes in: found by detect-secrets, and kept out of the journal, which is forever.

What a person has looked at and found harmless stands in the repository, in the library's own format: run
`detect-secrets scan > journal/secrets.baseline`, then `detect-secrets audit journal/secrets.baseline`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha1

from sync.errors import RefusedError, UsageError

BASELINE = "secrets.baseline"
_NOISY = frozenset({"KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString"})


def refuse_secrets(texts, allowed, *, baseline_path):  # replaced soon
    return None
