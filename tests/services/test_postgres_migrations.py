"""The tables in PostgreSQL: made once, from any revision, and no newer program's are touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from servers.postgres import free_port, fresh_database
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from sync.errors import RefusedError, SettingsError
from sync.taskmaster.tiers.postgres.addresses import address_of
from sync.taskmaster.tiers.postgres.migrate import configuration, downgrade, upgrade
from sync.taskmaster.tiers.postgres.migrations import HEADS, VERSION_TABLES, Part
from sync.taskmaster.tiers.postgres.tables import MEMORY, VECTORS
from sync.taskmaster.tiers.protocol import TierDownError

SCRIPT = "import sys; from sync.taskmaster.tiers.postgres.migrate import upgrade; upgrade(sys.argv[1])"
METADATA = {Part.MEMORY: MEMORY, Part.VECTORS: VECTORS}
STEPS = [
    (part, one.revision)
    for part in Part
    for one in ScriptDirectory.from_config(configuration(None, part)).walk_revisions()  # type: ignore[arg-type]
]


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as made:
        yield made


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection in a transaction, which is committed."""
    with create_engine(address_of(url), poolclass=NullPool).begin() as connection:
        yield connection


def differences(connection: Connection, part: Part) -> list[object]:
    """What the tables have otherwise than the models say."""
    own = {table.name for table in METADATA[part].tables.values()}
    options = {
        "version_table": VERSION_TABLES[part],
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, type_, _parents: type_ != "table" or name in own,
        # The key that leads from one part's tables to the other's; unnamed ones of the other part are not read.
        "include_object": lambda _one, name, _kind, _is_read, _other: name != "journal_vector_context_fkey",
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA[part]))


def shown(connection: Connection) -> list[str]:
    """The journal's tables, but those that tell revisions."""
    names = connection.execute(text("select tablename from pg_tables where tablename like 'journal%'")).scalars()
    return sorted(name for name in names if not name.endswith("_revision"))


@pytest.mark.parametrize("part", Part)
def test_the_tables_are_what_the_models_say(url: str, part: Part) -> None:
    upgrade(url, part)

    with connected(url) as connection:
        assert differences(connection, part) == []


@pytest.mark.parametrize("part", Part)
def test_the_newest_revision_is_the_one_that_is_known_without_alembic(part: Part) -> None:
    scripts = ScriptDirectory.from_config(configuration(None, part))  # type: ignore[arg-type]

    assert scripts.get_heads() == [HEADS[part]]


@pytest.mark.parametrize(("part", "revision"), [*STEPS, *((part, "base") for part in Part)])
def test_every_revision_can_be_gone_back_to_and_brought_up_again(url: str, part: Part, revision: str) -> None:
    upgrade(url, part)
    with connected(url) as connection:
        full = shown(connection)
        downgrade(connection, part, revision)
    upgrade(url, part)

    with connected(url) as connection:
        assert (shown(connection), differences(connection, part)) == (full, [])


def test_nothing_is_left_of_what_was_taken_down(url: str) -> None:
    upgrade(url, Part.VECTORS)
    with connected(url) as connection:
        for part in (Part.VECTORS, Part.MEMORY):
            downgrade(connection, part, "base")
        assert shown(connection) == []


def test_ten_processes_that_start_at_once_make_the_tables_once(url: str) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", SCRIPT, url], stderr=subprocess.PIPE) for _ in range(10)]
    told = [(process.communicate()[1], process.returncode) for process in processes]

    assert told == [(b"", 0)] * 10


def test_tables_of_a_newer_program_are_refused(url: str) -> None:
    upgrade(url)
    with connected(url) as connection:
        connection.execute(text("update journal_memory_revision set version_num = 'memory_999'"))
        before = shown(connection)
    with pytest.raises(RefusedError, match="memory_999") as refused:
        upgrade(url)

    assert "newest" in refused.value.hint
    with connected(url) as connection:
        assert shown(connection) == before


def test_a_user_who_may_not_make_tables_is_told_what_is_missing(url: str) -> None:
    guest = address_of(url).update_query_dict({"options": "-crole=journal_guest"}).render_as_string(hide_password=False)
    with connected(url) as connection:
        connection.execute(text("create role journal_guest"))
    try:
        with pytest.raises(RefusedError, match="permission denied") as refused:
            upgrade(guest)
    finally:
        with connected(url) as connection:
            connection.execute(text("drop role journal_guest"))

    assert "right to create tables" in refused.value.hint


@pytest.mark.parametrize("odd", ["mysql://ada@localhost/x", "http://localhost", "postgresql", "redis://x"])
def test_a_url_that_is_none_of_postgresql_is_refused(odd: str) -> None:
    with pytest.raises(SettingsError):
        upgrade(odd)


def test_a_server_that_is_away_is_said_to_be_down() -> None:
    with pytest.raises(TierDownError):
        upgrade(f"postgresql://ada@127.0.0.1:{free_port()}/x")
