"""What Alembic runs: the revisions of one part, on the connection and in the transaction that it is handed."""

from __future__ import annotations

from alembic import context

_given = context.config.attributes
context.configure(connection=_given["connection"], version_table=_given["version_table"])
context.run_migrations()
