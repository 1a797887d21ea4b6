"""Sharing: a memory passes from one context to another by a rule, keeps where it came from, and goes with the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync.errors import UsageError
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.remembering import Request
from sync.taskmaster.results import Remembered
from sync.taskmaster.sharing_rules import Denied, Granted, SharingRules, decide_share
from sync.taskmaster.transforms import apply_transform

if TYPE_CHECKING:
    from sync.taskmaster.manager import MemoryManager

FROM, KEY, RULE, ROLE, VERSION, REFERENCE = (
    "_shared_from", "_shared_key", "_shared_rule", "_shared_role", "_shared_version", "_shared_to",
)  # fmt: skip
"""Metadata of what was shared: context and key of the source, the rule, who shared it, which version; and, in the
source of a bidirectional rule, where it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What was shared.

    Attributes:
        copy: what the target holds.
        reference: what the source holds of it, where the rule leads both ways; None where it does not.
        rule: the rule's name.
        is_new: False where the target held this version already.
    """

    copy: Memory
    reference: Memory | None
    rule: str
    is_new: bool

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "from": self.copy.metadata[FROM], "to": self.copy.context, "key": self.copy.key, "rule": self.rule,
            "reference": self.reference.key if self.reference else None, "is_new": self.is_new,
        }  # fmt: skip


class Sharing:
    """Shares by the rules of one journal.

    Args:
        load: gives the rules; called when they are first needed.
    """

    def __init__(self, load: Callable[[], SharingRules]) -> None:
        self._load = load
        self._loaded: SharingRules | None = None

    @property
    def _rules(self) -> SharingRules:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def is_allowed(self, memory: Memory) -> bool:
        """Whether a memory may be shown where it is: a shared one only as long as its rule lets it pass."""
        passed = _passage(memory)
        if passed is None:
            return True
        source, target = passed
        granted = decide_share(self._rules, source, target, memory.type, str(memory.metadata.get(ROLE, "")))
        return isinstance(granted, Granted) and granted.rule is not None and granted.rule.name == memory.metadata[RULE]

    def share(self, manager: MemoryManager, source: str, target: str, key: str, role: str) -> Shared:
        """See `MemoryManager.share`."""
        rules = manager.core.rules
        begin, end = rules.expand(source), rules.checked(target)
        found = manager.get(begin, key, inherit=False)
        if found is None:
            raise UsageError(f"{begin} holds nothing under {key!r}", hint=f"see what it holds: journal recall {begin}")
        memory = found.memory
        if FROM in memory.metadata:
            hint = f"share it from there: {memory.metadata[FROM]} {memory.metadata[KEY]}"
            raise UsageError(f"{begin} {key} was shared with it, and is not its own to share", hint=hint)
        granted = decide_share(self._rules, begin, end, memory.type, role)
        if isinstance(granted, Denied) or granted.rule is None:
            raise granted.error() if isinstance(granted, Denied) else UsageError(f"{begin} has it already")
        there = manager.get(end, shared_key(begin, key), inherit=False)
        if there is not None and there.memory.metadata.get(VERSION) == memory.version:
            return Shared(copy=there.memory, reference=None, rule=granted.rule.name, is_new=False)
        own = {FROM: begin, KEY: key, RULE: granted.rule.name, ROLE: role, VERSION: memory.version}
        copy = _put(manager, memory, end, shared_key(begin, key), apply_transform(granted.transform, memory.value), own)
        reference = None
        if granted.rule.is_bidirectional:
            back = {REFERENCE: end, KEY: key, RULE: granted.rule.name, ROLE: role}
            told = {"reference": end, "key": copy.key}
            reference = _put(manager, memory, begin, shared_key(end, key), told, back)
        manager.core.tell("memory:shared", memory.id, to=end, rule=granted.rule.name)
        return Shared(copy=copy, reference=reference, rule=granted.rule.name, is_new=True)

    def withdraw(self, manager: MemoryManager, memories: Iterable[Memory]) -> list[MemoryId]:
        """Forget what was shared by rules that no longer let it pass; see `MemoryManager.withdraw`."""
        gone = []
        for memory in memories:
            if not self.is_allowed(memory):
                manager.forget(memory.context, memory.key, expected=memory.version)
                manager.core.tell("memory:withdrawn", memory.id, rule=memory.metadata[RULE])
                gone.append(memory.id)
        return gone


def shared_key(context: str, key: str) -> str:
    """The key of what came from another context, or went to it."""
    return f"shared:{context}:{key}"


def _passage(memory: Memory) -> tuple[str, str] | None:
    """Source and target of what was shared; None for a memory that was not."""
    if FROM in memory.metadata:
        return str(memory.metadata[FROM]), memory.context
    if REFERENCE in memory.metadata:
        return memory.context, str(memory.metadata[REFERENCE])
    return None


def _put(manager: MemoryManager, memory: Memory, context: str, key: str, value: Any, own: dict[str, Any]) -> Memory:
    now = manager.core.clock()
    ttl = memory.expires - now if memory.expires and memory.expires > now else None
    done: Remembered = manager.remember_as(
        Request(context=context, key=key, value=value, importance=memory.importance, ttl=ttl, type=memory.type, own=own)
    )
    return done.memory
