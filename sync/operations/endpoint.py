"""Where answers are written: the endpoint of this clone.

Passages of a journal and a key go to the endpoint. `journal.toml` comes with a repository that somebody else may have
made, so it cannot name one; Git's configuration of this clone or this user does, which no clone carries, and above it
the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace

from sync.errors import UsageError
from sync.operations.journal import Journal
from sync.repository.git import run_git
from sync.search.answer.protocol import Endpoint, make_endpoint, refuse_open_key
from sync.search.vectors.embedder import EmbedderSettings

DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"
DEFAULT_TIMEOUT_S = 30.0
LONGEST_TIMEOUT_S = 600.0
_SCOPES = frozenset({"local", "global"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def find_endpoint(journal: Journal) -> Endpoint | None:
    """The endpoint that this clone is set up for; None where it is for none.

    Reads `git config journal.endpoint.url`, `.model`, `.keyVariable` and `.timeout` (seconds) of the clone and the
    user; JOURNAL_ENDPOINT_URL, JOURNAL_ENDPOINT_MODEL and JOURNAL_ENDPOINT_TIMEOUT come before them. The key is the
    value of the variable that `.keyVariable` names.

    Raises:
        UsageError: a setting is wrong, see `make_endpoint`; the message never holds the key.
    """
    configured = own_configuration(journal, "endpoint")
    url, model, timeout = (_setting(configured, name) for name in ("url", "model", "timeout"))
    if not url:
        return None
    return make_endpoint(url=url, model=model, key=_key(configured), timeout_s=_seconds(timeout))


def embedder_settings(journal: Journal, model: str) -> EmbedderSettings:
    """The settings of an embedder, with this clone's endpoint for one that is asked over the network.

    Args:
        journal: the journal.
        model: its name, see `chosen_model`.

    Raises:
        UsageError: a setting is wrong.
    """
    settings = EmbedderSettings(model=model)
    if not model.startswith("openai:"):
        return settings
    configured = own_configuration(journal, "endpoint")
    url = _setting(configured, "url") or settings.base_url
    refuse_open_key(url, _key(configured))
    return replace(
        settings,
        base_url=url,
        key_variable=_key_variable(configured) if _key(configured) else "",
        timeout_s=_seconds(_setting(configured, "timeout")),
    )


def _setting(configured: Mapping[str, str], name: str) -> str:
    return os.environ.get(f"JOURNAL_ENDPOINT_{name.upper()}") or configured.get(f"journal.endpoint.{name}", "")


def own_configuration(journal: Journal, section: str) -> Mapping[str, str]:
    """What Git's configuration of this clone and this user says of a section of ours.

    Args:
        journal: the journal.
        section: letters, as `endpoint`.

    Returns:
        Values by their names in small letters, as `journal.endpoint.url`; the clone's come before the user's.
    """
    pattern = rf"^journal\.{section}\."
    printed = run_git(journal.root, "config", "--show-scope", "-z", "--get-regexp", pattern, accept=(0, 1))
    fields = os.fsdecode(printed).split("\0")[:-1]
    rows = [(scope, *row.partition("\n")[::2]) for scope, row in zip(fields[::2], fields[1::2], strict=True)]
    return {key: value for scope, key, value in rows if scope in _SCOPES}


def _key(configured: Mapping[str, str]) -> str:
    return os.environ.get(_key_variable(configured), "")


def _key_variable(configured: Mapping[str, str]) -> str:
    name = configured.get("journal.endpoint.keyvariable") or DEFAULT_KEY_VARIABLE
    if not _VARIABLE.fullmatch(name):
        # The name is not repeated: somebody may have put the key itself here.
        hint = f"name a variable, as: git config journal.endpoint.keyVariable {DEFAULT_KEY_VARIABLE}"
        raise UsageError("journal.endpoint.keyVariable is no name of an environment variable", hint=hint)
    return name


def _seconds(written: str) -> float:
    if not written:
        return DEFAULT_TIMEOUT_S
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_TIMEOUT_S:
        hint = f"a number of seconds up to {LONGEST_TIMEOUT_S:g}"
        raise UsageError(f"the endpoint's timeout is none: {written}", hint=hint)
    return seconds
