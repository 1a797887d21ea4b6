"""The schema, step by step. Every folder is a part with revisions of its own, and a table that says where it stands."""

from __future__ import annotations

from enum import Enum


class Part(Enum):
    """What can be there without the other: a server need not have pgvector to hold memories.

    The value is the folder's name.
    """

    MEMORY = "memory"
    VECTORS = "vectors"


HEADS = {Part.MEMORY: "memory_2", Part.VECTORS: "vectors_1"}
"""The newest revision of each part: known without Alembic, which takes long to import."""
VERSION_TABLES = {Part.MEMORY: "journal_memory_revision", Part.VECTORS: "journal_vector_revision"}
