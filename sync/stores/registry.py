"""The stores this version knows, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sync.document.view import View
from sync.errors import UsageError
from sync.stores.augment_store import AugmentStore
from sync.stores.claude import ClaudeStore
from sync.stores.mcp import McpStore
from sync.stores.protocol import Store

_STORES: Mapping[str, Callable[[View], Store[Any]]] = {
    AugmentStore.name: AugmentStore,
    ClaudeStore.name: ClaudeStore,
    McpStore.name: McpStore,
}
STORE_NAMES = tuple(_STORES)
"""Names of all stores, as settings and commands take them."""


def make_store(name: str, view: View) -> Store[Any]:
    """The adapter of a store.

    Args:
        name: one of STORE_NAMES.
        view: how entries are shown.

    Raises:
        UsageError: there is no such store.
    """
    if name not in _STORES:
        raise UsageError(f"there is no store {name!r}", hint=f"known are {', '.join(STORE_NAMES)}")
    return _STORES[name](view)
