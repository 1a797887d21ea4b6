"""Sharing: a memory passes from one context to another by a rule, keeps where it came from, and goes with the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sync.errors import RetryError, UsageError
from sync.taskmaster.making import Request
from sync.taskmaster.memory import MAX_KEY, Memory, MemoryId
from sync.taskmaster.own_keys import FROM, KEY, REFERENCE, ROLE, RULE, TRANSFORM, VERSION
from sync.taskmaster.remembering import StaleError
from sync.taskmaster.results import Remembered
from sync.taskmaster.sharing_rules import Denied, Granted, SharingRule, SharingRules, decide_share
from sync.taskmaster.transforms import TransformChoice, apply_transform, mark_of

if TYPE_CHECKING:
    from sync.taskmaster.manager import MemoryManager

_DIGITS = 16


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
            "from": _text(self.copy, FROM), "to": self.copy.context, "key": self.copy.key, "rule": self.rule,
            "reference": self.reference.key if self.reference else None, "is_new": self.is_new,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passing:
    """A memory on its way.

    Attributes:
        memory: what the source holds.
        target: the id of the context that it goes to.
        role: as whom.
        rule: what lets it pass.
    """

    memory: Memory
    target: str
    role: str
    rule: SharingRule

    @property
    def transform(self) -> TransformChoice:
        """What is done to its value."""
        return self.rule.transform

    @property
    def copy_key(self) -> str:
        """The key in the target. It tells nothing of the source's key where the value is not told as it is, either."""
        return shared_key(self.memory.context, self.memory.key, is_told=not mark_of(self.transform))

    @property
    def reference_key(self) -> str:
        """The key of what the source holds of it."""
        return shared_key(self.target, self.memory.key)

    @property
    def provenance(self) -> dict[str, Any]:
        """What the copy says of where it came from."""
        mark = mark_of(self.transform)
        own = {FROM: self.memory.context, KEY: self.memory.key, RULE: self.rule.name, ROLE: self.role}
        return own | {VERSION: self.memory.version} | ({TRANSFORM: mark} if mark else {})


class Sharing:
    """Shares by the rules of one journal.

    Args:
        load: gives the rules as they are at the moment; asked each time, so that a rule that is gone counts at once.
    """

    def __init__(self, load: Callable[[], SharingRules]) -> None:
        self._load = load

    def is_allowed(self, memory: Memory) -> bool:
        """Whether a memory may be shown where it is: a shared one only as long as its rule lets it pass as it did.

        Raises:
            SettingsError: sharing.yaml is wrong: nobody could tell.
        """
        passed = _passage(memory)
        if passed is None:
            return True
        rules = self._load()
        try:
            granted = decide_share(rules, *passed, memory.type, _text(memory, ROLE))
        except UsageError:  # it names no context: nobody shared it
            return False
        if not isinstance(granted, Granted):
            return False
        return (granted.rule.name, mark_of(granted.rule.transform)) == (_text(memory, RULE), _text(memory, TRANSFORM))

    def share(self, manager: MemoryManager, source: str, target: str, key: str, role: str) -> Shared:
        """See `MemoryManager.share`. Done again, it does what was left undone, where it ended half way."""
        rules = manager.core.rules
        memory = _own(manager, rules.expand(source), key)
        passing = self._granted(memory, rules.checked(target), role)
        copy, is_new = _copied(manager, passing)
        reference = _referred(manager, passing, copy, is_new=is_new) if passing.rule.is_bidirectional else None
        if is_new:
            manager.core.tell("memory:shared", memory.id, to=passing.target, rule=passing.rule.name)
        return Shared(copy=copy, reference=reference, rule=passing.rule.name, is_new=is_new)

    def withdraw(self, manager: MemoryManager, memories: Iterable[Memory]) -> list[MemoryId]:
        """Forget what was shared by rules that no longer let it pass; see `MemoryManager.withdraw`.

        Raises:
            RetryError: somebody changed some of them meanwhile; all others are forgotten.
        """
        gone: list[MemoryId] = []
        left: list[MemoryId] = []
        for memory in memories:
            if not self.is_allowed(memory) and not _is_forgotten(manager, memory):
                (gone if _forget(manager, memory) else left).append(memory.id)
        if left:
            message = f"{len(left)} of {len(gone) + len(left)} memories could not be withdrawn, the others were"
            hint = f"{left[0].context} {left[0].key} was changed meanwhile, or may not be written: withdraw again"
            raise RetryError(message, hint=hint)
        return gone

    def _granted(self, memory: Memory, target: str, role: str) -> _Passing:
        granted = decide_share(self._load(), memory.context, target, memory.type, role)
        if isinstance(granted, Denied):
            raise granted.error()
        return _Passing(memory=memory, target=target, role=role, rule=granted.rule)


def shared_key(context: str, key: str, *, is_told: bool = True) -> str:
    """The key of what came from another context, or went to it.

    Args:
        context: the other context's id.
        key: of the memory in the source.
        is_told: whether the key may be told; else, and where it is too long, its digest stands in its place.
    """
    plain = f"shared:{context}:{key}"
    if is_told and len(plain) <= MAX_KEY:
        return plain
    return f"shared:{context}:{sha256(key.encode()).hexdigest()[:_DIGITS]}"


def _own(manager: MemoryManager, context: str, key: str) -> Memory:
    """What a context holds of its own under a key."""
    found = manager.get(context, key, inherit=False)
    if found is None:
        raise UsageError(f"{context} holds nothing under {key!r}", hint=f"see what it holds: journal recall {context}")
    memory = found.memory
    if FROM in memory.metadata:
        hint = f"share it from there: {_text(memory, FROM)}"
        raise UsageError(f"{context} {key} was shared with it, and is not its own to share", hint=hint)
    return memory


def _copied(manager: MemoryManager, passing: _Passing) -> tuple[Memory, bool]:
    """The copy in the target, and whether it is new."""
    there = manager.get(passing.target, passing.copy_key, inherit=False)
    if there is not None and there.memory.metadata.get(VERSION) == passing.memory.version:
        return there.memory, False
    value = apply_transform(passing.transform, passing.memory.value)
    id_ = MemoryId(passing.target, passing.copy_key)
    return _put(manager, passing.memory, id_, value, passing.provenance), True


def _referred(manager: MemoryManager, passing: _Passing, copy: Memory, *, is_new: bool) -> Memory:
    """What the source holds of a copy; written where it does not yet, or holds that of an older one."""
    id_ = MemoryId(passing.memory.context, passing.reference_key)
    there = None if is_new else manager.get(*id_, inherit=False)
    if there is not None and _text(there.memory, REFERENCE) == passing.target:
        return there.memory
    back = {REFERENCE: passing.target, KEY: passing.memory.key, RULE: passing.rule.name, ROLE: passing.role}
    return _put(manager, passing.memory, id_, {"reference": passing.target, "key": copy.key}, back)


def _forget(manager: MemoryManager, memory: Memory) -> bool:
    """Whether a memory is forgotten now; not where somebody changed it since, or nobody may write there."""
    try:
        done = manager.forget(memory.context, memory.key, expected=memory.version)
    except (StaleError, UsageError):
        return False
    if done.is_forgotten:
        manager.core.tell("memory:withdrawn", memory.id, rule=_text(memory, RULE))
    return done.is_forgotten


def _is_forgotten(manager: MemoryManager, memory: Memory) -> bool:
    """Whether it is only the journal that has not been told yet."""
    held = manager.core.tiers.working.get([memory.id], manager.core.clock()).get(memory.id)
    return memory.is_forgotten or (held is not None and held.memory.is_forgotten)


def _passage(memory: Memory) -> tuple[str, str] | None:
    """Source and target of what was shared; None for a memory that was not."""
    if FROM in memory.metadata:
        return _text(memory, FROM), memory.context
    if REFERENCE in memory.metadata:
        return memory.context, _text(memory, REFERENCE)
    return None


def _text(memory: Memory, key: str) -> str:
    """What metadata says under a key, whoever wrote it; empty where it is no text."""
    value = memory.metadata.get(key)
    return value if isinstance(value, str) else ""


def _put(manager: MemoryManager, memory: Memory, id_: MemoryId, value: Any, own: dict[str, Any]) -> Memory:
    now = manager.core.clock()
    ttl = memory.expires - now if memory.expires and memory.expires > now else None
    request = Request(
        context=id_.context, key=id_.key, value=value, importance=memory.importance, ttl=ttl, type=memory.type, own=own
    )
    done: Remembered = manager.remember_as(request)
    return done.memory
