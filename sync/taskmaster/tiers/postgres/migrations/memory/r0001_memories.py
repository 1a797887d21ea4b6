"""Memories, their rivals, and the shelves and contexts that they lie in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "memory_1"
down_revision = None

_BY_CODE_POINT = sa.Text(collation="C")
_MOMENT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "journal_shelf",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("space", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("commit", sa.Text, nullable=False, server_default=""),
        sa.UniqueConstraint("space", "kind"),
    )
    op.create_table(
        "journal_context",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("shelf", sa.Integer, sa.ForeignKey("journal_shelf.id", ondelete="cascade"), nullable=False),
        sa.Column("name", _BY_CODE_POINT, nullable=False),
        sa.Column("tenant", _BY_CODE_POINT, nullable=False),
        sa.UniqueConstraint("shelf", "name"),
    )
    _make_memory()
    op.create_table(
        "journal_rival",
        sa.Column("context", sa.Integer, sa.ForeignKey("journal_context.id", ondelete="cascade"), primary_key=True),
        sa.Column("key", _BY_CODE_POINT, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        *_values(),
    )


def downgrade() -> None:
    """Remove them, and what is in them."""
    for name in ("journal_rival", "journal_memory", "journal_context", "journal_shelf"):
        op.drop_table(name)


def _make_memory() -> None:
    op.create_table(
        "journal_memory",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("context", sa.Integer, sa.ForeignKey("journal_context.id", ondelete="cascade"), nullable=False),
        sa.Column("key", _BY_CODE_POINT, nullable=False),
        *_values(),
        sa.Column("homes", sa.SmallInteger, nullable=False),
        sa.Column("owed", sa.SmallInteger, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("tokens", ARRAY(sa.BigInteger), nullable=False),
        sa.Column("uses", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("used", _MOMENT),
        sa.Column("took", sa.Double, nullable=False, server_default="0"),
        sa.UniqueConstraint("context", "key"),
    )
    op.create_index("journal_memory_latest", "journal_memory", ["context", "updated"])
    _make_partial("journal_memory_owed", ["context", "key"], "owed <> 0")
    _make_partial("journal_memory_expires", ["expires"], "expires IS NOT NULL")
    _make_partial("journal_memory_forgotten", ["updated"], "is_forgotten")
    # With a list of what is pending, every search would read the list, and now and then a writer would wait for it.
    off = {"fastupdate": "off"}
    op.create_index("journal_memory_tokens", "journal_memory", ["tokens"], postgresql_using="gin", postgresql_with=off)


def _make_partial(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "journal_memory", columns, postgresql_where=sa.text(where))


def _values() -> list[sa.Column[object]]:
    return [
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("importance", sa.Double, nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("updated", _MOMENT, nullable=False),
        sa.Column("expires", _MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("is_forgotten", sa.Boolean, nullable=False),
    ]
