"""A journal of work in Git, and the memories of AI assistants, kept in step.

`AugmentJournalIntegration`, `MemoryManager` and `AsyncMemoryManager` are the Python face; the command is `journal`.
Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import is half of what `journal --version` would take
if TYPE_CHECKING:
    from typing import Any

    from sync.integration import AugmentJournalIntegration
    from sync.memory import AsyncMemoryManager, MemoryManager

__all__ = ["AsyncMemoryManager", "AugmentJournalIntegration", "MemoryManager", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "AugmentJournalIntegration":
        from sync.integration import AugmentJournalIntegration

        return AugmentJournalIntegration
    if name in ("AsyncMemoryManager", "MemoryManager"):
        from sync import memory

        return getattr(memory, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
