"""What the tiers hold under a key before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.taskmaster.core import Core, Down
from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.tiers.protocol import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the tiers hold under a key before it is written.

    Attributes:
        working, long, short: what each holds; None for nothing.
        short_down: why the short-term tier was not asked.
    """

    working: Held | None
    long: Held | None
    short: Held | None
    short_down: Down | None = None

    @property
    def held(self) -> Held | None:
        """What counts: the working tier decides over what others hold."""
        return self.working or self.long or self.short

    @property
    def is_upstairs(self) -> bool:
        """Whether a tier above the short-term one holds the key, or held it and must still be told of its end."""
        return self.working is not None or self.long is not None


def look_up(core: Core, id_: MemoryId, now: datetime) -> Known:
    """What the tiers hold under a key.

    Raises:
        TierDownError: the working tier does not answer: nobody could tell what the key holds.
    """
    tiers, catalogue = core.tiers, core.tiers.lookup
    working = tiers.working.get([id_], now).get(id_)
    long = catalogue.get([id_], now).get(id_) if catalogue else None
    short = core.health.ask(Tier.SHORT, lambda: tiers.short.get([id_], now).get(id_))
    if isinstance(short, Down):
        return Known(working=working, long=long, short=None, short_down=short)
    return Known(working=working, long=long, short=short)
