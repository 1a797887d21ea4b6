"""A tier's file of an older version is brought up to the present one, with all that it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from contract_memories import at, held, memory, put
from stores import tenant_of

from sync.taskmaster.memory import Tier
from sync.taskmaster.tiers.protocol import Waiting
from sync.taskmaster.tiers.sqlite import tables
from sync.taskmaster.tiers.sqlite.working import SqliteWorking


def opened(path: Path) -> SqliteWorking:
    return SqliteWorking(path, tenant_of=tenant_of)


def schema_of(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as db:
        return sorted(db.execute("select name, sql from sqlite_master where sql is not null").fetchall())


@pytest.mark.parametrize("version", range(tables.SCHEMA))
def test_a_file_of_an_older_version_is_as_one_that_is_new(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old" / "tier.sqlite", tmp_path / "new" / "tier.sqlite"
    with monkeypatch.context() as older:
        older.setattr(tables, "SCHEMA", version)
        older.setattr(tables, "_MIGRATIONS", tables._MIGRATIONS[:version])
        with closing(opened(old)) as tier:
            if version:
                put(tier, memory(), owed=[Tier.LONG])
    with closing(opened(old)) as tier, closing(opened(new)):
        kept = held(tier, memory().id)
        assert (kept is not None) is bool(version)
        assert tier.waiting(Tier.LONG, 5) == (Waiting(count=1, oldest=at(0)) if version else Waiting())

    assert schema_of(old) == schema_of(new)


def test_every_version_has_the_step_that_leads_to_it() -> None:
    assert len(tables._MIGRATIONS) == tables.SCHEMA
