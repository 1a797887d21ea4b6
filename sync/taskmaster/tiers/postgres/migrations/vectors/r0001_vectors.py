"""Vectors of memories. Their dimension is the model's, so the column has none; indexes are made as contexts grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "vectors_1"
down_revision = None


def upgrade() -> None:
    """Make the table; the extension where it is not there."""
    op.execute("create extension if not exists vector")
    op.create_table(
        "journal_vector",
        sa.Column("context", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text(collation="C"), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("vector", Vector(), nullable=False),
    )
    op.create_index("journal_vector_digest", "journal_vector", ["digest"])
    op.execute(
        "alter table journal_vector add constraint journal_vector_context_fkey"
        " foreign key (context) references journal_context on delete cascade"
    )
    op.execute(
        "alter table journal_vector alter column vector set storage main"
    )  # beside the row, it is read twice as fast


def downgrade() -> None:
    """Remove it; the extension may be in use by others."""
    op.drop_table("journal_vector")
