"""Learning: how something came out, kept with how often it was observed and how it came out before."""

from __future__ import annotations

import json
from typing import Any

from sync.errors import UsageError
from sync.taskmaster.consolidating import Keeper
from sync.taskmaster.core import Core
from sync.taskmaster.making import Request
from sync.taskmaster.memory import ANY_TIME, Kind, MemoryId, encode_value
from sync.taskmaster.patterns import LEARNING, Learned, identity_of, key_of, observed, read_learned, value_of
from sync.taskmaster.remembering import StaleError
from sync.taskmaster.tiers.protocol import Held

MAX_BYTES = 10_000
"""Of a pattern, and of an outcome, as JSON."""
_TRIES = 1_000


def learn(keeper: Keeper, context: str, pattern: Any, outcome: Any) -> Learned:
    """Count one more observation of a pattern; it is durable when this returns. Learners at once lose no count.

    Args:
        keeper: the memory manager.
        context: an id.
        pattern: what was observed: text or JSON. Case, blanks and the order of keys do not make another pattern.
        outcome: how it came out: text or JSON; see `observed` for what is counted.

    Returns:
        What is known of the pattern now. It is a memory of the type `learning`, under `key_of(pattern)`.

    Raises:
        UsageError: the context, the pattern or the outcome is none, or somebody made something else of the record.
        StaleError: others write the record all the time.
        TierDownError: the working tier does not answer.
    """
    core = keeper.core
    pattern, outcome = _checked("pattern", pattern), _checked("outcome", outcome)
    id_ = MemoryId(core.rules.checked(context), key_of(pattern))
    for left in reversed(range(_TRIES)):
        held = _held(core, id_)
        known = observed(_known(held), pattern, outcome, core.clock())
        try:
            keeper.remember_as(_request(core, id_, known, held))
            break
        except StaleError:
            if not left:
                raise
    core.tell("memory:learned", id_, pattern=identity_of(pattern), count=known.count)
    return known


def _checked(name: str, value: Any) -> Any:
    """The same as JSON has it."""
    _, data = encode_value([value])
    if len(data) > MAX_BYTES:
        raise UsageError(f"the {name} is too long: {len(data)} bytes", hint=f"at most {MAX_BYTES} as JSON")
    return json.loads(data)[0]


def _request(core: Core, id_: MemoryId, known: Learned, held: Held | None) -> Request:
    importance = core.settings.placing.working
    return Request(
        context=id_.context,
        key=id_.key,
        value=value_of(known),
        type=LEARNING,
        importance=max(importance, held.memory.importance) if held else importance,
        expected=held.memory.version if held else 0,
    )


def _held(core: Core, id_: MemoryId) -> Held | None:
    """What the key holds, whether it is over or not: an old record is counted on."""
    above = core.tiers.working.get([id_], ANY_TIME).get(id_)
    if above is not None or core.tiers.catalogue is None:
        return above
    return core.tiers.catalogue.get([id_], ANY_TIME).get(id_)


def _known(held: Held | None) -> Learned | None:
    if held is None or held.memory.is_forgotten:
        return None
    found = read_learned(held.memory.value) if held.memory.kind is Kind.JSON else None
    if found is None:
        hint = "forget it, and learn again"
        raise UsageError(f"{held.memory.context} {held.memory.key}: it is no record of a pattern any more", hint=hint)
    return found
