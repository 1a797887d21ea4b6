"""Room on the pages of memories, so that counting a use writes a row anew beside itself, and none of its indexes.

Pages that are full already get it when they are next written anew, by `vacuum full` or `cluster`.
"""

from __future__ import annotations

from alembic import op

revision = "memory_2"
down_revision = "memory_1"


def upgrade() -> None:
    """Leave room on new pages."""
    op.execute("alter table journal_memory set (fillfactor = 85)")


def downgrade() -> None:
    """Fill new pages."""
    op.execute("alter table journal_memory reset (fillfactor)")
