"""Telling assistants where the journal is: the one entry of their own configuration that starts `journal mcp`.

Sources: docs.augmentcode.com/cli/integrations, code.claude.com/docs/en/mcp, cursor.com/docs/mcp,
code.visualstudio.com/docs/agents/reference/mcp-configuration, learn.chatgpt.com/codex/extend/mcp.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from typing import Any

from sync.document.agents_json import read_json, set_member
from sync.document.agents_toml import read_toml, set_table
from sync.document.fault import position
from sync.errors import DocumentError, RefusedError, RetryError, UsageError
from sync.operations.init import Change
from sync.operations.journal import Journal
from sync.repository.files import read_or_none, refuse_outside, write_atomic
from sync.repository.lock import lock

COMMAND, ARGUMENTS = "journal", ("mcp",)
NAME = "journal"
"""The server's name in every configuration."""


class Agent(Enum):
    """The assistants whose configuration is known."""

    AUGMENT = "augment"
    CLAUDE = "claude"
    CURSOR = "cursor"
    VSCODE = "vscode"
    CODEX = "codex"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """Where an assistant looks for servers: file, keys that lead to them, whether they name their type."""

    path: str
    keys: tuple[str, ...] = ("mcpServers",)
    is_typed: bool = False
    note: str = ""

    @property
    def is_toml(self) -> bool:
        return self.path.endswith(".toml")


_FORMS = {
    Agent.AUGMENT: _Form(path=".augment/settings.json"),
    Agent.CLAUDE: _Form(path=".mcp.json", note="Claude Code asks you once whether to trust it"),
    Agent.CURSOR: _Form(path=".cursor/mcp.json"),
    Agent.VSCODE: _Form(path=".vscode/mcp.json", keys=("servers",), is_typed=True),
    Agent.CODEX: _Form(
        path=".codex/config.toml", keys=("mcp_servers",), note="Codex reads it only in a project that you trust"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    """What would become of one assistant's configuration.

    Attributes:
        agent: whose it is.
        path: its file, relative to the repository.
        before: its bytes; None where there is no file.
        after: what they would be; the same bytes where there is nothing to do.
        note: one line for the reader; may be empty.
    """

    agent: Agent
    path: str
    before: bytes | None
    after: bytes
    note: str

    @property
    def change(self) -> Change:
        """What would become of the file."""
        if self.before == self.after:
            return Change.UNCHANGED
        return Change.CREATED if self.before is None else Change.UPDATED

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty where there is none."""
        old, new = ((side or b"").decode("utf-8", "replace").splitlines() for side in (self.before, self.after))
        source = "/dev/null" if self.before is None else f"a/{self.path}"
        return "\n".join(difflib.unified_diff(old, new, source, f"b/{self.path}", lineterm=""))

    def as_dict(self) -> dict[str, Any]:
        """The plan as the object that `--json` prints."""
        return {
            "agent": self.agent.value, "path": self.path, "change": self.change.value,
            "diff": self.diff, "note": self.note,
        }  # fmt: skip


def plan_agents(journal: Journal, agents: Sequence[Agent]) -> tuple[AgentPlan, ...]:
    """What would become of the configuration of some assistants; nothing is written.

    Args:
        journal: the journal.
        agents: each is planned once.

    Raises:
        UsageError: a file is not of its format, or holds something else where the servers belong.
        RefusedError: a file is a link, or lies behind one.
    """
    return tuple(_plan(journal, agent, _FORMS[agent]) for agent in dict.fromkeys(agents))


def apply_agents(journal: Journal, plans: Sequence[AgentPlan]) -> None:
    """Write what was planned.

    Raises:
        RetryError: a file has changed since.
        UsageError: the disk refuses.
    """
    due = [plan for plan in plans if plan.change is not Change.UNCHANGED]
    if not due:
        return
    with lock(journal.lock_folder):
        for plan in due:
            if read_or_none(journal.absolute(plan.path)) != plan.before:
                raise RetryError(f"{plan.path} changed while it was looked at", hint="run the command again")
        for plan in due:
            write_atomic(journal.absolute(plan.path), [plan.after])


def missing_parts() -> tuple[str, ...]:
    """What assistants would not find on this machine, one line each."""
    missing = []
    if shutil.which(COMMAND) is None:
        missing.append(f"`{COMMAND}` is not on the PATH here; assistants start it by that name")
    if find_spec("mcp") is None:
        missing.append('the MCP server needs an extra: pip install "journal-sync[mcp]"')
    return tuple(missing)


def _plan(journal: Journal, agent: Agent, form: _Form) -> AgentPlan:
    file = journal.absolute(form.path)
    refuse_outside(file, journal.root)
    if file.is_symlink():
        raise RefusedError(f"{form.path} is a symbolic link", hint="put a file in its place, or change its target")
    before = read_or_none(file)
    text = _decoded(form.path, before or b"")
    try:
        after = _changed(text, form)
    except DocumentError as error:
        line, column = position(text, error.offset)
        where = f"{form.path}:{line}:{column}"
        key = f"{error.key}: " if error.key else ""
        raise UsageError(f"{where}: {key}{error.message}", hint=error.hint or "correct it, or move it away") from error
    data = before if before is not None and after == text else after.encode()
    return AgentPlan(agent=agent, path=form.path, before=before, after=data, note=form.note)


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = position(data[: error.start].decode("utf-8", "replace"), error.start)
        raise UsageError(f"{path}:{line}:{column}: not UTF-8", hint="save it as UTF-8") from error


def _changed(text: str, form: _Form) -> str:
    """The text with our server in it; the same text where one is there that starts the same command."""
    wanted = _server(form)
    present = _present(text, form)
    if isinstance(present, dict) and {key: present.get(key) for key in wanted} == wanted:
        return text
    path = (*form.keys, NAME)
    return set_table(text, path, wanted) if form.is_toml else set_member(text, path, wanted)


def _present(text: str, form: _Form) -> object:
    """The server of our name that is there; None where there is none."""
    blank = not text.removeprefix("\ufeff").strip()
    found: object = {} if blank else read_toml(text) if form.is_toml else read_json(text)
    for key in (*form.keys, NAME):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _server(form: _Form) -> dict[str, str | list[str]]:
    kind: dict[str, str | list[str]] = {"type": "stdio"} if form.is_typed else {}
    return {**kind, "command": COMMAND, "args": list(ARGUMENTS)}
