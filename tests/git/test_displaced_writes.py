"""A write that the sync displaced, and another one on top of what the sync wrote: neither is lost, nor taken back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from repositories import Repo
from syncing import make_synced

from sync.engine import syncing
from sync.engine.place import Place, Written, write_place
from sync.repository import exchange
from sync.stores.protocol import Files


@pytest.mark.parametrize("store", ["augment", "mcp"])
def test_a_write_that_was_displaced_and_one_on_top_of_ours(
    repo: Repo, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = make_synced(repo, store)
    synced.write_entry("n1", "n1 first")  # so that the store has to be written
    repo.commit()
    rename, write = exchange._rename_with, write_place
    calls: list[str] = []

    def renamed(flag: int, source: Path, target: Path) -> bool:
        if flag == exchange._EXCHANGE and target == synced.box.path and not calls.count("exchange"):
            calls.append("exchange")
            synced.box.add("w1", "w1 said")  # after the sync has looked, before it exchanges: displaced
        return rename(flag, source, target)

    def written(place: Place, before: Files, changes: Mapping[str, bytes | None]) -> Written:
        calls.append("write")
        if calls.count("write") == 2:
            synced.box.add("w2", "w2 said")  # its writer reads what the first round wrote, which has no w1
        return write(place, before, changes)

    monkeypatch.setattr(exchange, "_rename_with", renamed)
    monkeypatch.setattr(syncing, "write_place", written)
    synced.sync(code=None)
    monkeypatch.undo()
    synced.sync(code=None)
    assert synced.names() >= {"n1", "w1", "w2"}
    assert set(synced.box.said()) >= {"n1", "w1", "w2"}
