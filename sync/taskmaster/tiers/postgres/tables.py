"""The tables, as the migrations leave them.

Everything lies on a shelf: what one tier of one journal holds. Memories are looked up by the number of their context,
so that no index holds the text of a context a million times.
"""

from __future__ import annotations

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

MEMORY = MetaData()
VECTORS = MetaData()
_BY_CODE_POINT = Text(collation="C")
_MOMENT = TIMESTAMP(timezone=True)

shelf = Table(
    "journal_shelf",
    MEMORY,
    Column("id", Integer, Identity(), primary_key=True),
    Column("space", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("commit", Text, nullable=False, server_default=""),
    UniqueConstraint("space", "kind"),
)
"""`commit`: what a catalogue shows."""

context = Table(
    "journal_context",
    MEMORY,
    Column("id", Integer, Identity(), primary_key=True),
    Column("shelf", Integer, ForeignKey("journal_shelf.id", ondelete="cascade"), nullable=False),
    Column("name", _BY_CODE_POINT, nullable=False),
    Column("tenant", _BY_CODE_POINT, nullable=False),
    UniqueConstraint("shelf", "name"),
)


def _values() -> list[Column[object]]:
    """What a memory and a rival have in common; `about` is JSON in ASCII, for text that PostgreSQL does not hold."""
    return [
        Column("kind", Text, nullable=False),
        Column("data", LargeBinary, nullable=False),
        Column("about", Text, nullable=False),
        Column("importance", Double, nullable=False),
        Column("created", _MOMENT, nullable=False),
        Column("updated", _MOMENT, nullable=False),
        Column("expires", _MOMENT),
        Column("version", BigInteger, nullable=False),
        Column("is_forgotten", Boolean, nullable=False),
    ]


memory = Table(
    "journal_memory",
    MEMORY,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("context", Integer, ForeignKey("journal_context.id", ondelete="cascade"), nullable=False),
    Column("key", _BY_CODE_POINT, nullable=False),
    *_values(),
    Column("homes", SmallInteger, nullable=False),
    Column("owed", SmallInteger, nullable=False),
    Column("base", Text, nullable=False),
    Column("tokens", ARRAY(BigInteger), nullable=False),
    Column("uses", BigInteger, nullable=False, server_default="0"),
    Column("used", _MOMENT),
    Column("took", Double, nullable=False, server_default="0"),
    UniqueConstraint("context", "key"),
    Index("journal_memory_latest", "context", "updated"),
    Index("journal_memory_owed", "context", "key", postgresql_where=text("owed <> 0")),
    Index("journal_memory_expires", "expires", postgresql_where=text("expires IS NOT NULL")),
    Index("journal_memory_forgotten", "updated", postgresql_where=text("is_forgotten")),
    Index("journal_memory_tokens", "tokens", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
)
"""`homes`, `owed`: one bit a tier, see `rows`. `tokens`: mixed with the shelf's number, see `rows.salt`."""

rival = Table(
    "journal_rival",
    MEMORY,
    Column("context", Integer, ForeignKey("journal_context.id", ondelete="cascade"), primary_key=True),
    Column("key", _BY_CODE_POINT, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    *_values(),
)
"""By id, not by row: a rival outlives a memory that has left for its home."""

vector = Table(
    "journal_vector",
    VECTORS,
    Column("context", Integer, primary_key=True),
    Column("key", _BY_CODE_POINT, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("vector", Vector(), nullable=False),
    Index("journal_vector_digest", "digest"),
)
"""Of contexts on a model's shelf: vectors of one context have one dimension. Its foreign key is the migration's."""
