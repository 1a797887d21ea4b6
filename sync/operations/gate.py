"""The gate that text from a store passes before it reaches the journal, which is forever."""

from __future__ import annotations

from collections.abc import Mapping

from sync.engine.secrets import BASELINE, refuse_secrets
from sync.operations.journal import Journal
from sync.repository.files import read_or_none


def refuse_incoming(journal: Journal, texts: Mapping[str, str]) -> None:
    """Stop where what comes in holds a secret that nobody has allowed.

    Args:
        journal: the journal; what is harmless stands in its `secrets.baseline`.
        texts: what comes in, by where it would go.

    Raises:
        RefusedError: there is a secret.
        UsageError: the baseline is damaged.
    """
    if any(texts.values()):
        path = f"{journal.settings.journal}/{BASELINE}".removeprefix("./")
        refuse_secrets(texts, read_or_none(journal.absolute(path)), baseline_path=path)
