"""Working tier and catalogue that are asked at once say what each of them says by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from contract_memories import BUDGET, FIRST, GUESTS, NOW, at, memory, of, put, write
from servers.postgres import empty_space

from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.tiers.postgres.catalogue import PostgresCatalogue
from sync.taskmaster.tiers.postgres.together import PostgresTogether
from sync.taskmaster.tiers.postgres.working import PostgresWorking
from sync.taskmaster.tiers.protocol import Use

KEYS = ("here", "there", "both", "gone", "over", "rival", 'odd "\\{,}', "null", "no\0text", "nowhere")
IDS = [MemoryId(context, key) for context in (BUDGET, GUESTS, "unknown") for key in KEYS]


@pytest.fixture
def tiers() -> Iterator[tuple[PostgresWorking, PostgresCatalogue]]:
    url, space = empty_space()
    with closing(PostgresWorking(url, space=space)) as working, closing(PostgresCatalogue(url, space=space)) as other:
        yield working, other


@pytest.fixture
def filled(tiers: tuple[PostgresWorking, PostgresCatalogue]) -> tuple[PostgresWorking, PostgresCatalogue]:
    working, catalogue = tiers
    owing = [Tier.LONG]
    working.put([write(memory(key, "old", context=GUESTS)) for key in ("here", "both")])
    working.put(
        [write(memory(key, owed_by), owed=owing) for key, owed_by in (("both", 1), ('odd "\\{,}', 2), ("null", 3))]
    )
    working.put([write(memory("over", expires=5)), write(memory("rival", "barn"))])
    put(working, memory("rival", "castle", minute=1))
    forgotten = of(put(working, memory("gone")))
    put(working, forgotten.forgotten(at(2), "eve"), seen=forgotten.version)
    catalogue.put([write(memory(key, "journal", minute=3), base="b1") for key in ("there", "both", "rival", "over")])
    return working, catalogue


@pytest.mark.parametrize("minute", [0, 10])
def test_both_say_what_each_says(filled: tuple[PostgresWorking, PostgresCatalogue], minute: float) -> None:
    working, catalogue = filled
    together = PostgresTogether(working, catalogue)
    expected = working.get(IDS, at(minute)), catalogue.get(IDS, at(minute))

    assert together.get(IDS, at(minute)) == expected
    assert len(expected[0]) + len(expected[1]) == (11 if minute else 12)


def test_marks_say_of_each_memory_what_tells_of_copies(filled: tuple[PostgresWorking, PostgresCatalogue]) -> None:
    working, catalogue = filled
    found = PostgresTogether(working, catalogue).marks(IDS, at(10))

    for marks, tier in zip(found, (working, catalogue), strict=True):
        held = tier.get(IDS, at(10))
        assert {id_: (one.version, one.owed, one.base, one.rivals) for id_, one in marks.items()} == {
            id_: (one.memory.version, one.owed, one.base, one.rivals) for id_, one in held.items()
        }
    assert found[0][MemoryId(BUDGET, "rival")].rivals == 1


def test_nothing_is_said_of_nothing(tiers: tuple[PostgresWorking, PostgresCatalogue]) -> None:
    together = PostgresTogether(*tiers)

    assert together.get([], NOW) == ({}, {})
    assert together.marks([MemoryId("a\0b", "c")], NOW) == ({}, {})


def test_a_context_is_found_that_somebody_else_has_made_since(
    tiers: tuple[PostgresWorking, PostgresCatalogue],
) -> None:
    together, id_ = PostgresTogether(*tiers), memory("venue").id
    before = together.marks([id_], NOW)
    put(tiers[0], memory("venue"))

    assert (before[0], [*together.marks([id_], NOW)[0]]) == ({}, [id_])


def test_uses_that_are_not_written_yet_are_said(tiers: tuple[PostgresWorking, PostgresCatalogue]) -> None:
    put(tiers[0], memory("venue"), seen=0)
    tiers[0].touch([Use(id=memory("venue").id, at=at(4))] * 2)
    held = PostgresTogether(*tiers).get([memory("venue").id], NOW)[0][memory("venue").id]

    assert (held.uses, held.used, held.memory.version) == (2, at(4), FIRST)
