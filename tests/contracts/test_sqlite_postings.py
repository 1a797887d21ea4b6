"""What searches read through: fresh rows of contexts that are read often are few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from contract_memories import BUDGET, NOW, memory, write
from stores import tenant_of

from sync.taskmaster.scoring import read_asked
from sync.taskmaster.tiers.sqlite.working import SqliteWorking


@pytest.fixture
def working(tmp_path: Path) -> Iterator[SqliteWorking]:
    with closing(SqliteWorking(tmp_path / "working.sqlite", tenant_of=tenant_of)) as tier:
        yield tier


def fresh_rows(tier: SqliteWorking) -> int:
    return int(tier._database.read(lambda db: db.execute("select count(*) from fresh").fetchone()[0]))


def test_a_context_that_is_read_often_is_left_few_fresh_rows_and_finds_the_same(working: SqliteWorking) -> None:
    working.put([write(memory(f"{number:03}", f"lake {number % 3}")) for number in range(200)])
    before = [one.memory.key for one in working.search(read_asked("lake 2"), [BUDGET], 100, NOW)]
    assert fresh_rows(working) > 32

    for _ in range(16):
        working.search(read_asked("lake"), [BUDGET], 1, NOW)

    assert fresh_rows(working) == 0
    assert [one.memory.key for one in working.search(read_asked("lake 2"), [BUDGET], 100, NOW)] == before
