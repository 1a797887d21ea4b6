"""Bring a database's tables to the newest revision: once, however many processes start at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from sync.errors import RefusedError
from sync.taskmaster.tiers.postgres.addresses import address_of, arguments_of
from sync.taskmaster.tiers.postgres.migrations import HEADS, VERSION_TABLES, Part
from sync.taskmaster.tiers.protocol import TierDownError

if TYPE_CHECKING:
    from alembic.config import Config

NEEDED = {Part.MEMORY: [Part.MEMORY], Part.VECTORS: [Part.MEMORY, Part.VECTORS]}
"""What a part stands on, and itself."""

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6A6F75726E616C  # any number that others do not use: "journal"
_LIMIT_S = 600.0
_INSUFFICIENT_PRIVILEGE, _NOT_INSTALLED = "42501", ("0A000", "58P01")


def upgrade(url: str, part: Part = Part.MEMORY, *, limit_s: float = _LIMIT_S) -> None:
    """Bring a part's tables to the newest revision, and what they stand on; nothing where they are there already.

    One transaction, under an advisory lock: a second process waits for the first and then finds nothing to do.

    Args:
        url: of the database, `postgresql://user@host:port/name`.
        part: which tables.
        limit_s: seconds that one step may take.

    Raises:
        RefusedError: the tables are of a newer program, or the server does not let this user make them.
        TierDownError: the server does not answer.
    """
    engine = create_engine(address_of(url), poolclass=NullPool, connect_args=arguments_of(url, limit_s))
    try:
        with engine.connect() as connection:
            is_needed = _outdated(connection, part)
            connection.rollback()
            if is_needed:
                _upgrade_all(connection, part)
    except DBAPIError as error:
        raise _explained(error, url) from error
    finally:
        engine.dispose()


def is_current(connection: Connection, part: Part) -> bool:
    """Whether a part's tables are of the newest revision."""
    table = VERSION_TABLES[part]
    if connection.execute(text("select to_regclass(:table)"), {"table": table}).scalar() is None:
        return False
    return connection.execute(text(f"select version_num from {table}")).scalars().all() == [HEADS[part]]  # noqa: S608


def downgrade(connection: Connection, part: Part, revision: str) -> None:
    """Go back to an earlier revision, `base` for none; what its tables do not hold is lost. Commits nothing."""
    from alembic import command

    command.downgrade(configuration(connection, part), revision)


def configuration(connection: Connection, part: Part) -> Config:
    """What Alembic needs to work on a part, in a transaction of the caller's."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(_FOLDER / part.value).replace("%", "%%"))
    config.attributes |= {"connection": connection, "version_table": VERSION_TABLES[part]}
    return config


def _outdated(connection: Connection, part: Part) -> list[Part]:
    return [one for one in NEEDED[part] if not is_current(connection, one)]


def _upgrade_all(connection: Connection, part: Part) -> None:
    with connection.begin():
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        for one in _outdated(connection, part):  # who waited for another finds nothing, and loads no Alembic
            _upgrade(connection, one)


def _upgrade(connection: Connection, part: Part) -> None:
    from alembic import command

    config = configuration(connection, part)
    _refuse_newer(connection, config, part)
    command.upgrade(config, "head")


def _refuse_newer(connection: Connection, config: Config, part: Part) -> None:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    options = {"version_table": VERSION_TABLES[part]}
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in MigrationContext.configure(connection, opts=options).get_current_heads():
        if revision not in known:
            hint = "use the newest journal-sync here too"
            raise RefusedError(f"the database is of a newer revision, {revision!r}, than this program knows", hint=hint)


def _explained(error: DBAPIError, url: str) -> Exception:
    state = getattr(error.orig, "sqlstate", None)
    said = " ".join(str(error.orig).split())
    where = address_of(url).render_as_string()
    if state == _INSUFFICIENT_PRIVILEGE:
        hint = "let its owner grant the right to create tables, or run `create extension vector` there"
        return RefusedError(f"{where}: the tables cannot be made: {said}", hint=hint)
    if state in _NOT_INSTALLED:
        return RefusedError(f"{where}: {said}", hint="install pgvector on the server")
    if isinstance(error, OperationalError):
        return TierDownError(f"{where}: {said}", hint="see whether the server runs")
    return error
