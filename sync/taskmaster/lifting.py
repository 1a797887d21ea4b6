"""Two who wrote a key to different tiers at the same moment: the working tier, which keeps rivals, decides for both.

Whoever writes a key to the working tier looks into the short-term one behind it, and the other way round. So of two
writers who did not know of each other at least one finds the other's value, and takes it up.
"""

from __future__ import annotations

from dataclasses import replace

from sync.taskmaster.core import Core, Down
from sync.taskmaster.memory import Memory, Tier
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.writing import Stored, Write

_TRIES = 8


def lift(core: Core, stored: Stored, knew: frozenset[int]) -> Stored:
    """Take up what others wrote to the short-term tier under a key that the working tier holds by now.

    Args:
        core: what all parts share.
        stored: what the working tier holds, as the caller was told.
        knew: versions that the value it holds was based on.

    Returns:
        What it holds then; where another value was taken up, one of the two is the other's rival.
    """
    for _ in range(_TRIES):
        memory = stored.memory
        found = None if memory is None else _in_short(core, memory)
        if memory is None or found is None or found.memory.version in knew or _says_nothing_new(found.memory, memory):
            return stored
        homes = found.homes | {Tier.WORKING}
        write = Write(memory=found.memory, seen=0, homes=homes, tokens=tuple(found.tokens))
        taken = core.tiers.working.put([write])[0]
        knew |= {found.memory.version}
        held, rival = taken.memory or memory, taken.rival or stored.rival
        is_still_ours = held.digest == memory.digest  # else it is what was taken up, or somebody's who came between
        stored = replace(stored, memory=held, rival=rival, is_winner=stored.is_winner and is_still_ours)
    return stored


def _in_short(core: Core, memory: Memory) -> Held | None:
    id_, now = memory.id, core.clock()
    found = core.health.ask(Tier.SHORT, lambda: core.tiers.short.get([id_], now).get(id_))
    return None if isinstance(found, Down) else found


def _says_nothing_new(found: Memory, memory: Memory) -> bool:
    """Whether a value of the short-term tier is forgotten, the same, or an older one of the same writer."""
    is_older = found.writer == memory.writer and found.version < memory.version
    return found.is_forgotten or found.digest == memory.digest or is_older
